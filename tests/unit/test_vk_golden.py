"""Every official example that an inbox cares about becomes the right message, by any way."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.vk.events import COMMENT_EVENTS, event_of
from connectors.vk.memory import Memory
from connectors.vk.payloads import (
    COMMENT_KINDS,
    WALL,
    addressees_of,
    comment_of,
    direct_message,
    folded,
    post_of,
)
from connectors.vk.rereading import read_again
from connectors.vk.shapes import sift, unknown_item
from connectors.vk.windows import conversation_of
from inboxd.model import Author, Direction, Message, Stream, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
needs_contracts = pytest.mark.skipif(
    not (CONTRACTS / "vk-examples.json").exists(), reason="the official examples are not here"
)

GROUP = 222
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADDRESSED = "[id222|Кофейня], а доставка есть?"
GREETING = "Добрый день! 👋 заказ не пришёл"
CUSTOMER = Author("111", url="https://vk.com/id111")


def examples() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((CONTRACTS / "vk-examples.json").read_text("utf-8"))
    return loaded


def response(method: str) -> Any:
    return examples()["methods"][method]["response"]["response"]


def at(unix: int) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def comment(kind: str, number: int, below: int, **facts: Any) -> Message:
    """Return the comment of a customer that the examples show, as it must be read."""
    values: dict[str, Any] = {
        "remote_id": f"{kind}:-222_{number}", "thread_id": f"{kind}:-222_{number}@{below}",
        "stream": Stream.COMMENTS, "direction": Direction.INBOUND, "public": True,
        "author": CUSTOMER, "raw": {"id": number},
    }  # fmt: skip
    return Message(**values | facts)


def dm(number: int, **facts: Any) -> Message:
    """Return a private message that the examples show, as it must be read."""
    values: dict[str, Any] = {
        "remote_id": f"dm:111_{number}", "thread_id": "dm:111", "stream": Stream.DIRECT_MESSAGES,
        "direction": Direction.INBOUND, "public": False, "sent_at": at(1767225600 + number),
        "text": GREETING, "author": CUSTOMER, "url": "https://vk.com/gim222?sel=111",
        "raw": {"id": number},
    }  # fmt: skip
    return Message(**values | facts)


WALL_COMMENT = comment(
    "wall_reply", 61, 55, sent_at=at(1767225661), text=ADDRESSED,
    url="https://vk.com/wall-222_55?reply=61",
)  # fmt: skip
BRAND = Author("-222", url="https://vk.com/club222")

EVENTS: Mapping[str, Message | None] = {
    "message_new": dm(7),
    "message_reply": dm(8, direction=Direction.OUTBOUND, author=BRAND, staff="100"),
    "message_edit": dm(8, edited_at=at(1767225700)),
    "wall_reply_new": WALL_COMMENT,
    "wall_reply_edit": WALL_COMMENT,
    "wall_reply_delete": comment(
        "wall_reply", 61, 55, sent_at=NOW, deleted=True, raw={"id": 61, "deleter_id": 100},
        url="https://vk.com/wall-222_55?reply=61",
    ),
    "wall_post_new": None,
    "photo_comment_new": comment(
        "photo_comment", 72, 71, sent_at=at(1), text="x", url="https://vk.com/photo-222_71?reply=72"
    ),
    "video_comment_new": comment(
        "video_comment", 82, 81, sent_at=at(1), text="x", url="https://vk.com/video-222_81?reply=82"
    ),
    "market_comment_new": comment(
        "market_comment", 92, 91, sent_at=at(1), text="x",
        url="https://vk.com/market-222?w=product-222_91",
    ),
    "board_post_new": comment(
        "board_post", 96, 95, sent_at=at(1), text="x", url="https://vk.com/topic-222_95?post=96"
    ),
    "message_allow": None,
    "message_deny": None,
    "message_read": None,
    "message_typing_state": None,
}  # fmt: skip


@needs_contracts
def test_every_example_of_an_event_is_here() -> None:
    """An example that comes to the contract fails this test until it is decided on."""
    assert [event["type"] for event in examples()["events"]] == list(EVENTS)


@needs_contracts
@pytest.mark.parametrize("kind", EVENTS)
def test_event_becomes_its_message(kind: str) -> None:
    """All of it: identity, thread, who, when, what."""
    raw = next(each for each in examples()["events"] if each["type"] == kind)

    assert event_of(raw, GROUP, NOW) == EVENTS[kind]


@needs_contracts
@pytest.mark.parametrize(
    "method",
    ["messages.getHistory", "messages.getById", "messages.getByConversationMessageId"],
)
def test_lists_of_messages_become_messages(method: str) -> None:
    """The same message, whichever method shows it."""
    (first, *_) = response(method)["items"]

    assert direct_message(first, GROUP) == dm(7)


@needs_contracts
@pytest.mark.parametrize("method", ["wall.getComments", "wall.getComment"])
def test_lists_of_comments_become_comments(method: str) -> None:
    """The same comment as the event tells."""
    (item,) = response(method)["items"]

    assert comment_of(WALL, item, GROUP, NOW) == WALL_COMMENT


@needs_contracts
@pytest.mark.parametrize(
    ("method", "kind", "place", "number", "below", "url"),
    [
        ("photos.getComments", "photo_comment", {}, 72, 71, "photo-222_71?reply=72"),
        ("video.getComments", "video_comment", {}, 82, 81, "video-222_81?reply=82"),
        (
            "market.getComments", "market_comment", {"item_id": 91}, 92, 91,
            "market-222?w=product-222_91",
        ),
    ],
)  # fmt: skip
def test_comments_below_things_become_comments(
    method: str, kind: str, place: dict[str, Any], number: int, below: int, url: str
) -> None:
    """A list may leave out what all of it stands below."""
    (item,) = response(method)["items"]

    told = comment_of(COMMENT_KINDS[kind], {**place, **item}, GROUP, NOW)

    assert told == comment(
        kind, number, below, sent_at=at(1767225600 + number), text=ADDRESSED,
        url=f"https://vk.com/{url}",
    )  # fmt: skip


@needs_contracts
def test_posts_of_the_examples_are_the_shops_own() -> None:
    """Wherever they are listed: they ask for no answer."""
    for method in ("wall.get", "wall.getById", "wall.search", "newsfeed.search"):
        (item,) = response(method)["items"]
        told = post_of(item, GROUP, Stream.SEARCH)
        assert told.remote_id == told.thread_id == "wall_post:-222_55"
        assert told.direction is Direction.OUTBOUND


@needs_contracts
def test_mention_in_a_reply_is_a_comment() -> None:
    """What newsfeed.getMentions shows as a post of the type "reply" is one."""
    (item,) = response("newsfeed.getMentions")["items"]

    told = post_of({**item, "from_id": 111, "post_id": 54}, GROUP, Stream.MENTIONS)

    assert told.remote_id == "wall_reply:-222_55"
    assert told.thread_id == "wall_reply:-222_55@54"
    assert told.stream is Stream.MENTIONS


@needs_contracts
def test_conversation_of_the_examples_can_be_answered() -> None:
    """VK's can_write and the longest text that it takes."""
    (item,) = response("messages.getConversations")["items"]

    window = conversation_of(item).window

    assert (window.thread_id, window.open, window.max_length) == ("dm:111", True, 9000)


