"""What a shell offers to complete a command with; where it cannot be found out, nothing."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
)

from inboxd.cli.group import main
from inboxd.cli.opening import present
from inboxd.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Find = Callable[[click.Context, str], Iterable[tuple[object, str]]]
    Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]

SHELLS = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
_PROGRAM, _VARIABLE = "inboxd", "_INBOXD_COMPLETE"
_LONGEST_HELP = 60
_PLAIN = re.compile(r"[\w.@+-]+")
"""What means nothing else to a shell: click's scripts do not quote what they offer."""


@main.command(short_help="Print the script for a shell's Tab key")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """
    Print the script by which SHELL completes commands, options, cases and accounts.

    For bash:

    \b
    inboxd completion bash > ~/.local/share/bash-completion/completions/inboxd
    """  # noqa: D301 - the backspace is meant: click keeps the line whole
    click.echo(script(shell), nl=False)


def script(shell: str) -> str:
    """Return the completion script for *shell*."""
    # Not its own source(): that of bash starts a bash to ask for its version.
    return ShellComplete.source(SHELLS[shell](main, {}, _PROGRAM, _VARIABLE))


def _offering(find: Find) -> Complete:
    """Return how click is to complete a parameter with what *find* yields: values, and what each is."""

    def complete(
        ctx: click.Context, _param: click.Parameter, begun: str
    ) -> list[CompletionItem[str]]:
        # What is wrong with the configuration or the database is for the command to say.
        with suppress(Exception):
            return [
                CompletionItem(str(value), help=one_line(about, _LONGEST_HELP) or None)
                for value, about in find(ctx, begun)
                if str(value).startswith(begun) and _PLAIN.fullmatch(str(value))
            ]
        return []

    return complete


@_offering
def waiting_cases(ctx: click.Context, begun: str) -> Iterator[tuple[object, str]]:
    """Offer the cases in which somebody waits, with who and the beginning of what they say."""
    from inboxd.store.offered import waiting_cases

    return waiting_cases(_database(ctx), begun)


@_offering
def lasting_silences(ctx: click.Context, begun: str) -> Iterator[tuple[object, str]]:
    """Offer the silences that can be ended, with whose they are and why."""
    from inboxd.store.offered import lasting_silences

    return lasting_silences(_database(ctx), begun, present())


@_offering
def accounts(ctx: click.Context, _begun: str) -> Iterator[tuple[object, str]]:
    """Offer the configured accounts, each with its network."""
    for account in _configuration(ctx)["accounts"]:
        yield account["name"], account["network"]


@_offering
def networks(ctx: click.Context, _begun: str) -> Iterator[tuple[object, str]]:
    """Offer the networks of the configured accounts."""
    for network in dict.fromkeys(each["network"] for each in _configuration(ctx)["accounts"]):
        yield network, ""


@_offering
def reports(ctx: click.Context, _begun: str) -> Iterator[tuple[object, str]]:
    """Offer the reports that go out by themselves, each with when."""
    for report in _configuration(ctx)["reports"]:
        yield report["name"], report["cron"]


def _configuration(ctx: click.Context) -> dict[str, Any]:
    """Return what the file says, unchecked: to check it takes longer than somebody waits for a Tab."""
    return tomllib.loads(_path(ctx).read_text(encoding="utf-8-sig"))


def _database(ctx: click.Context) -> Path:
    named = Path(_configuration(ctx).get("inboxd", {}).get("database", "inboxd.db"))
    return _path(ctx).absolute().parent / named.expanduser()


def _path(ctx: click.Context) -> Path:
    path: Path = ctx.find_root().params["config"]
    return path
