"""
The rule-based classifier: from what was found in a message to a verdict with its evidence.

A complaint is a breach of expectation (Olshtain & Weinbach 1987): the lists hold what
breaches sound like ("third week", "still not", "you promised") beside negative words, and
a breach outweighs the polite question it comes with. Scores are a soft maximum over the
weights; they rank well but are not calibrated.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from math import exp
from typing import TYPE_CHECKING

from inboxd.classify.language import Guess, identify
from inboxd.classify.lexicon import Lexicon, Match, packaged
from inboxd.classify.romanise import skeleton
from inboxd.classify.signals import Cues, Signal, find_cues, hear
from inboxd.classify.tokens import Reading, read
from inboxd.core.text import is_shouted
from inboxd.model import Evidence, Kind, Topic, Urgency, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NOTHING_SAID = 1.2
"""Weight of "other" in any message: more than one faint word, less than one clear one."""

_FULL_WEIGHT = 3.0
"""Up to here weights add up; what is beyond counts half, so that rants do not explode."""

_BARE_REPORT = 0.6
"""What talk of a shop's work weighs as a complaint where nothing is asked."""

_DENIED_REPORT = 1.0
"""The same where something is denied in it."""

_CLEAR = 2.0
"""Weight from which a dimension is taken as said."""

HOLD_TIME = "hold_time"
"""The name of the evidence that somebody waited on the phone."""

_MOST_EVIDENCE = 12
"""Spans shown at most; a person reads the first few."""

_KINDS = tuple(Kind)
"""Enumerations are slow to go through; this is done for every message."""

_TOPICS = {f"topic:{topic}": topic for topic in Topic}
_ORDER = {topic: place for place, topic in enumerate(Topic)}

_CYRILLIC = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk"})


class RuleClassifier:
    """Classifies by word lists and a few rules; see the package for the interface."""

    name = "rules"
    batch = 200

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """Return one verdict for each text, in order; any string is a text."""
        return [judge(text) for text in texts]


@dataclass(slots=True)
class Finding:
    """What the rules make of one message, as in a verdict, and the matches that said so."""

    kind: Kind
    topics: tuple[Topic, ...]
    urgency: Urgency
    language: str
    scores: dict[Kind, float]
    reading: Reading
    signals: Sequence[Signal]
    others: Sequence[Match]
    """What named the topics and the urgency."""
    waited: Sequence[Match] = ()
    """Where it says that its author waits, or waited, on the phone."""

    def verdict(self) -> Verdict:
        """Return it as a verdict, with its evidence: half as much work again as finding it."""
        return Verdict(
            kind=self.kind,
            topics=self.topics,
            urgency=self.urgency,
            language=self.language,
            scores={str(kind): score for kind, score in self.scores.items()},
            evidence=(
                *_show(self.reading, self.kind, self.signals, self.others),
                *self.hold_time,
            ),
        )

    @property
    def hold_time(self) -> tuple[Evidence, ...]:
        """
        Return the words that tell of waiting on the phone, whatever kind the message is.

        No model weighs them: they are named beside what it goes by.
        """
        reading = self.reading
        spans = [(reading.starts[m.tokens[0]], reading.ends[m.tokens[-1]]) for m in self.waited]
        return tuple(Evidence(*span, reading.text[slice(*span)], HOLD_TIME) for span in spans)


def judge(text: str) -> Verdict:
    """Return the verdict on one message."""
    return find(text).verdict()


def find(text: str) -> Finding:
    """Return what the rules make of one message."""
    reading = read(text)
    guess = identify(reading)
    matches = _lexicon_for(guess).search(reading)
    cues = find_cues(matches)
    signals = hear(matches, cues, reading)
    topics, about = _find_topics(matches)
    scores = _score_kinds(signals, about, cues, reading)
    kind = max(_KINDS, key=scores.__getitem__)
    urgency, why = _find_urgency(matches, kind)
    waited = [match for match in matches if match.label == "hold:time"]
    others = [*about, *why]
    return Finding(kind, topics, urgency, guess.language, scores, reading, signals, others, waited)


def _lexicon_for(guess: Guess) -> Lexicon:
    """
    Return the lists to search: mixed language is common, false friends between lists rare.

    Russian and Ukrainian are always searched together (surzhyk); German and English share
    too many words ("die", "gift", "not") and are joined only where the text may be both.
    """
    if guess.romanised:
        return _lexicon("common", "ru", "uk", romanised=True)
    if guess.language in _CYRILLIC:
        return _lexicon("common", "ru", "uk")
    if guess.language in {"de", "en"} and guess.also not in {"de", "en"}:
        return _lexicon("common", guess.language)
    return _lexicon("common", "en", "de")


@cache
def _lexicon(*names: str, romanised: bool = False) -> Lexicon:
    """Return the packaged lists called *names*, read when first needed (some 20 ms)."""
    return Lexicon(packaged(*names), skeleton if romanised else None)


