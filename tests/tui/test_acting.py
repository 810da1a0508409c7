"""What people do to cases from a screen, against a real database."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Static

from inboxd.model import Author, Kind
from inboxd.store import Said, Store
from inboxd.tui.acting.actions import CaseActions
from inboxd.tui.acting.underway import Underway
from inboxd.tui.dialogs.link import LinkDialog
from inboxd.tui.dialogs.question import MeanwhileDialog
from inboxd.tui.reply.screen import ReplyScreen
from inboxd.tui.reply.sending import LastLook
from tests.tui.stage import NOW, PEOPLE, ago, opened
from tests.tui.watching import painted, reads, settled, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.pilot import Pilot
    from textual.screen import Screen

    from inboxd.core.states import CaseState
    from inboxd.store import Mark
    from inboxd.tui.app import InboxApp
    from tests.tui.stage import Stage


class Shown(CaseActions):
    """Shows some cases as they are when it is opened; keys are for all of them."""

    def __init__(self, *cases: int) -> None:
        super().__init__()
        self.cases = cases
        self.marks: dict[int, Mark | None] = {}
        self.moved = 0

    BINDINGS = [("j", "move", "Next")]  # noqa: RUF012 - as Textual has it

    def compose(self) -> ComposeResult:
        """Show something."""
        yield Static("cases")

    def on_mount(self) -> None:
        """Note how the cases stand."""
        mark = self.session.store.meanwhile.mark
        self.marks = {case: mark(case) for case in self.cases}

    def meant(self) -> tuple[int, ...]:
        """Return them all."""
        return self.cases

    def seen(self, case: int) -> Mark | None:
        """Return how a case stood."""
        return self.marks[case]

    def action_move(self) -> None:
        """Count the keys that get through."""
        self.moved += 1


Shop = tuple["InboxApp", "Stage", dict[str, int]]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Yield the interface on a filled database; Olena sits there."""
    with opened(tmp_path) as all_:
        yield all_


async def rest(pilot: Pilot[None]) -> None:
    """Wait until everything that has begun is done."""
    await settled(pilot)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait until what they have begun is done."""
    await pilot.press(*keys)
    await rest(pilot)


async def come_to(pilot: Pilot[None], screen: type[Screen[Any]]) -> None:
    """Wait until such a screen is open."""
    await until(
        pilot, lambda: isinstance(pilot.app.screen, screen), f"{screen.__name__} never came"
    )


def told(app: InboxApp) -> str:
    """Return what was told last."""
    return [each.message for each in app._notifications][-1]


async def show(pilot: Pilot[None], *cases: int) -> Shown:
    """Open a screen on *cases*."""
    screen = Shown(*cases)
    await pilot.app.push_screen(screen)
    await pilot.pause()
    return screen


def crowd(stage: Stage, size: int) -> list[int]:
    """Let many customers write; returns their cases."""
    refs = [
        stage.hear("shop-vk", f"dm:crowd{number}", ago(minutes=9), "Hm?", author=PEOPLE["olga"])
        for number in range(size)
    ]
    return [stage.case_of(ref) for ref in refs]


async def test_a_key_takes_a_case(shop: Shop) -> None:
    """A case that is acknowledged is one's own for everybody, and one key gives it up again."""
    app, stage, cases = shop
    case = cases["late"]
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, case)
        await press(pilot, "a")
        assert stage.store.cases.find(case)[0].acknowledged_by == "Olena"
        assert told(app) == f"Case {case} (Ольга Петрова) acknowledged · u takes it back"
        await press(pilot, "u")
        assert stage.store.cases.find(case)[0].acknowledged_by == ""
        assert told(app) == f"Taken back: case {case} (Ольга Петрова) acknowledged"


def seen_by_others(app: InboxApp, case: int) -> CaseState:
    """Return a case as somebody at another terminal finds it."""
    store = Store(app.session.settings.general.database, create=False)
    try:
        return store.cases.find(case)[0]
    finally:
        store.database.close()


