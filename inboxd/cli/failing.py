"""The command that others run when inboxd does not run any more."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from inboxd.cli.group import main
from inboxd.errors import ConfigError


@main.command(short_help="Tell people that a unit of systemd has failed")
@click.argument("unit", default="inboxd.service")
@click.option(
    "--remember",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="RUNTIME_DIRECTORY",
    show_envvar=True,
    help="Where it is kept what was told, so that it is not told every few minutes.",
)
@click.option("--test", is_flag=True, help="Tell what is plainly a test, and no alarm.")
@click.pass_obj
def failed(config: Path, unit: str, remember: Path | None, *, test: bool) -> None:
    """
    Tell people that UNIT of systemd has failed: for OnFailure=, beside a daemon that is dead.

    What systemd says of it (MONITOR_UNIT and its like) is told as well. While UNIT runs, people
    are told that this is a test. Exit code 1 if there is nobody who took it.
    """
    from inboxd import logs
    from inboxd.clock import SystemClock
    from inboxd.config import load_receivers
    from inboxd.notify import origin_of
    from inboxd.service import failure

    logs.guard_crashes()
    logs.configure()
    receivers = load_receivers(config)
    logs.configure(secrets=receivers.secrets())
    for problem in receivers.problems:
        click.echo(f"{config}: {problem}", err=True)
    met = failure.failure_of(unit, os.environ)
    clock, origin = SystemClock(), origin_of(config)
    took: bool | None
    state = "" if test else failure.state_of(met.unit)
    if failure.goes_on(met, state):
        click.echo(f"{met.unit} is started anew: it tells people itself if that goes on")
        return
    if test or failure.is_trial(met, state):
        why = "`inboxd failed --test` was run." if test else f"{met.unit} runs."
        took = asyncio.run(failure.tell_of_trial(met.unit, why, receivers, clock, origin))
        click.echo(f"{why} People are told that it is a test.")
    else:
        problems = _problems(config) if met.wrong_configuration else ()
        took = asyncio.run(failure.tell(met, receivers, problems, clock, remember, origin=origin))
    if took is None:
        click.echo(f"{met.unit}: people know already, or it may pass")
    elif not took:
        click.echo(f"{met.unit} failed, and nobody could be told", err=True)
        raise click.exceptions.Exit(1)


def _problems(config: Path) -> tuple[str, ...]:
    """Return what is wrong with the configuration, as far as no secret is needed to see it."""
    from inboxd import plugins
    from inboxd.config import load

    try:
        load(config, plugins.networks(), secrets=False)
    except ConfigError as error:
        return tuple(str(problem) for problem in error.problems)
    return ("What is wrong is not in the file itself: look for a secret that is missing.",)
