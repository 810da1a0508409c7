"""A complaint dealt with where teams deal with it: on a terminal, beside the daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import until
from tests.end_to_end.tmux import INSTALLED, terminal

if TYPE_CHECKING:
    from collections.abc import Callable

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
LATER = "Здравствуйте! Мы уже ищем ваш заказ."


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


def is_said(who: str) -> Callable[[str], bool]:
    """Return what tells whether somebody else is named as being at the case."""
    return lambda screen: any("also here" in line and who in line for line in screen.splitlines())


async def test_two_who_answer_the_same_customer_see_one_another_and_send_once(shop: Shop) -> None:
    """Both are seen at the case; the slower one is shown the other's answer, and sends only on purpose."""
    shop.configure()
    daemon = await shop.daemon()
    shop.write("vk", "private", COMPLAINT, who=1)
    async with terminal() as olenas, terminal() as maxs:
        for screen, name in ((olenas, "Olena"), (maxs, "Max")):
            await screen.open(shop, "tui", "--as", name)
            await screen.shows("Заказ 48213")
            await screen.press("Enter")
        await olenas.shows(is_said("Max, reading"))
        await maxs.shows(is_said("Olena, reading"))

        for screen, text in ((olenas, LATER), (maxs, ANSWER)):
            await screen.press("r")
            await screen.shows("Your reply")
            await screen.type(text)
        await olenas.shows("Max is replying")
        await maxs.press("C-s")
        await maxs.shows("Send this?")
        await maxs.press("Enter")
        await until(lambda: shop.outbox("reply IS NOT NULL") == {"sent": 1}, "Max's reply to leave")

        await olenas.press("C-s")
        news = await olenas.shows("Since you began to write")
        assert "Max" in news.partition("Since you began to write")[2]
        assert ANSWER[:30] in news
        await olenas.press("Escape")
        await olenas.shows(lambda seen: "Send this?" not in seen)
        assert (len(shop.said_by_shop(ANSWER)), len(shop.said_by_shop(LATER))) == (1, 0)

        await olenas.press("C-s")
        await olenas.shows("nobody waits here any more")
        await olenas.press("Enter")
        await until(
            lambda: shop.outbox("reply IS NOT NULL") == {"sent": 2}, "Olena's reply to leave"
        )
    assert (len(shop.said_by_shop(ANSWER)), len(shop.said_by_shop(LATER))) == (1, 1)
    senders = shop.rows("SELECT actor FROM outbox WHERE reply IS NOT NULL ORDER BY id")
    assert senders == [("Max",), ("Olena",)]
    (await daemon.stop()).expect(0)
