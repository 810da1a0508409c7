"""The VK connector beyond the shop's own walls: mentions and the brand's words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from connectors.vk import Connector, Settings
from inboxd.errors import PermissionMissing, RateLimited, SendRefused
from inboxd.model import Direction, Stream
from inboxd.simulator import vk
from inboxd.simulator.faults import Fault
from tests.contract.vk_shop import GROUP, START, canned, failure, known, open_shop, settings_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from inboxd.model import Message
    from inboxd.simulator.people import Person
    from inboxd.simulator.world import Item
    from tests.contract.vk_shop import Shop

STREAMS = ("direct_messages", "comments", "mentions", "search")
NAMED = f"[club{GROUP}|Лавка]"


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A shop with every kind of token that is mentioned and searched for."""
    changes: dict[str, Any] = {
        "user_token": vk.USER_TOKEN, "streams": STREAMS, "brand_words": ("лавка", "Север и Юг"),
    }  # fmt: skip
    async with open_shop(**changes) as opened:
        yield opened


def elsewhere(shop: Shop, text: str, who: int = 0, **facts: Any) -> Item:
    """Let somebody post on their own wall, now."""
    person = shop.world.people[who]
    facts.setdefault("sent_at", shop.clock.now())
    return shop.world.add("vk", "post", text, author=person, wall=person, **facts)


def wall_of(person: Person) -> int:
    return person.id_on("vk")


# Mentions


async def test_mention_in_a_post_begins_a_conversation(shop: Shop) -> None:
    """A post elsewhere that names the community is a public message of its author."""
    item = elsewhere(shop, f"{NAMED} третью неделю не отвечает!")
    elsewhere(shop, "про погоду")

    (message,) = (await shop.poll("mentions")).values()

    owner = wall_of(shop.customer)
    assert message.remote_id == message.thread_id == f"wall_post:{owner}_{item.number}"
    assert message.stream is Stream.MENTIONS
    assert message.direction is Direction.INBOUND
    assert message.public
    assert message.url == f"https://vk.com/wall{owner}_{item.number}"
    assert message.author is not None
    assert message.author.name == shop.customer.name


async def test_mention_in_a_comment_names_its_post_and_thread(shop: Shop) -> None:
    """Under somebody else's post, in the thread that it stands in."""
    post = elsewhere(shop, "Куда пойти за чаем?")
    top = shop.comment(post, "Не знаю", author=shop.world.people[2])
    nested = shop.comment(top, f"{NAMED}, у вас есть?", author=shop.world.people[3])

    (message,) = (await shop.poll("mentions")).values()

    owner = wall_of(shop.customer)
    assert message.remote_id == f"wall_reply:{owner}_{nested.number}"
    assert message.thread_id == f"wall_reply:{owner}_{top.number}@{post.number}"
    assert message.stream is Stream.MENTIONS


async def test_mentions_on_the_own_wall_come_once(shop: Shop) -> None:
    """They are comments, and the long poll brings them."""
    await shop.poll()
    shop.comment(shop.post(), f"{NAMED}, а доставка?")

    assert await shop.poll("mentions") == {}
    assert len(await shop.poll("long_poll")) == 1


async def test_mentions_are_paged_and_read_on_from_the_cursor(shop: Shop) -> None:
    """More than a page is read to the end, and then only what is new less the overlap."""
    for number in range(120):
        elsewhere(
            shop, f"{NAMED} {number}", who=number % 4, sent_at=START - timedelta(minutes=number)
        )

    first = await shop.poll("mentions")
    shop.ahead(hours=1)
    elsewhere(shop, f"{NAMED} потом")
    second = await shop.poll("mentions")

    assert len(first) == 120
    assert len(second) == 12
    assert f"{NAMED} потом" in second
    (call, *_) = shop.log.of("vk", "newsfeed.getMentions")
    assert isinstance(call.body, dict)
    assert call.body["count"] == "50"


