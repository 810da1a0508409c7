"""The VK connector against the simulated VK: what it reads, what it sends, how it fails."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
import traceback
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.vk import Connector
from connectors.vk.sending import guid
from inboxd.clock import ManualClock
from inboxd.connector import OutgoingReply
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
    UserError,
)
from inboxd.model import Author, Direction, Message, Stream
from inboxd.simulator import vk
from inboxd.simulator.faults import Fault
from tests.contract.bad_line import read_request, says, serving
from tests.contract.vk_shop import (
    GROUP,
    SECRETS,
    SOURCES,
    START,
    WALL,
    Shop,
    canned,
    failure,
    message_event,
    open_shop,
    settings_for,
    told_once,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


# Reading


async def test_first_poll_reads_back_what_the_backfill_reaches(shop: Shop) -> None:
    """A new account begins with its recent past, private messages and comments alike."""
    shop.dm("слишком давно", sent_at=START - timedelta(days=4), author=shop.world.people[1])
    shop.dm("вчера", sent_at=START - timedelta(days=1))
    post = shop.world.add("vk", "post", "Завоз!", sent_at=START - timedelta(days=2))
    shop.comment(post, "а доставка?", sent_at=START - timedelta(hours=3))

    assert set(await shop.poll()) == {"вчера", "а доставка?"}


async def test_new_message_comes_by_the_long_poll(shop: Shop) -> None:
    """A private message is delivered with everything that the team needs to see."""
    await shop.poll()
    item = shop.dm("Где мой заказ?")

    message = (await shop.poll("long_poll"))["Где мой заказ?"]

    peer = shop.customer.id_on("vk")
    assert message == Message(
        remote_id=f"dm:{peer}_1",
        thread_id=f"dm:{peer}",
        stream=Stream.DIRECT_MESSAGES,
        direction=Direction.INBOUND,
        public=False,
        sent_at=START,
        text="Где мой заказ?",
        author=message.author,
        url=f"https://vk.com/gim{GROUP}?sel={peer}",
        raw={"id": item.number},
    )
    assert message.author is not None
    assert message.author.name == shop.customer.name
    assert message.author.handle == shop.customer.handle
    assert message.author.followers == shop.customer.followers


async def test_the_same_item_is_the_same_value_from_every_source(shop: Shop) -> None:
    """What the long poll told is not news when it is read back."""
    await shop.poll()
    post = shop.post()
    top = shop.comment(post, "Есть размер 42?")
    shop.comment(top, "И мне", author=shop.world.people[2])
    shop.world.reply(top.serial, "Есть!", sent_at=shop.clock.now(), staff="Ольга")
    dm = shop.dm("Здравствуйте")
    shop.world.reply(dm.serial, "Добрый день!", sent_at=shop.clock.now(), staff="Ольга")

    told = await shop.poll("long_poll")
    read_back = await shop.poll("conversations", "wall")

    assert len(told) == 5
    assert told == read_back


async def test_comment_and_nested_reply_share_a_thread(shop: Shop) -> None:
    """A conversation is a top comment with all that stands below it, however deep."""
    await shop.poll()
    post = shop.post()
    top = shop.comment(post, "Сколько стоит?")
    reply = shop.comment(top, "Тоже интересно", author=shop.world.people[3])
    shop.comment(reply, "И я жду")

    told = await shop.poll("long_poll")

    assert {message.thread_id for message in told.values()} == {
        f"wall_reply:{WALL}_{top.number}@{post.number}"
    }
    assert told["Сколько стоит?"].parent_id is None
    assert told["И я жду"].parent_id == f"wall_reply:{WALL}_{reply.number}"
    assert told["И я жду"].url.endswith(f"&thread={top.number}")
    assert (
        told["Сколько стоит?"].url == f"https://vk.com/wall{WALL}_{post.number}?reply={top.number}"
    )
    assert all(message.public for message in told.values())


async def test_own_answers_are_outbound(shop: Shop) -> None:
    """What the shop writes with any tool is an answer of the brand, with who wrote it."""
    await shop.poll()
    dm = shop.dm("Вы открыты?")
    shop.world.reply(dm.serial, "Да", sent_at=shop.clock.now(), staff="Павел")
    comment = shop.comment(shop.post(), "Спасибо")
    shop.world.reply(comment.serial, "И вам", sent_at=shop.clock.now())

    told = await shop.poll("long_poll")

    outbound = {text for text, each in told.items() if each.direction is Direction.OUTBOUND}
    assert outbound == {"Да", "И вам"}
    assert told["Да"].staff
    assert told["И вам"].author is not None
    assert told["И вам"].author.remote_id == str(WALL)
    assert told["И вам"].author.name == "Лавка «Север»"


async def test_edit_is_the_same_message_with_another_text(shop: Shop) -> None:
    """An edited message keeps its identity and says when it was edited."""
    await shop.poll()
    dm, comment = shop.dm("первй"), shop.comment(shop.post(), "плхо")
    before = await shop.poll("long_poll")
    shop.world.edit(dm.serial, "первый", at=shop.ahead(minutes=1))
    shop.world.edit(comment.serial, "плохо", at=shop.clock.now())

    after = await shop.poll("long_poll")

    edited = replace(before["первй"], text="первый", edited_at=START + timedelta(minutes=1))
    assert after == {
        "первый": edited,
        "плохо": replace(before["плхо"], text="плохо"),
    }
    assert (await shop.poll("conversations"))["первый"] == edited


async def test_deleted_comment_has_no_text_and_keeps_its_name(shop: Shop) -> None:
    """A deletion is told by the long poll and by the wall, under the id of the comment."""
    comment = shop.comment(shop.post(), "ужас")
    before = (await shop.poll())["ужас"]
    shop.world.delete(comment.serial, at=shop.ahead(minutes=1))

    (told,) = (await shop.poll("long_poll")).values()
    (read_back,) = (await shop.poll("wall")).values()

    for message in (told, read_back):
        assert message.remote_id == before.remote_id
        assert message.thread_id == before.thread_id
        assert message.deleted
        assert message.text == ""
    assert read_back.author is None
    assert read_back.sent_at == before.sent_at


async def test_comment_deleted_before_it_was_read_keeps_its_text(shop: Shop) -> None:
    """A page that tells of a comment and of its end delivers one message with both."""
    await shop.poll()
    top = shop.comment(shop.post(), "вопрос")
    nested = shop.comment(top, "грубость")
    shop.world.delete(nested.serial, at=shop.ahead(minutes=1))

    told = await shop.poll("long_poll")

    assert told["грубость"].deleted
    assert told["грубость"].thread_id == told["вопрос"].thread_id
    assert not told["вопрос"].deleted


async def test_late_item_inside_the_overlap_is_read(shop: Shop) -> None:
    """A message that VK shows after newer ones is found by the next re-read."""
    shop.dm("раньше", author=shop.world.people[4])
    await shop.poll()
    shop.ahead(minutes=8)
    shop.dm("вовремя")
    late = shop.clock.now() - timedelta(minutes=5)
    shop.dm("опоздало", sent_at=late, visible_at=shop.clock.now() + timedelta(minutes=1))
    assert set(await shop.poll("conversations")) == {"раньше", "вовремя"}

    shop.ahead(minutes=2)

    assert "опоздало" in await shop.poll("conversations")


async def test_late_comment_is_read_from_the_wall(shop: Shop) -> None:
    """A comment that appears below newer ones changes its post's count, so it is read."""
    post = shop.post()
    shop.ahead(minutes=8)
    shop.comment(post, "вовремя")
    late = shop.clock.now() - timedelta(minutes=5)
    shop.comment(post, "опоздало", sent_at=late, visible_at=shop.clock.now() + timedelta(minutes=1))
    assert set(await shop.poll("wall")) == {"вовремя"}

    shop.ahead(hours=1)

    assert "опоздало" in await shop.poll("wall")


