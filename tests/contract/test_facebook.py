"""The Facebook connector against the simulated Graph API: what it reads, sends, and how it fails."""

from __future__ import annotations

import json
import socket
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from connectors.facebook import Connector
from connectors.facebook.marks import SWEEP_EVERY
from inboxd.clock import ManualClock
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
from inboxd.model import Author, Direction, Message, Stream
from inboxd.simulator import facebook
from inboxd.simulator.faults import Fault
from inboxd.simulator.world import World
from tests.contract.facebook_shop import (
    PAGE,
    SECRET,
    START,
    Opener,
    Shop,
    reply_to,
    secrets_in,
    settings,
)
from tests.contract.stage import patience_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


@pytest.fixture
async def open_shop() -> AsyncIterator[Opener]:
    opener = Opener()
    yield opener
    await opener.close()


@pytest.fixture
async def shop(open_shop: Opener) -> Shop:
    return await open_shop()


# Reading


async def test_the_first_poll_reads_the_backfill_and_no_more(shop: Shop) -> None:
    """Three days by default, in every source."""
    for days in (1, 9):
        at = shop.ago(days=days)
        shop.dm(f"dm {days}", shop.world.people[days], sent_at=at)
        shop.comment(shop.post(sent_at=shop.ago(days=20)), f"comment {days}", sent_at=at)
        shop.post(f"visitor {days}", author=shop.customer, sent_at=at)
        shop.world.add("facebook", "mention", f"mention {days}", author=shop.customer,
                       wall=shop.customer, sent_at=at)  # fmt: skip
        shop.world.add("facebook", "review", f"review {days}", author=shop.customer,
                       sent_at=at, positive=False)  # fmt: skip

    came = {source.name: await shop.texts(source.name) for source in shop.connector.sources()}

    assert came == {
        "conversations": ["dm 1"],
        "feed": ["visitor 1", "comment 1"],
        "tagged": ["mention 1"],
        "ratings": ["review 1"],
    }


async def test_a_private_message_and_its_answer_are_one_conversation(shop: Shop) -> None:
    """Our own answer is seen whoever wrote it and with whatever tool."""
    await shop.poll("conversations")
    shop.answer(shop.dm("Wo ist mein Paket?"), "Es kommt morgen.")

    answer, question = await shop.poll("conversations")

    assert (question.direction, answer.direction) == (Direction.INBOUND, Direction.OUTBOUND)
    assert question.thread_id == answer.thread_id == f"dm:t_{shop.customer.id_on('facebook')}"
    assert question.author == Author(str(shop.customer.id_on("facebook")), shop.customer.name)
    assert question.url.startswith(f"https://www.facebook.com/{PAGE}/inbox/")


async def test_a_comment_and_replies_to_it_are_one_conversation(shop: Shop) -> None:
    """A reply to a reply too, which Graph lists below the root comment."""
    post = shop.post()
    await shop.poll("feed")
    root = shop.comment(post, "Passt die Größe?")
    answer = shop.answer(root, "Ja.")
    shop.comment(answer, "Wirklich?")
    shop.comment(post, "Mir nicht.", author=shop.world.people[1])

    came = {message.text: message for message in await shop.poll("feed")}

    thread = came["Passt die Größe?"].remote_id
    assert thread == f"comment:{shop.world.remote_id(root)}"
    assert {came[text].thread_id for text in ("Passt die Größe?", "Ja.", "Wirklich?")} == {thread}
    assert came["Ja."].direction is Direction.OUTBOUND
    assert came["Wirklich?"].parent_id == thread
    assert came["Mir nicht."].thread_id == came["Mir nicht."].remote_id


async def test_a_visitors_post_is_answered_below_it(shop: Shop) -> None:
    """The post and its comments are one conversation."""
    post = shop.post("Nie wieder!", author=shop.customer)
    shop.answer(post, "Das tut uns leid.")

    came = {message.text: message for message in await shop.poll("feed")}

    assert came["Nie wieder!"].remote_id == f"post:{shop.world.remote_id(post)}"
    assert came["Nie wieder!"].direction is Direction.INBOUND
    assert came["Das tut uns leid."].thread_id == came["Nie wieder!"].thread_id
    assert came["Das tut uns leid."].parent_id == came["Nie wieder!"].remote_id


