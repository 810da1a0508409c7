"""VK's payloads become messages: the official examples, and what no example shows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.vk.attachments import attachment_of, attachments_of
from connectors.vk.errors import Refusal
from connectors.vk.events import COMMENT_EVENTS, SILENT_EVENTS, event_of
from connectors.vk.payloads import (
    COMMENT_KINDS,
    WALL,
    comment_of,
    community,
    direct_message,
    profile,
)
from connectors.vk.sending import comment_params, comment_place, random_id
from connectors.vk.windows import conversation_of
from inboxd.connector import OutgoingReply
from inboxd.errors import OperatorError, RateLimited, SendRefused, TokenInvalid, UnexpectedPayload
from inboxd.model import Attachment, Author, Direction, Message, Stream, Unknown

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
needs_contracts = pytest.mark.skipif(
    not (CONTRACTS / "vk-examples.json").exists(), reason="the official examples are not here"
)

GROUP = 222
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def examples() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((CONTRACTS / "vk-examples.json").read_text("utf-8"))
    return loaded


def response(method: str) -> Any:
    return examples()["methods"][method]["response"]["response"]


def event(kind: str) -> Message:
    """Return what the official example of an event tells."""
    raw = next(each for each in examples()["events"] if each["type"] == kind)
    told = event_of(raw, GROUP, NOW)
    assert isinstance(told, Message)
    return told


def dm(**facts: Any) -> Message:
    payload = {
        "id": 1, "peer_id": 5, "conversation_message_id": 2, "from_id": 5, "date": 100,
    }  # fmt: skip
    return direct_message(payload | facts, GROUP)


def test_place_is_on_the_map_in_both_of_vks_notations() -> None:
    """A wall writes coordinates as one text, a private message as an object."""
    spots = [
        "46.542171889988 33.407921387605",
        {"latitude": 46.542171889988, "longitude": 33.407921387605},
    ]
    found = [
        attachments_of({"geo": {"type": "point", "coordinates": spot, "place": {"title": "Прага"}}})
        for spot in spots
    ]

    url = "https://www.openstreetmap.org/?mlat=46.542171889988&mlon=33.407921387605"
    assert found == [(Attachment("geo", url, "Прага"),)] * 2


@pytest.mark.parametrize("spot", ["", "46.5", "46.5 x", "nan 1", "1 2 3", 7, None])
def test_place_without_a_spot_is_left_out(spot: object) -> None:
    """What is no pair of numbers points nowhere, and spoils nothing."""
    assert attachments_of({"geo": {"coordinates": spot}}) == ()


def test_forwarded_within_the_forwarded_is_shown_as_well() -> None:
    """The words that matter may have been passed on twice."""
    photo = {"type": "photo", "photo": {"sizes": [{"url": "https://a.invalid/1.jpg"}]}}
    inner = {"from_id": 2, "text": "внутри", "attachments": [photo]}
    outer = {"from_id": 1, "text": "снаружи", "fwd_messages": [inner, None]}

    assert attachments_of({"fwd_messages": [outer]}) == (
        Attachment("forwarded", title="снаружи"),
        Attachment("forwarded", title="внутри"),
        Attachment("photo", "https://a.invalid/1.jpg"),
        Attachment("forwarded"),
    )


# Events


@needs_contracts
def test_message_of_an_event_is_that_of_the_history() -> None:
    """The example of message_new and that of messages.getHistory are one message."""
    told = event("message_new")

    assert told == direct_message(response("messages.getHistory")["items"][0], GROUP)
    assert told.remote_id == "dm:111_7"
    assert told.thread_id == "dm:111"
    assert told.sent_at == datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC)
    assert told.text == "Добрый день! 👋 заказ не пришёл"


@needs_contracts
def test_reply_of_the_staff_is_outbound_and_names_who() -> None:
    """A message_reply is the community's, by the admin whose id VK gives."""
    told = event("message_reply")

    assert told.direction is Direction.OUTBOUND
    assert told.staff == "100"
    assert told.author == Author("-222", url="https://vk.com/club222")


