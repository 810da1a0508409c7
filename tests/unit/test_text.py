"""Promises about texts from strangers."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.text import comparable, inert, one_line, storable

ANY_TEXT = st.text(st.characters(categories=None))
UNSEEN = {
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    *"\u180e\u200b\u2060\u2061\u206a\u206f\ufeff\ufff9\ufffa\ufffb",
}
"""What turns a text round, and what takes no room and means nothing."""


@given(ANY_TEXT)
def test_every_text_becomes_storable_and_stays_as_long(text: str) -> None:
    """What a database or a UTF-8 stream cannot carry becomes U+FFFD, one for one."""
    kept = storable(text)
    assert kept.encode().decode() == kept
    assert "\x00" not in kept
    assert len(kept) == len(text)
    assert storable(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Где мой заказ?",
        "де\nзамовлення",
        "\u200f\u05e9\u05dc\u05d5\u05dd",
        "\U0001f468\u200d\U0001f469",
    ],
)
def test_what_can_be_stored_is_stored_as_it_came(text: str) -> None:
    """Emoji, right-to-left marks and line breaks are the customer's own."""
    assert storable(text) == text


@given(ANY_TEXT, st.integers(1, 80))
def test_one_line_is_one_harmless_line(text: str, width: int) -> None:
    """Nothing in a stranger's text leaves its line, moves the cursor or turns the text round."""
    line = one_line(text, width)
    assert len(line) <= width
    assert len(line.splitlines()) <= 1
    controls = [c for c in line if unicodedata.category(c) == "Cc"]
    assert controls == []
    assert not set(line) & UNSEEN


def test_one_line_cuts_what_is_too_long_and_says_so() -> None:
    """A text of 100 KB costs no more than its beginning."""
    assert one_line("ж" * 100_000, 10) == "ж" * 9 + "…"
    assert one_line("  two\r\n\twords  ", 40) == "two words"


@given(ANY_TEXT)
def test_inert_keeps_lines_and_takes_out_what_a_terminal_obeys(text: str) -> None:
    """Escape sequences, bells and overrides are gone; tabs and line breaks stay."""
    kept = inert(text)
    assert all(unicodedata.category(c) not in {"Cc", "Zl", "Zp"} or c in "\n\t" for c in kept)
    assert not set(kept) & UNSEEN


def test_inert_disarms_an_escape_sequence() -> None:
    """A comment cannot clear the screen of who reads it."""
    assert inert("a\x1b[2J\u202eb\r\nc") == "a[2Jb\nc"


@pytest.mark.parametrize("unseen", sorted(UNSEEN))
def test_what_is_not_seen_neither_turns_a_text_round_nor_parts_its_words(unseen: str) -> None:
    """An Arabic letter mark or a byte order mark in the middle of a word leaves that word."""
    assert one_line(f"Za{unseen}hlung", 40) == "Zahlung"
    assert inert(f"Za{unseen}hlung") == "Zahlung"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_inert_knows_one_end_of_a_line_only(end: str) -> None:
    """Whatever ends a line somewhere ends it everywhere, and once."""
    assert inert(f"one{end}two") == "one\ntwo"
    assert one_line(f"one{end}two", 40) == "one two"


@pytest.mark.parametrize(
    "text", ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "می\u200cخواهم", "❤\ufe0f"]
)
def test_joiners_that_make_a_picture_or_a_word_stay(text: str) -> None:
    """A family stays a family, and a Persian word is written as it is."""
    assert one_line(text, 40) == inert(text) == text


def test_half_a_character_is_taken_out() -> None:
    """What no stream of UTF-8 can carry does not break the writing of a whole screen."""
    assert inert("a\ud800b") == "ab"
    assert one_line("a\udfffb", 10) in {"ab", "a b"}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("@anna Danke, erledigt", "Danke, erledigt"),
        ("Danke, erledigt", "@anna @shop Danke,\n erledigt"),
        ("Готово, ждём", "[id5:bp-123456_7|Иван Петров], Готово, ждём"),
        ("Details: shop.example/faq", "Details: https://shop.example/faq"),
        ("Siehe http://shop.example.", "Siehe https://shop.example/."),
        ("(HTTPS://shop.example/faq/)", "(shop.example/faq)"),
    ],
)
def test_what_a_network_changes_in_a_reply_leaves_it_the_same_reply(
    written: str, shown: str
) -> None:
    """Who is named in front is cut or added, and links get a scheme or a slash."""
    assert comparable(written) == comparable(shown)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Danke, erledigt", "Danke, erledigt!"),
        ("Danke @anna", "Danke"),
        ("@anna", "@bert"),
        ("[id5|Anna], erledigt", "erledigt"),
        ("shop.example/faq", "shop.example/agb"),
        ("entweder/", "entweder"),
        ("Erledigt", "erledigt"),
    ],
)
def test_other_words_are_another_reply(one: str, other: str) -> None:
    """A reply that is taken for sent and is not leaves a customer waiting."""
    assert comparable(one) != comparable(other)
