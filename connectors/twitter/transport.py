"""How X is called: origin, keys, timeouts, limits, and what counts as an answer."""

from __future__ import annotations

import json
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from connectors.twitter.failures import Failure, describe, type_of
from connectors.twitter.keys import FormAnswer, keys_of
from connectors.twitter.limits import endpoint_of, paced_until, refused_until, used_up_until
from connectors.twitter.payloads import as_objects
from inboxd import errors, line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import datetime

    from connectors.twitter.keys import Keys
    from connectors.twitter.settings import Settings
    from inboxd.clock import Clock
    from inboxd.connector import Ledger
    from inboxd.model import Json

_LONGEST_ANSWER = 32 * 1024 * 1024
"""Bytes. A page of a hundred posts has some hundred thousand."""


def _is_no_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


# tweepy logs request headers and oauthlib what it signs, keys included. A filter holds whatever
# level anybody sets on them or above them.
for _logger in ("tweepy.asynchronous.client", "oauthlib.oauth1.rfc5849"):
    logging.getLogger(_logger).addFilter(_is_no_debug)


@dataclass(frozen=True, slots=True)
class Answer:
    """What tweepy wants to see of a response: one that was read, parsed and found good."""

    status: int
    reason: str | None
    headers: Mapping[str, str]
    content: Json

    async def read(self) -> None:
        """Do nothing: it was read."""

    async def json(self) -> Json:
        """Return what was parsed."""
        return self.content


@dataclass(frozen=True, slots=True)
class _Raw:
    """A response as it came."""

    status: int
    reason: str | None
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """
    What tweepy takes for its HTTP session.

    tweepy hard-codes its origin, signs for it and logs the keys it knows; so it knows none, and
    origin and keys are given here, to the request as it really goes out. Each attempt is
    signed anew: aiohttp repeats a GET on a connection that went stale, and X takes no nonce twice.
    """

    def __init__(
        self, settings: Settings, clock: Clock, ledger: Ledger, keys: Keys | None = None
    ) -> None:
        self._base = settings.api_base.rstrip("/")
        self._every = settings.poll_every
        self._clock = clock
        self._ledger = ledger
        # Connecting gets less than the whole, so that "never sent" is told from "no answer".
        total = settings.timeout.total_seconds()
        self._timeout = aiohttp.ClientTimeout(total=total, sock_connect=total / 2)
        self._keys = keys or keys_of(settings, clock)
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def request(
        self, method: str, url: str, *, params: Json, json: object, headers: Mapping[str, str]
    ) -> AsyncIterator[Answer]:
        """Call the endpoint and yield a good answer; raises Failure for any other."""
        # Sorted and percent-encoded as RFC 5849 wants it, and kept so by aiohttp.
        query = urlencode(sorted(params.items()), quote_via=quote)
        path = URL(url).raw_path
        target = URL(f"{self._base}{path}{'?' if query else ''}{query}", encoded=True)
        endpoint = endpoint_of(method, path)
        self._see_that_it_rests_not(endpoint)
        await self._keys.ready(self._post_form)
        shown = self._keys.header(method, str(target))
        raw = await self._call(method, target, headers, json)
        if raw.status == 401 and await self._keys.renewed(shown, self._post_form):
            # What X refused it did not carry out, so this is no second send either.
            raw = await self._call(method, target, headers, json)
        self._note_limits(endpoint, raw)
        yield _checked(raw)

    def wait_for_turn(self, endpoint: str) -> None:
        """See that asking anew leaves enough for later; raises Spared."""
        if until := self._ledger.rests_until(_pace(endpoint)):
            raise errors.Spared(
                f"what X allows of {endpoint} is spread over its window", until=until
            )

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _see_that_it_rests_not(self, endpoint: str) -> None:
        if until := self._ledger.rests_until(endpoint):
            raise Failure(f"X's limit of {endpoint} is used up", sent=False, until=until)

    def _note_limits(self, endpoint: str, raw: _Raw) -> None:
        """Keep what the headers say, so that no call is made that X must refuse."""
        now = self._clock.now()
        if until := _rest_after(raw, now):
            self._ledger.rest(endpoint, until)
        if until := paced_until(raw.headers, self._every, now):
            self._ledger.rest(_pace(endpoint), until)

    async def _call(
        self, method: str, target: URL, headers: Mapping[str, str], body: object
    ) -> _Raw:
        # Some of aiohttp's errors show the request's headers in their repr, so nothing of theirs
        # may hang on ours: it is raised where theirs is no longer being handled.
        try:
            async with self._open().request(
                method, target, headers=headers, json=body, **self._way
            ) as response:
                content = await _whole(response)
                return _Raw(response.status, response.reason, response.headers, content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            begun = not line.never_begun(error)
            what = "X did not answer" if begun else "X cannot be reached"
            failure = Failure(f"{what}: {self._trouble(error)}", sent=begun)
        raise failure

    async def _post_form(
        self, path: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> FormAnswer:
        """Post a form without the keys, for those who get the keys."""
        session = self._open()
        failed = ""
        try:
            async with session.post(
                URL(f"{self._base}{path}"),
                data=dict(form),
                headers=headers,
                middlewares=(),
                **self._way,
            ) as response:
                body = await _whole(response)
                return FormAnswer(response.status, response.headers, _as_json(body))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failed = self._trouble(error)
        raise errors.Unavailable(f"X did not answer for a new token: {failed}")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                middlewares=(self._sign,),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    @property
    def _way(self) -> dict[str, Any]:
        """By which way a request goes: never to where an answer points."""
        proxy, tls = line.proxy_for(self._base), line.tls()
        return {"allow_redirects": False, "proxy": proxy, "ssl": tls}

    def _trouble(self, error: Exception) -> str:
        return line.trouble(error, self._base)

    async def _sign(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        request.headers["Authorization"] = self._keys.header(request.method, str(request.url))
        return await handler(request)


def _pace(endpoint: str) -> str:
    return f"{endpoint}, spread"


def _rest_after(raw: _Raw, now: datetime) -> datetime | None:
    """Return until when the endpoint takes nothing more; a cap on money is no such limit."""
    if raw.status != 429:
        return used_up_until(raw.headers, now)
    problem = _as_json(raw.body) or {}
    return None if type_of(problem).endswith("/usage-capped") else refused_until(raw.headers, now)


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """Return the body, unless it is longer than any answer of X's: no answer may fill the memory."""
    parts, size = [], 0
    async for part in response.content.iter_chunked(65_536):
        size += len(part)
        if size > _LONGEST_ANSWER:
            raise aiohttp.ClientPayloadError("longer than any answer of X's")
        parts.append(part)
    return b"".join(parts)


def _checked(raw: _Raw) -> Answer:
    """Return the answer if it is a good one; one of errors alone is none, whatever its status."""
    status, problem = raw.status, _as_json(raw.body)
    if problem is not None and 200 <= status < 300:
        if not (failed := as_objects(problem.get("errors"))) or {"data", "meta"} & problem.keys():
            return Answer(status, raw.reason, raw.headers, problem)
        # Such as the 200 that X gives for a user who does not exist.
        status, problem = 404, {**failed[0], **problem}
    told = "an answer that is no JSON object" if problem is None else describe(problem)
    text = f"X answered HTTP {raw.status}: {told}"
    raise Failure(text, status=status, headers=raw.headers, problem=problem)


def _as_json(body: bytes) -> Json | None:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
