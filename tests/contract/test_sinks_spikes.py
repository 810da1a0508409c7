"""Promises about what people see of a spike and of a daily digest, over real connections."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.clock import ManualClock
from inboxd.core.alerts.spikes import begins_alert, grows_alert, over_alert
from inboxd.core.digest import Digest, Figures, Trouble, digest_alert
from inboxd.core.spikes import Spike, SpikeStanding
from inboxd.model import Author, Standing, Tone, Topic
from inboxd.notify import Delivery
from inboxd.notify.console import ConsoleSink
from tests.contract.test_sinks import ALERT, CARD, KYIV, NOW, Rig, content, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.model import Alert

HOSTILE = "<!channel> *bold* \u202eevil <script>alert(1)</script>\nand a second line " + "x" * 500
MINUTE = timedelta(minutes=1)
SPIKE = Spike(
    1, Topic.SHIPPING, "gathering:1", NOW - 40 * MINUTE, NOW, timedelta(hours=1), 4.0, told=37
)
EXAMPLES = tuple(
    replace(CARD, id=number, author=Author(str(number), f"Customer {number}"), text=text)
    for number, text in ((11, "Где моя посылка?"), (12, "Wo ist mein Paket?"), (13, HOSTILE))
)
BEGUN = SpikeStanding(SPIKE, lately=37, total=37, waiting=30, late=3, examples=EXAMPLES)
BEGINS = begins_alert(BEGUN, {"shop-vk": 20, "shop-fb": 17}, 5 * MINUTE, NOW)
FIGURES = Figures(
    waiting=12, overdue=3, oldest=NOW - timedelta(days=3), breached=4, in_time=28, late=3,
    promised=2, read=("shop-vk", "shop-fb"), troubles={"shop-x": Trouble("blind", NOW - timedelta(hours=3))}, gaps=2,
    gap_time=41 * MINUTE, spikes=[(Topic.SHIPPING, 63)],
    used=["shop-x, reads: 7,400 of 10,000, 9,900 by the end", "shop-fb, calls: 12"],
    longest=EXAMPLES,
)  # fmt: skip
DIGEST = digest_alert(Digest("team", time(9), ("support",), KYIV), date(2026, 11, 20), FIGURES, NOW)


def step(number: int, tone: Tone = Tone.WARNING) -> Alert:
    """An alert about one of the spike's customers."""
    card = replace(CARD, id=number, author=Author(str(number), f"Customer {number}"))
    headline = f"A complaint by Customer {number}"
    return replace(
        ALERT, key=f"k{number}", thread="gathering:1", tone=tone, headline=headline, case=card
    )


def delivery(*alerts: Alert, **changes: object) -> Delivery:
    """A delivery in the thread of the spike, whose standings are all that is told."""
    standings = tuple(Standing(each.case, each.case.due_at) for each in alerts if each.case)
    plain = Delivery(alerts, None, 1, False, "bundle", standings, spike=BEGUN)
    return replace(plain, **changes)  # type: ignore[arg-type]


async def test_slack_shows_a_spike_with_some_of_its_customers(rig: Rig) -> None:
    """How many, how many usually, where, and three with a way to each."""
    await rig.bot().deliver(delivery(BEGINS))
    (message,) = rig.posted
    title = "🔴 37 complaints about shipping in 1h, usually 4"
    assert message.blocks[0]["text"]["text"] == title
    text = content(message)
    for part in (
        "In all: 37 customers", "Waiting: 30, 3 of them late", "Where: shop-vk: 20, shop-fb: 17",
        "💬 A complaint by Customer 11 on shop-vk, since 10:57", "Где моя посылка?", "`inboxd show 12`",
        "at most every 5m, until it is over",
    ):  # fmt: skip
        assert part in text
    assert "\u202e" not in text


