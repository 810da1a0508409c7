"""The command that goes through the past once more under other rules, and tells nobody."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import click

from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks, present
from inboxd.cli.parameters import FILE
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, tzinfo
    from pathlib import Path

    from inboxd.rehearsal import Difference, Outcome, Tally
    from inboxd.store.told import ToldStep

_MOST = 60
"""How many differences are printed; --json has them all."""


@main.command(short_help="Go through the past under other rules")
@click.option("--config", "new", type=FILE, help="The rules to try (default: the present ones).")
@click.option(
    "--since", "back", default="30d", show_default=True, help="How far back, such as 30d."
)
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@click.pass_obj
def rehearse(config: Path, new: Path | None, back: str, *, as_json: bool) -> None:
    """
    Go through the past under the rules of another configuration, and show who would be told.

    Hours, policies, steps and grouping are those of --config; messages, verdicts, answers and
    what people did are as they were. Nothing is sent, and nothing is written.
    """
    from inboxd import logs
    from inboxd.rehearsal import rehearse as outcome_of
    from inboxd.store import Past
    from inboxd.terminal import console

    tried = load_without_networks(new or config)
    database = load_without_networks(config if config.exists() else new or config).general.database
    since, tz = present() - _span(back), tried.general.timezone
    logs.configure(quiet=True)
    with closing(Past(database)) as past:
        until = past.lived_until(present())
        if until <= since:
            raise UserError(f"nothing was read or told since {_clock(since, tz)}; see --since")
        with _progress(since, until, tz) as watch:
            outcome = outcome_of(past, tried.rules, (since, until), tz, watch)
    if as_json:
        click.echo(json.dumps(outcome_json(outcome), indent=1, ensure_ascii=False))
        return
    out = console()
    for line in outcome_lines(outcome, new or config, tz):
        out.print(line)


def _span(text: str) -> timedelta:
    from inboxd.durations import parse_duration

    try:
        span = parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise UserError(f"--since: {error}") from None
    if not timedelta() < span < timedelta(days=3_660):
        raise UserError(f"--since: {text} is no span of the past; write 30d")
    return span


@contextmanager
def _progress(since: datetime, until: datetime, tz: tzinfo) -> Iterator[Any]:
    """Yield who is told what instant it is: a bar on a terminal, a line a day elsewhere."""
    from inboxd.terminal import console
    from inboxd.terminal.progress import time_bar

    with time_bar(console(stderr=True), "rehearsal", since, until, tz) as watch:
        yield watch


def outcome_lines(outcome: Outcome, path: Path, tz: tzinfo) -> Iterator[str]:
    """Yield what a rehearsal came to, in plain text."""
    from inboxd.core.text import one_line
    from inboxd.durations import format_duration

    span = f"{_clock(outcome.since, tz)} – {_clock(outcome.until, tz)}"
    yield f"{span} under the rules of {path}"
    yield ""
    for title, tally in (
        ("alerts by policy", outcome.policies),
        ("alerts by sink", outcome.sinks),
        ("alerts by day", outcome.days),
        ("answered late, or not yet and overdue", outcome.breaches),
    ):
        yield from _table(title, tally)
        yield ""
    for begin, end in outcome.absences:
        length = format_duration(end - begin)
        yield f"No daemon ran from {_clock(begin, tz)} for {length}: what fell due was told after it."
    differ = len(outcome.differences)
    yield f"{outcome.alike} alerts alike, {differ} not{':' if differ else '.'}"
    for each in outcome.differences[:_MOST]:
        yield f"  {one_line(_difference(each, tz), 300)}"
    if differ > _MOST:
        yield f"  … and {differ - _MOST} more; --json has them all"


def _table(title: str, tally: Tally) -> Iterator[str]:
    names = tally.names
    width = max([len(title), *map(len, names)])
    yield f"{title:{width}}  {'went out':>9}  {'would now':>9}"
    for name in names:
        was, now = tally.was[name], tally.now[name]
        more = f"  {now - was:+d}" if now != was else ""
        yield f"{name:{width}}  {was:>9}  {now:>9}{more}"
    if len(names) != 1:
        was, now = tally.was.total(), tally.now.total()
        yield f"{'in all':{width}}  {was:>9}  {now:>9}"


def _difference(each: Difference, tz: tzinfo) -> str:
    case = f"case {each.case}" if each.case else "a case that is none now"
    was = f"was told {_told(each.was, tz)}" if each.was else ""
    now = f"now {_told(each.now, tz)}" if each.now else ""
    facts = ", ".join(filter(None, [was, now]))
    return f"{case}: {each.step.policy} {_step(each.step.step)} {each.change} ({facts})"


def _step(step: str) -> str:
    """Return a step in words: ``first response 50%``, and which turn if it repeats."""
    *parts, turn = step.split("/")
    if parts[0] == "reminder":
        return "reminder"
    again = f" no. {int(turn) + 1}" if "every" in parts[-1] else ""
    return " ".join(parts).replace("_", " ").replace("every", " every ") + again


def _told(step: ToldStep, tz: tzinfo) -> str:
    withdrawn = ", withdrawn in time" if step.withdrawn else ""
    return f"{_clock(step.at, tz)} to {', '.join(step.sinks)}{withdrawn}"


def _clock(instant: datetime, tz: tzinfo) -> str:
    return instant.astimezone(tz).strftime("%Y-%m-%d %H:%M")


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return what a rehearsal came to as JSON has it, instants in UTC."""
    return {
        "since": _iso(outcome.since),
        "until": _iso(outcome.until),
        "alerts": {
            "by_policy": _tally_json(outcome.policies),
            "by_sink": _tally_json(outcome.sinks),
            "by_day": _tally_json(outcome.days),
        },
        "late": _tally_json(outcome.breaches),
        "absences": [[_iso(begin), _iso(end)] for begin, end in outcome.absences],
        "alike": outcome.alike,
        "differences": [
            {
                "case": each.case,
                "change": each.change.name.lower(),
                "policy": each.step.policy,
                "step": each.step.step,
                "was": _told_json(each.was),
                "now": _told_json(each.now),
            }
            for each in outcome.differences
        ],
    }


def _tally_json(tally: Tally) -> dict[str, dict[str, int]]:
    return {name: {"was": tally.was[name], "now": tally.now[name]} for name in tally.names}


def _told_json(step: ToldStep | None) -> dict[str, Any] | None:
    if step is None:
        return None
    return {"at": _iso(step.at), "to": list(step.sinks), "withdrawn": step.withdrawn}


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")
