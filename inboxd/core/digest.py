"""The daily digest: when it is due, of which day it tells, and its words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from inboxd.core.spikes import topic_in_words
from inboxd.core.standing import Standing
from inboxd.durations import format_duration
from inboxd.model import Alert, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, tzinfo

    from inboxd.core.hours import OpeningHours
    from inboxd.model import CaseCard, Topic

_A_DAY = timedelta(days=1)
_TOLD_AS: Mapping[str, str] = {
    Standing.REFUSED: "refused by its network",
    Standing.DEAF: "answers without delivering",
}
"""What people know of an account, where that is not the word itself."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What is told once a day, not before *at* on the wall clock of *timezone*."""

    name: str
    at: time
    to: tuple[str, ...]
    timezone: tzinfo
    hours: OpeningHours | None = None
    """Only on days on which this calendar is open; None: every day."""

    def key(self, day: date) -> str:
        """Return what the digest of *day* is known by, for ever."""
        return f"digest:{self.name}/{day.isoformat()}"

    def due_on(self, now: datetime) -> date | None:
        """
        Return the day whose digest is due at *now*, None if none is (yet).

        A day's is due until midnight, however late; the next day it is skipped, for then
        another one tells how everything stands.
        """
        local = now.astimezone(self.timezone)
        if local.time() < self.at:
            return None
        begins, ends = day_of(local.date(), self.timezone)
        closed = self.hours is not None and not self.hours.between(begins, ends)
        return None if closed else local.date()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What people know of an account (``refused``, ``blind``, ``deaf``), and since when."""

    told_as: str
    since: datetime

    @property
    def sees(self) -> bool:
        """Whether customers are seen all the same, though later than they should be."""
        return self.told_as == Standing.DEAF


@dataclass(frozen=True, slots=True)
class Figures:
    """
    How everything stands, and how yesterday was.

    *promised* are the promises to customers that fall due by the end of the day. *troubles* are
    accounts that people know to be in trouble; *read* are those in none, and *unread* those that
    never were read. *gaps* were spans yesterday in which something was not read, *gap_time* in
    all. *spikes* are topics with their customers, *used* a line for each allowance.
    """

    waiting: int
    overdue: int
    oldest: datetime | None
    breached: int
    in_time: int
    late: int
    promised: int
    read: tuple[str, ...]
    troubles: Mapping[str, Trouble]
    gaps: int
    gap_time: timedelta
    spikes: Sequence[tuple[Topic, int]] = ()
    used: Sequence[str] = ()
    longest: tuple[CaseCard, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def unseen(self) -> int:
        """How many accounts may have customers of whom nothing is known."""
        return len(self.unread) + sum(not each.sees for each in self.troubles.values())


def day_of(day: date, timezone: tzinfo) -> tuple[datetime, datetime]:
    """Return the instants at which *day* begins and ends on the wall: 23 to 25 hours apart."""
    begins = datetime.combine(day, time(), timezone)
    ends = datetime.combine(day + _A_DAY, time(), timezone)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def digest_alert(digest: Digest, day: date, figures: Figures, now: datetime) -> Alert:
    """Return the digest of *day*."""
    who = f"{figures.waiting} waiting" if figures.waiting else _nobody(figures)
    late = f", {figures.overdue} overdue" if figures.overdue else ""
    return Alert(
        key=digest.key(day),
        thread=digest.key(day),
        reason="daily_digest",
        tone=Tone.NOTICE,
        headline=f"{day:%A} {day.day} {day:%B}: {who}{late}",
        detail="\n".join(
            ["Used of what the networks allow:", *figures.used] if figures.used else []
        ),
        created_at=now,
        facts=tuple(_facts(figures, digest.timezone, now)),
        examples=figures.longest,
    )


def _facts(figures: Figures, tz: tzinfo, now: datetime) -> Iterator[tuple[str, str]]:
    yield "Waiting", _waiting(figures, tz)
    yield "Promised for today", str(figures.promised or "nothing")
    yield "Not answered in time yesterday", str(figures.breached or "none")
    answered = figures.in_time + figures.late
    split = f": {figures.in_time} in time, {figures.late} late" if answered else ""
    yield "Answered yesterday", f"{answered or 'nobody'}{split}"
    spikes = [f"{topic_in_words(topic)} ({count} customers)" for topic, count in figures.spikes]
    yield "Many complaints at once yesterday", ", ".join(spikes) or "none"
    yield "Accounts", _accounts(figures, now)
    yield "Not read for a while yesterday", _gaps(figures)


def _gaps(figures: Figures) -> str:
    if not figures.gaps:
        return "never"
    lasted = format_duration(figures.gap_time)
    return f"once, {lasted}" if figures.gaps == 1 else f"{figures.gaps} times, {lasted} in all"


def _nobody(figures: Figures) -> str:
    """Return what is known where nobody is seen to wait."""
    if not figures.unseen:
        return "nobody waits"
    accounts = figures.unseen + len(figures.read) + sum(t.sees for t in figures.troubles.values())
    if figures.unseen == accounts:
        return "not known who waits, no account is read"
    return f"nobody is seen to wait, {figures.unseen} of {accounts} accounts not read"


def _waiting(figures: Figures, tz: tzinfo) -> str:
    if figures.oldest is None:
        return "nobody that is known of" if figures.unseen else "nobody"
    since = figures.oldest.astimezone(tz)
    late = f", {figures.overdue} overdue" if figures.overdue else ""
    return f"{figures.waiting}{late}; the oldest since {since:%a} {since.day} {since:%b %H:%M}"


def _accounts(figures: Figures, now: datetime) -> str:
    troubles = [
        f"{account} {_TOLD_AS.get(trouble.told_as, trouble.told_as)}"
        f" for {format_duration(max(now - trouble.since, timedelta()))}"
        for account, trouble in figures.troubles.items()
    ]
    unread = [f"{account} not read yet" for account in figures.unread]
    read = f"{len(figures.read)} read" if figures.read else ""
    return "; ".join(filter(None, (*troubles, *unread, read))) or "none"
