"""
Slack's Socket Mode: a WebSocket over which Slack tells of pressed buttons, kept open.

slack_sdk has a client for this, and it is not used (docs/adr/0012): with a connection that cannot
be made it tries one address for ever, though that is good for seconds, every few seconds and with
the address, which is a secret, in the log; and it leaves its tasks to themselves when it closes.

Source: docs.slack.dev/apis/events-api/using-socket-mode. An address from apps.connections.open is
good for one connection; ``hello`` comes first; each envelope is acknowledged within three seconds;
``disconnect`` asks for a new connection before the old one is closed.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog

from inboxd import line
from inboxd.core.delivery import pause_after
from inboxd.errors import InboxdError, OperatorError, OutcomeUnknown, SinkRefused, Unavailable
from inboxd.notify.slack_api import careful_session
from inboxd.notify.slack_errors import SlackRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import NoReturn

    from inboxd.clock import Clock
    from inboxd.notify.slack_api import WebApi

log = structlog.get_logger(__name__)

_HEARTBEAT = 20.0
"""Real seconds between our pings; a connection whose pong is missing is given up."""
_ACKNOWLEDGE_AFTER = 2.0
"""Real seconds that the work gets before Slack's three are over."""
_LINGER = 30.0
"""Real seconds after which a connection that Slack wants to replace is closed by us."""
_CLOSE_WITHIN = 1.0
_LONGEST_PAUSE = timedelta(minutes=5)
_SHORT_LIVED = timedelta(minutes=1)
"""After a connection that lasted shorter, one waits: Slack counts the addresses it hands out."""
_SWITCHED_OFF = "link_disabled"
_SCOPE = "make an app-level token with the scope connections:write and give it as app_token"
_REMEDIES = {
    "missing_scope": _SCOPE,
    "not_allowed_token_type": f"that is no app-level token (xapp-…); {_SCOPE}",
    "invalid_auth": _SCOPE,
    "not_authed": _SCOPE,
    "account_inactive": _SCOPE,
    "token_revoked": _SCOPE,
    "token_expired": _SCOPE,
}


@dataclass(frozen=True, slots=True)
class Hearing:
    """Whether presses are heard and, if not, *since* when and why (*error*, None before a try)."""

    heard: bool
    since: datetime
    error: InboxdError | None = None

    @property
    def needs_person(self) -> bool:
        """Whether waiting does not help."""
        return isinstance(self.error, OperatorError)


