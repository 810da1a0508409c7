"""What can go wrong on a network, switchable by network and endpoint, and the log of requests."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp.typedefs import Middleware


_SECRET_NAME = re.compile(
    r"token|secret|password|authorization|appsecret_proof|^key$|^code$", re.IGNORECASE
)
# Pagination tokens are no secrets, and tests want to see them.
_OPEN_NAME = re.compile(r"^(pagination_token|next_token)$")
_WEBHOOK_PATH = re.compile(r"^(/services/[^/]+/[^/]+/).+$")
_HTML = (
    "<!DOCTYPE html><html><head><title>Error</title></head><body>Something is wrong</body></html>"
)


class Fault(StrEnum):
    """A way for a request to go wrong."""

    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    HTML = "html"
    """A page for people with status 200 where JSON is due, as proxies answer."""
    TRUNCATED = "truncated"
    """The right answer, cut in the middle of its JSON."""
    TIMEOUT = "timeout"
    """No answer at all until the client gives up; nothing is carried out."""
    DROP_BEFORE = "drop_before"
    """The connection closes and nothing was carried out."""
    DROP_AFTER = "drop_after"
    """The request is carried out and the connection closes: the answer is lost."""
    TOKEN_EXPIRED = "token_expired"
    PERMISSION_MISSING = "permission_missing"
    DUPLICATES = "duplicates"
    """Pages show items twice; each facade does it in its own pages."""
    REFUSED = "refused"
    """The receiver's permanent no; *code* says which where a network has several."""


# Faults whose answer is worded by each network; the others look alike on all of them.
WORDED = (
    Fault.RATE_LIMIT,
    Fault.SERVER_ERROR,
    Fault.TOKEN_EXPIRED,
    Fault.PERMISSION_MISSING,
    Fault.REFUSED,
)
_ANY_NETWORK = "*"


@dataclass(slots=True, eq=False)
class Switch:
    """
    A fault that is on for *network* ("vk", "slack", "smtp", "*" …) and endpoints like *endpoint*.

    *times* counts down the requests it still hits (None: until switched off). *status* is for
    SERVER_ERROR, *reset_after* for RATE_LIMIT, *code* a network's own error where it has several.
    """

    network: str
    fault: Fault
    endpoint: str = "*"
    times: int | None = None
    status: int = 503
    reset_after: timedelta = timedelta(minutes=15)
    code: str | None = None
    hits: int = 0

    def applies_to(self, network: str, endpoint: str) -> bool:
        """Whether it is still on and meant for this call."""
        return (
            self.times != 0
            and self.network in (network, _ANY_NETWORK)
            and fnmatchcase(endpoint, self.endpoint)
        )


class Faults:
    """The switches. The oldest that applies to a request hits it; each hit is counted."""

    def __init__(self) -> None:
        self._switches: list[Switch] = []

    def switch_on(  # noqa: PLR0913 - one keyword a property of the fault
        self,
        network: str,
        fault: Fault,
        *,
        endpoint: str = "*",
        times: int | None = None,
        status: int = 503,
        reset_after: timedelta = timedelta(minutes=15),
        code: str | None = None,
    ) -> Switch:
        """Switch a fault on; *endpoint* is the facade's name of it and may hold * (fnmatch)."""
        switch = Switch(network, fault, endpoint, times, status, reset_after, code)
        self._switches.append(switch)
        return switch

    def switch_off(self, switch: Switch) -> None:
        """Switch one fault off; off already is fine."""
        if switch in self._switches:
            self._switches.remove(switch)

    def clear(self, network: str | None = None) -> None:
        """Switch off everything, or what was switched on for *network*."""
        self._switches = [
            switch for switch in self._switches if network not in (None, switch.network)
        ]

    def draw(self, network: str, endpoint: str, *among: Fault) -> Switch | None:
        """Return the fault that hits this call, of those in *among*, and count the hit."""
        for switch in self._switches:
            if switch.fault in among and switch.applies_to(network, endpoint):
                switch.hits += 1
                if switch.times is not None:
                    switch.times -= 1
                return switch
        return None


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in, secrets masked; *status* is None where no answer went out."""

    at: datetime
    network: str
    method: str
    endpoint: str
    path: str
    query: Mapping[str, object]
    body: object
    status: int | None
    fault: Fault | None


@dataclass(slots=True)
class RequestLog:
    """The latest requests, oldest first; bounded, so that a benchmark does not fill the memory."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=10_000))

    def add(self, call: Call) -> None:
        """Remember a request."""
        self.calls.append(call)

    def of(self, network: str, endpoint: str = "*") -> list[Call]:
        """Return the requests to *network* whose endpoint is like *endpoint* (fnmatch)."""
        return [
            call
            for call in self.calls
            if call.network == network and fnmatchcase(call.endpoint, endpoint)
        ]

    def clear(self) -> None:
        """Forget them all."""
        self.calls.clear()


