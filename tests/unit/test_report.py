"""Promises about the forms of a scorecard: the same figures in each, and no name that does harm."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from datetime import UTC, timedelta
from html.parser import HTMLParser

import pytest
from rich.cells import cell_len

from inboxd.core.scorecard.model import Better, Figure, Unit
from inboxd.report import as_csv, as_html, as_json, as_markdown, as_text, gaps, words
from inboxd.report.outline import parts
from tests.unit import cards

CARDS = {"full": cards.full, "empty": cards.empty, "hostile": cards.hostile}
FORMS = {
    "text": as_text,
    "html": as_html,
    "markdown": as_markdown,
    "json": as_json,
    "csv": as_csv,
}
MOVING = re.compile("[\u202a-\u202e\u2066-\u2069\u2028\u2029\x7f-\x9f]")


class Tags(HTMLParser):
    """Collects the tags of a page with their attributes, and which are open."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that opens."""
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """See that a tag closes what was opened last."""
        assert self.open.pop() == tag


def figure(unit: Unit, value: float | None, **more: object) -> Figure:
    """A figure with whatever else is said of it."""
    return Figure("key", "Label", unit, value, **more)  # type: ignore[arg-type]


def rows_of(text: str) -> list[dict[str, str]]:
    """Return what a spreadsheet reads."""
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figure(Unit.COUNT, 12345), "12,345"),
        (figure(Unit.SHARE, 0.43), "43 %"),
        (figure(Unit.SHARE, 0.0004), "0.1 %"),
        (figure(Unit.SHARE, 0.9996), "99.9 %"),
        (figure(Unit.SHARE, 0.0), "0 %"),
        (figure(Unit.MARK, 3.61), "3.6 of 5"),
        (figure(Unit.SECONDS, 90_061), "1d 1h"),
        (figure(Unit.OPEN_SECONDS, 90_061), "25h 1m"),
        (figure(Unit.OPEN_SECONDS, 59.6), "1m"),
        (figure(Unit.SECONDS, 42), "42s"),
        (figure(Unit.SECONDS, None, why="nobody wrote"), "–"),
    ],
)
def test_values_are_said_in_their_unit(shown: Figure, expected: str) -> None:
    """Business time has no days, a share is 0 or 100 only where it is, and unknown is no number."""
    assert words.said(shown) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (figure(Unit.SHARE, 3 / 7, of=7, low=0.16, high=0.75), "3 of 7"),
        (figure(Unit.SHARE, 0.43, of=28, low=0.27, high=0.61), "43 % (27–61 %)"),
        (figure(Unit.SHARE, 0.43, of=28_000, low=0.42, high=0.44), "43 %"),
    ],
)
def test_a_share_of_few_shows_how_unsure_it_is(shown: Figure, expected: str) -> None:
    """The numbers themselves of fewer than ten, else the interval where it is wide."""
    assert words.briefly(shown) == expected


def test_a_change_is_judged_only_where_it_can_be() -> None:
    """What lies within the interval may be chance; less of a time is better."""
    faster = figure(Unit.SECONDS, 600.0, low=500, high=700, before=1200.0, better=Better.LESS)
    same = figure(Unit.SECONDS, 600.0, low=500, high=700, before=650.0, better=Better.LESS)
    fewer = figure(Unit.COUNT, 5.0, before=10.0)

    assert words.change_in_words(faster) == "-10m, better"
    assert words.change_in_words(same) == "-50s, may be chance"
    assert words.change_in_words(fewer) == "-5 (-50 %)"
    assert words.change_in_words(figure(Unit.COUNT, 5.0)) == ""


@pytest.mark.parametrize("name", ["text", "html", "markdown"])
def test_a_reason_that_holds_for_all_is_said_once_a_chapter(name: str) -> None:
    """Eight figures in brief that nobody can know are not eight times the same sentence."""
    card = cards.full()
    dark = [
        replace(section, figures=tuple(map(darkened, section.figures))) for section in card.sections
    ]
    text = FORMS[name](replace(card, sections=tuple(dark), breakdowns=(), rivals=(), problems=()))

    assert text.count("nothing was read yet") == 1 + len(dark)
    assert "| ---: |\n\n" not in text


def darkened(figure: Figure) -> Figure:
    """The same figure, of which nothing is known."""
    return replace(figure, value=None, low=None, high=None, why="nothing was read yet")


