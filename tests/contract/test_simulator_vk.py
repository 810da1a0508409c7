"""The simulated VK answers as the official schema of API 5.199 says; every answer is validated."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientError, ClientSession, ClientTimeout
from aiohttp.test_utils import TestServer
from jsonschema import Draft202012Validator

from inboxd.simulator import vk
from inboxd.simulator.faults import Fault, Faults, RequestLog
from inboxd.simulator.vk.community import EVENTS
from inboxd.simulator.vk.protocol import ACCESS, ERRORS
from inboxd.simulator.world import Item, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.simulator.people import Person

SCHEMA = Path(__file__).parents[2].parent / "shared" / "contracts" / "vk-inbox-schema.json"
pytestmark = pytest.mark.skipif(not SCHEMA.exists(), reason="the official schemas are not here")

Json = dict[str, Any]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
GROUP = 123456
OWN_WALL = -GROUP


def _schema() -> Json:
    loaded: Json = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return loaded


@dataclass
class Clock:
    """The time of the simulated world, moved by hand."""

    at: datetime = START

    def __call__(self) -> datetime:
        """Return the simulated instant."""
        return self.at

    def ahead(self, **duration: float) -> None:
        """Let simulated time pass; the keywords are timedelta's."""
        self.at += timedelta(**duration)


@dataclass
class Vk:
    """A client that validates whatever it gets."""

    session: ClientSession
    base: str
    world: World
    faults: Faults
    log: RequestLog
    clock: Clock
    schema: Json
    refusals: dict[int, int] = field(default_factory=dict)

    async def raw(self, method: str, token: str = vk.COMMUNITY_TOKEN, **params: Any) -> Json:
        """Call a method; return the whole answer, which has been validated."""
        form = {"access_token": token, "v": "5.199"} | {k: str(v) for k, v in params.items()}
        async with self.session.post(f"{self.base}/method/{method}", data=form) as response:
            assert response.status == 200
            answer: Json = await response.json()
        if "error" in answer:
            self.validate("base_error", answer["error"])
            assert answer["error"]["error_code"] in self.error_codes()
        else:
            self.validate_response(method, answer, extended=bool(params.get("extended")))
        return answer

    async def call(self, method: str, token: str = vk.COMMUNITY_TOKEN, **params: Any) -> Any:
        """Call a method that must succeed."""
        answer = await self.raw(method, token, **params)
        assert "error" not in answer, answer
        return answer["response"]

    async def error(self, method: str, token: str = vk.COMMUNITY_TOKEN, **params: Any) -> int:
        """Call a method that must fail; return the code."""
        answer = await self.raw(method, token, **params)
        code: int = answer["error"]["error_code"]
        return code

    async def listen(self, key: str, ts: str | int, wait: int = 0) -> Json:
        """Do one long poll."""
        query = {"act": "a_check", "key": key, "ts": str(ts), "wait": str(wait)}
        async with self.session.get(f"{self.base}/longpoll", params=query) as response:
            answer: Json = await response.json()
        self.validate("bots_long_poll_check_response", answer)
        assert all(
            {"event_id", "v", "object"} <= update.keys() for update in answer.get("updates", [])
        )
        return answer

    async def subscribe(self) -> tuple[str, str]:
        """Return the key and the ts to listen with."""
        server = await self.call("groups.getLongPollServer", group_id=GROUP)
        assert server["server"] == f"{self.base}/longpoll"
        return server["key"], server["ts"]

    def validate_response(self, method: str, answer: Json, *, extended: bool) -> None:
        """Fail unless the answer is the one that the schema has for the method."""
        variants = self.schema["methods"][method]["responses"]
        name = "extendedResponse" if extended and "extendedResponse" in variants else None
        chosen = variants[name or next(iter(variants))]
        self.validate(chosen["$ref"].removeprefix("#/$defs/"), answer)

    def validate(self, name: str, answer: object) -> None:
        """Fail unless *answer* is what the schema defines under *name*."""
        definition = {"$ref": f"#/$defs/{name}", "$defs": self.schema["$defs"]}
        Draft202012Validator(definition).validate(answer)

    def error_codes(self) -> set[int]:
        """Return the official codes."""
        return {error["code"] for error in self.schema["errors"].values()}

    def customer(self, key: str = "anna", name: str = "Анна Котик") -> Person:
        """Add a customer."""
        return self.world.new_person(key, name, language="ru")

    def writes(self, author: Person, text: str = "Где мой заказ?", **late: Any) -> Item:
        """Let a customer write a private message now."""
        return self.world.add("vk", "dm", text, sent_at=self.clock.at, author=author, **late)

    def posts(self, text: str = "Открылись!") -> Item:
        """Let the community post now."""
        return self.world.add("vk", "post", text, sent_at=self.clock.at)


