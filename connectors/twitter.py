"""
X (Twitter): mentions, the shop's own answers and direct messages, by way of tweepy.

X speaks two vocabularies: ``tweet.fields``, ``referenced_tweets``, ``note_tweet`` and, since
API 2.167, ``post.fields``, ``referenced_posts``, ``note_post``. tweepy asks in the old one; both
are read everywhere.

X charges for every item it returns (once per item and UTC day; an empty answer is free), so
nothing is read that is not needed: see :class:`_Walk` for what a poll reads again.
"""

from __future__ import annotations

import html
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import quote, urlencode

import aiohttp
from oauthlib.oauth1 import Client as OAuth1Signer
from pydantic import Field
from tweepy.asynchronous import AsyncClient
from yarl import URL

from inboxd import connector as port
from inboxd import errors
from inboxd.connector import Duration, Secret
from inboxd.model import Attachment, Author, Direction, Json, Message, ReplyWindow, Stream, Unknown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from inboxd.clock import Clock

# --- Settings ---------------------------------------------------------------------------------


class Settings(port.AccountSettings):
    """An X account, with the keys of an app and of the shop's own user (OAuth 1.0a)."""

    SUPPORTED_STREAMS: ClassVar = frozenset({Stream.MENTIONS, Stream.DIRECT_MESSAGES})

    poll_every: Duration = timedelta(minutes=2)
    api_base: str = Field("https://api.x.com", pattern="^https?://")
    user_id: str = Field(pattern=r"^\d{1,19}$", coerce_numbers_to_str=True)
    """The number of the shop's account, not its @handle."""
    consumer_key: Secret
    consumer_secret: Secret
    access_token: Secret
    access_token_secret: Secret
    monthly_read_budget: int | None = Field(None, gt=0)
    """Items that may be read in a month. Today it is only accepted: nothing counts or stops yet."""
    reply_rule: Literal["summoned", "any"] = "summoned"
    """Whom X lets the app answer in public: who mentioned or quoted it, or (Enterprise) anybody."""


# --- Payload to message: pure -----------------------------------------------------------------

_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
"""From when X's ids count: an id is the milliseconds since then, shifted left by 22 bits."""

_PUBLIC_LENGTH = 280
"""As X weighs a text: a link counts 23, a letter of CJK or an emoji 2, most others 1."""
_DM_LENGTH = 10_000
_NO_MESSAGE = frozenset({"ParticipantsJoin", "ParticipantsLeave"})
"""Kinds of DM event that say nothing to anybody."""
_HANDLES_IN_FRONT = re.compile(r"^(?:@\w{1,15}\s+)+")
_ID = re.compile(r"[0-9]{1,19}")
_CONVERSATION_ID = re.compile(r"[0-9]{1,19}(-[0-9]{1,19})?")
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
_HARMLESS = ("/resource-not-found", "/not-authorized-for-resource")
"""Partial errors about what an item refers to: a post or a user that is gone or protected."""
_NOT_SUMMONED = (
    "X lets an app reply only where the author mentioned or quoted the account; "
    "answer in the X app instead"
)


@dataclass(slots=True)
class _Found:
    """What one answer held; of each thread the window as its newest message has it."""

    note: str
    messages: list[Message] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    windows: dict[str, ReplyWindow] = field(default_factory=dict)

    def add(self, message: Message, window: ReplyWindow) -> None:
        """Take a message in; X sorts newest first, so the first window of a thread stays."""
        self.messages.append(message)
        if message.direction is Direction.INBOUND:
            self.windows.setdefault(message.thread_id, window)


_Known = Mapping[str, Mapping[str, Json]]
"""What an answer tells beside its items: users, media and tweets (the items too), each by id."""


