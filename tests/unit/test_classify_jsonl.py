"""JSON lines through the classifier: nothing is lost, nothing out of order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.classify import load
from inboxd.classify.jsonl import BadLine, Classified, classify_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.model import Verdict

ADDED = {"kind", "topics", "urgency", "language", "scores", "evidence"}


class Recorder:
    """The real classifier, with the size of each batch written down."""

    name = "recorder"
    batch = 200

    def __init__(self) -> None:
        self.batches: list[int] = []

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        """Return what the real one says."""
        self.batches.append(len(texts))
        return load().classify(texts)


def run(*lines: str | bytes, batch: int = 256) -> list[Classified | BadLine]:
    return list(classify_lines(lines, load(), batch))


def test_verdict_is_added_and_unknown_keys_pass() -> None:
    """The six keys come beside what was there, readable in its own alphabet."""
    (result,) = run('{"id": 7, "text": "Где мой заказ?", "author": {"имя": "Оля"}}\n')

    assert isinstance(result, Classified)
    assert "Где мой заказ?" in result.json
    record = json.loads(result.json)
    assert record.keys() == {"id", "text", "author"} | ADDED
    assert (record["id"], record["author"]) == (7, {"имя": "Оля"})
    assert (record["kind"], record["language"], record["topics"]) == (
        "request",
        "ru",
        ["tracking"],
    )
    span = record["evidence"][0]
    assert record["text"][span["start"] : span["end"]] == span["text"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ('"text"', "not a JSON object"),
        ("{}", '"text" is missing'),
        ('{"text": null}', '"text" is null'),
        ('{"text": 5}', '"text" is a number'),
        ('{"text": true}', '"text" is a boolean'),
        ('{"text": ["a"]}', '"text" is an array'),
        (b'{"text": "\xff"}', "not UTF-8 at byte 10"),
        ("[" * 200_000, "nested too deeply"),
        ('{"text": "a", "n": ' + "9" * 5_000 + "}", "a number too long"),
    ],
    ids=range(11),
)
def test_bad_line_is_named_and_the_rest_is_done(line: str | bytes, why: str) -> None:
    """A line that is no message is reported by number, in its place."""
    before, bad, after = run('{"text": "one"}', line, '{"text": "two"}')

    assert isinstance(before, Classified)
    assert isinstance(bad, BadLine)
    assert bad.number == 2
    assert why in bad.why
    assert isinstance(after, Classified)
    assert after.number == 3


def test_blank_lines_count_but_say_nothing() -> None:
    """Numbers stay those of the file."""
    assert [result.number for result in run("", "\n", '{"text": ""}', b"  ", "x")] == [3, 5]


def test_lone_surrogates_leave_as_they_came() -> None:
    """Half an emoji crashes neither the encoder nor the reader, and comes out unchanged."""
    (result,) = run('{"text": "сломано \\ud83d", "k\\udc00": 1}')

    assert isinstance(result, Classified)
    record = json.loads(result.json.encode("utf-8"))
    assert record["text"] == "сломано \ud83d"
    assert record["k\udc00"] == 1


def test_byte_order_mark_is_no_error() -> None:
    """A file that Windows wrote begins with one."""
    (result,) = run(b'\xef\xbb\xbf{"text": "hi"}')

    assert isinstance(result, Classified)


def test_lines_go_to_the_classifier_in_batches() -> None:
    """No batch is larger than asked for, and the last one is not forgotten."""
    recorder = Recorder()

    results = list(classify_lines(['{"text": "a"}'] * 7, recorder, batch=3))

    assert len(results) == 7
    assert recorder.batches == [3, 3, 1]


@given(
    st.lists(st.one_of(st.text(st.characters(), max_size=20), st.just(None)), max_size=20),
    st.integers(1, 5),
)
def test_order_is_kept(texts: list[str | None], batch: int) -> None:
    """Every line has one result, in order, whatever the batches."""
    lines = [json.dumps({"text": text}) for text in texts]

    results = run(*lines, batch=batch)

    assert [result.number for result in results] == list(range(1, len(texts) + 1))
    for text, result in zip(texts, results, strict=True):
        assert isinstance(result, BadLine if text is None else Classified)
        if isinstance(result, Classified):
            assert json.loads(result.json)["text"] == text
