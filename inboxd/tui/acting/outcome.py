"""What came of a change, case by case, and in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inboxd.core.silences import Silence
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.tracking import Rules
    from inboxd.desk import Done
    from inboxd.store import Mark, Store
    from inboxd.tui.acting.changes import Change

if TYPE_CHECKING:
    Undoable = Done | Silence
    """What can be taken back, with what is known of it."""

UNDO = "u takes it back"
_TELL_AT_MOST = 5
"""Of how many cases it is told singly why nothing came of it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A case (0: something else) that does not allow it, and why."""

    case: int
    why: str

    def __str__(self) -> str:
        """Return the line that a person reads."""
        named = not self.case or f"case {self.case}" in self.why
        return self.why if named else f"case {self.case}: {self.why}"


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A case with which somebody else did something since it was looked at; *mark* is as it is now."""

    case: int
    news: tuple[str, ...]
    mark: Mark


@dataclass(slots=True)
class Outcome:
    """What came of a change, case by case."""

    change: Change
    meant: int
    done: list[Done] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    overtaken: list[Overtaken] = field(default_factory=list)

    def add(self, result: Done | Refused | Overtaken) -> None:
        """Take in what came of it for one case."""
        if isinstance(result, Refused):
            self.refused.append(result)
        elif isinstance(result, Overtaken):
            self.overtaken.append(result)
        else:
            self.done.append(result)

    @property
    def untried(self) -> int:
        """Return of how many cases nothing is known yet."""
        return self.meant - len(self.done) - len(self.refused) - len(self.overtaken)

    @property
    def words(self) -> str:
        """Return it for people: what was done and can be taken back, and why the rest was not."""
        if self.meant == 1:
            said = [done.words for done in self.done]
        else:
            said = [f"{len(self.done)} of {counted(self.meant)} {self.change.done}"]
        if self.done:
            said[0] += f" · {UNDO}"
        return "\n".join(map(sentence, [*said, *reasons(self.refused)]))


def attempt(
    change: Change, case: int, seen: Mark | None, rules: Rules, store: Store
) -> Done | Refused | Overtaken:
    """Make a change to one case; DatabaseError where that cannot be done to any."""
    from inboxd.desk import Desk, Meanwhile

    desk = Desk(store, rules)
    try:
        return change.do(desk, case, seen)
    except Meanwhile as overtaken:
        return Overtaken(case, overtaken.news, overtaken.mark)
    except UserError as refusal:
        return Refused(case, str(refusal))


def take_back(
    done: Done | Silence, actor: str, now: datetime, rules: Rules, store: Store
) -> str | Refused:
    """Undo one thing that was done; returns what that means in words, or why it stays."""
    from inboxd.desk import Desk

    if isinstance(done, Silence):
        return _end(done, now, store)
    try:
        return Desk(store, rules).undo(done, actor, now)
    except UserError as refusal:
        return Refused(done.case, str(refusal))


def _end(silence: Silence, now: datetime, store: Store) -> str | Refused:
    try:
        with store.transaction():
            store.silences.end(silence.id, now)
    except UserError as refusal:
        return Refused(0, str(refusal))
    return f"silence {silence.id} is over"


def reasons(refused: Sequence[Refused]) -> list[str]:
    """Return why nothing came of it, of the first few cases a line each."""
    lines = [str(each) for each in refused[:_TELL_AT_MOST]]
    left = len(refused) - len(lines)
    return [*lines, f"and {left} more"] if left else lines


def counted(cases: int) -> str:
    """Return a number of cases in words."""
    return "1 case" if cases == 1 else f"{cases} cases"


def sentence(words: str) -> str:
    """Return *words* as they begin a line."""
    return words[:1].upper() + words[1:]
