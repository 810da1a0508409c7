"""What the Facebook connector makes of Graph's payloads, errors and headers, without a network."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.facebook import Settings, failures, limits, payloads, sending, windows
from connectors.facebook.checking import Token
from connectors.facebook.marks import LONG_AGO, SWEEP_EVERY, Listing, Marks
from connectors.facebook.quarantine import reread
from connectors.facebook.reading import CONTEXT, Reading, Request
from connectors.facebook.shapes import Malformed
from inboxd.clock import ManualClock
from inboxd.connector import Ledger, OutgoingReply
from inboxd.errors import (
    InboxdError,
    OperatorError,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    SendRefused,
    TokenInvalid,
    Unavailable,
    UnexpectedPayload,
)
from inboxd.model import Attachment, Author, Direction, Message, Stream, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable

CONTRACT = Path(__file__).parents[2].parent / "shared/contracts/facebook-inbox-spec.json"
PAGE = "1234567890"
NOW = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
WRITTEN = "2026-01-10T11:00:00+0000"
ANNA = {"id": "24000000000000001", "name": "Anna Vogel"}
SHOP = {"id": PAGE, "name": "Lavka Sever"}
READ = failures.Task("comments", ("pages_read_user_content",))
SEND = failures.SEND_DM

to_dm = partial(payloads.direct_message, conversation="t_1", url="", page_id=PAGE)
to_comment = partial(payloads.comment, thread=None, stream=Stream.COMMENTS, page_id=PAGE)
to_post = partial(payloads.post, stream=Stream.COMMENTS, page_id=PAGE)
to_review = partial(payloads.review, page_id=PAGE)


def item(**facts: Any) -> dict[str, Any]:
    """Return an item of any kind with what all of them have."""
    return {"id": "7_8", "created_time": WRITTEN, "from": ANNA, "message": "Hallo?", **facts}


def settings(**changes: Any) -> Settings:
    """Return the settings of a Page with every stream."""
    streams = ["direct_messages", "comments", "mentions", "reviews"]
    facts = {"name": "fb", "network": "facebook", "page_id": PAGE, "token": "x", "streams": streams}
    return Settings.model_validate({**facts, **changes})


def reading(stream: Stream = Stream.COMMENTS, **changes: Any) -> Reading:
    """Return a poll that reads an hour and a half back."""
    began = NOW - timedelta(hours=1, minutes=30)
    return replace(Reading(settings(), stream, floor=began, since=began), **changes)


def reply(**changes: Any) -> OutgoingReply:
    """Return a reply to a direct message that came an hour ago."""
    usual = OutgoingReply(
        key="k",
        thread_id="dm:t_1",
        stream=Stream.DIRECT_MESSAGES,
        text="Guten Tag, wir prüfen das.",
        parent_id="dm:m_1",
        recipient=Author("24000000000000001", "Anna Vogel"),
        sent_after=NOW - timedelta(hours=1),
    )
    return replace(usual, **changes)


# Messages


def test_a_direct_message_is_private_and_belongs_to_its_conversation() -> None:
    """Ids carry the kind of item, the time is UTC, the payload is kept."""
    payload = item(id="m_abc", created_time="2026-01-10T14:00:00+0300")

    message = to_dm(payload, url="https://www.facebook.com/1/inbox/2/")

    assert message == Message(
        remote_id="dm:m_abc",
        thread_id="dm:t_1",
        stream=Stream.DIRECT_MESSAGES,
        direction=Direction.INBOUND,
        public=False,
        sent_at=datetime(2026, 1, 10, 11, 0, tzinfo=UTC),
        text="Hallo?",
        author=Author("24000000000000001", "Anna Vogel"),
        url="https://www.facebook.com/1/inbox/2/",
        raw=payload,
    )


@pytest.mark.parametrize("page_id", [PAGE, int(PAGE)])
@pytest.mark.parametrize("convert", [to_dm, to_comment, to_post])
def test_what_the_page_wrote_is_outbound(
    convert: Callable[[Any], Message], page_id: str | int
) -> None:
    """Graph writes an id as a string or as a number, and it is the same id."""
    message = convert(item(**{"from": {"id": page_id, "name": "Lavka Sever"}}))

    assert message.direction is Direction.OUTBOUND
    assert message.author == Author(PAGE, "Lavka Sever")


@pytest.mark.parametrize("author", [None, {}, {"name": "Anna"}, {"id": None}, "Anna", []])
@pytest.mark.parametrize("convert", [to_dm, to_comment, to_post])
def test_a_person_whom_graph_does_not_name_is_a_customer(
    convert: Callable[[Any], Message], author: object
) -> None:
    """Privacy takes the author away, not the message."""
    message = convert(item(**{"from": author}))

    assert message.author is None
    assert message.direction is Direction.INBOUND
    assert message.text == "Hallo?"


def test_a_message_of_an_unsupported_kind_is_kept_without_text() -> None:
    """That somebody wrote is known even where Graph cannot show what."""
    message = to_dm({"id": "m_1", "created_time": WRITTEN, "from": ANNA, "is_unsupported": True})

    assert message.text == ""
    assert message.direction is Direction.INBOUND
    assert message.raw["is_unsupported"] is True


def test_attachments_stickers_and_shares_are_shown_by_their_addresses() -> None:
    """A picture, a film, a file without a type, a sticker and a shared link."""
    files = [
        {"mime_type": "image/jpeg", "name": "a.jpg", "image_data": {"url": "https://x/a.jpg"}},
        {"mime_type": "video/mp4", "name": "b.mp4", "video_data": {"url": "https://x/b.mp4"}},
        {"name": "c.pdf", "file_url": "https://x/c.pdf"},
        "not an attachment",
    ]
    shared = {"data": [{"link": "https://shop.example/1", "name": "Jacke"}]}

    message = to_dm(
        {"id": "m_1", "created_time": WRITTEN, "from": ANNA, "sticker": "https://x/s.png",
         "attachments": {"data": files}, "shares": shared},
    )  # fmt: skip

    assert message.attachments == (
        Attachment("sticker", "https://x/s.png"),
        Attachment("image", "https://x/a.jpg", "a.jpg"),
        Attachment("video", "https://x/b.mp4", "b.mp4"),
        Attachment("file", "https://x/c.pdf", "c.pdf"),
        Attachment("share", "https://shop.example/1", "Jacke"),
    )


def test_a_template_is_shown_by_its_title() -> None:
    """What the shop's tools send as a card has no file, and is not nothing."""
    card = {"title": "Tasse", "media_url": "https://x/t.png", "cta": {"url": "https://x/t"}}
    message = to_dm(item(attachments={"data": [{"id": "9", "generic_template": card}]}))

    assert message.attachments == (Attachment("template", "https://x/t", "Tasse"),)


