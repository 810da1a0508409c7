"""How inboxd speaks to Slack: one HTTP request at a time, and what it means when it goes wrong."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from inboxd import line
from inboxd.errors import InboxdError, OutcomeUnknown, Unavailable
from inboxd.notify.slack_errors import UNFIT, Answer, SlackRefused, code_in, translate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from datetime import timedelta

    from pydantic import SecretStr
    from slack_sdk.web.async_slack_response import AsyncSlackResponse

    from inboxd.clock import Clock

Body = dict[str, Any]
T = TypeVar("T")

# At DEBUG slack_sdk writes webhook URLs and whole messages; its own check looks at this very
# logger's level, so that one set on the root or on "slack_sdk" would not help.
_SDK_LOG = logging.getLogger("inboxd.slack_sdk")
_SDK_LOG.setLevel(logging.WARNING)
_MOST_PAGES = 10
LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes. A page of two hundred messages, each as long as Slack takes them, has three million."""

_log = structlog.get_logger(__name__)


async def in_full_or_short(write: Callable[[Body], Awaitable[T]], full: Body, short: Body) -> T:
    """
    Return what comes of writing *full*, or *short* where Slack does not take that as it is.

    How much Slack takes as a whole is documented nowhere, and an alert must not be lost by it.
    """
    try:
        return await write(full)
    except SlackRefused as refusal:
        if refusal.code not in UNFIT:
            raise
        _log.warning("slack message shortened", error=str(refusal))
        return await write(short)


class Webhook:
    """An incoming webhook. *sink* is the name that errors bear; *limit* is in real time."""

    def __init__(self, sink: str, url: SecretStr, limit: timedelta, clock: Clock) -> None:
        self._sink = sink
        self._url = url
        self._limit = limit
        self._clock = clock

    async def post(self, body: Body) -> None:
        """Post a message; returns only if Slack said "ok"."""
        url = self._url.get_secret_value()
        async with _one_request(self._sink, self._limit, url) as session:
            client = AsyncWebhookClient(
                url, session=session, ssl=line.tls(), logger=_SDK_LOG, retry_handlers=[]
            )
            client.proxy = line.proxy_for(url)
            try:
                response = await client.send_dict(body)
            except UnicodeDecodeError:
                raise OutcomeUnknown(f"sink {self._sink}: Slack's answer is no text") from None
        if response.status_code != 200 or response.body.strip() != "ok":
            answer = Answer(response.status_code, code_in(response.body), response.headers)
            raise translate(self._sink, answer, self._clock.now())


class WebApi:
    """The Web API with a bot's token; the parameters are those of `Webhook`."""

    def __init__(
        self, sink: str, token: SecretStr, base: str, limit: timedelta, clock: Clock
    ) -> None:
        self._sink = sink
        self._token = token
        self._base = base
        self._limit = limit
        self._clock = clock

    @property
    def encrypted(self) -> bool:
        """Whether Slack is asked over TLS."""
        return self._base.startswith("https://")

    async def write(self, method: str, body: Body) -> AsyncSlackResponse:
        """Call a method that changes something; OutcomeUnknown where it may have done so."""
        return await self._call(method, http_verb="POST", json=body)

    async def read(self, method: str, params: Body) -> AsyncSlackResponse:
        """Call a method that changes nothing: what breaks may simply be asked again."""
        try:
            return await self._call(method, http_verb="GET", params=params)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error

    async def messages(self, method: str, params: Body) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the messages of all pages; OutcomeUnknown where there are too many to look at."""
        at: Body = {}
        for _ in range(_MOST_PAGES):
            response = await self.read(method, params | at)
            for message in response.get("messages") or ():
                yield message
            cursor = (response.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            at = {"cursor": cursor}
        raise OutcomeUnknown(f"sink {self._sink}: too many messages to look through")

    async def _call(
        self,
        method: str,
        **request: Any,  # noqa: ANN401 - passed on
    ) -> AsyncSlackResponse:
        async with _one_request(self._sink, self._limit, self._base) as session:
            client = AsyncWebClient(
                self._token.get_secret_value(),
                base_url=self._base,
                session=session,
                ssl=line.tls(),
                logger=_SDK_LOG,
                retry_handlers=[],
            )
            client.proxy = line.proxy_for(self._base)
            try:
                return await client.api_call(method, **request)
            except SlackApiError as error:
                failure = self._failure(error)
            except aiohttp.ClientError:
                # Also the one about a certificate, which is a ValueError.
                raise
            except (AttributeError, ValueError):
                # What slack_sdk makes of a 200 that holds no JSON object.
                failure = OutcomeUnknown(f"sink {self._sink}: Slack's answer is not JSON")
        raise failure

    def _failure(self, error: SlackApiError) -> InboxdError:
        """
        Return what Slack answered, from any of the things that slack_sdk calls a response.

        Its data may be a dict, a str or {}; where JSON was broken it is aiohttp's own response.
        """
        response = error.response
        data = getattr(response, "data", None)
        status: int = getattr(response, "status_code", None) or response.status
        code = code_in(data.get("error")) if isinstance(data, dict) else ""
        return translate(self._sink, Answer(status, code, response.headers), self._clock.now())


@asynccontextmanager
async def _one_request(
    sink: str, limit: timedelta, url: str
) -> AsyncIterator[aiohttp.ClientSession]:
    """
    Give a session for one request; what breaks in the transport becomes an error of ours.

    Until the first byte has left, nothing can have been delivered: Unavailable. After that it
    is OutcomeUnknown. That line can only be drawn on a fresh connection, hence one session a
    request; alerts are rare. slack_sdk's own reading of the environment knows no NO_PROXY, so
    users of the session give the client its proxy.
    """
    sent = False

    async def note(*_: object) -> None:
        nonlocal sent
        sent = True

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(note)
    total = aiohttp.ClientTimeout(total=limit.total_seconds())
    try:
        async with careful_session(sink, timeout=total, trace_configs=[trace]) as session:
            yield session
    except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
        # aiohttp's own texts hold the URL, a webhook's secret.
        what = f"sink {sink}: no answer from Slack: {line.trouble(error, url)}"
        # To a proxy that opens no tunnel nothing was sent but the host's name.
        in_doubt = sent and not isinstance(error, aiohttp.ClientHttpProxyError)
        failure = OutcomeUnknown(what) if in_doubt else Unavailable(what)
        raise failure from None


def careful_session(sink: str, **options: Any) -> aiohttp.ClientSession:  # noqa: ANN401 - aiohttp's own
    """Return a session that follows no redirect and reads no body without an end."""

    async def go_nowhere_else(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        response = await handler(request)
        if 300 <= response.status < 400:
            response.close()
            raise Unavailable(
                f"sink {sink}: Slack answered {response.status}, which leads elsewhere"
            )
        return response

    return aiohttp.ClientSession(middlewares=(go_nowhere_else,), response_class=_Bounded, **options)


class _Bounded(aiohttp.ClientResponse):
    """An answer that is left when it is longer than any of Slack's."""

    async def read(self) -> bytes:
        """Return the whole body; ClientPayloadError if it is too long."""
        if self._body is None:
            body = bytearray()
            async for chunk in self.content.iter_chunked(65_536):
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    self.close()
                    raise aiohttp.ClientPayloadError("longer than any answer of Slack's")
            self._body = bytes(body)
        return self._body
