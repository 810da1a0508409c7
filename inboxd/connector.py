"""
The port: what a network's connector is to the rest of inboxd.

A fourth network is one file in the package ``connectors`` (or a module named by an entry
point in the group ``inboxd.connectors``) with two public classes: ``Settings``, a subclass
of :class:`AccountSettings`, and ``Connector``, a subclass of :class:`Connector`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from inboxd.durations import parse_duration
from inboxd.model import Author, Direction, Message, ReplyWindow, Stream, Unknown
from inboxd.patterns import parse_pattern

if TYPE_CHECKING:
    from inboxd.clock import Clock

Cursor = Mapping[str, Any]
"""Where a source has been read to: JSON that only its own connector understands."""

Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
"""A span of time written ``90s``, ``30m``, ``2h``, ``1d`` or a sum such as ``1h30m``."""


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must have no line breaks or other control characters in it")
    return value


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
"""How the team calls something; it stands in alerts, log lines and lists."""
Secret = SecretStr
"""A token; the configuration has resolved ``{ env = … }`` and its like to the value."""


def _a_file(path: Path) -> Path:
    if not path.name:
        raise ValueError("must name a file")
    return path


def _a_folder(path: object) -> object:
    # As a Path it would be the same as ".", which is one.
    if not path:
        raise ValueError("must name a folder")
    return path


def _beside_the_configuration(path: Path, info: ValidationInfo) -> Path:
    """Return *path*; a relative one begins at the configuration file's folder."""
    if "\0" in str(path):
        raise ValueError("must have no NUL character in it")
    folder: Path = (info.context or {}).get("folder", Path())
    try:
        return folder / path.expanduser()
    except RuntimeError:
        raise ValueError("must not begin with a ~ for which there is no home") from None


LocalPath = Annotated[Path, AfterValidator(_a_file), AfterValidator(_beside_the_configuration)]
"""A file of this machine; a relative path begins at the configuration's folder."""
LocalFolder = Annotated[Path, BeforeValidator(_a_folder), AfterValidator(_beside_the_configuration)]
"""A folder of this machine, ``.`` for the configuration's own."""


_Account = TypeVar("_Account", bound="AccountSettings")


def _now_and_then(value: timedelta) -> timedelta:
    if value < timedelta(minutes=10):
        raise ValueError("must be at least 10m: nobody waits for what is read there")
    return value


