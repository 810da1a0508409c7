"""Commands for whoever runs inboxd: to run it, and to see that all is well."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inboxd.cli import completing
from inboxd.cli.group import main
from inboxd.cli.opening import load_settings, opened_store, present
from inboxd.errors import ConfigError, InboxdError, Problem, UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from inboxd.config import Settings
    from inboxd.core.reports import Report
    from inboxd.workers.poller import Progress


@main.command(short_help="Read, judge, escalate and deliver, until stopped")
@click.option("--once", is_flag=True, help="Do one full round and exit: for cron and timers.")
@click.option("--verbose", "-v", is_flag=True, help="Log more.")
@click.pass_obj
def run(config: Path, *, once: bool, verbose: bool) -> None:
    """Read all accounts, judge, escalate and deliver, until stopped."""
    from inboxd import logs

    logs.outlive_standard_streams()
    if not once:
        # Until it is heard: to be told to read the configuration anew must not end us.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        with _ended_by_signals():
            _run_on(config, verbose=verbose)
        return
    from inboxd.clock import SystemClock
    from inboxd.service.life import run_once

    logs.guard_crashes()
    settings = load_settings(config)
    logs.configure(verbose=verbose, secrets=settings.secrets())
    with _progress() as watch:
        # Bars take the terminal over: lines must go by way of them.
        logs.configure(verbose=verbose, secrets=settings.secrets())
        result = asyncio.run(run_once(settings, SystemClock(), watch))
    click.echo(f"{result.new} new, {result.undelivered} not delivered", err=True)
    for name in result.failed:
        click.echo(f"{name} could not be read", err=True)
    if not result.ok:
        raise click.exceptions.Exit(1)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """
    Let SIGTERM and SIGINT end the program with 0 also before the daemon hears them itself.

    When it has ended a second one is ignored, for the rest is Python's putting away of things.
    """

    def end(*_: object) -> None:
        raise SystemExit(0)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except BaseException:
        for number, handler in before.items():
            signal.signal(number, handler)
        raise
    for number in before:
        signal.signal(number, signal.SIG_IGN)


def _run_on(config: Path, *, verbose: bool) -> None:
    """Run the daemon; whatever the configuration becomes, no secret that it had is logged."""
    from inboxd import logs
    from inboxd.clock import SystemClock
    from inboxd.service.life import run_until_stopped
    from inboxd.service.sdnotify import Notifier

    logs.guard_crashes()
    secrets: set[str] = set()

    def read() -> Settings:
        settings = load_settings(config)
        secrets.update(settings.secrets())
        logs.configure(verbose=verbose, secrets=secrets)
        return settings

    notifier = Notifier.taken_from(os.environ)
    asyncio.run(run_until_stopped(read(), SystemClock(), read, notifier))


@main.command(short_help="Play a shop's working day; no account is needed")
@click.option("--seed", type=int, default=1, show_default=True, help="Which day is played.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the configuration, the database and the log in this folder.",
)
@click.option(
    "--seconds",
    type=click.IntRange(10, 3_600),
    help="How long the working day takes in real time (default: 45, with --tui 600).",
)
@click.option("--tui", is_flag=True, help="Triage the day on the screen that teams use.")
def demo(seed: int, keep: Path | None, seconds: int | None, *, tui: bool) -> None:
    """Play a shop's working day against simulated networks and show what happens."""
    from inboxd.demo.stage import play

    lasts = seconds or (600 if tui else 45)
    asyncio.run(play(seed=seed, keep=keep, seconds=lasts, tui=tui))


@main.command(short_help="Look for every problem in the configuration")
@click.option("--online", is_flag=True, help="Ask the networks whether the tokens work.")
@click.pass_obj
def check(config: Path, *, online: bool) -> None:
    """Look for every problem in the configuration."""
    from inboxd import classify as classifying
    from inboxd.config import advice

    settings = load_settings(config)
    _refuse_missing_folder(settings)
    lacking: list[str] = []
    chosen, own = classifying.configured(settings, lacking.append), settings.classifier
    click.echo(f"{config}: {len(settings.accounts)} accounts, {len(settings.policies)} policies")
    if own.model or own.own_words or own.tier != "compact":
        click.echo(f"classifier: {chosen.name}, {len(own.own_words)} words of your own")
    for report in settings.reports:
        click.echo(_due_next(report, settings))
    for problem in (*lacking, *advice(settings)):
        click.echo(f"  advice: {problem}")
    if online and not asyncio.run(_check_online(settings)):
        raise click.exceptions.Exit(1)


def _due_next(report: Report, settings: Settings) -> str:
    """Return when a report goes out next, of which days, and to whom."""
    from inboxd.core.reports import days_of

    due = report.cron.next_after(present())
    name, _ = days_of(report.period, due, settings.general.timezone)
    local, zone = due.astimezone(report.cron.timezone), report.cron.timezone
    when = f"{local:%a} {local.day} {local:%b %Y %H:%M} ({zone})"
    return f"report {report.name}: due {when} with {name}, to {', '.join(report.to)}"