async def test_long_history_and_many_conversations_are_paged(shop: Shop) -> None:
    """Nothing that is older than the first page of anything is left out."""
    for number in range(450):
        shop.dm(f"длинно {number}")
        shop.ahead(seconds=1)
    for number in range(230):
        person = shop.world.new_person(f"p{number}", f"Человек {number}")
        shop.dm(f"привет {number}", author=person)

    messages = await shop.poll("conversations")

    assert len(messages) == 680
    assert shop.calls("messages.getConversations") == 3
    assert all(message.author and message.author.name for message in messages.values())


async def test_long_wall_and_deep_threads_are_paged(shop: Shop) -> None:
    """More than a page of posts, of comments and of replies are read to the end."""
    posts = [shop.post(f"пост {number}") for number in range(130)]
    for number in range(120):
        shop.comment(posts[0], f"сверху {number}")
    top = shop.comment(posts[1], "начало")
    for number in range(115):
        shop.comment(top, f"снизу {number}")

    assert len(await shop.poll("wall")) == 120 + 1 + 115


async def test_pages_before_the_last_can_be_read_again(shop: Shop) -> None:
    """A crash between two pages costs a repetition, never a message."""
    post = shop.post()
    for number in range(110):
        shop.comment(post, f"вопрос {number}")
        shop.comment(shop.post(), f"другой вопрос {number}") if number < 3 else None
        shop.dm(f"привет {number}", author=shop.world.people[number % 3])
        shop.ahead(minutes=15)

    for source, count in (("conversations", 110), ("wall", 113)):
        shop.cursors.clear()
        whole = await shop.pages(source)
        assert len({message.text for page in whole for message in page.messages}) == count
        for stored in range(1, len(whole)):
            kept = {message.text for page in whole[:stored] for message in page.messages}
            shop.cursors[source] = whole[stored - 1].cursor
            assert len(kept | set(await shop.poll(source))) == count


async def test_restart_from_the_cursors_loses_nothing(shop: Shop) -> None:
    """Another process that has only the cursors reads what came in between."""
    await shop.poll()
    shop.dm("пока никого не было")
    shop.comment(shop.post(), "и здесь")
    await shop.connector.close()
    shop.connector = Connector(shop.settings, shop.clock)

    told = await shop.poll("long_poll")
    read_back = await shop.poll("conversations", "wall")

    assert set(told) == set(read_back) == {"пока никого не было", "и здесь"}
    await shop.connector.close()


async def test_quiet_poll_is_cheap(shop: Shop) -> None:
    """With nothing new, a poll asks once for each source and opens no history."""
    shop.comment(shop.post(), "давно")
    shop.ahead(hours=2)
    await shop.poll()
    shop.log.clear()

    assert await shop.poll("long_poll", "wall") == {}

    assert shop.calls("longpoll") == 1
    assert shop.calls("wall.get") == 1
    assert shop.calls("wall.getComments") == 0


async def test_message_from_the_future_does_not_carry_the_cursor_along() -> None:
    """A wrong date on one message does not make the connector miss those that follow."""
    dates = [int((START + ahead).timestamp()) for ahead in (timedelta(days=300), timedelta())]
    items = [
        {"conversation": {"peer": {"id": peer}}, "last_message": {"date": date}}
        for peer, date in enumerate(dates, start=5)
    ]
    history = {"count": 0, "items": []}
    answers = {
        "messages.getConversations": lambda _: {"count": 2, "items": items},
        "messages.getHistory": lambda _: history,
    }
    async with canned(answers) as connector:
        pages = [page async for page in connector.poll("conversations", None)]

    assert pages[-1].cursor == {"since": dates[1]}