class Socket:
    """
    One Slack app's connection; *api* speaks with the app-level token.

    *limit* is the real time that a connection may take to be made and to be greeted.
    """

    def __init__(self, name: str, api: WebApi, limit: timedelta, clock: Clock) -> None:
        self._name = name
        self._api = api
        self._limit = limit.total_seconds()
        self._clock = clock
        self.hearing = Hearing(heard=False, since=clock.now())

    async def run(self, handle: Callable[[Mapping[str, Any]], Awaitable[None]]) -> NoReturn:
        """
        Keep a connection until cancelled, and give *handle* each envelope.

        A new one is made before the old one is left, where Slack says so in time.
        """
        failures = 0
        async with (
            careful_session(self._name) as session,
            asyncio.TaskGroup() as group,
        ):
            while True:
                begun_at = self._clock.now()
                try:
                    socket = await self._connected(session)
                    await self._listen(_Connection(socket, handle, group))
                except InboxdError as error:
                    self._not_heard(error)
                    if self._clock.now() - begun_at >= _SHORT_LIVED:
                        failures = 0
                    pause = pause_after(error, failures, self._clock.now(), _LONGEST_PAUSE)
                    failures += 1
                    await self._clock.sleep(pause)
                    continue
                # Asked to leave: at once, unless that is asked for again and again.
                lasted = self._clock.now() - begun_at
                failures = failures + 1 if lasted < _SHORT_LIVED else 0
                if failures > 1:
                    early = Unavailable(f"sink {self._name}: Slack closes each connection at once")
                    self._not_heard(early)
                    pause = pause_after(early, failures, self._clock.now(), _LONGEST_PAUSE)
                    await self._clock.sleep(pause)

    async def check(self) -> None:
        """Ask Slack for an address without using it; raises what `run` would stumble over."""
        await self._address()

    async def _listen(self, connection: _Connection) -> None:
        """Return when Slack asks for a new connection; Unavailable when this one breaks."""
        if not self.hearing.heard:
            log.info("slack socket open", sink=self._name)
        self.hearing = Hearing(heard=True, since=self._clock.now())
        reason = await connection.leaving
        if reason == _SWITCHED_OFF:
            off = "Socket Mode is switched off in the Slack app's settings; switch it on again"
            raise SinkRefused(f"sink {self._name}: {off}")
        if not reason:
            raise Unavailable(f"sink {self._name}: the connection to Slack broke")

    def _not_heard(self, error: InboxdError) -> None:
        known = self.hearing
        since = self._clock.now() if known.heard else known.since
        if known.heard or str(known.error) != str(error):
            log.warning("slack socket down", sink=self._name, text=str(error))
        self.hearing = Hearing(heard=False, since=since, error=error)

    async def _connected(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        # A proxy is named by the scheme, and there is none for wss.
        address = (await self._address()).replace("ws", "http", 1)
        try:
            async with asyncio.timeout(self._limit):
                socket = await session.ws_connect(
                    address,
                    heartbeat=_HEARTBEAT,
                    proxy=line.proxy_for(address),
                    ssl=line.tls(),
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_WITHIN),
                )
                try:
                    await self._greeted(socket)
                except BaseException:
                    await socket.close()
                    raise
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            # aiohttp's own texts hold the address, which is a secret.
            what = f"sink {self._name}: no connection to Slack: {line.trouble(error, address)}"
            raise Unavailable(what) from None
        return socket

    async def _address(self) -> str:
        try:
            response = await self._api.write("apps.connections.open", {})
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from None
        except SlackRefused as refusal:
            remedy = _REMEDIES.get(refusal.code)
            if remedy is None:
                raise
            said = f"sink {self._name}: Slack answered {refusal.code} to the app_token; {remedy}"
            raise SinkRefused(said) from None
        address = response.get("url")
        # Whoever is asked in the open, as a test's server, may be listened to in the open.
        schemes = ("wss://",) if self._api.encrypted else ("wss://", "ws://")
        if not isinstance(address, str) or not address.startswith(schemes):
            raise Unavailable(f"sink {self._name}: Slack does not say where to connect")
        return address

    async def _greeted(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        first = await socket.receive()
        if first.type is not aiohttp.WSMsgType.TEXT or _frame(first.data).get("type") != "hello":
            raise Unavailable(f"sink {self._name}: Slack closed the connection with no greeting")


class _Connection:
    """
    One WebSocket, read in a task of *group* until it is closed.

    *leaving* is done as soon as another one is needed: with Slack's reason, "" if it broke.
    """

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        handle: Callable[[Mapping[str, Any]], Awaitable[None]],
        group: asyncio.TaskGroup,
    ) -> None:
        self._socket = socket
        self._handle = handle
        self._group = group
        self.leaving: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        group.create_task(self._read(), name="slack socket")

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(None) as patience:
                async for message in self._socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        self._take(_frame(message.data), patience)
        except TimeoutError:
            pass  # Slack wanted to be left, and has not closed the connection itself.
        finally:
            self._leave("")
            await self._socket.close()

    def _take(self, frame: Mapping[str, Any], patience: asyncio.Timeout) -> None:
        identity = frame.get("envelope_id")
        if frame.get("type") == "disconnect":
            patience.reschedule(asyncio.get_running_loop().time() + _LINGER)
            self._leave(str(frame.get("reason") or "unknown"))
        elif isinstance(identity, str):
            self._group.create_task(self._answer(identity, frame), name="slack envelope")
        else:
            log.warning("slack frame not understood")

    def _leave(self, reason: str) -> None:
        if not self.leaving.done():
            self.leaving.set_result(reason)

    async def _answer(self, identity: str, envelope: Mapping[str, Any]) -> None:
        """Let the work be done, then acknowledge: Slack shows who died before; but never late."""
        work = self._group.create_task(self._do(envelope), name="slack press")
        await asyncio.wait([work], timeout=_ACKNOWLEDGE_AFTER)
        with suppress(aiohttp.ClientError, ConnectionError):
            await self._socket.send_str(json.dumps({"envelope_id": identity}))

    async def _do(self, envelope: Mapping[str, Any]) -> None:
        try:
            await self._handle(envelope)
        except Exception:
            # Our own bug must not take the connection, nor the other presses, with it.
            log.exception("slack envelope crashed")


def _frame(text: str) -> Mapping[str, Any]:
    """Return what a frame says; nothing where it is no JSON object."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
