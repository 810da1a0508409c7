"""The words of alerts about the machine that inboxd runs on: its database, the copies of that, and its clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.durations import format_duration
from inboxd.errors import DatabaseDamaged, DatabaseLost
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.errors import DatabaseError


def database_alert(error: DatabaseError, since: datetime, now: datetime) -> Alert:
    """Return the alert that nothing can be stored: so nothing is read, and nobody is told."""
    match error:
        case DatabaseDamaged():
            reason, headline = (
                "database_damaged",
                "inboxd has stopped work: its database is damaged",
            )
            what = "Nothing is read and nobody is told until a person mends that."
        case DatabaseLost():
            reason, headline = (
                "database_lost",
                "inboxd starts anew: its database was moved or replaced",
            )
            what = "It goes on with the file that it finds there now."
        case _:
            lasted = format_duration(now - since)
            reason = "database_unusable"
            headline = f"inboxd can store nothing for {lasted}: customers are not seen"
            what = "Nothing is read and nobody is told meanwhile. It goes on by itself when that is over."
    return Alert(
        key=f"database/{reason}/{since.isoformat()}",
        thread="machine:database",
        reason=reason,
        tone=Tone.BREACH,
        headline=headline,
        detail=f"{error}\n{what} Until then, look into the networks' own apps.",
        created_at=now,
    )


def database_usable_alert(since: datetime, now: datetime) -> Alert:
    """Return the notice that everything is stored again."""
    return Alert(
        key=f"database/usable_again/{since.isoformat()}",
        thread="machine:database",
        reason="database_usable_again",
        tone=Tone.RECOVERY,
        headline=f"inboxd works again after {format_duration(now - since)}",
        detail="What was written meanwhile is read now; look at `inboxd waiting`.",
        created_at=now,
    )


def backup_failed_alert(since: datetime, error: str, now: datetime) -> Alert:
    """Return the alert that the nightly copy of the database could not be made."""
    return Alert(
        key=f"inboxd:backup/failed/{since.isoformat()}",
        thread="inboxd:backup",
        reason="backup_failed",
        tone=Tone.BREACH,
        headline="The database could not be backed up",
        detail=f"{error}\nIt is tried again every hour; `inboxd backup` tries at once.",
        created_at=now,
    )


def backup_made_again_alert(since: datetime, now: datetime) -> Alert:
    """Return the notice that the database, of which people know that it was not, is backed up."""
    return Alert(
        key=f"inboxd:backup/made_again/{since.isoformat()}",
        thread="inboxd:backup",
        reason="backup_made_again",
        tone=Tone.RECOVERY,
        headline=f"The database is backed up again after {format_duration(now - since)}",
        created_at=now,
    )


def clock_wrong_alert(found: str, since: datetime, now: datetime) -> Alert:
    """Return the alert that the time of day cannot be right, by what the networks *found* of it."""
    return Alert(
        key=f"clock/wrong/{since.isoformat()}",
        thread="machine:clock",
        reason="clock_wrong",
        tone=Tone.BREACH,
        headline="inboxd waits: the clock of its machine is wrong",
        detail=f"{found}\nNothing is read and nobody is told: everybody would seem to be late, or "
        "nobody. It goes on by itself when the clock is right.",
        created_at=now,
    )


def clock_right_alert(since: datetime, now: datetime) -> Alert:
    """Return the notice that the time of day agrees with the networks' again."""
    return Alert(
        key=f"clock/right_again/{since.isoformat()}",
        thread="machine:clock",
        reason="clock_right_again",
        tone=Tone.RECOVERY,
        headline="inboxd works again: the clock is right",
        created_at=now,
    )