async def test_a_mention_elsewhere_and_our_answer_are_one_conversation(shop: Shop) -> None:
    """And it is the stream of mentions that both belong to."""
    named = shop.world.add("facebook", "mention", "Lavka Sever liefert nicht", author=shop.customer,
                           wall=shop.customer, sent_at=shop.clock.now())  # fmt: skip
    shop.answer(named, "Wir melden uns.")

    answer, mention = sorted(await shop.poll("tagged"), key=lambda message: message.direction)[::-1]

    assert {mention.stream, answer.stream} == {Stream.MENTIONS}
    assert mention.thread_id == answer.thread_id == mention.remote_id
    assert (mention.direction, answer.direction) == (Direction.INBOUND, Direction.OUTBOUND)


async def test_a_comment_below_an_old_post_is_found(shop: Shop) -> None:
    """Graph lists posts by age, and an old one does not come to the top."""
    old = shop.post(sent_at=shop.ago(days=400))
    for number in range(20):
        shop.post(f"Post {number}", sent_at=shop.ago(days=20 - number))
    await shop.poll("feed")
    shop.clock.advance(timedelta(minutes=1))
    comment = shop.comment(old, "Gibt es die noch?")

    assert await shop.texts("feed") == ["Gibt es die noch?"]
    shop.clock.advance(timedelta(hours=2))
    shop.comment(comment, "Hallo?")
    assert "Hallo?" in await shop.texts("feed")


async def test_a_comment_below_a_very_old_post_is_found_by_the_sweep(shop: Shop) -> None:
    """Beyond the newest hundred posts it takes no longer than the time between two sweeps."""
    old = shop.post(sent_at=shop.ago(days=400))
    for number in range(150):
        shop.post(f"Post {number}", sent_at=shop.ago(days=4, minutes=number))
    await shop.poll("feed")
    shop.comment(old, "Gibt es die noch?")
    found_after = None
    newer = shop.post("Heute neu", sent_at=shop.ago(minutes=1))

    for minute in range(0, 40, 3):
        shop.comment(newer, f"lively {minute}", author=shop.world.people[1])
        if "Gibt es die noch?" in await shop.texts("feed") and found_after is None:
            found_after = timedelta(minutes=minute)
        shop.clock.advance(timedelta(minutes=3))

    assert found_after is not None
    assert found_after <= SWEEP_EVERY
    # Most polls ask for one page of posts, and not for all of them.
    assert len(shop.calls("GET feed")) < 14 + 2 * 4


async def test_an_edit_is_delivered_while_the_overlap_covers_it(shop: Shop) -> None:
    """The same message with its new text: nothing tells of it, so it must be read again."""
    asked = [shop.dm("erste Fassung"), shop.comment(shop.post(), "erste Fassung")]
    for source in ("conversations", "feed"):
        assert await shop.texts(source) == ["erste Fassung"]
    shop.clock.advance(timedelta(minutes=5))
    for item in asked:
        shop.world.edit(item.serial, "zweite Fassung", at=shop.clock.now())

    assert await shop.texts("conversations") == ["zweite Fassung"]
    assert await shop.texts("feed") == ["zweite Fassung"]


async def test_an_edit_of_a_visitors_post_is_delivered_later_too(shop: Shop) -> None:
    """A post, unlike a comment, has a time of its last change."""
    post = shop.post("erste Fassung", author=shop.customer)
    for _ in range(3):
        await shop.poll("feed")
        shop.clock.advance(timedelta(hours=2))
        shop.comment(shop.post(), "etwas anderes")
    await shop.poll("feed")
    shop.clock.advance(timedelta(minutes=11))
    shop.world.edit(post.serial, "zweite Fassung", at=shop.clock.now())

    assert "zweite Fassung" in await shop.texts("feed")


async def test_a_comment_does_not_bring_an_ancient_post_with_it(shop: Shop) -> None:
    """What a visitor posted before our time is no new question because somebody comments."""
    ancient = shop.post("Vor einem Jahr", author=shop.customer, sent_at=shop.ago(days=365))
    shop.comment(ancient, "Mir auch!", author=shop.world.people[1])

    (message,) = await shop.poll("feed")

    assert message.text == "Mir auch!"
    assert message.thread_id == f"post:{shop.world.remote_id(ancient)}"


