"""Why a case is closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.tui.dialogs.chooser import Choice, Chooser
from inboxd.tui.dialogs.frame import cases_named

if TYPE_CHECKING:
    from collections.abc import Sequence

REASONS = ("no reply needed", "answered elsewhere", "spam")
"""The usual reasons, the commonest first."""


class CloseDialog(Chooser[str]):
    """Answers with a reason."""

    def __init__(self, cases: tuple[int, ...]) -> None:
        super().__init__(f"Close {cases_named(cases)}", "why? another reason can be written here")

    def choices(self, typed: str) -> Sequence[Choice[str]]:
        """Return the usual reasons that contain *typed*, and *typed* itself."""
        usual = [Choice(each, each) for each in REASONS if typed.casefold() in each]
        own = [Choice(typed, typed, "in these words")] if typed and typed not in REASONS else []
        return [*usual, *own]
