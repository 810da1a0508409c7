"""Where an export goes, and in which form: a private file that is whole or not there, or a pipe."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from inboxd.core.text import as_cell, inert
from inboxd.errors import OperatorError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from inboxd.store.moving.exporting import Value

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Writer(Protocol):
    """Writes rows in some form."""

    def __call__(self, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[int]:
        """Write *rows*, and yield their count after each."""


def csv_writer(out: IO[str], *, exact: bool = False) -> Writer:
    """
    Return who writes CSV as RFC 4180 has it, with a heading.

    A text that a spreadsheet would run as a formula gets an apostrophe in front, unless *exact*:
    customers write what they like.
    """

    def write(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[int]:
        writer = csv.writer(out)
        writer.writerow(columns)
        for number, row in enumerate(rows, 1):
            writer.writerow(row if exact else [_harmless(value) for value in row])
            yield number

    return write


def json_writer(out: IO[str]) -> Writer:
    """Return who writes an object a line."""

    def write(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[int]:
        for number, row in enumerate(rows, 1):
            out.write(_encode(dict(zip(columns, row, strict=True))) + "\n")
            yield number

    return write


class _Inert:
    """A terminal: customers' words are shown on it, and not obeyed by it."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def write(self, text: str) -> int:
        """Write *text* without what a terminal would obey."""
        return self._out.write(inert(text))


def refuse_own(path: Path | None, config: Path, database: Path) -> None:
    """Raise UserError if *path* is a file that inboxd needs, however it is called."""
    beside = [database.with_name(f"{database.name}{end}") for end in ("-wal", "-shm", ".lock")]
    for own in (database, config, *beside):
        # Never opened to compare: whoever closes it loses the locks of a daemon's own process.
        if path and (os.path.realpath(path) == os.path.realpath(own) or _is_same(path, own)):
            raise UserError(f"{path} is what inboxd works with; name another file")


def _is_same(path: Path, own: Path) -> bool:
    try:
        return path.samefile(own)
    except OSError:
        return False


@contextmanager
def destination(path: Path | None) -> Iterator[IO[str]]:
    """
    Yield where to write: standard output, or the file at *path*, packed if it ends in .gz.

    The file has mode 0600, and takes its name when all is in it. A device, a pipe or a link stays
    what it is.
    """
    if path is None:
        if sys.stdout is None:
            raise OperatorError("standard output is closed; name a file")
        with _text(sys.stdout.buffer) as out:
            yield cast("IO[str]", _Inert(out)) if sys.stdout.isatty() else out
        return
    if path.exists() and not path.is_file():
        with _written(path, path, os.O_WRONLY) as out:
            yield out
        return
    path = Path(os.path.realpath(path))
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with _written(part, path, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as out:
            yield out
        part.replace(path)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def _written(file: Path, path: Path, how: int) -> Iterator[IO[str]]:
    """Yield *file*, opened *how* to be written as *path* is called; OperatorError if it cannot be."""
    try:
        opened = os.open(file, how | os.O_CLOEXEC, 0o600)
        with _packed(os.fdopen(opened, "wb"), path) as raw, _text(raw) as out:
            yield out
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def _packed(file: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    with file:
        if path.suffix != ".gz":
            yield file
        else:
            # The same rows give the same bytes, whenever and wherever they are written.
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                yield packed  # type: ignore[misc]  # it writes bytes like any file
        file.flush()
        with suppress(OSError):
            os.fsync(file.fileno())


@contextmanager
def _text(raw: IO[bytes]) -> Iterator[IO[str]]:
    """Yield *raw* as UTF-8 whose line ends are left alone; it stays open."""
    out = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=False)
    try:
        yield out
        out.flush()
    finally:
        with suppress(OSError, ValueError):
            out.detach()


def _harmless(value: Value) -> Value:
    return as_cell(value) if isinstance(value, str) else value
