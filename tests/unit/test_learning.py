"""Promises about learning: what people said is counted fairly, and a worse model is known as one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inboxd.classify.compact import Model, seen_rows
from inboxd.classify.reporting import report
from inboxd.classify.retraining import ENOUGH, Comparison, corrected_rows, retrain
from inboxd.classify.rows import Row, read_rows
from inboxd.classify.training import STEPS, fold_of, train, train_judging
from inboxd.model import Kind, Topic, Urgency
from inboxd.store import Correction, Said

SEEDS = sorted((Path(__file__).parents[2] / "data").glob("messages.*.jsonl"))
START = datetime(2026, 11, 25, tzinfo=UTC)
MACHINE = Said(Kind.COMPLAINT, (Topic.SHIPPING, Topic.STAFF), Urgency.NORMAL, "ru")


def corrected(number: int, said: Said, *, machine: Said = MACHINE, model: str = "m") -> Correction:
    at = START + timedelta(minutes=number)
    return Correction(number, number // 2, f"text {number}", at, "anna", model, machine, said)


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """A hundred seeds, all of different ideas."""
    ideas = {row.idea: row for row in read_rows(SEEDS)}
    return list(ideas.values())[::20]


@pytest.fixture(scope="module")
def model(rows: list[Row]) -> Model:
    return train(rows[:40])


def test_a_report_counts_each_part_among_those_who_spoke_of_it() -> None:
    """Silence is neither agreement nor its opposite; the order of topics says nothing."""
    told = report(
        [
            corrected(1, Said(kind=Kind.COMPLAINT)),
            corrected(2, Said(kind=Kind.REQUEST, language="uk"), model="newer"),
            corrected(3, Said(topics=(Topic.STAFF, Topic.SHIPPING), urgency=Urgency.HIGH)),
        ],
        judged=9,
    ).as_json()
    assert (told["since"], told["judged"], told["messages"]) == (
        "2026-11-25T00:01:00+00:00",
        9,
        3,
    )
    agreement = {
        part: (each["agreed"], each["spoken_of"]) for part, each in told["agreement"].items()
    }
    assert agreement == {"kind": (1, 2), "topics": (1, 1), "urgency": (0, 1), "language": (0, 1)}
    assert told["confusion"] == [
        {"classifier": "complaint", "person": "complaint", "messages": 1},
        {"classifier": "complaint", "person": "request", "messages": 1},
    ]
    assert {name: each["agreed"] for name, each in told["kind_by_language"].items()} == {
        "ru": 1,
        "uk": 0,
    }
    assert {name: each["agreement"] for name, each in told["kind_by_model"].items()} == {
        "m": 1.0,
        "newer": 0.0,
    }


def test_a_report_without_corrections_says_how_to_make_one() -> None:
    """Nothing is divided by nothing."""
    told = report([], judged=0)
    assert "inboxd correct CASE" in "\n".join(told.lines())
    assert told.as_json()["agreement"]["kind"]["agreement"] is None


def test_corrections_become_labelled_messages_by_conversation() -> None:
    """One conversation is one idea; what a person did not speak of is not labelled."""
    learnt = corrected_rows([corrected(2, Said(kind=Kind.REQUEST)), corrected(3, Said())])
    assert learnt[0] == Row("text 2", "", "request", None, "", "conversation 1")
    assert learnt[1].idea == learnt[0].idea


def test_a_model_knows_what_it_has_learnt_from(
    rows: list[Row], model: Model, tmp_path: Path
) -> None:
    """By text and by idea, and also after it was saved; the texts themselves are not in it."""
    model.save(tmp_path / "model")
    seen = set(Model.load(tmp_path / "model").seen.tolist())
    assert all(not seen.isdisjoint(seen_rows([row]).tolist()) for row in rows[:40])
    assert all(seen.isdisjoint(seen_rows([row]).tolist()) for row in rows[40:])


def test_models_are_compared_on_what_neither_has_learnt_from(rows: list[Row], model: Model) -> None:
    """Rows that the present model knows do not flatter it; each step is told once."""
    told: list[str] = []
    _, comparison = retrain(rows, model, told.append)
    assert comparison.basis == f"{len(rows) - 40} messages that neither has learnt from"
    assert len(rows) - 40 >= ENOUGH
    assert len(told) == STEPS
    assert comparison.present["kind"] < 0.95


def test_where_too_little_is_new_the_folds_are_compared(rows: list[Row], model: Model) -> None:
    """The same rows give the same model, which is no worse than itself."""
    _, comparison = retrain(rows[:40], model)
    assert "folds" in comparison.basis
    assert comparison.new["kind"] == pytest.approx(comparison.present["kind"], abs=0.001)
    assert comparison.worse == []


def test_a_held_back_verdict_owes_nothing_to_its_own_fold(rows: list[Row]) -> None:
    """Whatever the labels in a fold are, the verdicts on it stay the same."""
    some = rows[:40]
    fold = fold_of(some[0].idea)
    inside = [place for place, row in enumerate(some) if fold_of(row.idea) == fold]
    lying = [
        Row(row.text, "de", "praise", ("loyalty_points",), "high", row.idea)
        if place in inside
        else row
        for place, row in enumerate(some)
    ]
    (_, honest), (_, lied) = train_judging(some), train_judging(lying)
    for place in inside:
        one, other = honest[place], lied[place]
        assert (one.kind, one.urgency, one.language) == (other.kind, other.urgency, other.language)


def test_a_model_is_worse_where_it_falls_behind_by_more_than_noise() -> None:
    """One figure is enough; a difference in the last digit is none."""
    before = {"kind": 0.7, "complaint or not": 0.8, "topic": 0.6, "urgency": 0.6}
    assert Comparison("", before, before | {"kind": 0.699, "topic": 0.585}).worse == []
    assert Comparison("", before, before | {"kind": 0.69, "topic": 0.9}).worse == ["kind"]
    assert Comparison("", {}, before).worse == []


def test_numbers_of_what_was_seen_stay_small() -> None:
    """Two numbers of four bytes for each row, at most."""
    numbers = seen_rows([Row("a\ud800", "en", "other", (), "low", "i")])
    assert numbers.nbytes == 8