def test_a_post_that_only_tells_when_it_was_tagged_is_a_mention() -> None:
    """As recorded answers of /tagged are."""
    message = to_post({"id": "7_8", "message": "Lavka!", "tagged_time": WRITTEN})

    assert message.sent_at == datetime(2026, 1, 10, 11, tzinfo=UTC)


def test_a_comment_below_our_post_begins_a_thread_that_replies_join() -> None:
    """The root comment names the conversation, and a reply says what it replies to."""
    root = to_comment(item(id="7_8", permalink_url="https://f/7_8"))
    below = to_comment(item(id="7_9", parent={"id": "7_8"}))

    assert (root.remote_id, root.thread_id, root.parent_id) == ("comment:7_8", "comment:7_8", None)
    assert (root.public, root.url) == (True, "https://f/7_8")
    assert (below.thread_id, below.parent_id) == ("comment:7_8", "comment:7_8")


def test_a_reply_to_a_reply_stays_in_the_thread_of_the_root() -> None:
    """However deep it hangs, it is answered, and answers, where the first comment began."""
    reply = to_comment(item(id="7_10", parent={"id": "7_9", "parent": {"id": "7_8"}}))

    assert (reply.thread_id, reply.parent_id) == ("comment:7_8", "comment:7_9")


def test_comments_below_a_visitors_post_belong_to_the_visitors_thread() -> None:
    """So an answer below the post answers the post."""
    root = to_comment(item(id="7_8"), thread="post:1_7")
    below = to_comment(item(id="7_9", parent={"id": "7_8"}), thread="post:1_7")

    assert (root.thread_id, root.parent_id) == ("post:1_7", "post:1_7")
    assert (below.thread_id, below.parent_id) == ("post:1_7", "comment:7_8")


