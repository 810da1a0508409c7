"""Commands about silences: what nobody wants to hear of for a while."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from inboxd.cli import completing
from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks, opened_store, present
from inboxd.cli.parameters import WORDS, acting, instant, narrowing, refuse_unknown
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from inboxd.core.policies import Match


@main.group(short_help="Mute alerts about some cases for a while")
def silence() -> None:
    """Mute alerts about some cases for a while; they stay in the list of those who wait."""


@silence.command(short_help="Mute what matches until a time, or for a while")
@click.argument("until")
@narrowing()
@click.option("--everything", is_flag=True, help="Every case of every account.")
@click.option("--reason", type=WORDS, default="", help="Why; `explain` shows it.")
@acting("does it")
@click.pass_obj
def add(  # noqa: PLR0913 - a condition each
    config: Path,
    /,
    until: str,
    *,
    public: bool | None,
    everything: bool,
    reason: str,
    actor: str,
    **conditions: tuple[str, ...],
) -> None:
    """
    Mute what matches UNTIL a time (18:00, 2026-12-01T09:00) or for a while (2h).

    Of several values of one option one is enough, of several options all must hold. When it
    ends, what is still true is told: of the steps that fell due meanwhile, the newest.
    """
    from inboxd.core.silences import described

    now, settings = present(), load_without_networks(config)
    ends_at = instant(until, now, settings)
    refuse_unknown(conditions["account"], "account", {each.name for each in settings.accounts})
    refuse_unknown(conditions["network"], "network", {each.network for each in settings.accounts})
    match = _match(conditions, public=public)
    if not (everything or described(match)):
        raise UserError("say what shall be silent (--account, --topic …), or --everything")
    with opened_store(config) as (store, _), store.transaction():
        begun = store.silences.add(match, ends_at, actor, " ".join(reason.split()), now)
    what = described(match) or "everything"
    local = ends_at.astimezone(settings.general.timezone)
    click.echo(f"Silence {begun.id}: {what} until {local:%Y-%m-%d %H:%M}.")


@silence.command("list", short_help="List the silences that last")
@click.option("--json", "as_json", is_flag=True, help="A JSON list instead of lines.")
@click.pass_obj
def list_(config: Path, *, as_json: bool) -> None:
    """List the silences that last."""
    from inboxd.core.silences import described
    from inboxd.core.text import one_line
    from inboxd.store.silences import match_json
    from inboxd.store.times import to_text

    with opened_store(config) as (store, settings):
        active = store.silences.active(present())
    if as_json:
        listed = [
            {
                "silence": each.id,
                "match": json.loads(match_json(each.match)),
                "began_at": to_text(each.began_at),
                "until": to_text(each.until),
                "actor": each.actor,
                "reason": each.reason,
            }
            for each in active
        ]
        click.echo(json.dumps(listed, indent=1, ensure_ascii=False))
        return
    for each in active:
        what = described(each.match) or "everything"
        why = f": {one_line(each.reason, 80)}" if each.reason else ""
        by = one_line(each.actor, 40)
        until = each.until.astimezone(settings.general.timezone)
        click.echo(f"{each.id}  {what} until {until:%Y-%m-%d %H:%M}, by {by}{why}")
    if not active:
        click.echo("Nothing is silent.")


@silence.command(short_help="End a silence before its time")
@click.argument("number", type=int, shell_complete=completing.lasting_silences)
@click.pass_obj
def end(config: Path, number: int) -> None:
    """End a silence before its time; what it muted and is still true is told."""
    with opened_store(config) as (store, _), store.transaction():
        store.silences.end(number, present())
    click.echo(f"Silence {number} is over.")


def _match(conditions: Mapping[str, tuple[str, ...]], *, public: bool | None) -> Match:
    from inboxd.core.policies import Match

    named: dict[str, Any] = {name: frozenset(values) for name, values in conditions.items()}
    return Match(**named, public=public)
