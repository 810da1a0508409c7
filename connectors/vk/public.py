"""Somebody else's wall, read with a service token: the same walk as over our own, with less of it."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final

import vk_api

from connectors.vk.desk import Desk
from connectors.vk.errors import DAILY_LIMITS, next_midnight
from connectors.vk.memory import Memory
from connectors.vk.payloads import community
from connectors.vk.people import Strangers, groups_of
from connectors.vk.settings import Settings
from connectors.vk.shapes import as_object
from connectors.vk.transport import Api
from connectors.vk.wall import Wall
from inboxd import public as port
from inboxd.connector import Allowance, Ledger
from inboxd.errors import Spared
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from connectors.vk.settings import Watched
    from inboxd.clock import Clock
    from inboxd.connector import Cursor, Page

_SHARE: Final = 20
"""All that are watched with one token get a twentieth of what VK lets it ask in a day."""
_A_MOMENT: Final = timedelta(minutes=10)


class PublicReader(port.PublicReader):
    """The wall of one community."""

    network: ClassVar[str] = "vk"

    def __init__(
        self,
        settings: Watched,
        clock: Clock,
        ledger: Ledger | None = None,
        ours: Ledger | None = None,
    ) -> None:
        # VK counts by the token: what is asked with ours is counted as ours, and paced with it.
        counted = ours or ledger or Ledger(clock)
        wall = settings.as_an_account(
            Settings, streams=(Stream.COMMENTS,), token=settings.service_token
        )
        self._share = Share(counted, clock)
        self._api = _Sparing(self._share, wall, clock, counted)
        strangers, memory = Strangers(self._api), Memory(settings.group_id)
        self._desk = Desk(wall, clock, self._api, self._api, None, strangers, memory)
        self._wall = Wall(self._desk)

    async def poll(self, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Yield what is new on the wall."""
        if self._api.quota.behind("wall.get"):
            raise Spared(
                "wall.get: the token's calls are spread over the day, and ours come first",
                until=self._desk.clock.now() + _A_MOMENT,
            )
        async with aclosing(self._wall.poll(cursor or {})) as pages:
            async for page in pages:
                # How one could answer is not our concern.
                yield replace(page, windows=())

    def allowances(self) -> list[Allowance]:
        """Return how much of their share is used today by all that are watched with the token."""
        return [self._share.allowance("wall.get")]

    async def check(self) -> port.PublicCheck:
        """Ask for the community's name, and for one post of its wall."""
        group = {"group_id": self._desk.group_id}
        groups = groups_of(await self._api.call("groups.getById", group))
        name = community(as_object(next(iter(groups), None), "group")).name
        await self._wall.page(0, 1)
        return port.PublicCheck(f"{name} (club{self._desk.group_id})")

    async def close(self) -> None:
        """Give back the connection and its thread."""
        await self._api.close()


class Share:
    """What of a method's daily limit may go into reading others."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def take(self, method: str) -> None:
        """Count a call that is about to be made; raises Spared where the share is used up."""
        if method not in DAILY_LIMITS:
            return
        limit, now = DAILY_LIMITS[method] // _SHARE, self._clock.now()
        if self._used(method) >= limit:
            raise Spared(
                f"{method}: the {limit} calls a day that go into reading others are used up",
                until=next_midnight(now),
            )
        self._ledger.spend(_name(method))

    def allowance(self, method: str) -> Allowance:
        """Return how much of the share is used."""
        now = self._clock.now()
        return Allowance(
            _name(method), self._used(method), DAILY_LIMITS[method] // _SHARE, next_midnight(now)
        )

    def _used(self, method: str) -> int:
        return self._ledger.spent(_name(method), self._clock.now().date())


class _Sparing(Api):
    """A service token's methods, of which others get a share alone."""

    def __init__(self, share: Share, settings: Settings, clock: Clock, ledger: Ledger) -> None:
        super().__init__(
            vk_api.VkApi, settings.token, "service_token", settings, ledger, clock
        )  # fmt: skip
        self._share = share

    async def call(self, method: str, params: Mapping[str, Any], *args: Any) -> Any:  # noqa: ANN401 - as in Api
        """Return the answer of *method*, if the share has room for it."""
        self._share.take(method)
        return await super().call(method, params, *args)


def _name(method: str) -> str:
    return f"{method} for others' walls"