def _progress() -> AbstractContextManager[Callable[[Progress], None]]:
    """Return a context in which a terminal shows how far each source has been read."""
    from inboxd.terminal import console
    from inboxd.terminal.progress import reading_bars

    return reading_bars(console(stderr=True))


def _refuse_missing_folder(settings: Settings) -> None:
    folder = settings.general.database.parent
    if not folder.is_dir():
        problem = Problem("inboxd.database", f"is in {folder}, which does not exist; create it")
        raise ConfigError(str(settings.path), [problem])


async def _check_online(settings: Settings) -> bool:
    """Print what networks and Slack say; returns whether all of it is good."""
    accounts = await _check_accounts(settings)
    watched = await _check_watched(settings)
    return await _check_buttons(settings) and accounts and watched


async def _check_watched(settings: Settings) -> bool:
    """Print whether others' accounts can be read; returns whether all can."""
    from inboxd import plugins
    from inboxd.clock import SystemClock
    from inboxd.core.text import one_line

    good = True
    for watch in settings.watch:
        reader = plugins.watch(watch, SystemClock())
        try:
            found = await reader.check()
        except InboxdError as error:
            click.echo(f"{watch.name}: {error}")
            good = False
            continue
        finally:
            await reader.close()
        # What strangers call themselves may be anything.
        click.echo(f"{watch.name}: {one_line(found.identity, 200)}")
        click.echo("  can be read" + (f": {found.text}" if found.text else ""))
    return good


async def _check_buttons(settings: Settings) -> bool:
    """Print whether Slack would tell of pressed buttons."""
    from inboxd import notify
    from inboxd.clock import SystemClock

    good = True
    for listener in notify.listeners(settings.sinks, SystemClock()):
        try:
            await listener.check()
        except InboxdError as error:
            click.echo(str(error))
            good = False
            continue
        click.echo(f"{', '.join(listener.sinks)}: the app_token opens connections")
    return good


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


@main.command(short_help="Say how everything stands, and what needs a person")
@click.option("--online", is_flag=True, help="Ask the networks and the sinks as well.")
@click.option("--deep", is_flag=True, help="Read the whole database, however long it takes.")
@click.option("--send", is_flag=True, help="Send a test message through every sink.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of lines.")
@click.pass_obj
def doctor(config: Path, *, online: bool, deep: bool, send: bool, as_json: bool) -> None:
    """Say how everything stands, and what needs a person (exit code 1 if something does)."""
    from inboxd import logs
    from inboxd.clock import SystemClock
    from inboxd.doctor import Wishes, examine
    from inboxd.findings import Health
    from inboxd.terminal import console
    from inboxd.terminal.findings import print_findings
    from inboxd.terminal.progress import busy

    # What is wrong is in the findings; the log would tell it a second time.
    logs.configure(quiet=True)
    with busy(console(stderr=True), "Looking around"):
        wishes = Wishes(online=online, deep=deep, send=send)
        findings = asyncio.run(examine(config, SystemClock(), wishes))
    if as_json:
        listed = [finding.as_json() for finding in findings]
        click.echo(json.dumps(listed, indent=1, ensure_ascii=False))
    else:
        print_findings(console(), findings)
    if any(finding.health is Health.TROUBLE for finding in findings):
        raise click.exceptions.Exit(1)


@main.command(short_help="Print what the database tells Prometheus")
@click.pass_obj
def metrics(config: Path) -> None:
    """Print what the database tells Prometheus: for `run --once`, where no daemon can be asked."""
    from inboxd.metrics import text_of

    with opened_store(config) as (store, settings):
        accounts = [account.name for account in settings.accounts]
        sinks = [sink.name for sink in settings.sinks]
        nightly = settings.backups is not None
        found = store.gauges.of(accounts, sinks, settings.policies, present(), nightly=nightly)
    click.echo(text_of(found), nl=False)


@main.command(short_help="Hold what is stored against what the networks offer")
@click.argument("accounts", nargs=-1, shell_complete=completing.accounts)
@click.option("--back", default="3d", show_default=True, help="How far back to look.")
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of lines.")
@click.pass_obj
def reconcile(config: Path, accounts: tuple[str, ...], back: str, *, as_json: bool) -> None:
    """Hold what is stored of ACCOUNTS (all, if none is named) against what the networks offer."""
    from inboxd import logs
    from inboxd.clock import SystemClock
    from inboxd.durations import parse_duration
    from inboxd.rereading import reconcile_now

    settings = load_settings(config)
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


@main.command("replay-quarantine", short_help="Read again what no connector has understood")
@click.pass_obj
def replay_quarantine(config: Path) -> None:
    """Read again, with this version, what no connector has understood so far."""
    from inboxd import logs
    from inboxd.clock import SystemClock
    from inboxd.rereading import replay
    from inboxd.store import Store

    settings = load_settings(config)
    logs.configure(secrets=settings.secrets())
    with Store(settings.general.database, create=False) as store, store.explained():
        understood, left = asyncio.run(replay(settings, store, SystemClock()))
    click.echo(f"{understood} understood now, {left} still held")
