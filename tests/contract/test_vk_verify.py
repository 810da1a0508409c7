"""What the VK connector finds when it looks stored messages up again, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connectors.vk import Connector
from inboxd.connector import Known
from inboxd.errors import NetworkError, TokenInvalid
from inboxd.model import Direction, Stream
from inboxd.simulator import vk
from inboxd.simulator.faults import Fault
from tests.contract.vk_shop import START, WALL, canned, failure, known, open_shop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from inboxd.connector import Page
    from inboxd.model import Message
    from inboxd.simulator.world import Item
    from tests.contract.vk_shop import Shop

PLACES = ("photo", "video", "market", "board")


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """A shop with every kind of token."""
    async with open_shop(user_token=vk.USER_TOKEN) as opened:
        yield opened


async def looked_up(
    shop: Shop, stored: Mapping[str, Message], *, deleted: tuple[str, ...] = (), **tokens: Any
) -> list[Page]:
    """Look *stored* messages up; the texts in *deleted* are stored as such."""
    connector = Connector(shop.settings.model_copy(update=tokens), shop.clock)
    items = [known(message, deleted=text in deleted) for text, message in stored.items()]
    pages = [page async for page in connector.verify(items)]
    await connector.close()
    return pages


def gone(pages: list[Page]) -> set[str]:
    return {name for page in pages for name in page.gone}


def present(pages: list[Page]) -> dict[str, Message]:
    return {message.remote_id: message for page in pages for message in page.messages}


def notes(pages: list[Page]) -> list[str]:
    return [page.note for page in pages if page.note]


def everything(shop: Shop) -> dict[str, Item]:
    """Write one of each kind, by its text."""
    post = shop.post()
    top = shop.comment(post, "на стене")
    visitors = shop.world.add("vk", "post", "гость", sent_at=START, author=shop.customer)
    items = [
        shop.dm("лично"), top, shop.comment(top, "глубже"), visitors,
        shop.comment(visitors, "под гостем"),
        *(
            shop.comment(shop.world.add("vk", "post", "?", sent_at=START, place=place), place)
            for place in PLACES
        ),
    ]  # fmt: skip
    return {item.text: item for item in items}


async def test_what_is_as_it_was_is_neither_gone_nor_changed(shop: Shop) -> None:
    """Each kind can be looked up with the right token, and is the same message."""
    await shop.poll()
    everything(shop)
    stored = await shop.poll("long_poll")

    pages = await looked_up(shop, stored)

    assert len(stored) == 9
    assert gone(pages) == set()
    assert notes(pages) == []
    assert present(pages) == {message.remote_id: message for message in stored.values()}


async def test_what_was_deleted_is_gone(shop: Shop) -> None:
    """Each kind, by its id; a stub is a deleted message, which is all the same."""
    await shop.poll()
    items = everything(shop)
    stored = await shop.poll("long_poll")
    del items["под гостем"]  # gone with the post
    for item in items.values():
        shop.world.delete(item.serial, at=shop.clock.now())

    pages = await looked_up(shop, stored)

    stubs = {name for name, message in present(pages).items() if message.deleted}
    assert gone(pages) | stubs == {message.remote_id for message in stored.values()}
    assert present(pages).keys() == stubs
    for name in stubs:
        message = present(pages)[name]
        (before,) = [each for each in stored.values() if each.remote_id == name]
        assert message.thread_id == before.thread_id


async def test_edits_that_no_event_told_are_found(shop: Shop) -> None:
    """Its text of today, with the time where VK has one."""
    await shop.poll()
    items = everything(shop)
    stored = await shop.poll("long_poll")
    shop.ahead(minutes=5)
    for text, item in items.items():
        shop.world.edit(item.serial, f"{text}!", at=shop.clock.now())

    pages = await looked_up(shop, stored)

    assert {each.text for each in present(pages).values()} == {f"{text}!" for text in items}
    assert gone(pages) == set()


async def test_what_is_back_is_restored(shop: Shop) -> None:
    """A message that was stored as deleted and that VK shows is back."""
    await shop.poll()
    everything(shop)
    stored = await shop.poll("long_poll")

    pages = await looked_up(shop, stored, deleted=("лично", "на стене", "board"))

    back = {message.text for message in present(pages).values() if message.restored}
    assert back == {"лично", "на стене", "board"}


@pytest.mark.parametrize(
    ("tokens", "left_out"),
    [
        ({"user_token": None}, {"photo", "video", "market"}),
        (
            {"user_token": None, "service_token": None},
            {"на стене", "глубже", "гость", "под гостем", *PLACES},
        ),
        ({"service_token": None}, set()),
    ],
)
async def test_what_no_token_can_read_is_left_out_with_a_note(
    shop: Shop, tokens: dict[str, Any], left_out: set[str]
) -> None:
    """It is not reported gone, even when it is."""
    await shop.poll()
    items = everything(shop)
    stored = await shop.poll("long_poll")
    for item in items.values():
        shop.world.delete(item.serial, at=shop.clock.now())

    pages = await looked_up(shop, stored, **tokens)

    spoken_of = gone(pages) | present(pages).keys()
    silent = {text for text, message in stored.items() if message.remote_id not in spoken_of}
    assert silent == left_out
    assert bool(notes(pages)) == bool(left_out)


@pytest.mark.parametrize("code", ["7", "15", "30", "212"])
async def test_closed_access_is_no_deletion(shop: Shop, code: str) -> None:
    """A wall, a list or a conversation that may not be read says nothing of what stands there."""
    await shop.poll()
    everything(shop)
    stored = await shop.poll("long_poll")
    for endpoint in ("wall.*", "*.getComments", "messages.*"):
        shop.faults.switch_on("vk", Fault.PERMISSION_MISSING, endpoint=endpoint, code=code)

    pages = await looked_up(shop, stored)

    assert gone(pages) == set()
    assert present(pages) == {}
    assert len(notes(pages)) >= 3


async def test_wall_that_shows_nothing_is_no_deletion(shop: Shop) -> None:
    """VK leaves out posts that may not be seen as if they did not exist."""
    await shop.poll()
    shop.comment(shop.post(), "на стене")
    stored = await shop.poll("long_poll")
    answers = {
        "wall.getById": lambda _: {"items": []}, "wall.get": lambda _: {"count": 0, "items": []},
    }  # fmt: skip

    async with canned(answers) as connector:
        items = [known(message) for message in stored.values()]
        pages = [page async for page in connector.verify(items)]

    assert gone(pages) == set()
    assert notes(pages)


@pytest.mark.parametrize(("count", "shell"), [(2, False), (1, True)])
async def test_partial_answer_is_no_deletion(
    count: int,
    shell: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """More messages than are shown, or one whose shell alone is shown, is no whole answer."""
    message = {
        "peer_id": 5, "conversation_message_id": 1, "from_id": 5, "date": 1, "id": 9,
        "is_unavailable": shell,
    }  # fmt: skip
    stored = [
        Known(f"dm:5_{place}", "dm:5", Stream.DIRECT_MESSAGES, Direction.INBOUND, START)
        for place in (1, 2)
    ]
    method = "messages.getByConversationMessageId"

    async with canned({method: lambda _: {"count": count, "items": [message]}}) as connector:
        pages = [page async for page in connector.verify(stored)]

    assert gone(pages) == set()
    assert notes(pages)


@pytest.mark.parametrize(
    "fault", [Fault.SERVER_ERROR, Fault.RATE_LIMIT, Fault.DROP_BEFORE, Fault.TOKEN_EXPIRED]
)
async def test_trouble_is_raised_and_no_deletion(shop: Shop, fault: Fault) -> None:
    """The caller tries again; nothing was said of anything before."""
    await shop.poll()
    everything(shop)
    stored = await shop.poll("long_poll")
    shop.faults.switch_on("vk", fault)
    heard: list[Page] = []

    async def look() -> None:
        items = [known(each) for each in stored.values()]
        heard.extend([page async for page in shop.connector.verify(items)])

    assert isinstance(await failure(look()), NetworkError | TokenInvalid)
    assert heard == []


async def test_one_refusal_in_a_batch_leaves_the_others(shop: Shop) -> None:
    """The conversation that may not be read is noted; the message deleted elsewhere is gone."""
    for number in range(30):
        shop.dm(f"привет {number}", author=shop.world.people[number])
    stored = await shop.poll("conversations")
    shop.log.clear()
    shop.world.delete(shop.world.items()[7].serial, at=shop.clock.now())
    shop.faults.switch_on(
        "vk", Fault.PERMISSION_MISSING, endpoint="messages.getByConversationMessageId", times=1
    )

    pages = await looked_up(shop, stored)

    assert gone(pages) == {stored["привет 7"].remote_id}
    assert len(present(pages)) == 28
    assert len(notes(pages)) == 1
    assert shop.calls("execute") == 2


async def test_a_hundred_messages_of_a_conversation_are_one_call(shop: Shop) -> None:
    """VK takes a hundred places at a time."""
    for number in range(230):
        shop.dm(f"привет {number}")
    stored = await shop.poll("conversations")
    shop.log.clear()

    pages = await looked_up(shop, stored)

    assert len(present(pages)) == 230
    assert shop.calls("execute") == 1
    assert shop.calls("messages.*") == 0


async def test_names_that_mean_nothing_are_left_out(shop: Shop) -> None:
    """What another version stored, or a thread without its post."""
    strange = [
        Known(name, thread, Stream.COMMENTS, Direction.INBOUND, START)
        for name, thread in (
            ("review:1", "review:1"), (f"wall_reply:{WALL}_1", f"wall_reply:{WALL}_1"),
            (f"suggested_post:{WALL}_1", f"suggested_post:{WALL}_1"),
        )
    ]  # fmt: skip

    pages = [page async for page in shop.connector.verify(strange)]

    assert gone(pages) == set()
    assert present(pages) == {}


async def test_deep_threads_are_read_to_the_end(shop: Shop) -> None:
    """More replies than VK shows unasked, and more comments than a page."""
    post = shop.post()
    top = shop.comment(post, "начало")
    replies = [shop.comment(top, f"снизу {number}") for number in range(130)]
    for number in range(110):
        shop.comment(post, f"сверху {number}")
    stored = await shop.poll("wall")
    shop.world.delete(replies[3].serial, at=shop.clock.now())

    pages = await looked_up(shop, stored)

    deleted = {message.remote_id for message in present(pages).values() if message.deleted}
    assert deleted == {stored["снизу 3"].remote_id}
    assert gone(pages) == set()
    assert len(present(pages)) == 241


def comments_of(count: Any, *items: Any) -> Any:
    """Return a VK with one post, whose comments are *items* and counted as *count*."""
    post = {"id": 1, "owner_id": WALL, "from_id": WALL, "date": 1}
    pages = [list(items[start : start + 100]) for start in range(0, len(items) or 1, 100)]

    def listed(form: Mapping[str, str]) -> Any:
        number = int(form["offset"]) // 100
        there = number < len(pages) and "comment_id" not in form
        shown = pages[number] if there else []
        return {"items": shown, **({} if count is None else {"count": count})}

    return {"wall.getById": lambda _: {"items": [post]}, "wall.getComments": listed}


@pytest.mark.parametrize(
    ("count", "items", "is_gone"),
    [
        (0, [], True),
        (5, [], False),
        (None, [], False),
        (1, [{"id": 8, "from_id": 5, "date": 1, "text": "?"}], True),
        (1, ["nonsense"], False),
        (1, [{"id": 8}], False),
        # Counted are both levels; the thread of this comment is not shown.
        (2, [{"id": 8, "from_id": 5, "date": 1, "text": "?"}], False),
        # Whether VK counts the stub, too, is not known.
        (
            2,
            [{"id": 8, "from_id": 5, "date": 1}, {"id": 9, "date": 1, "deleted": True}],
            False,
        ),
        (1, [{"id": 8, "from_id": 5, "date": 1, "thread": {"count": 3}}], False),
        # Without a number of comments the list is read until a page is empty.
        (None, [{"id": 8 + n, "from_id": 5, "date": 1, "text": "?"} for n in range(150)], True),
    ],
)
async def test_only_a_list_read_to_its_end_proves_a_deletion(
    count: Any,
    items: list[Any],
    is_gone: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """A list that says more than it shows, or holds what cannot be read, proves nothing."""
    stored = Known(
        f"wall_reply:{WALL}_7", f"wall_reply:{WALL}_7@1", Stream.COMMENTS, Direction.INBOUND, START
    )
    async with canned(comments_of(count, *items)) as connector:
        pages = [page async for page in connector.verify([stored])]

    assert bool(gone(pages)) is is_gone
    assert bool(notes(pages)) is not is_gone


@pytest.mark.parametrize(
    ("kind", "method"),
    [("wall_reply", "wall.getComments"), ("photo_comment", "photos.getComments")],
)
async def test_what_moves_to_a_page_that_was_read_is_not_gone(kind: str, method: str) -> None:
    """Something is deleted between two pages, and what stood first on the second is on none."""
    comments = [{"id": 500 - n, "from_id": 5, "date": 1, "text": "?"} for n in range(150)]

    def listed(form: Mapping[str, str]) -> Any:
        offset = int(form["offset"])
        there = comments[1:] if offset else comments
        return {"count": len(there), "items": there[offset : offset + 100]}

    moved = Known(
        f"{kind}:{WALL}_400", f"{kind}:{WALL}_400@1", Stream.COMMENTS, Direction.INBOUND, START
    )
    answers = {**comments_of(0), method: listed}
    async with canned(answers, user_token=vk.USER_TOKEN) as connector:
        pages = [page async for page in connector.verify([moved])]

    assert gone(pages) == set()
    assert notes(pages)


async def test_a_list_in_another_order_loses_nothing() -> None:
    """A thread that runs forwards is read to its end, however old its beginning is."""
    now = int(START.timestamp())
    replies = [
        {"id": 10 + n, "from_id": 5, "date": now - 10**6 + n, "text": f"{n}", "parents_stack": [9]}
        for n in range(100)
    ]
    latest = {"id": 200, "from_id": 5, "date": now, "text": "новое", "parents_stack": [9]}
    top = {"id": 9, "from_id": 5, "date": now - 10**6, "text": "?", "thread": {"count": 101}}
    post = {"id": 1, "from_id": WALL, "date": now, "comments": {"count": 102}}

    def listed(form: Mapping[str, str]) -> Any:
        if "comment_id" not in form:
            return {"count": 1, "items": [top]}
        shown = replies if form["offset"] == "0" else [latest]
        return {"count": 101, "items": shown}

    answers = {
        "wall.get": lambda _: {"count": 1, "items": [post]}, "wall.getComments": listed,
    }  # fmt: skip
    async with canned(answers) as connector:
        pages = [page async for page in connector.poll("wall", None)]

    assert [message.text for page in pages for message in page.messages] == ["новое"]


def below_a_video(*, shown: int, count: int = 2, thread: bool = True) -> Any:
    """Return a VK with comment 82 below video 7, and *shown* replies of `count` below that."""
    top: dict[str, Any] = {"id": 82, "from_id": 5, "date": 1, "text": "?"}
    replies = [
        {"id": 83 + n, "from_id": 5, "date": 1, "text": f"{n}", "parents_stack": [82]}
        for n in range(shown)
    ]

    def listed(form: Mapping[str, str]) -> Any:
        below = {"thread": {"count": count - 1, "items": []}} if thread else {}
        first = {"count": count, "current_level_count": 1, "items": [{**top, **below}]}
        if "comment_id" in form:
            return {"count": count, "current_level_count": count - 1, "items": replies}
        return first

    return {"video.getComments": listed}


@pytest.mark.parametrize(
    ("vk_shows", "verdict"),
    [
        (below_a_video(shown=1), "present"),
        (below_a_video(shown=0), "unsure"),
        (below_a_video(shown=0, thread=False), "unsure"),
        (below_a_video(shown=0, count=1), "gone"),
    ],
)
async def test_a_reply_below_a_video_is_looked_up_in_its_thread(
    vk_shows: Any, verdict: str
) -> None:
    """VK lists the first level alone and counts both: what it did not show is not gone."""
    stored = Known(
        f"video_comment:{WALL}_83", f"video_comment:{WALL}_82@7", Stream.COMMENTS,
        Direction.INBOUND, START, f"video_comment:{WALL}_82",
    )  # fmt: skip
    async with canned(vk_shows, user_token=vk.USER_TOKEN) as connector:
        pages = [page async for page in connector.verify([stored])]

    assert bool(gone(pages)) is (verdict == "gone")
    assert bool(notes(pages)) is (verdict == "unsure")
    assert (stored.remote_id in present(pages)) is (verdict == "present")


async def test_long_threads_below_a_video_are_read_to_the_end(shop: Shop) -> None:
    """More replies than VK shows unasked, one of them deleted."""
    await shop.poll()
    video = shop.world.add("vk", "post", "?", sent_at=START, place="video")
    top = shop.comment(video, "начало")
    replies = [shop.comment(top, f"снизу {number}") for number in range(120)]
    stored = await shop.poll("long_poll")
    shop.world.delete(replies[3].serial, at=shop.clock.now())

    pages = await looked_up(shop, stored)

    assert gone(pages) == {stored["снизу 3"].remote_id}
    assert notes(pages) == []
    assert len(present(pages)) == 120
