"""One network answers nonsense, or a customer writes it: everything else goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.simulator.faults import Fault
from tests.end_to_end.shop import ACCOUNTS, opened, until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from inboxd.simulator.people import Network
    from tests.end_to_end.shop import Shop

# A second without a read is too long; who must act, or that one is blind, is told to "lead".
GENERAL = 'blind_after = 1\nalert_to = ["lead"]'
STEPS = """
first_response = "1s"
steps = [{ at = "100%", to = ["bot"] }]
"""
BROKEN: list[dict[Network, Fault]] = [
    {"facebook": Fault.HTML},
    {"vk": Fault.SERVER_ERROR, "twitter": Fault.TRUNCATED},
    {"facebook": Fault.PERMISSION_MISSING, "twitter": Fault.RATE_LIMIT},
    {"vk": Fault.TOKEN_EXPIRED},
]
LIMITED_FOR = timedelta(seconds=5)
"""How long the rate limit lasts: no round asks before it is over."""


@pytest.mark.slow
async def test_a_network_that_fails_is_told_of_once_and_told_again_when_it_works(
    tmp_path: Path,
) -> None:
    """The other networks' customers are served meanwhile; nobody of the broken one's is lost."""
    async with AsyncExitStack() as stack:
        shops = [
            await stack.enter_async_context(opened(tmp_path / "-".join(broken.values())))
            for broken in BROKEN
        ]
        async with asyncio.TaskGroup() as group:
            for shop, broken in zip(shops, BROKEN, strict=True):
                group.create_task(fail_and_recover(shop, broken))


async def fail_and_recover(shop: Shop, broken: Mapping[Network, Fault]) -> None:
    """Let two customers write on each network while some are *broken*, then let that end."""
    shop.configure(STEPS, general=GENERAL)
    (await shop.run("run", "--once")).expect(0)
    read_at = datetime.now(UTC)
    for network, fault in broken.items():
        shop.simulator.faults.switch_on(network, fault, reset_after=LIMITED_FOR)
    shop.write_everywhere("Wo ist mein Geld?", sent_at=read_at - timedelta(minutes=1))
    await until(lambda: datetime.now(UTC) - read_at > timedelta(seconds=1.2), "blindness")

    for _ in range(2):
        failed = (await shop.run("run", "--once")).expect(1)
        assert all(f"{ACCOUNTS[network]}/" in failed.err for network in broken)
    limited_until = datetime.now(UTC) + LIMITED_FOR * 1.3
    assert len(shop.told("bot")) == 6 - 2 * len(broken)
    told = [subject for _, subject in shop.told("lead")]
    assert all("🔴" in subject for subject in told), told
    assert accounts_in(told) == dict.fromkeys((ACCOUNTS[network] for network in broken), 1)

    shop.simulator.faults.clear()
    if Fault.RATE_LIMIT in broken.values():
        await until(lambda: datetime.now(UTC) > limited_until, "the limit to pass")
    (await shop.run("run", "--once")).expect(0)
    assert len(shop.told("bot")) == 6
    since = [subject for _, subject in shop.told("lead")[len(told) :]]
    assert all("✅" in subject for subject in since)
    assert accounts_in(since) == accounts_in(told)


def accounts_in(subjects: Iterable[str]) -> Counter[str]:
    """Return how many subjects name each account."""
    return Counter(
        account for subject in subjects for account in ACCOUNTS.values() if account in subject
    )


HOSTILE = {
    "endless": "а" * 100_000,
    "nul": "Wo ist\x00 mein Paket?",
    "half an emoji": "Где заказ? \ud83d",
    "other half": "\ude00 Where is it?",
    "overrides": "\u202eгде мой заказ\u202c \u2066?\u2069\u200f",
    "stacked": "Z" + "\u0300\u0301\u0302" * 400 + "algo",
    "escapes": "\x1b]0;owned\x07\x1b[2J<!channel> <script>alert(1)</script> @here",
    "markup": "[/red] [bold]Hallo[/bold] {0} %s",
    "blanks": " \t\u200b\r\n ",
    "nothing": "",
}


@pytest.mark.slow
async def test_whatever_a_customer_writes_is_stored_shown_and_told(shop: Shop) -> None:
    """Hostile texts reach the database, a terminal, Slack and a mail without harm."""
    steps = STEPS.replace('["bot"]', '["bot", "hook", "lead"]')
    shop.configure(steps, general='blind_after = 1000\nalert_to = ["night"]')
    (await shop.run("run", "--once")).expect(0)
    now = datetime.now(UTC)
    for who, hostile in enumerate(HOSTILE.values()):
        for network in ACCOUNTS:
            shop.write(network, "private", hostile, who=who, sent_at=now - timedelta(minutes=1))
    ahead = shop.write("vk", "public", "Я из будущего", who=40)
    shop.world._replace(replace(ahead, sent_at=now + timedelta(days=1)))

    (await shop.run("run", "--once")).expect(0)

    expected = len(HOSTILE) * len(ACCOUNTS) + 1
    stored = [text for (text,) in shop.rows("SELECT text FROM messages")]
    assert sum(len(text) == 100_000 for text in stored) == len(ACCOUNTS)
    assert shop.value("SELECT count(*) FROM messages WHERE direction = 'inbound'") == expected
    assert not any("\x00" in text or _has_surrogate(text) for text in stored)
    # The message from the future waits from the moment in which it was seen.
    assert len(shop.told("bot")) >= expected - 1
    for sink in ("bot", "hook", "lead"):
        for _, headline in shop.told(sink):
            assert not {"\x00", "\x1b", "\u202e"} & set(headline)
    for message in shop.simulator.slack.messages:
        assert "<!channel>" not in message.text
    for mail in shop.simulator.mail.messages:
        assert "<script>" not in mail.html
    listed = shop.say("waiting").expect(0).out
    assert "\x1b" not in listed
    for case in (1, 4, 7):
        for command in ("show", "explain"):
            assert "\x1b" not in shop.say(command, str(case)).expect(0).out
    assert shop.intact()


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
