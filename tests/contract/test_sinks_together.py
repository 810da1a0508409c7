"""Promises about what several alerts look like when they are told as one, over real connections."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock
from inboxd.model import Alert, Author, Standing, Tone, Urgency
from inboxd.notify import Delivery
from inboxd.notify.console import ConsoleSink
from tests.contract.test_sinks import ALERT, CARD, KYIV, NOW, Rig, content, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOSTILE = "<!channel> *bold* \u202eevil <script>alert(1)</script>\nand a second line " + "x" * 500


def alert(number: int, tone: Tone = Tone.WARNING, text: str = "Где заказ?") -> Alert:
    """An alert about the customer with this number."""
    card = replace(
        CARD, id=number, author=Author(str(number), f"Customer {number}"), text=text,
        due_at=NOW + timedelta(minutes=number),
    )  # fmt: skip
    headline = f"A complaint by Customer {number}"
    return replace(ALERT, key=f"k{number}", thread="gathering:1", tone=tone,
                   headline=headline, case=card)  # fmt: skip


def together(*alerts: Alert, **changes: object) -> Delivery:
    """A delivery of *alerts*, which are all that its thread has."""
    standings = tuple(Standing(each.case, each.case.due_at) for each in alerts if each.case)
    return replace(Delivery(alerts, None, 1, False, "bundle", standings), **changes)  # type: ignore[arg-type]


async def test_slack_shows_several_as_one_message(rig: Rig) -> None:
    """One message with a line for each, the worst of them in its title."""
    await rig.webhook().deliver(together(alert(1), alert(2, Tone.BREACH), alert(3)))
    (message,) = rig.posted
    assert message.blocks[0]["text"]["text"] == (
        "🔴 1 late, 2 due soon: complaints on shop-vk by Customer 2, Customer 1 and 1 more"
    )
    for number in (1, 2, 3):
        assert f"A complaint by Customer {number}" in content(message)
        assert f"`inboxd show {number}`" in content(message)


async def test_a_case_is_one_line_however_often_it_was_told_of(rig: Rig) -> None:
    """What was held back of it meanwhile is old: the latest counts."""
    await rig.webhook().deliver(
        together(alert(1), alert(2), replace(alert(1, Tone.BREACH), key="again"))
    )
    (message,) = rig.posted
    assert message.blocks[0]["text"]["text"] == (
        "🔴 1 late, 1 due soon: complaints on shop-vk by Customer 1, Customer 2"
    )


async def test_the_head_of_a_thread_shows_how_all_its_cases_stand(rig: Rig) -> None:
    """Who joins, who is answered and who was taken is seen without scrolling."""
    bot = rig.bot()
    head = await bot.deliver(together(alert(1)))
    first, second, third = (alert(number).case for number in (1, 2, 3))
    assert first
    assert second
    assert third
    standings = (
        Standing(first, first.due_at, ended_at=NOW, outcome="answered"),
        Standing(second, NOW - timedelta(minutes=1)),
        Standing(third, third.due_at, taken_by="anna"),
    )
    await bot.deliver(together(alert(2), alert(3), head=head, standings=standings))
    shown = rig.posted[0].versions[-1]
    assert shown.blocks[0]["text"]["text"] == (
        "🔴 2 of 3 still wait: complaints on shop-vk by Customer 1, Customer 2 and 1 more"
    )
    text = str(shown.blocks)
    assert "✅ A complaint by Customer 1 on shop-vk: answered 11:13" in text
    assert "🔴 A complaint by Customer 2 on shop-vk, due 11:12 (1m ago)" in text
    assert "🙋 A complaint by Customer 3 on shop-vk, due 11:16 (in 3m), taken by anna" in text


async def test_a_thread_in_which_all_are_over_says_so(rig: Rig) -> None:
    """Nobody needs to look any more."""
    bot = rig.bot()
    head = await bot.deliver(together(alert(1), alert(2)))
    over = tuple(
        Standing(each.case, None, ended_at=NOW, outcome="answered")
        for each in (alert(1), alert(2))
        if each.case
    )
    recovery = replace(alert(1, Tone.RECOVERY), key="over")
    await bot.deliver(together(recovery, head=head, standings=over))
    title = rig.posted[0].versions[-1].blocks[0]["text"]["text"]
    assert title == "✅ all 2 over: complaints on shop-vk by Customer 1, Customer 2"


async def test_a_case_that_turned_out_to_be_a_part_of_another_says_so(rig: Rig) -> None:
    """In words that people know, and not in ours."""
    bot, both = rig.bot(), (alert(1), alert(2))
    head = await bot.deliver(together(*both))
    merged = tuple(
        Standing(each.case, None, ended_at=NOW, outcome="void") for each in both if each.case
    )
    await bot.deliver(together(alert(2), head=head, standings=merged))
    assert "on shop-vk: part of another case 11:13" in str(rig.posted[0].versions[-1].blocks)


async def test_more_than_fit_are_counted(rig: Rig) -> None:
    """Slack takes fifty blocks; what is left out is told, never dropped in silence."""
    await rig.webhook().deliver(together(*(alert(number) for number in range(1, 31))))
    (message,) = rig.posted
    assert len(message.blocks) <= 50
    assert "… and 10 more" in content(message)
    assert message.blocks[0]["text"]["text"] == (
        "⏳ 30 due soon: complaints on shop-vk by Customer 1, Customer 2 and 28 more"
    )


async def test_the_urgent_and_the_late_are_not_among_those_that_are_left_out(rig: Rig) -> None:
    """A night's summary may have a hundred: they come first, and then in order of time."""
    many = [alert(number) for number in range(1, 29)]
    late, urgent = alert(29, Tone.BREACH), alert(30)
    assert urgent.case
    urgent = replace(urgent, case=replace(urgent.case, urgency=Urgency.HIGH))
    await rig.webhook().deliver(together(*many, late, urgent, held="quiet"))
    (message,) = rig.posted
    shown = re.findall(r"complaint by Customer (\d+)", content(message))
    assert shown[:4] == ["30", "29", "1", "2"]


