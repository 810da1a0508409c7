"""Keeps the secrets that this process knows out of whatever it writes, however they are spelled."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST = 6
"""Characters below which a secret may be an ordinary word, or a part of many."""
_SHORTEST_WORD = 4
"""A secret of so many is blotted out where it stands alone; what is shorter is guessed anyway."""
_BLOT = "***"


class Blotter:
    """Blots out secrets: in the middle of anything, or as whole words where they are short."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        # The longest first: a secret may be the beginning of another.
        longest_first = sorted(spellings, key=lambda each: (-len(each), each))
        patterns = [
            re.escape(each) if len(each) >= SHORTEST else rf"(?<![\w-]){re.escape(each)}(?![\w-])"
            for each in longest_first
        ]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __call__(self, text: str) -> str:
        """Return *text* without the secrets."""
        return self._pattern.sub(_BLOT, text) if self._pattern else text


def _spellings(secret: str) -> Iterator[str]:
    """Yield how *secret* may stand in a text: as it is, and as notations escape it."""
    if len(secret) < _SHORTEST_WORD:
        return
    yield secret
    yield quote(secret, safe="")
    yield quote(secret)
    yield quote_plus(secret)
    yield json.dumps(secret)[1:-1]
    yield ascii(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield html.escape(secret)
    yield base64.b64encode(secret.encode()).decode()
    yield from _of_address(secret)


def _of_address(secret: str) -> Iterator[str]:
    """Yield the part of a secret address by which it is one; errors often tell only that."""
    try:
        parts = urlsplit(secret)
    except ValueError:
        return
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if parts.scheme in {"http", "https"} and len(path) >= SHORTEST:
        yield path


class _Known:
    """What this process knows, for whoever writes: it must not be handed through everything."""

    secrets: frozenset[str] = frozenset()
    blotter = Blotter()


def keep_out(secrets: Iterable[str]) -> None:
    """Keep *secrets*, beside those that are known already, out of everything from now on."""
    known = _Known.secrets.union(secrets)
    if known != _Known.secrets:
        _Known.secrets, _Known.blotter = known, Blotter(known)


def blotted(text: str) -> str:
    """Return *text* without any secret that this process knows."""
    return _Known.blotter(text)
