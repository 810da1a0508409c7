"""The inbox: a list that stays where one reads, views, and a search."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.widgets import Input, Static

from inboxd.clock import ManualClock
from inboxd.config.triage import ViewSettings
from inboxd.core.queries import Known, Unfinished, View, choices, parse
from inboxd.tui.app import InboxApp
from inboxd.tui.hints import Hints
from inboxd.tui.host import Aged, Changed
from inboxd.tui.inbox.caselist import MOST_MARKED, CaseList
from inboxd.tui.inbox.preview import Preview
from inboxd.tui.inbox.rows import many
from inboxd.tui.inbox.screen import _HINTS, InboxScreen
from inboxd.tui.inbox.searchbar import Conditions, SearchBar
from inboxd.tui.inbox.viewbar import ViewBar
from inboxd.tui.session import opened as opened_session
from tests.tui.listings import Numbered, Some
from tests.tui.stage import NOW, PEOPLE, Stage, ago, opened
from tests.tui.watching import settled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from textual.pilot import Pilot

    from inboxd.store.inbox import InboxRow, Listing
    from inboxd.tui.session import Session


class ListApp(App[None]):
    """Nothing but a list."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.opened: list[int] = []

    def compose(self) -> ComposeResult:
        """Make the list."""
        yield CaseList(self.session)

    def on_case_list_opened(self, event: CaseList.Opened) -> None:
        """Remember what was opened."""
        self.opened.append(event.case)


@asynccontextmanager
async def listed(
    folder: Path, listing: Listing, size: tuple[int, int] = (80, 10)
) -> AsyncIterator[tuple[CaseList, Pilot[None]]]:
    """Yield a list of *listing*, which has the keys."""
    with opened(folder) as (whole, _, _):
        app = ListApp(whole.session)
        async with app.run_test(size=size) as pilot:
            cases = app.query_one(CaseList)
            cases.show(listing)
            cases.focus()
            await pilot.pause()
            yield cases, pilot


def lines(cases: CaseList) -> list[str]:
    """Return what the visible lines say."""
    return [cases.render_line(y).text.rstrip() for y in range(cases.size.height)]


def numbers(cases: CaseList) -> list[int]:
    """Return the numbers of the visible cases, from their texts."""
    rows = (cases.listing.page(y + cases.scroll_offset.y, 1) for y in range(cases.size.height))
    return [found[0].case_id for found in rows if found]


async def test_only_what_is_around_the_visible_lines_is_read(tmp_path: Path) -> None:
    """Of a hundred thousand cases three screens are read at a time, wherever one goes."""
    listing = Numbered(100_000)
    async with listed(tmp_path, listing) as (cases, pilot):
        await pilot.press("end")
        assert (cases.case, lines(cases)[-1][:1]) == (100_000, "▸")
        await pilot.press("pageup", "up", "home", "pagedown")
        assert cases.case == 10
        assert all(limit <= 30 for _, limit in listing.pages)
        assert len(listing.pages) <= 8


async def test_keys_move_the_selection(tmp_path: Path) -> None:
    """Arrows and letters go line by line, and stop at the ends."""
    async with listed(tmp_path, Numbered(25)) as (cases, pilot):
        await pilot.press("down", "j", "down", "k", "up")
        assert cases.case == 2
        await pilot.press("up", "up", "up")
        assert cases.case == 1
        await pilot.press("end", "down")
        assert cases.case == 25
        assert numbers(cases) == list(range(16, 26))


async def test_the_mouse_selects_and_opens(tmp_path: Path) -> None:
    """A click selects, a double click opens, below the end nothing happens."""
    async with listed(tmp_path, Numbered(5)) as (cases, pilot):
        await pilot.click(CaseList, offset=(5, 3))
        assert cases.case == 4
        await pilot.click(CaseList, offset=(5, 8))
        assert cases.case == 4
        await pilot.click(CaseList, offset=(5, 1), times=2)
        assert pilot.app.opened == [2]  # type: ignore[attr-defined]


