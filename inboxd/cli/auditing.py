"""The command that goes through our own answers, for coaching, and hears where the judge was wrong."""

from __future__ import annotations

import json
from datetime import datetime, time
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import click

from inboxd.cli import completing
from inboxd.cli.group import main
from inboxd.cli.opening import opened_store, present
from inboxd.cli.parameters import WORDS, acting
from inboxd.core.reproach import Fault
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from inboxd.config import Settings
    from inboxd.core.scorecard.model import Period
    from inboxd.store import Store
    from inboxd.store.audit import Audited, Choice

_FAULTS = [str(fault) for fault in Fault]
_MOST = 20


@main.command(short_help="Go through our own answers that were not good")
@click.option("--period", default="30d", show_default=True, help="7d, today, 2026-11, 2026-W47 …")
@click.option(
    "--account",
    "accounts",
    type=WORDS,
    multiple=True,
    shell_complete=completing.accounts,
    help="Only this account.",
)
@click.option("--staff", type=WORDS, multiple=True, help="Only answers by this colleague.")
@click.option(
    "--why",
    type=click.Choice(_FAULTS),
    multiple=True,
    help="Only answers that sent elsewhere, missed the question, promised, or were rude.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=_MOST, show_default=True, help="How many at most."
)
@click.option("--all", "fine", is_flag=True, help="Those, too, that somebody said were fine.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@click.option("--fine", "excused", type=int, metavar="MESSAGE", help="Say that it was fine.")
@click.option("--faulty", type=int, metavar="MESSAGE", help="Say that it was not; names --part.")
@click.option("--undo", type=int, metavar="MESSAGE", help="Take back the last word on it.")
@click.option(
    "--part",
    "parts",
    type=click.Choice(_FAULTS),
    multiple=True,
    help="What was fine or not (default: all that is held against it).",
)
@click.option("--note", type=WORDS, default="", help="Why, for colleagues.")
@acting("says so")
@click.pass_obj
def audit(  # noqa: PLR0913, PLR0917 - what to show, or what to say
    config: Path,
    period: str,
    accounts: tuple[str, ...],
    staff: tuple[str, ...],
    why: tuple[str, ...],
    limit: int,
    excused: int | None,
    faulty: int | None,
    undo: int | None,
    parts: tuple[str, ...],
    note: str,
    actor: str,
    *,
    fine: bool,
    as_json: bool,
) -> None:
    """
    Go through our own answers that were not good, the newest first.

    With --fine, --faulty or --undo, say instead what was right about one of them: it counts at once,
    and is learnt from. Numbers of messages stand in the list.
    """
    deeds = [each for each in (excused, faulty, undo) if each is not None]
    if len(deeds) > 1:
        raise UserError("one thing at a time: --fine, --faulty or --undo")
    if not deeds and (parts or note):
        raise UserError("--part and --note belong to --fine MESSAGE or --faulty MESSAGE")
    from inboxd.core.scorecard.periods import parse_period

    with opened_store(config) as (store, settings):
        if undo is not None:
            click.echo(_take_back(store, settings, undo, actor))
        elif deeds:
            from inboxd.desk import Desk

            said = _word(store, deeds[0], parts, holds=faulty is not None)
            desk = Desk(store, settings.rules)
            done = desk.correct_reply(deeds[0], said, note, actor, present())
            status = store.cases.find(done.case)[0].status if done.case else ""
            click.echo(_sentence(f"{done.words}{f'; case {done.case} is {status}' * bool(status)}"))
        else:
            days = parse_period(period, present(), settings.general.timezone)
            chosen = _chosen(store, settings, days, accounts, staff)
            faults = [Fault(each) for each in dict.fromkeys(why or _FAULTS)]
            found, judged = store.audit.reproached(chosen, faults, fine=fine)
            answers = list(store.audit.answers(found[:limit]))
            show = _print_json if as_json else _print
            show(answers, (len(found), judged), faults, days)


def _word(store: Store, message: int, parts: Sequence[str], *, holds: bool) -> dict[Fault, bool]:
    """Return what a person says of an answer; raises UserError if that is nothing."""
    if parts:
        return {Fault(part): holds for part in dict.fromkeys(parts)}
    if holds:
        raise UserError(f"--faulty needs to know in what: --part {', '.join(_FAULTS)}")
    held = store.audit.faults(message)
    if held is not None and not held:
        raise UserError(f"nothing is held against message {message}; --part says what else is fine")
    # What is no answer of ours, the desk says.
    return dict.fromkeys(held or [Fault.DEFLECTION], False)


def _take_back(store: Store, settings: Settings, message: int, actor: str) -> str:
    from inboxd.desk import Desk

    return _sentence(Desk(store, settings.rules).undo_on_reply(message, actor, present()))


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _print(
    answers: Sequence[Audited], counts: tuple[int, int], faults: Sequence[Fault], period: Period
) -> None:
    from inboxd.terminal import console
    from inboxd.terminal.audit import print_audited, summary

    out = console()
    for answer in answers:
        print_audited(out, answer, present(), period.timezone)
    out.print(summary(len(answers), *counts, faults, period))


def _print_json(
    answers: Sequence[Audited], counts: tuple[int, int], _: Sequence[Fault], __: Period
) -> None:
    found, judged = counts
    shown = [answer_json(each, present()) for each in answers]
    listed = {"judged": judged, "found": found, "answers": shown}
    click.echo(json.dumps(listed, indent=1, ensure_ascii=False))


def _chosen(
    store: Store, settings: Settings, days: Period, accounts: Sequence[str], staff: Sequence[str]
) -> Choice:
    """Return which answers are meant; raises UserError for what there is not."""
    from inboxd.core.localtime import local_to_utc
    from inboxd.store.audit import Choice

    _refuse_unknown(store, settings, accounts)
    begins, ends = (
        local_to_utc(datetime.combine(day, time()), days.timezone)
        for day in (days.since, days.until)
    )
    return Choice(begins, ends, accounts, staff)


def _refuse_unknown(store: Store, settings: Settings, accounts: Sequence[str]) -> None:
    known = sorted({each.name for each in settings.accounts} | {*store.audit.accounts()})
    for name in accounts:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
            raise UserError(f"there is no account {name!r}; {hint}")


def answer_json(answer: Audited, now: datetime) -> dict[str, Any]:
    """Return one answer as `inboxd audit --json` lists it."""
    from inboxd.store.times import maybe_text, to_text
    from inboxd.terminal.audit import spans_of

    return {
        "message": answer.id,
        "account": answer.account,
        "network": answer.network,
        "stream": answer.stream,
        "public": answer.public,
        "case": answer.case,
        "sent_at": to_text(answer.at),
        "staff": answer.staff,
        "text": answer.text,
        "url": answer.url,
        "deleted": answer.deleted,
        "questions": [
            {
                "message": each.id,
                "author": each.author.name if each.author else None,
                "text": each.text,
                "sent_at": to_text(each.at),
                "kind": each.kind,
                "deleted": each.deleted,
            }
            for each in answer.questions
        ],
        "held_against_it": [
            {
                "what": fault,
                "why": why or None,
                "evidence": [
                    {"start": start, "end": end, "text": answer.text[start:end]}
                    for start, end in spans_of(answer, fault)
                ],
                "became": (fate := answer.fates.get(fault)) and fate.word(now),
                "due_at": fate and maybe_text(fate.due_at),
                "ended_at": fate and maybe_text(fate.ended_at),
            }
            for fault, why in answer.held.items()
        ],
        "said_to_be_fine": sorted(answer.fine),
        "said": answer.said
        and {
            "by": answer.said.actor,
            "at": to_text(answer.said.at),
            "note": answer.said.note,
            "parts": dict(answer.said.person),
        },
        "mark": answer.grade.mark if answer.grade.judged else None,
        "earned": answer.grade.earned,
        "missed": answer.grade.missed,
        "wrote_again_at": maybe_text(answer.again),
    }
