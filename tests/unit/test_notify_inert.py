"""Foreign texts stay in their place."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.notify.inert import excerpt, isolated, legible, one_line, web_link, width

ANY_TEXT = st.text(st.characters(), max_size=400)


@given(ANY_TEXT)
def test_what_is_legible_stays_as_it_is(text: str) -> None:
    """Cleaning twice changes nothing, so it does not matter who cleans."""
    assert legible(legible(text)) == legible(text)


@given(ANY_TEXT)
def test_no_control_character_survives(text: str) -> None:
    """Nothing is left that a terminal, a mail program or JSON could trip over."""
    left = {unicodedata.category(char) for char in legible(text).replace("\n", "")}
    assert not left & {"Cc", "Cs", "Zl", "Zp"}
    legible(text).encode()


@given(ANY_TEXT)
def test_no_direction_override_survives(text: str) -> None:
    """Nobody can make the words beside a name read backwards."""
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(legible(text))


@given(ANY_TEXT, st.integers(min_value=1, max_value=60))
def test_one_line_is_one_line_within_its_limit(text: str, limit: int) -> None:
    """No line break and no overlong name gets out of its line."""
    line = one_line(text, limit)
    assert width(line) <= limit
    assert len(line.splitlines()) <= 1


@given(ANY_TEXT, st.integers(min_value=0, max_value=200))
def test_an_excerpt_accounts_for_every_character(text: str, limit: int) -> None:
    """What is shown and what is said to be left out add up to the text."""
    shown = excerpt(text, limit)
    assert width(shown.text) <= limit
    assert len(shown.text) + shown.left_out == len(legible(text))
    assert legible(text).startswith(shown.text)


def test_an_excerpt_says_how_much_was_cut() -> None:
    """People see that there is more, and how much."""
    assert str(excerpt("a" * 100_000, 3_000)) == (
        "a" * 3_000 + "…\n[97,000 more characters not shown]"
    )


def test_a_whole_text_bears_no_note() -> None:
    """A text that fits is shown as it was written."""
    assert str(excerpt("Где мой заказ?\nЖду неделю.", 100)) == "Где мой заказ?\nЖду неделю."


@pytest.mark.parametrize(
    ("letter", "room"),
    [("👩\u200d👩\u200d👧", 6), ("e\u0301", 1), ("👍🏽", 3), ("🙂", 1)],
    ids=["family", "combining accent", "skin tone", "surrogate pair"],
)
def test_a_cut_never_goes_through_a_letter(letter: str, room: int) -> None:
    """What people see as one letter is shown whole or not at all."""
    assert excerpt("ok" + letter, 2 + room).text == "ok"


def test_an_endless_letter_is_cut_all_the_same() -> None:
    """A chain of joined emoji cannot push the whole text out of sight."""
    assert excerpt("👩\u200d" * 500, 100).text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x00b", "a�b"),
        ("\x1b[31mred", "�[31mred"),
        ("half \ud83d emoji", "half � emoji"),
        ("abc\u202edcba", "abcdcba"),
        ("x" + "\u200b" * 10_000 + "y", "xy"),
        ("x" + "\u200d" * 10_000 + "y", "x\u200dy"),
        ("Z" + "\u0300" * 500, "Z" + "\u0300" * 4),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("top" + "\n" * 500 + "bottom", "top\n\nbottom"),
        ("left" + " " * 500 + "right", "left        right"),
        ("\u200b\u2060\ufeff", ""),
    ],
)
def test_hostile_characters_become_harmless(hostile: str, shown: str) -> None:
    """Each trick is either visible as a replacement or gone."""
    assert legible(hostile) == shown


def test_ordinary_writing_is_left_alone() -> None:
    """Cyrillic, Arabic, Hebrew, Hindi, emoji and Persian joiners read as they were written."""
    for text in ("Привіт, є питання", "مرحبا", "שָׁלוֹם", "नमस्ते", "👨‍👩‍👧 ❤️ 🇺🇦", "می‌خواهم"):
        assert legible(text) == text


def test_only_right_to_left_words_are_isolated() -> None:
    """Isolation is for those who need it; other names carry no invisible characters."""
    assert isolated("Анна") == "Анна"
    assert isolated("שלום") == "\u2068שלום\u2069"


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://vk.com/wall-1_2?reply=3&thread=4", "https://vk.com/wall-1_2?reply=3&thread=4"),
        ("https://x.com/a|b>\"'\n<c", "https://x.com/a%7Cb%3E%22%27%0A%3Cc"),
        ("https://x.com/пост", "https://x.com/%D0%BF%D0%BE%D1%81%D1%82"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("https://", ""),
        ("http://[broken", ""),
        ("https://x.com/" + "a" * 3_000, ""),
        ("", ""),
    ],
)
def test_only_web_addresses_become_links(url: str, link: str) -> None:
    """A link leads to the web and cannot leave the markup around it."""
    assert web_link(url) == link
