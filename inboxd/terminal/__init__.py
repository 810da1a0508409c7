"""What commands print for people's eyes: tables, threads and bars in which others' text is inert."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import IO, Any, cast

from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """Return where to print; without a terminal, lines are as wide as they need to be."""
    # The type is what Rich asks for; of a stream it uses what is delegated.
    file = cast("IO[str]", _Unhindered(sys.stderr)) if stderr and sys.stderr else None
    out = Console(file=file, stderr=stderr, highlight=False, emoji=False, markup=False)
    if not out.is_terminal:
        out.width = max(out.width, 160)
    return out


class _Unhindered:
    """A stream for progress: work goes on where a log's disk is full or nobody reads on."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write *text*, if that can be done."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Write out what was kept back, if that can be done."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a stream has
        """Return what else the stream has."""
        return getattr(self._stream, name)