Deed = tuple[str, list[str], dict[str, Any]]
DEEDS: list[Deed] = [
    ("late", ["a"], {"acknowledged_by": "Olena"}),
    ("late", ["A", "down", "enter"], {"assigned_to": "Max"}),
    ("mine", ["A", "n", "o", "b", "o", "d", "y", "enter"], {"assigned_to": ""}),
    ("late", ["z", "enter"], {"snoozed_until": NOW + timedelta(hours=1)}),
    ("late", ["c", "down", "enter"], {"status": "closed", "close_reason": "answered elsewhere"}),
    ("done", ["o"], {"status": "waiting"}),
    ("answered", ["c", "s", "p", "enter"], {"status": "closed", "close_reason": "spam"}),
]


@pytest.mark.parametrize(("name", "keys", "facts"), DEEDS)
async def test_a_key_does_it_for_everybody_and_u_takes_it_back(
    shop: Shop, name: str, keys: list[str], facts: dict[str, Any]
) -> None:
    """What a key does is in the database for all; what it was before, after one more key."""
    app, _, cases = shop
    case = cases[name]
    before = seen_by_others(app, case)
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, case)
        await press(pilot, *keys)
        after = seen_by_others(app, case)
        assert {fact: getattr(after, fact) for fact in facts} == facts
        assert told(app).endswith(" · u takes it back")
        await press(pilot, "u")
        assert told(app).startswith("Taken back: ")
        again = seen_by_others(app, case)
        assert [getattr(again, fact) for fact in facts] == [getattr(before, fact) for fact in facts]


async def test_until_when_a_case_sleeps_is_told(shop: Shop) -> None:
    """As it was picked, not as the hours and minutes up to then."""
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        await press(pilot, "z", *"09:00", "enter")
        assert told(app).startswith(
            f"Case {cases['late']} (Ольга Петрова) snoozed until tomorrow 09:00 "
        )


DIALOGS = {
    "A": "Assign", "z": "Snooze", "c": "Close", "n": "Note on", "t": "Correct",
    "s": "Silence what is like",
}  # fmt: skip


@pytest.mark.parametrize("key", DIALOGS)
async def test_a_dialog_says_whom_it_is_about(shop: Shop, key: str) -> None:
    """A slip is seen before it is done: one case has its customer's name, inert, several are counted."""
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        for name, customer in (("late", "Ольга Петрова"), ("odd", "Zoë 👩🏳")):
            await show(pilot, cases[name])
            await press(pilot, key)
            title = f"{DIALOGS[key]} case {cases[name]} · {customer}"
            assert title in painted(app)
            await press(pilot, "escape")
        if key != "s":
            await show(pilot, cases["late"], cases["soon"])
            await press(pilot, key)
            assert f"{DIALOGS[key]} 2 cases ─" in painted(app)


async def test_a_customer_s_name_does_not_break_a_title_or_a_message(shop: Shop) -> None:
    """Markup stays what it is, and a long name is cut."""
    app, stage, _ = shop
    stranger = Author("s", "[/b][link=x]" + "Ы" * 10_000, "")
    case = stage.case_of(stage.hear("shop-vk", "dm:s", ago(minutes=9), "Hm?", author=stranger))
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, case)
        await press(pilot, "c")
        (title,) = [
            line
            for line in painted(app).splitlines()
            if f"Close case {case} · [/b][link=x]ЫЫ" in line
        ]
        assert "…" in title
        await press(pilot, "enter")
        assert told(app).startswith(f"Case {case} ([/b][link=x]ЫЫЫЫЫЫЫЫЫЫЫЫЫЫЫ…) closed: ")


async def test_a_note_is_kept_and_taken_back(shop: Shop) -> None:
    """A note of several lines is in the trail, and after u it is not any more."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        await press(pilot, "n", "h", "i", "enter", "x", "ctrl+s")
        row = stage.store.database.execute(
            "SELECT case_id, actor, detail, undone_at FROM actions WHERE action = 'note'"
        ).fetchall()
        assert row == [(cases["late"], "Olena", "hi\nx", None)]
        await press(pilot, "u")
        assert stage.value("SELECT undone_by FROM actions WHERE action = 'note'") == "Olena"


async def test_a_correction_counts_at_once_and_is_learnt_from(shop: Shop) -> None:
    """What a person says stands in the case, and in corrections; u brings the verdict back."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        await press(pilot, "t", "down", "enter")
        assert seen_by_others(app, cases["late"]).traits.kind is Kind.REQUEST
        (correction,) = stage.store.corrections.all()
        assert (correction.actor, correction.person) == ("Olena", Said(kind=Kind.REQUEST))
        await press(pilot, "u")
        assert seen_by_others(app, cases["late"]).traits.kind is Kind.COMPLAINT


