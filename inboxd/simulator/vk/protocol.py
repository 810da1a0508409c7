"""
What every VK method shares: tokens, parameters, error codes, rate limits.

Facts are of API 5.199 (VKCOM/vk-api-schema) and dev.vk.com/reference/errors.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]

VERSION = "5.199"

ERRORS: Mapping[int, str] = {
    1: "Unknown error occurred",
    3: "Unknown method passed",
    5: "User authorization failed",
    6: "Too many requests per second",
    7: "Permission to perform this action is denied",
    8: "Invalid request",
    9: "Flood control",
    10: "Internal server error",
    12: "Unable to compile code",
    13: "Runtime error occurred during code invocation",
    14: "Captcha needed",
    15: "Access denied",
    17: "Validation required",
    18: "User was deleted or banned",
    27: "Group authorization failed",
    28: "Application authorization failed",
    29: "Rate limit reached",
    30: "This profile is private",
    100: "One of the parameters specified was missing or invalid",
    104: "Not found",
    113: "Invalid user id",
    212: "Access to post comments denied",
    213: "Access to status replies denied",
    222: "Hyperlinks are forbidden",
    223: "Too many replies",
    801: "Comments for this video are closed",
    900: "Can't send messages for users from blacklist",
    901: "Can't send messages for users without permission",
    902: "Can't send messages to this user due to their privacy settings",
    914: "Message is too long",
    936: "Contact not found",
    1401: "Comments for this market are closed",
}


class TokenKind(StrEnum):
    """The kinds of access token, in the words of the schema's `access_token_type`."""

    USER = "user"
    GROUP = "group"
    SERVICE = "service"


class VkError(Exception):
    """A failed call; the facade answers it as HTTP 200 with an `error` object."""

    def __init__(self, code: int, detail: str = "", **extra: str) -> None:
        super().__init__(f"{ERRORS[code]}: {detail}" if detail else ERRORS[code])
        self.code = code
        self.extra = extra


class Params:
    """The form parameters of one call, read as the types the method declares."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def text(self, name: str, default: str = "") -> str:
        """Return the parameter as it came."""
        return self._values.get(name, default)

    def flag(self, name: str) -> bool:
        """Return a boolean; Python's "True" is no spelling that a client may rely on."""
        return self._values.get(name) in {"1", "true"}

    def integer(self, name: str, default: int | None = None) -> int:
        """Return an integer; raise error 100 if it is missing (without a default) or no number."""
        raw = self._values.get(name, "").strip()
        if not raw and default is not None:
            return default
        if not raw:
            raise VkError(100, f"{name} is undefined")
        try:
            return int(raw)
        except ValueError:
            raise VkError(100, f"{name} not integer") from None

    def between(self, name: str, default: int, least: int, most: int) -> int:
        """Return an integer of a closed range; raise error 100 outside it."""
        value = self.integer(name, default)
        if value < least:
            raise VkError(100, f"{name} should be greater or equal to {least}")
        if value > most:
            raise VkError(100, f"{name} should be less or equal to {most}")
        return value

    def integers(self, name: str) -> list[int]:
        """Return a comma-separated list of integers; empty where the parameter is absent."""
        try:
            return [int(part) for part in self.texts(name)]
        except ValueError:
            raise VkError(100, f"{name} not integer") from None

    def texts(self, name: str) -> list[str]:
        """Return a comma-separated list; empty where the parameter is absent."""
        return [part.strip() for part in self._values.get(name, "").split(",") if part.strip()]


