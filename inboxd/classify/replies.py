"""
The judge of the brand's own replies: deflection, promise, non-answer and manners, with evidence.

It weighs the pieces of a reply as the compact model does, together with what the word lists
find in it and, where the customer's message is known, what was asked. How it was trained is
in :mod:`inboxd.classify.reply_training`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from inboxd.classify import promised
from inboxd.classify.evidence import MOST_WORDS, WORD
from inboxd.classify.features import pieces_of_words
from inboxd.classify.manners import judge_manners
from inboxd.classify.reply_reading import LABELS, read_reply, signals_of
from inboxd.model import Evidence, Kind, ReplyVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from inboxd.classify import Classifier, Reply
    from inboxd.classify.compact import Model
    from inboxd.classify.reply_reading import ReplyReading
    from inboxd.model import Promised, Verdict

    Floats = NDArray[np.float32]

FLAGS = ("deflection", "promise", "non_answer")
"""What the model has a score for, in the order of its columns."""

_SHOWN_AS = {
    "send": "deflection",
    "elsewhere": "deflection",
    "promise": "promise",
    "stock": "non_answer",
    "rebuff": "non_answer",
    "manners": "manners",
}
_MARKS = re.compile(r"[!-/:-@«»„“”…–—]+")
"""What is weighed and explains nothing to a person: a full stop, a bracket."""

_BATCH = 64
_WORDS_SHOWN = 3
_WORD_OF_QUESTION = re.compile(r"[^\W\d_]{4,24}")
_STEM = 5
"""Letters by which a word of the question is known again in the reply."""
_COMPARED = 1_000
_THANKS = LABELS.index("manners:thanks")


class CompactReplyJudge:
    """Judges replies by a model; see :class:`inboxd.classify.ReplyJudge`."""

    def __init__(self, model: Model, classifier: Classifier) -> None:
        self._model = model
        self._classifier = classifier

    @property
    def name(self) -> str:
        """Return what it judges, and the beginning of its training data's digest."""
        return f"replies-{str(self._model.card.get('data', ''))[:8]}"

    def judge(self, replies: Sequence[Reply]) -> list[ReplyVerdict]:
        """Return one verdict for each reply, in order; any string is a text."""
        verdicts: list[ReplyVerdict] = []
        for start in range(0, len(replies), _BATCH):
            verdicts.extend(self._judge(replies[start : start + _BATCH]))
        return verdicts

    def _judge(self, replies: Sequence[Reply]) -> list[ReplyVerdict]:
        readings = [read_reply(reply.text) for reply in replies]
        asked = asked_of(replies, self._classifier)
        texts = [reply.text for reply in replies]
        scores = self._model.weighed(texts, inputs_of(replies, readings, asked))
        return self.verdicts(replies, readings, asked, scores)

    def verdicts(
        self,
        replies: Sequence[Reply],
        readings: Sequence[ReplyReading],
        asked: Sequence[Verdict | None],
        scores: Floats,
    ) -> list[ReplyVerdict]:
        """Return the verdicts that *scores* make, given what was read and asked."""
        shares = 1 / (1 + np.exp(-scores.astype(np.float64)))
        held = shares >= self._model.thresholds
        words = self._words(readings, held)
        return [
            _verdict(
                reply, reading, question, dict(zip(FLAGS, map(float, share), strict=True)), said
            )
            for reply, reading, question, share, said in zip(
                replies, readings, asked, shares, _sets(held, words), strict=True
            )
        ]

    def _words(
        self, readings: Sequence[ReplyReading], held: NDArray[np.bool_]
    ) -> list[list[Evidence]]:
        """Return the model's own words for what it found and the lists have none for."""
        wanted: list[tuple[int, int, list[re.Match[str]]]] = []
        for row, reading in enumerate(readings):
            listed = {_SHOWN_AS.get(label.partition(":")[0]) for label in reading.labels}
            for place, flag in enumerate(FLAGS):
                if held[row, place] and flag not in listed:
                    matches = list(WORD.finditer(reading.text[:20_000]))[:MOST_WORDS]
                    wanted.append((row, place, matches))
        shown: list[list[Evidence]] = [[] for _ in readings]
        tried = [match.group() for _, _, matches in wanted for match in matches]
        said = (
            self._model.scores(pieces_of_words(tried))
            if tried
            else np.zeros((0, len(FLAGS)), np.float32)
        )
        at = 0
        for row, place, matches in wanted:
            column = said[at : at + len(matches), place]
            at += len(matches)
            shown[row].extend(_strongest(FLAGS[place], matches, column))
        return shown


