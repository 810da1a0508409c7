"""
Pages of the Graph API: cursors, limits, and the envelope with its `next` URL.

Rules: developers.facebook.com/docs/graph-api/results. The last page has no `next`,
and only that says so; `next` is absolute and carries the access token.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from inboxd.simulator.facebook.errors import GraphError, Json

DEFAULT_LIMIT = 25
LARGEST_LIMIT = 100  # what more is asked for is not given; a page may always be short

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Window(Generic[T]):
    """The part of a list that one page shows, and whether there is more on either side."""

    items: Sequence[T]
    before: str
    after: str
    has_previous: bool
    has_next: bool


def cut(items: Sequence[T], key: Callable[[T], str], query: Mapping[str, str]) -> Window[T]:
    """
    Return the page of *items* that `limit`, `after` and `before` of *query* ask for.

    A cursor names an item, so a page continues at the same place whatever arrived
    since. Raises error 100 for a bad limit, and for a cursor whose item is gone.
    """
    limit = _limit(query)
    start, stop = 0, min(limit, len(items))
    if after := query.get("after"):
        start = _position(items, key, after) + 1
        stop = min(start + limit, len(items))
    elif before := query.get("before"):
        stop = _position(items, key, before)
        start = max(0, stop - limit)
    shown = items[start:stop]
    return Window(
        items=shown,
        before=_encode(key(shown[0])) if shown else "",
        after=_encode(key(shown[-1])) if shown else "",
        has_previous=bool(shown) and start > 0,
        has_next=bool(shown) and stop < len(items),
    )


def envelope(window: Window[T], data: Sequence[Json], url: str, query: Mapping[str, str]) -> Json:
    """Return the list answer; *url* and *query* are the call that gave this page."""
    if not data:
        return {"data": []}
    paging: Json = {"cursors": {"before": window.before, "after": window.after}}
    rest = {name: value for name, value in query.items() if name not in {"after", "before"}}
    if window.has_previous:
        paging["previous"] = f"{url}?{urlencode(rest | {'before': window.before})}"
    if window.has_next:
        paging["next"] = f"{url}?{urlencode(rest | {'after': window.after})}"
    return {"data": list(data), "paging": paging}


def _limit(query: Mapping[str, str]) -> int:
    raw = query.get("limit", str(DEFAULT_LIMIT))
    if not (raw.isascii() and raw.isdecimal()):
        raise GraphError(100, "Param limit must be a non-negative integer")
    return min(int(raw), LARGEST_LIMIT)


def _position(items: Sequence[T], key: Callable[[T], str], cursor: str) -> int:
    wanted = _decode(cursor)
    for index, item in enumerate(items):
        if key(item) == wanted:
            return index
    raise GraphError(100, "Invalid cursors values")


def _encode(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise GraphError(100, "Invalid cursors values") from None
