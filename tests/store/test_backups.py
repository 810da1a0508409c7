"""Promises about backups and restores: consistent, verified, and nothing is sent twice by them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
import time
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.clock import ManualClock, SystemClock
from inboxd.connector import OutgoingReply
from inboxd.errors import DatabaseError, OutcomeUnknown
from inboxd.forgetting import Forgetting
from inboxd.model import Stream
from inboxd.store import DaemonLock, Store, schema
from inboxd.store.keeping import backups, restoring
from inboxd.store.keeping.backups import back_up, backup_name, own_backups, prune
from inboxd.store.times import to_text
from inboxd.workers.context import Context
from inboxd.workers.sender import Sender
from inboxd.workers.storethread import StoreThread
from tests.store.killing import killed, ran
from tests.store.shop import ANNA, answered, at, open_shop, said
from tests.unit.scripted import ScriptedSink, scripted_account

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from inboxd.model import Message
    from inboxd.notify import Receipt
    from inboxd.store.forgetting.erasures import Erasure
    from tests.store.shop import Shop


def restore(database: Path, backup: Path, now: datetime) -> restoring.Restored:
    """Restore a backup, since which nobody was erased."""
    return restoring.restore(database, backup, now, lambda *_: pytest.fail("nobody was erased"))


def restored_alone(shop: Shop, folder: Path, later: datetime) -> Shop:
    """Return *shop* as its backup brings it back *later*, where the former database is gone."""
    backup = back_up(shop.store.path, folder / "copy.db").path
    shop.store.close()
    shop.store.path.unlink()
    restore(shop.store.path, backup, later)
    return open_shop(shop.store.path, now=later)


def reply(key: str) -> OutgoingReply:
    return OutgoingReply(key, "dm:1", Stream.DIRECT_MESSAGES, "On its way.", None, None, at(0))


@asynccontextmanager
async def serving(shop: Shop, *sinks: ScriptedSink) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Yield what delivers once to *sinks* and to the networks; closes the shop at last."""
    clock = ManualClock(shop.now)
    account, connector = scripted_account(clock)
    connector.script = {"feed": []}
    thread = StoreThread(shop.store)
    context = Context(thread, shop.pipeline, clock, ())
    sender = Sender({sink.name: sink for sink in sinks}, {"shop-vk": account}, context)
    await sender.recover()

    async def deliver() -> None:
        for receiver in sender.receivers:
            await sender.drain(receiver)

    yield deliver
    thread.close()


@contextmanager
def closing_lock(lock: DaemonLock) -> Iterator[None]:
    """Hold *lock* within a block."""
    lock.acquire()
    try:
        yield
    finally:
        lock.release()


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def fill(path: Path, messages: int) -> None:
    """Make a database in which *messages* look as if they had come in."""
    with Store(path) as store, store.transaction():
        store.database.execute(
            "INSERT INTO conversations (account, network, remote_id, stream, public) "
            "VALUES ('a', 'vk', 'dm:1', 'direct_messages', 0)"
        )
        store.database.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO messages (account, remote_id, conversation_id, stream, direction, public, "
            "text, sent_at, seen_at, url, attachments, auto_reply, staff) "
            "SELECT 'a', 'm' || i, 1, 'direct_messages', 'inbound', 0, "
            "'the parcel has not come ' || hex(randomblob(40)), '2026-01-01T00:00:00.000Z', "
            "'2026-01-01T00:00:00.000Z', '', '[]', 0, '' FROM n",
            (messages,),
        )


# Backups ------------------------------------------------------------------------------------


