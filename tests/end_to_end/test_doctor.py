"""Promises about `inboxd doctor`: whatever is broken is a finding, and stops no other look."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.doctor import examination
from inboxd.simulator.faults import Fault
from inboxd.store import database
from tests.end_to_end.shop import PROGRAM, SLOW_STEPS
from tests.end_to_end.test_care import damage

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop

Found = list[dict[str, str]]
TIGHT = 'blind_after = 1000\nalert_to = ["night"]'
NETWORK = """
from inboxd.connector import AccountCheck, AccountSettings, Connector as Port, Source
from inboxd.model import Stream

class Settings(AccountSettings):
    pass

class Connector(Port):
    network = "guestbook"
    def __init__(self, settings, clock, ledger=None):
        pass
    def sources(self):
        return [Source("pages", frozenset({Stream.COMMENTS}))]
    async def poll(self, source, cursor):
        raise NotImplementedError
        yield
    async def send(self, reply):
        raise NotImplementedError
    async def check(self):
        raise ZeroDivisionError("a bug")
    async def close(self):
        pass
"""


@pytest.fixture
async def read(shop: Shop) -> Shop:
    """A shop whose accounts have all been read once."""
    shop.configure(general=TIGHT)
    (await asyncio.to_thread(shop.say, "run", "--once")).expect(0)
    return shop


async def examined(shop: Shop, *options: str, code: int) -> Found:
    """Return what doctor finds, in a thread: it has a loop of its own."""
    done = await asyncio.to_thread(shop.say, "doctor", "--json", *options)
    found: Found = json.loads(done.expect(code).out)
    return found


def codes(found: Found, what: str = "") -> set[str]:
    return {each["code"] for each in found if what in each["what"]}


def only(found: Found, code: str) -> dict[str, str]:
    (finding,) = [each for each in found if each["code"] == code]
    return finding


async def test_all_is_well_after_a_round(read: Shop) -> None:
    """Nothing needs a person, and everything that was asked for has a line, sorted by group."""
    found = await examined(read, "--online", "--deep", code=0)

    assert {each["health"] for each in found} == {"well", "notice"}
    assert codes(found) >= {
        "config.holds", "config.classifier", "machine.files", "machine.disk", "machine.clock",
        "machine.zones", "database.whole", "daemon.absent", "network.reached", "account.identity",
        "account.read", "account.stream", "account.allowance", "sink.queue", "sink.takes",
    }  # fmt: skip
    groups = [each["code"].partition(".")[0] for each in found]
    assert list(dict.fromkeys(groups)) == [
        "config", "machine", "database", "daemon", "network", "account", "sink",
    ]  # fmt: skip
    assert "do not expire" in only(found, "account.token")["text"]
    assert "agrees with the networks' clocks" in {each["text"] for each in found}


async def test_a_broken_configuration_hides_nothing_else(read: Shop) -> None:
    """Each problem is a finding; the database, the other accounts and the sinks are looked at."""
    text = read.config.read_text()
    text = text.replace('env = "FB_PAGE_TOKEN"', 'file = "no-such-file"')
    text = text.replace("[inboxd]\n", '[inboxd]\nquiet_aftr = "1d"\n')
    read.config.write_text(text.replace('to = ["hook"]', 'to = ["nobody"]'))

    found = await examined(read, "--online", code=1)

    problems = " ".join(each["text"] for each in found if each["code"] == "config.problem")
    for said in ("did you mean quiet_after", "accounts[1].token", "no-such-file", '"nobody"'):
        assert said in problems
    assert "account.read" in codes(found, "shop-fb feed")
    assert {"account.identity", "account.check_failed"}.isdisjoint(codes(found, "shop-fb"))
    assert "config.holds" not in codes(found)
    assert "account.identity" in codes(found, "shop-vk")
    assert "sink.takes" in codes(found, "bot")


@pytest.mark.parametrize("text", [None, "", "[inboxd", "accounts = 3\nsinks = 1"])
async def test_a_file_that_says_nothing_is_a_finding(shop: Shop, text: str | None) -> None:
    """There is a report even where there is no configuration at all."""
    shop.config.unlink()
    if text is not None:
        shop.config.write_text(text)
    found = await examined(shop, "--online", code=1)
    assert {"config.problem", "machine.clock", "machine.zones"} <= codes(found)


async def test_without_a_database_the_networks_are_asked_all_the_same(shop: Shop) -> None:
    """It is missing, and is not made: the file would be the wrong user's."""
    found = await examined(shop, "--online", code=1)
    assert only(found, "database.missing")["health"] == "trouble"
    assert {"account.identity", "account.stream", "sink.takes", "machine.disk"} <= codes(found)
    assert not shop.database.exists()


