"""How far people and the classifier agree, by what people said of its verdicts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.model import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from inboxd.store import Correction


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of how many verdicts that people spoke of they said the same as the classifier."""

    spoken_of: int
    agreed: int

    @property
    def share(self) -> float | None:
        """Return the share between 0 and 1, None where nobody spoke."""
        return self.agreed / self.spoken_of if self.spoken_of else None

    def as_json(self) -> dict[str, Any]:
        """Return it as `classifier report --json` prints it."""
        share = None if self.share is None else round(self.share, 4)
        return {"spoken_of": self.spoken_of, "agreed": self.agreed, "agreement": share}

    def __str__(self) -> str:
        if self.share is None:
            return "nobody spoke of it"
        return f"{self.share:.0%} ({self.agreed} of {self.spoken_of})"


@dataclass(frozen=True, slots=True)
class Report:
    """What the corrections say; *since* is the first of them, *judged* all messages from then on."""

    since: datetime | None
    judged: int
    messages: int
    parts: Mapping[str, Agreement]
    languages: Mapping[str, Agreement]
    models: Mapping[str, Agreement]
    confusion: Mapping[tuple[Kind, Kind], int]
    """(what the classifier said, what the person said) → how often."""

    def as_json(self) -> dict[str, Any]:
        """Return it as `classifier report --json` prints it."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "judged": self.judged,
            "messages": self.messages,
            "agreement": {name: each.as_json() for name, each in self.parts.items()},
            "kind_by_language": {name: each.as_json() for name, each in self.languages.items()},
            "kind_by_model": {name: each.as_json() for name, each in self.models.items()},
            "confusion": [
                {"classifier": str(said), "person": str(truth), "messages": number}
                for (said, truth), number in sorted(self.confusion.items())
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield it for people: agreement first, then who was taken for what."""
        if self.since is None:
            yield "Nobody has corrected anything yet; `inboxd correct CASE --kind …` does."
            return
        spoken = f"people spoke of {self.messages} of {self.judged} messages judged"
        yield f"Since {self.since:%Y-%m-%d %H:%M}Z {spoken}."
        for name, agreement in self.parts.items():
            yield f"{name:10} {agreement}"
        for title, table in (("language", self.languages), ("model", self.models)):
            yield f"kind by {title}:"
            yield from (f"  {name or 'unknown':24} {each}" for name, each in table.items())
        yield from _matrix(self.confusion)


def report(corrections: Sequence[Correction], judged: int) -> Report:
    """Return what *corrections* say, *judged* being how many messages were since the first."""
    kinds = [each for each in corrections if each.person.kind and each.machine.kind]
    return Report(
        since=min((each.at for each in corrections), default=None),
        judged=judged,
        messages=len(corrections),
        parts={part: _agreement(corrections, part) for part in _SAME},
        languages=_by(kinds, lambda each: each.truth.language or ""),
        models=_by(kinds, lambda each: each.model),
        confusion=Counter(
            (each.machine.kind, each.person.kind)
            for each in kinds
            if each.machine.kind and each.person.kind
        ),
    )


_SAME: Mapping[str, Callable[[Any], object]] = {
    "kind": lambda said: said,
    "topics": frozenset,
    "urgency": lambda said: said,
    "language": lambda said: said,
}
"""The parts of a verdict, and what of them must be the same: the order of topics need not."""


def _agreement(corrections: Sequence[Correction], part: str) -> Agreement:
    pairs = [(getattr(each.machine, part), getattr(each.person, part)) for each in corrections]
    spoken = [(said, truth) for said, truth in pairs if truth is not None]
    same = _SAME[part]
    agreed = sum(said is not None and same(said) == same(truth) for said, truth in spoken)
    return Agreement(len(spoken), agreed)


def _by(
    corrections: Sequence[Correction], key: Callable[[Correction], str]
) -> dict[str, Agreement]:
    names = sorted({key(each) for each in corrections})
    return {
        name: _agreement([each for each in corrections if key(each) == name], "kind")
        for name in names
    }


def _matrix(confusion: Mapping[tuple[Kind, Kind], int]) -> Iterator[str]:
    if not confusion:
        return
    yield "classifier ↓ person →" + "".join(f"{kind:>11}" for kind in Kind)
    for said in Kind:
        counts = (confusion.get((said, truth), 0) for truth in Kind)
        yield f"{said:21}" + "".join(f"{number:11}" for number in counts)
