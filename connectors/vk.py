"""
VK: a community's private messages and comments.

Three sources. The Bots Long Poll (community token) tells everything as it happens and is read
first; ``conversations`` (community token) and ``wall`` (service token) read back what it may
have lost. API 5.199; facts are from dev.vk.com and VKCOM/vk-api-schema.

vk_api blocks, so each token has one thread of its own. Its exceptions carry the token
(``ApiError.values``, and VK's ``request_params``), therefore none of them leaves this module
or hangs on an exception that does: a failed call *returns* its translation, which is raised
where nothing else is being handled.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

import aiohttp
import jconfig  # type: ignore[import-untyped] # comes with vk_api, without type information
import requests
import vk_api
from pydantic import Field, field_validator
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from inboxd import connector as port
from inboxd.connector import (
    AccountCheck,
    AccountSettings,
    Cursor,
    OutgoingReply,
    Page,
    Secret,
    SendResult,
    Source,
    StreamCheck,
)
from inboxd.errors import (
    InboxdError,
    NetworkError,
    OperatorError,
    PermissionMissing,
    RateLimited,
    SendRefused,
    TokenInvalid,
    Unavailable,
    UnexpectedPayload,
    UserError,
)
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
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from urllib3.connection import HTTPConnection

    from inboxd.clock import Clock

_API_VERSION: Final = "5.199"
_VK_ORIGIN: Final = "https://api.vk.ru"
_SITE: Final = "https://vk.com"

# The largest pages that the methods give.
_CONVERSATIONS_PAGE: Final = 200
_HISTORY_PAGE: Final = 200
_POSTS_PAGE: Final = 100
_COMMENTS_PAGE: Final = 100
_USERS_PAGE: Final = 1000
_GROUPS_PAGE: Final = 500
# A re-read wants a few messages of each thread; only who finds them all new reads on.
_FIRST_HISTORY_PAGE: Final = 20

_LONGEST_MESSAGE: Final = 9000  # characters, messages.send
_PROFILE_FIELDS: Final = "screen_name,followers_count"


# Settings -------------------------------------------------------------------------------------


class Settings(AccountSettings):
    """A VK community and the tokens that are there for it."""

    SUPPORTED_STREAMS: ClassVar[frozenset[Stream]] = frozenset(
        {Stream.DIRECT_MESSAGES, Stream.COMMENTS, Stream.MENTIONS}
    )

    group_id: int = Field(gt=0, description="The community's number, without a minus.")
    token: Secret = Field(min_length=1, description="A community token: messages, wall, manage.")
    service_token: Secret | None = Field(
        None, min_length=1, description="Reads the wall back where the long poll lost events."
    )
    user_token: Secret | None = Field(
        None, min_length=1, description="Answers comments below photos, videos, goods and topics."
    )
    api_base: str = _VK_ORIGIN

    @field_validator("api_base")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError(f"must begin with https:// or http://, as {_VK_ORIGIN} does")
        return value.rstrip("/") or _VK_ORIGIN


# Reading JSON ---------------------------------------------------------------------------------


def _object(value: object, what: str) -> Json:
    if not isinstance(value, dict):
        raise UnexpectedPayload(f"{what} is no JSON object")
    return value


def _int(payload: Json, key: str) -> int:
    value = payload.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise UnexpectedPayload(f"{key} is no number")
    return value


def _int_or_none(payload: Json, key: str) -> int | None:
    """Return a number that may be missing; VK also writes 0 for "none"."""
    return _int(payload, key) if payload.get(key) else None


def _text(payload: Json, key: str) -> str:
    """Return a text that may be missing."""
    value = payload.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise UnexpectedPayload(f"{key} is no text")
    return value


def _list(payload: Json, key: str) -> Sequence[Any]:
    """Return a list that may be missing."""
    value = payload.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UnexpectedPayload(f"{key} is no list")
    return value


def _instant(unix: int) -> datetime:
    try:
        return datetime.fromtimestamp(unix, UTC)
    except (ValueError, OverflowError, OSError):
        raise UnexpectedPayload(f"{unix} is no time") from None


def _unix(instant: datetime) -> int:
    return int(instant.timestamp())


def _unknown(kind: str, raw: object, remote_id: str = "") -> Unknown:
    """Return *raw* as an item that people can look at; without an id, its content names it."""
    written = json.dumps(raw, sort_keys=True, default=str).encode()
    name = remote_id or blake2b(written, digest_size=12).hexdigest()
    return Unknown(f"{kind}:{name}", kind, raw if isinstance(raw, dict) else {"value": raw})


# Attachments ----------------------------------------------------------------------------------


def _openable(value: object) -> str:
    """Return *value* if it is a web address; a customer may have written anything there."""
    web = isinstance(value, str) and value.startswith(("https://", "http://"))
    return value if web and isinstance(value, str) else ""


def _largest(sizes: object) -> str:
    """Return the address of the image with the most pixels."""
    known = [size for size in sizes if isinstance(size, dict)] if isinstance(sizes, list) else []

    def pixels(size: Json) -> int:
        width, height = size.get("width"), size.get("height")
        return width * height if isinstance(width, int) and isinstance(height, int) else 0

    addresses = (_openable(size.get("url")) for size in sorted(known, key=pixels, reverse=True))
    return next(filter(None, addresses), "")


_IMAGES = {"photo": "sizes", "sticker": "images"}
_ADDRESSES = {"audio_message": "link_mp3", **dict.fromkeys(("doc", "link", "graffiti"), "url")}
_PAGES = {
    "market": "market{owner}?w=product{owner}_{number}",
    "wall_reply": "wall{owner}_{post}?reply={number}",
}


def _attachment_url(kind: str, body: Json) -> str:
    """Return where a person can look at an attachment, or "" where VK names no place."""
    if kind in _IMAGES:
        return _largest(body.get(_IMAGES[kind]))
    owner, number = body.get("owner_id", body.get("to_id", body.get("from_id"))), body.get("id")
    if kind in _ADDRESSES or owner is None or number is None:
        return _openable(body.get(_ADDRESSES.get(kind, "url")))
    page = _PAGES.get(kind, "{kind}{owner}_{number}")
    return f"{_SITE}/" + page.format(
        kind=kind, owner=owner, number=number, post=body.get("post_id")
    )


def _attachment_title(body: Json) -> str:
    """Return what an attachment says in words; a voice message has a transcript at best."""
    names = ("artist", "title", "question", "transcript", "text")
    words = [word for name in names if isinstance(word := body.get(name), str) and word]
    return " – ".join(words[:2]) if body.get("artist") else next(iter(words), "")


def _attachment(raw: object) -> Attachment:
    """Return one attachment; none is so strange that it could spoil its message."""
    outer = raw if isinstance(raw, dict) else {}
    kind = outer.get("type")
    if not isinstance(kind, str) or not kind:
        return Attachment("unknown")
    body = outer.get(kind)
    body = body if isinstance(body, dict) else {}
    return Attachment(kind, _attachment_url(kind, body), _attachment_title(body))


def _place(geo: object) -> list[Attachment]:
    """Return the spot on the map that came with a message."""
    spot = geo.get("coordinates") if isinstance(geo, dict) else None
    if not isinstance(geo, dict) or not isinstance(spot, dict):
        return []
    url = f"https://www.openstreetmap.org/?mlat={spot.get('latitude')}&mlon={spot.get('longitude')}"
    place = geo.get("place")
    return [Attachment("geo", url, _attachment_title(place if isinstance(place, dict) else {}))]


def _attachments(payload: Json) -> tuple[Attachment, ...]:
    """Return what came with a message; of forwarded messages their words and attachments."""
    found = [_attachment(raw) for raw in _list(payload, "attachments")]
    for raw in _list(payload, "fwd_messages"):
        forwarded = raw if isinstance(raw, dict) else {}
        found.append(Attachment("forwarded", title=_attachment_title(forwarded)))
        inner = forwarded.get("attachments")
        found += map(_attachment, inner if isinstance(inner, list) else ())
    return (*found, *_place(payload.get("geo")))


# People ---------------------------------------------------------------------------------------


def _profile(raw: Json) -> Author:
    """Return the author that a user object describes."""
    number = _int(raw, "id")
    followers = raw.get("followers_count")
    return Author(
        remote_id=str(number),
        name=f"{_text(raw, 'first_name')} {_text(raw, 'last_name')}".strip(),
        handle=_text(raw, "screen_name"),
        followers=followers if isinstance(followers, int) else None,
        url=f"{_SITE}/id{number}",
    )


def _community(raw: Json) -> Author:
    """Return the author that a group object describes; as an author its id is negative."""
    number = abs(_int(raw, "id"))
    return Author(
        remote_id=str(-number),
        name=_text(raw, "name"),
        handle=_text(raw, "screen_name"),
        url=f"{_SITE}/club{number}",
    )


def _nameless(author_id: int) -> Author:
    page = f"id{author_id}" if author_id > 0 else f"club{-author_id}"
    return Author(remote_id=str(author_id), url=f"{_SITE}/{page}")


# Messages -------------------------------------------------------------------------------------

# What of an item our words do not carry and no reader sees differently. Counters, rights and
# read marks are left out: they would make one item two values.
_FACTS = ("id", "payload", "ref", "ref_source", "deleter_id")


def _facts(payload: Json) -> Json:
    return {key: payload[key] for key in _FACTS if key in payload}


def _direction(author_id: int | None, group_id: int) -> Direction:
    return Direction.OUTBOUND if author_id == -group_id else Direction.INBOUND


def _direct_message(payload: Json, group_id: int) -> Message:
    """Return a private message; its place in the conversation is its id, as it is for everyone."""
    if payload.get("action"):
        raise UnexpectedPayload("it is VK's own note in a chat, nobody's message")
    peer, place = _int(payload, "peer_id"), _int(payload, "conversation_message_id")
    author_id, edited = _int(payload, "from_id"), _int_or_none(payload, "update_time")
    answered = payload.get("reply_message")
    parent = answered.get("conversation_message_id") if isinstance(answered, dict) else None
    staff = _int_or_none(payload, "admin_author_id")
    return Message(
        remote_id=f"dm:{peer}_{place}",
        thread_id=f"dm:{peer}",
        stream=Stream.DIRECT_MESSAGES,
        direction=_direction(author_id, group_id),
        public=False,
        sent_at=_instant(_int(payload, "date")),
        text=_text(payload, "text"),
        author=_nameless(author_id),
        parent_id=None if parent is None else f"dm:{peer}_{parent}",
        url=f"{_SITE}/gim{group_id}?sel={peer}",
        attachments=_attachments(payload),
        edited_at=None if edited is None else _instant(edited),
        deleted=bool(payload.get("deleted")),
        staff="" if staff is None else str(staff),
        raw=_facts(payload),
    )


@dataclass(frozen=True, slots=True)
class _CommentKind:
    """Where a kind of comment keeps its ids, where it can be read, and what writes one."""

    name: str
    """The prefix of its events' types and of our ids."""
    owner_key: str
    below_key: str
    """The key of the id of what it stands below."""
    page: str
    method: str


