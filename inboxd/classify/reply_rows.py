"""Labelled replies: read from JSON lines, to train on or to judge by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.classify.replies import FLAGS
from inboxd.classify.rows import labelled_lines
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """
    One labelled reply. *labels* has those of the flags that somebody has set.

    *idea* groups what must not be split between folds; *when* are the words for the time of
    a promise, None where nobody marked them.
    """

    text: str
    language: str
    labels: Mapping[str, bool]
    idea: str
    question: str = ""
    when: str | None = None


def read_reply_rows(paths: Iterable[Path], required: Iterable[str] = ()) -> list[ReplyRow]:
    """
    Return the rows of *paths* in their order; raises UserError with file and line.

    A row must have the *required* flags, and at least one in any case.
    """
    needed = frozenset(required)
    return [_row(item, where, needed) for where, item in labelled_lines(paths)]


def _row(item: Mapping[str, Any], where: str, needed: frozenset[str]) -> ReplyRow:
    labels = {flag: item[flag] for flag in FLAGS if item.get(flag) is not None}
    if fault := _fault_of(labels, needed):
        raise UserError(f"{where} is no labelled reply: {fault}")
    idea = item.get("idea")
    return ReplyRow(
        text=item["text"],
        language=str(item.get("lang") or ""),
        labels=labels,
        idea=str(item["text"] if idea is None else idea),
        question=str(item.get("question") or item.get("to") or ""),
        when=item.get("promise_when"),
    )


def _fault_of(labels: Mapping[str, object], needed: frozenset[str]) -> str:
    if wrong := [flag for flag, holds in labels.items() if not isinstance(holds, bool)]:
        return f"{wrong[0]} is neither true nor false"
    if not labels or not needed <= labels.keys():
        return f"it lacks {', '.join(sorted(needed - labels.keys()) or FLAGS)}"
    return ""
