"""What an answer of Graph's means when it is not what was asked for; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.facebook.settings import REVIEWS_ENDED
from connectors.facebook.shapes import integer, string
from inboxd import errors, line

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.model import Json

POLLING, CONVERSATIONS = "polling", "conversations"
"""What rests when an allowance is used up: everything that is read, or Messenger's part of it."""


@dataclass(frozen=True, slots=True)
class Task:
    """
    What a call is for, in an error's words; *sending* is what must not be done twice.

    *scopes* are the permissions that it needs, *area* what rests when it was done too often, and
    *version* the only one of the Graph API that answers it; "" if any does.
    """

    name: str
    scopes: tuple[str, ...]
    sending: bool = False
    area: str = POLLING
    version: str = ""

    @property
    def permissions(self) -> str:
        """Return the permissions as a person reads them."""
        return " and ".join((", ".join(self.scopes[:-1]), *self.scopes[-1:])).removeprefix(" and ")


WHO_IT_IS = Task("the Page", ("pages_show_list", "pages_read_engagement"))
SEND_DM = Task("the reply", ("pages_messaging",), sending=True, area=CONVERSATIONS)
SEND_COMMENT = Task("the reply", ("pages_manage_engagement",), sending=True)

RENEW = "Make a new Page token and put it where this account's `token` comes from"
TOKEN_CAUSES = {
    458: (
        "the app was removed from the account",
        f"Let the person behind it connect the app again. {RENEW}",
    ),
    459: (
        "Facebook wants the person behind it to log in and confirm something",
        f"Let them log in on facebook.com. {RENEW} if it is still refused then",
    ),
    460: ("the person behind it changed their password", RENEW),
    463: ("it has expired", f"{RENEW}, from a long-lived user token: that does not expire"),
    464: (
        "the person behind it has not confirmed their account",
        f"Let them confirm it on facebook.com. {RENEW} if it is still refused then",
    ),
    467: ("it is not valid, or no longer: it was withdrawn, or copied incompletely", RENEW),
    492: (
        "the person behind it may no longer act for the Page",
        f"Give them a role on the Page again, or take another person's. {RENEW}",
    ),
}
WHY_NOT_SENT = {
    2018001: "Messenger knows no such person; they may have deleted the conversation",
    2018065: "the time to reply is over; answer when the customer writes again",
    2018108: "this person cannot receive messages at present",
    2018278: "the time to reply is over; answer when the customer writes again",
    1893063: "the Page is restricted from sending for now; see Page Quality on Facebook",
}
_BLOCKED = (
    "the Page or the app is blocked for a time, for something that Facebook takes for abuse; see "
    "the Support Inbox and Page Quality on facebook.com, and answer there until it is over"
)
WHAT_TO_DO = {
    368: _BLOCKED,
    506: "the same text was posted just before; look whether it is there, else change a word",
    551: "this person takes no messages now: they blocked the Page or left; answer in public",
    1609005: "Facebook cannot show the link; leave it out, or mend what it points to",
}
RATE_CODES = frozenset({4, 17, 32, 341, 613, 80001, 80006})
_MESSENGERS_OWN = frozenset({613, 80006})
PERMISSION_CODES = frozenset({3, 10, *range(200, 300)})
_NOT_THERE = 33


class BadRequest(errors.UnexpectedPayload):
    """Graph's error 100: it does not know, or no longer knows, what was asked for."""


class Missing(BadRequest):
    """Error 100 with subcode 33, or 803: it is not there, or may not be seen; Graph says not which."""


class Expired(errors.Unavailable):
    """A list that began well cannot be read on: what its cursor points to is gone, or hidden."""


class TooMuch(errors.Unavailable):
    """Error 1, which Graph gives also to who asks for more at once than it can gather."""


class Limited(errors.RateLimited):
    """Asked too often: *area* is what should rest."""

    def __init__(self, text: str, until: datetime | None, area: str) -> None:
        super().__init__(text, until)
        self.area = area


def answer_of(status: int, body: bytes, task: Task, until: datetime | None) -> Json:
    """Return the JSON object that Graph answered with, or raise what it means."""
    answer = parsed(status, body, task, until)
    if isinstance(answer, dict):
        return answer
    raise _useless(status, task)


def parsed(status: int, body: bytes, task: Task, until: datetime | None) -> object:
    """Return the JSON that Graph answered with, an object or not; raise what an error means."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        raise graph_error(answer["error"], status, task, until)
    if answer is None or status != 200:
        raise _useless(status, task)
    return answer


def unanswered(error: Exception, task: Task, url: str) -> errors.InboxdError:
    """Return what a call without an answer is: one never begun is surely not carried out."""
    why = line.trouble(error, url)
    if line.never_begun(error):
        return errors.Unavailable(f"{task.name}: Facebook cannot be reached ({why}).")
    lost = errors.OutcomeUnknown if task.sending else errors.Unavailable
    return lost(f"{task.name}: Facebook's answer was lost ({why}).")


def graph_error(error: Json, status: int, task: Task, until: datetime | None) -> errors.InboxdError:
    """Return what Graph's *error* is to us, by its code: texts and statuses change."""
    code, subcode = integer(error.get("code")), integer(error.get("error_subcode"))
    number = f"error {code}/{subcode}" if subcode else f"error {code}"
    said = f'{task.name}: Facebook says "{string(error.get("message"))}" ({number}).'
    if code in {190, 102}:
        return _token_refused(number, subcode)
    if code in RATE_CODES:
        return Limited(said, until, CONVERSATIONS if code in _MESSENGERS_OWN else POLLING)
    if subcode in WHY_NOT_SENT and task.sending:
        return errors.SendRefused(f"{said} That means: {WHY_NOT_SENT[subcode]}.")
    if code == 12 or code in PERMISSION_CODES:
        needs = f"{said} The token needs {task.permissions}."
        return errors.PermissionMissing(REVIEWS_ENDED if code == 12 else needs)
    if code in WHAT_TO_DO:
        said = f"{said} That means: {WHAT_TO_DO[code]}."
    transient = error.get("is_transient") is True
    kind = _failure(code, subcode, status, transient=transient, sending=task.sending)
    return kind(said, error) if issubclass(kind, errors.UnexpectedPayload) else kind(said)


def _token_refused(number: str, subcode: int) -> errors.TokenInvalid:
    # Graph's own text may quote a part of the token, so it is not repeated.
    cause, fix = TOKEN_CAUSES.get(subcode, ("it is not valid, or no longer", RENEW))
    return errors.TokenInvalid(f"Facebook refuses the token ({number}): {cause}. {fix}.")


def _failure(
    code: int, subcode: int, status: int, *, transient: bool, sending: bool
) -> type[errors.InboxdError]:
    """Return what is left: codes 1 and 2 are known to come after a delivery, too."""
    if sending and (code in {1, 2} or status >= 500) and code != 1200:
        return errors.OutcomeUnknown
    if code == 1:
        return TooMuch
    if transient or code in {2, 1200} or status >= 500:
        return errors.Unavailable
    if sending:
        return errors.SendRefused
    if code == 803 or (code, subcode) == (100, _NOT_THERE):
        return Missing
    return {100: BadRequest, 368: errors.OperatorError}.get(code, errors.UnexpectedPayload)


def _useless(status: int, task: Task) -> errors.InboxdError:
    text = f"{task.name}: Facebook answered HTTP {status} without usable JSON."
    # What a server refuses (3xx, 4xx) was surely not carried out; anything else may have been.
    in_doubt = task.sending and not 300 <= status < 500
    return (errors.OutcomeUnknown if in_doubt else errors.Unavailable)(text)
