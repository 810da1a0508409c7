"""
Tells a monitor over HTTP whether the daemon lives and whether it sees and speaks.

``GET /healthz`` answers 200 while the daemon's own clockwork runs; ``GET /readyz`` answers
200 only while every account is read and nothing waits too long to be delivered, and says in
JSON what is wrong when it answers 503. Neither says anything about customers.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from datetime import datetime

    from inboxd.config import Address

TICK_PATIENCE = timedelta(seconds=30)
"""How long the tick, due every second, may be late before the daemon counts as dead."""


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


@asynccontextmanager
async def serve(listen: Address, look: Callable[[], Awaitable[Health]]) -> AsyncIterator[None]:
    """Answer monitors at *listen* for as long as the block runs; OSError if it is taken."""
    app = web.Application()

    async def healthz(_request: web.Request) -> web.Response:
        health = await look()
        return web.Response(text="ok\n" if health.live else "stuck\n", status=_status(health.live))

    async def readyz(_request: web.Request) -> web.Response:
        health = await look()
        body = {"ready": health.ready, "problems": asdict(health)["problems"]}
        return web.json_response(body, status=_status(health.ready))

    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, listen.host, listen.port).start()
        yield
    finally:
        await runner.cleanup()


def _status(good: bool) -> int:  # noqa: FBT001 - it is what the status says
    return 200 if good else 503
