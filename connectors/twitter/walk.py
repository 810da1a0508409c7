"""
How far a source has been read, and what is to be read next; pure.

X charges for every item it returns (once per item and UTC day; an empty answer is free), so
nothing is read that is not needed: see :class:`Walk` for what a poll reads again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.twitter.payloads import MALFORMED, as_object, ids_of, snowflake, time_of
from inboxd import errors

if TYPE_CHECKING:
    from connectors.twitter.failures import Failure
    from connectors.twitter.settings import Settings
    from inboxd import connector as port
    from inboxd.model import Json


@dataclass(frozen=True, slots=True)
class Walk:
    """
    One reading of a source, newest first, down to *since_id* (exclusive).

    The next walk goes down to the newest item seen or to the overlap before the *start* of this
    one, whichever is older: ids carry their time. What came late is found again, and a quiet
    account is asked only for what it has not shown yet, which is free. *newest_id* counts only
    once all pages are read; until then the cursor keeps *token*, so that a crash resumes.
    """

    since_id: int
    started_at: datetime
    newest_id: int = 0
    by_time: bool = False
    """X is asked by start_time: no item is known yet, or none that X still takes."""
    token: str | None = None
    note: str = ""

    @classmethod
    def begin(cls, cursor: port.Cursor | None, now: datetime, settings: Settings) -> Walk:
        """Return the walk that a cursor asks for; one that cannot be read counts as none."""
        try:
            return cls._resumed(cursor or {}, now, settings.overlap)
        except MALFORMED:
            return cls(snowflake(now - settings.backfill), now, by_time=True)

    @classmethod
    def _resumed(cls, cursor: port.Cursor, now: datetime, overlap: timedelta) -> Walk:
        newest, read_at = int(cursor["newest_id"]), datetime.fromisoformat(cursor["read_at"])
        if token := cursor.get("pagination_token"):
            since = int(cursor["since_id"])
            return cls(since, read_at, newest, bool(cursor["by_time"]), str(token))
        before = snowflake(read_at - overlap)
        return cls(min(newest, before) if newest else before, now, newest)

    def cursor(self) -> port.Cursor:
        """Return what brings this walk back."""
        done = {"newest_id": str(self.newest_id), "read_at": self.started_at.isoformat()}
        if self.token is None:
            return done
        here = {"since_id": str(self.since_id), "pagination_token": self.token}
        return {**done, **here, "by_time": self.by_time}

    def params(self) -> dict[str, Any]:
        """Return what asks X for this stretch; every page of it takes the same bound."""
        name, bound = "since_id", str(self.since_id)
        if self.by_time:
            name, bound = "start_time", f"{time_of(self.since_id + 1):%Y-%m-%dT%H:%M:%SZ}"
        return {name: bound, "pagination_token": self.token}

    def after(self, answer: Json, *, is_dm: bool) -> Walk:
        """Return where the walk stands behind a page; without a token it has ended."""
        ids = ids_of(answer)
        token = as_object(answer.get("meta")).get("next_token")
        if token is not None and token == self.token:
            raise errors.UnexpectedPayload("X names the page that it has just sent as the next one")
        # dm_events knows no since_id: the bound is looked for here. A page that is not full says
        # nothing about there being more.
        if is_dm and ids and min(ids) <= self.since_id:
            token = None
        return replace(self, newest_id=max([self.newest_id, *ids]), token=token, note="")

    def restarted(self, failure: Failure, now: datetime, settings: Settings) -> Walk | None:
        """Return the walk to take instead where X no longer knows a token or an id of ours."""
        if self.token is not None and failure.is_about("pagination_token"):
            return replace(self, token=None)
        if self.by_time or not failure.is_about("since_id"):
            return None
        bound = now - settings.backfill
        note = f"X no longer knows how far was read: read again from {bound:%Y-%m-%d %H:%M}Z on"
        return replace(self, since_id=snowflake(bound), by_time=True, token=None, note=note)
