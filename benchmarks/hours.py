"""What one question to a calendar costs, however far it reaches."""

from __future__ import annotations

import random
from datetime import timedelta

from benchmarks import corpus, shop
from benchmarks.figures import Figure, best

QUESTIONS = 20_000
ROUNDS = 7
GOAL_MICROSECONDS = 2.0


def run() -> list[Figure]:
    """Measure, and return the figures."""
    rng = random.Random(1)
    hours = shop.office()
    questions = [
        (
            corpus.BEGINS + timedelta(seconds=rng.randrange(300 * 86_400)),
            timedelta(seconds=rng.randrange(30 * 86_400)),
        )
        for _ in range(QUESTIONS)
    ]

    def ask() -> None:
        for start, span in questions:
            hours.add(start, span)

    def plain() -> None:
        for start, span in questions:
            _ = start + span

    ask()
    each, baseline = (
        1e6 * min(times) / QUESTIONS
        for times in zip(*((best(ask, 1), best(plain, 1)) for _ in range(ROUNDS)), strict=True)
    )
    return [
        Figure(
            "hours: add up to 30 days",
            f"{each:.2f} µs",
            f"{baseline:.2f} µs datetime + timedelta",
            each / baseline,
            f"≤ {GOAL_MICROSECONDS:g} µs",
            each <= GOAL_MICROSECONDS,
        )
    ]
