"""One message of a conversation as rows: who, when, what is said of it, and its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from inboxd.core.reproach import CALLED
from inboxd.model import Direction
from inboxd.tui.acting.browser import is_safe
from inboxd.tui.names import speaker, topic_names
from inboxd.tui.when import day, moment
from inboxd.tui.wrapping import Piece, Row, short, tame, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, tzinfo

    from inboxd.store.threads import Outgoing
    from inboxd.store.views import ReplySaid, ThreadMessage

_INDENT = 9
"""Where texts begin: after a mark, the time, and blanks."""
_WIDEST = 100
"""Cells of the longest row of a text: longer ones are hard to read."""
LONGEST = 3_000
"""Characters of a text that are shown unasked."""
_LONGEST_VERSION = 600
_OURS = "▌"
_WAITS = "●"
_LEAVES = "↗"
_STATES = {
    "pending": "queued",
    "sending": "being sent",
    "sent": "sent, not read back yet",
    "unsure": "may or may not have arrived",
    "refused": "refused",
}


@dataclass(frozen=True, slots=True)
class Look:
    """
    How a conversation is to be shown.

    *waiting* are the messages that nobody has answered, *new* those that came since the case was
    opened, and *automatic* says why an answer was taken for a machine's.
    """

    now: datetime
    tz: tzinfo
    waiting: frozenset[int] = frozenset()
    new: frozenset[int] = frozenset()
    automatic: Mapping[int, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Authors' names by their remote ids, for whom an answer names."""
    versions: bool = False
    """Whether earlier versions are shown."""
    whole: bool = False
    """Whether long texts are shown to their end."""


def is_openable(url: str) -> bool:
    """Tell whether an address may be given to a browser: the web's, and nothing hidden in it."""
    return is_safe(url) and tame(url) == url


def message_rows(message: ThreadMessage, width: int, look: Look) -> list[Row]:
    """Return one message: who, when, what is said of it, its text, and what came with it."""
    side = _side(ours=message.direction is Direction.OUTBOUND)
    first = _first(message.sent_at, look, *_mark(message, look))
    rows = wrap(_heading(message, look), width, first=first, rest=side)
    for pieces in (_body(message, look), *_below(message, look)):
        rows += wrap(pieces, room(width) + _INDENT, first=side, rest=side)
    return [*rows, ()]


def outgoing_rows(outgoing: Outgoing, width: int, look: Look) -> list[Row]:
    """Return a reply of ours that the customer has not got yet, as far as we know."""
    side = _side(ours=True)
    bad = outgoing.state in {"refused", "unsure"}
    said = [
        Piece("our reply", "ours"),
        Piece(" · "),
        Piece(_STATES.get(outgoing.state, outgoing.state), "alarm" if bad else "waiting"),
    ]
    if outgoing.state == "pending" and outgoing.not_before > look.now:
        said.append(Piece(f", leaves at {outgoing.not_before.astimezone(look.tz):%H:%M:%S}"))
    if outgoing.error:
        said.append(Piece(f": {short(outgoing.error, 200)}"))
    rows = wrap(said, width, first=_first(outgoing.created_at, look, _LEAVES, "waiting"), rest=side)
    text = tame(_cut(outgoing.reply.text, look))
    return [*rows, *wrap([Piece(text)], room(width) + _INDENT, first=side, rest=side), ()]


def room(width: int) -> int:
    """Return how many cells a row of a text has."""
    return max(1, min(width - _INDENT, _WIDEST))


def _side(*, ours: bool) -> Row:
    """Return what is left of a text."""
    return (Piece(_OURS, "ours"), Piece(" " * (_INDENT - 1))) if ours else (Piece(" " * _INDENT),)


def _first(at: datetime, look: Look, mark: str, style: str) -> Row:
    """Return what is left of a message's first row: a mark and the time of the day."""
    return (Piece(mark, style), Piece(f" {at.astimezone(look.tz):%H:%M}  ", "muted"))


def _mark(message: ThreadMessage, look: Look) -> tuple[str, str]:
    if message.direction is Direction.OUTBOUND:
        return _OURS, "ours"
    return (_WAITS, "waiting") if message.id in look.waiting else (" ", "")


def _heading(message: ThreadMessage, look: Look) -> list[Piece]:
    """Return who wrote a message, and what is said of it."""
    ours = message.direction is Direction.OUTBOUND
    name = Piece(speaker(message), "ours" if ours else "title")
    new = [Piece(" new ", "new"), Piece(" ")] if message.id in look.new else []
    return [
        *new,
        name,
        *(part for mark in _marks(message, look) for part in (Piece(" · ", "muted"), mark)),
    ]


def _marks(message: ThreadMessage, look: Look) -> Iterator[Piece]:
    """Yield what is said of a message, a piece for each thing."""
    if message.id in look.waiting:
        yield Piece("unanswered", "waiting")
    yield from _verdict(message)
    if message.auto_reply:
        yield Piece("auto-reply", "muted")
    if why := look.automatic.get(message.id):
        yield Piece(f"taken for automatic: {why}", "muted")
    if message.addressees:
        names = ", ".join(look.names.get(each, each) for each in message.addressees)
        yield Piece(f"to {short(names, 80)}", "muted")
    if message.from_elsewhere:
        yield Piece("written in another thread", "muted")
    if message.parent_deleted:
        yield Piece("in reply to a deleted message", "muted")
    if message.edited_at:
        yield Piece(f"edited {moment(message.edited_at, look.now, look.tz)}", "muted")
    if message.deleted_at:
        yield Piece(f"deleted, seen {moment(message.deleted_at, look.now, look.tz)}", "alarm")