async def test_in_a_long_conversation_the_message_that_tells_most_is_offered(shop: Shop) -> None:
    """However much was written since, it is the one that is corrected unless another is chosen."""
    app, stage, cases = shop
    for number in range(40):
        stage.hear("shop-vk", "dm:1", ago(minutes=10, seconds=-number), "?", author=PEOPLE["olga"])
    stage.judge({})
    telling = stage.store.card(cases["late"]).message
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        await press(pilot, "t", "down", "enter")
    (correction,) = stage.store.corrections.all()
    assert correction.message == telling
    assert stage.value("SELECT text FROM messages WHERE id = ?", telling).startswith("Где")


async def test_a_silence_begins_and_u_ends_it(shop: Shop) -> None:
    """What is like a case is muted for all from now on, until it is taken back."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        await press(pilot, "s", "enter")
        (silence,) = stage.store.silences.active(NOW)
        assert silence.match.topic == {"shipping"}
        assert (silence.actor, silence.until) == ("Olena", NOW + timedelta(hours=2))
        assert told(app).startswith("Silence 1: topic shipping until today 12:30")
        await press(pilot, "u")
        assert stage.store.silences.active(NOW) == []
        assert told(app) == "Silence 1 is over"


async def test_the_silence_counts_who_would_be_mute(shop: Shop) -> None:
    """The dialog tells how many of those who wait have what is picked."""
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        await press(pilot, "s")
        count = str(app.screen.query_one("#count", Static).content)
        assert count.startswith("Mutes the alerts of 2 cases that wait now")


@pytest.mark.parametrize(
    ("name", "keys", "why"),
    [
        ("done", ["a"], "Case {} (Lukas Groß) is closed; ack does not apply to it"),
        ("late", ["o"], "Case {} (Ольга Петрова) is waiting; reopen does not apply to it"),
        ("done", ["z", "enter"], "Case {} (Lukas Groß) is closed; snooze does not apply to it"),
        ("done", ["c", "enter"], "Case {} (Lukas Groß) is closed; close does not apply to it"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_said(
    shop: Shop, name: str, keys: list[str], why: str
) -> None:
    """A refusal says why, changes nothing and leaves nothing to take back."""
    app, _, cases = shop
    before = seen_by_others(app, cases[name])
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases[name])
        await press(pilot, *keys)
        assert told(app) == f"▲ {why.format(cases[name])}"
        assert seen_by_others(app, cases[name]) == before
        await press(pilot, "u")
        assert told(app) == "Nothing was done at this terminal that could be taken back."


def writes(stage: Stage, case: int) -> None:
    """Let the customer write once more."""
    assert case
    stage.hear("shop-vk", "dm:1", ago(seconds=30), "Ну что там?", author=PEOPLE["olga"])


def answers(stage: Stage, case: int) -> None:
    """Let somebody answer on the network itself."""
    assert case
    stage.answer("shop-vk", "dm:1", ago(seconds=30), "Уже в пути!")


NEWS: dict[str, tuple[Callable[[Stage, int], object], str]] = {
    "taken": (lambda stage, case: stage.act(case, "ack", "Max", NOW), "Max acknowledged it"),
    "assigned": (lambda stage, case: stage.act(case, "assign", "Max", NOW, "Iryna"), "Iryna"),
    "closed": (lambda stage, case: stage.act(case, "close", "Max", NOW, "spam"), "spam"),
    "wrote": (writes, "Ну что там?"),
    "answered": (answers, "Уже в пути!"),
}


@pytest.mark.parametrize("what", NEWS)
async def test_what_others_did_meanwhile_is_shown_before_anything_is_done(
    shop: Shop, what: str
) -> None:
    """Nothing is done over the head of somebody who was quicker; Enter looks first."""
    happen, words = NEWS[what]
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        happen(stage, cases["late"])
        before = seen_by_others(app, cases["late"])
        await press(pilot, "A", "enter")
        assert isinstance(app.screen, MeanwhileDialog)
        assert words in str(app.screen.query(Static).first().content)
        assert seen_by_others(app, cases["late"]) == before
        await press(pilot, "enter")
        assert isinstance(app.screen, Shown)
        assert seen_by_others(app, cases["late"]) == before


async def test_with_the_news_known_it_is_done_anyway(shop: Shop) -> None:
    """Who has read what happened may do it all the same; it can be taken back as ever."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        stage.act(cases["late"], "ack", "Max", NOW)
        await press(pilot, "a", "y")
        await rest(pilot)
        assert seen_by_others(app, cases["late"]).acknowledged_by == "Olena"
        await press(pilot, "u")
        assert seen_by_others(app, cases["late"]).acknowledged_by == "Max"


