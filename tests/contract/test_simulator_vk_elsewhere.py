"""The simulated VK beyond messages and wall, and the proof that every answer of it is validated."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from jsonschema import Draft202012Validator

from inboxd.simulator import vk
from inboxd.simulator.faults import Fault, Faults, RequestLog
from inboxd.simulator.vk.community import EVENTS
from inboxd.simulator.vk.facade import _METHODS
from inboxd.simulator.vk.protocol import ACCESS, DAILY
from inboxd.simulator.world import Item, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

SCHEMA = Path(__file__).parents[2].parent / "shared" / "contracts" / "vk-inbox-schema.json"
pytestmark = pytest.mark.skipif(not SCHEMA.exists(), reason="the official schemas are not here")

Json = dict[str, Any]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
GROUP = 123456
OWN = -GROUP
PLACES = {"photo": "photo_comment", "video": "video_comment", "market": "market_comment"}
TOKENS = {"group": vk.COMMUNITY_TOKEN, "service": vk.SERVICE_TOKEN, "user": vk.USER_TOKEN}


@dataclass
class Vk:
    """A client that validates whatever it gets, and remembers of which method and event."""

    session: ClientSession
    base: str
    world: World
    faults: Faults
    schema: Json
    at: datetime = START
    validated: set[str] = field(default_factory=set)

    async def raw(self, method: str, params: Mapping[str, Any], token: str = "") -> Json:
        """Call a method, by default with the first kind of token that may; return the answer."""
        kinds = self.schema["methods"][method]["access_token_type"]
        form = {name: str(value) for name, value in params.items()}
        form |= {"access_token": token or TOKENS[kinds[-1]], "v": "5.199"}
        async with self.session.post(f"{self.base}/method/{method}", data=form) as response:
            answer: Json = await response.json()
        if "error" in answer:
            self.validate("base_error", answer["error"])
        else:
            self.validate_response(method, answer, extended=bool(params.get("extended")))
        return answer

    async def call(self, method: str, **params: Any) -> Any:
        """Call a method that must succeed."""
        answer = await self.raw(method, params)
        assert "error" not in answer, answer
        return answer["response"]

    def validate_response(self, method: str, answer: Json, *, extended: bool) -> None:
        """Fail unless the answer is one that the schema has for the method."""
        variants = self.schema["methods"][method]["responses"]
        name = "extendedResponse" if extended and "extendedResponse" in variants else None
        if method == "messages.send":
            name = "deprecatedResponse"
        self.validate(variants[name or next(iter(variants))]["$ref"].rpartition("/")[2], answer)
        self.validated.add(method)

    def validate(self, name: str, answer: object) -> None:
        """Fail unless *answer* is what the schema defines under *name*."""
        definition = {"$ref": f"#/$defs/{name}", "$defs": self.schema["$defs"]}
        Draft202012Validator(definition).validate(answer)

    async def updates(self, key: str, ts: str) -> list[Json]:
        """Do one long poll; each event's object is what the schema has for its type."""
        query = {"act": "a_check", "key": key, "ts": ts, "wait": "0"}
        async with self.session.get(f"{self.base}/longpoll", params=query) as response:
            answer: Json = await response.json()
        self.validate("bots_long_poll_check_response", answer)
        for update in answer["updates"]:
            definition = self.schema["callback_events"][update["type"]]["$ref"]
            self.validate(definition.rpartition("/")[2], update["object"])
            self.validated.add(update["type"])
        updates: list[Json] = answer["updates"]
        return updates

    def thing(self, place: str, text: str = "Каталог") -> Item:
        """Let the community show a photo, a video, a product or a topic."""
        return self.world.add("vk", "post", text, sent_at=self.at, place=place)

    def asks(self, on: Item, text: str = "Есть размер?", who: int = 0) -> Item:
        """Let a customer comment."""
        author = self.world.people[who]
        return self.world.reply(on.serial, text, sent_at=self.at, author=author)


@pytest.fixture(params=[DAILY])
async def network(request: pytest.FixtureRequest) -> AsyncIterator[Vk]:
    world, faults = World(3, customers=5), Faults()
    client: list[Vk] = []

    def now() -> datetime:
        return client[0].at

    app = vk.app(world, faults, RequestLog(), now, daily=request.param)
    async with TestServer(app) as server, ClientSession() as session:
        base = str(server.make_url("")).rstrip("/")
        client.append(Vk(session, base, world, faults, json.loads(SCHEMA.read_text("utf-8"))))
        yield client[0]