_COMMENT_KINDS: Mapping[str, _CommentKind] = {
    kind.name: kind
    for kind in (
        _CommentKind(
            "wall_reply", "owner_id", "post_id",
            "wall{owner}_{below}?reply={id}", "wall.createComment",
        ),
        _CommentKind(
            "photo_comment", "photo_owner_id", "photo_id",
            "photo{owner}_{below}?reply={id}", "photos.createComment",
        ),
        _CommentKind(
            "video_comment", "video_owner_id", "video_id",
            "video{owner}_{below}?reply={id}", "video.createComment",
        ),
        _CommentKind(
            "market_comment", "market_owner_id", "item_id",
            "market{owner}?w=product{owner}_{below}", "market.createComment",
        ),
        _CommentKind(
            "board_post", "topic_owner_id", "topic_id",
            "topic{owner}_{below}?post={id}", "board.createComment",
        ),
    )
}  # fmt: skip
_WALL = _COMMENT_KINDS["wall_reply"]

# A reply in a board topic has no field for it; VK puts "[id7:bp-222_96|Name]" in front. Customers
# can write that themselves, with as many digits as they like, and int() refuses thousands.
_BOARD_ADDRESSEE = re.compile(r"\[(?:id|club)[0-9]+:bp-[0-9]+_([0-9]{1,18})\|")


def _parents(payload: Json) -> tuple[int | None, int | None]:
    """Return the top comment of the thread and the comment answered; None where there is none."""
    stack = [number for number in _list(payload, "parents_stack") if isinstance(number, int)]
    addressed = _BOARD_ADDRESSEE.match(_text(payload, "text"))
    answered = _int_or_none(payload, "reply_to_comment") or (stack[-1] if stack else None)
    if answered is None and addressed is not None:
        answered = int(addressed[1])
    return (stack[0] if stack else answered), answered


def _comment_thread(kind: _CommentKind, owner: int, root: int, below: int | None) -> str:
    """Return the name of a thread; it carries the post's id, without which VK takes no answer."""
    return f"{kind.name}:{owner}_{root}" + ("" if below is None else f"@{below}")


def _comment(
    kind: _CommentKind, payload: Json, group_id: int, seen_at: datetime, *, deleted: bool = False
) -> Message:
    """
    Return a comment of any kind.

    A deleted one may lack author, text and parents; the event that tells of it even its date,
    then *seen_at* stands in.
    """
    deleted = deleted or payload.get("deleted") is True
    owner = _int_or_none(payload, kind.owner_key) or _int_or_none(payload, "owner_id") or -group_id
    number, below = _int(payload, "id"), _int_or_none(payload, kind.below_key)
    root, answered = _parents(payload)
    author_id = _int_or_none(payload, "user_id" if deleted else "from_id")
    if author_id is None and not deleted:
        raise UnexpectedPayload("from_id is missing")
    page = kind.page.format(owner=owner, below=below, id=number)
    below_a_comment = kind is _WALL and root is not None
    return Message(
        remote_id=f"{kind.name}:{owner}_{number}",
        thread_id=_comment_thread(kind, owner, root or number, below),
        stream=Stream.COMMENTS,
        direction=_direction(author_id, group_id),
        public=True,
        sent_at=seen_at if deleted and "date" not in payload else _instant(_int(payload, "date")),
        text=_text(payload, "text"),
        author=None if author_id is None else _nameless(author_id),
        parent_id=None if answered is None else f"{kind.name}:{owner}_{answered}",
        url=f"{_SITE}/{page}" + (f"&thread={root}" if below_a_comment else ""),
        attachments=_attachments(payload),
        deleted=deleted,
        raw=_facts(payload),
    )


