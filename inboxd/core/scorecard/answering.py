"""Who was answered, and in time: rates over the contacts that need an answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from inboxd.core.scorecard.facts import outcome
from inboxd.core.scorecard.measuring import Definition, Measure, count, part, share
from inboxd.core.scorecard.model import Better, Unit
from inboxd.core.waits import WaitEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from inboxd.core.scorecard.facts import Contacts, Facts

HALF_AN_HOUR: Final = timedelta(minutes=30)
AN_HOUR: Final = timedelta(hours=1)
_NONE_NEEDED = "no contact needed an answer"
_NONE_FIRST = "no first contact needed an answer"
_NONE_DECIDED = "no first contact is old enough to tell"


def response_rate(facts: Facts) -> Measure:
    """Return the share that was answered of those that need it."""
    contacts = facts.contacts
    return share(
        np.count_nonzero(contacts.answered), np.count_nonzero(contacts.needy), _NONE_NEEDED
    )


def within_target(facts: Facts) -> Measure:
    """Return the share in time of those with a target that were answered, or are late."""
    contacts = facts.contacts
    decided = contacts.targeted & (contacts.answered | contacts.late)
    in_time = np.count_nonzero(decided & ~contacts.late)
    why = "no contact with a target is decided" if contacts.targeted.any() else "none has a target"
    why = why if contacts.needy.any() else _NONE_NEEDED
    return share(in_time, np.count_nonzero(decided), why)


def within(contacts: Contacts, span: timedelta) -> Measure:
    """
    Return the share of first contacts that had an answer within *span* of wall time.

    What is open for less than that is not decided, and left out.
    """
    seconds = span.total_seconds()
    needy = contacts.first & contacts.needy
    quick = contacts.wall <= seconds
    hits = np.count_nonzero(needy & contacts.answered & quick)
    why = _NONE_DECIDED if needy.any() else _NONE_FIRST
    return share(hits, np.count_nonzero(needy & ~(contacts.open & quick)), why)


def _needing(facts: Facts) -> Measure:
    return count(np.count_nonzero(facts.contacts.needy))


def _answered(facts: Facts) -> Measure:
    needy = np.count_nonzero(facts.contacts.needy)
    return part(np.count_nonzero(facts.contacts.answered), needy)


def _unanswered(facts: Facts) -> Measure:
    needy = np.count_nonzero(facts.contacts.needy)
    return part(np.count_nonzero(facts.contacts.open), needy)


def _still_in_time(facts: Facts) -> Measure:
    contacts = facts.contacts
    targeted = contacts.open & contacts.targeted
    waiting = int(np.count_nonzero(contacts.open))
    if waiting and not targeted.any():
        return Measure(None, waiting, why="none of them has a target")
    return part(np.count_nonzero(targeted & ~contacts.late), waiting)


def _late(facts: Facts) -> Measure:
    contacts = facts.contacts
    targeted = contacts.needy & contacts.targeted
    if contacts.needy.any() and not targeted.any():
        return Measure(None, 0, why="none has a target")
    return part(np.count_nonzero(contacts.late), np.count_nonzero(targeted))


def _answered_late(facts: Facts) -> Measure:
    contacts = facts.contacts
    targeted = contacts.answered & contacts.targeted
    if contacts.answered.any() and not targeted.any():
        return Measure(None, 0, why="none has a target")
    return part(np.count_nonzero(contacts.late & contacts.answered), np.count_nonzero(targeted))


def _within_next_day(facts: Facts) -> Measure:
    contacts = facts.contacts
    needy = contacts.first & contacts.needy
    soon = contacts.days <= 1
    hits = np.count_nonzero(needy & contacts.answered & soon)
    why = _NONE_DECIDED if needy.any() else _NONE_FIRST
    return share(hits, np.count_nonzero(needy & ~(contacts.open & soon)), why)


def _only_next_day(facts: Facts) -> Measure:
    contacts = facts.contacts
    answered = contacts.first & contacts.answered
    hits = np.count_nonzero(answered & (contacts.days == 1))
    return share(hits, np.count_nonzero(answered), "no first contact was answered")


def _service_level(facts: Facts) -> Measure:
    found = within(facts.contacts, facts.level.within)
    return found._replace(target=facts.level.share)


def _service_level_business(facts: Facts) -> Measure:
    """
    Return the service level by business time.

    Of an open contact it is not known yet; one that is late by its own target is missed.
    """
    contacts = facts.contacts
    known = contacts.first & contacts.answered & ~np.isnan(contacts.business)
    missed = contacts.first & contacts.open & contacts.late
    seconds = facts.level.within.total_seconds()
    with np.errstate(invalid="ignore"):
        hits = np.count_nonzero(known & (contacts.business <= seconds))
    found = share(
        hits, np.count_nonzero(known | missed), "no first contact has a business time that is known"
    )
    return found._replace(target=facts.level.share)


def _ended(end: WaitEnd) -> Callable[[Facts], Measure]:
    number = outcome(end)

    def measure(facts: Facts) -> Measure:
        outcomes = facts.contacts.outcome
        return part(np.count_nonzero(outcomes == number), facts.contacts.size)

    return measure


DEFINITIONS: Final = (
    Definition("needing_answer", "Contacts that need an answer", Unit.COUNT, _needing),
    Definition("answered", "Answered", Unit.COUNT, _answered, Better.MORE, of_staff=True),
    Definition("unanswered", "Unanswered", Unit.COUNT, _unanswered, Better.LESS),
    Definition("unanswered_in_time", "of these still within target", Unit.COUNT, _still_in_time),
    Definition("late", "Late: answered or still waiting", Unit.COUNT, _late, Better.LESS),
    Definition(
        "answered_late", "Answered late", Unit.COUNT, _answered_late, Better.LESS, of_staff=True
    ),
    Definition("response_rate", "Response rate", Unit.SHARE, response_rate, Better.MORE),
    Definition("within_target", "Within target", Unit.SHARE, within_target, Better.MORE),
    Definition(
        "within_30m",
        "First response within 30 minutes",
        Unit.SHARE,
        lambda facts: within(facts.contacts, HALF_AN_HOUR),
        Better.MORE,
    ),
    Definition(
        "within_1h",
        "First response within the hour",
        Unit.SHARE,
        lambda facts: within(facts.contacts, AN_HOUR),
        Better.MORE,
    ),
    Definition(
        "within_next_day",
        "First response by the end of the next day",
        Unit.SHARE,
        _within_next_day,
        Better.MORE,
    ),
    Definition(
        "only_next_day",
        "First responses that came on the next day only",
        Unit.SHARE,
        _only_next_day,
        Better.LESS,
        of_staff=True,
    ),
    Definition("service_level", "Service level ({level})", Unit.SHARE, _service_level, Better.MORE),
    Definition(
        "service_level_business",
        "Service level ({level} of business time)",
        Unit.SHARE,
        _service_level_business,
        Better.MORE,
    ),
    Definition("no_reply_needed", "Ended by thanks", Unit.COUNT, _ended(WaitEnd.NO_REPLY_NEEDED)),
    Definition("closed", "Closed without an answer", Unit.COUNT, _ended(WaitEnd.CLOSED)),
    Definition("deleted", "Deleted by the customer", Unit.COUNT, _ended(WaitEnd.DELETED)),
)