@pytest.fixture(params=[False], ids=["unlimited"])
async def network(request: pytest.FixtureRequest) -> AsyncIterator[Vk]:
    """Serve an empty world."""
    world, faults, log, clock = World(customers=0), Faults(), RequestLog(), Clock()
    refusals: dict[int, int] = {}
    application = vk.app(
        world, faults, log, clock, refusals=refusals, rate_limited=bool(request.param)
    )
    server = TestServer(application)
    await server.start_server()
    async with ClientSession(timeout=ClientTimeout(total=5)) as session:
        base = str(server.make_url("")).rstrip("/")
        yield Vk(session, base, world, faults, log, clock, _schema(), refusals)
    await server.close()


limited = pytest.mark.parametrize("network", [True], indirect=True, ids=["limited"])


# What may be called, and with what


def test_which_token_may_call_what_is_as_the_schema_says() -> None:
    """The table of access in the simulator is the official one."""
    methods = _schema()["methods"]
    served = {name: {str(kind) for kind in kinds} for name, kinds in ACCESS.items()}
    assert served == {name: set(methods[name]["access_token_type"]) for name in ACCESS}


def test_error_texts_are_the_schemas() -> None:
    """Each error code that the simulator can give has its official text."""
    official = {error["code"]: error["description"] for error in _schema()["errors"].values()}
    assert {code: official[code] for code in ERRORS} == ERRORS


def test_events_are_the_schemas() -> None:
    """The simulator sends no event that the official list lacks."""
    assert set(EVENTS) <= _schema()["callback_events"].keys()


@pytest.mark.parametrize("method", sorted(ACCESS))
@pytest.mark.parametrize(
    ("token", "kind", "code"),
    [
        (vk.COMMUNITY_TOKEN, "group", 27),
        (vk.SERVICE_TOKEN, "service", 28),
        (vk.USER_TOKEN, "user", 15),
    ],
)
async def test_a_token_of_the_wrong_kind_is_refused(
    network: Vk, method: str, token: str, kind: str, code: int
) -> None:
    """Each method is refused with the error of the token's kind, and only where it must be."""
    answer = await network.raw(method, token)
    refused = "error" in answer and answer["error"]["error_code"] == code
    allowed = kind in network.schema["methods"][method]["access_token_type"]
    assert refused is not allowed


async def test_errors_echo_the_access_token(network: Vk) -> None:
    """The trap of the real API is there: request_params holds the token."""
    answer = await network.raw("wall.get", owner_id=OWN_WALL)
    echoed = {pair["key"]: pair["value"] for pair in answer["error"]["request_params"]}
    assert echoed["access_token"] == vk.COMMUNITY_TOKEN
    assert echoed["method"] == "wall.get"


async def test_an_unknown_token_is_error_5_and_an_unknown_method_error_3(network: Vk) -> None:
    """What does not exist is told apart."""
    assert await network.error("users.get", "nobody's") == 5
    assert await network.error("users.get", "") == 5
    assert await network.error("users.guess") == 3


async def test_a_call_without_version_is_error_8(network: Vk) -> None:
    """`v` is required, and only 5.199 has the shapes served here."""
    assert await network.error("users.get", v="") == 8
    assert await network.error("users.get", v="5.92") == 8


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("messages.getHistory", {}),
        ("messages.getHistory", {"peer_id": "anna"}),
        ("messages.getHistory", {"peer_id": 1, "count": 201}),
        ("messages.getById", {}),
        ("messages.getById", {"message_ids": "1,two"}),
        ("messages.send", {"peer_id": 1, "message": "?"}),
        ("messages.send", {"peer_id": 1, "random_id": 1}),
        ("groups.getLongPollServer", {}),
        ("wall.createComment", {"message": "?"}),
    ],
)
async def test_bad_parameters_are_error_100(network: Vk, method: str, params: Json) -> None:
    """A missing parameter, one of the wrong type and one out of range are all refused."""
    assert await network.error(method, **params) == 100


