"""Looking into JSON that may be anything: a value of the kind that is due, or Malformed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inboxd.model import Json


class Malformed(ValueError):
    """Something is not what the contract says; an item becomes an Unknown."""


def an_object(value: object) -> Json:
    """Return *value* if it is an object."""
    if not isinstance(value, dict):
        raise Malformed("something that is not an object")
    return value


def id_of(item: Json, key: str = "id") -> str:
    """Return an id as a string, which is how ids are compared: Graph writes them both ways."""
    value = item.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Malformed(f"no {key}")
    return str(value)


def text_of(item: Json, key: str) -> str:
    """Return the text under *key*, empty where there is none."""
    value = item.get(key)
    if not isinstance(value, str | None):
        raise Malformed(f"a {key} that is not a text")
    return value or ""


def time_of(item: Json, key: str) -> datetime:
    """
    Return the instant under *key*: ISO 8601, or unix seconds as webhooks write it.

    One without a zone is in UTC, as all of Graph's are.
    """
    value = item.get(key)
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(text_of(item, key))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise Malformed(f"a {key} that is not an instant") from None


def integer(value: object) -> int:
    """Return *value* if it is a whole number, else 0."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else 0
    return value if isinstance(value, int) else 0


def string(value: object) -> str:
    """Return *value* if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""


def rows(value: object) -> list[Json]:
    """Return the objects of a list, which stands in an envelope or by itself."""
    data = value.get("data") if isinstance(value, dict) else value
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def dig(value: object, *keys: str) -> object:
    """Return what lies that deep in nested objects, None where the way ends."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
