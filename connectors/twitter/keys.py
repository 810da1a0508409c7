"""How a request shows whose it is: a signature (OAuth 1.0a), or a token that lives two hours."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from oauthlib.oauth1 import Client as OAuth1Signer

from connectors.twitter.limits import refused_until
from connectors.twitter.payloads import as_object, as_string
from connectors.twitter.tokenfile import TokenFile, Tokens, seed_of
from inboxd import errors

if TYPE_CHECKING:
    from connectors.twitter.settings import Settings
    from inboxd.clock import Clock
    from inboxd.connector import Secret
    from inboxd.model import Json

_EARLY = timedelta(minutes=2)
"""A token this near its end is not begun with any more."""
_TOLD_NOTHING = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """What the token endpoint answered; *content* is None where that was no JSON object."""

    status: int
    headers: Mapping[str, str]
    content: Json | None


PostForm = Callable[[str, Mapping[str, str], Mapping[str, str]], Awaitable[FormAnswer]]
"""Posts a form to a path with some headers; raises Unavailable where nobody answers."""


class Keys(Protocol):
    """What the transport signs with."""

    async def ready(self, post: PostForm) -> None:
        """See to it that the next `header` is one that X takes."""

    def header(self, method: str, url: str) -> str:
        """Return the Authorization header of a request."""

    async def renewed(self, refused: str, post: PostForm) -> bool:
        """Whether there is another header now than the *refused* one."""


def keys_of(settings: Settings, clock: Clock) -> Keys:
    """Return the keys that an account has."""
    return OAuth2(settings, clock) if settings.has_oauth_2 else OAuth1(settings)


class OAuth1:
    """Four keys that do not expire."""

    def __init__(self, settings: Settings) -> None:
        self._signer = OAuth1Signer(
            _plain(settings.consumer_key),
            _plain(settings.consumer_secret),
            _plain(settings.access_token),
            _plain(settings.access_token_secret),
        )

    async def ready(self, post: PostForm) -> None:
        """Do nothing: they are."""

    def header(self, method: str, url: str) -> str:
        """Return the signature of one request, with a nonce that X takes once."""
        _url, headers, _body = self._signer.sign(url, method)
        return str(headers["Authorization"])

    async def renewed(self, refused: str, post: PostForm) -> bool:  # noqa: ARG002 - the protocol's
        """Return False: there is nothing else to try."""
        return False


class AppOnly:
    """An app's own token, which reads what is public and does not expire."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    async def ready(self, post: PostForm) -> None:
        """Do nothing: it is."""

    def header(self, method: str, url: str) -> str:  # noqa: ARG002 - the protocol's
        """Return the bearer token."""
        return f"Bearer {self._token.get_secret_value()}"

    async def renewed(self, refused: str, post: PostForm) -> bool:  # noqa: ARG002 - the protocol's
        """Return False: there is nothing else to try."""
        return False


class OAuth2:
    """
    A token of two hours, and a refresh token that can be used once.

    What comes for it is on the disk before it is used for anything. An answer of X's that is
    lost on its way takes the refresh token with it; then only a person can authorise anew.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        if settings.token_file is None:
            raise ValueError("OAuth 2.0 needs a token_file")
        self._clock = clock
        self._id = _plain(settings.client_id)
        self._secret = _plain(settings.client_secret)
        refresh = _plain(settings.refresh_token)
        self._given = Tokens(_plain(settings.access_token), refresh, seed_of(refresh))
        self._tokens: Tokens | None = None
        self._file = TokenFile(settings.token_file)
        self._turn = asyncio.Lock()

    async def ready(self, post: PostForm) -> None:
        """Refresh the token if it is about to end."""
        if not self._is_good(self._tokens):
            async with self._turn:
                if not self._is_good(self._tokens):
                    await self._refresh("", post)

    def header(self, method: str, url: str) -> str:  # noqa: ARG002 - the protocol's
        """Return the bearer token."""
        return f"Bearer {self._tokens.access if self._tokens else ''}"

    async def renewed(self, refused: str, post: PostForm) -> bool:
        """Refresh a token that X refused, unless that has been done meanwhile."""
        async with self._turn:
            if self.header("", "") == refused:
                await self._refresh(refused.removeprefix("Bearer "), post)
        return self.header("", "") != refused

    def _is_good(self, tokens: Tokens | None) -> bool:
        if tokens is None or not tokens.access:
            return False
        return tokens.expires_at is None or tokens.expires_at - self._clock.now() > _EARLY

    async def _refresh(self, refused: str, post: PostForm) -> None:
        async with self._file.locked():
            kept = await self._file.read()
            tokens = kept if kept is not None and kept.seed == self._given.seed else self._given
            if tokens.access == refused or not self._is_good(tokens):
                # First of all that it can be kept: what X gives is given once.
                await self._file.write(tokens)
                tokens = await self._exchanged(tokens, post)
                await self._file.write(tokens)
            self._tokens = tokens

    async def _exchanged(self, tokens: Tokens, post: PostForm) -> Tokens:
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
        headers = {}
        if self._secret:
            pair = f"{quote(self._id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self._id
        answer = await post("/2/oauth2/token", form, headers)
        content = as_object(answer.content)
        access = as_string(content.get("access_token"))
        if answer.status != 200 or not access:
            raise self._refused(answer)
        seconds = content.get("expires_in")
        life = timedelta(seconds=seconds) if isinstance(seconds, int) else _TOLD_NOTHING
        return replace(
            tokens,
            access=access,
            # Without the scope offline.access, or from a lenient server, it stays as it was.
            refresh=as_string(content.get("refresh_token")) or tokens.refresh,
            expires_at=self._clock.now() + life,
            scope=as_string(content.get("scope")),
        )

    def _refused(self, answer: FormAnswer) -> errors.InboxdError:
        """Return what a refused refresh means. Nothing of X's own words: they may name a token."""
        code = as_string(as_object(answer.content).get("error"))
        told = f"X answered HTTP {answer.status} to the refresh token"
        if answer.status == 429:
            until = refused_until(answer.headers, self._clock.now())
            return errors.RateLimited(told, until=until)
        if answer.status in (400, 401, 403) and answer.content is not None:
            known = f" ({code})" if code in _CODES else ""
            return errors.TokenInvalid(
                f"{told}{known}; {_CODES.get(code, _CODES['invalid_grant'])}"
            )
        return errors.Unavailable(told)


_ANEW = (
    "it was used up, withdrawn or has ended: authorise the app anew (scopes tweet.read, "
    "tweet.write, users.read, dm.read, dm.write, offline.access), and put the new refresh_token "
    "where the configuration looks for it"
)
_CLIENT = "check client_id, and client_secret if the app is a confidential client"
_CODES = {
    "invalid_grant": _ANEW,
    "invalid_request": _ANEW,
    "invalid_client": _CLIENT,
    "unauthorized_client": _CLIENT,
}


def _plain(secret: Secret | None) -> str:
    return "" if secret is None else secret.get_secret_value()
