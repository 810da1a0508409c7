"""What a failed call to X means, and for whom; pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connectors.twitter.limits import refused_until
from connectors.twitter.payloads import as_object, as_objects
from connectors.twitter.posts import NOT_SUMMONED
from inboxd import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.model import Json


class Failure(Exception):
    """
    A call without a good answer. *problem* is X's own JSON, None where the answer was not JSON.

    *sent* is False only where the request surely never left; *until* is when the endpoint takes
    another, where that is known. It carries nothing of the request.
    """

    def __init__(  # noqa: PLR0913 - what there is to say of a failed call
        self,
        text: str,
        *,
        sent: bool = True,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        problem: Json | None = None,
        until: datetime | None = None,
    ) -> None:
        super().__init__(text)
        self.until = until
        self.sent = sent
        self.status = status
        self.headers = headers or {}
        self.problem = problem

    def is_about(self, *names: str) -> bool:
        """Whether X refuses a parameter of these *names*."""
        problem = as_object(self.problem)
        told = f"{problem.get('errors')} {problem.get('detail')}"
        return self.status == 400 and any(name in told for name in names)


_APP_PROBLEMS = ("/oauth1-permissions", "/client-forbidden", "/unsupported-authentication")
_ADVICE = (
    ("duplicate", "the same text was sent before; word it differently"),
    ("mentioned", NOT_SUMMONED),
    ("permission to dm", "this person takes no messages from the account; answer in public"),
    ("deleted", "the post is gone; answer by direct message or close the case"),
    ("too long", "shorten it: X counts links as 23 and emoji and CJK as 2"),
)
_ASK_AGAIN = timedelta(hours=1)
"""How soon to look whether somebody has raised a cap: being refused costs nothing."""
_NO_ADVICE = "look at the conversation in the X app"


def read_error(failure: Failure, now: datetime) -> errors.InboxdError:
    """Return what a failed read means, and for whom."""
    if error := _common_error(failure, now):
        return error
    if failure.problem is None or failure.status is None or failure.status >= 500:
        return errors.Unavailable(str(failure))
    if failure.status == 403:
        return errors.PermissionMissing(
            f"{failure}; give the app the permission (Read and write and Direct message) and make "
            "new access tokens, or authorise it anew (OAuth 2.0: tweet.read, tweet.write, "
            "users.read, dm.read, dm.write, offline.access); and see that the plan covers this"
        )
    if failure.status == 404:
        return errors.PermissionMissing(f"{failure}; check user_id and api_base")
    return errors.UnexpectedPayload(str(failure), raw=failure.problem)


def send_error(failure: Failure, now: datetime) -> errors.InboxdError:
    """Return what a failed send means: refused, not sent, or perhaps sent after all."""
    if error := _common_error(failure, now):
        return error
    if not failure.sent:
        return errors.Unavailable(str(failure))
    status = failure.status
    if status is None or status < 300 or status >= 500:
        return errors.OutcomeUnknown(f"{failure}; X may have delivered the reply")
    if failure.problem is None or status < 400:
        return errors.Unavailable(str(failure))
    if type_of(failure.problem).endswith(_APP_PROBLEMS):
        return read_error(failure, now)
    told = str(failure)
    advice = next((text for words, text in _ADVICE if words in told.lower()), _NO_ADVICE)
    return errors.SendRefused(f"{told}; {advice}")


def _common_error(failure: Failure, now: datetime) -> errors.InboxdError | None:
    """Return what reads and sends have in common: money, limits and the token."""
    problem = as_object(failure.problem)
    if failure.until is not None:
        return errors.RateLimited(str(failure), until=failure.until)
    if failure.status == 402:
        return errors.BudgetSpent(f"{failure}; buy credits in X's developer console")
    if failure.status in (403, 429) and type_of(problem).endswith("/usage-capped"):
        until = min(_next_period(now, problem.get("period")), now + _ASK_AGAIN)
        told = f"{failure}; raise the cap in X's developer console, or wait for the next period"
        return errors.BudgetSpent(told, until=until)
    if failure.status == 429:
        return errors.RateLimited(str(failure), until=refused_until(failure.headers, now))
    if failure.status == 401 and failure.problem is not None:
        return errors.TokenInvalid(f"{failure}; renew the keys, and check that this clock is right")
    return None


def type_of(problem: Json) -> str:
    """Return the type of a problem, of which only the end says anything."""
    # The host is api.twitter.com or api.x.com, so only the end of a type says anything.
    return str(problem.get("type", ""))


def _next_period(now: datetime, period: object) -> datetime:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "Daily":
        return midnight + timedelta(days=1)
    return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)


def describe(problem: Json) -> str:
    """Return a problem in words: its title, its detail, and what it says of parameters."""
    messages = (error.get("message") for error in as_objects(problem.get("errors")))
    parts = (problem.get("title"), problem.get("detail"), *messages)
    return " - ".join(dict.fromkeys(str(part) for part in parts if part))[:500]
