"""
Which days a report is about: what ``--period`` takes, and the span that came before.

Days are whole local days; ``30d`` are the last thirty, today included.
"""

from __future__ import annotations

import re
from datetime import MAXYEAR, date, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from inboxd.core.scorecard.model import Period
from inboxd.durations import brief
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, tzinfo

DEFAULT: Final = "30d"
FORMS: Final = (
    "30d, today, yesterday, 7d, last-week, last-month, last-quarter, last-year, 2026-11, 2026-W47, "
    "2026-Q3, 2026 or 2026-11-01..2026-11-15"
)
MOST_DAYS: Final = 3_660
"""Ten years: nobody has more, and more would only be slow."""
EARLIEST: Final = 1990
_A_DAY = timedelta(days=1)
_DAY = r"(\d{4})-(\d\d)-(\d\d)"


def _quarter_before(day: date) -> str:
    last = date(day.year, day.month - (day.month - 1) % 3, 1) - _A_DAY
    return f"{last.year}-Q{(last.month + 2) // 3}"


LAST_WEEK: Final = "last-week"
RELATIVE: Final[Mapping[str, Callable[[date], str]]] = {
    LAST_WEEK: lambda day: f"{day - 7 * _A_DAY:%G-W%V}",
    "last-month": lambda day: f"{day.replace(day=1) - _A_DAY:%Y-%m}",
    "last-quarter": _quarter_before,
    "last-year": lambda day: f"{day.year - 1}",
    "yesterday": lambda day: (day - _A_DAY).isoformat(),
    "today": lambda day: day.isoformat(),
}
"""Names of days that move on, and the name that they have on a day; what is called last is over."""


def parse_period(text: str, now: datetime, timezone: tzinfo) -> Period:
    """
    Return the period that *text* names at *now* on the clocks of *timezone*.

    Raises UserError with the nearest form that there is.
    """
    today = now.astimezone(timezone).date()
    try:
        since, until, months = _span(text.strip(), today)
        days = (until - since).days
    except OverflowError:
        raise UserError(
            f"{brief(text)} goes on after {MAXYEAR}, with which calendars end"
        ) from None
    except ValueError as error:
        raise UserError(f"{brief(text)} is no period: {error}") from None
    if since.year < EARLIEST:
        raise UserError(f"{brief(text)} is before {EARLIEST}, when nobody wrote to shops online")
    if days > MOST_DAYS:
        raise UserError(f"{brief(text)} is {days} days; a report goes over {MOST_DAYS} at most")
    if since > today:
        raise UserError(f"{brief(text)} has not begun: today is {today.isoformat()}")
    return Period(since, until, timezone, months)


def previous(period: Period) -> Period:
    """Return the span of the same kind before *period*: the month before, or as many days."""
    if not period.months:
        since = period.since - timedelta(days=period.days)
    else:
        since = _months_later(period.since, -period.months)
    return Period(since, period.since, period.timezone, period.months)


def in_words(period: Period) -> str:
    """Return *period* as one says it: ``November 2026``, ``28 October to 26 November 2026``."""
    since, last = period.since, period.until - _A_DAY
    if period.months == 12:
        return f"{since.year}"
    if period.months == 3:
        return f"quarter {(since.month + 2) // 3} of {since.year}"
    if period.months == 1:
        return f"{since:%B} {since.year}"
    if since == last:
        return f"{since:%A} {since.day} {since:%B} {since.year}"
    year = f" {since.year}" if since.year != last.year else ""
    month = f" {since:%B}" if year or since.month != last.month else ""
    return f"{since.day}{month}{year} to {last.day} {last:%B} {last.year}"


def _span(text: str, today: date) -> tuple[date, date, int]:
    """Return the first day, the day after the last one, and how many calendar months it is."""
    text = RELATIVE[text](today) if text in RELATIVE else text
    if found := re.fullmatch(r"(\d{1,6})d", text):
        return _last_days(int(found[1]), today)
    if found := re.fullmatch(_DAY + r"\.\." + _DAY, text):
        numbers = [int(number) for number in found.groups()]
        return _between(_day(*numbers[:3]), _day(*numbers[3:]))
    if found := re.fullmatch(_DAY, text):
        day = _day(*map(int, found.groups()))
        return day, day + _A_DAY, 0
    if found := re.fullmatch(r"(\d{4})-W(\d\d?)", text):
        return _week(int(found[1]), int(found[2]))
    if found := re.fullmatch(r"(\d{4})(?:-(?:(\d\d)|Q(\d)))?", text):
        return _calendar(*found.groups())
    raise ValueError(_advice(text, today))


