"""What the status screen says of each thing, as tables."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from textual.content import Content

from inboxd.core.silences import described
from inboxd.core.standing import Standing
from inboxd.core.text import format_size, one_line
from inboxd.durations import format_duration
from inboxd.store.coverage import NOT_RUNNING
from inboxd.tui.standing.line import QUIET, SIGNS, TONES, UNEASY, WELL, WRONG
from inboxd.tui.standing.sheet import table
from inboxd.tui.standing.summary import is_running_out, share
from inboxd.tui.when import moment, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, tzinfo

    from inboxd.connector import Allowance
    from inboxd.store import Gap
    from inboxd.tui.standing.details import Details, Receiver
    from inboxd.tui.standing.summary import SourceSummary, Summary

Row = list[Content]
_LONGEST_ERROR = 300
_MOST_GAPS = 40
_NO_HEARTBEAT = "not set up: nobody would notice a dead daemon"
_ALL_JUDGED = "everything is judged"


def daemon(details: Details, tz: tzinfo, width: int) -> Content:
    """Return whether inboxd itself runs, and with what."""
    summary, beat, (messages, answers) = details.summary, details.heartbeat, details.unjudged
    called = f"called every {format_duration(beat)}" if beat else ""
    waiting = f"not judged yet: customers' messages {messages:,}, our answers {answers:,}"
    is_judged = not (messages or answers)
    facts = [
        ("daemon", *_running(summary, tz)),
        ("heartbeat", WELL if beat else QUIET, called or _NO_HEARTBEAT),
        ("classifier", WELL if is_judged else QUIET, _ALL_JUDGED if is_judged else waiting),
        ("database", WELL, f"{one_line(details.database, 200)}, {format_size(details.size)}"),
    ]
    if summary.heard_at:
        facts.append(("last news", WELL, moment(summary.heard_at, summary.now, tz)))
    return table([[_sign(tone), Content(name), Content(text)] for name, tone, text in facts], width)


def _running(summary: Summary, tz: tzinfo) -> tuple[str, str]:
    """Return how it stands with the daemon: a tone, and words."""
    if summary.daemon is not None:
        return WELL, f"runs as process {summary.daemon}"
    if summary.polled_at is None:
        return WRONG, "does not run. Start it: `inboxd run`"
    if summary.by_timer:
        return QUIET, f"none; a timer or cron read {span(summary.now - summary.polled_at)} ago"
    last = moment(summary.polled_at, summary.now, tz)
    return WRONG, f"does not run; last read {last}. Start it: `inboxd run`"


def accounts(details: Details, tz: tzinfo, width: int) -> Content:
    """Return how each source of each account is read, the worst accounts first."""
    gaps = Counter((gap.account, gap.source) for gap in details.gaps)
    rows: list[Row] = []
    order = list(Standing)
    for account in sorted(details.summary.accounts, key=lambda each: order.index(each.standing)):
        name = one_line(account.name, 40)
        if not account.sources:
            rows.append([_sign(QUIET), Content(name), Content(), _quiet("never"), Content()])
        told = ""
        for source in account.sources:
            count = gaps[account.name, source.state.source]
            row = _source_row(name, source, count, details.summary.now, tz)
            name, said = "", row[-1].plain
            if source.state.error and said == told:
                row[-1] = Content.assemble(row[-1][: len(source.standing)], ", as above")
            rows.append(row)
            told = said
    return table(rows, width)


def _source_row(name: str, source: SourceSummary, gaps: int, now: datetime, tz: tzinfo) -> Row:
    state, tone = source.state, TONES[source.standing]
    since = state.succeeded_at
    read = f"{span(max(now - since, timedelta()))} ago" if since else "never"
    calm = tone in {WELL, QUIET}
    word = Content.styled(str(source.standing), QUIET if calm else f"bold {tone}")
    missed = f"{gaps} gap{'s' if gaps > 1 else ''} in a week" if gaps else ""
    text = Content.assemble(
        word, *[f"; {part}" for part in (*_why(source, now, tz), missed) if part]
    )
    return [_sign(tone), Content(name), _quiet(one_line(state.source, 40)), _quiet(read), text]


def _why(source: SourceSummary, now: datetime, tz: tzinfo) -> Iterator[str]:
    state = source.state
    if state.missed:
        yield f"{state.missed} messages came only by reading back"
    if state.error:
        yield one_line(f"{state.error_class}: {state.error}", _LONGEST_ERROR)
    if state.retry_at and state.retry_at > now:
        yield f"next try {moment(state.retry_at, now, tz)}"
    if source.standing is Standing.REFUSED:
        yield "a person must act: see `inboxd check --online`, then reload or restart the daemon"


def allowances(details: Details, tz: tzinfo, width: int) -> Content:
    """Return how much is used of what the networks count, and will be."""
    rows: list[Row] = []
    for account in details.summary.accounts:
        for each in account.allowances:
            used = share(each)
            spent = used is not None and used >= 1
            tone = WRONG if spent else UNEASY if is_running_out(each) else WELL
            name = f"{one_line(account.name, 20)}: {one_line(each.name, 40)}"
            words = Content(_used_in_words(each, details.summary.now, tz))
            if spent:
                words += Content.styled("; nothing more is read until then", f"bold {tone}")
            elif tone is UNEASY:
                words += Content.styled("; it will not last", f"bold {tone}")
            part = f"{used:.0%}" if used is not None else ""
            rows.append([_sign(tone), Content(name), Content(part), words])
    return (
        table(rows, width, right=(2,)) if rows else _quiet("No network has counted anything yet.")
    )


def _used_in_words(allowance: Allowance, now: datetime, tz: tzinfo) -> str:
    limit = f" of {allowance.limit:,}" if allowance.limit is not None else ""
    cost = f" (${allowance.cost:,.2f})" if allowance.cost is not None else ""
    parts = [f"{allowance.used:,}{limit}{cost}"]
    if allowance.projected is not None:
        later = allowance.projected_cost
        costs = f" (${later:,.2f})" if later is not None else ""
        parts.append(f"{allowance.projected:,}{costs} by the end")
    if allowance.resets_at:
        parts.append(f"renewed {moment(allowance.resets_at, now, tz)}")
    return ", ".join(parts)


def delivery(details: Details, tz: tzinfo, width: int) -> Content:
    """Return what waits for each sink, and what it took."""
    rows = [_receiver_row(each, details.summary.now, tz) for each in details.receivers]
    return table(rows, width, right=(2, 3))


def _receiver_row(each: Receiver, now: datetime, tz: tzinfo) -> Row:
    queue, notes = each.queue, []
    late = queue.oldest is not None and now - queue.oldest > timedelta(minutes=1)
    if each.refusing_since:
        when = moment(each.refusing_since, now, tz)
        notes.append(f"takes no alerts since {when}; see the error in `inboxd explain CASE`")
    if queue.oldest and late:
        notes.append(f"the oldest waits for {span(now - queue.oldest)}")
    if queue.held:
        notes.append(f"{queue.held} held back")
    tone = WRONG if each.refusing_since else UNEASY if late else WELL
    return [
        _sign(tone),
        Content(one_line(each.name, 40)),
        Content(f"{queue.pending} waiting"),
        _quiet(f"{each.sent} in 24h"),
        Content("; ".join(notes)),
    ]


def asides(details: Details, tz: tzinfo, width: int) -> Content:
    """Return spikes, silences and the quarantine; "" where there are none."""
    now = details.summary.now
    rows: list[Row] = [
        [
            _sign(UNEASY),
            Content("spike"),
            Content(
                f"{each.spike.about}: {each.total} customers since "
                f"{moment(each.spike.since, now, tz)}, {each.lately} of late; "
                f"{each.waiting} waiting, {each.late} overdue"
            ),
        ]
        for each in details.spikes
    ]
    for silence in details.silences:
        why = f": {one_line(silence.reason, 200)}" if silence.reason else ""
        what = described(silence.match) or "everything"
        text = (
            f"{what}, till {moment(silence.until, now, tz)}, by {one_line(silence.actor, 40)}{why}"
        )
        rows.append([_sign(UNEASY), Content(f"silence {silence.id}"), Content(text)])
    for finding in details.quarantine:
        text = one_line(f"{finding.what}: {finding.text}", _LONGEST_ERROR)
        rows.append([_sign(UNEASY), Content("quarantine"), Content(f"{text}; {finding.todo}")])
    return table(rows, width) if rows else _quiet("No spike, no silence, nothing in quarantine.")


def gaps(details: Details, tz: tzinfo, width: int) -> Content:
    """Return the gaps of a week in words, the latest first."""
    latest = list(reversed(details.gaps))
    rows = [_gap_row(gap, details.summary.now, tz) for gap in latest[:_MOST_GAPS]]
    if not rows:
        return _quiet("None: all that was written in a week has been seen.")
    lines = [table(rows, width)]
    if len(latest) > _MOST_GAPS:
        lines.append(
            _quiet(f"and {len(latest) - _MOST_GAPS} more; the table coverage has them all")
        )
    return Content("\n").join(lines)


def _gap_row(gap: Gap, now: datetime, tz: tzinfo) -> Row:
    if gap.ended_at is None:
        how, tone = "still not read", WRONG
    elif gap.found is None:
        how, tone = "something may be lost for good", UNEASY
    else:
        how, tone = f"then found {gap.found}", QUIET
    why = "no daemon ran" if gap.reason == NOT_RUNNING else one_line(gap.reason, _LONGEST_ERROR)
    return [
        _sign(tone),
        Content(moment(gap.began_at, now, tz)),
        _quiet(f"for {span((gap.ended_at or now) - gap.began_at)}"),
        Content(f"{one_line(gap.account, 20)} {one_line(gap.source, 30)}: {why}; {how}"),
    ]


def headline(details: Details) -> Content:
    """Return in one line whether anything needs a person."""
    summary = details.summary
    wrong: Sequence[str] = [
        *([] if summary.daemon or summary.by_timer else ["no daemon"]),
        *(each.name for each in summary.accounts if TONES[each.standing] == WRONG),
        *summary.refusing,
    ]
    names = ", ".join(one_line(each, 30) for each in wrong)
    said = (f"needs a person: {names}", WRONG) if wrong else ("all that is needed runs", WELL)
    return Content.assemble(("Status", "bold"), "   ", said)


def _sign(tone: str) -> Content:
    return Content.styled(SIGNS[tone], tone)


def _quiet(text: str) -> Content:
    return Content.styled(text, QUIET)
