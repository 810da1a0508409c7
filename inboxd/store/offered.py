"""What a shell offers while somebody types: looked up without a change, and never waited for long."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from inboxd.store.database import explained, open_read_only
from inboxd.store.times import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

_PATIENCE_SECONDS = 0.2
_MOST = 50
_WAITING = (
    "SELECT case_id, coalesce(nullif(author, ''), nullif(handle, ''), '') || ': ' || text "
    "FROM waiting WHERE CAST(case_id AS TEXT) GLOB ? || '*' "
    "ORDER BY due_at IS NULL, due_at, waiting_since LIMIT ?"
)
_LASTING = (
    "SELECT id, actor || ': ' || reason FROM silences "
    "WHERE CAST(id AS TEXT) GLOB ? || '*' AND until > ? AND began_at <= ? ORDER BY id LIMIT ?"
)


def waiting_cases(database: Path, begun: str) -> Iterator[tuple[int, str]]:
    """
    Yield cases that wait and whose number begins with the digits *begun*: what is due first on top.

    With each comes who says what, as a stranger wrote it. Raises DatabaseError.
    """
    return _looked_up(database, _WAITING, begun, _MOST)


def lasting_silences(database: Path, begun: str, now: datetime) -> Iterator[tuple[int, str]]:
    """Yield silences that last and whose number begins with *begun*, each with whose and why."""
    return _looked_up(database, _LASTING, begun, to_text(now), to_text(now), _MOST)


def _looked_up(database: Path, sql: str, *values: object) -> Iterator[tuple[int, str]]:
    found = open_read_only(database, patience_seconds=_PATIENCE_SECONDS)
    with closing(found) as connection, explained(database):
        yield from connection.execute(sql, values)
