"""The VK connector in public: customers' posts, discussions, photos, and what can be answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from connectors.vk import Connector
from inboxd.core.text import comparable
from inboxd.errors import PermissionMissing, SendRefused, UnexpectedPayload
from inboxd.model import Direction, Stream
from inboxd.simulator import vk
from inboxd.simulator.faults import Fault
from tests.contract.vk_shop import START, WALL, canned, failure, open_shop, told_once

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from inboxd.model import ReplyWindow
    from inboxd.simulator.world import Item
    from tests.contract.vk_shop import Shop

PLACES = ("photo", "video", "market", "board")
NAMES = {
    "photo": "photo_comment", "video": "video_comment", "market": "market_comment",
    "board": "board_post",
}  # fmt: skip


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A shop with every kind of token."""
    async with open_shop(user_token=vk.USER_TOKEN) as opened:
        yield opened


def thing(shop: Shop, place: str) -> Item:
    """Let the shop show a photo, a video, a product or a topic, now."""
    return shop.world.add("vk", "post", "Каталог", sent_at=shop.clock.now(), place=place)


def visitors_post(shop: Shop, text: str, **facts: Any) -> Item:
    """Let a customer post on the shop's wall, now."""
    facts.setdefault("sent_at", shop.clock.now())
    return shop.world.add("vk", "post", text, author=shop.customer, **facts)


async def windows(shop: Shop, source: str) -> dict[str, ReplyWindow]:
    """Poll *source*; return what it tells of answering, by the thread."""
    pages = await shop.pages(source)
    return {window.thread_id: window for page in pages for window in page.windows}


# Customers' posts


async def test_post_of_a_customer_is_a_message_from_both_sources(shop: Shop) -> None:
    """What somebody writes on the shop's wall asks for an answer, and is read back as it was told."""
    await shop.poll()
    item = visitors_post(shop, "Где мой заказ?")

    told, read_back = await shop.poll("long_poll"), await shop.poll("wall")

    message = told["Где мой заказ?"]
    assert told == read_back
    assert message.remote_id == message.thread_id == f"wall_post:{WALL}_{item.number}"
    assert message.stream is Stream.COMMENTS
    assert message.direction is Direction.INBOUND
    assert message.author is not None
    assert message.author.name == shop.customer.name


async def test_comments_below_a_customers_post_stand_in_its_thread(shop: Shop) -> None:
    """The shop's answer below the post ends the wait of who wrote the post."""
    await shop.poll()
    post = visitors_post(shop, "Верните деньги")
    answer = shop.world.reply(post.serial, "Вернём", sent_at=shop.clock.now())
    shop.comment(answer, "Спасибо")

    told, read_back = await shop.poll("long_poll"), await shop.poll("wall")

    assert told == read_back
    thread = f"wall_post:{WALL}_{post.number}"
    assert {message.thread_id for message in told.values()} == {thread}
    assert told["Вернём"].parent_id == thread
    assert told["Вернём"].direction is Direction.OUTBOUND
    assert told["Спасибо"].parent_id == f"wall_reply:{WALL}_{answer.number}"


@pytest.mark.parametrize("tokens", [{}, {"service_token": None, "user_token": None}])
async def test_a_restart_does_not_forget_whose_post_it_is(
    shop: Shop, tokens: dict[str, Any]
) -> None:
    """The cursor or the wall tells; without a token that reads walls it is the cursor alone."""
    connector = Connector(shop.settings.model_copy(update=tokens), shop.clock)
    (begun,) = [page async for page in connector.poll("long_poll", None)]
    post = visitors_post(shop, "Где заказ?")
    first = [page async for page in connector.poll("long_poll", begun.cursor)]
    await connector.close()
    shop.world.reply(post.serial, "Едет", sent_at=shop.clock.now())
    connector = Connector(shop.settings.model_copy(update=tokens), shop.clock)

    second = [page async for page in connector.poll("long_poll", first[-1].cursor)]

    (answer,) = [message for page in second for message in page.messages]
    await connector.close()
    assert answer.thread_id == f"wall_post:{WALL}_{post.number}"


async def test_post_is_answered_by_a_comment_below_it(shop: Shop) -> None:
    """What is sent is known at once as every source will deliver it."""
    await shop.poll()
    visitors_post(shop, "Где мой заказ?")
    question = (await shop.poll("long_poll"))["Где мой заказ?"]

    sent = (await shop.connector.send(shop.reply(question, "Едет"))).message

    assert sent == (await shop.poll("long_poll"))["Едет"]
    assert sent == (await shop.poll("wall"))["Едет"]
    assert sent.thread_id == question.thread_id


