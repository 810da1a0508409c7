"""
Which alerts are told as one: pure decisions on keys and instants.

Ten customers who wait for the same reason are one thing to know, not ten. Alerts with the same
key are gathered for a short while and told together; who falls due soon after joins what was
told already, so that a channel shows one message that grows instead of ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inboxd.model import Urgency

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.model import CaseCard

_NO_TIME = timedelta()


class Trait(StrEnum):
    """What alerts must have in common to be told as one."""

    POLICY = "policy"
    ACCOUNT = "account"
    NETWORK = "network"
    KIND = "kind"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Gathering:
    """Alerts that are told as one: how many *cases* they are about, and since when."""

    id: int
    began_at: datetime
    cases: int

    @property
    def thread(self) -> str:
        """Return what joins its alerts for the sinks."""
        return f"{THREAD}{self.id}"


THREAD = "gathering:"
"""How the thread of every gathering begins."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """
    What is told as one.

    Alerts that agree in all of *by* are; with none of it each is told alone. The first is held
    back for *wait*, so that what falls due with it can join; what falls due within *window*
    of it joins the same message, and *at_most* cases fit into one.
    """

    by: tuple[Trait, ...] = ()
    wait: timedelta = _NO_TIME
    window: timedelta = timedelta(hours=1)
    at_most: int = 20

    def key(self, card: CaseCard) -> str:
        """Return what cases that are told as one have in common, or "" if each is told alone."""
        of: dict[Trait, str] = {
            Trait.POLICY: card.policy,
            Trait.ACCOUNT: card.account,
            Trait.NETWORK: card.network,
            Trait.KIND: card.kind or "",
            Trait.TOPIC: "+".join(sorted(card.topics)),
        }
        return "/".join(f"{trait}={of[trait]}" for trait in self.by)

    def admits(self, gathering: Gathering, now: datetime) -> bool:
        """Return whether one more case may join *gathering* at *now*."""
        # An instant that lies ahead is one of a clock that was set back since.
        young = _NO_TIME <= now - gathering.began_at < self.window
        return young and gathering.cases < self.at_most

    def leaves_at(self, card: CaseCard, now: datetime) -> datetime:
        """Return when an alert about *card* that was made at *now* is told: in haste, at once."""
        return now if card.urgency is Urgency.HIGH or not self.by else now + self.wait


ALONE = Grouping()
"""Each alert for itself."""
