"""
What the words found in a message speak for, once the words around them are heard.

"Not good" is a complaint, "no problems" is praise, "what if it breaks" is a question, and
"bravo, third week without a parcel" is no praise.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inboxd.classify.lexicon import Match
    from inboxd.classify.tokens import Reading

_KINDS = {f"kind:{kind}": kind for kind in Kind}
_NEGATION_REACH = 2
"""How many words before another a negation may stand to negate it."""

_DENIED_COMPLAINT = 0.5
"""What is left of a complaint's weight, as praise: "no problems" is faint praise."""

_SUPPOSED = 0.4
"""What is left of a complaint that stands behind an "if"."""

_BEFORE_BUT = 0.5
"""What is left of praise that a "but" follows."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A match, with the kind it really speaks for and how strongly."""

    kind: Kind
    weight: float
    match: Match


@dataclass(frozen=True, slots=True)
class Cues:
    """Where the words stand that turn the meaning of others, as indices of tokens."""

    negations: frozenset[int]
    buts: tuple[int, ...]
    ifs: tuple[int, ...]
    sarcastic: bool


def find_cues(matches: Iterable[Match]) -> Cues:
    """Return the cues among *matches*."""
    at: Mapping[str, list[int]] = defaultdict(list)
    for match in matches:
        if match.dimension == "cue":
            at[match.label].append(match.tokens[0])
    return Cues(
        negations=frozenset(at["cue:negation"]),
        buts=tuple(at["cue:but"]),
        ifs=tuple(at["cue:if"]),
        sarcastic=bool(at["cue:sarcasm"]),
    )


def hear(matches: Iterable[Match], cues: Cues, reading: Reading) -> list[Signal]:
    """Return the signals for kinds among *matches*, in the order of the text."""
    kinds = [match for match in matches if match.dimension == "kind"]
    spoken_for = {token for match in kinds if len(match.tokens) > 1 for token in match.tokens}
    return [_hear_one(match, cues, reading, spoken_for) for match in kinds]


def _hear_one(match: Match, cues: Cues, reading: Reading, spoken_for: set[int]) -> Signal:
    """Return what *match* speaks for; *spoken_for* are words that are part of a phrase."""
    kind = _KINDS[match.label]
    weight = match.weight
    first = match.tokens[0]
    denial = _denial_of(first, cues.negations - spoken_for, reading)
    if denial is not None and len(match.tokens) == 1:
        denied = match._replace(tokens=(denial, first))
        if kind is Kind.COMPLAINT:
            return Signal(Kind.PRAISE, weight * _DENIED_COMPLAINT, denied)
        if kind is Kind.PRAISE:
            return Signal(Kind.COMPLAINT, weight, denied)
    if kind is Kind.COMPLAINT and _is_supposed(first, cues.ifs, reading):
        weight *= _SUPPOSED
    if kind is Kind.PRAISE and any(but > first for but in cues.buts):
        weight *= _BEFORE_BUT
    return Signal(kind, weight, match)


def _denial_of(token: int, negations: frozenset[int], reading: Reading) -> int | None:
    """Return the negation that stands close before *token* in its clause, if there is one."""
    for before in range(max(0, token - _NEGATION_REACH), token):
        if before in negations and reading.clauses[before] == reading.clauses[token]:
            return before
    return None


def _is_supposed(token: int, ifs: tuple[int, ...], reading: Reading) -> bool:
    """Return whether *token* stands behind an "if" of its sentence."""
    return any(at < token and reading.sentences[at] == reading.sentences[token] for at in ifs)
