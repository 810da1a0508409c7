"""The command line: thin commands; whatever is heavy is imported inside them."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inboxd import __version__
from inboxd.errors import ConfigError, InboxdError, Problem, UserError
from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from inboxd.classify import Classifier
    from inboxd.classify.compact import Model
    from inboxd.classify.evaluation import Score
    from inboxd.config import Settings
    from inboxd.core.tracking import CaseState
    from inboxd.model import Author
    from inboxd.store import Store
    from inboxd.store.continued import Continuation
    from inboxd.store.views import ReplyPlace, ThreadMessage, WaitingCase
    from inboxd.workers.poller import Progress


class Failure(click.ClickException):
    """An error that was foreseen: its text, and no traceback."""

    exit_code = 1

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's signature
        """Print the text to standard error."""
        click.echo(f"inboxd: {self.format_message()}", file=file or sys.stderr)


class Misuse(Failure):
    """The command or the configuration is wrong."""

    exit_code = 2


class Commands(click.Group):
    """Turns errors into texts and exit codes: 2 for the user's, 1 for all others."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run a command."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            raise Misuse(str(error)) from None
        except InboxdError as error:
            raise Failure(str(error)) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("INBOXD_DEBUG"):
                raise
            text = f"{type(error).__name__}: {error} (a bug; INBOXD_DEBUG=1 shows where)"
            raise Failure(text) from None


class _Words(click.types.StringParamType):
    """A text that a database and a network can carry: not every argument of a shell is one."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return *value*, or fail where it holds bytes that are no letters."""
        text = str(super().convert(value, param, ctx))
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self.fail(f"{text!r} is not UTF-8", param, ctx)
        return text


class _Language(_Words):
    """The code of a language."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return *value* in small letters, or fail where it cannot be a language's code."""
        text = super().convert(value, param, ctx).lower()
        if not (text.isascii() and text.isalpha() and 2 <= len(text) <= 3):
            self.fail(f"{text!r} is no code of a language; write ru, uk, de, en …", param, ctx)
        return text


_WORDS = _Words()
_REPLIES = click.option("--replies", is_flag=True, help="The brand's replies instead.")
_LANGUAGE = _Language()
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inboxd")
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path),
    default=Path("config.toml"),
    envvar="INBOXD_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The configuration file.",
)
@click.pass_context
def main(ctx: click.Context, config: Path) -> None:
    """No customer is left waiting: one inbox for VK, Facebook and X."""
    ctx.obj = config
    if isinstance(sys.stdout, TextIOWrapper):
        # A customer's letter that the terminal does not have must not hide all the others.
        sys.stdout.reconfigure(errors="replace")


@main.command()
@click.option("--once", is_flag=True, help="Do one full round and exit: for cron and timers.")
@click.option("--verbose", "-v", is_flag=True, help="Log more.")
@click.pass_obj
def run(config: Path, *, once: bool, verbose: bool) -> None:
    """Read all accounts, judge, escalate and deliver, until stopped."""
    from inboxd import logs
    from inboxd.clock import SystemClock
    from inboxd.daemon import run_once, run_until_stopped

    settings = _load(config)
    logs.configure(verbose=verbose, secrets=settings.secrets())
    if not once:
        asyncio.run(run_until_stopped(settings, SystemClock()))
        return
    with _progress() as watch:
        # Bars take the terminal over: lines must go by way of them.
        logs.configure(verbose=verbose, secrets=settings.secrets())
        result = asyncio.run(run_once(settings, SystemClock(), watch))
    click.echo(f"{result.new} new, {result.undelivered} not delivered", err=True)
    for name in result.failed:
        click.echo(f"{name} could not be read", err=True)
    if not result.ok:
        raise click.exceptions.Exit(1)


