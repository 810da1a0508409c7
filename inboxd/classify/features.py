"""
What the compact model sees of a message: hashed pieces of its words, weighted.

The pieces are runs of two to five characters, whole words and pairs of words, each hashed
into one of :data:`BUCKETS`. Everything is done on arrays for a whole batch at once; a
message's own cost is a few tens of microseconds. Only numpy is needed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from inboxd.classify.tokens import REMEMBERED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Hashes = NDArray[np.uint32]

_BITS = 17
BUCKETS = 1 << _BITS
"""How many different pieces the model can tell apart; collisions are rare and harmless."""

LONGEST_WORD = 40
"""Characters by which a single word is known; it bounds what is kept of them."""

HEAD, TAIL = 1_200, 400
"""Characters looked at from the beginning and the end of a text."""

_LONGEST_RUN = 5
_WORD, _PAIR = 11, 12
"""Salts that keep a word apart from the same characters as a run."""

_URL = re.compile(r"https?://\S+|www\.\S+")
_HANDLE = re.compile(r"@\w+")
_NUMBER = re.compile(r"\d+")
_REPEATED = re.compile(r"(.)\1{2,}")
_APART = re.compile(r"([^\w\s])")
_SPELLING = (("ё", "е"), ("’", "'"), ("ʼ", "'"), ("`", "'"), ("´", "'"))
_BASE = 0x9E3779B9
_BEGIN, _END = " \ue003", "\ue004 "
_NOTHING = np.zeros(1, np.uint32)


@dataclass(frozen=True, slots=True)
class Pieces:
    """
    The pieces of a batch in rows: row *i* is ``buckets[starts[i]:starts[i + 1]]``.

    *values* are how much each piece counts in its message, before the pieces' own weights:
    1 + log(occurrences).
    """

    buckets: NDArray[np.int64]
    values: NDArray[np.float32]
    starts: NDArray[np.int64]


def normal(text: str) -> str:
    """Return *text* evened out: one case, no accents of habit, no numbers, addresses, names."""
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]} {text[-TAIL:]}"
    text = unicodedata.normalize("NFKC", text).casefold()
    for sign, plain in _SPELLING:
        text = text.replace(sign, plain)
    if "://" in text or "www." in text:
        text = _URL.sub(" \ue000 ", text)
    if "@" in text:
        text = _HANDLE.sub(" \ue001 ", text)
    text = _NUMBER.sub("\ue002", text)
    text = _APART.sub(r" \1 ", _REPEATED.sub(r"\1\1", text))
    return f" {' '.join(text.split())} "


_normal_word = lru_cache(maxsize=REMEMBERED)(normal)


def pieces(texts: Sequence[str]) -> Pieces:
    """Return the pieces of a batch of raw texts; how one begins and ends is a piece, too."""
    return _pieces([f"{_BEGIN}{normal(text)}{_END}" for text in texts])


def pieces_of_words(words: Sequence[str]) -> Pieces:
    """Return the pieces that *words*, or their beginnings, have wherever they stand in a message."""
    return _pieces([_normal_word(word[:LONGEST_WORD]) for word in words])


def _pieces(evened: Sequence[str]) -> Pieces:
    codes = np.frombuffer("".join(evened).encode("utf-32-le", "replace"), np.uint32)
    lengths = np.fromiter(map(len, evened), np.int64, len(evened))
    row_of = np.repeat(np.arange(len(evened), dtype=np.uint32), lengths)
    found = [*_runs(codes, row_of), *_words(codes, row_of)]
    rows, hashes = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _counted(rows, hashes, len(evened))


def _mixed(hashes: Hashes, salt: int) -> Hashes:
    """Return *hashes* with their bits spread (the finaliser of MurmurHash3)."""
    x = hashes + np.uint32(_BASE * (salt + 1) & 0xFFFFFFFF)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return x ^ (x >> np.uint32(16))


def _runs(codes: Hashes, row_of: Hashes) -> Iterator[tuple[Hashes, Hashes]]:
    """Yield the rows and hashes of the runs of each size that lie within one row."""
    hashes = codes
    for size in range(2, _LONGEST_RUN + 1):
        count = max(len(codes) - size + 1, 0)
        hashes = hashes[:count] * np.uint32(16_777_619) + codes[size - 1 :]
        inside = row_of[:count] == row_of[size - 1 :]
        yield row_of[:count][inside], _mixed(hashes[inside], size)


def _words(codes: Hashes, row_of: Hashes) -> Iterator[tuple[Hashes, Hashes]]:
    """Yield the rows and hashes of the words, and of the pairs of neighbouring words in one row."""
    blank = codes == ord(" ")
    begins = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    stops = np.flatnonzero(~blank[:-1] & blank[1:]) + 1
    # Sums of mixed (character, place in word) are the same wherever a word stands.
    edges = np.concatenate([[0], begins, [len(codes)]])
    place = np.arange(len(codes)) - np.repeat(edges[:-1], np.diff(edges))
    spread = _mixed(codes * np.uint32(1_000_003) + place.astype(np.uint32), 0)
    sums = np.concatenate([_NOTHING, np.cumsum(spread, dtype=np.uint32)])
    words = sums[stops] - sums[begins]
    rows = row_of[begins]
    yield rows, _mixed(words, _WORD)
    together = rows[:-1] == rows[1:]
    pairs = words[:-1] * np.uint32(31) + words[1:]
    yield rows[:-1][together], _mixed(pairs[together], _PAIR)


def _counted(rows: Hashes, hashes: Hashes, count: int) -> Pieces:
    """Return each row's different buckets, and how often they occur in it."""
    # Half as wide numbers are sorted twice as fast, and a batch has few rows.
    whole = np.uint32 if count <= 1 << (32 - _BITS) else np.uint64
    keys = np.left_shift(rows, _BITS, dtype=whole) | (hashes & np.uint32(BUCKETS - 1))
    keys.sort()
    first = np.concatenate([[True], keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, bool)
    places = np.flatnonzero(first)
    occurrences = np.diff(places, append=len(keys))
    unique = keys[places]
    starts = np.searchsorted(unique >> _BITS, np.arange(count + 1))
    values = (1 + np.log(occurrences)).astype(np.float32)
    return Pieces((unique & (BUCKETS - 1)).astype(np.int64), values, starts)