def test_a_backup_is_one_private_file_that_says_what_is_in_it(shop: Shop, tmp_path: Path) -> None:
    """It can be opened by itself, anywhere, and holds every row of its moment."""
    shop.hear(said(0, "a"), said(1, "b"))
    made = back_up(shop.store.path, tmp_path / "copy.db")

    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert made.rows["messages"] == 2
    assert rows(made.path, "PRAGMA journal_mode") == [("delete",)]
    assert rows(made.path, "SELECT remote_id FROM messages ORDER BY id") == [("a",), ("b",)]
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_backup_beside_a_writer_is_of_one_moment(database: Path, tmp_path: Path) -> None:
    """Whatever is written meanwhile is in it as a whole or not at all, and nobody waits for it."""
    fill(database, 15_000)
    begun, stop, slowest = threading.Event(), threading.Event(), [0.0]

    def write() -> None:
        with Store(database) as store:
            for number in range(100_000):
                if stop.is_set():
                    return
                since = time.perf_counter()
                with store.transaction():
                    store.remember(f"one:{number}", "x")
                    store.remember(f"other:{number}", "x")
                slowest[0] = max(slowest[0], time.perf_counter() - since)
                begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(20)
    try:
        made = [back_up(database, tmp_path / f"copy{number}.db") for number in range(3)]
    finally:
        stop.set()
        writer.join()

    counts = [
        rows(
            each.path,
            "SELECT count(*) FILTER (WHERE name LIKE 'one:%'), "
            "count(*) FILTER (WHERE name LIKE 'other:%') FROM memory",
        )[0]
        for each in made
    ]
    assert all(one == other for one, other in counts)
    assert counts[0] < counts[-1]
    assert slowest[0] < 4


