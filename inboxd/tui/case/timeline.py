"""What happened to a case, and why it is what it is, as paragraphs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from inboxd.tui.blocks import EMPTY
from inboxd.tui.when import day, moment
from inboxd.tui.wrapping import Piece, short, tame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from inboxd.explain import Section
    from inboxd.store.views import TrailEntry
    from inboxd.tui.blocks import Part

NOTE = "note"
"""The action that is a word to colleagues."""
_LONGEST = 2_000
_DID = {
    "ack": ("✓", "took the case"),
    "assign": ("→", "gave it to"),
    "snooze": ("z", "let it sleep until"),
    "close": ("■", "closed it"),
    "reopen": ("○", "opened it again"),
    "correct": ("≠", "corrected the verdict"),
    NOTE: ("✎", "notes"),
}
"""What people do: a mark, and the words between who it was and the detail."""


def trail(entries: Sequence[TrailEntry], now: datetime, tz: tzinfo) -> list[Part]:
    """Return what people did, what they were told and how it got there, by days; notes stand out."""
    if not entries:
        return [
            (
                [Piece("Nobody has done anything yet, and nobody was told.", "muted")],
                (Piece(" "),),
                None,
            )
        ]
    today, shown = now.astimezone(tz).date(), None
    parts: list[Part] = []
    for entry in entries:
        local = entry.at.astimezone(tz)
        if local.date() != shown:
            shown = local.date()
            parts += [EMPTY] if parts else []
            parts.append(([Piece(day(shown, today), "title")], (Piece(" "),), None))
        mark, style, said = _entry(entry, now, tz)
        first = (Piece(f" {mark} ", style), Piece(f"{local:%H:%M:%S}  ", "muted"))
        parts.append(([*said, *_undone(entry, now, tz)], first, None))
    return parts


def _entry(entry: TrailEntry, now: datetime, tz: tzinfo) -> tuple[str, str, list[Piece]]:
    """Return what happened once: its mark, the mark's style, and what is said of it."""
    who, said = short(entry.who, 60), tame(entry.said[:_LONGEST])
    how, _, state = entry.what.partition(" ")
    if entry.what == NOTE:
        return "✎", "note", [Piece(f"{who} notes: ", "note"), Piece(said, "title")]
    if how == "alert":
        name = Piece(f" ({state.replace('_', ' ')}) ", "muted")
        return "!", "waiting", [Piece("alert", "waiting"), name, Piece(said)]
    if how in {"delivery", "reply"}:
        return _delivered(f"reply to {who}" if how == "reply" else f"told {who}", state, said)
    mark, words = _DID.get(entry.what, ("•", entry.what.replace("_", " ")))
    if entry.what == "snooze":
        said = _instant(said, now, tz)
    if entry.what == "assign" and not said:
        said = "nobody in particular"
    colon = ":" if entry.what == "close" else ""
    detail = Piece(f"{colon} {said}" if said else "")
    return mark, "ours", [Piece(who, "title"), Piece(f" {words}"), detail]


def _delivered(words: str, state: str, error: str) -> tuple[str, str, list[Piece]]:
    bad = state in {"refused", "unsure"}
    why = [Piece(f": {error}")] if error else []
    said = [Piece(f"{words} · ", "muted"), Piece(state, "alarm" if bad else "muted"), *why]
    return "✗" if bad else "·", "muted", said


def _undone(entry: TrailEntry, now: datetime, tz: tzinfo) -> Iterator[Piece]:
    """Yield that somebody took back what was done."""
    if entry.undone_at:
        when = moment(entry.undone_at, now, tz)
        yield Piece(f" (taken back by {short(entry.undone_by, 40)}, {when})", "alarm")


def _instant(text: str, now: datetime, tz: tzinfo) -> str:
    """Return the instant that an action names as it is said on the screen."""
    try:
        return moment(datetime.fromisoformat(text), now, tz)
    except ValueError:
        return text


def explanation(sections: Iterable[Section]) -> list[Part]:
    """Return an explanation, each section under its title; the conversation is shown elsewhere."""
    parts: list[Part] = []
    for section in sections:
        if section.title == "Messages":
            continue
        parts += [EMPTY] if parts else []
        parts.append(([Piece(section.title, "title note")], (Piece(" "),), None))
        parts += map(_line, section.lines or ("nothing",))
    return parts


def _line(line: str) -> Part:
    """Return one line of an explanation with its own indentation, also where it is wrapped."""
    body = line.lstrip(" ")
    indent = len(line) - len(body) + 3
    text = tame(body[:_LONGEST]).replace("\n", " ")
    return (
        list(_told(text, strong=indent == 3)),
        (Piece(" " * indent),),
        (Piece(" " * (indent + 2)),),
    )


def _told(text: str, *, strong: bool) -> Iterator[Piece]:
    """Yield a line: what it is about, and what is said of it."""
    name, colon, said = text.partition(": ")
    if strong and colon and len(name) <= 40:
        yield Piece(f"{name}: ", "title")
        yield Piece(said)
    else:
        yield Piece(text)