# Long-poll events that carry no message to the community; an enabled one is no news.
_SILENT_EVENTS = frozenset(
    {
        "app_payload",
        "audio_new",
        "confirmation",
        "donut_money_withdraw",
        "donut_money_withdraw_error",
        "donut_subscription_cancelled",
        "donut_subscription_create",
        "donut_subscription_expired",
        "donut_subscription_price_changed",
        "donut_subscription_prolonged",
        "group_change_photo",
        "group_change_settings",
        "group_join",
        "group_leave",
        "group_officers_edit",
        "lead_forms_new",
        "like_add",
        "like_remove",
        "market_order_edit",
        "market_order_new",
        "message_allow",
        "message_deny",
        "message_event",
        "message_reaction_event",
        "message_read",
        "message_typing_state",
        "photo_new",
        "poll_vote_new",
        "user_block",
        "user_unblock",
        "video_new",
        "vkpay_transaction",
        "wall_repost",
        "wall_schedule_post_delete",
        "wall_schedule_post_new",
    }
)
_MESSAGE_EVENTS = frozenset({"message_new", "message_reply", "message_edit"})
_COMMENT_EVENTS: Mapping[str, tuple[_CommentKind, bool]] = {
    f"{kind.name}_{change}": (kind, change == "delete")
    for kind in _COMMENT_KINDS.values()
    for change in ("new", "edit", "restore", "delete")
}


def _event_message(kind: str, content: Json, group_id: int, seen_at: datetime) -> Message | None:
    if kind in _MESSAGE_EVENTS:
        return _direct_message(_object(content.get("message", content), "message"), group_id)
    if kind in _COMMENT_EVENTS:
        comment, deleted = _COMMENT_EVENTS[kind]
        return _comment(comment, content, group_id, seen_at, deleted=deleted)
    if kind == "wall_post_new" and content.get("from_id") == -group_id:
        return None
    raise UnexpectedPayload("it is of no known kind")


def _event(raw: object, group_id: int, seen_at: datetime) -> Message | Unknown | None:
    """Return what a long-poll event tells, or None where it is nothing that was written to us."""
    event = raw if isinstance(raw, dict) else {}
    kind, event_id = event.get("type"), event.get("event_id")
    if not isinstance(kind, str):
        return _unknown("event", raw)
    if kind in _SILENT_EVENTS:
        return None
    try:
        return _event_message(kind, _object(event.get("object"), "object"), group_id, seen_at)
    except UnexpectedPayload:
        return _unknown(kind, raw, event_id if isinstance(event_id, str) else "")


def _sift(
    items: Iterable[object], kind: str, read: Callable[[Json], Message]
) -> tuple[list[Message], list[Unknown]]:
    """Read each of *items*; one that cannot be read is kept as it is and spoils no other."""
    messages: list[Message] = []
    unknown: list[Unknown] = []
    for item in items:
        try:
            messages.append(read(_object(item, kind)))
        except UnexpectedPayload:
            unknown.append(_unknown(kind, item))
    return messages, unknown


# Conversations --------------------------------------------------------------------------------

# dev.vk.com/reference/objects/conversation, can_write.reason
_WHY_NOT: Mapping[int, str] = {
    18: "The person's VK page is blocked or deleted.",
    203: "VK denies the community access to this conversation.",
    900: "The person is on the community's blacklist; take them off it to answer.",
    901: "The person does not allow messages from the community; ask them to write first.",
    902: "The person's privacy settings forbid messages; ask them to write first.",
    915: "Messages are switched off in the community; switch them on in its settings.",
    916: "Messages are blocked in the community.",
    917: "The community has no access to this chat.",
    918: "The community cannot write to this e-mail address.",
    950: "VK's time for an answer is over; the person must write again first.",
}


@dataclass(frozen=True, slots=True)
class _Conversation:
    """What the list of conversations tells of one: whose, how fresh, and whether we may write."""

    peer: int
    latest: int
    """When its last message was sent, in unix seconds."""
    window: ReplyWindow


def _window(peer: int, can_write: object) -> ReplyWindow:
    """Return how one may write; what of it cannot be read holds no conversation back."""
    state = can_write if isinstance(can_write, dict) else {}
    allowed = bool(state.get("allowed", True))
    code = state.get("reason")
    why = _WHY_NOT.get(code if isinstance(code, int) else 0, "VK does not let the community write.")
    closes_at = None
    with contextlib.suppress(UnexpectedPayload):
        until = _int_or_none(state, "until")
        closes_at = _instant(until) if until is not None and allowed else None
    return ReplyWindow(
        thread_id=f"dm:{peer}",
        open=allowed,
        closes_at=closes_at,
        reason="" if allowed else why,
        max_length=_LONGEST_MESSAGE,
    )


def _conversation(item: Json) -> _Conversation:
    state = _object(item.get("conversation"), "conversation")
    peer = _int(_object(state.get("peer"), "peer"), "id")
    latest = _int(_object(item.get("last_message"), "last_message"), "date")
    return _Conversation(peer, latest, _window(peer, state.get("can_write")))


# Errors ---------------------------------------------------------------------------------------

_TOKEN_INVALID = frozenset({4, 5, 1114, 1116, 1117, 1118})
_NO_PERMISSION = frozenset(
    {2, 7, 15, 20, 21, 23, 24, 25, 27, 28, 30, 41, 42, 200, 201, 203, 210, 211, 212, 213, 260}
)
_TOO_OFTEN = frozenset({6, 9, 29})
_BROKEN = frozenset({1, 10, 13, 43})
_PROVE_HUMAN = frozenset({14, 3300})
_PROVE_OWNER = frozenset({17, 3301, 3302, 3303, 3304, 3609})

_SCOPES = {"messages": "messages", "groups": "manage", "wall": "wall"}
_NOBODY_MAY = "VK does not let the community do this; look at its rights and settings in VK."
_COMMENTS_CLOSED = "Comments are closed here; answer in a private message or open them in VK."
_DM_REFUSALS: Mapping[int, str] = {
    **_WHY_NOT,
    7: _NOBODY_MAY,
    15: _NOBODY_MAY,
    100: "VK does not take this message; look at it in VK.",
    914: f"The message is too long; VK takes {_LONGEST_MESSAGE} characters. Shorten or split it.",
    922: "The community has left this chat.",
    927: "The chat does not exist any more.",
    936: "VK knows no such person.",
    945: "The chat is closed.",
    946: "VK lets nobody write to this kind of chat by its API.",
    983: "Writing is switched off in this chat.",
    985: "This community may only send notifications.",
    987: "The person must first accept a message request.",
    988: "The person has not accepted the message request yet.",
    1012: "Writing is switched off in this chat.",
}
_COMMENT_REFUSALS: Mapping[int, str] = {
    7: _NOBODY_MAY,
    15: _NOBODY_MAY,
    100: "VK does not take this comment; what it answers may be gone. Look at it in VK.",
    211: _COMMENTS_CLOSED,
    212: _COMMENTS_CLOSED,
    213: _COMMENTS_CLOSED,
    222: "Links are forbidden in comments here; leave the link out.",
    223: "There are too many replies here; answer in a private message or later.",
    801: _COMMENTS_CLOSED,
    1401: _COMMENTS_CLOSED,
}


