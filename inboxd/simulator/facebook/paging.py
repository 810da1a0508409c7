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
class Pages:
    """
    How a list is cut: into pages of *most* objects, the *unseen* ones at its top among them.

    Graph cuts first and leaves out afterwards what the caller may not see. So a page may be
    short or empty, and have a `next` all the same.
    """

    most: int = LARGEST_LIMIT
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Window(Generic[T]):
    """The part of a list that one page shows, and whether there is more on either side."""

    items: Sequence[T]
    before: str
    after: str
    has_previous: bool
    has_next: bool


def cut(
    items: Sequence[T], key: Callable[[T], str], query: Mapping[str, str], pages: Pages
) -> Window[T]:
    """
    Return the page of *items* that `limit`, `after` and `before` of *query* ask for.

    A cursor names an item, so a page continues at the same place whatever arrived
    since. Raises error 100 for a bad limit, and for a cursor whose item is gone.
    """
    limit, unseen = min(_limit(query), pages.most), pages.unseen
    length = unseen + len(items)

    def name(place: int) -> str:
        return f"unseen {place}" if place < unseen else key(items[place - unseen])

    start, stop = 0, min(limit, length)
    if after := query.get("after"):
        start = _position(length, name, after) + 1
        stop = min(start + limit, length)
    elif before := query.get("before"):
        stop = _position(length, name, before)
        start = max(0, stop - limit)
    covers = start < stop
    return Window(
        items=items[max(0, start - unseen) : max(0, stop - unseen)],
        before=_encode(name(start)) if covers else "",
        after=_encode(name(stop - 1)) if covers else "",
        has_previous=covers and start > 0,
        has_next=covers and stop < length,
    )


def envelope(window: Window[T], data: Sequence[Json], url: str, query: Mapping[str, str]) -> Json:
    """Return the list answer; *url* and *query* are the call that gave this page."""
    if not data and not window.has_next:
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


def _position(length: int, name: Callable[[int], str], cursor: str) -> int:
    wanted = _decode(cursor)
    for place in range(length):
        if name(place) == wanted:
            return place
    raise GraphError(100, "Invalid cursors values")


def _encode(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _decode(cursor: str) -> str:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise GraphError(100, "Invalid cursors values") from None
