"""The program as a whole: its options, and how its errors become texts and exit codes."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

import click

from inboxd import __version__
from inboxd.blotting import blotted
from inboxd.core.text import inert
from inboxd.errors import InboxdError, UserError

HERE = Path("config.toml")
SYSTEM = Path("/etc/inboxd/config.toml")
"""Where the configuration is looked for, in this order, when nothing names it."""


SECTIONS = {
    "Daily work": (
        "waiting", "tui", "show", "explain", "reply", "ack", "assign", "snooze", "close", "reopen",
        "correct", "note", "undo", "silence",
    ),
    "Looking back and ahead": ("report", "audit", "rehearse", "classify", "classifier"),
    "The daemon": (
        "run", "check", "doctor", "healthy", "metrics", "reconcile", "replay-quarantine", "failed",
    ),
    "Data": ("backup", "restore", "vacuum", "export", "import", "forget"),
    "To begin with": ("demo", "completion"),
}  # fmt: skip
"""What stands where in `inboxd --help`; a command that is in none stands below them."""
_OTHERS = "Others"
_MARGINS = 6


class Failure(click.ClickException):
    """An error that was foreseen: its text, and no traceback."""

    exit_code = 1

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's signature
        """Print the text to standard error."""
        # It may quote a file or an argument that somebody else has written.
        with suppress(OSError):
            click.echo(inert(f"inboxd: {self.format_message()}"), file=file or sys.stderr)


class Misuse(Failure):
    """The command or the configuration is wrong."""

    exit_code = 2


class Commands(click.Group):
    """Turns errors into texts and exit codes: 2 for the user's, 1 for all others."""

    def main(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - click's signature
        """Run the program; help, too, may find no room to be printed."""
        try:
            return super().main(*args, **more)
        except OSError as error:
            Failure(_machines(error)).show()
            _let_go(sys.stdout)
            sys.exit(1)
        finally:
            _let_go(sys.stderr)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the commands in sections, each with its whole short help, in line with the others."""
        shown = {name: each for name, each in sorted(self.commands.items()) if not each.hidden}
        placed = {name for names in SECTIONS.values() for name in names}
        sections = {**SECTIONS, _OTHERS: tuple(name for name in shown if name not in placed)}
        width = max(map(len, shown), default=0)
        room = formatter.width - width - _MARGINS
        for title, names in sections.items():
            rows = [
                (f"{name:{width}}", shown[name].get_short_help_str(room))
                for name in names
                if name in shown
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

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
            _let_go(sys.stdout)
            if os.environ.get("INBOXD_DEBUG"):
                click.echo(blotted(traceback.format_exc()), err=True, nl=False)
                raise click.exceptions.Exit(1) from None
            if isinstance(error, OSError):
                raise Failure(blotted(_machines(error))) from None
            from inboxd.store.senseless import senseless  # nothing of the store, for a quick --help

            if trouble := senseless(error):
                told = f"{trouble} (INBOXD_DEBUG=1 shows where)"
                raise Failure(blotted(told)) from None
            told = blotted(f"{type(error).__name__}: {error}")
            raise Failure(f"{told} (a bug; INBOXD_DEBUG=1 shows where)") from None


def _machines(error: OSError) -> str:
    """Return what the system refused; without a file's name, it is what was to be printed."""
    what = error.filename if error.filename is not None else "what was to be printed"
    return f"{os.fsdecode(what) if isinstance(what, bytes) else what}: {error.strerror or error}"


def is_there(path: Path) -> bool:
    """Return whether this user can see *path*; a folder that is closed to them is no error yet."""
    return os.access(path, os.F_OK)


def _usual() -> Path:
    """Return where the configuration is if neither an option nor the environment says so."""
    return SYSTEM if is_there(SYSTEM) and not is_there(HERE) else HERE


def _let_go(stream: IO[str] | None) -> None:
    """Give up what could not be written: Python would try once more at its end, and complain."""
    if stream is None:
        return
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(null, stream.fileno())
            os.close(null)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inboxd")
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path),
    default=_usual,
    envvar="INBOXD_CONFIG",
    show_default=f"./{HERE}, else {SYSTEM}",
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
