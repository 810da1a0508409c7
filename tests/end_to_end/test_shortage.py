"""A daemon whose machine is short of something, or which nobody listens to any more."""

from __future__ import annotations

import asyncio
import os
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import PROGRAM, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.shop import Running, Shop

GENERAL = "blind_after = 1000"
STEPS = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot", "lead"] }]
"""
BEGUN = datetime(2000, 1, 1, tzinfo=UTC)
TEXT = "Це жахливо! Де моє замовлення?"


def files(running: Running) -> tuple[int, int]:
    """Return a limit that leaves no file to be opened."""
    count = len(os.listdir(f"/proc/{running.process.pid}/fd"))  # noqa: PTH208 - of another process
    return resource.RLIMIT_NOFILE, count


def memory(running: Running) -> tuple[int, int]:
    """Return a limit that leaves a megabyte of addresses."""
    pages = Path(f"/proc/{running.process.pid}/statm").read_text(encoding="ascii").split()[0]
    size = int(pages) * resource.getpagesize()
    return resource.RLIMIT_AS, size + 1_000_000


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits others")
@pytest.mark.parametrize("limit", [files, memory])
async def test_a_machine_that_is_short_of_something_loses_nothing(
    shop: Shop, limit: Callable[[Running], tuple[int, int]]
) -> None:
    """Nothing ends, nothing floods the log, all is judged later, and nobody told twice."""
    shop.configure(STEPS, general=GENERAL)
    daemon = await shop.daemon()
    which, narrow = limit(daemon)
    wide = resource.prlimit(daemon.process.pid, which)
    resource.prlimit(daemon.process.pid, which, (narrow, wide[1]))
    shop.write_everywhere(TEXT)
    await asyncio.sleep(5)
    assert daemon.alive, daemon.log
    resource.prlimit(daemon.process.pid, which, wide)
    # A mail whose answer found no memory is sent again half a minute later.
    all_told = timedelta(minutes=1)
    await until(lambda: len(shop.told("bot")) == 6 and shop.settled, "all to be told", all_told)
    ended = (await daemon.stop()).expect(0)
    shop.assert_told_once()
    assert len(ended.err.splitlines()) < 120
    # It is what is said of a text that crashes the classifier.
    assert not shop.rows("SELECT 1 FROM messages WHERE kind = 'other' AND text LIKE ?", f"%{TEXT}%")


@pytest.mark.slow
async def test_a_daemon_outlives_whoever_took_its_log(shop: Shop) -> None:
    """Of one stream the reader is gone, the other was never open; it ends with 0 as ever."""
    shop.configure(STEPS, general=GENERAL)
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM, "-c", str(shop.config), "run"),
        stderr=writing,
        env=shop.environment,
        cwd="/",
        start_new_session=True,
    )
    os.close(writing)
    try:
        await until(lambda: shop.all_read_since(BEGUN), "a first read")
        shop.write_everywhere(TEXT)
        await until(lambda: len(shop.told("lead")) == 6 and shop.settled, "all to be told")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    shop.assert_told_once()
