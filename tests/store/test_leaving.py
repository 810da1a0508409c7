"""Promises about a database that moves to another server: nothing lost, and nothing sent twice."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.connector import OutgoingReply
from inboxd.errors import DatabaseError
from inboxd.model import Stream
from inboxd.store import DaemonLock, Store
from inboxd.store.keeping import restoring
from inboxd.store.keeping.leaving import back_up_last
from tests.store.shop import at, open_shop, said

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.shop import Shop


def restore(database: Path, backup: Path, minutes: int) -> restoring.Restored:
    """Restore a backup, since which nobody was erased, so many *minutes* after the beginning."""
    return restoring.restore(
        database, backup, at(minutes), lambda *_: pytest.fail("nobody was erased")
    )


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


@pytest.fixture
def last(shop: Shop, tmp_path: Path) -> Path:
    """Return the last backup, of minute 2, of a shop that has a reply to send."""
    shop.hear(said(0, "a"))
    reply = OutgoingReply("r", "dm:1", Stream.DIRECT_MESSAGES, "On its way.", None, None, at(0))
    with shop.store.transaction():
        shop.store.outbox.add_reply("shop-vk", 1, reply, at(1))
    shop.store.close()
    return back_up_last(shop.store.path, tmp_path / "last.db", at(2)).path


def test_what_has_moved_goes_on_as_if_nothing_had_been(last: Path, tmp_path: Path) -> None:
    """What was to be sent is sent, the next case has the next number, and it may be written to."""
    there = tmp_path / "there.db"
    done = restore(there, last, 60)

    assert (done.moved, done.former) == (True, None)
    assert (done.carried.settled, done.carried.doubtful) == (1, 0)
    assert rows(there, "SELECT state, uncertain FROM outbox") == [("pending", 0)]
    assert rows(there, "SELECT name FROM memory WHERE name = 'left_at'") == []
    moved = open_shop(there)
    moved.hear(said(70, "b", thread_id="dm:2"))
    moved.store.close()
    assert rows(there, "SELECT id FROM cases ORDER BY id") == [(1,), (2,)]


def test_nobody_writes_to_what_was_left(shop: Shop, last: Path, tmp_path: Path) -> None:
    """Neither a second daemon nor somebody at a terminal; only another last backup can be made."""
    with pytest.raises(DatabaseError, match=r"moved to another server on .* `inboxd restore`"):
        Store(shop.store.path)
    last.unlink()
    back_up_last(shop.store.path, last, at(3))
    assert restore(tmp_path / "there.db", last, 60).moved


def test_what_was_left_can_be_taken_back(shop: Shop, last: Path) -> None:
    """By its own last backup: nothing has happened, and what was to be sent is sent from here."""
    restore(shop.store.path, last, 5)

    with Store(shop.store.path) as store:
        assert store.database.execute("SELECT state FROM outbox").fetchall() == [("pending",)]


@pytest.mark.parametrize(("minutes", "used"), [(60, True), (25 * 60, False)])
def test_a_last_backup_is_believed_once_and_for_a_day(
    last: Path, tmp_path: Path, minutes: int, *, used: bool
) -> None:
    """A server that failed meanwhile may have sent what it had: it is not sent blindly again."""
    if used:
        assert restore(tmp_path / "there.db", last, 30).moved
    done = restore(tmp_path / "elsewhere.db", last, minutes)

    assert (done.moved, done.carried.doubtful) == (False, 1)
    assert rows(tmp_path / "elsewhere.db", "SELECT state, uncertain FROM outbox") == [("unsure", 1)]


def test_what_was_sent_since_is_known_where_it_was_sent(last: Path, tmp_path: Path) -> None:
    """A last backup that is put over what was made of it learns from that, as any backup does."""
    there, twin = tmp_path / "there.db", tmp_path / "twin.db"
    shutil.copy(last, twin)
    restore(there, last, 10)
    with Store(there) as store, store.transaction():
        store.database.execute("UPDATE outbox SET state = 'sent'")
    done = restore(there, twin, 20)

    assert not done.moved
    assert rows(there, "SELECT state FROM outbox") == [("sent",)]


def test_a_backup_that_cannot_be_used_up_is_not_restored(
    last: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may be sent once is not sent where that could not be noted; and nothing has changed."""
    there = tmp_path / "there.db"
    with closing(sqlite3.connect(last)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("inboxd.store.keeping.leaving.PATIENCE_SECONDS", 0.1)
        with pytest.raises(DatabaseError, match="copy it to where this user may write"):
            restore(there, last, 5)

    assert there.stat().st_size == 0
    assert restore(there, last, 6).moved


def test_where_there_is_no_copy_nothing_was_left(shop: Shop, tmp_path: Path) -> None:
    """A disk that is full, or a name that is taken, keeps nobody from going on here."""
    shop.store.close()
    (tmp_path / "taken.db").touch()
    with pytest.raises(DatabaseError, match="exists already"):
        back_up_last(shop.store.path, tmp_path / "taken.db", at(2))
    Store(shop.store.path).close()


@pytest.mark.parametrize("holder", ["daemon", "terminal"])
def test_what_is_in_use_is_not_left(shop: Shop, tmp_path: Path, holder: str) -> None:
    """Whoever has it open might write what nobody would ever see."""
    lock = DaemonLock(shop.store.path)
    if holder == "daemon":
        shop.store.close()
        lock.acquire()
    with pytest.raises(DatabaseError, match=r"already works on|open in another program"):
        back_up_last(shop.store.path, tmp_path / "last.db", at(2))
    lock.release()

    assert not (tmp_path / "last.db").exists()


def test_only_a_database_of_ours_is_left(tmp_path: Path) -> None:
    """Another program's is not written to, and none is made where there is none."""
    stranger, missing = tmp_path / "stranger.db", tmp_path / "missing.db"
    with closing(sqlite3.connect(stranger)) as db:
        db.execute("CREATE TABLE theirs (x)")
    with pytest.raises(DatabaseError, match="no database of inboxd"):
        back_up_last(stranger, tmp_path / "last.db", at(2))
    with pytest.raises(DatabaseError, match="does not exist"):
        back_up_last(missing, tmp_path / "last.db", at(2))
    assert not missing.exists()