async def test_a_deletion_leaves_what_was_delivered_alone(shop: Shop) -> None:
    """Graph tells of none: the item is no longer shown, and nothing else is disturbed."""
    post = shop.post()
    gone, kept = shop.comment(post, "doch nicht"), shop.comment(post, "bleibt")
    assert sorted(await shop.texts("feed")) == ["bleibt", "doch nicht"]
    shop.world.delete(gone.serial, at=shop.clock.now())
    shop.comment(kept, "noch da")

    assert sorted(await shop.texts("feed")) == ["bleibt", "noch da"]


async def test_a_hidden_comment_is_still_a_customers_comment(shop: Shop) -> None:
    """That we hid it does not answer it."""
    comment = shop.comment(shop.post(), "Betrug!")
    shop.world.hide(comment.serial, at=shop.clock.now())

    (message,) = await shop.poll("feed")

    assert message.text == "Betrug!"
    assert message.raw["is_hidden"] is True


async def test_what_shows_late_is_found_inside_the_overlap(shop: Shop) -> None:
    """Networks deliver late, and the younger message came first."""
    post, shown = shop.post(sent_at=shop.ago(hours=1)), shop.clock.now() + timedelta(minutes=2)
    late: dict[str, Any] = {"sent_at": shop.ago(minutes=8), "visible_at": shown}
    shop.dm("on time")
    shop.comment(post, "on time")
    shop.dm("late", **late)
    shop.comment(post, "late", **late)

    for source in ("conversations", "feed"):
        assert await shop.texts(source) == ["on time"]
    shop.clock.advance(timedelta(minutes=3))
    for source in ("conversations", "feed"):
        assert "late" in await shop.texts(source)


async def write_much(shop: Shop) -> set[str]:
    """Write more than a page of conversations, posts and comments, and return the texts."""
    for number in range(140):
        person = shop.world.people[number % 40]
        shop.dm(f"dm {number}", person, sent_at=shop.ago(minutes=5 * number))
    busy = shop.post(sent_at=shop.ago(days=1))
    above = busy
    for number in range(230):
        at, author = shop.ago(minutes=300 - number), shop.world.people[number % 40]
        comment = shop.comment(above, f"busy {number}", sent_at=at, author=author)
        above = busy if number % 3 else comment
    for number in range(120):
        shop.post(f"visitor {number}", sent_at=shop.ago(minutes=20 * number), author=shop.customer)
    return {item.text for item in shop.world.items() if item.author is not None}


async def test_pages_of_everything_are_read_each_item_once(shop: Shop) -> None:
    """More than a page of conversations, of posts, and of comments below one of them."""
    written = await write_much(shop)

    texts = [*await shop.texts("conversations"), *await shop.texts("feed")]

    assert Counter(texts) == Counter(written)


@pytest.mark.parametrize("source", ["conversations", "feed"])
async def test_whoever_resumes_from_any_page_misses_nothing(shop: Shop, source: str) -> None:
    """The cursor of a page leads to all that later pages brought."""
    await write_much(shop)
    pages = await shop.pages(source)
    assert len(pages) > 1

    for place, page in enumerate(pages):
        resumed = await shop.pages(source, page.cursor)

        later = {each.remote_id for rest in pages[place + 1 :] for each in rest.messages}
        assert later <= {each.remote_id for rest in resumed for each in rest.messages}


async def test_a_conversation_that_moves_to_the_top_while_the_list_is_read_is_read_whole(
    shop: Shop,
) -> None:
    """Its first new message, on a page that it has left, is delivered with the one that moved it."""
    people = shop.world.people
    for number in range(40):
        shop.dm(f"first {number}", people[number], sent_at=shop.ago(hours=5, minutes=-number))
    came: list[str] = []
    cursor = None
    async for page in shop.connector.poll("conversations", None):
        if not came:
            shop.clock.advance(timedelta(minutes=1))
            shop.dm("second 3", people[3])
        came += [message.text for message in page.messages]
        cursor = page.cursor
    shop.clock.advance(timedelta(hours=1))
    async for page in shop.connector.poll("conversations", cursor):
        came += [message.text for message in page.messages]

    assert {*came} == {*(f"first {number}" for number in range(40)), "second 3"}


