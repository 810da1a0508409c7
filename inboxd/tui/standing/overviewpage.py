"""What the overview says of each thing, as plots and tables."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from textual.content import Content

from inboxd.core.overview import AGES, SPANS, Waiting, blind_hours, place_of, targets, times_of
from inboxd.core.spikes import topic_in_words
from inboxd.core.text import one_line
from inboxd.durations import format_duration
from inboxd.tui.standing.plots import DOTTED, HATCHED, SOLID, Part, bar, bar_with_mark, columns
from inboxd.tui.standing.sheet import table
from inboxd.tui.when import moment, open_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from inboxd.core.overview import Answer, Times
    from inboxd.store import Gap
    from inboxd.store.overview import Overview
    from inboxd.tui.session import Session

_GOOD, _BAD, _PLAIN = "$success", "$error", "$primary"
_LATE, _QUIET, _WARNING = "bold $text-error", "$foreground-muted", "bold $text-warning"
_LABEL = 12
_NUMBERS = 20
_ROWS = 7
"""How high columns are in a small terminal."""
_LEAST_SPANS = 3
_LEAST_OF_MANY = 3
_MOST_GAPS = 3


def headline(seen: Overview, session: Session, width: int) -> Content:
    """Return in one line how it stands and how today goes: where it is narrow, less of the date."""
    now, waiting, times = seen.now.astimezone(session.tz), seen.all_waiting, times_of(seen.answers)
    figures = Content("   ").join(
        [
            _counted(waiting.total, "waiting", waiting.late, "overdue"),
            _counted(times.count, "answered", times.late, "late"),
        ]
    )
    time = f"up to {now:%H:%M}"
    for when in (f"  {now:%a} {now.day} {now:%b}, {time}", f"  {time}", ""):
        whole = Content.assemble(("Overview", "bold"), (when, _QUIET), "   ", figures)
        if whole.cell_length <= width:
            return whole
    return figures


def _counted(count: int, word: str, late: int, late_word: str) -> Content:
    so_many = f"{count:,} {word}"
    return Content.assemble(so_many, (f", {late:,} {late_word}" if late else "", _LATE))


def waiting(seen: Overview, _: Session, width: int) -> Content:
    """Return who waits, by how long that is in business time."""
    found = seen.all_waiting
    most, room = max(*found.counts, 1), max(width - _LABEL - _NUMBERS, 8)
    names = ["since now", *map(str, AGES)]
    lines = []
    for place, (count, late) in enumerate(zip(found.counts, found.overdue, strict=True)):
        name = f"up to {AGES[place]}" if place < len(AGES) else f"over {names[-1]}"
        parts = (Part(count - late, SOLID, _PLAIN), Part(late, HATCHED, _BAD))
        lines.append(_line(name, bar(parts, most, room), f"{count:,}", _of(late, count, "overdue")))
    notes = [
        f"{found.late / found.total:.0%} overdue ({HATCHED})" if found.late else "",
        f"{found.asleep} of them asleep" if found.asleep else "",
        f"{found.owed} more owed: promises, and who was sent elsewhere" if found.owed else "",
        f"{found.owed_late} of these overdue" if found.owed_late else "",
    ]
    return _joined(lines, notes, "Nobody waits." if not found.total else "", width)


def responses(seen: Overview, session: Session, width: int) -> Content:
    """Return how soon customers had a first answer today, held against the targets."""
    first = [each for each in seen.answers if each.first]
    if not first:
        return Content.styled("No first response yet today.", _QUIET)
    places: Counter[tuple[int, bool | None]] = Counter(
        (place_of(each.took), each.in_time) for each in first
    )
    sums = [
        sum(places[place, how] for how in (True, False, None)) for place in range(len(SPANS) + 1)
    ]
    most, room = max(sums), max(width - _LABEL - _NUMBERS, 8)
    lines = []
    longest = max(place for place, count in enumerate(sums) if count)
    for place, count in enumerate(sums[: max(longest + 1, _LEAST_SPANS)]):
        spans = (*SPANS, SPANS[-1])
        within = place < len(SPANS)
        name = f"{'up to' if within else 'over'} {format_duration(spans[place])}"
        late = places[place, False]
        parts = (
            Part(places[place, True], SOLID, _GOOD),
            Part(places[place, None], DOTTED, _QUIET),
            Part(late, HATCHED, _BAD),
        )
        lines.append(_line(name, bar(parts, most, room), f"{count:,}", _of(late, count, "late")))
    return _joined([*_times_in_words(times_of(first)), *lines], [_targets(session)], "", width)


def _times_in_words(times: Times) -> list[Content]:
    share = times.share
    said = [
        ("median ", _QUIET),
        (_span(times.median), "bold"),
        ("   9 of 10 within ", _QUIET),
        (_span(times.ninth), "bold"),
    ]
    if share is not None:
        said += [("   in time ", _QUIET), (f"{share:.0%}", "bold")]
    return [Content.assemble(*said)]


def _targets(session: Session) -> str:
    named = [
        f"{span} {one_line(name, 20)}" for name, span in targets(session.settings.policies).items()
    ]
    return f"Targets: {', '.join(named)}" if named else ""


def hours(seen: Overview, session: Session, width: int, rows: int = _ROWS) -> Content:
    """Return when complaints were sent today, beside those of yesterday; columns have so many *rows*."""
    said, (today, yesterday, *_) = seen.complaints, seen.days
    spans = [(gap.began_at, gap.ended_at or seen.now) for gap in seen.gaps_since(yesterday.begins)]
    blind = blind_hours(spans, today, session.tz) | blind_hours(spans, yesterday, session.tz)
    lines = columns(said.by_hour, said.yesterday, rows, (_PLAIN, _QUIET), blind)
    legend = f"{SOLID} today {said.total:,}   ⡇ yesterday {sum(said.yesterday):,}"
    if blind:
        legend += "   ×× not all was read"
    return _joined([Content.styled(legend, _QUIET), *lines], [], "", width)


def topics(seen: Overview, _: Session, width: int) -> Content:
    """Return what complaints are about today, and how many are usual by this time of day."""
    said = seen.complaints
    names = {*said.today, *said.usual}
    if not names:
        return Content.styled("No complaint today.", _QUIET)
    most = max(max(said.today.get(each, 0), said.usual.get(each, 0.0)) for each in names)
    room = max(width - 14 - _NUMBERS, 8)
    lines = []
    for topic in sorted(names, key=lambda each: (-said.today.get(each, 0), each)):
        count, usual = said.today.get(topic, 0), said.usual.get(topic, 0.0)
        drawn = bar_with_mark(Part(count, SOLID, _PLAIN), usual, most, room, "bold")
        many = bool(said.days) and count >= _LEAST_OF_MANY and count > 2 * usual
        note = Content.styled(f"usual {usual:.1f}" if said.days else "", _QUIET)
        number = Content.styled(f"▲ {count:,}" if many else f"{count:,}", _WARNING if many else "")
        lines.append(_row(topic_in_words(topic), 14, drawn, number, note))
    gaps = len(seen.gaps_since(seen.days[-1].begins))
    notes = [
        f"│ the mean of {said.days} days up to this time of day" if said.days else "",
        f"{gaps} gap{'s' if gaps > 1 else ''} in these days: i shows them"
        if gaps and said.days
        else "",
    ]
    return _joined(lines, notes, "", width)


def places(seen: Overview, session: Session, width: int) -> Content:
    """Return the same numbers network by network."""
    networks = {each.name: each.network for each in session.settings.accounts}
    by_network: dict[str, tuple[Waiting, list[Answer]]] = {
        name: (Waiting(), []) for name in dict.fromkeys(networks.values())
    }
    for account, found in seen.waiting.items():
        name = networks.get(account, account)
        so_far, answers = by_network.setdefault(name, (Waiting(), []))
        by_network[name] = so_far + found, answers
    for answer in seen.answers:
        by_network.setdefault(networks.get(answer.account, answer.account), (Waiting(), []))[
            1
        ].append(answer)
    heads = ("", "waiting", "overdue", "answered", "in time", "late", "median", "")
    rows = [[Content.styled(each, _QUIET) for each in heads]]
    for name, (found, answers) in by_network.items():
        rows.append(_place_row(one_line(name, 20), found, times_of(answers), answers))
    whole = times_of(seen.answers)
    rows.append(_place_row("all", seen.all_waiting, whole, seen.answers))
    return table(rows, width, right=(1, 2, 3, 4, 5, 6))


def _place_row(name: str, found: Waiting, times: Times, answers: Sequence[Answer]) -> list[Content]:
    median = times_of([each for each in answers if each.first]).median
    return [
        Content(name),
        Content(f"{found.total:,}"),
        Content.styled(f"{found.late:,}", _LATE if found.late else _QUIET),
        Content(f"{times.count:,}"),
        Content(f"{times.in_time:,}"),
        Content.styled(f"{times.late:,}", _LATE if times.late else _QUIET),
        Content(_span(median)),
        Content(),
    ]


def blindness(seen: Overview, session: Session, width: int) -> Content:
    """Return which accounts were not read since yesterday began; "" if all were."""
    since = seen.days[1].begins
    by_account: dict[str, list[Gap]] = {}
    for gap in seen.gaps_since(since):
        by_account.setdefault(gap.account, []).append(gap)
    if not by_account:
        return Content()
    told = [_blind(name, gaps, seen.now, session) for name, gaps in by_account.items()]
    rest = f"; and {len(told) - _MOST_GAPS} more accounts" if len(told) > _MOST_GAPS else ""
    text = f"Not all may be counted: {'; '.join(told[:_MOST_GAPS])}{rest}."
    mark = Content.styled("▲ ", _WARNING)
    return Content("\n").join((mark + Content(text)).wrap(width))


def _blind(account: str, gaps: Iterable[Gap], now: datetime, session: Session) -> str:
    spans = dict.fromkeys(_span_in_words(gap, now, session) for gap in gaps)
    named = list(spans)[:_MOST_GAPS]
    more = f" and {len(spans) - _MOST_GAPS} times more" if len(spans) > _MOST_GAPS else ""
    return f"{one_line(account, 30)} was not read {', '.join(named)}{more}"


def _span_in_words(gap: Gap, now: datetime, session: Session) -> str:
    began = moment(gap.began_at, now, session.tz)
    if gap.ended_at is None:
        return f"since {began}"
    ended = gap.ended_at.astimezone(session.tz)
    same_day = ended.date() == gap.began_at.astimezone(session.tz).date()
    until = f"{ended:%H:%M}" if same_day else moment(gap.ended_at, now, session.tz)
    return f"{began} – {until}"


def _line(name: str, drawn: Content, number: str, note: Content) -> Content:
    return _row(name, _LABEL, drawn, Content(number), note)


def _row(name: str, label: int, drawn: Content, number: Content, note: Content) -> Content:
    """Return a bar with its name before it and its number behind."""
    return Content.assemble((name.ljust(label), _QUIET), drawn, " ", number, "  ", note)


def _of(late: int, count: int, word: str) -> Content:
    if not late:
        return Content()
    return Content.styled(f"all {word}" if late == count else f"{late:,} {word}", _LATE)


def _span(span: timedelta | None) -> str:
    return "–" if span is None else open_span(span)


def _joined(lines: Sequence[Content], notes: Sequence[str], instead: str, width: int) -> Content:
    """Return *lines*, or what is said *instead*, with what there is of *notes* below."""
    said = " · ".join(filter(None, notes))
    below = Content.styled(said, _QUIET).wrap(width) if said else []
    top = [Content.styled(instead, _QUIET)] if instead else lines
    return Content("\n").join([*top, *below])
