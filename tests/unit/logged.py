"""Lets a test read the log as the program writes it, and leaves no trace of that behind."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from inboxd import logs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO


@contextmanager
def logging_to(stream: TextIO, secrets: Iterable[str] = ()) -> Iterator[None]:
    """
    Let log lines go to *stream*, without *secrets*, for as long as the block lasts.

    Logging is the whole process's: what is left configured would swallow the lines of later tests.
    """
    try:
        logs.configure(secrets=secrets, stream=stream)
        yield
    finally:
        structlog.reset_defaults()
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)
        logging.getLogger("apscheduler").setLevel(logging.NOTSET)
