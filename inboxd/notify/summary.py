"""
What people need at a glance: an alert as a title, facts, a quotation and what to do.

Pure. Every sink shows the same summary in its own notation; only how much of the quotation fits
differs. All strings but *quote* and *detail* are single lines and already inert.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.durations import format_duration
from inboxd.model import Alert, Author, CaseCard, Stream, Tone, Urgency
from inboxd.notify.buttons import Offer, offer_of
from inboxd.notify.inert import isolated, legible, one_line, web_link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo

ICONS = {Tone.WARNING: "⏳", Tone.BREACH: "🔴", Tone.RECOVERY: "✅", Tone.NOTICE: "🔔"}
_NETWORKS = {"vk": "VK", "twitter": "X"}
_STREAMS = {
    Stream.DIRECT_MESSAGES: "direct message",
    Stream.COMMENTS: "comment",
    Stream.MENTIONS: "mention",
    Stream.REVIEWS: "review",
    Stream.SEARCH: "found by search",
}
_LONGEST_TITLE = 140
_LONGEST_NAME = 80
_LONGEST_FACT = 300
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled line."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Line:
    """
    One of several things that are told together; *quote* is a single line, too.

    *note* says what people have done about it.
    """

    tone: Tone
    icon: str
    title: str
    quote: str = ""
    link: str = ""
    place: str = ""
    command: str = ""
    note: str = ""
    offer: Offer | None = None

    @property
    def headline(self) -> str:
        """The icon and the title."""
        return f"{self.icon} {self.title}"


@dataclass(frozen=True, slots=True)
class Summary:
    """
    An alert, or several that are told together (then as *lines*), ready to be laid out.

    *quote* is the customer's text, legible but whole, None where the alert is about no case.
    *link* leads to the message on its network and *command* shows the case; either may be "".
    *caution* is what to know before believing it, "" as a rule. *mentions* are Slack's ids.
    *notes* say what people have done about it, and *offer* what they can do.
    """

    tone: Tone
    icon: str
    title: str
    detail: str
    facts: tuple[Fact, ...]
    quote: str | None
    link: str
    place: str
    command: str
    caution: str
    zone: str
    lines: tuple[Line, ...] = ()
    mentions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    offer: Offer | None = None

    @property
    def headline(self) -> str:
        """The icon and the title: what a lock screen or a list of mails shows."""
        return f"{self.icon} {self.title}"


def summarize(alert: Alert, now: datetime, tz: tzinfo) -> Summary:
    """
    Return what people are to be shown of *alert* at *now*.

    Instants are written in *tz*, absolutely and relative to *now*: an alert that was held up
    on its way still tells the truth when it arrives.
    """
    card = alert.case
    link = "" if card is None else web_link(card.url)
    over = alert.tone is Tone.RECOVERY
    return Summary(
        tone=alert.tone,
        icon=ICONS[alert.tone],
        title=title_of(alert.headline),
        detail=legible(alert.detail),
        facts=tuple(_case_facts(card, now, tz) if card else _plain_facts(alert, now, tz)),
        quote=None if card is None else _quote(card),
        link=link,
        place="" if card is None else network_of(card),
        command="" if card is None else f"inboxd show {card.id}",
        caution="",
        zone=str(tz),
        mentions=alert.mentions,
        offer=None if card is None else offer_of(card, link, over=over),
    )


def title_of(headline: str) -> str:
    """Return *headline* on one line that breaks out of nothing."""
    return isolated(one_line(headline, _LONGEST_TITLE)) or "Alert without a headline"


def network_of(card: CaseCard) -> str:
    """Return the network's name as people write it."""
    return _NETWORKS.get(card.network) or one_line(card.network, _LONGEST_NAME).capitalize()


def written(instant: datetime, now: datetime, tz: tzinfo) -> str:
    """Return *instant* as short as it is clear at *now*: ``10:42``, ``Fri 20 Nov 10:42``."""
    local, today = instant.astimezone(tz), now.astimezone(tz)
    if local.date() == today.date():
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local:%Y}"
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"


