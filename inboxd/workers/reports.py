"""Reports that go out by themselves: each once when it is due, beside everything else."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd.blotting import blotted
from inboxd.core.alerts.reports import Told, report_alert, report_failed_alert
from inboxd.core.reports import LATE_FOR, days_of, file_name
from inboxd.core.scorecard.periods import previous
from inboxd.errors import DatabaseError, is_shortage

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inboxd.config import Settings
    from inboxd.core.reports import Report
    from inboxd.core.scorecard.basis import Basis
    from inboxd.core.scorecard.model import Period
    from inboxd.model import Alert
    from inboxd.store import Store, WrittenReport
    from inboxd.workers.context import Context

log = structlog.get_logger(__name__)

_OPTIONS = ("account", "network", "stream", "kind", "topic", "language", "urgency")
"""Of a report's conditions those with values, which are options of `inboxd report`."""
_KEPT = timedelta(days=31)
"""How long a page is kept: what could not be sent within a day is given up, or was held back."""


@dataclass(frozen=True, slots=True)
class Writing:
    """One report about to be written: which, when it was due, and what it is known by."""

    report: Report
    due: datetime
    key: str
    trial: bool = False


def trial(report: Report, now: datetime) -> Writing:
    """Return the writing of a report that is sent out of turn, to see what it is like."""
    key = f"report:{report.name}/trial/{now:%Y-%m-%dT%H:%M:%SZ}"
    return Writing(report, now, key, trial=True)


def periods_of(writing: Writing, settings: Settings) -> tuple[Period, Period]:
    """Return the first and the last period that a report needs: the same where it compares with none."""
    report = writing.report
    _, days = days_of(report.period, writing.due, settings.general.timezone)
    return previous(days) if report.compares else days, days


def write(
    writing: Writing, settings: Settings, basis: Basis, now: datetime
) -> tuple[WrittenReport, Alert]:
    """
    Return the page of a report and what is told of it, as known at *now*.

    The database is read on a connection of its own, so that this may be done in any thread and
    nobody has to wait for it.
    """
    # These and what they need cost half a second, and a daemon without reports needs none.
    from inboxd.report import as_html  # noqa: PLC0415
    from inboxd.report.brief import facts  # noqa: PLC0415
    from inboxd.report.material import Request, filters_of, read  # noqa: PLC0415
    from inboxd.store import Store, WrittenReport  # noqa: PLC0415

    report = writing.report
    name, days = days_of(report.period, writing.due, settings.general.timezone)
    request = Request(days, report.compares, filters_of(report.match))
    with Store(settings.general.database, create=False, to_write=False) as store:
        material = read(store, settings, basis, request, now)
    card = material.scorecard()
    written = WrittenReport(
        writing.key, report.name, writing.due, name, now, file_name(name), as_html(card)
    )
    told = Told(report.name, writing.key, days, card.compared, _command(report, name))
    return written, report_alert(told, facts(card), now, trial=writing.trial)


def _command(report: Report, period: str) -> str:
    """Return what shows the same at the terminal."""
    compared = ["--compare", "previous"] if report.compares else []
    only = [
        word
        for name in _OPTIONS
        for value in sorted(getattr(report.match, name))
        for word in (f"--{name}", value)
    ]
    seen = {None: [], True: ["--public"], False: ["--private"]}[report.match.public]
    return shlex.join(["inboxd", "report", "--period", period, *compared, *only, *seen])


def queue(store: Store, report: Report, written: WrittenReport, alert: Alert) -> None:
    """Keep what was written and let it go out; one and the same is done once, whoever tries."""
    with store.transaction():
        if not store.reports.is_known(written.key) and store.outbox.add_alert(alert, report.to):
            store.reports.add(written)


class ReportWriter:
    """
    Writes each report once: its key bears the instant at which it was due, so that is for ever.

    *is_early* says that it is not known yet what came while nothing was read.
    """

    def __init__(
        self, settings: Settings, basis: Basis, context: Context, is_early: Callable[[], bool]
    ) -> None:
        self._settings = settings
        self._basis = basis
        self._context = context
        self._is_early = is_early
        self._since: dict[str, datetime] | None = None
        self._waits: dict[str, tuple[datetime, datetime]] = {}

    async def look(self) -> None:
        """Write what is due; our own bug in one report stops nobody else."""
        if self._since is None:
            self._since = await self._context.store.run(self._begin)
        if self._is_early():
            return
        for report in self._settings.reports:
            await self._try(report, self._since[report.name])

    def _begin(self, store: Store) -> dict[str, datetime]:
        """Note which schedules there are, and let go of pages that nobody needs any more."""
        now = self._context.clock.now()
        schedules = {each.name: each.schedule for each in self._settings.reports}
        with store.transaction():
            store.reports.remove_before(now - _KEPT)
            return store.reports.expect(schedules, now)

    def _due(self, report: Report, since: datetime, now: datetime) -> datetime | None:
        """Return when *report* fell due, once; it is looked for again when the next one does."""
        looked_at, nothing_before = self._waits.get(report.name, (now, now))
        # A clock that was set back makes what was worked out by it worthless.
        if looked_at <= now < nothing_before:
            return None
        self._waits[report.name] = now, report.cron.next_after(now)
        due = report.due(now)
        return due if due is not None and due > since else None

    async def _try(self, report: Report, since: datetime) -> None:
        now, due = self._context.clock.now(), None
        try:
            due = self._due(report, since, now)
            if due is not None:
                await self._write(report, due)
        except Exception as error:
            if isinstance(error, DatabaseError) or is_shortage(error):
                self._waits.pop(report.name, None)
                raise
            log.exception("report crashed", report=report.name)
            text = blotted(f"{type(error).__name__}: {error}")
            key = report.key(due or since)
            if due is None:
                # It cannot even say when it is due: told once, and not logged at every look.
                self._waits[report.name] = now, now + LATE_FOR
            await self._context.store.run(lambda store: self._failed(store, report, key, text))

    async def _write(self, report: Report, due: datetime) -> None:
        thread, key = self._context.store, report.key(due)
        if await thread.run(lambda store: store.reports.is_known(key)):
            return
        writing = Writing(report, due, key)
        await self._take_up(writing)
        now = self._context.clock.now()
        written, alert = await asyncio.to_thread(write, writing, self._settings, self._basis, now)

        def keep(store: Store) -> None:
            queue(store, report, written, alert)
            store.reports.remove_before(now - _KEPT)

        await thread.run(keep)
        log.info("report written", report=report.name, period=written.period)

    async def _take_up(self, writing: Writing) -> None:
        """Let the store keep the days that are new or have changed, a short transaction at a time."""
        thread = self._context.store
        first, last = periods_of(writing, self._settings)
        steps = await thread.run(
            lambda store: store.sheets.refreshing(self._basis, first.since, last.until)
        )
        while await thread.run(lambda _: next(steps, None)):
            pass

    def _failed(self, store: Store, report: Report, key: str, text: str) -> None:
        now = self._context.clock.now()
        with store.transaction():
            alert = report_failed_alert(report.name, key, text, now)
            store.outbox.add_alert(alert, self._context.alert_to)