@main.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Which day is played.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the configuration, the database and the log in this folder.",
)
@click.option(
    "--seconds",
    type=click.IntRange(10, 600),
    default=45,
    show_default=True,
    help="How long the working day takes in real time.",
)
@click.option("--tui", is_flag=True, help="Show who waits on a live screen.")
def demo(seed: int, keep: Path | None, seconds: int, *, tui: bool) -> None:
    """Play a shop's working day against simulated networks and show what happens."""
    try:
        from inboxd.demo.stage import play
    except ModuleNotFoundError as error:
        missing = f"the demo needs {error.name}: pip install 'inboxd[demo]'"
        raise UserError(missing) from None

    asyncio.run(play(seed=seed, keep=keep, seconds=seconds, tui=tui))


@main.command()
@click.option("--online", is_flag=True, help="Ask the networks whether the tokens work.")
@click.pass_obj
def check(config: Path, *, online: bool) -> None:
    """Look for every problem in the configuration."""
    from inboxd import classify as classifying
    from inboxd.config import advice

    settings = _load(config)
    _refuse_missing_folder(settings)
    chosen = classifying.configured(settings)
    click.echo(f"{config}: {len(settings.accounts)} accounts, {len(settings.policies)} policies")
    if settings.classifier.model or settings.classifier.own_words:
        count = len(settings.classifier.own_words)
        click.echo(f"classifier: {chosen.name}, {count} words of your own")
    for problem in advice(settings):
        click.echo(f"  advice: {problem}")
    if online and not asyncio.run(_check_accounts(settings)):
        raise click.exceptions.Exit(1)


def _progress() -> AbstractContextManager[Callable[[Progress], None]]:
    """Return a context in which a terminal shows how far each source has been read."""
    from inboxd.terminal import console, reading_bars

    return reading_bars(console(stderr=True))


def _refuse_missing_folder(settings: Settings) -> None:
    folder = settings.general.database.parent
    if not folder.is_dir():
        problem = Problem("inboxd.database", f"is in {folder}, which does not exist; create it")
        raise ConfigError(str(settings.path), [problem])


async def _check_accounts(settings: Settings) -> bool:
    """Print what each account's network says; returns whether all of it is good."""
    from inboxd import plugins
    from inboxd.clock import SystemClock

    good = True
    for account in settings.accounts:
        connector = plugins.connect(account, SystemClock())
        try:
            found = await connector.check()
        except InboxdError as error:
            click.echo(f"{account.name}: {error}")
            good = False
            continue
        finally:
            await connector.close()
        click.echo(f"{account.name}: {found.identity}")
        for stream in found.streams:
            state = "can be read" if stream.ok else "cannot be read"
            click.echo(f"  {stream.stream} {state}" + (f": {stream.text}" if stream.text else ""))
            good = good and stream.ok
    return good


@main.command()
@click.option("--online", is_flag=True, help="Ask the networks as well.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of lines.")
@click.pass_obj
def doctor(config: Path, *, online: bool, as_json: bool) -> None:
    """Say how everything stands, and what needs a person (exit code 1 if something does)."""
    from inboxd.clock import SystemClock
    from inboxd.doctor import Health, examine
    from inboxd.store import Store
    from inboxd.terminal import console, print_findings

    settings = _load(config)
    with Store(settings.general.database, create=False) as store, store.explained():
        findings = asyncio.run(examine(settings, store, SystemClock(), online=online))
    if as_json:
        listed = [finding.as_json() for finding in findings]
        click.echo(json.dumps(listed, indent=1, ensure_ascii=False))
    else:
        print_findings(console(), findings)
    if any(finding.health is Health.TROUBLE for finding in findings):
        raise click.exceptions.Exit(1)


