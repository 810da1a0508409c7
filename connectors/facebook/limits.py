"""
How much of what Facebook allows is used, and what rests until when because of it.

The headers of every answer tell the share of each allowance in per cent. From EASE_OFF on
what can wait is left out (sweeps, comments on ads and pictures, verification); from
NEAR_THE_LIMIT on nothing is read, and the rest is kept for people's replies. What rests is
in the account's ledger, so that a restart does not begin anew.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.facebook.failures import CONVERSATIONS, POLLING
from connectors.facebook.shapes import integer, string
from inboxd import errors
from inboxd.connector import Allowance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from inboxd.clock import Clock
    from inboxd.connector import Ledger
    from inboxd.model import Json

EASE_OFF, NEAR_THE_LIMIT = 80, 90
PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(days=1)
CALLS, WHAT_CAN_WAIT = "calls", "what can wait"
QUIET_PAGE = 4800
"""Calls in 24 hours that a Page may make per person who is active on it."""
_CONVERSATION_CALLS = 2  # a second, for each Page


@dataclass(frozen=True, slots=True)
class Use:
    """The share of an allowance that is used, in per cent, and when it is regained, if told."""

    share: int = 0
    regain: timedelta | None = None


def usage(headers: Mapping[str, str]) -> dict[str, Use]:
    """
    Return the highest use of each area's allowances.

    The headers are often absent, and not always JSON; there is no Retry-After. App and Page
    usage are objects; business use cases are lists of them by id, with a type ("messenger" is
    Messenger's own) and a time in minutes.
    """
    found: list[Json] = []
    for name in ("X-App-Usage", "X-Page-Usage", "X-Business-Use-Case-Usage"):
        try:
            json.loads(headers.get(name, "{}"), object_hook=found.append)
        except (ValueError, RecursionError):
            continue
    areas: dict[str, list[Json]] = {POLLING: [], CONVERSATIONS: []}
    for each in found:
        area = CONVERSATIONS if string(each.get("type")).lower() == "messenger" else POLLING
        areas[area].append(each)
    return {area: _highest(uses) for area, uses in areas.items()}


def _highest(uses: list[Json]) -> Use:
    keys = ("call_count", "total_time", "total_cputime")
    share = max((integer(each.get(key)) for each in uses for key in keys), default=0)
    regain = (integer(each.get("estimated_time_to_regain_access")) for each in uses)
    minutes = min(max(regain, default=0), LONGEST_PAUSE // timedelta(minutes=1))
    return Use(share, timedelta(minutes=minutes) if minutes > 0 else None)


class Meter:
    """Counts an account's calls, and lets what is used up rest."""

    def __init__(self, clock: Clock, ledger: Ledger) -> None:
        self._clock = clock
        self._ledger = ledger
        self._conversations: deque[tuple[float, datetime]] = deque(maxlen=_CONVERSATION_CALLS)

    def mind(self, area: str) -> None:
        """Raise RateLimited if nothing of *area* is to be read now."""
        rests = [self._ledger.rests_until(each) for each in {area, POLLING}]
        until = max((each for each in rests if each is not None), default=None)
        if until is not None:
            text = (
                f"Over {NEAR_THE_LIMIT} % of Facebook's allowance is used: the rest is for replies."
            )
            raise errors.RateLimited(text, until)

    def mind_what_can_wait(self) -> None:
        """Raise Spared if only what cannot wait is to be read now."""
        if (until := self._ledger.rests_until(WHAT_CAN_WAIT)) is not None:
            text = f"Over {EASE_OFF} % of Facebook's allowance is used: what can wait waits."
            raise errors.Spared(text, until)

    @property
    def eases_off(self) -> bool:
        """Whether only what cannot wait is to be read now."""
        return self._ledger.rests_until(WHAT_CAN_WAIT) is not None

    def note(self, headers: Mapping[str, str], area: str, calls: int = 1) -> datetime | None:
        """Count what was called, let rest what is nearly used up; return when it is regained."""
        self._ledger.spend(CALLS, calls)
        now, regained = self._clock.now(), None
        for each, use in usage(headers).items():
            until = now + (use.regain or PAUSE)
            if use.share >= NEAR_THE_LIMIT:
                self._ledger.rest(each, until)
            if use.share >= EASE_OFF:
                self._ledger.rest(WHAT_CAN_WAIT, until)
            if use.regain is not None and each in {area, POLLING}:
                regained = max(until, regained or until)
        return regained

    def refused(self, area: str, until: datetime | None) -> None:
        """Let *area* rest after Facebook refused it, if it told until when."""
        if until is not None:
            self._ledger.rest(area, until)

    def wait_for_conversations(self, room: float) -> timedelta:
        """
        Return how long to wait in front of a call about conversations: two a second are allowed.

        *room* is in seconds of the room's own time, which is what Facebook counts in; a second
        that has passed by the account's clock alone (a demo's, a test's) counts as well.
        """
        calls, now, second = self._conversations, self._clock.now(), timedelta(seconds=1)
        span, wait = self._clock.real(second).total_seconds(), 0.0
        if len(calls) == _CONVERSATION_CALLS and abs(now - calls[0][1]) < second:
            wait = max(0.0, calls[0][0] + span - room)
        calls.append((room + wait, now))
        return timedelta(seconds=wait)

    def allowances(self) -> list[Allowance]:
        """
        Return how many calls were made in the last 24 hours; of yesterday's a share is counted.

        How many are allowed depends on how many people are active on the Page, which Graph
        does not tell: 4,800 for each.
        """
        now = self._clock.now()
        today = self._ledger.spent(CALLS, now.date())
        yesterday = self._ledger.spent(CALLS, now.date() - timedelta(days=1)) - today
        passed = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(days=1)
        name = f"calls in 24 hours ({QUIET_PAGE} for each person active on the Page)"
        return [Allowance(name, today + round(yesterday * (1 - passed)))]
