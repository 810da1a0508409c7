"""
Facebook: one Page's Messenger inbox, comments, mentions and reviews, over the Graph API.

Graph has no list of "what is new", so each source is read newest first until what was
known; and no tombstones, so what is deleted is simply no longer shown, and found to be gone
by looking it up (verifying.py says when that is believed). Its paging cursors expire with the
item they point to and its ``next`` URLs carry the token, so neither is ever kept: a cursor of
ours holds instants only.

Source: facebook-inbox-spec.json, and developers.facebook.com/docs/graph-api.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.facebook.connector import Connector
    from connectors.facebook.public import PublicReader
    from connectors.facebook.settings import Settings

__all__ = ["Connector", "PublicReader", "Settings", "length"]

_IN = {"Connector": "connector", "PublicReader": "public", "Settings": "settings"}

length = len
"""How long it finds a public text."""


def __getattr__(name: str) -> object:
    """Return the public class of that *name*, loaded when it is first asked for."""
    if name not in _IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_IN[name]}"), name)
