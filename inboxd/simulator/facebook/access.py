"""
Who may call the Graph API, and how much of the limits the calls have used.

Sources: developers.facebook.com/docs/graph-api/security (appsecret_proof) and
.../docs/graph-api/overview/rate-limiting (the usage headers).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from inboxd.simulator.facebook.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

INVALID_TOKEN = 467
_BUSINESS = "X-Business-Use-Case-Usage"


def bearer(request: web.Request, query: Mapping[str, Any]) -> str:
    """Return the token of the call: a parameter, or `Authorization: Bearer`; else an empty text."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    in_header = token.strip() if scheme.lower() == "bearer" else ""
    return str(query.get("access_token", in_header))


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    What a caller must know: the Page's token and, unless it is empty, the app's secret.

    An app without a secret here is one that does not require the proof; one that is
    sent all the same is not looked at.
    """

    page_token: str
    app_secret: str = ""
    public_token: str = ""
    """Of an app with Page Public Content Access: it reads others' Pages, and nothing of ours."""

    def is_public(self, token: str) -> bool:
        """Tell whether *token* is the one that reads what is public of any Page."""
        return bool(self.public_token) and _same(token, self.public_token)

    def check(self, token: str, query: Mapping[str, Any]) -> None:
        """Raise error 190 for a wrong token, 100 for a missing or wrong appsecret_proof."""
        if not token:
            raise GraphError(190, "An access token is required to request this resource.")
        if not _same(token, self.page_token) and not self.is_public(token):
            raise GraphError(190, "Invalid OAuth access token.", INVALID_TOKEN)
        if not self.app_secret:
            return
        if "appsecret_proof" not in query:
            raise GraphError(100, "API calls from the server require an appsecret_proof argument")
        proof = hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if not _same(str(query["appsecret_proof"]), proof):
            raise GraphError(100, "Invalid appsecret_proof provided in the API argument")


@dataclass(frozen=True, slots=True)
class Grant:
    """What debug_token tells of the Page's token; None is never."""

    kind: str = "PAGE"
    owner: str = ""
    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    scopes: tuple[str, ...] = (
        "pages_show_list",
        "pages_messaging",
        "pages_manage_metadata",
        "pages_read_engagement",
        "pages_read_user_content",
        "pages_manage_engagement",
        "pages_manage_ads",
        "ads_management",
    )

    def told(self, page_id: str) -> dict[str, object]:
        """Return the answer, as developers.facebook.com/docs/graph-api/reference/debug_token has it."""
        ends = (self.expires_at, self.data_access_expires_at)
        expires, data_ends = (0 if at is None else int(at.timestamp()) for at in ends)
        return {
            "data": {
                "app_id": "600000000000001",
                "type": self.kind,
                "application": "Lavka Inbox",
                "data_access_expires_at": data_ends,
                "expires_at": expires,
                "is_valid": True,
                "issued_at": 0,
                "profile_id": self.owner or page_id,
                "scopes": list(self.scopes),
                "user_id": "122100000000000001",
            }
        }


def _same(sent: str, expected: str) -> bool:
    return hmac.compare_digest(sent.encode(errors="replace"), expected.encode())


@dataclass(slots=True)
class Usage:
    """
    The calls of the last 24 hours, as a share of what the Page may make.

    *limit* is 4800 for each engaged user, of whom there is one here; the headers tell
    the share in per cent, and are absent for the first *silent* calls, as in the real
    API. Calls are refused only when *enforced*, which needs a clock as fast as the caller.
    """

    limit: int = 4800
    silent: int = 20
    enforced: bool = False
    kind: str = "pages"
    """Of the business use case: "pages", or "messenger"."""
    calls: int = 0
    _recent: deque[datetime] = field(default_factory=deque)
    _conversations: deque[datetime] = field(default_factory=deque)

    def count(self, now: datetime) -> None:
        """Count a call."""
        self.calls += 1
        _push(self._recent, now, timedelta(hours=24))

    def refuse(self, edge: str, now: datetime) -> None:
        """Raise error 80001 above the limit, 613 above two calls a second for conversations."""
        if not self.enforced:
            return
        if len(self._recent) > self.limit:
            raise GraphError(80001)
        if edge == "conversations":
            _push(self._conversations, now, timedelta(seconds=1))
            if len(self._conversations) > 2:
                raise GraphError(613)

    def headers(self, page_id: str) -> dict[str, str]:
        """Return the usage headers of the answer to the call counted last."""
        if self.calls <= self.silent:
            return {}
        share = min(100, len(self._recent) * 100 // self.limit)
        if self.kind != "pages":
            return {_BUSINESS: json.dumps({page_id: [_use(self.kind, share, 0)]})}
        return _usage(page_id, share, 0)

    def exhausted(self, page_id: str, regain: timedelta) -> dict[str, str]:
        """Return the headers of a Page that has used all it has; the wait is in minutes."""
        return _usage(page_id, 100, math.ceil(regain / timedelta(minutes=1)))


def _push(calls: deque[datetime], now: datetime, span: timedelta) -> None:
    while calls and now - calls[0] >= span:
        calls.popleft()
    calls.append(now)


def _usage(page_id: str, share: int, regain_minutes: int) -> dict[str, str]:
    usage = {"call_count": share, "total_time": share, "total_cputime": share}
    return {
        "X-App-Usage": json.dumps(usage),
        "X-Page-Usage": json.dumps(usage),
        _BUSINESS: json.dumps({page_id: [_use("pages", share, regain_minutes)]}),
    }


def _use(kind: str, share: int, regain_minutes: int) -> dict[str, object]:
    return {
        "type": kind,
        "call_count": share,
        "total_time": share,
        "total_cputime": share,
        "estimated_time_to_regain_access": regain_minutes,
    }