def test_a_comment_shows_its_picture() -> None:
    """Graph puts the address in one of two places."""
    media = {"image": {"src": "https://x/p.jpg"}}
    linked = to_comment(item(attachment={"type": "photo", "url": "https://f/p", "title": "Riss"}))
    bare = to_comment(item(attachment={"type": "animated_image_share", "media": media}))

    assert linked.attachments == (Attachment("photo", "https://f/p", "Riss"),)
    assert bare.attachments == (Attachment("animated_image_share", "https://x/p.jpg"),)


def test_a_posts_payload_is_kept_without_its_comments() -> None:
    """They are messages of their own; with them the post would change at each comment."""
    message = to_post(item(id="1_7", comments={"data": [item()]}, full_picture="https://x/p.jpg"))

    assert message.remote_id == message.thread_id == "post:1_7"
    assert message.attachments == (Attachment("image", "https://x/p.jpg"),)
    assert "comments" not in message.raw


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ({"recommendation_type": "negative"}, "does not recommend the Page"),
        ({"recommendation_type": "POSITIVE"}, "recommends the Page"),
        ({"rating": 2}, "2 of 5 stars"),
    ],
)
def test_a_review_tells_its_verdict_beside_its_text(verdict: dict[str, Any], said: str) -> None:
    """The text is the customer's alone; a verdict without a text is not empty."""
    message = to_review(
        {"created_time": WRITTEN, "open_graph_story": {"id": 9}, "reviewer": ANNA, **verdict}
    )

    assert message.remote_id == message.thread_id == "rating:9"
    assert message.author == Author("24000000000000001", "Anna Vogel")
    assert message.text == ""
    assert message.attachments == (Attachment("rating", title=said),)


@pytest.mark.parametrize(
    "broken",
    [
        {"id": None},
        {"id": ""},
        {"id": True},
        {"id": {}},
        {"created_time": None},
        {"created_time": "yesterday"},
        {"created_time": True},
        {"created_time": 10**30},
        {"created_time": "0001-01-01T00:00:00+1400"},
        {"message": {"text": "Hallo"}},
        {"from": {"id": []}},
        {"parent": "7_8"},
    ],
)
def test_what_breaks_the_contract_is_malformed(broken: dict[str, Any]) -> None:
    """Half a message is not made up; the item is kept as unknown instead."""
    with pytest.raises(Malformed):
        to_comment(item(**broken))


@pytest.mark.parametrize(
    "written",
    ["2026-01-10T11:00:00", "2026-01-10T11:00:00Z", "2026-01-10T14:00:00+03:00", 1768042800],
)
def test_an_instant_is_utc_however_it_is_written(written: object) -> None:
    """Without a zone it is UTC, as all that Graph writes; webhooks write unix seconds."""
    assert to_comment(item(created_time=written)).sent_at == NOW - timedelta(hours=1)


def test_a_story_that_is_answered_or_names_the_page_can_be_opened() -> None:
    """Where Graph gives it; it is asked for of no conversation, for the contract has it not."""
    links = {"mention": {"link": "https://x/1"}, "reply_to": {"link": "https://x/2", "id": "2"}}

    message = to_dm({"id": "m_1", "created_time": WRITTEN, "from": ANNA, "story": links})

    assert message.attachments == (
        Attachment("story", "https://x/1", "mention"),
        Attachment("story", "https://x/2", "reply to"),
    )


@pytest.mark.parametrize(
    "tags",
    [
        [{"id": 24, "name": "Anna", "type": "user"}, {"id": "24"}, {"id": PAGE}, {"type": "user"}],
        {"0": [{"id": "24", "type": "user"}], "9": [{"id": "77", "type": "event"}]},
        {"0": {"id": "24", "type": "user"}},
    ],
)
def test_whom_our_answer_names_is_told_once(tags: object) -> None:
    """Tags are a list, or stand under their places; the Page, events and the like are nobody."""
    ours = to_comment(item(message_tags=tags, **{"from": SHOP}))
    theirs = to_comment(item(message_tags=tags))

    assert ours.addressees == ("24",)
    assert theirs.addressees == ()