def read_tweets(answer: Json, us: str, *, summoned_only: bool) -> _Found:
    """Return what a page of mentions or own posts holds for user *us*, in either vocabulary."""
    known = _known(answer)
    found = _Found(_note(answer))
    for item in _items(answer):
        try:
            if (customer := _customer(item, us, known)) is None:
                continue
            message = _public_message(item, customer, us, known)
        except _MALFORMED:
            found.unknown.append(_unknown("tweet", item))
            continue
        can_reply = not summoned_only or _is_summons(item, us, known)
        reason = "" if can_reply else _NOT_SUMMONED
        window = ReplyWindow(message.thread_id, can_reply, reason=reason, max_length=_PUBLIC_LENGTH)
        found.add(message, window)
    return found


def read_dm_events(answer: Json, us: str, *, since_id: int) -> _Found:
    """Return what a page of DM events newer than *since_id* holds for user *us*."""
    known = _known(answer)
    found = _Found(_note(answer))
    for item in _items(answer):
        try:
            kind = item["event_type"]
            if int(_id(item["id"])) <= since_id or kind in _NO_MESSAGE:
                continue
            if kind != "MessageCreate":
                found.unknown.append(_unknown("dm", item, str(kind)))
                continue
            message = _direct_message(item, us, known)
        except _MALFORMED:
            found.unknown.append(_unknown("dm", item))
            continue
        found.add(message, ReplyWindow(message.thread_id, max_length=_DM_LENGTH))
    return found


def _public_message(item: Json, customer: str, us: str, known: _Known) -> Message:
    """Return a post in *customer*'s thread; an edit has a new id and stays the message it was."""
    latest, author_id = _id(item["id"]), _id(item["author_id"])
    history = _either(item, "edit_history_tweet_ids", "edit_history_post_ids") or [latest]
    first = _id(history[0] if isinstance(history, list) else None)
    told = _told_at(item)
    ours = author_id == us
    author = Author(us) if ours else _author(author_id, known)
    parent = _replied_to(item)
    return Message(
        remote_id=f"tweet:{first}",
        thread_id=f"tweet:{_id(item['conversation_id'])}:{customer}",
        stream=Stream.MENTIONS,
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        public=True,
        sent_at=told if first == latest else _time_of(int(first)),
        # X puts handles in front of a reply; what our people wrote begins behind them.
        text=_HANDLES_IN_FRONT.sub("", _text(item)) if ours else _text(item),
        author=author,
        parent_id=f"tweet:{parent}" if parent else None,
        url=f"https://x.com/{author.handle or 'i'}/status/{first}",
        attachments=_attachments(item, known),
        edited_at=None if first == latest else told,
        raw=item,
    )


def _direct_message(item: Json, us: str, known: _Known) -> Message:
    sender = _id(item["sender_id"])
    return Message(
        remote_id=f"dm:{_id(item['id'])}",
        thread_id=f"dm:{_id(item['dm_conversation_id'], _CONVERSATION_ID)}",
        stream=Stream.DIRECT_MESSAGES,
        direction=Direction.OUTBOUND if sender == us else Direction.INBOUND,
        public=False,
        sent_at=_told_at(item),
        text=_text(item),
        author=Author(us) if sender == us else _author(sender, known),
        attachments=_attachments(item, known),
        raw=item,
    )


def _customer(item: Json, us: str, known: _Known) -> str | None:
    """Return whose thread a post is in; None for a retweet, or a post of ours to nobody."""
    if any(reference.get("type") == "retweeted" for reference in _references(item)):
        return None
    return _answered(item, us, known) if item["author_id"] == us else _id(item["author_id"])


def _answered(item: Json, us: str, known: _Known) -> str | None:
    """Return whom a post of ours answers; a part two below our part one answers the same one."""
    while item.get("in_reply_to_user_id") == us:
        above = known["tweets"].get(_replied_to(item) or "")
        if above is None or int(_id(above["id"])) >= int(_id(item["id"])):
            # X puts the handles of those above in front of a reply: the customer comes first.
            return next((user for user in _mentioned(item) if user != us), None)
        item = above
    customer = item.get("in_reply_to_user_id")
    return None if customer is None else _id(customer)