async def test_suggested_post_reaches_the_shop_and_says_how_to_answer(shop: Shop) -> None:
    """Nobody else sees it and nobody can comment on it, which is said before a person writes."""
    await shop.poll()
    visitors_post(shop, "Опубликуйте, пожалуйста", place="suggest")
    (page, _) = await shop.pages("long_poll")
    (message,) = page.messages

    assert not message.public
    assert message.thread_id.startswith("suggested_post:")
    (window,) = page.windows
    assert not window.open
    assert "publish it" in window.reason
    assert isinstance(await failure(shop.connector.send(shop.reply(message, "Да"))), SendRefused)


async def test_post_beyond_the_backfill_is_still_watched(shop: Shop) -> None:
    """A comment below an old post that the long poll lost is read back."""
    old = shop.world.add("vk", "post", "Давно", sent_at=START - timedelta(days=20))
    shop.comment(old, "тогда", sent_at=START - timedelta(days=19))
    assert await shop.poll("wall") == {}
    shop.ahead(hours=1)
    shop.comment(old, "теперь")

    assert set(await shop.poll("wall")) == {"теперь"}


# Changes


@pytest.mark.parametrize("place", ["", *PLACES])
async def test_restored_comment_is_said_to_be_back(shop: Shop, place: str) -> None:
    """A deletion that is undone is delivered as such, whatever the comment stands below."""
    await shop.poll()
    comment = shop.comment(thing(shop, place) if place else shop.post(), "ужас")
    await shop.poll("long_poll")
    shop.world.delete(comment.serial, at=shop.ahead(minutes=1))
    (deleted,) = (await shop.poll("long_poll")).values()
    shop.world.restore(comment.serial, at=shop.ahead(minutes=1))

    (back,) = (await shop.poll("long_poll")).values()

    assert deleted.deleted
    assert not deleted.restored
    assert back.restored
    assert not back.deleted
    assert back.text == "ужас"
    assert back.remote_id == deleted.remote_id


async def test_deletion_and_restoration_within_one_page_end_as_restored(shop: Shop) -> None:
    """The last state of a page is what is delivered, and an edit does not hide the restoration."""
    await shop.poll()
    comment = shop.comment(shop.post(), "ужс")
    await shop.poll("long_poll")
    shop.world.delete(comment.serial, at=shop.ahead(minutes=1))
    shop.world.restore(comment.serial, at=shop.ahead(minutes=1))
    shop.world.edit(comment.serial, "ужас", at=shop.ahead(minutes=1))

    told = await shop.poll("long_poll")

    assert told["ужас"].restored
    assert not told["ужас"].deleted


async def test_stub_of_a_nested_comment_keeps_its_thread(shop: Shop) -> None:
    """A deleted reply, read from the wall, stands below the comment that it answered."""
    top = shop.comment(shop.post(), "вопрос")
    nested = shop.comment(top, "грубость")
    shop.world.delete(nested.serial, at=shop.ahead(minutes=1))

    told = await shop.poll("wall")

    assert told[""].deleted
    assert told[""].thread_id == told["вопрос"].thread_id


# Discussions, photos, videos, goods


async def test_discussion_is_read_back_as_it_was_told(shop: Shop) -> None:
    """What the long poll told of a topic is not news when the topic is read."""
    await shop.poll()
    topic = thing(shop, "board")
    asked = shop.comment(topic, "Отзыв: всё плохо")
    answer = shop.world.reply(asked.serial, "Исправим", sent_at=shop.clock.now())
    shop.comment(answer, "Когда?")

    told, read_back = await shop.poll("long_poll"), await shop.poll("boards")

    assert len(told) == 3
    assert told == read_back
    root = f"board_post:{WALL}_{asked.number}@{topic.number}"
    assert {message.thread_id for message in told.values()} == {root}


async def test_photo_comments_are_read_back_with_a_user_token(shop: Shop) -> None:
    """Those below all photos of the community, as they were told."""
    await shop.poll()
    for _ in range(2):
        asked = shop.comment(thing(shop, "photo"), f"Это в наличии? {shop.ahead(minutes=1)}")
        shop.world.reply(asked.serial, f"Да {asked.sent_at}", sent_at=shop.clock.now())

    told, read_back = await shop.poll("long_poll"), await shop.poll("photos")

    assert len(told) == 4
    assert told == read_back