def middleware(  # noqa: PLR0913 - what a facade is made of
    network: str,
    faults: Faults,
    log: RequestLog,
    now: Callable[[], datetime],
    *,
    endpoint_of: Callable[[web.Request], str],
    worded: Callable[[web.Request, Switch], web.StreamResponse],
) -> Middleware:
    """
    Return the aiohttp middleware that every facade wears: it applies faults and logs requests.

    *endpoint_of* names the endpoint (a VK method, an X path template …) and *worded* renders the
    faults of `WORDED` as the network does.
    """

    @web.middleware
    async def apply(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        endpoint = endpoint_of(request)
        body = await _masked_body(request)
        switch = faults.draw(network, endpoint, *_HTTP_FAULTS)
        response: web.StreamResponse | None = None
        try:
            response = await _answer(request, handler, switch, worded)
        except web.HTTPException as answer:
            response = answer
            raise
        finally:
            log.add(
                Call(
                    at=now(), network=network, method=request.method, endpoint=endpoint,
                    path=_WEBHOOK_PATH.sub(r"\1***", request.path), query={name: mask(value, name) for name, value in request.query.items()},
                    body=body, status=None if response is None else response.status,
                    fault=None if switch is None else switch.fault,
                )
            )  # fmt: skip
        if response is None:
            return drop(request)
        return response

    return apply


_HTTP_FAULTS = (
    *WORDED,
    Fault.HTML,
    Fault.TRUNCATED,
    Fault.TIMEOUT,
    Fault.DROP_BEFORE,
    Fault.DROP_AFTER,
)


async def _answer(
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    switch: Switch | None,
    worded: Callable[[web.Request, Switch], web.StreamResponse],
) -> web.StreamResponse | None:
    """Return the answer that goes out, or None where the connection is to be dropped."""
    fault = None if switch is None else switch.fault
    if switch is not None and fault in WORDED:
        return worded(request, switch)
    if fault is Fault.HTML:
        return web.Response(text=_HTML, content_type="text/html")
    if fault is Fault.TIMEOUT:
        # Ends by cancellation when the client goes away (AppRunner(handler_cancellation=True)).
        await asyncio.get_running_loop().create_future()
    if fault is Fault.DROP_BEFORE:
        return None
    response = await handler(request)
    if fault is Fault.DROP_AFTER:
        return None
    if fault is Fault.TRUNCATED and isinstance(response, web.Response):
        return _truncated(response)
    return response


def drop(request: web.Request) -> web.Response:
    """Close the connection under the client; the response returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _truncated(response: web.Response) -> web.Response:
    """Cut the body in half, with a Content-Length that agrees: valid HTTP, broken JSON."""
    body = response.body if isinstance(response.body, bytes) else b"{}"
    return web.Response(
        status=response.status, body=body[: max(1, len(body) // 2)], content_type="application/json"
    )


def mask(value: object, name: str = "") -> object:
    """Return *value* with everything that is named like a secret replaced, at any depth."""
    if _SECRET_NAME.search(name) and not _OPEN_NAME.search(name):
        return "***"
    if isinstance(value, dict):
        return {key: mask(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [mask(inner) for inner in value]
    return value


async def _masked_body(request: web.Request) -> object:
    """Return the body as data, secrets masked; the handler can read it again. Unreadable is None."""
    if not request.body_exists:
        return None
    if request.content_type == "application/json":
        try:
            return mask(json.loads(await request.read()))
        except ValueError:
            return None
    return mask(dict(await request.post()))
