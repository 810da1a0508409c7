"""Typed access to VK's JSON: whatever is not as it should be is an UnexpectedPayload."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

from inboxd.errors import UnexpectedPayload
from inboxd.model import Json, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_T = TypeVar("_T")

_NUMBER = re.compile(r"-?[0-9]{1,18}")  # what int() makes of more digits is no id


def as_object(value: object, what: str) -> Json:
    """Return *value*, which must be a JSON object; *what* names it in the error."""
    if not isinstance(value, dict):
        raise UnexpectedPayload(f"{what} is no JSON object", value)
    return value


def items_of(answer: object, method: str) -> Sequence[Any]:
    """Return the items of an answer of *method*; one without a list of them is not an empty one."""
    listed = as_object(answer, f"{method}: the response")
    items = listed.get("items")
    if not isinstance(items, list):
        raise UnexpectedPayload(f"{method}: the response has no list of items", answer)
    return items


def integer(payload: Json, key: str) -> int:
    """Return a number that must be there; old versions of VK write some as text."""
    value = payload.get(key)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnexpectedPayload(f"{key} is no number")
    return value


def integer_or_none(payload: Json, key: str) -> int | None:
    """Return a number that may be missing; VK also writes 0 for "none"."""
    return (integer(payload, key) or None) if payload.get(key) else None


def text_of(payload: Json, key: str) -> str:
    """Return a text that may be missing."""
    value = payload.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnexpectedPayload(f"{key} is no text")
    return value


def list_of(payload: Json, key: str) -> Sequence[Any]:
    """Return a list that may be missing."""
    value = payload.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UnexpectedPayload(f"{key} is no list")
    return value


def total_of(answer: Json, key: str = "count") -> int:
    """Return how many items there are in all; 0, which ends the paging, where VK does not say."""
    total = answer.get(key)
    return total if isinstance(total, int) else 0


def oldest_first(items: Sequence[object]) -> bool:
    """Whether a list runs forwards, so that what is old at its end says nothing of what follows."""
    dates = [item.get("date") for item in items if isinstance(item, dict)]
    numbers = [date for date in dates if isinstance(date, int)]
    return len(numbers) > 1 and numbers[0] < numbers[-1]


def instant_of(unix: int) -> datetime:
    """Return the instant of *unix* seconds; what no calendar reaches is an error."""
    try:
        return datetime.fromtimestamp(unix, UTC)
    except (ValueError, OverflowError, OSError):
        raise UnexpectedPayload(f"{unix} is no time") from None


def unix(instant: datetime) -> int:
    """Return *instant* in whole unix seconds, as VK counts."""
    return int(instant.timestamp())


def in_words(error: Exception) -> str:
    """Return what broke the reading of an item, for the quarantine."""
    if isinstance(error, UnexpectedPayload):
        return str(error)
    return f"{type(error).__name__}: {error}"


def unknown_item(
    kind: str,
    raw: object,
    remote_id: str = "",
    *,
    error: str = "",
    context: Mapping[str, Any] | None = None,
) -> Unknown:
    """
    Return *raw* as an item that people can look at; without an id, its content names it.

    *context* is what the item does not say of itself and reading it again needs.
    """
    kept = {"context": dict(context), "item": raw} if context else raw
    written = json.dumps(kept, sort_keys=True, default=str).encode()
    name = remote_id or blake2b(written, digest_size=12).hexdigest()
    return Unknown(
        f"{kind}:{name}", kind, kept if isinstance(kept, dict) else {"value": kept}, error
    )


def sift(
    items: Iterable[object],
    kind: str,
    read: Callable[[Json], _T | None],
    context: Mapping[str, Any] | None = None,
) -> tuple[list[_T], list[Unknown]]:
    """
    Read each of *items*; one that cannot be read is kept as it is and spoils no other.

    What *read* returns None for is nothing to us, and is left out.
    """
    understood: list[_T] = []
    unknown: list[Unknown] = []
    for item in items:
        try:
            found = read(as_object(item, kind))
        except Exception as error:  # noqa: BLE001 - our own bug must not cost the page either
            unknown.append(unknown_item(kind, item, error=in_words(error), context=context))
        else:
            understood += [found] if found is not None else []
    return understood, unknown
