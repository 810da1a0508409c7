"""A working day at the simulated shop: who writes, who answers and when, and what breaks."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import cycle
from typing import TYPE_CHECKING, TypeVar

from inboxd.simulator import texts
from inboxd.simulator.faults import Fault
from inboxd.simulator.people import NETWORKS, Network, Person, crowd
from inboxd.simulator.script import Breaks, Change, Mends, Outcome, Scenario, Step, Write
from inboxd.simulator.world import BRANDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inboxd.simulator.texts import Opening, Truth

_T = TypeVar("_T")

_CUSTOMERS = 70
_OPENS, _CLOSES = time(9), time(18)
_STAFF = ("Olha", "Max", "Rita")
_WEIGHTS = {
    Outcome.IN_TIME: 52,
    Outcome.LATE: 20,
    Outcome.DEFLECTED: 8,
    Outcome.PROMISED: 5,
    Outcome.AUTOMATIC: 6,
    Outcome.NEVER: 9,
}
_SOLUTIONS: Mapping[Truth, Mapping[str, Sequence[str]]] = {
    "complaint": texts.FIXED,
    "request": texts.ANSWERED,
    "praise": texts.WELCOMED,
    "other": texts.WELCOMED,
}
# Nobody is sent to the hotline for a compliment.
_IDLE_WEIGHTS = {Outcome.IN_TIME: 6, Outcome.LATE: 2, Outcome.NEVER: 3}


def working_day(seed: int, day: date, tz: tzinfo) -> Scenario:
    """
    Plan the day *day* in zone *tz*, from 09:00 to 18:00 local: the same for the same seed.

    Every opening of the text table is used once, by a person who speaks its language.
    """
    return _Planner(seed, day, tz).plan()


class _Planner:
    """Draws the day; every decision comes from one seeded generator."""

    def __init__(self, seed: int, day: date, tz: tzinfo) -> None:
        self._seed = seed
        self._rng = random.Random(f"day/{seed}")
        self._opens = datetime.combine(day, _OPENS, tz).astimezone(UTC)
        self._closes = datetime.combine(day, _CLOSES, tz).astimezone(UTC)
        self._steps: list[Step] = []
        self._outcomes: dict[str, Outcome] = {}
        self._posts: dict[Network, list[str]] = defaultdict(list)

    def plan(self) -> Scenario:
        self._plan_posts()
        starts = self._plan_threads()
        self._plan_changes(starts)
        self._plan_outages()
        self._steps.sort(key=lambda step: step.at)
        return Scenario(self._seed, self._steps, self._outcomes, _CUSTOMERS)

    def _plan_posts(self) -> None:
        """The shop's posts stand before the doors open; comments need something to stand under."""
        for network in NETWORKS:
            for number, text in enumerate(texts.POSTS[network]):
                key = f"{network}-post-{number}"
                at = self._opens - timedelta(minutes=20 - number)
                self._steps.append(Write(at, key, network, text, staff=_STAFF[0]))
                self._posts[network].append(key)

    def _plan_threads(self) -> list[Write]:
        """Draw who begins when; most write in the late morning and the early afternoon."""
        everyone = crowd(self._seed, _CUSTOMERS)
        speakers = {
            language: cycle(self._shuffled([p for p in everyone if p.language == language]))
            for language in texts.FIXED
        }
        starts = []
        for number, opening in enumerate(self._shuffled(texts.openings())):
            share = self._rng.betavariate(1.6, 1.8)
            at = self._opens + timedelta(seconds=int(share * 7.9 * 3600))
            starts.append(
                self._start(f"t{number:02}", opening, next(speakers[opening.language]), at)
            )
        for late in self._rng.sample(starts, k=5):
            minutes = self._rng.randint(3, 12)
            position = self._steps.index(late)
            self._steps[position] = replace(late, delay=timedelta(minutes=minutes))
        return starts

    def _start(self, key: str, opening: Opening, person: Person, at: datetime) -> Write:
        network = texts.NETWORK_OF[opening.place[0]]
        text = opening.text
        if opening.place == "xm":
            text = f"@{BRANDS['twitter'].handle} {text}"
        on_post = self._rng.choice(self._posts[network]) if opening.place[1] == "c" else None
        start = Write(
            at, key, network, text, author=person, to=on_post, private=opening.place[1] == "d",
            truth=opening.truth,
        )  # fmt: skip
        self._steps.append(start)
        weights = _WEIGHTS if opening.truth in ("complaint", "request") else _IDLE_WEIGHTS
        outcome = self._rng.choices(list(weights), weights=list(weights.values()))[0]
        self._outcomes[key] = outcome
        self._go_on(_Thread(start, opening), outcome)
        return start

    def _go_on(self, thread: _Thread, outcome: Outcome) -> None:
        """Plan what follows the first message, as far as the day reaches."""
        quick, slow = self._minutes(4, 22), self._minutes(45, 140)
        match outcome:
            case Outcome.IN_TIME:
                self._solve(thread, thread.start.at + quick)
            case Outcome.LATE:
                self._nag(thread, chance=0.75)
                self._solve(thread, thread.start.at + slow)
            case Outcome.DEFLECTED:
                answered = self._answer(thread, thread.start.at + quick, texts.DEFLECTED)
                self._nag(thread, chance=0.5, after=answered)
            case Outcome.PROMISED:
                answered = self._answer(thread, thread.start.at + quick, texts.PROMISED)
                self._nag(thread, chance=0.8, after=answered)
            case Outcome.AUTOMATIC:
                self._receipt(thread)
                self._nag(thread, chance=0.8)
                if self._rng.random() < 0.5:
                    self._solve(thread, thread.start.at + slow)
            case Outcome.NEVER:
                self._nag(thread, chance=0.8)
                self._nag(thread, chance=0.4, after=thread.start.at + timedelta(hours=2))

    def _solve(self, thread: _Thread, at: datetime) -> None:
        """Answer well; the customer thanks, asks one more thing, or is content in silence."""
        answered = self._answer(thread, at, _SOLUTIONS[thread.opening.truth])
        reaction = self._rng.random()
        language = thread.language
        if thread.is_idle:
            return
        if reaction < 0.3:
            thanks = self._rng.choice(texts.THANKS[language])
            self._customer(thread, answered + self._minutes(2, 15), thanks, "praise")
        elif reaction < 0.45:
            question = self._rng.choice(texts.QUESTIONS[language])
            self._customer(thread, answered + self._minutes(2, 15), question, "request")
            self._answer(thread, answered + self._minutes(20, 60), texts.ANSWERED)

    def _nag(self, thread: _Thread, *, chance: float, after: datetime | None = None) -> None:
        """Let the customer ask again, or complain by now, if they are of that sort."""
        if thread.is_idle or self._rng.random() > chance:
            return
        at = (after or thread.start.at) + self._minutes(25, 44)
        reminds = self._rng.random() < 0.4
        pool = texts.REMINDERS if reminds else texts.NUDGES
        text = self._rng.choice(pool[thread.language])
        self._customer(thread, at, text, "request" if reminds else "complaint")

    def _receipt(self, thread: _Thread) -> None:
        text = texts.AUTOMATIC[thread.language]
        self._write(thread, thread.start.at + timedelta(seconds=20), text, automatic=True)

    def _answer(self, thread: _Thread, at: datetime, pool: Mapping[str, Sequence[str]]) -> datetime:
        text = self._rng.choice(pool[thread.language])
        self._write(thread, at, text, staff=self._rng.choice(_STAFF))
        return at

    def _customer(self, thread: _Thread, at: datetime, text: str, truth: Truth) -> None:
        self._write(thread, at, text, author=thread.start.author, truth=truth)

    def _write(  # noqa: PLR0913 - the facts of one message
        self,
        thread: _Thread,
        at: datetime,
        text: str,
        *,
        author: Person | None = None,
        truth: Truth | None = None,
        automatic: bool = False,
        staff: str | None = None,
    ) -> None:
        if at >= self._closes:
            return
        key = f"{thread.start.key}.{len(thread.keys)}"
        self._steps.append(
            Write(
                at, key, thread.start.network, text, author=author, to=thread.keys[-1],
                private=thread.start.private, truth=truth, automatic=automatic, staff=staff,
            )
        )  # fmt: skip
        thread.keys.append(key)

    def _plan_changes(self, starts: list[Write]) -> None:
        """Three edits and three deletions; on X an edit would be another post with another id."""
        editable = [start for start in starts if start.network != "twitter" and start.author]
        chosen = self._rng.sample(editable, k=6)
        for start in chosen[:3]:
            language = start.author.language if start.author else "en"
            text = start.text + texts.ADDITIONS[language]
            self._steps.append(Change(start.at + timedelta(minutes=3), start.key, text))
        for start in chosen[3:]:
            self._steps.append(Change(start.at + self._minutes(50, 90), start.key, None))

    def _plan_outages(self) -> None:
        """Each network fails once, in its own way."""
        faults = (Fault.SERVER_ERROR, Fault.HTML, Fault.RATE_LIMIT)
        for hour, (network, fault) in enumerate(zip(NETWORKS, faults, strict=True)):
            at = self._opens + timedelta(hours=2 + 2 * hour) + self._minutes(0, 40)
            self._steps.append(Breaks(at, network, fault))
            self._steps.append(Mends(at + self._minutes(32, 44), network))

    def _minutes(self, low: int, high: int) -> timedelta:
        return timedelta(seconds=self._rng.randint(low * 60, high * 60))

    def _shuffled(self, things: Sequence[_T]) -> list[_T]:
        return self._rng.sample(things, k=len(things))


@dataclass(slots=True)
class _Thread:
    """A conversation while it is planned: its first message and the keys so far."""

    start: Write
    opening: Opening
    keys: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.keys = [self.start.key]

    @property
    def is_idle(self) -> bool:
        """Whether the customer wants nothing, so neither nags nor asks on."""
        return self.opening.truth in ("praise", "other")

    @property
    def language(self) -> str:
        """The language both sides write."""
        return self.opening.language