def _verdict(message: ThreadMessage) -> Iterator[Piece]:
    """Yield what a message is taken for, and whose word that is."""
    if message.kind:
        topics = topic_names(message.topics, message.kind)
        urgent = [f"{message.urgency} urgency"] if message.urgency not in {None, "normal"} else []
        yield Piece(", ".join([message.kind, *topics, *urgent]), "muted")
    if message.reply:
        yield from _reproach(message.reply)
    if message.corrected:
        yield Piece(f"corrected by {short(message.corrected.by, 40)}", "muted")


def _reproach(said: ReplySaid) -> Iterator[Piece]:
    """Yield what is held against an answer of ours, with its mark, and who spoke of it."""
    if said.held:
        yield Piece(", ".join(CALLED[fault] for fault in said.held), "waiting")
    if said.mark is not None:
        yield Piece(f"mark {said.mark} of 5", "muted")
    if said.said_by:
        yield Piece(f"as {short(said.said_by, 40)} says", "muted")


def _body(message: ThreadMessage, look: Look) -> list[Piece]:
    """Return a message's text with the words marked that made it what it is taken for."""
    text = _cut(message.text, look)
    style = "gone" if message.deleted_at else ""
    if not text.strip():
        return [Piece("(no text)", "muted")]
    pieces, done = [], 0
    for start, end in _spans(message):
        if done <= start < end <= len(text):
            pieces += [
                Piece(tame(text[done:start]), style),
                Piece(tame(text[start:end]), f"{style} mark".strip()),
            ]
            done = end
    pieces.append(Piece(tame(text[done:]), style))
    if message.deleted_at:
        pieces = [Piece("[deleted: ", "muted"), *pieces, Piece("]", "muted")]
    return pieces


def _cut(text: str, look: Look) -> str:
    return text if look.whole else text[:LONGEST]


def _spans(message: ThreadMessage) -> list[tuple[int, int]]:
    """Return which parts of the present text spoke for its verdict, in order."""
    spans = message.evidence
    if message.reply:
        spans = tuple(
            span
            for span in message.reply.evidence
            if span["label"].partition(":")[0] in message.reply.counts
        )
    # What was said of an earlier version is not marked in another one.
    return sorted(
        (span["start"], span["end"])
        for span in spans
        if message.text[span["start"] : span["end"]] == span["text"]
    )


def _below(message: ThreadMessage, look: Look) -> Iterator[list[Piece]]:
    """Yield what stands under a text, a paragraph for each thing."""
    left = len(message.text) - len(_cut(message.text, look))
    if left:
        yield [Piece(f"… and {left:,} more characters (w shows whole texts)", "note")]
    for item in message.attachments:
        yield _attachment(item)
    if message.reply:
        yield from _said_of(message.reply, look)
    if message.versions and not look.versions:
        many = (
            f"{len(message.versions)} earlier versions"
            if len(message.versions) > 1
            else "the earlier version"
        )
        yield [Piece(f"(h shows {many})", "muted")]
    for version in message.versions if look.versions else ():
        kind = f" ({version.kind})" if version.kind else ""
        until = f"until {moment(version.replaced_at, look.now, look.tz)}{kind}: "
        text = version.text if look.whole else version.text[:_LONGEST_VERSION]
        yield [Piece(until, "note"), Piece(tame(text), "muted")]


def _attachment(item: Mapping[str, str]) -> list[Piece]:
    """Return something that came with a message; its address is shown, never fetched."""
    url = item["url"]
    name = title(item)
    pieces = [Piece(f"[{short(item['type'], 20)}] ", "muted")]
    if name:
        pieces.append(Piece(f"{name}  "))
    shown = short(url, 400)
    return [*pieces, Piece(shown, "link", url) if is_openable(url) else Piece(shown, "muted")]


def title(item: Mapping[str, str]) -> str:
    """Return what an attachment is called, "" if it has no name."""
    return short(item["title"], 80)


def _said_of(reply: ReplySaid, look: Look) -> Iterator[list[Piece]]:
    """Yield what an answer of ours owes the customer."""
    if "promise" in reply.counts:
        by = moment(reply.promised_at, look.now, look.tz) if reply.promised_at else ""
        if not by and reply.promised_on:
            by = day(reply.promised_on, look.now.astimezone(look.tz).date(), short=True)
        words = f"“{short(reply.promised, 100)}”" if reply.promised else ""
        when = f"by {by}" if by else "no time named"
        yield [
            Piece("promises something: ", "note"),
            Piece(" → ".join(filter(None, [words, when]))),
        ]
    if "deflection" in reply.counts:
        yield [Piece("sends the customer elsewhere", "note")]
