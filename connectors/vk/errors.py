"""VK's error codes as the errors of inboxd: the code alone says who must act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.errors import (
    InboxdError,
    OperatorError,
    PermissionMissing,
    RateLimited,
    SendRefused,
    TokenInvalid,
    Unavailable,
    UnexpectedPayload,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

from connectors.vk.windows import LONGEST_MESSAGE, WHY_NOT

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
    211: _COMMENTS_CLOSED,
    212: _COMMENTS_CLOSED,
    213: _COMMENTS_CLOSED,
    222: "Links are forbidden in comments here; leave the link out.",
    223: "There are too many replies here; answer in a private message or later.",
    801: _COMMENTS_CLOSED,
    1401: _COMMENTS_CLOSED,
}


@dataclass(frozen=True, slots=True)
class Refusal:
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