def test_a_copy_that_is_not_as_its_source_is_no_backup(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is verified before it has a name; nothing is left of what was no good."""
    shop.hear(said(0, "a"))
    whole = backups._copy

    def lying(source: sqlite3.Connection, to: Path, watch: backups.Watch) -> None:
        whole(source, to, watch)
        with closing(sqlite3.connect(to)) as target, target:
            target.execute("DELETE FROM waits")

    monkeypatch.setattr(backups, "_copy", lying)
    with pytest.raises(DatabaseError, match="is no good: it has other rows"):
        back_up(shop.store.path, tmp_path / "folder.db")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".folder", "folder"))]


def test_a_full_disk_leaves_no_half_backup(shop: Shop, tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk; the text says what to do."""
    shop.hear(*(said(number, f"m{number}", "x" * 2_000) for number in range(100)))
    shop.store.close()
    script = f"""
        import resource, signal, sys
        from pathlib import Path
        from inboxd.errors import DatabaseError, OutcomeUnknown
        from inboxd.store.keeping.backups import back_up
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            back_up(Path({str(shop.store.path)!r}), Path({str(tmp_path / "copy.db")!r}))
        except DatabaseError as error:
            sys.exit(str(error))
    """
    done = ran(script)

    assert done.returncode == 1
    assert "cannot be copied" in done.stderr
    assert not [path.name for path in tmp_path.iterdir() if "copy" in path.name]


def test_a_backup_that_has_no_room_is_not_begun(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of one would take the last room away from the daemon."""
    monkeypatch.setattr(backups, "room", lambda _: 900)
    with pytest.raises(
        DatabaseError, match=r"has no room for a copy: it needs .* and 900 bytes are"
    ):
        back_up(shop.store.path, tmp_path / "copy.db")


def test_only_the_oldest_of_our_own_backups_are_deleted(shop: Shop, tmp_path: Path) -> None:
    """What another program, a person or a migration has put there stays."""
    folder, database = tmp_path / "backups", shop.store.path
    folder.mkdir()
    made = [folder / backup_name(database, at(60 * hour)) for hour in range(4)]
    for path in made:
        back_up(database, path)
    kept = back_up(database, folder / backup_name(database, at(0), before="m009_x")).path
    foreign = [folder / backup_name(database, at(-60)), folder / "inboxd-mine.db"]
    foreign[0].write_bytes(b"nothing of ours" * 20)
    shutil.copy(made[0], foreign[1])

    assert own_backups(database, folder) == made
    assert prune(database, made[-1], 2) == made[:2]
    assert {path.name for path in folder.glob("*.db")} == {
        path.name for path in (*made[2:], *foreign, kept)
    }


def test_a_clock_that_was_ahead_does_not_push_new_backups_out(shop: Shop, tmp_path: Path) -> None:
    """What bears a time to come is left alone, and is not counted: its time will come."""
    folder, database = tmp_path / "backups", shop.store.path
    folder.mkdir()
    ahead = [folder / backup_name(database, at(60 * 24 * 365 + day)) for day in range(3)]
    made = [folder / backup_name(database, at(60 * hour)) for hour in range(3)]
    for path in (*ahead, *made):
        back_up(database, path)
    shutil.copy(made[0], folder / "inboxd-20269999T999999Z.db")

    assert prune(database, made[-1], 2) == made[:1]
    assert own_backups(database, folder) == [*made[1:], *ahead]


@pytest.mark.parametrize("name", ["in[b]oxd", "inboxd **", "*"])
def test_a_database_may_be_called_whatever_a_file_may(tmp_path: Path, name: str) -> None:
    """What patterns give a meaning to is a letter like any other."""
    database = tmp_path / f"{name}.db"
    Store(database).close()
    left = tmp_path / f".{name}-20261123T000000Z.db.partial"
    left.write_bytes(b"half")
    made = back_up(database, tmp_path / backup_name(database, at(0), before="m009_x")).path

    assert not left.exists()
    assert backups.made_before(database, "m009_x") == made


def test_what_a_killed_backup_left_behind_goes_with_the_next(
    database: Path, tmp_path: Path
) -> None:
    """`kill -9` at any instant leaves the database usable, and no file that looks like a backup."""
    fill(database, 15_000)
    script = f"""
        from pathlib import Path
        from inboxd.store.keeping.backups import back_up
        print(flush=True)
        back_up(Path({str(database)!r}), Path({str(tmp_path / "inboxd-killed.db")!r}))
    """
    for delay in (0.0, 0.02, 0.05):
        killed(script, delay)
        (tmp_path / "inboxd-killed.db").unlink(missing_ok=True)

    made = back_up(database, tmp_path / "inboxd-whole.db")

    assert made.rows["messages"] == 15_000
    assert not list(tmp_path.glob("*partial*"))
    with Store(database) as store:
        assert store.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_makes_for_a_daemon_does_not_shut_it_out(tmp_path: Path) -> None:
    """In the daemon's folder everything is the daemon's; a copy in another's folder stays root's."""
    folder, theirs, database = (tmp_path / name for name in ("var", "home", "var/inboxd.db"))
    for each, user in ((folder, 65_534), (theirs, 65_533)):
        each.mkdir()
        os.chown(each, user, user)
    Store(database).close()
    backups.made_ready(folder / "backups")
    made = back_up(database, folder / "backups" / "copy.db").path
    back_up(database, theirs / "copy.db")
    restore(folder / "other.db", made, at(5))
    with closing_lock(DaemonLock(database)):
        pass

    assert {path.stat().st_uid for path in folder.rglob("*")} == {65_534}
    assert {path.name for path in folder.rglob("*")} >= {"other.db", ".inboxd.backup.lock"}
    assert (theirs / "copy.db").stat().st_uid == 0


def test_two_backups_at_once_do_not_meet(shop: Shop, tmp_path: Path) -> None:
    """The second says so, instead of taking the first for something that was left behind."""

    def again(_doing: str, _share: float) -> None:
        with pytest.raises(DatabaseError, match="another backup is being made"):
            back_up(shop.store.path, tmp_path / "second.db")

    assert back_up(shop.store.path, tmp_path / "first.db", again).path.exists()


OWN = """
CREATE TABLE "my notes" (a); CREATE TABLE "order" ("group"); CREATE TABLE "a""b" ("c""d" INTEGER);
CREATE VIEW "select" AS SELECT 1 AS "from"; CREATE VIEW broken AS SELECT lost FROM nowhere;
INSERT INTO "my notes" VALUES (7);
"""


def test_whatever_people_add_to_the_database_is_backed_up(shop: Shop, tmp_path: Path) -> None:
    """The file is a public interface: tables of their own are called as they like."""
    shop.hear(said(0, "m1"))
    shop.store.database.executescript(OWN)
    made = back_up(shop.store.path, tmp_path / "copy.db")
    assert made.rows["my notes"] == 1
    shop.store.close()
    restore(shop.store.path, made.path, at(5))
    assert rows(shop.store.path, 'SELECT a FROM "my notes"') == [(7,)]


# Restores -----------------------------------------------------------------------------------


def test_a_restored_database_is_as_it_was(shop: Shop, tmp_path: Path) -> None:
    """The former one is kept beside it with all that it had, the journal included."""
    shop.hear(said(0, "a"))
    backup = back_up(shop.store.path, tmp_path / "copy.db").path
    shop.hear(said(1, "b"))
    shop.store.close()

    done = restore(shop.store.path, backup, at(5))

    assert done.former
    assert rows(done.former, "SELECT remote_id FROM messages") == [("a",), ("b",)]
    assert stat.S_IMODE(shop.store.path.stat().st_mode) == 0o600
    with Store(shop.store.path) as store:
        assert store.database.execute("SELECT remote_id FROM messages").fetchall() == [("a",)]
    assert done.lived_until == at(0)


def test_a_link_to_another_disk_stays_one(shop: Shop, tmp_path: Path) -> None:
    """What is restored goes where the database was, and whoever comes by the link is locked out."""
    shop.hear(said(0, "a"))
    backup = back_up(shop.store.path, tmp_path / "copy.db").path
    shop.store.close()
    disk = tmp_path / "disk"
    disk.mkdir()
    real, link = disk / "real.db", tmp_path / "inboxd.db"
    shop.store.path.rename(real)
    link.symlink_to(real)
    with closing_lock(DaemonLock(real)), pytest.raises(DatabaseError, match="another inboxd"):
        DaemonLock(link).acquire()

    former = restore(link, backup, at(5)).former

    assert link.is_symlink()
    assert former
    assert former.parent == disk
    assert rows(real, "SELECT remote_id FROM messages") == [("a",)]


@pytest.mark.parametrize("holder", ["daemon", "terminal"])
def test_a_database_that_is_in_use_is_not_replaced(shop: Shop, tmp_path: Path, holder: str) -> None:
    """Whoever has it open would go on writing where nobody looks any more."""
    shop.hear(said(0, "a"))
    backup = back_up(shop.store.path, tmp_path / "copy.db").path
    lock = DaemonLock(shop.store.path)
    if holder == "daemon":
        shop.store.close()
        lock.acquire()
    before = shop.store.path.stat().st_ino
    with pytest.raises(DatabaseError, match=r"already works on|open in another program"):
        restore(shop.store.path, backup, at(5))
    lock.release()

    assert shop.store.path.stat().st_ino == before
    assert not [path for path in tmp_path.iterdir() if "restor" in path.name]


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4_096 * 3 : 4_096 * 20] = b"\xff" * 4_096 * 17
    path.write_bytes(data)


def foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (a)")


def garbled(path: Path) -> None:
    """Spoil letters that SQLite itself does not look at."""
    for name in (b"table_sqlite_migrations", b"m001_first", b"indexmessages_unclassified"):
        data = path.read_bytes()
        assert name in data
        path.write_bytes(data.replace(name, name[:-1] + b"\xff"))


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('inboxd', 'm999_future', '')"
        )


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (damaged, "cannot be restored"),
        (foreign, "it is no database of inboxd"),
        (newer, "newer inboxd .it has m999_future."),
        (lambda path: path.write_text("no database at all"), "cannot be restored"),
        (garbled, "cannot be restored"),
    ],
)
def test_what_cannot_be_restored_changes_nothing(
    shop: Shop, tmp_path: Path, spoil: Callable[[Path], None], why: str
) -> None:
    """A damaged, foreign or newer backup is refused before anything is touched."""
    shop.hear(*(said(number, f"m{number}") for number in range(30)))
    backup = back_up(shop.store.path, tmp_path / "copy.db").path
    shop.store.close()
    spoil(backup)
    with pytest.raises(DatabaseError, match=why):
        restore(shop.store.path, backup, at(5))
    with Store(shop.store.path) as store:
        assert store.database.execute("SELECT count(*) FROM messages").fetchone() == (30,)


def test_what_has_left_since_is_not_sent_again(shop: Shop, tmp_path: Path) -> None:
    """The former database knows the outcome of what was on its way; a late reply is counted."""
    shop.hear(said(0, "a"))
    shop.tick(40)
    with shop.store.transaction():
        shop.store.outbox.add_reply("shop-vk", 1, reply("r1"), shop.now)
    backup = back_up(shop.store.path, tmp_path / "copy.db").path
    assert len(shop.deliver()) == 2
    with shop.store.transaction():
        shop.store.outbox.add_reply("shop-vk", 1, reply("r2"), shop.now)
    shop.store.close()

    done = restore(shop.store.path, backup, at(60))

    assert (done.carried.settled, done.carried.lost) == (2, 1)
    assert rows(shop.store.path, "SELECT state FROM outbox") == [("sent",), ("sent",)]


def test_without_the_former_database_nothing_is_sent_blindly(shop: Shop, tmp_path: Path) -> None:
    """A reply is looked for in what is read from now on, an alert is told as a repeat."""
    shop.hear(said(0, "a"))
    shop.tick(40)
    with shop.store.transaction():
        shop.store.outbox.add_reply("shop-vk", 1, reply("r1"), shop.now)
    backup = back_up(shop.store.path, tmp_path / "copy.db").path
    shop.store.close()
    shop.store.path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8_000)

    done = restore(shop.store.path, backup, at(60))

    assert (done.carried.doubtful, done.carried.repeated, done.unreadable) == (1, 1, True)
    assert rows(
        shop.store.path,
        "SELECT reply IS NULL, state, uncertain, claimed_at FROM outbox ORDER BY id",
    ) == [(1, "unsure", 0, to_text(at(60))), (0, "unsure", 1, to_text(at(60)))]


@pytest.mark.parametrize("had_begun", [True, False])
@pytest.mark.parametrize("found", [{"id": "it had arrived"}, OutcomeUnknown("cannot be asked")])
async def test_no_wait_falls_silent_with_the_former_database(
    shop: Shop, tmp_path: Path, found: Receipt | OutcomeUnknown, *, had_begun: bool
) -> None:
    """Its last step counts as told, however old the backup: who may not have heard it does."""
    shop.hear(said(0, "a"))
    shop.tick(60)
    for item in shop.store.outbox.due("lead", shop.now) if had_begun else ():
        assert shop.store.outbox.claim(item, shop.now)
    restored = restored_alone(shop, tmp_path, at(60) + timedelta(days=3))
    restored.tick()
    sink = ScriptedSink("lead")
    sink.found = found
    async with serving(restored, sink) as deliver:
        await deliver()
        assert ("step_due", "lead", "sent") in restored.queued()

    assert [(each.alerts[0].reason, each.uncertain) for each in sink.heard] == (
        [("step_due", True)] if isinstance(found, OutcomeUnknown) else []
    )


async def test_a_reply_that_may_have_left_is_not_given_up_before_anything_is_read(
    shop: Shop, tmp_path: Path
) -> None:
    """However old the backup is: nothing of what came since is known yet."""
    shop.hear(said(0, "a"))
    with shop.store.transaction():
        shop.store.outbox.add_reply("shop-vk", 1, reply("r1"), shop.now)
    restored = restored_alone(shop, tmp_path, at(0) + timedelta(days=3))
    async with serving(restored) as deliver:
        await deliver()
        assert restored.rows("SELECT state FROM outbox") == [("unsure",)]
        restored.hear(answered(5, "r", "On its way."))
        await deliver()
        assert restored.rows("SELECT state FROM outbox") == [("sent",)]


@pytest.mark.parametrize("answer", [None, answered(62, "b")])
def test_whoever_waits_again_is_told_of(shop: Shop, tmp_path: Path, answer: Message | None) -> None:
    """
    What an ended wait withdrew since the backup is told, for the wait goes on in it.

    If it was answered, that is read again.
    """
    shop.hear(said(0, "a"))
    shop.tick(60)
    backup = back_up(shop.store.path, tmp_path / "copy.db").path
    shop.now = at(62)
    if answer:
        shop.hear(answer)
    else:
        shop.act("close")
    assert {state for *_, state in shop.queued()} == {"cancelled"}
    shop.store.close()

    restore(shop.store.path, backup, at(70))
    restored = open_shop(shop.store.path, now=at(70))
    if answer:
        restored.hear(answer)
    assert restored.deliver() == ([] if answer else [("step_due", "lead"), ("step_due", "support")])
    restored.store.close()


def test_numbers_that_were_given_out_since_are_not_given_out_again(
    shop: Shop, tmp_path: Path
) -> None:
    """A button below a message about a case that is lost must not act on another one."""
    shop.hear(said(0, "a"))
    backup = back_up(shop.store.path, tmp_path / "copy.db").path
    shop.hear(said(1, "b", thread_id="dm:2"))
    highest = shop.value("SELECT max(id) FROM cases")
    shop.store.close()
    restore(shop.store.path, backup, at(60))

    again = open_shop(shop.store.path)
    again.hear(said(1, "b", thread_id="dm:2"))
    assert again.value("SELECT max(id) FROM cases") == highest + 1
    again.store.close()


def test_whoever_was_erased_since_is_erased_again(shop: Shop, tmp_path: Path) -> None:
    """A backup still holds them; what is put in the place of the database does not."""
    shop.hear(said(0, "a", "my secret"), said(1, "b", "hello", thread_id="dm:2", author=ANNA))
    backup = back_up(shop.store.path, tmp_path / "copy.db").path
    (people,) = shop.store.people.called("oksana", None)
    Forgetting(shop.store, shop.rules, "max").forget(people, at(5), lambda _: None)
    shop.store.close()

    def erase(path: Path, erasures: Sequence[Erasure]) -> None:
        with Store(path) as store:
            Forgetting(store, shop.rules, "max").again(erasures, lambda _: None)

    restoring.restore(shop.store.path, backup, at(6), erase)
    assert b"my secret" in backup.read_bytes()
    assert b"my secret" not in shop.store.path.read_bytes()
    with Store(shop.store.path) as store:
        assert store.people.called("oksana", None) == []
        assert len(store.people.called("Anna", None)) == 1


def test_a_killed_restore_leaves_one_of_the_two(database: Path, tmp_path: Path) -> None:
    """Whenever it comes, the database opens, and holds what it had or what the backup had."""
    fill(database, 8_000)
    backup = back_up(database, tmp_path / "copy.db").path
    with Store(database) as store, store.transaction():
        store.remember("newer", "yes")
    script = """
        from datetime import datetime
        from pathlib import Path
        from inboxd.store.keeping import restoring
        print(flush=True)
        now = datetime.fromisoformat({now!r})
        restoring.restore(Path({database!r}), Path({backup!r}), now, lambda *_: None)
    """
    seen = set()
    for minute, delay in enumerate((0.02, 0.1, 0.2, 0.4)):
        now = at(minute).isoformat()
        killed(script.format(now=now, database=str(database), backup=str(backup)), delay)
        with Store(database) as store:
            assert store.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert store.database.execute("SELECT count(*) FROM messages").fetchone() == (8_000,)
            seen.add(store.recall("newer"))
            if store.recall("newer") is None:
                store.remember("newer", "yes")
    assert "yes" in seen
    restore(database, backup, at(5))
    with Store(database) as store:
        assert store.recall("newer") is None


# Migrations ---------------------------------------------------------------------------------


def older(path: Path, messages: int) -> None:
    """Make a database as the version before the last migration has left it."""
    script = f"""
        from pathlib import Path
        from inboxd.store import schema
        schema._STEPS = dict(list(schema._STEPS.items())[:4])
        from inboxd.store import Store
        Store(Path({str(path)!r})).close()
    """
    assert ran(script).returncode == 0
    if not messages:
        return
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(
            "INSERT INTO conversations (account, network, remote_id, stream, public) "
            "VALUES ('a', 'vk', 'dm:1', 'direct_messages', 0)"
        )
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO messages (account, remote_id, conversation_id, stream, direction, public, "
            "text, sent_at, seen_at, url, attachments, auto_reply, staff) "
            "SELECT 'a', 'm' || i, 1, 'direct_messages', 'outbound', 0, "
            "'the parcel has not come ' || hex(randomblob(40)), '2026-01-01T00:00:00.000Z', "
            "'2026-01-01T00:00:00.000Z', '', '[]', 0, '' FROM n",
            (messages,),
        )


def test_a_database_is_backed_up_before_it_is_migrated(database: Path) -> None:
    """The copy bears the migration's name, and can be opened by the version before."""
    older(database, 10)
    Store(database).close()
    (kept,) = database.parent.glob("inboxd-*-before-m005_keeping.db")

    assert rows(kept, "SELECT count(*) FROM messages") == [(10,)]
    with closing(sqlite3.connect(kept)) as db:
        assert "m005_keeping" in schema.pending(db)


def test_a_migration_is_begun_anew_within_a_second(database: Path) -> None:
    """The copies that killed ones have made are no obstacle, and stay."""
    older(database, 10)
    now = SystemClock().now()
    taken = [
        database.with_name(
            backup_name(database, now + timedelta(seconds=each), before="m005_keeping")
        )
        for each in range(60)
    ]
    for path in taken:
        path.write_bytes(b"of one that was killed")
    Store(database).close()

    (made,) = {*database.parent.glob("inboxd-*-before-*")} - {*taken}
    assert rows(made, "SELECT count(*) FROM messages") == [(10,)]
    assert {path.read_bytes() for path in taken} == {b"of one that was killed"}


@pytest.mark.parametrize("messages", [None, 0])
def test_what_has_nothing_in_it_is_not_backed_up(database: Path, messages: int | None) -> None:
    """A new database, or one in which nothing ever came, is no loss."""
    if messages is not None:
        older(database, messages)
    Store(database).close()
    assert not list(database.parent.glob("*before*"))


def test_an_older_version_names_the_backup_that_it_can_use(database: Path) -> None:
    """Whoever goes back to it reads what to do, with the path."""
    older(database, 10)
    Store(database).close()
    script = f"""
        from pathlib import Path
        from inboxd.store import schema
        schema._STEPS = dict(list(schema._STEPS.items())[:4])
        from inboxd.store import Store
        Store(Path({str(database)!r}))
    """
    done = ran(script)
    (kept,) = database.parent.glob("inboxd-*-before-m005_keeping.db")
    assert f"`inboxd restore {kept}`" in done.stderr


def test_a_migration_that_is_killed_is_done_again(database: Path) -> None:
    """`kill -9` at any instant of it, the copy included: the next opening has everything."""
    older(database, 15_000)
    script = f"""
        from pathlib import Path
        from inboxd.store import Store
        print(flush=True)
        Store(Path({str(database)!r})).close()
    """
    before = 0
    for delay in (0.02, 0.15, 0.3):
        killed(script, delay)
        with closing(sqlite3.connect(database)) as db:
            before += bool(schema.pending(db))
    assert before

    with Store(database) as store:
        assert not schema.pending(store.database)
        assert store.database.execute("SELECT count(*) FROM messages").fetchone() == (15_000,)
        assert store.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert list(database.parent.glob("*before-m005_keeping.db"))


def test_backup_names_sort_by_time(database: Path) -> None:
    """In UTC, so that no clock change puts a new one before an old one."""
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n * 7) for n in range(50)]
    names = [backup_name(database, each) for each in times]
    assert names == sorted(names)