@dataclass
class Shown:
    """A world with one of everything."""

    peer: int
    dm: Item
    post: Item
    comment: Item
    things: Mapping[str, Item]


def show_everything(network: Vk) -> Shown:
    """Write one of everything that a method can be asked for."""
    world, at = network.world, network.at
    anna = world.people[0]
    dm = world.add("vk", "dm", "Где заказ?", sent_at=at, author=anna)
    post = world.add("vk", "post", "Завоз!", sent_at=at)
    comment = network.asks(post, "[club123456|Лавка], а доставка?")
    world.add("vk", "mention", "@lavka_sever ау!", sent_at=at, author=anna, wall=anna)
    world.add("vk", "search", "Лавка «Север» хамит", sent_at=at, author=anna, wall=anna)
    things = {place: network.thing(place) for place in (*PLACES, "board")}
    for thing in things.values():
        network.asks(network.asks(thing), "И мне", who=1)
    return Shown(anna.id_on("vk"), dm, post, comment, things)


# Every method that the simulator serves, with parameters that bring an answer worth validating.
CALLS: Mapping[str, Callable[[Shown], Json]] = {
    "board.createComment": lambda s: {"group_id": GROUP, "topic_id": s.things["board"].number, "message": "Да", "from_group": 1},
    "board.getComments": lambda s: {"group_id": GROUP, "topic_id": s.things["board"].number, "extended": 1},
    "board.getTopics": lambda _: {"group_id": GROUP, "order": 1},
    "execute": lambda s: {"code": f'return [API.messages.getHistory({{"peer_id": {s.peer}}})];'},
    "groups.getById": lambda _: {"group_id": GROUP},
    "groups.getLongPollServer": lambda _: {"group_id": GROUP},
    "groups.getLongPollSettings": lambda _: {"group_id": GROUP},
    "groups.getTokenPermissions": lambda _: {},
    "groups.setLongPollSettings": lambda _: {"group_id": GROUP, "message_new": 1},
    "market.createComment": lambda s: {"owner_id": OWN, "item_id": s.things["market"].number, "message": "Да", "from_group": 1},
    "market.getComments": lambda s: {"owner_id": OWN, "item_id": s.things["market"].number, "extended": 1},
    "messages.getByConversationMessageId": lambda s: {"peer_id": s.peer, "conversation_message_ids": 1},
    "messages.getById": lambda s: {"message_ids": s.dm.number},
    "messages.getConversations": lambda _: {"extended": 1},
    "messages.getHistory": lambda s: {"peer_id": s.peer, "extended": 1},
    "messages.send": lambda s: {"peer_id": s.peer, "message": "Да", "random_id": 1},
    "newsfeed.getMentions": lambda _: {"owner_id": OWN},
    "newsfeed.search": lambda _: {"q": "север", "extended": 1},
    "photos.createComment": lambda s: {"owner_id": OWN, "photo_id": s.things["photo"].number, "message": "Да", "from_group": 1},
    "photos.getAllComments": lambda _: {"owner_id": OWN},
    "photos.getComments": lambda s: {"owner_id": OWN, "photo_id": s.things["photo"].number, "extended": 1},
    "users.get": lambda s: {"user_ids": s.peer, "fields": "screen_name"},
    "utils.getServerTime": lambda _: {},
    "video.createComment": lambda s: {"owner_id": OWN, "video_id": s.things["video"].number, "message": "Да"},
    "video.getComments": lambda s: {"owner_id": OWN, "video_id": s.things["video"].number, "extended": 1},
    "wall.createComment": lambda s: {"owner_id": OWN, "post_id": s.post.number, "message": "Да"},
    "wall.get": lambda _: {"owner_id": OWN, "extended": 1},
    "wall.getById": lambda s: {"posts": f"{OWN}_{s.post.number}"},
    "wall.getComment": lambda s: {"owner_id": OWN, "comment_id": s.comment.number},
    "wall.getComments": lambda s: {"owner_id": OWN, "post_id": s.post.number, "extended": 1, "thread_items_count": 10},
}  # fmt: skip


def test_no_method_is_served_without_being_asked_here() -> None:
    """A new handler fails this test until it stands among the calls that are validated."""
    assert set(CALLS) == set(ACCESS)
    assert set(_METHODS) <= set(ACCESS)


@pytest.mark.parametrize("extended", [0, 1])
async def test_every_answer_is_the_schemas(network: Vk, extended: int) -> None:
    """Each method answers in the official shape, and with something in it."""
    shown = show_everything(network)
    for method, params in CALLS.items():
        answer = await network.call(method, **params(shown) | {"extended": extended})
        assert answer
        assert not isinstance(answer, dict) or answer.get("items", [1]), method

    assert network.validated == set(CALLS)


