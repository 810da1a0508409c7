"""Promises of the trained classifier that comes with inboxd."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inboxd.classify import SHIPPED, evidence, load
from inboxd.classify.compact import CompactClassifier, Model
from inboxd.classify.evaluation import evaluate
from inboxd.classify.features import pieces, pieces_of_words
from inboxd.classify.rows import Row, read_rows
from inboxd.classify.training import train
from inboxd.errors import UserError
from inboxd.model import Kind, Urgency

DATA = Path(__file__).parents[2] / "data"
SEEDS = [*sorted(DATA.glob("messages.*.jsonl")), DATA / "public.jsonl"]

TEXTS = st.text(st.characters(codec=None), max_size=300)


@pytest.mark.parametrize(
    ("text", "kind", "language"),
    [
        ("третью неделю жду посылку, на письма никто не отвечает", Kind.COMPLAINT, "ru"),
        ("Підкажіть, будь ласка, чи є сірий светр у розмірі L?", Kind.REQUEST, "uk"),
        ("Vielen Dank, die Lieferung kam einen Tag früher als gedacht!", Kind.PRAISE, "de"),
        ("ordered on the 3rd, today is the 28th and still no parcel", Kind.COMPLAINT, "en"),
    ],
)
def test_plain_messages_are_understood(text: str, kind: Kind, language: str) -> None:
    """What anybody would understand, the model does, in four languages."""
    (verdict,) = load().classify([text])
    assert (verdict.kind, verdict.language) == (kind, language)


@given(TEXTS)
@example("")
@example("\ud800")
@example("a\x00b")
@example("ʼ")
@example("по ʼ ʼʼ почте")
@example("ы" * 100_000)
@example("😡😡😡")
def test_any_text_gets_a_sound_verdict(text: str) -> None:
    """Whatever a stranger sends: shares that sum to 1, and evidence that stands in the text."""
    (verdict,) = load().classify([text])
    assert math.isclose(sum(verdict.scores.values()), 1)
    assert verdict.topics
    for span in verdict.evidence:
        assert text[span.start : span.end] == span.text


@given(st.lists(TEXTS, max_size=6))
def test_company_changes_nothing(texts: list[str]) -> None:
    """A message gets the same verdict alone as in a batch, in the order of the batch."""
    alone = [load().classify([text])[0] for text in texts]
    for one, other in zip(load().classify(texts), alone, strict=True):
        assert (one.kind, one.topics, one.urgency) == (other.kind, other.topics, other.urgency)


@pytest.mark.parametrize("same", ["ГДЕ МОЙ ЗАКАЗ", "где   мой заказ", "где мой\nзаказ"])
def test_case_and_blanks_do_not_matter(same: str) -> None:
    """How a text is laid out is not what it says."""
    assert list(pieces([same]).buckets) == list(pieces(["где мой заказ"]).buckets)


def test_names_and_numbers_do_not_matter() -> None:
    """Nobody's handle, order number or link becomes a reason."""
    one, other = "@shop order 123 https://a.example/1", "@brand order 98765 https://b.example"
    assert list(pieces([one]).buckets) == list(pieces([other]).buckets)


def test_a_word_has_its_pieces_wherever_it_stands() -> None:
    """Evidence scores words alone, so whatever a word adds alone it adds in any message."""
    alone = set(pieces_of_words(["посылка"]).buckets)
    assert alone < set(pieces(["где посылка?"]).buckets)
    assert alone < set(pieces(["посылка"]).buckets)


