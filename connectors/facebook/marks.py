"""How far a source has been read, and what one page of a list is; pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl

from connectors.facebook.shapes import Malformed, an_object, dig, string

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inboxd.connector import Cursor

SWEEP_EVERY, SWEEP_PER_PAGE = timedelta(minutes=15), timedelta(minutes=3)
"""How often all of a list is read, and at most so often that it makes 480 calls a day: 10 %."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Marks:
    """
    How far a source has been read: the cursor, which holds instants and nothing else.

    *floor* is where the first poll began, *newest* the newest instant seen, *swept* when all
    posts were read last, *swept_to* what *newest* was then, and *sweep_at* when it is due again;
    *ads_to* and *photos_to* are what *newest* was when those lists could be read beside it.
    """

    floor: datetime
    newest: datetime
    swept: datetime | None = None
    swept_to: datetime | None = None
    sweep_at: datetime | None = None
    ads_to: datetime | None = None
    photos_to: datetime | None = None

    @classmethod
    def of(cls, cursor: Cursor | None, start: datetime) -> Marks:
        """Read a cursor of ours, None beginning at *start*."""
        if not cursor:
            return cls(start, start)
        return cls(**{name: datetime.fromisoformat(at) for name, at in cursor.items()})

    def cursor(self) -> Cursor:
        """Return the JSON to be kept."""
        return {name: at.isoformat() for name, at in asdict(self).items() if at is not None}

    def sweep_is_due(self, now: datetime) -> bool:
        """Return whether everything is to be read, and not only what is new."""
        due = self.sweep_at or (self.swept and self.swept + SWEEP_EVERY)
        return due is None or now >= due

    def after(self, changed: Sequence[datetime], now: datetime, *, swept: bool) -> Marks:
        """
        Return the marks once a poll is complete whose first page told that it *changed* then.

        Later pages may show what is younger than something that came meanwhile and was not
        seen; and an instant in the future would hide everything until then.
        """
        newest = max(self.newest, min(max(changed, default=self.newest), now))
        marks = replace(self, newest=newest)
        return replace(marks, swept=now, swept_to=newest, sweep_at=None) if swept else marks

    def of_extra(self, extra: Literal["", "ads", "photos"], start: datetime) -> Marks:
        """Return the marks to read a list beside this one from, never before *start*."""
        read_to = {"ads": self.ads_to, "photos": self.photos_to}.get(extra)
        known = max(read_to or self.floor, start)
        return Marks(min(self.floor, known), known, swept_to=known)

    def swept_in(self, pages: int, now: datetime) -> Marks:
        """Return the marks after a sweep that took so many pages."""
        return replace(self, sweep_at=sweep_after(pages, now))


def sweep_after(pages: int, now: datetime) -> datetime:
    """Return when a list of so many pages may be read whole again."""
    return now + max(SWEEP_EVERY, pages * SWEEP_PER_PAGE)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a Graph list; *further* are the next page's parameters, None on the last."""

    items: Sequence[Any] = ()
    further: Mapping[str, str] | None = None

    @classmethod
    def of(cls, answer: object) -> Listing:
        """Read a list's envelope; only a missing ``next`` says that it ends, never a short page."""
        items, url = an_object(answer).get("data"), string(dig(answer, "paging", "next"))
        if not isinstance(items, list):
            raise Malformed("no data")
        # Feeds may page by time. The URL is taken apart, never used: it carries the token.
        query = dict(parse_qsl(url.partition("?")[2]))
        further = {key: at for key, at in query.items() if key in {"until", "__paging_token"}}
        if after := string(dig(answer, "paging", "cursors", "after")) or query.get("after", ""):
            further = {"after": after}
        if url and not further:
            raise Malformed("a next page without a cursor")
        return cls(items, further if url else None)
