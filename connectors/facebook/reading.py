"""What an item of a list brings, and what is to be read because of it; pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from connectors.facebook import payloads, windows
from connectors.facebook.fields import COMMENT_FIELDS, MESSAGE_FIELDS, NEWEST_FIRST
from connectors.facebook.marks import Listing
from connectors.facebook.shapes import Malformed, an_object, dig, id_of, time_of
from inboxd import errors
from inboxd.model import Direction, Json, Message, ReplyWindow, Stream, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from connectors.facebook.settings import Settings

UNLISTED = "Facebook lists a conversation without its messages: look on facebook.com."
HIDDEN = "Facebook shows the 20 newest messages of a conversation whole: look on facebook.com."
CONTEXT = "inboxd"
"""The key under which a quarantined payload tells what its own text does not: where it stood."""


@dataclass(slots=True)
class Batch:
    """What a page gave; *changed* tells when each thing on it last was, *shown* of which."""

    messages: list[Message] = field(default_factory=list)
    older: list[Message] = field(default_factory=list)
    """What was known before, or is before our time."""
    unknown: list[Unknown] = field(default_factory=list)
    windows: list[ReplyWindow] = field(default_factory=list)
    further: list[Request] = field(default_factory=list)
    changed: list[datetime] = field(default_factory=list)
    shown: set[tuple[str, datetime]] = field(default_factory=set)
    note: str = ""
    lost: str = ""

    def take(self, nested: Batch) -> None:
        """Add what a list inside this page gave."""
        self.messages += nested.messages
        self.unknown += nested.unknown
        self.windows += nested.windows
        self.further += nested.further
        self.note = self.note or nested.note
        self.lost = self.lost or nested.lost

    def keep_unknown(
        self, kind: str, item: object, error: Exception, context: Mapping[str, str | None]
    ) -> None:
        """Keep an item that is not understood, under its id or else a digest of it."""
        raw = item if isinstance(item, dict) else {"value": item}
        digest = hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()[:16]
        name = raw["id"] if isinstance(raw.get("id"), str | int) else f"?{digest}"
        kept = {**raw, CONTEXT: dict(context)} if context else raw
        why = str(error) if isinstance(error, Malformed) else f"{type(error).__name__}: {error}"
        self.unknown.append(Unknown(f"{kind}:{name}", kind, kept, why))


@dataclass(frozen=True, slots=True)
class Request:
    """
    A page of a list to ask for, and how to read it.

    *take* adds one item to a batch and returns when it last changed; the list is read on
    while that is not before *until*. *choose* leaves out items that are not to be read.
    """

    path: str
    kind: str
    params: Mapping[str, str]
    take: Callable[[Batch, Json], datetime]
    until: datetime
    context: Mapping[str, str | None] = field(default_factory=dict)
    choose: Callable[[Sequence[Any]], Sequence[Any]] | None = None
    before: Sequence[Any] = ()
    """The last item of the page before, to choose with the first of this one, where one chooses."""
    newest: datetime | None = None
    """No younger thing can be on this page, nor behind it; None if nothing is known of that."""

    @property
    def name(self) -> tuple[str, str]:
        """Return what tells it from every other request of one poll."""
        return self.path, json.dumps(dict(self.params), sort_keys=True)

    def read(self, listing: Listing) -> Batch:
        """Take what a page gives, and ask for the next; one bad item spoils nothing else."""
        batch, items = Batch(), [*self.before, *listing.items]
        for item in self.choose(items) if self.choose else items:
            part = Batch()
            try:
                changed = self.take(part, an_object(item))
            except Exception as error:  # noqa: BLE001 - our own bug in one item is one item's, too
                batch.keep_unknown(self.kind, item, error, self.context)
            else:
                batch.changed.append(changed)
                batch.shown.add((str(dig(item, "id")), changed))
                batch.take(part)
                batch.older += part.older
        known = batch.changed and batch.changed[-1] < self.until
        if listing.further is not None and not known:
            if listing.further.items() <= self.params.items():
                raise errors.UnexpectedPayload(f"Facebook's list of {self.kind} goes in a circle.")
            newest = batch.changed[-1] if batch.changed else self.newest
            params = {**self.params, **listing.further}
            before = items[-1:] if self.choose else ()
            batch.further.append(replace(self, params=params, newest=newest, before=before))
        return batch


@dataclass(frozen=True, slots=True)
class Reading:
    """
    One poll of one source: what is new is delivered from *since* on, never before *floor*.

    *seen* is up to when everything was read before; None if this is the first time.
    """

    settings: Settings
    stream: Stream
    floor: datetime
    since: datetime
    seen: datetime | None = None
    read: set[tuple[str, datetime]] = field(default_factory=set)
    """The conversations that this poll has read, and when each had changed then."""
    comment_fields: str = COMMENT_FIELDS

    def conversation(self, batch: Batch, item: Json) -> datetime:
        """Take a conversation's new messages, and how it can be answered."""
        name, changed = id_of(item), time_of(item, "updated_time")
        if changed < self.since or (name, changed) in self.read:
            return changed
        url = payloads.conversation_url(item)
        convert = partial(
            payloads.direct_message, conversation=name, url=url, page_id=self.settings.page_id
        )
        context = {"conversation": name, "url": url}
        new = self._below(item, "messages", convert, {"fields": MESSAGE_FIELDS}, context)
        if item.get("messages") is None:
            new.further = [replace(each, newest=changed) for each in new.further]
        batch.take(new)
        can_reply = item.get("can_reply") is not False
        known = [*new.messages, *new.older]
        if item.get("messages") is not None or not can_reply:
            batch.windows.append(windows.conversation(f"dm:{name}", known, can_reply=can_reply))
        self.read.add((name, changed))
        return changed

    def post(self, batch: Batch, item: Json) -> datetime:
        """
        Take a post that is not ours, and the new comments below any.

        Graph lists posts by age, so a comment below an old one moves nothing to the top. It
        says that updated_time moves with a comment, and of replies nothing: so the newest
        comments are asked for with every post, and now and then all posts are read and not
        only the newest. A post that did move is delivered again: it may have been edited.
        """
        page_id = self.settings.page_id
        message = payloads.post(item, stream=self.stream, page_id=page_id)
        ours = message.direction is Direction.OUTBOUND
        new = self._comments(item, None if ours else message.thread_id)
        moved = time_of(item, "updated_time") if "updated_time" in item else message.sent_at
        in_feed = id_of(item).startswith(f"{page_id}_") and Stream.COMMENTS in self.settings.streams
        if self.stream is Stream.COMMENTS or not in_feed:
            batch.take(new)
            if not ours and moved >= self.since and message.sent_at >= self.floor:
                batch.messages.append(message)
        return max(message.sent_at, moved, *new.changed)

    def ours(self, batch: Batch, item: Json) -> datetime:
        """Take the new comments below an ad or a picture: things that only the Page makes."""
        new = self._comments(item, None)
        batch.take(new)
        return max([time_of(item, "created_time"), *new.changed])

    def review(self, batch: Batch, item: Json) -> datetime:
        """Take a review, and what was written below its story: that is where it is answered."""
        message = payloads.review(item, page_id=self.settings.page_id)
        new = Batch()
        if payloads.story_of(item):
            new = self._comments(an_object(item.get("open_graph_story")), message.thread_id)
        batch.take(new)
        if message.sent_at >= self.since:
            batch.messages.append(message)
            batch.windows.append(windows.below_review(message.thread_id))
        return max([message.sent_at, *new.changed])

    def _comments(self, item: Json, thread: str | None) -> Batch:
        convert = partial(
            payloads.comment, thread=thread, stream=self.stream, page_id=self.settings.page_id
        )
        params = {"fields": self.comment_fields, **NEWEST_FIRST}
        context = {} if thread is None else {"thread": thread}
        if self.stream is not Stream.COMMENTS:
            context["stream"] = self.stream.value
        return self._below(item, "comments", convert, params, context)

    def _below(
        self,
        item: Json,
        edge: str,
        convert: Callable[[Json], Message],
        params: Mapping[str, str],
        context: Mapping[str, str | None],
    ) -> Batch:
        """
        Read the page of an edge that came with *item*; Graph leaves an empty one out.

        A conversation without messages is hardly one: it is asked for them.
        """
        take = partial(self.below, convert)
        path = f"{id_of(item)}/{edge}"
        more = Request(path, edge, {**params, "limit": "100"}, take, self.since, context)
        if item.get(edge) is not None:
            return more.read(Listing.of(item[edge]))
        return Batch(further=[more] if edge == "messages" else [])

    def below(self, convert: Callable[[Json], Message], batch: Batch, item: Json) -> datetime:
        """Take one message or comment of a list inside an item."""
        at = time_of(item, "created_time")
        try:
            message = convert(item)
        except payloads.TooOld as error:
            if at >= self.since and not (self.seen and at <= self.seen):
                self._told(batch, item, error)
            return at
        (batch.messages if at >= self.since else batch.older).append(message)
        if at >= self.since and message.remote_id == message.thread_id:
            batch.windows.append(windows.below_comment(message))
        return at

    def _told(self, batch: Batch, item: Json, error: Exception) -> None:
        """Tell of a message that Graph does not show any more, and that was not read before."""
        # Under the message's own name: who has it already need not keep this.
        batch.keep_unknown("dm", item, error, {})
        batch.take(hidden(HIDDEN, None, self.seen))


def hidden(text: str, newest: datetime | None, seen: datetime | None) -> Batch:
    """
    Return what is told of messages that are not shown, none of them younger than *newest*.

    What was written up to *seen* was read when it was new, or its loss was told then.
    """
    if seen and newest and newest <= seen:
        return Batch()
    return Batch(note=text, lost=text if seen else "")