async def test_every_event_is_the_schemas(network: Vk) -> None:
    """Each event that the simulator can send is provoked once and has the official shape."""
    server = await network.call("groups.getLongPollServer", group_id=GROUP)
    world, at = network.world, network.at
    shown = show_everything(network)
    reply = world.reply(shown.dm.serial, "Едет", sent_at=at, staff="Ира")
    world.read(reply.serial, at=at)
    world.edit(shown.dm.serial, "Где мой заказ?", at=at)
    world.add("vk", "post", "Опубликуйте!", sent_at=at, author=world.people[0], place="suggest")
    comments = [shown.comment, *(network.asks(thing) for thing in shown.things.values())]
    for comment in comments:
        world.edit(comment.serial, "Есть размер 42?", at=at)
        world.delete(comment.serial, at=at + timedelta(seconds=1))
        world.restore(comment.serial, at=at + timedelta(seconds=2))
    network.at += timedelta(seconds=2)

    updates = await network.updates(server["key"], server["ts"])

    assert {update["type"] for update in updates} == set(EVENTS)
    assert network.validated >= set(EVENTS)


@pytest.mark.parametrize("place", [*PLACES, "board"])
async def test_things_count_their_comments_apart(network: Vk, place: str) -> None:
    """The ids of comments below a photo and on the wall may be equal, and are other comments."""
    post, thing = network.world.add("vk", "post", "Завоз!", sent_at=START), network.thing(place)
    on_wall, below = network.asks(post), network.asks(thing)

    assert thing.number == 1
    assert network.world.by_remote_id("vk", f"{OWN}_{on_wall.number}") == on_wall
    assert network.world.by_remote_id("vk", f"{place}{OWN}_{below.number}") == below


async def test_an_answer_in_a_topic_carries_the_mark(network: Vk) -> None:
    """VK puts whom and what a post answers in front of its text."""
    topic = network.thing("board", "Отзывы")
    asked = network.asks(topic)
    network.asks(asked, "И мне", who=1)

    page = await network.call("board.getComments", group_id=GROUP, topic_id=topic.number)

    person = network.world.people[0]
    mark = f"[id{person.id_on('vk')}:bp{OWN}_{asked.number}|{person.name.split()[0]}], И мне"
    assert [each["text"] for each in page["items"]] == ["Есть размер?", mark]


async def test_topics_tell_their_size_and_last_change(network: Vk) -> None:
    """The last changed comes first with order=1, and a closed one says so."""
    quiet, busy = network.thing("board", "Тихо"), network.thing("board", "Шумно")
    network.at += timedelta(hours=1)
    network.asks(busy)
    network.world.hide(quiet.serial, at=network.at)

    page = await network.call("board.getTopics", group_id=GROUP, order=1)

    told = [(each["title"], each["comments"], each["is_closed"]) for each in page["items"]]
    assert told == [("Шумно", 1, 0), ("Тихо", 0, 1)]


async def test_closed_comments_refuse_by_their_own_error(network: Vk) -> None:
    """Videos and goods have codes of their own for it."""
    shown = show_everything(network)
    for place, code in (("video", 801), ("market", 1401)):
        network.world.hide(shown.things[place].serial, at=START)
        method = f"{place}.createComment"
        answer = await network.raw(method, CALLS[method](shown))
        assert answer["error"]["error_code"] == code


async def test_photo_comments_of_all_photos_come_newest_first(network: Vk) -> None:
    """Each says by pid which photo it stands below."""
    photos = [network.thing("photo") for _ in range(2)]
    for photo in photos:
        network.at += timedelta(minutes=1)
        network.asks(photo)

    page = await network.call("photos.getAllComments", owner_id=OWN)

    assert [each["pid"] for each in page["items"]] == [photos[1].number, photos[0].number]


async def test_suggested_post_is_told_and_not_shown(network: Vk) -> None:
    """The event tells the community of it; the wall does not show it to anybody."""
    server = await network.call("groups.getLongPollServer", group_id=GROUP)
    person = network.world.people[0]
    network.world.add("vk", "post", "Опубликуйте!", sent_at=START, author=person, place="suggest")

    (update,) = await network.updates(server["key"], server["ts"])

    assert update["object"]["post_type"] == "suggest"
    assert (await network.call("wall.get", owner_id=OWN))["items"] == []