def test_sources_that_were_blind_together_are_told_together() -> None:
    """A line for each trouble, over all of its span; another account, reason or hour has its own."""
    first = replace(cards.full().gaps[0], mended=False)
    began, ended = first.began_at + timedelta(minutes=3), first.ended_at
    assert ended
    second = replace(first, source="feed", began_at=began, ended_at=ended + timedelta(minutes=5))
    sooner = replace(first, source="boards", began_at=began, ended_at=ended - timedelta(hours=1))
    lasts = replace(first, source="stories", began_at=began, ended_at=None)
    other = replace(first, account="shop-fb")

    told = gaps.in_words([first, second, sooner, lasts, other], UTC)

    assert [each.split(": the network could not be reached")[0] for each in told] == [
        "shop-vk (comments, feed) was not read from 2026-10-12 08:05 to 2026-10-12 14:45 (6h 40m)",
        "shop-vk (boards) was not read from 2026-10-12 08:08 to 2026-10-12 13:40 (5h 32m)",
        "shop-vk (stories) was not read since 2026-10-12 08:08, and still is not",
        "shop-fb (comments) was not read from 2026-10-12 08:05 to 2026-10-12 14:40 (6h 35m)",
    ]


def test_why_something_was_not_read_is_said_in_words() -> None:
    """Also where no error says it: what was lost stands there in words already."""
    (gap,) = cards.full().gaps
    reasons = ("slow", "blind", "not_running", "events older than VK keeps them")
    told = gaps.in_words([replace(gap, reason=each, mended=False) for each in reasons], UTC)
    assert [line.partition("(6h 35m): ")[2].partition(";")[0] for line in told] == [
        "reading took too long",
        "no read came to its end",
        "inboxd did not run",
        "events older than VK keeps them",
    ]


def test_what_was_read_late_at_the_same_time_is_counted_once() -> None:
    """Sources that were late for different reasons, or not equally long, were so together."""
    (first,) = cards.full().gaps
    assert first.ended_at
    limited = replace(first, source="feed", reason="RateLimited")
    longer = replace(first, source="boards", ended_at=first.ended_at + timedelta(hours=1))
    later = [
        replace(each, began_at=each.began_at + timedelta(1), ended_at=each.ended_at + timedelta(1))
        for each in (first, limited)
        if each.ended_at
    ]

    (once,) = gaps.in_words([first, limited, longer], UTC)
    (twice,) = gaps.in_words([first, limited, longer, *later], UTC)

    longest = "from 2026-10-12 08:05 to 2026-10-12 15:40 (7h 35m); what was written came later"
    assert once == f"shop-vk was not read {longest}"
    assert twice == f"shop-vk was not read 2 times, 14h 10m in all, the longest {longest}"


def test_what_was_read_late_is_told_last_and_shortly() -> None:
    """Nothing of it is missing: how often, how long, and the longest time, for each account."""
    (first,) = cards.full().gaps
    assert first.ended_at
    days = [
        replace(first, began_at=first.began_at + day, ended_at=first.ended_at + longer)
        for day, longer in ((timedelta(1), timedelta(1)), (timedelta(2), timedelta(2, 3600)))
    ]
    lost = replace(first, account="shop-fb", reason="not_running", mended=False)

    told = gaps.in_words([first, *days, replace(first, account="shop-x"), lost], UTC)

    assert told == [
        (
            "shop-fb (comments) was not read from 2026-10-12 08:05 to 2026-10-12 14:40 (6h 35m): "
            "inboxd did not run; what was written may be missing"
        ),
        (
            "shop-vk was not read 3 times, 20h 45m in all, the longest from 2026-10-14 08:05 to "
            "2026-10-14 15:40 (7h 35m); what was written came later"
        ),
        (
            "shop-x (comments) was not read from 2026-10-12 08:05 to 2026-10-12 14:40 (6h 35m): "
            "the network could not be reached; what was written came later"
        ),
    ]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("card", CARDS)
def test_no_form_lets_through_what_moves_a_cursor_or_a_text(name: str, card: str) -> None:
    """Names from networks are shown, and neither obeyed nor broken over lines."""
    text = FORMS[name](CARDS[card]())
    shown = text.replace("\r\n", "\n").replace("\n", "") if name != "json" else text
    controls = {each for each in shown if unicodedata.category(each) == "Cc"} - {"\n"}

    assert not controls
    assert not MOVING.search(shown)


@pytest.mark.parametrize("width", [64, 80, 120])
@pytest.mark.parametrize("card", CARDS)
def test_the_terminals_form_fits_its_width(card: str, width: int) -> None:
    """No line is wider than the terminal, whatever customers and staff are called."""
    lines = as_text(CARDS[card](), width).split("\n")

    assert max(map(cell_len, lines)) <= width


def test_the_terminals_form_has_colours_only_where_they_are_wanted() -> None:
    """Without colour there is not one escape sequence, and the words are the same."""
    plain, coloured = as_text(cards.full()), as_text(cards.full(), coloured=True)

    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured).split() == plain.split()


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_people_are_told_the_gaps_before_any_figure(form: str) -> None:
    """What was not read stands above what was counted."""
    text = FORMS[form](cards.full())

    assert 0 < text.index("was not read") < text.index("Customers")


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_what_is_unknown_is_a_dash_with_its_reason(form: str) -> None:
    """It is never 0."""
    line = next(each for each in FORMS[form](cards.empty()).split("\n") if "Response rate" in each)

    assert "–" in line
    assert "nobody wrote" in line
    assert "0" not in line