async def test_another_community_is_out_of_bounds(network: Vk) -> None:
    """A token opens its own community only."""
    assert await network.error("groups.getLongPollServer", group_id=1) == 15
    assert await network.error("messages.getConversations", group_id=1) == 15


# Who is who


async def test_the_community_and_people_are_told_by_id(network: Vk) -> None:
    """The community has a positive id as a group; optional fields come when asked for."""
    anna = network.customer()
    groups = await network.call("groups.getById", group_id=GROUP)
    people = await network.call(
        "users.get", user_ids=f"{anna.id_on('vk')},999999999", fields="screen_name"
    )
    permissions = await network.call("groups.getTokenPermissions")
    assert [group["id"] for group in groups["groups"]] == [GROUP]
    assert [(one["first_name"], one["screen_name"]) for one in people] == [("Анна", anna.handle)]
    assert {right["name"] for right in permissions["permissions"]} >= {"messages", "manage"}
    assert await network.call("utils.getServerTime") == int(START.timestamp())


# Private messages


async def test_conversations_come_latest_first_with_who_waits(network: Vk) -> None:
    """A thread is unanswered until the community writes last."""
    anna, boris = network.customer(), network.customer("boris", "Борис Рыбак")
    question = network.writes(anna)
    network.clock.ahead(minutes=1)
    network.writes(boris)
    network.clock.ahead(minutes=1)
    network.world.reply(question.serial, "Уже в пути.", sent_at=network.clock.at, staff="Ира")
    listed = await network.call("messages.getConversations", extended=1, fields="screen_name")
    peers = [item["conversation"]["peer"]["id"] for item in listed["items"]]
    assert peers == [anna.id_on("vk"), boris.id_on("vk")]
    assert [item["conversation"]["unanswered"] for item in listed["items"]] == [False, True]
    assert listed["items"][0]["last_message"]["from_id"] == -GROUP
    assert {one["screen_name"] for one in listed["profiles"]} == {anna.handle, boris.handle}


async def test_what_the_customer_has_read_is_told(network: Vk) -> None:
    """`out_read` is the last message of ours that was read, 0 before the first."""
    question = network.writes(network.customer())
    answers = [network.world.reply(question.serial, "Да.", sent_at=START) for _ in range(2)]
    unread = await network.call("messages.getConversations")
    network.world.read(answers[0].serial, at=START)
    read = await network.call("messages.getConversations")
    shown = [listed["items"][0]["conversation"]["out_read"] for listed in (unread, read)]
    assert shown == [0, answers[0].number]


async def test_conversations_can_be_filtered(network: Vk) -> None:
    """`unanswered` leaves out what the community answered; `archive` is empty."""
    answered, waiting = network.customer(), network.customer("boris", "Борис Рыбак")
    network.world.reply(network.writes(answered).serial, "Да.", sent_at=START)
    network.writes(waiting)
    unanswered = await network.call("messages.getConversations", filter="unanswered")
    archive = await network.call("messages.getConversations", filter="archive")
    peers = [item["conversation"]["peer"]["id"] for item in unanswered["items"]]
    assert (peers, unanswered["count"]) == ([waiting.id_on("vk")], 1)
    assert archive["items"] == []


@pytest.mark.parametrize("rev", [0, 1])
async def test_paging_through_a_history_shows_each_message_once(network: Vk, rev: int) -> None:
    """Offsets walk to the end; newest first, or oldest first with rev=1."""
    anna = network.customer()
    written = []
    for _ in range(7):
        written.append(network.writes(anna).number)
        network.clock.ahead(seconds=1)
    read = []
    for offset in (0, 3, 6, 9):
        page = await network.call(
            "messages.getHistory",
            peer_id=anna.id_on("vk"), offset=offset, count=3, rev=rev, extended=1,
        )  # fmt: skip
        assert page["count"] == 7
        read += [message["id"] for message in page["items"]]
    assert read == (written if rev else written[::-1])


