"""A busy week on the stage: complaints on all networks, most of them answered, some late."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.model import Author
from tests.tui.stage import NETWORKS, NOW

if TYPE_CHECKING:
    from datetime import datetime

    from tests.tui.stage import Stage

_TOPICS = ("shipping", "shipping", "refunds", "refunds", "payment", "website", "staff", "tracking")
_BY_HOUR = (1, 1, 0, 0, 0, 1, 2, 4, 7, 9, 8, 7, 6, 6, 7, 8, 8, 7, 6, 5, 4, 3, 2, 1)


def fill(stage: Stage, days: int = 8, share: float = 1.0, seed: int = 1) -> None:
    """Let customers complain for some days up to now, and most of them be answered."""
    rng = random.Random(seed)
    verdicts: dict[str, tuple[str, str, str, str, tuple[str, ...]]] = {}
    happened: list[tuple[datetime, str, str, str]] = []
    number = 0
    for hour in range(days * 24):
        begins = NOW.replace(minute=0) - timedelta(hours=hour)
        for _ in range(rng.randint(0, round(_BY_HOUR[(begins.hour + 2) % 24] * share))):
            number += 1
            at = begins + timedelta(seconds=rng.randrange(3_600))
            if at >= NOW:
                continue
            account = rng.choice(tuple(NETWORKS))
            happened.append((at, account, f"c{number}", ""))
            kind = "complaint" if rng.random() < 0.7 else "request"
            topic = "orders" if rng.random() < 0.15 and at > NOW - timedelta(hours=8) else rng.choice(_TOPICS)  # fmt: skip
            verdicts[f"c{number}"] = (kind, topic, "normal", "en", ())
            answered = at + timedelta(minutes=rng.expovariate(1 / 50))
            if rng.random() < 0.93 and answered < NOW:
                happened.append((answered, account, f"c{number}", "We are on it."))
    for at, account, ref, answer in sorted(happened):
        if answer:
            stage.answer(account, f"t{ref}", at, answer)
        else:
            author = Author(f"u{ref}", f"Customer {ref}")
            stage.hear(account, f"t{ref}", at, "It broke.", author=author, ref=ref)
            stage.judge(verdicts)