def _sets(
    held: NDArray[np.bool_], words: Sequence[list[Evidence]]
) -> Iterator[tuple[frozenset[str], list[Evidence]]]:
    for row, spans in zip(held, words, strict=True):
        yield frozenset(flag for flag, holds in zip(FLAGS, row, strict=True) if holds), spans


def _verdict(
    reply: Reply,
    reading: ReplyReading,
    asked: Verdict | None,
    scores: dict[str, float],
    said: tuple[frozenset[str], list[Evidence]],
) -> ReplyVerdict:
    flags, words = said
    if not reply.needs_answer:
        flags -= {"non_answer"}
    when = _when(reading, reply.sent_at) if "promise" in flags else None
    shown = [span for span in map(_shown, reading.spans) if span is not None]
    spans = [
        *(span for span in shown if span.label.partition(":")[0] in {*flags, "manners"}),
        *(span for span in words if span.label.partition(":")[0] in flags),
    ]
    if when is not None:
        spans.append(Evidence(when.start, when.end, when.text, "promise:when"))
    return ReplyVerdict(
        deflection="deflection" in flags,
        promise="promise" in flags,
        non_answer="non_answer" in flags,
        language=reading.language,
        scores=scores,
        manners=judge_manners(reply.text, reading.labels, asked.kind if asked else None),
        promised=when,
        evidence=tuple(sorted(spans, key=lambda span: (span.start, span.end, span.label))),
    )


def _shown(span: Evidence) -> Evidence | None:
    """Return a finding under the name of the verdict that it speaks for."""
    part, _, what = span.label.partition(":")
    shown = _SHOWN_AS.get(part)
    return None if shown is None else Evidence(span.start, span.end, span.text, f"{shown}:{what}")


def _strongest(flag: str, matches: Sequence[re.Match[str]], column: Floats) -> Iterator[Evidence]:
    for place in sorted(np.argsort(-column, kind="stable")[:_WORDS_SHOWN]):
        match = matches[place]
        if column[place] > 0 and not _MARKS.fullmatch(match.group()):
            yield Evidence(match.start(), match.end(), match.group(), f"{flag}:word")


def _when(reading: ReplyReading, sent_at: datetime | None) -> Promised | None:
    """Return the time that is promised: the one that stands closest to the promise."""
    if not reading.times:
        return None
    acts = [span.start for span in reading.spans if span.label == "promise:act"]
    chosen = min(reading.times, key=lambda phrase: _distance(phrase, acts, reading.text))
    return promised.resolve(chosen, reading.text, sent_at)


def _distance(
    phrase: promised.Phrase, acts: Sequence[int], text: str
) -> tuple[bool, bool, bool, int, int]:
    """Rank *phrase*: named rather than vague, in one sentence with the promise, firm, near."""
    near = [act for act in acts if not _STOP.search(text, *sorted((act, phrase.start)))]
    gap = min((abs(act - phrase.start) for act in near), default=0)
    return phrase.vague, bool(acts) and not near, not phrase.firm, gap, -phrase.start


_STOP = re.compile(r"[!?;\n]|[^\d\s]\.\s")
"""What parts a time from a promise that it does not belong to."""


def asked_of(replies: Sequence[Reply], classifier: Classifier) -> list[Verdict | None]:
    """Return what each customer's message was, or None where it is not known."""
    questions = [reply.question for reply in replies if reply.question.strip()]
    judged = iter(classifier.classify(questions) if questions else [])
    return [next(judged) if reply.question.strip() else None for reply in replies]


def inputs_of(
    replies: Sequence[Reply], readings: Sequence[ReplyReading], asked: Sequence[Verdict | None]
) -> Floats:
    """Return what the model weighs beside the pieces: a row for each reply."""
    found = signals_of(readings)
    rows = [
        [0.0] * (len(Kind) + 3)
        if question is None
        else [
            *(question.scores[kind] for kind in Kind),
            question.scores[Kind.COMPLAINT] * thanks,
            question.scores[Kind.PRAISE] * thanks,
            float(_shares_words(reply)),
        ]
        for reply, question, thanks in zip(replies, asked, found[:, _THANKS], strict=True)
    ]
    beside = np.array(rows, np.float32).reshape(len(replies), len(Kind) + 3)
    return np.concatenate([found, beside], axis=1)


def _shares_words(reply: Reply) -> bool:
    """Return whether the reply takes up a word of the question."""
    return not _stems(reply.question).isdisjoint(_stems(reply.text))


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD_OF_QUESTION.findall(text[:_COMPARED].casefold())}
