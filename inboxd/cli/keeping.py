"""Commands that look after the database itself: its copies, and its size."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks, present
from inboxd.errors import DatabaseError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.config import Settings
    from inboxd.store import Store
    from inboxd.store.forgetting.erasures import Erasure
    from inboxd.store.keeping.backups import Backup
    from inboxd.store.keeping.compacting import Size
    from inboxd.store.keeping.restoring import EraseAgain, Restored
    from inboxd.store.keeping.retention import Keep, Removed
    from inboxd.terminal.progress import Shares

_PATH = click.Path(path_type=Path)


@main.command(short_help="Copy the database, beside a running daemon")
@click.argument("to", type=_PATH, required=False)
@click.option("--keep", type=click.IntRange(1), help="Delete our oldest backups there but so many.")
@click.option(
    "--last", is_flag=True, help="Before a move: nobody can write to this database afterwards."
)
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@click.pass_obj
def backup(config: Path, to: Path | None, keep: int | None, *, last: bool, as_json: bool) -> None:
    """
    Copy the database, beside a running daemon, and verify the copy.

    TO is a folder or a new file; without it, it is the folder of [backups], or that named backups
    beside the database. With --last the database moves to another server, where `restore` has all
    that is still to be sent go on; it is refused while a daemon or a terminal has it open.
    """
    from inboxd.store.keeping.backups import back_up, free_path, made_ready, prune
    from inboxd.store.keeping.leaving import back_up_last

    settings = load_without_networks(config)
    database, now = settings.general.database, present()
    into_folder = to is None or to.is_dir()
    if to and not into_folder and keep:
        raise UserError(f"{to} {_no_folder(to)}: --keep counts the backups in a folder")
    if to and not into_folder and to.exists():
        raise UserError(f"{to} exists already; name a folder or a new file")
    folder = (to or settings.backup_folder) if into_folder else to.absolute().parent  # type: ignore[union-attr]  # a file is named
    if to is None:
        made_ready(folder)
    elif not folder.is_dir():
        raise UserError(f"{folder} does not exist; create the folder first")
    if last:
        _refuse_beside_a_daemon(database)
    target = free_path(database, folder, now) if into_folder else to
    with _shares("backup") as watch:
        file = target or folder
        made = back_up_last(database, file, now, watch) if last else back_up(database, file, watch)
    removed = prune(database, made.path, keep) if keep else []
    _say_backup(made, removed, as_json=as_json)


def _no_folder(path: Path) -> str:
    """Return what *path* is, and what to do."""
    if path.exists():
        return "is a file; name the folder that it is in"
    return "does not exist; create that folder first, or mount it"


@main.command(short_help="Put a backup in the place of the database")
@click.argument("file", type=_PATH)
@click.option("--force", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@click.pass_obj
def restore(config: Path, file: Path, *, force: bool, as_json: bool) -> None:
    """
    Put the backup FILE in the place of the database, which is kept beside it.

    No daemon and no terminal may have it open. What was to be sent when the backup was made is
    not sent again: see docs/data.md.
    """
    from inboxd.store.keeping.restoring import examine, restore

    settings = load_without_networks(config)
    database = settings.general.database
    if not file.is_file():
        raise UserError(f"{file} {'is no file' if file.exists() else 'does not exist'}")
    if not database.parent.is_dir():
        raise UserError(f"{database.parent} does not exist; create the folder first")
    if database.exists() and file.samefile(database):
        raise UserError(f"{file} is the database itself")
    _refuse_beside_a_daemon(database)
    until = examine(file)
    _confirm(database, f"{until:%Y-%m-%d %H:%M} UTC" if until else "no time", force=force)
    with _shares("restore") as watch:
        done = restore(database, file, present(), _erasing_again(settings), watch)
    _say_restored(database, done, as_json=as_json)


@main.command(short_help="Remove what is older than `retain`, give back the room")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@click.pass_obj
def vacuum(config: Path, *, dry_run: bool, as_json: bool) -> None:
    """
    Remove what is older than `retain` and `retain_raw`, and give the room back to the disk.

    Beside a running daemon the room stays in the file, where new messages use it.
    """
    from inboxd.store import Store
    from inboxd.store.keeping.compacting import size_of
    from inboxd.store.keeping.retention import Keep

    settings = load_without_networks(config)
    general = settings.general
    keep = Keep(general.retain, general.retain_raw, general.quiet_after)
    with Store(general.database, create=False) as store, store.explained():
        before = size_of(store.database)
        if dry_run:
            removed = store.retention.would_remove(keep, present())
            _say_vacuum(removed, before, None, "", as_json=as_json)
            return
        removed = _removed(store, keep)
        after, why = _compacted(store, settings)
    _say_vacuum(removed, before, after, why, as_json=as_json)


def _refuse_beside_a_daemon(database: Path) -> None:
    from inboxd.store import daemon_pid

    if pid := daemon_pid(database):
        raise DatabaseError(f"inboxd runs (process {pid}); stop it first")


def _removed(store: Store, keep: Keep) -> Removed:
    from inboxd.store.keeping.compacting import tidy_index
    from inboxd.store.keeping.retention import Removed
    from inboxd.terminal import console
    from inboxd.terminal.progress import count_line

    removed = Removed()
    with count_line(console(stderr=True), "removing") as tell:
        for removed in store.retention.removing(keep, present()):
            tell(f"{removed.messages} messages, {removed.cases} cases, {removed.raw} raw payloads")
        for _ in tidy_index(store.database):
            tell("putting the index together")
    return removed


def _compacted(store: Store, settings: Settings) -> tuple[Size, str]:
    """Return how large the file is then, and why it was not written anew, if it was not."""
    from inboxd.store import DaemonLock
    from inboxd.store.keeping.compacting import compact, size_of
    from inboxd.terminal import console

    lock = DaemonLock(settings.general.database)
    try:
        lock.acquire()
    except DatabaseError:
        store.shorten_journal(0)
        return size_of(store.database), "inboxd runs; stop it to give the room back to the disk"
    try:
        console(stderr=True).print("writing the file anew")
        return compact(store.database, settings.general.database), ""
    finally:
        lock.release()


def _say_vacuum(
    removed: Removed, before: Size, after: Size | None, why: str, *, as_json: bool
) -> None:
    from inboxd.core.text import format_size

    told: dict[str, Any] = {name: getattr(removed, name) for name in removed.__slots__}
    if as_json:
        sizes = {"bytes_before": before.bytes, "bytes_after": after.bytes if after else None}
        room = {"free": (after or before).free, "needs": before.needed, "not_compacted": why}
        click.echo(json.dumps({**told, **sizes, **room}, indent=1))
        return
    would = "" if after else "would be "
    click.echo(
        f"{removed.messages} messages, {removed.cases} cases and {removed.raw} raw payloads "
        f"{would}removed"
    )
    if after is None:
        click.echo(
            f"{format_size(before.bytes)}, of which {format_size(before.free)} hold nothing; "
            f"to write it anew takes {format_size(before.needed)} of free disk"
        )
        return
    click.echo(f"{format_size(before.bytes)} before, {format_size(after.bytes)} now")
    if why:
        click.echo(f"{format_size(after.free)} of it hold nothing: {why}")


def _say_backup(made: Backup, removed: list[Path], *, as_json: bool) -> None:
    from inboxd.core.text import format_size

    if as_json:
        told = {
            "path": str(made.path),
            "bytes": made.size,
            "rows": made.rows,
            "removed": [str(path) for path in removed],
        }
        click.echo(json.dumps(told, indent=1))
        return
    messages, cases = made.rows.get("messages", 0), made.rows.get("cases", 0)
    click.echo(
        f"{made.path}: {format_size(made.size)}, {messages} messages, {cases} cases, verified"
    )
    for path in removed:
        click.echo(f"deleted {path}")


def _erasing_again(settings: Settings) -> EraseAgain:
    """Return what erases those in a restored database who were erased since it was backed up."""
    from inboxd.forgetting import Forgetting
    from inboxd.store import Store

    def erase(path: Path, erasures: Sequence[Erasure]) -> None:
        with Store(path, create=False) as store, store.explained():
            Forgetting(store, settings.rules, "restore").again(erasures, lambda _: None)

    return erase


_UNREADABLE = """\
The former database cannot be read, so nobody knows:
- whom it had forgotten since the backup: they are back; `inboxd forget` them again
- what became of replies and alerts that were on their way, and what was queued since"""


def _say_restored(database: Path, done: Restored, *, as_json: bool) -> None:
    carried, until = done.carried, done.lived_until
    if done.unreadable:
        click.echo(_UNREADABLE, err=True)
    if as_json:
        told = {
            "database": str(database),
            "former": str(done.former) if done.former else None,
            "former_unreadable": done.unreadable,
            "moved": done.moved,
            "lived_until": done.lived_until.isoformat() if done.lived_until else None,
            **{name: getattr(carried, name) for name in carried.__slots__},
        }
        click.echo(json.dumps(told, indent=1))
        return
    click.echo(f"{database} is as it was on {until:%Y-%m-%d %H:%M} UTC." if until else "Restored.")
    if done.former:
        click.echo(f"The former database is kept: {done.former}")
    settled = (
        "deliveries that were still to be made: they go on from here"
        if done.moved
        else "deliveries that were under way then: the former database tells of them"
    )
    for count, what in (
        (carried.settled, settled),
        (carried.doubtful, "replies that may have been sent: looked for, and not sent again"),
        (carried.repeated, "alerts that may have been sent: told again as a repeat"),
        (carried.lost, "replies that were queued since and are only in the former database"),
    ):
        if count:
            click.echo(f"{count} {what}")


def _confirm(database: Path, until: str, *, force: bool) -> None:
    if force or not database.exists() or database.stat().st_size == 0:
        return
    if not sys.stdin.isatty():
        raise UserError(f"{database} would be replaced; say so with --force")
    click.confirm(
        f"Replace {database} by the backup of {until}? What happened since is read again as far "
        "as the networks offer it; what people did since is lost",
        abort=True,
        err=True,
    )


def _shares(name: str) -> Shares:
    from inboxd.terminal import console
    from inboxd.terminal.progress import share_bar

    return share_bar(console(stderr=True), name)
