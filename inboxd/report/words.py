"""
How a figure is said to people: its value, what that rests on, and what has changed.

A form only puts these words in their places. What is unknown is a dash, and its reason is said.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.scorecard.model import Better, Unit
from inboxd.core.scorecard.periods import in_words
from inboxd.core.text import one_line
from inboxd.durations import format_duration

if TYPE_CHECKING:
    from datetime import date, datetime, tzinfo

    from inboxd.core.scorecard.model import Benchmark, Figure, Period, Scorecard

UNKNOWN = "–"
CROSSED = "× not all was read then"
INTERVALS = "In brackets: where the true value lies, with 95 % certainty."
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LONGEST_NAME = 60
_LONGEST_NOTE = 1_000
_FEW = 10
"""Of fewer, the numbers themselves say more than a percentage."""
_SURE = 0.02
"""Half the width of an interval, as a share, from which on it has to be said."""
_MINUTE, _HOUR = 60, 3_600
_FAR = 3_600_000
"""Seconds of business time from which on hours alone are said."""


def name_of(text: str) -> str:
    """Return what somebody else named, as one harmless line that leaves room for others."""
    return one_line(text, LONGEST_NAME) or "(no name)"


def one_note(text: str) -> str:
    """Return a remark as one harmless line."""
    return one_line(text, _LONGEST_NOTE)


def said(figure: Figure) -> str:
    """Return the value of a figure: ``43 %``, ``2h 5m``, ``3.6 of 5``, or a dash."""
    return amount(figure.value, figure.unit)


def briefly(figure: Figure) -> str:
    """Return the value for a cell of a table, with how unsure it is: ``3 of 7``, ``43 % (33–54 %)``."""
    value, unsure = value_and_range(figure)
    return f"{value} ({unsure})" if unsure else value


def value_and_range(figure: Figure) -> tuple[str, str]:
    """Return the value, and of a share that is unsure its interval; of very few the numbers."""
    if figure.value is not None and figure.unit is Unit.MARK:
        return f"{figure.value:.1f}", ""
    if figure.value is None or figure.unit is not Unit.SHARE:
        return said(figure), ""
    if figure.of is not None and figure.of < _FEW:
        return _counted(figure) or said(figure), ""
    return said(figure), range_of(figure) if _is_unsure(figure) else ""


def amount(value: float | None, unit: Unit) -> str:
    """Return so many of a unit in words."""
    if value is None:
        return UNKNOWN
    match unit:
        case Unit.SHARE:
            return f"{_percent(value)} %"
        case Unit.MARK:
            return f"{value:.1f} of 5"
        case Unit.SECONDS | Unit.OPEN_SECONDS:
            return span(value, unit)
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def span(seconds: float, unit: Unit) -> str:
    """
    Return a span of time with its two largest units, without seconds where there are minutes.

    Business time is never in days, of which each calendar has its own.
    """
    whole = round(seconds)
    if abs(whole) >= _MINUTE:
        whole = round(seconds / _MINUTE) * _MINUTE
    if unit is Unit.SECONDS or abs(whole) < 24 * _HOUR:
        return format_duration(timedelta(seconds=whole))
    hours, rest = divmod(abs(whole), _HOUR)
    minutes = f" {rest // _MINUTE}m" if rest and abs(whole) < _FAR else ""
    return f"{'-' if whole < 0 else ''}{hours:,}h{minutes}"


def unit_in_words(unit: Unit) -> str:
    """Return which time is meant; "" where the number says it all."""
    return {Unit.OPEN_SECONDS: "business time", Unit.SECONDS: "wall time"}.get(unit, "")


def basis(figure: Figure) -> str:
    """Return what a figure rests on: ``3 of 7 (16–75 %)``, or why it is unknown."""
    if figure.value is None:
        return figure.why or "unknown"
    time = unit_in_words(figure.unit)
    parts = ["" if time in figure.label else time]
    if figure.unit is Unit.SHARE:
        parts.append(_counted(figure))
    elif figure.of:
        parts.append(f"of {figure.of:,}")
    bounds = range_of(figure)
    rests_on = ", ".join(filter(None, parts)) + (f" ({bounds})" if bounds else "")
    return "; ".join(filter(None, [rests_on.strip(), figure.why]))


def _counted(figure: Figure) -> str:
    """Return the two numbers of a share, as far as they are whole."""
    if figure.of is None or figure.value is None:
        return ""
    part = figure.value * figure.of
    if not math.isclose(part, round(part), abs_tol=0.01):
        return f"of {figure.of:,}"
    return f"{round(part):,} of {figure.of:,}"


def range_of(figure: Figure) -> str:
    """Return the interval of a figure: ``16–75 %``, ``1h 2m–3h``; "" where none can be seen."""
    if figure.low is None or figure.high is None:
        return ""
    if figure.unit is Unit.SHARE:
        low, high = _percent(figure.low), _percent(figure.high)
        return "" if low == high else f"{low}–{high} %"
    low, high = amount(figure.low, figure.unit), amount(figure.high, figure.unit)
    if figure.unit is Unit.MARK:
        low, high = f"{figure.low:.1f}", f"{figure.high:.1f}"
    return "" if low == high else f"{low}–{high}"


def _is_unsure(figure: Figure) -> bool:
    if figure.low is None or figure.high is None:
        return False
    return figure.high - figure.low > 2 * _SURE


def _percent(share: float) -> str:
    """Return a share in percent: never 0 or 100 where it is not quite that."""
    percent = share * 100
    if 0 < percent < 1 or 99 < percent < 100:
        return f"{min(max(percent, 0.1), 99.9):.1f}"
    return f"{percent:.0f}"


def change(figure: Figure) -> str:
    """Return how a figure differs from the period before: ``+4 points``, ``-25m``; "" if unknown."""
    if figure.value is None or figure.before is None:
        return ""
    more = figure.value - figure.before
    match figure.unit:
        case Unit.SHARE:
            points = round(more * 100)
            return "as before" if not points else _plural(f"{points:+d} point", abs(points))
        case Unit.MARK:
            return f"{more:+.1f}" if abs(more) >= 0.05 else "as before"
        case Unit.SECONDS | Unit.OPEN_SECONDS:
            text = span(more, figure.unit)
            return "as before" if text == "0s" else text if more < 0 else f"+{text}"
    if not more:
        return "as before"
    return f"{more:+,.0f}{_relative(more, figure.before)}"


def _relative(more: float, before: float) -> str:
    """Return a change beside what there was before; "" where that says nothing."""
    part = more / before if before else 0.0
    if abs(part) >= 10:
        return f" (×{part + 1:.0f})"
    return f" ({part * 100:+.0f} %)" if round(part * 100) else ""


def rank_before(before: int | None, compared: Period | None) -> str:
    """Return where a problem stood in the period before; "" if none is compared with."""
    if compared is None:
        return ""
    return f"no. {before} before" if before else "not among them before"


def _plural(text: str, count: int) -> str:
    return text if count == 1 else f"{text}s"


def verdict(figure: Figure) -> str:
    """
    Return whether a change is ``better`` or ``worse``; "" where neither can be said.

    What was before and lies within the present interval has not changed as far as one can know. A
    number of cases is neither: it is more where more customers write, and shares tell the rest.
    """
    if figure.value is None or figure.before is None or figure.better is Better.NEITHER:
        return ""
    if figure.unit is Unit.COUNT or change(figure) == "as before":
        return ""
    if figure.low is not None and figure.high is not None and _is_within(figure):
        return "may be chance"
    rises = figure.value > figure.before
    return "better" if rises == (figure.better is Better.MORE) else "worse"


def _is_within(figure: Figure) -> bool:
    low, high, before = figure.low, figure.high, figure.before
    return low is not None and high is not None and before is not None and low <= before <= high


def change_in_words(figure: Figure) -> str:
    """Return the change with its verdict: ``+4 points, better``."""
    return ", ".join(filter(None, [change(figure), verdict(figure)]))


def target_in_words(figure: Figure) -> str:
    """Return a figure's target and whether it is reached; "" without one."""
    if figure.target is None:
        return ""
    text = f"target {amount(figure.target, figure.unit)}"
    if figure.value is None or figure.better is Better.NEITHER:
        return text
    more = figure.better is Better.MORE
    reached = figure.value >= figure.target if more else figure.value <= figure.target
    return f"{text}, {'reached' if reached else 'missed'}"


