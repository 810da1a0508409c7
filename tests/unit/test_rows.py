"""Promises about labelled messages that do not say all: read, learnt from, and measured by."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.sparse import csr_matrix

from inboxd.classify.compact import CompactClassifier
from inboxd.classify.evaluation import evaluate
from inboxd.classify.measures import Judged
from inboxd.classify.partial import completed
from inboxd.classify.rows import NOT_COMPLAINT, Row, read_rows
from inboxd.classify.training import column, train
from inboxd.cli import main
from inboxd.errors import UserError
from inboxd.model import Kind, Topic, Urgency, Verdict

SEEDS = sorted((Path(__file__).parents[2] / "data").glob("messages.*.jsonl"))


def read(tmp_path: Path, *lines: str) -> list[Row]:
    """Return the rows of a file with *lines*."""
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return read_rows([path])


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ('{"text": "a", "kind": "praise"}', Row("a", "", "praise", None, "", "a")),
        ('{"text": "a", "complaint": true}', Row("a", "", "complaint", None, "", "a")),
        ('{"text": "a", "complaint": false}', Row("a", "", NOT_COMPLAINT, None, "", "a")),
        ('{"text": "a", "kind": "not_complaint"}', Row("a", "", NOT_COMPLAINT, None, "", "a")),
        (
            '{"text": "a", "kind": "request", "complaint": false}',
            Row("a", "", "request", None, "", "a"),
        ),
        (
            '{"text": "a", "lang": "de", "kind": null, "topics": [], "urgency": null, "idea": null}',
            Row("a", "de", "", None, "", "a"),
        ),
        (
            '{"text": "a", "topics": ["staff"], "urgency": "low", "idea": 7, "label": 1, "x": {}}',
            Row("a", "", "", ("staff",), "low", "7"),
        ),
    ],
)
def test_row_says_as_much_as_somebody_knew(tmp_path: Path, line: str, row: Row) -> None:
    """What is missing or null is not labelled, and foreign keys do no harm."""
    assert read(tmp_path, line) == [row]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "is not JSON"),
        ("[]", "no object"),
        ('{"kind": "other"}', "no object with a string under"),
        ('{"text": 5, "kind": "other"}', "no object with a string under"),
        ('{"text": "a"}', "says neither kind"),
        ('{"text": "a", "kind": "rage"}', 'kind is "rage"; there are: complaint, '),
        ('{"text": "a", "kind": ["other"]}', "kind is "),
        ('{"text": "a", "complaint": 1}', "complaint is 1, neither true nor false"),
        ('{"text": "a", "complaint": true, "kind": "praise"}', "but kind is praise"),
        ('{"text": "a", "topics": "staff"}', 'topics is "staff", not a list'),
        ('{"text": "a", "topics": ["goods"]}', 'topics has "goods"; there are: '),
        ('{"text": "a", "kind": "other", "urgency": "soon"}', 'urgency is "soon"'),
        ('{"text": "a", "kind": "other", "lang": 3}', "lang is 3"),
    ],
)
def test_rows_that_are_not_labelled_are_named(tmp_path: Path, line: str, why: str) -> None:
    """The error says which line of which file, and which key."""
    with pytest.raises(UserError, match=r"rows\.jsonl, line 2") as caught:
        read(tmp_path, "", line)
    assert why in str(caught.value)


def test_compressed_file_is_told_by_its_content(tmp_path: Path) -> None:
    """Whatever it is called; a damaged one is named."""
    path = tmp_path / "rows.txt"
    content = gzip.compress(b'\xef\xbb\xbf{"text": "a", "kind": "other"}\n')
    path.write_bytes(content)
    assert [row.kind for row in read_rows([path])] == ["other"]
    path.write_bytes(content[:-9])
    with pytest.raises(UserError, match=r"rows\.txt cannot be read"):
        read_rows([path])


def test_column_learns_nothing_from_rows_that_do_not_say() -> None:
    """A row without the label is as good as absent."""
    matrix = csr_matrix(np.eye(4))
    without = column(matrix[:3], [True, False, True])
    assert column(matrix, [True, False, True, None]) == pytest.approx(without)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Two hundred seeds, all of different ideas."""
    ideas = {row.idea: row for row in read_rows(SEEDS)}
    return list(ideas.values())[::10][:200]


