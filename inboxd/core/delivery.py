"""What to do with a delivery that did not go through: one pure decision for each way to fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from inboxd.errors import NetworkError, OperatorError, OutcomeUnknown, RateLimited

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
PERSON_PAUSE = timedelta(minutes=5)
"""How often something is tried again that only a person can mend."""
LONGEST_REST = timedelta(days=32)
"""No allowance is for more than a month: a later time is a mistake, and must not silence us."""
GIVE_UP_AFTER = timedelta(days=1)
TELL_AT_ATTEMPT = 6
"""After this many failures in a row people hear of it by another way."""
REPEAT_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(hours=6),
)
"""How long after each attempt that may have arrived the next one is made, where nobody can look."""
TELL_AT_DOUBT = 3
"""After so many of those people hear of it by another way."""
TELL_OF_DOUBT_AFTER = timedelta(minutes=5)
"""When people hear by another way of what may have arrived, and cannot be looked for."""


class Fate(StrEnum):
    """What becomes of a delivery that failed."""

    RETRY = "retry"
    DOUBT = "doubt"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What to do, when, and whether people must hear of the failure by another way.

    *rest* means that the receiver wants nothing at all before *retry_at*.
    """

    fate: Fate
    retry_at: datetime | None = None
    rest: bool = False
    tell: bool = False


def after_failure(  # noqa: PLR0913 - the facts of one failure
    error: Exception,
    attempt: int,
    created_at: datetime,
    now: datetime,
    *,
    idempotent: bool,
    tries: int = 1,
    doubts: int | None = None,
    in_doubt: bool = False,
) -> Outcome:
    """
    Return the fate of a delivery whose *attempt* (from 1) ended with *error*.

    A lost answer is never followed by a blind repeat, unless the receiver tells repeats
    apart (*idempotent*), and not for ever where *doubts* says how many attempts may have arrived
    before. What cannot be delivered within a day is given up, and told, but not
    before so many *tries*: what was held back for a day has not failed for one. That it is
    refused now says nothing of an earlier attempt, if one may have arrived (*in_doubt*).
    """
    if isinstance(error, OutcomeUnknown) and not idempotent:
        return Outcome(Fate.DOUBT)
    if isinstance(error, OutcomeUnknown) and doubts is not None:
        return after_doubt(doubts, now)
    if not isinstance(error, NetworkError | OutcomeUnknown):
        return Outcome(Fate.DOUBT) if in_doubt else Outcome(Fate.REFUSE, tell=True)
    if now - created_at >= GIVE_UP_AFTER and attempt >= tries:
        return Outcome(Fate.REFUSE, tell=True)
    rest = isinstance(error, RateLimited)
    return Outcome(
        Fate.RETRY,
        retry_at=now + pause_after(error, attempt - 1, now),
        rest=rest,
        tell=attempt == TELL_AT_ATTEMPT and not rest,
    )


def after_doubt(doubts: int, now: datetime) -> Outcome:
    """
    Return the fate of what may have arrived now, and at *doubts* attempts before.

    The first repeat is soon, for what is urgent; the second outlasts an outage of minutes, the others
    one of hours. More of them would flood whoever gets everything and never answers.
    """
    if doubts >= len(REPEAT_AFTER):
        return Outcome(Fate.REFUSE, tell=True)
    return Outcome(
        Fate.RETRY, retry_at=now + REPEAT_AFTER[doubts], tell=doubts + 1 == TELL_AT_DOUBT
    )


def after_looking(error: Exception, tried_at: datetime, now: datetime) -> Outcome:
    """Return the fate of what was tried at *tried_at* where looking for it ended with *error*."""
    waited = now - tried_at
    if waited >= GIVE_UP_AFTER:
        return Outcome(Fate.REFUSE, tell=True)
    tell = waited >= TELL_OF_DOUBT_AFTER and not isinstance(error, RateLimited)
    return Outcome(Fate.DOUBT, tell=tell)


def pause_after(
    error: Exception, failures: int, now: datetime, longest: timedelta = LONGEST_PAUSE
) -> timedelta:
    """Return how long to wait after the failure that follows *failures* others in a row."""
    if isinstance(error, RateLimited) and error.until and error.until > now:
        return min(error.until - now, LONGEST_REST)
    if isinstance(error, OperatorError):
        return PERSON_PAUSE
    return min(FIRST_PAUSE * (1 << min(failures, 12)), longest)