def test_evidence_is_the_same_when_its_memory_has_overflowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Words that were forgotten are scored again, and none is taken for another."""
    texts = [row.text for row in read_rows(SEEDS)[::200]]
    expected = [verdict.evidence for verdict in load().classify(texts)]
    monkeypatch.setattr(evidence, "_KEPT", evidence.MOST_WORDS)
    forgetful = CompactClassifier(Model.load(SHIPPED))
    assert any(expected)
    alone = [forgetful.classify([text])[0].evidence for text in texts]
    together = [verdict.evidence for verdict in forgetful.classify(texts)]
    assert alone == together == expected


def test_the_shipped_model_is_that_of_the_seeds() -> None:
    """Whoever changes the seeds trains anew: `make model`."""
    rows = read_rows(SEEDS)
    digest = hashlib.sha256("\n".join(repr(row) for row in rows).encode()).hexdigest()
    assert Model.load(SHIPPED).card["data"] == digest


def test_training_is_repeatable_bit_for_bit(tmp_path: Path) -> None:
    """The same rows give the same file."""
    rows = read_rows(SEEDS)[::40]
    for name in ("one", "two"):
        train(rows).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_model_that_was_saved_judges_as_before(tmp_path: Path) -> None:
    """Nothing is lost on the way through the file."""
    rows = read_rows(SEEDS)[::40]
    model = train(rows)
    model.save(tmp_path / "model")
    texts = [row.text for row in rows[:20]]
    again = CompactClassifier(Model.load(tmp_path / "model")).classify(texts)
    assert again == CompactClassifier(model).classify(texts)


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_model_is_an_error_of_the_user(tmp_path: Path, content: bytes) -> None:
    """A wrong path is told as such."""
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match="cannot be read as a model"):
        Model.load(path)


def changed(path: Path, **changes: object) -> Path:
    """Write the shipped model with some of its parts changed or (None) left out."""
    with np.load(SHIPPED) as data:
        parts: dict[str, object] = dict(data)
    kept = {name: part for name, part in (parts | changes).items() if part is not None}
    with path.open("wb") as file:
        np.savez(file, **kept)  # type: ignore[arg-type]  # arrays they are
    return path


def facts(**changes: object) -> object:
    """Return the shipped model's facts with *changes*, as the file has them."""
    with np.load(SHIPPED) as data:
        known = json.loads(bytes(data["facts"]))
    return np.frombuffer(json.dumps(known | changes).encode(), np.uint8)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"facts": facts(format=99)}, "is a model of a newer inboxd"),
        ({"facts": facts(format=0)}, "is a model for another version of inboxd"),
        ({"facts": facts(columns=["a"])}, "is a model for another version of inboxd"),
        ({"facts": facts(temperature=0)}, "its temperature or thresholds are not above 0"),
        ({"facts": facts(temperature="hot")}, "could not convert"),
        ({"facts": None}, "it has no 'facts"),
        ({"weights": np.zeros((3, 3), np.int8)}, "its weights are of another shape"),
        ({"weights": None}, "it has no 'weights"),
        ({"bias": np.full(26, np.nan, np.float32)}, "its bias are no numbers"),
        ({"thresholds": np.zeros(15, np.float32)}, "thresholds are not above 0"),
        ({"idf": np.array([object()])}, "allow_pickle"),
    ],
)
def test_a_model_that_would_fail_later_is_refused_when_it_is_read(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    """Newer, older, foreign or damaged: told with the file's name before anything is judged."""
    path = changed(tmp_path / "own.npz", **changes)
    with pytest.raises(UserError, match=r"own\.npz") as caught:
        Model.load(path)
    assert why in str(caught.value)


@given(st.integers(0, 40), st.integers(1, 255))
@settings(deadline=None, max_examples=25)
def test_a_damaged_file_is_refused_or_harmless(part: int, flip: int) -> None:
    """Whatever a bad disk does to it, what comes is our error or a model that judges."""
    content = bytearray(SHIPPED.read_bytes())
    content[len(content) * part // 41] ^= flip
    path = Path(tempfile.mkdtemp()) / "model.npz"
    path.write_bytes(content)
    try:
        model = Model.load(path)
    except UserError:
        return
    else:
        CompactClassifier(model).classify(["where is my parcel?"])
    finally:
        shutil.rmtree(path.parent)


def test_evaluation_counts_as_one_would_by_hand() -> None:
    """One of two complaints found, nothing else called one: precision 1, recall a half."""
    rows = [
        Row("a", "en", kind, ("other",), "normal", "i")
        for kind in ("complaint", "complaint", "request")
    ]
    (verdict,) = load().classify(["what time do you open?"])
    found = type(verdict)(
        Kind.COMPLAINT, verdict.topics, Urgency.NORMAL, "en", {"complaint": 1.0, "request": 0.0}
    )
    missed = type(verdict)(
        Kind.REQUEST, verdict.topics, Urgency.NORMAL, "en", {"complaint": 0.0, "request": 1.0}
    )
    result = evaluate(rows, [found, missed, missed])
    scores = {score.label: score for score in result.scores["kind"]}
    assert (scores["complaint"].precision, scores["complaint"].recall) == (1.0, 0.5)
    assert scores["request"].f1 == pytest.approx(2 / 3)
    assert result.headline["kind"].value == pytest.approx(2 / 3)
    assert result.headline["calibration error of P(complaint)"].value == pytest.approx(1 / 3)
