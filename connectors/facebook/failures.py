"""What an answer of Graph's means when it is not what was asked for; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from connectors.facebook.shapes import integer, string
from inboxd import errors

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.model import Json


@dataclass(frozen=True, slots=True)
class Task:
    """What a call is for, in an error's words; *sending* is what must not be done twice."""

    name: str
    permissions: str
    sending: bool = False


WHO_IT_IS = Task("the Page", "pages_show_list and pages_read_engagement")
SEND_DM = Task("the reply", "pages_messaging", sending=True)
SEND_COMMENT = Task("the reply", "pages_manage_engagement", sending=True)

TOKEN_CAUSES = {
    458: "the app was removed from the account",
    459: "Facebook wants the person behind it to log in and confirm something",
    460: "the person behind it changed their password",
    463: "it has expired",
    464: "the person behind it has not confirmed their account",
    492: "the person behind it may no longer act for the Page",
}
WHY_NOT_SENT = {
    2018001: "Messenger knows no such person; they may have deleted the conversation",
    2018065: "the time to reply is over; answer when the customer writes again",
    2018108: "this person cannot receive messages at present",
    2018278: "the time to reply is over; answer when the customer writes again",
    1893063: "the Page is restricted from sending for now; see Page Quality on Facebook",
}
RATE_CODES = frozenset({4, 17, 32, 341, 613, 80001, 80006})
PERMISSION_CODES = frozenset({3, 10, *range(200, 300)})
REVIEWS_ENDED = (
    "Facebook answers reviews only up to Graph API v21.0, which ends on 2027-01-21: set "
    'api_version = "v21.0" until then, or take "reviews" out of this account\'s streams.'
)


class BadRequest(errors.UnexpectedPayload):
    """Graph's error 100: it does not know, or no longer knows, what was asked for."""


def answer_of(status: int, body: bytes, task: Task, until: datetime | None) -> Json:
    """Return the JSON object that Graph answered with, or raise what it means."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        raise graph_error(answer["error"], status, task, until)
    if isinstance(answer, dict) and status == 200:
        return answer
    text = f"{task.name}: Facebook answered HTTP {status} without usable JSON."
    # What a server refuses (3xx, 4xx) was surely not carried out; anything else may have been.
    in_doubt = task.sending and not 300 <= status < 500
    raise (errors.OutcomeUnknown if in_doubt else errors.Unavailable)(text)


def unanswered(error: Exception, task: Task) -> errors.InboxdError:
    """Return what a call without an answer is: one never begun is surely not carried out."""
    never_begun = (
        aiohttp.ClientConnectorError,
        aiohttp.ConnectionTimeoutError,
        aiohttp.InvalidURL,
    )
    why = type(error).__name__
    if isinstance(error, never_begun):
        return errors.Unavailable(f"{task.name}: Facebook cannot be reached ({why}).")
    lost = errors.OutcomeUnknown if task.sending else errors.Unavailable
    return lost(f"{task.name}: Facebook's answer was lost ({why}).")


def graph_error(error: Json, status: int, task: Task, until: datetime | None) -> errors.InboxdError:
    """Return what Graph's *error* is to us, by its code: texts and statuses change."""
    code, subcode = integer(error.get("code")), integer(error.get("error_subcode"))
    number = f"error {code}/{subcode}" if subcode else f"error {code}"
    said = f'{task.name}: Facebook says "{string(error.get("message"))}" ({number}).'
    if code in {190, 102}:
        # Graph's own text may quote a part of the token, so it is not repeated.
        cause = TOKEN_CAUSES.get(subcode, "it is not valid, or no longer")
        fix = "Make a new Page token and put it where this account's `token` comes from."
        return errors.TokenInvalid(f"Facebook refuses the token ({number}): {cause}. {fix}")
    if code in RATE_CODES:
        return errors.RateLimited(said, until)
    if subcode in WHY_NOT_SENT and task.sending:
        return errors.SendRefused(f"{said} That means: {WHY_NOT_SENT[subcode]}.")
    if code == 12 or code in PERMISSION_CODES:
        needs = f"{said} The token needs {task.permissions}."
        return errors.PermissionMissing(REVIEWS_ENDED if code == 12 else needs)
    transient = error.get("is_transient") is True
    return _failure(code, status, transient=transient, sending=task.sending)(said)


def _failure(code: int, status: int, *, transient: bool, sending: bool) -> type[errors.InboxdError]:
    """Return what is left: codes 1 and 2 are known to come after a delivery, too."""
    if sending and (code in {1, 2} or status >= 500) and code != 1200:
        return errors.OutcomeUnknown
    if transient or code in {1, 2, 1200} or status >= 500:
        return errors.Unavailable
    if sending:
        return errors.SendRefused
    return {100: BadRequest, 368: errors.OperatorError}.get(code, errors.UnexpectedPayload)
