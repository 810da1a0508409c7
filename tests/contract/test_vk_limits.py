"""The VK connector and what VK allows: batches, limits, captchas, losses, broken answers."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import vk_api
from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.vk import Connector
from connectors.vk.payloads import direct_message
from connectors.vk.quotas import Quota
from inboxd.clock import ManualClock
from inboxd.connector import Ledger
from inboxd.errors import (
    InboxdError,
    NetworkError,
    OperatorError,
    PermissionMissing,
    RateLimited,
    TokenInvalid,
    Unavailable,
    UnexpectedPayload,
)
from inboxd.simulator import vk
from inboxd.simulator.faults import Fault
from tests.contract.vk_shop import (
    GROUP,
    SECRETS,
    START,
    canned,
    failure,
    message_event,
    open_shop,
    settings_for,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from tests.contract.vk_shop import Shop

MIDNIGHT = START.replace(hour=0) + timedelta(days=1)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as opened:
        yield opened


def active(shop: Shop, count: int) -> None:
    """Let *count* people write, one after the other."""
    for number in range(count):
        person = shop.world.new_person(f"a{number}", f"Человек {number}")
        shop.dm(f"привет {number}", author=person)
        shop.ahead(seconds=1)


# Batches


async def test_fifty_active_conversations_cost_three_calls(shop: Shop) -> None:
    """A burst is read by execute, 25 histories a call."""
    active(shop, 50)

    messages = await shop.poll("conversations")

    assert len(messages) == 50
    assert shop.calls("execute") == 2
    assert shop.calls("messages.*") == 1


async def test_batches_keep_to_the_cursor(shop: Shop) -> None:
    """However the histories come, nothing is missed and nothing old is read again."""
    active(shop, 60)
    first = await shop.poll("conversations")
    shop.ahead(hours=1)
    active_again = [
        shop.dm(f"снова {number}", author=shop.world.people[-number]) for number in range(1, 31)
    ]

    second = await shop.poll("conversations")

    assert len(first) == 60
    assert {item.text for item in active_again} <= set(second)
    assert {text: second[text] for text in first if text in second}.items() <= first.items()


async def test_one_conversation_that_cannot_be_read_spoils_no_other(shop: Shop) -> None:
    """A refusal inside execute is a note, and the cursor goes on: it would be refused again."""
    active(shop, 30)
    shop.faults.switch_on(
        "vk", Fault.PERMISSION_MISSING, endpoint="messages.getHistory", code="7", times=1
    )

    pages = await shop.pages("conversations")

    assert sum(len(page.messages) for page in pages) == 29
    (note,) = [page.note for page in pages if page.note]
    assert "community token" in note
    assert await shop.poll("conversations") != {}


async def test_when_no_conversation_can_be_read_people_are_told(shop: Shop) -> None:
    """All of them refused is a right that is missing, and the cursor stays where it is."""
    active(shop, 3)
    shop.faults.switch_on(
        "vk", Fault.PERMISSION_MISSING, endpoint="messages.getHistory", code="15", times=3
    )

    assert isinstance(await failure(shop.poll("conversations")), PermissionMissing)
    assert len(await shop.poll("conversations")) == 3


async def test_trouble_with_one_conversation_does_not_move_the_cursor(shop: Shop) -> None:
    """What was merely busy is read next time; what came with it is not lost."""
    active(shop, 30)
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="messages.getHistory", times=1)
    found: list[str] = []

    async def read() -> None:
        async for page in shop.connector.poll("conversations", None):
            found.extend(message.text for message in page.messages)
            shop.cursors["conversations"] = page.cursor

    assert isinstance(await failure(read()), Unavailable)
    assert len(found) == 29
    assert len({*found, *await shop.poll("conversations")}) == 30


@pytest.mark.parametrize("code", ["12", "13", "3", "10"])
async def test_where_execute_fails_the_calls_are_made_one_by_one(shop: Shop, code: str) -> None:
    """Code that does not compile, an answer that is too big, a mock without the method."""
    active(shop, 27)
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="execute", code=code)

    assert len(await shop.poll("conversations")) == 27
    assert shop.calls("messages.getHistory") == 27


async def test_false_without_a_reason_is_no_empty_history() -> None:
    """An answer of execute that says neither what nor why not is asked for again."""
    now = int(START.timestamp())
    items = [
        {"conversation": {"peer": {"id": peer}}, "last_message": {"date": now}} for peer in (5, 6)
    ]
    message = {"peer_id": 6, "conversation_message_id": 1, "from_id": 6, "date": now, "id": 9}
    answers = {
        "messages.getConversations": lambda _: {"count": 2, "items": items},
        "execute": lambda _: [False, {"count": 1, "items": [message]}],
    }
    async with canned(answers) as connector:
        polled = connector.poll("conversations", None)
        first = await anext(polled)
        with pytest.raises(Unavailable):
            await anext(polled)

    assert [each.remote_id for each in first.messages] == ["dm:6_1"]


HISTORY_ITEM = {
    "peer_id": 6, "conversation_message_id": 1, "from_id": 6, "date": int(START.timestamp()), "id": 9,
}  # fmt: skip


@pytest.mark.parametrize(
    "history", [None, {"count": 1}, {"count": 60, "items": [{**HISTORY_ITEM, "peer_id": 5}]}]
)
async def test_a_history_that_cannot_be_read_on_spoils_no_other(history: Any) -> None:
    """Be it of no known shape, or when its second page is asked for."""
    items = [
        {"conversation": {"peer": {"id": peer}}, "last_message": {"date": HISTORY_ITEM["date"]}}
        for peer in (5, 6)
    ]
    answers = {
        "messages.getConversations": lambda _: {"count": 2, "items": items},
        "execute": lambda _: [history, {"count": 1, "items": [HISTORY_ITEM]}],
        "messages.getHistory": lambda _: None,
    }
    told: list[str] = []

    async def read() -> None:
        async for page in connector.poll("conversations", None):
            told.extend(each.remote_id for each in page.messages)

    async with canned(answers) as connector:
        assert type(await failure(read())) is UnexpectedPayload
    assert told[-1] == "dm:6_1"


async def test_code_of_a_batch_is_plain_json() -> None:
    """Whoever reads VKScript as calls with JSON in them can read ours."""
    now, codes = int(START.timestamp()), list[str]()
    items = [
        {"conversation": {"peer": {"id": peer}}, "last_message": {"date": now}}
        for peer in (5, 6, 7)
    ]

    def run(form: Mapping[str, str]) -> Any:
        codes.append(form["code"])
        return [{"count": 0, "items": []}] * 3

    answers = {
        "messages.getConversations": lambda _: {"count": 3, "items": items}, "execute": run,
    }  # fmt: skip
    async with canned(answers) as connector:
        assert len([page async for page in connector.poll("conversations", None)]) == 4

    (code,) = codes
    calls = re.findall(r"API\.messages\.getHistory\((\{.*?\})\)", code)
    assert code == f"return [{','.join(f'API.messages.getHistory({call})' for call in calls)}];"
    assert [json.loads(call) for call in calls] == [
        {"group_id": GROUP, "peer_id": peer, "offset": 0, "count": 20} for peer in (5, 6, 7)
    ]


# Limits


@pytest.mark.parametrize(
    ("code", "pause"),
    [("6", timedelta(seconds=1)), ("9", timedelta(minutes=2)), ("14", timedelta(minutes=5))],
)
async def test_each_kind_of_too_often_has_its_pause(
    shop: Shop, code: str, pause: timedelta
) -> None:
    """A second's limit, a flood and a captcha; none of them disconnects an account."""
    shop.faults.switch_on("vk", Fault.RATE_LIMIT, code=code)

    for source in ("long_poll", "conversations", "wall"):
        error = await failure(shop.poll(source))
        assert isinstance(error, RateLimited)
        assert error.until == shop.clock.now() + pause


