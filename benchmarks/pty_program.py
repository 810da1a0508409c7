"""A program on a terminal of its own: how long it takes until something is to be seen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

COLUMNS, LINES = 120, 40
_PATIENCE_SECONDS = 60.0
_CALM_SECONDS = 0.05
"""Without output for so long a screen has been painted to its end."""
_REST_SECONDS = 0.2
"""Without output for so long nothing is told later, either, such as more of what was selected."""


class PtyProgram:
    """Runs *command* on a pseudo-terminal; what it draws is read and thrown away."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        self._side, theirs = pty.openpty()
        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        self._began = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, **env, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(theirs)

    def seen(self, marker: str) -> float:
        """Return how many seconds after the start *marker* was drawn."""
        drawn, wanted = b"", marker.encode()
        while wanted not in drawn:
            drawn += self._read(_PATIENCE_SECONDS, drawn)
        took = time.perf_counter() - self._began
        self._settle()
        return took

    def key(self, keys: bytes, marker: str = "") -> float:
        """
        Return how many seconds it takes from *keys* until their effect is drawn to the end.

        The effect has *marker* in it; by default it is what is drawn first. They are pressed once
        the program rests from what was pressed before.
        """
        self._settle(_REST_SECONDS)
        began = time.perf_counter()
        os.write(self._side, keys)
        drawn = self._read(_PATIENCE_SECONDS, b"")
        while marker.encode() not in drawn:
            drawn += self._read(_PATIENCE_SECONDS, drawn)
        return self._settle() - began

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def _settle(self, calm: float = _CALM_SECONDS) -> float:
        """Read until nothing more is drawn for *calm* seconds; returns when the last of it was."""
        last = time.perf_counter()
        while select.select([self._side], [], [], calm)[0]:
            os.read(self._side, 65_536)
            last = time.perf_counter()
        return last

    def _read(self, patience: float, drawn: bytes) -> bytes:
        if not select.select([self._side], [], [], patience)[0]:
            raise TimeoutError(f"nothing more was drawn; the last was {drawn[-500:]!r}")
        try:
            return os.read(self._side, 65_536)
        except OSError:
            raise RuntimeError(f"it has ended; the last it drew: {drawn[-500:]!r}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._side)
