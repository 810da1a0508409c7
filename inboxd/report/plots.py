"""Plots of characters: sparklines, bars and the hours of the week in shades."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from statistics import fmean
from typing import TYPE_CHECKING

from inboxd.core.scorecard.model import Unit
from inboxd.report.outline import squeezed
from inboxd.report.words import WEEKDAYS, amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from inboxd.core.scorecard.model import Day, Figure

_UP = "▁▂▃▄▅▆▇█"
_ACROSS = " ▏▎▍▌▋▊▉█"
_SHADES = "·░▒▓█"
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Trend:
    """One line of a plot: what it is of, the line, and between what it moves."""

    name: str
    line: str
    ends: str


def trends(days: Sequence[Day], most: int) -> Iterator[Trend]:
    """
    Yield the course of a period in at most *most* cells a line, and below it where it is blind.

    Where there are more days, a cell is the mean of several.
    """
    groups = squeezed(days, most)
    yield _trend("Messages", _means(groups, lambda day: day.messages), Unit.COUNT)
    yield _trend("Complaints", _means(groups, lambda day: day.complaints), Unit.COUNT)
    yield _trend("Answered", _means(groups, lambda day: day.answered), Unit.SHARE)
    yield _trend(
        "First response", _means(groups, lambda day: day.first_response), Unit.OPEN_SECONDS
    )
    if any(day.blind for day in days):
        crosses = "".join("×" if any(day.blind for day in group) else " " for group in groups)
        yield Trend("", crosses.rstrip(), "")


def _means(
    groups: Sequence[Sequence[Day]], of: Callable[[Day], float | None]
) -> list[float | None]:
    found: list[float | None] = []
    for group in groups:
        known = [value for day in group if (value := of(day)) is not None]
        found.append(fmean(known) if known else None)
    return found


def _trend(name: str, values: Sequence[float | None], unit: Unit) -> Trend:
    known = [each for each in values if each is not None]
    if not known:
        return Trend(name, "", "unknown")
    low, high = min(known), max(known)
    # Shares move within a few points: from the ten below the lowest on, that can be seen.
    line = sparkline(values, floor(low * 10) / 10, 1) if unit is Unit.SHARE else sparkline(values)
    ends = (amount(low, unit), amount(high, unit))
    return Trend(name, line, " to ".join(dict.fromkeys(ends)))


def sparkline(values: Sequence[float | None], low: float = 0, high: float | None = None) -> str:
    """Return a column for each value from *low* to *high*, by default the highest; blanks are unknown."""
    most = max((each for each in values if each is not None), default=0) if high is None else high
    return "".join(" " if each is None else _column(each - low, most - low) for each in values)


def _column(value: float, most: float) -> str:
    return _UP[min(int(value / most * len(_UP)), len(_UP) - 1) if most > 0 else 0]


def share_bar(figure: Figure, width: int) -> str:
    """Return a bar of *width* cells that are all of it; "" of what is no share, or unknown."""
    if figure.unit is not Unit.SHARE or figure.value is None:
        return ""
    eighths = max(round(min(figure.value, 1.0) * width * 8), int(figure.value > 0))
    whole, rest = divmod(eighths, 8)
    return (_ACROSS[8] * whole + (_ACROSS[rest] if rest else "")).ljust(width, "·")


def week_lines(week: Sequence[tuple[int, float | None]]) -> Iterator[str]:
    """Yield a line for each day of the week: its hours in shades of how many wrote, and their sum."""
    most = max(count for count, _ in week)
    yield " " * 5 + "".join(f"{hour:<6d}" for hour in range(0, _HOURS, 3)).rstrip() + "   in all"
    for number, day in enumerate(WEEKDAYS):
        hours = [count for count, _ in week[number * _HOURS : (number + 1) * _HOURS]]
        yield f"{day[:3]}  {''.join(_shade(each, most) * 2 for each in hours)}  {sum(hours):>6,}"


def _shade(count: int, most: int) -> str:
    if not count:
        return _SHADES[0]
    return _SHADES[min(1 + int(count / most * (len(_SHADES) - 1)), len(_SHADES) - 1)]


def week_legend(week: Sequence[tuple[int, float | None]]) -> str:
    """Return what the shades mean, and when most customers wrote."""
    most = max(count for count, _ in week)
    number = next(place for place, (count, _) in enumerate(week) if count == most)
    when = f"{WEEKDAYS[number // _HOURS]} {number % _HOURS}:00"
    return f"· nobody, █ up to {most:,} an hour of the week; most on {when}"
