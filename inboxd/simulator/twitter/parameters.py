"""The query of a request, read and bounded as X's OpenAPI document says."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from inboxd.simulator.twitter import problems

if TYPE_CHECKING:
    from aiohttp import web

FIELDS = frozenset(
    ("tweet.fields", "post.fields", "user.fields", "media.fields", "poll.fields", "place.fields")
)
_WINDOW = frozenset(("since_id", "until_id", "start_time", "end_time"))
TIMELINE = FIELDS | _WINDOW | {"expansions", "max_results", "pagination_token"}
OWN_TIMELINE = TIMELINE | {"exclude"}
SEARCH = TIMELINE | {"query", "next_token", "sort_order"}
LOOKUP = FIELDS | {"expansions", "ids"}
USER = frozenset(("user.fields", "tweet.fields", "post.fields", "expansions"))
DM_EVENTS = frozenset(
    ("max_results", "pagination_token", "event_types", "dm_event.fields", "expansions",
     "media.fields", "user.fields", "tweet.fields", "post.fields")
)  # fmt: skip
USAGE = frozenset(("days", "usage.fields"))


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for beside the paging; *posts* is the dialect of `post.fields`."""

    posts: bool
    tweet_fields: frozenset[str]
    user_fields: frozenset[str]
    dm_fields: frozenset[str]
    media_fields: frozenset[str]
    expansions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a timeline that was asked for; ids are exclusive, as X's are."""

    size: int
    since_id: int = 0
    below_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None


def check_names(request: web.Request, known: frozenset[str]) -> None:
    """Answer 400 to a parameter X does not know there."""
    for name, value in request.query.items():
        if name not in known:
            allowed = ",".join(sorted(known))
            raise problems.invalid(
                name, value, f"The query parameter [{name}] is not one of [{allowed}]"
            )


def check_bounds(request: web.Request) -> None:
    """Answer 400 to a search that is bounded by ids and by times at once, or the wrong way round."""
    ids, times = (
        [name for name in names if name in request.query]
        for names in (("since_id", "until_id"), ("start_time", "end_time"))
    )
    if ids and times:
        raise problems.invalid(
            ids[0],
            request.query[ids[0]],
            "Invalid use of 'since_id' or 'until_id' in conjunction with 'start_time' or 'end_time'.",
        )
    since, until = read_id(request, "since_id"), read_id(request, "until_id")
    if since is not None and until is not None and since >= until:
        raise problems.invalid("since_id", since, "'since_id' must be less than 'until_id'")


def read_query(request: web.Request) -> Query:
    """Read fields and expansions; X ignores values it does not know, and so does this."""
    expansions = _values(request, "expansions")
    posts = "post.fields" in request.query or "referenced_posts" in expansions
    return Query(
        posts=posts,
        tweet_fields=_values(request, "post.fields" if posts else "tweet.fields"),
        user_fields=_values(request, "user.fields"),
        dm_fields=_values(request, "dm_event.fields"),
        media_fields=_values(request, "media.fields"),
        expansions=expansions,
    )


def read_window(
    request: web.Request, *, smallest: int, default: int, token: str | None = None
) -> Window:
    """Read paging and bounds; *token* is the value of whatever the endpoint names it."""
    until = read_id(request, "until_id")
    if token is not None:
        page_end = unpack_token(token)
        until = page_end if until is None else min(until, page_end)
    return Window(
        size=read_integer(request, "max_results", smallest, 100, default),
        since_id=read_id(request, "since_id") or 0,
        below_id=until,
        start=_time(request, "start_time"),
        end=_time(request, "end_time"),
    )


def read_integer(request: web.Request, name: str, low: int, high: int, default: int) -> int:
    """Read a whole number between *low* and *high*."""
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isdecimal() or not low <= int(text) <= high:
        raise problems.invalid(
            name,
            text,
            f"The `{name}` query parameter value [{text}] is not between {low} and {high}",
        )
    return int(text)


def read_id(request: web.Request, name: str) -> int | None:
    """Read an id: 1 to 19 digits."""
    text = request.query.get(name)
    if text is None:
        return None
    return checked_id(name, text)


def checked_id(name: str, text: str) -> int:
    """Return *text* as an id or answer 400."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        raise problems.invalid(
            name, text, f"The `{name}` query parameter value [{text}] is not valid"
        )
    return int(text)


def pack_token(last_id: int) -> str:
    """Return the opaque token of the page below *last_id*."""
    return base64.b32encode(b"below" + last_id.to_bytes(8)).decode().rstrip("=").lower()


def unpack_token(token: str) -> int:
    """Return the id a token stands for, or answer 400 to one that was never given out."""
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 13 or not raw.startswith(b"below"):
        raise problems.invalid(
            "pagination_token",
            token,
            f"The `pagination_token` query parameter value [{token}] is not valid",
        )
    return int.from_bytes(raw[5:])


def _values(request: web.Request, name: str) -> frozenset[str]:
    return frozenset(filter(None, request.query.get(name, "").split(",")))


def _time(request: web.Request, name: str) -> datetime | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise problems.invalid(
            name, text, f"The `{name}` query parameter value [{text}] is not a RFC3339 date-time"
        )
    return moment
