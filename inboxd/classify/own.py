"""
The user's own words over any classifier: they decide, and are named as the reason.

Plain words are matched as those of the packaged lists (:mod:`inboxd.classify.lexicon`):
however they are capitalised, stretched or spelt, ``deliver*`` by its beginning, and ``..`` for a
few words in between. What is to be ignored is blanked out before the classifier sees it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from inboxd.classify.lexicon import Lexicon, Phrase
from inboxd.classify.tokens import read
from inboxd.config.problems import quoted
from inboxd.config.words import IGNORE, OwnWord
from inboxd.model import Evidence, Kind, Topic, Urgency
from inboxd.patterns import SEARCHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from inboxd.classify import Classifier
    from inboxd.model import Verdict

_SURE = 0.95
"""The share of a kind that the user's word decides."""
_MOST_FOUND = 20
"""Places at which one pattern is shown, or ignored, in a message."""
_NO_LANGUAGE = "und"


class _Found(NamedTuple):
    """One of the user's words, and where it stands."""

    word: OwnWord
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Finder:
    """Finds words in texts; which ones hold there depends on the language."""

    words: tuple[OwnWord, ...]
    lexicon: Lexicon
    patterns: tuple[tuple[OwnWord, re.Pattern[str]], ...]

    @classmethod
    def of(cls, words: Sequence[OwnWord]) -> _Finder:
        plain = tuple(word for word in words if not word.pattern)
        # Each word has a dimension of its own: none uses up what another would find.
        phrases = [Phrase(f"{n}:", 1, steps) for n, w in enumerate(plain) if (steps := _steps(w))]
        patterns = [
            (word, re.compile(word.pattern, re.IGNORECASE)) for word in words if word.pattern
        ]
        return cls(plain, Lexicon(phrases), tuple(patterns))

    def find(self, text: str, language: str) -> Iterator[_Found]:
        """Yield the words for all languages, and those for *language*, that stand in *text*."""
        reading = read(text) if self.words else None
        for match in self.lexicon.search(reading) if reading else ():
            word = self.words[int(match.dimension)]
            if word.language in ("", language):
                first, last = match.tokens[0], match.tokens[-1]
                yield _Found(word, reading.starts[first], reading.ends[last])  # type: ignore[union-attr]  # found in it
        for word, pattern in self.patterns:
            if word.language in ("", language):
                places = pattern.finditer(text[:SEARCHED])
                for found, _ in zip(places, range(_MOST_FOUND), strict=False):
                    yield _Found(word, *found.span())


class OwnWords:
    """A classifier with the user's words over it; see :class:`inboxd.classify.Classifier`."""

    def __init__(self, inner: Classifier, words: Sequence[OwnWord]) -> None:
        self._inner = inner
        self._digest = hashlib.sha256(repr(list(words)).encode()).hexdigest()[:6]
        self._ignored = _Finder.of([word for word in words if word.label == IGNORE])
        self._said = _Finder.of([word for word in words if word.label != IGNORE])

    @property
    def name(self) -> str:
        """Return the classifier's name, and the beginning of a digest of the words."""
        return f"{self._inner.name}+words-{self._digest}"

    @property
    def batch(self) -> int:
        """Return how many texts to give it at once: as many as the classifier that it asks."""
        return self._inner.batch

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """Return one verdict for each text, in order; any string is a text."""
        verdicts = self._inner.classify(texts)
        ignored = [
            list(self._ignored.find(text, verdict.language))
            for text, verdict in zip(texts, verdicts, strict=True)
        ]
        seen = [_blanked(text, found) for text, found in zip(texts, ignored, strict=True)]
        again = [place for place, found in enumerate(ignored) if found]
        for place, verdict in zip(
            again, self._inner.classify([seen[place] for place in again]), strict=True
        ):
            # What is left may be too little to tell its language.
            is_blank = verdict.language == _NO_LANGUAGE
            language = verdicts[place].language if is_blank else verdict.language
            verdicts[place] = replace(verdict, language=language)
        return [
            _decided(text, verdict, [*self._said.find(left, verdict.language), *found])
            for text, left, verdict, found in zip(texts, seen, verdicts, ignored, strict=True)
        ]


def _steps(word: OwnWord) -> tuple[str, ...]:
    """Return the steps of plain words in the lexicon's notation; nothing else of it is known here."""
    steps: list[str] = []
    for part in word.text.split():
        if part == "..":
            steps.append(part)
            continue
        keys = [key for key in read(part.removesuffix("*")).keys if key != "|"]
        if part.endswith("*") and keys:
            keys[-1] += "*"
        steps += keys
    return tuple(steps)


def _blanked(text: str, found: Sequence[_Found]) -> str:
    """Return *text* without what was found; everything else keeps its place."""
    for _, start, end in found:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _decided(text: str, verdict: Verdict, found: Sequence[_Found]) -> Verdict:
    """Return *verdict* as the user's words make it, they themselves being the first reasons."""
    if not found:
        return verdict
    labels = {each.word.label for each in found}
    kind = next((kind for kind in Kind if f"kind:{kind}" in labels), None)
    topics = tuple(topic for topic in Topic if f"topic:{topic}" in labels)
    urgency = next((each for each in reversed(Urgency) if f"urgency:{each}" in labels), None)
    before = verdict.evidence
    if kind is not None and kind is not verdict.kind:
        before = tuple(span for span in before if not span.label.startswith("kind:"))
        verdict = replace(verdict, kind=kind)
    if kind is not None:
        verdict = replace(verdict, scores=_sure_of(kind, verdict))
    if topics:
        rest = (each for each in verdict.topics if each is not Topic.OTHER)
        verdict = replace(verdict, topics=tuple(dict.fromkeys((*topics, *rest))))
    own = (_reason(text, each) for each in sorted(found, key=lambda each: each.start))
    return replace(verdict, urgency=urgency or verdict.urgency, evidence=(*own, *before))


def _sure_of(kind: Kind, verdict: Verdict) -> dict[str, float]:
    """Return the shares of *verdict* with *kind* being sure, and the others as before among them."""
    shares = verdict.scores
    sure = max(_SURE, shares.get(kind, 0.0))
    others = sum(share for name, share in shares.items() if name != kind)
    names = [str(each) for each in Kind]
    return {
        name: sure if name == kind else (1 - sure) * shares.get(name, 0.0) / others
        for name in names
        if name == kind or others
    }


def _reason(text: str, found: _Found) -> Evidence:
    """Return the user's word as evidence that names where it stands in the configuration."""
    label = "ignored" if found.word.label == IGNORE else found.word.label
    why = f"{label} ({found.word.path} = {quoted(found.word.text)})"
    return Evidence(found.start, found.end, text[found.start : found.end], why)