RECORDED = {
    "date": 1533397818, "from_id": 5, "id": 830, "peer_id": 5, "text": "Уже едет",
    "conversation_message_id": 792, "random_id": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("message_reply", {"out": 1, "admin_author_id": 7}),
        ("message_reply", {"out": 0}),
        ("message_edit", {"out": 1, "admin_author_id": 7}),
    ],
)
def test_reply_is_ours_whoever_it_names(kind: str, facts: dict[str, Any]) -> None:
    """Recorded replies name a person in from_id; their event or their admin tells whose they are."""
    told = event_of({"type": kind, "object": RECORDED | facts, "group_id": GROUP}, GROUP, NOW)

    assert isinstance(told, Message)
    assert told.direction is Direction.OUTBOUND
    assert told.author == Author("-222", url="https://vk.com/club222")


@pytest.mark.parametrize("kind", ["message_new", "message_edit"])
@pytest.mark.parametrize("out", [0, 1])
def test_customers_message_is_theirs_whichever_way_it_went(kind: str, out: int) -> None:
    """Recorded events of customers' own messages say out 1 as well."""
    told = event_of({"type": kind, "object": RECORDED | {"out": out}}, GROUP, NOW)

    assert isinstance(told, Message)
    assert told.direction is Direction.INBOUND


@needs_contracts
def test_edited_message_says_when() -> None:
    """A message_edit carries the time of the edit."""
    assert event("message_edit").edited_at == datetime(2026, 1, 1, 0, 1, 40, tzinfo=UTC)


@needs_contracts
def test_comment_of_an_event_is_that_of_the_wall() -> None:
    """The example of wall_reply_new and that of wall.getComments are one comment."""
    told = event("wall_reply_new")

    assert told == comment_of(WALL, response("wall.getComments")["items"][0], GROUP, NOW)
    assert told.remote_id == "wall_reply:-222_61"
    assert told.thread_id == "wall_reply:-222_61@55"
    assert told.url == "https://vk.com/wall-222_55?reply=61"
    assert told.public
    assert told.stream is Stream.COMMENTS


@needs_contracts
def test_deletion_without_a_date_is_dated_when_it_was_seen() -> None:
    """A wall_reply_delete says neither when nor what; the id is what matters."""
    told = event("wall_reply_delete")

    assert told.deleted
    assert told.remote_id == "wall_reply:-222_61"
    assert told.thread_id == "wall_reply:-222_61@55"
    assert told.sent_at == NOW
    assert told.author is not None
    assert told.author.remote_id == "111"


@needs_contracts
@pytest.mark.parametrize(
    ("kind", "remote_id", "thread_id", "url"),
    [
        ("photo_comment_new", "photo_comment:-222_72", "@71", "photo-222_71?reply=72"),
        ("video_comment_new", "video_comment:-222_82", "@81", "video-222_81?reply=82"),
        ("market_comment_new", "market_comment:-222_92", "@91", "market-222?w=product-222_91"),
        ("board_post_new", "board_post:-222_96", "@95", "topic-222_95?post=96"),
    ],
)
def test_comments_elsewhere_are_read_like_those_on_the_wall(
    kind: str, remote_id: str, thread_id: str, url: str
) -> None:
    """Photos, videos, goods and topics keep their owner in a key of their own."""
    told = event(kind)

    assert told.remote_id == remote_id
    assert told.thread_id == remote_id + thread_id
    assert told.url == f"https://vk.com/{url}"


@needs_contracts
def test_every_example_is_a_message_or_silent() -> None:
    """No event that VK documents by example ends as unknown."""
    for raw in examples()["events"]:
        assert not isinstance(event_of(raw, GROUP, NOW), Unknown), raw["type"]


@needs_contracts
def test_every_type_of_the_schema_is_decided_on() -> None:
    """Each event type of the official schema is read or left out on purpose."""
    schema = json.loads((CONTRACTS / "vk-inbox-schema.json").read_text("utf-8"))
    types = {*schema["$defs"]["callback_type"]["enum"], *schema["callback_events"]}
    read = {"message_new", "message_reply", "message_edit", "wall_post_new", *COMMENT_EVENTS}

    # "messages_edit" stands in VK's list beside message_edit, and nobody has ever seen one.
    assert types - read - SILENT_EVENTS == {"messages_edit"}


