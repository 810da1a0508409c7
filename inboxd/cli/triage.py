"""The command that opens the terminal's interface."""

from __future__ import annotations

import gc
import os
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING

import click

from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks
from inboxd.cli.parameters import WORDS, system_user
from inboxd.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path


@main.command(short_help="Triage and answer on a screen that keeps up to date")
@click.option("--as", "me", type=WORDS, default=system_user, help="Who you are (default: you).")
@click.option("--view", type=WORDS, help="Which view to begin with: a name, or a query.")
@click.option("--theme", type=WORDS, help="How it looks, such as textual-light.")
@click.pass_obj
def tui(config: Path, me: str, view: str | None, theme: str | None) -> None:
    """Triage and answer on a screen that keeps itself up to date."""
    # Textual draws on standard error, so that output can be redirected.
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        raise UserError("tui needs a terminal; `inboxd waiting` lists those who wait")
    if isinstance(sys.stderr, TextIOWrapper):
        # A letter that the terminal does not have takes one cell, and not the six of its number.
        sys.stderr.reconfigure(errors="replace")
    # A sixth of the start would go into looking for garbage; the interface enables it once it shows.
    gc.disable()
    from inboxd.clock import SystemClock
    from inboxd.tui.app import InboxApp
    from inboxd.tui.session import opened

    with opened(load_without_networks(config), me, SystemClock()) as session:
        InboxApp(session, view=view, theme=theme).work()
