"""Until when a case sleeps."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from inboxd.core.moments import FORMS, ahead, mornings
from inboxd.durations import format_duration
from inboxd.tui.dialogs.chooser import Choice, Chooser
from inboxd.tui.dialogs.frame import cases_named
from inboxd.tui.when import coming_moment, span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.core.hours import OpeningHours
    from inboxd.tui.session import Session


class SnoozeDialog(Chooser[datetime]):
    """Answers with the instant at which the cases wake; *hours* are those of the first of them."""

    def __init__(
        self, cases: tuple[int, ...], session: Session, hours: OpeningHours | None
    ) -> None:
        super().__init__(
            f"Snooze {cases_named(cases)}", "until when? 2h, 09:00, fri 14:00, 2026-12-01 09:00"
        )
        self._session = session
        self._hours = hours

    def choices(self, typed: str) -> Sequence[Choice[datetime]]:
        """Return what *typed* means, or the usual times where nothing is typed."""
        if not typed:
            return self._usual()
        now, zone = self._session.now, self._session.tz
        with suppress(ValueError):
            at = ahead(typed, now, zone)
            return [Choice(at, f"until {coming_moment(at, now, zone)}", f"in {span(at - now)}")]
        return []

    def refusal(self, typed: str) -> str:
        """Return what is wrong with *typed*, calmly: it may be half a word."""
        try:
            ahead(typed, self._session.now, self._session.tz)
        except ValueError as error:
            said = str(error)
            return said if said.endswith("future") else f"not a time yet; {FORMS}"
        return ""

    def _usual(self) -> list[Choice[datetime]]:
        now, zone = self._session.now, self._session.tz
        spans = [
            Choice(now + each, f"for {format_duration(each)}", coming_moment(now + each, now, zone))
            for each in self._session.settings.tui.snooze
        ]
        openings = [
            Choice(at, f"until {coming_moment(at, now, zone)}", f"in {span(at - now)}")
            for at in mornings(self._hours, now, zone)
        ]
        return [*spans, *openings]
