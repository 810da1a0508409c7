"""Who waits, what was said and why it is so: tables and threads in which customer text is inert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from rich.table import Table
from rich.text import Text

from inboxd.core.text import inert, one_line
from inboxd.core.waits import WaitKind
from inboxd.durations import format_duration
from inboxd.model import Direction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo

    from rich.console import Console

    from inboxd.explain import Section
    from inboxd.model import Author
    from inboxd.store.views import ReplyPlace, ReplySaid, ThreadMessage, WaitingCase

_COLUMNS = {
    "case": (5, 5),
    "due": (14, 13),
    "waiting": (8, 7),
    "account": (24, 9),
    "who": (20, 12),
    "what": (26, 10),
}
"""Columns of the list of those who wait: their widths on a wide and on a narrow screen."""
_MANY_FOLLOWERS = 1_000
_LONGEST_LINE = 200
_LONGEST_TEXT = 5_000
_WIDE = 120
"""Columns of a terminal from which on there is room for everything."""


def print_waiting(out: Console, cases: Sequence[WaitingCase], now: datetime) -> None:
    """Print who waits: what is due first on top, what was taken or snoozed at the end."""
    urgent = sorted(cases, key=lambda case: _is_put_off(case, now))
    out.print(_waiting_table(urgent, now, wide=out.width >= _WIDE))
    late = sum(case.due_at is not None and case.due_at < now for case in cases)
    taken = sum(bool(case.acknowledged_by) for case in cases)
    out.print(Text(f"{len(cases)} waiting, {late} late, {taken} taken", style="dim"))


def _waiting_table(cases: Sequence[WaitingCase], now: datetime, *, wide: bool) -> Table:
    """Return who waits, as a table: what is due first on top."""
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for name, widths in _COLUMNS.items():
        width = widths[0] if wide else widths[1]
        justify: Literal["left", "right"] = "right" if name == "case" else "left"
        table.add_column(name, width=width, no_wrap=True, overflow="ellipsis", justify=justify)
    table.add_column("says", ratio=1, no_wrap=True, overflow="ellipsis")
    for case in cases:
        what = " ".join(filter(None, [case.urgency if case.urgency == "high" else "", case.kind]))
        table.add_row(
            str(case.case_id),
            _due(case, now),
            format_duration(now - case.waiting_since),
            Text(f"{case.account} {case.stream.replace('_', ' ')}"),
            Text(one_line(_name(case.author), 24)),
            Text(
                ", ".join(filter(None, [what, *(topic for topic in case.topics if topic != what)]))
            ),
            Text(_going_on(case) + (one_line(case.text, _LONGEST_LINE) or "(no text)")),
        )
    return table


def _going_on(case: WaitingCase) -> str:
    """Return what else is to be known of a case: whose it is, where it goes on, what we owe."""
    notes = [
        f"for {one_line(case.assigned_to, 24)}" if case.assigned_to else "",
        f"continued in private: case {case.continued_in}" if case.continued_in else "",
        f"promised: {one_line(case.promised, 60)}" if case.wait is WaitKind.PROMISE else "",
        "sent elsewhere" if case.wait is WaitKind.RESOLUTION else "",
    ]
    return "".join(f"({note}) " for note in notes if note)


def _is_put_off(case: WaitingCase, now: datetime) -> bool:
    """Tell whether somebody has dealt with a case for the time being."""
    asleep = case.snoozed_until is not None and case.snoozed_until > now
    return asleep or bool(case.acknowledged_by)


def _due(case: WaitingCase, now: datetime) -> Text:
    if case.snoozed_until and case.snoozed_until > now:
        return Text("snoozed", style="dim")
    if case.acknowledged_by:
        return Text(f"taken: {one_line(case.acknowledged_by, 12)}", style="dim")
    if case.due_at is None:
        return Text("no target", style="dim")
    left = case.due_at - now
    if left.total_seconds() < 0:
        return Text(f"{format_duration(-left)} over", style="bold red")
    return Text(f"in {format_duration(left)}", style="yellow")


def thread_lines(
    messages: Sequence[ThreadMessage], tz: tzinfo, automatic: Mapping[int, str]
) -> list[Text]:
    """
    Return a conversation, one block of lines a message; each has the number that commands take.

    *automatic* says why which answers were taken for a machine's.
    """
    lines: list[Text] = []
    names = {each.author.remote_id: _name(each.author) for each in messages if each.author}
    for message in messages:
        ours = message.direction is Direction.OUTBOUND
        heading = _heading(message, tz, automatic.get(message.id, ""), names)
        lines.append(Text(heading, style="bold green" if ours else "bold"))
        body = inert(message.text)[:_LONGEST_TEXT] or "(no text)"
        lines.extend(Text(f"    {line}") for line in body.split("\n"))
        lines.extend(
            Text(
                f"    until {_clock(earlier.replaced_at, tz)}: "
                f"{one_line(earlier.text, _LONGEST_LINE)}",
                style="dim",
            )
            for earlier in message.versions
        )
        for item in message.attachments:
            link = one_line(" ".join(filter(None, [item["title"], item["url"]])), _LONGEST_LINE)
            lines.append(Text(f"    [{item['type']}] {link}"))
    return lines


def reply_lines(place: ReplyPlace | None, now: datetime, tz: tzinfo) -> list[Text]:
    """Return whether and until when a conversation can be answered, before anybody writes."""
    if place is None:
        return [Text("Nothing is left to answer: everything was taken back.", style="yellow")]
    if not place.is_open(now):
        why = one_line(place.note, _LONGEST_LINE) or f"{place.network} takes no reply here any more"
        return [Text(f"Cannot be answered: {why}", style="yellow")]
    until = f" until {_clock(place.closes_at, tz)}" if place.closes_at else ""
    longest = f", in at most {place.max_length} characters" if place.max_length else ""
    note = f" {one_line(place.note, _LONGEST_LINE)}" if place.note else ""
    return [Text(f"Can be answered{until}{longest}.{note}", style="dim")]


def _heading(message: ThreadMessage, tz: tzinfo, automatic: str, names: Mapping[str, str]) -> str:
    ours = message.direction is Direction.OUTBOUND
    who = one_line(message.staff or "us", 40) if ours else one_line(_name(message.author), 40)
    marks = [
        f"edited {_clock(message.edited_at, tz)}" if message.edited_at else "",
        f"deleted, seen {_clock(message.deleted_at, tz)}" if message.deleted_at else "",
        "auto-reply" if message.auto_reply else "",
        f"taken for automatic: {automatic}" if automatic else "",
        f"to {_listed(message.addressees, names)}" if message.addressees else "",
        "written in another thread" if message.from_elsewhere else "",
        "in reply to a deleted message" if message.parent_deleted else "",
        ", ".join(filter(None, [message.kind, *message.topics])),
        _said_of(message.reply, tz) if message.reply else "",
        f"corrected by {one_line(message.corrected.by, 40)}" if message.corrected else "",
        f"message {message.id}",
    ]
    return " · ".join(filter(None, [_clock(message.sent_at, tz), who, *marks]))


def _said_of(reply: ReplySaid, tz: tzinfo) -> str:
    """Return what an answer of ours is taken for, if it is to be followed up."""
    if "promise" not in reply.counts:
        return "sends elsewhere" if "deflection" in reply.counts else ""
    by = reply.promised_at.astimezone(tz).strftime("%Y-%m-%d %H:%M") if reply.promised_at else ""
    when = by or (reply.promised_on.isoformat() if reply.promised_on else "")
    promises = f"promises something by {when}" if when else "promises something"
    return f"sends elsewhere, {promises}" if "deflection" in reply.counts else promises


def _listed(addressees: Sequence[str], names: Mapping[str, str]) -> str:
    return one_line(", ".join(names.get(each, each) for each in addressees), 60)


def print_sections(out: Console, sections: Sequence[Section]) -> None:
    """Print an explanation."""
    for section in sections:
        out.print(Text(section.title, style="bold"))
        for line in section.lines:
            out.print(
                Text(f"  {one_line(line, _LONGEST_LINE * 2)}" if line[:1] != " " else _kept(line))
            )


def _kept(line: str) -> str:
    """Return a line that is already indented, with its indentation."""
    body = line.lstrip(" ")
    return " " * (2 + len(line) - len(body)) + one_line(body, _LONGEST_LINE * 2)


def _clock(instant: datetime | None, tz: tzinfo) -> str:
    return instant.astimezone(tz).strftime("%Y-%m-%d %H:%M") if instant else ""


def _name(author: Author | None) -> str:
    if author is None:
        return "somebody"
    name = author.name or author.handle or author.remote_id
    many = author.followers is not None and author.followers >= _MANY_FOLLOWERS
    followers = f" ({author.followers:,} followers)" if many else ""
    return name + followers
