"""The simulated Slack's Socket Mode is as strict as the real one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from inboxd.simulator.server import Simulator
from inboxd.simulator.slack import CHANNELS, TOKEN, Version
from inboxd.simulator.slack_socket import APP_TOKEN
from inboxd.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BUTTON = {"type": "button", "action_id": "a", "value": "v", "style": "primary",
          "text": {"type": "plain_text", "text": "Take"}}  # fmt: skip
OPTION = {"text": {"type": "plain_text", "text": "Sleep"}, "value": "s"}
BLOCKS: list[dict[str, Any]] = [
    {"type": "actions", "elements": [BUTTON]},
    {"type": "section", "text": {"type": "plain_text", "text": "x"},
     "accessory": {"type": "overflow", "action_id": "m", "options": [OPTION]}},
]  # fmt: skip


class App:
    """An app without an SDK."""

    def __init__(self, sim: Simulator, session: aiohttp.ClientSession) -> None:
        self.sim = sim
        self.session = session

    async def open(self, token: str = APP_TOKEN) -> dict[str, Any]:
        """Ask for an address."""
        url = f"{self.sim.slack_api_url}apps.connections.open"
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.post(url, headers=headers) as answer:
            answered: dict[str, Any] = await answer.json()
            return answered

    async def connect(self) -> aiohttp.ClientWebSocketResponse:
        """Open a connection and be greeted."""
        socket = await self.session.ws_connect((await self.open())["url"])
        assert (await socket.receive_json())["type"] == "hello"
        return socket

    def press(self, label: str = "Take") -> asyncio.Task[Any]:
        """Begin to press a button below a message."""
        message = self.sim.slack.post(CHANNELS["support"], Version(START, "x", BLOCKS), "bot", {})
        return asyncio.create_task(self.sim.slack.press(message, label))


@pytest.fixture
async def app() -> AsyncIterator[App]:
    async with (
        Simulator(World(1, customers=1), now=lambda: START) as sim,
        aiohttp.ClientSession() as session,
    ):
        yield App(sim, session)


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("xapp-x", "invalid_auth"), (TOKEN, "not_allowed_token_type")]
)  # fmt: skip
async def test_only_the_apps_token_opens_connections(app: App, token: str, error: str) -> None:
    """And it is good for nothing else."""
    assert (await app.open(token))["error"] == error
    url = f"{app.sim.slack_api_url}auth.test"
    headers = {"Authorization": f"Bearer {APP_TOKEN}"}
    async with app.session.post(url, headers=headers) as answer:
        assert (await answer.json())["error"] == "not_allowed_token_type"


async def test_an_address_is_good_once(app: App) -> None:
    """Whoever comes again must ask again."""
    url = (await app.open())["url"]
    socket = await app.session.ws_connect(url)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await app.session.ws_connect(url)
    await socket.close()


@pytest.mark.parametrize(
    ("label", "kind", "value"), [("Take", "button", "v"), ("Sleep", "overflow", "s")]
)
async def test_a_press_is_sent_as_slack_documents_it(
    app: App, label: str, kind: str, value: str
) -> None:
    """Who, where, what; and it waits for the acknowledgement."""
    socket = await app.connect()
    pressing = app.press(label)
    frame = await socket.receive_json()
    assert (frame["type"], frame["accepts_response_payload"]) == ("interactive", False)
    payload = frame["payload"]
    (action,) = payload["actions"]
    assert (payload["type"], action["type"]) == ("block_actions", kind)
    assert action.get("value", action.get("selected_option", {}).get("value")) == value
    assert payload["user"]["id"] == "U0LEAD"
    assert payload["container"]["message_ts"] == payload["message"]["ts"]
    assert {"trigger_id", "response_url", "team", "channel", "state"} <= payload.keys()
    await socket.send_json({"envelope_id": frame["envelope_id"]})
    assert (await pressing).taken
    assert app.sim.slack.sockets.problems == []
    await socket.close()


async def test_without_an_acknowledgement_a_press_has_failed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People see a warning sign; it may be sent again, in another envelope."""
    monkeypatch.setattr("inboxd.simulator.slack_socket.ACK_WITHIN", 0.1)
    socket = await app.connect()
    pressed = await app.press()
    assert not pressed.taken
    first = await socket.receive_json()
    again = asyncio.create_task(app.sim.slack.sockets.send({}, again=pressed))
    second = await socket.receive_json()
    assert first["payload"] == second["payload"]
    assert first["envelope_id"] != second["envelope_id"]
    await socket.send_json({"envelope_id": second["envelope_id"]})
    assert (await again).taken
    await socket.close()


@pytest.mark.parametrize("said", ["nonsense", '{"envelope_id": "never sent"}'])
async def test_what_slack_would_not_put_up_with_is_noted(app: App, said: str) -> None:
    """Tests look for it."""
    socket = await app.connect()
    await socket.send_str(said)
    await socket.close()
    assert len(app.sim.slack.sockets.problems) == 1


async def test_a_payload_where_none_is_accepted_is_noted(app: App) -> None:
    """A pressed button cannot be answered that way."""
    socket = await app.connect()
    pressing = app.press()
    frame = await socket.receive_json()
    await socket.send_json({"envelope_id": frame["envelope_id"], "payload": {"text": "hi"}})
    await socket.close()
    pressing.cancel()
    assert "accepts none" in app.sim.slack.sockets.problems[0]


async def test_an_app_has_at_most_ten_connections(app: App) -> None:
    """The eleventh is sent away."""
    sockets = [await app.connect() for _ in range(10)]
    extra = await app.session.ws_connect((await app.open())["url"])
    assert (await extra.receive_json())["reason"] == "too_many_websockets"
    for socket in [*sockets, extra]:
        await socket.close()


async def test_there_must_be_something_to_press(app: App) -> None:
    """What is not below the message cannot be pressed."""
    with pytest.raises(LookupError):
        await app.press("Explode")


async def test_a_whisper_is_for_one_who_is_there(app: App) -> None:
    """And nobody else sees it."""
    url = f"{app.sim.slack_api_url}chat.postEphemeral"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for user, ok in (("U0LEAD", True), ("U0NOBODY", False)):
        body = {"channel": CHANNELS["support"], "user": user, "text": "psst"}
        async with app.session.post(url, json=body, headers=headers) as answer:
            assert (await answer.json())["ok"] is ok
    assert [whisper.user for whisper in app.sim.slack.whispers] == ["U0LEAD"]
    assert app.sim.slack.messages == []