async def test_only_lines_that_change_are_painted(tmp_path: Path) -> None:
    """A step paints two lines, an ageing that changes nothing paints none."""
    async with listed(tmp_path, Numbered(100)) as (cases, pilot):
        painted: list[object] = []
        refresh = cases.refresh
        cases.refresh = lambda *regions, **how: painted.extend(regions) or refresh(*regions, **how)  # type: ignore[func-returns-value, method-assign, redundant-expr]
        await pilot.press("down")
        assert len(painted) == 2
        painted.clear()
        cases.age()
        cases.renew(Numbered(100))
        assert painted == []


async def test_ages_are_shown_anew_without_reading(tmp_path: Path) -> None:
    """When time has passed, the lines tell it, and no page was asked for."""
    listing = Numbered(50)
    async with listed(tmp_path, listing) as (cases, _):
        asked = len(listing.pages)
        clock = cases.session.clock
        assert isinstance(clock, ManualClock)
        before = lines(cases)
        clock.advance(timedelta(hours=1))
        cases.age()
        assert lines(cases) != before
        assert len(listing.pages) == asked


async def test_new_cases_above_do_not_move_what_is_read(tmp_path: Path) -> None:
    """The selected case stays selected, and on its line."""
    async with listed(tmp_path, Some(range(100, 200))) as (cases, pilot):
        await pilot.press("pagedown", "pagedown", "up", "up")
        case, shown = cases.case, numbers(cases)
        assert cases.renew(Some([*range(1, 8), *range(100, 200)])) is None
        assert (cases.case, numbers(cases)) == (case, shown)
        assert cases.renew(Some([*range(103, 200)])) is None
        assert (cases.case, numbers(cases)) == (case, shown)


async def test_at_the_top_new_cases_appear(tmp_path: Path) -> None:
    """Who is at the top sees what comes in, with the same case selected."""
    async with listed(tmp_path, Some(range(100, 200))) as (cases, pilot):
        await pilot.press("down")
        cases.renew(Some([1, 2, *range(100, 200)]))
        assert cases.case == 101
        assert numbers(cases)[:4] == [1, 2, 100, 101]


async def test_a_case_that_moves_is_followed(tmp_path: Path) -> None:
    """If another order gives the selected case another place, it is still under the cursor."""
    async with listed(tmp_path, Some(range(100, 200))) as (cases, pilot):
        await pilot.press("pagedown", "pagedown")
        line = numbers(cases).index(cases.case or 0)
        moved = [each for each in range(100, 200) if each != cases.case]
        moved.insert(70, cases.case or 0)
        cases.renew(Some(moved))
        assert numbers(cases).index(cases.case or 0) == line


class Moved(Some):
    """One of the cases is due at another time than the rest, whatever its place is."""

    def __init__(self, cases: Sequence[int], moved: int) -> None:
        super().__init__(cases)
        self.moved = moved

    def page(self, offset: int, limit: int) -> Sequence[InboxRow]:
        """Return a page of them."""
        due = NOW + timedelta(days=9)
        rows = super().page(offset, limit)
        return [replace(row, due_at=due) if row.case_id == self.moved else row for row in rows]


@pytest.mark.parametrize("place", [0, 5, 70, 99])
@pytest.mark.parametrize("news", [0, 8])
async def test_a_case_that_was_moved_hands_the_selection_on(
    tmp_path: Path, place: int, news: int
) -> None:
    """Line and scroll stay where they are; when it is again as it was, it is selected again."""
    async with listed(tmp_path, Some(range(100, 200))) as (cases, pilot):
        await pilot.press("pagedown", "pagedown")
        case, was = cases.case or 0, numbers(cases)
        line = was.index(case)
        others = [each for each in range(100, 200) if each != case]
        moved = [*others[:place], case, *others[place:]]
        new = list(range(1, news + 1))
        assert cases.renew(Moved([*new, *moved], case)) == case
        assert numbers(cases)[line] == cases.case == case + (-1 if place < case - 100 else 1)
        assert lines(cases)[line].startswith("»")
        assert cases.left
        assert cases.left.case_id == case
        assert cases.renew(Moved([*new, *moved], case)) is None
        assert lines(cases)[line].startswith("»")
        assert cases.renew(Some([*new, *range(100, 200)])) is None
        assert (cases.case, cases.moved, numbers(cases)) == (case, False, was)


