"""
The word lists: how they are written, and how a reading is searched for them.

A list is a text file of sections, ``[label weight]``, with one phrase a line. A phrase is
words; each *step* of it may be

====================  ==========================================================
``late``              this word, however it is capitalised or stretched
``deliver*``          any word that begins so
``my|our``            one of several
``<soon|later>``      the same; in it, a name in capitals is a class, defined in the file:
                      ``@TIME = day*|week*`` makes ``<TIME>`` and ``<TIME|ages>``;
                      ``N`` and ``NTH`` also take anything that begins with a digit
``(step)?``           written ``so?`` or ``<N>?``: may be absent
``..``                up to four words of any kind, within the sentence
====================  ==========================================================

Searching costs a few dictionary look-ups for each word, whatever the size of the lists,
and there is no pattern that could run away.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from inboxd.classify.tokens import REMEMBERED, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from inboxd.classify.tokens import Reading

_GAP = 4
"""Words that ``..`` may stand for at most."""

_SECTION = re.compile(r"\[(?P<label>[a-z]+:[a-z_]+) (?P<weight>\d+(?:\.\d+)?)\]")
_DIGIT = "<digit>"
_COUNTED = frozenset({"N", "NTH"})
_CLASS_NAME = re.compile(r"[A-Z]+")


class LexiconError(ValueError):
    """A word list that cannot be read: the packager's mistake, never the user's."""


class Phrase(NamedTuple):
    """One line of a list: what it speaks for, how strongly, and its steps as written."""

    label: str
    weight: float
    steps: tuple[str, ...]


class Match(NamedTuple):
    """
    A phrase that was found: the indices of its tokens, in ascending order.

    *dimension* is what the label is about: ``kind``, ``topic``, ``urgency``, ``cue`` or ``hold``.
    """

    label: str
    weight: float
    tokens: tuple[int, ...]
    dimension: str


def read_phrases(lines: Iterable[str]) -> Iterator[Phrase]:
    """Yield the phrases of one list; its classes are put in the place of their names."""
    classes: dict[str, str] = {}
    section: tuple[str, float] | None = None
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or line.startswith("# "):
            continue
        if line.startswith("@"):
            name, _, words = line[1:].partition(" = ")
            classes[name] = words
        elif found := _SECTION.fullmatch(line):
            section = (found["label"], float(found["weight"]))
        elif section is None:
            raise LexiconError(f"line {number} stands before any [label weight]")
        else:
            yield Phrase(*section, tuple(_with_classes(step, classes) for step in line.split()))


def _with_classes(step: str, classes: dict[str, str]) -> str:
    """Return *step* as plain alternatives, with the words of a class for its name."""
    optional = "?" if step.endswith("?") and step != "?" else ""
    bare = step.removesuffix("?") if optional else step
    if not bare.startswith("<"):
        return step
    if not bare.endswith(">"):
        raise LexiconError(f"{step!r} is not closed; a class has no spaces")
    words: list[str] = []
    for name in bare[1:-1].split("|"):
        if _CLASS_NAME.fullmatch(name) and name not in classes:
            raise LexiconError(f"{step!r} names no class of its file")
        words.append(classes.get(name, name))
        if name in _COUNTED:
            words.append(_DIGIT)
    return "|".join(words) + optional


@dataclass(frozen=True, slots=True)
class _Step:
    """One place of a phrase: the word patterns that fill it, after at most *gap* words."""

    patterns: frozenset[int]
    gap: int


class _Rule(NamedTuple):
    """A phrase without its first step, which is what it is looked up by."""

    label: str
    weight: float
    rest: tuple[_Step, ...]
    dimension: str


@dataclass(frozen=True, slots=True)
class _Word:
    """
    All that a word of a text may mean: the patterns it fits, and the phrases it begins.

    *alone* is the weightiest phrase of one word in each dimension, *near* are the phrases by
    each pattern that may come next, *far* those that go on after a gap.
    """

    senses: frozenset[int]
    alone: tuple[_Rule, ...]
    near: Mapping[int, Sequence[_Rule]]
    far: Sequence[_Rule]


_MEANS_NOTHING = _Word(frozenset(), (), {}, ())


class Lexicon:
    """
    Word lists made searchable.

    *spell* is applied to the words of the lists and of the text alike, so that a list in
    Cyrillic serves for messages in Latin letters too.
    """

    def __init__(
        self, phrases: Iterable[Phrase], spell: Callable[[str], str] | None = None
    ) -> None:
        self._spell = spell
        self._numbers: dict[str, int] = {}
        self._exact: dict[str, int] = {}
        self._prefixes: dict[str, int] = {}
        self._rules: dict[int, list[_Rule]] = defaultdict(list)
        for phrase in phrases:
            for steps in _variants(phrase.steps):
                self._add(phrase, steps)
        self._digit = self._numbers.get(_DIGIT)
        self._longest = max(map(len, self._prefixes), default=0)
        self._shortest = min(map(len, self._prefixes), default=0)
        self._word = lru_cache(maxsize=REMEMBERED)(self._look_up)

    def _add(self, phrase: Phrase, steps: list[str]) -> None:
        """Index one variant of *phrase* by each of its possible first words."""
        places: list[_Step] = []
        gap = 0
        for step in steps:
            if step == "..":
                gap = _GAP
                continue
            places.append(_Step(frozenset(map(self._pattern, step.split("|"))), gap))
            gap = 0
        dimension = phrase.label.partition(":")[0]
        rule = _Rule(phrase.label, phrase.weight, tuple(places[1:]), dimension)
        for pattern in places[0].patterns:
            self._rules[pattern].append(rule)

    def _pattern(self, written: str) -> int:
        """Return the number of a word pattern, giving it one if it is new."""
        if written == _DIGIT:
            return self._numbers.setdefault(_DIGIT, len(self._numbers))
        is_prefix = written.endswith("*") and len(written) > 1
        key = fold(written.removesuffix("*")) or written
        key = self._spell(key) if self._spell else key
        number = self._numbers.setdefault(f"{key}*" if is_prefix else key, len(self._numbers))
        (self._prefixes if is_prefix else self._exact)[key] = number
        return number

    def _find_senses(self, key: str) -> frozenset[int]:
        """Return the numbers of all word patterns that *key* fits."""
        word = self._spell(key) if self._spell else key
        senses = {self._exact[word]} if word in self._exact else set()
        if self._digit is not None and word[:1].isdigit():
            senses.add(self._digit)
        for length in range(self._shortest, min(len(word), self._longest) + 1):
            if (number := self._prefixes.get(word[:length])) is not None:
                senses.add(number)
        return frozenset(senses)

    def _look_up(self, key: str) -> _Word:
        """Return what *key* may mean; kept, because the same few words make most texts."""
        senses = self._find_senses(key)
        if not senses:
            return _MEANS_NOTHING
        alone: dict[str, _Rule] = {}
        near: dict[int, list[_Rule]] = defaultdict(list)
        far: list[_Rule] = []
        for rule in (rule for sense in senses for rule in self._rules.get(sense, ())):
            if not rule.rest:
                rival = alone.get(rule.dimension)
                if rival is None or _rank(rule, 1) > _rank(rival, 1):
                    alone[rule.dimension] = rule
            elif rule.rest[0].gap:
                far.append(rule)
            else:
                for pattern in rule.rest[0].patterns:
                    near[pattern].append(rule)
        return _Word(senses, tuple(alone.values()), dict(near), far)

    def search(self, reading: Reading) -> list[Match]:
        """
        Return what was found, from left to right.

        Within one dimension the longest phrase wins and its words are used up: "gift card"
        is no card of a bank, and "not bad" is not bad.
        """
        words = list(map(self._word, reading.keys))
        found: list[Match] = []
        used: dict[str, set[int]] = defaultdict(set)
        for first, word in enumerate(words):
            if not word.senses:
                continue
            best: dict[str, Match] = {}
            for match in _starting_at(first, words, reading.sentences):
                if not used[match.dimension].isdisjoint(match.tokens):
                    continue
                rival = best.get(match.dimension)
                if rival is None or _rank(match, len(match.tokens)) > _rank(
                    rival, len(rival.tokens)
                ):
                    best[match.dimension] = match
            for dimension, match in best.items():
                found.append(match)
                used[dimension].update(match.tokens)
        return found


def _starting_at(first: int, words: Sequence[_Word], sentences: Sequence[int]) -> Iterator[Match]:
    """Yield the phrases whose first word is token *first*, of those of one word the best."""
    word = words[first]
    for rule in word.alone:
        yield Match(rule.label, rule.weight, (first,), rule.dimension)
    rules = word.far
    if word.near and first + 1 < len(words):
        following = words[first + 1].senses
        rules = [*rules, *(rule for sense in following for rule in word.near.get(sense, ()))]
    for rule in rules:
        if tokens := _follow(rule.rest, first, words, sentences):
            yield Match(rule.label, rule.weight, tokens, rule.dimension)


def _rank(found: Match | _Rule, words: int) -> tuple[int, float, str]:
    """Order rivals: more words, then more weight, then by name so that ties are settled."""
    return (words, found.weight, found.label)


def _variants(steps: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield *steps* with each optional one present and absent."""
    choices = [
        (step.removesuffix("?"), None) if step.endswith("?") and step != "?" else (step,)
        for step in steps
    ]
    for chosen in product(*choices):
        yield [step for step in chosen if step is not None]


def _follow(
    rest: Iterable[_Step], first: int, words: Sequence[_Word], sentences: Sequence[int]
) -> tuple[int, ...]:
    """Return the tokens of a phrase that begins at *first*, or nothing if it breaks off."""
    tokens = [first]
    for step in rest:
        begin = tokens[-1] + 1
        for token in range(begin, min(begin + step.gap + 1, len(words))):
            if sentences[token] != sentences[first]:
                return ()
            if not step.patterns.isdisjoint(words[token].senses):
                tokens.append(token)
                break
        else:
            return ()
    return tuple(tokens)


def packaged(*names: str) -> Iterator[Phrase]:
    """Yield the phrases of lists that ship with inboxd, such as ``common`` and ``ru``."""
    folder = resources.files("inboxd.classify") / "lexicons"
    for name in names:
        text = (folder / f"{name}.txt").read_text(encoding="utf-8")
        yield from read_phrases(text.splitlines())
