"""The cells: whatever a stranger writes, it takes exactly the room that it is given."""

from __future__ import annotations

import unicodedata
from timeit import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from textual.strip import Strip

from inboxd.core.text import one_line
from inboxd.tui.cells import even, fit

HOSTILE = {
    "family": "Zoë 👩‍👩‍👧‍👦🏳️‍🌈",
    "flags": "🇺🇦🇩🇪🇬🇧 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "hearts": "❤️❤️‍🔥☎️©️™️",
    "keycaps": "1️⃣2️⃣#️⃣",
    "skin": "👍🏽👩🏾‍🚒🏽",
    "zalgo": "Z" + "\u0336\u0353\u030d" * 400 + "a" + "\u0489" * 50,
    "wide": "山田花子の注文が届かない",
    "mixed width": "a山b田c花d子",
    "zero width": "z\u200be\u200br\u200bo\ufeff\u2060",
    "bidi": "\u202eesrever\u202c \u2066x\u2069 \u200fy",
    "escapes": "\x1b[31mred\x1b[0m\x07\x9b1m\x1b]0;title\x07",
    "lines": "one\r\ntwo\u2028three\x0bfour\tfive",
    "surrogates": "lone \ud83d and \udc69 halves",
    "blank names": "\u3164\u2800\u115f\u1160\uffa0",
    "arabic": "أين طلبي؟ لم يصل بعد ﷽",
    "hebrew": "שָׁלוֹם",
    "hindi": "मेरा ऑर्डर कहाँ है? क्ष",
    "thai": "สินค้ายังไม่ถึง น้ำ",
    "korean": "안녕하세요 각 ᄀ",
    "fancy": "𝓗𝓮𝓵𝓵𝓸 𝟜𝟚 Ａｂｃ ﾊﾞ",
    "giants": "﷽⸻𒐫𒀱",
    "private": "\ue000\U000f0000\U0010ffff\u0378",
    "markup": "[/red][b]bold?[/b]",
    "selectors only": "\ufe0f\u200d\ufe0f\u0301\U0001f3fd",
}


@pytest.mark.parametrize("width", [1, 2, 3, 7, 20, 120])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_exactly_its_cells(text: str, width: int) -> None:
    """Sequences, marks, controls and invisible letters neither lengthen nor shorten a cell."""
    assert measured(fit(text, width)) == width
    assert measured(fit(text, width, right=True)) == width


@given(st.text(st.characters(exclude_categories=())), st.integers(1, 40))
def test_any_text_takes_exactly_its_cells(text: str, width: int) -> None:
    """Whoever counts, sequence by sequence or character by character, comes to the same width."""
    cell = fit(text, width)
    assert measured(cell) == cell_len(cell) == width
    assert Strip([Segment(cell)]).cell_length == width


@given(st.text(st.characters(exclude_categories=())))
def test_even_text_stays_as_it_is(text: str) -> None:
    """What was made even once is not changed by being made even again, and is inert."""
    line = even(text)
    assert even(line) == line
    assert one_line(line, 10_000) == line[:10_000]
    line.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Анна Коваль", "Анна Коваль"),
        ("Zoë 👩‍👩‍👧‍👦🏳️‍🌈", "Zoë 👩🏳"),
        ("🇺🇦 Ї", "UA Ї"),
        ("I ❤️ it 👍🏽", "I ❤ it 👍"),
        ("1️⃣", "1"),
        ("и\u0306 а\u0301", "й а\u0301"),
        ("𝓗𝓮𝓵𝓵𝓸", "Hello"),
        ("می\u200cخواهم", "میخواهم"),
        ("a\u200db", "ab"),
        ("山田", "山田"),
        ("\u3164", ""),
        ("\x1b[31mred", "[31mred"),
        (" two\n\nlines ", "two lines"),
        ("[/red]", "[/red]"),
        ("\ud83d", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_text_stays_legible(text: str, shown: str) -> None:
    """What is shown is the nearest thing to what was written that cannot move its neighbours."""
    assert even(text) == shown


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    """A wide character that would be cut in half is left out, its half is padded."""
    assert fit("complaint", 5) == "comp…"
    assert fit("山田花子", 4) == "山… "
    assert fit("12.4k", 7, right=True) == "  12.4k"
    assert fit("x", 0) == ""


def test_the_end_of_a_long_text_is_not_looked_at() -> None:
    """100 KB cost what a long line costs, and tell that there is more."""
    long, short = "ж\u0301" * 50_000, "ж\u0301" * 500
    assert fit(long, 40) == fit(short, 40)
    assert fit(" " * 100_000 + "x", 10).strip() == "…"
    seconds = timeit(lambda: fit(long, 40), number=50)
    assert seconds < 5 * timeit(lambda: fit(short, 40), number=50)


def measured(line: str) -> int:
    """Return the width of *line* as a terminal counts that knows nothing of sequences."""
    assert not set(line) & set("\u200d\ufe0f\ufe0e\t\n\x1b")
    return sum(
        0 if unicodedata.category(each) == "Mn" else get_character_cell_size(each) for each in line
    )
