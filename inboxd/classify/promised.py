"""
When a reply says that something will happen: the words that name the time, and what day it is.

A phrase is counted out from the moment at which the reply was sent, in the zone of that
moment, and always to the *latest* instant that it allows: "in 2 to 3 days" is three days,
"next week" its Sunday. Working days are Monday to Friday; public holidays are not known here.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from inboxd.classify import calendar_words as words
from inboxd.model import Promised

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOOKED_AT = 2_000
"""Characters of a reply in which times are looked for."""

_JOINS = re.compile(
    r"[\s,]{0,3}(?:(?:до|к|в|с|о|об|з|і|а|um|bis|gegen|am|den|dem|der|on|at|by|and|the|ist|around)\s)?[\s,(]{0,2}"
)
"""What may stand between two words for one time: "on Thursday the 14th, between 8 and 12"."""

_EARLIEST_BARE_HOUR = 8
"""An hour below this is in the afternoon, unless it is said to be in the morning."""

_LATEST_BARE_HOUR = 8
"""What has passed today up to this hour is meant for the evening, beyond it for tomorrow."""

_MORNING_ENDS = 11
"""From this hour on "in the morning" is that of the next day."""

_LATE = re.compile(r"вечера|вечора|abends|pm|p\.m\.|tonight|evening|ввечері|увечері|вечером|abend")
_EARLY = re.compile(r"утра|ранку|morgens|am\b|a\.m\.|morning")


@dataclass(frozen=True, slots=True)
class Atom:
    """One word or group of words for a time, as one of the patterns found it."""

    start: int
    end: int
    pattern: words.Pattern
    match: re.Match[str]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Atoms that stand together and name one time: ``text[start:end]``."""

    atoms: tuple[Atom, ...]

    @property
    def start(self) -> int:
        """Return where the phrase begins in its text."""
        return self.atoms[0].start

    @property
    def end(self) -> int:
        """Return where it ends."""
        return self.atoms[-1].end

    @property
    def firm(self) -> bool:
        """Return whether it speaks of what is to come, as "by Friday" does."""
        return any(atom.pattern.firm for atom in self.atoms)

    @property
    def vague(self) -> bool:
        """Return whether it names no day at all, as "soon" does."""
        return all(atom.pattern.kind == "vague" for atom in self.atoms)


def lowered(text: str) -> str:
    """Return *text* in small letters with one spelling, every character in its old place."""
    head = text[:LOOKED_AT]
    small = head.lower()
    if len(small) != len(head):
        small = "".join(one if len(one := letter.lower()) == 1 else letter for letter in head)
    return small.translate(_SPELLING)


_SPELLING = str.maketrans({"ё": "е", "’": "'", "ʼ": "'", "`": "'", "´": "'"})


def phrases(text: str, languages: Sequence[str]) -> list[Phrase]:
    """Return the times that *text* names, in order, as read in *languages*."""
    small = lowered(text)
    found: list[Atom] = []
    for language in languages:
        for pattern in words.PATTERNS[language]:
            found.extend(
                Atom(match.start(), match.end(), pattern, match)
                for match in pattern.expression.finditer(small)
            )
    return _joined(_longest(found), small)


def _longest(found: list[Atom]) -> list[Atom]:
    """Return the atoms that overlap no longer one, in the order of the text."""
    kept: list[Atom] = []
    for atom in sorted(found, key=lambda each: (each.start - each.end, each.start)):
        if all(atom.end <= other.start or atom.start >= other.end for other in kept):
            kept.append(atom)
    return sorted(kept, key=lambda each: each.start)


def _joined(atoms: Sequence[Atom], small: str) -> list[Phrase]:
    groups: list[list[Atom]] = []
    for atom in atoms:
        if groups and _JOINS.fullmatch(small, groups[-1][-1].end, atom.start):
            groups[-1].append(atom)
        else:
            groups.append([atom])
    return [Phrase(tuple(group)) for group in groups]


