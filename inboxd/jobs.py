"""What the daemon does again and again: each job at its interval, whatever happens to the clock."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from inboxd.errors import DatabaseError, InboxdError, is_shortage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from apscheduler.events import JobExecutionEvent

    from inboxd.clock import Clock
    from inboxd.watchdog import Vigil

log = structlog.get_logger(__name__)

_SHORTEST_INTERVAL = 0.05
"""Seconds of real time below which the demo's fast clock does not push the jobs."""
_LOOK_AT_THE_CLOCK = 5.0
"""Real seconds after which it is noticed that the clock was set back."""
_PATIENCE_AT_STOP = 3.0
"""Real seconds that jobs which are broken off get to put away what they hold."""


class Steps(IntervalTrigger):  # type: ignore[misc]  # it ships no type information
    """Equal steps from a start, to which what was hurried, or came late, goes back."""

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """Return the first step after the last run; never later than an interval after it."""
        after: datetime = previous_fire_time or now
        # Whole microseconds: a rounded share could bring the same step once more.
        taken: int = (after - self.start_date) // self.interval
        step: datetime = self.start_date + (taken + 1) * self.interval
        return step


class Jobs:
    """
    The jobs of one daemon, under the eyes of a *vigil* where they are to be.

    *failed* hears of each that ends with an error, which is logged as well.
    """

    def __init__(
        self,
        clock: Clock,
        vigil: Vigil,
        failed: Callable[[str, BaseException], None] = lambda _work, _error: None,
    ) -> None:
        self._clock = clock
        self._failed = failed
        self._vigil = vigil
        self._watched: dict[str, timedelta] = {}
        self._under_way: set[asyncio.Task[object]] = set()
        self._failing: dict[str, str] = {}
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._note_trouble, EVENT_JOB_ERROR | EVENT_JOB_MISSED)

    def add(
        self,
        name: str,
        job: Callable[[], Awaitable[object]],
        every: timedelta,
        patience: timedelta | None = None,
        *,
        apart: float = 0.0,
    ) -> None:
        """
        Do *job* at once when it all begins, and then *every* so often.

        From then on it comes *apart* from the others: by that share of its interval, below 1.
        With *patience* it hangs if it shows no sign of life for so long, or begins no more.
        """
        every = self._clock.real(every)
        seconds = max(every.total_seconds(), _SHORTEST_INTERVAL)
        ahead = timedelta(seconds=seconds * apart)
        now = datetime.now(UTC)  # noqa: TID251 - APScheduler lives in the computer's own time
        observed = self._observed(name, job, every)
        steps = Steps(seconds=seconds, start_date=now + ahead, timezone=UTC)
        self._scheduler.add_job(observed, steps, id=name, next_run_time=now)
        if patience is not None:
            self._watched[name] = patience

    def _observed(
        self, name: str, job: Callable[[], Awaitable[object]], every: timedelta
    ) -> Callable[[], Awaitable[object]]:
        async def observed() -> object:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - the scheduler runs each job as one
            self._under_way.add(task)
            self._sign(name)
            try:
                result = await job()
            finally:
                self._under_way.discard(task)
                self._sign(name, every)
            if self._failing.pop(name, ""):
                log.info("work goes on", work=name)
            return result

        return observed

    def _sign(self, name: str, pause: timedelta = timedelta()) -> None:
        """Note that a job goes on, or will again after a *pause*; not once it is broken off."""
        if name in self._watched:
            self._vigil.sign(name, pause + self._watched[name])

    def hurry(self) -> None:
        """Let every job that is not under way run now."""
        now = datetime.now(UTC)  # noqa: TID251 - as above
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=now)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the jobs come round for as long as the block runs; what is under way then is broken off."""
        for name in self._watched:
            self._sign(name)
        self._scheduler.start()
        try:
            yield
        finally:
            self._scheduler.shutdown(wait=False)
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=_PATIENCE_AT_STOP)
            watched, self._watched = self._watched, {}
            for name in watched:
                self._vigil.over(name)

    async def until(self, stop: asyncio.Event) -> None:
        """Wait for *stop*, and see to it that the jobs go on whatever happens to the clock."""
        while not stop.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _LOOK_AT_THE_CLOCK)
            bring_forward(self._scheduler, datetime.now(UTC))  # noqa: TID251 - as above

    def _note_trouble(self, event: JobExecutionEvent) -> None:
        if event.code == EVENT_JOB_MISSED:
            log.warning("job missed", job=event.job_id)
            return
        if isinstance(event.exception, asyncio.CancelledError):
            return  # The daemon was told to stop in the middle of a poll.
        self._failed(event.job_id, event.exception)
        trouble = f"{type(event.exception).__name__}: {event.exception}"
        if isinstance(event.exception, DatabaseError):
            return  # The watch over the database says it, once for all jobs.
        if self._failing.get(event.job_id) != trouble:
            # A job that fails every second says so when that begins, and when it is over.
            self._failing[event.job_id] = trouble
            log_failure(event.job_id, event.exception)


def bring_forward(scheduler: AsyncIOScheduler, now: datetime) -> None:
    """
    Let jobs run *now* that stand further off than their interval: the clock was set back.

    APScheduler waits until the time of day that it had in mind has come again.
    """
    late = [job for job in scheduler.get_jobs() if job.next_run_time - now > job.trigger.interval]
    for job in late:
        job.modify(next_run_time=now)
    if late:
        log.warning("clock set back", jobs=len(late))


def log_failure(work: str, error: BaseException) -> None:
    """Log what was foreseen as a line, and a bug with its traceback."""
    if isinstance(error, DatabaseError):
        return  # The watch over the database says it, once for each trouble.
    if isinstance(error, InboxdError) or is_shortage(error):
        log.error("work failed", work=work, error=type(error).__name__, text=str(error))
    else:
        log.error("work crashed", work=work, exc_info=error)