@main.command()
@click.argument("accounts", nargs=-1)
@click.option("--back", default="3d", show_default=True, help="How far back to look.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of lines.")
@click.pass_obj
def reconcile(config: Path, accounts: tuple[str, ...], back: str, *, as_json: bool) -> None:
    """Hold what is stored of ACCOUNTS (all, if none is named) against what the networks offer."""
    from inboxd import logs
    from inboxd.clock import SystemClock
    from inboxd.daemon import reconcile_now
    from inboxd.durations import parse_duration

    settings = _load(config)
    try:
        reach = parse_duration(back)
    except ValueError as error:
        raise UserError(f"--back: {error}") from None
    unknown = set(accounts) - {account.name for account in settings.accounts}
    if unknown:
        raise UserError(f"there is no account {', '.join(sorted(unknown))} in {config}")
    logs.configure(secrets=settings.secrets())
    found = asyncio.run(reconcile_now(settings, SystemClock(), accounts, reach))
    if as_json:
        click.echo(json.dumps([repairs.as_json() for repairs in found], indent=1))
    for repairs in found:
        if not as_json:
            click.echo(str(repairs))
        for part, why in repairs.failed.items():
            click.echo(f"{repairs.account}: {part} could not be read: {why}", err=True)
    if any(repairs.failed for repairs in found):
        raise click.exceptions.Exit(1)


@main.command("replay-quarantine")
@click.pass_obj
def replay_quarantine(config: Path) -> None:
    """Read again, with this version, what no connector has understood so far."""
    from inboxd import logs
    from inboxd.clock import SystemClock
    from inboxd.daemon import replay
    from inboxd.store import Store

    settings = _load(config)
    logs.configure(secrets=settings.secrets())
    with Store(settings.general.database, create=False) as store, store.explained():
        understood, left = asyncio.run(replay(settings, store, SystemClock()))
    click.echo(f"{understood} understood now, {left} still held")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of a table.")
@click.pass_obj
def waiting(config: Path, *, as_json: bool) -> None:
    """List the customers who wait, what is due first on top."""
    from inboxd.terminal import console, print_waiting

    with _store(config) as (store, _):
        cases, now = store.views.waiting(), _now()
    if as_json:
        listed = [_waiting_json(case, now) for case in cases]
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

    with _store(config) as (store, settings):
        state, now, tz = _find(store, case), _now(), settings.general.timezone
        messages = store.views.thread(case)
        automatic = automatic_answers(store, settings.rules, case, now)
        place = store.views.find_reply_place(case)
        going_on = list(continuation_lines(store, case, tz))
        links = store.views.continued_in_private(case), store.views.began_in_public(case)
    if as_json:
        shown = _shown_json(state, messages, automatic, place, links)
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False))
        return
    out = console()
    for line in [*thread_lines(messages, tz, automatic), "", *going_on]:
        out.print(line)
    for line in reply_lines(place, now, tz):
        out.print(line)


@main.command()
@click.argument("case", type=int)
@click.pass_obj
def explain(config: Path, case: int) -> None:
    """Tell why a case is what it is, and what was told to whom."""
    from inboxd.explain import explain as sections_of
    from inboxd.terminal import console, print_sections

    with _store(config) as (store, settings):
        tz = settings.general.timezone
        sections = sections_of(store, settings.rules, case, _now(), tz)
    print_sections(console(), sections)


@main.command()
@click.argument("case", type=int)
@click.argument("text", type=_WORDS)
@click.option("--anyway", is_flag=True, help="Even if nobody waits, or a reply is on its way.")
@click.pass_obj
def reply(config: Path, case: int, text: str, *, anyway: bool) -> None:
    """Answer a case with TEXT, or with standard input if TEXT is "-"."""
    from uuid import uuid4

    from inboxd.connector import OutgoingReply
    from inboxd.core.text import one_line

    text = (_standard_input() if text == "-" else text).strip()
    with _store(config) as (store, settings):
        state = _find(store, case)
        place = store.views.reply_place(case)
        if place.account not in {account.name for account in settings.accounts}:
            raise UserError(f"{place.account} is not in {config} any more: nothing is sent there")
        _refuse_impossible(place, text)
        if not anyway and store.outbox.replies_under_way(case):
            raise UserError(f"a reply to case {case} is on its way already; --anyway sends another")
        if not anyway and state.wait is None:
            raise UserError(f"nobody waits in case {case}, it is {state.status}; --anyway sends it")
        outgoing = OutgoingReply(
            key=f"reply:{uuid4()}",
            thread_id=place.thread_id,
            stream=place.stream,
            text=text,
            parent_id=place.parent_id,
            recipient=place.recipient,
            sent_after=place.sent_after,
        )
        store.outbox.add_reply(place.account, case, outgoing, _now())
    to = (place.recipient.name or place.recipient.handle) if place.recipient else "the customer"
    where = f"{place.account}, {'public' if place.public else 'private'}"
    click.echo(f"The reply to {one_line(to, 60)} ({where}) is queued{_sender_note(store.path)}")