def share_in_words(share: float | None) -> str:
    """Return a share in percent, or a dash."""
    return amount(share, Unit.SHARE)


def open_time_in_words(seconds: float | None) -> str:
    """Return a span of business time, or a dash."""
    return amount(seconds, Unit.OPEN_SECONDS)


def source_of(benchmark: Benchmark) -> str:
    """Return where a benchmark comes from, for a footnote."""
    year = str(benchmark.year) if benchmark.year else "year not said"
    told = ", ".join(filter(None, [benchmark.source, benchmark.sample, year]))
    return f"{told}: {benchmark.caveat}" if benchmark.caveat else told


def topic_in_words(topic: str) -> str:
    """Return a topic, a stream or a key as it is read: without underscores."""
    return topic.replace("_", " ")


def day_in_words(day: date) -> str:
    """Return a day: ``Thu 26 Nov 2026``."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def period_in_words(period: Period) -> str:
    """Return which days: ``November 2026``, ``28 October to 26 November 2026``."""
    return in_words(period)


def moment(at: datetime, tz: tzinfo) -> str:
    """Return an instant on the wall clock of *tz*, to the minute."""
    return at.astimezone(tz).strftime("%Y-%m-%d %H:%M")


def filters_in_words(card: Scorecard) -> list[str]:
    """Return what a scorecard is limited to, beside the accounts: ``topic: refunds, returns``."""
    return [
        f"{name}: {', '.join(topic_in_words(name_of(each)) for each in values)}"
        for name, values in card.filters.items()
        if values and name != "account"
    ]
