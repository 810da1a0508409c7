"""What to read next: a page becomes a batch, and the requests that follow from it; pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from connectors.facebook import payloads
from connectors.facebook.payloads import SITE
from connectors.facebook.shapes import Malformed, an_object, dig, id_of, string, time_of
from inboxd import connector as port
from inboxd import errors
from inboxd.model import Direction, Json, Message, ReplyWindow, Stream, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.facebook.settings import Settings

SWEEP_EVERY = timedelta(minutes=15)
LONG_AGO = datetime.min.replace(tzinfo=UTC)

MESSAGE_FIELDS = "id,created_time,from,message,attachments,sticker,shares,is_unsupported"
COMMENT_FIELDS = "id,created_time,from,message,parent{id},permalink_url,is_hidden,attachment"
NEWEST_FIRST = {"filter": "stream", "order": "reverse_chronological"}
"""How comments are asked for: replies among them, and not oldest first, Graph's default."""


@dataclass(frozen=True, slots=True)
class Marks:
    """
    How far a source has been read: the cursor, which holds instants and nothing else.

    *floor* is where the first poll began, *newest* the newest instant seen, *swept* when all
    posts were read last, and *swept_to* what *newest* was then.
    """

    floor: datetime
    newest: datetime
    swept: datetime | None = None
    swept_to: datetime | None = None

    @classmethod
    def of(cls, cursor: port.Cursor | None, start: datetime) -> Marks:
        """Read a cursor of ours, None beginning at *start*."""
        if cursor is None:
            return cls(start, start)
        return cls(**{name: datetime.fromisoformat(at) for name, at in cursor.items()})

    def cursor(self) -> port.Cursor:
        """Return the JSON to be kept."""
        return {name: at.isoformat() for name, at in asdict(self).items() if at is not None}

    def after(self, first: Batch, now: datetime, *, swept: bool) -> Marks:
        """
        Return the marks once a poll is complete whose *first* page gave that.

        Later pages may show what is younger than something that came meanwhile and was not
        seen; and an instant in the future would hide everything until then.
        """
        newest = max(self.newest, min(max(first.changed, default=self.newest), now))
        marks = replace(self, newest=newest)
        return replace(marks, swept=now, swept_to=newest) if swept else marks


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a Graph list; *further* are the next page's parameters, None on the last."""

    items: Sequence[Any] = ()
    further: Mapping[str, str] | None = None

    @classmethod
    def of(cls, answer: object) -> Listing:
        """Read a list's envelope; only a missing ``next`` says that it ends, never a short page."""
        items, url = an_object(answer).get("data"), string(dig(answer, "paging", "next"))
        if not isinstance(items, list):
            raise Malformed("no data")
        # Feeds may page by time. The URL is taken apart, never used: it carries the token.
        query = dict(parse_qsl(url.partition("?")[2]))
        further = {key: at for key, at in query.items() if key in {"until", "__paging_token"}}
        if after := string(dig(answer, "paging", "cursors", "after")):
            further = {"after": after}
        if url and not further:
            raise Malformed("a next page without a cursor")
        return cls(items, further if url else None)


@dataclass(slots=True)
class Batch:
    """What a page gave; *changed* tells when each thing on it last was."""

    messages: list[Message] = field(default_factory=list)
    older: list[Message] = field(default_factory=list)
    """What was known before, or is before our time."""
    unknown: list[Unknown] = field(default_factory=list)
    windows: list[ReplyWindow] = field(default_factory=list)
    further: list[Request] = field(default_factory=list)
    changed: list[datetime] = field(default_factory=list)
    note: str = ""

    def take(self, nested: Batch) -> None:
        """Add what a list inside this page gave."""
        self.messages += nested.messages
        self.unknown += nested.unknown
        self.further += nested.further
        self.note = self.note or nested.note

    def keep_unknown(self, kind: str, item: object) -> None:
        """Keep an item that is not understood, under its id or else a digest of it."""
        raw = item if isinstance(item, dict) else {"value": item}
        digest = hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:16]
        name = raw["id"] if isinstance(raw.get("id"), str | int) else f"?{digest}"
        self.unknown.append(Unknown(f"{kind}:{name}", kind, raw))