@main.command()
@click.argument("case", type=int)
@click.option(
    "--as", "actor", type=_WORDS, default=getpass.getuser, help="Who takes it (default: you)."
)
@click.pass_obj
def ack(config: Path, case: int, actor: str) -> None:
    """Take a case: its steps stop, with a reminder if it stays unanswered."""
    _act(config, case, "ack", actor, statuses={"waiting"})
    click.echo(f"Case {case} is yours, {actor}.")


@main.command()
@click.argument("case", type=int)
@click.argument("until")
@click.option(
    "--as", "actor", type=_WORDS, default=getpass.getuser, help="Who does it (default: you)."
)
@click.pass_obj
def snooze(config: Path, case: int, until: str, actor: str) -> None:
    """Let a case sleep UNTIL a time (2026-12-01T09:00) or for a while (2h)."""
    from inboxd.durations import format_duration
    from inboxd.store.times import to_text

    now = _now()
    wakes_at = _instant(until, now, _load_without_networks(config))
    if wakes_at <= now:
        raise UserError(f"{until} is not in the future")
    _act(config, case, "snooze", actor, to_text(wakes_at), statuses={"waiting"})
    click.echo(f"Case {case} sleeps for {format_duration(wakes_at - now)}.")


@main.command()
@click.argument("case", type=int)
@click.option("--reason", type=_WORDS, default="no reply needed", show_default=True)
@click.option(
    "--as", "actor", type=_WORDS, default=getpass.getuser, help="Who does it (default: you)."
)
@click.pass_obj
def close(config: Path, case: int, reason: str, actor: str) -> None:
    """Close a case that needs no (further) reply."""
    _act(config, case, "close", actor, reason, statuses={"waiting", "answered"})
    click.echo(f"Case {case} is closed: {reason}.")


@main.command()
@click.argument("case", type=int)
@click.option(
    "--as", "actor", type=_WORDS, default=getpass.getuser, help="Who does it (default: you)."
)
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
@click.option("--language", type=_LANGUAGE, help="Its code: ru, uk, de, en …")
@click.option(
    "--as", "actor", type=_WORDS, default=getpass.getuser, help="Who says so (default: you)."
)
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
    with _store(config) as (store, settings):
        number = Pipeline(store, settings.rules).correct(case, message, said, actor, _now())
        policy = _find(store, case).policy
    words = [kind, *topics, urgency and f"{urgency} urgency", language and f"language {language}"]
    governs = f"; {policy} governs" if policy else ""
    click.echo(f"Message {number} of case {case} is {', '.join(filter(None, words))}{governs}.")


@main.command()
@click.argument("file", type=click.File("rb"), default="-")
@_REPLIES
@click.pass_context
def classify(ctx: click.Context, file: Any, *, replies: bool) -> None:  # noqa: ANN401 - click gives a binary stream
    """
    Judge messages: JSON lines with "text" in, the same with the verdict out.

    Replies may also have "sent_at" (ISO 8601) and "question", the customer's message.
    """
    from inboxd import classify as classifying
    from inboxd.classify import jsonl

    if replies:
        results = jsonl.judge_lines(file, classifying.load_reply_judge())
    else:
        results = jsonl.classify_lines(file, _classifier(ctx))
    bad = 0
    for result in results:
        if isinstance(result, jsonl.BadLine):
            bad += 1
            click.echo(f"line {result.number}: {result.why}", err=True)
        else:
            click.echo(result.json)
    if bad:
        raise click.exceptions.Exit(1)


@main.group()
def classifier() -> None:
    """Train the classifier, and see how good it is."""