async def test_a_case_that_others_pass_is_followed(tmp_path: Path) -> None:
    """What comes or goes around it, or is due at another time there, does not move the selection."""
    async with listed(tmp_path, Some(range(100, 200))) as (cases, pilot):
        await pilot.press(*["down"] * 5)
        assert cases.renew(Moved([*range(101, 200), 100], 100)) is None
        assert cases.case == 105
        assert cases.renew(Moved([*range(1, 9), *range(101, 200), 100], 105)) is None
        assert (cases.case, cases.moved) == (105, False)


async def test_who_has_gone_on_is_not_taken_back(tmp_path: Path) -> None:
    """Once another case was chosen by a key, what comes back does not take the selection."""
    async with listed(tmp_path, Some(range(100, 110))) as (cases, pilot):
        assert cases.renew(Some(range(101, 110))) == 100
        await pilot.press("down", "up")
        assert cases.renew(Some(range(100, 110))) is None
        assert cases.case == 101


async def test_what_was_scrolled_to_stays_when_the_selection_is_elsewhere(tmp_path: Path) -> None:
    """Who has scrolled away from the selection with the wheel is not taken back to it."""
    async with listed(tmp_path, Some(range(100, 200))) as (cases, pilot):
        cases.scroll_to(y=50, animate=False)
        await pilot.pause()
        cases.renew(Some([*range(1, 8), *range(100, 200)]))
        assert cases.case == 100
        assert numbers(cases) == list(range(150, 160))


@pytest.mark.parametrize("visible", [True, False])
async def test_a_case_that_has_left_hands_the_selection_on(
    tmp_path: Path, *, visible: bool
) -> None:
    """What took its place is selected, on its line, and a sign tells that it is another."""
    async with listed(tmp_path, Some(range(100, 200))) as (cases, pilot):
        await pilot.press(*["down"] * 14)
        line = numbers(cases).index(114)
        if not visible:
            cases.scroll_to(y=50, animate=False)
            await pilot.pause()
        assert (
            cases.renew(Some([each for each in range(100, 200) if each not in (114, 115)])) == 114
        )
        assert cases.case == 116
        if visible:
            assert numbers(cases).index(116) == line
            assert lines(cases)[line].startswith("»")
            await pilot.press("up", "down")
            assert lines(cases)[line].startswith("▸")
        else:
            assert numbers(cases)[0] == 150


async def test_the_last_case_hands_the_selection_to_the_one_before(tmp_path: Path) -> None:
    """At the end there is nothing that could take its place but what is above."""
    async with listed(tmp_path, Some([1, 2, 3])) as (cases, pilot):
        await pilot.press("end")
        assert cases.renew(Some([1, 2])) == 3
        assert cases.case == 2
        assert cases.renew(Some([])) == 2
        assert cases.chosen() == ()
        assert cases.renew(Some([7])) is None
        assert cases.chosen() == (7,)


async def test_marks_survive_what_happens(tmp_path: Path) -> None:
    """Marked cases stay marked where they go; only those that are listed are meant."""
    async with listed(tmp_path, Some(range(1, 9))) as (cases, pilot):
        await pilot.press("space", "down", "space")
        assert lines(cases)[0].startswith(" ✓")
        assert cases.chosen() == (1, 3)
        cases.renew(Some([9, 3, 4, 1]))
        assert cases.chosen() == (1, 3)
        assert [line[1] for line in lines(cases)[:4]] == [" ", "✓", " ", "✓"]
        cases.show(Some([1, 5]))
        assert cases.chosen() == (1,)
        cases.show(Some([5]))
        assert cases.chosen() == (5,)
        cases.unmark()
        cases.show(Some([1, 3]))
        assert cases.chosen() == (1,)


