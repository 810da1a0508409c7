"""Promises about texts laid out in rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from inboxd.tui.wrapping import Piece, breaks, row_len, short, tame, wrap

_TEXTS = st.text(alphabet=st.sampled_from("abжщ 漢字 👩‍👩‍👧🏳️\n\t\u0301\u200d-"), max_size=200).map(
    tame
)
"""Tamed, as all that is wrapped: of sequences whose width is disputed nothing is left."""


@given(_TEXTS, st.integers(2, 60))
def test_no_row_is_wider_than_the_screen(text: str, width: int) -> None:
    """Whatever is written, in whatever script, a row ends where the screen does."""
    assert all(row_len(row) <= width for row in wrap([Piece(text)], width))


@given(_TEXTS, st.integers(2, 60))
def test_wrapping_loses_blanks_only(text: str, width: int) -> None:
    """Every letter is in exactly one row, and the rows keep their order."""
    kept = "".join(text[begin:end] for begin, end in breaks(text, width))
    assert "".join(kept.split()) == "".join(text.split())


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_tamed_part_has_nothing_that_a_terminal_obeys(one: str, other: str) -> None:
    """Parts can be tamed one by one and joined: no control character comes through."""
    joined = tame(one) + tame(other)
    assert all(char.isprintable() or char == "\n" for char in joined)


def test_words_stay_whole_and_marks_keep_their_place() -> None:
    """A row is broken between words, and what is marked stays marked on both sides of a break."""
    pieces = [Piece("one "), Piece("two three", "mark"), Piece(" four")]
    rows = wrap(pieces, 9, first=(Piece("> "),))
    assert rows == [
        (Piece("> "), Piece("one "), Piece("two", "mark")),
        (Piece("  "), Piece("three", "mark")),
        (Piece("  "), Piece("four")),
    ]


def test_a_word_that_is_wider_than_the_screen_is_cut() -> None:
    """An address without blanks is shown to its end, in as many rows as it takes."""
    assert [row[1].text for row in wrap([Piece("x" * 25)], 12, first=(Piece("  "),))] == [
        "x" * 10,
        "x" * 10,
        "x" * 5,
    ]


def test_a_name_is_as_short_as_it_must_be() -> None:
    """Ten thousand letters become so many cells, wide letters counted as two."""
    assert cell_len(short("漢" * 10_000, 20)) <= 20
    assert short("Anna", 20) == "Anna"