async def test_history_can_start_at_a_message(network: Vk) -> None:
    """start_message_id begins the page there, and a negative offset looks at newer ones."""
    anna = network.customer()
    ids = [network.writes(anna).number for _ in range(5)]
    peer = anna.id_on("vk")
    page = await network.call("messages.getHistory", peer_id=peer, start_message_id=ids[2])
    newer = await network.call(
        "messages.getHistory", peer_id=peer, start_message_id=ids[2], offset=-1, count=1
    )
    assert [message["id"] for message in page["items"]] == ids[2::-1]
    assert [message["id"] for message in newer["items"]] == [ids[3]]


async def test_an_edit_shows_and_a_deletion_hides(network: Vk) -> None:
    """History shows the text of today with update_time, and nothing of what was deleted."""
    anna = network.customer()
    kept, removed = network.writes(anna), network.writes(anna)
    network.clock.ahead(minutes=5)
    network.world.edit(kept.serial, "Нашёлся!", at=network.clock.at)
    network.world.delete(removed.serial, at=network.clock.at)
    page = await network.call("messages.getHistory", peer_id=anna.id_on("vk"))
    assert [message["text"] for message in page["items"]] == ["Нашёлся!"]
    assert page["items"][0]["update_time"] == int(network.clock.at.timestamp())


async def test_messages_are_found_by_either_id(network: Vk) -> None:
    """By the community's numbering or by the place in the thread; unknown ids are left out."""
    anna = network.customer()
    network.writes(network.customer("boris", "Борис Рыбак"))
    message = network.writes(anna)
    by_id = await network.call("messages.getById", message_ids=f"{message.number},777")
    by_place = await network.call(
        "messages.getByConversationMessageId",
        peer_id=anna.id_on("vk"), conversation_message_ids=1, extended=1,
    )  # fmt: skip
    assert [one["id"] for one in by_id["items"]] == [message.number]
    assert [one["id"] for one in by_place["items"]] == [message.number]


async def test_a_person_without_messages_has_an_empty_history(network: Vk) -> None:
    """An empty page is an answer, not an error."""
    page = await network.call("messages.getHistory", peer_id=network.customer().id_on("vk"))
    assert (page["count"], page["items"]) == (0, [])


async def test_a_repeated_random_id_is_one_message_for_an_hour(network: Vk) -> None:
    """A retry within the hour gives the first id; afterwards, and with 0, it is a new message."""
    anna = network.customer()
    network.writes(anna)
    answer: Json = {"peer_id": anna.id_on("vk"), "message": "Уже в пути."}
    first = await network.call("messages.send", random_id=5, **answer)
    network.clock.ahead(minutes=59)
    assert await network.call("messages.send", random_id=5, **answer) == first
    network.clock.ahead(minutes=1)
    later = await network.call("messages.send", random_id=5, **answer)
    zeros = {await network.call("messages.send", random_id=0, **answer) for _ in range(2)}
    history = await network.call("messages.getHistory", peer_id=answer["peer_id"], rev=1)
    assert len({first, later} | zeros) == 4
    assert [one["random_id"] for one in history["items"] if one["out"]] == [5, 5, 0, 0]


@pytest.mark.parametrize("code", [900, 901, 902])
async def test_who_cannot_be_written_to_is_told_by_code(network: Vk, code: int) -> None:
    """A refusal shows as an error, and before the attempt in can_write."""
    anna = network.customer()
    network.writes(anna)
    network.refusals[anna.id_on("vk")] = code
    listed = await network.call("messages.getConversations")
    assert listed["items"][0]["conversation"]["can_write"] == {"allowed": False, "reason": code}
    sent = await network.error("messages.send", peer_id=anna.id_on("vk"), random_id=1, message="?")
    assert sent == code


async def test_who_never_wrote_cannot_be_written_to(network: Vk) -> None:
    """A community may only answer."""
    peer = network.customer().id_on("vk")
    assert await network.error("messages.send", peer_id=peer, random_id=1, message="?") == 901


