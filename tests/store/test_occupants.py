"""Promises about who keeps the database from being written."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from inboxd.errors import DatabaseUnavailable
from inboxd.store import Store, database
from inboxd.store.occupants import occupants

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/locks"),  # noqa: PTH110 - at import
    reason="only Linux tells who holds a lock",
)


@contextmanager
def held(path: Path, how: str) -> Iterator[int]:
    """Let another process hold the database by *how*; yields its number."""
    script = textwrap.dedent("""
        import sqlite3, sys
        connection = sqlite3.connect(sys.argv[1], isolation_level=None)
        connection.execute(sys.argv[2])
        connection.execute("INSERT INTO memory VALUES ('theirs', '1')")
        print("held", flush=True)
        sys.stdin.read()
    """)
    with subprocess.Popen(  # noqa: S603 - our own interpreter and the script above
        [sys.executable, "-c", script, str(path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == b"held\n"
        yield child.pid
        child.kill()


def test_whoever_writes_is_named(tmp_path: Path) -> None:
    """With the number and the name of the process, and only while it holds the file."""
    path = tmp_path / "inboxd.db"
    with Store(path):
        with held(path, "BEGIN IMMEDIATE") as number:
            (found,) = occupants(path)
            assert found.startswith(f"process {number} (")
        assert occupants(path) == []


def test_whoever_has_it_for_itself_alone_is_named(tmp_path: Path) -> None:
    """A program that keeps the file in exclusive mode holds other locks."""
    path = tmp_path / "inboxd.db"
    Store(path).close()
    with held(path, "PRAGMA locking_mode = EXCLUSIVE") as number:
        assert [name.split()[1] for name in occupants(path)] == [str(number)]


def test_we_do_not_blame_ourselves(tmp_path: Path) -> None:
    """Nor anybody where nobody holds it, or there is no file."""
    path = tmp_path / "inboxd.db"
    assert occupants(path) == []
    with Store(path) as store, store.transaction():
        store.remember("ours", "1")
        assert occupants(path) == []


def test_the_error_says_whom_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, the screen and the daemon all tell it."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_SECONDS", 0.05)
    path = tmp_path / "inboxd.db"
    with (
        Store(path) as store,
        held(path, "BEGIN IMMEDIATE") as number,
        pytest.raises(DatabaseUnavailable, match=rf"process {number} \(.+\) has held it locked"),
        store.transaction(),
    ):
        raise AssertionError
