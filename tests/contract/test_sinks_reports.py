"""Promises about what people get of a report, over real connections."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inboxd.config import ConsoleSettings
from inboxd.notify import Attachment, Delivery
from tests.contract.test_sinks import ALERT, Rig, content, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