async def test_9000_characters_are_the_most(network: Vk) -> None:
    """One more is error 914, and nothing is written."""
    anna = network.customer()
    network.writes(anna)
    send: Json = {"peer_id": anna.id_on("vk"), "random_id": 1}
    assert await network.error("messages.send", message="я" * 9001, **send) == 914
    assert await network.call("messages.send", message="я" * 9000, **send) > 0


# The wall


async def test_posts_come_newest_first_and_each_once(network: Vk) -> None:
    """wall.get pages by offset, and wall.getById finds the same posts by name."""
    posts = []
    for number in range(3):
        posts.append(network.posts(f"Новость {number}").number)
        network.clock.ahead(hours=1)
    read = []
    for offset in range(4):
        page = await network.call(
            "wall.get", vk.SERVICE_TOKEN, owner_id=OWN_WALL, offset=offset, count=1, extended=1
        )
        assert page["count"] == 3
        read += [post["id"] for post in page["items"]]
    named = await network.call(
        "wall.getById", vk.SERVICE_TOKEN, posts=f"{OWN_WALL}_{posts[1]},{OWN_WALL}_999"
    )
    assert read == posts[::-1]
    assert [post["id"] for post in named["items"]] == [posts[1]]


async def test_comments_nest_in_threads(network: Vk) -> None:
    """Replies at any depth stand in the thread of their first-level comment."""
    anna, post = network.customer(), network.posts()
    top = network.world.reply(post.serial, "А доставка?", sent_at=START, author=anna)
    answer = network.world.reply(top.serial, "Есть.", sent_at=START)
    thanks = network.world.reply(answer.serial, "Спасибо!", sent_at=START, author=anna)
    page = await _comments(network, post, thread_items_count=1, extended=1)
    comment = page["items"][0]
    assert (page["count"], page["current_level_count"]) == (3, 1)
    assert (comment["id"], comment["thread"]["count"]) == (top.number, 2)
    assert [reply["id"] for reply in comment["thread"]["items"]] == [answer.number]
    thread = await _comments(network, post, comment_id=top.number)
    assert [(reply["id"], reply["parents_stack"]) for reply in thread["items"]] == [
        (answer.number, [top.number]),
        (thanks.number, [top.number]),
    ]
    assert thread["items"][1]["reply_to_comment"] == answer.number


@pytest.mark.parametrize("sort", ["asc", "desc"])
async def test_paging_through_comments_shows_each_once(network: Vk, sort: str) -> None:
    """By offset, or by start_comment_id, which shows its own comment again."""
    anna, post = network.customer(), network.posts()
    written = [
        network.world.reply(
            post.serial, f"{n}", sent_at=START + timedelta(seconds=n), author=anna
        ).number
        for n in range(5)
    ]
    network.clock.ahead(minutes=1)
    wanted = written if sort == "asc" else written[::-1]
    read = []
    for offset in (0, 2, 4):
        page = await _comments(network, post, sort=sort, offset=offset, count=2)
        read += [comment["id"] for comment in page["items"]]
    rest = await _comments(network, post, sort=sort, start_comment_id=wanted[3])
    assert read == wanted
    assert [comment["id"] for comment in rest["items"]] == wanted[3:]


async def test_a_deleted_comment_has_neither_author_nor_text(network: Vk) -> None:
    """Only the stub is left, and its thread below it."""
    anna, post = network.customer(), network.posts()
    comment = network.world.reply(post.serial, "Верните деньги", sent_at=START, author=anna)
    network.world.reply(comment.serial, "Вернём.", sent_at=START)
    network.clock.ahead(minutes=1)
    network.world.delete(comment.serial, at=network.clock.at)
    page = await _comments(network, post, thread_items_count=10)
    stub = page["items"][0]
    assert stub.keys() == {"id", "date", "parents_stack", "thread", "deleted"}
    assert (stub["deleted"], stub["thread"]["count"], page["count"]) == (True, 1, 1)


