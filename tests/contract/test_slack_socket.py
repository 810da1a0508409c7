"""Promises about the connection over which Slack tells of pressed buttons, over a real one."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from inboxd.errors import RateLimited, SinkRefused, Unavailable
from inboxd.notify import Press, Wish, listeners
from inboxd.simulator.faults import Fault
from inboxd.simulator.slack import CHANNELS, TOKEN, Message, Version
from inboxd.simulator.slack_socket import APP_TOKEN
from tests.contract.slack_desk import settings, slack, until
from tests.store.shop import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.clock import ManualClock
    from inboxd.config import SlackSettings
    from inboxd.notify.slack_listener import SlackListener
    from inboxd.simulator.server import Simulator
    from inboxd.simulator.slack_socket import Sockets


OPEN = "apps.connections.open"


@dataclass
class Ear:
    """A simulated Slack, a clock, and what is heard there."""

    simulator: Simulator
    clock: ManualClock
    listener: SlackListener
    heard: list[tuple[Press, str]] = field(default_factory=list)
    block: asyncio.Event = field(default_factory=asyncio.Event)
    answer: str | Exception = ""

    @property
    def sockets(self) -> Sockets:
        """Slack's end of the connections."""
        return self.simulator.slack.sockets

    async def hear(self, press: Press, actor: str) -> str:
        """Note a press, once it may."""
        await self.block.wait()
        self.heard.append((press, actor))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def message(self, value: str = "ack:17:3:9:support", channel: str = "support") -> Message:
        """A message with one button that carries *value*."""
        button = {"type": "button", "action_id": "inboxd.ack", "value": value,
                  "text": {"type": "plain_text", "text": "Acknowledge"}}  # fmt: skip
        blocks = [{"type": "actions", "elements": [button]}]
        version = Version(self.clock.now(), "A case", blocks)
        return self.simulator.slack.post(CHANNELS[channel], version, "bot", {})

    async def press(self, value: str = "ack:17:3:9:support", user: str = "U0LEAD") -> bool:
        """Press that button; returns whether Slack was told in time that it is dealt with."""
        return (await self.simulator.slack.press(self.message(value), "Acknowledge", user)).taken

    async def passes(self, duration: timedelta) -> None:
        """Let time pass, and whoever slept do what they wanted."""
        self.clock.advance(duration)
        await asyncio.sleep(0.05)

    @property
    def asked(self) -> int:
        """How often Slack was asked where to connect."""
        return len(self.simulator.log.of("slack", OPEN))


@asynccontextmanager
async def listening(*sinks: dict[str, Any], wait: bool = True) -> AsyncIterator[Ear]:
    async with slack() as (simulator, clock):
        given: list[SlackSettings] = [settings(simulator, **each) for each in sinks or ({},)]
        (listener,) = listeners(given, clock)
        ear = Ear(simulator, clock, listener)
        ear.block.set()
        task = asyncio.create_task(listener.run(ear.hear))
        if wait:
            await ear.sockets.connected()
            await until(lambda: listener.hearing.heard, "a connection")
        yield ear
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    async with listening() as ear:
        yield ear


async def test_a_press_is_heard_with_all_that_it_says(ear: Ear) -> None:
    """Which case, which wait, which message, and who."""
    assert await ear.press("snooze:17:3:9:support")
    ((press, actor),) = ear.heard
    assert (press.wish, press.case, press.wait, press.message) == (Wish.SNOOZE, 17, 3, 9)
    assert press.ts == ear.simulator.slack.messages[-1].ts
    assert actor == "Anna"


