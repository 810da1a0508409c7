"""Commands about cases: who waits, why, and what people do about it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks, opened_store, present
from inboxd.cli.parameters import LANGUAGE, WORDS, acting, instant
from inboxd.cli.shapes import shown_json, waiting_json
from inboxd.errors import UserError
from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from pathlib import Path

    from inboxd.core.tracking import CaseState
    from inboxd.store.views import ReplyPlace


@main.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of a table.")
@click.pass_obj
def waiting(config: Path, *, as_json: bool) -> None:
    """List the customers who wait, what is due first on top."""
    from inboxd.terminal import console, print_waiting

    with opened_store(config) as (store, _):
        cases, now = store.views.waiting(), present()
    if as_json:
        listed = [waiting_json(case, now) for case in cases]
        click.echo(json.dumps(listed, indent=1, ensure_ascii=False))
    elif cases:
        print_waiting(console(), cases, now)
    else:
        click.echo("Nobody is waiting.")


@main.command()
@click.argument("case", type=int)
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@click.pass_obj
def show(config: Path, case: int, *, as_json: bool) -> None:
    """Show the conversation of a case, and whether it can be answered."""
    from inboxd.explain import automatic_answers, continuation_lines
    from inboxd.terminal import console, reply_lines, thread_lines

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


@main.command()
@click.argument("case", type=int)
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@click.pass_obj
def explain(config: Path, case: int, *, as_json: bool) -> None:
    """Tell why a case is what it is, what was told to whom, and why the rest was not."""
    from inboxd.explain import explain as sections_of
    from inboxd.explain import explain_json
    from inboxd.terminal import console, print_sections

    with opened_store(config) as (store, settings):
        tz = settings.general.timezone
        if as_json:
            explained = explain_json(store, settings.rules, case, present(), tz)
            click.echo(json.dumps(explained, indent=1, ensure_ascii=False))
            return
        sections = sections_of(store, settings.rules, case, present(), tz)
    print_sections(console(), sections)


@main.command()
@click.argument("case", type=int)
@click.argument("text", type=WORDS)
@click.option("--anyway", is_flag=True, help="Even if nobody waits, or a reply is on its way.")
@click.pass_obj
def reply(config: Path, case: int, text: str, *, anyway: bool) -> None:
    """Answer a case with TEXT, or with standard input if TEXT is "-"."""
    from inboxd.core.text import one_line

    text = (_standard_input() if text == "-" else text).strip()
    with opened_store(config) as (store, settings):
        state = store.cases.find(case)[0]
        place = store.views.reply_place(case)
        if place.account not in {account.name for account in settings.accounts}:
            raise UserError(f"{place.account} is not in {config} any more: nothing is sent there")
        _refuse_impossible(place, text)
        if not anyway and store.outbox.replies_under_way(case):
            raise UserError(f"a reply to case {case} is on its way already; --anyway sends another")
        if not anyway and state.wait is None:
            raise UserError(f"nobody waits in case {case}, it is {state.status}; --anyway sends it")
        outgoing = place.reply(text)
        store.outbox.add_reply(place.account, case, outgoing, present())
    to = (place.recipient.name or place.recipient.handle) if place.recipient else "the customer"
    where = f"{place.account}, {'public' if place.public else 'private'}"
    click.echo(f"The reply to {one_line(to, 60)} ({where}) is queued{_sender_note(store.path)}")


@main.command()
@click.argument("case", type=int)
@acting("takes it")
@click.pass_obj
def ack(config: Path, case: int, actor: str) -> None:
    """Take a case: its steps stop, with a reminder if it stays unanswered."""
    _act(config, case, "ack", actor, statuses={"waiting"})
    click.echo(f"Case {case} is yours, {actor}.")


@main.command()
@click.argument("case", type=int)
@click.argument("who", type=WORDS)
@acting("does it")
@click.pass_obj
def assign(config: Path, case: int, who: str, actor: str) -> None:
    """Give a case to WHO ("" for nobody); its steps go on until WHO takes it with ack."""
    who = " ".join(who.split())
    _act(config, case, "assign", actor, who, statuses={"waiting", "answered"})
    click.echo(f"Case {case} is {f'for {who}' if who else 'for nobody in particular'}.")


@main.command()
@click.argument("case", type=int)
@click.argument("until")
@acting("does it")
@click.pass_obj
def snooze(config: Path, case: int, until: str, actor: str) -> None:
    """Let a case sleep UNTIL a time (2026-12-01T09:00) or for a while (2h)."""
    from inboxd.durations import format_duration
    from inboxd.store.times import to_text

    now = present()
    wakes_at = instant(until, now, load_without_networks(config))
    if wakes_at <= now:
        raise UserError(f"{until} is not in the future")
    _act(config, case, "snooze", actor, to_text(wakes_at), statuses={"waiting"})
    click.echo(f"Case {case} sleeps for {format_duration(wakes_at - now)}.")


@main.command()
@click.argument("case", type=int)
@click.option("--reason", type=WORDS, default="no reply needed", show_default=True)
@acting("does it")
@click.pass_obj
def close(config: Path, case: int, reason: str, actor: str) -> None:
    """Close a case that needs no (further) reply."""
    _act(config, case, "close", actor, reason, statuses={"waiting", "answered"})
    click.echo(f"Case {case} is closed: {reason}.")


@main.command()
@click.argument("case", type=int)
@acting("does it")
@click.pass_obj
def reopen(config: Path, case: int, actor: str) -> None:
    """Put a case back among the waiting."""
    state = _act(config, case, "reopen", actor, statuses={"answered", "resolved", "closed"})
    click.echo(f"Case {case} is {state.status} again.")


@main.command()
@click.argument("case", type=int)
@click.option("--message", type=int, help="Which message (default: the one that tells most).")
@click.option("--kind", type=click.Choice([str(kind) for kind in Kind]), help="What it is.")
@click.option(
    "--topic",
    "topics",
    type=click.Choice([str(topic) for topic in Topic]),
    multiple=True,
    help="What it is about, in the place of all that was said; may be given several times.",
)
@click.option("--urgency", type=click.Choice([str(urgency) for urgency in Urgency]))
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
    from inboxd.pipeline import Pipeline
    from inboxd.store import Said

    said = Said(
        kind=Kind(kind) if kind else None,
        topics=tuple(dict.fromkeys(map(Topic, topics))) or None,
        urgency=Urgency(urgency) if urgency else None,
        language=language,
    )
    if not said:
        raise UserError("say what it is: --kind, --topic, --urgency or --language")
    with opened_store(config) as (store, settings):
        number = Pipeline(store, settings.rules).correct(case, message, said, actor, present())
        state = store.cases.find(case)[0]
    words = [kind, *topics, urgency and f"{urgency} urgency", language and f"language {language}"]
    governs = f"; {state.policy} governs" if state.policy else ""
    if state.status != "waiting":
        governs = f"; the case is {state.status}"
    click.echo(f"Message {number} of case {case} is {', '.join(filter(None, words))}{governs}.")


def _standard_input() -> str:
    """Return all of standard input, which must be text: a picture is nobody's reply."""
    if sys.stdin is None:
        raise UserError("standard input is closed")
    try:
        return sys.stdin.buffer.read().decode(sys.stdin.encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"standard input is no {error.encoding} text") from None


