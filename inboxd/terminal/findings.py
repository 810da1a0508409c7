"""How everything stands: a line for each finding, and what to do about it."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from inboxd.core.text import inert, one_line
from inboxd.findings import TITLES, Health

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from inboxd.findings import Finding

_LONGEST_LINE = 200
_WIDEST_NAME = 24
_MARKS = {"well": ("✓", "green"), "notice": ("!", "yellow"), "trouble": ("✗", "bold red")}


def print_findings(out: Console, findings: Sequence[Finding]) -> None:
    """Print how everything stands, a line each below its group, what to do, and the sum of it."""
    for group, those in groupby(findings, lambda finding: finding.code.group):
        out.print(Text(TITLES[group], style="bold"))
        out.print(_findings_table(those))
    counts = Counter(finding.health for finding in findings)
    needs = "need" if counts[Health.TROUBLE] > 1 else "needs"
    said = f"{counts[Health.TROUBLE] or 'nothing'} {needs} a person"
    notices = f"{counts[Health.NOTICE]} to know of, " if counts[Health.NOTICE] else ""
    style = _MARKS["trouble" if counts[Health.TROUBLE] else "well"][1]
    out.print(Text(f"\n{said}; {notices}{counts[Health.WELL]} well", style=style))


def _findings_table(findings: Iterable[Finding]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(width=1)
    table.add_column(width=_WIDEST_NAME, overflow="fold")
    table.add_column(overflow="fold")
    every = tuple(findings)
    for finding, following in zip_longest(every, every[1:]):
        mark, style = _MARKS[finding.health]
        said = Text(inert(finding.text))
        # What is to be done about several in a row is said once.
        if finding.todo and (following is None or following.todo != finding.todo):
            said.append(f"\n→ {inert(finding.todo)}", style="dim")
        name = Text(one_line(finding.what, _LONGEST_LINE))
        table.add_row("", Text(mark, style=style), name, said)
    return table
