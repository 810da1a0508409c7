"""A report goes out by itself: once, whole, and as it was written, whatever kills the daemon."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.smtp import Mailbox
from inboxd.simulator.world import World
from tests.end_to_end.shop import SLOW_STEPS, until
from tests.end_to_end.test_kill_when_delivered import Trap, TrappedMails, TrappedWorkspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.end_to_end.shop import Shop

GENERAL = 'blind_after = 1000\nalert_to = ["night"]'


@pytest.fixture
def trap() -> Trap:
    return Trap()


@pytest.fixture
async def simulator(trap: Trap) -> AsyncIterator[Simulator]:
    world, options = World(seed=7, customers=70), Options(rate_limited=False)
    simulator = Simulator(world, now=lambda: datetime.now(UTC), options=options)
    simulator.slack = workspace = TrappedWorkspace()
    workspace.trap = trap
    simulator.mail = Mailbox(TrappedMails(trap))
    async with simulator:
        yield simulator


class Page(HTMLParser):
    """What stands on a page, and what it would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.open.append(tag)
        self.loads += [value or "" for name, value in attrs if name == "src"]

    def handle_data(self, data: str) -> None:
        """Note what it says."""
        self.words.append(data)


def with_report(to: str) -> str:
    """Return a policy that tells nobody, and a report that was due at the last full minute."""
    due = datetime.now(UTC)
    cron = f"{due.minute} {due.hour} * * *"
    return (
        f'{SLOW_STEPS}\n[[reports]]\nname = "daily"\ncron = "{cron}"\nperiod = "7d"\nto = [{to}]\n'
    )


async def missed(shop: Shop, to: str) -> None:
    """Let some customers write, and a report to *to* be due that was configured long ago."""
    shop.configure(with_report(to), general=GENERAL)
    (await shop.run("run", "--once")).expect(0)
    shop.write_everywhere("Wo bleibt mein Paket?")
    with closing(sqlite3.connect(shop.database)) as db, db:
        before = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%dT%H:%M:%S.000Z}"
        changed = db.execute(
            "UPDATE memory SET value = json_set(value, '$[1]', ?) WHERE name = 'report:daily'",
            (before,),
        )
        assert changed.rowcount == 1


def attached(mail: Any) -> bytes:
    (part,) = mail.message.iter_attachments()
    content: bytes = part.get_payload(decode=True)
    return content


async def test_it_comes_once_by_mail_and_in_slack(shop: Shop) -> None:
    """By a round and a daemon: the mail has the figures and the whole page, Slack the figures."""
    await missed(shop, '"lead", "bot", "hook"')
    (await shop.run("run", "--once")).expect(0)
    daemon = await shop.daemon()
    await until(lambda: shop.settled, "everything to be settled")
    (await daemon.stop()).expect(0)

    due = rf"report daily: due {datetime.now(UTC) + timedelta(days=1):%a} .+ \(UTC\) with .+, to lead, bot, hook"
    assert re.search(due, shop.say("check").expect(0).out)
    (mail,) = shop.simulator.mail.to("lead@shop.example")
    (part,) = mail.message.iter_attachments()
    name = part.get_filename() or ""
    assert (name[:14], name[-5:]) == ("inboxd-report-", ".html")
    page = Page(attached(mail).decode())
    assert {"html", "body", "h1", "table"} <= {*page.open}
    assert page.loads == []
    assert any("How we answered" in each for each in page.words)
    assert mail.subject.startswith("🔔 daily: how we answered, ")
    for said in ("Customers who wrote: 6", "All of it: inboxd report --period ", shop.origin):
        assert said in mail.text
        assert said.split(":")[0] in mail.html
    told = [message for message in shop.simulator.slack.messages if "daily:" in message.text]
    assert sorted(message.via for message in told) == ["bot", "webhook"]
    assert all("Customers who wrote: 6" in str(message.blocks) for message in told)


async def test_what_arrived_unheard_is_the_same_when_it_comes_again(shop: Shop, trap: Trap) -> None:
    """With the page as it was written, whatever came since; Slack is asked, and told once."""
    await missed(shop, '"lead", "bot"')
    for _ in range(2):
        trap.victim = daemon = await shop.start("run")
        await until(lambda: not daemon.alive, "the trap to spring")  # noqa: B023 - at once
    shop.write_everywhere("Und meines?")
    assert shop.value("SELECT count(*) FROM reports") == 1
    daemon = await shop.daemon()
    await until(lambda: shop.settled, "the report to be told")
    (await daemon.stop()).expect(0)
    mails = shop.simulator.mail.to("lead@shop.example")
    assert len({mail.message["Message-ID"] for mail in mails}) == 1
    assert len({attached(mail) for mail in mails}) == 1
    assert [*shop.slack_keys().values()] == [1]


async def test_a_kill_at_any_instant_neither_loses_nor_doubles_it(shop: Shop) -> None:
    """Before it is written, while it is, and while it is told."""
    await missed(shop, '"lead", "bot"')
    for seconds in (1.0, 1.6):
        daemon = await shop.start("run")
        await asyncio.sleep(seconds)
        daemon.kill()
        await daemon.process.wait()
    daemon = await shop.daemon()
    await until(lambda: shop.value("SELECT count(*) FROM reports") == 1, "the report to be written")
    await until(lambda: shop.settled, "the report to be told")
    (await daemon.stop()).expect(0)
    shop.assert_told_once()
    pages = {attached(mail) for mail in shop.simulator.mail.to("lead@shop.example")}
    assert len(pages) == 1
    # Who is told of reports is told of nothing else: that inboxd is killed again and again.
    assert shop.value("SELECT count(*) FROM outbox WHERE receiver IN ('lead', 'bot')") == 2
    assert shop.intact()