def _is_summons(item: Json, us: str, known: _Known) -> bool:
    """Whether the author mentioned or quoted *us*, which is when X lets an app reply."""
    quotes = (str(ref.get("id")) for ref in _references(item) if ref.get("type") == "quoted")
    quoted = [known["tweets"].get(post_id, {}).get("author_id") for post_id in quotes]
    return us in quoted or us in _mentioned(item)


def _mentioned(item: Json) -> list[str]:
    return [str(mention.get("id")) for mention in _entities(item, "mentions")]


def _entities(item: Json, kind: str) -> list[Json]:
    """Return entities of a post, its long text included, or of a DM, which may have them flat."""
    holders = (_object(_either(item, "note_tweet", "note_post")), item)
    nested = [_object(holder.get("entities")) for holder in holders]
    return [entity for holder in (*nested, item) for entity in _objects(holder.get(kind))]


def _references(item: Json) -> list[Json]:
    return _objects(_either(item, "referenced_tweets", "referenced_posts"))


def _replied_to(item: Json) -> str | None:
    ids = (str(ref.get("id")) for ref in _references(item) if ref.get("type") == "replied_to")
    return next(ids, None)


def _text(item: Json) -> str:
    """Return the whole text as its author wrote it: not cut, not escaped, links not shortened."""
    text = _object(_either(item, "note_tweet", "note_post")).get("text") or item.get("text") or ""
    # "&amp;lt;" is somebody's literal "&lt;", so the ampersand comes last.
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    for link in _entities(item, "urls"):
        if link.get("url") and link.get("expanded_url"):
            text = text.replace(link["url"], link["expanded_url"])
    return str(text)


def _author(user_id: str, known: _Known) -> Author:
    user = known["users"].get(user_id, {})
    handle = _string(user.get("username"))
    followers = _object(user.get("public_metrics")).get("followers_count")
    return Author(
        remote_id=user_id,
        name=_string(user.get("name")),
        handle=handle,
        followers=followers if isinstance(followers, int) else None,
        url=f"https://x.com/{handle}" if handle else "",
    )


def _attachments(item: Json, known: _Known) -> tuple[Attachment, ...]:
    keys = _object(item.get("attachments")).get("media_keys") or ()
    return tuple(
        Attachment(
            type=_string(medium.get("type")) or "media",
            url=_string(_either(medium, "url", "preview_image_url")),
            title=_string(medium.get("alt_text")),
        )
        for medium in (known["media"].get(str(key), {}) for key in keys)
    )


def _told_at(item: Json) -> datetime:
    """Return when X says that it was written, or else what its id says."""
    if (told := item.get("created_at")) is None:
        return _time_of(int(_id(item["id"])))
    at = datetime.fromisoformat(told)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC)


def _time_of(item_id: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=item_id >> 22)


