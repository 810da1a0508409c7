"""Promises about the file: whose it is, who may use it, and what happens when it cannot be."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils.migrations import Migrations

from inboxd.core.states import FOR_EVER
from inboxd.errors import DatabaseError
from inboxd.store import DaemonLock, Store, daemon_pid, was_abandoned
from inboxd.store.database import lock_path
from inboxd.store.schema import APPLICATION_ID
from inboxd.store.times import from_text, maybe_instant, maybe_text, to_text

if TYPE_CHECKING:
    from pathlib import Path

INSTANTS = st.datetimes(timezones=st.just(UTC))
COUNTABLE = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 27), timezones=st.just(UTC))  # noqa: DTZ001 - in UTC
"""Of others calendars know nothing: they are read as the nearest that they know."""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_database_is_private_and_durable(database: Path) -> None:
    """0600 with all that belongs to it, in WAL mode, with foreign keys."""
    with Store(database) as store, store.transaction():
        store.database.execute("INSERT INTO memory VALUES ('a', 'b')")
        assert {mode(path) for path in database.parent.iterdir()} == {0o600}
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "application_id")
        found = [store.database.execute(f"PRAGMA {name}").fetchone()[0] for name in pragmas]
    assert found == ["wal", 2, 1, APPLICATION_ID]


def test_a_write_that_the_disk_refuses_is_an_error_of_ours(database: Path) -> None:
    """Whoever runs the server reads what to do, however long after the opening it happens."""
    with Store(database) as store:
        store.database.execute("PRAGMA query_only = ON")
        with pytest.raises(DatabaseError, match="check the disk"), store.transaction():
            store.remember("rules", "one")
        with pytest.raises(DatabaseError, match="readonly"), store.explained():
            store.remember("rules", "one")


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_into_a_file_that_is_gone(
    database: Path,
    replaced: bool,  # noqa: FBT001 - a parameter of the case
) -> None:
    """What is moved away, or put in its place, while in use: a restart would not find it."""
    with Store(database) as store:
        database.rename(database.with_name("away.db"))
        if replaced:
            database.touch()
        with pytest.raises(DatabaseError, match="moved, deleted or replaced"), store.transaction():
            store.remember("rules", "one")
        assert store.recall("rules") is None


def test_a_bug_in_our_sql_is_not_blamed_on_the_disk(database: Path) -> None:
    """It stays what it is, with all that helps to find it."""
    with (
        Store(database) as store,
        pytest.raises(sqlite3.OperationalError, match="no such table"),
        store.transaction(),
    ):
        store.database.execute("SELECT * FROM recipes")


def test_an_empty_file_that_was_made_before_becomes_private_too(database: Path) -> None:
    """`touch inboxd.db` must not make it readable for all."""
    database.touch(mode=0o644)
    database.chmod(0o644)
    Store(database).close()
    assert mode(database) == 0o600


def test_a_database_is_opened_again_as_it_was(database: Path) -> None:
    """Migrations are applied once, and what was kept is there."""
    with Store(database) as store:
        assert store.recall("rules") is None
        store.remember("rules", "one")
    with Store(database) as store:
        assert store.recall("rules") == "one"


def test_foreign_keys_hold(database: Path) -> None:
    """A row that refers to nothing is refused."""
    with Store(database) as store, pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        store.database.execute(
            "INSERT INTO actions (case_id, at, actor, action, detail, covers) "
            "VALUES (1, '', '', '', '', '')"
        )


def fail_halfway(store: Store) -> None:
    with store.transaction():
        store.remember("a", "1")
        with store.transaction():
            store.remember("b", "2")
        raise ZeroDivisionError


def fail_to_commit(store: Store) -> None:
    with store.transaction():
        store.database.execute("PRAGMA defer_foreign_keys = ON")
        store.database.execute(
            "INSERT INTO actions (case_id, at, actor, action, detail) VALUES (1, '', '', '', '')"
        )


def test_a_transaction_is_all_or_nothing(database: Path) -> None:
    """An exception undoes everything, and a nested transaction belongs to the outer one."""
    with Store(database) as store:
        with pytest.raises(ZeroDivisionError):
            fail_halfway(store)
        assert store.database.execute("SELECT count(*) FROM memory").fetchone() == (0,)


def test_a_commit_that_fails_leaves_no_transaction_open(database: Path) -> None:
    """Otherwise everything that follows would seem to be kept, and be lost at the end."""
    with Store(database) as store:
        with pytest.raises(sqlite3.IntegrityError):
            fail_to_commit(store)
        store.remember("after", "it")
    with Store(database) as store:
        assert store.database.execute("SELECT name FROM memory").fetchall() == [("after",)]


def test_two_stores_of_one_process_keep_the_file_from_others(database: Path) -> None:
    """
    Who opens a second connection does not take away the first one's locks.

    Another process that closes the file would else think that it is the last, and delete the
    journal beneath both: what they write from then on would be lost.
    """
    with Store(database) as first, Store(database) as second:
        _read_elsewhere(database)
        for name, store in (("first", first), ("second", second)):
            with store.transaction():
                store.remember(name, "it")
        printed = _read_elsewhere(database)
    assert printed == "[('first',), ('second',)]"


def _read_elsewhere(database: Path) -> str:
    """Return what another process finds, which closes the file again."""
    script = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "print(sorted(connection.execute('SELECT name FROM memory')))\n"
        "connection.close()"
    )
    command = [sys.executable, "-c", script, str(database)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - ours


def test_nothing_is_written_into_a_journal_that_was_deleted(database: Path) -> None:
    """Nobody would ever find it again."""
    with Store(database) as store:
        journal = database.with_name(database.name + "-wal")
        journal.rename(journal.with_suffix(".gone"))
        with pytest.raises(DatabaseError, match="or its journal was moved"), store.transaction():
            raise AssertionError
        with pytest.raises(DatabaseError, match="or its journal was moved"):
            store.version()


def test_a_directory_is_refused(tmp_path: Path) -> None:
    """With what must be changed."""
    with pytest.raises(DatabaseError, match=r"is a directory; \[inboxd\]\.database must name"):
        Store(tmp_path)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    """Inboxd makes a file and no folders."""
    with pytest.raises(DatabaseError, match="does not exist; create the folder first"):
        Store(tmp_path / "missing" / "inboxd.db")


def test_a_missing_file_is_refused_where_only_looking_is_meant(database: Path) -> None:
    """`inboxd waiting` does not create an empty database."""
    with pytest.raises(DatabaseError, match="`inboxd run` creates it"):
        Store(database, create=False)
    assert not database.exists()


def test_a_file_that_is_no_database_is_refused(database: Path) -> None:
    """And left as it is."""
    database.write_text("name,text\n" * 100)
    with pytest.raises(DatabaseError, match="is not an SQLite database"):
        Store(database)
    assert database.read_text() == "name,text\n" * 100


def test_a_damaged_database_is_refused(database: Path) -> None:
    """With the advice to restore it, and without a traceback of SQLite's."""
    Store(database).close()
    whole = database.read_bytes()
    database.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(DatabaseError, match="restore a backup"):
        Store(database)


