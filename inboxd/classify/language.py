"""
Which language a message is in, from its letters, commonest words and endings.

Made for the few words that a chat message has, and for Russian, Ukrainian, German and
English; other languages get the best guess. Russian and Ukrainian in Latin letters are
recognised as what they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from inboxd.classify import profiles
from inboxd.classify.tokens import REMEMBERED, fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.classify.tokens import Reading

UNDETERMINED = "und"
"""ISO 639's code for a text that has no language, such as emoji or a number."""

_LOOKED_AT = 300
"""Words that decide; more of them only cost time."""

_WORD = 2.0
_LETTER = 1.5
_ENDING = 0.6
_INSIDE = 0.3

_CYRILLIC = re.compile("[\u0400-\u04ff]")
_OTHER_SCRIPTS = {code: re.compile(f"[{letters}]") for code, letters in profiles.SCRIPTS.items()}
# Sounds of Ukrainian that Russian writes otherwise: з'їзд, п'ять.
_UKRAINIAN_APOSTROPHE = re.compile("[бпвмфрзкн]['’ʼ`][яюєї]")


@dataclass(frozen=True, slots=True)
class Guess:
    """
    A language as ISO 639-1, whether it is *romanised*, and the runner-up if it is close.

    *also* is empty unless the text may well be in that language, or in both.
    """

    language: str
    romanised: bool = False
    also: str = ""


class _Profile:
    """The votes that one word gives to the languages of one script."""

    def __init__(
        self,
        words: Mapping[str, str],
        endings: Mapping[str, str],
        inside: Mapping[str, tuple[str, ...]],
    ) -> None:
        self._words: dict[str, list[str]] = defaultdict(list)
        for language, listed in words.items():
            for word in {fold(word) for word in listed.split()}:
                self._words[word].append(language)
        self._endings: dict[str, list[str]] = defaultdict(list)
        for language, listed in endings.items():
            for ending in set(listed.split()):
                self._endings[ending].append(language)
        self._inside = inside
        self.votes = lru_cache(maxsize=REMEMBERED)(self._count)

    def _count(self, key: str) -> tuple[tuple[str, float], ...]:
        """Return each language's votes for one word; a word that many share says less."""
        votes: dict[str, float] = defaultdict(float)
        listed = self._words.get(key, ())
        for language in listed:
            votes[language] += _WORD / len(listed)
        if len(key) > 3:
            for ending in {key[-size:] for size in range(2, 6) if size < len(key)}:
                for language in self._endings.get(ending, ()):
                    votes[language] += _ENDING
            for language, parts in self._inside.items():
                votes[language] += _INSIDE * sum(part in key for part in parts)
        return tuple((language, vote) for language, vote in votes.items() if vote)


@cache
def _cyrillic() -> _Profile:
    """Return what tells the languages in Cyrillic apart, made when it is first needed."""
    return _Profile(profiles.CYRILLIC_WORDS, profiles.CYRILLIC_ENDINGS, profiles.CYRILLIC_INSIDE)


@cache
def _latin() -> _Profile:
    """Return what tells the languages in Latin letters apart."""
    return _Profile(profiles.LATIN_WORDS, profiles.LATIN_ENDINGS, profiles.LATIN_INSIDE)


def identify(reading: Reading) -> Guess:
    """Return the language of a text; the script with the most letters decides first."""
    words = [key for key in reading.keys[:_LOOKED_AT] if key[0].isalpha()]
    letters = " ".join(words)
    total = len(letters) - letters.count(" ")
    if not total:
        return Guess(UNDETERMINED)
    cyrillic = len(_CYRILLIC.findall(letters))
    # Names of brands and goods are Latin everywhere; Cyrillic words in German are rare.
    if cyrillic * 5 >= total:
        return _among_cyrillic(words, reading.text)
    if not letters.isascii() and (code := _by_script(letters, total)):
        return Guess(code)
    return _among_latin(words, reading.text)


def _by_script(letters: str, total: int) -> str:
    """Return the language whose own script fills at least a third of *letters*, or ""."""
    for code, script in _OTHER_SCRIPTS.items():
        if len(script.findall(letters)) * 3 >= total:
            return code
    return ""


def _tally(
    profile: _Profile, words: list[str], letters: Mapping[str, str], text: str
) -> dict[str, float]:
    """Return the votes of all words and of the letters that only some languages have."""
    votes: dict[str, float] = defaultdict(float)
    for word in words:
        for language, vote in profile.votes(word):
            votes[language] += vote
    for language, own in letters.items():
        seen = sum(map(text.count, own))
        if seen:
            votes[language] += _LETTER * seen
    return votes


def _among_cyrillic(words: list[str], text: str) -> Guess:
    """Return the likeliest language in Cyrillic; Russian where nothing speaks for another."""
    head = text[:2_000].lower()
    votes = _tally(_cyrillic(), words, profiles.CYRILLIC_LETTERS, head)
    votes["uk"] += _WORD * len(_UKRAINIAN_APOSTROPHE.findall(head))
    # Belarusian has і and ы both; its own letter settles it.
    if "ў" in head:
        votes["be"] += votes["uk"]
    votes["ru"] += 0.1
    language = max(votes, key=lambda code: (votes[code], code))
    return Guess(language)


def _among_latin(words: list[str], text: str) -> Guess:
    """Return the likeliest language in Latin letters, or none if nothing was recognised."""
    head = text[:2_000].lower()
    letters = {} if head.isascii() else profiles.LATIN_LETTERS
    votes = _tally(_latin(), words, letters, head)
    if not votes:
        return Guess(UNDETERMINED)
    ranked = sorted(votes, key=lambda code: (-votes[code], code))
    best, second = ranked[0], ranked[1] if len(ranked) > 1 else ""
    close = second and votes[second] * 2 >= votes[best]
    language, _, script = best.partition("-")
    return Guess(language, romanised=bool(script), also=second if close else "")
