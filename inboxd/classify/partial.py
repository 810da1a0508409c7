"""
Labelled messages that do not say all, made fit to train on.

A row teaches only what it says. Yet a model must say something on every part; where no row
says enough to learn it from, the model that comes with inboxd is the teacher.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inboxd.classify import load
from inboxd.classify.rows import NOT_COMPLAINT
from inboxd.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.classify.rows import Row
    from inboxd.model import Verdict

_OTHERS = frozenset(Kind) - {Kind.COMPLAINT}


def lacks_kinds(rows: Sequence[Row]) -> bool:
    """Return whether *rows* tell complaints from the rest, but not the rest from each other."""
    kinds = {row.kind for row in rows}
    return NOT_COMPLAINT in kinds and not kinds >= _OTHERS


def completed(rows: Sequence[Row]) -> list[Row]:
    """
    Return *rows*, with what the teacher says of parts that none of them is labelled with.

    What is only known to be no complaint gets its kind from the teacher, too, unless there
    are labelled requests, praise and others to tell apart from each other.
    """
    missing = {
        part
        for part in ("language", "kind", "topics", "urgency")
        if not any(getattr(row, part) for row in rows)
    }
    settle = lacks_kinds(rows)
    if not missing and not settle:
        return list(rows)
    taught = load().classify([row.text for row in rows])
    return [
        _filled(row, said, missing, settle=settle) for row, said in zip(rows, taught, strict=True)
    ]


def _filled(row: Row, said: Verdict, missing: set[str], *, settle: bool) -> Row:
    if settle and row.kind == NOT_COMPLAINT:
        row = replace(row, kind=str(max(sorted(_OTHERS), key=said.scores.__getitem__)))
    return replace(
        row,
        language=said.language if "language" in missing else row.language,
        kind=str(said.kind) if "kind" in missing else row.kind,
        topics=tuple(map(str, said.topics)) if "topics" in missing else row.topics,
        urgency=str(said.urgency) if "urgency" in missing else row.urgency,
    )
