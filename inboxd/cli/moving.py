"""Commands that carry data out of the database, and into another one."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inboxd.cli.group import main
from inboxd.cli.opening import load_without_networks, present
from inboxd.cli.parameters import FILE, WORDS, acting, or_stdout
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from inboxd.config import Settings
    from inboxd.store.moving.exporting import Choice, Rows, Snapshot

_JOINED = ("messages", "cases")
_EVERY = 20_000
"""So many rows between two words on the progress."""


@main.command(short_help="Write messages, cases, a table or everything as CSV, JSON")
@click.argument("what", type=click.Choice(_JOINED), default="messages")
@click.option("--table", type=WORDS, help="A table or view as it is, instead of WHAT.")
@click.option("--all", "everything", is_flag=True, help="The whole database, for `inboxd import`.")
@click.option("--author", "authors", type=WORDS, multiple=True, help="All that is of one person.")
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), help="Default: by --out.")
@click.option("--since", help="From then on: 30d, 2026-11-01.")
@click.option("--until", help="Before then: 2026-12-01.")
@click.option("--account", type=WORDS, help="Only of this account.")
@click.option("--raw", is_flag=True, help="With the payloads as the networks sent them.")
@click.option("--exact", is_flag=True, help="CSV with formulas as they are: not for spreadsheets.")
@click.option(
    "--out",
    type=click.Path(allow_dash=True, path_type=Path),
    callback=or_stdout,
    help="A file (.csv, .jsonl, .gz), or for all tables as CSV a folder. Default: standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="With --out: say as JSON what was written.")
@click.pass_obj
def export(config: Path, /, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - as above
    """
    Write out one row a message or a case (WHAT), a table, or everything.

    It is read as of one instant, while the daemon goes on. Files are for their owner's eyes only.
    """
    from inboxd.cli.writing import refuse_own
    from inboxd.store.moving.exporting import snapshot

    settings = load_without_networks(config)
    order = _Order(settings, present(), **options)
    if as_json and order.out is None:
        raise UserError("--json says what is in the file; name one with --out")
    refuse_own(order.out, config, settings.general.database)
    with snapshot(settings.general.database) as taken, _progress("export") as watch:
        counts = order.write(taken, watch)
    if as_json:
        click.echo(json.dumps({"out": str(order.out), "rows": counts}, indent=1))


class _Order:
    """What is to be exported, checked as far as that can be done without the database."""

    def __init__(  # noqa: PLR0913 - the command's options
        self,
        settings: Settings,
        now: datetime,
        *,
        what: str,
        table: str | None,
        everything: bool,
        authors: tuple[str, ...],
        form: str | None,
        since: str | None,
        until: str | None,
        account: str | None,
        raw: bool,
        exact: bool,
        out: Path | None,
    ) -> None:
        from inboxd.store.moving.exporting import Choice

        if sum(map(bool, (table, everything, authors))) > 1:
            raise UserError("--table, --all and --author exclude one another")
        if everything and (since or until or account):
            raise UserError(
                "--all is the whole database; --since, --until, --account are for parts"
            )
        self.now, self.out, self.exact = now, out, exact
        self.what, self.table, self.everything, self.authors = what, table, everything, authors
        plain = out.with_suffix("") if out and out.suffix == ".gz" else out
        whole = everything or bool(authors)
        by_name = "csv" if plain and plain.suffix == ".csv" else "jsonl"
        self.form = form or (by_name if plain or whole else "csv")
        if authors and self.form == "csv":
            raise UserError("what is of one person is in many tables; write it as jsonl")
        if everything and self.form == "csv" and out is None:
            raise UserError("every table is a CSV file of its own; name a folder with --out")
        zone = settings.general.timezone
        self.choice: Choice = Choice(account, _back(since, now, zone), _back(until, now, zone), raw)

    def write(self, taken: Snapshot, watch: Callable[[str, int], None]) -> dict[str, int]:
        """Write it; returns how many rows of each table."""
        if self.everything and self.form == "csv":
            return self._write_folder(taken, watch)
        if self.everything:
            return self._write_archive(taken, taken.everything(raw=self.choice.raw), watch)
        if self.authors:
            people = [each for name in self.authors for each in _one(taken, name, self.choice)]
            return self._write_archive(taken, taken.about(people), watch)
        name = self.table or self.what
        rows = taken.table(name, self.choice) if self.table else taken.joined(name, self.choice)
        return {name: self._write_rows(name, rows, self.out, watch)}

    def _write_folder(self, taken: Snapshot, watch: Callable[[str, int], None]) -> dict[str, int]:
        folder = self.out or Path()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return {
            name: self._write_rows(name, rows, folder / f"{name}.csv", watch)
            for name, rows in taken.everything(raw=self.choice.raw)
        }

    def _write_rows(
        self, name: str, rows: Rows, out: Path | None, watch: Callable[[str, int], None]
    ) -> int:
        from inboxd.cli.writing import csv_writer, destination, json_writer

        written = 0
        with destination(out) as file:
            csv = self.form == "csv"
            write = csv_writer(file, exact=self.exact) if csv else json_writer(file)
            for written in write(*rows):
                if written % _EVERY == 0:
                    watch(name, written)
        return written

    def _write_archive(
        self, taken: Snapshot, tables: Iterator[tuple[str, Rows]], watch: Callable[[str, int], None]
    ) -> dict[str, int]:
        from inboxd.cli.writing import destination
        from inboxd.store.moving.archive import lines_of

        counts: dict[str, int] = {}
        with destination(self.out) as file:
            for table, line in lines_of(taken, tables, self.now, raw=self.choice.raw):
                file.write(line + "\n")
                if table:
                    counts[table] = counts.get(table, 0) + 1
                    if counts[table] % _EVERY == 0:
                        watch(table, counts[table])
        return counts


def _one(taken: Snapshot, name: str, choice: Choice) -> list[Any]:
    """Return the one person that *name* means."""
    found = taken.people(name, choice.account)
    if len(found) != 1:
        several = ", ".join(people[0].remote_id for people in found)
        raise UserError(
            f"{name!r} may be several people; name one by the id: {several}"
            if found
            else f"nobody who wrote is called {name!r}"
        )
    return found[0]


def _back(text: str | None, now: datetime, zone: Any) -> datetime | None:  # noqa: ANN401 - a tzinfo
    """Return the instant of the past that *text* means: a span back from now, or a date."""
    from inboxd.core.moments import moment
    from inboxd.durations import parse_duration

    if text is None:
        return None
    try:
        return now - parse_duration(text)
    except (ValueError, OverflowError):
        pass
    try:
        return moment(text if len(text) > 10 else f"{text} 00:00", now, zone)
    except ValueError:
        raise UserError(f"{text} is no time of the past; write 30d or 2026-11-01") from None


@contextmanager
def _progress(name: str) -> Iterator[Callable[[str, int], None]]:
    """Yield who is told how many rows of a table are done: a counter, or lines."""
    from inboxd.terminal import console
    from inboxd.terminal.progress import row_counter

    with row_counter(console(stderr=True), name) as tell:
        yield tell


@main.command("import", short_help="Take in what `export --all` has written")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("--dry-run", is_flag=True, help="Read it all, and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object instead of text.")
@acting("does it")
@click.pass_obj
def import_(
    config: Path, files: tuple[Path, ...], actor: str, *, dry_run: bool, as_json: bool
) -> None:
    """
    Take in each FILE that `inboxd export --all` has written; a second time changes nothing.

    A database that is empty becomes what the other was. To one that is not, what it lacks is
    added, and nobody is alerted to it. The daemon must not run.
    """
    from inboxd.importing import Importing
    from inboxd.store import DaemonLock, Store

    settings = load_without_networks(config)
    database = settings.general.database
    counts: dict[str, dict[str, int]] = {}
    lock = DaemonLock(database)
    lock.acquire()
    try:
        with Store(database) as store, store.explained(), _progress("import") as watch:
            importing = Importing(store, settings.rules, actor, keep=not dry_run)
            for file in files:
                counts[str(file)] = importing.take(file, present(), watch)
    finally:
        lock.release()
    if as_json:
        click.echo(json.dumps(counts, indent=1, ensure_ascii=False))
        return
    for name, new in counts.items():
        rows = ", ".join(f"{count} {table}" for table, count in new.items() if count)
        click.echo(f"{name}: {rows or 'nothing'} new{' (not kept)' if dry_run else ''}")
