"""The notation of the word lists, and that the packaged lists use it well."""

from __future__ import annotations

import pytest

from inboxd.classify.lexicon import Lexicon, LexiconError, packaged, read_phrases
from inboxd.classify.romanise import skeleton
from inboxd.classify.tokens import read
from inboxd.model import Kind, Topic, Urgency

LISTS = ("common", "ru", "uk", "de", "en")


def found(lines: str, text: str) -> list[str]:
    """Return the words of each match of a list of phrases in *text*."""
    reading = read(text)
    matches = Lexicon(read_phrases(lines.splitlines())).search(reading)
    return [" ".join(reading.keys[token] for token in match.tokens) for match in matches]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("late", "LATE, later", ["late"]),
        ("deliver*", "undelivered delivery", ["delivery"]),
        ("my|our box", "our box", ["our box"]),
        ("<DAY> late", "two days late", ["days late"]),
        ("<N> days", "14 days", ["14 days"]),
        ("so? late", "so late", ["so late"]),
        ("never .. came", "it never really came", ["never came"]),
        ("never .. came", "it never a b c d e came", []),
        ("never .. came", "Never. It came", []),
        ("never came", "never, came", ["never came"]),
    ],
)
def test_notation(phrase: str, text: str, expected: list[str]) -> None:
    """Each sign of the notation matches what the module says, and no more."""
    lines = f"@DAY = day|days\n@N = two\n# a comment\n[kind:complaint 1]\n{phrase}"

    assert found(lines, text) == expected


def test_longest_phrase_of_a_dimension_wins() -> None:
    """Words of a longer phrase are not counted again, except by another dimension."""
    lines = "[topic:payment 1]\ncard\n[topic:gift_cards 1]\ngift card\n[kind:request 1]\ncard"

    assert found(lines, "gift card") == ["gift card", "card"]


@pytest.mark.parametrize(
    "lines", ["late", "[kind:complaint 1]\n<one two> three", "[kind:complaint 1]\n<TIEM> late"]
)
def test_bad_list_is_refused(lines: str) -> None:
    """A slip in a list is an error, never a phrase that silently matches nothing."""
    with pytest.raises(LexiconError):
        list(read_phrases(lines.splitlines()))


@pytest.mark.parametrize("name", LISTS)
def test_packaged_list_is_sound(name: str) -> None:
    """Every label of the packaged lists is one that the rules know."""
    cues = {"negation", "but", "if", "sarcasm"}
    known = {
        *(f"kind:{kind}" for kind in Kind),
        *(f"topic:{topic}" for topic in Topic),
        *(f"urgency:{urgency}" for urgency in Urgency),
        *(f"cue:{cue}" for cue in cues),
        *("hold:time", "hold:none"),
    }

    phrases = list(packaged(name))

    assert phrases
    assert {phrase.label for phrase in phrases} <= known
    assert all(word not in "<>@" for phrase in phrases for word in phrase.steps)


@pytest.mark.parametrize("name", ["ru", "uk", "de", "en"])
def test_every_language_knows_every_topic(name: str) -> None:
    """No language lacks words for a kind, a topic or an urgency."""
    labels = {phrase.label for phrase in packaged(name)}

    assert {f"topic:{topic}" for topic in Topic if topic is not Topic.OTHER} <= labels
    assert {f"kind:{kind}" for kind in Kind} <= labels
    assert {"urgency:high", "urgency:low"} <= labels
    assert {"hold:time", "hold:none"} <= labels


@pytest.mark.parametrize(
    ("cyrillic", "latin"),
    [
        ("жду", "zhdu"),
        ("жду", "jdu"),
        ("деньги", "dengi"),
        ("щось", "shchos"),
        ("гроші", "hroshi"),
        ("хочу", "khochu"),
        ("хочу", "hochu"),
        ("прийшло", "pryishlo"),
        ("ещё", "eshche"),
        ("возврат", "vozvrat"),
    ],
)
def test_skeleton_is_the_same_in_both_alphabets(cyrillic: str, latin: str) -> None:
    """The usual ways to write a word in Latin letters meet its Cyrillic form."""
    assert skeleton(read(cyrillic).keys[0]) == skeleton(latin)