async def test_answer_below_a_mention_is_seen(shop: Shop) -> None:
    """The shop's comment under a stranger's post ends the wait, with whatever tool it was written."""
    post = elsewhere(shop, f"{NAMED} хамит")
    (question,) = (await shop.poll("mentions")).values()
    shop.ahead(minutes=5)
    answer = shop.world.reply(post.serial, "Разберёмся", sent_at=shop.clock.now())
    shop.comment(answer, "Жду!")
    shop.comment(post, "а мне нравится", author=shop.world.people[5])

    told = await shop.poll("mentions")

    threads = {text: message.thread_id for text, message in told.items()}
    assert threads["Разберёмся"] == threads["Жду!"] == question.thread_id
    assert told["Разберёмся"].direction is Direction.OUTBOUND
    assert told["Разберёмся"].stream is Stream.MENTIONS
    assert "а мне нравится" not in told
    shop.ahead(hours=2)
    assert "Разберёмся" not in await shop.poll("mentions")


@pytest.mark.parametrize("at_once", [True, False])
async def test_who_answers_us_below_a_mention_stays_in_its_conversation(
    shop: Shop,
    at_once: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """VK puts our name in front, which makes a mention of it; the next answer is for that, too."""
    told: list[Message] = []

    async def go_on(*, at_once: bool = at_once) -> None:
        if not at_once:
            pages = await shop.pages("mentions")
            told.extend([message for page in pages for message in page.messages])
        shop.ahead(minutes=5)

    post = elsewhere(shop, f"{NAMED} хамит")
    await go_on()
    ours = shop.world.reply(post.serial, "Разберёмся", sent_at=shop.clock.now())
    await go_on()
    theirs = shop.comment(ours, f"{NAMED}, жду!")
    await go_on()
    shop.world.reply(theirs.serial, "Уже едет", sent_at=shop.clock.now())
    await go_on(at_once=False)

    assert {message.text for message in told} == {
        f"{NAMED} хамит", "Разберёмся", f"{NAMED}, жду!", "Уже едет",
    }  # fmt: skip
    assert len({message.thread_id for message in told}) == 1


async def test_who_posted_is_heard_though_somebody_else_names_us_below(shop: Shop) -> None:
    """VK lists the comment first; the conversation is whose post it is all the same."""
    post = elsewhere(shop, f"{NAMED} хамит")
    shop.comment(post, f"{NAMED}, и мне!", author=shop.world.people[3])
    shop.comment(post, "мимо шёл", author=shop.world.people[4])
    shop.comment(post, "Ау!")

    told = await shop.poll("mentions")

    assert set(told) == {f"{NAMED} хамит", f"{NAMED}, и мне!", "Ау!"}
    shop.ahead(hours=1)
    shop.comment(post, "И всё", author=shop.world.people[3])
    assert "И всё" in await shop.poll("mentions")


async def test_answer_between_two_mentions_is_seen(shop: Shop) -> None:
    """A thread is read from the first of them on, however many are found at once."""
    top = shop.comment(elsewhere(shop, "Куда пойти за чаем?", who=1), f"{NAMED}, есть?")
    shop.ahead(hours=1)
    shop.world.reply(top.serial, "Есть!", sent_at=shop.clock.now())
    shop.ahead(hours=1)
    shop.comment(top, f"{NAMED}, и зелёный?", author=shop.world.people[3])

    told = await shop.poll("mentions")

    assert set(told) == {f"{NAMED}, есть?", "Есть!", f"{NAMED}, и зелёный?"}
    assert len({message.thread_id for message in told.values()}) == 1


async def test_answer_is_found_below_its_comment_alone(shop: Shop) -> None:
    """Below a post with many comments only the thread of the mention is read."""
    post = elsewhere(shop, "Куда пойти за чаем?", who=1)
    for number in range(230):
        shop.comment(post, f"туда {number}", author=shop.world.people[2])
    top = shop.comment(post, f"{NAMED}, у вас есть?")
    (question,) = (await shop.poll("mentions")).values()
    shop.ahead(minutes=5)
    answer = shop.world.reply(top.serial, "Есть!", sent_at=shop.clock.now())
    shop.comment(answer, "Спасибо")
    shop.log.clear()

    told = await shop.poll("mentions")

    assert set(told) == {question.text, "Есть!", "Спасибо"}
    assert {message.thread_id for message in told.values()} == {question.thread_id}
    assert shop.calls("wall.getComments") <= 2


async def test_answer_is_found_where_the_thread_cannot_be_asked_for(shop: Shop) -> None:
    """VK takes the comment at the top for none, as when it is deleted: the post is read instead."""
    post = elsewhere(shop, "Куда пойти за чаем?", who=1)
    top = shop.comment(post, f"{NAMED}, у вас есть?")
    await shop.poll("mentions")
    shop.world.reply(top.serial, "Есть!", sent_at=shop.clock.now())
    shop.faults.switch_on("vk", Fault.REFUSED, endpoint="wall.getComments", times=1, code="100")

    assert "Есть!" in await shop.poll("mentions")


@pytest.mark.parametrize("in_thread", [True, False])
@pytest.mark.parametrize("code", ["15", "212"])
async def test_answer_is_read_when_access_is_back(
    shop: Shop,
    code: str,
    in_thread: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """A refused reading counts for none, though the number of comments stays."""
    post = elsewhere(shop, "чай" if in_thread else NAMED)
    asked = shop.comment(post, f"{NAMED}?") if in_thread else post
    await shop.poll("mentions")
    shop.world.reply(asked.serial, "Отвечаем", sent_at=shop.clock.now())
    switch = shop.faults.switch_on(
        "vk", Fault.PERMISSION_MISSING, endpoint="wall.getComments", code=code
    )
    refused = await shop.pages("mentions")
    shop.faults.switch_off(switch)
    shop.ahead(hours=5)

    assert [page.note for page in refused if page.note]
    assert "Отвечаем" in await shop.poll("mentions")


@pytest.mark.parametrize("in_thread", [True, False])
async def test_a_comment_that_replaces_another_is_seen(
    shop: Shop,
    in_thread: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """The number of comments is as before, but the conversation is a lively one."""
    post = elsewhere(shop, "чай" if in_thread else NAMED)
    asked = shop.comment(post, f"{NAMED}?") if in_thread else post
    shop.ahead(minutes=20)
    before = shop.comment(asked, "Ну?")
    assert "Ну?" in await shop.poll("mentions")
    shop.ahead(minutes=5)
    shop.world.delete(before.serial, at=shop.clock.now())
    shop.comment(asked, "Отвечайте же!")

    assert "Отвечайте же!" in await shop.poll("mentions")
    shop.ahead(hours=2)
    shop.log.clear()
    assert set(await shop.poll("mentions")) == {asked.text}
    assert shop.calls("wall.getComments") == 0


async def test_an_answer_that_nobody_understands_holds_up_no_other_thread(shop: Shop) -> None:
    """A stranger's post that VK takes for none is a note, and is tried again."""
    for who in range(2):
        post = elsewhere(shop, f"{NAMED} {who}", who=who)
        shop.comment(post, f"Жду {who}", author=shop.world.people[who])
    shop.faults.switch_on("vk", Fault.REFUSED, endpoint="wall.getComments", times=1, code="100")

    pages = await shop.pages("mentions")

    assert len([page.note for page in pages if page.note]) == 1
    assert sum(len(page.messages) for page in pages) == 3
    assert {"Жду 0", "Жду 1"} <= set(await shop.poll("mentions"))


async def test_answers_that_may_not_be_looked_for_are_noted(shop: Shop) -> None:
    """Mentions come all the same."""
    elsewhere(shop, NAMED)
    shop.faults.switch_on("vk", Fault.PERMISSION_MISSING, endpoint="wall.getById")

    pages = await shop.pages("mentions")

    assert sum(len(page.messages) for page in pages) == 1
    assert ["answers elsewhere" in page.note for page in pages if page.note] == [True]


async def test_nothing_is_looked_for_below_a_post_that_is_deleted() -> None:
    """VK may show it as deleted, and does not count its comments."""
    now, asked = int(START.timestamp()), list[str]()
    post = {"id": 3, "owner_id": 5, "from_id": 5, "date": now, "text": NAMED}
    answers = {
        "newsfeed.getMentions": lambda _form: {"count": 1, "items": [post]},
        "wall.getById": lambda _form: {"items": [{**post, "is_deleted": True}]},
        "wall.getComments": lambda form: asked.append(form["post_id"]),
    }
    changes = {"streams": ("mentions",), "user_token": vk.USER_TOKEN}
    async with canned(answers, **changes) as connector:
        pages = [page async for page in connector.poll("mentions", None)]

    assert [message.text for page in pages for message in page.messages] == [NAMED]
    assert asked == []


async def test_mention_can_be_answered(shop: Shop) -> None:
    """The community comments below the post, and the next poll delivers the same."""
    elsewhere(shop, f"{NAMED} хамит")
    (question,) = (await shop.poll("mentions")).values()

    sent = (await shop.connector.send(shop.reply(question, "Разберёмся"))).message

    assert sent.thread_id == question.thread_id
    assert sent == (await shop.poll("mentions"))["Разберёмся"]


async def test_wall_that_takes_no_comments_refuses(shop: Shop) -> None:
    """What the network will not allow is the author's to know."""
    elsewhere(shop, f"{NAMED} хамит")
    (question,) = (await shop.poll("mentions")).values()
    shop.faults.switch_on("vk", Fault.REFUSED, endpoint="wall.createComment", code="213")

    assert isinstance(await failure(shop.connector.send(shop.reply(question, "Да"))), SendRefused)


async def test_closed_wall_of_a_customer_stops_no_other(shop: Shop) -> None:
    """Answers below a mention that cannot be read are a note."""
    for who in range(2):
        post = elsewhere(shop, f"{NAMED} {who}", who=who)
        shop.comment(post, f"{NAMED}, ответьте {who}", author=shop.world.people[who])
    shop.faults.switch_on(
        "vk", Fault.PERMISSION_MISSING, endpoint="wall.getComments", times=2, code="212"
    )

    pages = await shop.pages("mentions")

    assert [page.note for page in pages if page.note]
    assert len({message.remote_id for page in pages for message in page.messages}) == 4


async def test_without_a_user_token_there_are_no_mentions_and_the_check_says_so(shop: Shop) -> None:
    """No source is invented for a stream that cannot be read."""
    connector = Connector(shop.settings.model_copy(update={"user_token": None}), shop.clock)

    told = {each.stream: each for each in (await connector.check()).streams}

    assert "mentions" not in [source.name for source in connector.sources()]
    assert not told[Stream.MENTIONS].ok
    assert "user_token" in told[Stream.MENTIONS].text
    await connector.close()


async def test_with_every_token_every_stream_is_served(shop: Shop) -> None:
    """The check has asked VK, once each."""
    told = await shop.connector.check()

    assert [(each.stream.value, each.ok, each.text) for each in told.streams] == [
        (name, True, "") for name in STREAMS
    ]


async def test_check_tells_of_a_user_token_that_may_not(shop: Shop) -> None:
    """The error of the mentions is told with the stream, and nothing else fails."""
    shop.faults.switch_on("vk", Fault.PERMISSION_MISSING, endpoint="newsfeed.getMentions")

    told = {each.stream: each for each in (await shop.connector.check()).streams}

    assert not told[Stream.MENTIONS].ok
    assert "user_token" in told[Stream.MENTIONS].text
    assert told[Stream.SEARCH].ok


# Search


async def test_search_finds_the_brands_words_elsewhere(shop: Shop) -> None:
    """Without an @; not on the shop's own wall, not its own posts, not what mentions it."""
    shop.post("Лавка открылась!")
    shop.world.add("vk", "post", "Лавка, ау!", sent_at=START, author=shop.customer)
    found = elsewhere(shop, "Эта лавка — ужас")
    elsewhere(shop, f"{NAMED} лавка")
    elsewhere(shop, "погода")

    (message,) = (await shop.poll("search")).values()

    assert message.remote_id == f"wall_post:{wall_of(shop.customer)}_{found.number}"
    assert message.stream is Stream.SEARCH
    assert message.public


@pytest.mark.parametrize("names", [f"[club{GROUP}7|Другие]", f"vk.com/club{GROUP}"])
async def test_what_is_no_mention_is_left_to_the_search(shop: Shop, names: str) -> None:
    """A community whose number begins like ours, and a link to ours, bring VK to tell no mention."""
    text = f"Эта лавка хуже: {names}"
    elsewhere(shop, text)

    assert await shop.poll("mentions") == {}
    assert set(await shop.poll("search")) == {text}


async def test_search_asks_for_each_word_and_delivers_once(shop: Shop) -> None:
    """Several words are meant as they stand; a post that holds two is one message."""
    elsewhere(shop, "Лавка «Север и Юг» и север и юг")

    pages = await shop.pages("search")

    assert sum(len(page.messages) for page in pages) == 1
    asked = [call.body for call in shop.log.of("vk", "newsfeed.search")]
    assert [body["q"] for body in asked if isinstance(body, dict)] == ["лавка", '"Север и Юг"']


async def test_search_is_paged_and_says_what_it_cannot_reach(shop: Shop) -> None:
    """More than VK shows is a loss that people are told of."""
    for number in range(1210):
        elsewhere(
            shop, f"лавка {number}", who=number % 5, sent_at=START - timedelta(seconds=number)
        )

    pages = await shop.pages("search")

    assert sum(len(page.messages) for page in pages) == 1000
    assert shop.calls("newsfeed.search") == 6
    assert [page.lost for page in pages if page.lost] == [
        "VK finds more with 'лавка' than it shows"
    ]


@pytest.mark.parametrize(
    ("pages", "total", "is_lost"),
    [(9, 900, True), (9, 500, False), (5, 900, False), (2, 900, False)],
)
async def test_search_that_is_cut_off_on_short_pages_says_so(
    pages: int,
    total: int,
    is_lost: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """VK leaves filtered posts out of its pages: it is the next page that tells of more."""
    asked: list[int] = []

    def found(form: Mapping[str, str]) -> Any:
        number = int(form.get("start_from", "0"))
        asked.append(number)
        posts = [
            {"id": 100 * number + n + 1, "owner_id": 5, "from_id": 5, "text": "лавка",
             "date": int(START.timestamp())}
            for n in range(100)
        ]  # fmt: skip
        more = {"next_from": str(number + 1)} if number + 1 < pages else {}
        return {"count": len(posts), "total_count": total, "items": posts, **more}

    answers = {"newsfeed.search": found, "wall.getById": lambda _: {"items": []}}
    changes = {"streams": ("search",), "brand_words": ("лавка",)}
    async with canned(answers, **changes) as connector:
        told = [page async for page in connector.poll("search", None)]

    assert asked == list(range(min(pages, 5)))
    assert [page.lost for page in told if page.lost] == (
        ["VK finds more with 'лавка' than it shows"] if is_lost else []
    )


async def test_quota_of_searches_is_spread_over_the_day(shop: Shop) -> None:
    """With two words and a poll every 30 seconds, 1000 searches last until midnight."""
    elsewhere(shop, "лавка")
    for _poll in range(2 * 60 * 4):
        await shop.pages("search")
        shop.ahead(seconds=30)
    used = shop.calls("newsfeed.search")

    assert 100 + 900 * 13 / 24 - 10 <= used <= 100 + 900 * 13 / 24 + 10
    allowances = {each.name: each for each in shop.connector.allowances()}
    told = allowances["newsfeed.search (service_token)"]
    assert told.used == used
    assert told.limit == 1000
    assert told.resets_at == START.replace(hour=0) + timedelta(days=1)
    assert told.projected is not None
    assert told.projected <= 1100


async def test_used_up_searches_rest_until_midnight(shop: Shop) -> None:
    """Error 29 of a method with a daily limit is not asked again today, by any process."""
    shop.faults.switch_on("vk", Fault.RATE_LIMIT, endpoint="newsfeed.search", code="29", times=1)

    error = await failure(shop.poll("search"))
    connector = Connector(shop.settings, shop.clock, shop.ledger)
    again = await failure(anext(connector.poll("search", None)))
    shop.ahead(hours=15)
    elsewhere(shop, "лавка")

    for refused in (error, again):
        assert isinstance(refused, RateLimited)
        assert refused.until == START.replace(hour=0) + timedelta(days=1)
    assert "лавка" in await shop.poll("search")
    await connector.close()


def test_search_without_words_is_a_clear_error() -> None:
    """The configuration names the key that is missing."""
    with pytest.raises(ValueError, match="brand_words"):
        settings_for("", streams=("search",))
    assert isinstance(settings_for("", streams=("search",), brand_words=("лавка",)), Settings)


async def test_search_without_a_token_says_so(shop: Shop) -> None:
    """A community token cannot search."""
    tokens = {"user_token": None, "service_token": None}
    connector = Connector(shop.settings.model_copy(update=tokens), shop.clock)

    told = {each.stream: each for each in (await connector.check()).streams}

    assert "search" not in [source.name for source in connector.sources()]
    assert not told[Stream.SEARCH].ok
    assert isinstance(await failure(anext(connector.poll("search", None))), PermissionMissing)
    await connector.close()


async def test_what_was_found_elsewhere_can_be_looked_up(shop: Shop) -> None:
    """A post that its author deletes is gone; one whose wall cannot be read is not."""
    for who in range(2):
        elsewhere(shop, f"{NAMED} {who}", who=who)
    told = await shop.poll("mentions")
    stays = elsewhere(shop, "ещё", who=0)
    gone = shop.world.by_remote_id("vk", f"{wall_of(shop.customer)}_1")
    assert gone is not None
    assert stays.number == 2
    shop.world.delete(gone.serial, at=shop.clock.now())

    pages = [
        page async for page in shop.connector.verify([known(message) for message in told.values()])
    ]

    assert [name for page in pages for name in page.gone] == [told[f"{NAMED} 0"].remote_id]
    assert [message.text for page in pages for message in page.messages] == [f"{NAMED} 1"]


@pytest.mark.parametrize(
    ("rights", "is_open"),
    [
        ({"can_post": 1}, True),
        ({"can_post": 1, "groups_can_post": False}, False),
        ({"can_post": 0, "groups_can_post": True}, True),
        ({"can_post": 0}, False),
    ],
)
async def test_wall_without_comments_is_told_before_a_person_writes(
    rights: dict[str, Any],
    is_open: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """Whether a community may comment stands beside the post that mentions it."""
    post = {
        "id": 7, "owner_id": 5, "from_id": 5, "date": int(START.timestamp()), "text": NAMED,
        "comments": {"count": 0, **rights},
    }  # fmt: skip
    answers = {
        "newsfeed.getMentions": lambda _: {"count": 1, "items": [post]},
        "wall.getById": lambda _: {"items": [post]},
    }
    async with canned(answers, user_token=vk.USER_TOKEN, streams=("mentions",)) as connector:
        pages = [page async for page in connector.poll("mentions", None)]

    (window,) = [window for page in pages for window in page.windows]
    assert window.thread_id == "wall_post:5_7"
    assert window.open is is_open
    assert bool(window.reason) is not is_open