def test_post_of_a_customer_begins_a_conversation_and_one_of_ours_does_not() -> None:
    """What a customer writes on the wall asks for an answer; our own post asks for nothing."""
    post = {"id": 1, "owner_id": -GROUP, "date": 1, "text": "Где заказ?"}
    ours = {"type": "wall_post_new", "object": post | {"from_id": -GROUP}}
    theirs = {"type": "wall_post_new", "object": post | {"from_id": 5}}

    told = event_of(theirs, GROUP, NOW)

    assert event_of(ours, GROUP, NOW) is None
    assert isinstance(told, Message)
    assert told.remote_id == told.thread_id == "wall_post:-222_1"
    assert told.direction is Direction.INBOUND
    assert told.stream is Stream.COMMENTS
    assert told.public
    assert told.url == "https://vk.com/wall-222_1"


def test_unknown_event_is_named_by_its_id_or_its_content() -> None:
    """The same unknown thing has the same name however often it is told."""
    named = event_of({"type": "x", "event_id": "e1", "object": {}}, GROUP, NOW)
    nameless = [event_of({"type": "x", "object": {"a": 1}}, GROUP, NOW) for _ in range(2)]
    other = event_of({"type": "x", "object": {"a": 2}}, GROUP, NOW)

    assert isinstance(named, Unknown)
    assert named.remote_id == "x:e1"
    assert nameless[0] == nameless[1] != other


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "id",
        "date",
        "from_id",
        "peer_id",
        "conversation_message_id",
        "text",
        "attachments",
        "geo",
        "fwd_messages",
        "parents_stack",
        "owner_id",
        "post_id",
        "reply_to_comment",
        "message",
        "update_time",
        "deleted",
        "user_id",
        "reply_message",
        "admin_author_id",
        "topic_id",
    ]
)
kinds = st.sampled_from(["message_new", *COMMENT_EVENTS, "wall_post_new", "new_thing"])


@given(kind=kinds, content=st.dictionaries(keys, anything, max_size=10))
def test_no_event_breaks_the_mapping(kind: str, content: dict[str, Any]) -> None:
    """Whatever stands in an event, it becomes a message, something unknown, or nothing."""
    told = event_of({"type": kind, "object": content}, GROUP, NOW)

    assert told is None or isinstance(told, Message | Unknown)


@given(raw=anything)
def test_no_attachment_breaks_its_message(raw: Any) -> None:
    """An attachment of any shape is shown as something, and opens nothing but web pages."""
    shown = attachment_of(raw)

    assert shown.type
    assert not shown.url or shown.url.startswith(("http://", "https://"))


# Comments


def test_deleted_stub_of_the_wall_is_a_deleted_message() -> None:
    """A stub with neither author nor text keeps its place in the thread."""
    stub = {
        "id": 9, "date": 100, "parents_stack": [3], "thread": {"count": 0}, "deleted": True,
        "post_id": 2, "owner_id": -GROUP,
    }  # fmt: skip

    told = comment_of(WALL, stub, GROUP, NOW)

    assert told.deleted
    assert told.author is None
    assert told.thread_id == "wall_reply:-222_3@2"
    assert told.sent_at == datetime(1970, 1, 1, 0, 1, 40, tzinfo=UTC)


def test_reply_in_a_topic_stands_below_the_post_that_it_addresses() -> None:
    """A topic has no field for it, only VK's markup in front of the text."""
    reply = {
        "id": 97, "from_id": -GROUP, "date": 1, "topic_id": 95,
        "text": "[id111:bp-222_96|Имя], спасибо",
    }  # fmt: skip

    told = comment_of(COMMENT_KINDS["board_post"], reply, GROUP, NOW)

    assert told.thread_id == "board_post:-222_96@95"
    assert told.parent_id == "board_post:-222_96"


def test_a_customer_cannot_address_a_post_with_an_absurd_number() -> None:
    """The markup is a customer's text, too: thousands of digits must not stop the long poll."""
    addressed = f"[id111:bp-222_{'9' * 5_000}|Имя], где заказ?"
    post = {"id": 97, "from_id": 5, "date": 1, "topic_id": 95, "text": addressed}

    told = event_of({"type": "board_post_new", "object": post}, GROUP, NOW)

    assert isinstance(told, Message)
    assert told.text == addressed
    assert told.thread_id == "board_post:-222_97@95"


def test_comment_without_an_author_is_no_message() -> None:
    """Only a deleted comment may do without."""
    with pytest.raises(UnexpectedPayload):
        comment_of(WALL, {"id": 1, "date": 1, "text": "?"}, GROUP, NOW)


# Private messages


def test_answer_to_one_message_names_it() -> None:
    """VK's reply_message is the parent within the conversation."""
    assert dm(reply_message={"conversation_message_id": 1}).parent_id == "dm:5_1"
    assert dm().parent_id is None