@pytest.mark.parametrize("place", PLACES)
async def test_an_answer_to_an_answer_stays_in_the_thread(shop: Shop, place: str) -> None:
    """VK names only what is answered, which may be an answer itself, after a restart as well."""
    await shop.poll()
    asked = shop.comment(thing(shop, place), "Есть?")
    answer = shop.world.reply(asked.serial, "Есть!", sent_at=shop.clock.now())
    first = await shop.poll("long_poll")
    again = shop.comment(answer, "А синие?")
    await shop.connector.close()
    shop.connector = Connector(shop.settings, shop.clock, shop.ledger)
    shop.world.reply(again.serial, "И синие", sent_at=shop.clock.now())

    second = await shop.poll("long_poll")

    threads = {message.thread_id for message in [*first.values(), *second.values()]}
    assert len(first) + len(second) == 4
    assert len(threads) == 1
    await shop.connector.close()


@pytest.mark.parametrize("place", PLACES)
async def test_answer_below_a_thing_is_what_a_poll_delivers(shop: Shop, place: str) -> None:
    """With a user token it can be written, and is addressed to who asked."""
    await shop.poll()
    shop.comment(thing(shop, place), "Есть?")
    (question,) = (await shop.poll("long_poll")).values()

    sent = (await shop.connector.send(shop.reply(question, "Есть!"))).message

    (polled,) = (await shop.poll("long_poll")).values()
    assert sent == polled
    assert sent.thread_id == question.thread_id
    assert sent.direction is Direction.OUTBOUND
    assert sent.text.endswith("], Есть!" if place == "board" else "Есть!")
    assert comparable(sent.text) == "Есть!"  # by which a reply whose answer was lost is found
    assert sent.addressees == (str(shop.customer.id_on("vk")),)


async def test_a_community_without_discussions_is_not_asked_for_them(shop: Shop) -> None:
    """There is a setting for it, so that nothing fails for ever."""
    settings = shop.settings.model_copy(update={"boards": False})
    connector = Connector(settings, shop.clock)

    assert "boards" in [source.name for source in shop.connector.sources()]
    assert "boards" not in [source.name for source in connector.sources()]


async def test_what_reads_back_names_what_it_repairs(shop: Shop) -> None:
    """What these sources find first, the long poll did not deliver."""
    repaired = {source.name: source.reads_back for source in shop.connector.sources()}

    assert repaired == {
        "long_poll": "", "conversations": "long_poll", "wall": "long_poll",
        "boards": "long_poll", "photos": "long_poll",
    }  # fmt: skip


# Whom an answer is for


async def test_answers_name_whom_they_are_for(shop: Shop) -> None:
    """By VK's own field, or by the name in front of the text; a customer's words name nobody."""
    await shop.poll()
    top = shop.comment(shop.post(), "Сколько стоит?")
    other = shop.comment(top, "И мне", author=shop.world.people[3])
    shop.world.reply(other.serial, "900", sent_at=shop.clock.now())
    third = shop.world.people[4].id_on("vk")
    shop.world.reply(
        top.serial, f"[id{third}|Пётр], [club77|Друзья], для вас дешевле", sent_at=shop.clock.now()
    )

    told = await shop.poll("long_poll")

    asked = str(shop.customer.id_on("vk"))
    assert told["И мне"].addressees == ()
    assert told["900"].addressees == (str(shop.world.people[3].id_on("vk")),)
    named = next(message for text, message in told.items() if "дешевле" in text)
    assert named.addressees == (asked, str(third), "-77")


# What can be answered


@pytest.mark.parametrize("place", PLACES)
async def test_window_says_that_it_takes_a_user(shop: Shop, place: str) -> None:
    """Without a user token people are told before they write; with one the window is open."""
    await shop.poll()
    shop.comment(thing(shop, place), "Есть?")
    start = shop.cursors["long_poll"]
    without = Connector(shop.settings.model_copy(update={"user_token": None}), shop.clock)

    open_ones = await windows(shop, "long_poll")
    pages = [page async for page in without.poll("long_poll", start)]
    closed = [window for page in pages for window in page.windows]
    await without.close()

    assert [window.open for window in open_ones.values()] == [True]
    assert [window.open for window in closed] == [False]
    assert "user_token" in closed[0].reason
    assert closed[0].thread_id.startswith(NAMES[place])


async def test_closed_topic_and_closed_post_are_closed_windows(shop: Shop) -> None:
    """A topic that is closed takes no answer, nor does a post without comments."""
    topic = thing(shop, "board")
    shop.comment(topic, "Есть?")
    shop.world.hide(topic.serial, at=shop.clock.now())

    (window,) = (await windows(shop, "boards")).values()

    assert not window.open
    assert "closed" in window.reason


