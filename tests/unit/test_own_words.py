"""Promises about the user's own words: they decide, and are named as the reason."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.classify import load
from inboxd.classify.own import OwnWords
from inboxd.config import ClassifierSettings
from inboxd.model import Kind, Topic, Urgency

if TYPE_CHECKING:
    from inboxd.model import Verdict


def judged(text: str, **words: object) -> Verdict:
    settings = ClassifierSettings.model_validate(words)
    (verdict,) = OwnWords(load(), settings.own_words).classify([text])
    return verdict


def reasons(verdict: Verdict) -> list[tuple[str, str]]:
    return [(span.text, span.label) for span in verdict.evidence if "classifier." in span.label]


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("почтомат", "ПОЧТОМАТ у дома", "ПОЧТОМАТ"),
        ("почтомат*", "в почтоматах у дома", "почтоматах"),
        ("ёлк*", "елка у дома", "елка"),
        ("wi-fi", "the Wi-Fi there", "Wi-Fi"),
        ("kein .. paket", "kein einziges Paket hier", "kein einziges Paket"),
        ("😈", "ok 😈", "😈"),
        ("/pod\\s?n[yi]/", "my PodNi here", "PodNi"),
    ],
)
def test_a_word_is_found_as_people_write_it(word: str, text: str, found: str) -> None:
    """In any case and spelling, by its beginning, with words between, or by a pattern."""
    verdict = judged(text, complaint=[word])
    assert verdict.kind is Kind.COMPLAINT
    assert [each for each, _ in reasons(verdict)] == [found]
    assert math.isclose(sum(verdict.scores.values()), 1)
    assert max(verdict.scores, key=lambda kind: verdict.scores[kind]) == "complaint"


def test_a_word_does_not_match_within_another() -> None:
    """Without a star it is the whole word."""
    assert reasons(judged("почтоматах", complaint=["почтомат"])) == []


def test_the_reason_is_the_user_s_own_word_and_where_it_stands() -> None:
    """Whoever asks why finds the line of the configuration."""
    verdict = judged("в почтомат", topics={"shipping": ["x", "почтомат"]})
    assert verdict.topics == (Topic.SHIPPING,)
    assert reasons(verdict) == [
        ("почтомат", 'topic:shipping (classifier.topics.shipping[1] = "почтомат")')
    ]


def test_own_topics_come_before_those_of_the_model() -> None:
    """What the model found beside them stays."""
    text = "where is my refund, the locker ate it"
    assert Topic.REFUNDS in judged(text).topics
    topics = judged(text, topics={"shipping": ["locker"]}).topics
    assert topics[0] is Topic.SHIPPING
    assert Topic.REFUNDS in topics


def test_urgency_is_the_highest_that_is_said() -> None:
    """Where words of both kinds stand, the danger counts."""
    words = {"high": ["полици*"], "low": ["просто"]}
    assert judged("просто к слову", urgency=words).urgency is Urgency.LOW
    assert judged("просто звоню в полицию", urgency=words).urgency is Urgency.HIGH


def test_a_complaint_outweighs_the_other_kinds() -> None:
    """Where the user's words disagree, nobody is left waiting."""
    verdict = judged("alpha beta", praise=["alpha"], complaint=["beta"])
    assert verdict.kind is Kind.COMPLAINT


def test_what_is_ignored_speaks_for_nothing() -> None:
    """A product's name is no complaint; what else is said of it counts as ever."""
    text = "is the awful horror in stock?"
    assert judged(text, ignore=["awful horror"]).kind is Kind.REQUEST
    verdict = judged(
        "my awful horror arrived broken, i want my money back", ignore=["awful horror"]
    )
    assert verdict.kind is Kind.COMPLAINT
    (reason,) = reasons(verdict)
    assert reason == ("awful horror", 'ignored (classifier.ignore[0] = "awful horror")')
    assert not any("horror" in span.text for span in verdict.evidence[1:])


def test_a_whole_text_can_be_ignored() -> None:
    """It is nothing that anybody waits for, and keeps its language."""
    text = "ужасно плохо, верните деньги"
    assert judged(text).kind is Kind.COMPLAINT
    verdict = judged(text, ignore=["/^ужасно.*$/"])
    assert (verdict.kind, verdict.language) == (Kind.OTHER, "ru")


def test_words_for_one_language_hold_in_that_language_alone() -> None:
    """The word "gift" is poison in German, and a present in English."""
    words = {"de": {"complaint": ["gift"], "ignore": ["horror"]}}
    assert judged("Das ist Gift für meine Haut, ich habe es gestern gekauft", **words).kind is (
        Kind.COMPLAINT
    )
    assert reasons(judged("thank you for the lovely gift, what a horror", **words)) == []


@given(st.text(st.characters(codec=None), max_size=200))
def test_any_text_gets_a_sound_verdict(text: str) -> None:
    """Whatever a stranger sends, with words of every kind over it."""
    verdict = judged(
        text,
        complaint=["a", "/b+/"],
        topics={"shipping": ["/\\d+/"]},
        ignore=["the", "/[0-5]/"],
        ru={"praise": ["и"]},
    )
    assert math.isclose(sum(verdict.scores.values()), 1)
    for span in verdict.evidence:
        assert text[span.start : span.end] == span.text


def test_the_name_tells_which_words_there_are() -> None:
    """So what a person later corrects is not held against the model alone, nor other words."""
    names = {
        OwnWords(load(), ClassifierSettings(complaint=(word,)).own_words).name
        for word in ("a", "a", "b")
    }
    assert len(names) == 2
    assert all(name.startswith(f"{load().name}+words-") for name in names)