async def test_its_customers_are_told_of_below_it_and_its_head_is_kept_up(rig: Rig) -> None:
    """How many by now, how many in the last hour, and those who wait, the most urgent first."""
    bot = rig.bot()
    head = await bot.deliver(delivery(BEGINS))
    rig.clock.advance(10 * MINUTE)
    by_now = replace(BEGUN, lately=44, total=51, waiting=40, late=9)
    steps = [step(1, Tone.BREACH), *(step(number) for number in range(2, 16))]
    over = Standing(EXAMPLES[0], None, ended_at=NOW, outcome="answered")
    late = Standing(EXAMPLES[1], NOW - MINUTE)
    standings = (
        over,
        *(Standing(each.case, each.case.due_at) for each in steps if each.case),
        late,
    )
    await bot.deliver(delivery(*steps, head=head, spike=by_now, standings=standings))

    below = rig.posted[1].blocks
    assert below[0]["text"]["text"] == "🔴 Complaints about shipping: 1 late, 14 due soon"
    assert "… and 5 more" in str(below)
    shown = rig.posted[0].versions[-1].blocks
    assert shown[0]["text"]["text"] == "🔴 44 complaints about shipping in 1h, usually 4"
    assert "In all: 51 customers" in str(shown)
    assert "Noticed: 11:13 (10m ago)" in str(shown)
    lines = [block["text"]["text"] for block in shown[2:] if block["type"] == "section"]
    assert lines[0].startswith("🔴 A complaint by Customer 12 on shop-vk, due 11:12 (11m ago)")
    assert lines[-1] == "… and 6 more"
    assert not any("answered" in line for line in lines)


async def test_when_it_is_over_its_head_says_so(rig: Rig) -> None:
    """In the past tense, in green, with who still waits."""
    bot = rig.bot()
    head = await bot.deliver(delivery(BEGINS))
    rig.clock.advance(90 * MINUTE)
    ended = replace(SPIKE, ended_at=rig.clock.now())
    by_now = replace(BEGUN, spike=ended, lately=0, total=63, waiting=0, late=0)
    await bot.deliver(delivery(over_alert(by_now, rig.clock.now()), head=head, spike=by_now))
    title = "✅ Complaints about shipping are as usual again: 63 customers in 2h 10m, nobody waits any more"
    assert rig.posted[1].blocks[0]["text"]["text"] == title
    shown = rig.posted[0].versions[-1].blocks
    assert shown[0]["text"]["text"] == "✅ Over: complaints about shipping, 63 customers in 2h 10m"


async def test_that_it_has_grown_takes_along_what_waits_to_be_told(rig: Rig) -> None:
    """One message: the spike as its title, and the customers as lines."""
    grown = grows_alert(replace(BEGUN, lately=80, total=90), NOW)
    await rig.mail().deliver(delivery(step(1), step(2), grown))
    (mail,) = rig.mails
    assert mail.subject == "🔴 Complaints about shipping: 90 by now, 80 of them in 1h"
    assert "In all: 90 customers" in mail.text
    assert "⏳ A complaint by Customer 1" in mail.text


async def test_what_customers_of_a_spike_wrote_stays_words(rig: Rig) -> None:
    """In the examples as everywhere."""
    await rig.mail().deliver(delivery(BEGINS))
    (mail,) = rig.mails
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert all(len(line) < 200 for line in mail.text.splitlines() if line.startswith(">"))


async def test_slack_shows_a_digest_as_short_lines(rig: Rig) -> None:
    """A label and a value each; then what is used, and who waits longest."""
    await rig.webhook().deliver(Delivery.of(DIGEST))
    (message,) = rig.posted
    assert message.blocks[0]["text"]["text"] == "🔔 Friday 20 November: 12 waiting, 3 overdue"
    fields = [field["text"] for field in message.blocks[1]["fields"]]
    assert fields == [
        "Waiting: 12, 3 overdue; the oldest since Tue 17 Nov 11:13",
        "Promised for today: 2",
        "Not answered in time yesterday: 4",
        "Answered yesterday: 31: 28 in time, 3 late",
        "Many complaints at once yesterday: shipping (63 customers)",
        "Accounts: shop-x blind for 3h; 2 read",
        "Not read for a while yesterday: 2 times, 41m in all",
    ]
    assert "7,400 of 10,000" in message.blocks[2]["text"]["text"]
    assert "`inboxd show 11`" in content(message)


async def test_a_digest_is_a_mail_and_a_console_page(rig: Rig) -> None:
    """The same lines, as text, as a table, and on a terminal."""
    await rig.mail().deliver(Delivery.of(DIGEST))
    (mail,) = rig.mails
    assert mail.subject == "🔔 Friday 20 November: 12 waiting, 3 overdue"
    assert "Not answered in time yesterday: 4\nAnswered yesterday: 31" in mail.text.replace(
        "\r", ""
    )
    assert "<th" in mail.html
    stream = io.StringIO()
    console = ConsoleSink("console", ManualClock(NOW), KYIV, stream=stream)
    await console.deliver(Delivery.of(DIGEST))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "🔔 Friday 20 November: 12 waiting, 3 overdue"
    assert "  Not answered in time yesterday: 4" in lines
    assert all(len(line) < 220 for line in lines)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as started:
        yield started