@dataclass(frozen=True, slots=True)
class _Refusal:
    """VK's `error` object, with all that may be told of it."""

    code: int
    text: str
    method: str
    token: str
    """Which of the tokens was used, in words."""

    def translated(self, refusals: Mapping[int, str]) -> InboxdError:
        """Return who must do what; *refusals* are the codes that blame what is being sent."""
        said = f"{self.method}: VK error {self.code}, {self.text}"
        if self.code in refusals:
            return SendRefused(f"{refusals[self.code]} (VK error {self.code})")
        if self.code == 100 and self.method == "groups.getLongPollServer":
            return PermissionMissing(
                "the Long Poll API is off; switch it on in VK: Manage, API usage, Long Poll API"
            )
        if self.code in _TOKEN_INVALID:
            return TokenInvalid(f"VK refuses the {self.token}; make a new one ({said})")
        if self.code in _NO_PERMISSION:
            scope = _SCOPES.get(self.method.split(".", maxsplit=1)[0], "")
            wants = f" and its right {scope!r}" if scope else ""
            return PermissionMissing(f"look at the {self.token}{wants} ({said})")
        return self._nobodys_fault(said)

    def _nobodys_fault(self, said: str) -> InboxdError:
        if self.code in _TOO_OFTEN:
            return RateLimited(said)
        if self.code in _BROKEN:
            return Unavailable(said)
        if self.code in _PROVE_HUMAN:
            return Unavailable(
                f"VK wants a captcha solved; that passes when it is asked less often ({said})"
            )
        if self.code in _PROVE_OWNER:
            return OperatorError(
                f"log in to VK in a browser as the owner of the {self.token} and confirm what "
                f"it asks ({said})"
            )
        return UnexpectedPayload(said)


# Calls ----------------------------------------------------------------------------------------


class _Origin(HTTPAdapter):
    """
    Sends what is meant for api.vk.ru to another origin, with a time limit, and can be cut off.

    vk_api knows neither another origin nor time limits, and a thread in a blocking read can
    be ended only by closing its socket.
    """

    def __init__(self, origin: str, timeout: timedelta) -> None:
        self._origin = origin
        self._timeout = timeout.total_seconds()
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._cut = False
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as requests has it
        """Make the pools, of connections that are known here as soon as they are open."""
        super().init_poolmanager(*args, **kwargs)
        pools: dict[str, type[Any]] = {"http": HTTPConnectionPool, "https": HTTPSConnectionPool}
        self.poolmanager.pool_classes_by_scheme = {
            scheme: type(pool.__name__, (pool,), {"ConnectionCls": self._known(pool.ConnectionCls)})
            for scheme, pool in pools.items()
        }

    def _known(self, connection_class: type[Any]) -> type[Any]:
        def connect(connection: Any) -> None:  # noqa: ANN401 - HTTP or HTTPS
            connection_class.connect(connection)
            self._open.add(connection)
            if self._cut:
                connection.close()
                raise ConnectionAbortedError("the connector is closed")

        return type(connection_class.__name__, (connection_class,), {"connect": connect})

    def send(
        self,
        request: requests.PreparedRequest,
        *args: Any,  # noqa: ANN401 - requests' own options
        **options: Any,  # noqa: ANN401 - the same
    ) -> requests.Response:
        """Send *request* to the other origin."""
        if self._cut:
            raise requests.ConnectionError("the connector is closed")
        request.url = self._origin + (request.url or "").removeprefix(_VK_ORIGIN)
        options["proxies"] = requests.utils.get_environ_proxies(request.url)
        options["timeout"] = self._timeout
        return super().send(request, *args, **options)

    def cut(self) -> None:
        """End whatever is under way, from another thread, and let nothing begin."""
        self._cut = True
        for connection in list(self._open):
            if (sock := getattr(connection, "sock", None)) is None:
                continue
            try:
                # Not SSLSocket.shutdown, which takes the TLS state from under the reader.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                continue


# What vk_api raises on purpose, what it lets through, and how it breaks on an answer of a shape
# that it takes for granted.
_SDK_ERRORS = (
    *(vk_api.VkApiError, requests.RequestException, OSError),
    *(KeyError, TypeError, AttributeError, ValueError, RecursionError),
)


