"""
The port: what a network's connector is to the rest of inboxd.

A fourth network is one file in the package ``connectors`` (or a module named by an entry
point in the group ``inboxd.connectors``) with two public classes: ``Settings``, a subclass
of :class:`AccountSettings`, and ``Connector``, a subclass of :class:`Connector`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from inboxd.durations import parse_duration
from inboxd.model import Author, Message, ReplyWindow, Stream, Unknown

if TYPE_CHECKING:
    from inboxd.clock import Clock

Cursor = Mapping[str, Any]
"""Where a source has been read to: JSON that only its own connector understands."""

Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""A span of time written ``90s``, ``30m``, ``2h``, ``1d`` or a sum such as ``1h30m``."""

Secret = SecretStr
"""A token; the configuration has resolved ``{ env = … }`` and its like to the value."""


class AccountSettings(BaseModel):
    """What every account has. A network adds its own keys in a subclass named ``Settings``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    SUPPORTED_STREAMS: ClassVar[frozenset[Stream]] = frozenset()
    """The streams that this network can serve at all."""

    name: str = Field(min_length=1, description="How the team calls this account.")
    network: str
    streams: tuple[Stream, ...] = Field(min_length=1, description="What is polled there.")
    poll_every: Duration = timedelta(seconds=30)
    overlap: Duration = timedelta(minutes=10)
    """How far behind the cursor each poll re-reads, because networks deliver late."""
    backfill: Duration = timedelta(days=3)
    """How far back the very first poll reads."""
    timeout: Duration = timedelta(seconds=20)
    """The longest that one call to the network may take, in real time."""
    api_base: str = ""
    """Another origin to speak to (a proxy, a mock); empty for the network's own."""

    @field_validator("streams")
    @classmethod
    def _served_by_this_network(cls, streams: tuple[Stream, ...]) -> tuple[Stream, ...]:
        if cls.SUPPORTED_STREAMS and (extra := set(streams) - cls.SUPPORTED_STREAMS):
            there_are = ", ".join(sorted(cls.SUPPORTED_STREAMS))
            raise ValueError(f"cannot serve {', '.join(sorted(extra))}; there are: {there_are}")
        return streams


class AnyAccount(AccountSettings):
    """An account of whichever network, for those who only need what every account has."""

    model_config = ConfigDict(extra="ignore", frozen=True)


@dataclass(frozen=True, slots=True)
class Source:
    """
    One thing a connector reads with a cursor of its own.

    It serves one or several streams (VK's long poll delivers all of them) or none (X's own
    posts are read only to see the brand's answers).
    """

    name: str
    streams: frozenset[Stream]


@dataclass(frozen=True, slots=True)
class Page:
    """
    What one call to the network brought, with the cursor that may be kept once it is stored.

    A connector that pages backwards (newest first, until known) gives every page but the
    last a cursor from which the rest will still be read: a crash between two pages costs a
    repetition, never a message.
    """

    cursor: Cursor
    messages: Sequence[Message] = ()
    unknown: Sequence[Unknown] = ()
    windows: Sequence[ReplyWindow] = ()
    note: str = ""
    """Something people should know about what was read, such as "events were lost"."""


@dataclass(frozen=True, slots=True)
class OutgoingReply:
    """A reply on its way out. *key* is stable over retries: the idempotency key's origin."""

    key: str
    thread_id: str
    stream: Stream
    text: str
    parent_id: str | None
    """The message that is answered, as its connector named it."""
    recipient: Author | None
    """Who is answered, where known."""
    sent_after: datetime
    """When the customer's message was sent: networks' reply windows count from here."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """A reply that the network took: the outbound message as a later poll would deliver it."""

    message: Message


@dataclass(frozen=True, slots=True)
class StreamCheck:
    """Whether a configured stream can be served with the tokens given, and if not, why."""

    stream: Stream
    ok: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class AccountCheck:
    """What `inboxd check --online` found out about an account."""

    identity: str
    streams: Sequence[StreamCheck] = field(default=())


class Connector(ABC):
    """
    One account on one network.

    Every method may raise only the errors of :mod:`inboxd.errors`, never an SDK's own, and
    none may block the event loop. A connector keeps no state that matters: what must
    survive a restart is in the cursor.
    """

    network: ClassVar[str]
    idempotent_sends: ClassVar[bool] = False
    """True if sending the same :class:`OutgoingReply` twice can never deliver it twice."""

    @abstractmethod
    def __init__(self, settings: Any, clock: Clock) -> None:  # noqa: ANN401 - its own Settings
        """Remember the settings; speak to nobody before the first call."""

    @abstractmethod
    def sources(self) -> Sequence[Source]:
        """Return what is to be polled for the configured streams, in order of importance."""

    @abstractmethod
    def poll(self, source: str, cursor: Cursor | None) -> AsyncIterator[Page]:
        """
        Yield what is new in *source* since *cursor*, page by page; None means never read.

        Every poll re-reads the configured overlap. The last page's cursor is the one to
        continue from; a poll that finds nothing still yields one page, because having
        looked is itself a fact.
        """

    @abstractmethod
    async def send(self, reply: OutgoingReply) -> SendResult:
        """
        Deliver *reply*.

        Raises SendRefused where the network says no, OutcomeUnknown where its answer was
        lost and *idempotent_sends* is False, NetworkError where it surely was not sent.
        """

    @abstractmethod
    async def check(self) -> AccountCheck:
        """Ask the network who the token belongs to and which streams it can serve."""

    @abstractmethod
    async def close(self) -> None:
        """Give back connections and threads; safe to call twice."""