def test_deleted_private_message_is_marked() -> None:
    """A history may show a deleted message as such."""
    assert dm(deleted=1).deleted
    assert not dm(deleted=0).deleted


def test_counters_and_marks_do_not_make_another_value() -> None:
    """Read marks, reactions and rights change with the reader, the message does not."""
    assert dm(important=True, version=3, reactions=[{"count": 1}], is_hidden=True) == dm()


ATTACHMENTS = [
    (
        {
            "type": "photo",
            "photo": {
                "text": "чек",
                "sizes": [
                    {"url": "https://i.invalid/s.jpg", "width": 10, "height": 10},
                    {"url": "https://i.invalid/l.jpg", "width": 90, "height": 90},
                    {"url": "https://i.invalid/m.jpg", "width": 50, "height": 50},
                ],
            },
        },
        Attachment("photo", "https://i.invalid/l.jpg", "чек"),
    ),
    (
        {"type": "sticker", "sticker": {"images": [{"url": "https://i.invalid/1.png"}]}},
        Attachment("sticker", "https://i.invalid/1.png"),
    ),
    (
        {
            "type": "doc",
            "doc": {"id": 1, "owner_id": 5, "title": "a.pdf", "url": "https://d.invalid/a"},
        },
        Attachment("doc", "https://d.invalid/a", "a.pdf"),
    ),
    (
        {
            "type": "audio_message",
            "audio_message": {"link_mp3": "https://a.invalid/1.mp3", "transcript": "алло"},
        },
        Attachment("audio_message", "https://a.invalid/1.mp3", "алло"),
    ),
    (
        {"type": "video", "video": {"id": 8, "owner_id": -2, "title": "обзор"}},
        Attachment("video", "https://vk.com/video-2_8", "обзор"),
    ),
    (
        {"type": "link", "link": {"url": "https://l.invalid", "title": "тут"}},
        Attachment("link", "https://l.invalid", "тут"),
    ),
    (
        {"type": "link", "link": {"url": "javascript:alert(1)", "title": "тут"}},
        Attachment("link", "", "тут"),
    ),
    (
        {"type": "wall", "wall": {"id": 3, "to_id": -2, "text": "пост"}},
        Attachment("wall", "https://vk.com/wall-2_3", "пост"),
    ),
    (
        {"type": "wall_reply", "wall_reply": {"id": 4, "owner_id": -2, "post_id": 3}},
        Attachment("wall_reply", "https://vk.com/wall-2_3?reply=4"),
    ),
    (
        {"type": "market", "market": {"id": 6, "owner_id": -2, "title": "чашка"}},
        Attachment("market", "https://vk.com/market-2?w=product-2_6", "чашка"),
    ),
    (
        {"type": "audio", "audio": {"id": 7, "owner_id": 5, "artist": "Хор", "title": "Гимн"}},
        Attachment("audio", "https://vk.com/audio5_7", "Хор – Гимн"),
    ),
    (
        {"type": "poll", "poll": {"id": 7, "owner_id": 5, "question": "Да?"}},
        Attachment("poll", "https://vk.com/poll5_7", "Да?"),
    ),
    ({"type": "call", "call": {"time": 5}}, Attachment("call")),
    ({"type": "new_thing"}, Attachment("new_thing")),
    ("nonsense", Attachment("unknown")),
]


@pytest.mark.parametrize(("raw", "shown"), ATTACHMENTS)
def test_attachment_has_a_title_and_a_page_to_open(raw: Any, shown: Attachment) -> None:
    """People see what was sent and where to look at it."""
    assert attachment_of(raw) == shown


def test_forwarded_words_and_places_are_attachments() -> None:
    """What a customer forwards instead of writing is not lost."""
    shown = attachments_of(
        {
            "fwd_messages": [{"text": "жалоба", "attachments": [{"type": "call"}]}, None],
            "geo": {
                "coordinates": {"latitude": 1.5, "longitude": 2},
                "place": {"title": "Рига"},
            },
        }
    )

    assert shown == (
        Attachment("forwarded", title="жалоба"),
        Attachment("call"),
        Attachment("forwarded"),
        Attachment("geo", "https://www.openstreetmap.org/?mlat=1.5&mlon=2", "Рига"),
    )


# People and conversations