@dataclass(frozen=True, slots=True)
class Request:
    """
    A page of a list to ask for, and how to read it.

    *take* adds one item to a batch and returns when it last changed; the list is read on
    while that is not before *until*.
    """

    path: str
    kind: str
    params: Mapping[str, str]
    take: Callable[[Batch, Json], datetime]
    until: datetime

    @property
    def name(self) -> tuple[str, str]:
        """Return what tells it from every other request of one poll."""
        return self.path, json.dumps(dict(self.params), sort_keys=True)

    def read(self, listing: Listing) -> Batch:
        """Take what a page gives, and ask for the next; one bad item spoils nothing else."""
        batch = Batch()
        for item in listing.items:
            try:
                batch.changed.append(self.take(batch, an_object(item)))
            except Malformed:
                batch.keep_unknown(self.kind, item)
        known = batch.changed and batch.changed[-1] < self.until
        if listing.further is not None and not known:
            if listing.further.items() <= self.params.items():
                raise errors.UnexpectedPayload(f"Facebook's list of {self.kind} goes in a circle.")
            batch.further.append(replace(self, params={**self.params, **listing.further}))
        return batch


@dataclass(frozen=True, slots=True)
class Reading:
    """One poll of one source: what is new is delivered from *since* on, never before *floor*."""

    settings: Settings
    stream: Stream
    floor: datetime
    since: datetime

    def conversation(self, batch: Batch, item: Json) -> datetime:
        """Take a conversation's new messages, and how it can be answered."""
        name, changed, link = id_of(item), time_of(item, "updated_time"), string(item.get("link"))
        if changed < self.since:
            return changed
        convert = partial(
            payloads.direct_message,
            conversation=name,
            url=f"{SITE}{link}" if link.startswith("/") else link,
            page_id=self.settings.page_id,
        )
        new = self._below(item, "messages", convert, {"fields": MESSAGE_FIELDS})
        batch.take(new)
        can_reply = item.get("can_reply") is not False
        window = payloads.reply_window(
            f"dm:{name}", [*new.messages, *new.older], can_reply=can_reply
        )
        batch.windows.append(window)
        return changed

    def post(self, batch: Batch, item: Json) -> datetime:
        """
        Take a post that is not ours, and the new comments below any.

        Graph lists posts by age, so a comment below an old one moves nothing to the top. It
        says that updated_time moves with a comment, and of replies nothing: so the newest
        comments are asked for with every post, and every SWEEP_EVERY all posts are read and
        not only the newest. A post that did move is delivered again: it may have been edited.
        """
        page_id = self.settings.page_id
        message = payloads.post(item, stream=self.stream, page_id=page_id)
        ours = message.direction is Direction.OUTBOUND
        thread = None if ours else message.thread_id
        convert = partial(payloads.comment, thread=thread, stream=self.stream, page_id=page_id)
        new = self._below(item, "comments", convert, {"fields": COMMENT_FIELDS, **NEWEST_FIRST})
        moved = time_of(item, "updated_time") if "updated_time" in item else message.sent_at
        in_feed = id_of(item).startswith(f"{page_id}_") and Stream.COMMENTS in self.settings.streams
        if self.stream is Stream.COMMENTS or not in_feed:
            batch.take(new)
            if not ours and moved >= self.since and message.sent_at >= self.floor:
                batch.messages.append(message)
        return max(message.sent_at, moved, *new.changed)

    def review(self, batch: Batch, item: Json) -> datetime:
        """Take a review; answers to it are not listed with it."""
        message = payloads.review(item, page_id=self.settings.page_id)
        if message.sent_at >= self.since:
            batch.messages.append(message)
        return message.sent_at

    def _below(
        self,
        item: Json,
        edge: str,
        convert: Callable[[Json], Message],
        params: Mapping[str, str],
    ) -> Batch:
        """Read the page of an edge that came with *item*; Graph leaves an empty one out."""
        take = partial(self._take, edge, convert)
        path = f"{id_of(item)}/{edge}"
        more = Request(path, edge, {**params, "limit": "100"}, take, self.since)
        return more.read(Listing.of(item[edge]) if edge in item else Listing())

    def _take(
        self, kind: str, convert: Callable[[Json], Message], batch: Batch, item: Json
    ) -> datetime:
        at = time_of(item, "created_time")
        try:
            (batch.messages if at >= self.since else batch.older).append(convert(item))
        except Malformed as error:
            if at >= self.since:
                batch.keep_unknown(kind, item)
                batch.note = f"Facebook shows some {kind} only as {error}: look on facebook.com."
        return at
