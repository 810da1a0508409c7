"""A complaint dealt with where teams deal with it: on a terminal, beside the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import until
from tests.end_to_end.tmux import INSTALLED, terminal

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not INSTALLED, reason="tmux is not installed: there is no terminal"),
]

STEPS = """
first_response = "20s"
steps = [{ at = "5%", to = ["hook", "lead"] }]
"""
COMPLAINT = "Заказ 48213 так и не привезли, деньги не вернули, это уже третья неделя!"
ANSWER = "Добрый день! Заказ уже в пункте выдачи. Простите за ожидание."


async def test_a_complaint_is_answered_on_the_screen_once_and_its_end_is_told(shop: Shop) -> None:
    """It appears by itself, is answered by keys alone, reaches the customer once, and all hear of it."""
    shop.configure(STEPS)
    daemon = await shop.daemon()
    async with terminal() as screen:
        await screen.open(shop, "tui", "--as", "Olena")
        await screen.shows("Nobody is waiting")

        shop.write("vk", "private", COMPLAINT, who=1)
        await screen.shows("Заказ 48213")
        await until(lambda: len(shop.told("lead")) == len(shop.told("hook")) == 1, "the alerts")

        await screen.press("r")
        await screen.shows("Your reply")
        await screen.type(ANSWER)
        await screen.press("C-s")
        await screen.shows("Send this?")
        await screen.press("Enter")
        await until(lambda: shop.outbox("reply IS NOT NULL") == {"sent": 1}, "the reply to leave")
        await screen.shows("Nobody is waiting")
        await screen.press("q")
        await screen.shows("exit 0")

    await until(lambda: len(shop.told("lead")) == len(shop.told("hook")) == 2, "the recovery")
    assert len(shop.said_by_shop(ANSWER)) == 1
    assert "✅" in shop.told("hook")[-1][1]
    assert shop.value("SELECT actor FROM outbox WHERE reply IS NOT NULL") == "Olena"
    (await daemon.stop()).expect(0)
