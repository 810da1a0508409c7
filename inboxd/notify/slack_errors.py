"""
What Slack's refusals mean: who must act, and what they must do. Pure.

Whether a failed post may have arrived decides between Unavailable and OutcomeUnknown. Slack
documents of ``internal_error`` and ``fatal_error`` that "some aspect of the operation" may have
succeeded, and a gateway's 500, 502 or 504 knows no more; 503 and ``service_unavailable`` are said
before any work begins. Sources: docs.slack.dev/reference/methods/chat.postMessage (errors) and
docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from inboxd.errors import (
    InboxdError,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    SinkRefused,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
# A workspace that moves into an organisation takes nothing for a while: the last two.
_NOT_BEGUN = frozenset(
    {"service_unavailable", "request_timeout", "team_added_to_org", "org_login_required"}
)
_PERHAPS_DONE = frozenset({"internal_error", "fatal_error", "rollup_error"})
UNFIT = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_payload",
        "msg_too_long",
        "msg_blocks_too_long",
    }
)
"""What Slack calls a message that it does not take for its form or its length."""
_OUR_FAULT = "Slack does not accept the message's form; that is a fault in inboxd, please report it"
_REINSTALL = "install the Slack app again and give inboxd the new bot token"
_NEW_WEBHOOK = "make a new incoming webhook and give inboxd its URL"
_REMEDIES = {
    "invalid_auth": _REINSTALL,
    "not_authed": _REINSTALL,
    "account_inactive": _REINSTALL,
    "token_revoked": _REINSTALL,
    "token_expired": _REINSTALL,
    "channel_not_found": "check the sink's channel (its id, C…) and invite the app to it",
    "not_in_channel": "invite the app to the channel (/invite) or give it chat:write.public",
    "is_archived": "unarchive the channel or choose another one",
    "channel_is_archived": "unarchive the channel or choose another one",
    "missing_scope": "give the Slack app the missing scope and install it again",
    "restricted_action": "ask a workspace administrator to let the app post in the channel",
    "action_prohibited": "ask a workspace administrator to let the app post in the channel",
    "posting_to_general_channel_denied": "choose another channel than the workspace's general one",
    "invalid_token": _NEW_WEBHOOK,
    "no_service": _NEW_WEBHOOK,
    "no_team": _NEW_WEBHOOK,
    "user_not_found": _NEW_WEBHOOK,
} | dict.fromkeys(UNFIT, _OUR_FAULT)
_CODE = re.compile(r"[a-z][a-z0-9_]{2,60}")
_LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """Slack's answer that is no success; *code* is its name for the error, where it gave one."""

    status: int
    code: str
    headers: Mapping[str, str]


class SlackRefused(SinkRefused):
    """A refusal that remembers Slack's own *code*, for those who can do without a detail."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


def code_in(body: object) -> str:
    """Return the error's name if *body* is one, "" for pages and prose: they are not repeated."""
    name = body.strip() if isinstance(body, str) else ""
    return name if _CODE.fullmatch(name) else ""


def translate(sink: str, answer: Answer, now: datetime) -> InboxdError:
    """Return the error that *answer* amounts to; never one that names an address or a token."""
    said = f"sink {sink}: Slack answered {answer.status}"
    if answer.code:
        said += f" {answer.code}"
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.code in _LIMITED:
        return RateLimited(said, _until(answer.headers, now))
    if transient := _transient(answer):
        return transient(said)
    remedy = _REMEDIES.get(answer.code) or _by_status(answer.status)
    return SlackRefused(f"{said}; {remedy}", answer.code)


def _transient(answer: Answer) -> type[OutcomeUnknown | NetworkError] | None:
    if answer.code in _NOT_BEGUN or answer.status in {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }:
        return Unavailable
    if answer.code in _PERHAPS_DONE or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutcomeUnknown
    if answer.status < HTTPStatus.BAD_REQUEST and not answer.code:
        # Neither yes nor a reason: a proxy's page, or an answer that broke off.
        return OutcomeUnknown
    return None


def _by_status(status: int) -> str:
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return "check the sink's webhook_url or api_base"
    return "see docs.slack.dev for this error, and check the sink's settings"


def _until(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when to come back; None where Retry-After is absent or not in whole seconds."""
    value = headers.get("Retry-After", "")
    if not re.fullmatch(r"\d{1,9}", value):
        return None
    return now + min(timedelta(seconds=int(value)), _LONGEST_WAIT)