# Restored, folded, addressed


@pytest.mark.parametrize("name", [name for name in COMMENT_EVENTS if name.endswith("_restore")])
def test_every_kind_of_comment_can_be_restored(name: str) -> None:
    """Its event says that it is back; the same comment told as new does not."""
    content = {"id": 3, "from_id": 5, "date": 1, "text": "?"}

    back = event_of({"type": name, "object": content}, GROUP, NOW)
    new = event_of({"type": name.replace("restore", "new"), "object": content}, GROUP, NOW)

    assert isinstance(back, Message)
    assert isinstance(new, Message)
    assert (back.restored, new.restored) == (True, False)
    assert back.remote_id == new.remote_id


def told(*changes: str) -> Message:
    """Return what is left of one comment that a page tells of as *changes* in this order."""
    content = {"id": 3, "from_id": 5, "date": 1}
    events = [
        event_of({"type": f"wall_reply_{change}", "object": content | {"text": change}}, GROUP, NOW)
        for change in changes
    ]
    (last,) = folded(event for event in events if isinstance(event, Message))
    return last


@pytest.mark.parametrize(
    ("changes", "text", "deleted", "restored"),
    [
        (("new", "edit"), "edit", False, False),
        (("new", "delete"), "new", True, False),
        (("new", "delete", "restore"), "restore", False, True),
        (("delete", "restore", "edit"), "edit", False, True),
        (("delete", "restore", "delete"), "restore", True, False),
        (("delete", "new"), "new", True, False),
        (("delete", "edit"), "edit", True, False),
    ],
)
def test_last_state_of_a_page_is_what_counts(
    changes: tuple[str, ...],
    text: str,
    deleted: bool,  # noqa: FBT001 - a parameter of the case
    restored: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """Only a restoration undoes a deletion; what merely comes late does not."""
    last = told(*changes)

    assert (last.text, last.deleted, last.restored) == (text, deleted, restored)


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({"text": "Да"}, ()),
        ({"reply_to_user": 5}, ("5",)),
        ({"reply_to_user": -222, "text": "ещё"}, ()),
        ({"text": "[id5|Анна], да"}, ("5",)),
        ({"text": "[id5|Анна], [club7|Друзья] да"}, ("5", "-7")),
        ({"reply_to_user": 5, "text": "[id5|Анна], да"}, ("5",)),
        ({"text": "[id7:bp-222_96|Имя], спасибо"}, ("7",)),
        ({"text": "смотрите [id5|Анна]"}, ()),
        ({"text": "[club222|Мы], да"}, ()),
        ({"text": f"[id{'9' * 5000}|Имя], да"}, ()),
    ],
)
def test_addressees_are_those_named_first(payload: dict[str, Any], named: tuple[str, ...]) -> None:
    """VK's own field, then the names in front of the text, as authors are called elsewhere."""
    assert addressees_of(payload, GROUP) == named


