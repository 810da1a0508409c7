"""The console sink: alerts on a terminal or, line by line, in whatever stands in its place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from inboxd.errors import OutcomeUnknown, SinkRefused
from inboxd.model import Tone
from inboxd.notify.inert import excerpt
from inboxd.notify.sink import Delivery, Receipt, Sink
from inboxd.notify.together import summary_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from inboxd.clock import Clock
    from inboxd.notify.summary import Line, Summary

_LONGEST_QUOTE = 1_500
_STYLES = {
    Tone.WARNING: "yellow",
    Tone.BREACH: "red",
    Tone.RECOVERY: "green",
    Tone.NOTICE: "blue",
}


class ConsoleSink(Sink):
    """Prints every alert; for trying out, for the demo and for logs that somebody watches."""

    idempotent = False

    def __init__(
        self, name: str, clock: Clock, tz: tzinfo, *, stream: TextIO | None = None
    ) -> None:
        self.name = name
        self._clock = clock
        self._tz = tz
        self._stream = stream

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Print the alert to the stream (standard output unless told otherwise)."""
        summary = summary_of(delivery, self._clock.now(), self._tz)
        # Looked up for each alert, as print does: somebody may have replaced sys.stdout.
        stream = sys.stdout if self._stream is None else self._stream
        try:
            show(summary, stream)
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            raise SinkRefused(
                f"sink {self.name}: the console cannot be written to ({error})"
            ) from error
        return {"key": delivery.key}

    async def find(self, delivery: Delivery) -> Receipt | None:
        """Raise OutcomeUnknown: what was printed cannot be read back."""
        raise OutcomeUnknown(
            f"sink {self.name}: whether alert {delivery.key} was printed cannot be told"
        )


def show(summary: Summary, stream: TextIO) -> None:
    """Write *summary* to *stream*: a coloured panel on a terminal, plain lines elsewhere."""
    console = Console(file=stream, markup=False, highlight=False, emoji=False)
    if console.is_terminal and console.encoding.startswith("utf"):
        console.print(_panel(summary))
    else:
        stream.write(_writable("\n".join(lines(summary)) + "\n\n", stream))
    stream.flush()


def lines(summary: Summary) -> Iterator[str]:
    """Yield plain lines; the bar before each quoted one says that a customer speaks."""
    yield summary.headline
    if summary.caution:
        yield f"  ! {summary.caution}"
    for fact in summary.facts:
        yield f"  {fact.label + ':':<9} {fact.value}"
    for line in summary.detail.splitlines():
        yield f"  {line}"
    if summary.quote is not None:
        for line in str(excerpt(summary.quote, _LONGEST_QUOTE)).split("\n"):
            yield f"  | {line}"
    for action in (summary.link, summary.command):
        if action:
            yield f"  > {action}"
    for each in summary.lines:
        yield from _lines_of(each)


def _lines_of(line: Line) -> Iterator[str]:
    yield f"  {line.headline}"
    if line.quote:
        yield f"    | {line.quote}"
    for action in (line.link, line.command):
        if action:
            yield f"    > {action}"


def _panel(summary: Summary) -> Panel:
    """Return the alert for a terminal; Text objects, because rich reads markup in strings."""
    style = _STYLES[summary.tone]
    _headline, *rest = lines(summary)
    return Panel(
        Text("\n").join(Text(line.removeprefix("  ")) for line in rest),
        title=Text(summary.headline, style=f"bold {style}"),
        title_align="left",
        border_style=style,
    )


def _writable(text: str, stream: TextIO) -> str:
    """Return *text* with what the stream's encoding lacks written as escapes, not as an error."""
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
