"""Whatever ends a process that has only begun, the next one makes of it what it should be."""

from __future__ import annotations

import asyncio
import random
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import Shop, opened

if TYPE_CHECKING:
    from pathlib import Path

_CASES = (
    "SELECT v.account, v.remote_id, c.status, c.kind FROM cases AS c "
    "JOIN conversations AS v ON v.id = c.conversation_id"
)
LIVES = 6
LONGEST_LIFE = 3.0
"""Seconds, in which a first start migrates, reads what there is, and judges it."""
STOPPED_WITHIN = timedelta(seconds=10)


def write_history(shop: Shop) -> None:
    """Let customers have written, and the shop have answered some, before there was an inboxd."""
    for number in range(8):
        asked_at = datetime.now(UTC) - timedelta(hours=2 + number)
        for item in shop.write_everywhere(f"Де моє замовлення №{number}?", sent_at=asked_at):
            if number % 2:
                shop.world.reply(item.serial, "Вже їде!", sent_at=asked_at + timedelta(hours=1))


def outcome(shop: Shop) -> list[list[tuple[object, ...]]]:
    """Return what a daemon has made of it all, but for numbers and its own times."""
    return [
        sorted(shop.rows(sql), key=repr)
        for sql in (
            "SELECT account, remote_id, direction, sent_at, text, kind, urgency FROM messages",
            _CASES,
            "SELECT kind, since, ended_by IS NULL FROM waits",
        )
    ]


@pytest.mark.slow
async def test_an_end_at_any_instant_of_a_first_start_changes_nothing_that_comes_of_it(
    shop: Shop, tmp_path: Path
) -> None:
    """Killed, stopped, interrupted while it migrates, reads and judges: the same as undisturbed."""
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    rng = random.Random(seed)
    write_history(shop)
    for life in range(LIVES):
        daemon = await shop.start("run")
        await asyncio.sleep(rng.uniform(0.2, LONGEST_LIFE))
        daemon.kill((signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT)[life % 4])
        await daemon.end(STOPPED_WITHIN)
    (await shop.run("run", "--once")).expect(0)
    async with opened(tmp_path / "undisturbed", shop.simulator) as undisturbed:
        (await undisturbed.run("run", "--once")).expect(0)
        assert outcome(shop) == outcome(undisturbed)
        assert len(outcome(shop)[0]) >= 48
    assert shop.intact()
    # That it is killed again and again may be told; of customers nothing is, for all is history.
    told = shop.told("bot") + shop.told("lead")
    assert [headline for _, headline in told if "does not stay up" not in headline] == []


@pytest.mark.slow
async def test_a_stop_ends_a_start_with_0_however_often_it_is_asked_for(shop: Shop) -> None:
    """As soon as the program itself runs; before that the signal ends what has not begun."""
    write_history(shop)
    codes = set()
    for number, after in ((signal.SIGTERM, 1.0), (signal.SIGTERM, 2.0), (signal.SIGINT, 2.5)):
        daemon = await shop.start("run")
        await asyncio.sleep(after)
        for _ in range(3):
            daemon.kill(number)
            await asyncio.sleep(0.02)
        ended = await daemon.end(STOPPED_WITHIN)
        codes.add(ended.code)
        assert "error" not in ended.err, ended.err
    assert codes <= {0, -signal.SIGTERM, -signal.SIGINT}
    daemon = await shop.daemon()
    for _ in range(3):
        daemon.kill(signal.SIGTERM)
        await asyncio.sleep(0.02)
    (await daemon.end(STOPPED_WITHIN)).expect(0)
