"""Whom a case is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.tui.dialogs.chooser import Choice, Chooser
from inboxd.tui.dialogs.frame import cases_named

if TYPE_CHECKING:
    from collections.abc import Sequence


class AssignDialog(Chooser[str]):
    """Answers with a colleague's name, "" for nobody."""

    def __init__(self, cases: tuple[int, ...], me: str, colleagues: Sequence[str]) -> None:
        super().__init__(f"Assign {cases_named(cases)}", "a name, or part of one")
        self._known = [
            Choice(me, me, "me"),
            *(Choice(name, name) for name in colleagues if name != me),
        ]
        self._nobody = Choice("", "Nobody in particular", "nobody")

    def choices(self, typed: str) -> Sequence[Choice[str]]:
        """Return the colleagues whose name contains *typed*, and who is not known yet."""
        part = typed.casefold()
        fit = [
            each
            for each in [*self._known, self._nobody]
            if part in each.words.casefold() or part == each.note
        ]
        known = any(each.words.casefold() == part for each in fit)
        new = [] if known or not typed else [Choice(typed, typed, "somebody new")]
        return [*fit, *new]
