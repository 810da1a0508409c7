"""What was not read, in words: a line for each trouble of an account, whatever its sources."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from inboxd.core.timetable import merged
from inboxd.durations import format_duration
from inboxd.report import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo

    from inboxd.core.scorecard.model import Gap

_REASONS: Final = {
    "blind": "no read came to its end",
    "not_running": "inboxd did not run",
    "slow": "reading took too long",
    "BudgetSpent": "what it may cost was spent",
    "PermissionMissing": "a permission was missing",
    "RateLimited": "the network took no more calls",
    "Spared": "calls were kept for what matters more",
    "TokenInvalid": "its token was refused",
    "Unavailable": "the network could not be reached",
    "UnexpectedPayload": "what the network answered was not understood",
}
"""What stands for a reason; others are in words already."""
_TOGETHER: Final = timedelta(minutes=10)
"""Sources are read minutes apart, and so far apart their gaps of one trouble begin and end."""


def in_words(gaps: Iterable[Gap], tz: tzinfo) -> list[str]:
    """
    Return when what was not read, why, and whether it was made good: a line for each trouble.

    Sources of one account that went blind together, and were read again together, share a line.
    What was made good comes last, in one line for each account: nothing of it is missing.
    """
    troubles = _troubles(gaps)
    lines: list[str] = []
    mended: dict[str, list[list[Gap]]] = {}
    for each in troubles:
        if each[0].mended and each[0].ended_at:
            mended.setdefault(each[0].account, []).append(each)
        else:
            lines.append(_one_trouble(each, tz))
    return lines + [_made_good(each, tz) for each in mended.values()]


def _troubles(gaps: Iterable[Gap]) -> list[list[Gap]]:
    lines: list[list[Gap]] = []
    latest: dict[tuple[object, ...], list[Gap]] = {}
    for gap in gaps:
        kind = (gap.account, gap.reason, gap.mended, gap.ended_at is None)
        if kind in latest and _is_together(latest[kind][0], gap):
            latest[kind].append(gap)
        else:
            latest[kind] = [gap]
            lines.append(latest[kind])
    return lines


def _is_together(one: Gap, other: Gap) -> bool:
    apart = abs(one.began_at - other.began_at)
    if one.ended_at and other.ended_at:
        apart = max(apart, abs(one.ended_at - other.ended_at))
    return apart <= _TOGETHER


def _made_good(troubles: Sequence[Sequence[Gap]], tz: tzinfo) -> str:
    """Return when sources of one account were read late: each time, or how often and how long."""
    if len(troubles) == 1:
        return _one_trouble(troubles[0], tz)
    # Of several sources each may have been late at about the same time for a reason of its own.
    spans = merged(map(_span, troubles))
    begun, ended = max(spans, key=lambda span: span[1] - span[0])
    longest = f"{words.moment(begun, tz)} to {words.moment(ended, tz)}"
    in_all = format_duration(sum((end - begin for begin, end in spans), timedelta()))
    often = f"{len(spans)} times, {in_all} in all, the longest " if len(spans) > 1 else ""
    return (
        f"{words.name_of(troubles[0][0].account)} was not read {often}from {longest} "
        f"({format_duration(ended - begun)}); what was written came later"
    )


def _span(gaps: Sequence[Gap]) -> tuple[datetime, datetime]:
    """Return when the first of *gaps*, all of which are over, began, and when the last ended."""
    ended = max(gap.ended_at for gap in gaps if gap.ended_at)
    return min(gap.began_at for gap in gaps), ended


def _one_trouble(gaps: Sequence[Gap], tz: tzinfo) -> str:
    """Return when sources of one account were not read: from the first that was not to the last."""
    one, begun = gaps[0], min(gap.began_at for gap in gaps)
    ended = [gap.ended_at for gap in gaps if gap.ended_at]
    began = words.moment(begun, tz)
    if not ended:
        when, how = f"since {began}, and still is not", ""
    else:
        lasted = format_duration(max(ended) - begun)
        when = f"from {began} to {words.moment(max(ended), tz)} ({lasted})"
        how = "; what was written came later" if one.mended else "; what was written may be missing"
    sources = dict.fromkeys(words.topic_in_words(words.name_of(gap.source)) for gap in gaps)
    who = f"{words.name_of(one.account)} ({', '.join(sources)})"
    why = _REASONS.get(one.reason) or words.topic_in_words(words.name_of(one.reason))
    return f"{who} was not read {when}: {why}{how}"