class _Api:
    """The methods that one token may call, in a thread of its own."""

    _GRACE: Final = 2.0
    """Seconds that a call has to end in once its socket is gone."""

    def __init__(self, sdk: type[Any], token: Secret, words: str, settings: Settings) -> None:
        self._token = token
        self._words = words
        self._origin = _Origin(settings.api_base, settings.timeout)
        http = requests.Session()
        http.headers["User-Agent"] = "inboxd"
        http.max_redirects = 0  # a redirected POST would show the token to another host
        http.mount(f"{_VK_ORIGIN}/", self._origin)
        self._vk = sdk(
            token=token.get_secret_value(), api_version=_API_VERSION, session=http,
            config=jconfig.MemoryConfig,
        )  # fmt: skip
        # vk_api would repeat error 6 without end and wait for a person at error 14.
        self._vk.error_handlers.clear()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"vk {settings.name}")
        self._running: set[Future[Any]] = set()

    async def call(
        self,
        method: str,
        params: Mapping[str, Any],
        refusals: Mapping[int, str] = MappingProxyType({}),
    ) -> Any:  # noqa: ANN401 - each method has its own answer
        """
        Return the answer of *method*.

        Booleans are to be given as 1 and 0; errors whose code is in *refusals* become
        SendRefused with that text.
        """
        try:
            future = self._executor.submit(self._ask, method, dict(params), refusals)
        except RuntimeError:
            raise Unavailable(f"{method}: the connector is closed") from None
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        answer = await asyncio.wrap_future(future)
        if isinstance(answer, InboxdError):
            raise answer
        return answer

    def _ask(self, method: str, params: dict[str, Any], refusals: Mapping[int, str]) -> Any:  # noqa: ANN401 - as in call
        """Return the answer, or what went wrong as an error without a trace of the token."""
        try:
            answer = self._vk.method(method, params, raw=True)
        except _SDK_ERRORS as error:
            return self._translated(error, method, refusals)
        if not isinstance(answer, dict) or "response" not in answer:
            return UnexpectedPayload(f"{method}: VK's answer has no response")
        return answer["response"]

    def _translated(
        self, error: Exception, method: str, refusals: Mapping[int, str]
    ) -> InboxdError:
        if isinstance(error, vk_api.ApiError):
            refusal = _Refusal(error.code, self._said(error.error), method, self._words)
            return refusal.translated(refusals)
        if isinstance(error, vk_api.ApiHttpError):
            status = error.response.status_code
            kind = RateLimited if status == 429 else Unavailable
            return kind(f"{method}: VK answered with HTTP status {status}")
        if isinstance(error, requests.JSONDecodeError):
            return Unavailable(f"{method}: VK answered with something that is not JSON")
        name = type(error).__name__
        if isinstance(error, requests.RequestException | OSError):
            return Unavailable(f"{method}: no answer from VK ({name})")
        return UnexpectedPayload(f"{method}: VK's answer broke vk_api ({name})")

    def _said(self, error: Any) -> str:  # noqa: ANN401 - VK's error object, of whatever shape
        """Return VK's words, without the token in case they repeat it."""
        said = str(error.get("error_msg", "")) if isinstance(error, dict) else ""
        return said.replace(self._token.get_secret_value(), "***")[:300]

    async def close(self) -> None:
        """Let nothing begin, end what is under way, and give back thread and connections."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._origin.cut()
        under_way = [asyncio.wrap_future(future) for future in list(self._running)]
        hanging = (await asyncio.wait(under_way, timeout=self._GRACE))[1] if under_way else ()
        self._executor.shutdown(wait=not hanging)
        self._vk.http.close()


class _People:
    """The names behind author ids, each asked for once."""

    _MOST: Final = 50_000

    def __init__(self, api: _Api) -> None:
        self._api = api
        self._known: dict[str, Author] = {}

    def learn(self, answer: Json) -> None:
        """Take the names from the profiles and groups of an extended answer."""
        for key, read in (("profiles", _profile), ("groups", _community)):
            listed = answer.get(key)
            self._remember(listed if isinstance(listed, list) else (), read)

    async def name(self, messages: Sequence[Message]) -> list[Message]:
        """
        Return *messages* with their authors' names.

        A name that VK does not tell now is no reason to hold a message back: the next
        reading of the same message brings it.
        """
        ids = {message.author.remote_id for message in messages if message.author is not None}
        with contextlib.suppress(NetworkError, PermissionMissing, UnexpectedPayload):
            await self._ask_for([int(remote_id) for remote_id in sorted(ids - self._known.keys())])
        return [self._named(message) for message in messages]

    def _named(self, message: Message) -> Message:
        bare = message.author
        known = self._known.get(bare.remote_id) if bare is not None else None
        return message if known is None else replace(message, author=known)

    async def _ask_for(self, ids: Sequence[int]) -> None:
        people, groups = [str(i) for i in ids if i > 0], [str(-i) for i in ids if i < 0]
        for start in range(0, len(people), _USERS_PAGE):
            params = {"user_ids": ",".join(people[start : start + _USERS_PAGE])}
            found = await self._api.call("users.get", {**params, "fields": _PROFILE_FIELDS})
            self._remember(found if isinstance(found, list) else (), _profile)
        for start in range(0, len(groups), _GROUPS_PAGE):
            params = {"group_ids": ",".join(groups[start : start + _GROUPS_PAGE])}
            self._remember(_groups(await self._api.call("groups.getById", params)), _community)
        for author_id in ids:
            self._known.setdefault(str(author_id), _nameless(author_id))

    def _remember(self, listed: Iterable[object], read: Callable[[Json], Author]) -> None:
        if len(self._known) > self._MOST:
            self._known.clear()
        for raw in listed:
            try:
                author = read(_object(raw, "profile"))
            except UnexpectedPayload:
                continue
            self._known[author.remote_id] = author


def _groups(answer: object) -> Sequence[object]:
    """Return the list in an answer of groups.getById, which before 5.139 was the answer itself."""
    listed = answer.get("groups") if isinstance(answer, dict) else answer
    return listed if isinstance(listed, list) else ()


# Long poll ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one long poll brought: the events, where to go on, and whether some were lost."""

    ts: str
    updates: Sequence[object] = ()
    lost: bool = False


class _LongPoll:
    """
    The Bots Long Poll server of a community.

    Its key opens the community's messages to whoever has it, so it is kept here and not in
    the cursor, which ends up in the database: a fresh key costs one call and `ts` outlives it.
    """

    def __init__(self, api: _Api, settings: Settings) -> None:
        self._api = api
        self._group_id = settings.group_id
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout.total_seconds())
        self._http: aiohttp.ClientSession | None = None
        self._place: tuple[str, str] | None = None

    async def open(self) -> str:
        """Get a server and a key; return the `ts` of now."""
        params = {"group_id": self._group_id}
        answer = _object(await self._api.call("groups.getLongPollServer", params), "response")
        server, key, ts = (_text(answer, name) for name in ("server", "key", "ts"))
        if not server or not key or not ts:
            raise UnexpectedPayload("groups.getLongPollServer: server, key or ts is missing")
        self._place = (server, key)
        return ts

    async def listen(self, ts: str) -> _Heard:
        """Return what came behind *ts*, without waiting for more."""
        for _attempt in range(2):
            if self._place is None:
                await self.open()
            answer = await self._check(ts)
            match answer.get("failed"):
                case None:
                    return _Heard(_ts(answer), _list(answer, "updates"))
                case 1:
                    return _Heard(_ts(answer), lost=True)
                case 2:
                    self._place = None
                case _:
                    return _Heard(await self.open(), lost=True)
        raise Unavailable("long poll: VK refuses a key that it has just given")

    async def _check(self, ts: str) -> Json:
        """Ask once. A failure is raised outside `except`: aiohttp's errors show the key."""
        if self._http is None:
            # requests obeys the environment's proxies, so aiohttp shall too.
            self._http = aiohttp.ClientSession(timeout=self._timeout, trust_env=True)
        server, key = self._place or ("", "")
        params = {"act": "a_check", "key": key, "ts": ts, "wait": "0"}
        try:
            async with self._http.get(server, params=params, allow_redirects=False) as response:
                status, body = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            status, body = 0, type(error).__name__.encode()
        if status != 200:
            # The server that VK named may be the trouble; the next poll asks for another.
            self._place = None
            why = f"HTTP status {status}" if status else f"no answer ({body.decode()})"
            raise Unavailable(f"long poll: {why}")
        answer = _parsed(body)
        if answer is None:
            raise Unavailable("long poll: VK answered with something that is not JSON")
        return _object(answer, "long poll: the answer")

    async def close(self) -> None:
        """Give back the connections."""
        if self._http is not None:
            await self._http.close()