def test_another_programs_database_is_refused_and_not_touched(database: Path) -> None:
    """Not even its journal mode changes."""
    other = sqlite3.connect(database)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = database.read_bytes()
    with pytest.raises(DatabaseError, match="belongs to another program"):
        Store(database)
    assert database.read_bytes() == before


def test_a_database_from_the_future_is_refused(database: Path) -> None:
    """A newer inboxd has been at work: this one would not understand what it finds."""
    with Store(database) as store, store.transaction():
        store.database.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('inboxd', 'm999_of_tomorrow', '')"
        )
    with pytest.raises(DatabaseError, match=r"newer inboxd \(it has m999_of_tomorrow\)"):
        Store(database)


def test_a_read_only_file_is_refused(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inboxd must be able to write."""
    Store(database).close()
    database.chmod(0o400)
    if os.geteuid() == 0:  # whom no permission stops
        monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    with pytest.raises(DatabaseError, match="read-only"):
        Store(database)


def test_a_first_start_that_is_interrupted_is_simply_repeated(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half-made file is not mistaken for another program's."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Migrations, "_record_applied", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Store(database)
    Store(database).close()


def test_a_second_daemon_is_refused_with_the_first_ones_number(database: Path) -> None:
    """One daemon a database; the lock goes when it is released."""
    first, second = DaemonLock(database), DaemonLock(database)
    assert daemon_pid(database) is None
    first.acquire()
    with pytest.raises(DatabaseError, match=f"process {os.getpid()}"):
        second.acquire()
    assert daemon_pid(database) == os.getpid()
    first.release()
    first.release()
    assert daemon_pid(database) is None
    second.acquire()
    second.release()


def test_the_lock_of_a_killed_daemon_is_free(database: Path) -> None:
    """The kernel holds it, so that no stale file stops the next start."""
    script = textwrap.dedent(f"""
        import pathlib, sys
        from inboxd.store import DaemonLock
        lock = DaemonLock(pathlib.Path({str(database)!r}))
        lock.acquire()
        print("locked", flush=True)
        sys.stdin.read()
    """)
    with subprocess.Popen(  # noqa: S603 - our own interpreter and the script above
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == b"locked\n"
        assert daemon_pid(database) == child.pid
        assert not was_abandoned(database)
        child.kill()
    assert was_abandoned(database)
    lock = DaemonLock(database)
    lock.acquire()
    assert not was_abandoned(database)
    lock.release(orderly=False)
    assert was_abandoned(database)
    lock.acquire()
    lock.release()
    assert not was_abandoned(database)


def test_a_lock_file_that_cannot_be_opened_is_an_operators_error(database: Path) -> None:
    """No traceback, whatever is in the way."""
    lock_path(database).mkdir()
    with pytest.raises(DatabaseError, match=r"inboxd\.db\.lock cannot be opened"):
        DaemonLock(database).acquire()


def test_another_process_that_writes_is_waited_for(database: Path) -> None:
    """The command line and the daemon share a database without errors."""
    with Store(database) as store:
        other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO memory VALUES ('other', '1')")

        def release() -> None:
            time.sleep(0.2)
            other.execute("COMMIT")

        releasing = threading.Thread(target=release)
        releasing.start()
        store.remember("ours", "2")
        releasing.join()
        other.close()
        names = store.database.execute("SELECT name FROM memory ORDER BY name").fetchall()
    assert names == [("other",), ("ours",)]


@given(st.lists(INSTANTS, min_size=2, max_size=8))
def test_instants_sort_as_their_texts_do(instants: list[datetime]) -> None:
    """Every text has the same length, in every year there is."""
    texts = [to_text(instant) for instant in instants]
    assert {len(text) for text in texts} == {24}
    assert sorted(texts) == [to_text(instant) for instant in sorted(instants)]


@given(COUNTABLE | st.just(FOR_EVER))
def test_an_instant_is_kept_to_the_millisecond(instant: datetime) -> None:
    """What is read is what was written, less than a millisecond earlier than it was."""
    kept = from_text(to_text(instant))
    assert timedelta(0) <= instant - kept < timedelta(milliseconds=1)
    assert to_text(kept) == to_text(instant)
    assert kept.tzinfo is UTC


def test_instants_of_other_zones_are_written_in_utc() -> None:
    """The database knows one clock."""
    noon = datetime(2026, 11, 23, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    assert to_text(noon) == "2026-11-23T10:00:00.000Z"
    assert (maybe_text(None), maybe_instant(None)) == (None, None)
