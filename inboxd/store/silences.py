"""The table silences: what nobody wants to hear of for a while."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inboxd.core.policies import Match
from inboxd.core.silences import Silence
from inboxd.errors import UserError
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

_COLUMNS = "id, match, began_at, until, actor, reason"


class SilenceStore:
    """Begins silences and ends them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, match: Match, until: datetime, actor: str, reason: str, now: datetime) -> Silence:
        """Mute what matches from *now* on."""
        number = self._db.execute(
            "INSERT INTO silences (match, began_at, until, actor, reason) VALUES (?, ?, ?, ?, ?)",
            (match_json(match), to_text(now), to_text(until), actor, reason),
        ).lastrowid
        return Silence(number or 0, match, now, until, actor, reason)

    def end(self, number: int, now: datetime) -> Silence:
        """
        End a silence before its time; what it muted is decided on anew at the next tick.

        Raises UserError where there is none that lasts. To be called within a transaction.
        """
        silence = next((each for each in self.active(now) if each.id == number), None)
        if silence is None:
            raise UserError(f"there is no silence {number} that lasts; see `inboxd silence list`")
        self._db.execute("UPDATE silences SET until = ? WHERE id = ?", (to_text(now), number))
        # Their time to look again is the silence's end, as long as nothing else happened.
        self._db.execute(
            "UPDATE cases SET next_step_at = :now WHERE next_step_at > :now AND next_step_at = :until",
            {"now": to_text(now), "until": to_text(silence.until)},
        )
        self._db.execute(
            "UPDATE outbox SET not_before = ? WHERE state = 'pending' AND held = 'silence'",
            (to_text(now),),
        )
        return silence

    def active(self, now: datetime) -> list[Silence]:
        """Return the silences that last at *now*, what ends first on top."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM silences WHERE until > ? AND began_at <= ? ORDER BY until, id",  # noqa: S608 - constants
            (to_text(now), to_text(now)),
        )
        return [_silence(row) for row in rows]

    def lasting(self, since: datetime) -> list[Silence]:
        """Return the silences that lasted at *since* or later, in the order in which they began."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM silences WHERE until > ? AND until > began_at "  # noqa: S608 - constants
            "ORDER BY began_at, id",
            (to_text(since),),
        )
        return [_silence(row) for row in rows]


def _silence(row: tuple[Any, ...]) -> Silence:
    number, match, began_at, until, actor, reason = row
    return Silence(number, _match(match), from_text(began_at), from_text(until), actor, reason)


_SETS = ("account", "network", "stream", "kind", "topic", "urgency", "language")


def match_json(match: Match) -> str:
    """Return the conditions of *match*, those that there are, as JSON."""
    said: dict[str, object] = {
        name: sorted(getattr(match, name)) for name in _SETS if getattr(match, name)
    }
    if match.public is not None:
        said["public"] = match.public
    if match.min_followers is not None:
        said["min_followers"] = match.min_followers
    return json.dumps(said)


def _match(text: str) -> Match:
    said = json.loads(text)
    sets = {name: frozenset(said[name]) for name in _SETS if name in said}
    return Match(**sets, public=said.get("public"), min_followers=said.get("min_followers"))