async def test_hostile_texts_come_through_as_they_are(shop: Shop) -> None:
    """Length, controls and markup are the reader's business, not a reason to drop a message."""
    await shop.poll()
    texts = ["", "[/red]\x00\u202e<b>", "я" * 100_000, "👩‍👩‍👧 " * 10]
    for text in texts:
        shop.dm(text)

    assert sorted(await shop.poll("long_poll")) == sorted(texts)


async def test_streams_that_are_not_configured_are_not_delivered(shop: Shop) -> None:
    """An account for private messages alone hears nothing of comments."""
    connector = Connector(
        settings_for(shop.settings.api_base, streams=("direct_messages",)), shop.clock
    )
    assert [source.name for source in connector.sources()] == ["long_poll", "conversations"]
    cursor = [page async for page in connector.poll("long_poll", None)][-1].cursor
    shop.dm("личное")
    shop.comment(shop.post(), "на стене")

    pages = [page async for page in connector.poll("long_poll", cursor)]

    assert [message.text for page in pages for message in page.messages] == ["личное"]
    await connector.close()


async def test_wall_is_read_only_with_a_service_token(shop: Shop) -> None:
    """Without a token that may read walls there is no such source to fail."""
    connector = Connector(settings_for(shop.settings.api_base, service_token=None), shop.clock)

    assert [source.name for source in connector.sources()] == ["long_poll", "conversations"]
    with pytest.raises(UserError, match="long_poll, conversations, wall"):
        connector.poll("mail", None)


async def test_events_told_twice_are_delivered_once(shop: Shop) -> None:
    """An event id or a remote id that repeats within a page is one message."""
    shop.faults.switch_on("vk", Fault.DUPLICATES)
    await shop.poll()
    dm = shop.dm("раз")
    shop.comment(shop.post(), "два")

    for source in SOURCES:
        pages = await shop.pages(source)
        ids = [message.remote_id for page in pages for message in page.messages]
        assert len(ids) == len(set(ids))
        assert ids
    assert dm.number == 1


@pytest.mark.parametrize(("failed", "lost"), [(1, True), (2, False), (3, True)])
async def test_long_poll_recovers_when_key_or_history_is_gone(
    shop: Shop,
    failed: int,
    lost: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """Whatever VK has forgotten, the next poll goes on, and says so where events were lost."""
    await shop.poll()
    shop.dm("до")
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="longpoll", times=1, code=str(failed))

    pages = await shop.pages("long_poll")
    shop.dm("после")

    assert any("dropped" in page.note for page in pages) == lost
    texts = {message.text for page in pages for message in page.messages}
    assert ("до" in texts) == (not lost)
    assert "после" in await shop.poll("long_poll")
    assert "до" in await shop.poll("conversations")


async def test_expired_key_of_the_long_poll_loses_nothing(shop: Shop) -> None:
    """A key is good for an hour; after it the same place is listened to with another."""
    await shop.poll()
    shop.dm("спустя час")
    shop.ahead(hours=2)

    assert set(await shop.poll("long_poll")) == {"спустя час"}


async def test_key_that_is_refused_at_once_is_unavailable(shop: Shop) -> None:
    """VK that refuses every key is asked twice and not for ever."""
    await shop.poll()
    shop.faults.switch_on("vk", Fault.TOKEN_EXPIRED, endpoint="longpoll")

    assert isinstance(await failure(shop.poll("long_poll")), Unavailable)


async def test_no_key_of_the_long_poll_gets_into_a_cursor(shop: Shop) -> None:
    """The cursor goes into the database, so it holds nothing that opens the community."""
    await shop.poll()

    assert set(shop.cursors["long_poll"]) == {"ts"}


async def test_refused_conversation_has_a_closed_window(shop: Shop) -> None:
    """People are told before they write that they cannot, and what to do."""
    shop.dm("не пишите мне")
    shop.dm("пишите", author=shop.world.people[1])
    shop.refusals[shop.customer.id_on("vk")] = 901

    pages = await shop.pages("conversations")

    windows = {window.thread_id: window for page in pages for window in page.windows}
    closed = windows[f"dm:{shop.customer.id_on('vk')}"]
    assert not closed.open
    assert "ask them to write first" in closed.reason
    assert windows[f"dm:{shop.world.people[1].id_on('vk')}"].open


async def test_post_whose_comments_are_closed_stops_no_other(shop: Shop) -> None:
    """One post that cannot be read is a note; the others are read."""
    shop.comment(shop.post(), "закрыто")
    shop.comment(shop.post(), "открыто")
    shop.faults.switch_on(
        "vk", Fault.PERMISSION_MISSING, endpoint="wall.getComments", times=1, code="212"
    )

    pages = await shop.pages("wall")

    assert sum(len(page.messages) for page in pages) == 1
    assert [page.note for page in pages if page.note]


async def test_missing_name_holds_no_message_back(shop: Shop) -> None:
    """A message whose author cannot be asked for comes nameless now and named later."""
    await shop.poll()
    shop.dm("кто я?")
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="users.get", times=1)

    told = (await shop.poll("long_poll"))["кто я?"]
    read_back = (await shop.poll("conversations"))["кто я?"]

    assert told.author is not None
    assert told.author.name == ""
    assert read_back.author is not None
    assert read_back.author.name == shop.customer.name


# Failing