def _parsed(body: bytes) -> object:
    """Return what JSON *body* is, or None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _ts(answer: Json) -> str:
    """Return where to go on; VK writes it as text or, beside `failed`, as a number."""
    ts = answer.get("ts")
    if not isinstance(ts, str | int) or ts == "":
        raise UnexpectedPayload("long poll: ts is missing")
    return str(ts)


# Sending --------------------------------------------------------------------------------------

_DM_THREAD = re.compile(r"dm:(-?\d+)")
_COMMENT_THREAD = re.compile(r"([a-z_]+):(-?\d+)_(\d+)(?:@(\d+))?")


def _random_id(key: str) -> int:
    """Return the number, from 1 to 2**31 - 1, by which VK knows a repeated message."""
    digest = blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % (2**31 - 1) + 1


def _guid(key: str) -> str:
    return blake2b(key.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _require_sendable(text: str) -> None:
    if not text.strip():
        raise SendRefused("The reply is empty; write something.")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise SendRefused("The reply has broken characters (half of an emoji?); write it anew.")


@dataclass(frozen=True, slots=True)
class _CommentPlace:
    """Where a comment is to be written: below what, in which thread, in answer to which."""

    kind: _CommentKind
    owner: int
    below: int
    root: int
    answered: int


def _comment_place(reply: OutgoingReply) -> _CommentPlace:
    """Return the place that *reply* names; raises SendRefused where it names none."""
    thread = _COMMENT_THREAD.fullmatch(reply.thread_id)
    kind = _COMMENT_KINDS.get(thread[1]) if thread is not None else None
    if thread is None or kind is None or thread[4] is None:
        raise SendRefused("This conversation cannot be answered from here; answer it in VK.")
    parent = _COMMENT_THREAD.fullmatch(reply.parent_id or "")
    root = int(thread[3])
    answered = int(parent[3]) if parent is not None and parent[1] == kind.name else root
    return _CommentPlace(kind, int(thread[2]), int(thread[4]), root, answered)


def _comment_params(place: _CommentPlace, reply: OutgoingReply, group_id: int) -> dict[str, Any]:
    """Return the parameters of the place's method; wall and board have their own ways."""
    params = {
        "owner_id": place.owner, place.kind.below_key: place.below, "from_group": 1,
        "message": reply.text, "reply_to_comment": place.answered, "guid": _guid(reply.key),
    }  # fmt: skip
    if place.kind is _WALL:
        params["from_group"] = group_id
    if place.kind.name == "board_post":
        del params["owner_id"], params["reply_to_comment"]
        params["group_id"] = group_id
    return params


# The connector --------------------------------------------------------------------------------

_LOST = "VK dropped long-poll events before they were read; private messages are read back"
_READ_BACK = f"{_LOST}, and so are comments on the wall."
_NOT_READ_BACK = f"{_LOST}, but comments cannot be without a service_token: look at them in VK."