class WatchSettings(BaseModel):
    """
    Somebody else's account, of which only what is public is read: for the report.

    A network adds keys of its own.
    """

    # What pydantic shows of a wrong input is the whole table, keys included.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    BORROWED: ClassVar[tuple[str, ...]] = ()
    """The keys that are taken from the account in *tokens_of*, where they are not given here."""

    name: Name
    """What the report calls it."""
    network: str
    """Where it is read."""
    tokens_of: Name | None = None
    """An account of ours on the same network, by whose tokens it is read; else by its own."""
    calendar: str | None = None
    """In whose open hours its answers are timed as well; on the wall clock they always are."""
    poll_every: Annotated[Duration, AfterValidator(_now_and_then)] = timedelta(hours=6)
    """How often it is read, at least every 10 minutes."""
    overlap: Duration = timedelta(hours=1)
    """How far behind the last read each one goes back."""
    backfill: Duration = timedelta(days=7)
    """How far back the very first read goes."""
    timeout: Duration = timedelta(seconds=20)
    """The longest that one call to the network may take, in real time."""
    auto_replies: tuple[str, ...] = ()
    """Regular expressions of its automatic texts, which stop no clock."""
    api_base: str = ""
    """Another origin to speak to (a proxy, a mock); empty for the network's own."""

    @field_validator("auto_replies")
    @classmethod
    def _regular_expressions(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            parse_pattern(pattern)
        return patterns

    def as_an_account(self, kind: type[_Account], **more: Any) -> _Account:  # noqa: ANN401 - any key
        """
        Return what calls to the network go by: an account of *kind*, with every key that both have.

        It is not validated, for it may lack what only an account needs.
        """
        both = type(self).model_fields.keys() & kind.model_fields.keys()
        made = kind.model_construct(**{name: getattr(self, name) for name in both} | more)
        return cast("_Account", made)  # pydantic's plugin for mypy forgets which kind


class AnyWatch(WatchSettings):
    """A watched account of whichever network, for those who only need what each has."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class AccountSettings(BaseModel):
    """What every account has; a network adds keys of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    SUPPORTED_STREAMS: ClassVar[frozenset[Stream]] = frozenset()
    """The streams that this network can serve at all."""
    WATCHED_AS: ClassVar[type[WatchSettings] | None] = None
    """What is said of somebody else's account on it; None where what is public is not read."""

    name: Name
    """Who it is in the database and in alerts: under another name it is a new account."""
    network: str
    """Which connector reads it."""
    streams: tuple[Stream, ...] = Field(min_length=1, description="What is polled there.")
    poll_every: Duration = timedelta(seconds=30)
    """How often it is looked for news, at least every second."""
    overlap: Duration = timedelta(minutes=10)
    """How far behind the cursor each poll re-reads, because networks deliver late."""
    backfill: Duration = timedelta(days=3)
    """How far back the very first poll reads."""
    timeout: Duration = timedelta(seconds=20)
    """The longest that one call to the network may take, in real time."""
    brand_words: tuple[str, ...] = ()
    """What the stream "search" looks for: the brand's name as people write it without an @."""
    auto_replies: tuple[str, ...] = ()
    """Regular expressions of the brand's automatic texts, which stop no clock."""
    api_base: str = ""
    """Another origin to speak to (a proxy, a mock); empty for the network's own."""

    def advice(self) -> Iterator[tuple[str, str]]:
        """Yield each key with what is allowed there but does not work, or not for long."""
        yield from ()

    @field_validator("auto_replies")
    @classmethod
    def _regular_expressions(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            parse_pattern(pattern)
        return patterns

    @field_validator("brand_words")
    @classmethod
    def _words(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if any(not word.strip() or '"' in word or not word.isprintable() for word in words):
            raise ValueError("must be words to look for, without quotation marks or line breaks")
        return words

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

    WATCHED_AS: ClassVar[type[WatchSettings] | None] = AnyWatch


@dataclass(frozen=True, slots=True)
class Source:
    """
    One thing a connector reads with a cursor of its own.

    It serves one or several streams (VK's long poll delivers all of them) or none (X's own
    posts are read only to see the brand's answers). One that only repairs what another may
    have lost names that other in *reads_back*: what it finds first, the other did not deliver.
    """

    name: str
    streams: frozenset[Stream]
    reads_back: str = ""


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
    gone: Sequence[str] = ()
    """Ids of messages that the network says are not there any more, where that is all it says."""
    note: str = ""
    """Something people should know about what was read, such as "events were lost"."""
    restarted: bool = False
    """Whether the source had to begin anew: what happened meanwhile it will not tell any more."""
    lost: str = ""
    """What may be missing for good since the last read, which nothing reads back; else empty."""


@dataclass(frozen=True, slots=True)
class Known:
    """A message that is stored already, as far as looking for it again needs to know it."""

    remote_id: str
    thread_id: str
    stream: Stream
    direction: Direction
    sent_at: datetime
    parent_id: str | None = None
    deleted: bool = False


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
    expires_at: datetime | None = None
    """When the token will cease to work, where the network tells."""
    renewal: str = ""
    """What to do before then."""
    end_is_told: bool = True
    """False where the network did not say this time whether there is an end: None then means nothing."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """
    How much of something that a network counts is used: for `inboxd doctor`, and to warn in time.

    *limit* is None where nothing is known of one; *projected* is what *used* comes to by
    *resets_at* if it goes on like this; *cost* is what has been used so far in US dollars.
    """

    name: str
    used: int
    limit: int | None = None
    resets_at: datetime | None = None
    projected: int | None = None
    cost: float | None = None
    projected_cost: float | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntries:
    """What is new in a ledger: amounts by UTC day and name, and until when what rests."""

    spent: Mapping[tuple[date, str], int]
    rests: Mapping[str, datetime]

    def __bool__(self) -> bool:
        return bool(self.spent or self.rests)


class Ledger:
    """
    What an account has used of what its network allows: kept over restarts.

    Amounts are counted by UTC day under a name (a method, a kind of thing that is paid for).
    A name *rests* until the network takes it again. Who owns the account keeps what `taken`
    returns in the transaction of the page that caused it, and hands it back with `restored`.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: Mapping[tuple[date, str], int] = {}
        self._new: Counter[tuple[date, str]] = Counter()
        self._rests: dict[str, datetime] = {}
        self._new_rests: dict[str, datetime] = {}
        self._counted: dict[tuple[date, str], set[str]] = {}

    def spend(self, name: str, amount: int = 1) -> None:
        """Count *amount* more of *name* today."""
        if amount:
            self._new[self._today(), name] += amount

    def spend_once(self, name: str, ids: Iterable[str]) -> int:
        """
        Count each of *ids* once a day, as X bills what it returns; returns how many are new.

        A restart forgets which were counted: the sum is then too high, never too low.
        """
        today = self._today()
        self._counted = {key: seen for key, seen in self._counted.items() if key[0] == today}
        seen = self._counted.setdefault((today, name), set())
        new = set(ids) - seen
        seen |= new
        self.spend(name, len(new))
        return len(new)

    def spent(self, name: str, since: date) -> int:
        """Return how much of *name* was used from the UTC day *since* on."""
        both = (*self._kept.items(), *self._new.items())
        return sum(amount for (day, what), amount in both if what == name and day >= since)

    def rest(self, name: str, until: datetime) -> None:
        """Note that the network takes no *name* before *until*."""
        self._rests[name] = self._new_rests[name] = until

    def rests_until(self, name: str) -> datetime | None:
        """Return until when *name* rests; None if it may be asked now."""
        until = self._rests.get(name)
        return until if until is not None and until > self._clock.now() else None

    def taken(self) -> LedgerEntries:
        """Return what came since the last call, to be kept."""
        entries = LedgerEntries(dict(self._new), dict(self._new_rests))
        self._kept = Counter(self._kept) + self._new
        self._new, self._new_rests = Counter(), {}
        return entries

    def restored(self, entries: LedgerEntries) -> None:
        """Take over what is kept, by whichever process; what is new here stays new."""
        self._kept = entries.spent
        self._rests = {**entries.rests, **self._new_rests}

    def _today(self) -> date:
        return self._clock.now().date()


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
    def __init__(self, settings: Any, clock: Clock, ledger: Ledger | None = None) -> None:  # noqa: ANN401 - its own Settings
        """
        Remember the settings; speak to nobody before the first call.

        Without a *ledger* what is used is counted for as long as this object lives.
        """

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

    async def verify(self, known: Sequence[Known]) -> AsyncIterator[Page]:
        """
        Look up messages that are stored, to see which were edited, are gone, or are back.

        Yields pages whose cursors mean nothing. What is gone is in `Page.gone` (or a deleted
        Message, where the network tells more), what was deleted and is back is delivered with
        *restored*, what is merely as it was may be left out. What could not be looked up is
        none of these: it is left out with a note, or raises; it is never taken for deleted.
        """
        for each in known[:0]:
            yield Page({}, gone=[each.remote_id])

    def reread(self, item: Unknown) -> Page:
        """
        Read a quarantined *item* once more, with what this version knows; asks nobody.

        Returns its messages, or the item itself as `Page.unknown` if it is still not understood.
        """
        return Page({}, unknown=[item])

    @staticmethod
    def length(text: str) -> int:
        """Return how long the network finds a public *text*, which `max_length` limits."""
        return len(text)

    def allowances(self) -> Sequence[Allowance]:
        """Return how much of what the network counts is used, from the ledger alone."""
        return ()

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