@pytest.mark.parametrize("tags", [None, "24", 7, [], {}, [None], {"0": None}, {"0": [[]]}])
def test_tags_of_no_known_shape_name_nobody(tags: object) -> None:
    """The answer is then for everybody in its thread."""
    assert to_comment(item(message_tags=tags, **{"from": SHOP})).addressees == ()


def test_what_facebook_says_of_a_post_is_not_the_customers_text() -> None:
    """It stands beside it."""
    message = to_post(item(message="", story="Anna Vogel was at Lavka Sever."))

    assert message.text == ""
    assert message.attachments == (Attachment("story", "", "Anna Vogel was at Lavka Sever."),)


def test_a_message_too_old_to_be_shown_whole_is_not_made_a_message() -> None:
    """It would overwrite what was stored when it was new."""
    with pytest.raises(Malformed):
        to_dm({"id": "m_1", "created_time": WRITTEN})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
KEYS = (
    "id", "created_time", "updated_time", "from", "message", "parent", "attachment", "attachments",
    "sticker", "shares", "link", "messages", "comments", "open_graph_story", "reviewer", "rating",
    "recommendation_type", "can_reply", "data", "message_tags", "can_comment", "story", "is_private",
)  # fmt: skip
known_keys = st.sampled_from(KEYS)
values = json_values | st.just(WRITTEN) | st.just(ANNA)
wild_items = st.dictionaries(
    known_keys, values | st.dictionaries(known_keys, values | st.lists(values, max_size=2))
)


@given(items=st.lists(wild_items | json_values, max_size=3))
def test_nothing_in_a_page_is_lost_or_stops_the_rest(items: list[Any]) -> None:
    """Whatever the JSON, reading yields messages and unknowns, and raises nothing."""
    for stream, take in (
        (Stream.DIRECT_MESSAGES, Reading.conversation),
        (Stream.COMMENTS, Reading.post),
        (Stream.REVIEWS, Reading.review),
    ):
        request = Request("p", "thing", {}, partial(take, reading(stream)), NOW)

        batch = request.read(Listing([*items, {"neither": "id nor time"}]))

        assert len(batch.changed) + sum(each.kind == "thing" for each in batch.unknown) == (
            len(items) + 1
        )
        assert all(message.sent_at.utcoffset() == timedelta(0) for message in batch.messages)


# Reading


def test_a_bad_item_is_kept_and_the_rest_goes_on() -> None:
    """An item without an id is named by what it says, the same at every poll."""
    items = [item(id="1_7"), {"id": "1_8", "created_time": "never"}, 17, item(id="1_9")]
    request = Request("1/feed", "post", {}, partial(Reading.post, reading()), NOW)

    batch, again = request.read(Listing(items)), request.read(Listing(items))

    assert [message.remote_id for message in batch.messages] == ["post:1_7", "post:1_9"]
    assert [unknown.raw for unknown in batch.unknown] == [items[1], {"value": 17}]
    assert batch.unknown[0].remote_id == "post:1_8"
    assert batch.unknown == again.unknown


def test_only_a_missing_next_ends_a_list() -> None:
    """A short or empty page is not the last one; a cursor beside no `next` is not a page."""
    cursors = {"cursors": {"before": "A", "after": "B"}}
    following = Listing.of({"data": [], "paging": {**cursors, "next": "https://x/?after=B"}})

    assert Listing.of({"data": [1], "paging": cursors}).further is None
    assert Listing.of({"data": []}).further is None
    assert following.further == {"after": "B"}


def test_a_feed_that_pages_by_time_is_asked_by_time_without_the_token() -> None:
    """Of a `next` URL only the place in the list is taken."""
    url = "https://x/v25.0/1/feed?access_token=SECRET&until=1767225600&__paging_token=enc_1&limit=9"

    listing = Listing.of({"data": [1], "paging": {"next": url}})

    assert listing.further == {"until": "1767225600", "__paging_token": "enc_1"}


@pytest.mark.parametrize(
    "answer",
    [{}, {"data": None}, {"data": {}}, [], {"data": [], "paging": {"next": "https://x/"}}],
)
def test_what_is_no_list_is_malformed(answer: object) -> None:
    """A list without data, or with a next page that cannot be asked for."""
    with pytest.raises(Malformed):
        Listing.of(answer)