def test_rows_of_a_kind_alone_leave_the_other_parts_alone(rows: list[Row]) -> None:
    """Whoever corrects the kind of urgent messages about delivery makes them no less so."""
    text = "help, parcel number {} is leaving today, please stop the courier"
    full = [
        Row(text.format(each), "en", "request", ("shipping",), "high", f"full {each}")
        for each in range(10)
    ]
    bare = [
        Row(text.format(f"A-{each}"), "", "request", None, "", f"bare {each}") for each in range(60)
    ]
    (said,) = CompactClassifier(train([*rows, *full, *bare])).classify([text.format("B-7")])
    assert (said.kind, said.urgency, said.topics) == (
        Kind.REQUEST,
        Urgency.HIGH,
        (Topic.SHIPPING,),
    )


def test_model_of_complaints_alone_still_says_everything(rows: list[Row]) -> None:
    """Where rows only tell complaints from the rest, the model that ships teaches the rest."""
    bare = [
        replace(
            row,
            kind="complaint" if row.kind == "complaint" else NOT_COMPLAINT,
            language="",
            topics=None,
            urgency="",
        )
        for row in rows
    ]
    model = train(bare)
    assert model.card["figures"]["all"].keys() == {
        "complaint or not",
        "calibration error of P(complaint)",
    }
    said = CompactClassifier(model).classify([row.text for row in rows])
    summary = evaluate(rows, said).summary()
    assert summary["complaint or not"] > 0.9
    assert min(summary["kind"], summary["language (accuracy)"], summary["urgency"]) > 0.6


def test_teacher_is_not_asked_what_the_rows_say(rows: list[Row]) -> None:
    """Full rows stay as they are, and so does every label that there is."""
    assert completed(rows) == rows
    open_row = Row("so so", "", NOT_COMPLAINT, None, "", "open")
    assert completed([*rows, open_row])[-1] == open_row
    (alone,) = completed([open_row])
    assert alone.kind in {"request", "praise", "other"}


def verdict(kind: Kind, share: float) -> Verdict:
    return Verdict(kind, (Topic.OTHER,), Urgency.NORMAL, "en", {Kind.COMPLAINT: share})


def test_each_part_is_measured_on_the_rows_that_say_it() -> None:
    """A row that is only no complaint says nothing about requests, topics, urgency."""
    rows = [
        Row("a", "", NOT_COMPLAINT, None, "", "a"),
        Row("b", "", "complaint", None, "", "b"),
        Row("c", "en", "", None, "", "c"),
    ]
    said = [verdict(Kind.REQUEST, 0.0), verdict(Kind.COMPLAINT, 1.0), verdict(Kind.COMPLAINT, 1.0)]
    result = evaluate(rows, said)
    assert result.summary() == {
        "complaint or not": 1.0,
        "language (accuracy)": 1.0,
        "calibration error of P(complaint)": 0.0,
    }
    assert [score.rows for score in result.scores["complaint or not"]] == [1, 1]
    assert (
        json.loads(json.dumps(result.as_json()))["labels"]["complaint or not"]["complaint"]["f1"]
        == 1.0
    )


def test_interval_is_of_ideas_not_of_lines() -> None:
    """Forty copies of two messages are as sure as two."""
    truth = [("x",), ("x",)] * 20
    said = [("x",), ()] * 20
    apart = Judged(truth, said, [str(each) for each in range(40)]).macro_f1(["x"])
    together = Judged(truth, said, ["one", "two"] * 20).macro_f1(["x"])
    low, high = apart.interval()
    assert 0.5 < low < apart.value < high < 0.8
    assert together.interval() == (0.0, 1.0)
    assert apart.interval() == (low, high)


def test_command_measures_and_says_what_the_model_has_learnt_from(tmp_path: Path) -> None:
    """A model that is judged by its own lessons looks better than it is."""
    path = tmp_path / "rows.jsonl"
    known = json.dumps({"text": "so so", "kind": "other", "idea": read_rows(SEEDS[:1])[0].idea})
    path.write_text(f'{known}\n{{"text": "a text of no seed", "kind": "praise"}}\n')
    arguments = ["classifier", "evaluate", "--data", str(path), "--json"]
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == 0, ended.output
    assert ended.stderr == "The model has learnt from 1 of 2 messages.\n"
    told = json.loads(ended.stdout)
    assert told["rows"] == 2
    assert told["labels"]["kind"].keys() == {"complaint", "request", "praise", "other"}
    assert told["headline"]["kind"].keys() == {"value", "low", "high"}
    lines = CliRunner().invoke(main, arguments[:-1]).stdout
    assert "calibration error of P(complaint)" in lines
