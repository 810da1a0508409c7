"""Typed access to VK's JSON: whatever is not as it should be is an UnexpectedPayload."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from inboxd.errors import UnexpectedPayload
from inboxd.model import Json, Message, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


def as_object(value: object, what: str) -> Json:
    """Return *value*, which must be a JSON object; *what* names it in the error."""
    if not isinstance(value, dict):
        raise UnexpectedPayload(f"{what} is no JSON object")
    return value


def integer(payload: Json, key: str) -> int:
    """Return a number that must be there."""
    value = payload.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnexpectedPayload(f"{key} is no number")
    return value


def integer_or_none(payload: Json, key: str) -> int | None:
    """Return a number that may be missing; VK also writes 0 for "none"."""
    return integer(payload, key) if payload.get(key) else None


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


def total_of(answer: Json, key: str) -> int:
    """Return how many items there are in all; 0, which ends the paging, where VK does not say."""
    total = answer.get(key)
    return total if isinstance(total, int) else 0


def instant_of(unix: int) -> datetime:
    """Return the instant of *unix* seconds; what no calendar reaches is an error."""
    try:
        return datetime.fromtimestamp(unix, UTC)
    except (ValueError, OverflowError, OSError):
        raise UnexpectedPayload(f"{unix} is no time") from None


def unix(instant: datetime) -> int:
    """Return *instant* in whole unix seconds, as VK counts."""
    return int(instant.timestamp())


def unknown_item(kind: str, raw: object, remote_id: str = "") -> Unknown:
    """Return *raw* as an item that people can look at; without an id, its content names it."""
    written = json.dumps(raw, sort_keys=True, default=str).encode()
    name = remote_id or blake2b(written, digest_size=12).hexdigest()
    return Unknown(f"{kind}:{name}", kind, raw if isinstance(raw, dict) else {"value": raw})


def sift(
    items: Iterable[object], kind: str, read: Callable[[Json], Message]
) -> tuple[list[Message], list[Unknown]]:
    """Read each of *items*; one that cannot be read is kept as it is and spoils no other."""
    messages: list[Message] = []
    unknown: list[Unknown] = []
    for item in items:
        try:
            messages.append(read(as_object(item, kind)))
        except UnexpectedPayload:
            unknown.append(unknown_item(kind, item))
    return messages, unknown