def test_our_own_bug_in_one_item_spoils_nothing_else() -> None:
    """The item is kept with what broke, and the rest goes on."""

    def take(_batch: object, payload: Any) -> datetime:
        return NOW if payload["id"] == "1" else payload["time"]

    request = Request("p", "post", {}, take, NOW)

    batch = request.read(Listing([{"id": "1"}, {"id": "2"}]))

    assert batch.changed == [NOW]
    assert batch.unknown[0].error == "KeyError: 'time'"
    assert batch.unknown[0].raw == {"id": "2"}


@pytest.mark.parametrize("context", [{}, {CONTEXT: {"stream": "mentions"}}])
def test_a_quarantined_post_is_read_bare_or_with_its_context(context: dict[str, Any]) -> None:
    """With everything below it, however old."""
    raw = {**item(id="1_7"), "comments": {"data": [item(id="7_9")]}, **context}

    batch = reread(Unknown("post:1_7", "post", raw), settings(streams=["mentions"]))

    streams = {message.remote_id: message.stream for message in batch.messages}
    stream = Stream.MENTIONS if context else Stream.COMMENTS
    assert streams == {"post:1_7": stream, "comment:7_9": stream}
    assert all(CONTEXT not in message.raw for message in batch.messages)


@pytest.mark.parametrize("kind", ["post", "messages", "comments", "conversation", "?"])
@pytest.mark.parametrize("raw", [{}, {"id": 7}, {CONTEXT: 7}, {CONTEXT: {"stream": 7}}])
def test_what_is_still_not_understood_stays_as_it_is(kind: str, raw: dict[str, Any]) -> None:
    """Nothing is made up, and nothing raised."""
    unknown = Unknown(f"{kind}:7", kind, raw, "why")

    batch = reread(unknown, settings())

    assert (batch.messages, batch.unknown) == ([], [unknown])


@pytest.mark.parametrize(("pages", "minutes"), [(1, 15), (5, 15), (6, 18), (100, 300)])
def test_a_sweep_of_many_pages_comes_back_later(pages: int, minutes: int) -> None:
    """So that sweeps never cost more than a tenth of what a quiet Page has."""
    marks = Marks(NOW, NOW).after([], NOW, swept=True).swept_in(pages, NOW)

    assert not marks.sweep_is_due(NOW + timedelta(minutes=minutes, seconds=-1))
    assert marks.sweep_is_due(NOW + timedelta(minutes=minutes))


def test_a_cursor_of_an_older_version_is_read() -> None:
    """It knows no time of the next sweep: then it is due as it was."""
    kept = {"floor": NOW.isoformat(), "newest": NOW.isoformat(), "swept": NOW.isoformat()}

    marks = Marks.of(kept, NOW)

    assert not marks.sweep_is_due(NOW + SWEEP_EVERY - timedelta(seconds=1))
    assert marks.sweep_is_due(NOW + SWEEP_EVERY)


def test_a_list_that_goes_in_a_circle_is_left() -> None:
    """The same page as the next one would be read for ever."""
    take = partial(Reading.post, reading())
    request = Request("1/feed", "post", {"after": "B"}, take, LONG_AGO)

    with pytest.raises(UnexpectedPayload, match="circle"):
        request.read(Listing([], {"after": "B"}))


def test_nothing_in_the_future_moves_the_mark_beyond_now() -> None:
    """A message dated 2099 must not hide everything that is written until then."""
    marks = Marks(floor=NOW - timedelta(days=3), newest=NOW - timedelta(days=3))
    future = [NOW + timedelta(days=30_000), NOW - timedelta(hours=1)]

    assert marks.after(future, NOW, swept=False).newest == NOW


def test_the_mark_never_goes_back() -> None:
    """A page that shows only old things proves nothing about the newest."""
    marks = Marks(floor=NOW - timedelta(days=3), newest=NOW)

    assert marks.after([NOW - timedelta(days=2)], NOW, swept=False) == marks
    assert marks.after([], NOW, swept=False) == marks