@classifier.command()
@click.option("--data", "paths", type=_FILE, multiple=True, help="Labelled messages.")
@click.option("--corrections", is_flag=True, help="Learn from what people corrected, too.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("model.npz"),
    show_default=True,
)
@click.option("--force", is_flag=True, help="Even if it is worse than the present model.")
@_REPLIES
@click.pass_context
def train(  # noqa: PLR0913 - what from, where to, and whatever comes of it
    ctx: click.Context,
    paths: tuple[Path, ...],
    out: Path,
    *,
    corrections: bool,
    force: bool,
    replies: bool,
) -> None:
    """Train a model on labelled JSON lines; the same lines give the same file."""
    from inboxd.classify.rows import read_rows
    from inboxd.terminal import console, step_bar

    try:
        from inboxd.classify import retraining, training

        if replies:
            _train_on_replies(paths, out)
            return
    except ModuleNotFoundError as error:
        raise UserError(f"training needs {error.name}: pip install 'inboxd[train]'") from None
    _refuse_unwritable(out)
    rows = read_rows(paths)
    if corrections:
        with _store(ctx.obj) as (store, _):
            rows += retraining.corrected_rows(store.corrections.all())
    if not rows:
        raise UserError("there is nothing to train on; name --data, or use --corrections")
    present = _present_model(ctx)
    with step_bar(console(stderr=True), "training", training.STEPS) as tell:
        model, comparison = retraining.retrain(rows, present, tell)
    for name, value in model.card["figures"]["all"].items():
        click.echo(f"{name:34} {value:.3f}")
    click.echo(f"On {comparison.basis}:")
    for name, value in comparison.new.items():
        before = f"{comparison.present[name]:.3f}" if name in comparison.present else "unknown"
        click.echo(f"  {name:32} {value:.3f}, the present model {before}")
    if comparison.worse and not force:
        worse = ", ".join(comparison.worse)
        raise UserError(f"the new model is worse in: {worse}; {out} is not written without --force")
    model.save(out)
    click.echo(f"{out} is written; [classifier] model = … lets the daemon use it.")


@classifier.command()
@click.option("--since", "back", help="Only what people said within this time, such as 30d.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of lines.")
@click.pass_obj
def report(config: Path, back: str | None, *, as_json: bool) -> None:
    """Tell how far people agree with the classifier, by what they corrected."""
    from inboxd.classify import reporting
    from inboxd.durations import parse_duration

    try:
        since = _now() - parse_duration(back) if back else None
    except (ValueError, OverflowError) as error:
        raise UserError(f"--since: {error}") from None
    with _store(config) as (store, _):
        found = store.corrections.all(since)
        first = min((each.at for each in found), default=_now())
        told = reporting.report(found, store.corrections.judged_since(first, found))
    if as_json:
        click.echo(json.dumps(told.as_json(), indent=1, ensure_ascii=False))
        return
    for line in told.lines():
        click.echo(line)


def _refuse_unwritable(out: Path) -> None:
    """Say before minutes of work that there is no place for what comes of them."""
    folder = out.absolute().parent
    if not folder.is_dir() or not os.access(out if out.exists() else folder, os.W_OK):
        raise UserError(f"{out} cannot be written; name a file in a folder that is there")


def _present_model(ctx: click.Context) -> Model:
    """Return the model that is in use: the configuration's, or inboxd's own."""
    from inboxd import classify as classifying
    from inboxd.classify.compact import Model

    own = _load_without_networks(ctx.obj).classifier.model if _has_config(ctx) else None
    return Model.load(own or classifying.SHIPPED)


def _train_on_replies(paths: tuple[Path, ...], out: Path) -> None:
    """Train the judge of replies, and say what it reached on folds of them."""
    from inboxd.classify.replies import FLAGS
    from inboxd.classify.reply_rows import read_reply_rows
    from inboxd.classify.reply_training import train_replies

    rows = read_reply_rows(paths, FLAGS)
    if not rows:
        raise UserError("there is nothing to train on")
    model = train_replies(rows, lambda text: click.echo(f"training: {text}", err=True))
    model.save(out)
    for name, value in model.card["figures"]["question unknown"]["all"].items():
        click.echo(f"{name:34} {value:.3f}")


