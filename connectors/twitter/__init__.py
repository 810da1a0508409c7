"""X (Twitter): what people write to the shop there, and what the shop answers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from connectors.twitter.weighing import weight as length

if TYPE_CHECKING:
    from connectors.twitter.connector import Connector
    from connectors.twitter.public import PublicReader
    from connectors.twitter.settings import Settings

__all__ = ["Connector", "PublicReader", "Settings", "length"]

_IN = {"Connector": "connector", "PublicReader": "public", "Settings": "settings"}


def __getattr__(name: str) -> object:
    """Return the public class of that *name*, loaded when it is first asked for."""
    if name not in _IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_IN[name]}"), name)
