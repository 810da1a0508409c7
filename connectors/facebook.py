"""
Facebook: one Page's Messenger inbox, comments, mentions and reviews, over the Graph API.

Graph has no list of "what is new", so each source is read newest first until what was
known; and no tombstones, so what is deleted is simply no longer shown and a deletion cannot
be seen by polling. Its paging cursors expire with the item they point to and its ``next``
URLs carry the token, so neither is ever kept: a cursor of ours holds instants only.

Source: facebook-inbox-spec.json, and developers.facebook.com/docs/graph-api.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import deque
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, quote

import aiohttp
from pydantic import Field

from inboxd import connector as port
from inboxd import errors
from inboxd.connector import AccountSettings, Secret
from inboxd.model import (
    Attachment,
    Author,
    Direction,
    Json,
    Message,
    ReplyWindow,
    Stream,
    Unknown,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence

    from inboxd.clock import Clock

SITE, GRAPH = "https://www.facebook.com", "https://graph.facebook.com"
FREELY, AS_A_PERSON = timedelta(hours=24), timedelta(days=7)
"""How long Messenger takes any reply, and one tagged HUMAN_AGENT, after the customer's last."""
TEXT_LIMIT = 2000
SWEEP_EVERY = timedelta(minutes=15)
NEAR_THE_LIMIT = 90
"""Per cent of an allowance at which polling pauses: the rest is kept for people's replies."""
PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(days=1)
LONG_AGO = datetime.min.replace(tzinfo=UTC)

MESSAGE_FIELDS = "id,created_time,from,message,attachments,sticker,shares,is_unsupported"
COMMENT_FIELDS = "id,created_time,from,message,parent{id},permalink_url,is_hidden,attachment"
NEWEST_FIRST = {"filter": "stream", "order": "reverse_chronological"}
"""How comments are asked for: replies among them, and not oldest first, Graph's default."""


class Settings(AccountSettings):
    """A Page, its token and the Graph version to speak."""

    SUPPORTED_STREAMS: ClassVar = frozenset(
        {Stream.DIRECT_MESSAGES, Stream.COMMENTS, Stream.MENTIONS, Stream.REVIEWS}
    )

    page_id: str = Field(pattern="^[0-9]+$", description="The Page's number.")
    token: Secret = Field(min_length=1, description="A Page access token.")
    app_secret: Secret | None = Field(default=None, description="Sends appsecret_proof if set.")
    api_base: str = GRAPH
    api_version: str = Field(
        default="v25.0",
        pattern=r"^v[0-9]+\.[0-9]+$",
        description='Reviews need "v21.0", which Facebook ends on 2027-01-21.',
    )


# What an item says: payload -> Message; pure


class Malformed(ValueError):
    """Something is not what the contract says; an item becomes an Unknown."""


def direct_message(item: Json, *, conversation: str, url: str, page_id: str) -> Message:
    """
    Return a Messenger message; of a kind that Graph cannot show, the text is empty.

    Graph does not tell an automatic reply from a written one, so none is marked as such.
    Raises Malformed for one that has only an id and a time: it is too old to be shown whole,
    and would overwrite what was stored when it was new.
    """
    if not item.keys() & {"from", "message", "attachments", "sticker", "shares"}:
        raise Malformed("too old to be shown whole")
    return _written(item, page_id)(
        remote_id=f"dm:{_id(item)}",
        thread_id=f"dm:{conversation}",
        stream=Stream.DIRECT_MESSAGES,
        public=False,
        url=url,
        attachments=tuple(_message_attachments(item)),
    )


def comment(item: Json, *, thread: str | None, stream: Stream, page_id: str) -> Message:
    """
    Return a comment, or a reply to one, in *thread*: the customer's post that it is below.

    Below a post of ours (None) each root comment is a thread of its own. Graph nests two
    levels and no more, so a parent is a root.
    """
    name, parent = f"comment:{_id(item)}", item.get("parent")
    above = None if parent is None else f"comment:{_id(_object(parent))}"
    return _written(item, page_id)(
        remote_id=name,
        thread_id=thread or above or name,
        parent_id=above or thread,
        stream=stream,
        public=True,
        url=_string(item.get("permalink_url")),
        attachments=tuple(_comment_attachments(item)),
    )