async def test_a_star_marks_all_or_none(tmp_path: Path) -> None:
    """Not more than anybody can mean at once."""
    async with listed(tmp_path, Numbered(MOST_MARKED + 50)) as (cases, pilot):
        await pilot.press("asterisk")
        assert len(cases.chosen()) == MOST_MARKED
        await pilot.press("asterisk")
        assert cases.chosen() == (1,)


async def test_neighbours_are_those_of_the_list(tmp_path: Path) -> None:
    """A case can be left for the one below or above, up to the ends."""
    async with listed(tmp_path, Some([4, 2, 9])) as (cases, _):
        assert [cases.neighbour(each, 1) for each in (4, 2, 9, 7)] == [2, 9, None, None]
        assert [cases.neighbour(each, -1) for each in (4, 2, 9)] == [None, 4, 2]
        assert cases.select(9)
        assert not cases.select(7)
        assert cases.case == 9


async def test_colleagues_are_seen_at_their_cases(tmp_path: Path) -> None:
    """Who is at a case stands in its line, until they have left."""
    async with listed(tmp_path, Numbered(3)) as (cases, _):
        cases.accompany({2: ("Max replying",)})
        assert "[Max replying]" in lines(cases)[1]
        cases.accompany({})
        assert "Max" not in lines(cases)[1]


@asynccontextmanager
async def inbox(
    app: InboxApp, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[InboxScreen, Pilot[None]]]:
    """Yield the inbox of *app*, in which everything has been read."""
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, InboxScreen)
        yield screen, pilot


async def written(pilot: Pilot[None], text: str) -> None:
    """Write into the search, and wait until it was looked for."""
    await pilot.press("slash")
    pilot.app.screen.query_one(Input).value = text
    await settled(pilot)


def shown(screen: InboxScreen) -> list[int]:
    """Return the cases of the list."""
    return [row.case_id for row in screen.cases.listing.page(0, 100)]


async def test_the_first_view_is_who_waits(tmp_path: Path) -> None:
    """What is due next comes first, and the views tell how many they are."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app, (160, 50)) as (screen, _):
            assert shown(screen)[:3] == [cases["late"], cases["promised"], cases["soon"]]
            assert screen.cases.case == cases["late"]
            bar = str(screen.query_one(ViewBar).render())
            assert bar.startswith("[1:Waiting(10)] 2:Due in 1h(3)  3:Breached(")
            assert "2h over" in lines(screen.cases)[0]


@pytest.mark.parametrize("number", range(10))
async def test_a_digit_shows_its_view(tmp_path: Path, number: int) -> None:
    """1 to 9 and 0 are the views in their order."""
    with opened(tmp_path) as (app, _, _):
        async with inbox(app) as (screen, pilot):
            await pilot.press(str((number + 1) % 10))
            await settled(pilot)
            view = list(View)[number]
            wanted = app.session.store.inbox.listing(parse("", Known(), view), "Olena", NOW)
            assert shown(screen) == [row.case_id for row in wanted.page(0, 100)]


async def test_tab_goes_round(tmp_path: Path) -> None:
    """Next and previous; each view remembers what was selected in it."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app) as (screen, pilot):
            await pilot.press("down", "tab")
            await settled(pilot)
            assert shown(screen)[0] == cases["soon"]
            await pilot.press("shift+tab")
            await settled(pilot)
            assert screen.cases.case == cases["promised"]
            await pilot.press("shift+tab")
            await settled(pilot)
            assert len(shown(screen)) == 13


async def test_the_view_of_the_command_is_shown(tmp_path: Path) -> None:
    """Where the command names a view, one begins there."""
    with opened(tmp_path) as (app, _, cases):
        app.first_view = "snoozed"
        async with inbox(app) as (screen, _):
            assert shown(screen) == [cases["asleep"]]


