"""Promises about the commands that look after the accounts: doctor, reconcile, replay-quarantine."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from inboxd.simulator.faults import Fault

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop

GENERAL = 'blind_after = 1000\nalert_to = ["night"]'


async def once(shop: Shop) -> None:
    """Read everything there is."""
    (await shop.run("run", "--once")).expect(0)


def change(shop: Shop, sql: str, *values: object) -> None:
    """Do to the database what time, or an older version, would have done."""
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute(sql, values)


async def test_reconcile_finds_what_was_missed_and_what_is_gone(shop: Shop) -> None:
    """It prints what was missed and deleted, and whoever wrote it waits, or no longer does."""
    shop.configure(general=GENERAL)
    await once(shop)
    asked = shop.write_everywhere("Where is my order?")
    await once(shop)
    change(shop, "DELETE FROM waits")
    change(shop, "DELETE FROM cases")
    lost = shop.value("SELECT id FROM messages WHERE account = 'shop-vk' AND public")
    change(shop, "DELETE FROM traffic")
    change(shop, "DELETE FROM messages WHERE id = ?", lost)
    taken_back = next(item for item in asked if item.network == "twitter" and not item.private)
    shop.world.delete(taken_back.serial, at=datetime.now(UTC))

    found = await shop.run("reconcile", "--json")

    result = {each["account"]: each for each in json.loads(found.expect(0).out)}
    assert result["shop-vk"]["missed"] == 1
    assert result["shop-x"]["deleted"] == 1
    assert all(each["failed"] == {} for each in result.values())
    again = {
        each["account"]: each for each in json.loads((await shop.run("reconcile", "--json")).out)
    }
    assert {(each["missed"], each["deleted"]) for each in again.values()} == {(0, 0)}


async def test_reconcile_names_what_it_could_not_read(shop: Shop) -> None:
    """One account that fails is exit code 1 and a line; the others are reconciled."""
    await once(shop)
    shop.simulator.faults.switch_on("facebook", Fault.SERVER_ERROR)

    found = (await shop.run("reconcile")).expect(1)

    assert "shop-fb: feed could not be read" in found.err
    assert "shop-vk: 0 missed" in found.out
    (await shop.run("reconcile", "nobody")).expect(2)
    (await shop.run("reconcile", "--back", "soon")).expect(2)


async def test_reconcile_makes_no_database(shop: Shop) -> None:
    """There is nothing to hold against the networks yet, and the file would be the wrong user's."""
    shop.configure(general=GENERAL)
    found = (await shop.run("reconcile")).expect(1)
    assert "does not exist; `inboxd run` creates it" in found.err
    assert not shop.database.exists()


async def test_doctor_says_what_is_well_and_what_needs_a_person(shop: Shop) -> None:
    """All is well after a round; a revoked token and a file that others can read are not."""
    shop.configure(general=GENERAL)
    await once(shop)
    well = (await shop.run("doctor", "--online")).expect(0).out
    for line in ("shop-vk long_poll", "shop-fb feed", "shop-x mentions", "can be read", "whole"):
        assert line in well
    shop.simulator.faults.switch_on("facebook", Fault.TOKEN_EXPIRED)
    await shop.run("run", "--once")
    shop.database.chmod(0o644)

    found = json.loads((await shop.run("doctor", "--json")).expect(1).out)

    troubles = {each["what"]: each for each in found if each["health"] == "trouble"}
    assert "TokenInvalid" in troubles["shop-fb feed"]["text"]
    assert "chmod 600" in troubles["database"]["todo"]
    assert shop.leaks() == []


async def test_nobody_writes_a_reply_for_an_account_that_was_given_up(shop: Shop) -> None:
    """It is said before anything is queued."""
    shop.configure(general=GENERAL)
    shop.write_everywhere("Where is my order?")
    await once(shop)
    case = shop.value("SELECT id FROM cases WHERE account = 'shop-vk' LIMIT 1")
    shop.config.write_text(shop.config.read_text().replace('"shop-vk"', '"other-vk"'))

    refused = (await shop.run("reply", str(case), "On its way.")).expect(2)

    assert "shop-vk is not configured any more" in refused.err
    assert shop.outbox("reply IS NOT NULL") == {}


def damage(shop: Shop, table: str) -> None:
    """Do to the first page of a table what a dying disk would."""
    with closing(sqlite3.connect(shop.database)) as connection:
        find = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(find, (table,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with shop.database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


async def test_a_damaged_database_is_nobodys_bug(shop: Shop) -> None:
    """Every command says what is wrong with it, and doctor does so before it asks it anything."""
    shop.configure(general=GENERAL)
    shop.write_everywhere("Where is my order?")
    await once(shop)
    for table in ("sources", "unknown_items", "cases"):
        damage(shop, table)

    assert "inboxd.db is damaged" in (await shop.run("doctor")).expect(1).out
    for command in (["waiting"], ["show", "1"], ["explain", "1"], ["replay-quarantine"]):
        assert "restore a backup" in (await shop.run(*command)).expect(1).err


async def test_doctor_finds_nothing_wrong_with_what_was_given_up(shop: Shop) -> None:
    """A stream that was taken out of the configuration because of its trouble is none any more."""
    shop.configure(general=GENERAL)
    await once(shop)
    change(
        shop,
        "INSERT INTO sources (account, source, needs_person, error_class, error) "
        "VALUES ('shop-vk', 'mentions', 1, 'PermissionMissing', 'no right')",
    )
    assert "no right" not in (await shop.run("doctor")).expect(0).out


async def test_doctor_lists_gaps_and_quarantine(shop: Shop) -> None:
    """What was not read, and what was not understood, is named until somebody has looked."""
    shop.configure(general='blind_after = 1\nalert_to = ["night"]')
    await once(shop)
    long_ago = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="milliseconds")
    change(shop, "UPDATE sources SET succeeded_at = ?", f"{long_ago[:23]}Z")
    await once(shop)
    change(
        shop,
        "INSERT INTO unknown_items (account, source, remote_id, kind, error, raw, first_seen_at, "
        "last_seen_at, seen) VALUES ('shop-vk', 'long_poll', 'x:1', 'gift_sent', '', '{}', ?, ?, 1)",
        f"{long_ago[:23]}Z",
        f"{long_ago[:23]}Z",
    )

    found = (await shop.run("doctor")).out

    assert "not read from" in found
    assert "not_running" in found
    assert "1 of gift_sent not understood" in found
    assert (await shop.run("replay-quarantine")).expect(0).out == "0 understood now, 1 still held\n"


async def test_a_reply_is_measured_as_its_network_measures_it(shop: Shop) -> None:
    """X counts an emoji twice: 150 of them are too long, and that is said before anything is sent."""
    shop.configure(general=GENERAL)
    await once(shop)
    shop.write("twitter", "public", "Where is my order?", who=1)
    await once(shop)
    refused = shop.say("reply", "1", "🙂" * 150).expect(2).err
    assert "300 characters; twitter takes 280" in refused
    shop.say("reply", "1", "🙂" * 140).expect(0)