def test_a_cursor_is_json_and_survives_it() -> None:
    """What is kept is what was known."""
    marks = Marks(floor=NOW - timedelta(days=3), newest=NOW, swept=NOW, swept_to=NOW)

    kept = json.loads(json.dumps(marks.cursor()))

    assert Marks.of(kept, start=NOW - timedelta(days=9)) == marks


# Errors and allowances

READ_ERRORS: dict[int, type[InboxdError]] = {
    1: Unavailable, 2: Unavailable, 3: PermissionMissing, 4: RateLimited, 10: PermissionMissing,
    12: PermissionMissing, 17: RateLimited, 32: RateLimited, 80001: RateLimited, 613: RateLimited,
    80006: RateLimited, 100: UnexpectedPayload, 102: TokenInvalid, 190: TokenInvalid,
    200: PermissionMissing, 250: PermissionMissing, 299: PermissionMissing, 341: RateLimited,
    368: OperatorError, 506: UnexpectedPayload, 551: UnexpectedPayload, 1200: Unavailable,
    1609005: UnexpectedPayload, 4711: UnexpectedPayload,
}  # fmt: skip
SEND_ERRORS: dict[int, type[InboxdError]] = {
    **READ_ERRORS, 1: OutcomeUnknown, 2: OutcomeUnknown, 100: SendRefused, 368: SendRefused,
    506: SendRefused, 551: SendRefused, 1609005: SendRefused, 4711: SendRefused,
}  # fmt: skip


def failure(code: object, task: failures.Task, *, status: int = 400, **more: Any) -> InboxdError:
    """Return what an error becomes."""
    error = {"message": "Words that change", "type": "OAuthException", "code": code, **more}
    return failures.graph_error(error, status, task, None)


@pytest.mark.parametrize(("code", "expected"), READ_ERRORS.items())
@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_a_failed_read_is_known_by_its_code(
    code: int, expected: type[InboxdError], status: int
) -> None:
    """Neither the text nor the HTTP status says who must act."""
    assert isinstance(failure(code, READ, status=status), expected)


@pytest.mark.parametrize(("code", "expected"), SEND_ERRORS.items())
def test_a_failed_send_is_known_by_its_code(code: int, expected: type[InboxdError]) -> None:
    """What may have been carried out is in doubt, what was refused is the author's business."""
    assert isinstance(failure(code, SEND), expected)


def test_every_code_of_the_contract_has_a_class() -> None:
    """A code that the contract lists is not left to chance."""
    if not CONTRACT.exists():
        pytest.skip("the contracts are not beside this checkout")
    listed = json.loads(CONTRACT.read_text())["contract"]["error"]["codes"]

    assert {one["code"] for one in listed} - {"200-299"} <= set(READ_ERRORS)


@pytest.mark.parametrize("code", [None, "190", [], {}, 10.5])
def test_an_error_without_a_usable_code_is_an_error_all_the_same(code: object) -> None:
    """Bad input in an error is no crash."""
    assert isinstance(failure(code, READ), UnexpectedPayload)
    assert isinstance(failure(code, READ, is_transient=True), Unavailable)
    assert isinstance(failure(code, READ, status=503), Unavailable)
    assert isinstance(failure(code, SEND, status=503), OutcomeUnknown)


@pytest.mark.parametrize("subcode", failures.WHY_NOT_SENT)
def test_a_reply_outside_the_window_is_refused_with_the_reason(subcode: int) -> None:
    """Error 10 is not a missing permission where its subcode says more."""
    refused = failure(10, SEND, error_subcode=subcode)

    assert isinstance(refused, SendRefused)
    assert failures.WHY_NOT_SENT[subcode] in str(refused)


def test_a_refused_token_names_the_cause_and_the_mend() -> None:
    """And never Graph's own text, which may quote the token."""
    refused = failure(190, READ, error_subcode=460, message="Malformed access token EAAG123")

    assert "changed their password" in str(refused)
    assert "new Page token" in str(refused)
    assert "EAAG" not in str(refused)


@pytest.mark.parametrize("subcode", failures.TOKEN_CAUSES)
def test_each_reason_for_a_refused_token_has_a_cause_and_a_mend(subcode: int) -> None:
    """What happened, and what to do about it."""
    cause, fix = failures.TOKEN_CAUSES[subcode]
    text = str(failure(190, READ, error_subcode=subcode))

    assert f"190/{subcode}" in text
    assert cause in text
    assert fix in text
    assert "Page token" in text