async def test_comments_of_a_post_that_is_not_there_are_error_212(network: Vk) -> None:
    """So they are for a comment's id in the place of a post's."""
    post = network.posts()
    comment = network.world.reply(post.serial, "?", sent_at=START, author=network.customer())
    for number in (999, comment.number):
        code = await network.error(
            "wall.getComments", vk.SERVICE_TOKEN, owner_id=OWN_WALL, post_id=number
        )
        assert code == 212


async def test_a_comment_with_the_same_guid_is_written_once(network: Vk) -> None:
    """A retry gives the first comment's id, and the reply stands below what it answers."""
    post = network.posts()
    asked = network.world.reply(post.serial, "?", sent_at=START, author=network.customer())
    reply: Json = {
        "owner_id": OWN_WALL, "post_id": post.number, "message": "Да!", "from_group": GROUP,
        "reply_to_comment": asked.number,
    }  # fmt: skip
    first = await network.call("wall.createComment", guid="a1", **reply)
    again = await network.call("wall.createComment", guid="a1", **reply)
    other = await network.call("wall.createComment", guid="a2", **reply)
    page = await _comments(network, post, thread_items_count=10)
    below = page["items"][0]["thread"]["items"]
    assert first == again == {"comment_id": below[0]["id"], "parents_stack": [asked.number]}
    assert [(one["id"], one["from_id"]) for one in below] == [
        (first["comment_id"], -GROUP),
        (other["comment_id"], -GROUP),
    ]


async def test_a_reply_to_a_comment_of_another_post_is_refused(network: Vk) -> None:
    """Nothing is written where it does not belong."""
    post, other = network.posts(), network.posts("Другое")
    asked = network.world.reply(other.serial, "?", sent_at=START, author=network.customer())
    code = await network.error(
        "wall.createComment",
        owner_id=OWN_WALL, post_id=post.number, message="Да!", reply_to_comment=asked.number,
    )  # fmt: skip
    assert code == 100


async def _comments(network: Vk, post: Item, **params: Any) -> Json:
    answer: Json = await network.call(
        "wall.getComments", vk.SERVICE_TOKEN, owner_id=OWN_WALL, post_id=post.number, **params
    )
    return answer


# Long poll


async def test_every_change_that_vk_tells_arrives_once_and_in_order(network: Vk) -> None:
    """Messages, replies, edits, posts and comments; ts goes on from where it was."""
    key, ts = await network.subscribe()
    anna = network.customer()
    question = network.writes(anna)
    answer = network.world.reply(question.serial, "Секунду.", sent_at=START)
    network.world.read(answer.serial, at=START)
    network.world.edit(question.serial, "Где заказ 77?", at=START)
    post = network.posts()
    comment = network.world.reply(post.serial, "!", sent_at=START, author=anna)
    network.world.edit(comment.serial, "!!", at=START)
    network.world.delete(comment.serial, at=START + timedelta(seconds=1))
    network.world.restore(comment.serial, at=START + timedelta(seconds=2))
    network.clock.ahead(seconds=2)
    told = await network.listen(key, ts)
    assert [update["type"] for update in told["updates"]] == [
        "message_new", "message_reply", "message_read", "message_edit", "wall_post_new",
        "wall_reply_new", "wall_reply_edit", "wall_reply_delete", "wall_reply_restore",
    ]  # fmt: skip
    assert len({update["event_id"] for update in told["updates"]}) == 9
    assert told["updates"][2]["object"]["read_message_id"] == answer.number
    assert told["updates"][-2]["object"]["id"] == comment.number
    assert told["updates"][-1]["object"]["text"] == "!!"
    assert (await network.listen(key, told["ts"]))["updates"] == []


async def test_a_late_delivery_comes_behind_what_overtook_it(network: Vk) -> None:
    """The order of arrival is not the order of writing, and nothing is skipped."""
    key, ts = await network.subscribe()
    anna = network.customer()
    network.writes(anna, "первое", visible_at=START + timedelta(minutes=5))
    network.clock.ahead(minutes=1)
    network.writes(anna, "второе")
    first = await network.listen(key, ts)
    network.clock.ahead(minutes=5)
    second = await network.listen(key, first["ts"])
    texts = [told["updates"][0]["object"]["message"]["text"] for told in (first, second)]
    assert texts == ["второе", "первое"]


