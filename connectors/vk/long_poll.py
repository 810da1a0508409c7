"""The Bots Long Poll server: where it is, how it is asked, what its failures mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from connectors.vk.origin import LARGEST_ANSWER
from connectors.vk.shapes import as_object, text_of
from inboxd import line
from inboxd.errors import Unavailable, UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.vk.settings import Settings
    from connectors.vk.transport import Api
    from inboxd.model import Json


@dataclass(frozen=True, slots=True)
class Heard:
    """What one long poll brought: the events, where to go on, and whether some were lost."""

    ts: str
    updates: Sequence[object] = ()
    lost: bool = False


class LongPoll:
    """
    The Bots Long Poll server of a community.

    Its key opens the community's messages to whoever has it, so it is kept here and not in
    the cursor, which ends up in the database: a fresh key costs one call and `ts` outlives it.
    """

    def __init__(self, api: Api, settings: Settings) -> None:
        self._api = api
        self._group_id = settings.group_id
        self._base = settings.api_base
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout.total_seconds())
        self._http: aiohttp.ClientSession | None = None
        self._place: tuple[str, str] | None = None

    async def open(self) -> str:
        """Get a server and a key; return the `ts` of now."""
        params = {"group_id": self._group_id}
        answer = as_object(await self._api.call("groups.getLongPollServer", params), "response")
        server, key = text_of(answer, "server"), text_of(answer, "key")
        if not server or not key:
            raise UnexpectedPayload("groups.getLongPollServer: server or key is missing")
        ts = _ts(answer)
        address = server if "://" in server else f"https://{server}"
        if not self._may_be_asked(address):
            raise UnexpectedPayload("groups.getLongPollServer: the server is not an https one")
        self._place = address, key
        return ts

    def _may_be_asked(self, address: str) -> bool:
        """
        Tell whether the key, which opens the community's messages, may go to *address*.

        VK's hosts change, so it is any that proves its name; or one that is asked in the open
        anyway, as a test's server.
        """
        try:
            parts = urlsplit(address)
        except ValueError:
            return False
        asked_anyway = parts.scheme == "http" and parts.hostname == urlsplit(self._base).hostname
        return bool(parts.hostname) and (parts.scheme == "https" or asked_anyway)

    async def listen(self, ts: str) -> Heard:
        """Return what came behind *ts*, without waiting for more."""
        for _attempt in range(2):
            if self._place is None:
                await self.open()
            answer = await self._check(ts)
            match answer.get("failed"):
                case None:
                    return Heard(_ts(answer), _updates(answer))
                case 1 if answer.get("ts"):
                    return Heard(_ts(answer), lost=True)
                case 2:
                    self._place = None
                case _:
                    return Heard(await self.open(), lost=True)
        raise Unavailable("long poll: VK refuses a key that it has just given")

    async def _check(self, ts: str) -> Json:
        """Ask once. A failure is raised outside `except`: aiohttp's errors show the key."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        server, key = self._place or ("", "")
        params = {"act": "a_check", "key": key, "ts": ts, "wait": "0"}
        try:
            async with self._http.get(
                server,
                params=params,
                allow_redirects=False,
                proxy=line.proxy_for(server),
                ssl=line.tls(),
            ) as response:
                status, body = response.status, await _read(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            status, body = 0, line.trouble(error, server).encode()
        if status != 200:
            # The server that VK named may be the trouble; the next poll asks for another.
            self._place = None
            why = f"HTTP status {status}" if status else f"no answer ({body.decode()})"
            raise Unavailable(f"long poll: {why}")
        answer = _parsed(body)
        if answer is None:
            raise Unavailable("long poll: VK answered with something that is not JSON")
        return as_object(answer, "long poll: the answer")

    async def close(self) -> None:
        """Give back the connections."""
        if self._http is not None:
            await self._http.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return the body; one that does not end is a ValueError."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise ValueError("too large")
    return bytes(body)


def _parsed(body: bytes) -> object:
    """Return what JSON *body* is, or None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _updates(answer: Json) -> Sequence[object]:
    """Return the events; an answer without a list of them is not a quiet one."""
    updates = answer.get("updates")
    if not isinstance(updates, list):
        raise UnexpectedPayload("long poll: there are no updates in the answer", answer)
    return updates


def _ts(answer: Json) -> str:
    """Return where to go on; VK writes it as text or, beside `failed`, as a number."""
    ts = answer.get("ts")
    if not isinstance(ts, str | int) or ts == "":
        raise UnexpectedPayload("long poll: ts is missing")
    return str(ts)