def test_a_chapter_of_which_nothing_is_known_lists_no_figures() -> None:
    """One reason stands for all of it; where others are known, those are named that are not."""
    card = cards.full()
    section = card.sections[0]
    why = "nothing was read in this period"
    dark = [replace(each, value=None, why=why) for each in section.figures]
    part = parts(replace(card, sections=(replace(section, figures=tuple(dark)),)))[0]
    assert part.notes == (f"– {why}",)

    partly = (*dark, cards.count("more", "More", 1))
    part = parts(replace(card, sections=(replace(section, figures=partly),)))[0]
    assert part.notes == (f"– {why}: {'; '.join(each.label for each in dark)}",)


def test_json_says_null_and_why() -> None:
    """Programs tell unknown from nothing."""
    sections = json.loads(as_json(cards.empty()))["sections"]
    messages, rate, _ = sections[0]["figures"]

    assert (messages["value"], messages["why"]) == (0, "")
    assert (rate["value"], rate["low"], rate["why"]) == (None, None, "nobody wrote")


def test_json_keeps_names_as_they_are() -> None:
    """A program that looks for an account finds it."""
    told = json.loads(as_json(cards.hostile()))

    assert tuple(told["accounts"]) == cards.EVIL


def test_a_spreadsheet_gets_each_figure_with_its_key_and_bounds() -> None:
    """Rows of all and of one network are told apart, and unknown is an empty cell."""
    rows = rows_of(as_csv(cards.full()))
    found = {(row["section"], row["name"], row["key"]): row for row in rows}
    rate = found["answering", "", "response_rate"]

    assert (rate["unit"], rate["of"], rate["value"]) == ("share", "1120", "0.940179")
    assert (rate["low"], rate["high"], rate["before"]) == ("0.926179", "0.954179", "0.9")
    assert found["breakdown", "facebook", "contacts"]["value"] == "390"
    late = found["promises", "", "broken_by"]
    assert (late["value"], late["why"]) == ("", "no promise named a time")


def test_a_spreadsheet_runs_no_name_as_a_formula() -> None:
    """Whoever is called =cmd|… is shown as such."""
    read = csv.reader(io.StringIO(as_csv(cards.hostile()).removeprefix("\ufeff"), newline=""))

    for row in read:
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or re.fullmatch(r"-[0-9.]+", cell)


@pytest.mark.parametrize("card", CARDS)
def test_the_page_holds_nothing_that_acts_or_fetches(card: str) -> None:
    """Whatever browsers make of it: only tags and attributes of ours are there, and all are closed."""
    page = Tags()
    page.feed(as_html(CARDS[card]()))
    names = {name for name, _ in page.seen}
    attributes = {attribute for _, found in page.seen for attribute in found}

    assert page.open == []
    assert not names & {"script", "img", "link", "iframe", "object", "embed", "base", "form"}
    assert not {each for each in attributes if each.startswith("on")}
    assert not attributes & {"style", "src", "srcset", "action", "formaction", "xlink:href"}
    assert all((found.get("href") or "#").startswith("#") for _, found in page.seen)


@pytest.mark.parametrize("form", ["text", "html", "markdown"])
def test_a_long_period_is_told_by_weeks(form: str) -> None:
    """Nobody takes the messages of a week for those of a day."""
    card = cards.full()
    weeks = replace(card, days=card.days[::7])

    assert "Day by day" in FORMS[form](card)
    assert "Week by week" in FORMS[form](weeks)
    assert "Day by day" not in FORMS[form](weeks)


def test_the_same_scorecard_gives_the_same_page() -> None:
    """No date of today, no lot: two pages differ where the figures do."""
    assert as_html(cards.full()) == as_html(cards.full())


def test_plots_leave_the_imports_of_others_alone() -> None:
    """The hook of pygal warned whenever anything else was imported after it."""
    tried = (
        "import inboxd.report.charts, sys; "
        "print(*(type(each).__module__ for each in sys.meta_path)); import six.moves._thread"
    )
    ran = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-W", "error", "-c", tried], capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "pygal" not in ran.stdout


def test_markdown_shows_names_as_text() -> None:
    """No name becomes a tag, a link, a cell of its own or bold."""
    text = as_markdown(cards.hostile())

    assert "<script" not in text.replace("\\<", "")
    assert "\\*\\*bold\\*\\* \\| \\[link\\]" in text
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(columns) == 1