async def test_a_long_poll_ends_when_something_is_written(network: Vk) -> None:
    """It does not sit out its time."""
    key, ts = await network.subscribe()
    waiting = asyncio.create_task(network.listen(key, ts, wait=25))
    await asyncio.sleep(0.05)
    network.writes(network.customer())
    told = await asyncio.wait_for(waiting, timeout=5)
    assert [update["type"] for update in told["updates"]] == ["message_new"]


async def test_a_long_poll_ends_when_simulated_time_has_passed(network: Vk) -> None:
    """An accelerated world is not held up by real seconds."""
    key, ts = await network.subscribe()
    waiting = asyncio.create_task(network.listen(key, ts, wait=25))
    await asyncio.sleep(0.05)
    network.clock.ahead(seconds=25)
    told = await asyncio.wait_for(waiting, timeout=5)
    assert told == {"ts": ts, "updates": []}


async def test_a_key_expires_and_a_lost_history_says_so(network: Vk) -> None:
    """It is failed 2 for an old or unknown key; failed 1, with a number as ts, for an unknown ts."""
    key, _ts = await network.subscribe()
    network.writes(network.customer())
    assert await network.listen(key, 99) == {"failed": 1, "ts": 1}
    assert await network.listen("nobody's", 0) == {"failed": 2}
    network.clock.ahead(hours=1)
    assert await network.listen(key, 0) == {"failed": 2}


async def test_history_further_back_than_is_kept_is_lost(network: Vk) -> None:
    """A ts older than the server's memory is failed 1."""
    key, ts = await network.subscribe()
    anna = network.customer()
    for _ in range(1001):
        network.writes(anna)
    assert (await network.listen(key, ts))["failed"] == 1
    assert len((await network.listen(key, 1))["updates"]) == 100


async def test_events_can_be_switched_off(network: Vk) -> None:
    """Settings keep what is not named, and a disabled long poll has no server."""
    key, ts = await network.subscribe()
    await network.call("groups.setLongPollSettings", group_id=GROUP, message_new=0)
    settings = await network.call("groups.getLongPollSettings", group_id=GROUP)
    assert settings["events"]["message_new"] == 0
    assert settings["events"]["wall_reply_new"] == 1
    network.writes(network.customer())
    assert (await network.listen(key, ts)) == {"ts": "1", "updates": []}
    await network.call("groups.setLongPollSettings", group_id=GROUP, enabled=0)
    assert await network.error("groups.getLongPollServer", group_id=GROUP) == 100


async def test_other_peoples_walls_send_no_events(network: Vk) -> None:
    """A mention elsewhere is not the community's event."""
    key, ts = await network.subscribe()
    anna = network.customer()
    network.world.add("vk", "mention", "@lavka", sent_at=START, author=anna, wall=anna)
    assert (await network.listen(key, ts))["updates"] == []


# Limits and faults


@limited
@pytest.mark.parametrize(("token", "most"), [(vk.COMMUNITY_TOKEN, 20), (vk.SERVICE_TOKEN, 3)])
async def test_calls_of_one_second_are_limited_by_token(network: Vk, token: str, most: int) -> None:
    """20 for a community and 3 for the others; the next second is free again."""
    for _ in range(most):
        await network.call("utils.getServerTime", token)
    assert await network.error("utils.getServerTime", token) == 6
    network.clock.ahead(seconds=1)
    await network.call("utils.getServerTime", token)


@pytest.mark.parametrize(
    ("fault", "code", "answer"),
    [
        (Fault.RATE_LIMIT, None, 6),
        (Fault.RATE_LIMIT, "9", 9),
        (Fault.RATE_LIMIT, "29", 29),
        (Fault.SERVER_ERROR, None, 10),
        (Fault.SERVER_ERROR, "1", 1),
        (Fault.TOKEN_EXPIRED, None, 5),
        (Fault.PERMISSION_MISSING, None, 15),
        (Fault.PERMISSION_MISSING, "7", 7),
        (Fault.PERMISSION_MISSING, "14", 14),
    ],
)
async def test_a_fault_is_worded_as_vk_words_it(
    network: Vk, fault: Fault, code: str | None, answer: int
) -> None:
    """Each fault is an error object with its code, once; then all is well again."""
    network.faults.switch_on("vk", fault, endpoint="users.*", times=1, code=code)
    raw = await network.raw("users.get")
    assert raw["error"]["error_code"] == answer
    assert {"access_token"} <= {pair["key"] for pair in raw["error"]["request_params"]}
    assert ("captcha_sid" in raw["error"] and "captcha_img" in raw["error"]) is (answer == 14)
    assert await network.call("users.get") == []