async def test_captcha_is_told_as_what_it_is(shop: Shop) -> None:
    """Its session is a secret; what people need to know is that it is one, and whose."""
    shop.faults.switch_on("vk", Fault.RATE_LIMIT, code="14")

    for _day in range(3):
        error = await failure(shop.poll("wall"))
        assert isinstance(error, NetworkError)
        assert "captcha" in str(error)
        assert "service_token" in str(error)
        assert "session_token" not in str(error)
        shop.ahead(days=1)


@pytest.mark.parametrize("source", ["conversations", "wall"])
async def test_method_without_a_known_limit_rests_for_an_hour(shop: Shop, source: str) -> None:
    """Error 29 of a method whose limit VK does not publish may be over sooner."""
    shop.faults.switch_on(
        "vk", Fault.RATE_LIMIT, endpoint="messages.getConversations", code="29", times=1
    )
    shop.faults.switch_on("vk", Fault.RATE_LIMIT, endpoint="wall.get", code="29", times=1)

    error = await failure(shop.poll(source))
    assert isinstance(error, RateLimited)
    expected = MIDNIGHT if source == "wall" else START + timedelta(hours=1)
    assert error.until == expected

    called = len(shop.log.calls)
    assert isinstance(await failure(shop.poll(source)), RateLimited)
    assert len(shop.log.calls) == called
    shop.clock.set(expected)
    await shop.poll(source)