# Which token may call what: `methods.*.access_token_type` of VKCOM/vk-api-schema 5.199.
_ANY = frozenset(TokenKind)
_PRIVATE = frozenset({TokenKind.USER, TokenKind.GROUP})
_READ = frozenset({TokenKind.USER, TokenKind.SERVICE})
_USER = frozenset({TokenKind.USER})
ACCESS: Mapping[str, frozenset[TokenKind]] = {
    "board.createComment": _USER,
    "board.getComments": _READ,
    "board.getTopics": _READ,
    "execute": _PRIVATE,
    "groups.getById": _ANY,
    "groups.getLongPollServer": _PRIVATE,
    "groups.getLongPollSettings": _PRIVATE,
    "groups.getTokenPermissions": frozenset({TokenKind.GROUP}),
    "groups.setLongPollSettings": _PRIVATE,
    "messages.getByConversationMessageId": _PRIVATE,
    "messages.getById": _PRIVATE,
    "messages.getConversations": _PRIVATE,
    "messages.getHistory": _PRIVATE,
    "market.createComment": _USER,
    "market.getComments": _USER,
    "messages.send": _PRIVATE,
    "newsfeed.getMentions": _USER,
    "newsfeed.search": _READ,
    "photos.createComment": _USER,
    "photos.getAllComments": _USER,
    "photos.getComments": _USER,
    "users.get": _ANY,
    "utils.getServerTime": _ANY,
    "video.createComment": _USER,
    "video.getComments": _USER,
    "wall.createComment": _PRIVATE,
    "wall.get": _READ,
    "wall.getById": _READ,
    "wall.getComment": _USER,
    "wall.getComments": _READ,
}

_DENIAL: Mapping[TokenKind, tuple[int, str]] = {
    TokenKind.GROUP: (27, "method is unavailable with group auth."),
    TokenKind.SERVICE: (28, "method is unavailable with service token"),
    TokenKind.USER: (15, "no access to call this method"),
}


def authorise(method: str, token: str, tokens: Mapping[str, TokenKind]) -> TokenKind:
    """
    Return the kind of *token*, once it may call *method*.

    Raises error 5 for no token or an unknown one, 3 for an unknown method, and 27,
    28 or 15 for a community, service or user token that may not call this method.
    """
    if not token:
        raise VkError(5, "no access_token passed.")
    kind = tokens.get(token)
    if kind is None:
        raise VkError(5, "invalid access_token (4).")
    allowed = ACCESS.get(method)
    if allowed is None:
        raise VkError(3)
    if kind not in allowed:
        raise VkError(*_DENIAL[kind])
    return kind


def require_version(version: str) -> None:
    """Raise error 8 unless *version* is one that answers in the shapes served here."""
    if not version:
        raise VkError(8, "v (version) is required")
    if version != VERSION:
        raise VkError(8, f"the simulator speaks {VERSION} only")


_PER_SECOND: Mapping[TokenKind, int] = {
    TokenKind.GROUP: 20,
    TokenKind.USER: 3,
    TokenKind.SERVICE: 3,
}


@dataclass(slots=True)
class RateLimit:
    """
    Calls of the last second by token; error 6 above what the token may make.

    Source: dev.vk.com/api/api-requests, 20 a second for a community, else 3.
    """

    enabled: bool = False
    _calls: dict[str, deque[datetime]] = field(default_factory=dict)

    def count(self, token: str, kind: TokenKind, now: datetime) -> None:
        """Count a call, or raise error 6 without counting it."""
        if not self.enabled:
            return
        calls = self._calls.setdefault(token, deque())
        while calls and now - calls[0] >= timedelta(seconds=1):
            calls.popleft()
        if len(calls) >= _PER_SECOND[kind]:
            raise VkError(6)
        calls.append(now)


DAILY: Mapping[str, int] = {"wall.get": 5000, "wall.search": 1000, "newsfeed.search": 1000}
"""Calls a token may make of a method in a day. Source: dev.vk.com, in python273/vk_api#411."""


@dataclass(slots=True)
class DailyLimit:
    """Calls of today by token and method; error 29 above what *limits* allow."""

    limits: Mapping[str, int] = field(default_factory=lambda: DAILY)
    _calls: Counter[tuple[date, str, str]] = field(default_factory=Counter)

    def count(self, token: str, method: str, now: datetime) -> None:
        """Count a call, or raise error 29 without counting it."""
        limit, key = self.limits.get(method), (now.date(), token, method)
        if limit is None:
            return
        if self._calls[key] >= limit:
            raise VkError(29)
        self._calls[key] += 1


def error_body(error: VkError, request: Sequence[tuple[str, str]]) -> Json:
    """
    Return the JSON of a failed call.

    *request* is echoed whole, access_token included, as the real API does: a trap
    for whoever logs an error text.
    """
    echoed = [{"key": key, "value": value} for key, value in request]
    return {
        "error": {
            "error_code": error.code,
            "error_msg": str(error),
            **error.extra,
            "request_params": echoed,
        }
    }
