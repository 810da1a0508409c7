"""
What word lists and patterns find in a reply: evidence to show, and inputs of the model.

The lists are `lexicons/replies.*.txt`. Addresses, telephone numbers and links are found as
such, and as the masks that stand for them in published sets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from inboxd.classify import promised
from inboxd.classify.language import identify
from inboxd.classify.lexicon import Lexicon, packaged
from inboxd.classify.reply_clauses import CUES, cues_of
from inboxd.classify.tokens import read, window
from inboxd.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from inboxd.classify.language import Guess
    from inboxd.classify.tokens import Reading

LABELS = (
    "send:verb",
    "elsewhere:mail",
    "elsewhere:phone",
    "elsewhere:form",
    "elsewhere:site",
    "elsewhere:place",
    "elsewhere:party",
    "elsewhere:private",
    "elsewhere:link",
    "here:here",
    "promise:act",
    "done:act",
    "stock:phrase",
    "rebuff:phrase",
    "manners:greeting",
    "manners:thanks",
    "manners:apology",
)
"""What is looked for, in the order of the model's inputs."""

FORMS = 18 + CUES
"""Further inputs, about form and company; see :func:`_form_of`."""

_CYRILLIC = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk"})
_CONTACTS = (
    ("elsewhere:mail", re.compile(r"<email>|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,63}")),
    (
        "elsewhere:phone",
        re.compile(
            r"<phone>|(?<![\w+])(?:\+\d{1,3}|1|8|0)[\s(-]{0,2}\d{2,5}(?:[\s()/-]{1,2}\d{2,4}){1,4}(?!\w)"
        ),
    ),
    ("elsewhere:link", re.compile(r"<url>|https?://\S{1,500}|www\.\S{1,500}")),
)
_BEGINS = (
    r"\b(?:по|про|пере|при|от|вы|ви|за|до|раз|рас|роз|в|у|об|на|с|со|від|над|под|під|вос|ис|из|з)"
)
_WE_SHALL = re.compile(
    _BEGINS
    + r"\w{1,12}(?:[^аеиояуюєї\W][еи]м|[^аеияу\W]ємся|имо|емо|ємо|[лдн]ю|[шчжщтнд]у)(?:ся|сь)?\b"
)
_THEY_SHALL = re.compile(
    _BEGINS + r"\w{1,12}[^аеиояуюєї\W](?:[еи]т|[ая]т|[ую]т|ить|ять|ать|уть)ь?(?:ся|сь)?\b"
)
"""The future of Russian and Ukrainian, roughly: verbs with a prefix, in the present's endings."""

_LONG, _SHORT = 300, 25


@dataclass(frozen=True, slots=True)
class ReplyReading:
    """A reply as the lists and patterns see it."""

    text: str
    language: str
    spans: tuple[Evidence, ...]
    times: tuple[promised.Phrase, ...]
    cues: tuple[float, ...]

    @property
    def labels(self) -> frozenset[str]:
        """Return what was found, without where."""
        return frozenset(span.label for span in self.spans)


def read_reply(text: str) -> ReplyReading:
    """Return what is found in *text*; any string is a text."""
    reading = read(text)
    guess = identify(reading)
    spans = [*_worded(reading, guess), *_contacts(text)]
    times = promised.phrases(text, _languages(guess))
    return ReplyReading(
        text=text,
        language=guess.language,
        spans=tuple(sorted(spans, key=lambda span: (span.start, span.end, span.label))),
        times=tuple(times),
        cues=tuple(cues_of(text, _languages(guess), spans, times)),
    )


def _languages(guess: Guess) -> tuple[str, ...]:
    """Return the languages whose words are looked for: two of one script where both may be."""
    if guess.language in _CYRILLIC:
        return ("uk", "ru") if guess.language == "uk" else ("ru", "uk")
    if guess.language in {"de", "en"} and guess.also not in {"de", "en"}:
        return (guess.language,)
    return ("en", "de")


@cache
def _lexicon(languages: tuple[str, ...]) -> Lexicon:
    return Lexicon(packaged(*(f"replies.{language}" for language in languages)))


def _worded(reading: Reading, guess: Guess) -> Iterator[Evidence]:
    for match in _lexicon(_languages(guess)).search(reading):
        start, end = reading.starts[match.tokens[0]], reading.ends[match.tokens[-1]]
        yield Evidence(start, end, reading.text[start:end], match.label)


def _contacts(text: str) -> Iterator[Evidence]:
    for start, end in window(text):
        for label, pattern in _CONTACTS:
            for match in pattern.finditer(text, start, end):
                yield Evidence(match.start(), match.end(), match.group(), label)


def signals_of(readings: Sequence[ReplyReading]) -> NDArray[np.float32]:
    """Return what was found as numbers between 0 and 1: a row for each reply."""
    rows = [[*_found(reading), *_form_of(reading)] for reading in readings]
    return np.array(rows, np.float32).reshape(len(readings), len(LABELS) + FORMS)


def _found(reading: ReplyReading) -> list[float]:
    labels = reading.labels
    return [float(label in labels) for label in LABELS]


def _form_of(reading: ReplyReading) -> list[float]:
    text, labels = reading.text, reading.labels
    elsewhere = any(label.startswith("elsewhere:") for label in labels)
    sends = "send:verb" in labels
    head = promised.lowered(text)
    words = text.count(" ") + 1
    return [
        float(sends and elsewhere),
        float(sends and not elsewhere),
        float(sends and elsewhere and "here:here" not in labels),
        float("promise:act" in labels and bool(reading.times)),
        float(sends and "elsewhere:private" in labels),
        float(any(phrase.firm for phrase in reading.times)),
        float(bool(reading.times)),
        float(any(phrase.vague for phrase in reading.times)),
        min(len(_WE_SHALL.findall(head)), 2) / 2,
        min(len(_THEY_SHALL.findall(head)), 2) / 2,
        float("<email>" in text or bool(_CONTACTS[0][1].search(text[:4_000]))),
        float(bool(_CONTACTS[1][1].search(text[:4_000]))),
        min(len(text), _LONG) / _LONG,
        float(len(text) < _SHORT),
        float("?" in text),
        float("!" in text),
        float(any(letter.isdigit() for letter in text[:_LONG])),
        min(words, 40) / 40,
        *reading.cues,
    ]