async def test_limits_outlive_a_restart(shop: Shop) -> None:
    """What is used and what rests is in the ledger, which another process takes over."""
    await shop.poll("wall")
    shop.faults.switch_on("vk", Fault.RATE_LIMIT, endpoint="wall.get", code="29", times=1)
    await failure(shop.poll("wall"))
    kept, ledger = shop.ledger.taken(), Ledger(shop.clock)
    ledger.restored(kept)
    connector = Connector(shop.settings, shop.clock, ledger)

    assert isinstance(await failure(anext(connector.poll("wall", None))), RateLimited)
    (told,) = [each for each in connector.allowances() if each.name == "wall.get (service_token)"]
    assert (told.used, told.limit, told.resets_at) == (2, 5000, MIDNIGHT)
    await connector.close()


@pytest.mark.parametrize("every", [10, 30])
async def test_a_busy_wall_reads_until_midnight(shop: Shop, every: int) -> None:
    """Even a poll every ten seconds does not use up the 5000 calls of the day before its end."""
    quota = Quota("service_token", shop.ledger, shop.clock)
    shop.clock.set(START.replace(hour=0))
    asked, longest, last = 0, timedelta(0), shop.clock.now()
    while shop.clock.now() < MIDNIGHT:
        if not quota.behind("wall.get"):
            quota.count("wall.get")
            asked += 1
            longest, last = max(longest, shop.clock.now() - last), shop.clock.now()
        shop.ahead(seconds=every)

    most = min(5000, 86_400 // every)
    assert most - 2 <= asked <= most
    assert longest <= timedelta(seconds=max(every, 30))


def test_quota_that_is_far_ahead_is_a_limit_and_no_skipped_poll() -> None:
    """A source that will not be read for long is not passed over in silence."""
    clock = ManualClock(START.replace(hour=1))
    ledger = Ledger(clock)
    quota = Quota("service_token", ledger, clock)
    ledger.spend("service_token newsfeed.search", 900)

    with pytest.raises(RateLimited) as caught:
        quota.behind("newsfeed.search")

    assert caught.value.until is not None
    assert START.replace(hour=21) < caught.value.until < MIDNIGHT


async def test_calls_of_a_token_are_spaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three a second for a service token, twenty for a community's: kept before VK says no."""
    monkeypatch.undo()
    assert vk_api.VkApi.RPS_DELAY >= 1 / 3
    assert vk_api.VkApiGroup.RPS_DELAY >= 1 / 20
    answers = {"wall.get": lambda _: {"count": 0, "items": []}}
    async with canned(answers) as connector:
        began = asyncio.get_running_loop().time()
        for _call in range(4):
            [page async for page in connector.poll("wall", None)]
        took = asyncio.get_running_loop().time() - began

    assert took >= 3 * vk_api.VkApi.RPS_DELAY


async def test_connectors_of_one_token_share_its_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """VK counts by token: the nightly reconciliation must not take the poller's share."""
    monkeypatch.setattr(vk_api.VkApi, "RPS_DELAY", 0.2)
    answers = {"wall.get": lambda _: {"count": 0, "items": []}}

    async def read(connector: Connector) -> None:
        for _call in range(3):
            [page async for page in connector.poll("wall", None)]

    async with canned(answers) as connector:
        other = Connector(connector._desk.settings, ManualClock(START))
        began = asyncio.get_running_loop().time()
        await asyncio.gather(read(connector), read(other))
        took = asyncio.get_running_loop().time() - began
        await other.close()

    assert took >= 5 * 0.2


# Rights


@pytest.mark.parametrize("code", ["7", "15", "27"])
async def test_missing_right_names_token_and_right(shop: Shop, code: str) -> None:
    """Who runs the server reads which token it is and what it lacks."""
    shop.faults.switch_on("vk", Fault.PERMISSION_MISSING, code=code)

    error = await failure(shop.poll("conversations"))

    assert isinstance(error, PermissionMissing)
    assert "community token" in str(error)
    assert ("'messages'" in str(error)) == (code != "27")


async def test_wrong_kind_of_token_is_named(shop: Shop) -> None:
    """A community token in the place of a service token."""
    settings = settings_for(shop.settings.api_base, service_token=vk.COMMUNITY_TOKEN)
    connector = Connector(settings, shop.clock)

    error = await failure(anext(connector.poll("wall", None)))

    assert isinstance(error, PermissionMissing)
    assert "service_token" in str(error)
    assert "community token cannot" in str(error)
    await connector.close()


@pytest.mark.parametrize(
    ("code", "kind"),
    [("5", TokenInvalid), ("17", OperatorError), ("14", RateLimited), ("10", Unavailable)],
)
async def test_only_a_refused_token_disconnects(
    shop: Shop, code: str, kind: type[InboxdError]
) -> None:
    """TokenInvalid is kept for what a new token mends."""
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, code=code)

    assert type(await failure(shop.poll("conversations"))) is kind


