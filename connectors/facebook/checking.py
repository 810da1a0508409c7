"""
What `inboxd check --online` learns: whose token it is, until when it works, what it may do.

Facebook's own word on a token (debug_token) wants it as a parameter; in a batch that stands in
the body of a POST, so it is in no URL. A token may not always ask about itself: then what
counts is tried, and nothing is said of its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connectors.facebook.failures import (
    SEND_COMMENT,
    SEND_DM,
    WHO_IT_IS,
    BadRequest,
    Task,
)
from connectors.facebook.lists import LISTS, beside_the_feed, lists_of
from connectors.facebook.settings import REVIEWS_END
from connectors.facebook.shapes import Malformed, dig, id_of, integer, string
from inboxd import errors
from inboxd.connector import AccountCheck, StreamCheck
from inboxd.model import Stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connectors.facebook.settings import Settings
    from connectors.facebook.transport import Graph

_ITS_RIGHTS = Task("the token", ())
_RENEW = (
    "Make a new Page token from a long-lived user token, and put it where this account's `token` "
    "comes from."
)
_NEW_CONSENT = (
    "Let the person behind the token open the app and agree again: Facebook ends an app's access "
    "to data 90 days after that was done last. " + _RENEW
)


@dataclass(frozen=True, slots=True)
class Token:
    """What Facebook says of a token; empty where it says nothing."""

    kind: str = ""
    owner: str = ""
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None
    renewal: str = ""

    @classmethod
    def of(cls, answer: object) -> Token:
        """Read debug_token's answer; an instant of 0 is never."""
        told = dig(answer, "data")
        told = told if isinstance(told, dict) else {}
        scopes = told.get("scopes")
        ends = [
            (datetime.fromtimestamp(at, UTC), how)
            for key, how in (
                ("expires_at", _RENEW),
                ("data_access_expires_at", _NEW_CONSENT),
            )
            if 0 < (at := integer(told.get(key))) < _NEVER
        ]
        expires_at, renewal = min(ends, default=(None, ""))
        owner = told.get("profile_id")
        return cls(
            kind=string(told.get("type")).upper(),
            owner=str(owner) if isinstance(owner, str | int) else "",
            scopes=frozenset(map(str, scopes)) if isinstance(scopes, list) else frozenset(),
            expires_at=expires_at,
            renewal=renewal,
        )

    def shows(self, scopes: Iterable[str], now: datetime) -> bool:
        """
        Return whether what people wrote can be seen with it, as far as is told.

        Without the right scope, and once the access to data has ended, Graph shows lists
        without it as if it were not there.
        """
        return not self.lacks(scopes) and (self.expires_at is None or now < self.expires_at)

    def lacks(self, scopes: Iterable[str]) -> list[str]:
        """Return which of *scopes* it surely has not."""
        return [scope for scope in scopes if self.scopes and scope not in self.scopes]


_NEVER = 253402300800  # the year 10000, which no datetime has


async def check(graph: Graph, settings: Settings) -> AccountCheck:
    """Ask who the Page is, what the token may, and for one item of each list."""
    fields = {"fields": "id,name,username"}
    page = await graph.call("GET", settings.page_id, fields, WHO_IT_IS)
    token = await token_told(graph, settings)
    handle = string(page.get("username"))
    name = f"{string(page.get('name')) or settings.page_id}{handle and f' (@{handle})'}"
    if wrong := await _whose(graph, settings, token):
        streams = [StreamCheck(stream, ok=False, text=wrong) for stream in settings.streams]
    else:
        streams = [await _stream(graph, settings, token, stream) for stream in _order(settings)]
    return AccountCheck(
        name, streams, token.expires_at, token.renewal, end_is_told=bool(token.kind)
    )


async def token_told(graph: Graph, settings: Settings) -> Token:
    """Return what Facebook says of the token, if it says anything."""
    query = {"input_token": settings.token.get_secret_value()}
    try:
        (answer,) = await graph.post_batch(["debug_token"], _ITS_RIGHTS, query)
    except errors.InboxdError:
        return Token()
    return Token.of(answer)


async def _whose(graph: Graph, settings: Settings, token: Token) -> str:
    """Return why the token is the wrong one, empty if it is this Page's."""
    owner = token.owner
    if token.kind not in {"", "PAGE"}:
        return f"This is a token of kind {token.kind}: a Page token is needed. {_RENEW}"
    if not owner:
        try:
            owner = id_of(await graph.call("GET", "me", {"fields": "id"}, WHO_IT_IS))
        except (errors.UnexpectedPayload, errors.PermissionMissing, errors.Unavailable, Malformed):
            return ""
    if owner == settings.page_id:
        return ""
    return f"The token belongs to {owner} and not to the Page {settings.page_id}. {_RENEW}"


def _order(settings: Settings) -> list[Stream]:
    return list(dict.fromkeys(each.stream for each in lists_of(settings).values()))


async def _stream(graph: Graph, settings: Settings, token: Token, stream: Stream) -> StreamCheck:
    lists = {name: each for name, each in lists_of(settings).items() if each.stream is stream}
    told = [await _readable(graph, settings, name) for name in lists]
    texts = [text for _ok, text in told if text]
    ok = all(ok for ok, _text in told)
    if stream is Stream.COMMENTS:
        beside = [await _readable(graph, settings, name) for name in beside_the_feed(settings)]
        texts += [f"Read without: {text}" for _ok, text in beside if text]
    if stream is Stream.REVIEWS and ok:
        texts.append(REVIEWS_END)
    sends = SEND_DM if stream is Stream.DIRECT_MESSAGES else SEND_COMMENT
    scopes = [scope for each in lists.values() for scope in each.task.scopes]
    if lacking := token.lacks(dict.fromkeys([*scopes, *sends.scopes])):
        texts.append(f"The token lacks {', '.join(lacking)}.")
    return StreamCheck(stream, ok=ok, text=" ".join(texts))


async def _readable(graph: Graph, settings: Settings, name: str) -> tuple[bool, str]:
    """Return whether a list can be read, and why it cannot, or not all that belongs to it."""
    path, which, why = f"{settings.page_id}/{name}", LISTS[name], ""
    for params in filter(None, (which.params, which.simpler)):
        try:
            await graph.page(path, {**params, "limit": "1"}, which.task)
        except BadRequest as error:
            why = why or str(error)
        except (errors.OperatorError, errors.UnexpectedPayload) as error:
            return False, str(error)
        else:
            return True, why and f"Read without what is written below them: {why}"
    return False, why
