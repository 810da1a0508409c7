"""What arguments of commands may be."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from inboxd.cli import completing
from inboxd.core.text import is_language
from inboxd.errors import UserError
from inboxd.model import Kind, Stream, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from inboxd.config import Settings

Command = TypeVar("Command", bound="Callable[..., Any]")


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
        if not is_language(text):
            self.fail(f"{text!r} is no code of a language; write ru, uk, de, en …", param, ctx)
        return text


WORDS = _Words()

CASE = click.argument("case", type=int, shell_complete=completing.waiting_cases)

REPLIES = click.option("--replies", is_flag=True, help="The brand's replies instead.")

TIER = click.option(
    "--tier",
    type=click.Choice(["compact", "semantic"]),
    help="Another tier of the classifier than the configured one.",
)


LANGUAGE = _Language()


def system_user() -> str:
    """Return what the system calls who runs this, or their number: a container may have no names."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the second from Python 3.13 on
        return str(os.getuid())


def acting(what: str) -> Callable[[Command], Command]:
    """Return the option that says who acts, the system's user by default; *what* is in its help."""
    return click.option(
        "--as", "actor", type=WORDS, default=system_user, help=f"Who {what} (default: you)."
    )


def narrowing(*unjudged: str) -> Callable[[Command], Command]:
    """
    Return the options that say which part of everything is meant, each a condition with values.

    *unjudged* are what kind and urgency may be besides their own values.
    """

    def only(name: str, kind: click.ParamType[Any], what: str, **more: Any) -> Callable[..., Any]:  # noqa: ANN401 - click's own
        return click.option(f"--{name}", type=kind, multiple=True, help=f"Only {what}.", **more)

    def choice(values: Iterable[str]) -> click.Choice[str]:
        return click.Choice([str(each) for each in values])

    options = [
        only("account", WORDS, "this account, by its name", shell_complete=completing.accounts),
        only("network", WORDS, "accounts on this network", shell_complete=completing.networks),
        only("stream", choice(Stream), "what was written there"),
        only("kind", choice([*Kind, *unjudged]), "what was judged as this"),
        only("topic", choice(Topic), "what is about this"),
        only("urgency", choice([*Urgency, *unjudged]), "what is so urgent"),
        only("language", LANGUAGE, "in this language, by its code (ru, uk, de, en)"),
        click.option(
            "--public/--private", default=None, help="Only what everybody sees, or does not."
        ),
    ]

    def decorated(command: Command) -> Command:
        # The last one to be applied is the first to be shown.
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def or_stdout(_ctx: click.Context, _param: click.Parameter, path: Path | None) -> Path | None:
    """Return where output is to go: None, standard output, for ``-`` as well."""
    return None if path == Path("-") else path


def instant(text: str, now: datetime, settings: Settings) -> datetime:
    """Return the instant to come that a person means by *text*: a time, or a span from now."""
    from inboxd.core.moments import ahead

    try:
        return ahead(text, now, settings.general.timezone)
    except ValueError as error:
        raise UserError(str(error)) from None


def refuse_unknown(given: Iterable[str], what: str, known: Collection[str]) -> None:
    """Raise UserError for the first of the names *given* that is not *known*."""
    for name in given:
        if name not in known:
            there_are = ", ".join(sorted(known))
            raise UserError(f"there is no {what} {name!r}; there are: {there_are}")