async def test_words_and_conditions_find_cases(tmp_path: Path) -> None:
    """What is written is looked for a moment later; Esc shows all again."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app) as (screen, pilot):
            await written(pilot, "kind:complaint network:vk")
            assert set(shown(screen)) == {cases["late"], cases["promised"], cases["taken"]}
            await written(pilot, "посылка")
            assert shown(screen) == [cases["late"]]
            await pilot.press("escape")
            await settled(pilot)
            assert len(shown(screen)) == 10
            assert app.focused is screen.cases
            assert not screen.query_one(SearchBar).has_class("used")


async def test_a_half_written_condition_is_no_error(tmp_path: Path) -> None:
    """It is told what may follow, and the list stays as it is; a mistake is told, too."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app) as (screen, pilot):
            problem = screen.query_one(".problem", Static)
            await written(pilot, "посылка kind:")
            assert "complaint, request" in str(problem.render())
            assert problem.has_class("calm")
            assert len(shown(screen)) == 10
            await written(pilot, "kind:complaimt")
            assert "did you mean complaint?" in str(problem.render())
            assert not problem.has_class("calm")
            await written(pilot, "kind:praise")
            assert not problem.display
            assert shown(screen) == []
            assert cases["done"] not in shown(screen)


async def test_a_search_stays_when_the_view_changes(tmp_path: Path) -> None:
    """One looks for the same words elsewhere; there the keys are the list's again."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app) as (screen, pilot):
            await written(pilot, "Danke")
            assert shown(screen) == []
            assert "0 looks at all cases" in str(screen.query_one("#empty", Static).render())
            await pilot.press("enter", "0")
            await settled(pilot)
            assert shown(screen) == [cases["done"]]


async def test_what_is_completed_is_understood() -> None:
    """Every word and value that is offered is one that the search knows."""
    known = Known(["shop-vk"], ["vk"])
    offers = Conditions(known)
    assert await offers.get_suggestion("foo ki") == "foo kind:"
    assert await offers.get_suggestion("kind:request,com") == "kind:request,complaint"
    assert await offers.get_suggestion("kind:") is None
    for key, values in choices(known).items():
        for value in values:
            parse(f"{key}:{value}", known)
        with pytest.raises(Unfinished):
            parse(f"{key}:", Known())


@pytest.mark.parametrize("count", [0, 7, 40, 950, 12_400, 987_654])
@pytest.mark.parametrize("active", [0, 5, 9])
async def test_all_views_fit_into_eighty_columns(tmp_path: Path, active: int, count: int) -> None:
    """Key, name and count of each are one piece, apart from the next without any colour."""
    with opened(tmp_path) as (app, _, _):
        async with inbox(app) as (screen, _):
            bar = screen.query_one(ViewBar)
            bar.choose(active)
            bar.count(dict.fromkeys(View, count))
            shown = str(bar.render())
            assert cell_len(shown) <= 80
            pieces = shown.replace("[", " ").replace("]", " ").split()
            assert len(pieces) == 10
            assert [each[0] for each in pieces if ":" in each] == [
                key for key in "1234567890" if key != "1234567890"[active] or ":" in pieces[active]
            ]
            assert pieces[active].endswith(f"({many(count)})") is bool(count)


async def test_what_arrives_is_shown_in_its_place(tmp_path: Path) -> None:
    """A new case appears; the selected one stays selected."""
    with opened(tmp_path) as (app, stage, _):
        async with inbox(app) as (screen, pilot):
            await pilot.press("down", "down", "down")
            case = screen.cases.case
            ref = stage.hear("shop-vk", "dm:99", ago(minutes=1), "Hello?")
            stage.judge({ref: ("request", "orders", "high", "en", ())})
            screen.post_message(Changed())
            await settled(pilot)
            assert stage.case_of(ref) in shown(screen)
            assert screen.cases.case == case
            assert "(11)" in str(screen.query_one(ViewBar).render())


async def test_who_was_answered_leaves_and_it_is_told(tmp_path: Path) -> None:
    """The selection goes to what took the place, and the last line says why."""
    with opened(tmp_path) as (app, stage, cases):
        async with inbox(app) as (screen, pilot):
            stage.act(cases["late"], "close", "Max", NOW, "spam")
            screen.post_message(Changed())
            await settled(pilot)
            assert screen.cases.case == cases["promised"]
            hints = screen.query_one(Hints)
            told = f"Ольга Петрова (case {cases['late']}) was closed by Max: spam."
            assert told in str(hints.render())
            await pilot.press("down")
            await settled(pilot)
            assert "Enter open" in str(hints.render())


async def test_a_case_taken_back_is_under_the_cursor_again(tmp_path: Path) -> None:
    """Who closed the wrong one is where they were after u, and nothing says that it had left."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app) as (screen, pilot):
            await pilot.press("down", "c", "enter")
            await settled(pilot)
            hints = screen.query_one(Hints)
            told = f"Анна Коваль (case {cases['promised']}) was closed by you: no reply needed."
            assert told in str(hints.render())
            assert screen.cases.case == cases["soon"]
            await pilot.press("u")
            await settled(pilot)
            assert screen.cases.case == cases["promised"]
            assert lines(screen.cases)[1].startswith("▸")
            assert "Enter open" in str(hints.render())


