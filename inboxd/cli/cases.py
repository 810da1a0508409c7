"""Commands about cases: who waits, why, and what people do about it."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks, opened_store, present, sender_note
from inboxd.cli.parameters import CASE, LANGUAGE, WORDS, acting, instant
from inboxd.cli.shapes import shown_json, waiting_json
from inboxd.errors import UserError
from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inboxd.desk import Desk
    from inboxd.store import Store


@main.command(short_help="List the customers who wait, what is due first on top")
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of a table.")
@click.pass_obj
def waiting(config: Path, *, as_json: bool) -> None:
    """List the customers who wait, what is due first on top."""
    from inboxd.terminal import console
    from inboxd.terminal.cases import print_waiting

    with opened_store(config) as (store, _):
        cases, now = store.views.waiting(), present()
    if as_json:
        listed = [waiting_json(case, now) for case in cases]
        click.echo(json.dumps(listed, indent=1, ensure_ascii=False))
    elif cases:
        print_waiting(console(), cases, now)
    else:
        click.echo("Nobody is waiting.")


@main.command(short_help="Show the conversation of a case")
@CASE
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@click.pass_obj
def show(config: Path, case: int, *, as_json: bool) -> None:
    """Show the conversation of a case, and whether it can be answered."""
    from inboxd.explain import automatic_answers, continuation_lines
    from inboxd.terminal import console
    from inboxd.terminal.cases import reply_lines, thread_lines

    with opened_store(config) as (store, settings):
        state, now, tz = store.cases.find(case)[0], present(), settings.general.timezone
        messages = store.views.thread(case)
        automatic = automatic_answers(store, settings.rules, case, now)
        place = store.views.find_reply_place(case)
        going_on = list(continuation_lines(store, case, tz))
        links = store.views.continued_in_private(case), store.views.began_in_public(case)
    if as_json:
        shown = shown_json(state, messages, automatic, place, links)
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False))
        return
    out = console()
    for line in [*thread_lines(messages, tz, automatic), "", *going_on]:
        out.print(line)
    for line in reply_lines(place, now, tz):
        out.print(line)


@main.command(short_help="Tell why a case is what it is, and who was told")
@CASE
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@click.pass_obj
def explain(config: Path, case: int, *, as_json: bool) -> None:
    """Tell why a case is what it is, what was told to whom, and why the rest was not."""
    from inboxd.explain import explain as sections_of
    from inboxd.explain import explain_json
    from inboxd.terminal import console
    from inboxd.terminal.cases import print_sections

    with opened_store(config) as (store, settings):
        tz = settings.general.timezone
        if as_json:
            explained = explain_json(store, settings.rules, case, present(), tz)
            click.echo(json.dumps(explained, indent=1, ensure_ascii=False))
            return
        sections = sections_of(store, settings.rules, case, present(), tz)
    print_sections(console(), sections)


@main.command(short_help="Answer a case")
@CASE
@click.argument("text", type=WORDS)
@click.option("--anyway", is_flag=True, help="Even if nobody waits, or a reply is on its way.")
@acting("writes it")
@click.pass_obj
def reply(config: Path, case: int, text: str, actor: str, *, anyway: bool) -> None:
    """Answer a case with TEXT, or with standard input if TEXT is "-"."""
    from inboxd.desk import NobodyWaits

    text = (_standard_input() if text == "-" else text).strip()
    with _opened_desk(config) as (desk, store):
        try:
            done = desk.reply(case, text, actor, present(), anyway=anyway)
        except NobodyWaits as refusal:
            raise UserError(f"{refusal}; --anyway sends it") from None
    click.echo(f"{_sentence(done.words)}{sender_note(store.path)}")


@main.command(short_help="Take a case: its steps stop")
@CASE
@acting("takes it")
@click.pass_obj
def ack(config: Path, case: int, actor: str) -> None:
    """Take a case: its steps stop, with a reminder if it stays unanswered."""
    with _opened_desk(config) as (desk, store):
        before = store.cases.find(case)[0].acknowledged_by
        done = desk.acknowledge(case, actor, present())
    over = f", taken over from {before}" if done.words.endswith(f"from {before}") else ""
    click.echo(f"Case {case} is yours, {actor}{over}.")


@main.command(short_help="Say for whom a case is")
@CASE
@click.argument("who", type=WORDS)
@acting("does it")
@click.pass_obj
def assign(config: Path, case: int, who: str, actor: str) -> None:
    """Give a case to WHO ("" for nobody); its steps go on until WHO takes it with ack."""
    who = " ".join(who.split())
    with _opened_desk(config) as (desk, _):
        desk.assign(case, who, actor, present())
    click.echo(f"Case {case} is {f'for {who}' if who else 'for nobody in particular'}.")


@main.command(short_help="Let a case sleep until a time, or for a while")
@CASE
@click.argument("until")
@acting("does it")
@click.pass_obj
def snooze(config: Path, case: int, until: str, actor: str) -> None:
    """Let a case sleep UNTIL a time (09:00, fri 14:00, 2026-12-01T09:00) or for a while (2h)."""
    from inboxd.durations import format_duration

    now = present()
    wakes_at = instant(until, now, load_without_networks(config))
    with _opened_desk(config) as (desk, _):
        desk.snooze(case, wakes_at, actor, now)
    click.echo(f"Case {case} sleeps for {format_duration(wakes_at - now)}.")


@main.command(short_help="Close a case that needs no (further) reply")
@CASE
@click.option("--reason", type=WORDS, default="no reply needed", show_default=True, help="Why.")
@acting("does it")
@click.pass_obj
def close(config: Path, case: int, reason: str, actor: str) -> None:
    """Close a case that needs no (further) reply."""
    with _opened_desk(config) as (desk, _):
        desk.close(case, reason, actor, present())
    click.echo(f"Case {case} is closed: {reason}.")


@main.command(short_help="Put a case back among the waiting")
@CASE
@acting("does it")
@click.pass_obj
def reopen(config: Path, case: int, actor: str) -> None:
    """Put a case back among the waiting."""
    with _opened_desk(config) as (desk, store):
        desk.reopen(case, actor, present())
        status = store.cases.find(case)[0].status
    click.echo(f"Case {case} is {status} again.")


@main.command(short_help="Keep a text about a case for colleagues")
@CASE
@click.argument("text", type=WORDS)
@acting("writes it")
@click.pass_obj
def note(config: Path, case: int, text: str, actor: str) -> None:
    """Keep TEXT for colleagues: it stands in `explain CASE` and changes nothing."""
    with _opened_desk(config) as (desk, _):
        done = desk.note(case, text, actor, present())
    click.echo(f"{_sentence(done.words)}.")


@main.command(short_help="Take back the last that was done about a case")
@CASE
@acting("does it")
@click.pass_obj
def undo(config: Path, case: int, actor: str) -> None:
    """Take back the last that was done about a case, as if it had never been."""
    with _opened_desk(config) as (desk, store), store.transaction():
        store.cases.find(case)
        done = desk.last(case)
        if done is None:
            raise UserError(f"nothing was done about case {case} that can be taken back")
        said = desk.undo(done, actor, present())
    click.echo(f"{_sentence(said)}.")


@main.command(short_help="Say what a customer's message really is")
@CASE
@click.option(
    "--message",
    type=int,
    help="Which message, by its number in `show` (default: the one that tells most).",
)
@click.option("--kind", type=click.Choice([str(kind) for kind in Kind]), help="What it is.")
@click.option(
    "--topic",
    "topics",
    type=click.Choice([str(topic) for topic in Topic]),
    multiple=True,
    help="What it is about, in the place of all that was said; may be given several times.",
)
@click.option(
    "--urgency", type=click.Choice([str(urgency) for urgency in Urgency]), help="How urgent it is."
)
@click.option("--language", type=LANGUAGE, help="Its code: ru, uk, de, en …")
@acting("says so")
@click.pass_obj
def correct(  # noqa: PLR0913, PLR0917 - a verdict has four parts
    config: Path,
    case: int,
    message: int | None,
    kind: str | None,
    topics: tuple[str, ...],
    urgency: str | None,
    language: str | None,
    actor: str,
) -> None:
    """Say what a customer's message really is; it counts at once, and is learnt from."""
    from inboxd.store import Said

    said = Said(
        kind=Kind(kind) if kind else None,
        topics=tuple(dict.fromkeys(map(Topic, topics))) or None,
        urgency=Urgency(urgency) if urgency else None,
        language=language,
    )
    if not said:
        raise UserError("say what it is: --kind, --topic, --urgency or --language")
    with _opened_desk(config) as (desk, store):
        done = desk.correct(case, message, said, actor, present())
        state = store.cases.find(case)[0]
    governs = f"; {state.policy} governs" if state.policy else ""
    if state.status != "waiting":
        governs = f"; the case is {state.status}"
    click.echo(f"{_sentence(done.words)}{governs}.")


@contextmanager
def _opened_desk(config: Path) -> Iterator[tuple[Desk, Store]]:
    """Yield the desk at which people act on cases, and its store."""
    from inboxd.desk import Desk

    with opened_store(config) as (store, settings):
        yield Desk(store, settings.rules, [account.name for account in settings.accounts]), store


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _standard_input() -> str:
    """Return all of standard input, which must be text: a picture is nobody's reply."""
    if sys.stdin is None:
        raise UserError("standard input is closed")
    try:
        return sys.stdin.buffer.read().decode(sys.stdin.encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"standard input is no {error.encoding} text") from None
