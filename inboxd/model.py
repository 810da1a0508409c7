"""The words of inboxd as frozen values; every instant is an aware UTC datetime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date, datetime

Json = Mapping[str, Any]
"""A JSON object as parsed; its shape belongs to whoever wrote it."""


class Stream(StrEnum):
    """One kind of thing that is polled on an account."""

    DIRECT_MESSAGES = "direct_messages"
    COMMENTS = "comments"
    MENTIONS = "mentions"
    REVIEWS = "reviews"
    SEARCH = "search"


class Direction(StrEnum):
    """Who wrote a message: a customer (inbound) or the brand (outbound)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Kind(StrEnum):
    """What a customer wants with a message."""

    COMPLAINT = "complaint"
    REQUEST = "request"
    PRAISE = "praise"
    OTHER = "other"


class Topic(StrEnum):
    """What a message is about; several at once are possible."""

    RETURNS = "returns"
    REFUNDS = "refunds"
    CANCELLATIONS = "cancellations"
    EXCHANGES = "exchanges"
    ORDERS = "orders"
    SHIPPING = "shipping"
    TRACKING = "tracking"
    AVAILABILITY = "availability"
    PAYMENT = "payment"
    LOYALTY_POINTS = "loyalty_points"
    GIFT_CARDS = "gift_cards"
    MEMBERSHIP = "membership"
    STAFF = "staff"
    WEBSITE = "website"
    OTHER = "other"


class Urgency(StrEnum):
    """How soon harm is done if nobody answers."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a message, as the network names them within one account."""

    remote_id: str
    name: str = ""
    handle: str = ""
    followers: int | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that came with a message. Its URL is shown, never fetched."""

    type: str
    url: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """
    One item as a connector delivers it: the same item always gives the same value.

    *remote_id* and *thread_id* are qualified by the network's kind of item
    (``dm:2000000001_17``, ``wall_reply:-1_45``), so that ids which a network counts
    separately never collide within an account. *thread_id* names the conversation: a DM
    peer, a root comment, or one author within one X conversation.

    A *deleted* message may have neither author nor text: what is known of it is kept. One that
    the network says was deleted and is back is *restored*; a deleted message that merely
    arrives once more, late or out of order, stays deleted.

    An outbound message answers everybody who waits in its thread, unless it names in
    *addressees* (their remote ids) whom it is for. *also_in* are further threads that it
    answers, where a network keeps one answer to several customers apart.
    """

    remote_id: str
    thread_id: str
    stream: Stream
    direction: Direction
    public: bool
    sent_at: datetime
    text: str = ""
    author: Author | None = None
    parent_id: str | None = None
    url: str = ""
    attachments: tuple[Attachment, ...] = ()
    edited_at: datetime | None = None
    deleted: bool = False
    restored: bool = False
    auto_reply: bool = False
    staff: str = ""
    addressees: tuple[str, ...] = ()
    also_in: tuple[str, ...] = ()
    raw: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """
    An item that the connector does not understand: kept raw in quarantine, and counted.

    Its *kind* is not known yet, or *error* says what about it broke our reading of it.
    """

    remote_id: str
    kind: str
    raw: Json
    error: str = ""


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """
    Whether and how a conversation can be answered, to be told *before* a person writes.

    *closes_at* is when it stops being possible; *reason* says why it is not (or will not
    be) and what to do instead; *max_length* is in characters as the network counts them.
    """

    thread_id: str
    open: bool = True
    closes_at: datetime | None = None
    reason: str = ""
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span of a text that carried a verdict: ``text[start:end]``, and what it spoke for."""

    start: int
    end: int
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the classifier says of one message, and why."""

    kind: Kind
    topics: tuple[Topic, ...]
    urgency: Urgency
    language: str
    scores: Mapping[str, float]
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Promised:
    """
    When a reply says that something will be done: ``text[start:end]``.

    *on* is the last day that the words allow, counted from when the reply was sent; None if
    they name no day ("soon") or it is not known when it was sent. *at* is the instant, where
    an hour or a stretch of hours is said as well.
    """

    start: int
    end: int
    text: str
    on: date | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Manners:
    """
    How a reply behaves, each part by itself.

    *punctuation* is whether it ends as a sentence should and has no rows of marks;
    *capitals* whether sentences begin with one and nothing is shouted. *due* is what the
    customer's message calls for, ``"apology"`` or ``"thanks"``; "" if neither, or if it is
    not known.
    """

    greeting: bool
    thanks: bool
    apology: bool
    punctuation: bool
    capitals: bool
    due: str = ""


@dataclass(frozen=True, slots=True)
class ReplyVerdict:
    """
    What is said of one reply of the brand, and why.

    *deflection*: it sends the customer elsewhere; the evidence tells where
    (``elsewhere:mail``, ``elsewhere:phone``, ``elsewhere:private``, …). *promise*: something
    will be done later, at *promised* where a time is named. *non_answer*: it misses what was
    asked. *scores* are the probabilities of these three, by name.
    """

    deflection: bool
    promise: bool
    non_answer: bool
    language: str
    scores: Mapping[str, float]
    manners: Manners
    promised: Promised | None = None
    evidence: tuple[Evidence, ...] = ()


class Tone(StrEnum):
    """How an alert feels: what colour it has and whether it calls for action."""

    WARNING = "warning"
    BREACH = "breach"
    RECOVERY = "recovery"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class CaseCard:
    """
    What an alert tells of a case: the facts at the moment it was written.

    *text* is the unanswered message that tells most, whole and as hostile as it came;
    *messages* counts the unanswered ones; *due_at* is the target that governs. *wait* and
    *message* are the numbers of the wait and of the message; 0 where they were not kept yet.
    *promised* are the words of ours that promised what the customer waits for, if that is what
    it is about.
    """

    id: int
    account: str
    network: str
    stream: Stream
    public: bool
    kind: Kind | None
    topics: tuple[Topic, ...]
    urgency: Urgency | None
    language: str
    author: Author | None
    text: str
    url: str
    waiting_since: datetime
    due_at: datetime | None
    messages: int
    policy: str
    acknowledged_by: str = ""
    answered_at: datetime | None = None
    assigned_to: str = ""
    wait: int = 0
    message: int = 0
    promised: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """
    What *actor* did about a case: *action* as the table actions names it, or ``correct``.

    *detail* is the instant at which a snoozed case wakes, whom it was given to, why it was
    closed, or the kind that its message really is.
    """

    at: datetime
    actor: str
    action: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """
    How it stands by now with a case of which people were told.

    *card* is as it was told last. Once the wait is over, *ended_at* says since when and
    *outcome* how it ended (``answered``). *kind* is what the case counts as by now; *deeds* are
    what people did about the wait: of each action the last, in the order in which they did it.
    """

    card: CaseCard
    due_at: datetime | None
    taken_by: str = ""
    ended_at: datetime | None = None
    outcome: str = ""
    kind: Kind | None = None
    deeds: tuple[Deed, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """
    One thing that people are told once, at one or several sinks.

    *key* is unique for ever: the same reason never makes a second alert. *thread* joins
    what belongs together (``case:17``), so that a sink can update in place, thread or
    group it. *headline* is one line of plain text; *detail* may be several. *mentions* are
    called by name where that can be done: Slack's ids of people (U…, W…) and groups (S…). What
    is about many cases has *facts* (label and value), and *examples* of them.
    """

    key: str
    thread: str
    reason: str
    tone: Tone
    headline: str
    created_at: datetime
    detail: str = ""
    case: CaseCard | None = None
    mentions: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    examples: tuple[CaseCard, ...] = ()
