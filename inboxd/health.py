"""
Tells monitors over HTTP whether the daemon lives, whether it sees and speaks, and what it counts.

``GET /healthz`` answers 200 while the daemon's own clockwork runs; ``GET /readyz`` answers
200 only while every account is read, nothing waits too long to be delivered and the database can
be written, and says in JSON what is wrong when it answers 503; ``GET /metrics`` is for Prometheus.
None of them says anything about customers. However often they ask, what is costly is found once
for all of them, and kept for a while; however long that takes, they are answered in seconds.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import structlog
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime

    from inboxd.config import Address

log = structlog.get_logger(__name__)
T = TypeVar("T")

TICK_PATIENCE = timedelta(seconds=30)
"""How long the tick, due every second, may be late before the daemon counts as dead."""
_OPEN = "/healthz"
"""What is told without a token: load balancers have none, and it says nothing else."""
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
"""In which form it is written: every Prometheus since 2.0, and what imitates it, reads that."""
_MOST_CONNECTIONS, _LONGEST_CONNECTION = 50, 15.0
"""How many may be connected at a time, and for how many seconds."""
_ASIDE, _MOST_KEPT = 20, 10.0
"""What took a second is kept for twenty, but for no more than so many."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the daemon knows of itself."""

    ticked_at: datetime | None
    now: datetime
    problems: tuple[str, ...] = field(default=())

    @property
    def live(self) -> bool:
        """Tell whether the tick comes round."""
        return self.ticked_at is not None and abs(self.now - self.ticked_at) <= TICK_PATIENCE

    @property
    def ready(self) -> bool:
        """Tell whether nothing is wrong."""
        return self.live and not self.problems


class Kept(Generic[T]):
    """
    The answer to a question that is costly to ask: asked once for all who want it, then kept.

    It is kept for *seconds*, or longer if it took long: up to ten seconds, so that no more than a
    twentieth of the time goes into what takes half a second. An error is kept as well.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[T]], seconds: float = 2.0, patience: float = 2.0
    ) -> None:
        self._ask = ask
        self._seconds = seconds
        self._patience = patience
        self._asking: asyncio.Task[T] | None = None
        self._stale_at = 0.0

    async def get(self) -> T:
        """Return the answer; TimeoutError if it is not there in time, and is still awaited."""
        task = self._asking
        if task is None or (task.done() and self._now() >= self._stale_at):
            task = self._asking = asyncio.create_task(self._timed())
            task.add_done_callback(_heed)
        done, _ = await asyncio.wait([task], timeout=self._patience)
        if not done:
            raise TimeoutError
        return task.result()

    async def close(self) -> None:
        """Give up what is still being asked."""
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._asking

    async def _timed(self) -> T:
        begun = self._now()
        try:
            return await self._ask()
        finally:
            took = self._now() - begun
            self._stale_at = begun + took + min(max(self._seconds, took * _ASIDE), _MOST_KEPT)

    @staticmethod
    def _now() -> float:
        """Return the time of the event loop, which nobody sets."""
        return asyncio.get_running_loop().time()


def _heed(task: asyncio.Task[T]) -> None:
    """Take notice of an error for which nobody had the patience: it is no mystery for the log."""
    if not task.cancelled():
        task.exception()


class Pages(Protocol):
    """What is answered."""

    def live(self) -> bool:
        """Tell whether the clockwork runs; asks nobody."""
        ...

    async def health(self) -> Health:
        """Return how it stands."""
        ...

    async def metrics(self) -> bytes:
        """Return what is counted and measured, as Prometheus reads it."""
        ...


@asynccontextmanager
async def serve(listen: Address, pages: Pages, token: str = "") -> AsyncIterator[None]:
    """
    Answer monitors at *listen* for as long as the block runs; OSError if it is taken.

    With a *token*, only who brings it learns more than whether the daemon lives.
    """
    server = _Server(_answering(pages, token))
    runner = web.ServerRunner(server, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, listen.host, listen.port).start()
        yield
    finally:
        await runner.cleanup()


def _answering(
    pages: Pages, token: str
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    answers = {
        "/healthz": lambda: _healthz(pages),
        "/readyz": lambda: _readyz(pages),
        "/metrics": lambda: _metrics(pages),
    }

    async def answer(request: web.BaseRequest) -> web.Response:
        if token and request.path != _OPEN and not _is_allowed(request, token):
            return _text(401, "a bearer token is needed\n", {"WWW-Authenticate": "Bearer"})
        found = answers.get(request.path)
        if found is None:
            return _text(404, "there are /healthz, /readyz and /metrics\n")
        if request.method not in {"GET", "HEAD"}:
            return _text(405, "only GET is answered\n", {"Allow": "GET, HEAD"})
        return await found()

    async def answer_once(request: web.BaseRequest) -> web.StreamResponse:
        response = await answer(request)
        response.force_close()
        return response

    return answer_once


def _is_allowed(request: web.BaseRequest, token: str) -> bool:
    """Tell whether *request* brings the token; how long that takes tells nobody how much is right."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(
        given.strip().encode(errors="surrogateescape"), token.encode(errors="surrogateescape")
    )
    return same and scheme.lower() == "bearer"


async def _healthz(pages: Pages) -> web.Response:
    return _text(200, "ok\n") if pages.live() else _text(503, "stuck\n")


async def _readyz(pages: Pages) -> web.Response:
    health = await pages.health()
    body = {"ready": health.ready, "problems": list(health.problems)}
    return web.Response(
        text=json.dumps(body, ensure_ascii=False),
        status=200 if health.ready else 503,
        content_type="application/json",
        headers=_ANONYMOUS,
    )


async def _metrics(pages: Pages) -> web.Response:
    headers = {**_ANONYMOUS, "Content-Type": _PROMETHEUS}
    try:
        return web.Response(body=await pages.metrics(), headers=headers)
    except TimeoutError:
        return _text(503, "not in time\n")


_ANONYMOUS = {"Server": "inboxd", "Cache-Control": "no-store"}
"""Who answers, without the versions that aiohttp would tell."""


def _text(status: int, text: str, more: dict[str, str] | None = None) -> web.Response:
    return web.Response(text=text, status=status, headers={**_ANONYMOUS, **(more or {})})


class _Server(web.Server):
    """A server whose errors tell strangers nothing, and whom strangers do not keep busy."""

    def __call__(self) -> web.RequestHandler:
        return _Handler(self)


class _Handler(web.RequestHandler):
    """One connection, for one answer; what holds it without asking is cut off."""

    __slots__ = ("_end", "_server")

    def __init__(self, server: _Server) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(server, loop=loop, access_log=None)  # type: ignore[arg-type] # none is kept
        self._server = server
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Give whoever connects a while, unless too many do: each takes one of our files."""
        super().connection_made(transport)
        if len(self._server.connections) > _MOST_CONNECTIONS:
            self.force_close()
        self._end = asyncio.get_running_loop().call_later(_LONGEST_CONNECTION, self.force_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        if self._end:
            self._end.cancel()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes what was sent
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or what crashed."""
        if status >= 500:
            log.error("monitor not answered", path=request.path, exc_info=exc)
        response = _text(status, "this cannot be answered\n")
        response.force_close()
        return response