FAULTS = [
    (Fault.RATE_LIMIT, None, RateLimited),
    (Fault.RATE_LIMIT, "29", RateLimited),
    (Fault.RATE_LIMIT, "9", RateLimited),
    (Fault.SERVER_ERROR, None, Unavailable),
    (Fault.SERVER_ERROR, "1", Unavailable),
    (Fault.SERVER_ERROR, vk.NOT_AN_API_ERROR, Unavailable),
    (Fault.SERVER_ERROR, "14", RateLimited),
    (Fault.SERVER_ERROR, "3", UnexpectedPayload),
    (Fault.TOKEN_EXPIRED, None, TokenInvalid),
    (Fault.PERMISSION_MISSING, None, PermissionMissing),
    (Fault.PERMISSION_MISSING, "27", PermissionMissing),
    (Fault.HTML, None, Unavailable),
    (Fault.TRUNCATED, None, Unavailable),
    (Fault.DROP_BEFORE, None, Unavailable),
    (Fault.DROP_AFTER, None, Unavailable),
]


@pytest.mark.parametrize("source", ["long_poll", "conversations", "wall"])
@pytest.mark.parametrize(("fault", "code", "kind"), FAULTS)
async def test_each_fault_has_its_error(
    shop: Shop, source: str, fault: Fault, code: str | None, kind: type[InboxdError]
) -> None:
    """Who must act is told by the class, and nothing told of it shows a token."""
    shop.faults.switch_on("vk", fault, code=code)

    assert type(await failure(shop.poll(source))) is kind


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.TRUNCATED, Fault.DROP_BEFORE])
async def test_broken_long_poll_is_unavailable_and_shows_no_key(shop: Shop, fault: Fault) -> None:
    """The long poll's key is a secret too, and aiohttp would show it in the address."""
    await shop.poll()
    key = (shop.connector._listening.long_poll._place or ("", "no key"))[1]
    shop.faults.switch_on("vk", fault, endpoint="longpoll")

    error = await failure(shop.poll("long_poll"))

    assert isinstance(error, Unavailable)
    plain = "".join(traceback.format_exception(error))
    assert key not in plain
    assert error.__context__ is None


async def test_error_6_is_not_repeated_by_the_library(shop: Shop) -> None:
    """vk_api would repeat it without end; the poller waits instead."""
    shop.faults.switch_on("vk", Fault.RATE_LIMIT)

    await failure(shop.poll("conversations"))

    assert shop.calls("messages.getConversations") == 1


async def test_switched_off_long_poll_says_what_to_switch_on(shop: Shop) -> None:
    """Error 100 of this one method is a matter for who runs the community."""
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="groups.getLongPollServer", code="100")

    error = await failure(shop.poll("long_poll"))

    assert isinstance(error, PermissionMissing)
    assert "switch it on" in str(error)


async def test_nobody_listening_is_unavailable(shop: Shop, unused_tcp_port: int) -> None:
    """A refused connection is the network's fault, and a later poll may go through."""
    connector = Connector(settings_for(f"http://127.0.0.1:{unused_tcp_port}"), shop.clock)

    error = await failure(anext(connector.poll("conversations", None)))

    assert isinstance(error, Unavailable)
    await connector.close()


ANSWERS = [
    (b"null", UnexpectedPayload),
    (b"[]", UnexpectedPayload),
    (b'"text"', UnexpectedPayload),
    (b"{}", UnexpectedPayload),
    (b'{"error": "no"}', UnexpectedPayload),
    (b'{"error": {}}', UnexpectedPayload),
    (b'{"response": []}', UnexpectedPayload),
    (b'{"response": {"items": 5}}', UnexpectedPayload),
    (b"\xff\xfe", Unavailable),
    (b"", Unavailable),
    (b"[" * 50_000, InboxdError),
]


