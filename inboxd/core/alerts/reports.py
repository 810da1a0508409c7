"""The words of reports that go out by themselves, and of one that could not be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inboxd.core.scorecard.periods import in_words
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.scorecard.model import Period

REPORT: Final = "report"
"""The reason of an alert that has a page to go with it."""


@dataclass(frozen=True, slots=True)
class Told:
    """
    Which report is told of, and by what key.

    *days* is what it is of, *since* what its changes are held against, and *command* shows all.
    """

    name: str
    key: str
    days: Period
    since: Period | None
    command: str


def report_alert(
    told: Told, facts: Sequence[tuple[str, str]], now: datetime, *, trial: bool = False
) -> Alert:
    """Return what is told of a report."""
    changes = f"What has changed is since {in_words(told.since)}.\n" if told.since else ""
    what = f"Trial of {told.name}" if trial else told.name
    return Alert(
        key=told.key,
        thread=told.key,
        reason=REPORT,
        tone=Tone.NOTICE,
        headline=f"{what}: how we answered, {in_words(told.days)}",
        detail=f"{changes}All of it: {told.command}",
        created_at=now,
        facts=tuple(facts),
    )


def report_failed_alert(name: str, key: str, error: str, now: datetime) -> Alert:
    """Return the alert that a report does not come: nobody shall wait for it."""
    return Alert(
        key=f"{key}/failed",
        thread=key,
        reason="report_failed",
        tone=Tone.BREACH,
        headline=f"The report {name} could not be written",
        detail=f"{error}\nIt is not tried again before inboxd is started "
        "anew; the log says more, and `inboxd report` may show what can be shown.",
        created_at=now,
    )