@pytest.mark.parametrize("code", failures.WHAT_TO_DO)
def test_what_a_person_can_do_is_told(code: int) -> None:
    """A blocked Page, a repeated text, somebody who takes no messages, a broken link."""
    assert failures.WHAT_TO_DO[code] in str(failure(code, SEND))


def test_what_is_not_there_is_told_from_what_is_asked_wrongly() -> None:
    """Both are error 100; only the first may have been deleted."""
    assert isinstance(failure(100, READ, error_subcode=33), failures.Missing)
    assert isinstance(failure(803, READ), failures.Missing)
    assert not isinstance(failure(100, READ), failures.Missing)


@pytest.mark.parametrize(("code", "area"), [(613, "conversations"), (80006, "conversations"),
                                            (4, "polling"), (80001, "polling")])  # fmt: skip
def test_a_limit_concerns_messages_or_everything(code: int, area: str) -> None:
    """Messenger's own does not stop the reading of comments."""
    limited = failure(code, READ)

    assert isinstance(limited, failures.Limited)
    assert limited.area == area


def test_an_error_that_nobody_knows_is_kept_whole() -> None:
    """For the quarantine."""
    error = failure(4711, READ)

    assert isinstance(error, UnexpectedPayload)
    assert isinstance(error.raw, dict)
    assert error.raw["code"] == 4711


def test_a_missing_permission_is_named() -> None:
    """Who runs the server learns what to ask Facebook for."""
    assert "pages_read_user_content" in str(failure(200, READ))
    assert "pages_messaging" in str(failure(10, SEND))


