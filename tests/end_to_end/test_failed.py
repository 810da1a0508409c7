"""A daemon that is dead tells nobody; the hook of its unit does, whatever is broken besides."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inboxd.simulator.faults import Fault

if TYPE_CHECKING:
    from tests.end_to_end.shop import Finished, Shop

ROOT = Path(__file__).parents[2]
GENERAL = 'alert_to = ["hook", "lead"]\n'
WATCHDOG = {
    "MONITOR_UNIT": "inboxd.service",
    "MONITOR_SERVICE_RESULT": "watchdog",
    "MONITOR_EXIT_CODE": "dumped",
    "MONITOR_EXIT_STATUS": "ABRT",
}
WRONG = {
    "MONITOR_UNIT": "inboxd.service",
    "MONITOR_SERVICE_RESULT": "exit-code",
    "MONITOR_EXIT_CODE": "exited",
    "MONITOR_EXIT_STATUS": "2",
}


async def failed(shop: Shop, said: dict[str, str], *options: str) -> Finished:
    """Run the hook as systemd does: with the secrets of the sinks, and none of the accounts."""
    secrets = {name: shop.environment[name] for name in ("SLACK_WEBHOOK", "SLACK_TOKEN")}
    kept = shop.folder / "run"
    kept.mkdir(exist_ok=True)
    environment = {**secrets, **said, "RUNTIME_DIRECTORY": str(kept)}
    return await shop.run("failed", "inboxd.service", *options, env=environment, cwd=ROOT)


@pytest.mark.slow
async def test_a_hang_is_told_by_those_who_hear_of_troubles(shop: Shop) -> None:
    """By each of them, once, without the database and without a token of an account."""
    shop.configure(general=GENERAL)

    (await failed(shop, WATCHDOG)).expect(0)
    again = (await failed(shop, WATCHDOG)).expect(0)

    (mail,) = shop.simulator.mail.messages
    (message,) = shop.simulator.slack.messages
    for text in (mail.subject, message.versions[0].text):
        assert "inboxd.service has failed: it hung" in text
    assert "journalctl -u inboxd.service" in mail.text
    assert shop.origin in mail.text
    assert "people know already" in again.out
    assert not shop.database.exists()
    assert shop.leaks() == []


@pytest.mark.slow
async def test_a_broken_configuration_is_told_by_what_is_good_of_it(shop: Shop) -> None:
    """Every problem is named; a sink with a problem is left out, and one that refuses stops none."""
    shop.configure(general=GENERAL)
    text = shop.config.read_text()
    text = text.replace("poll_every", "poll_evry").replace('to = ["lead@shop.example"]', "to = []")
    shop.config.write_text(text.replace('"hook", "lead"', '"hook", "night", "lead"'))
    shop.simulator.faults.switch_on("slack", Fault.SERVER_ERROR)

    ended = (await failed(shop, WRONG)).expect(0)

    (mail,) = shop.simulator.mail.messages
    assert mail.subject.count("its configuration is wrong")
    assert "accounts[0].poll_evry" in mail.text
    assert "failure not told sink=hook" in ended.err
    assert "sinks[2].to" in ended.err


@pytest.mark.slow
async def test_nobody_who_takes_it_is_a_failure_that_is_tried_again(shop: Shop) -> None:
    """Exit code 1 has systemd start the hook anew; what then arrives was told to nobody before."""
    shop.configure(general='alert_to = ["lead"]\n')
    fault = shop.simulator.faults.switch_on("smtp", Fault.SERVER_ERROR)
    (await failed(shop, WATCHDOG)).expect(1)

    shop.simulator.faults.clear()
    (await failed(shop, WATCHDOG)).expect(0)

    assert fault.hits
    assert len(shop.simulator.mail.messages) == 1


def systemd_says(shop: Shop, state: str) -> dict[str, str]:
    """Return an environment in which a systemctl says that every unit is in *state*."""
    program = shop.folder / "bin" / "systemctl"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\nenv > {shop.folder}/seen\necho {state}\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


@pytest.mark.slow
async def test_trying_the_hook_out_is_no_alarm(shop: Shop) -> None:
    """By hand while the daemon runs, or by --test: told as a test each time, and not remembered."""
    shop.configure(general='alert_to = ["lead"]\n')

    running = (await failed(shop, systemd_says(shop, "active"))).expect(0)
    (await failed(shop, systemd_says(shop, "failed"), "--test")).expect(0)
    (await failed(shop, systemd_says(shop, "failed"))).expect(0)
    (await failed(shop, {**systemd_says(shop, "failed"), **WATCHDOG})).expect(0)

    assert "People are told that it is a test" in running.out
    mails = shop.simulator.mail.messages
    assert [mail.subject for mail in mails] == [
        "🔔 TEST: this is where a failure of inboxd.service is told",
        "🔔 TEST: this is where a failure of inboxd.service is told",
        "🔴 inboxd.service has failed",
        "🔴 inboxd.service has failed: it hung, and its watchdog ended it",
    ]
    assert all(shop.origin in mail.text for mail in mails)
    assert shop.environment["SLACK_TOKEN"] not in (shop.folder / "seen").read_text()


@pytest.mark.slow
async def test_a_test_that_nobody_takes_has_failed(shop: Shop) -> None:
    """Who tries the hook out is told that it does not work."""
    shop.configure(general='alert_to = ["lead"]\n')
    shop.simulator.faults.switch_on("smtp", Fault.SERVER_ERROR)

    (await failed(shop, {}, "--test")).expect(1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("state", "unit", "told"),
    [
        ("activating", "inboxd.service", 0),
        ("active", "inboxd@kyiv.service", 0),
        ("failed", "inboxd.service", 1),
        ("activating", "inboxd-once.service", 1),
    ],
)
async def test_a_daemon_that_is_started_anew_is_not_called_dead(
    shop: Shop, state: str, unit: str, told: int
) -> None:
    """Newer systemds run the hook before every restart; a round of a timer is not restarted."""
    shop.configure(general='alert_to = ["lead"]\n')
    said = {**systemd_says(shop, state), **WATCHDOG, "MONITOR_UNIT": unit}

    (await failed(shop, said)).expect(0)

    assert len(shop.simulator.mail.messages) == told
