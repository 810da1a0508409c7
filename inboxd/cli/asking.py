"""The command that asks a running daemon how it is, as a container's health check does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks
from inboxd.core.text import one_line
from inboxd.errors import OperatorError, UserError

if TYPE_CHECKING:
    from pathlib import Path

    from inboxd.config.settings import Address


@main.command(short_help="Ask the running daemon whether it lives")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 60),
    default=5.0,
    show_default=True,
    help="Seconds to wait for an answer.",
)
@click.pass_obj
def healthy(config: Path, timeout: float) -> None:
    """Ask the running daemon whether it lives (exit code 1 if not); it must have [http]."""
    settings = load_without_networks(config)
    if settings.http is None:
        raise UserError(f"{config} has no [http]; without it the daemon cannot be asked")
    click.echo(_answer(settings.http.listen, timeout))


def _answer(listen: Address, timeout: float) -> str:
    """Return what /healthz answers; OperatorError unless it says that the daemon lives."""
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection(listen.reached_at, listen.port, timeout=timeout)
    try:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        said = one_line(response.read(1_000).decode(errors="replace"), 200)
    except (OSError, HTTPException) as error:
        raise OperatorError(f"nothing answers at {listen.host}:{listen.port}: {error}") from None
    finally:
        connection.close()
    if response.status != 200:
        raise OperatorError(f"the daemon at {listen.host}:{listen.port} says: {said}")
    return said