@needs_contracts
def test_people_and_communities_have_names_and_pages() -> None:
    """A profile and a group become authors that can be opened."""
    assert profile(response("users.get")[0]) == Author(
        "111", "Имя Фамилия", "id111", None, "https://vk.com/id111"
    )
    assert community(response("groups.getById")["groups"][0]) == Author(
        "-222", "Кофейня", "coffee", None, "https://vk.com/club222"
    )


@needs_contracts
def test_open_conversation_has_an_open_window() -> None:
    """VK's can_write tells whether one may write, and how much."""
    conversation = conversation_of(response("messages.getConversations")["items"][0])

    assert conversation.peer == 111
    assert conversation.window.open
    assert conversation.window.max_length == 9000


@pytest.mark.parametrize(
    ("can_write", "is_open", "until"),
    [
        ({"allowed": True, "until": 100}, True, datetime(1970, 1, 1, 0, 1, 40, tzinfo=UTC)),
        ({"allowed": False, "reason": 901, "until": 100}, False, None),
        ({"allowed": False, "reason": 77}, False, None),
        ({"allowed": False, "reason": [901]}, False, None),
        ({"allowed": True, "until": 10**30}, True, None),
        ({"allowed": True, "until": "soon"}, True, None),
        (None, True, None),
    ],
)
def test_window_tells_until_when_or_why_not(
    can_write: Any,
    is_open: bool,  # noqa: FBT001 - a parameter of the case
    until: datetime | None,
) -> None:
    """A closed window always gives a reason, an open one none."""
    state = {"peer": {"id": 5}, "can_write": can_write}

    window = conversation_of({"conversation": state, "last_message": {"date": 1}}).window

    assert window.open is is_open
    assert window.closes_at == until
    assert bool(window.reason) is not is_open


# Sending and errors


def reply(thread_id: str, parent_id: str | None = None) -> OutgoingReply:
    return OutgoingReply(
        key="reply-1",
        thread_id=thread_id,
        stream=Stream.COMMENTS,
        text="Да",
        parent_id=parent_id,
        recipient=None,
        sent_after=NOW,
    )


def test_reply_goes_below_the_comment_that_it_answers() -> None:
    """The thread says which post, the parent which comment; without a parent it is the top."""
    answer = reply("wall_reply:-222_61@55", "wall_reply:-222_62")
    nested, top = comment_place(answer), comment_place(reply("wall_reply:-222_61@55"))

    assert (nested.owner, nested.below, nested.root, nested.answered) == (-222, 55, 61, 62)
    assert top.answered == 61
    assert comment_params(nested, answer, GROUP)["from_group"] == GROUP


@needs_contracts
@pytest.mark.parametrize("kind", sorted(COMMENT_KINDS))
def test_parameters_of_a_reply_are_those_of_the_schema(kind: str) -> None:
    """Each place has a method of its own, and gets only parameters that it knows."""
    schema = json.loads((CONTRACTS / "vk-inbox-schema.json").read_text("utf-8"))
    answer = reply(f"{kind}:-222_61@55")
    place = comment_place(answer)

    params = comment_params(place, answer, GROUP)

    known = schema["methods"][place.kind.method]["parameters"]
    assert set(params) <= set(known["properties"])
    assert set(known["required"]) <= set(params)
    assert "guid" in params


@pytest.mark.parametrize("thread_id", ["wall_reply:-222_61", "dm:5", "review:-1_2@3", "?"])
def test_thread_without_a_place_is_refused(thread_id: str) -> None:
    """What names no post cannot be answered, and the author of the reply is told."""
    with pytest.raises(SendRefused):
        comment_place(reply(thread_id))


@given(key=st.text())
def test_random_id_is_a_stable_positive_number(key: str) -> None:
    """VK takes 31 bits and reads 0 as "send it again"."""
    assert 0 < random_id(key) < 2**31
    assert random_id(key) == random_id(key)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (5, TokenInvalid),
        (1117, TokenInvalid),
        (6, RateLimited),
        (17, OperatorError),
        (4242, UnexpectedPayload),
    ],
)
def test_code_says_who_must_act(code: int, kind: type[Exception]) -> None:
    """The class of an error follows from VK's code alone, never from its words."""
    refusal = Refusal(code, "words", "messages.getHistory", "community token")

    assert type(refusal.translated({}, NOW)) is kind
    assert isinstance(refusal.translated({code: "Do this."}, NOW), SendRefused)
