"""
VK: a community's private messages and comments.

The Bots Long Poll (community token) tells everything as it happens and is read first;
``conversations`` (community token) and ``wall`` (service token) read back what it may have
lost. API 5.199; facts are from dev.vk.com and VKCOM/vk-api-schema.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.vk.connector import Connector
    from connectors.vk.public import PublicReader
    from connectors.vk.settings import Settings

__all__ = ["Connector", "PublicReader", "Settings", "length"]

_IN = {"Connector": "connector", "PublicReader": "public", "Settings": "settings"}

length = len
"""How long it finds a public text."""


def __getattr__(name: str) -> object:
    """Return the public class of that *name*, loaded when it is first asked for."""
    if name not in _IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_IN[name]}"), name)