async def test_a_case_is_not_followed_to_where_our_answer_moved_it(tmp_path: Path) -> None:
    """What is urgent stays in sight, and it is told where the answered one has gone."""
    with opened(tmp_path) as (app, stage, cases):
        async with inbox(app) as (screen, pilot):
            text = "Здравствуйте! Ответим завтра."
            vow = stage.answer("shop-vk", "dm:1", NOW, text)
            stage.judge_replies({vow: ("завтра", NOW + timedelta(days=1))}, set())
            screen.post_message(Changed())
            await settled(pilot)
            assert cases["late"] in shown(screen)[1:]
            assert screen.cases.case == shown(screen)[0] == cases["promised"]
            assert lines(screen.cases)[0].startswith("»")
            told = f"Ольга Петрова (case {cases['late']}) was answered and is further down now."
            assert told in str(screen.query_one(Hints).render())


async def test_time_alone_moves_cases_on(tmp_path: Path) -> None:
    """What has become late since leaves the view of what is due within the hour."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app) as (screen, pilot):
            await pilot.press("2")
            await settled(pilot)
            assert shown(screen)[0] == cases["soon"]
            clock = app.session.clock
            assert isinstance(clock, ManualClock)
            clock.advance(timedelta(minutes=15))
            screen.post_message(Aged())
            await settled(pilot)
            assert cases["soon"] not in shown(screen)


async def test_an_empty_view_tells_what_comes_next(tmp_path: Path) -> None:
    """Nobody stares at an empty screen."""
    with opened(tmp_path) as (app, stage, cases):
        for name, case in cases.items():
            if name not in ("asleep", "done"):
                stage.act(case, "close", "Max", NOW, "spam")
        async with inbox(app) as (screen, _):
            said = str(screen.query_one("#empty", Static).render())
            assert said == "Nobody is waiting.\n\nNext: Анна Коваль wakes Thu 26 Nov 09:00."


@pytest.mark.parametrize("key", ["1", "3", "0"])
async def test_nobody_is_said_to_wait_only_where_something_was_read(
    tmp_path: Path, key: str
) -> None:
    """Before the first read it is not known who waits, in whatever view."""
    stage = Stage(tmp_path)
    with opened_session(stage.settings, "Olena", ManualClock(NOW)) as session:
        async with inbox(InboxApp(session)) as (screen, pilot):
            await pilot.press(key)
            await settled(pilot)
            empty = screen.query_one("#empty", Static)
            assert str(empty.render()).startswith("No account has been read yet")
            stage.store.sources.succeeded("shop-vk", "dm", NOW)
            screen.post_message(Changed())
            await settled(pilot)
            assert "read yet" not in str(empty.render())
    stage.store.close()


async def test_enter_opens_the_case(tmp_path: Path) -> None:
    """The selected case is shown on a screen of its own."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app) as (_, pilot):
            await pilot.press("down", "enter")
            await pilot.pause()
            assert getattr(app.screen, "case", None) == cases["promised"]