def resolve(phrase: Phrase, text: str, sent_at: datetime | None) -> Promised:
    """Return *phrase* counted out from *sent_at*; without it, or if vague, only its words."""
    span = phrase.start, phrase.end, text[phrase.start : phrase.end]
    if sent_at is None:
        return Promised(*span)
    try:
        on, at = _counted(phrase, sent_at)
    except (OverflowError, ValueError):
        # The 31st of a month that has none, or a year that no calendar knows.
        return Promised(*span)
    return Promised(*span, on=on, at=at)


def _counted(phrase: Phrase, sent_at: datetime) -> tuple[date | None, datetime | None]:
    """Return the day that is meant, and the instant where the hour is said as well."""
    instants = [
        found for atom in phrase.atoms if (found := _ahead_by_hours(atom, sent_at)) is not None
    ]
    if instants:
        return max(instants).date(), max(instants)
    days = [day for atom in phrase.atoms if (day := _day_of(atom, sent_at)) is not None]
    days = days or [day for atom in phrase.atoms if (day := _by_part(atom, sent_at)) is not None]
    clock = next((atom for atom in phrase.atoms if atom.pattern.kind in {"clock", "noon"}), None)
    if clock is None:
        return (days[-1], None) if days else (None, None)
    hour = _time_of(clock, phrase, sent_at, is_today=not days or days[-1] == sent_at.date())
    if hour is None:
        return (days[-1], None) if days else (None, None)
    at = _on(days[-1] if days else sent_at.date(), hour, sent_at)
    if not days and at <= sent_at:
        at = _on(sent_at.date() + timedelta(days=1), hour, sent_at)
    return at.date(), at


def _on(day: date, hour: time, like: datetime) -> datetime:
    return datetime.combine(day, hour, like.tzinfo)


def _ahead_by_hours(atom: Atom, sent_at: datetime) -> datetime | None:
    """Return the instant that a stretch of minutes or hours ends at."""
    if atom.pattern.kind != "ahead":
        return None
    count, unit, _ = _stretch(atom)
    minutes = {"minute": 1, "half hour": 30, "hour": 60, "fullday": 24 * 60}.get(unit)
    return None if minutes is None else sent_at + timedelta(minutes=minutes * count)


def _stretch(atom: Atom) -> tuple[int, str, bool]:
    """Return how many of which unit, the larger number of two, and whether of working days."""
    groups = atom.match.groupdict()
    named = groups.get("unit") or groups.get("unit2") or "day"
    unit = "half hour" if re.match(r"half|пів|півг|einer halben", named) else words.unit(named)
    plural = groups.get("n") is None and re.fullmatch(
        r"(?:\w{0,6}tagen?|minuten|wochen|дни)", named
    )
    count = words.FEW if plural else words.number(groups.get("m") or groups.get("n"))
    return count, unit, bool(groups.get("work"))


def _day_of(atom: Atom, sent_at: datetime) -> date | None:
    counted = _DAYS.get(atom.pattern.kind)
    return None if counted is None else counted(atom, sent_at.date())


def _by_part(atom: Atom, sent_at: datetime) -> date | None:
    """Return the day of a part of it that is named without one: "in the morning"."""
    if atom.pattern.kind == "today":
        return sent_at.date()
    if atom.pattern.kind != "part":
        return None
    return sent_at.date() + timedelta(days=sent_at.hour >= _MORNING_ENDS)


def _by_day(atom: Atom, today: date) -> date:
    return today + timedelta(days=atom.pattern.value)


def _by_stretch(atom: Atom, today: date) -> date:
    count, unit, working = _stretch(atom)
    if working:
        return _working_days(today, count)
    if unit == "month":
        return _months_on(today, count)
    return today + timedelta(days=count * (7 if unit == "week" else 1))


def _working_days(today: date, count: int) -> date:
    """Return the last of the next *count* days that are neither Saturday nor Sunday."""
    weeks, rest = divmod(count, 5)
    day = today + timedelta(weeks=weeks)
    while day.weekday() > 4 and not rest:
        day -= timedelta(days=1)
    while rest:
        day += timedelta(days=1)
        rest -= day.weekday() < 5
    return day