@pytest.mark.parametrize(("body", "kind"), ANSWERS)
async def test_answers_of_no_known_shape_are_told_apart(
    body: bytes, kind: type[InboxdError]
) -> None:
    """Broken JSON is VK's trouble, JSON of another shape is ours to repair."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/method/{name}", answer)
    async with TestServer(app) as server:
        connector = Connector(settings_for(str(server.make_url(""))), ManualClock(START))
        for source in SOURCES:
            assert isinstance(await failure(anext(connector.poll(source, None))), kind)
        await connector.close()


async def test_one_malformed_item_spoils_no_other() -> None:
    """What cannot be read is kept as it came; what stands around it is delivered."""
    events = told_once(
        message_event("a", text="да"),
        message_event("b", date="?"),
        message_event("c", date=10**20),
        message_event("d", action={"type": "chat_invite_user"}),
        {"type": "a_new_thing", "event_id": "e", "object": {}},
        {"type": "like_add", "event_id": "f", "object": {}},
        "nonsense",
    )
    async with canned({"listen": events}) as connector:
        pages = [page async for page in connector.poll("long_poll", {"ts": "1"})]

    assert [message.text for page in pages for message in page.messages] == ["да"]
    unknown = [unknown for page in pages for unknown in page.unknown]
    assert [each.kind for each in unknown] == [
        *["message_new"] * 2, "a_new_thing", "event",
    ]  # fmt: skip
    assert unknown[0].remote_id == "message_new:b"
    assert pages[-1].cursor == {"ts": "2"}


async def test_event_told_again_does_not_undo_an_edit() -> None:
    """A repeated event is known by its id and does not bring an older text back."""
    events = told_once(
        message_event("a", text="был"),
        message_event("b", "message_edit", text="стал", update_time=2),
        message_event("a", text="был"),
    )
    async with canned({"listen": events}) as connector:
        pages = [page async for page in connector.poll("long_poll", {"ts": "1"})]

    assert [message.text for page in pages for message in page.messages] == ["стал"]


async def test_malformed_conversation_post_and_comment_spoil_no_other() -> None:
    """The reads that go back keep what they cannot read, too."""
    now = int(START.timestamp())
    good = {"conversation": {"peer": {"id": 5}}, "last_message": {"date": now}}
    message = {"peer_id": 5, "conversation_message_id": 1, "from_id": 5, "date": now, "id": 9}
    post = {"id": 1, "date": now, "comments": {"count": 2}}
    answers = {
        "messages.getConversations": lambda _: {"count": 2, "items": [{"conversation": 1}, good]},
        "messages.getHistory": lambda _: {"count": 2, "items": [{"text": 5}, message]},
        "wall.get": lambda _: {"count": 2, "items": [None, post]},
        "wall.getComments": lambda _: {
            "count": 3,
            "items": [7, {"thread": {"count": 40}}, {"id": 3, "from_id": 5, "date": now}],
        },
    }
    async with canned(answers) as connector:
        for source, kinds in (
            ("conversations", ["message", "conversation"]),
            ("wall", ["post", "comment", "comment"]),
        ):
            pages = [page async for page in connector.poll(source, None)]
            assert [each.kind for page in pages for each in page.unknown] == kinds
            assert sum(len(page.messages) for page in pages) == 1


async def test_an_empty_page_of_conversations_ends_the_list() -> None:
    """However many VK says that there are: nothing would come of asking for ever."""
    asked: list[Mapping[str, str]] = []

    def nothing(form: Mapping[str, str]) -> dict[str, Any]:
        assert len(asked) < 5
        asked.append(form)
        return {"count": 10**9, "items": []}

    async with canned({"messages.getConversations": nothing}) as connector:
        (page,) = [page async for page in connector.poll("conversations", None)]

    assert not page.messages
    assert len(asked) == 1


async def test_redirect_does_not_show_the_token_to_another_host(shop: Shop) -> None:
    """A redirected call is given up: its body has the token in it."""

    async def elsewhere(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(f"{shop.settings.api_base}/method/utils.getServerTime")

    app = web.Application()
    app.router.add_route("*", "/method/{name}", elsewhere)
    async with TestServer(app) as server:
        connector = Connector(settings_for(str(server.make_url(""))), shop.clock)
        error = await failure(anext(connector.poll("conversations", None)))
        await connector.close()

    assert isinstance(error, Unavailable)
    assert shop.calls("*") == 0


async def test_hanging_request_blocks_nobody(shop: Shop) -> None:
    """While VK keeps one call waiting, the event loop and the other token go on."""
    shop.comment(shop.post(), "на стене")
    shop.faults.switch_on("vk", Fault.TIMEOUT, endpoint="messages.getConversations")
    hanging = asyncio.create_task(shop.poll("conversations"))

    assert "на стене" in await shop.poll("wall")

    assert not hanging.done()
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_call_ends_at_its_time_limit(shop: Shop) -> None:
    """No answer within the timeout is no answer."""
    connector = Connector(settings_for(shop.settings.api_base, timeout="1s"), shop.clock)
    shop.faults.switch_on("vk", Fault.TIMEOUT)

    assert isinstance(await failure(anext(connector.poll("conversations", None))), Unavailable)
    await connector.close()


async def test_close_ends_what_hangs_and_leaves_no_thread(shop: Shop) -> None:
    """A stop does not wait for VK: the call under way is cut off and its thread is gone."""
    connector = Connector(
        settings_for(shop.settings.api_base, name="shop-to-close", timeout="60s"), shop.clock
    )
    switch = shop.faults.switch_on("vk", Fault.TIMEOUT)
    hanging = asyncio.create_task(failure(anext(connector.poll("conversations", None))))
    while not switch.hits:  # noqa: ASYNC110 - the switch counts, it does not call
        await asyncio.sleep(0.01)
    waiting = asyncio.create_task(failure(connector.check()))
    await asyncio.sleep(0)

    began = time.monotonic()
    await connector.close()
    await connector.close()

    assert isinstance(await hanging, Unavailable)
    assert "the connector is closed" in str(await waiting)
    assert time.monotonic() - began < 30
    assert not any("shop-to-close" in thread.name for thread in threading.enumerate())
    assert isinstance(await failure(anext(connector.poll("conversations", None))), Unavailable)


async def test_close_ends_a_hanging_call_over_tls(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An encrypted call is cut off as well, to a host of the operator's own authority."""
    authority, reached = trustme.CA(), asyncio.Event()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)

    async def hang(_request: web.Request) -> web.Response:
        reached.set()
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    app = web.Application()
    app.router.add_post("/method/{name}", hang)
    server = TestServer(app, scheme="https", handler_cancellation=True)
    await server.start_server(ssl=tls)
    url = str(server.make_url(""))
    connector = Connector(settings_for(url, name="shop-tls", timeout="60s"), shop.clock)
    hanging = asyncio.create_task(failure(anext(connector.poll("conversations", None))))
    await asyncio.wait_for(reached.wait(), 30)
    await connector.close()

    assert isinstance(await hanging, Unavailable)
    assert not any("shop-tls" in thread.name for thread in threading.enumerate())
    await server.close()


# Sending


async def test_sent_message_equals_the_polled_one(shop: Shop) -> None:
    """A private reply is known at once as every source will deliver it."""
    await shop.poll()
    shop.dm("Когда доставка?")
    question = (await shop.poll("long_poll"))["Когда доставка?"]

    sent = (await shop.connector.send(shop.reply(question, "Завтра"))).message

    assert sent.direction is Direction.OUTBOUND
    assert sent == (await shop.poll("long_poll"))["Завтра"]
    assert sent == (await shop.poll("conversations"))["Завтра"]


