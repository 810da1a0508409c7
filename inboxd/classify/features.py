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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BUCKETS = 1 << 17
"""How many different pieces the model can tell apart; collisions are rare and harmless."""

HEAD, TAIL = 1_200, 400
"""Characters looked at from the beginning and the end of a text."""

_RUNS = (2, 3, 4, 5)
_WORD_LENGTH = 24
_WORD, _PAIR = 11, 12
"""Salts that keep a word apart from the same characters as a run."""

_URL = re.compile(r"https?://\S+|www\.\S+")
_HANDLE = re.compile(r"@\w+")
_NUMBER = re.compile(r"\d+")
_REPEATED = re.compile(r"(.)\1{2,}")
_APART = re.compile(r"([^\w\s])")
_SPELLING = (("ё", "е"), ("’", "'"), ("ʼ", "'"), ("`", "'"), ("´", "'"))
_MASK = np.uint64(BUCKETS - 1)
_BASE = 0x9E3779B97F4A7C15


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


_normal_word = lru_cache(maxsize=1 << 14)(normal)
"""For single words, which are asked for again and again as evidence."""


def pieces(texts: Sequence[str]) -> Pieces:
    """Return the pieces of a batch of raw texts."""
    evened = [normal(text) if len(text) > _WORD_LENGTH else _normal_word(text) for text in texts]
    codes = np.frombuffer("".join(evened).encode("utf-32-le", "replace"), np.uint32).astype(
        np.uint64
    )
    lengths = np.fromiter(map(len, evened), np.int64, len(evened))
    ends = np.cumsum(lengths)
    row_of = np.repeat(np.arange(len(evened)), lengths)
    rows, hashes = [], []
    for size in _RUNS:
        row, run = _runs(codes, row_of, ends, size)
        rows.append(row)
        hashes.append(run)
    for row, words in _words(codes, row_of):
        rows.append(row)
        hashes.append(words)
    return _counted(np.concatenate(rows), np.concatenate(hashes), len(evened))


def _mixed(hashes: NDArray[np.uint64], salt: int) -> NDArray[np.uint64]:
    """Return *hashes* with their bits spread (the finaliser of splitmix64)."""
    x = hashes + np.uint64((_BASE * (salt + 1)) & 0xFFFFFFFFFFFFFFFF)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def _runs(
    codes: NDArray[np.uint64], row_of: NDArray[np.int64], ends: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return the runs of *size* characters that lie within one row."""
    count = max(len(codes) - size + 1, 0)
    hashes = np.zeros(count, np.uint64)
    for offset in range(size):
        hashes = hashes * np.uint64(1_099_511_628_211) + codes[offset : offset + count]
    rows = row_of[:count]
    inside = np.arange(count) + size <= ends[rows]
    return rows[inside], _mixed(hashes[inside], size)


def _words(
    codes: NDArray[np.uint64], row_of: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Return the words, and the pairs of neighbouring words within one row."""
    blank = codes == ord(" ")
    begins = np.flatnonzero(blank[:-1] & ~blank[1:]) + 1
    stops = np.flatnonzero(~blank[:-1] & blank[1:]) + 1
    # Sums of mixed (character, place in word) are the same wherever a word stands.
    place = np.arange(len(codes)) - np.repeat(
        np.concatenate([[0], begins]), np.diff(np.concatenate([[0], begins, [len(codes)]]))
    )
    spread = _mixed(codes * np.uint64(1_000_003) + place.astype(np.uint64), 0)
    sums = np.concatenate([[np.uint64(0)], np.cumsum(spread, dtype=np.uint64)])
    words = sums[stops] - sums[begins]
    rows = row_of[begins]
    together = rows[:-1] == rows[1:]
    pairs = (words[:-1] * np.uint64(31) + words[1:])[together]
    return [(rows, _mixed(words, _WORD)), (rows[:-1][together], _mixed(pairs, _PAIR))]


def _counted(rows: NDArray[np.int64], hashes: NDArray[np.uint64], count: int) -> Pieces:
    """Return each row's different buckets, and how often they occur in it."""
    keys = (rows << 17) | (hashes & _MASK).astype(np.int64)
    keys.sort()
    first = np.concatenate([[True], keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, bool)
    places = np.flatnonzero(first)
    occurrences = np.diff(np.concatenate([places, [len(keys)]]))
    unique = keys[places]
    starts = np.searchsorted(unique, np.arange(count + 1) << 17)
    values = (1 + np.log(occurrences)).astype(np.float32)
    return Pieces(unique & (BUCKETS - 1), values, starts.astype(np.int64))
