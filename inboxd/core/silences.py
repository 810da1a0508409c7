"""What nobody wants to hear of for a while: cases that match, until a time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.core.policies import Facts
from inboxd.model import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from inboxd.core.policies import Match
    from inboxd.model import Alert


@dataclass(frozen=True, slots=True)
class Silence:
    """No step of a case that matches is told from *began_at* up to *until*."""

    id: int
    match: Match
    began_at: datetime
    until: datetime
    actor: str
    reason: str

    def covers(self, facts: Facts, now: datetime) -> bool:
        """Tell whether a case with these *facts* is muted by it at *now*."""
        return self.began_at <= now < self.until and not self.match.refusal(facts)


def silenced_until(silences: Iterable[Silence], facts: Facts, now: datetime) -> datetime | None:
    """Return until when a case with these *facts* is muted, None if it is not."""
    return max((each.until for each in silences if each.covers(facts, now)), default=None)


def muted_until(silences: Iterable[Silence], alert: Alert, now: datetime) -> datetime | None:
    """Return until when *alert*, which was queued before it was muted, is not told; None if it is."""
    card = alert.case
    if card is None or alert.tone is Tone.RECOVERY:
        return None
    facts = Facts(
        account=card.account,
        network=card.network,
        stream=card.stream,
        public=card.public,
        kind=card.kind,
        topics=frozenset(card.topics),
        urgency=card.urgency,
        language=card.language,
        followers=card.author.followers if card.author else None,
    )
    return silenced_until(silences, facts, now)


def described(match: Match) -> str:
    """Return the conditions of *match* in words: ``topic shipping or tracking, public``."""
    names = ("account", "network", "stream", "kind", "topic", "urgency", "language")
    parts = [
        f"{name} {' or '.join(sorted(getattr(match, name)))}"
        for name in names
        if getattr(match, name)
    ]
    if match.public is not None:
        parts.append("public" if match.public else "private")
    return ", ".join(parts)