async def test_names_are_asked_for_once_a_day(ear: Ear) -> None:
    """Who presses often is not looked up each time; who is renamed is seen tomorrow."""
    for _ in range(3):
        await ear.press()
    assert len(ear.simulator.log.of("slack", "users.info")) == 1
    ear.clock.advance(timedelta(days=1))
    await ear.press()
    assert len(ear.simulator.log.of("slack", "users.info")) == 2


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
async def test_a_new_connection_is_there_before_the_old_one_goes(ear: Ear, reason: str) -> None:
    """Slack replaces them now and then: nothing that is pressed meanwhile is lost."""
    old = ear.sockets.connections[0]
    await ear.sockets.ask_to_leave(reason)
    await ear.sockets.connected(2)
    for _ in range(2):
        assert await ear.press()
    await old.close()
    await until(lambda: len(ear.sockets.connections) == 1, "the old one's end")
    assert await ear.press()
    assert ear.listener.hearing.heard
    assert len(ear.heard) == 3


async def test_who_is_not_closed_closes_by_himself(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack said that it would close the old connection; should it forget, we do not."""
    monkeypatch.setattr("inboxd.notify.slack_socket._LINGER", 0.2)
    await ear.sockets.ask_to_leave()
    await ear.sockets.connected(2)
    await until(lambda: len(ear.sockets.connections) == 1, "the old one's end")
    assert await ear.press()


async def test_a_connection_that_died_in_silence_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No farewell, no error, no answer to a ping: somebody pulled a plug."""
    monkeypatch.setattr("inboxd.notify.slack_socket._HEARTBEAT", 0.2)
    async with listening() as ear:
        ear.sockets.alive = False
        await ear.sockets.drop()
        await until(lambda: not ear.listener.hearing.heard, "the loss to be noticed")
        await ear.passes(timedelta(seconds=5))
        await until(lambda: ear.sockets.opened == 2, "a connection that is dead")
        await until(lambda: not ear.listener.hearing.heard, "its silence to be noticed")
        ear.sockets.alive = True
        await ear.passes(timedelta(seconds=20))
        await until(lambda: ear.listener.hearing.heard, "a connection")
        assert await ear.press()


async def test_who_is_asked_to_leave_all_the_time_takes_breath(ear: Ear) -> None:
    """Slack counts the addresses that it hands out."""
    for _ in range(3):
        await ear.sockets.ask_to_leave()
        await asyncio.sleep(0.1)
    assert ear.asked == 2
    assert not ear.listener.hearing.heard


async def test_a_connection_that_breaks_is_made_again(ear: Ear) -> None:
    """After a short while, and it is known meanwhile that nothing is heard."""
    await ear.sockets.drop()
    await until(lambda: not ear.listener.hearing.heard, "the loss to be noticed")
    assert not ear.listener.hearing.needs_person
    assert not await ear.press()
    await ear.passes(timedelta(seconds=5))
    await ear.sockets.connected()
    assert await ear.press()
    assert len(ear.heard) == 1


async def test_pauses_grow_and_every_try_has_an_address_of_its_own(
    ear: Ear, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An address is good once; and it is a secret, which no log or error holds."""
    given: list[str] = []

    def address(origin: str) -> str:
        given.append(f"{origin.replace('http', 'ws', 1)}/link/?ticket=secret-{len(given)}")
        return given[-1]

    monkeypatch.setattr(ear.sockets, "address", address)
    with caplog.at_level(logging.DEBUG):
        await ear.sockets.drop()
        for _ in range(60):
            await ear.passes(timedelta(seconds=10))
    assert 5 <= len(given) <= 9
    assert len(set(given)) == len(given)
    error = ear.listener.hearing.error
    assert isinstance(error, Unavailable)
    assert "secret" not in caplog.text + str(error) + repr(error.__cause__)


@pytest.mark.parametrize(
    ("token", "told"),
    [("xapp-wrong-secret", "invalid_auth"), (TOKEN, "that is no app-level token")],
)
async def test_a_token_that_is_wrong_needs_a_person(token: str, told: str) -> None:
    """It is said what to make, without the token; and Slack is not asked all the time."""
    async with listening({"app_token": SecretStr(token)}, wait=False) as ear:
        await until(lambda: ear.listener.hearing.error, "a refusal")
        hearing = ear.listener.hearing
        assert hearing.needs_person
        assert hearing.since == START
        assert told in str(hearing.error)
        assert "connections:write" in str(hearing.error)
        assert token not in str(hearing.error)
        for _ in range(9):
            await ear.passes(timedelta(seconds=30))
        assert ear.asked == 1
        with pytest.raises(SinkRefused):
            await ear.listener.check()


async def test_socket_mode_that_is_switched_off_needs_a_person(ear: Ear) -> None:
    """Slack says so in its farewell."""
    await ear.sockets.ask_to_leave("link_disabled")
    await until(lambda: not ear.listener.hearing.heard, "the loss to be noticed")
    assert ear.listener.hearing.needs_person
    assert "switched off" in str(ear.listener.hearing.error)


async def test_a_connection_without_a_greeting_is_none() -> None:
    """It is given up after the time that a request may take."""
    async with listening({"timeout": timedelta(seconds=0.2)}, wait=False) as ear:
        ear.sockets.answering = False
        await until(lambda: ear.listener.hearing.error, "a failure")
        assert isinstance(ear.listener.hearing.error, Unavailable)
        ear.sockets.answering = True
        await ear.passes(timedelta(seconds=5))
        await ear.sockets.connected()


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [
        *((OPEN, fault) for fault in (Fault.SERVER_ERROR, Fault.HTML, Fault.TIMEOUT,
                                      Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.TRUNCATED)),
        # What is dropped before an answer aiohttp asks for once more by itself.
        *(("socket", fault) for fault in (Fault.SERVER_ERROR, Fault.HTML, Fault.TIMEOUT)),
    ],
)  # fmt: skip
async def test_what_breaks_on_the_way_is_tried_again(endpoint: str, fault: Fault) -> None:
    """Whatever it is: later it works."""
    async with slack() as (simulator, clock):
        simulator.faults.switch_on("slack", fault, endpoint=endpoint, times=1)
        (listener,) = listeners([settings(simulator, timeout=timedelta(seconds=0.3))], clock)
        ear = Ear(simulator, clock, listener)
        task = asyncio.create_task(listener.run(ear.hear))
        await until(lambda: listener.hearing.error, "a failure")
        assert isinstance(listener.hearing.error, Unavailable)
        await ear.passes(timedelta(seconds=5))
        await until(lambda: listener.hearing.heard, "a connection")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_rate_limit_is_kept() -> None:
    """Slack says when it hands out addresses again."""
    async with slack() as (simulator, clock):
        simulator.faults.switch_on(
            "slack", Fault.RATE_LIMIT, endpoint="apps.*", times=1,
            reset_after=timedelta(seconds=90),
        )  # fmt: skip
        (listener,) = listeners([settings(simulator)], clock)
        ear = Ear(simulator, clock, listener)
        task = asyncio.create_task(listener.run(ear.hear))
        await until(lambda: listener.hearing.error, "a failure")
        assert isinstance(listener.hearing.error, RateLimited)
        await ear.passes(timedelta(seconds=80))
        assert ear.asked == 1
        await ear.passes(timedelta(seconds=10))
        await until(lambda: listener.hearing.heard, "a connection")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "{}", '{"type": "unheard_of"}', '{"envelope_id": 5}', "null",
     '{"type": "hello", "num_connections": 2}'],
)  # fmt: skip
async def test_frames_that_nobody_understands_do_no_harm(ear: Ear, text: str) -> None:
    """Slack may say new things one day."""
    await ear.sockets.send_text(text)
    assert await ear.press()
    assert len(ear.sockets.connections) == 1


async def test_an_envelope_of_another_kind_is_acknowledged(ear: Ear) -> None:
    """Or Slack would send it again and again."""
    (socket,) = ear.sockets.connections
    envelope = await ear.sockets.send({"type": "event_callback", "event": {"type": "message"}})
    assert envelope.taken
    await socket.send_str(json.dumps({"envelope_id": "x", "type": "slash_commands"}))
    await until(lambda: ear.sockets.problems, "an acknowledgement")  # of what was not sent properly
    assert ear.heard == []


async def test_slow_work_is_acknowledged_in_time(ear: Ear) -> None:
    """Three seconds are Slack's patience; the work goes on after that."""
    ear.block.clear()
    assert await ear.press()
    assert ear.heard == []
    ear.block.set()
    await until(lambda: ear.heard, "the work to be done")


@pytest.mark.parametrize("error", [Unavailable("disk"), ZeroDivisionError("bug")])
async def test_work_that_fails_is_told_to_who_pressed(ear: Ear, error: Exception) -> None:
    """A foreseen failure or our own bug: they know that nothing has changed, others press on."""
    ear.answer = error
    assert await ear.press()
    (whisper,) = ear.simulator.slack.whispers
    assert whisper.user == "U0LEAD"
    assert "Nothing has changed" in whisper.text
    assert str(error) not in whisper.text
    ear.answer = ""
    assert await ear.press()


async def test_sinks_of_one_app_share_a_connection() -> None:
    """Slack tells any one connection; each sink has its own list of who may."""
    leads = {"name": "leads", "channel": CHANNELS["leads"], "allowed": ("U0SUPPORT",)}
    async with listening({}, leads) as ear:
        assert ear.asked == 1
        await ear.press("ack:1:1:1:leads", "U0SUPPORT")
        await ear.press("ack:1:1:1:leads", "U0LEAD")
        await ear.press("ack:1:1:1:support", "U0LEAD")
        assert [press.sink for press, _ in ear.heard] == ["leads", "support"]
        assert len(ear.simulator.slack.whispers) == 1


async def test_an_answer_that_cannot_be_given_is_no_harm(ear: Ear) -> None:
    """Who is not in the channel any more is not told; the next one is heard."""
    ear.simulator.faults.switch_on("slack", Fault.PERMISSION_MISSING, endpoint="chat.postEphemeral")
    assert await ear.press(user="U0GUEST")
    assert await ear.press()
    assert len(ear.heard) == 1


async def test_stopping_leaves_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    """No task, no connection; and no line at any level holds a token or a customer's words."""
    before = asyncio.all_tasks()
    with caplog.at_level(logging.DEBUG):
        async with listening() as ear:
            await ear.press()
            ear.block.clear()
            pressing = asyncio.create_task(ear.press())
            await asyncio.sleep(0.1)
        await asyncio.wait_for(pressing, 5)
    await until(lambda: asyncio.all_tasks() == before, "the tasks to end")
    assert ear.sockets.connections == []
    for secret in (APP_TOKEN, TOKEN, "ticket="):
        assert secret not in caplog.text


async def test_the_check_uses_no_address(ear: Ear) -> None:
    """It asks for one, and that is all."""
    await ear.listener.check()
    assert ear.sockets.opened == 1


async def test_no_app_token_is_no_listener() -> None:
    """Nothing is opened for a bot without buttons."""
    async with slack() as (simulator, clock):
        plain = settings(simulator, app_token=None, allowed=("U0LEAD",))
        assert listeners([plain], clock) == []


async def test_a_proxy_is_used_for_the_connection_too(
    monkeypatch: pytest.MonkeyPatch, ear: Ear
) -> None:
    """The environment's, unless it exempts the host: for wss as for https."""
    proxied: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxied.append((await reader.readline()).decode().split("?")[0])
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    address = ear.simulator.slack_api_url.replace("/api/", "/link/")

    async def known() -> str:
        return address.replace("http", "ws", 1) + "?ticket=x"

    monkeypatch.setattr(ear.listener._socket, "_address", known)
    await ear.sockets.drop()
    await until(lambda: not ear.listener.hearing.heard, "the loss to be noticed")
    await ear.passes(timedelta(seconds=5))
    await until(lambda: proxied, "the proxy to be asked")
    assert proxied[0] == f"GET {address}"
    server.close()
    await server.wait_closed()