def _act(  # noqa: PLR0913 - an action is who, what, on which case, and why
    config: Path, case: int, action: str, actor: str, detail: str = "", *, statuses: set[str]
) -> CaseState:
    """Record an action on a case in one of *statuses*; returns what followed from it."""
    from inboxd.pipeline import Pipeline

    with opened_store(config) as (store, settings):
        with store.transaction():
            state = store.cases.find(case)[0]
            if state.status not in statuses:
                raise UserError(f"case {case} is {state.status}; {action} does not apply to it")
            store.cases.act(case, action, actor, present(), detail)
        Pipeline(store, settings.rules).track_pending(present())
        return store.cases.find(case)[0]


def _refuse_impossible(place: ReplyPlace, text: str) -> None:
    """Say before anything is queued what the network would say afterwards."""
    from inboxd import plugins

    if not text:
        raise UserError("the reply is empty")
    if not place.is_open(present()):
        raise UserError(place.note or f"{place.network} takes no reply here any more")
    if place.max_length is None:
        return
    # Privately a character is a character; in public X, for one, weighs them.
    length = plugins.length(place.network, text) if place.public else len(text)
    if length > place.max_length:
        raise UserError(f"{length} characters; {place.network} takes {place.max_length}")


def _sender_note(database: Path) -> str:
    from inboxd.store import daemon_pid

    if daemon_pid(database):
        return "; the daemon sends it."
    return ", but no daemon is running: `inboxd run --once` sends it."