def _snowflake(at: datetime) -> int:
    """Return the id just below everything made at *at* or later."""
    return max(((at - _EPOCH) // timedelta(milliseconds=1) << 22) - 1, 0)


def _unknown(space: str, item: Json, kind: str = "malformed") -> Unknown:
    """Keep an item as it came; without an id of its own it is named after its content."""
    name = str(item.get("id"))
    if not _ID.fullmatch(name):
        name = blake2b(json.dumps(item, sort_keys=True).encode(), digest_size=8).hexdigest()
    return Unknown(f"{space}:{name}", f"{space}:{kind}", item)


def _known(answer: Json) -> _Known:
    includes = _object(answer.get("includes"))
    tweets = [*_objects(_either(includes, "tweets", "posts")), *_objects(answer.get("data"))]
    users, media = _objects(includes.get("users")), _objects(includes.get("media"))
    return {
        "users": {str(user.get("id")): user for user in users},
        "media": {str(medium.get("media_key")): medium for medium in media},
        "tweets": {str(tweet.get("id")): tweet for tweet in tweets},
    }


def _items(answer: Json) -> list[Json]:
    data = answer.get("data", [])
    if not isinstance(data, list):
        raise errors.UnexpectedPayload(
            f"X answered with data of type {type(data).__name__}, not a list"
        )
    return [item if isinstance(item, Mapping) else {"value": item} for item in data]


def _note(answer: Json) -> str:
    told = [
        str(error.get("detail") or error.get("title"))
        for error in _objects(answer.get("errors"))
        if not str(error.get("type")).endswith(_HARMLESS)
    ]
    return f"X left something out: {'; '.join(told)}" if told else ""


def _ids(answer: Json) -> list[int]:
    ids = (str(item.get("id")) for item in _objects(answer.get("data")))
    return [int(text) for text in ids if _ID.fullmatch(text)]


def _id(value: object, pattern: re.Pattern[str] = _ID) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("no id where X has one")
    return value


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _either(item: Json, *names: str) -> Any:  # noqa: ANN401 - JSON of a shape not known yet
    return next((item[name] for name in names if item.get(name) is not None), None)


def _object(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


# --- Failures to errors: pure -----------------------------------------------------------------


class _Failure(Exception):
    """
    A call without a good answer. *problem* is X's own JSON, None where the answer was not JSON.

    *sent* is False only where the request surely never left. It carries nothing of the request.
    """

    def __init__(
        self,
        text: str,
        *,
        sent: bool = True,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        problem: Json | None = None,
    ) -> None:
        super().__init__(text)
        self.sent = sent
        self.status = status
        self.headers = headers or {}
        self.problem = problem

    def is_about(self, name: str) -> bool:
        """Whether X refuses the parameter *name*."""
        return self.status == 400 and name in str(_object(self.problem).get("errors"))


_APP_PROBLEMS = ("/oauth1-permissions", "/client-forbidden", "/unsupported-authentication")
_ADVICE = (
    ("duplicate", "the same text was sent before; word it differently"),
    ("mentioned", _NOT_SUMMONED),
    ("permission to dm", "this person takes no messages from the account; answer in public"),
    ("deleted", "the post is gone; answer by direct message or close the case"),
    ("too long", "shorten it: X counts links as 23 and emoji and CJK as 2"),
)
_NO_ADVICE = "look at the conversation in the X app"


def read_error(failure: _Failure, now: datetime) -> errors.InboxdError:
    """Return what a failed read means, and for whom."""
    if error := _common_error(failure, now):
        return error
    if failure.problem is None or failure.status is None or failure.status >= 500:
        return errors.Unavailable(str(failure))
    if failure.status == 403:
        return errors.PermissionMissing(
            f"{failure}; give the app the permission (Read and write and Direct message), make "
            "new access tokens, and see that the plan's access level covers this endpoint"
        )
    if failure.status == 404:
        return errors.PermissionMissing(f"{failure}; check user_id and api_base")
    return errors.UnexpectedPayload(str(failure))


def send_error(failure: _Failure, now: datetime) -> errors.InboxdError:
    """Return what a failed send means: refused, not sent, or perhaps sent after all."""
    if error := _common_error(failure, now):
        return error
    if not failure.sent:
        return errors.Unavailable(str(failure))
    status = failure.status
    if status is None or status < 300 or status >= 500:
        return errors.OutcomeUnknown(f"{failure}; X may have delivered the reply")
    if failure.problem is None or status < 400:
        return errors.Unavailable(str(failure))
    if _type_of(failure.problem).endswith(_APP_PROBLEMS):
        return read_error(failure, now)
    told = str(failure)
    advice = next((text for words, text in _ADVICE if words in told.lower()), _NO_ADVICE)
    return errors.SendRefused(f"{told}; {advice}")


def _common_error(failure: _Failure, now: datetime) -> errors.InboxdError | None:
    """Return what reads and sends have in common: money, limits and the token."""
    problem = _object(failure.problem)
    if failure.status == 402:
        return errors.BudgetSpent(f"{failure}; buy credits in X's developer console")
    if failure.status in (403, 429) and _type_of(problem).endswith("/usage-capped"):
        return errors.BudgetSpent(str(failure), until=_next_period(now, problem.get("period")))
    if failure.status == 429:
        return errors.RateLimited(str(failure), until=_reset_at(failure.headers))
    if failure.status == 401 and failure.problem is not None:
        return errors.TokenInvalid(f"{failure}; renew the keys, and check that this clock is right")
    return None


def _type_of(problem: Json) -> str:
    # The host is api.twitter.com or api.x.com, so only the end of a type says anything.
    return str(problem.get("type", ""))


def _next_period(now: datetime, period: object) -> datetime:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "Daily":
        return midnight + timedelta(days=1)
    return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)


def _reset_at(headers: Mapping[str, str]) -> datetime | None:
    """Return when the used-up windows are over; X tells in headers and sends no Retry-After."""
    prefixes = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
    used_up = [name for name in prefixes if headers.get(f"{name}-remaining") == "0"]
    resets = [headers.get(f"{name}-reset", "") for name in used_up or prefixes[:1]]
    try:
        return max(datetime.fromtimestamp(int(reset), UTC) for reset in resets)
    except (ValueError, OverflowError, OSError):
        return None


# --- HTTP -------------------------------------------------------------------------------------


def _is_no_debug(record: logging.LogRecord) -> bool:
    return record.levelno > logging.DEBUG


# tweepy logs request headers and oauthlib what it signs, keys included. A filter holds whatever
# level anybody sets on them or above them.
for _logger in ("tweepy.asynchronous.client", "oauthlib.oauth1.rfc5849"):
    logging.getLogger(_logger).addFilter(_is_no_debug)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What tweepy wants to see of a response: one that was read, parsed and found good."""

    status: int
    reason: str | None
    headers: Mapping[str, str]
    content: Json

    async def read(self) -> None:
        """Do nothing: it was read."""

    async def json(self) -> Json:
        return self.content


class _Transport:
    """
    What tweepy takes for its HTTP session.

    tweepy hard-codes its origin, signs for it and logs the keys it knows; so it knows none, and
    origin and signature are given here, to the request as it really goes out. Each attempt is
    signed anew: aiohttp repeats a GET on a connection that went stale, and X takes no nonce twice.
    """

    def __init__(self, settings: Settings) -> None:
        self._base = settings.api_base.rstrip("/")
        # Connecting gets less than the whole, so that "never sent" is told from "no answer".
        total = settings.timeout.total_seconds()
        self._timeout = aiohttp.ClientTimeout(total=total, sock_connect=total / 2)
        self._signer = OAuth1Signer(
            settings.consumer_key.get_secret_value(),
            settings.consumer_secret.get_secret_value(),
            settings.access_token.get_secret_value(),
            settings.access_token_secret.get_secret_value(),
        )
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def request(
        self, method: str, url: str, *, params: Json, json: object, headers: Mapping[str, str]
    ) -> AsyncIterator[_Answer]:
        """Call the endpoint and yield a good answer; raises _Failure for any other."""
        # Sorted and percent-encoded as RFC 5849 wants it, and kept so by aiohttp.
        query = urlencode(sorted(params.items()), quote_via=quote)
        target = URL(f"{self._base}{URL(url).raw_path}{'?' if query else ''}{query}", encoded=True)
        # Some of aiohttp's errors show the request's headers in their repr, so nothing of theirs
        # may hang on ours: it is raised where theirs is no longer being handled.
        failure = None
        try:
            async with self._open().request(
                method, target, json=json, headers=headers, allow_redirects=False
            ) as response:
                body = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            failure = _Failure(f"X cannot be reached: {type(error).__name__}", sent=False)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = _Failure(f"X did not answer: {type(error).__name__}")
        if failure is not None:
            raise failure
        yield _checked(response, body)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                middlewares=(self._sign,),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _sign(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        _url, headers, _body = self._signer.sign(str(request.url), request.method)
        request.headers["Authorization"] = headers["Authorization"]
        return await handler(request)


def _checked(response: aiohttp.ClientResponse, body: bytes) -> _Answer:
    """Return the answer if it is a good one; one of errors alone is none, whatever its status."""
    status = response.status
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    problem = content if isinstance(content, dict) else None
    if problem is not None and 200 <= status < 300:
        if not (failed := _objects(problem.get("errors"))) or {"data", "meta"} & problem.keys():
            return _Answer(status, response.reason, response.headers, problem)
        # Such as the 200 that X gives for a user who does not exist.
        status, problem = 404, {**failed[0], **problem}
    told = "an answer that is no JSON object" if problem is None else _describe(problem)
    text = f"X answered HTTP {response.status}: {told}"
    raise _Failure(text, status=status, headers=response.headers, problem=problem)


def _describe(problem: Json) -> str:
    messages = (error.get("message") for error in _objects(problem.get("errors")))
    parts = (problem.get("title"), problem.get("detail"), *messages)
    return " - ".join(dict.fromkeys(str(part) for part in parts if part))[:500]


# --- Where a source has been read to ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Walk:
    """
    One reading of a source, newest first, down to *since_id* (exclusive).

    The next walk goes down to the newest item seen or to the overlap before the *start* of this
    one, whichever is older: ids carry their time. What came late is found again, and a quiet
    account is asked only for what it has not shown yet, which is free. *newest_id* counts only
    once all pages are read; until then the cursor keeps *token*, so that a crash resumes.
    """

    since_id: int
    started_at: datetime
    newest_id: int = 0
    by_time: bool = False
    """X is asked by start_time: no item is known yet, or none that X still takes."""
    token: str | None = None
    note: str = ""

    @classmethod
    def begin(cls, cursor: port.Cursor | None, now: datetime, settings: Settings) -> _Walk:
        """Return the walk that a cursor asks for; one that cannot be read counts as none."""
        try:
            return cls._resumed(cursor or {}, now, settings.overlap)
        except _MALFORMED:
            return cls(_snowflake(now - settings.backfill), now, by_time=True)

    @classmethod
    def _resumed(cls, cursor: port.Cursor, now: datetime, overlap: timedelta) -> _Walk:
        newest, read_at = int(cursor["newest_id"]), datetime.fromisoformat(cursor["read_at"])
        if token := cursor.get("pagination_token"):
            since = int(cursor["since_id"])
            return cls(since, read_at, newest, bool(cursor["by_time"]), str(token))
        before = _snowflake(read_at - overlap)
        return cls(min(newest, before) if newest else before, now, newest)

    def cursor(self) -> port.Cursor:
        done = {"newest_id": str(self.newest_id), "read_at": self.started_at.isoformat()}
        if self.token is None:
            return done
        here = {"since_id": str(self.since_id), "pagination_token": self.token}
        return {**done, **here, "by_time": self.by_time}

    def params(self) -> dict[str, Any]:
        """Return what asks X for this stretch; every page of it takes the same bound."""
        name, bound = "since_id", str(self.since_id)
        if self.by_time:
            name, bound = "start_time", f"{_time_of(self.since_id + 1):%Y-%m-%dT%H:%M:%SZ}"
        return {name: bound, "pagination_token": self.token}

    def after(self, answer: Json, *, is_dm: bool) -> _Walk:
        """Return where the walk stands behind a page; without a token it has ended."""
        ids = _ids(answer)
        token = _object(answer.get("meta")).get("next_token")
        if token is not None and token == self.token:
            raise errors.UnexpectedPayload("X names the page that it has just sent as the next one")
        # dm_events knows no since_id: the bound is looked for here. A page that is not full says
        # nothing about there being more.
        if is_dm and ids and min(ids) <= self.since_id:
            token = None
        return replace(self, newest_id=max([self.newest_id, *ids]), token=token, note="")

    def restarted(self, failure: _Failure, now: datetime, settings: Settings) -> _Walk | None:
        """Return the walk to take instead where X no longer knows a token or an id of ours."""
        if self.token is not None and failure.is_about("pagination_token"):
            return replace(self, token=None)
        if self.by_time or not failure.is_about("since_id"):
            return None
        bound = now - settings.backfill
        note = f"X no longer knows how far was read: read again from {bound:%Y-%m-%d %H:%M}Z on"
        return replace(self, since_id=_snowflake(bound), by_time=True, token=None, note=note)


# --- The connector ----------------------------------------------------------------------------

_MENTIONS, _OWN_POSTS, _DIRECT_MESSAGES = "mentions", "own_posts", "direct_messages"
_TWEET_FIELDS = (
    "attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,entities,"
    "in_reply_to_user_id,note_tweet,referenced_tweets"
)
_DM_FIELDS = "attachments,created_at,dm_conversation_id,entities,event_type,id,sender_id,text"
_MEDIA = {"media_fields": "alt_text,preview_image_url,type,url"}
_USERS = {"user_fields": "name,public_metrics,username"}
_TWEETS = {"tweet_fields": _TWEET_FIELDS, "max_results": 100, **_MEDIA}
_QUERIES: Mapping[str, Mapping[str, object]] = {
    _MENTIONS: {**_TWEETS, **_USERS, "expansions": "author_id,attachments.media_keys"},
    # Without authors: an author may cost ten times what a post does, and here it is always us.
    _OWN_POSTS: {**_TWEETS, "exclude": "retweets", "expansions": "attachments.media_keys"},
    # A poll sees a whole page of old events, each paid for once a day: a smaller page.
    _DIRECT_MESSAGES: {
        **_USERS, **_MEDIA, "dm_event_fields": _DM_FIELDS, "max_results": 50,
        "expansions": "sender_id,attachments.media_keys",
    },
}  # fmt: skip


class Connector(port.Connector):
    """One X account. tweepy's user_auth stays off throughout: the transport signs."""

    network: ClassVar[str] = "twitter"

    def __init__(self, settings: Settings, clock: Clock, ledger: port.Ledger | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._ledger = ledger or port.Ledger(clock)
        self._us = settings.user_id
        self._transport = _Transport(settings)
        self._client = AsyncClient(return_type=dict)
        self._client.session = self._transport

    def sources(self) -> Sequence[port.Source]:
        """Return own posts first, so that what was answered already raises no alarm."""
        streams = self._settings.streams
        found = [port.Source(_OWN_POSTS, frozenset())] if Stream.MENTIONS in streams else []
        return [*found, *(port.Source(stream.value, frozenset({stream})) for stream in streams)]

    async def poll(self, source: str, cursor: port.Cursor | None) -> AsyncIterator[port.Page]:
        """Yield what is new, newest first; a cursor between pages resumes at the next page."""
        walk = _Walk.begin(cursor, self._clock.now(), self._settings)
        told: set[str] = set()
        asked: set[str] = set()
        first = True
        while first or walk.token is not None:
            try:
                answer = await self._fetch(source, walk)
            except _Failure as failure:
                now = self._clock.now()
                again = walk.restarted(failure, now, self._settings) if first else None
                if again is None:
                    raise read_error(failure, now) from failure
                walk = again
                continue
            first = False
            found = self._read(source, answer, walk)
            # An older page must not overrule what a newer one said of a thread.
            windows = [window for thread, window in found.windows.items() if thread not in told]
            told |= found.windows.keys()
            note = "; ".join(filter(None, (walk.note, found.note)))
            walk = walk.after(answer, is_dm=source == _DIRECT_MESSAGES)
            if walk.token is not None:
                if walk.token in asked:
                    raise errors.UnexpectedPayload("X's pages go in a circle")
                asked.add(walk.token)
            yield port.Page(walk.cursor(), found.messages, found.unknown, windows, note)

    async def send(self, reply: port.OutgoingReply) -> port.SendResult:
        """Post a public reply or a direct message; the result is read like a poll's items."""
        item: dict[str, Any] = {"text": html.escape(reply.text, quote=False)}
        if reply.stream is Stream.DIRECT_MESSAGES:
            conversation = reply.thread_id.removeprefix("dm:")
            item |= {"sender_id": self._us, "dm_conversation_id": conversation}
            item["id"] = await self._deliver(
                "dm_event_id",
                self._client.create_direct_message(
                    text=reply.text, user_auth=False, **_addressee(conversation, self._us)
                ),
            )
            return port.SendResult(_direct_message(item, self._us, _known({})))
        _space, conversation, customer = reply.thread_id.split(":")
        parent = (reply.parent_id or "").removeprefix("tweet:")
        if not _ID.fullmatch(parent):
            raise errors.SendRefused("there is no post to reply to; answer in the X app")
        post = self._client.create_tweet(
            text=reply.text, in_reply_to_tweet_id=parent, user_auth=False
        )
        item |= {"author_id": self._us, "conversation_id": conversation}
        item["referenced_tweets"] = [{"type": "replied_to", "id": parent}]
        item["id"] = await self._deliver("id", post)
        return port.SendResult(_public_message(item, customer, self._us, _known({})))

    async def _deliver(self, name: str, call: Awaitable[Json]) -> str:
        """Return the id that X gave what was sent, told in the answer under *name*."""
        try:
            answer = await call
            return _id(_object(answer.get("data")).get(name))
        except _Failure as failure:
            raise send_error(failure, self._clock.now()) from failure
        except ValueError as error:
            raise errors.OutcomeUnknown("X took the reply but told no id of it") from error

    async def check(self) -> port.AccountCheck:
        """Ask who the keys belong to, and try each stream with a request that costs next to none."""
        answer = await self._ask(self._client.get_me(user_auth=False))
        me = _object(answer.get("data"))
        identity = f"{me.get('name')} (@{me.get('username')}, {me.get('id')})"
        if me.get("id") != self._us:
            wrong = f"the keys belong to {identity}, not to user_id {self._us}"
            return port.AccountCheck(
                identity,
                [
                    port.StreamCheck(stream, ok=False, text=wrong)
                    for stream in self._settings.streams
                ],
            )
        return port.AccountCheck(
            identity, [await self._try(stream) for stream in self._settings.streams]
        )

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        await self._transport.close()

    async def _try(self, stream: Stream) -> port.StreamCheck:
        just_now = self._clock.now() - timedelta(minutes=1)
        walk = _Walk(_snowflake(just_now), just_now)
        try:
            await self._ask(self._fetch(stream.value, walk, max_results=5))
        except (errors.PermissionMissing, errors.NetworkError, errors.UnexpectedPayload) as error:
            return port.StreamCheck(stream, ok=False, text=str(error))
        is_dm = stream is Stream.DIRECT_MESSAGES
        return port.StreamCheck(stream, ok=True, text=_LEGACY_DMS_ONLY if is_dm else "")

    async def _ask(self, call: Awaitable[Json]) -> Json:
        try:
            return await call
        except _Failure as failure:
            raise read_error(failure, self._clock.now()) from failure

    async def _fetch(self, source: str, walk: _Walk, **more: object) -> Json:
        query = {**_QUERIES[source], **walk.params(), **more}
        answer: Json
        if source == _DIRECT_MESSAGES:
            del query["start_time" if walk.by_time else "since_id"]
            answer = await self._client.get_direct_message_events(user_auth=False, **query)
        elif source == _OWN_POSTS:
            answer = await self._client.get_users_tweets(self._us, **query)
        else:
            answer = await self._client.get_users_mentions(self._us, **query)
        return answer

    def _read(self, source: str, answer: Json, walk: _Walk) -> _Found:
        if source == _DIRECT_MESSAGES:
            return read_dm_events(answer, self._us, since_id=walk.since_id)
        summoned_only = self._settings.reply_rule == "summoned"
        return read_tweets(answer, self._us, summoned_only=summoned_only)


_LEGACY_DMS_ONLY = "X shows apps no encrypted chats: who moved to them cannot be seen here"


def _addressee(conversation: str, us: str) -> dict[str, str]:
    """Return whom a DM goes to: the other one of two ("{smaller}-{larger}"), or a whole group."""
    ends = conversation.split("-")
    if len(ends) == 2 and us in ends:
        return {"participant_id": ends[1] if ends[0] == us else ends[0]}
    return {"dm_conversation_id": conversation}
