"""The dead-man's switch: somebody elsewhere hears from us for as long as all is well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import structlog

from inboxd import line
from inboxd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from inboxd.config import HeartbeatSettings
    from inboxd.health import Health

log = structlog.get_logger(__name__)


class Heartbeat:
    """
    Calls an address while every account is read and every sink takes what it is sent.

    Whoever is not called for a while raises the alarm: of a daemon that is dead, and of one
    that could not tell. What goes wrong with a call is logged when it begins and when it ends.
    """

    def __init__(self, settings: HeartbeatSettings, look: Callable[[], Awaitable[Health]]) -> None:
        self._settings = settings
        self._look = look
        self._trouble = ""

    @property
    def every(self) -> timedelta:
        """Return how often the other side wants to be called."""
        return self._settings.every

    async def beat(self) -> bool:
        """Call, if all is well; returns whether the other side took it."""
        health = await self._look()
        if not health.ready:
            self._note("; ".join(health.problems) or "the daemon's clockwork is late")
            return False
        self._note(await self._call())
        return not self._trouble

    async def _call(self) -> str:
        """Return what went wrong, "" if nothing did; never with the address, which is a secret."""
        limit = aiohttp.ClientTimeout(total=self._settings.timeout.total_seconds())
        url = self._settings.url.get_secret_value()
        try:
            # A log-in page that one is sent to, as in a hotel, is not the other side.
            way: dict[str, Any] = {
                "allow_redirects": False,
                "proxy": line.proxy_for(url),
                "ssl": line.tls(),
            }
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.get(url, **way) as response,
            ):
                good = 200 <= response.status < 300
                return "" if good else f"the other side says {response.status}"
        except Unavailable as error:
            return str(error)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"the other side cannot be reached: {line.trouble(error, url)}"

    def _note(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("heartbeat withheld", why=trouble) if trouble else log.info("heartbeat")
        self._trouble = trouble
