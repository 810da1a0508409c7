"""Promises about a machine that is short of memory, files, threads, or of a reader for its log."""

from __future__ import annotations

import asyncio
import errno
import io
import logging
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from inboxd import logs
from inboxd.clock import SystemClock
from inboxd.errors import DatabaseUnavailable, Unavailable, is_shortage
from inboxd.jobs import Jobs
from inboxd.watchdog import Vigil
from inboxd.workers.halves import by_halves

if TYPE_CHECKING:
    from collections.abc import Sequence

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no device is full here")
def test_a_log_that_is_full_stops_nothing() -> None:
    """A line that cannot be written is no reason to leave a customer waiting."""
    full = FULL.open("w", encoding="utf-8")
    logs.configure(stream=full)
    for number in range(5_000):
        structlog.get_logger("test").warning("poll failed", number=number)
        logging.getLogger("test").warning("a library complains")
    with pytest.raises(OSError, match="No space"):
        full.close()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.EMFILE, "Too many open files"),
        RuntimeError("can't start new thread"),
    ],
)
def test_what_the_machine_lacks_is_no_verdict(error: Exception) -> None:
    """A complaint that was not judged for want of memory must not count as judged."""

    def judge(_: Sequence[str]) -> list[str]:
        raise error

    assert is_shortage(error)
    with pytest.raises(type(error)):
        by_halves(judge, ["one", "two"], "unknown", "crashed")


def test_what_a_library_says_of_a_shortage_is_one_line() -> None:
    """A library shows where it read a socket: nobody is helped by that, and it comes many times."""
    out = io.StringIO()
    logs.configure(stream=out)
    for error in (MemoryError(), ValueError("a bug of theirs")):
        try:
            raise error
        except (MemoryError, ValueError):
            logging.getLogger("asyncio").exception("Fatal read error\nprotocol: <of something>")

    short, bug = out.getvalue().split("\n", maxsplit=1)
    assert short == "ERROR asyncio Fatal read error: not enough memory"
    assert "Traceback" in bug


def test_a_bug_is_no_shortage() -> None:
    """It is logged with all that helps to find it."""
    for error in (ValueError("x"), FileNotFoundError(2, "x"), RuntimeError("x"), Unavailable("x")):
        assert not is_shortage(error)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EMFILE, "Too many open files"), ["work failed", "work goes on"]),
        (MemoryError(), ["work failed", "work goes on"]),
        (DatabaseUnavailable("full"), []),
    ],
)
async def test_a_job_that_fails_again_and_again_says_so_once(
    error: Exception, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """When it begins and when it is over; of the database somebody else tells."""
    failures, well = 0, asyncio.Event()

    async def job() -> None:
        nonlocal failures
        failures += 1
        if failures < 5:
            raise error
        well.set()

    jobs = Jobs(SystemClock(), Vigil())
    jobs.add("tick", job, timedelta(seconds=0.05))
    async with jobs.running():
        await asyncio.wait_for(well.wait(), 10)
    printed = capsys.readouterr().out
    assert "Traceback" not in printed
    assert [line for line in said if line in printed] == said
    assert len(printed.splitlines()) == len(said)