async def test_news_that_come_while_the_news_are_read_are_shown_as_well(shop: Shop) -> None:
    """What is done anyway goes for what was shown, and not for what happened after that."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        stage.act(cases["late"], "ack", "Max", NOW)
        await press(pilot, "a")
        stage.act(cases["late"], "note", "Iryna", NOW, "she is a VIP")
        await press(pilot, "y")
        await rest(pilot)
        assert isinstance(app.screen, MeanwhileDialog)
        assert "VIP" in str(app.screen.query(Static).first().content)
        assert seen_by_others(app, cases["late"]).acknowledged_by == "Max"


class Listed(Shown):
    """Shows cases in a list that keeps itself up to date."""

    def seen(self, case: int) -> Mark | None:
        """Return how a case stands when a key is pressed."""
        return CaseActions.seen(self, case)


async def test_what_others_do_while_a_dialog_is_open_is_shown(shop: Shop) -> None:
    """A list shows what was done before the key; what is done after it is told."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Listed(cases["late"]))
        stage.act(cases["late"], "note", "Iryna", NOW, "seen in the list")
        await press(pilot, "A")
        stage.act(cases["late"], "ack", "Max", NOW)
        await press(pilot, "enter")
        assert isinstance(app.screen, MeanwhileDialog)
        news = str(app.screen.query(Static).first().content)
        assert "Max acknowledged it" in news
        assert "seen in the list" not in news


async def test_of_many_cases_each_is_told_that_refuses(shop: Shop) -> None:
    """What is possible is done; the rest is told case by case, and one u takes all back."""
    app, _, cases = shop
    meant = [cases[name] for name in ("late", "soon", "done", "ask", "answered")]
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, *meant)
        await press(pilot, "a")
        lines = told(app).splitlines()
        assert lines[0] == "▲ 3 of 5 cases acknowledged · u takes it back"
        assert lines[1].startswith(f"Case {cases['done']} (Lukas Groß) is closed")
        assert lines[2].startswith(f"Case {cases['answered']} (Ірина Шевченко) is answered")
        assert len(app.session.deeds) == 1
        await press(pilot, "u")
        assert told(app) == "3 of 3 cases taken back"
        assert {seen_by_others(app, case).acknowledged_by for case in meant} == {""}


async def test_what_cannot_be_taken_back_of_many_is_told(shop: Shop) -> None:
    """Where the world has gone on with one of them, the others are taken back all the same."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"], cases["soon"])
        await press(pilot, "c", "enter")
        stage.act(cases["late"], "reopen", "Max", NOW + timedelta(seconds=1))
        await press(pilot, "u")
        lines = told(app).splitlines()
        assert lines[0] == "▲ 1 of 2 cases taken back"
        assert lines[1].startswith(
            f"Case {cases['late']} (Ольга Петрова) closed: no reply needed: that cannot"
        )
        assert seen_by_others(app, cases["soon"]).status == "waiting"


async def test_of_many_cases_those_that_others_were_at_are_asked_about(shop: Shop) -> None:
    """What nobody touched is done at once; one question is asked about the rest."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"], cases["soon"])
        stage.act(cases["late"], "ack", "Max", NOW)
        await press(pilot, "a")
        assert isinstance(app.screen, MeanwhileDialog)
        assert seen_by_others(app, cases["soon"]).acknowledged_by == "Olena"
        await press(pilot, "y")
        await rest(pilot)
        assert seen_by_others(app, cases["late"]).acknowledged_by == "Olena"


