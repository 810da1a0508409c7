"""The port of the alert receivers: what a sink takes, what it returns, how it fails."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.errors import Unavailable

if TYPE_CHECKING:
    from inboxd.core.spikes import SpikeStanding
    from inboxd.model import Alert, Standing

Receipt = Mapping[str, str]
"""Where a delivered alert is to be found again (channel and ts, Message-ID): JSON, kept."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with what is told; *type* is its MIME type, of a text in UTF-8."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    One attempt to tell people of *alerts*, at least one, at one sink.

    *head* is the receipt of the first alert of the same thread that this sink delivered, or
    None if this is the first. *attempt* counts from 1. *uncertain* says that an earlier attempt
    may have arrived and that nobody can tell: the text must then admit that it may be a repeat.
    *key* names the delivery in every attempt; *standings* are all cases of the thread by now.
    *held* says why it was held back (``quiet``, ``limit``, ``silence``), *instead_of* which sink it was meant for.
    In the thread of a spike, *spike* is how it stands with that. *origin* names the inboxd that
    tells: a team may have several, and be told of one's own troubles. *attachments* are the same
    in every attempt; a sink that cannot send them leaves them out. *reached* is what an earlier
    attempt that reached some of several people said of them.
    """

    alerts: tuple[Alert, ...]
    head: Receipt | None
    attempt: int
    uncertain: bool
    key: str
    standings: tuple[Standing, ...] = ()
    held: str = ""
    instead_of: str = ""
    spike: SpikeStanding | None = None
    origin: str = ""
    attachments: tuple[Attachment, ...] = ()
    reached: Receipt | None = None

    @classmethod
    def of(
        cls,
        alert: Alert,
        head: Receipt | None = None,
        *,
        attempt: int = 1,
        uncertain: bool = False,
        origin: str = "",
    ) -> Delivery:
        """Return an attempt to tell of one alert, which names it."""
        return cls((alert,), head, attempt, uncertain, alert.key, origin=origin)


class PartlyDelivered(Unavailable):
    """Some of several people have it, others may get it later; *receipt* says who has it."""

    def __init__(self, text: str, receipt: Receipt) -> None:
        super().__init__(text)
        self.receipt = receipt


class Sink(ABC):
    """
    One place where people are told.

    Its methods raise only the errors of :mod:`inboxd.errors`:

    - RateLimited: not delivered; *until* says when to come back, where the receiver told.
    - Unavailable: surely not delivered, and the same attempt may work later.
    - PartlyDelivered: as Unavailable for some; the next attempt gets its receipt as *reached*.
    - OutcomeUnknown: it was sent and the answer was lost; ask `find` before sending it again.
    - SinkRefused: it will never be delivered like this; the text says what a person must mend.
    """

    name: str
    idempotent: bool
    """True where people cannot see a repeat, so that an unknown outcome may simply be retried."""

    @abstractmethod
    async def deliver(self, delivery: Delivery) -> Receipt:
        """Tell people; return where it can be found again."""

    @abstractmethod
    async def find(self, delivery: Delivery) -> Receipt | None:
        """
        Return the receipt of an attempt whose answer was lost, or None if it surely failed.

        Raises NetworkError where looking failed and OutcomeUnknown where looking is impossible.
        """

    def continues(self, head: Receipt) -> bool:  # noqa: ARG002 - as a rule any of its own
        """Tell whether what follows *head*, a receipt of a sink of that name, can go below it."""
        return True

    async def refresh(self, message: Receipt, delivery: Delivery) -> None:  # noqa: B027 - few can
        """
        Let a delivered *message* show what *delivery* tells, as it stands now; nobody is told.

        Raises as `deliver` does; SinkRefused where the message is gone or cannot be changed.
        """

    async def check(self) -> str:
        """
        Ask the receiver whether it would take an alert, and tell nobody.

        Returns what it says, "" where it cannot be asked; raises as `deliver` does.
        """
        return ""

    async def close(self) -> None:  # noqa: B027 - most sinks hold nothing between two deliveries
        """Give back what is held; safe to call twice."""
