"""A stop is a stop: within five seconds, with nothing half-written, and nothing forgotten."""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.simulator.faults import Fault
from tests.end_to_end.shop import until

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop

STOPPED_WITHIN = timedelta(seconds=5)
GENERAL = 'blind_after = 1000\nalert_to = ["night"]'
STEPS = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot", "hook", "lead"] }]
"""


def assert_quiet(log: str) -> None:
    """Fail if the log tells of anything but an ordinary stop."""
    assert log.rstrip().endswith("info stopped"), log
    assert not [line for line in log.splitlines() if " error " in line], log


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_does_not_wait_for_networks_that_hang(
    shop: Shop, number: signal.Signals
) -> None:
    """Every network is being asked and none answers; the next start reads what was written."""
    daemon = await shop.daemon()
    hanging = [
        shop.simulator.faults.switch_on(network, Fault.TIMEOUT)
        for network in ("vk", "facebook", "twitter")
    ]
    await until(lambda: all(switch.hits for switch in hanging), "every network to hang")
    shop.write_everywhere("Де моє замовлення?")

    daemon.kill(number)
    ended = (await daemon.end(STOPPED_WITHIN)).expect(0)

    assert_quiet(ended.err)
    assert shop.intact()
    shop.simulator.faults.clear()
    (await shop.run("run", "--once")).expect(0)
    assert shop.value("SELECT count(*) FROM messages WHERE text LIKE '%Де моє замовлення?%'") == 6


@pytest.mark.slow
async def test_a_stop_does_not_wait_for_deliveries_that_hang(shop: Shop) -> None:
    """Slack and the mail server hang; the next start delivers what was left, once."""
    shop.configure(STEPS, general=GENERAL)
    daemon = await shop.daemon()
    hanging = [
        shop.simulator.faults.switch_on("slack", Fault.TIMEOUT),
        shop.simulator.faults.switch_on("smtp", Fault.TIMEOUT, endpoint="DATA"),
    ]
    shop.write_everywhere("Wo bleibt meine Bestellung?")
    await until(lambda: all(switch.hits for switch in hanging), "both to hang")

    daemon.kill(signal.SIGTERM)
    ended = (await daemon.end(STOPPED_WITHIN)).expect(0)

    assert_quiet(ended.err)
    assert shop.intact()
    assert set(shop.outbox()) <= {"pending", "sending", "sent"}
    assert shop.told("bot") == shop.told("lead") == []
    shop.simulator.faults.clear()
    daemon = await shop.daemon()
    # What was not read yet is read only now.
    await until(
        lambda: len(shop.told("lead")) == 6 and shop.settled,
        "what was left to be read and to go out",
    )
    (await daemon.stop()).expect(0)
    shop.assert_told_once()
    for sink in ("bot", "hook", "lead"):
        assert sorted(case for case, _ in shop.told(sink)) == [1, 2, 3, 4, 5, 6]