async def test_a_click_chooses_a_view_and_a_key(tmp_path: Path) -> None:
    """Whatever has a key can be had with the mouse."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app, (160, 50)) as (screen, pilot):
            bar = str(screen.query_one(ViewBar).render())
            await pilot.click(ViewBar, offset=(bar.index("Mine"), 0))
            await settled(pilot)
            assert shown(screen) == [cases["mine"]]
            hints = str(screen.query_one(Hints).render())
            await pilot.click(Hints, offset=(hints.index("search"), 0))
            await pilot.pause()
            assert isinstance(app.focused, Input)


async def test_every_hint_is_a_key_that_does_something(tmp_path: Path) -> None:
    """The last line never reminds of a key that is bound to nothing, or hides one that is."""
    with opened(tmp_path) as (app, _, _):
        async with inbox(app, (220, 50)) as (screen, _):
            line = str(screen.query_one(Hints).render())
            active = screen.active_bindings
            assert [word for key, word in _HINTS if (word in line) is not (key in active)] == []


async def test_who_else_is_at_a_case_is_seen(tmp_path: Path) -> None:
    """A colleague's terminal shows in the line of the case that it shows; one's own does not."""
    with opened(tmp_path) as (app, stage, cases):
        stage.store.presences.here("terminal of Max", "Max", cases["soon"], "replying", NOW)
        stage.store.presences.here(app.session.key, "Olena", cases["late"], "reading", NOW)
        async with inbox(app) as (screen, pilot):
            assert "[Max replying]" in lines(screen.cases)[2]
            assert "Olena" not in "".join(lines(screen.cases))
            stage.store.presences.gone("terminal of Max")
            screen.post_message(Aged())
            await settled(pilot)
            assert "Max replying" not in lines(screen.cases)[2]


async def test_a_large_screen_shows_what_was_said_last(tmp_path: Path) -> None:
    """Customer and colleague, one below the other, inert; a small screen has none of it."""
    with opened(tmp_path) as (app, stage, cases):
        stage.hear(
            "shop-vk",
            "dm:7",
            ago(hours=1),
            "Ну что?\x1b[31m " + "ы" * 100_000,
            author=PEOPLE["anna"],
        )
        async with inbox(app, (160, 50)) as (screen, pilot):
            assert screen.cases.select(cases["promised"])
            await settled(pilot)
            said = str(screen.query_one(Preview).render()).splitlines()
            assert said[0].startswith("Анна Коваль  case ")
            assert [line.split()[-1] for line in said[2:4]] == ["88!", "18:00."]
            assert "→ Olena" in said[3]
            assert "Ну что? [31m ыы" in said[4]
            await pilot.resize_terminal(80, 24)
            await pilot.pause()
            assert not screen.query_one(Preview).display


async def test_a_saved_view_is_a_tab_of_its_own(tmp_path: Path) -> None:
    """What the configuration has saved comes after the others; one may search within it."""
    with opened(tmp_path) as (app, _, cases):
        app.session.settings.tui.__dict__["views"] = (
            ViewSettings(name="refunds", query="topic:refunds"),
            ViewSettings(name="broken", query="kind:complaimt"),
        )
        app.first_view = "refunds"
        async with inbox(app, (160, 50)) as (screen, pilot):
            assert shown(screen) == [cases["promised"], cases["soon"], cases["mine"]]
            assert "[refunds]" in str(screen.query_one(ViewBar).render())
            await written(pilot, "language:de")
            assert shown(screen) == [cases["soon"]]
            await pilot.press("escape", "tab")
            await settled(pilot)
            problem = screen.query_one(".problem", Static)
            assert "did you mean complaint?" in str(problem.render())
            assert problem.region.height == 1
            assert shown(screen) == []
            await pilot.press("tab")
            await settled(pilot)
            assert len(shown(screen)) == 10


def test_the_inbox_looks_as_it_should(tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    """Eighty columns: who waits, one marked, one selected."""

    async def before(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("space", "down")
        await settled(pilot)

    with opened(tmp_path) as (app, _, _):
        assert snap_compare(app, terminal_size=(80, 24), run_before=before)


def test_the_inbox_uses_a_large_screen(tmp_path: Path, snap_compare: Callable[..., bool]) -> None:
    """A hundred and sixty: all columns, the counts, and what was said last."""

    async def before(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("down")
        await settled(pilot)

    with opened(tmp_path) as (app, _, _):
        assert snap_compare(app, terminal_size=(160, 50), run_before=before)


async def test_a_key_acts_on_what_is_marked(tmp_path: Path) -> None:
    """Marked cases are taken together, then no more marked; without marks it is the selected one."""
    with opened(tmp_path) as (app, stage, cases):
        async with inbox(app) as (screen, pilot):
            await pilot.press("space", "down", "space")
            assert screen.meant() == tuple(sorted((cases["late"], cases["soon"])))
            await pilot.press("a")
            await settled(pilot)
            taken = "SELECT count(*) FROM cases WHERE acknowledged_by = 'Olena'"
            assert stage.value(taken) == 2
            assert screen.meant() == (screen.cases.case,)
            assert "[by you]" in lines(screen.cases)[0]


async def test_marks_of_another_view_are_not_acted_upon(tmp_path: Path) -> None:
    """What is marked but not listed is told of, and what is selected is meant."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app) as (screen, pilot):
            await pilot.press("space", "5")
            await settled(pilot)
            assert screen.meant() == (cases["mine"],)
            assert "1 marked elsewhere · 1 of 1" in str(screen.query_one(Hints).render())
            await pilot.press("1")
            await settled(pilot)
            assert screen.meant() == (cases["late"],)
            assert "1 marked · " in str(screen.query_one(Hints).render())


