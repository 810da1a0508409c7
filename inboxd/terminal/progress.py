"""How far something has come: a bar or a line that changes on a terminal, few lines elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.text import Text

from inboxd.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import date, datetime, tzinfo

    from rich.console import Console
    from rich.progress import TaskID

    from inboxd.workers.poller import Progress

    Shares = AbstractContextManager[Callable[[str, float], None]]
    """Within it somebody is told what is done, and how far it is."""

_A_LINE = 200_000
"""Rows, between two lines on the progress where there is no terminal."""


@contextmanager
def busy(out: Console, text: str) -> Iterator[None]:
    """Show on a terminal that something is being done, for as long as the block runs."""
    if not out.is_terminal:
        yield
        return
    with out.status(Text(text)):
        yield


@contextmanager
def share_bar(out: Console, name: str) -> Iterator[Callable[[str, float], None]]:
    """Yield who is told what is done and how far it is: a bar on a terminal, lines elsewhere."""
    if not out.is_terminal:
        said: set[str] = set()

        def say(doing: str, _: float) -> None:
            if doing not in said:
                said.add(doing)
                out.print(f"{name}: {doing}")

        yield say
        return
    done = TextColumn("{task.percentage:.0f}%")
    columns = (TextColumn("{task.description}"), BarColumn(), done, TimeElapsedColumn())
    with Bars(*columns, console=out) as bars:
        task = bars.add_task(name, total=None)

        def tell(doing: str, share: float) -> None:
            total = 1.0 if share else None
            bars.update(task, description=f"{name}: {doing}", total=total, completed=share)

        yield tell
        bars.update(task, description=name, total=1.0, completed=1.0)


@contextmanager
def step_bar(out: Console, name: str, steps: int) -> Iterator[Callable[[str], None]]:
    """Yield who is told of each of *steps* as it begins: a bar on a terminal, lines elsewhere."""
    with share_bar(out, name) as tell:
        begun = count()
        yield lambda doing: tell(doing, next(begun) / max(steps, 1))


@contextmanager
def count_line(out: Console, name: str) -> Iterator[Callable[[str], None]]:
    """Yield who is told how much was done: a line that changes on a terminal, the last elsewhere."""
    last = ""
    with Bars(
        TextColumn("{task.description}"), SpinnerColumn(), console=out, disable=not out.is_terminal
    ) as bars:
        task = bars.add_task(name, total=None)

        def tell(text: str) -> None:
            nonlocal last
            last = f"{name}: {text}"
            bars.update(task, description=last)

        yield tell
    if last and not out.is_terminal:
        out.print(last)


@contextmanager
def row_counter(out: Console, name: str) -> Iterator[Callable[[str, int], None]]:
    """Yield who is told how many rows of what are done: one line on a terminal, few elsewhere."""
    if not out.is_terminal:
        yield lambda what, rows: None if rows % _A_LINE else out.print(f"{name}: {rows:,} {what}")
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bars(*columns, console=out, transient=True) as bars:
        task = bars.add_task(name)
        yield lambda what, rows: bars.update(task, description=f"{name}: {rows:,} {what}")


@contextmanager
def reading_bars(out: Console) -> Iterator[Callable[[Progress], None]]:
    """Yield who is told how the reading goes; without a terminal nothing is shown."""
    if not out.is_terminal:
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description}"),
        SpinnerColumn(finished_text="✓"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[found]}"),
    )
    with Bars(*columns, console=out) as bars:
        tasks: dict[tuple[str, str], TaskID] = {}

        def watch(progress: Progress) -> None:
            key = (progress.account, progress.source)
            if key not in tasks:
                name = one_line(f"{progress.account} {progress.source}", 40)
                tasks[key] = bars.add_task(name, total=1, found="")
            back = f", back to {progress.reached:%Y-%m-%d %H:%M}" if progress.reached else ""
            found = f"{progress.messages} read{back}"
            bars.update(tasks[key], found=found, completed=progress.share)

        yield watch


@contextmanager
def time_bar(
    out: Console, name: str, begin: datetime, end: datetime, tz: tzinfo
) -> Iterator[Callable[[datetime], None]]:
    """Yield who is told how far a clock has come: a bar on a terminal, a line a day elsewhere."""
    if not out.is_terminal:
        told: set[date] = set()

        def say(at: datetime) -> None:
            day = at.astimezone(tz).date()
            if at >= begin and day not in told:
                told.add(day)
                out.print(f"{name}: {day}")

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[day]}"))
    with Bars(*columns, console=out) as bars:
        task = bars.add_task(name, total=(end - begin).total_seconds(), day="")

        def tell(at: datetime) -> None:
            day = f"{at.astimezone(tz):%Y-%m-%d}"
            bars.update(task, completed=max(0.0, (at - begin).total_seconds()), day=day)

        yield tell
