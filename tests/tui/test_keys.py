"""What keys, the wheel and the palette do from the inbox and from a case, in the database and on the screen."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest
from textual import events
from textual.command import CommandPalette

from inboxd.tui.bindings import by_meaning
from inboxd.tui.case.screen import CaseScreen
from inboxd.tui.help import HelpScreen
from inboxd.tui.inbox.screen import InboxScreen
from inboxd.tui.reply.sending import LastLook
from tests.tui.stage import NOW, PEOPLE, ago, opened
from tests.tui.watching import painted, reads, settled, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from inboxd.clock import ManualClock
    from inboxd.tui.app import InboxApp
    from tests.tui.stage import Stage

    Opened = tuple[InboxApp, Stage, dict[str, int]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path) as all_:
        yield all_


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait until what they have begun is done."""
    await pilot.press(*keys)
    await settled(pilot)


def listed(app: InboxApp) -> list[int]:
    screen = cast("InboxScreen", app.screen)
    return [row.case_id for row in screen.cases.listing.page(0, 100)]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("network:vk kind:complaint", {"late", "promised", "taken"}),
        ("account:shop-x", {"ask", "away", "right"}),
        ("stream:mentions", {"ask", "right"}),
        ("public:yes", {"ask", "taken", "odd", "right", "edited"}),
        ("topic:refunds,staff", {"soon", "mine", "promised", "taken"}),
        ("urgency:high", {"late", "promised"}),
        ("lang:de", {"soon"}),
        ("assigned:olena", {"mine"}),
        ("author:oneil", {"ask", "mine"}),
        ("min_followers:1000", {"late"}),
        ("view:all нагрубив", {"taken"}),
        ("view:closed", {"done"}),
        ('"mein geld"', {"soon"}),
        ("norway ship", {"ask"}),
    ],
)
async def test_every_condition_can_be_typed(shop: Opened, typed: str, names: set[str]) -> None:
    """What is typed is found, Enter goes to it, and Esc brings everything back."""
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        everything = listed(app)
        await press(pilot, "slash", *typed)
        assert set(listed(app)) == {cases[name] for name in names}
        await press(pilot, "enter")
        assert app.focused is cast("InboxScreen", app.screen).cases
        await press(pilot, "escape")
        assert listed(app) == everything


DEEDS = [
    (["a"], "SELECT acknowledged_by FROM cases WHERE id = ?", "Olena"),
    (["A", "down", "enter"], "SELECT assigned_to FROM cases WHERE id = ?", "Max"),
    (["z", "enter"], "SELECT snoozed_until FROM cases WHERE id = ?", "2026-11-25T09:30:00.000Z"),
    (["c", *"sold", "enter"], "SELECT close_reason FROM cases WHERE id = ?", "sold"),
    (
        ["n", *"vip", "ctrl+s"],
        "SELECT detail FROM actions WHERE action = 'note' AND case_id = ?",
        "vip",
    ),
    (["t", "down", "enter"], "SELECT kind FROM cases WHERE id = ?", "request"),
    (
        ["s", "enter"],
        "SELECT count(*) FROM silences WHERE ? AND until > '2026-11-25T08:30:00.000Z'",
        1,
    ),
]


@pytest.mark.parametrize("where", ["inbox", "case"])
@pytest.mark.parametrize(("keys", "sql", "value"), DEEDS, ids=[keys[0] for keys, *_ in DEEDS])
async def test_each_key_acts_from_the_inbox_and_from_a_case(
    shop: Opened, where: str, keys: list[str], sql: str, value: object
) -> None:
    """The same keys do the same in both, and u takes it back in both."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, *(["enter"] if where == "case" else []))
        before = stage.store.database.execute(sql, (cases["late"],)).fetchone()
        await press(pilot, *keys)
        assert stage.value(sql, cases["late"]) == value
        await press(pilot, "u")
        if keys[0] == "n":
            assert stage.value("SELECT undone_by FROM actions WHERE action = 'note'") == "Olena"
        else:
            assert stage.store.database.execute(sql, (cases["late"],)).fetchone() == before


async def test_a_reply_that_has_left_is_not_taken_back_and_that_is_said(shop: Opened) -> None:
    """After the five seconds the daemon has it: u says so, and the reply stays what it is."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("r")
        await reads(pilot, "Your reply")
        await pilot.press(*"Soon", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, LastLook))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, InboxScreen))
        await reads(pilot, "leaves in 5 s · u takes it back")
        cast("ManualClock", app.session.clock).advance(timedelta(seconds=6))
        stage.store.database.execute("UPDATE outbox SET state = 'sent' WHERE reply IS NOT NULL")
        await press(pilot, "u")
        assert [each.severity for each in app._notifications][-1] == "warning"
        assert "sent" in [each.message for each in app._notifications][-1]
        assert stage.value("SELECT state FROM outbox WHERE reply IS NOT NULL") == "sent"
        assert stage.store.drafts.of(cases["late"], "Olena") == ""


@pytest.mark.parametrize("key", ["", "enter", "i", "v"])
async def test_every_screen_has_its_help(shop: Opened, key: str) -> None:
    """It names what can be done on that very screen, and Esc leads back there."""
    app, _, _ = shop
    async with app.run_test(size=(100, 50)) as pilot:
        await settled(pilot)
        await press(pilot, *filter(None, [key]))
        screen = app.screen
        described = {each.description for each in by_meaning(screen.active_bindings)}
        assert "Help" in described
        await press(pilot, "question_mark")
        assert isinstance(app.screen, HelpScreen)
        seen = painted(app)
        await press(pilot, "end")
        seen += painted(app)
        assert {each for each in described if each not in seen} == set()
        await press(pilot, "escape")
        assert app.screen is screen


async def test_the_palette_runs_what_it_names_on_a_case(shop: Opened) -> None:
    """Who types the word for it gets the same as with the key."""
    app, _, _ = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "enter")
        assert isinstance(app.screen, CaseScreen)
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"earlier")
        await until(
            pilot,
            lambda: "Earlier versions" in painted(app) and "Reopen" not in painted(app),
        )
        await pilot.press("enter")
        await until(pilot, lambda: cast("CaseScreen", app.screen_stack[-1])._versions)


async def test_the_wheel_scrolls_and_selects_nothing(shop: Opened) -> None:
    """Looking further down leaves the selection where it was; the next key goes back to it."""
    app, stage, _ = shop
    for number in range(60):
        stage.hear("shop-vk", f"dm:more{number}", ago(minutes=5), "Hm?", author=PEOPLE["olga"])
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        cases = cast("InboxScreen", app.screen).cases
        selected = cases.case
        for _ in range(5):
            cases.post_message(
                events.MouseScrollDown(cases, 5, 5, 0, 0, 0, shift=False, meta=False, ctrl=False)
            )
        await settled(pilot)
        assert cases.scroll_offset.y > 0
        assert cases.case == selected
        await press(pilot, "down")
        assert cases.at == 1
        assert cases.scroll_offset.y <= 1


async def test_q_leaves_and_nobody_is_at_a_case_any_more(shop: Opened) -> None:
    """From a case as well; colleagues see at once that nobody is there."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: stage.store.presences.at(cases["late"], "another", NOW))
        await pilot.press("q")
    assert app.return_code == 0
    assert stage.store.presences.at(cases["late"], "another", NOW) == ()