def _last_days(days: int, today: date) -> tuple[date, date, int]:
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"write 1d to {MOST_DAYS}d")
    return today - (days - 1) * _A_DAY, today + _A_DAY, 0


def _between(first: date, last: date) -> tuple[date, date, int]:
    if last < first:
        raise ValueError(f"it ends before it begins; did you mean {last}..{first}?")
    return first, last + _A_DAY, 0


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"there is no {year:04}-{month:02}-{day:02} in the calendar") from None


def _week(year: int, week: int) -> tuple[date, date, int]:
    try:
        monday = date.fromisocalendar(year, week, 1)
    except ValueError:
        last = date(year, 12, 28).isocalendar().week if year else 52
        raise ValueError(f"the weeks of {year:04} are 01 to {last}") from None
    return monday, monday + 7 * _A_DAY, 0


def _calendar(year: str, month: str | None, quarter: str | None) -> tuple[date, date, int]:
    if month:
        first, months = int(month), 1
    elif quarter:
        first, months = 3 * int(quarter) - 2, 3
    else:
        first, months = 1, 12
    if not 1 <= first <= 12:
        raise ValueError("months are 01 to 12, quarters Q1 to Q4")
    since = _day(int(year), first, 1)
    return since, _months_later(since, months), months


def _months_later(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    if first.year + years > MAXYEAR:
        raise OverflowError
    return _day(first.year + years, month + 1, 1)


def _advice(text: str, today: date) -> str:
    near = _nearest(text.casefold(), today)
    return f"did you mean {near}? " * bool(near) + f"There are {FORMS}"


def _nearest(text: str, today: date) -> str:
    """Return the form that somebody means who writes *text*, "" if that is anybody's guess."""
    said = {
        "week": "7d",
        "last week": LAST_WEEK,
        "this week": f"{today:%G-W%V}",
        "month": "30d",
        "last month": "last-month",
        "this month": f"{today:%Y-%m}",
        "last year": "last-year",
        "this year": f"{today.year}",
        "year": f"{today.year}",
        "today": "today",
        "yesterday": "yesterday",
        f"{today:%B}".casefold(): f"{today:%Y-%m}",
    }
    plain = " ".join(re.split(r"[\s_-]+", text))
    if plain in said:
        return said[plain]
    for pattern, form in _LOOSE:
        if found := re.fullmatch(pattern, text):
            return form(*found.groups())
    near = get_close_matches(plain[:40], said, 1, 0.75)
    return said[near[0]] if near else ""


_LOOSE: Final = (
    (r"(\d{1,4}) ?(?:d|days?)?", lambda days: f"{int(days)}d"),
    (r"(\d{1,3}) ?(?:w|weeks?)", lambda weeks: f"{7 * int(weeks)}d"),
    (r"(\d{1,2}) ?(?:m|months?)", lambda months: f"{30 * int(months)}d"),
    (r"(\d{4})[-/. ]?w(?:eek)? ?(\d{1,2})", lambda year, week: f"{year}-W{int(week):02}"),
    (r"w(?:eek)? ?(\d{1,2})[-/. ](\d{4})", lambda week, year: f"{year}-W{int(week):02}"),
    (r"(\d{4})[-/. ]?q ?([1-4])", lambda year, quarter: f"{year}-Q{quarter}"),
    (r"q ?([1-4])[-/. ]?(\d{4})", lambda quarter, year: f"{year}-Q{quarter}"),
    (r"(\d{4})[-/. ](\d{1,2})", lambda year, month: f"{year}-{int(month):02}"),
    (r"(\d{1,2})[-/. ](\d{4})", lambda month, year: f"{year}-{int(month):02}"),
    (
        r"(\d{4}-\d\d-\d\d) ?(?:to|-|–|,|/|:|\.+| ) ?(\d{4}-\d\d-\d\d)",
        lambda first, last: f"{first}..{last}",
    ),
    (
        r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})",
        lambda year, month, day: f"{year}-{int(month):02}-{int(day):02}",
    ),
)