# Losses


ALL_THINGS = "videos and goods and photos and discussions"


@pytest.mark.parametrize("failed", ["1", "3"])
@pytest.mark.parametrize(
    ("changes", "switched_off", "lost"),
    [
        ({"service_token": None}, (), "without a service_token"),
        ({"service_token": None}, ("video_comment_new",), "without a service_token"),
        ({"boards": False}, (), f"on {ALL_THINGS} cannot"),
        ({}, ("video_comment_new",), "on goods and photos cannot"),
        ({"user_token": vk.USER_TOKEN}, ("video_comment_new",), "on goods cannot"),
        ({}, ("video_comment_new", "market_comment_new", "photo_comment_new"), ""),
        ({"user_token": vk.USER_TOKEN}, ("video_comment_new", "market_comment_new"), ""),
    ],
)
async def test_lost_events_are_a_loss_where_nothing_reads_back(
    shop: Shop, failed: str, changes: dict[str, Any], switched_off: tuple[str, ...], lost: str
) -> None:
    """What may be missing for good is named, as far as the long poll would have told it."""
    params = {"group_id": GROUP, **dict.fromkeys(switched_off, 0)}
    await shop.connector._desk.community.call("groups.setLongPollSettings", params)
    connector = Connector(settings_for(shop.settings.api_base, **changes), shop.clock)
    (begun,) = [page async for page in connector.poll("long_poll", None)]
    shop.comment(shop.post(), "пропало?")
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="longpoll", code=failed, times=1)

    (page,) = [page async for page in connector.poll("long_poll", begun.cursor)]

    assert "dropped" in page.note
    assert page.restarted
    assert lost in page.lost
    assert bool(page.lost) == bool(lost)
    if "service_token" not in changes:
        assert "пропало?" in await shop.poll("wall")
    await connector.close()