async def test_items_that_a_page_shows_twice_are_the_same_message(shop: Shop) -> None:
    """A repetition is recognised by its id."""
    shop.comment(shop.post(), "Hallo?")
    shop.faults.switch_on("facebook", Fault.DUPLICATES)

    came = await shop.poll("feed")

    assert {message.remote_id for message in came} == {came[0].remote_id}
    assert came[0] == came[-1]


async def test_messages_that_graph_no_longer_shows_whole_are_counted_and_told(shop: Shop) -> None:
    """Of a conversation's older messages Graph gives no text: people must look themselves."""
    for number in range(30):
        shop.dm(f"before our time {number}", sent_at=shop.ago(days=5, minutes=30 - number))
    for number in range(25):
        shop.dm(f"dm {number}", sent_at=shop.ago(minutes=30 - number))

    pages = await shop.pages("conversations")

    assert len([message for page in pages for message in page.messages]) == 20
    assert len([unknown for page in pages for unknown in page.unknown]) == 5
    assert any("look on facebook.com" in page.note for page in pages)
    assert all(message.text for page in pages for message in page.messages)


async def test_an_old_conversation_is_not_read_to_its_beginning(shop: Shop) -> None:
    """One new message costs one call, however long the conversation is."""
    for number in range(60):
        shop.dm(f"dm {number}", sent_at=shop.ago(hours=60 - number))
    shop.cursors["conversations"] = (await shop.pages("conversations"))[-1].cursor
    shop.log.clear()
    shop.clock.advance(timedelta(hours=1))
    shop.dm("neu")

    # The overlap behind what was known begins with the message before.
    assert await shop.texts("conversations") == ["neu", "dm 59"]
    assert len(shop.calls()) == 1


async def test_people_are_told_beforehand_how_a_conversation_can_be_answered(shop: Shop) -> None:
    """Until a week after the customer's last message, and then not."""
    asked = shop.dm("Hallo?", sent_at=shop.ago(days=1))
    (page,) = await shop.pages("conversations")
    shop.clock.advance(timedelta(days=8))
    (later,) = await shop.pages("conversations", page.cursor)

    assert page.windows[0].open
    assert page.windows[0].thread_id == page.messages[0].thread_id
    assert page.windows[0].closes_at == asked.sent_at + timedelta(days=7)
    assert not later.windows[0].open


async def test_a_post_on_the_page_that_names_it_is_the_feeds_alone(open_shop: Opener) -> None:
    """One item is one message: without the feed it is a mention, with it a comment."""
    own_wall = {"id": f"{PAGE}_5", "created_time": "2026-03-02T08:00:00+0000", "message": "@Lavka"}
    both = await open_shop.script((200, {"data": [own_wall]}))
    mentions = await open_shop.script((200, {"data": [own_wall]}), streams=["mentions"])

    ((with_feed,), (alone,)) = [
        [page async for page in connector.poll("tagged", None)] for connector in (both, mentions)
    ]

    assert with_feed.messages == []
    assert [message.stream for message in alone.messages] == [Stream.MENTIONS]


# Reviews


async def test_reviews_are_asked_for_with_the_version_that_has_them(open_shop: Opener) -> None:
    """Whatever version the account speaks otherwise: from v22.0 on Graph answers with error 12."""
    shop = await open_shop(api_version="v25.0")
    shop.review("Nie wieder")

    (message,) = await shop.poll("ratings")
    found = await shop.verify([message])

    assert message.text == "Nie wieder"
    assert found.gone == set()
    assert not found.notes


async def test_when_facebook_has_ended_reviews_it_is_said_and_disturbs_nobody(
    open_shop: Opener,
) -> None:
    """Messages and comments go on, and no review counts as deleted."""
    shop = await open_shop()
    shop.review("Nie wieder")
    reviews = await shop.poll("ratings")
    shop.clock.advance(datetime(2027, 1, 22, tzinfo=UTC) - shop.clock.now())
    shop.dm("Hallo?")

    with pytest.raises(PermissionMissing, match='take "reviews" out'):
        await shop.poll("ratings")
    found = await shop.verify(reviews)

    assert await shop.texts("conversations") == ["Hallo?"]
    assert found.gone == set()
    assert "2027-01-21" in found.notes