def _score_kinds(
    signals: Iterable[Signal], about: Sequence[Match], cues: Cues, reading: Reading
) -> dict[Kind, float]:
    """Return a share for each kind; they sum to one. *about* are the words of topics."""
    weights: dict[Kind, float] = dict.fromkeys(_KINDS, 0.0)
    for signal in signals:
        weights[signal.kind] += signal.weight
    _add_punctuation(weights, reading)
    _add_bare_report(weights, about, cues)
    _settle_conflicts(weights, cues, reading)
    weights[Kind.OTHER] += _NOTHING_SAID
    raised = {kind: exp(_damp(weight)) for kind, weight in weights.items()}
    total = sum(raised.values())
    return {kind: value / total for kind, value in raised.items()}


def _add_punctuation(weights: dict[Kind, float], reading: Reading) -> None:
    """Let question marks ask, and let shouting strengthen what is said anyway."""
    if reading.questions:
        weights[Kind.REQUEST] += 1.5
    loud = 0.5 * (reading.exclamations >= 2) + 0.5 * is_shouted(reading.text)
    if weights[Kind.COMPLAINT]:
        weights[Kind.COMPLAINT] += loud + 0.5 * (reading.questions >= 2)
    elif weights[Kind.PRAISE]:
        weights[Kind.PRAISE] += loud


def _add_bare_report(weights: dict[Kind, float], about: Sequence[Match], cues: Cues) -> None:
    """
    Suspect a complaint where somebody neither asks nor thanks but talks of the shop's work.

    "They left the box at the neighbour's" has no negative word; with a denial beside it
    ("the hem does not hold") the suspicion is stronger; neither decides alone.
    """
    if about and not weights[Kind.PRAISE] and weights[Kind.REQUEST] < _CLEAR:
        weights[Kind.COMPLAINT] += _DENIED_REPORT if cues.negations else _BARE_REPORT


def _settle_conflicts(weights: dict[Kind, float], cues: Cues, reading: Reading) -> None:
    """
    Weaken the kinds that usually only accompany another.

    Thanks beside a question are manners; praise beside a breach is sarcasm or a concession;
    a question beside a breach is how the breach is put.
    """
    if reading.questions or weights[Kind.REQUEST] >= _CLEAR:
        weights[Kind.PRAISE] *= 0.5
    if weights[Kind.COMPLAINT] >= _CLEAR:
        weights[Kind.PRAISE] *= 0.2 if cues.sarcastic else 0.6
        weights[Kind.COMPLAINT] += 1.0 if cues.sarcastic else 0.0
    if weights[Kind.COMPLAINT] >= _CLEAR + 0.5:
        weights[Kind.REQUEST] *= 0.5


def _damp(weight: float) -> float:
    """Return *weight* with what is beyond the full weight halved, and bounded."""
    if weight <= _FULL_WEIGHT:
        return weight
    return min(_FULL_WEIGHT + (weight - _FULL_WEIGHT) / 2, 2 * _FULL_WEIGHT)


def _find_topics(matches: Iterable[Match]) -> tuple[tuple[Topic, ...], list[Match]]:
    """
    Return the topics, weightiest first, and the matches that named them.

    Faint words (weight 1) name a topic together, or where nothing else does.
    """
    named: dict[Topic, list[Match]] = defaultdict(list)
    for match in matches:
        if match.dimension == "topic":
            named[_TOPICS[match.label]].append(match)
    if not named:
        return (Topic.OTHER,), []
    weights = {topic: sum(match.weight for match in found) for topic, found in named.items()}
    threshold = min(_CLEAR, max(weights.values()))
    topics = sorted(
        (topic for topic, weight in weights.items() if weight >= threshold),
        key=lambda topic: (-weights[topic], _ORDER[topic]),
    )
    return tuple(topics), [match for topic in topics for match in named[topic]]


def _find_urgency(matches: Iterable[Match], kind: Kind) -> tuple[Urgency, list[Match]]:
    """
    Return how soon harm is done, and the matches that said so.

    Praise is never urgent. A message that asks for nothing is of low urgency, but words of
    danger count in it all the same: missing a hacked account costs more than a false alarm.
    """
    high = [match for match in matches if match.label == "urgency:high"]
    low = [match for match in matches if match.label == "urgency:low"]
    if kind is not Kind.PRAISE and not low and sum(match.weight for match in high) >= _CLEAR:
        return Urgency.HIGH, high
    if low or kind in {Kind.PRAISE, Kind.OTHER}:
        return Urgency.LOW, low
    return Urgency.NORMAL, []


def _show(
    reading: Reading, kind: Kind, signals: Iterable[Signal], others: Iterable[Match]
) -> tuple[Evidence, ...]:
    """
    Return the spans that speak for the verdict, in the order of the text, each once.

    What makes the *kind* goes first where there are too many to show.
    """
    label = f"kind:{kind}"
    spoken = [signal.match._replace(label=label) for signal in signals if signal.kind is kind]
    spans = [
        (reading.starts[match.tokens[0]], reading.ends[match.tokens[-1]], match.label)
        for match in [*spoken, *others]
    ]
    if kind is Kind.REQUEST and reading.asked:
        spans.insert(0, (*reading.asked, label))
    shown = sorted(dict.fromkeys(spans[:_MOST_EVIDENCE]))
    return tuple(
        Evidence(start, end, reading.text[start:end], label) for start, end, label in shown
    )
