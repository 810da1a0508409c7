"""
Labelled messages: read from JSON lines, to train on or to judge by.

A line need not say everything: what it does not say, it neither teaches nor measures.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inboxd.errors import UserError
from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from enum import StrEnum
    from pathlib import Path

NOT_COMPLAINT = "not_complaint"
"""The kind of a message of which no more is known than that it is no complaint."""

_GZIP = b"\x1f\x8b"
_ALL_KINDS = (*Kind, NOT_COMPLAINT)


@dataclass(frozen=True, slots=True)
class Row:
    """
    One labelled message. *idea* groups what must not be split between folds.

    Where nobody has labelled it, *language*, *kind* or *urgency* is "" and *topics* is None.
    """

    text: str
    language: str
    kind: str
    topics: tuple[str, ...] | None
    urgency: str
    idea: str

    @property
    def complaint(self) -> bool | None:
        """Return whether it is a complaint, None where nobody has said."""
        return self.kind == Kind.COMPLAINT if self.kind else None


def read_rows(paths: Iterable[Path]) -> list[Row]:
    """Return the rows of *paths* in their order; raises UserError with file, line and key."""
    rows = []
    for where, item in labelled_lines(paths):
        try:
            rows.append(_row(item))
        except UserError as error:
            raise UserError(f"{where} is no labelled message: {error}") from None
    return rows


def labelled_lines(paths: Iterable[Path]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """
    Yield each object of files of JSON lines, and where it stands; gzip is told by its content.

    Raises UserError where a file cannot be read or a line is no object with a "text".
    """
    for path in paths:
        for number, line in enumerate(_text_of(path).split("\n"), 1):
            if line.strip():
                where = f"{path}, line {number}"
                yield where, _object(line, where)


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None


def _object(line: str, where: str) -> Mapping[str, Any]:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not JSON: {error}") from None
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        raise UserError(f'{where} is no object with a string under "text"')
    return item


def _row(item: Mapping[str, Any]) -> Row:
    idea = item.get("idea")
    row = Row(
        text=item["text"],
        language=_language(item.get("lang")),
        kind=_kind(item),
        topics=_topics(item.get("topics")),
        urgency=_one_of(item, "urgency", tuple(Urgency)),
        idea=str(item["text"] if idea is None else idea),
    )
    if not (row.language or row.kind or row.topics or row.urgency):
        raise UserError("it says neither kind, complaint, topics, urgency nor lang")
    return row


def _kind(item: Mapping[str, Any]) -> str:
    """Return what "kind" says, or "complaint" (true or false), which must not contradict it."""
    kind, complaint = _one_of(item, "kind", _ALL_KINDS), item.get("complaint")
    if complaint is None:
        return kind
    if not isinstance(complaint, bool):
        raise UserError(f"complaint is {_shown(complaint)}, neither true nor false")
    if kind and complaint != (kind == Kind.COMPLAINT):
        raise UserError(f"complaint is {_shown(complaint)}, but kind is {kind}")
    return kind or (Kind.COMPLAINT.value if complaint else NOT_COMPLAINT)


def _one_of(item: Mapping[str, Any], key: str, known: tuple[StrEnum | str, ...]) -> str:
    value = item.get(key)
    if value is None:
        return ""
    if value not in known:
        raise UserError(f"{key} is {_shown(value)}; there are: {', '.join(known)}")
    return str(value)


def _language(value: object) -> str:
    if not isinstance(value, str | None):
        raise UserError(f"lang is {_shown(value)}, not a string")
    return value or ""


def _topics(value: object) -> tuple[str, ...] | None:
    """Return *value* as topics; of a message without any nobody has said what it is about."""
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise UserError(f"topics is {_shown(value)}, not a list")
    for topic in value:
        if topic not in tuple(Topic):
            raise UserError(f"topics has {_shown(topic)}; there are: {', '.join(Topic)}")
    return tuple(map(str, value))


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]
