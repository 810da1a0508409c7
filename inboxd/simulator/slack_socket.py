"""
Slack's Socket Mode: WebSocket connections over which an app hears of pressed buttons.

As docs.slack.dev/apis/events-api/using-socket-mode describes it: a connection's address is handed
out by apps.connections.open and good for one use; it begins with ``hello``; an envelope goes to
*one* of an app's connections and is to be acknowledged there within three seconds; and now and
then Slack asks for a new connection (``disconnect``) and closes the old one.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from aiohttp import ClientError, WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

APP_TOKEN = "xapp-1-A0INBOXD-1-simulated"
APP_ID = "A0INBOXD"
PATH = "/link/"
ACK_WITHIN = 3.0
"""Real seconds."""
_MOST_CONNECTIONS = 10
_TICKETS_LAST = 30.0
_HEARTBEAT = 10.0

Json = dict[str, Any]


@dataclass(slots=True)
class Envelope:
    """What was sent over a connection, and whether the app took it."""

    id: str
    payload: Json
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def taken(self) -> bool:
        """Whether it was acknowledged."""
        return self.acknowledged.is_set()


class Sockets:
    """
    The open connections of one app, and everything that went over them.

    What Slack would not put up with is in *problems*.
    """

    def __init__(self) -> None:
        self.connections: list[web.WebSocketResponse] = []
        self.opened = 0
        self.envelopes: dict[str, Envelope] = {}
        self.problems: list[str] = []
        self.answering = True
        """False: connections are accepted, and nothing is said."""
        self.alive = True
        """False: connections that are made from now on do not answer pings."""
        self._tickets: dict[str, float] = {}
        self._turns = count()
        self._came = asyncio.Condition()

    def address(self, origin: str) -> str:
        """Return where the app may connect, once and soon; *origin* is the server's."""
        ticket = token_hex(16)
        self._tickets[ticket] = asyncio.get_running_loop().time()
        return f"{origin.replace('http', 'ws', 1)}{PATH}?ticket={ticket}&app_id={APP_ID}"

    async def connected(self, least: int = 1) -> None:
        """Wait until there are *least* connections that have been greeted."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.connections) >= least)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Be the server's end of a connection for as long as it lasts."""
        begun = self._tickets.pop(request.query.get("ticket", ""), None)
        if begun is None or asyncio.get_running_loop().time() - begun > _TICKETS_LAST:
            return web.Response(status=404, text="invalid ticket")
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT, timeout=0.5, autoping=self.alive)
        await socket.prepare(request)
        self.opened += 1
        if not self.answering:
            await socket.receive()
            return socket
        if len(self.connections) >= _MOST_CONNECTIONS:
            await socket.send_json(_farewell("too_many_websockets"))
            await socket.close()
            return socket
        await self._greet(socket)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._heard(message.data)
        finally:
            self.connections.remove(socket)
        return socket

    async def _greet(self, socket: web.WebSocketResponse) -> None:
        self.connections.append(socket)
        hello = {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {
                "host": "applink-simulated",
                "build_number": 10,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": APP_ID},
        }
        await socket.send_json(hello)
        async with self._came:
            self._came.notify_all()

    def _heard(self, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            self.problems.append("not JSON")
            return
        envelope = self.envelopes.get(said.get("envelope_id", ""))
        if envelope is None:
            self.problems.append("acknowledged what was never sent")
        elif "payload" in said:
            self.problems.append("a payload in answer to an envelope that accepts none")
        else:
            envelope.acknowledged.set()

    async def send(self, payload: Json, *, again: Envelope | None = None) -> Envelope:
        """
        Send a payload (one that was sent *again*) and wait until it is acknowledged.

        After three seconds it counts as not taken: people see a warning sign.
        """
        envelope = Envelope(token_hex(8), again.payload if again else payload)
        self.envelopes[envelope.id] = envelope
        frame = {
            "envelope_id": envelope.id,
            "payload": envelope.payload,
            "type": "interactive",
            "accepts_response_payload": False,
        }
        if not self.connections:
            return envelope
        socket = self.connections[next(self._turns) % len(self.connections)]
        with suppress(TimeoutError, ClientError, ConnectionError):
            async with asyncio.timeout(ACK_WITHIN):
                await socket.send_json(frame)
                await envelope.acknowledged.wait()
        return envelope

    async def send_text(self, text: str) -> None:
        """Send anything at all over every connection."""
        for socket in list(self.connections):
            await socket.send_str(text)

    async def ask_to_leave(self, reason: str = "refresh_requested") -> None:
        """Ask for a new connection over every one that there is; they stay open."""
        for socket in list(self.connections):
            await socket.send_json(_farewell(reason))

    async def drop(self) -> None:
        """Close every connection."""
        for socket in list(self.connections):
            await socket.close()


def press_payload(  # noqa: PLR0913 - what Slack tells of a press
    *, user: Json, channel: Json, message: Json, action: Json, action_ts: str, team: Json
) -> Json:
    """Return the block_actions payload of one press, as Slack's reference shows it."""
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel["id"],
        "is_ephemeral": False,
    }
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    return {
        "type": "block_actions",
        "user": user,
        "api_app_id": APP_ID,
        "token": "simulated-verification-token",
        "container": container,
        "trigger_id": f"{action_ts.replace('.', '')}.{token_hex(6)}",
        "team": team,
        "enterprise": None,
        "is_enterprise_install": False,
        "channel": channel,
        "message": message,
        "state": {"values": {}},
        "response_url": f"https://hooks.slack.example/actions/T0SIMULATED/{token_hex(6)}",
        "actions": [{**action, "action_ts": action_ts}],
    }


def pressed(blocks: Iterable[Mapping[str, Any]], label: str, line: int) -> Json:
    """
    Return the action of pressing what says *label*: a button, or an option of a menu.

    *line* says which, if several things say so.
    """
    found = [
        action
        for number, block in enumerate(blocks)
        for action in _actions_in(block, label, block.get("block_id", f"b{number}"))
    ]
    if line >= len(found):
        raise LookupError(f"there is nothing to press that says {label}")
    return found[line]


def _actions_in(block: Mapping[str, Any], label: str, block_id: str) -> Iterable[Json]:
    elements = block.get("elements", []) if block["type"] == "actions" else []
    for element in [*elements, block.get("accessory", {})]:
        place = {"action_id": element.get("action_id"), "block_id": block_id}
        if element.get("type") == "button" and element["text"]["text"] == label:
            kept = {name: element[name] for name in ("text", "value", "style") if name in element}
            yield {**place, **kept, "type": "button"}
        for option in element.get("options", []):
            if option["text"]["text"] == label:
                yield {**place, "type": "overflow", "selected_option": option}


def _farewell(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-simulated"}}
