"""
How Graph is spoken to: one call, one page of a list, many items at once.

The token goes in a header and never in a URL; whatever comes back is blotted before it is
read, because `next` URLs and error texts carry it. Only errors of ours leave this module.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import aiohttp

from connectors.facebook.failures import (
    CONVERSATIONS,
    BadRequest,
    Expired,
    Limited,
    Missing,
    Task,
    TooMuch,
    answer_of,
    parsed,
    unanswered,
)
from connectors.facebook.fields import necessary
from connectors.facebook.marks import Listing
from connectors.facebook.shapes import Malformed, integer, string
from inboxd import errors, line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from connectors.facebook.limits import Meter
    from connectors.facebook.settings import Settings
    from inboxd.model import Json

AT_ONCE = 50
"""Calls that one batch may hold; each of them counts as one."""
LARGEST_ANSWER = 32 * 1024 * 1024
_SMALLER = 25


class Graph:
    """The Graph API as one Page's token sees it."""

    def __init__(self, settings: Settings, meter: Meter) -> None:
        self._settings = settings
        self._meter = meter
        self._session: aiohttp.ClientSession | None = None
        self._batches = True
        self._too_much: set[str] = set()
        self._necessary_only: set[str] = set()

    async def call(self, method: str, path: str, params: Mapping[str, Any], task: Task) -> Json:
        """
        Return the object that Graph answers with.

        Where it refuses (error 100) to answer so many fields, only the necessary are asked for.
        """
        params = self._worded(params, task)
        try:
            return await self._call(method, path, params, task)
        except Missing:
            raise
        except BadRequest:
            fewer = {**params, "fields": necessary(params.get("fields", ""))}
            # Behind a cursor it is the cursor that is refused: its list began well.
            if method != "GET" or fewer["fields"] == params.get("fields", "") or "after" in params:
                raise
            with suppress(BadRequest):
                answer = await self._call(method, path, fewer, task)
                self._necessary_only.add(task.name)
                return answer
            raise

    def _worded(self, params: Mapping[str, Any], task: Task) -> Mapping[str, Any]:
        if task.name in self._necessary_only and "fields" in params:
            return {**params, "fields": necessary(params["fields"])}
        return params

    async def _call(self, method: str, path: str, params: Mapping[str, Any], task: Task) -> Json:
        params = {**params, **self._proof()}
        sends = {"params" if method == "GET" else "json": params}
        status, body, until = await self._request(method, path, task, sends)
        try:
            return answer_of(status, body, task, until)
        except Limited as refusal:
            self._meter.refused(refusal.area, refusal.until)
            raise errors.RateLimited(str(refusal), refusal.until) from None

    async def page(self, path: str, params: Mapping[str, str], task: Task) -> Listing:
        """
        Return a page of a list.

        Where Graph cannot gather so much at once (error 1), smaller pages are asked for.
        """
        if task.name in self._too_much and int(params["limit"]) > _SMALLER:
            params = {**params, "limit": str(_SMALLER)}
        try:
            answer = await self._page(path, params, task)
        except TooMuch as error:
            if int(params["limit"]) <= _SMALLER:
                raise errors.Unavailable(str(error)) from None
            answer = await self._smaller_page(path, params, task)
            self._too_much.add(task.name)
        try:
            return Listing.of(answer)
        except Malformed as error:
            text = f"{task.name}: a list of Facebook's has {error}."
            raise errors.UnexpectedPayload(text, answer) from error

    async def each(
        self, paths: Sequence[str], task: Task, params: Mapping[str, str]
    ) -> dict[str, Json | errors.InboxdError]:
        """
        Return each object by its path, or the error that it is answered with.

        Raises what concerns all of them: a refused token, a limit, no answer at all.
        """
        found: dict[str, Json | errors.InboxdError] = {}
        params = self._worded(params, task)
        for start in range(0, len(paths), AT_ONCE):
            some = paths[start : start + AT_ONCE]
            found |= await self._batched(some, task, params)
        for error in found.values():
            if isinstance(error, errors.TokenInvalid | errors.NetworkError):
                raise error
        return found

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post_batch(
        self, paths: Sequence[str], task: Task, params: Mapping[str, str]
    ) -> list[Json | errors.InboxdError]:
        """
        Return the answers to GETs that go as one POST, in order.

        What is asked stands in its body: also what must be in no URL.
        """
        query = f"?{urlencode({**params, **self._proof()})}" if params or self._proof() else ""
        calls = [{"method": "GET", "relative_url": f"{path}{query}"} for path in paths]
        form = {"batch": json.dumps(calls), "include_headers": "false", **self._proof()}
        status, body, until = await self._request("POST", "", task, {"data": form}, len(calls))
        answers = parsed(status, body, task, until)
        if not isinstance(answers, list) or len(answers) != len(paths):
            raise errors.UnexpectedPayload(f"{task.name}: no answer to each of a batch.", answers)
        return [_single(answer, task) for answer in answers]

    async def _batched(
        self, paths: Sequence[str], task: Task, params: Mapping[str, str]
    ) -> dict[str, Json | errors.InboxdError]:
        if self._batches and len(paths) > 1:
            try:
                return dict(zip(paths, await self.post_batch(paths, task, params), strict=True))
            except (errors.UnexpectedPayload, errors.PermissionMissing, errors.Unavailable):
                # A proxy in between may know only plain calls; if Graph is down, they fail, too.
                self._batches = False
        found: dict[str, Json | errors.InboxdError] = {}
        for path in paths:
            try:
                found[path] = await self.call("GET", path, params, task)
            except (errors.UnexpectedPayload, errors.OperatorError) as error:
                found[path] = error
        return found

    async def _page(self, path: str, params: Mapping[str, str], task: Task) -> Json:
        try:
            return await self.call("GET", path, params, task)
        except BadRequest as error:
            if "after" not in params:
                raise
            # The item that the cursor points to is gone; the next poll asks without one.
            raise Expired(f"{error} It was deleted while it was read.") from error

    async def _smaller_page(self, path: str, params: Mapping[str, str], task: Task) -> Json:
        try:
            return await self._page(path, {**params, "limit": str(_SMALLER)}, task)
        except TooMuch as error:
            raise errors.Unavailable(str(error)) from None

    async def _request(
        self, method: str, path: str, task: Task, sends: Mapping[str, Any], calls: int = 1
    ) -> tuple[int, bytes, datetime | None]:
        """
        Return the status, the blotted body, and until when Graph wants no more of this.

        Failures are raised where they have no cause and no context, because aiohttp's exceptions
        hold the request's headers.
        """
        if not task.sending:
            self._meter.mind(task.area)
            await self._pace(task)
        base = self._settings.api_base.rstrip("/")
        url = f"{base}/{task.version or self._settings.api_version}/{path}"
        try:
            async with self._client().request(
                method,
                url,
                allow_redirects=False,
                proxy=line.proxy_for(url),
                ssl=line.tls(),
                **sends,
            ) as got:
                body = await _bounded(got)
        except (aiohttp.ClientError, OSError) as error:
            failure = unanswered(error, task, url)
        else:
            until = self._meter.note(got.headers, task.area, calls)
            if body is not None:
                return got.status, self._blotted(body), until
            failure = _too_long(task)
        raise failure

    async def _pace(self, task: Task) -> None:
        if task.area != CONVERSATIONS:
            return
        loop = asyncio.get_running_loop()
        wait: timedelta = self._meter.wait_for_conversations(loop.time())
        if wait:
            # Facebook counts in the room's time, which a clock that is set by hand does not tell.
            passed = loop.create_future()
            loop.call_later(wait.total_seconds(), _finish, passed)
            await passed

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Connecting gets less than the whole, so that "never sent" is told from "no answer".
            total = self._settings.timeout.total_seconds()
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=total, sock_connect=total / 2),
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


def _single(answer: object, task: Task) -> Json | errors.InboxdError:
    """Return what one call of a batch was answered with; null is one that took too long."""
    if not isinstance(answer, dict):
        return errors.Unavailable(f"{task.name}: Facebook did not get to it.")
    body = string(answer.get("body")).encode()
    try:
        return answer_of(integer(answer.get("code")), body, task, None)
    except errors.InboxdError as error:
        return error


async def _bounded(got: aiohttp.ClientResponse) -> bytes | None:
    """Return the body, None if it is longer than any real one; the rest is not read."""
    body = bytearray()
    async for chunk in got.content.iter_chunked(1 << 16):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            got.close()
            return None
    return bytes(body)


def _too_long(task: Task) -> errors.InboxdError:
    text = f"{task.name}: Facebook's answer is longer than {LARGEST_ANSWER >> 20} MiB."
    return errors.OutcomeUnknown(text) if task.sending else errors.Unavailable(text)


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