async def test_lost_events_are_a_loss_where_vk_does_not_say_which_there_are(shop: Shop) -> None:
    """That the settings cannot be asked for in the same bad moment is no reason to be calm."""
    await shop.poll("long_poll")
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="longpoll", code="1", times=1)
    shop.faults.switch_on(
        "vk", Fault.SERVER_ERROR, endpoint="groups.getLongPollSettings", code="10"
    )

    (page,) = await shop.pages("long_poll")

    assert "on videos and goods and photos cannot" in page.lost


async def test_lost_events_are_none_for_messages_alone(shop: Shop) -> None:
    """Private messages are read back with the community token itself."""
    settings = settings_for(
        shop.settings.api_base, service_token=None, streams=("direct_messages",)
    )
    connector = Connector(settings, shop.clock)
    (begun,) = [page async for page in connector.poll("long_poll", None)]
    shop.faults.switch_on("vk", Fault.SERVER_ERROR, endpoint="longpoll", code="1", times=1)

    (page,) = [page async for page in connector.poll("long_poll", begun.cursor)]

    assert page.note
    assert not page.lost
    await connector.close()


async def test_ts_may_be_a_number_everywhere() -> None:
    """VK writes it as text in one place and as a number in another."""
    heard: list[str] = []

    def listen(query: Mapping[str, str]) -> Any:
        heard.append(query["ts"])
        return {"failed": 1, "ts": 30} if query["ts"] == "7" else {"ts": 31, "updates": []}

    answers: dict[str, Any] = {"listen": listen}
    async with canned(answers) as connector:
        (page,) = [page async for page in connector.poll("long_poll", {"ts": "7"})]
        (after,) = [page async for page in connector.poll("long_poll", page.cursor)]

    assert (page.cursor, after.cursor) == ({"ts": "30"}, {"ts": "31"})
    assert heard == ["7", "30"]


async def test_events_without_an_id_are_delivered() -> None:
    """Old payloads have none; the remote id still makes one message of two."""
    event = message_event("a", text="раз")
    del event["event_id"]
    answers = {"listen": lambda q: {"ts": "2", "updates": [event, event] if q["ts"] == "1" else []}}
    async with canned(answers) as connector:
        pages = [page async for page in connector.poll("long_poll", {"ts": "1"})]

    assert [message.text for page in pages for message in page.messages] == ["раз"]


# Broken answers


@pytest.mark.parametrize(
    "body",
    [
        {"response": {}},
        {"response": {"count": 0}},
        {"response": {"items": None}},
        {"response": None},
    ],
)
async def test_answer_without_items_is_no_quiet_channel(body: dict[str, Any]) -> None:
    """It is kept for repair, with all that VK said and without the token."""
    async with answering(body) as connector:
        for source in ("conversations", "wall", "boards"):
            error = await failure(anext(connector.poll(source, None)))
            assert isinstance(error, UnexpectedPayload)
            assert error.raw == body["response"]


async def test_raw_of_an_unreadable_answer_shows_no_token() -> None:
    """Whatever VK echoes."""
    body = {"mistake": {"request_params": [{"key": "access_token", "value": SECRETS[0]}]}}
    async with answering(body) as connector:
        error = await failure(anext(connector.poll("conversations", None)))

    assert isinstance(error, UnexpectedPayload)
    assert error.raw is not None
    assert SECRETS[0] not in json.dumps(error.raw)
    assert "***" in json.dumps(error.raw)


async def test_long_poll_without_updates_is_no_quiet_channel() -> None:
    """A `ts` alone says nothing."""
    async with canned({"listen": lambda _: {"ts": "5"}}) as connector:
        error = await failure(anext(connector.poll("long_poll", {"ts": "1"})))

    assert isinstance(error, UnexpectedPayload)