async def test_what_happened_since_a_case_was_marked_is_known(tmp_path: Path) -> None:
    """How far a case had come is kept from when it was marked; of the selected one, as it is shown."""
    with opened(tmp_path) as (app, stage, cases):
        async with inbox(app) as (screen, pilot):
            await pilot.press("space")
            await settled(pilot)
            before = {name: screen.seen(cases[name]) for name in ("late", "promised")}
            for name in before:
                stage.act(cases[name], "ack", "Max", NOW)
            screen.post_message(Changed())
            await settled(pilot)
            after = app.session.store.meanwhile.mark
            assert screen.seen(cases["late"]) == before["late"] != after(cases["late"])
            assert screen.seen(cases["promised"]) == after(cases["promised"]) != before["promised"]


async def test_the_next_case_is_selected_for_who_comes_back(tmp_path: Path) -> None:
    """Going on from case to case moves the selection of the list beneath."""
    with opened(tmp_path) as (app, _, cases):
        async with inbox(app) as (screen, _):
            assert screen.neighbour(cases["late"], 1) == cases["promised"]
            assert screen.cases.case == cases["promised"]
            assert screen.neighbour(cases["late"], -1) is None


@pytest.mark.parametrize("width", [80, 100, 160])
async def test_lines_end_before_the_scrollbar(tmp_path: Path, width: int) -> None:
    """What does not fit ends in an ellipsis that can be seen, whether the list is long or not."""
    for listing in (Numbered(5), Numbered(500)):
        async with listed(tmp_path, listing, (width, 10)) as (cases, _):
            painted = [strip.text for strip in cases.app.screen._compositor.render_strips()]
            assert {cell_len(cases.render_line(y).text) for y in range(5)} == {width - 1}
            assert painted[1][: width - 1] == cases.render_line(1).text


async def test_what_is_read_once_is_not_read_again_nearby(tmp_path: Path) -> None:
    """Page by page, down and up again, each case is asked for once or twice, and all are right."""
    listing = Numbered(300)
    async with listed(tmp_path, listing) as (cases, pilot):
        for key in ("pagedown", "pageup"):
            for _ in range(20):
                await pilot.press(key)
                await pilot.pause()
                first = cases.scroll_offset.y + 1
                said = [line.partition(": ")[0].split()[-1] for line in lines(cases)]
                assert said == [str(each) for each in range(first, first + 10)]
        assert sum(limit for _, limit in listing.pages) < 2 * 230