@classifier.command()
@click.option(
    "--data", "paths", type=_FILE, multiple=True, required=True, help="Labelled messages."
)
@click.option("--model", type=_FILE, help="Another model than the one that came with inboxd.")
@_REPLIES
def evaluate(paths: tuple[Path, ...], model: Path | None, *, replies: bool) -> None:
    """Hold the classifier against labelled messages that it has not seen."""
    scores, figures = (_evaluate_replies if replies else _evaluate)(paths, model)
    for score in scores:
        numbers = f"{score.precision:.3f} {score.recall:.3f} {score.f1:.3f} {score.rows:6}"
        click.echo(f"{score.label:18} {numbers}")
    for name, value in figures.items():
        click.echo(f"{name:34} {value:.3f}")


def _evaluate(
    paths: tuple[Path, ...], model: Path | None
) -> tuple[tuple[Score, ...], dict[str, float]]:
    from inboxd import classify as classifying
    from inboxd.classify import compact, evaluation
    from inboxd.classify.rows import read_rows

    rows = read_rows(paths)
    chosen = compact.CompactClassifier(compact.Model.load(model or classifying.SHIPPED))
    result = evaluation.evaluate(rows, chosen.classify([row.text for row in rows]))
    return (*result.kinds, *result.topics, *result.urgencies), result.summary()


def _evaluate_replies(
    paths: tuple[Path, ...], model: Path | None
) -> tuple[tuple[Score, ...], dict[str, float]]:
    from inboxd import classify as classifying
    from inboxd.classify import compact, replies, reply_evaluation
    from inboxd.classify.reply_rows import read_reply_rows

    rows = read_reply_rows(paths)
    weights = compact.Model.load(model or classifying.SHIPPED_FOR_REPLIES, replies.FLAGS)
    judge = replies.CompactReplyJudge(weights, classifying.load())
    verdicts = judge.judge([classifying.Reply(row.text, question=row.question) for row in rows])
    result = reply_evaluation.evaluate_replies(rows, verdicts)
    return result.flags, result.summary()


def _load(config: Path) -> Settings:
    from inboxd import plugins
    from inboxd.config import load

    return load(config, plugins.networks())


def _load_without_networks(config: Path) -> Settings:
    """Load what commands on the database need: no SDK, and no secret."""
    from inboxd import plugins
    from inboxd.config import load

    return load(config, plugins.networks_unloaded(), secrets=False)


def _classifier(ctx: click.Context) -> Classifier:
    """Return the configured classifier; where there is no configuration, inboxd's own."""
    from inboxd import classify as classifying

    return (
        classifying.configured(_load_without_networks(ctx.obj))
        if _has_config(ctx)
        else classifying.load()
    )


def _has_config(ctx: click.Context) -> bool:
    """Tell whether there is a configuration, or one was asked for that should be there."""
    default = click.core.ParameterSource.DEFAULT
    asked_for = ctx.find_root().get_parameter_source("config") is not default
    config: Path = ctx.obj
    return asked_for or config.exists()


def _now() -> datetime:
    from inboxd.clock import SystemClock

    return SystemClock().now()


@contextmanager
def _store(config: Path) -> Iterator[tuple[Store, Settings]]:
    """Yield the store that *config* names, which must exist, and the settings without tokens."""
    from inboxd.store import Store

    settings = _load_without_networks(config)
    with Store(settings.general.database, create=False) as store, store.explained():
        yield store, settings


def _find(store: Store, case: int) -> CaseState:
    found = store.cases.load([case])
    if not found:
        raise UserError(f"there is no case {case}; `inboxd waiting` lists those that wait")
    return found[0][0]


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

    with _store(config) as (store, settings):
        with store.transaction():
            state = _find(store, case)
            if state.status not in statuses:
                raise UserError(f"case {case} is {state.status}; {action} does not apply to it")
            store.cases.act(case, action, actor, _now(), detail)
        Pipeline(store, settings.rules).track_pending(_now())
        return _find(store, case)