async def test_sent_comment_equals_the_polled_one(shop: Shop) -> None:
    """A public reply stands in the thread of the comment that it answers."""
    await shop.poll()
    post = shop.post()
    top = shop.comment(post, "Есть синие?")
    shop.comment(top, "И красные?", author=shop.world.people[1])
    question = (await shop.poll("long_poll"))["И красные?"]

    sent = (await shop.connector.send(shop.reply(question, "Есть"))).message

    assert sent.thread_id == question.thread_id
    assert sent.parent_id == question.remote_id
    assert sent == (await shop.poll("long_poll"))["Есть"]
    assert sent == (await shop.poll("wall"))["Есть"]


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.DROP_BEFORE, Fault.TRUNCATED])
async def test_repeated_send_delivers_once(shop: Shop, public: bool, fault: Fault) -> None:  # noqa: FBT001 - a parameter of the case
    """Whatever happened to the first answer, trying again is safe and tells the same."""
    await shop.poll()
    if public:
        shop.comment(shop.post(), "вопрос")
    else:
        shop.dm("вопрос")
    question = (await shop.poll("long_poll"))["вопрос"]
    reply = shop.reply(question, "ответ")
    shop.faults.switch_on("vk", fault, endpoint="messages.send", times=1)
    shop.faults.switch_on("vk", fault, endpoint="wall.createComment", times=1)

    assert isinstance(await failure(shop.connector.send(reply)), OutcomeUnknown)
    first = await shop.connector.send(reply)
    again = await shop.connector.send(reply)

    assert first == again
    written = [item for item in shop.world.items() if item.text == "ответ"]
    assert len(written) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [("1", OutcomeUnknown), ("10", OutcomeUnknown), (vk.NOT_AN_API_ERROR, Unavailable)],
)
async def test_a_send_that_vk_may_have_taken_is_in_doubt(
    shop: Shop, code: str, kind: type[InboxdError]
) -> None:
    """What failed within VK may have been carried out; what was turned away (503) was not."""
    shop.comment(shop.post(), "вопрос")
    question = (await shop.poll("wall"))["вопрос"]
    reply = shop.reply(question, "ответ")
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="wall.createComment", code=code)

    assert type(await failure(shop.connector.send(reply))) is kind


@pytest.mark.parametrize("code", [8, 113, 911, 940, 99_999])
async def test_a_send_that_vk_refuses_for_whatever_reason_is_not_in_doubt(code: int) -> None:
    """An error of VK's is an answer: it names itself at once, and nobody has to look for a reply."""
    no = {"error": {"error_code": code, "error_msg": "No"}}
    answers = {
        "messages.getHistory": lambda _form: {"count": 0, "items": []},
        "messages.send": lambda _form: web.json_response(no),
    }
    async with canned(answers) as connector:
        error = await failure(connector.send(replace(chat_reply(), thread_id="dm:5")))

    assert type(error) is UnexpectedPayload
    assert f"VK error {code}, No" in str(error)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(302, Unavailable), (403, Unavailable), (413, Unavailable), (502, OutcomeUnknown)],
)
async def test_a_send_that_a_server_before_vk_refuses_is_not_in_doubt(
    shop: Shop, status: int, kind: type[InboxdError]
) -> None:
    """A log-in page of the net, or a firewall, passes nothing on; a gateway's 502 may follow that."""
    shop.comment(shop.post(), "вопрос")
    reply = shop.reply((await shop.poll("wall"))["вопрос"], "ответ")
    async with serving(says(status, b"{}", "Location: http://127.0.0.1:1/")) as server:
        connector = Connector(settings_for(server.url), shop.clock)
        assert type(await failure(connector.send(reply))) is kind
        await connector.close()


@pytest.mark.parametrize("proxy", ["", "socks5://127.0.0.1:1080"])
async def test_a_send_that_reached_nobody_is_simply_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int, proxy: str
) -> None:
    """Nothing can have been taken where nobody listens, nor by a proxy that cannot be used."""
    shop.comment(shop.post(), "вопрос")
    reply = shop.reply((await shop.poll("wall"))["вопрос"], "ответ")
    nowhere = Connector(settings_for(f"http://127.0.0.1:{unused_tcp_port}"), shop.clock)
    monkeypatch.setenv("http_proxy", proxy)
    try:
        assert type(await failure(nowhere.send(reply))) is Unavailable
    finally:
        await nowhere.close()


