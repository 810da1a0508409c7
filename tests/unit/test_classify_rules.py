"""What the rules promise beyond single messages: turns of phrase, evidence, odd input."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inboxd.classify.language import identify
from inboxd.classify.rules import RuleClassifier
from inboxd.classify.tokens import HEAD, TAIL, fold, read
from inboxd.model import Evidence, Kind, Topic, Urgency, Verdict


def classify(text: str) -> Verdict:
    return RuleClassifier().classify([text])[0]


def evidence(text: str, label: str) -> list[str]:
    return [each.text for each in classify(text).evidence if each.label == label]


# Words of all four languages among characters of every kind, lone surrogates too.
SAID = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "not",
                "good",
                "?",
                "жду",
                "уже",
                "не",
                "дякую",
                "danke",
                "kein",
                "Problem",
                "😡",
                "but",
            ]
        ),
        st.text(st.characters(), max_size=12),
    ),
    max_size=30,
).map(" ".join)


@given(SAID)
@example("")
@example("\ud83d lone \udc00")
@example("a\x00b\u202e\u200f")
@example("İ" * 50)
def test_any_string_gets_a_sound_verdict(text: str) -> None:
    """Whatever is written, nothing is raised, scores are shares and spans lie in the text."""
    verdict = classify(text)

    assert set(verdict.scores) == {"complaint", "request", "praise", "other"}
    assert math.isclose(sum(verdict.scores.values()), 1.0)
    assert all(0.0 <= score <= 1.0 for score in verdict.scores.values())
    assert verdict.scores[verdict.kind] == max(verdict.scores.values())
    assert verdict.topics
    assert len(set(verdict.topics)) == len(verdict.topics)
    assert verdict.topics == (Topic.OTHER,) or Topic.OTHER not in verdict.topics
    labels = {each.label for each in verdict.evidence}
    assert verdict.kind is Kind.OTHER or f"kind:{verdict.kind}" in labels
    for each in verdict.evidence:
        assert 0 <= each.start < each.end <= len(text)
        assert text[each.start : each.end] == each.text


@given(st.lists(SAID, max_size=8))
def test_batches_change_nothing(texts: list[str]) -> None:
    """A batch has the verdicts of its messages one by one, in their order, every time."""
    together = RuleClassifier().classify(texts)

    assert together == [classify(text) for text in texts]
    assert together == RuleClassifier().classify(texts)


def test_evidence_points_at_the_words_as_they_were_written() -> None:
    """Case, stretched letters and invisible marks do not shift a span."""
    text = "👋🏽 Hallo!  Das Paket ist \u200fKAPUUUTT\u200f angekommen"

    spans = [each for each in classify(text).evidence if each.label == "kind:complaint"]

    start = text.index("KAPUUUTT")
    assert spans == [Evidence(start, start + 8, "KAPUUUTT", "kind:complaint")]


def test_evidence_is_of_the_kind_that_was_found() -> None:
    """The thanks in a complaint are no evidence for it."""
    labels = {each.label for each in classify("Thanks, but the box came empty").evidence}

    assert "kind:complaint" in labels
    assert "kind:praise" not in labels


def test_a_question_mark_and_a_denial_are_evidence() -> None:
    """What turned or made the verdict is shown, not only the word beside it."""
    assert evidence("42 in blue?", "kind:request") == ["?"]
    assert evidence("Das war nicht super", "kind:complaint") == ["nicht super"]


def test_one_topic_stays_one_topic() -> None:
    """Several words for a topic make no several topics, and each is shown."""
    text = "My refund? I want my money back, refund me"

    assert classify(text).topics == (Topic.REFUNDS,)
    assert len(evidence(text, "topic:refunds")) >= 2


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("not good", Kind.COMPLAINT),
        ("great", Kind.PRAISE),
        ("no problems with the parcel", Kind.PRAISE),
        ("не понравилось", Kind.COMPLAINT),
        ("никаких проблем", Kind.PRAISE),
        ("не сподобалось", Kind.COMPLAINT),
        ("жодних претензій", Kind.PRAISE),
        ("nicht zufrieden", Kind.COMPLAINT),
        ("keine Probleme", Kind.PRAISE),
    ],
)
def test_negation_turns_the_meaning(text: str, kind: Kind) -> None:
    """A denied compliment is a complaint and a denied problem is praise."""
    assert classify(text).kind is kind


@pytest.mark.parametrize(
    "text",
    [
        "Great service, the box came empty and nobody answers 👏",
        "Отличный сервис, третий месяц жду возврат 👏",
        "Чудовий сервіс, третій місяць чекаю на повернення 👏",
        "Toller Service, seit drei Monaten keine Antwort 👏",
    ],
)
def test_praise_beside_a_breach_is_sarcasm(text: str) -> None:
    """Kind words do not cover a broken promise."""
    assert classify(text).kind is Kind.COMPLAINT


@pytest.mark.parametrize(
    "text",
    [
        "Thanks in advance, could you send me the invoice?",
        "Спасибо заранее, пришлите чек",
        "Дякую наперед, надішліть чек",
        "Danke im Voraus, könnt ihr mir die Rechnung schicken?",
    ],
)
def test_thanks_in_advance_ask(text: str) -> None:
    """Politeness beside a question is no praise."""
    assert classify(text).kind is Kind.REQUEST


def test_a_complaint_needs_no_negative_word() -> None:
    """A date and silence are enough."""
    assert classify("I ordered on Monday last month and still no parcel").kind is Kind.COMPLAINT


@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "12345", "🙂🙃", "\ud800", "@shop", "…"])
def test_nothing_said_is_other(text: str) -> None:
    """Where no word is, nobody waits: other, low, no language."""
    verdict = classify(text)

    assert (verdict.kind, verdict.urgency, verdict.language) == (Kind.OTHER, Urgency.LOW, "und")


def test_long_texts_are_read_at_both_ends() -> None:
    """What is said at the very end of 100 KB counts, and points there; the middle does not."""
    filler = "la " * 33_000
    text = filler + "refund me"

    assert evidence(text, "topic:refunds") == ["refund"]
    assert classify(text).evidence[0].start > len(filler) - TAIL
    assert evidence(filler[:60_000] + "refund me" + filler[:60_000], "topic:refunds") == []


@pytest.mark.parametrize(
    "text",
    ["a" * 100_000, "not " * 25_000, "!?" * 50_000, "@" * 100_000, "still not " * 10_000],
)
def test_the_work_is_bounded(text: str) -> None:
    """No text makes more tokens than the window has characters."""
    assert len(read(text).keys) <= HEAD + TAIL
    classify(text)


def test_spelling_is_evened_out() -> None:
    """Stretched, accented and apostrophised words meet in one key."""
    assert fold("ПРИВЕЕЕЕТ") == fold("привет")
    assert fold("моё") == fold("мое\u0308") == "мое"
    assert fold("Straße") == fold("strasse")
    assert fold("für") == fold("fuer")
    assert fold("don’t") == fold("dont")
    assert fold("пʼять") == fold("п'ять") == fold("пять")
    assert fold("we'll") != fold("well")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("где заказ", "ru"),
        ("коли буде", "uk"),
        ("з'явиться?", "uk"),
        ("wo bleibt es", "de"),
        ("where is it", "en"),
        ("gde moy zakaz", "ru"),
        ("de moye zamovlennya, chekayu", "uk"),
        ("Mein iPhone 15 Pro Max Case ist da", "de"),
        ("Дай мне iPhone 15 Pro Max Titanium", "ru"),
        ("¿dónde está mi pedido?", "es"),
        ("où est ma commande", "fr"),
        ("注文はどこですか", "ja"),
        ("אין תשובה", "he"),
        ("дзе мая пасылка, няма ўжо тыдзень", "be"),
    ],
)
def test_language_of_short_texts(text: str, language: str) -> None:
    """A few words are enough, in any script."""
    assert identify(read(text)).language == language


def test_kind_in_mixed_language() -> None:
    """Surzhyk is understood whichever of the two languages it is taken for."""
    assert classify("замовлення досі не пришло, жду уже неделю").kind is Kind.COMPLAINT
