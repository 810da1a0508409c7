"""The Page as a connector: what is read, sent and checked, and how Graph is spoken to."""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp

from connectors.facebook.failures import (
    SEND_COMMENT,
    SEND_DM,
    WHO_IT_IS,
    BadRequest,
    Task,
    answer_of,
    unanswered,
)
from connectors.facebook.limits import NEAR_THE_LIMIT, PAUSE, usage
from connectors.facebook.lists import LISTS
from connectors.facebook.reading import LONG_AGO, SWEEP_EVERY, Listing, Marks, Reading, Request
from connectors.facebook.sending import private_reply, sent
from connectors.facebook.settings import GRAPH, Settings
from connectors.facebook.shapes import Malformed, id_of, string
from inboxd import connector as port
from inboxd import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.model import Json


class Connector(port.Connector):
    """One Page."""

    network = "facebook"

    def __init__(self, settings: Settings, clock: Clock, ledger: port.Ledger | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger or port.Ledger(clock)
        self._session: aiohttp.ClientSession | None = None
        self._paused_until: datetime | None = None

    def sources(self) -> Sequence[port.Source]:
        """Return the lists behind the configured streams; private messages come first."""
        return [
            port.Source(name, frozenset({each.stream}))
            for name, each in LISTS.items()
            if each.stream in self._settings.streams
        ]

    async def poll(self, source: str, cursor: port.Cursor | None) -> AsyncIterator[port.Page]:
        """
        Yield what is new, newest first.

        Every page but the last carries the marks of before, so whoever resumes from it
        reads everything once more.
        """
        settings, which, now = self._settings, LISTS[source], self._clock.now()
        marks = Marks.of(cursor, now - settings.backfill)
        sweeps = which.kind == "post" and (not marks.swept or now - marks.swept >= SWEEP_EVERY)
        known = (marks.swept_to or marks.floor) if sweeps else marks.newest
        since = max(known - settings.overlap, marks.floor)
        take = partial(which.take, Reading(settings, which.stream, marks.floor, since))
        until = LONG_AGO if sweeps else since
        path = f"{settings.page_id}/{source}"
        queue, last = deque([Request(path, which.kind, which.params, take, until)]), None
        asked: set[tuple[str, str]] = set()
        while queue:
            request = queue.popleft()
            batch = request.read(await self._list(request.path, request.params, which.task))
            # What moved while the list was read stands on two pages, and is read on once.
            new = {each.name: each for each in batch.further if each.name not in asked}
            circle = any(each.path == path and each.name in asked for each in batch.further)
            asked.update(new)
            queue.extend(new.values())
            last = last or marks.after(batch, now, swept=sweeps)
            kept = (marks if queue or circle else last).cursor()
            yield port.Page(kept, batch.messages, batch.unknown, batch.windows, note=batch.note)
            if circle:
                raise errors.UnexpectedPayload(f"Facebook's {source} go in a circle.")

    async def send(self, reply: port.OutgoingReply) -> port.SendResult:
        """
        Deliver *reply*: privately to its recipient, publicly below what its thread began with.

        Graph nests comments in two levels, so only the root takes every reply. There is no
        idempotency key.
        """
        kind, _, target = reply.thread_id.partition(":")
        if kind == "dm":
            body, path = private_reply(reply, self._clock.now()), self._settings.page_id
            answer = await self._call("POST", f"{path}/messages", body, SEND_DM)
        else:
            body = {"message": reply.text}
            answer = await self._call("POST", f"{target}/comments", body, SEND_COMMENT)
        try:
            remote_id = id_of(answer, "message_id" if kind == "dm" else "id")
        except Malformed as error:
            text = f"Facebook took the reply and answered with {error}."
            raise errors.OutcomeUnknown(text) from error
        message = sent(reply, remote_id, self._settings.page_id, self._clock.now())
        return port.SendResult(message)

    async def check(self) -> port.AccountCheck:
        """
        Ask who the Page is, and for one item of each list.

        A Page token has no /me/permissions, and debug_token wants the token in a URL: so
        what counts is tried.
        """
        page_id = self._settings.page_id
        page = await self._call("GET", page_id, {"fields": "id,name,username"}, WHO_IT_IS)
        handle = string(page.get("username"))
        name = f"{string(page.get('name')) or page_id}{handle and f' (@{handle})'}"
        return port.AccountCheck(name, [await self._check(each.name) for each in self.sources()])

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _check(self, source: str) -> port.StreamCheck:
        which = LISTS[source]
        params = {**which.params, "limit": "1"}
        try:
            await self._list(f"{self._settings.page_id}/{source}", params, which.task)
        except (errors.OperatorError, errors.UnexpectedPayload) as error:
            return port.StreamCheck(which.stream, ok=False, text=str(error))
        return port.StreamCheck(which.stream, ok=True)

    async def _list(self, path: str, params: Mapping[str, str], task: Task) -> Listing:
        try:
            return Listing.of(await self._call("GET", path, params, task))
        except Malformed as error:
            raise errors.UnexpectedPayload(
                f"{task.name}: a list of Facebook's has {error}."
            ) from error
        except BadRequest as error:
            if "after" not in params:
                raise
            # The item that the cursor points to is gone; the next poll asks without one.
            raise errors.Unavailable(f"{error} It was deleted while it was read.") from error

    async def _call(self, method: str, path: str, params: Mapping[str, Any], task: Task) -> Json:
        """
        Return what Graph answers; raise only errors of ours, and never one with the token in it.

        Failures are raised where they have no cause and no context, because aiohttp's exceptions
        hold the request's headers.
        """
        if not task.sending:
            self._mind_the_allowance()
        base = (self._settings.api_base or GRAPH).rstrip("/")
        url = f"{base}/{self._settings.api_version}/{path}"
        params = {**params, **self._proof()}
        sends: Any = {"params": params} if method == "GET" else {"json": params}
        try:
            async with self._client().request(method, url, allow_redirects=False, **sends) as got:
                body = await got.read()
        except (aiohttp.ClientError, OSError) as error:
            failure = unanswered(error, task)
        else:
            return answer_of(got.status, self._blotted(body), task, self._note_usage(got.headers))
        raise failure

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout.total_seconds()),
                # In a header, because URLs end up in logs.
                headers={"Authorization": f"Bearer {self._settings.token.get_secret_value()}"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _proof(self) -> dict[str, str]:
        if self._settings.app_secret is None:
            return {}
        key = self._settings.app_secret.get_secret_value().encode()
        token = self._settings.token.get_secret_value().encode()
        return {"appsecret_proof": hmac.new(key, token, hashlib.sha256).hexdigest()}

    def _blotted(self, body: bytes) -> bytes:
        """Blot out the token before anything is read: `next` URLs and error texts carry it."""
        token = self._settings.token.get_secret_value()
        for secret in (token, quote(token, safe=""), *self._proof().values()):
            body = body.replace(secret.encode(), b"***")
        return body

    def _mind_the_allowance(self) -> None:
        if self._paused_until is not None and self._clock.now() < self._paused_until:
            text = f"{NEAR_THE_LIMIT} % of Facebook's allowance is used: the rest is for replies."
            raise errors.RateLimited(text, self._paused_until)

    def _note_usage(self, headers: Mapping[str, str]) -> datetime | None:
        """Pause polling if an allowance is nearly used up; return when it is regained, if told."""
        share, regain = usage(headers)
        now = self._clock.now()
        if share >= NEAR_THE_LIMIT:
            self._paused_until = now + (regain or PAUSE)
        return now + regain if regain else None
