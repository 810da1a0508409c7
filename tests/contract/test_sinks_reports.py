"""Promises about what people get of a report, over real connections."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inboxd.config import ConsoleSettings
from inboxd.core.alerts.reports import Told, report_alert
from inboxd.notify import Attachment, Delivery
from inboxd.report import as_html
from inboxd.report.brief import facts
from tests.contract.test_sinks import ALERT, NOW, Rig, content, running
from tests.unit import cards

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from inboxd.core.scorecard.model import Scorecard

PAGE = "<!doctype html><title>Скільки клієнтів чекає 🙂</title>\n" + "<p>x</p>" * 40_000 + "\n.\n"
ATTACHED = Attachment("inboxd-report-2026-W47.html", "text/html", PAGE.encode())
DELIVERY = replace(Delivery.of(replace(ALERT, case=None)), attachments=(ATTACHED,))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as started:
        yield started


async def test_a_mail_brings_the_page_byte_for_byte(rig: Rig) -> None:
    """As a file that a browser opens as what it is, the same in each attempt, and named in the mail."""
    sink = rig.mail()
    await sink.deliver(DELIVERY)
    await sink.deliver(replace(DELIVERY, attempt=2))
    first, again = rig.mails
    for mail in (first, again):
        (part,) = mail.message.iter_attachments()
        assert part.get_filename() == "inboxd-report-2026-W47.html"
        assert part.get_content_type() == "text/html"
        assert part.get_content_charset() == "utf-8"
        assert part.get_payload(decode=True) == PAGE.encode()
        assert "Attached: inboxd-report-2026-W47.html" in mail.text
        assert "Attached: inboxd-report-2026-W47.html" in mail.html
        assert "<title>Скільки" not in mail.html
    assert first.message["Message-ID"] == again.message["Message-ID"]


async def test_who_cannot_attach_leaves_it_out(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    """Slack and a console show the same as without; nothing is uploaded."""
    for sink in (rig.webhook(), rig.bot()):
        await sink.deliver(DELIVERY)
        await sink.deliver(replace(DELIVERY, attachments=(), key="another"))
    hooked, plain_hooked, posted, plain_posted = map(content, rig.posted)
    assert (hooked, posted) == (plain_hooked, plain_posted)
    assert len(rig.simulator.log.of("slack", "chat.postMessage")) == 2
    assert rig.simulator.log.of("slack", "files.upload") == []
    console = rig.sink(ConsoleSettings(name="console", type="console"))
    await console.deliver(DELIVERY)
    assert ALERT.headline in capsys.readouterr().out


def delivery(card: Scorecard) -> Delivery:
    """What goes out of a report with that scorecard."""
    told = Told("weekly", "key", card.period, card.compared, "inboxd report --period 2026-10")
    page = Attachment("inboxd-report-2026-10.html", "text/html", as_html(card).encode())
    alert = report_alert(told, facts(card), NOW)
    return replace(Delivery.of(alert, origin="inboxd on shop"), attachments=(page,))


async def test_slack_shows_what_matters_within_its_limits(rig: Rig) -> None:
    """What is not known, the figures with what has changed, and the worst problem: in ten fields."""
    card = cards.full()
    for sink in (rig.webhook(), rig.bot()):
        await sink.deliver(delivery(card))
    for message in rig.posted:
        header, fields, more = message.blocks
        title = "🔔 weekly: how we answered, 1 to 31 October 2026"
        assert header["text"]["text"] == title
        said = [field["text"] for field in fields["fields"]]
        assert len(said) <= 10
        assert said[0].startswith("Not read: shop-vk (comments) was not read from 2026-10-12 11:05")
        assert "Customers who wrote: 1,034; +83 (+9 %)" in said
        assert "Response rate: 94 %; +4 points, better" in said
        assert said[-2].startswith(
            "Worst problem: shipping: 210 contacts, +42 (+25 %); first answer"
        )
        assert said[-1] == "Told by: inboxd on shop"
        assert more["text"]["text"] == (
            "What has changed is since 1 to 30 September 2026.\n"
            "All of it: inboxd report --period 2026-10"
        )


async def test_the_mail_leaves_room_for_the_figures_on_a_phone(rig: Rig) -> None:
    """Long names of figures may break; short ones stand on one line."""
    await rig.mail().deliver(delivery(cards.full()))
    (mail,) = rig.mails
    cells = re.findall(r'<th[^>]*style="([^"]*)">([^<]*)</th>', mail.html)
    on_one_line = {label: "nowrap" in style for style, label in cells}
    assert on_one_line["Response rate"]
    assert not on_one_line["First response, median, business time"]


@pytest.mark.parametrize("card", [cards.hostile(), cards.empty()], ids=["hostile", "empty"])
async def test_no_scorecard_breaks_what_tells_of_it(
    rig: Rig, capsys: pytest.CaptureFixture[str], card: Scorecard
) -> None:
    """Not by the names in it, and not where nothing is known."""
    console = rig.sink(ConsoleSettings(name="console", type="console"))
    for sink in (rig.webhook(), rig.bot(), rig.mail(), console):
        await sink.deliver(delivery(card))
    (mail,) = rig.mails
    for shown in (*map(content, rig.posted), mail.text, capsys.readouterr().out):
        assert "\u202e" not in shown
        assert "\x1b" not in shown
    assert "<script" not in mail.html