class Connector(port.Connector):
    """
    One VK community.

    A repeated private message is found again by its `random_id` in the conversation. A
    repeated comment is recognised by VK alone, by its `guid`, for about an hour.
    """

    network = "vk"
    idempotent_sends = True

    def __init__(self, settings: Settings, clock: Clock, ledger: port.Ledger | None = None) -> None:
        """Remember the settings; threads and connections begin with the first call."""
        self._settings = settings
        self._clock = clock
        self._ledger = ledger or port.Ledger(clock)
        self._group_id = settings.group_id
        self._api = _Api(vk_api.VkApiGroup, settings.token, "community token", settings)
        self._service = _optional(settings.service_token, "service_token", settings)
        self._user = _optional(settings.user_token, "user_token", settings)
        self._people = _People(self._api)
        self._long_poll = _LongPoll(self._api, settings)

    def sources(self) -> Sequence[Source]:
        """Return the long poll, then what reads back behind it."""
        wanted = frozenset(self._settings.streams)
        told = wanted & {Stream.DIRECT_MESSAGES, Stream.COMMENTS}
        private, comments = wanted & {Stream.DIRECT_MESSAGES}, wanted & {Stream.COMMENTS}
        found = [
            Source("long_poll", told),
            Source("conversations", private),
            Source("wall", comments if self._service is not None else frozenset()),
        ]
        return [source for source in found if source.streams]

    def poll(self, source: str, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Yield what is new in *source*; each has a cursor of its own kind."""
        sources = {
            "long_poll": self._poll_events,
            "conversations": self._poll_conversations,
            "wall": self._poll_wall,
        }
        if source not in sources:
            raise UserError(f"VK has no source {source!r}; there are: {', '.join(sources)}")
        return sources[source](cursor or {})

    # Long poll: the cursor is {"ts": text}

    _MOST_ROUNDS: Final = 100
    """How many long polls one poll makes at most; a flood goes on in the next poll."""

    async def _poll_events(self, cursor: Cursor) -> AsyncIterator[Page]:
        ts = cursor.get("ts")
        if not isinstance(ts, str):
            yield Page({"ts": await self._long_poll.open()})
            return
        told: set[str] = set()
        for _round in range(self._MOST_ROUNDS):
            heard = await self._long_poll.listen(ts)
            ts = heard.ts
            yield await self._events(heard, told)
            if not heard.updates:
                return

    async def _events(self, heard: _Heard, told: set[str]) -> Page:
        """Return a page of events; those whose id is in *told* came before and are left out."""
        now = self._clock.now()
        fresh = [raw for raw in heard.updates if _first_time(raw, told)]
        found = [_event(raw, self._group_id, now) for raw in fresh]
        messages = [
            item
            for item in found
            if isinstance(item, Message) and item.stream in self._settings.streams
        ]
        note = _READ_BACK if self._service is not None else _NOT_READ_BACK
        return Page(
            cursor={"ts": heard.ts},
            messages=await self._people.name(_folded(messages)),
            unknown=[item for item in found if isinstance(item, Unknown)],
            note=note if heard.lost else "",
        )

    # Conversations: the cursor is {"since": unix seconds}

    async def _poll_conversations(self, cursor: Cursor) -> AsyncIterator[Page]:
        """
        Read the conversations that something was said in since the cursor.

        The next cursor is the newest message as the list showed it at the *beginning*: what
        is said while the histories are read is newer than that, wherever it is said.
        """
        since = cursor.get("since")
        first = not isinstance(since, int)
        behind = self._settings.backfill if first else self._settings.overlap
        start = _unix(self._clock.now() if first else _instant(since or 0))
        floor = start - int(behind.total_seconds())
        kept: Cursor = {"since": floor if first else start}
        conversations, unknown = await self._active(floor)
        newest = max((each.latest for each in conversations[0]), default=0)
        for each in {each.peer: each for group in conversations for each in group}.values():
            async for page in self._history(each, floor):
                yield replace(page, cursor=kept)
        # A message from the future must not carry the cursor past what is yet to come.
        reached = max(kept["since"], min(newest, _unix(self._clock.now())))
        yield Page({"since": reached}, unknown=unknown)

    async def _active(self, floor: int) -> tuple[list[list[_Conversation]], list[Unknown]]:
        """
        Return the conversations with a message from *floor* on, page by page.

        A conversation that moves to the top while later pages are read would be in none of
        them, so after several pages the first is read again.
        """
        pages: list[list[_Conversation]] = []
        unknown: list[Unknown] = []
        offset, more = 0, True
        while more:
            page, strange, more = await self._conversation_page(offset, floor)
            pages.append(page)
            unknown += strange
            offset += _CONVERSATIONS_PAGE
        if len(pages) > 1:
            pages.append((await self._conversation_page(0, floor))[0])
        return pages, unknown

    async def _conversation_page(
        self, offset: int, floor: int
    ) -> tuple[list[_Conversation], list[Unknown], bool]:
        """Return a page's active conversations, what could not be read, and if there are more."""
        params = {
            "group_id": self._group_id, "offset": offset, "count": _CONVERSATIONS_PAGE,
            "extended": 1, "fields": _PROFILE_FIELDS,
        }  # fmt: skip
        answer = _object(await self._api.call("messages.getConversations", params), "response")
        self._people.learn(answer)
        read: list[_Conversation] = []
        unknown: list[Unknown] = []
        for item in _list(answer, "items"):
            try:
                read.append(_conversation(_object(item, "conversation")))
            except UnexpectedPayload:
                unknown.append(_unknown("conversation", item))
        active = [each for each in read if each.latest >= floor]
        # Pinned conversations stand above newer ones: only the last of a page tells.
        fresh = bool(unknown) if not read else read[-1].latest >= floor
        return active, unknown, fresh and offset + _CONVERSATIONS_PAGE < _total(answer, "count")

    async def _history(self, conversation: _Conversation, floor: int) -> AsyncIterator[Page]:
        """Yield the messages of one conversation from the newest down to *floor*."""
        offset, count, more = 0, _FIRST_HISTORY_PAGE, True
        windows: Sequence[ReplyWindow] = [conversation.window]
        while more:
            params = {
                "group_id": self._group_id, "peer_id": conversation.peer,
                "offset": offset, "count": count,
            }  # fmt: skip
            answer = _object(await self._api.call("messages.getHistory", params), "response")
            items = _list(answer, "items")
            read = partial(_direct_message, group_id=self._group_id)
            messages, unknown = _sift(items, "message", read)
            fresh = [message for message in messages if message.sent_at >= _instant(floor)]
            named = await self._people.name(_folded(fresh))
            yield Page({}, messages=named, unknown=unknown, windows=windows)
            offset, count, windows = offset + count, _HISTORY_PAGE, ()
            reached = len(fresh) < len(messages)
            more = bool(items) and not reached and offset < _total(answer, "count")

    # Wall: the cursor is {"start": unix seconds, "posts": {post id: [comments, newest]}}

    async def _poll_wall(self, cursor: Cursor) -> AsyncIterator[Page]:
        """
        Read the comments of the posts that are not older than the backfill.

        A post is read again when its number of comments has changed or when it was commented
        within the overlap, and down to its own newest comment less the overlap.
        """
        now = _unix(self._clock.now())
        horizon = now - int(self._settings.backfill.total_seconds())
        overlap = int(self._settings.overlap.total_seconds())
        start, known = cursor.get("start", horizon), cursor.get("posts", {})
        posts, unknown = await self._posts(horizon)
        kept: dict[str, list[int]] = {key: known[key] for key in posts if key in known}
        for key, count in posts.items():
            seen, newest = kept.get(key, [0, start])
            if seen == count and newest < now - overlap:
                continue
            floor = newest - overlap if key in kept else start
            async for page in self._post_comments(int(key), floor):
                dates = [_unix(message.sent_at) for message in page.messages]
                newest = max([newest, *(date for date in dates if date <= now)])
                yield replace(page, cursor={"start": start, "posts": dict(kept)})
            kept[key] = [count, newest]
        yield Page({"start": start, "posts": kept}, unknown=unknown)

    async def _posts(self, horizon: int) -> tuple[dict[str, int], list[Unknown]]:
        """Return how many comments each post from *horizon* on has, by the post's id."""
        posts: dict[str, int] = {}
        unknown: list[Unknown] = []
        offset, more = 0, True
        while more:
            params = {"owner_id": -self._group_id, "offset": offset, "count": _POSTS_PAGE}
            answer = _object(await self._read_wall("wall.get", params), "response")
            items = _list(answer, "items")
            # A pinned post stands first, however old it is: only the last of a page tells.
            fresh = True
            for item in items:
                try:
                    post = _object(item, "post")
                    fresh = _int(post, "date") >= horizon
                    comments = _object(post.get("comments", {}), "comments")
                    if fresh:
                        posts[str(_int(post, "id"))] = _int_or_none(comments, "count") or 0
                except UnexpectedPayload:
                    unknown.append(_unknown("post", item))
            offset += _POSTS_PAGE
            more = fresh and bool(items) and offset < _total(answer, "count")
        return posts, unknown

    async def _post_comments(self, post: int, floor: int) -> AsyncIterator[Page]:
        """Yield a post's comments from *floor* on, page by page of the first level."""
        offset, more = 0, True
        while more:
            try:
                answer = await self._comment_page(post, offset)
            except PermissionMissing as error:
                yield Page({}, note=f"The comments of post {post} cannot be read: {error}")
                return
            top = _list(answer, "items")
            below = [reply for item in top for reply in await self._replies(post, item, floor)]
            yield await self._comments(post, [*top, *below], floor)
            offset += _COMMENTS_PAGE
            level = "current_level_count" if "current_level_count" in answer else "count"
            more = bool(top) and offset < _total(answer, level)

    async def _replies(self, post: int, item: object, floor: int) -> list[object]:
        """Return the replies below one comment of the first level; VK shows up to 10 unasked."""
        top = item if isinstance(item, dict) else {}
        thread = top.get("thread")
        if not isinstance(thread, dict):
            return []
        shown, count = thread.get("items"), thread.get("count")
        replies = list(shown) if isinstance(shown, list) else []
        number = top.get("id")
        if not isinstance(number, int) or not isinstance(count, int) or count <= len(replies):
            return replies
        replies, offset, more = [], 0, True
        while more:
            answer = await self._comment_page(post, offset, top=number)
            items = _list(answer, "items")
            replies += items
            offset += _COMMENTS_PAGE
            oldest = items[-1].get("date") if items and isinstance(items[-1], dict) else None
            fresh = isinstance(oldest, int) and oldest >= floor
            more = fresh and offset < count
        return replies

    async def _comment_page(self, post: int, offset: int, top: int | None = None) -> Json:
        """Return a page of the first level or, with *top*, of what stands below that comment."""
        params = {
            "owner_id": -self._group_id, "post_id": post, "offset": offset,
            "count": _COMMENTS_PAGE, "sort": "desc", "preview_length": 0, "need_likes": 0,
            "thread_items_count": 10, "extended": 1, "fields": _PROFILE_FIELDS,
            **({} if top is None else {"comment_id": top}),
        }  # fmt: skip
        answer = _object(await self._read_wall("wall.getComments", params), "response")
        self._people.learn(answer)
        return answer

    async def _comments(self, post: int, items: Iterable[object], floor: int) -> Page:
        now = self._clock.now()

        def read(item: Json) -> Message:
            # A deleted comment names neither its wall nor its post.
            whole = {"owner_id": -self._group_id, "post_id": post, **item}
            return _comment(_WALL, whole, self._group_id, now)

        messages, unknown = _sift(items, "comment", read)
        fresh = [message for message in messages if message.sent_at >= _instant(floor)]
        return Page({}, messages=await self._people.name(_folded(fresh)), unknown=unknown)

    async def _read_wall(self, method: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - each method has its own answer
        if self._service is None:
            raise PermissionMissing("reading the wall needs a service_token")
        return await self._service.call(method, params)

    # Sending

    async def send(self, reply: OutgoingReply) -> SendResult:
        """Write a private message or a comment as the community."""
        _require_sendable(reply.text)
        private = _DM_THREAD.fullmatch(reply.thread_id)
        if private is not None:
            message = await self._send_direct(int(private[1]), reply)
        else:
            message = await self._send_comment(_comment_place(reply), reply)
        return SendResult((await self._people.name([message]))[0])

    async def _send_direct(self, peer: int, reply: OutgoingReply) -> Message:
        random_id = _random_id(reply.key)
        if (found := await self._already_sent(peer, random_id)) is not None:
            return found
        params = {
            "group_id": self._group_id, "peer_id": peer, "random_id": random_id,
            "message": reply.text,
        }  # fmt: skip
        number = await self._api.call("messages.send", params, _DM_REFUSALS)
        params = {"group_id": self._group_id, "message_ids": number}
        answer = _object(await self._api.call("messages.getById", params), "response")
        sent = next(iter(_list(answer, "items")), None)
        if sent is None:
            raise Unavailable("messages.getById: VK does not show the message it has taken")
        return _direct_message(_object(sent, "message"), self._group_id)

    async def _already_sent(self, peer: int, random_id: int) -> Message | None:
        """Return our message of that *random_id*: VK itself knows a repetition only for an hour."""
        params = {"group_id": self._group_id, "peer_id": peer, "count": _HISTORY_PAGE}
        answer = await self._api.call("messages.getHistory", params, _DM_REFUSALS)
        for item in _list(_object(answer, "response"), "items"):
            if isinstance(item, dict) and item.get("random_id") == random_id and item.get("out"):
                return _direct_message(item, self._group_id)
        return None

    async def _send_comment(self, place: _CommentPlace, reply: OutgoingReply) -> Message:
        api = self._api if place.kind is _WALL else self._user
        if api is None:
            raise SendRefused(
                "VK lets only a user answer here; give the account a user_token or answer in VK."
            )
        params = _comment_params(place, reply, self._group_id)
        answer = await api.call(place.kind.method, params, _COMMENT_REFUSALS)
        stack = answer.get("parents_stack") if isinstance(answer, dict) else None
        written = {
            "id": answer.get("comment_id") if isinstance(answer, dict) else answer,
            "date": _unix(self._clock.now()), "from_id": -self._group_id, "text": reply.text,
            place.kind.owner_key: place.owner, place.kind.below_key: place.below,
            "parents_stack": stack or [place.root], "reply_to_comment": place.answered,
        }  # fmt: skip
        return _comment(place.kind, written, self._group_id, self._clock.now())

    # Check and close

    async def check(self) -> AccountCheck:
        """Ask for the community's name, the token's rights, and which events are switched on."""
        own = {"group_id": self._group_id}
        groups = _groups(await self._api.call("groups.getById", own))
        name = _community(_object(next(iter(groups), None), "group")).name
        told = await self._api.call("groups.getTokenPermissions", {})
        rights = {
            right.get("name")
            for right in _list(_object(told, "response"), "permissions")
            if isinstance(right, dict)
        }
        events = await self._enabled_events()
        wall = await self._wall_trouble() if Stream.COMMENTS in self._settings.streams else ""
        checks: dict[Stream, Callable[[], StreamCheck]] = {
            Stream.DIRECT_MESSAGES: partial(_check_messages, rights, events),
            Stream.COMMENTS: partial(_check_comments, rights, events, wall),
            Stream.MENTIONS: _check_mentions,
        }
        return AccountCheck(
            f"{name} (club{self._group_id})", [checks[each]() for each in self._settings.streams]
        )

    async def _enabled_events(self) -> frozenset[str] | None:
        """Return the events that the long poll delivers, or None where it is off or closed."""
        try:
            params = {"group_id": self._group_id}
            answer = await self._api.call("groups.getLongPollSettings", params)
        except PermissionMissing:
            return None
        settings = _object(answer, "response")
        if not settings.get("is_enabled"):
            return None
        events = _object(settings.get("events"), "events")
        return frozenset(name for name, on in events.items() if on)

    async def _wall_trouble(self) -> str:
        """Return why the wall cannot be read back, or "" where it can."""
        if self._service is None:
            return "there is no service_token to read the wall back"
        try:
            await self._read_wall("wall.get", {"owner_id": -self._group_id, "count": 1})
        except (OperatorError, UnexpectedPayload) as error:
            return f"the wall cannot be read back: {error}"
        return ""

    async def close(self) -> None:
        """Give back connections and threads, whatever is under way."""
        apis = [api for api in (self._api, self._service, self._user) if api is not None]
        await asyncio.gather(self._long_poll.close(), *(api.close() for api in apis))


def _optional(token: Secret | None, words: str, settings: Settings) -> _Api | None:
    return None if token is None else _Api(vk_api.VkApi, token, words, settings)


def _first_time(raw: object, told: set[str]) -> bool:
    """Whether an event is new; VK may tell one twice, and old versions give it no id."""
    event_id = raw.get("event_id") if isinstance(raw, dict) else None
    if not isinstance(event_id, str):
        return True
    first = event_id not in told
    told.add(event_id)
    return first


def _folded(messages: Iterable[Message]) -> list[Message]:
    """Return the last state of each message; a deletion keeps what was told of it before."""
    latest: dict[str, Message] = {}
    for message in messages:
        before = latest.get(message.remote_id)
        if before is not None and message.deleted:
            message = replace(before, deleted=True)  # noqa: PLW2901 - the same message, known better
        latest[message.remote_id] = message
    return list(latest.values())


def _total(answer: Json, key: str) -> int:
    """Return how many items there are in all; 0, which ends the paging, where VK does not say."""
    total = answer.get(key)
    return total if isinstance(total, int) else 0


# Check ----------------------------------------------------------------------------------------

_LONG_POLL_OFF = "switch on the Long Poll API in VK: Manage, API usage, Long Poll API"


def _missing_events(events: frozenset[str] | None, *wanted: str) -> str:
    """Return what to switch on so that the long poll tells of *wanted*, or ""."""
    if events is None:
        return _LONG_POLL_OFF
    missing = [name for name in wanted if name not in events]
    return f"switch on the long-poll events {', '.join(missing)}" if missing else ""


def _check_messages(rights: set[Any], events: frozenset[str] | None) -> StreamCheck:
    """Messages can be read without the long poll, only later; without the right, not at all."""
    if "messages" not in rights:
        text = "the community token lacks the right 'messages'; make one that has it"
        return StreamCheck(Stream.DIRECT_MESSAGES, ok=False, text=text)
    text = _missing_events(events, "message_new", "message_reply", "message_edit")
    return StreamCheck(Stream.DIRECT_MESSAGES, ok=True, text=text)


def _check_comments(
    rights: set[Any], events: frozenset[str] | None, wall_trouble: str
) -> StreamCheck:
    """Comments come by the long poll, or at least those on the wall by the service token."""
    changes = ("new", "edit", "delete", "restore")
    off = _missing_events(events, *(f"wall_reply_{change}" for change in changes))
    told = events is not None and "wall_reply_new" in events
    mute = "" if "wall" in rights else "the community token lacks the right 'wall' to answer"
    text = "; ".join(filter(None, (off, wall_trouble, mute)))
    return StreamCheck(Stream.COMMENTS, ok=told or not wall_trouble, text=text)


def _check_mentions() -> StreamCheck:
    text = "VK shows mentions to a user token alone, and they are not read yet; leave them out"
    return StreamCheck(Stream.MENTIONS, ok=False, text=text)
