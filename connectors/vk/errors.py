"""VK's error codes as the errors of inboxd: the code alone says who must act."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.vk.windows import COMMENTS_CLOSED, LONGEST_MESSAGE, WHY_NOT
from inboxd.errors import (
    InboxdError,
    OperatorError,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    SendRefused,
    TokenInvalid,
    Unavailable,
    UnexpectedPayload,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

QUOTA_REACHED = 29

_TOKEN_INVALID = frozenset({4, 5, 1114, 1116, 1117, 1118})
_NO_PERMISSION = frozenset(
    {
        *(2, 7, 15, 18, 19, 20, 21, 23, 24, 25, 27, 28, 30, 41, 42),
        *(200, 201, 203, 210, 211, 212, 213, 260, 801, 1401),
        *(917, 922, 925, 927, 932, 936, 945, 946, 962),
    }
)
_BROKEN = frozenset({1, 10, 13, 43})
_PROVE_HUMAN = frozenset({14, 3300})
_PROVE_OWNER = frozenset({16, 17, 3301, 3302, 3303, 3304, 3609, 11500})
_SWITCHED_OFF = frozenset({11, 37, 38, 3610, 3611})

# How long to leave VK alone; it names no times itself.
_A_MOMENT = timedelta(seconds=1)  # 6, too many calls in one second
_AFTER_A_FLOOD = timedelta(minutes=2)  # 9, the same thing done too often
_AFTER_A_CAPTCHA = timedelta(minutes=5)

# The right that a token needs, by the first part of a method's name and the kind of token.
_COMMUNITY_RIGHTS = {"messages": "messages", "groups": "manage", "wall": "wall"}
_USER_RIGHTS = {
    "photos": "photos",
    "video": "video",
    "market": "market",
    "board": "groups",
    "wall": "wall",
    "newsfeed": "wall",
    "messages": "messages",
    "groups": "groups",
}
_WRONG_KIND = {
    27: "a community token cannot do this",
    28: "a service token cannot do this",
}
_NOBODY_MAY = "VK does not let the community do this; look at its rights and settings in VK."


DM_REFUSALS: Mapping[int, str] = {
    **WHY_NOT,
    7: _NOBODY_MAY,
    15: _NOBODY_MAY,
    100: "VK does not take this message; look at it in VK.",
    914: f"The message is too long; VK takes {LONGEST_MESSAGE} characters. Shorten or split it.",
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


COMMENT_REFUSALS: Mapping[int, str] = {
    7: _NOBODY_MAY,
    15: _NOBODY_MAY,
    100: "VK does not take this comment; what it answers may be gone. Look at it in VK.",
    211: COMMENTS_CLOSED,
    212: COMMENTS_CLOSED,
    213: COMMENTS_CLOSED,
    222: "Links are forbidden in comments here; leave the link out.",
    223: "There are too many replies here; answer in a private message or later.",
    801: COMMENTS_CLOSED,
    1401: COMMENTS_CLOSED,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """VK's `error` object, with all that may be told of it."""

    code: int
    text: str
    method: str
    token: str
    """Which of the tokens was used, in words."""

    def translated(
        self, refusals: Mapping[int, str], now: datetime, *, sending: bool = False
    ) -> InboxdError:
        """
        Return who must do what; *refusals* are the codes that blame what is being sent.

        Only what broke within VK may have been carried out when *sending*; any other code is a no.
        """
        said = f"{self.method}: VK error {self.code}, {self.text}"
        if self.code in refusals:
            return SendRefused(f"{refusals[self.code]} (VK error {self.code})")
        if self.code == 100 and self.method == "groups.getLongPollServer":
            return PermissionMissing(
                "the Long Poll API is off; switch it on in VK: Manage, API usage, Long Poll API"
            )
        if self.code in _TOKEN_INVALID:
            return TokenInvalid(f"VK refuses the {self.token}; make a new one ({said})")
        if self.code in _BROKEN:
            return in_doubt(said) if sending else Unavailable(said)
        if self.code in _NO_PERMISSION:
            return PermissionMissing(f"look at the {self.token}{self._wanted()} ({said})")
        return self._wait(said, now) or self._somebodys_fault(said)

    def _wanted(self) -> str:
        if self.code in _WRONG_KIND:
            return f": {_WRONG_KIND[self.code]}"
        rights = _USER_RIGHTS if self.token.startswith("user") else _COMMUNITY_RIGHTS
        right = rights.get(self.method.split(".", maxsplit=1)[0], "")
        # A service token has no rights to choose: there it is the thing read that is closed.
        return f" and its right {right!r}" if right and "service" not in self.token else ""

    def _wait(self, said: str, now: datetime) -> InboxdError | None:
        """Return the error that is over after a while, if it is one."""
        if self.code == 6:
            return RateLimited(said, now + _A_MOMENT)
        if self.code == 9:
            return RateLimited(said, now + _AFTER_A_FLOOD)
        if self.code == QUOTA_REACHED:
            return RateLimited(f"VK's limit for today is reached ({said})", self.quota_ends(now))
        if self.code in _PROVE_HUMAN:
            return RateLimited(
                f"VK wants a captcha solved before the {self.token} goes on; inboxd asks less often "
                f"and tries again ({said})",
                now + _AFTER_A_CAPTCHA,
            )
        return None

    def quota_ends(self, now: datetime) -> datetime:
        """
        Return until when a method rests after error 29.

        The methods with a published limit count by the day; of the others nothing is known, so
        they are tried again within the hour.
        """
        midnight = next_midnight(now)
        return midnight if self.method in DAILY_LIMITS else min(midnight, now + timedelta(hours=1))

    def _somebodys_fault(self, said: str) -> InboxdError:
        if self.code in _PROVE_OWNER:
            return OperatorError(
                f"log in to VK in a browser as the owner of the {self.token} and confirm what "
                f"it asks ({said})"
            )
        if self.code in _SWITCHED_OFF:
            return OperatorError(f"VK has switched off who owns the {self.token} ({said})")
        return UnexpectedPayload(said)


def in_doubt(why: object) -> OutcomeUnknown:
    """Return the error of something sent of which nobody can tell whether VK has taken it."""
    return OutcomeUnknown(f"{why}; VK may have taken it")


DAILY_LIMITS: Mapping[str, int] = {"wall.get": 5000, "wall.search": 1000, "newsfeed.search": 1000}
"""Calls a token and day. Source: dev.vk.com, quoted in python273/vk_api#411."""


def next_midnight(now: datetime) -> datetime:
    """Return when the UTC day of *now* ends; VK does not say in which zone its day begins."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
