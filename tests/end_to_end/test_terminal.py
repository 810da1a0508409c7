"""Promises about the terminal in which people triage: what reaches it, and how it is left."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.shop import PROGRAM
from tests.tui.stage import Stage, fill

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATIENCE_SECONDS = 40.0
"""Much is started beside it on a small machine."""


class Line:
    """A program on a line of its own, as over ssh: keys go in, bytes come out."""

    def __init__(self, config: Path, columns: int = 120, lines: int = 40, **environ: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._theirs = theirs
        self._sane = termios.tcgetattr(theirs)
        self.seen = b""
        # Time comes from the machine: all that is in the database is of another day.
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [*PROGRAM, "-c", str(config), "tui", "--as", "Olena"],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - no threads here
            env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"} | environ,
        )  # fmt: skip

    def press(self, keys: str) -> None:
        """Press keys, one after the other, as fast as a line carries them."""
        os.write(self._ours, keys.encode())

    def until(self, wanted: str) -> None:
        """Wait until *wanted* has come; what came before it is forgotten."""
        ends = time.monotonic() + _PATIENCE_SECONDS
        while wanted.encode() not in self.seen:
            assert time.monotonic() < ends, self.seen[-3_000:]
            self._take(0.1)

    def rest(self) -> None:
        """Wait until nothing more comes."""
        before = -1
        while len(self.seen) > before:
            before = len(self.seen)
            self._take(0.5)

    def _take(self, seconds: float) -> None:
        if self._ours < 0:
            time.sleep(seconds)
        elif select.select([self._ours], [], [], seconds)[0]:
            self.seen += os.read(self._ours, 65_536)

    def ended(self) -> int:
        """Wait until the program has ended; returns its exit code."""
        ends = time.monotonic() + _PATIENCE_SECONDS
        while (code := self.process.poll()) is None:
            assert time.monotonic() < ends, self.seen[-3_000:]
            self._take(0.1)
        self._take(0.1)
        return code

    @property
    def is_sane(self) -> bool:
        """Tell whether the terminal was left as it was found: keys echo, and its own screen is back."""
        left = self.seen.rpartition(b"\x1b[?1049l")[2]
        return termios.tcgetattr(self._theirs) == self._sane and b"\x1b[?1049h" not in left

    def hang_up(self) -> None:
        """Cut the line."""
        os.close(self._ours)
        self._ours = -1

    def close(self) -> None:
        """End the program, whatever it does."""
        self.process.kill()
        self.process.wait()
        if self._ours >= 0:
            os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    fill(made)
    yield made
    made.store.close()


@contextmanager
def line(stage: Stage, columns: int = 120, lines: int = 40, **environ: str) -> Iterator[Line]:
    """Yield a line with the interface on it, its first view shown."""
    made = Line(stage.path, columns, lines, **environ)
    try:
        made.until("1 of ")
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_leaves_a_draft_and_a_sane_terminal(stage: Stage, name: str) -> None:
    """What was being written is kept, nobody seems to be there any more, and keys echo again."""
    with line(stage) as terminal:
        terminal.press("r")
        terminal.until("Saved replies")
        terminal.press("Halfway through")
        terminal.until("draft not saved yet")
        terminal.process.send_signal(getattr(signal, name))
        assert terminal.ended() == 128 + getattr(signal, name)
        assert terminal.is_sane
        assert b"Traceback" not in terminal.seen
    assert stage.value("SELECT group_concat(text) FROM drafts") == "Halfway through"
    assert stage.value("SELECT count(*) FROM presences") == 0


def test_a_line_that_breaks_leaves_a_draft_and_no_process(stage: Stage) -> None:
    """Where the connection is lost, the program goes, and what was written is there next time."""
    with line(stage) as terminal:
        terminal.press("r")
        terminal.until("Saved replies")
        terminal.press("Halfway through")
        terminal.until("draft not saved yet")
        terminal.hang_up()
        terminal.ended()
    assert stage.value("SELECT group_concat(text) FROM drafts") == "Halfway through"
    assert stage.value("SELECT count(*) FROM presences") == 0


_AND_BACK = [key for opens in "Aztscnr" for key in (opens, "\x1b")]


def test_nothing_of_a_customers_escapes_reaches_the_terminal(stage: Stage) -> None:
    """Names and texts that command a terminal are letters on it, on every screen and in every corner."""
    evil = (
        "[/red][link=file:///x]\x1b]52;c;ZXZpbA==\x07\x1b]8;;http://evil\x1b\\\\x1b]0;EVIL\x07\x1b[2J"
        "\x9b31m\u202eR\u2066i\u061c\u2028\u2029\u200b\u2060\ufeff"
    )
    change = stage.store.database.execute
    change("UPDATE messages SET text = ?, staff = ?", (evil * 3, evil))
    change("UPDATE authors SET name = ?, handle = ?", (evil, evil))
    change("UPDATE actions SET actor = ?, detail = ? WHERE action <> 'snooze'", (evil, evil))
    change("UPDATE cases SET assigned_to = ?, close_reason = ?", (evil, evil))
    change("UPDATE conversations SET reply_note = ?", (evil,))
    change(
        "INSERT INTO presences SELECT 's' || id, ?, id, 'replying', '2099-01-01T00:00:00.000Z' FROM cases",
        (evil,),
    )
    change(
        "INSERT INTO drafts SELECT id, 'Olena', ?, '2026-01-01T00:00:00.000Z' FROM cases", (evil,)
    )
    with line(stage, 160, 50) as terminal:
        for key in ("\r", "e", *("\x1b[C",) * 3, *_AND_BACK, "a", "u", "\x1b", "i", "\x1b", "v", "\x1b", "/", "x", "\r", "q"):  # fmt: skip
            terminal.press(key)
            terminal.rest()
        assert terminal.ended() == 0
        assert terminal.is_sane
        # How the mouse looks is Textual's own word.
        shown = re.sub(rb"\x1b]22;\w+\x07", b"", terminal.seen)
    for opened in ("Assign", "Snooze", "Correct", "Silence", "Saved replies", "Outbox", "First responses"):  # fmt: skip
        assert opened.encode() in shown, opened
    for sequence in ("\x1b]", "\x1b[2J", "\x9b", "\x07", "\u202e", "\u2066", "\u061c", "\u2028", "\u2029", "\u2060", "\ufeff"):  # fmt: skip
        assert sequence.encode() not in shown, sequence


def test_a_terminal_without_the_letters_keeps_the_columns(stage: Stage) -> None:
    """What it cannot show is one question mark for each letter."""
    with line(stage, PYTHONIOENCODING="ascii") as terminal:
        assert b"????" in terminal.seen
        assert b"\\u0" not in terminal.seen
