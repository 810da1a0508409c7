"""Reads what once was not understood again, with today's knowledge; asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.vk.events import event_of
from connectors.vk.payloads import COMMENT_KINDS, comment_of, post_of, somebodys_message
from connectors.vk.shapes import as_object
from inboxd.connector import Page
from inboxd.model import Message, Stream, Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.vk.memory import Memory
    from inboxd.model import Json

# What a bare item was found in, by its kind, from before the context was kept beside it.
_BARE: Mapping[str, Json] = {
    "comment": {"comment": "wall_reply"},
    "post": {"post": Stream.COMMENTS.value},
    **{kind: {"comment": kind} for kind in COMMENT_KINDS},
}


def read_again(item: Unknown, group_id: int, seen_at: datetime, memory: Memory) -> Page:
    """Return the message of a quarantined *item*, or the item if it is still not understood."""
    if "type" in item.raw and "context" not in item.raw:
        found = event_of(item.raw, group_id, seen_at, memory)
        if isinstance(found, Unknown):
            return Page({}, unknown=[item])
        return Page({}, messages=[] if found is None else [found])
    try:
        message = _read(item, group_id, seen_at, memory)
    except Exception:  # noqa: BLE001 - whatever broke it the first time may do so again
        message = None
    return Page({}, unknown=[item]) if message is None else Page({}, messages=[message])


def _read(item: Unknown, group_id: int, seen_at: datetime, memory: Memory) -> Message | None:
    wrapped = isinstance(item.raw.get("context"), dict) and "item" in item.raw
    raw = as_object(item.raw["item"] if wrapped else item.raw, "item")
    context: Json = item.raw["context"] if wrapped else _BARE.get(item.kind, {})
    if item.kind == "message":
        return somebodys_message(raw, group_id)
    if "comment" in context:
        whole = {"owner_id": -group_id, **context.get("place", {}), **raw}
        return comment_of(
            COMMENT_KINDS[context["comment"]], whole, group_id, seen_at,
            below_customers_post=bool(context.get("customers")), root_of=memory.root_of,
            stream=Stream(context.get("stream", Stream.COMMENTS)),
        )  # fmt: skip
    if "post" in context:
        return post_of(raw, group_id, Stream(context["post"]))
    return None
