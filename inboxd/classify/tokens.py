"""
How a message is read: words, signs and where sentences end, in one linear pass.

Only the first 4,000 and the last 1,000 characters are looked at: people say what they
want at the beginning or at the end, and a pasted log of 100 KB must not cost more than a
long letter. Positions are always those of the *original* text, because a verdict shows its
evidence there; spelling is evened out in each token's key instead.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = 4_000
"""Characters looked at from the beginning of a text."""

TAIL = 1_000
"""Characters looked at from the end of a text that is longer than both."""

_KEY_LENGTH = 40
"""No word of a lexicon is longer; it also bounds what the cache can hold."""

REMEMBERED = 2_048
"""
Words of which something is kept: the frequent ones. Of the rest nearly each is new, and 8,192
were no faster in the benchmark and cost the daemon 28 MB, a little more each day of its first month.
"""

_APOSTROPHES = "'’ʼ`´‘′"
_ACCENTS = "\u0300-\u036f"
# Soft hyphens, zero-width and directional marks, variation selectors: no reason to cut a
# word in two, and no part of one that begins or ends with them.
_INVISIBLES = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0f\ufeff"

# Every alternative begins with its own set of characters, and no repetition holds another
# that could match the same: the pass stays linear whatever is fed to it.
_TOKEN = re.compile(
    rf"(?P<skip>https?://\S+|www\.\S+|@\w+|[\s_{_ACCENTS}{_INVISIBLES}]+)"
    rf"|(?P<word>[^\W_](?:[{_APOSTROPHES}{_INVISIBLES}]*(?:[^\W_]|[{_ACCENTS}]))*) ?"
    r"|(?P<face>[:;=]-?[()D/|\\]|\(\(+|\)\)+)"
    r"|(?P<stop>[.!?…]+)"
    r"|(?P<pause>[,;:()–—-])"
    r"|(?P<symbol>[^\w\s])"
)
_SKIP, _WORD, _STOP, _PAUSE, _SYMBOL = (
    _TOKEN.groupindex[name] for name in ("skip", "word", "stop", "pause", "symbol")
)
_INVISIBLE = re.compile(f"[{_INVISIBLES}]")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_SPELLING = str.maketrans({"ё": "е", "ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue"})
_NO_APOSTROPHE = str.maketrans(dict.fromkeys(_APOSTROPHES))
_ONE_APOSTROPHE = str.maketrans(dict.fromkeys(_APOSTROPHES, "'"))


@dataclass(slots=True)
class Reading:
    """
    A text as parallel lists of tokens, plus what its punctuation says.

    ``text[starts[i]:ends[i]]`` is token *i*; *keys* hold it evenly spelt. Tokens with equal
    *sentences* belong to one sentence, with equal *clauses* to one stretch without a comma.
    *asked* is where the first question mark stands.
    """

    text: str
    keys: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    sentences: list[int] = field(default_factory=list)
    clauses: list[int] = field(default_factory=list)
    asked: tuple[int, int] | None = None
    questions: int = 0
    exclamations: int = 0
    sentence: int = 0
    clause: int = 0

    def stop(self, signs: str) -> None:
        """
        End a clause, and a sentence too unless *signs* are mere dots.

        In chats "..." stands for a comma as often as for a full stop.
        """
        self.clause += 1
        if signs == "." or "?" in signs or "!" in signs:
            self.sentence += 1
        self.questions += signs.count("?")
        self.exclamations += signs.count("!")


def window(text: str) -> tuple[tuple[int, int], ...]:
    """Return the spans of *text* that are looked at; see the module's docstring."""
    if len(text) <= HEAD + TAIL:
        return ((0, len(text)),)
    return ((0, HEAD), (len(text) - TAIL, len(text)))


def read(text: str) -> Reading:
    """Return the tokens of *text*; links, @names and white space are none."""
    reading = Reading(text)
    for start, end in window(text):
        _take(reading, _TOKEN.finditer(text, start, end))
        reading.stop(".")
    return reading


def _take(reading: Reading, matches: Iterable[re.Match[str]]) -> None:
    """Add what was found to *reading*; no call for each token, for this is where time goes."""
    keys, starts, ends = reading.keys, reading.starts, reading.ends
    sentences, clauses = reading.sentences, reading.clauses
    for match in matches:
        kind = match.lastindex or 0
        found = match[kind]
        if kind == _SKIP:
            if "\n" in found:
                reading.stop(".")
            continue
        if kind == _WORD:
            key = fold(found[:_KEY_LENGTH])
            # A lone ʼ counts as a letter, and nothing is left of it.
            if not key:
                continue
        elif kind == _STOP:
            if "?" in found and reading.asked is None:
                reading.asked = match.span()
            reading.stop(found)
            continue
        elif kind == _PAUSE:
            reading.clause += 1
            continue
        else:
            key = found if kind == _SYMBOL else _face(found)
        keys.append(key)
        start, end = match.span(kind)
        starts.append(start)
        ends.append(end)
        sentences.append(reading.sentence)
        clauses.append(reading.clause)


def _face(found: str) -> str:
    """Return ``:)`` or ``:(`` for any emoticon; brackets alone are Russian smiles."""
    return ":)" if found[-1] in ")D" else ":("


@lru_cache(maxsize=REMEMBERED)
def fold(word: str) -> str:
    """
    Return *word* as lexicons are matched: one case, one spelling, no stretched letters.

    ё is е, ß is ss and umlauts are ae/oe/ue, because people type both. An apostrophe goes
    where leaving it out is common (не Latin, n't) and stays where that would make another
    word (we'll, she's).
    """
    key = word.casefold()
    if not key.isascii():
        key = _INVISIBLE.sub("", unicodedata.normalize("NFC", key))
    key = key.translate(_SPELLING).translate(_ONE_APOSTROPHE).strip("'")
    if "'" in key and (key.endswith("'t") or not key.isascii()):
        key = key.translate(_NO_APOSTROPHE)
    return _REPEATED.sub(r"\1", key)
