"""
The core of ``inboxd classify``: JSON lines in, JSON lines with a verdict out.

Order is kept, unknown keys pass through, and a line that cannot be used is reported with
its number while the rest is done.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inboxd.classify import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from inboxd.classify import Classifier, ReplyJudge
    from inboxd.model import ReplyVerdict, Verdict

_SURROGATES = re.compile("[\ud800-\udfff]")
_SCORE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Classified:
    """One line of output, without its newline; it can always be encoded as UTF-8."""

    number: int
    json: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of input that is no message, by its number from 1, and why."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class _Message:
    """A line of input that is fit to be classified."""

    number: int
    record: dict[str, Any]


def classify_lines(
    lines: Iterable[str | bytes], classifier: Classifier, batch: int = 256
) -> Iterator[Classified | BadLine]:
    """
    Yield what became of each line of *lines*, in order; blank lines are passed over.

    Up to *batch* lines are read before the first result comes out. Keys of the input that a
    verdict has too are replaced by the verdict's.
    """

    def added(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return list(map(as_json, classifier.classify([each["text"] for each in records])))

    return _through(lines, _fault_of, added, batch)


def judge_lines(
    lines: Iterable[str | bytes], judge: ReplyJudge, batch: int = 256
) -> Iterator[Classified | BadLine]:
    """
    Yield what became of each line of *lines*, which are replies of the brand.

    They may have ``sent_at`` (ISO 8601), from which dates are counted out in its own zone,
    and ``question``, the customer's message; otherwise as :func:`classify_lines`.
    """

    def added(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return list(map(reply_as_json, judge.judge(list(map(_reply, records)))))

    return _through(lines, _fault_of_reply, added, batch)


def _through(
    lines: Iterable[str | bytes],
    fault: Callable[[object], str],
    added: Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]],
    batch: int,
) -> Iterator[Classified | BadLine]:
    read: list[_Message | BadLine] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            read.append(_parse(number, line, fault))
        if len(read) >= batch:
            yield from _finish(read, added)
            read.clear()
    yield from _finish(read, added)


def _parse(number: int, line: str | bytes, fault: Callable[[object], str]) -> _Message | BadLine:
    """Return the message on *line*, or what is wrong with it."""
    try:
        record = json.loads(line.decode("utf-8-sig") if isinstance(line, bytes) else line)
    except UnicodeDecodeError as error:
        return BadLine(number, f"not UTF-8 at byte {error.start}")
    except json.JSONDecodeError as error:
        return BadLine(number, f"not JSON: {error.msg} at character {error.pos + 1}")
    except (RecursionError, ValueError):
        # Brackets nested by the thousand, or a number of more digits than Python converts.
        return BadLine(number, "not JSON that can be read: nested too deeply or a number too long")
    if why := fault(record):
        return BadLine(number, why)
    return _Message(number, record)


def _fault_of(record: object) -> str:
    """Return why *record* is no message, or "" where it is one."""
    if not isinstance(record, dict):
        return 'not a JSON object; write {"text": "…"}'
    if "text" not in record:
        return 'the key "text" is missing'
    if not isinstance(record["text"], str):
        return f'"text" is {_name(record["text"])}, not a string'
    return ""


def _fault_of_reply(record: object) -> str:
    if why := _fault_of(record):
        return why
    assert isinstance(record, dict)  # noqa: S101 - the line above has seen to it
    for key in ("sent_at", "question"):
        if not isinstance(record.get(key, ""), str | None):
            return f'"{key}" is {_name(record[key])}, not a string'
    try:
        _sent_at(record)
    except ValueError:
        return f'"sent_at" is no ISO 8601 time: {record["sent_at"]!r}'
    return ""


def _sent_at(record: dict[str, Any]) -> datetime | None:
    written = record.get("sent_at")
    return datetime.fromisoformat(written) if written else None


def _reply(record: dict[str, Any]) -> Reply:
    return Reply(record["text"], _sent_at(record), record.get("question") or "")


def _name(value: object) -> str:
    """Return what JSON calls the type of *value*."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", list: "an array"}
    return names.get(type(value), "an object")


def _finish(
    read: Sequence[_Message | BadLine],
    added: Callable[[Sequence[dict[str, Any]]], list[dict[str, Any]]],
) -> Iterator[Classified | BadLine]:
    """Yield the results of one batch, with the bad lines in their places."""
    verdicts = iter(added([each.record for each in read if isinstance(each, _Message)]))
    for each in read:
        if isinstance(each, BadLine):
            yield each
        else:
            yield Classified(each.number, _dump(each.record | next(verdicts)))


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Return *verdict* as the keys that ``inboxd classify`` adds to a line."""
    return {
        "kind": str(verdict.kind),
        "topics": [str(topic) for topic in verdict.topics],
        "urgency": str(verdict.urgency),
        "language": verdict.language,
        "scores": {kind: round(score, _SCORE_DIGITS) for kind, score in verdict.scores.items()},
        "evidence": [asdict(evidence) for evidence in verdict.evidence],
    }


def reply_as_json(verdict: ReplyVerdict) -> dict[str, Any]:
    """Return *verdict* as the keys that ``inboxd classify --replies`` adds to a line."""
    when = verdict.promised
    return {
        "deflection": verdict.deflection,
        "promise": verdict.promise,
        "promise_when": when.text if when else "",
        "promise_date": when.on.isoformat() if when and when.on else None,
        "promise_at": when.at.isoformat() if when and when.at else None,
        "non_answer": verdict.non_answer,
        "manners": asdict(verdict.manners),
        "language": verdict.language,
        "scores": {flag: round(score, _SCORE_DIGITS) for flag, score in verdict.scores.items()},
        "evidence": [asdict(evidence) for evidence in verdict.evidence],
    }


def _dump(record: dict[str, Any]) -> str:
    r"""
    Return *record* as one line that people can read, whatever its alphabet.

    Half a surrogate pair has no UTF-8; it leaves as the ``\udxxx`` that it came in as.
    """
    line = json.dumps(record, ensure_ascii=False)
    return _SURROGATES.sub(lambda match: f"\\u{ord(match.group()):04x}", line)