@pytest.mark.parametrize("source", ["conversations", "long_poll"])
async def test_answer_without_an_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """A body above the limit is not read into memory."""
    monkeypatch.setattr("connectors.vk.origin.LARGEST_ANSWER", 1000)
    monkeypatch.setattr("connectors.vk.long_poll.LARGEST_ANSWER", 1000)
    large = "x" * 5000
    answers = {
        "messages.getConversations": lambda _: {"items": [], "padding": large},
        "listen": lambda _: {"ts": "1", "updates": [], "padding": large},
    }
    async with canned(answers) as connector:
        cursor = {"ts": "1"} if source == "long_poll" else None
        error = await failure(anext(connector.poll(source, cursor)))

    assert isinstance(error, Unavailable)


async def test_answer_that_drips_is_given_up() -> None:
    """A byte now and then is no answer: the call ends when its time is up."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _byte in range(200):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response

    app = web.Application()
    app.router.add_route("*", "/method/{name}", drip)
    async with TestServer(app) as server:
        settings = settings_for(str(server.make_url("")), timeout="1s")
        connector = Connector(settings, ManualClock(START))
        began = asyncio.get_running_loop().time()
        error = await failure(anext(connector.poll("conversations", None)))
        took = asyncio.get_running_loop().time() - began
        await connector.close()

    assert isinstance(error, Unavailable)
    assert took < 15


async def test_our_own_bug_costs_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks in reading an item, it is kept with what broke, and the others are read."""
    events = [
        message_event("a", text="раз"),
        message_event("b", text="два", id=2, conversation_message_id=2),
    ]

    def broken(payload: dict[str, Any], group_id: int) -> Any:
        return (
            direct_message(payload, group_id)
            if payload["text"] == "раз"
            else payload["no such key"]
        )

    monkeypatch.setattr("connectors.vk.events.somebodys_message", broken)
    answers = {"listen": lambda q: {"ts": "2", "updates": events if q["ts"] == "1" else []}}
    async with canned(answers) as connector:
        pages = [page async for page in connector.poll("long_poll", {"ts": "1"})]
        monkeypatch.undo()
        (unknown,) = [unknown for page in pages for unknown in page.unknown]
        mended = connector.reread(unknown)

    assert [message.text for page in pages for message in page.messages] == ["раз"]
    assert unknown.error == "KeyError: 'no such key'"
    assert [message.text for message in mended.messages] == ["два"]


@asynccontextmanager
async def answering(body: object) -> AsyncIterator[Connector]:
    """Yield a connector whose VK answers everything with *body*."""

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(body)

    app = web.Application()
    app.router.add_route("*", "/method/{name}", answer)
    async with TestServer(app) as server:
        connector = Connector(settings_for(str(server.make_url(""))), ManualClock(START))
        yield connector
        await connector.close()


@contextmanager
def no_thread() -> Iterator[None]:
    """Let the machine have no thread left while the block lasts."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as lacking:
        lacking.setattr(threading.Thread, "start", refuse)
        yield


async def test_a_machine_without_a_thread_is_not_vks_fault(shop: Shop) -> None:
    """The error says what is lacking; what was given up is not asked later, when there is one."""
    with no_thread():
        told = await failure(shop.connector.check())
    assert isinstance(told, Unavailable)
    assert "this machine has no thread left" in str(told)

    await shop.connector.check()
    assert shop.calls("groups.getById") == 1


async def test_a_reply_that_no_thread_could_send_is_sent_once(shop: Shop) -> None:
    """Nothing was sent, which is known for sure, and so it is tried again."""
    shop.dm("вопрос")
    question = (await shop.poll("conversations"))["вопрос"]
    reply = shop.reply(question, "ответ")

    with no_thread():
        told = await failure(shop.connector.send(reply))
    assert isinstance(told, Unavailable)
    assert "this machine has no thread left" in str(told)

    await shop.connector.send(reply)
    assert len([item for item in shop.world.items() if item.text == "ответ"]) == 1
