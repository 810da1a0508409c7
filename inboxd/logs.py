"""How log lines look, where they go, and that no secret is ever in one."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping
    from typing import TextIO

_SHORTEST_SECRET = 6
"""Shorter values would blacken ordinary words."""


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
    level = logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO
    out = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
            _Line(tuple(secret for secret in secrets if len(secret) >= _SHORTEST_SECRET)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=out),
        cache_logger_on_first_use=False,
    )
    # Libraries speak up only when something is wrong; at DEBUG some print their tokens.
    logging.basicConfig(
        level=logging.WARNING, stream=out, format="%(levelname)s %(name)s %(message)s", force=True
    )
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)


class _Line:
    """The last processor: one dictionary in, one line of text out."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._secrets = secrets

    def __call__(self, _logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
        time, level, text = event.pop("timestamp"), event.pop("level"), event.pop("event")
        error = event.pop("exc_info", None)
        facts = "".join(f" {key}={_quoted(value)}" for key, value in event.items())
        line = f"{time} {level} {text}{facts}"
        if error:
            line += "\n" + _trace(error)
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line


def _quoted(value: object) -> str:
    text = str(value)
    # Of all spaces only the plain one is printable.
    plain = text and text.isprintable() and not any(mark in text for mark in ' "=')
    return text if plain else ascii(text)


def _trace(error: object) -> str:
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception(error)).rstrip()
    return traceback.format_exc().rstrip()
