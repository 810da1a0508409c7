"""Labelled replies: read from JSON lines, to train on or to judge by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.classify.replies import FLAGS
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
    rows = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read: {error}") from None
        for number, line in enumerate(lines, 1):
            if line.strip():
                rows.append(_row(line, f"{path}, line {number}", needed))
    return rows


def _row(line: str, where: str, needed: frozenset[str]) -> ReplyRow:
    try:
        item: dict[str, Any] = json.loads(line)
        text, labels = item["text"], {flag: item[flag] for flag in FLAGS if flag in item}
        fault = _fault_of(text, labels, needed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        fault = str(error)
    if fault:
        raise UserError(f"{where} is no labelled reply: {fault}")
    return ReplyRow(
        text=text,
        language=str(item.get("lang", "")),
        labels=labels,
        idea=str(item.get("idea", text)),
        question=str(item.get("question", item.get("to", ""))),
        when=item.get("promise_when"),
    )


def _fault_of(text: object, labels: Mapping[str, object], needed: frozenset[str]) -> str:
    if not isinstance(text, str):
        return "its text is no string"
    if wrong := [flag for flag, holds in labels.items() if not isinstance(holds, bool)]:
        return f"{wrong[0]} is neither true nor false"
    if not labels or not needed <= labels.keys():
        return f"it lacks {', '.join(sorted(needed - labels.keys()) or FLAGS)}"
    return ""
