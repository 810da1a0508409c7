"""Promises about the database over the years, held by the real program in a simulated world."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from inboxd.store import Store
from tests.end_to_end.shop import until

if TYPE_CHECKING:
    from tests.end_to_end.shop import Shop


async def test_a_backup_beside_a_daemon_is_restored_when_it_has_stopped(shop: Shop) -> None:
    """Both commands say what they did; while the daemon runs nothing is replaced."""
    daemon = await shop.daemon()
    shop.write_everywhere("Где мой заказ?")
    await until(lambda: shop.value("SELECT count(*) FROM cases") >= 3, "three cases")
    made = shop.say("backup", "--json")
    told = json.loads(made.expect(0).out)
    assert told["rows"]["cases"] >= 3
    assert "backup: verifying" in made.err

    refused = shop.say("restore", told["path"], "--force")
    assert f"inboxd runs (process {daemon.process.pid}); stop it first" in refused.expect(1).err
    (await daemon.stop()).expect(0)
    with Store(shop.database) as store, store.transaction():
        store.database.execute("UPDATE cases SET status = 'closed'")
    unasked = shop.say("restore", told["path"])
    assert "say so with --force" in unasked.expect(2).err
    done = shop.say("restore", told["path"], "--force", "--json")

    former = json.loads(done.expect(0).out)["former"]
    assert shop.value("SELECT count(*) FROM cases WHERE status = 'waiting'") >= 3
    with closing(sqlite3.connect(former)) as db:
        assert db.execute("SELECT DISTINCT status FROM cases").fetchall() == [("closed",)]
    assert shop.intact()


async def test_a_round_backs_up_when_it_is_due(shop: Shop) -> None:
    """`run --once` does by itself what the daemon does by night, once."""
    with shop.config.open("a") as file:
        file.write("\n[backups]\nkeep = 3\n")
    (await shop.run("run", "--once")).expect(0)
    (first,) = (shop.folder / "backups").glob("*.db")
    (await shop.run("run", "--once")).expect(0)
    assert [*(shop.folder / "backups").glob("*.db")] == [first]
    assert first.parent.stat().st_mode & 0o777 == 0o700


async def test_vacuum_says_what_it_gives_back(shop: Shop) -> None:
    """Beside a daemon it removes and says why the file stays large; alone it writes it anew."""
    Store(shop.database).close()
    with Store(shop.database) as store, store.transaction():
        for number in range(300):
            store.remember(f"x{number}", "x" * 4_000)
        store.database.execute("DELETE FROM memory WHERE name LIKE 'x%'")
    dry = json.loads(shop.say("vacuum", "--dry-run", "--json").expect(0).out)
    assert dry["bytes_after"] is None
    assert dry["free"] > 1_000_000

    daemon = await shop.daemon()
    beside = shop.say("vacuum")
    assert "inboxd runs; stop it to give the room back" in beside.expect(0).out
    (await daemon.stop()).expect(0)
    alone = json.loads(shop.say("vacuum", "--json").expect(0).out)
    assert alone["bytes_after"] < alone["bytes_before"] - 1_000_000
    assert alone["not_compacted"] == ""
    assert shop.intact()


async def test_what_is_wrong_with_a_backup_is_said(shop: Shop) -> None:
    """Exit code 2 where the command is wrong, 1 where the file is; never a traceback."""
    Store(shop.database).close()
    assert "does not exist" in shop.say("restore", "/nowhere.db").expect(2).err
    assert "is the database itself" in shop.say("restore", str(shop.database)).expect(2).err
    one, missing = shop.folder / "one.db", shop.folder / "not-mounted"
    no_folder = shop.say("backup", str(missing), "--keep", "3").expect(2).err
    assert f"{missing} does not exist; create that folder first, or mount it" in no_folder
    assert not missing.exists()
    shop.say("backup", str(one)).expect(0)
    a_file = shop.say("backup", str(one), "--keep", "1").expect(2).err
    assert f"{one} is a file; name the folder that it is in" in a_file
    assert "exists already" in shop.say("backup", str(shop.folder / "one.db")).expect(2).err
    shop.say("backup", str(shop.folder)).expect(0)
    broken = shop.folder / "broken.db"
    broken.write_bytes(b"x" * 5_000)
    assert "cannot be restored" in shop.say("restore", str(broken), "--force").expect(1).err
    shop.database.write_bytes(b"x" * 5_000)
    done = shop.say("restore", str(shop.folder / "one.db"), "--force").expect(0)
    assert "whom it had forgotten since the backup: they are back" in done.err
