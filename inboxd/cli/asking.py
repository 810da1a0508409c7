"""The command that asks a running daemon how it is, as a container's health check does."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks
from inboxd.core.text import one_line
from inboxd.durations import parse_duration
from inboxd.errors import OperatorError, UserError

if TYPE_CHECKING:
    from pathlib import Path

    from inboxd.config import Address


_SHORTEST, _LONGEST = 0.1, 60.0
"""Seconds."""


class _Patience(click.types.FloatParamType):
    """Seconds, from a duration as in the configuration or a bare number."""

    name = "duration"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return *value* in seconds."""
        seconds = math.nan
        with suppress(ValueError):
            seconds = float(value)
        with suppress(ValueError):
            seconds = parse_duration(value).total_seconds()
        if not _SHORTEST <= seconds <= _LONGEST:  # nor if it is no number at all
            self.fail(f"{value!r}; write 0.5, 10 or 10s, and at most 60s", param, ctx)
        return seconds


PATIENCE = _Patience()


@main.command(short_help="Ask the running daemon whether it lives")
@click.option(
    "--timeout",
    type=PATIENCE,
    default="5s",
    show_default=True,
    help="How long to wait for an answer: 10s, or a number of seconds.",
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