def distance(instant: datetime, now: datetime) -> str:
    """Return how far *instant* is from *now*: ``31m ago``, ``in 2h 5m``, ``now``."""
    span = instant - now
    if abs(span).total_seconds() < 1:
        return "now"
    return f"in {format_duration(span)}" if span > _NOTHING else f"{format_duration(-span)} ago"


def _plain_facts(alert: Alert, now: datetime, tz: tzinfo) -> Iterator[Fact]:
    for label, value in alert.facts:
        yield Fact(one_line(label, _LONGEST_NAME), one_line(value, _LONGEST_FACT))
    if alert.facts and alert.tone is Tone.NOTICE:
        return  # It bears its date, and tells of nothing that happened just then.
    at = alert.created_at
    yield Fact("Noticed", f"{written(at, now, tz)} ({distance(at, now)})")


def _case_facts(card: CaseCard, now: datetime, tz: tzinfo) -> Iterator[Fact]:
    yield Fact("From", _author(card.author))
    yield Fact("Where", _where(card))
    yield Fact("What", _what(card))
    yield Fact("Waiting", _waiting(card, now, tz))
    if card.due_at is not None:
        yield Fact("Due", _due(card, card.due_at, now, tz))
    if card.acknowledged_by:
        yield Fact("Taken by", isolated(one_line(card.acknowledged_by, _LONGEST_NAME)))
    elif card.assigned_to:
        yield Fact("For", isolated(one_line(card.assigned_to, _LONGEST_NAME)))
    if card.policy:
        yield Fact("Policy", one_line(card.policy, _LONGEST_NAME))
    yield Fact("Case", str(card.id))


def _author(author: Author | None) -> str:
    if author is None:
        return "unknown"
    name = one_line(author.name, _LONGEST_NAME)
    handle = one_line(author.handle, _LONGEST_NAME).lstrip("@")
    named = isolated(name or (f"@{handle}" if handle else "")) or "unnamed"
    also = f" ({isolated('@' + handle)})" if name and handle else ""
    if author.followers is None:
        return named + also
    noun = "follower" if author.followers == 1 else "followers"
    return f"{named}{also}, {author.followers:,} {noun}"


def _where(card: CaseCard) -> str:
    visibility = "public" if card.public else "private"
    account = one_line(card.account, _LONGEST_NAME)
    return f"{network_of(card)} · {account} · {_STREAMS[card.stream]}, {visibility}"


def _what(card: CaseCard) -> str:
    kind = "not classified" if card.kind is None else card.kind.value
    about = ", ".join(topic.value.replace("_", " ") for topic in card.topics)
    parts = [f"{kind}: {about}" if about else kind]
    if card.urgency is not None and card.urgency is not Urgency.NORMAL:
        parts.append(f"{card.urgency.value} urgency")
    if card.language:
        parts.append(one_line(card.language, _LONGEST_NAME))
    return one_line(" · ".join(parts), _LONGEST_FACT)


def _waiting(card: CaseCard, now: datetime, tz: tzinfo) -> str:
    since = written(card.waiting_since, now, tz)
    if card.answered_at is not None:
        took = _span(card.answered_at - card.waiting_since)
        return f"{since} to {written(card.answered_at, now, tz)} ({took})"
    more = f", {card.messages} messages" if card.messages > 1 else ""
    return f"since {since} ({_span(now - card.waiting_since)}){more}"


def _due(card: CaseCard, due_at: datetime, now: datetime, tz: tzinfo) -> str:
    due = written(due_at, now, tz)
    if card.answered_at is None:
        return f"{due} ({distance(due_at, now)})"
    late = card.answered_at - due_at
    return f"{due} (answered {_span(late)} late)" if late > _NOTHING else f"{due} (in time)"


def _span(span: timedelta) -> str:
    """Return a span that is never negative, whatever two clocks disagree about."""
    return format_duration(max(span, _NOTHING))


def _quote(card: CaseCard) -> str:
    if shown := legible(card.text):
        return shown
    return "(nothing that can be shown)" if card.text else "(no text)"