async def test_check_says_which_streams_can_be_served(open_shop: Opener) -> None:
    """Who the Page is, and for each stream whether it truly answers."""
    shop = await open_shop(api_version="v25.0")
    shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, endpoint="GET conversations")

    check = await shop.connector.check()

    told = {each.stream: each for each in check.streams}
    assert check.identity == "Lavka Sever (@lavkasever)"
    assert {stream: each.ok for stream, each in told.items()} == {
        Stream.DIRECT_MESSAGES: False,
        Stream.COMMENTS: True,
        Stream.MENTIONS: True,
        Stream.REVIEWS: True,
    }
    assert "pages_messaging" in told[Stream.DIRECT_MESSAGES].text
    assert "2027-01-21" in told[Stream.REVIEWS].text


async def test_a_wrong_token_is_told_by_check(open_shop: Opener) -> None:
    """There is nothing to say of streams then."""
    shop = await open_shop(token="EAAG-somebody-elses")

    with pytest.raises(TokenInvalid, match="new Page token"):
        await shop.connector.check()


# Failing


FAULTS: dict[tuple[Fault, str | None], type[InboxdError]] = {
    (Fault.RATE_LIMIT, None): RateLimited,
    (Fault.RATE_LIMIT, "4"): RateLimited,
    (Fault.RATE_LIMIT, "613"): RateLimited,
    (Fault.SERVER_ERROR, None): Unavailable,
    (Fault.SERVER_ERROR, "1"): Unavailable,
    (Fault.SERVER_ERROR, facebook.NOT_AN_API_ERROR): Unavailable,
    (Fault.HTML, None): Unavailable,
    (Fault.TRUNCATED, None): Unavailable,
    (Fault.TIMEOUT, None): Unavailable,
    (Fault.DROP_BEFORE, None): Unavailable,
    (Fault.DROP_AFTER, None): Unavailable,
    (Fault.TOKEN_EXPIRED, None): TokenInvalid,
    (Fault.PERMISSION_MISSING, None): PermissionMissing,
    (Fault.PERMISSION_MISSING, "10"): PermissionMissing,
    (Fault.PERMISSION_MISSING, "368"): OperatorError,
    (Fault.PERMISSION_MISSING, "100/33"): UnexpectedPayload,
}


@pytest.mark.parametrize(("fault", "code"), FAULTS)
async def test_each_way_to_fail_is_one_class_and_shows_no_token(
    open_shop: Opener, fault: Fault, code: str | None
) -> None:
    """In reading; afterwards the same connector reads on."""
    shop = await open_shop(timeout=patience_for(fault), app={"app_secret": SECRET},
                           app_secret=SECRET)  # fmt: skip
    shop.dm("Hallo?")
    shop.faults.switch_on("facebook", fault, code=code, times=2)

    with pytest.raises(InboxdError) as raised:
        await shop.poll("conversations")

    assert type(raised.value) is FAULTS[fault, code] or code == "100/33"
    assert isinstance(raised.value, FAULTS[fault, code])
    assert not secrets_in(raised.value)
    shop.faults.clear()
    shop.clock.advance(timedelta(hours=1))
    assert await shop.texts("conversations") == ["Hallo?"]


