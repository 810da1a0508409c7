"""Who may call: OAuth 1.0a signatures (RFC 5849) and bearer tokens, checked as X checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, quote, unquote

from inboxd.simulator.twitter import problems

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from aiohttp import web

Caller = Literal["user", "app"]

_ACCESS_LIFE = timedelta(hours=2)
_UNRESERVED = "-._~"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys that open the simulated account; *bearer* is the user's, *app_bearer* app-only."""

    consumer_key: str = "simulated-consumer-key"
    consumer_secret: str = field(default="simulated-consumer-secret", repr=False)
    access_token: str = field(default="2244994945-simulated", repr=False)
    access_token_secret: str = field(default="simulated-token-secret", repr=False)
    bearer: str = field(default="simulated-user-bearer", repr=False)
    app_bearer: str = field(default="simulated-app-bearer", repr=False)
    client_id: str = "simulated-client"
    client_secret: str = field(default="simulated-client-secret", repr=False)
    refresh_token: str = field(default="simulated-refresh-0", repr=False)


class Gate:
    """
    Tells who calls, or answers 401.

    A signature's timestamp is not compared with the clock, because simulated time runs apart from
    the caller's; a nonce that was used before is refused, as RFC 5849 section 3.3 wants.
    """

    def __init__(self, credentials: Credentials, now: Callable[[], datetime]) -> None:
        self._credentials = credentials
        self._now = now
        self._refresh_token = credentials.refresh_token
        self._pairs = 0
        self._access: dict[str, datetime] = {}
        self._used: set[tuple[str, str]] = set()

    def caller(self, request: web.Request) -> Caller:
        """Return on whose behalf the request comes."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._by_bearer(rest.strip())
        if scheme.lower() == "oauth" and self._is_signed(request, _header_parameters(rest)):
            return "user"
        raise problems.plain(401)

    def _by_bearer(self, token: str) -> Caller:
        if hmac.compare_digest(token.encode(), self._credentials.bearer.encode()):
            return "user"
        if hmac.compare_digest(token.encode(), self._credentials.app_bearer.encode()):
            return "app"
        if self._access.get(token, self._now()) > self._now():
            return "user"
        raise problems.plain(401)

    def refresh(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, object]]:
        """
        Exchange a refresh token (RFC 6749 section 6); X takes each once, and rotates.

        A confidential client shows its secret (Basic), a public one its client_id in the form.
        """
        keys = self._credentials
        pair = base64.b64encode(f"{keys.client_id}:{keys.client_secret}".encode()).decode()
        known = authorization == f"Basic {pair}" or (
            not authorization and form.get("client_id") == keys.client_id
        )
        if not known:
            return 401, _oauth_error("unauthorized_client", "Missing valid authorization header")
        if form.get("grant_type") != "refresh_token":
            return 400, _oauth_error("unsupported_grant_type", "Value passed was invalid.")
        if form.get("refresh_token") != self._refresh_token:
            return 400, _oauth_error("invalid_request", "Value passed for the token was invalid.")
        self._pairs += 1
        self._refresh_token = f"simulated-refresh-{self._pairs}"
        access = f"simulated-access-{self._pairs}"
        # The one before ends with its refresh token.
        self._access = {access: self._now() + _ACCESS_LIFE}
        return 200, {
            "token_type": "bearer",
            "expires_in": int(_ACCESS_LIFE.total_seconds()),
            "access_token": access,
            "refresh_token": self._refresh_token,
            "scope": "tweet.read tweet.write users.read dm.read dm.write offline.access",
        }

    def _is_signed(self, request: web.Request, oauth: dict[str, str]) -> bool:
        keys = self._credentials
        given = oauth.pop("oauth_signature", "")
        expected = sign(
            request.method,
            f"{request.url.scheme}://{request.host}{request.rel_url.raw_path}",
            [*parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True), *oauth.items()],
            keys.consumer_secret,
            keys.access_token_secret,
        )
        once = (oauth.get("oauth_timestamp", ""), oauth.get("oauth_nonce", ""))
        good = (
            oauth.get("oauth_consumer_key") == keys.consumer_key
            and oauth.get("oauth_token") == keys.access_token
            and oauth.get("oauth_signature_method") == "HMAC-SHA1"
            and oauth.get("oauth_version", "1.0") == "1.0"
            and once[0].isdecimal()
            and once not in self._used
            and hmac.compare_digest(given.encode(), expected.encode())
        )
        if good:
            self._used.add(once)
        return good


def _oauth_error(code: str, description: str) -> dict[str, object]:
    return {"error": code, "error_description": description}


def sign(
    method: str,
    url: str,
    parameters: list[tuple[str, str]],
    consumer_secret: str,
    token_secret: str,
) -> str:
    """
    Return the HMAC-SHA1 signature of a request, in base64 (RFC 5849 section 3.4).

    *url* has no query; *parameters* are those of the query and the oauth_ ones, decoded. A JSON
    body takes no part.
    """
    pairs = sorted((_encode(name), _encode(value)) for name, value in parameters)
    normalized = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), _encode(_base_uri(url)), _encode(normalized)))
    key = f"{_encode(consumer_secret)}&{_encode(token_secret)}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _base_uri(url: str) -> str:
    """Lower-case scheme and host and drop the scheme's own port (section 3.4.1.2)."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    scheme = scheme.lower()
    return f"{scheme}://{host.lower().removesuffix(_DEFAULT_PORTS.get(scheme, ''))}{slash}{path}"


def _encode(text: str) -> str:
    return quote(text, safe=_UNRESERVED)


def _header_parameters(header: str) -> dict[str, str]:
    """Read `name="value", …` of an OAuth header; realm takes no part in the signature."""
    pairs = (part.strip().partition("=") for part in header.split(",") if "=" in part)
    decoded = {unquote(name): unquote(value.strip('"')) for name, _, value in pairs}
    return {name: value for name, value in decoded.items() if name != "realm"}