def test_the_end_of_reviews_says_what_to_do() -> None:
    """Error 12 is the version's, not the token's."""
    text = str(failure(12, READ))

    assert 'take "reviews" out' in text
    assert "2027-01-21" in text


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff\xfe", b"[]", b"null", b"[" * 5000])
@pytest.mark.parametrize("status", [200, 302, 404, 502])
def test_an_answer_that_is_no_json_object_is_no_answer(body: bytes, status: int) -> None:
    """A reader comes again; a sender is in doubt, unless it was surely refused."""
    refused = status in {302, 404}

    with pytest.raises(Unavailable):
        failures.answer_of(status, body, READ, None)
    with pytest.raises(Unavailable if refused else OutcomeUnknown):
        failures.answer_of(status, body, SEND, None)


def test_usage_is_the_highest_share_of_any_allowance() -> None:
    """Three headers, each with a shape of its own, in per cent and minutes."""
    business = {"1": [{"call_count": 12, "estimated_time_to_regain_access": 7}], "2": [{}]}
    headers = {
        "X-App-Usage": json.dumps({"call_count": 28, "total_time": 93, "total_cputime": 25}),
        "X-Page-Usage": json.dumps({"call_count": 40}),
        "X-Business-Use-Case-Usage": json.dumps(business),
    }

    assert limits.usage(headers)["polling"] == limits.Use(93, timedelta(minutes=7))


@pytest.mark.parametrize(
    "value",
    ["", "{", "[]", "null", "nonsense", '{"call_count": "95"}', '{"1": [[{}]]}', "[" * 5000],
)
def test_usage_that_cannot_be_read_is_ignored(value: str) -> None:
    """The headers are a help and no condition."""
    nothing = {"polling": limits.Use(), "conversations": limits.Use()}
    assert limits.usage({"X-App-Usage": value}) == nothing
    assert limits.usage({}) == nothing


def test_a_mad_time_to_regain_access_is_a_day_at_most() -> None:
    """No header stops an account for good."""
    header = '{"1": [{"call_count": 100, "estimated_time_to_regain_access": 99999999999999}]}'

    uses = limits.usage({"X-Business-Use-Case-Usage": header})
    assert uses["polling"] == limits.Use(100, timedelta(days=1))


def test_messengers_usage_is_told_apart() -> None:
    """A business use case of that type pauses messages, and every other one all reading."""
    uses = [{"type": "messenger", "call_count": 95}, {"type": "pages", "call_count": 12}]
    header = {"X-Business-Use-Case-Usage": json.dumps({PAGE: uses})}

    assert {area: use.share for area, use in limits.usage(header).items()} == {
        "polling": 12,
        "conversations": 95,
    }


def test_calls_are_counted_over_a_rolling_day() -> None:
    """At noon half of yesterday's still count."""
    clock = ManualClock(NOW - timedelta(days=1))
    meter = limits.Meter(clock, ledger := Ledger(clock))
    meter.note({}, "polling", calls=100)
    clock.set(NOW)
    meter.note({}, "polling", calls=7)

    assert [each.used for each in meter.allowances()] == [57]
    assert ledger.spent(limits.CALLS, NOW.date()) == 7


json_of_a_token = st.dictionaries(
    st.sampled_from(["type", "profile_id", "scopes", "expires_at", "data_access_expires_at"]),
    json_values | st.integers(min_value=-(10**20), max_value=10**20),
)


@given(answer=json_values | st.fixed_dictionaries({"data": json_of_a_token}))
def test_whatever_is_said_of_a_token_is_no_crash(answer: object) -> None:
    """Not even instants that no calendar has."""
    token = Token.of(answer)

    assert token.expires_at is None or token.expires_at.utcoffset() == timedelta(0)


# Replies


@pytest.mark.parametrize(
    ("waited", "kind"),
    [
        (timedelta(0), {"messaging_type": "RESPONSE"}),
        (timedelta(hours=24), {"messaging_type": "RESPONSE"}),
        (timedelta(hours=24, seconds=1), {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (timedelta(days=7), {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
    ],
)
def test_a_reply_says_under_which_rule_it_is_sent(waited: timedelta, kind: dict[str, str]) -> None:
    """A response for a day, a human agent's for a week."""
    body = sending.private_reply(reply(sent_after=NOW - waited), NOW)

    assert body == {
        "recipient": {"id": "24000000000000001"},
        "message": {"text": "Guten Tag, wir prüfen das."},
        **kind,
    }


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sent_after": NOW - timedelta(days=7, seconds=1)}, "7 days"),
        ({"recipient": None}, "nobody"),
        ({"text": "x" * 2001}, "2000 characters"),
    ],
)
def test_an_impossible_reply_is_refused_with_a_reason(change: dict[str, Any], why: str) -> None:
    """Facebook is not asked what is known beforehand."""
    with pytest.raises(SendRefused, match=why):
        sending.private_reply(reply(**change), NOW)


def test_the_window_is_open_for_a_week_after_the_customers_last_message() -> None:
    """Our own messages do not keep it open."""
    first, last = "2026-01-08T11:00:00+0000", "2026-01-10T11:00:00+0000"
    asked = to_dm(item(created_time=first))
    answered = to_dm(item(created_time=last, **{"from": SHOP}))

    window = windows.conversation("dm:t_1", [answered, asked], can_reply=True)

    assert window.open
    assert window.closes_at == datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
    assert window.max_length == 2000
    assert "24 hours" in window.reason


def test_a_conversation_that_takes_no_replies_says_so_beforehand() -> None:
    """`can_reply` is respected, and a person told why."""
    window = windows.conversation("dm:t_1", [to_dm(item())], can_reply=False)

    assert not window.open
    assert window.reason


def test_a_comment_that_takes_no_answers_is_closed() -> None:
    """Where Graph does not say, it is open; a private message is named where it is possible."""
    closed = windows.below_comment(to_comment(item(can_comment=False)))
    private = windows.below_comment(to_comment(item(can_comment=False, can_reply_privately=True)))

    assert windows.below_comment(to_comment(item())).open
    assert not closed.open
    assert not private.open
    assert "private message" in private.reason
    assert "private message" not in closed.reason


# Settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"page_id": "my-page"},
        {"api_version": "25"},
        {"streams": ["search"]},
        {"token": ""},
        {"api_base": "graph.facebook.com"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    """A Page has a number, a version its form, an origin its scheme, a token is not empty."""
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_settings_do_not_show_their_secrets() -> None:
    """Not in a repr, which is what logs show."""
    shown = repr(settings(token="EAAG-secret", app_secret="app-secret"))

    assert "EAAG-secret" not in shown
    assert "app-secret" not in shown