async def test_what_customers_wrote_stays_words(rig: Rig) -> None:
    """In a list as in a card: one line, inert, no longer than there is room for."""
    delivery = together(alert(1, text=HOSTILE), alert(2, text=HOSTILE))
    await rig.webhook().deliver(delivery)
    await rig.mail().deliver(delivery)
    (message,), (mail,) = rig.posted, rig.mails
    assert all(block["text"]["type"] == "plain_text" for block in message.blocks if "text" in block)
    assert "\u202e" not in content(message)
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert all(len(line) < 200 for line in mail.text.splitlines() if line.startswith(">"))


async def test_a_mail_tells_several_with_a_way_to_each(rig: Rig) -> None:
    """The subject counts, the body names each, as text and as HTML."""
    await rig.mail().deliver(together(alert(1), alert(2)))
    (mail,) = rig.mails
    assert mail.subject == ("⏳ 2 due soon: complaints on shop-vk by Customer 1, Customer 2")
    for number in (1, 2):
        assert f"⏳ A complaint by Customer {number}\n> Где заказ?\n" in mail.text.replace("\r", "")
        assert f"inboxd show {number}" in mail.html


async def test_the_console_tells_several(rig: Rig) -> None:
    """In plain lines, as everything there."""
    stream = io.StringIO()
    sink = ConsoleSink("console", ManualClock(NOW), KYIV, stream=stream)
    await sink.deliver(together(alert(1), alert(2)))
    assert stream.getvalue().startswith(
        "⏳ 2 due soon: complaints on shop-vk by Customer 1, Customer 2\n  ⏳ A complaint by Customer 1\n"
    )
    assert rig.posted == []


async def test_a_bot_finds_what_it_told_together_by_its_name(rig: Rig) -> None:
    """The name stays when a part of it is withdrawn between two attempts."""
    bot = rig.bot()
    receipt = await bot.deliver(together(alert(1), alert(2)))
    assert await bot.find(together(alert(2))) == receipt


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as started:
        yield started
