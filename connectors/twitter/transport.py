"""How X is called: origin, signature, timeouts, and what counts as an answer."""

from __future__ import annotations

import json
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import aiohttp
from oauthlib.oauth1 import Client as OAuth1Signer
from yarl import URL

from connectors.twitter.failures import Failure, describe
from connectors.twitter.payloads import as_objects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from connectors.twitter.settings import Settings
    from inboxd.model import Json


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


class Transport:
    """
    What tweepy takes for its HTTP session.

    tweepy hard-codes its origin, signs for it and logs the keys it knows; so it knows none, and
    origin and signature are given here, to the request as it really goes out. Each attempt is
    signed anew: aiohttp repeats a GET on a connection that went stale, and X takes no nonce twice.
    """

    def __init__(self, settings: Settings) -> None:
        self._base = settings.api_base.rstrip("/")
        # Connecting gets less than the whole, so that "never sent" is told from "no answer".
        total = settings.timeout.total_seconds()
        self._timeout = aiohttp.ClientTimeout(total=total, sock_connect=total / 2)
        self._signer = OAuth1Signer(
            settings.consumer_key.get_secret_value(),
            settings.consumer_secret.get_secret_value(),
            settings.access_token.get_secret_value(),
            settings.access_token_secret.get_secret_value(),
        )
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def request(
        self, method: str, url: str, *, params: Json, json: object, headers: Mapping[str, str]
    ) -> AsyncIterator[Answer]:
        """Call the endpoint and yield a good answer; raises Failure for any other."""
        # Sorted and percent-encoded as RFC 5849 wants it, and kept so by aiohttp.
        query = urlencode(sorted(params.items()), quote_via=quote)
        target = URL(f"{self._base}{URL(url).raw_path}{'?' if query else ''}{query}", encoded=True)
        # Some of aiohttp's errors show the request's headers in their repr, so nothing of theirs
        # may hang on ours: it is raised where theirs is no longer being handled.
        failure = None
        try:
            async with self._open().request(
                method, target, json=json, headers=headers, allow_redirects=False
            ) as response:
                body = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            failure = Failure(f"X cannot be reached: {type(error).__name__}", sent=False)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = Failure(f"X did not answer: {type(error).__name__}")
        if failure is not None:
            raise failure
        yield _checked(response, body)

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                middlewares=(self._sign,),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _sign(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        _url, headers, _body = self._signer.sign(str(request.url), request.method)
        request.headers["Authorization"] = headers["Authorization"]
        return await handler(request)


def _checked(response: aiohttp.ClientResponse, body: bytes) -> Answer:
    """Return the answer if it is a good one; one of errors alone is none, whatever its status."""
    status = response.status
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    problem = content if isinstance(content, dict) else None
    if problem is not None and 200 <= status < 300:
        if not (failed := as_objects(problem.get("errors"))) or {"data", "meta"} & problem.keys():
            return Answer(status, response.reason, response.headers, problem)
        # Such as the 200 that X gives for a user who does not exist.
        status, problem = 404, {**failed[0], **problem}
    told = "an answer that is no JSON object" if problem is None else describe(problem)
    text = f"X answered HTTP {response.status}: {told}"
    raise Failure(text, status=status, headers=response.headers, problem=problem)
