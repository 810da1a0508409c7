"""Who has which case before their eyes: the table presences."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from datetime import datetime

LASTS = timedelta(seconds=20)
"""How long one counts that is not renewed: a terminal may have been killed."""
RENEWED_EVERY = timedelta(seconds=8)
"""So often that one renewal may fail, and no more: after each, every terminal reads anew."""
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Presence:
    """*actor*, in one terminal, is *doing* something with a case: ``reading``, ``replying``."""

    session: str
    actor: str
    case: int
    doing: str
    seen_at: datetime


class PresenceStore:
    """The table presences."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def here(self, session: str, actor: str, case: int, doing: str, now: datetime) -> None:
        """Note that a terminal shows *case*; to be renewed every `RENEWED_EVERY`."""
        self._db.execute(
            "INSERT INTO presences (session, actor, case_id, doing, seen_at) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (session) DO UPDATE SET actor = excluded.actor, "
            "case_id = excluded.case_id, doing = excluded.doing, seen_at = excluded.seen_at",
            (session, actor, case, doing, to_text(now)),
        )
        # One from a clock that was ahead would be there for as long as that was wrong.
        self._db.execute(
            "DELETE FROM presences WHERE seen_at < ? OR seen_at > ?",
            (to_text(now - _KEPT), to_text(now + LASTS)),
        )

    def gone(self, session: str) -> None:
        """Note that a terminal shows no case any more."""
        self._db.execute("DELETE FROM presences WHERE session = ?", (session,))

    def others(self, session: str, now: datetime) -> Mapping[int, tuple[Presence, ...]]:
        """Return who else is at which case, by the case."""
        found: dict[int, list[Presence]] = defaultdict(list)
        for each in self._present(now):
            if each.session != session:
                found[each.case].append(each)
        return {case: tuple(there) for case, there in found.items()}

    def at(self, case: int, session: str, now: datetime) -> tuple[Presence, ...]:
        """Return who else is at *case*."""
        return self.others(session, now).get(case, ())

    def _present(self, now: datetime) -> Iterator[Presence]:
        rows = self._db.execute(
            "SELECT session, actor, case_id, doing, seen_at FROM presences "
            "WHERE seen_at > ? AND seen_at <= ? ORDER BY actor, session",
            (to_text(now - LASTS), to_text(now + LASTS)),
        )
        for session, actor, case, doing, seen_at in rows:
            yield Presence(session, actor, case, doing, from_text(seen_at))