async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take a request, and hang up."""
    await read_request(reader)
    writer.close()


@pytest.mark.parametrize(
    ("scheme", "answer", "kind", "said"),
    [
        ("http", break_off, OutcomeUnknown, "vk.example broke the connection off"),
        ("https", says(403, b""), Unavailable, "the environment's proxy refuses (403)"),
    ],
)
async def test_a_send_that_a_proxy_may_have_passed_on_is_in_doubt(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, scheme: str, answer: Any, kind: Any, said: str
) -> None:
    """What breaks off behind a proxy may have arrived; what the proxy refuses has not."""
    shop.comment(shop.post(), "вопрос")
    reply = shop.reply((await shop.poll("wall"))["вопрос"], "ответ")
    async with serving(answer) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy.url)
        connector = Connector(settings_for(f"{scheme}://vk.example"), shop.clock)
        error = await failure(connector.send(reply))
        await connector.close()

    assert type(error) is kind
    assert said in str(error)


async def test_a_message_that_vk_has_taken_and_does_not_show_is_in_doubt(shop: Shop) -> None:
    """It must not be taken back, nor called refused: the next try finds it in the conversation."""
    shop.dm("вопрос")
    reply = shop.reply((await shop.poll("conversations"))["вопрос"], "ответ")
    refusal = Fault.PERMISSION_MISSING
    shop.faults.switch_on("vk", refusal, endpoint="messages.getById", times=1)

    assert isinstance(await failure(shop.connector.send(reply)), OutcomeUnknown)
    await shop.connector.send(reply)
    assert len([item for item in shop.world.items() if item.text == "ответ"]) == 1


@pytest.mark.parametrize("shown", [{}, {"items": []}, {"items": [5]}, {"items": [{"id": 77}]}])
async def test_a_message_that_is_shown_in_no_known_shape_is_in_doubt(shown: Any) -> None:
    """VK has taken it, and whoever is told that it was refused would write it again."""
    answers = {
        "messages.getHistory": lambda _form: {"count": 0, "items": []},
        "messages.send": lambda _form: 77,
        "messages.getById": lambda _form: shown,
    }
    async with canned(answers) as connector:
        error = await failure(connector.send(replace(chat_reply(), thread_id="dm:5")))

    assert type(error) is OutcomeUnknown


@pytest.mark.parametrize("created", [{}, {"comment_id": None}, "ok", {"comment_id": "many"}])
async def test_a_comment_that_vk_gives_no_number_is_in_doubt(shop: Shop, created: Any) -> None:
    """It was taken all the same."""
    shop.comment(shop.post(), "вопрос")
    reply = shop.reply((await shop.poll("wall"))["вопрос"], "ответ")
    async with canned({"wall.createComment": lambda _form: created}) as connector:
        assert type(await failure(connector.send(reply))) is OutcomeUnknown


async def test_message_is_not_repeated_when_vk_has_forgotten_it(shop: Shop) -> None:
    """VK knows a random_id for an hour; the conversation knows it for good."""
    shop.dm("вопрос")
    question = (await shop.poll("conversations"))["вопрос"]
    await shop.connector.send(shop.reply(question, "ответ"))
    shop.ahead(hours=5)

    await shop.connector.send(shop.reply(question, "ответ"))

    assert len([item for item in shop.world.items() if item.text == "ответ"]) == 1


async def test_two_replies_with_the_same_words_are_two(shop: Shop) -> None:
    """The key and not the text says what is the same reply."""
    shop.dm("вопрос")
    question = (await shop.poll("conversations"))["вопрос"]

    for key in ("reply-1", "reply-2"):
        await shop.connector.send(shop.reply(question, "ответ", key))

    assert len([item for item in shop.world.items() if item.text == "ответ"]) == 2
    assert guid("reply-1") != guid("reply-2")


CHAT = 2_000_000_001
NO_HISTORY = {"error_code": 917, "error_msg": "You don't have access to this chat"}


def chat_reply() -> OutgoingReply:
    """Return an answer to what somebody wrote in a group chat."""
    return OutgoingReply(
        key="reply-1", thread_id=f"dm:{CHAT}", stream=Stream.DIRECT_MESSAGES, text="Есть",
        parent_id=f"dm:{CHAT}_206", recipient=Author("5"), sent_after=START,
    )  # fmt: skip


def chat(*, readable: bool, **told: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a VK with a group chat, and what has been written there: its `id` is 0, as recorded."""
    written: list[dict[str, Any]] = []

    def send(form: Mapping[str, str]) -> Any:
        if not any(item["random_id"] == int(form["random_id"]) for item in written) and not told:
            written.append({
                "id": 0, "conversation_message_id": 207, "peer_id": CHAT, "from_id": -GROUP,
                "date": 1, "out": 1, "text": form["message"], "random_id": int(form["random_id"]),
            })  # fmt: skip
        sent = {"peer_id": CHAT, "message_id": 0, "conversation_message_id": 207} | told
        return [sent] if form.get("peer_ids") == str(CHAT) else 0

    def read(_form: Mapping[str, str]) -> Any:
        return {"count": len(written), "items": written} if readable else refused()

    def refused() -> web.Response:
        return web.json_response({"error": NO_HISTORY})

    answers = {
        "messages.send": send, "messages.getHistory": read,
        "messages.getByConversationMessageId": read,
        "messages.getById": lambda _form: {"count": 0, "items": []},
    }  # fmt: skip
    return answers, written


@pytest.mark.parametrize("readable", [True, False])
async def test_reply_in_a_group_chat_is_known_at_once(readable: bool) -> None:  # noqa: FBT001 - a parameter of the case
    """VK gives a chat's messages no id, and shows its history only to its administrators."""
    answers, written = chat(readable=readable)
    async with canned(answers) as connector:
        first = (await connector.send(chat_reply())).message
        again = (await connector.send(chat_reply())).message

    assert len(written) == 1
    assert first.remote_id == again.remote_id == f"dm:{CHAT}_207"
    assert first.direction is Direction.OUTBOUND
    assert first.text == "Есть"


@pytest.mark.parametrize(
    "shown",
    [{}, {"items": [5]}, web.json_response({"error": {"error_code": 5, "error_msg": "No"}})],
)
async def test_reply_in_a_chat_that_shows_it_badly_is_known_all_the_same(shown: Any) -> None:
    """What VK told when it took the reply is enough to know it again."""
    answers, _written = chat(readable=True)
    answers["messages.getByConversationMessageId"] = lambda _form: shown
    async with canned(answers) as connector:
        sent = (await connector.send(chat_reply())).message

    assert (sent.remote_id, sent.text) == (f"dm:{CHAT}_207", "Есть")


@pytest.mark.parametrize(
    "told", [[], [5], [{"peer_id": CHAT}], [{"error": {"code": 10, "description": "Oops"}}]]
)
async def test_reply_in_a_chat_of_which_vk_tells_nothing_is_in_doubt(told: Any) -> None:
    """Neither has it surely arrived, nor was it refused."""
    answers, _written = chat(readable=True)
    answers["messages.send"] = lambda _form: told
    async with canned(answers) as connector:
        assert type(await failure(connector.send(chat_reply()))) is OutcomeUnknown


async def test_chat_that_takes_no_reply_is_a_refusal() -> None:
    """With `peer_ids` VK says in the answer itself why one peer cannot be written to."""
    answers, _written = chat(
        readable=False, error={"code": 945, "description": "Chat was disabled"}
    )
    async with canned(answers) as connector:
        error = await failure(connector.send(chat_reply()))

    assert isinstance(error, SendRefused)
    assert "945" in str(error)


