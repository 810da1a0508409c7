"""The command that forgets people."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from inboxd.cli import completing
from inboxd.cli.group import main
from inboxd.cli.opening import opened_store, present
from inboxd.cli.parameters import WORDS, acting
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from inboxd.forgetting import Forgotten
    from inboxd.store import Store
    from inboxd.store.forgetting.holders import Holding
    from inboxd.store.forgetting.people import Person, Traces

_STEPS = 34
"""How much there is to do: each table is looked through twice or more."""
_HOLDS = {
    "yes": "still holds them: delete it, or let it grow old.",
    "unreadable": "cannot be read, and may hold them.",
}
_BEYOND = (
    "What inboxd cannot reach: exports that were made before, logs (they name cases and accounts, "
    "no customers, but at --verbose), what Slack and mail were told, and what stands at the "
    "network itself."
)
_UNCLEAN = (
    "Another program reads the database at this moment, and until it ends the journal (-wal) keeps "
    "old pages: say `inboxd forget`, with nobody's name, when it has ended."
)


@main.command(short_help="Erase a person everywhere; figures stay")
@click.argument("authors", metavar="AUTHOR...", nargs=-1, type=WORDS)
@click.option(
    "--account",
    type=WORDS,
    shell_complete=completing.accounts,
    help="Only as they are known to this account.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@acting("does it")
@click.pass_obj
def forget(  # noqa: PLR0913 - whom, where, how
    config: Path,
    authors: tuple[str, ...],
    account: str | None,
    actor: str,
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """
    Erase AUTHOR everywhere, by handle, name or the network's id; figures stay.

    Cases in which they wait are closed as "erased". This cannot be undone. Without AUTHOR,
    finish what was broken off.
    """
    from inboxd.forgetting import Forgetting
    from inboxd.store.forgetting.holders import holding

    if not authors:
        _finish(config, actor)
        return
    with opened_store(config) as (store, settings):
        people = _chosen(store, authors, account)
        traces = store.people.traces(people)
        database = settings.general.database
        folders = dict.fromkeys(
            (settings.backup_folder, database.parent, database.resolve().parent)
        )
        backups: dict[Path, Holding] = {}
        for folder in folders:
            backups |= holding(folder, people, database)
        if not dry_run:
            _confirm(people, traces, yes=yes)
            with _progress() as watch:
                done = Forgetting(store, settings.rules, actor).forget(people, present(), watch)
    if as_json:
        said = _planned_json(people, traces) if dry_run else _done_json(done)
        said["backups"] = {str(path): str(holds) for path, holds in backups.items()}
        click.echo(json.dumps(said, indent=1, ensure_ascii=False))
        return
    for line in _planned(people, traces) if dry_run else _said(done):
        click.echo(line)
    for path, holds in backups.items():
        click.echo(f"{path} {_HOLDS[holds]}")
    click.echo(_BEYOND)


def _finish(config: Path, actor: str) -> None:
    """Take out of the index and the journal what a forgetting that was broken off left there."""
    from inboxd.forgetting import Forgetting

    with opened_store(config) as (store, settings):
        forgetting = Forgetting(store, settings.rules, actor)
        if forgetting.is_finished():
            raise UserError("nothing was broken off; say whom to forget")
        with _progress() as watch:
            is_clean = forgetting.finish(watch)
    click.echo("Finished." if is_clean else _UNCLEAN)


def _chosen(store: Store, names: tuple[str, ...], account: str | None) -> list[Person]:
    """Return whom *names* mean; raises UserError where that is nobody, or more than one."""
    chosen: dict[int, Person] = {}
    for name in names:
        found = store.people.called(name, account)
        if not found:
            where = f" on {account}" if account else ""
            raise UserError(f"nobody who wrote{where} is called {name!r}")
        if len(found) > 1:
            lines = "\n".join(f"  {_described(each)}" for people in found for each in people)
            raise UserError(f"{name!r} may be several people; name one by the id:\n{lines}")
        if any(person.is_brand for person in found[0]):
            raise UserError(f"{name!r} writes for the brand: that is nobody's customer")
        chosen |= {person.id: person for person in found[0]}
    return list(chosen.values())


def _confirm(people: list[Person], traces: Traces, *, yes: bool) -> None:
    if yes:
        return
    for line in _planned(people, traces):
        click.echo(line, err=True)
    click.confirm("Erase all that for good?", abort=True, err=True)


def _planned(people: list[Person], traces: Traces) -> Iterator[str]:
    for person in people:
        yield _described(person)
    closed = f"; closed: {_listed(traces.open)}" if traces.open else ""
    yield f"{len(traces.theirs)} messages (with our answers), {len(traces.cases)} cases{closed}"


def _described(person: Person) -> str:
    from inboxd.core.text import one_line

    handle = f" @{person.handle}" if person.handle else ""
    text = f"{person.remote_id}  {person.name or '(no name)'}{handle}"
    return one_line(f"{text}  {person.account}, {person.messages} messages", 200)


def _said(done: Forgotten) -> Iterator[str]:
    yield (
        f"Erased: {done.messages} messages of {len(done.cases)} cases, and "
        f"{done.mentions} mentions elsewhere."
    )
    if done.closed:
        yield f"Closed as erased: {_listed(done.closed)}."
    if not done.is_clean:
        yield _UNCLEAN


def _listed(cases: tuple[int, ...]) -> str:
    return ", ".join(f"case {case}" for case in cases)


def _planned_json(people: list[Person], traces: Traces) -> dict[str, Any]:
    return {
        "people": [
            {
                "account": each.account,
                "id": each.remote_id,
                "name": each.name,
                "handle": each.handle,
                "messages": each.messages,
            }
            for each in people
        ],
        "messages": len(traces.theirs),
        "cases": list(traces.cases),
        "to_close": list(traces.open),
    }


def _done_json(done: Forgotten) -> dict[str, Any]:
    return {
        "messages": done.messages,
        "cases": list(done.cases),
        "closed": list(done.closed),
        "mentions": done.mentions,
        "journal_clean": done.is_clean,
    }


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Yield who is told of each step: a bar on a terminal, lines elsewhere."""
    from inboxd.terminal import console
    from inboxd.terminal.progress import step_bar

    last = ""
    with step_bar(console(stderr=True), "forget", _STEPS) as tell:

        def watch(step: str) -> None:
            nonlocal last
            if step != last:
                tell(step)
            last = step

        yield watch
