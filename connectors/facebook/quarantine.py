"""Reading a quarantined item once more: its raw may tell where it stood, or be bare; pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from connectors.facebook import payloads
from connectors.facebook.marks import LONG_AGO, Listing
from connectors.facebook.reading import CONTEXT, Batch, Reading, Request
from connectors.facebook.shapes import dig, string
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from connectors.facebook.settings import Settings
    from inboxd.model import Json, Unknown

_STREAMS = {"conversation": Stream.DIRECT_MESSAGES, "rating": Stream.REVIEWS}


def reread(item: Unknown, settings: Settings) -> Batch:
    """Return what is in an item, or the item itself where it is still not understood."""
    take = _take(item, settings)
    if take is None:
        return Batch(unknown=[item])
    raw = {key: value for key, value in item.raw.items() if key != CONTEXT}
    batch = Request("", item.kind, {}, take, LONG_AGO).read(Listing([raw]))
    return batch if batch.changed else Batch(unknown=[item])


def _take(item: Unknown, settings: Settings) -> Callable[[Batch, Json], datetime] | None:
    """Return what reads an item of that kind; None if there is too little to put it anywhere."""
    named = string(dig(item.raw, CONTEXT, "stream"))
    default = _STREAMS.get(item.kind, Stream.COMMENTS)
    stream = Stream(named) if named in settings.SUPPORTED_STREAMS else default
    reading = Reading(settings, stream, LONG_AGO, LONG_AGO)
    conversation, thread = (
        string(dig(item.raw, CONTEXT, key)) for key in ("conversation", "thread")
    )
    if item.kind == "messages":
        url = string(dig(item.raw, CONTEXT, "url"))
        message = partial(
            payloads.direct_message, conversation=conversation, url=url, page_id=settings.page_id
        )
        return partial(reading.below, message) if conversation else None
    comment = partial(
        payloads.comment, thread=thread or None, stream=stream, page_id=settings.page_id
    )
    takes: dict[str, Callable[[Batch, Json], datetime]] = {
        "comments": partial(reading.below, comment),
        "conversation": reading.conversation,
        "post": reading.post,
        "rating": reading.review,
        "ad": reading.ours,
        "photo": reading.ours,
    }
    return takes.get(item.kind)