def _instant(text: str, now: datetime, settings: Settings) -> datetime:
    """Return the instant that a person means by *text*: a time, or a span from now."""
    from inboxd.durations import parse_duration

    with suppress(ValueError, OverflowError):
        return now + parse_duration(text)
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=settings.general.timezone)
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserError(f"{text!r} is no time; write 2h, or 2026-12-01T09:00") from None


def _refuse_impossible(place: ReplyPlace, text: str) -> None:
    """Say before anything is queued what the network would say afterwards."""
    from inboxd import plugins

    if not text:
        raise UserError("the reply is empty")
    if not place.is_open(_now()):
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


def _waiting_json(case: WaitingCase, now: datetime) -> dict[str, Any]:
    from inboxd.store.times import maybe_text, to_text

    return {
        "case": case.case_id,
        "account": case.account,
        "network": case.network,
        "stream": case.stream,
        "public": case.public,
        "author": _author_json(case.author),
        "kind": case.kind,
        "topics": case.topics,
        "urgency": case.urgency,
        "language": case.language,
        "policy": case.policy,
        "waiting_since": to_text(case.waiting_since),
        "due_at": maybe_text(case.due_at),
        "overdue": case.due_at is not None and case.due_at < now,
        "unanswered": case.unanswered,
        "acknowledged_by": case.acknowledged_by,
        "snoozed_until": maybe_text(case.snoozed_until),
        "text": case.text,
        "url": case.url,
        "continued_in": case.continued_in,
    }


def _shown_json(
    case: CaseState,
    messages: Sequence[ThreadMessage],
    automatic: Mapping[int, str],
    place: ReplyPlace | None,
    links: tuple[Continuation | None, int | None],
) -> dict[str, Any]:
    from inboxd.store.times import maybe_text, to_text

    continued, began_in = links
    return {
        "case": case.id,
        "status": case.status,
        "messages": [_message_json(each, automatic.get(each.id, "")) for each in messages],
        "reply": place
        and {
            "open": place.is_open(_now()),
            "closes_at": maybe_text(place.closes_at),
            "note": place.note,
            "max_length": place.max_length,
            "to": _author_json(place.recipient),
        },
        "continued_in": continued
        and {
            "case": continued.case_id,
            "began_at": to_text(continued.began_at),
            "answered_at": maybe_text(continued.answered_at),
        },
        "began_in": began_in,
    }


def _message_json(message: ThreadMessage, automatic: str) -> dict[str, Any]:
    from inboxd.store.times import maybe_text, to_text

    return {
        "id": message.id,
        "remote_id": message.remote_id,
        "direction": message.direction,
        "author": _author_json(message.author),
        "staff": message.staff,
        "addressees": message.addressees,
        "text": message.text,
        "sent_at": to_text(message.sent_at),
        "seen_at": to_text(message.seen_at),
        "edited_at": maybe_text(message.edited_at),
        "deleted_at": maybe_text(message.deleted_at),
        "auto_reply": message.auto_reply,
        "automatic": automatic,
        "parent_deleted": message.parent_deleted,
        "from_elsewhere": message.from_elsewhere,
        "kind": message.kind,
        "topics": message.topics,
        "corrected": message.corrected
        and {
            "by": message.corrected.by,
            "at": to_text(message.corrected.at),
            "was": message.corrected.machine.kind,
        },
        "url": message.url,
        "attachments": message.attachments,
        "versions": [
            {
                "text": earlier.text,
                "kind": earlier.kind or None,
                "replaced_at": to_text(earlier.replaced_at),
            }
            for earlier in message.versions
        ],
    }


def _author_json(author: Author | None) -> dict[str, Any] | None:
    if author is None:
        return None
    return {
        "id": author.remote_id,
        "name": author.name,
        "handle": author.handle,
        "followers": author.followers,
        "url": author.url,
    }
