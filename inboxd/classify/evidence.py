"""
Which words of a message speak most for what the compact model says of it.

A word speaks for a label as much as the model would score it alone. That is kept for the words
that were met last: the same few thousand make most messages.
"""

from __future__ import annotations

import re
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from inboxd.classify.features import LONGEST_WORD
from inboxd.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

WORD = re.compile(r"[^\W_][\w'’ʼ-]*|[^\w\s]+")
"""What is tried as evidence: a word, or a row of signs."""
MOST_WORDS = 40
"""Words of a message that are tried as evidence."""

_EXPLAINS_NOTHING = re.compile(r"[-.,:;…–—/|«»„“”\"'()\[\]{}]+")
"""Signs that are weighed, and that no person would take for a reason."""
_LOOKED_AT = 20_000
"""Characters of a message in which they are sought."""
_A_LABEL = 3
"""Words shown for each label at most."""
_KEPT = 1 << 13
"""Words whose scores are kept: 0.9 MB of numbers."""


class Speaking:
    """Finds evidence; *score* says what the model makes of some words, each taken alone."""

    def __init__(self, score: Callable[[Sequence[str]], Floats], columns: int) -> None:
        self._score = score
        self._lock = Lock()
        self._places: dict[str, int] = {}
        self._table = np.zeros((_KEPT, columns), np.float32)

    def shown(
        self, texts: Sequence[str], wanted: Sequence[Sequence[tuple[int, str]]]
    ) -> list[tuple[Evidence, ...]]:
        """Return, for each text, the words that speak for its *wanted* columns, which have names."""
        found = [
            list(islice(WORD.finditer(text, 0, _LOOKED_AT), MOST_WORDS)) if labels else []
            for text, labels in zip(texts, wanted, strict=True)
        ]
        words = [match.group()[:LONGEST_WORD] for matches in found for match in matches]
        said = self._said(words)
        shown, at = [], 0
        for labels, matches in zip(wanted, found, strict=True):
            rows = said[at : at + len(matches)]
            at += len(matches)
            shown.append(tuple(_strongest(labels, matches, rows)) if matches else ())
        return shown

    def _said(self, words: Sequence[str]) -> Floats:
        """Return the scores of *words*, a row for each."""
        different = list(dict.fromkeys(words))
        if len(different) > _KEPT:
            return self._score(words)
        with self._lock:
            new = [word for word in different if word not in self._places]
            if len(self._places) + len(new) > _KEPT:
                self._places.clear()
                new = different
            if new:
                first = len(self._places)
                self._table[first : first + len(new)] = self._score(new)
                self._places.update(zip(new, range(first, first + len(new)), strict=True))
            said: Floats = self._table[[self._places[word] for word in words]]
        return said


def _strongest(
    labels: Sequence[tuple[int, str]], matches: Sequence[re.Match[str]], said: Floats
) -> list[Evidence]:
    """Return the words that speak for *labels*, at most a few for each, as they stand in the text."""
    spans: list[Evidence] = []
    for column, label in labels:
        scores = said[:, column].tolist()
        speaking = [
            place
            for place, score in enumerate(scores)
            if score > 0 and not _EXPLAINS_NOTHING.fullmatch(matches[place].group())
        ]
        best = sorted(speaking, key=scores.__getitem__, reverse=True)[:_A_LABEL]
        chosen = (matches[place] for place in sorted(best))
        spans.extend(Evidence(one.start(), one.end(), one.group(), label) for one in chosen)
    return spans
