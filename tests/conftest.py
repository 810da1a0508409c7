"""What holds for every test."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long an example takes tells of the machine, and of who else works there; what must be quick
# has a test that measures it. All else stays as it is, what Hypothesis does in a CI included.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """
    Let no test inherit the log of another.

    Logging is the whole process's, and a command that is run within it sets it up for itself.
    """
    yield
    if structlog.is_configured():
        structlog.reset_defaults()
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)
        logging.getLogger("apscheduler").setLevel(logging.NOTSET)