async def test_very_many_cases_are_not_changed_by_one_key(shop: Shop) -> None:
    """More than twenty at once are asked about first."""
    app, stage, _ = shop
    meant = crowd(stage, 21)
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, *meant)
        await press(pilot, "a", "enter")
        assert seen_by_others(app, meant[0]).acknowledged_by == ""
        await press(pilot, "a", "y")
        await rest(pilot)
        assert told(app).startswith("21 of 21 cases acknowledged")
        assert {seen_by_others(app, case).acknowledged_by for case in meant} == {"Olena"}


async def test_without_a_case_nothing_is_done(shop: Shop) -> None:
    """Keys for cases say so where there is none."""
    app, _, _ = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot)
        for key in "aAzcotnsbr":
            await press(pilot, key)
            assert told(app) == "No case is selected."
            assert isinstance(app.screen, Shown)


async def test_what_is_typed_ahead_of_a_dialog_is_no_command(shop: Shop) -> None:
    """Keys that come before a dialog is drawn do nothing to the cases behind it."""
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, cases["late"])
        screen.action_assign()
        screen.action_acknowledge()
        screen.action_undo()
        await rest(pilot)
        assert seen_by_others(app, cases["late"]).acknowledged_by == ""


@contextmanager
def busy_daemon(stage: Stage) -> Iterator[Callable[[], None]]:
    """Hold the database from another thread, until what is yielded is called."""
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        other = Store(stage.settings.general.database, create=False)
        with other.transaction():
            held.set()
            free.wait(20)
        other.database.close()

    daemon = threading.Thread(target=hold)
    daemon.start()
    held.wait(5)
    try:
        yield free.set
    finally:
        free.set()
        daemon.join()


async def test_the_screen_moves_while_the_database_is_held(shop: Shop) -> None:
    """A daemon that writes for a second stops no key; the deed is done when it has finished."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, cases["late"])
        with busy_daemon(stage) as finish:
            await pilot.press("a", "j", "j", "j")
            await reads(pilot, "Acknowledging case")
            assert screen.moved == 3
            assert "Acknowledging case" in str(screen.query_one(Underway).content)
            assert screen.query_one(Underway).display
            assert seen_by_others(app, cases["late"]).acknowledged_by == ""
            finish()
            await rest(pilot)
        assert seen_by_others(app, cases["late"]).acknowledged_by == "Olena"
        assert not screen.query(Underway)


async def test_u_takes_back_what_is_still_being_done(shop: Shop) -> None:
    """Whoever is quicker than the database never takes back something older instead."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["soon"])
        await press(pilot, "a")
        await show(pilot, cases["late"])
        with busy_daemon(stage) as finish:
            await pilot.press("a", "u")
            finish()
            await rest(pilot)
        assert seen_by_others(app, cases["late"]).acknowledged_by == ""
        assert seen_by_others(app, cases["soon"]).acknowledged_by == "Olena"
        assert told(app) == f"Taken back: case {cases['late']} (Ольга Петрова) acknowledged"


async def test_a_deed_goes_on_if_its_screen_is_left(shop: Shop) -> None:
    """Who leaves a case while it is being written still has it done, and told."""
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await show(pilot, cases["late"])
        screen.action_acknowledge()
        app.pop_screen()
        await rest(pilot)
        assert seen_by_others(app, cases["late"]).acknowledged_by == "Olena"
        assert told(app).startswith("Case")


async def test_a_database_that_is_gone_is_told(shop: Shop) -> None:
    """Where nothing can be written, that is said, and the screen stays."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"], cases["soon"])
        stage.settings.general.database.rename(stage.settings.general.database.with_suffix(".old"))
        await press(pilot, "a")
        assert "was moved, deleted or replaced" in told(app)
        assert told(app).endswith("2 cases not acknowledged")
        assert isinstance(app.screen, Shown)


async def test_an_address_is_shown_where_no_browser_can_be_opened(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over ssh the address is shown to be copied; nothing is started in this terminal."""
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        await press(pilot, "b")
        assert isinstance(app.screen, LinkDialog)
        await press(pilot, "enter")
        assert app.clipboard == "https://social.example/m1"


