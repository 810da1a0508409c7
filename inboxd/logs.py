"""How log lines look, where they go, and that no secret is ever in one."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import traceback
from contextlib import suppress
from io import TextIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import structlog

from inboxd import blotting, line
from inboxd.errors import is_shortage

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping
    from types import TracebackType
    from typing import TextIO


def configure(
    *,
    verbose: bool = False,
    quiet: bool = False,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """
    Send log lines to *stream* (standard error), with every one of *secrets* blacked out.

    A *quiet* program says only what is wrong.

    A line is one fact: ``2026-11-22T08:30:00Z warning poll failed account=shop-vk …``.
    """
    blotting.keep_out({*secrets, *line.proxy_secrets()})
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    out = cast("TextIO", _Bearing(stream or sys.stderr))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    # Libraries speak up only when something is wrong; at DEBUG some print their tokens.
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Foreign("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


def guard_crashes() -> None:
    """Keep secrets out of what Python prints of errors that nobody caught, in any thread."""
    sys.excepthook = _crashed
    threading.excepthook = lambda told: _crashed(
        told.exc_type, told.exc_value or told.exc_type(), told.exc_traceback
    )


class _Bearing(TextIOBase):
    """
    Goes on where nobody takes the lines any more: the journal is gone, or its disk full.

    What the program is there for matters more than what it says of it.
    """

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out

    def write(self, text: str) -> int:
        """Write *text*, if it can be."""
        with suppress(OSError, ValueError):
            self._out.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written; to nobody, once the reader is gone for good."""
        try:
            self._out.flush()
        except BrokenPipeError:
            _lead_nowhere(self._out)
        except (OSError, ValueError):
            return


def _lead_nowhere(out: TextIO) -> None:
    """Let what is written to *out* vanish: at its end Python would fail over the rest."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out.fileno())
    os.close(nowhere)


def outlive_standard_streams() -> None:
    """
    Let neither closed standard streams nor full ones be the end of the program.

    Descriptors that are closed are taken by /dev/null: else a file that is opened next would get
    the number under which every library takes standard error for granted.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    # None, where the program was started without them.
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    atexit.register(_let_go)


def _let_go() -> None:
    for out in (sys.stdout, sys.stderr):
        try:
            out.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                _lead_nowhere(out)


class _Foreign(logging.Formatter):
    """A library's line, with its traceback; where the machine is short of something, without."""

    def format(self, record: logging.LogRecord) -> str:
        """Return it without a secret."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and is_shortage(error):
            what = (record.getMessage().splitlines() or [""])[0]
            why = str(error) or "not enough memory"
            return blotting.blotted(f"{record.levelname} {record.name} {what}: {why}")
        return blotting.blotted(super().format(record))


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print what nobody caught, on its way out of a thread or of the program."""
    sys.stderr.write(blotting.blotted("".join(traceback.format_exception(kind, error, trace))))


def _line(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """Return one line of text: the last processor."""
    time, level, text = event.pop("timestamp"), event.pop("level"), event.pop("event")
    error = event.pop("exc_info", None)
    # Before they are quoted, for quoting spells a secret in its own way.
    facts = "".join(
        f" {key}={_quoted(blotting.blotted(str(value)))}" for key, value in event.items()
    )
    whole = f"{time} {level} {text}{facts}"
    if error:
        whole += "\n" + _trace(error)
    return blotting.blotted(whole)


def _quoted(text: str) -> str:
    # Of all spaces only the plain one is printable.
    plain = text and text.isprintable() and not any(mark in text for mark in ' "=')
    return text if plain else ascii(text)


def _trace(error: object) -> str:
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception(error)).rstrip()
    return traceback.format_exc().rstrip()