@pytest.mark.parametrize("code", [900, 901, 902])
async def test_person_who_cannot_be_written_to_is_a_refusal(shop: Shop, code: int) -> None:
    """The author of the reply is told why it cannot be delivered and what to do."""
    shop.dm("вопрос")
    question = (await shop.poll("conversations"))["вопрос"]
    shop.refusals[shop.customer.id_on("vk")] = code

    error = await failure(shop.connector.send(shop.reply(question, "ответ")))

    assert isinstance(error, SendRefused)
    assert str(code) in str(error)


@pytest.mark.parametrize("code", ["7", "15", "212", "100"])
async def test_comment_that_cannot_be_answered_is_a_refusal(shop: Shop, code: str) -> None:
    """Closed comments are no missing scope: the reply's author must choose another way."""
    shop.comment(shop.post(), "вопрос")
    question = (await shop.poll("wall"))["вопрос"]
    shop.faults.switch_on("vk", Fault.PERMISSION_MISSING, endpoint="wall.createComment", code=code)

    assert isinstance(
        await failure(shop.connector.send(shop.reply(question, "ответ"))), SendRefused
    )


@pytest.mark.parametrize("text", ["", " \n", "\ud83d", "я" * 9001])
async def test_text_that_vk_cannot_take_is_a_refusal(shop: Shop, text: str) -> None:
    """Empty, broken and too long texts are refused with what to do about them."""
    shop.dm("вопрос")
    question = (await shop.poll("conversations"))["вопрос"]

    assert isinstance(await failure(shop.connector.send(shop.reply(question, text))), SendRefused)


@pytest.mark.parametrize(
    "thread", ["", "dm:", "wall_reply:-1_2", "story:-1_2@3", "photo_comment:-123456_4@7"]
)
async def test_conversation_that_has_no_way_back_is_a_refusal(shop: Shop, thread: str) -> None:
    """A thread that this account cannot answer is said to be one, and nothing is sent."""
    shop.dm("вопрос")
    question = (await shop.poll("conversations"))["вопрос"]
    reply = replace(shop.reply(question, "ответ"), thread_id=thread)

    assert isinstance(await failure(shop.connector.send(reply)), SendRefused)


async def test_expired_token_stops_a_send(shop: Shop) -> None:
    """A refused token is the operator's matter, not the author's."""
    shop.dm("вопрос")
    question = (await shop.poll("conversations"))["вопрос"]
    shop.faults.switch_on("vk", Fault.TOKEN_EXPIRED)

    error = await failure(shop.connector.send(shop.reply(question, "ответ")))

    assert isinstance(error, TokenInvalid)


# Check


async def check(shop: Shop, **changes: Any) -> dict[Stream, tuple[bool, str]]:
    connector = Connector(settings_for(shop.settings.api_base, **changes), shop.clock)
    found = await connector.check()
    await connector.close()
    assert found.identity == f"Лавка «Север» (club{GROUP})"
    return {each.stream: (each.ok, each.text) for each in found.streams}


async def events_on(shop: Shop, **events: int) -> None:
    """Set the community's long-poll settings by the API, as its owner would."""
    await shop.connector._desk.community.call(
        "groups.setLongPollSettings", {"group_id": GROUP, **events}
    )


async def test_check_says_which_streams_the_tokens_can_serve(shop: Shop) -> None:
    """Mentions are accepted in the configuration, and the check says why they do not come."""
    streams = await check(shop, streams=("direct_messages", "comments", "mentions"))

    assert streams[Stream.DIRECT_MESSAGES] == (True, "")
    assert streams[Stream.COMMENTS][0]
    assert not streams[Stream.MENTIONS][0]
    assert "user token" in streams[Stream.MENTIONS][1]


async def test_check_names_the_events_to_switch_on(shop: Shop) -> None:
    """An event that VK does not deliver is named, so that the owner can switch it on."""
    await events_on(shop, message_new=0, wall_reply_new=0)

    both = await check(shop)
    without_wall = await check(shop, service_token=None)

    assert both[Stream.DIRECT_MESSAGES] == (True, "switch on the long-poll events message_new")
    assert both[Stream.COMMENTS][0]
    assert not without_wall[Stream.COMMENTS][0]
    assert "service_token" in without_wall[Stream.COMMENTS][1]


async def test_check_says_that_the_long_poll_is_off(shop: Shop) -> None:
    """Without the long poll, comments need the wall and messages come later."""
    await events_on(shop, enabled=0)

    streams = await check(shop, service_token=None)

    assert "switch on the Long Poll API" in streams[Stream.DIRECT_MESSAGES][1]
    assert not streams[Stream.COMMENTS][0]


async def test_check_tells_of_a_service_token_that_does_not_work(shop: Shop) -> None:
    """A second token that is wrong is found before the day it is needed."""
    streams = await check(shop, service_token=vk.COMMUNITY_TOKEN)

    assert "cannot be read back" in streams[Stream.COMMENTS][1]


async def test_check_raises_for_a_refused_token(shop: Shop) -> None:
    """A community token that VK does not know is an error, not a report."""
    with pytest.raises(OperatorError):
        await check(shop, token="vk1.a.wrong")


def test_settings_show_no_token_and_want_an_origin() -> None:
    """A settings object in a log or an error shows stars, and an api_base is a whole origin."""
    settings = settings_for("http://127.0.0.1:1/")

    assert settings.api_base == "http://127.0.0.1:1"
    assert not [secret for secret in SECRETS if secret in repr(settings)]
    assert settings_for("").api_base == "https://api.vk.ru"
    with pytest.raises(ValueError, match="must begin with"):
        settings_for("api.vk.ru")