@pytest.mark.parametrize(
    ("rights", "is_open"),
    [
        ({"can_post": 1}, True),
        ({"can_post": 0}, False),
        ({"can_post": False, "groups_can_post": False}, False),
        # A service token is nobody: that it cannot comment says nothing of the community.
        ({"can_post": 0, "groups_can_post": True}, True),
        ({}, True),
    ],
)
async def test_rights_beside_the_comments_open_or_close(
    rights: dict[str, Any],
    is_open: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """VK says beside the comments of a post whether more can be written."""
    now = int(START.timestamp())
    post = {"id": 1, "from_id": WALL, "date": now, "comments": {"count": 1}}
    comment = {"id": 3, "from_id": 5, "date": now, "text": "?"}
    answers = {
        "wall.get": lambda _: {"count": 1, "items": [post]},
        "wall.getComments": lambda _: {"count": 1, "items": [comment], **rights},
    }
    async with canned(answers) as connector:
        pages = [page async for page in connector.poll("wall", None)]

    (window,) = [window for page in pages for window in page.windows]
    assert window.thread_id == f"wall_reply:{WALL}_3@1"
    assert window.open is is_open
    assert window.max_length is None


@pytest.mark.parametrize("comments", [{}, {"comments": {"can_post": 1}}, {"comments": None}])
async def test_post_that_does_not_count_its_comments_is_looked_at_each_time(
    comments: dict[str, Any],
) -> None:
    """The number of comments is optional; without it, nobody may conclude that there are none."""
    now = int(START.timestamp())
    post = {"id": 1, "from_id": WALL, "date": now - 40_000, **comments}
    below = [{"id": 3, "from_id": 5, "date": now - 30_000, "text": "?"}]
    answers = {
        "wall.get": lambda _: {"count": 1, "items": [post]},
        "wall.getComments": lambda _: {"count": len(below), "items": below[::-1]},
    }
    async with canned(answers) as connector:
        first = [page async for page in connector.poll("wall", None)]
        below.append({"id": 4, "from_id": 6, "date": now - 60, "text": "!"})
        again = [page async for page in connector.poll("wall", first[-1].cursor)]

    assert [message.text for page in first for message in page.messages] == ["?"]
    assert "!" in [message.text for page in again for message in page.messages]


# What is not read


async def test_unreadable_discussions_do_not_stop_the_wall(shop: Shop) -> None:
    """Each source fails for itself."""
    shop.comment(shop.post(), "на стене")
    shop.faults.switch_on("vk", Fault.PERMISSION_MISSING, endpoint="board.*")

    assert isinstance(await failure(shop.poll("boards")), PermissionMissing)
    assert "на стене" in await shop.poll("wall")


async def test_cropped_message_is_asked_for_whole() -> None:
    """VK crops long texts for bots; what the customer wrote arrives whole."""
    cropped = {
        "id": 1, "conversation_message_id": 9, "peer_id": 5, "from_id": 5, "date": 1,
        "text": "начало…", "is_cropped": True,
    }  # fmt: skip
    whole = {**cropped, "text": "начало и конец"}
    event = {"type": "message_new", "event_id": "a", "object": {"message": cropped}}
    asked: list[str] = []

    def by_place(form: Any) -> Any:
        asked.append(form["conversation_message_ids"])
        return {"count": 1, "items": [whole]}

    answers = {
        "listen": told_once(event), "messages.getByConversationMessageId": by_place,
    }  # fmt: skip
    async with canned(answers) as connector:
        pages = [page async for page in connector.poll("long_poll", {"ts": "1"})]

    assert [message.text for page in pages for message in page.messages] == ["начало и конец"]
    assert asked == ["9"]


async def test_two_customers_posts_are_two_threads(shop: Shop) -> None:
    """Whoever wrote them: each post begins its own conversation."""
    await shop.poll()
    visitors_post(shop, "раз")
    visitors_post(shop, "два")

    told = await shop.poll("long_poll")

    assert len({message.thread_id for message in told.values()}) == 2


async def test_edited_post_of_a_customer_comes_again(shop: Shop) -> None:
    """VK has no event for it: the wall tells, with the time of the edit."""
    post = visitors_post(shop, "плхо")
    before = (await shop.poll("wall"))["плхо"]
    shop.ahead(hours=2)
    shop.world.edit(post.serial, "плохо", at=shop.clock.now())

    after = await shop.poll("wall")

    assert after == {"плохо": replace(before, text="плохо", edited_at=shop.clock.now())}


# What a number of comments does not tell


@pytest.mark.parametrize("code", ["15", "212"])
@pytest.mark.parametrize(("source", "place"), [("wall", None), ("boards", "board")])
@pytest.mark.parametrize("is_known", [True, False])
async def test_a_refused_reading_is_made_up_for(
    shop: Shop,
    code: str,
    source: str,
    place: str | None,
    is_known: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """When access is back, what was written meanwhile is read, though the count is the same."""
    on = thing(shop, place) if place else shop.post()
    if is_known:
        shop.comment(on, "раньше")
        await shop.poll(source)
        shop.ahead(hours=5)
    shop.comment(on, "меж тем")
    shop.faults.switch_on(
        "vk", Fault.PERMISSION_MISSING, endpoint="*.getComments", times=1, code=code
    )
    refused = await shop.pages(source)
    shop.ahead(hours=5)

    assert [page.note for page in refused if page.note]
    assert "меж тем" in await shop.poll(source)
    shop.ahead(hours=5)
    assert await shop.poll(source) == {}


@pytest.mark.parametrize(("source", "place"), [("wall", None), ("boards", "board")])
async def test_an_answer_that_nobody_understands_holds_up_no_other(
    shop: Shop, source: str, place: str | None
) -> None:
    """What else there is has been read and kept when it is raised; and then it is tried again."""
    for text in ("раз", "два"):
        shop.comment(thing(shop, place) if place else shop.post(), text)
    shop.faults.switch_on("vk", Fault.REFUSED, endpoint="*.getComments", times=1, code="100")

    async def read() -> list[str]:
        async for page in shop.connector.poll(source, shop.cursors.get(source)):
            shop.cursors[source] = page.cursor
            told.extend(message.text for message in page.messages)
        return told

    told: list[str] = []
    assert type(await failure(read())) is UnexpectedPayload
    assert len(told) == 1
    shop.ahead(hours=5)
    assert set(await read()) == {"раз", "два"}
    assert len(told) == 2


@pytest.mark.parametrize("code", [15, 100])
async def test_a_thread_that_cannot_be_read_holds_up_no_comment(code: int) -> None:
    """What VK shows of it unasked is read; the post is not done with, and is tried again."""
    now = int(START.timestamp())
    shown = {"id": 10, "from_id": 5, "date": now, "text": "видно", "parents_stack": [9]}
    top = {
        "id": 9, "from_id": 5, "date": now, "text": "?", "thread": {"count": 40, "items": [shown]},
    }  # fmt: skip
    post = {"id": 1, "from_id": WALL, "date": now, "comments": {"count": 41}}

    def listed(form: Mapping[str, str]) -> Any:
        if "comment_id" in form:
            return web.json_response({"error": {"error_code": code, "error_msg": "No"}})
        return {"count": 41, "current_level_count": 1, "items": [top]}

    answers = {
        "wall.get": lambda _: {"count": 1, "items": [post]}, "wall.getComments": listed,
    }  # fmt: skip
    async with canned(answers) as connector:
        pages = [page async for page in connector.poll("wall", None)]

    assert [message.text for page in pages for message in page.messages] == ["?", "видно"]
    assert [page.note for page in pages if page.note]
    assert pages[-1].cursor["posts"] == {}


async def test_a_comment_that_replaces_another_is_seen_in_a_discussion(shop: Shop) -> None:
    """The topic has as many comments as before, but VK says that it changed."""
    topic = thing(shop, "board")
    before = shop.comment(topic, "Где заказ?")
    await shop.poll("boards")
    shop.ahead(hours=5)
    shop.world.delete(before.serial, at=shop.clock.now())
    shop.comment(topic, "Где мой заказ?!")

    assert set(await shop.poll("boards")) == {"Где мой заказ?!"}
    shop.ahead(hours=5)
    calls = shop.calls("board.getComments")
    assert await shop.poll("boards") == {}
    assert shop.calls("board.getComments") == calls


async def test_a_cursor_without_the_time_of_change_reads_its_topics_once(shop: Shop) -> None:
    """It is from before that was kept."""
    topic = thing(shop, "board")
    shop.comment(topic, "Есть?")
    await shop.poll("boards")
    topics = shop.cursors["boards"]["topics"]
    shop.cursors["boards"] = {
        **shop.cursors["boards"], "topics": {key: state[:2] for key, state in topics.items()},
    }  # fmt: skip
    shop.ahead(hours=5)

    assert set(await shop.poll("boards")) == {"Есть?"}
    shop.ahead(hours=5)
    assert await shop.poll("boards") == {}
