"""One performance of the demo: the world, the servers, the daemon, and who tells of it."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.text import Text

from inboxd import logs, plugins
from inboxd.clock import FastClock
from inboxd.config import load
from inboxd.demo import shop
from inboxd.demo.closing import Closing
from inboxd.demo.narrator import Narrator
from inboxd.errors import UserError
from inboxd.service.life import started
from inboxd.simulator.configuration import secrets
from inboxd.simulator.scenario import working_day
from inboxd.simulator.server import Simulator
from inboxd.store import Store
from inboxd.terminal import console
from inboxd.tui.app import InboxApp
from inboxd.tui.session import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import TextIO

    from rich.console import Console

    from inboxd.clock import Clock
    from inboxd.config import Settings
    from inboxd.daemon import Daemon
    from inboxd.simulator.script import Scenario
    from inboxd.simulator.world import Item

_ZONE = ZoneInfo("Europe/Kyiv")
_DAY = date(2026, 9, 16)  # a Wednesday without holidays
_BEGINS, _ENDS = time(8, 50), time(18, 15)
_MARKER = ".inboxd-demo"
"""How a later demo knows that it may write into a folder again."""
_LOOK_EVERY = timedelta(minutes=3)


async def play(*, seed: int, keep: Path | None, seconds: int, tui: bool) -> None:
    """
    Play the day of *seed* in *seconds* of real time.

    With *keep*, configuration, database and log stay in that folder. With *tui* nobody tells
    of it: it is seen, and acted on, in the terminal's interface, until that is left.
    """
    out = console()
    # All of it is on this machine, where no proxy of the environment leads.
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "*"
    if tui and not (sys.stderr.isatty() and sys.stdin.isatty()):
        raise UserError("--tui needs a terminal; leave it out to get lines")
    begins, ends = (datetime.combine(_DAY, at, _ZONE) for at in (_BEGINS, _ENDS))
    day = working_day(seed, _DAY, _ZONE)
    async with AsyncExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inboxd-")))
        folder.mkdir(parents=True, exist_ok=True)
        clock = FastClock(begins, (ends - begins).total_seconds() / seconds)
        simulator = await stack.enter_async_context(Simulator(day.new_world(), now=clock.now))
        settings = _prepare(folder, simulator)
        log = stack.enter_context(_private(folder / "inboxd.log"))
        logs.configure(secrets=settings.secrets(), stream=log)
        await _Stage(day, simulator, clock, out).perform(settings, ends, tui=tui)
        if keep:
            here = f"inboxd -c {settings.path}"
            out.print(Text(f"\nTo look at the day: {here} waiting (or show 6)"))
            out.print(Text(f"How the shop answered: {here} report --period {_DAY}"))


def _private(path: Path) -> TextIO:
    """Open *path* anew for text that nobody else on the machine is to read."""
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    return os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")


def _prepare(folder: Path, simulator: Simulator) -> Settings:
    """Write the shop's configuration into *folder* and load it as `inboxd run` would."""
    path = folder / "config.toml"
    if any(folder.iterdir()) and not (folder / _MARKER).exists():
        raise UserError(f"{folder} is not empty, and not from a demo; name a new folder")
    (folder / _MARKER).touch()
    for old in folder.glob("inboxd.db*"):
        old.unlink()
    path.write_text(shop.configuration(simulator, _ZONE.key), encoding="utf-8")
    path.chmod(0o600)
    return load(path, plugins.networks(), secrets(simulator))


@dataclass(slots=True)
class _Stage:
    """The world and its servers, a clock that runs fast, and where to tell of it."""

    day: Scenario
    simulator: Simulator
    clock: Clock
    out: Console

    async def perform(self, settings: Settings, ends: datetime, *, tui: bool) -> None:
        """Let the day pass until *ends* (or until *tui* is left), then tell how it went."""
        self.out.print(Text(f"A working day in {_ZONE.key}, {_DAY:%A %d %B %Y}", style="bold"))
        async with started(settings, self.clock) as daemon:
            with Store(settings.general.database) as store:
                async with self._day_on(daemon, store):
                    if tui:
                        await self._triage(settings)
                    else:
                        await self._narrate(store, ends)
                Closing(self.out, self.simulator, store, settings).tell(self.clock.now())

    @asynccontextmanager
    async def _day_on(self, daemon: Daemon, store: Store) -> AsyncIterator[None]:
        """Let the day and the daemon go on for as long as a block lasts."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(daemon.run(stop))
            day = group.create_task(
                self.day.play(
                    self.simulator.world,
                    self._sleep_until,
                    faults=self.simulator.faults,
                    answer=_Colleague(store, self.clock).answer,
                )
            )
            yield
            day.cancel()
            stop.set()

    async def _narrate(self, store: Store, ends: datetime) -> None:
        narrator = Narrator(self.out, self.simulator, store, _ZONE)
        while self.clock.now() < ends:
            await self.clock.sleep(_LOOK_EVERY)
            narrator.look()

    async def _triage(self, settings: Settings) -> None:
        """Show the terminal's interface until it is left; the daemon is in the same process."""
        with opened(settings, "you", self.clock) as session:
            await InboxApp(session).run_async()

    async def _sleep_until(self, instant: datetime) -> None:
        await self.clock.sleep(instant - self.clock.now())


@dataclass(slots=True)
class _Colleague:
    """A member of the staff who answers with inboxd itself, as `inboxd reply` does."""

    store: Store
    clock: Clock

    async def answer(self, item: Item, text: str) -> bool:
        """Queue *text* as the reply to the case of *item*, if that customer still waits."""
        for case in self.store.views.waiting():
            if case.text != item.text_at(self.clock.now()):
                continue
            place = self.store.views.reply_place(case.case_id)
            if not place.open:
                return False
            reply = place.reply(text)
            self.store.outbox.add_reply(case.account, case.case_id, reply, self.clock.now())
            return True
        return False
