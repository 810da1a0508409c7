r"""
The manual page inboxd(1), made of what the commands say of themselves when the package is built.

It is written in the man(7) macros, of which any roff takes the same: text is escaped so that none
of it is a request (a line that begins with a dot), an escape (a backslash), a typographic hyphen, or
a letter that only some take.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from inboxd import __version__
from inboxd.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

_ABOUT = """
inboxd watches a shop's VK community, Facebook page and X account, keeps every message in one SQLite
file, knows which customer is still waiting and for how long in business time, recognises complaints,
and tells the right people in Slack or by e-mail before it is too late.

`inboxd run` is the daemon. The other commands work beside it, on its database: they need to run as its
user, and with its configuration.
"""
_ENVIRONMENT = {
    "INBOXD_CONFIG": "The configuration file, where --config does not name it.",
    "INBOXD_DEBUG": "If it is set, a bug in inboxd shows where it is instead of one line.",
    "CREDENTIALS_DIRECTORY": 'Where secrets of the form { credential = "…" } are; systemd sets it.',
}  # fmt: skip
_FILES = {
    "config.toml": "The configuration, if it is in the working directory. Relative paths in it begin at its folder.",
    "/etc/inboxd/config.toml": "Where it is looked for otherwise; the units for systemd and the container have it there.",
    "/var/lib/inboxd/inboxd.db": "The database, where these units keep it. Its -wal and -shm are parts of it.",
}  # fmt: skip
_STATUS = {
    "0": "All is well.",
    "1": "It ran, and something failed.",
    "2": "The command or the configuration is wrong, and the text says what; trying again does not help.",
}
_EXAMPLES = {
    "inboxd demo": "A shop's working day against simulated networks; no account is needed.",
    "inboxd check --online": "Is the configuration right, and what are the tokens good for?",
    "inboxd explain 17": "Why case 17 is what it is, who was told of it, and why others were not.",
}
_SEE_ALSO = """
sqlite3(1), systemd.service(5), systemd.exec(5)

Installing, operations, the database and more are described in share/doc/inboxd/docs, beside this page's folder.
"""


def page(day: date) -> str:
    """Return the page, as it is on *day*."""
    return "\n".join([*_lines(day), ""])


def _lines(day: date) -> Iterator[str]:
    context = click.Context(main, info_name="inboxd")
    yield f'.TH INBOXD 1 {day} "inboxd {__version__}" "User Commands"'
    # Left-aligned and without hyphenation, so that commands can be copied.
    yield from (".nh", ".ad l")
    yield from (".SH NAME", _escaped(f"inboxd - {main.get_short_help_str(200)}"))
    yield from (".SH SYNOPSIS", *_usage(main, context))
    yield from (".SH DESCRIPTION", *_paragraphs(_ABOUT))
    yield from (".SH OPTIONS", *_options(main, context))
    yield ".SH COMMANDS"
    yield from _commands(main, context)
    yield from (".SH ENVIRONMENT", *_tagged(_ENVIRONMENT))
    yield from (".SH FILES", *_tagged(_FILES))
    yield from (".SH EXIT STATUS", *_tagged(_STATUS))
    yield from (".SH EXAMPLES", *_tagged(_EXAMPLES))
    yield from (".SH SEE ALSO", *_paragraphs(_SEE_ALSO))


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.commands[name]
        if not command.hidden:
            yield from _command(command, click.Context(command, context, name))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield what is to be said of a command and, one after the other, of those below it."""
    yield f".SS {_escaped(context.command_path)}"
    yield from _usage(command, context)
    yield ".PP"
    yield from _paragraphs(command.help or "")
    yield from _options(command, context)
    if isinstance(command, click.Group):
        yield from _commands(command, context)


def _usage(command: click.Command, context: click.Context) -> Iterator[str]:
    pieces = " ".join(command.collect_usage_pieces(context))
    yield rf"\fB{_escaped(context.command_path)}\fR {_escaped(pieces)}"


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    options = (each for each in command.get_params(context) if isinstance(each, click.Option))
    records = [each.get_help_record(context) for each in options if "--help" not in each.opts]
    yield from _tagged(dict(record for record in records if record))


def _tagged(said: dict[str, str]) -> Iterator[str]:
    for tag, text in said.items():
        yield from (".TP", rf"\fB{_breakable(_escaped(tag))}\fR")
        # A tag without a text would take the next one for it.
        yield _marked(text) if text else r"\&"


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield ".PP"
        # A backspace alone keeps click from breaking the lines of a paragraph.
        yield _marked(" ".join(paragraph.replace("\b", "").split()))


def _marked(text: str) -> str:
    """Return *text* with what stands in backticks in bold."""
    return re.sub("`([^`]+)`", r"\\fB\1\\fR", _escaped(text))


def _breakable(text: str) -> str:
    """Return *text*, whose long lists of choices may be broken at each of them."""
    return text.replace("|", r"|\:")


def _escaped(text: str) -> str:
    text = text.replace("\\", r"\e").replace("-", r"\-")
    text = "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in text)
    return rf"\&{text}" if text.startswith((".", "'")) else text
