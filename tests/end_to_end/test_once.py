"""`inboxd run --once`: one full round, for cron and timers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.simulator.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.shop import Finished, Shop

# One step that is long due, whenever the round takes place.
GENERAL = 'blind_after = 1000\nalert_to = ["night"]'
STEPS = """
first_response = "1s"
steps = [{ at = "100%", to = ["hook", "bot", "lead"] }]
"""


@pytest.fixture
async def waited_for(shop: Shop) -> Shop:
    """A shop that was read once and in which six customers have then waited for a minute."""
    shop.configure(STEPS, general=GENERAL)
    (await once(shop)).expect(0)
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    shop.write_everywhere("Where is my order?", sent_at=a_minute_ago)
    return shop


async def once(shop: Shop, **changes: object) -> Finished:
    """Do one round."""
    return await shop.run("run", "--once", **changes)


async def test_rounds_work_from_cron_and_the_second_repeats_nothing(
    waited_for: Shop, tmp_path: Path
) -> None:
    """No terminal, no home, no folder of its own: both exit 0, and only the first tells."""
    shop, elsewhere = waited_for, tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert not shop.environment.keys() & {"HOME", "PATH", "LANG", "TERM", "USER"}
    first = (await once(shop, cwd=str(elsewhere))).expect(0)
    told = {sink: shop.told(sink) for sink in ("hook", "bot", "lead")}
    second = (await once(shop, cwd=str(elsewhere))).expect(0)
    assert "6 new, 0 not delivered" in first.err
    assert "0 new, 0 not delivered" in second.err
    for alerts in told.values():
        assert sorted(case for case, _ in alerts) == [1, 2, 3, 4, 5, 6]
    assert {sink: shop.told(sink) for sink in told} == told
    assert list(elsewhere.iterdir()) == []
    assert shop.database.stat().st_mode & 0o777 == 0o600


async def test_a_round_with_a_broken_account_serves_the_others_and_exits_1(
    waited_for: Shop,
) -> None:
    """The four customers of the other accounts are told of in time, and the account is named."""
    shop = waited_for
    shop.simulator.faults.switch_on("facebook", Fault.TOKEN_EXPIRED)
    assert "shop-fb/" in (await once(shop)).expect(1).err
    assert len(shop.told("hook")) == len(shop.told("bot")) == 4
    shop.simulator.faults.clear()
    (await once(shop)).expect(0)
    assert len(shop.told("hook")) == len(shop.told("bot")) == 6


async def test_a_round_with_a_broken_sink_tells_by_the_others_and_exits_1(
    waited_for: Shop,
) -> None:
    """People hear by e-mail that Slack takes nothing, and everything else of the round."""
    shop = waited_for
    shop.simulator.faults.switch_on("slack", Fault.REFUSED)
    (await once(shop)).expect(1)
    assert shop.told("hook") == shop.told("bot") == []
    assert len(shop.told("lead")) == 6
    assert {subject for _, subject in shop.told("night")} == {
        "🔴 hook: alerts are not delivered",
        "🔴 bot: alerts are not delivered",
    }


async def test_a_round_after_quiet_hours_were_taken_back_tells_at_once(waited_for: Shop) -> None:
    """What they held back is no failure before, and does not sleep out a night that nobody wants."""
    shop, wanted = waited_for, waited_for.config.read_text(encoding="utf-8")
    now = datetime.now(UTC)
    begin, end = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-2, 2))
    quiet = f"{begin}-{'24:00' if end == '00:00' else end}"
    asleep = wanted.replace('name = "hook"', f'name = "hook"\nquiet = ["{quiet}"]')
    shop.config.write_text(asleep, encoding="utf-8")
    assert "0 not delivered" in (await once(shop)).expect(0).err
    assert (shop.told("hook"), len(shop.told("lead"))) == ([], 6)
    shop.config.write_text(wanted, encoding="utf-8")
    (await once(shop)).expect(0)
    ((_, headline),) = shop.told("hook")
    assert headline.startswith("🔴 6 late: requests on 3 accounts by ")
