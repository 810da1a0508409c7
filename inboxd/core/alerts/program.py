"""The words of alerts about the program itself: its configuration, and that it does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.durations import format_duration
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.failures import Failure

_CONFIGURATION, _RESTARTS = "inboxd:configuration", "inboxd:restarts"


def config_refused_alert(problems: Sequence[str], now: datetime) -> Alert:
    """Return the alert that a configuration which was to be taken over has *problems*."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return Alert(
        key=f"{_CONFIGURATION}/refused/{now.isoformat()}",
        thread=_CONFIGURATION,
        reason="config_refused",
        tone=Tone.BREACH,
        headline=f"The new configuration has {count}: the old one stays in force",
        detail="\n".join(problems),
        created_at=now,
    )


def config_accepted_alert(since: datetime, now: datetime) -> Alert:
    """Return the notice that a configuration is in force again as it is written in the file."""
    return Alert(
        key=f"{_CONFIGURATION}/accepted/{since.isoformat()}",
        thread=_CONFIGURATION,
        reason="config_accepted",
        tone=Tone.RECOVERY,
        headline="The configuration was read, and is in force, "
        f"after {format_duration(now - since)} with the old one",
        created_at=now,
    )


def restarts_alert(starts: Sequence[datetime], now: datetime) -> Alert:
    """Return the alert that inboxd was started anew at all of *starts*, though nobody had stopped it."""
    span = format_duration(now - starts[0])
    return Alert(
        key=f"{_RESTARTS}/began/{starts[0].isoformat()}",
        thread=_RESTARTS,
        reason="inboxd_restarts",
        tone=Tone.BREACH,
        headline=f"inboxd does not stay up: started {len(starts)} times in {span} after it was killed "
        "or crashed",
        detail="Customers are seen late, and in between nobody is told. Why it ended is in the journal: "
        "`journalctl -u inboxd` (watchdog: it hung, and the trace says where; oom-kill: it needs more "
        "memory than MemoryMax=). Please report it with that.",
        created_at=now,
    )


def stays_up_alert(since: datetime, now: datetime) -> Alert:
    """Return the notice that inboxd stays up, of which people know that it did not."""
    return Alert(
        key=f"{_RESTARTS}/over/{since.isoformat()}",
        thread=_RESTARTS,
        reason="inboxd_stays_up",
        tone=Tone.RECOVERY,
        headline=f"inboxd stays up again, {format_duration(now - since)} after it began to fail",
        created_at=now,
    )


def trial_alert(unit: str, why: str, now: datetime) -> Alert:
    """Return what is told where the hook of *unit* is tried out: plainly no alarm."""
    key = f"inboxd:unit/{unit}/trial/{now.isoformat()}"
    return Alert(
        key=key,
        thread=key,
        reason="test",
        tone=Tone.NOTICE,
        headline=f"TEST: this is where a failure of {unit} is told",
        detail=f"{why} Nothing has failed, and nothing needs to be done.",
        created_at=now,
    )


def unit_failed_alert(failure: Failure, problems: Sequence[str], now: datetime) -> Alert:
    """
    Return the alert that a unit failed, told by another process: the daemon cannot any more.

    *problems* are what is wrong with the configuration, as far as that is known.
    """
    mend = "mend that, then" if problems else "then"
    nobody = "Nobody hears of customers who wait until it runs again."
    look = f"`journalctl -u {failure.unit} -n 50` says more; {mend} `systemctl restart {failure.unit}`."
    return Alert(
        key=f"inboxd:unit/{failure.unit}/failed/{now.isoformat()}",
        thread=f"inboxd:unit/{failure.unit}",
        reason="unit_failed",
        tone=Tone.BREACH,
        headline=f"{failure.unit} has failed" + (f": {failure.why}" if failure.why else ""),
        detail="\n".join((nobody, *problems, look)),
        created_at=now,
    )