def post(item: Json, *, stream: Stream, page_id: str) -> Message:
    """Return what somebody posted on the Page, or elsewhere with the Page's name in it."""
    picture = _string(item.get("full_picture"))
    # Comments are messages of their own, and change where the post does not.
    alone = {key: value for key, value in item.items() if key != "comments"}
    return _written(alone, page_id)(
        remote_id=f"post:{_id(item)}",
        thread_id=f"post:{_id(item)}",
        stream=stream,
        public=True,
        url=_string(item.get("permalink_url")),
        attachments=(Attachment("image", picture),) if picture else (),
    )


def review(item: Json, *, page_id: str) -> Message:
    """Return a recommendation, or a star rating of old; the verdict stands beside the text."""
    story, stars = _id(_object(item.get("open_graph_story"))), item.get("rating")
    said = {"positive": "recommends the Page", "negative": "does not recommend the Page"}.get(
        _string(item.get("recommendation_type")).lower(),
        f"{stars} of 5 stars" if isinstance(stars, int) else "",
    )
    return _written(item, page_id, author="reviewer", text="review_text")(
        remote_id=f"rating:{story}",
        thread_id=f"rating:{story}",
        stream=Stream.REVIEWS,
        public=True,
        url=f"{SITE}/{story}",
        attachments=(Attachment("rating", title=said),) if said else (),
    )


def reply_window(thread_id: str, known: Iterable[Message], *, can_reply: bool) -> ReplyWindow:
    """Return until when Messenger delivers a reply, counted from the customer's last message."""
    window = ReplyWindow(thread_id, max_length=TEXT_LIMIT)
    asked = [each.sent_at for each in known if each.direction is Direction.INBOUND]
    if not can_reply:
        reason = (
            "Facebook takes no reply here: the customer wrote more than 7 days ago, has blocked "
            "the Page or is gone. A reply is possible once they write again."
        )
        return replace(window, open=False, reason=reason)
    reason = (
        "Messenger delivers a reply for 24 hours after the customer's last message, and for 7 days "
        "if the app has the Human Agent feature; then not before the customer writes again."
    )
    return replace(window, closes_at=max(asked) + AS_A_PERSON, reason=reason) if asked else window


def _written(
    item: Json, page_id: str, *, author: str = "from", text: str = "message"
) -> Callable[..., Message]:
    """Return a Message that lacks only what differs between the kinds of items."""
    by = _person(item.get(author))
    # Graph leaves out whom it must not name, and never leaves out the Page itself.
    ours = by is not None and by.remote_id == page_id
    return partial(
        Message,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        sent_at=_time(item, "created_time"),
        text=_text(item, text),
        author=by,
        raw=item,
    )


def _message_attachments(item: Json) -> Iterator[Attachment]:
    if sticker := _string(item.get("sticker")):
        yield Attachment("sticker", sticker)
    for row in _rows(item.get("attachments")):
        kind = _string(row.get("mime_type")).partition("/")[0]
        urls = (_dig(row, "image_data", "url"), _dig(row, "video_data", "url"), row.get("file_url"))
        yield Attachment(
            type=kind if kind in {"image", "video", "audio"} else "file",
            url=next(filter(None, map(_string, urls)), ""),
            title=_string(row.get("name")),
        )
    for row in _rows(item.get("shares")):
        yield Attachment("share", _string(row.get("link")), _string(row.get("name")))


def _comment_attachments(item: Json) -> Iterator[Attachment]:
    if isinstance(row := item.get("attachment"), dict):
        url = _string(row.get("url")) or _string(_dig(row, "media", "image", "src"))
        yield Attachment(_string(row.get("type")) or "file", url, _string(row.get("title")))


def _person(value: object) -> Author | None:
    if not isinstance(value, dict) or value.get("id") is None:
        return None
    return Author(_id(value), _text(value, "name"))


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise Malformed("something that is not an object")
    return value


def _id(item: Json, key: str = "id") -> str:
    """Return an id as a string, which is how ids are compared: Graph writes them both ways."""
    value = item.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Malformed(f"no {key}")
    return str(value)


def _text(item: Json, key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str | None):
        raise Malformed(f"a {key} that is not a text")
    return value or ""


