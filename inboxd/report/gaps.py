"""What was not read, in words: a line for each trouble of an account, whatever its sources."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from inboxd.durations import format_duration
from inboxd.report import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from inboxd.core.scorecard.model import Gap

_TOGETHER: Final = timedelta(minutes=10)
"""Sources are read minutes apart, and so far apart their gaps of one trouble begin and end."""


def in_words(gaps: Iterable[Gap], tz: tzinfo) -> list[str]:
    """
    Return when what was not read, why, and whether it was made good: a line for each trouble.

    Sources of one account that went blind together, and were read again together, share a line.
    """
    lines: list[list[Gap]] = []
    latest: dict[tuple[object, ...], list[Gap]] = {}
    for gap in gaps:
        kind = (gap.account, gap.reason, gap.mended, gap.ended_at is None)
        if kind in latest and _is_together(latest[kind][0], gap):
            latest[kind].append(gap)
        else:
            latest[kind] = [gap]
            lines.append(latest[kind])
    return [_one_trouble(each, tz) for each in lines]


def _is_together(one: Gap, other: Gap) -> bool:
    apart = abs(one.began_at - other.began_at)
    if one.ended_at and other.ended_at:
        apart = max(apart, abs(one.ended_at - other.ended_at))
    return apart <= _TOGETHER


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
    return f"{who} was not read {when}: {words.topic_in_words(words.name_of(one.reason))}{how}"