# Reading again


def test_event_of_an_unknown_type_can_be_read_once_it_is_known() -> None:
    """The quarantine keeps the whole event."""
    raw = {
        "type": "wall_reply_new", "event_id": "e", "group_id": 222,
        "object": {"id": 3, "from_id": 5, "date": 1, "post_id": 2, "owner_id": -222, "text": "?"},
    }  # fmt: skip
    stored = Unknown("wall_reply_new:e", "wall_reply_new", raw)

    page = read_again(stored, GROUP, NOW, Memory(GROUP))

    assert [message.thread_id for message in page.messages] == ["wall_reply:-222_3@2"]
    still = Unknown("x:e", "x", {"type": "x", "object": {}})
    assert read_again(still, GROUP, NOW, Memory(GROUP)).unknown == [still]


def test_comment_is_read_again_where_it_stood() -> None:
    """Beside the raw item the quarantine keeps what the item does not say of itself."""
    context = {
        "comment": "wall_reply", "stream": "mentions", "customers": True,
        "place": {"owner_id": 5, "post_id": 2},
    }  # fmt: skip
    raw = {"id": 3, "from_id": 6, "date": 1, "text": "?"}
    _messages, (unknown,) = sift([raw], "comment", lambda _: 1 / 0, context)

    (message,) = read_again(unknown, GROUP, NOW, Memory(GROUP)).messages

    assert unknown.error == "ZeroDivisionError: division by zero"
    assert message.remote_id == "wall_reply:5_3"
    assert message.thread_id == "wall_post:5_2"
    assert message.stream is Stream.MENTIONS


@pytest.mark.parametrize(
    ("kind", "raw", "remote_id"),
    [
        (
            "message",
            {"id": 1, "peer_id": 5, "conversation_message_id": 2, "from_id": 5, "date": 1},
            "dm:5_2",
        ),
        ("comment", {"id": 3, "from_id": 6, "date": 1, "post_id": 2}, "wall_reply:-222_3"),
        ("board_post", {"id": 3, "from_id": 6, "date": 1}, "board_post:-222_3"),
        ("post", {"id": 3, "owner_id": -222, "from_id": 6, "date": 1}, "wall_post:-222_3"),
    ],
)
def test_bare_items_of_older_versions_are_read_as_well(
    kind: str, raw: dict[str, Any], remote_id: str
) -> None:
    """They were kept without their context."""
    stored = unknown_item(kind, raw)

    (message,) = read_again(stored, GROUP, NOW, Memory(GROUP)).messages

    assert message.remote_id == remote_id


@pytest.mark.parametrize("raw", [{}, {"value": 5}, {"context": {"comment": "no such"}, "item": {}}])
def test_what_is_still_not_understood_stays(raw: dict[str, Any]) -> None:
    """Nothing is dropped, and nothing raises."""
    stored = Unknown("comment:x", "comment", raw)

    assert read_again(stored, GROUP, NOW, Memory(GROUP)).unknown == [stored]