async def test_a_malformed_answer_hangs_nothing_on_the_error(open_shop: Opener) -> None:
    """The library's own error about an answer that is no HTTP holds the request's headers."""

    async def nonsense(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 two-hundred OK\r\n\r\n")
        request.transport.close()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", nonsense)
    connector = Connector(settings(await open_shop.serve(app)), ManualClock(START))

    with pytest.raises(Unavailable) as raised:
        [page async for page in connector.poll("feed", None)]

    await connector.close()
    assert not secrets_in(raised.value)


async def test_the_token_is_in_no_url(shop: Shop) -> None:
    """Neither in a call nor in a next page's, which Graph's own `next` carries."""
    await write_much(shop)

    await shop.poll("feed")

    assert any("after" in call.query for call in shop.calls())
    assert [call for call in shop.calls() if "access_token" in call.query] == []


async def test_the_token_is_blotted_out_of_what_is_kept(open_shop: Opener) -> None:
    """A post that is not understood is kept raw, and the `next` inside it carries the token."""
    next_url = f"https://graph.facebook.com/7/comments?access_token={facebook.PAGE_TOKEN}&after=B"
    odd = {"id": "1_7", "created_time": "?", "comments": {"data": [], "paging": {"next": next_url}}}
    connector = await open_shop.script((200, {"data": [odd]}))

    (page,) = [page async for page in connector.poll("feed", None)]

    assert page.unknown[0].remote_id == "post:1_7"
    assert facebook.PAGE_TOKEN not in json.dumps(page.unknown[0].raw)


async def test_an_app_that_requires_it_gets_the_proof(open_shop: Opener) -> None:
    """appsecret_proof goes with every call, reads and writes."""
    shop = await open_shop(app={"app_secret": SECRET}, app_secret=SECRET)
    shop.dm("Hallo?")

    (message,) = await shop.poll("conversations")
    await shop.connector.send(reply_to(message))

    assert [call.status for call in shop.calls()] == [200, 200]


@pytest.mark.parametrize("body", [b"", b"[]", {"data": None}, {"data": {}}, {"success": True}])
async def test_an_answer_of_no_known_shape_is_a_clear_error(open_shop: Opener, body: Any) -> None:
    """No answer at all is the network's fault, an undescribed one ours to repair."""
    connector = await open_shop.script((200, body))

    with pytest.raises(Unavailable if isinstance(body, bytes) else UnexpectedPayload):
        [page async for page in connector.poll("conversations", None)]


async def test_one_malformed_item_is_kept_and_the_rest_goes_on(open_shop: Opener) -> None:
    """A conversation without a time, and between good ones a message with a wrong text."""
    messages = [
        {"id": "m_1", "created_time": "2026-03-02T08:00:00+0000", "from": {"id": 24}, "message": 7},
        {
            "id": "m_2",
            "created_time": "2026-03-02T07:59:00+0000",
            "from": {"id": 24},
            "message": "",
        },
    ]
    threads = [
        {"id": "t_1", "updated_time": None},
        {"id": "t_2", "updated_time": "2026-03-02T08:00:00+0000", "messages": {"data": messages}},
    ]
    connector = await open_shop.script((200, {"data": threads}))

    (page,) = [page async for page in connector.poll("conversations", None)]

    assert [unknown.remote_id for unknown in page.unknown] == ["conversation:t_1", "messages:m_1"]
    assert [message.remote_id for message in page.messages] == ["dm:m_2"]
    assert page.messages[0].author == Author("24")


async def test_a_page_cursor_that_expired_is_nobodys_fault(open_shop: Opener) -> None:
    """Its item was deleted between two calls: the next poll begins anew."""
    thread = {"id": "t_2", "updated_time": "2026-03-02T08:00:00+0000", "messages": {"data": []}}
    first = {"data": [thread], "paging": {"cursors": {"after": "B"}, "next": "https://x/?after=B"}}
    error = {"error": {"message": "Invalid cursors values", "type": "OAuthException", "code": 100}}
    connector = await open_shop.script((200, first), (400, error))

    with pytest.raises(Unavailable, match="deleted while it was read"):
        [page async for page in connector.poll("conversations", None)]


async def test_pages_that_lead_in_a_circle_are_left(open_shop: Opener) -> None:
    """Two pages that name each other as the next would be read for ever."""

    def page_before(after: str) -> tuple[int, dict[str, Any]]:
        at = "2026-03-02T08:00:00+0000"
        thread = {"id": "t_2", "updated_time": at, "messages": {"data": []}}
        paging = {"cursors": {"after": after}, "next": f"https://x/?after={after}"}
        return 200, {"data": [thread], "paging": paging}

    connector = await open_shop.script(*map(page_before, "ABABAB"))

    with pytest.raises(UnexpectedPayload, match="circle"):
        [page async for page in connector.poll("conversations", None)]


# Allowances


async def test_polling_pauses_before_an_allowance_is_used_up(open_shop: Opener) -> None:
    """From 90 per cent on nothing is asked for a while, and people can still answer."""
    shop = await open_shop(app={"usage": facebook.Usage(limit=10, silent=0)})
    shop.dm("Hallo?")
    for _ in range(9):
        shop.clock.advance(timedelta(seconds=1))
        (message,) = await shop.poll("conversations")

    with pytest.raises(RateLimited) as raised:
        await shop.poll("conversations")

    assert len(shop.calls()) == 9
    assert raised.value.until == shop.clock.now() + timedelta(minutes=5)
    await shop.connector.send(reply_to(message))
    shop.clock.set(raised.value.until)
    assert len(await shop.poll("conversations")) == 2


async def test_a_refusal_for_too_many_calls_tells_until_when(shop: Shop) -> None:
    """Graph tells the minutes in a header; there is no Retry-After."""
    wait = timedelta(minutes=40)
    shop.faults.switch_on("facebook", Fault.RATE_LIMIT, reset_after=wait, times=1)

    with pytest.raises(RateLimited) as refused:
        await shop.poll("feed")
    with pytest.raises(RateLimited) as paused:
        await shop.poll("conversations")

    assert refused.value.until == paused.value.until == shop.clock.now() + wait
    assert len(shop.calls()) == 1


# Sending


async def asked_in_every_way(shop: Shop) -> dict[str, Message]:
    """Return a customer's message of each kind that can be answered."""
    shop.dm("dm")
    root = shop.comment(shop.post(), "comment")
    shop.comment(root, "reply", author=shop.world.people[1])
    shop.post("post", author=shop.customer)
    shop.world.add("facebook", "mention", "mention", author=shop.customer, wall=shop.customer,
                   sent_at=shop.clock.now())  # fmt: skip
    polls = [await shop.poll(source) for source in ("conversations", "feed", "tagged")]
    return {message.text: message for messages in polls for message in messages}


@pytest.mark.parametrize("kind", ["dm", "comment", "reply", "post", "mention"])
async def test_what_was_sent_is_what_a_later_poll_delivers(shop: Shop, kind: str) -> None:
    """The same message under the same id in the same thread, so that it is stored once."""
    asked = (await asked_in_every_way(shop))[kind]
    shop.clock.advance(timedelta(minutes=1))

    result = await shop.connector.send(reply_to(asked))

    sources = {Stream.DIRECT_MESSAGES: "conversations", Stream.MENTIONS: "tagged"}
    came = await shop.poll(sources.get(asked.stream, "feed"))
    polled = next(message for message in came if message.remote_id == result.message.remote_id)
    as_sent = replace(polled, raw={}, url="", author=Author(PAGE))
    assert result.message == as_sent
    assert result.message.thread_id == asked.thread_id
    assert result.message.direction is Direction.OUTBOUND


@pytest.mark.parametrize(
    ("waited", "kind"),
    [
        (timedelta(hours=23), {"messaging_type": "RESPONSE"}),
        (timedelta(days=3), {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
    ],
)
async def test_messenger_is_told_why_it_may_deliver(
    shop: Shop, waited: timedelta, kind: dict[str, str]
) -> None:
    """Within a day as a response, within a week as a person's."""
    shop.dm("Hallo?")
    (asked,) = await shop.poll("conversations")
    shop.clock.advance(waited)

    await shop.connector.send(reply_to(asked))

    (call,) = shop.calls("POST messages")
    assert isinstance(call.body, dict)
    assert {name: call.body.get(name) for name in kind} == kind
    assert call.status == 200


async def test_after_a_week_nothing_is_even_tried(shop: Shop) -> None:
    """The author of the reply learns why."""
    shop.dm("Hallo?")
    (asked,) = await shop.poll("conversations")
    shop.clock.advance(timedelta(days=7, seconds=1))

    with pytest.raises(SendRefused, match="7 days"):
        await shop.connector.send(reply_to(asked))
    assert shop.calls("POST*") == []


async def test_what_facebook_refuses_to_deliver_is_told(open_shop: Opener) -> None:
    """A person who cannot be reached, and a window that closed before our clock said so."""
    gone = World(7, customers=40).people[0].id_on("facebook")
    shop = await open_shop(app={"refusals": {gone: 551}})
    shop.dm("Hallo?")
    (asked,) = await shop.poll("conversations")

    with pytest.raises(SendRefused, match="551"):
        await shop.connector.send(reply_to(asked))
    shop.faults.switch_on("facebook", Fault.PERMISSION_MISSING, code="10/2018278")
    with pytest.raises(SendRefused, match="time to reply is over"):
        await shop.connector.send(reply_to(asked))


LOST = {
    Fault.TIMEOUT: 0,
    Fault.DROP_BEFORE: 0,
    Fault.DROP_AFTER: 1,
    Fault.TRUNCATED: 1,
    Fault.HTML: 0,
    Fault.SERVER_ERROR: 0,
}
"""What loses the answer to a reply, and how often the reply was delivered then."""


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("kind", ["dm", "comment"])
async def test_a_lost_answer_is_an_unknown_outcome(
    open_shop: Opener, fault: Fault, kind: str
) -> None:
    """The reply may have been delivered, so it is not tried again here."""
    shop = await open_shop(timeout=patience_for(fault))
    asked = (await asked_in_every_way(shop))[kind]
    switch = shop.faults.switch_on("facebook", fault)

    with pytest.raises(OutcomeUnknown) as raised:
        await shop.connector.send(reply_to(asked))

    assert not secrets_in(raised.value)
    delivered = [item for item in shop.world.items() if item.text == reply_to(asked).text]
    assert len(delivered) == LOST[fault]
    assert switch.hits == 1
    assert not Connector.idempotent_sends


async def test_a_host_that_takes_no_connection_was_told_nothing(open_shop: Opener) -> None:
    """As behind a firewall that lets nothing through: the reply can be tried again."""
    asked = (await asked_in_every_way(await open_shop()))["comment"]
    with ExitStack() as sockets:
        deaf, *others = (sockets.enter_context(socket.socket()) for _ in range(4))
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for other in others:
            # What waits to be accepted fills its queue.
            other.setblocking(False)
            other.connect_ex(deaf.getsockname())
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        connector = Connector(settings(url, timeout=timedelta(seconds=1)), ManualClock(START))

        with pytest.raises(Unavailable, match="cannot be reached"):
            await connector.send(reply_to(asked))
        await connector.close()


async def test_an_answer_without_an_id_is_an_unknown_outcome(open_shop: Opener) -> None:
    """It was taken, and nobody can say as what."""
    connector = await open_shop.script((200, {"success": True}))
    asked = Message(
        remote_id="comment:7_8", thread_id="comment:7_8", stream=Stream.COMMENTS, public=True,
        direction=Direction.INBOUND, sent_at=START,
    )  # fmt: skip

    with pytest.raises(OutcomeUnknown, match="no id"):
        await connector.send(reply_to(asked))


SURELY_NOT: dict[Fault, type[InboxdError]] = {
    Fault.RATE_LIMIT: RateLimited,
    Fault.TOKEN_EXPIRED: TokenInvalid,
    Fault.PERMISSION_MISSING: PermissionMissing,
}


@pytest.mark.parametrize("fault", SURELY_NOT)
async def test_a_reply_that_was_surely_not_sent_says_who_must_act(shop: Shop, fault: Fault) -> None:
    """These can be tried again once somebody has acted or waited."""
    asked = (await asked_in_every_way(shop))["comment"]
    shop.faults.switch_on("facebook", fault)

    with pytest.raises(SURELY_NOT[fault]):
        await shop.connector.send(reply_to(asked))


@pytest.mark.parametrize(
    "act",
    [
        lambda connector, asked: connector.send(reply_to(asked)),
        lambda connector, _asked: connector.check(),
    ],
)
async def test_a_server_that_cannot_be_reached_was_told_nothing(
    act: Callable[[Connector, Message], Awaitable[object]],
) -> None:
    """Nothing was sent, so nothing is in doubt."""
    connector = Connector(settings(f"http://127.0.0.1:{unused_port()}"), ManualClock(START))
    asked = Message(
        remote_id="dm:m_1", thread_id="dm:t_1", stream=Stream.DIRECT_MESSAGES, public=False,
        direction=Direction.INBOUND, sent_at=START, author=Author("24"),
    )  # fmt: skip

    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        await act(connector, asked)

    await connector.close()
    assert not secrets_in(raised.value)
