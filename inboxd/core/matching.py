"""
Which known cases and waits the spans of a fold are: numbers and memories carried over.

Pure. Both are known by the messages in them, so that a late message changes a case instead of
making a second one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inboxd.core.states import FOR_EVER
from inboxd.core.told import HISTORY
from inboxd.core.waits import CaseStatus, WaitEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from inboxd.core.states import CaseState, WaitState
    from inboxd.core.waits import CaseSpan, Wait

MERGED = "merged with another case"
"""Why a case is closed whose messages turned out to belong to another one."""


def in_order(waits: Iterable[WaitState]) -> tuple[WaitState, ...]:
    """Return *waits* as they are kept in a case."""
    return tuple(sorted(waits, key=lambda wait: (wait.since, wait.ended_at or FOR_EVER)))


@dataclass(frozen=True, slots=True)
class Before:
    """What a wait was until now, and what people were told of waits that it has swallowed."""

    wait: WaitState | None = None
    swallowed: tuple[WaitState, ...] = ()


NOTHING = Before()


class Known:
    """
    The cases and waits as they were, handed out to the spans that they turn out to be.

    Both are known by their messages. A message can be in two cases, and in two waits, where
    it was edited or reopened after its answer: then the time tells them apart.
    """

    def __init__(
        self, cases: Sequence[CaseState], spans: Sequence[CaseSpan], now: datetime
    ) -> None:
        self._now = now
        self._waits = [wait for case in cases for wait in case.waits]
        self._owner = {wait.id: case.id for case in cases for wait in case.waits}
        self._spare = list(cases)
        self._cases: dict[int, CaseState] = {}
        self._matched: dict[tuple[int, int], WaitState] = {}
        self._swallowed: dict[tuple[int, int], list[WaitState]] = {}
        self._match_cases(spans)
        self._match_waits(spans)

    def of(self, place: int, span: CaseSpan) -> tuple[CaseState | None, tuple[Before, ...]]:
        """Return the case that *span* at *place* was until now, and what each of its waits was."""
        waits = tuple(self._before((place, index)) for index in range(len(span.waits)))
        return self._cases.get(place), waits

    def _before(self, key: tuple[int, int]) -> Before:
        known = self._matched.get(key)
        return Before(known, tuple(self._swallowed.get(key, ()))) if known else NOTHING

    def _match_cases(self, spans: Sequence[CaseSpan]) -> None:
        # Where several were one all along, the one that people work on is the one to keep.
        for case in sorted(self._spare, key=lambda case: (case.ended_at is not None, case.id or 0)):
            place = _place_of(case, spans)
            if place is not None and place not in self._cases:
                self._cases[place] = case
                self._spare.remove(case)

    def _match_waits(self, spans: Sequence[CaseSpan]) -> None:
        left = [
            ((place, index), wait)
            for place, span in enumerate(spans)
            for index, wait in enumerate(span.waits)
        ]
        for is_it in (_is_unchanged, _is_open_part, _is_part):
            if not left or not self._waits:
                break
            left = [(key, wait) for key, wait in left if not self._take(key, wait, is_it)]
        for (place, index), wait in left:
            self._take_open(place, index, wait)
        for known in self._waits:
            keys = [
                (place, index)
                for place, span in enumerate(spans)
                for index, wait in enumerate(span.waits)
                if _is_part(known, wait)
            ]
            if keys:
                self._swallowed.setdefault(keys[-1], []).append(known)

    def _take(
        self, key: tuple[int, int], wait: Wait, is_it: Callable[[WaitState, Wait], bool]
    ) -> bool:
        # What is owed is void where rules forget it, and goes on where they remember it.
        real = (
            known for known in self._waits if known.end is not WaitEnd.VOID or known.kind.is_owed
        )
        found = next((known for known in real if is_it(known, wait)), None)
        if found:
            self._waits.remove(found)
            self._matched[key] = found
        return found is not None

    def _take_open(self, place: int, index: int, wait: Wait) -> None:
        """Hand out the wait of the same case that goes on, though from another message."""
        own = self._cases.get(place)
        known = own.wait if own else None
        answers = known is not None and not known.kind.is_owed and not wait.kind.is_owed
        if known and answers and wait.end is None and known in self._waits:
            self._waits.remove(known)
            self._matched[place, index] = known

    def with_leftovers(self, case: CaseState) -> CaseState:
        """Return *case* with those waits of its past that people heard of, and that were none."""
        left = self._leftovers(case)
        return replace(case, waits=in_order((*case.waits, *left))) if left else case

    def spare_cases(self) -> list[CaseState]:
        """Return the cases that are none any more, closed."""
        return [self._merged(case) for case in self._spare]

    def _merged(self, case: CaseState) -> CaseState:
        if case.close_reason == MERGED:
            return case
        return replace(
            case,
            status=CaseStatus.CLOSED,
            waits=self._leftovers(case),
            ended_at=case.ended_at or self._now,
            close_reason=MERGED,
            unanswered=0,
            quiet_at=None,
            response_due_at=None,
            resolution_due_at=None,
            due_at=None,
            next_step_at=None,
        )

    def _leftovers(self, case: CaseState) -> tuple[WaitState, ...]:
        """Return what is left of a case's waits; one that nobody heard of never was."""
        return tuple(
            replace(wait, end=WaitEnd.VOID, ended_at=wait.ended_at or self._now, ended_by=None)
            for wait in self._waits
            if wait.told and wait.told != HISTORY and self._owner[wait.id] == case.id
        )


def _place_of(case: CaseState, spans: Sequence[CaseSpan]) -> int | None:
    """Return the place of the span that *case* has become, None where there is none."""
    if case.close_reason == MERGED:
        return None
    places = [place for place, span in enumerate(spans) if case.first_message in span.messages]
    begun = [place for place in places if spans[place].opened_at <= case.opened_at]
    return begun[-1] if begun else next(iter(places), None)


def _is_unchanged(known: WaitState, wait: Wait) -> bool:
    same = known.message == wait.messages[0] and known.since == wait.since
    return same and (known.end is None) == (wait.end is None) and _is_alike(known, wait)


def _is_alike(known: WaitState, wait: Wait) -> bool:
    """Tell whether both are for an answer, or owed for the same: an answer may owe two things."""
    if known.kind.is_owed or wait.kind.is_owed:
        return known.kind is wait.kind
    return True


def _is_open_part(known: WaitState, wait: Wait) -> bool:
    return known.end is None and _is_part(known, wait)


def _is_part(known: WaitState, wait: Wait) -> bool:
    is_in = known.message in wait.messages or known.message in wait.withdrawn
    return is_in and _is_alike(known, wait)