async def test_a_page_is_opened_in_the_readers_browser(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a desktop its opener gets the address, and no token; its chatter stays off the screen."""
    opener = tmp_path / "xdg-open"
    opener.write_text(
        f'#!/bin/sh\necho chatter\necho "$1" > {tmp_path}/opened\nenv > {tmp_path}/environment\n',
        encoding="utf-8",
    )
    opener.chmod(0o755)
    for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setenv("VK_TOKEN", "cAnArY")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr("sys.platform", "linux")
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"], cases["soon"])
        await press(pilot, "b")
        assert (tmp_path / "opened").read_text(encoding="utf-8") == "https://social.example/m1\n"
        assert told(app) == f"Case {cases['late']} (Ольга Петрова) is open in your browser."
    environment = (tmp_path / "environment").read_text(encoding="utf-8")
    assert "DISPLAY=:7" in environment
    assert "cAnArY" not in environment


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "file:///etc/passwd", "https://", "http://[", "https://a.example/\x1b[31m", "https://a.example/\u202e"])  # fmt: skip
async def test_only_addresses_of_the_web_are_opened(shop: Shop, url: str) -> None:
    """What is no address of the web, or hides something, is not given to any program."""
    app, stage, _ = shop
    ref = stage.hear("shop-vk", "dm:99", ago(minutes=5), "Hm?", url=url, author=PEOPLE["olga"])
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, stage.case_of(ref))
        await press(pilot, "b")
        assert "has no address in the web" in told(app)


async def test_colleagues_are_those_who_did_something_or_got_something(shop: Shop) -> None:
    """Who acted, or was assigned a case, can be given one; the latest first."""
    _, stage, _ = shop
    assert stage.store.actions.colleagues() == ["Olena", "Max"]


async def test_a_reply_is_written_taken_back_and_kept_as_a_draft(shop: Shop) -> None:
    """The editor opens on the first of the cases, and says so; u recalls what it sent."""
    app, stage, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"], cases["soon"])
        await press(pilot, "r")
        assert isinstance(app.screen, ReplyScreen)
        assert app.screen.case == cases["late"]
        assert (
            told(app)
            == f"A reply is to one case: case {cases['late']} (Ольга Петрова), the first of 2."
        )
        await pilot.press(*"Soon", "ctrl+s")
        await come_to(pilot, LastLook)
        await pilot.press("enter")
        await come_to(pilot, Shown)
        assert stage.value("SELECT state FROM outbox WHERE reply IS NOT NULL") == "pending"
        await press(pilot, "u")
        assert stage.value("SELECT state FROM outbox WHERE reply IS NOT NULL") == "cancelled"
        assert stage.store.drafts.of(cases["late"], "Olena") == "Soon"


async def test_the_palette_does_what_the_keys_do(shop: Shop) -> None:
    """Who knows the word and not the key acts on the same cases."""
    app, _, cases = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await show(pilot, cases["late"])
        await pilot.press("ctrl+p", *"acknow")
        await until(pilot, lambda: "Acknowledge:" in painted(app) and "Assign" not in painted(app))
        await pilot.press("enter")
        await until(pilot, lambda: seen_by_others(app, cases["late"]).acknowledged_by == "Olena")


@pytest.mark.parametrize("keys", ["a", "o", "A⏎", "z⏎", "c⏎", "t", "s", "b"])
async def test_a_case_that_is_gone_is_told(shop: Shop, keys: str) -> None:
    """What is not there any more is no reason to break."""
    app, _, _ = shop
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Listed(999))
        await press(pilot, *keys.replace("⏎", ""), *["enter"] * keys.count("⏎"))
        assert "999" in told(app)
        assert isinstance(app.screen, Listed)


@pytest.mark.parametrize("key", ["s", "b"])
async def test_a_case_in_which_nobody_waited_is_told(shop: Shop, key: str) -> None:
    """A case that was merged into another has no message to speak of."""
    app, stage, cases = shop
    stage.store.database.execute("DELETE FROM waits WHERE case_id = ?", (cases["ask"],))
    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Listed(cases["ask"]))
        await press(pilot, key)
        assert told(app) == f"▲ Case {cases['ask']} (John O'Neil) was merged with another."
