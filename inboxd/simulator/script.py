"""A day as a list of steps, and how it is played into a world as time passes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inboxd.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from inboxd.simulator.faults import Fault, Faults, Switch
    from inboxd.simulator.people import Network, Person
    from inboxd.simulator.texts import Truth
    from inboxd.simulator.world import Item, Kind

    Offer = Callable[[Item, str], Awaitable[bool]]

_EVERY_THIRD = 3


class Outcome(StrEnum):
    """What becomes of a conversation that day."""

    IN_TIME = "in_time"
    LATE = "late"
    DEFLECTED = "deflected"
    PROMISED = "promised"
    """An answer in time that promises to come back, and nobody does."""
    AUTOMATIC = "automatic"
    """A bot's receipt at once, and a person late or not at all."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Write:
    """Somebody writes: a customer, or the staff where *author* is None; *to* is a key of before."""

    at: datetime
    key: str
    network: Network
    text: str
    author: Person | None = None
    to: str | None = None
    private: bool = False
    truth: Truth | None = None
    delay: timedelta = timedelta(0)
    automatic: bool = False
    staff: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A customer edits what they wrote, or deletes it where *text* is None."""

    at: datetime
    key: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Breaks:
    """A network begins to fail."""

    at: datetime
    network: Network
    fault: Fault


@dataclass(frozen=True, slots=True)
class Mends:
    """A network is well again."""

    at: datetime
    network: Network


Step = Write | Change | Breaks | Mends


@dataclass(slots=True)
class Scenario:
    """
    A planned day, to be played into a world of the same seed.

    *outcomes* says what becomes of each conversation, by the key of its first message; *serials*
    tells after (and while) playing which item of the world a key became.
    """

    seed: int
    steps: list[Step]
    outcomes: dict[str, Outcome]
    customers: int
    serials: dict[str, int] = field(default_factory=dict)

    @property
    def inbound(self) -> list[Write]:
        """What customers write, in order of sending."""
        return [step for step in self.steps if isinstance(step, Write) and step.truth is not None]

    @property
    def begins(self) -> datetime:
        """When the first thing happens."""
        return self.steps[0].at

    @property
    def ends(self) -> datetime:
        """When the last thing has happened."""
        return self.steps[-1].at

    def new_world(self) -> World:
        """Return the empty world that this day is planned for."""
        return World(self.seed, customers=self.customers)

    def starting(self, begin: datetime, speed: float) -> Scenario:
        """Return the same day from *begin* on, *speed* times as fast, delays included."""

        def moved(at: datetime) -> datetime:
            return begin + (at - self.begins) / speed

        steps = [
            replace(step, at=moved(step.at), delay=step.delay / speed)
            if isinstance(step, Write)
            else replace(step, at=moved(step.at))
            for step in self.steps
        ]
        return Scenario(self.seed, steps, self.outcomes, self.customers)

    async def play(
        self,
        world: World,
        sleep_until: Callable[[datetime], Awaitable[None]],
        *,
        faults: Faults | None = None,
        answer: Offer | None = None,
    ) -> None:
        """
        Let the day pass: each thing happens when *sleep_until* has returned for its time.

        Outages need *faults*. With *answer*, a third of the staff's answers are offered to it as
        (the item answered, the text): it writes them its own way and returns True, or returns False
        and they are written straight into the world, as by another tool.
        """
        player = _Player(self.serials, world, faults, answer)
        for step in self.steps:
            await sleep_until(step.at)
            await player.do(step)


class _Player:
    """Does steps to a world, and keeps which item each key became."""

    def __init__(
        self,
        serials: dict[str, int],
        world: World,
        faults: Faults | None,
        answer: Offer | None,
    ) -> None:
        self._serials = serials
        self._world = world
        self._faults = faults
        self._answer = answer
        self._answers = 0
        self._switches: dict[Network, Switch] = {}

    async def do(self, step: Step) -> None:
        """Do one step."""
        match step:
            case Write():
                await self._write(step)
            case Change(at=at, key=key, text=None):
                self._world.delete(self._serials[key], at=at)
            case Change(at=at, key=key, text=str(text)):
                self._world.edit(self._serials[key], text, at=at)
            case Breaks() if self._faults is not None:
                self._switches[step.network] = self._faults.switch_on(step.network, step.fault)
            case Mends() if step.network in self._switches and self._faults is not None:
                self._faults.switch_off(self._switches.pop(step.network))

    async def _write(self, write: Write) -> None:
        """Write it, unless what it answers was deleted or never written: nobody answers that."""
        if write.to is None:
            self._serials[write.key] = self._begin(write).serial
            return
        serial = self._serials.get(write.to)
        above = None if serial is None else self._world.get(serial)
        if above is None or above.is_deleted(write.at) or await self._is_taken(write, above):
            return
        item = self._world.reply(
            above.serial,
            write.text,
            sent_at=write.at,
            author=write.author,
            visible_at=write.at + write.delay,
            auto_reply=write.automatic,
            staff=write.staff,
            truth=write.truth,
        )
        self._serials[write.key] = item.serial

    def _begin(self, write: Write) -> Item:
        kind: Kind = "dm" if write.private else "mention" if write.author is not None else "post"
        return self._world.add(
            write.network,
            kind,
            write.text,
            sent_at=write.at,
            author=write.author,
            visible_at=write.at + write.delay,
            staff=write.staff,
            truth=write.truth,
        )

    async def _is_taken(self, write: Write, above: Item) -> bool:
        """Offer every third answer of the staff to whoever writes them another way."""
        if write.staff is None or self._answer is None:
            return False
        self._answers += 1
        if self._answers % _EVERY_THIRD:
            return False
        taken = await self._answer(above, write.text)
        if taken:
            # What follows is then a reply to the same message.
            self._serials[write.key] = above.serial
        return taken
