"""Promises about names in what others wrote: theirs go, everybody else's stay."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.redaction import ERASED, Identity, Redactor, erased_text, is_erased

ANNA = Identity("7340918255", "Анна Коваль", "anna", "https://vk.example/id7340918255")
BLOT = "█"


def of(*people: Identity) -> Redactor:
    return Redactor(people)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call 7340918255 now", f"call {BLOT * 10} now"),
        ("dm:7340918255_17", f"dm:{BLOT * 10}_17"),
        ("57340918255", "57340918255"),
        ("Анна Коваль, АННА КОВАЛЬ", f"{BLOT * 11}, {BLOT * 11}"),
        ("Анна Ковальчук", "Анна Ковальчук"),
        ("thank you, Anna", "thank you, Anna"),
        ("@anna and @annabel", f"@{BLOT * 4} and @annabel"),
        ("vk.example/anna?x", f"vk.example/{BLOT * 4}?x"),
        ("nothing", "nothing"),
    ],
)
def test_only_what_names_them_is_blotted_out(text: str, left: str) -> None:
    """An id, a full name, a handle behind an @: each as long as before, so that offsets hold."""
    assert of(ANNA).redacted(text) == left
    assert of(ANNA).mentions(text) is (text != left)
    assert len(left) == len(text)


@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_stays_json(ascii_only: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Escaped or not; an object that is about them goes as a whole, numbers become 0."""
    raw = {
        "from": 7340918255,
        "text": "Анна Коваль!",
        "profiles": [
            {"id": 7340918255, "first_name": "Анна", "city": "Львів"},
            {"id": 5, "first_name": "Анна"},
        ],
        "flag": True,
    }
    text = json.dumps(raw, ensure_ascii=ascii_only)

    assert of(ANNA).mentions(text)
    assert json.loads(of(ANNA).redacted(text)) == {
        "from": 0,
        "text": f"{BLOT * 11}!",
        "profiles": [{"id": ERASED}, {"id": 5, "first_name": "Анна"}],
        "flag": True,
    }


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 5_000, '["\\ud800", "Анна Коваль"]'])
def test_hostile_json_breaks_nothing(text: str) -> None:
    """However deep it is, and whatever letters it names."""
    assert "Анна" not in of(ANNA).redacted(text)
    assert of(ANNA).redacted(text).encode()
    assert "7340918255" not in of(ANNA).redacted(text + " 7340918255")


def test_a_cursor_forgets_the_entries_that_name_them() -> None:
    """What is not in it is only looked for anew; a blot would be read on from."""
    cursor = json.dumps({"since": 17, "threads": {"a": [1, 7340918255], "b": [2, 3]}})

    assert json.loads(of(ANNA).pruned(cursor)) == {"since": 17, "threads": {"b": [2, 3]}}


@given(st.text())
def test_who_is_not_named_is_not_touched(text: str) -> None:
    """Nobody's words change for somebody of whom they say nothing."""
    stranger = Identity("999999999999999999", "Zzyzx Qwrtpsdf", "zzyzx_qwrt")

    assert of(stranger).redacted(text) == text
    assert of().redacted(text) == text
    assert is_erased(erased_text(text))
    assert ("?" in erased_text(text)) is ("?" in text)
