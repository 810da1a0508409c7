"""How log lines look, where they go, and that no secret is ever in one."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import structlog

from inboxd import blotting, line

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
    out = stream or sys.stderr
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


class _Foreign(logging.Formatter):
    """A library's line, with its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return it without a secret."""
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