def _time(item: Json, key: str) -> datetime:
    try:
        at = datetime.fromisoformat(_text(item, key))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Malformed(f"a {key} that is not an instant")


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _rows(value: object) -> list[Json]:
    data = value.get("data") if isinstance(value, dict) else None
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def _dig(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


# What to read next: a page -> a batch, and the requests that follow from it; pure


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
        items, url = _object(answer).get("data"), _string(_dig(answer, "paging", "next"))
        if not isinstance(items, list):
            raise Malformed("no data")
        # Feeds may page by time. The URL is taken apart, never used: it carries the token.
        query = dict(parse_qsl(url.partition("?")[2]))
        further = {key: at for key, at in query.items() if key in {"until", "__paging_token"}}
        if after := _string(_dig(answer, "paging", "cursors", "after")):
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
                batch.changed.append(self.take(batch, _object(item)))
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
        name, changed, link = _id(item), _time(item, "updated_time"), _string(item.get("link"))
        if changed < self.since:
            return changed
        convert = partial(
            direct_message,
            conversation=name,
            url=f"{SITE}{link}" if link.startswith("/") else link,
            page_id=self.settings.page_id,
        )
        new = self._below(item, "messages", convert, {"fields": MESSAGE_FIELDS})
        batch.take(new)
        can_reply = item.get("can_reply") is not False
        window = reply_window(f"dm:{name}", [*new.messages, *new.older], can_reply=can_reply)
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
        message = post(item, stream=self.stream, page_id=page_id)
        ours = message.direction is Direction.OUTBOUND
        thread = None if ours else message.thread_id
        convert = partial(comment, thread=thread, stream=self.stream, page_id=page_id)
        new = self._below(item, "comments", convert, {"fields": COMMENT_FIELDS, **NEWEST_FIRST})
        moved = _time(item, "updated_time") if "updated_time" in item else message.sent_at
        in_feed = _id(item).startswith(f"{page_id}_") and Stream.COMMENTS in self.settings.streams
        if self.stream is Stream.COMMENTS or not in_feed:
            batch.take(new)
            if not ours and moved >= self.since and message.sent_at >= self.floor:
                batch.messages.append(message)
        return max(message.sent_at, moved, *new.changed)

    def review(self, batch: Batch, item: Json) -> datetime:
        """Take a review; answers to it are not listed with it."""
        message = review(item, page_id=self.settings.page_id)
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
        path = f"{_id(item)}/{edge}"
        more = Request(path, edge, {**params, "limit": "100"}, take, self.since)
        return more.read(Listing.of(item[edge]) if edge in item else Listing())

    def _take(
        self, kind: str, convert: Callable[[Json], Message], batch: Batch, item: Json
    ) -> datetime:
        at = _time(item, "created_time")
        try:
            (batch.messages if at >= self.since else batch.older).append(convert(item))
        except Malformed as error:
            if at >= self.since:
                batch.keep_unknown(kind, item)
                batch.note = f"Facebook shows some {kind} only as {error}: look on facebook.com."
        return at


# What an answer means: errors and allowances; pure


@dataclass(frozen=True, slots=True)
class Task:
    """What a call is for, in an error's words; *sending* is what must not be done twice."""

    name: str
    permissions: str
    sending: bool = False


WHO_IT_IS = Task("the Page", "pages_show_list and pages_read_engagement")
SEND_DM = Task("the reply", "pages_messaging", sending=True)
SEND_COMMENT = Task("the reply", "pages_manage_engagement", sending=True)

TOKEN_CAUSES = {
    458: "the app was removed from the account",
    459: "Facebook wants the person behind it to log in and confirm something",
    460: "the person behind it changed their password",
    463: "it has expired",
    464: "the person behind it has not confirmed their account",
    492: "the person behind it may no longer act for the Page",
}
WHY_NOT_SENT = {
    2018001: "Messenger knows no such person; they may have deleted the conversation",
    2018065: "the time to reply is over; answer when the customer writes again",
    2018108: "this person cannot receive messages at present",
    2018278: "the time to reply is over; answer when the customer writes again",
    1893063: "the Page is restricted from sending for now; see Page Quality on Facebook",
}
RATE_CODES = frozenset({4, 17, 32, 341, 613, 80001, 80006})
PERMISSION_CODES = frozenset({3, 10, *range(200, 300)})
REVIEWS_ENDED = (
    "Facebook answers reviews only up to Graph API v21.0, which ends on 2027-01-21: set "
    'api_version = "v21.0" until then, or take "reviews" out of this account\'s streams.'
)


class BadRequest(errors.UnexpectedPayload):
    """Graph's error 100: it does not know, or no longer knows, what was asked for."""


def answer_of(status: int, body: bytes, task: Task, until: datetime | None) -> Json:
    """Return the JSON object that Graph answered with, or raise what it means."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        raise graph_error(answer["error"], status, task, until)
    if isinstance(answer, dict) and status == 200:
        return answer
    text = f"{task.name}: Facebook answered HTTP {status} without usable JSON."
    # What a server refuses (3xx, 4xx) was surely not carried out; anything else may have been.
    in_doubt = task.sending and not 300 <= status < 500
    raise (errors.OutcomeUnknown if in_doubt else errors.Unavailable)(text)


def unanswered(error: Exception, task: Task) -> errors.InboxdError:
    """Return what a call without an answer is: one never begun is surely not carried out."""
    never_begun = (
        aiohttp.ClientConnectorError,
        aiohttp.ConnectionTimeoutError,
        aiohttp.InvalidURL,
    )
    why = type(error).__name__
    if isinstance(error, never_begun):
        return errors.Unavailable(f"{task.name}: Facebook cannot be reached ({why}).")
    lost = errors.OutcomeUnknown if task.sending else errors.Unavailable
    return lost(f"{task.name}: Facebook's answer was lost ({why}).")


def graph_error(error: Json, status: int, task: Task, until: datetime | None) -> errors.InboxdError:
    """Return what Graph's *error* is to us, by its code: texts and statuses change."""
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    number = f"error {code}/{subcode}" if subcode else f"error {code}"
    said = f'{task.name}: Facebook says "{_string(error.get("message"))}" ({number}).'
    if code in {190, 102}:
        # Graph's own text may quote a part of the token, so it is not repeated.
        cause = TOKEN_CAUSES.get(subcode, "it is not valid, or no longer")
        fix = "Make a new Page token and put it where this account's `token` comes from."
        return errors.TokenInvalid(f"Facebook refuses the token ({number}): {cause}. {fix}")
    if code in RATE_CODES:
        return errors.RateLimited(said, until)
    if subcode in WHY_NOT_SENT and task.sending:
        return errors.SendRefused(f"{said} That means: {WHY_NOT_SENT[subcode]}.")
    if code == 12 or code in PERMISSION_CODES:
        needs = f"{said} The token needs {task.permissions}."
        return errors.PermissionMissing(REVIEWS_ENDED if code == 12 else needs)
    transient = error.get("is_transient") is True
    return _failure(code, status, transient=transient, sending=task.sending)(said)


def _failure(code: int, status: int, *, transient: bool, sending: bool) -> type[errors.InboxdError]:
    """Return what is left: codes 1 and 2 are known to come after a delivery, too."""
    if sending and (code in {1, 2} or status >= 500) and code != 1200:
        return errors.OutcomeUnknown
    if transient or code in {1, 2, 1200} or status >= 500:
        return errors.Unavailable
    if sending:
        return errors.SendRefused
    return {100: BadRequest, 368: errors.OperatorError}.get(code, errors.UnexpectedPayload)


def usage(headers: Mapping[str, str]) -> tuple[int, timedelta | None]:
    """
    Return the highest share of an allowance used, in per cent, and when it is regained.

    The headers are often absent, and not always JSON; there is no Retry-After. App and Page
    usage are objects; business use cases are lists of them by id, with a time in minutes.
    """
    found: list[Json] = []
    for name in ("X-App-Usage", "X-Page-Usage", "X-Business-Use-Case-Usage"):
        try:
            json.loads(headers.get(name, "{}"), object_hook=found.append)
        except (ValueError, RecursionError):
            continue
    keys = ("call_count", "total_time", "total_cputime")
    share = max((_number(each.get(key)) for each in found for key in keys), default=0)
    regain = (_number(each.get("estimated_time_to_regain_access")) for each in found)
    minutes = min(max(regain, default=0), LONGEST_PAUSE // timedelta(minutes=1))
    return share, timedelta(minutes=minutes) if minutes > 0 else None


# What goes out: a reply -> a payload, and the message it becomes; pure


def private_reply(reply: port.OutgoingReply, now: datetime) -> Json:
    """Return the body of a Messenger reply; raise SendRefused where none is possible."""
    if reply.recipient is None:
        raise errors.SendRefused("Facebook did not name the customer: there is nobody to send to.")
    if len(reply.text) > TEXT_LIMIT:
        text = f"Messenger takes {TEXT_LIMIT} characters and this reply has {len(reply.text)}."
        raise errors.SendRefused(f"{text} Shorten it, or send it in parts.")
    waited = now - reply.sent_after
    if waited > AS_A_PERSON:
        raise errors.SendRefused(
            "The customer last wrote more than 7 days ago: Messenger delivers nothing until they "
            "write again."
        )
    kind = {"messaging_type": "RESPONSE"}
    if waited > FREELY:
        kind = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return {"recipient": {"id": reply.recipient.remote_id}, "message": {"text": reply.text}, **kind}


def sent(reply: port.OutgoingReply, remote_id: str, page_id: str, now: datetime) -> Message:
    """Return a reply that Graph took, as a poll will show it."""
    private = reply.thread_id.startswith("dm:")
    return Message(
        remote_id=f"{'dm' if private else 'comment'}:{remote_id}",
        thread_id=reply.thread_id,
        stream=reply.stream,
        direction=Direction.OUTBOUND,
        public=not private,
        sent_at=now.replace(microsecond=0),
        text=reply.text,
        author=Author(page_id),
        parent_id=None if private else reply.thread_id,
    )


# Speaking to Graph


@dataclass(frozen=True, slots=True)
class List:
    """One of the Page's lists: what it serves, and how to ask for it and read it."""

    stream: Stream
    kind: str
    task: Task
    take: Callable[[Reading, Batch, Json], datetime]
    params: Mapping[str, str]


_CONTENT = "pages_read_engagement and pages_read_user_content"
_POSTS = {
    "limit": "100",
    "fields": "id,created_time,updated_time,from,message,full_picture,permalink_url,comments"
    f".filter(stream).order(reverse_chronological).limit(10){{{COMMENT_FIELDS}}}",
}
LISTS = {
    "conversations": List(
        Stream.DIRECT_MESSAGES,
        "conversation",
        Task("direct messages", "pages_messaging, pages_manage_metadata, pages_read_engagement"),
        Reading.conversation,
        {
            "platform": "messenger",
            "limit": "25",
            "fields": f"id,updated_time,can_reply,link,messages.limit(20){{{MESSAGE_FIELDS}}}",
        },
    ),
    "feed": List(Stream.COMMENTS, "post", Task("comments", _CONTENT), Reading.post, _POSTS),
    "tagged": List(Stream.MENTIONS, "post", Task("mentions", _CONTENT), Reading.post, _POSTS),
    "ratings": List(
        Stream.REVIEWS,
        "rating",
        Task("reviews", "pages_read_user_content"),
        Reading.review,
        {
            "limit": "25",
            "fields": "created_time,has_rating,has_review,rating,recommendation_type,review_text,"
            "reviewer,open_graph_story{id}",
        },
    ),
}


class Connector(port.Connector):
    """One Page."""

    network = "facebook"

    def __init__(self, settings: Settings, clock: Clock, ledger: port.Ledger | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger or port.Ledger(clock)
        self._session: aiohttp.ClientSession | None = None
        self._paused_until: datetime | None = None

    def sources(self) -> Sequence[port.Source]:
        """Return the lists behind the configured streams; private messages come first."""
        return [
            port.Source(name, frozenset({each.stream}))
            for name, each in LISTS.items()
            if each.stream in self._settings.streams
        ]

    async def poll(self, source: str, cursor: port.Cursor | None) -> AsyncIterator[port.Page]:
        """
        Yield what is new, newest first.

        Every page but the last carries the marks of before, so whoever resumes from it
        reads everything once more.
        """
        settings, which, now = self._settings, LISTS[source], self._clock.now()
        marks = Marks.of(cursor, now - settings.backfill)
        sweeps = which.kind == "post" and (not marks.swept or now - marks.swept >= SWEEP_EVERY)
        known = (marks.swept_to or marks.floor) if sweeps else marks.newest
        since = max(known - settings.overlap, marks.floor)
        take = partial(which.take, Reading(settings, which.stream, marks.floor, since))
        until = LONG_AGO if sweeps else since
        path = f"{settings.page_id}/{source}"
        queue, last = deque([Request(path, which.kind, which.params, take, until)]), None
        asked: set[tuple[str, str]] = set()
        while queue:
            request = queue.popleft()
            batch = request.read(await self._list(request.path, request.params, which.task))
            # What moved while the list was read stands on two pages, and is read on once.
            new = {each.name: each for each in batch.further if each.name not in asked}
            circle = any(each.path == path and each.name in asked for each in batch.further)
            asked.update(new)
            queue.extend(new.values())
            last = last or marks.after(batch, now, swept=sweeps)
            kept = (marks if queue or circle else last).cursor()
            yield port.Page(kept, batch.messages, batch.unknown, batch.windows, batch.note)
            if circle:
                raise errors.UnexpectedPayload(f"Facebook's {source} go in a circle.")

    async def send(self, reply: port.OutgoingReply) -> port.SendResult:
        """
        Deliver *reply*: privately to its recipient, publicly below what its thread began with.

        Graph nests comments in two levels, so only the root takes every reply. There is no
        idempotency key.
        """
        kind, _, target = reply.thread_id.partition(":")
        if kind == "dm":
            body, path = private_reply(reply, self._clock.now()), self._settings.page_id
            answer = await self._call("POST", f"{path}/messages", body, SEND_DM)
        else:
            body = {"message": reply.text}
            answer = await self._call("POST", f"{target}/comments", body, SEND_COMMENT)
        try:
            remote_id = _id(answer, "message_id" if kind == "dm" else "id")
        except Malformed as error:
            text = f"Facebook took the reply and answered with {error}."
            raise errors.OutcomeUnknown(text) from error
        message = sent(reply, remote_id, self._settings.page_id, self._clock.now())
        return port.SendResult(message)

    async def check(self) -> port.AccountCheck:
        """
        Ask who the Page is, and for one item of each list.

        A Page token has no /me/permissions, and debug_token wants the token in a URL: so
        what counts is tried.
        """
        page_id = self._settings.page_id
        page = await self._call("GET", page_id, {"fields": "id,name,username"}, WHO_IT_IS)
        handle = _string(page.get("username"))
        name = f"{_string(page.get('name')) or page_id}{handle and f' (@{handle})'}"
        return port.AccountCheck(name, [await self._check(each.name) for each in self.sources()])

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _check(self, source: str) -> port.StreamCheck:
        which = LISTS[source]
        params = {**which.params, "limit": "1"}
        try:
            await self._list(f"{self._settings.page_id}/{source}", params, which.task)
        except (errors.OperatorError, errors.UnexpectedPayload) as error:
            return port.StreamCheck(which.stream, ok=False, text=str(error))
        return port.StreamCheck(which.stream, ok=True)

    async def _list(self, path: str, params: Mapping[str, str], task: Task) -> Listing:
        try:
            return Listing.of(await self._call("GET", path, params, task))
        except Malformed as error:
            raise errors.UnexpectedPayload(
                f"{task.name}: a list of Facebook's has {error}."
            ) from error
        except BadRequest as error:
            if "after" not in params:
                raise
            # The item that the cursor points to is gone; the next poll asks without one.
            raise errors.Unavailable(f"{error} It was deleted while it was read.") from error

    async def _call(self, method: str, path: str, params: Mapping[str, Any], task: Task) -> Json:
        """
        Return what Graph answers; raise only errors of ours, and never one with the token in it.

        Failures are raised where they have no cause and no context, because aiohttp's exceptions
        hold the request's headers.
        """
        if not task.sending:
            self._mind_the_allowance()
        base = (self._settings.api_base or GRAPH).rstrip("/")
        url = f"{base}/{self._settings.api_version}/{path}"
        params = {**params, **self._proof()}
        sends: Any = {"params": params} if method == "GET" else {"json": params}
        try:
            async with self._client().request(method, url, allow_redirects=False, **sends) as got:
                body = await got.read()
        except (aiohttp.ClientError, OSError) as error:
            failure = unanswered(error, task)
        else:
            return answer_of(got.status, self._blotted(body), task, self._note_usage(got.headers))
        raise failure

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout.total_seconds()),
                # In a header, because URLs end up in logs.
                headers={"Authorization": f"Bearer {self._settings.token.get_secret_value()}"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _proof(self) -> dict[str, str]:
        if self._settings.app_secret is None:
            return {}
        key = self._settings.app_secret.get_secret_value().encode()
        token = self._settings.token.get_secret_value().encode()
        return {"appsecret_proof": hmac.new(key, token, hashlib.sha256).hexdigest()}

    def _blotted(self, body: bytes) -> bytes:
        """Blot out the token before anything is read: `next` URLs and error texts carry it."""
        token = self._settings.token.get_secret_value()
        for secret in (token, quote(token, safe=""), *self._proof().values()):
            body = body.replace(secret.encode(), b"***")
        return body

    def _mind_the_allowance(self) -> None:
        if self._paused_until is not None and self._clock.now() < self._paused_until:
            text = f"{NEAR_THE_LIMIT} % of Facebook's allowance is used: the rest is for replies."
            raise errors.RateLimited(text, self._paused_until)

    def _note_usage(self, headers: Mapping[str, str]) -> datetime | None:
        """Pause polling if an allowance is nearly used up; return when it is regained, if told."""
        share, regain = usage(headers)
        now = self._clock.now()
        if share >= NEAR_THE_LIMIT:
            self._paused_until = now + (regain or PAUSE)
        return now + regain if regain else None