async def test_a_front_end_that_breaks_answers_no_json(network: Vk) -> None:
    """A bare 502, a page for people, and an answer cut in the middle."""
    network.faults.switch_on("vk", Fault.SERVER_ERROR, times=1, status=502, code="http")
    network.faults.switch_on("vk", Fault.HTML, times=1)
    network.faults.switch_on("vk", Fault.TRUNCATED, times=1)
    url = f"{network.base}/method/utils.getServerTime"
    seen = []
    for _ in range(3):
        form = {"access_token": vk.COMMUNITY_TOKEN, "v": "5.199"}
        async with network.session.post(url, data=form) as response:
            text = await response.text()
            seen.append(response.status)
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
    assert seen == [502, 200, 200]


@pytest.mark.parametrize(
    ("fault", "carried_out"), [(Fault.DROP_BEFORE, False), (Fault.DROP_AFTER, True)]
)
async def test_a_lost_answer_may_have_been_carried_out(
    network: Vk, fault: Fault, *, carried_out: bool
) -> None:
    """The client cannot tell which; a retry with the same random_id is safe either way."""
    anna = network.customer()
    network.writes(anna)
    network.faults.switch_on("vk", fault, endpoint="messages.send", times=1)
    answer: Json = {"peer_id": anna.id_on("vk"), "random_id": 8, "message": "Уже в пути."}
    with pytest.raises(ClientError):
        await network.raw("messages.send", **answer)
    assert len(network.world.dm_thread("vk", anna, START)) == 1 + carried_out
    await network.call("messages.send", **answer)
    assert len(network.world.dm_thread("vk", anna, START)) == 2


async def test_a_server_that_does_not_answer_leaves_the_client_to_give_up(network: Vk) -> None:
    """Nothing comes, nothing is carried out, and the log has the call without a status."""
    network.faults.switch_on("vk", Fault.TIMEOUT, times=1)
    form = {"access_token": vk.COMMUNITY_TOKEN, "v": "5.199"}
    with pytest.raises(TimeoutError):
        await network.session.post(
            f"{network.base}/method/users.get", data=form, timeout=ClientTimeout(total=0.1)
        )
    assert await network.call("users.get") == []


async def test_duplicates_show_an_item_twice(network: Vk) -> None:
    """In a page, and in a long poll under the same event_id."""
    key, ts = await network.subscribe()
    anna = network.customer()
    network.writes(anna)
    network.faults.switch_on("vk", Fault.DUPLICATES)
    page = await network.call("messages.getHistory", peer_id=anna.id_on("vk"))
    told = await network.listen(key, ts)
    assert [message["id"] for message in page["items"]] == [1, 1]
    assert len(told["updates"]) == 2
    assert len({update["event_id"] for update in told["updates"]}) == 1


@pytest.mark.parametrize("failed", [1, 2, 3])
async def test_a_long_poll_can_be_made_to_fail(network: Vk, failed: int) -> None:
    """A fault with a code on the endpoint `longpoll` is that `failed`."""
    key, ts = await network.subscribe()
    network.faults.switch_on(
        "vk", Fault.TOKEN_EXPIRED, endpoint=vk.LONG_POLL, times=1, code=str(failed)
    )
    told = await network.listen(key, ts)
    assert told["failed"] == failed
    assert ("ts" in told) is (failed == 1)


async def test_requests_are_logged_by_method_without_the_token(network: Vk) -> None:
    """The log names the method, and no secret."""
    await network.call("users.get", user_ids="1")
    call = network.log.of("vk", "users.get")[-1]
    assert call.status == 200
    assert vk.COMMUNITY_TOKEN not in repr(call)
