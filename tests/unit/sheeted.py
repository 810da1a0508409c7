"""Day sheets written out by hand: instants are wall times of Kyiv, ``23 10:00`` of November 2026."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from inboxd.core.scorecard.columns import (
    CASES,
    KINDS,
    MESSAGES,
    NEVER,
    NO_MARK,
    OUTCOMES,
    PARTS,
    REPLIES,
    STATUSES,
    STREAMS,
    TOPICS,
    URGENCIES,
    WAIT_KINDS,
    WAITS,
    Sheets,
)
from inboxd.core.scorecard.model import Period

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.core.scorecard.model import Figure, Scorecard

KYIV = ZoneInfo("Europe/Kyiv")
ACCOUNTS = ("shop-vk", "outlet-vk", "shop-fb")
NETWORKS = ("vk", "vk", "facebook")
STAFF = {7: "Olha", 9: "Max"}
Row = dict[str, Any]


def at(local: str) -> datetime:
    """Return the instant that *local* names: ``23 10:00``, or a whole ``2026-10-25 03:30``."""
    whole = local if local[4:5] == "-" else f"2026-11-{local}"
    return datetime.fromisoformat(whole).replace(tzinfo=KYIV).astimezone(UTC)


def stamp(local: str | None) -> int:
    """Return the instant as the columns have it."""
    return NEVER if local is None else round(at(local).timestamp() * 1_000)


def days(first: str, last: str) -> Period:
    """Return the days from *first* to *last*."""
    since, until = at(f"{first} 00:00"), at(f"{last} 00:00")
    begins = since.astimezone(KYIV).date()
    ends = until.astimezone(KYIV).date()
    return Period(begins, ends.fromordinal(ends.toordinal() + 1), KYIV)


def contact(since: str, ended: str | None = None, **more: Any) -> Row:
    """Return a first response, answered at *ended* or open; *business* is in seconds."""
    return {
        "wait": "first_response",
        "since": stamp(since),
        "ended": stamp(ended),
        "outcome": "answered" if ended else "",
        "due": NEVER,
        "seen_due": NEVER,
        "business": np.nan,
        "mark": NO_MARK,
        "answer": NEVER,
        "author": 1,
        "hour": _hour(since),
        **_with_stamps(more),
    }


def case(opened: str, ended: str | None = None, **more: Any) -> Row:
    """Return a case, resolved by one answer at *ended* or waiting."""
    return {
        "opened": stamp(opened),
        "ended": stamp(ended),
        "status": "resolved" if ended else "waiting",
        "by_answer": ended is not None,
        "answers": int(ended is not None),
        "business": np.nan,
        "hour": _hour(opened),
        **_with_stamps(more),
    }


def message(sent: str, **more: Any) -> Row:
    """Return a customer's message."""
    day = at(sent).astimezone(KYIV).date().toordinal()
    return {"day": day, "count": 1, "author": 1, "lag": 0.0, "hour": _hour(sent), **more}


def reply(earned: Sequence[str] = PARTS, **more: Any) -> Row:
    """Return a reply that was judged, with the parts of the mark that it *earned*."""
    parts = sum(1 << PARTS.index(part) for part in earned)
    return {"judged": True, "parts": parts, "mark": len(earned), **more}


def sheets(
    *,
    waits: Sequence[Row] = (),
    cases: Sequence[Row] = (),
    messages: Sequence[Row] = (),
    replies: Sequence[Row] = (),
) -> Sheets:
    """Return the sheets of these rows."""
    return Sheets(
        ACCOUNTS,
        NETWORKS,
        STAFF,
        _table(waits, WAITS),
        _table(cases, CASES),
        _table(messages, MESSAGES),
        _table(replies, REPLIES),
    )


def figures(card: Scorecard) -> dict[str, Figure]:
    """Return all figures of the sections by their keys."""
    return {figure.key: figure for section in card.sections for figure in section.figures}


_WORDS: dict[str, Sequence[str]] = {
    "account": ACCOUNTS,
    "stream": STREAMS,
    "kind": KINDS,
    "urgency": URGENCIES,
    "wait": WAIT_KINDS,
    "outcome": OUTCOMES,
    "status": STATUSES,
}


def _table(rows: Sequence[Row], dtype: np.dtype[np.void]) -> Any:
    table = np.zeros(len(rows), dtype)
    for place, row in enumerate(rows):
        for name, value in row.items():
            table[place][name] = _number(name, value)
    return table


def _number(name: str, value: Any) -> Any:
    if name == "topics":
        return sum(1 << TOPICS.index(topic) for topic in value)
    if name in _WORDS and isinstance(value, str):
        return _WORDS[name].index(value)
    return value.encode() if name == "language" else value


def _with_stamps(row: Row) -> Row:
    return {
        name: stamp(value) if name in {"due", "seen_due"} else value for name, value in row.items()
    }


def _hour(local: str) -> int:
    when = at(local).astimezone(KYIV)
    return when.weekday() * 24 + when.hour
