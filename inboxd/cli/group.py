"""The program as a whole: its options, and how its errors become texts and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from inboxd import __version__
from inboxd.blotting import blotted
from inboxd.errors import InboxdError, UserError


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
            raise Misuse(blotted(str(error))) from None
        except InboxdError as error:
            raise Failure(blotted(str(error))) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - a bug, too, ends in a text
            if os.environ.get("INBOXD_DEBUG"):
                click.echo(blotted(traceback.format_exc()), err=True, nl=False)
                raise click.exceptions.Exit(1) from None
            told = blotted(f"{type(error).__name__}: {error}")
            raise Failure(f"{told} (a bug; INBOXD_DEBUG=1 shows where)") from None


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
