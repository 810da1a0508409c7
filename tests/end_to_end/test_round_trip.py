"""One complaint all the way, on every network and through the real program."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import SINKS, until

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop

# An answer within five seconds would count as a machine's: the second step comes later.
STEPS = """
first_response = "6s"
steps = [
  { at = "25%", to = ["hook"] },
  { at = "100%", to = ["hook", "bot", "lead"] },
  { at = "100% + 1h", to = ["night"] },
]
"""
COMPLAINT = "Заказ 48213 так и не привезли, деньги не вернули, это уже третья неделя!"
ANSWER = "Добрый день! Проверили: заказ уже в пункте выдачи. Простите за ожидание."


@pytest.mark.slow
async def test_a_complaint_on_each_network_is_told_answered_and_its_end_told_once(
    shop: Shop,
) -> None:
    """Whoever was told hears once of each step and once of the end; nobody else hears a thing."""
    shop.configure(STEPS)
    daemon = await shop.daemon()

    shop.write_everywhere(COMPLAINT)
    await until(lambda: len(shop.told("lead")) == len(shop.told("bot")) == 6, "the last step")
    await until(lambda: shop.settled, "all alerts to be out")
    waiting = [case for (case,) in shop.rows("SELECT id FROM cases WHERE status = 'waiting'")]
    assert len(waiting) == 6
    assert shop.value("SELECT count(*) FROM cases WHERE kind = 'complaint'") == 6
    for sink, most in (("hook", 2), ("bot", 1), ("lead", 1)):
        told = Counter(case for case, _ in shop.told(sink))
        assert set(told) == set(waiting)
        assert max(told.values()) <= most
    skipped = shop.value(
        "SELECT count(*) FROM alerts WHERE detail LIKE 'An earlier alert fell due%'"
    )
    assert len(shop.told("hook")) == 2 * len(waiting) - skipped
    before = {sink: len(shop.told(sink)) for sink in SINKS}

    replies = await asyncio.gather(
        *(shop.run("reply", str(case), f"{ANSWER} [{case}]") for case in waiting)
    )
    for reply in replies:
        reply.expect(0)
    await until(lambda: shop.outbox("reply IS NOT NULL") == {"sent": 6}, "the replies to leave")
    await until(
        lambda: all(len(shop.told(sink)) == before[sink] + 6 for sink in ("hook", "bot", "lead")),
        "the recovery notices",
    )
    await until(lambda: shop.settled, "all notices to be out")

    for case in waiting:
        assert len(shop.said_by_shop(f"[{case}]")) == 1
    assert shop.rows("SELECT status, count(*) FROM cases GROUP BY 1") == [("answered", 6)]
    for sink in ("hook", "bot", "lead"):
        recoveries = Counter(case for case, text in shop.told(sink) if "✅" in text)
        assert recoveries == dict.fromkeys(waiting, 1)
    assert shop.told("night") == []
    assert shop.outbox() == {"sent": sum(len(shop.told(sink)) for sink in SINKS)}
    (await daemon.stop()).expect(0)
