"""A row: what one line tells of a case, at every width."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from inboxd.core.waits import CaseStatus, WaitKind
from inboxd.model import Author, Stream, Topic, Urgency
from inboxd.tui.inbox.rows import (
    Facts,
    Ink,
    due,
    heading,
    layout,
    line,
    many,
)
from tests.tui.listings import PLAIN, numbered
from tests.tui.stage import HOSTILE, NOW

FACTS = Facts(NOW, UTC, "Olena", timedelta(minutes=48), timedelta(minutes=12))


def said(row: object = PLAIN, width: int = 160, **facts: object) -> str:
    """Return one line as it is read."""
    return "".join(text for text, _ in line(row, replace(FACTS, **facts), layout(width)))  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [79, 97, 98, 99, 110, 119, 139, 140, 159, 220])
def test_every_line_is_as_wide_as_the_list(width: int) -> None:
    """Whatever a case is like, its columns stand below their names and end where the list ends."""
    wild = replace(
        PLAIN, author=Author("x", "👩‍👩‍👧‍👦" * 300, followers=10**12), text=HOSTILE * 50,
        promised="\u202e" * 90, assigned_to="Ы" * 10_000, taken_by="\x1b[31m" * 99, unanswered=10**9,
        topics=tuple(Topic), language="zz" * 50, network="\u200d山", since=NOW - timedelta(days=90_000),
        due_at=NOW - timedelta(days=90_000),
    )  # fmt: skip
    age = timedelta(days=90_000)
    for row in [wild, *map(numbered, range(200))]:
        assert cell_len(said(row, width, age=age, others=("山" * 99,))) == width
    assert cell_len(heading(layout(width))) == width


def test_eighty_columns_still_show_the_first_line() -> None:
    """A narrow screen drops topics, followers and language, and keeps what decides and is said."""
    shown = said(replace(PLAIN, urgency=Urgency.HIGH, text="Где моя посылка?"), 79)
    assert shown.split() == [
        "12m",
        "left",
        "48m",
        "VK",
        "dm",
        "Анна",
        "Коваль",
        "!complaint",
        "Где",
        "моя",
        "посылка?",
    ]


def test_a_wide_line_tells_everything() -> None:
    """What there is room for is told in words."""
    row = replace(
        PLAIN, case_id=123_456, author=Author("o", "Olga", followers=12_400), taken_by="Max", assigned_to="Olena",
        public=True, stream=Stream.COMMENTS, unanswered=3,
    )  # fmt: skip
    shown = said(row, 200, others=("Max replying",), marked=True, selected=True)
    for words in (
        "▸✓", "◉ VK comment", "12.4k Olga", "complaint", "refunds", " uk 123456 ", "[Max replying]",
        "[taken by Max, for you]", "[3 messages]", "Верните деньги",
    ):  # fmt: skip
        assert words in shown


@pytest.mark.parametrize(
    ("changes", "to_due", "word", "ink"),
    [
        ({}, 12, "12m left", Ink.SOON),
        ({"due_at": NOW + timedelta(hours=30)}, 180, "3h left", Ink.PLAIN),
        ({"due_at": NOW + timedelta(hours=16)}, 60, "60m left", Ink.SOON),
        ({"due_at": NOW + timedelta(seconds=40)}, 0, "now", Ink.SOON),
        ({"due_at": NOW}, 0, "now", Ink.LATE),
        ({"due_at": NOW - timedelta(hours=17)}, 120, "2h over", Ink.LATE),
        ({"due_at": NOW - timedelta(days=9)}, 72 * 60, "72h over", Ink.LATE),
        ({"due_at": None}, 0, "no target", Ink.QUIET),
        ({"snoozed_until": NOW + timedelta(hours=1)}, 12, "asleep", Ink.QUIET),
        ({"snoozed_until": NOW - timedelta(hours=1)}, 12, "12m left", Ink.SOON),
        ({"wait": None, "status": CaseStatus.ANSWERED}, 0, "answered", Ink.QUIET),
    ],
)
def test_what_is_due_is_told_in_two_words(
    changes: dict[str, object], to_due: int, word: str, ink: Ink
) -> None:
    """How far off it is counts in business time; whether it is late, by the clock."""
    row = replace(PLAIN, **changes)  # type: ignore[arg-type]
    assert due(row, NOW, timedelta(minutes=to_due)) == (word, ink)


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"snoozed_until": datetime(2026, 11, 26, 9, tzinfo=UTC)}, "[until Thu 09:00]"),
        ({"wait": WaitKind.PROMISE, "promised": "heute"}, "[promised by 08:42]"),
        ({"promised": "heute bis 18 Uhr"}, "[promised “heute bis 18 Uhr”]"),
        ({"wait": WaitKind.RESOLUTION}, "[sent elsewhere]"),
        ({"assigned_to": "Max"}, "[for Max]"),
        (
            {"wait": None, "status": CaseStatus.CLOSED, "close_reason": "spam"},
            "[spam]",
        ),
    ],
)
def test_a_mark_tells_what_to_know_before_one_begins(changes: dict[str, object], note: str) -> None:
    """Each stands in brackets before the text, so that it needs no colour."""
    assert f"{note} Верните" in said(replace(PLAIN, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("taken", "wanted", "wide", "narrow"),
    [
        ("Olena", "", "[taken by you]", "[by you]"),
        ("Olena", "Olena", "[taken by you]", "[by you]"),
        ("Olena", "Max", "[taken by you, for Max]", "[by you]"),
        ("Max", "Olena", "[taken by Max, for you]", "[by Max]"),
        ("", "Olena", "[for you]", "[for you]"),
        ("Maximilian-Alexander", "Max", "[taken by Maximilian-…, for Max]", "[by Maximilia…]"),
    ],
)
def test_whose_a_case_is_is_told_once(taken: str, wanted: str, wide: str, narrow: str) -> None:
    """Who has taken it; whom it is for only where nobody has, or that is somebody else."""
    row = replace(PLAIN, taken_by=taken, assigned_to=wanted)
    for width, tag in ((160, wide), (79, narrow)):
        shown = said(row, width)
        assert f"{tag} Вер" in shown
        assert shown.count("[") == tag.count("[")


def test_marks_leave_room_for_the_text() -> None:
    """However many marks there are, the beginning of the text is seen."""
    row = replace(PLAIN, taken_by="M" * 90, assigned_to="A" * 90, wait=WaitKind.RESOLUTION)
    assert "Верните…" in said(row, 79)
    assert "Верните деньги" in said(row, 159)


@pytest.mark.parametrize("width", range(30, 130))
def test_no_mark_is_an_empty_bracket(width: int) -> None:
    """Where a mark has no room to say anything the text has it all."""
    row = replace(PLAIN, taken_by="Maximilian", wait=WaitKind.RESOLUTION)
    shown = said(row, width, others=("Olena replying",))
    assert "[]" not in shown
    assert "[…" not in shown


def test_a_number_never_follows_an_arabic_name() -> None:
    """A terminal that knows bidirectional text would draw it on the name's other side."""
    shown = said(replace(PLAIN, author=Author("m", "محمد علي", followers=9_000)))
    assert shown.index("9.0k") < shown.index("محمد")
    assert shown[shown.index("علي") + 3 :].split()[0] == "complaint"


def test_an_author_without_a_name_is_called_by_the_handle() -> None:
    """Nobody is an empty cell."""
    assert "@anna" in said(replace(PLAIN, author=Author("a", "", "anna")))
    assert "(no name)" in said(replace(PLAIN, author=Author("a", "\u3164\u2800", "\u200b")))
    assert "(no words)" in said(replace(PLAIN, text="\u200b "))
    assert "(unknown)" in said(replace(PLAIN, author=None))


def test_numbers_are_short() -> None:
    """Five cells are enough for any."""
    assert [many(each) for each in (999, 1_000, 12_400, 940_000, 3_000_000)] == [
        "999", "1.0k", "12.4k", "940k", "3.0M",
    ]  # fmt: skip