async def test_mentions_are_told_since_when_asked(network: Vk) -> None:
    """Posts and comments that name the community, on any wall, newest first and by pages."""
    anna, boris = network.world.people[:2]
    for number in range(3):
        network.world.add(
            "vk",
            "mention",
            f"[club{GROUP}|Лавка] {number}",
            sent_at=network.at,
            author=anna,
            wall=anna,
        )
        network.at += timedelta(hours=1)
    elsewhere = network.world.add("vk", "post", "Куда?", sent_at=network.at, author=anna, wall=anna)
    network.world.reply(
        elsewhere.serial, f"[club{GROUP}|Лавка], вот сюда", sent_at=network.at, author=boris
    )
    since = int((START + timedelta(hours=1)).timestamp())

    page = await network.call("newsfeed.getMentions", owner_id=OWN, start_time=since, count=2)
    rest = await network.call(
        "newsfeed.getMentions", owner_id=OWN, start_time=since, count=2, offset=2
    )

    assert page["count"] == 3
    assert page["items"][0]["post_type"] == "reply"
    assert page["items"][0]["post_id"] == elsewhere.number
    assert [each["text"][-1] for each in [*page["items"][1:], *rest["items"]]] == ["2", "1"]


async def test_search_is_paged_by_next_from(network: Vk) -> None:
    """The last page has none."""
    anna = network.world.people[0]
    for number in range(5):
        network.at += timedelta(minutes=1)
        network.world.add(
            "vk", "search", f"СЕВЕР {number}", sent_at=network.at, author=anna, wall=anna
        )
    found, start_from = [], ""
    for _page in range(3):
        page = await network.call("newsfeed.search", q="север", count=2, start_from=start_from)
        found += [each["text"] for each in page["items"]]
        start_from = page.get("next_from", "")

    assert found == [f"СЕВЕР {number}" for number in range(4, -1, -1)]
    assert start_from == ""


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("newsfeed.getMentions", {"owner_id": OWN, "count": 51}),
        ("newsfeed.search", {"q": "x", "count": 201}),
        ("newsfeed.search", {"q": ""}),
        ("board.getTopics", {"group_id": GROUP, "count": 101}),
        ("board.getComments", {"group_id": GROUP}),
        ("photos.getAllComments", {"owner_id": OWN, "count": 101}),
    ],
)
async def test_pages_beyond_the_official_size_are_error_100(
    network: Vk, method: str, params: Json
) -> None:
    """So are parameters that are missing."""
    answer = await network.raw(method, params)

    assert answer["error"]["error_code"] == 100


async def test_execute_answers_false_for_what_fails(network: Vk) -> None:
    """The others of the batch are answered; the errors stand beside, in order."""
    anna = network.world.people[0]
    network.world.add("vk", "dm", "?", sent_at=START, author=anna)
    peer = anna.id_on("vk")
    history = f'API.messages.getHistory({{"peer_id": {peer}}})'
    wall = 'API.wall.get({"owner_id": -123456})'
    network.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="users.get", times=1)

    answer = await network.raw(
        "execute", {"code": f"return [{history},{wall},API.users.get({{}}),{history}];"}
    )

    assert [each is False for each in answer["response"]] == [False, True, True, False]
    errors = [(each["method"], each["error_code"]) for each in answer["execute_errors"]]
    assert errors == [("wall.get", 28 - 1), ("users.get", 10)]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("return 1", 12),
        ("return [API.users.get({)];", 12),
        (f"return [{','.join(['API.users.get({})'] * 26)}];", 13),
    ],
)
async def test_execute_refuses_what_it_cannot_run(network: Vk, code: str, error: int) -> None:
    """Code that is none, and more than 25 calls."""
    answer = await network.raw("execute", {"code": code})

    assert answer["error"]["error_code"] == error


@pytest.mark.parametrize("network", [{"wall.get": 2}], indirect=True)
async def test_a_daily_limit_is_error_29_until_midnight(network: Vk) -> None:
    """Each token counts for itself."""
    params = {"owner_id": OWN}
    for _ in range(2):
        assert "response" in await network.raw("wall.get", params, vk.SERVICE_TOKEN)

    refused = await network.raw("wall.get", params, vk.SERVICE_TOKEN)
    other = await network.raw("wall.get", params, vk.USER_TOKEN)
    network.at += timedelta(hours=15)
    next_day = await network.raw("wall.get", params, vk.SERVICE_TOKEN)

    assert refused["error"]["error_code"] == 29
    assert "response" in other
    assert "response" in next_day
