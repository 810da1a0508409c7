"""Labelled messages: read from JSON lines, to train on or to judge by."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.errors import UserError
from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled message. *idea* groups what must not be split between folds."""

    text: str
    language: str
    kind: str
    topics: tuple[str, ...]
    urgency: str
    idea: str


def read_rows(paths: Iterable[Path]) -> list[Row]:
    """Return the rows of *paths* in their order; raises UserError with file and line."""
    rows = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path} cannot be read: {error}") from None
        for number, line in enumerate(lines, 1):
            if line.strip():
                rows.append(_row(line, f"{path}, line {number}"))
    return rows


def _row(line: str, where: str) -> Row:
    try:
        item: dict[str, Any] = json.loads(line)
        return Row(
            text=str(item["text"]),
            language=str(item.get("lang", "")),
            kind=str(Kind(item["kind"])),
            topics=tuple(str(Topic(topic)) for topic in item["topics"]),
            urgency=str(Urgency(item["urgency"])),
            idea=str(item.get("idea", item["text"])),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{where} is no labelled message: {error}") from None