async def test_a_damaged_database_is_believed_in_nothing(read: Shop) -> None:
    """What it says of accounts is left out; what networks say is not."""
    damage(read, "sources")
    found = await examined(read, "--online", code=1)
    assert "restore a backup" in only(found, "database.damaged")["todo"]
    assert "account.read" not in codes(found)
    assert "account.identity" in codes(found)


async def test_what_is_no_database_is_a_finding(shop: Shop) -> None:
    """A folder, somebody's notes, another program's file: each is said."""
    shop.database.write_text("milk, bread, eggs " * 300)
    notes = only(await examined(shop, code=1), "database.damaged")
    assert "not an SQLite database; name another file" in notes["text"]
    shop.database.unlink()
    shop.database.mkdir()
    assert "is a directory" in only(await examined(shop, code=1), "database.unusable")["text"]


async def test_a_database_that_another_program_keeps(
    read: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything can be read beside it, and that nothing can be written is said."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_SECONDS", 0.2)
    with closing(sqlite3.connect(read.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = await examined(read, code=1)
    assert "fuser" in only(found, "database.locked")["todo"]
    assert {"database.whole", "account.read"} <= codes(found)


async def test_a_database_of_another_version_is_left_as_it_is(read: Shop) -> None:
    """Doctor migrates nothing, and says whether it is older or newer."""
    with closing(sqlite3.connect(read.database)) as db, db:
        db.execute("UPDATE _sqlite_migrations SET name = 'm999_later' WHERE name LIKE 'm004%'")
    assert "m999_later" in only(await examined(read, code=1), "database.newer")["text"]
    with closing(sqlite3.connect(read.database)) as db, db:
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm999_later'")
    assert "older inboxd" in only(await examined(read, code=0), "database.older")["text"]
    assert read.value("SELECT count(*) FROM _sqlite_migrations WHERE name LIKE 'm004%'") == 0


async def test_hosts_that_never_answer_are_not_waited_for_in_turn(
    read: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are asked at once, each for no longer than it is given; the rest of the report is there."""
    monkeypatch.setattr(examination, "_PATIENCE", timedelta(seconds=1.5))
    for network in ("vk", "facebook", "twitter", "slack", "smtp"):
        read.simulator.faults.switch_on(network, Fault.TIMEOUT)
    loop = asyncio.get_running_loop()
    began = loop.time()
    found = await examined(read, "--online", code=1)
    assert loop.time() - began < 12
    late = {each["what"] for each in found if each["code"] == "doctor.late"}
    assert late >= {"shop-vk", "shop-fb", "shop-x"}
    assert {"database.whole", "account.read", "config.holds"} <= codes(found)


async def test_a_connector_that_raises_or_lacks_its_library_stops_no_other(
    read: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in one and a missing library of another are findings beside what the third says."""
    site = tmp_path / "site"
    (site / "guestbook-1.dist-info").mkdir(parents=True)
    (site / "guestbook-1.dist-info" / "METADATA").write_text("Name: guestbook\nVersion: 1\n")
    (site / "guestbook-1.dist-info" / "entry_points.txt").write_text(
        "[inboxd.connectors]\nguestbook = guestbook_of_ours\n"
    )
    (site / "guestbook_of_ours.py").write_text(NETWORK)
    with read.config.open("a") as file:
        file.write(
            '\n[[accounts]]\nname = "guests"\nnetwork = "guestbook"\nstreams = ["comments"]\n'
        )
    without_vk = "import sys; sys.modules['vk_api'] = None; " + PROGRAM[2]
    monkeypatch.setattr("tests.end_to_end.shop.PROGRAM", (sys.executable, "-c", without_vk))
    path = os.pathsep.join([str(site), str(Path.cwd())])

    done = await read.run(
        "doctor", "--online", "--json", env={**read.environment, "PYTHONPATH": path}
    )

    found = json.loads(done.expect(1).out)
    raised = [each for each in found if each["what"] == "guests" and "ZeroDivision" in each["text"]]
    assert [each["code"] for each in raised] == ["doctor.failed"]
    assert "fault in inboxd" in raised[0]["todo"]
    assert {each["what"] for each in found if each["code"] == "account.broken"} == {"shop-vk"}
    assert "account.identity" in codes(found, "shop-x")


async def test_a_test_message_goes_through_each_sink_and_says_that_it_is_one(read: Shop) -> None:
    """Slack and mailboxes have it once each, marked as a test, and about no customer."""
    found = await examined(read, "--send", code=0)

    told = {each["what"] for each in found if each["code"] == "sink.told"}
    assert told == {"hook", "bot", "lead", "night"}
    slack = [message.text for message in read.simulator.slack.messages]
    mails = read.simulator.mail.messages
    assert len(slack) == 2
    assert len(mails) == 2
    assert all("TEST" in text for text in (*slack, *(mail.subject for mail in mails)))
    assert "No customer is waiting" in mails[0].text
    assert read.value("SELECT count(*) FROM alerts") == 0


async def test_a_sink_that_takes_no_test_message_needs_a_person(read: Shop) -> None:
    """Which one and why is told; the others are told all the same."""
    read.simulator.faults.switch_on("smtp", Fault.REFUSED)
    read.simulator.faults.switch_on("slack", Fault.DROP_AFTER, endpoint="chat.postMessage")
    found = await examined(read, "--send", code=1)
    told = {each["what"]: each["code"] for each in found if each["code"].startswith("sink.un")}
    assert told == {"bot": "sink.unsure", "lead": "sink.untold", "night": "sink.untold"}
    assert "sink.told" in codes(found, "hook")


async def test_a_console_does_not_write_into_the_report(read: Shop) -> None:
    """A program reads standard output: the test message of a console is not in the JSON."""
    with read.config.open("a") as file:
        file.write('\n[[sinks]]\nname = "here"\ntype = "console"\n')
    done = await read.run("doctor", "--send", "--json")
    assert "sink.told" in codes(json.loads(done.expect(0).out), "here")
    assert "TEST" in done.err


async def test_a_daemon_is_asked_how_it_is(shop: Shop) -> None:
    """Its process, its version, and what it answers to monitors; another version is to be restarted."""
    shop.configure(SLOW_STEPS, general=TIGHT)
    with shop.config.open("a") as file:
        file.write(f'\n[http]\nlisten = "127.0.0.1:{_free_port()}"\n')
    daemon = await shop.daemon()
    found = await examined(shop, code=0)
    assert f"process {daemon.process.pid}, version " in only(found, "daemon.runs")["text"]
    assert "daemon.answers" in codes(found)
    with closing(sqlite3.connect(shop.database)) as db, db:
        db.execute("UPDATE memory SET value = '0.0.1' WHERE name = 'version'")
    assert "restart it" in only(await examined(shop, code=0), "daemon.other_version")["todo"]
    assert (await daemon.stop()).code == 0


def _free_port() -> int:
    import socket  # noqa: PLC0415 - here alone

    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def test_the_report_ends_with_the_sum_of_it(shop: Shop) -> None:
    """People see at the end how much needs them."""
    said: Any = shop.say("doctor").expect(1).out
    assert "needs a person" in said.splitlines()[-1] or "need a person" in said.splitlines()[-1]