def _months_on(today: date, count: int) -> date:
    year, place = divmod(today.year * 12 + today.month - 1 + count, 12)
    return date(year, place + 1, min(today.day, calendar.monthrange(year, place + 1)[1]))


def _by_weekday(atom: Atom, today: date) -> date:
    """Return the next such day, never today; "next Friday" is that of the next week."""
    wanted = words.weekday(atom.match["wd"])
    if atom.match["next"]:
        return today + timedelta(days=7 - today.weekday() + wanted)
    return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)


def _by_date(atom: Atom, today: date) -> date:
    """Return the next such day: of this month or the next, of this year or the next."""
    groups = atom.match.groupdict()
    day = int(groups["d"])
    if groups.get("mm"):
        month: int | None = int(groups["mm"])
    else:
        month = words.month(groups["month"]) if groups.get("month") else None
    if month is not None:
        here = date(today.year, month, day)
        return here if here >= today else date(today.year + 1, month, day)
    here = date(today.year, today.month, day)
    return here if here >= today else _months_on(here, 1)


def _by_end(atom: Atom, today: date) -> date:
    groups = atom.match.groupdict()
    named = groups.get("unit") or groups.get("unit2") or groups.get("unit3") or ""
    if re.match(r"недел|тижня|week|eow|woche(?!nende)", named):
        return today + timedelta(days=6 - today.weekday())
    if named.startswith("wochenende"):
        return today + timedelta(days=(4 - today.weekday()) % 7)
    if re.match(r"месяц|місяц|month|monat", named):
        return _last_of(today.year, today.month)
    if re.match(r"год|року|year|jahr", named):
        return date(today.year, 12, 31)
    return today


def _last_of(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _by_week(atom: Atom, today: date) -> date:
    return today + timedelta(days=6 - today.weekday() + 7 * atom.pattern.value)


def _by_weekend(atom: Atom, today: date) -> date:
    """Return its Sunday, or the Friday before it where the weekend is the deadline."""
    if atom.pattern.value:
        return today + timedelta(days=6 - today.weekday())
    return today + timedelta(days=(4 - today.weekday()) % 7)


def _by_month(atom: Atom, today: date) -> date:
    """Return the last day that is meant: of the month, before it, or a day early in it."""
    month = words.month(atom.match["month"]) or today.month
    year = today.year + (month < today.month)
    if atom.pattern.value < 0:
        return date(year, month, 1) - timedelta(days=1)
    return date(year, month, atom.pattern.value) if atom.pattern.value else _last_of(year, month)


def _by_next_month(_: Atom, today: date) -> date:
    first = _months_on(today.replace(day=1), 1)
    return _last_of(first.year, first.month)


_DAYS: dict[str, Callable[[Atom, date], date]] = {
    "day": _by_day,
    "ahead": _by_stretch,
    "weekday": _by_weekday,
    "date": _by_date,
    "end": _by_end,
    "week": _by_week,
    "weekend": _by_weekend,
    "month": _by_month,
    "nextmonth": _by_next_month,
}


def _time_of(atom: Atom, phrase: Phrase, sent_at: datetime, *, is_today: bool) -> time | None:
    """Return the hour that *atom* says; "by six" is in the afternoon."""
    if atom.pattern.kind == "noon":
        return time(12)
    groups = atom.match.groupdict()
    hour = words.number(groups["h"])
    minute = int(groups.get("min") or 0)
    if groups.get("half"):
        hour, minute = hour - 1, 30
    said = " ".join(each.match.group() for each in phrase.atoms)
    if hour < 12 and not _EARLY.search(said):
        # "09:30" and "10:00" are written by the 24 hours of the day, "6" and "6:30" are not.
        written = groups.get("min") is not None and len(groups["h"]) > 1
        passed = is_today and time(hour, minute) <= sent_at.time() and hour <= _LATEST_BARE_HOUR
        if _LATE.search(said) or (not written and (hour < _EARLIEST_BARE_HOUR or passed)):
            hour += 12
    return time(hour % 24, minute) if hour <= 24 else None
