"""Dialogs: what they offer, and what they answer."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from textual.app import App
from textual.widgets import Input, Static, TextArea

from inboxd.model import Kind, Topic, Urgency
from inboxd.store import Said
from inboxd.tui.dialogs.assign import AssignDialog
from inboxd.tui.dialogs.close import CloseDialog
from inboxd.tui.dialogs.correct import CorrectDialog, Corrected, judged
from inboxd.tui.dialogs.link import LinkDialog
from inboxd.tui.dialogs.note import NoteDialog
from inboxd.tui.dialogs.question import Question
from inboxd.tui.dialogs.silence import SilenceDialog, Wanted
from inboxd.tui.dialogs.snooze import SnoozeDialog
from tests.tui.stage import HOSTILE, NOW, opened
from tests.tui.watching import painted, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from inboxd.core.policies import Match
    from inboxd.tui.dialogs.frame import Dialog
    from inboxd.tui.session import Session

T = TypeVar("T")
NOTHING: list[Any] = []


class Asking(App[None]):
    """Opens one dialog and keeps its answers."""

    def __init__(self, dialog: Dialog[Any]) -> None:
        super().__init__()
        self.dialog = dialog
        self.answers: list[Any] = []

    def on_mount(self) -> None:
        """Ask."""
        self.push_screen(self.dialog, self.answers.append)


async def answer(dialog: Dialog[Any], *keys: str) -> Any:
    """Return what a dialog answers to these keys, in a terminal of 80x24."""
    app = Asking(dialog)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys)
        await settled(pilot)
    return app.answers[0] if app.answers else "open"


def typed(text: str) -> list[str]:
    """Return the keys that write *text*."""
    named = {" ": "space", ":": "colon", "-": "minus", ".": "full_stop"}
    return [named.get(letter, letter) for letter in text]


def words(dialog: Dialog[Any]) -> str:
    """Return what a dialog shows."""
    return painted(dialog.app)


async def shown(pilot: Pilot[None], dialog: Dialog[Any]) -> str:
    """Return what a dialog shows once it is at rest."""
    await settled(pilot)
    return words(dialog)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[tuple[Session, dict[str, int]]]:
    """Yield the session on a filled database, and its cases."""
    with opened(tmp_path) as (app, _, cases):
        yield app.session, cases


@pytest.mark.parametrize(
    ("keys", "who"),
    [
        (["enter"], "Olena"),
        (["down", "enter"], "Max"),
        (["m", "a", "x", "enter"], "Max"),
        (["m", "e", "enter"], "Olena"),
        (["n", "o", "b", "o", "d", "y", "enter"], ""),
        (["Z", "o", "e", "enter"], "Zoe"),
        (["up", "enter"], ""),
        (["escape"], None),
    ],
)
async def test_a_case_is_given_to_a_colleague_or_to_somebody_new(
    keys: list[str], who: str | None
) -> None:
    """Colleagues are found by a part of their names; Enter takes what is marked, Esc nothing."""
    assert await answer(AssignDialog((4,), "Olena", ["Max", "Olena", "Iryna"]), *keys) == who


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (["enter"], "no reply needed"),
        (["down", "enter"], "answered elsewhere"),
        (["s", "p", "enter"], "spam"),
        ([*typed("sold out"), "enter"], "sold out"),
        (["escape"], None),
    ],
)
async def test_a_case_is_closed_for_a_usual_reason_or_another(
    keys: list[str], reason: str | None
) -> None:
    """The commonest reason is one Enter away; any other can be written."""
    assert await answer(CloseDialog((4,)), *keys) == reason


@pytest.mark.parametrize(
    ("keys", "local"),
    [
        (["enter"], "2026-11-25 09:30"),
        (["down", "enter"], "2026-11-25 11:30"),
        (["down", "down", "down", "enter"], "2026-11-26 07:00"),
        (["up", "enter"], "2026-11-30 07:00"),
        ([*typed("fri 14:00"), "enter"], "2026-11-27 12:00"),
        ([*typed("2026-12-01 09:00"), "enter"], "2026-12-01 07:00"),
    ],
)
async def test_a_case_sleeps_for_a_usual_time_or_another(
    session: tuple[Session, dict[str, int]], keys: list[str], local: str
) -> None:
    """Presets of the configuration, openings of the calendar, and whatever is typed."""
    hours = session[0].settings.policies[0].hours
    wakes = await answer(SnoozeDialog((4,), session[0], hours), *keys)
    assert wakes == datetime.fromisoformat(local).replace(tzinfo=UTC)


async def test_a_time_is_shown_as_it_is_understood(session: tuple[Session, dict[str, int]]) -> None:
    """While a time is typed, it is told what it would be; half a word is no error."""
    app = Asking(SnoozeDialog((4,), session[0], None))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f")
        assert "not a time yet" in await shown(pilot, app.dialog)
        await pilot.press(*typed("ri 14:00"))
        assert "until Fri 27 Nov 14:00" in await shown(pilot, app.dialog)
        assert "in 2d 3h" in words(app.dialog)
        app.dialog.query_one(Input).value = "2026-11-01"
        assert "2026-11-01 is not in the future" in await shown(pilot, app.dialog)
        await pilot.press("enter")
        assert not app.answers


async def test_a_note_has_lines_and_is_never_empty() -> None:
    """Enter begins a line, Ctrl+S keeps the note, and an empty one is none."""
    assert await answer(NoteDialog((4,)), "ctrl+s") == "open"
    assert await answer(NoteDialog((4,)), "a", "enter", "b", "ctrl+s") == "a\nb"


@pytest.mark.parametrize(("keys", "said"), [(["enter"], False), (["y"], True), (["n"], False), (["left", "enter"], True), (["escape"], None)])  # fmt: skip
async def test_enter_answers_a_question_the_safe_way(keys: list[str], said: bool | None) -> None:  # noqa: FBT001
    """Who presses Enter without reading changes nothing."""
    assert await answer(Question("Closing 30 cases", [], "Do it", "Leave it"), *keys) is said


async def test_an_address_is_shown_whole_and_copied() -> None:
    """Enter hands the address to the terminal's clipboard."""
    url = "https://social.example/" + "a" * 100
    app = Asking(LinkDialog(4, url))
    async with app.run_test(size=(80, 24)) as pilot:
        assert words(app.dialog).replace("\n", "").count("a" * 47) == 2
        await pilot.press("enter")
    assert app.clipboard == url


@pytest.mark.parametrize(("length", "width"), [(62, 80), (76, 80), (120, 160)])
async def test_an_address_stands_in_one_line_where_there_is_room(length: int, width: int) -> None:
    """A mouse copies what stands in one line."""
    url = "https://social.example/".ljust(length, "a")
    app = Asking(LinkDialog(4, url))
    async with app.run_test(size=(width, 24)) as pilot:
        await pilot.pause()
        assert any(url in line for line in painted(app).splitlines())


def of_case(session: tuple[Session, dict[str, int]], name: str) -> CorrectDialog:
    """Return the dialog that corrects a case."""
    store, case = session[0].store, session[1][name]
    return CorrectDialog((case,), judged(store, case), store.card(case).message)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["down"], Said(kind=Kind.REQUEST)),
        (["tab", "up"], Said(urgency=Urgency.NORMAL)),
        (["tab", "tab", "delete", "delete", "u", "k"], Said(language="uk")),
        (["shift+tab", "home", "space"], Said(topics=(Topic.RETURNS, Topic.SHIPPING))),
    ],
)
async def test_only_what_differs_is_said(
    session: tuple[Session, dict[str, int]], keys: list[str], said: Said
) -> None:
    """A part that is left as it was judged is not corrected."""
    corrected = await answer(of_case(session, "late"), *keys, "enter")
    assert isinstance(corrected, Corrected)
    assert corrected.said == said
    assert corrected.message is not None


@pytest.mark.parametrize("keys", [[], ["tab", "tab", "delete", "delete", "u", "1"]])
async def test_nothing_to_correct_is_said_and_the_dialog_stays(
    session: tuple[Session, dict[str, int]], keys: list[str]
) -> None:
    """No difference, or no language, is no answer."""
    app = Asking(of_case(session, "late"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*keys, "enter")
        await pilot.pause()
        refusal = app.dialog.query_one(".refusal", Static)
        assert refusal.display
        assert not app.answers


async def test_another_message_brings_its_own_verdict(
    session: tuple[Session, dict[str, int]],
) -> None:
    """Which message is meant can be chosen; the parts begin as it was judged."""
    store, cases = session[0].store, session[1]
    messages = [
        *judged(store, cases["late"]),
        *judged(store, cases["ask"]),
    ]
    dialog = CorrectDialog((cases["late"],), messages)
    corrected = await answer(dialog, "shift+tab", "down", "tab", "home", "enter")
    assert corrected == Corrected(messages[1].id, Said(kind=Kind.COMPLAINT))


async def test_of_several_cases_only_what_is_picked_is_said() -> None:
    """A correction of many begins with nothing and says nothing that was not picked."""
    corrected = await answer(CorrectDialog((1, 2, 3)), "down", "enter")
    assert corrected == Corrected(None, Said(kind=Kind.COMPLAINT))


def silencing(session: tuple[Session, dict[str, int]], name: str) -> SilenceDialog:
    """Return the dialog that silences what is like a case; the count says what it counts."""

    async def count(match: Match) -> int:
        await asyncio.sleep(0)
        return sum(
            not match.topic or bool(match.topic & {str(topic) for topic in each.topics})
            for each in session[0].store.views.waiting()
        )

    return SilenceDialog(session[0].store.card(session[1][name]), session[0], count)


async def test_a_silence_begins_with_the_topic_for_two_hours(
    session: tuple[Session, dict[str, int]],
) -> None:
    """One Enter silences the topics of a case for a while."""
    wanted = await answer(silencing(session, "late"), "enter")
    assert isinstance(wanted, Wanted)
    assert wanted.match.topic == {"shipping"}
    assert not wanted.match.kind
    assert wanted.until == NOW + timedelta(hours=2)


async def test_a_silence_has_conditions_a_time_and_a_reason(
    session: tuple[Session, dict[str, int]],
) -> None:
    """Other facts of the case can be conditions as well; the reason is kept."""
    keys = ["down", "space", "tab", *typed("18:00"), "tab", *typed("storm")]
    wanted = await answer(silencing(session, "late"), *keys, "enter")
    assert wanted.match.kind == {"complaint"}
    assert wanted.match.topic == {"shipping"}
    assert wanted.until == datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert wanted.reason == "storm"


async def test_a_silence_tells_whom_it_mutes(session: tuple[Session, dict[str, int]]) -> None:
    """It is shown how many of those who wait would be silent, and it is never everything."""
    app = Asking(silencing(session, "late"))
    async with app.run_test(size=(80, 24)) as pilot:
        assert "Mutes the alerts of 2 cases" in await shown(pilot, app.dialog)
        await pilot.press("space")
        assert "Pick at least one condition" in await shown(pilot, app.dialog)
        await pilot.press("enter")
        assert not app.answers


async def test_names_and_texts_in_dialogs_are_inert() -> None:
    """Markup and escapes in a colleague's name are letters, and long names stay in their line."""
    app = Asking(AssignDialog((4,), "Olena", [HOSTILE, "n" * 5_000]))
    async with app.run_test(size=(80, 24)) as pilot:
        text = await shown(pilot, app.dialog)
    assert "[/red][b]bold?[/b]" in text
    assert "\x1b" not in text
    assert "nnn…" in text


async def test_a_note_is_written_where_keys_lead_nowhere_else() -> None:
    """Letters in the editor are text, not commands."""
    app = Asking(NoteDialog((4,)))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q", "u")
        assert app.dialog.query_one(TextArea).text == "qu"


@pytest.mark.parametrize("name", ["assign", "snooze", "correct", "silence"])
def test_a_dialog_looks_as_it_should(
    session: tuple[Session, dict[str, int]], snap_compare: Callable[..., bool], name: str
) -> None:
    """Everything is in its place in 80x24."""
    dialogs: dict[str, Dialog[Any]] = {
        "assign": AssignDialog((4, 5), "Olena", ["Max", HOSTILE, "Ірина Шевченко", "山田花子"]),
        "snooze": SnoozeDialog((4,), session[0], session[0].settings.policies[0].hours),
        "correct": of_case(session, "late"),
        "silence": silencing(session, "late"),
    }

    async def before(pilot: Pilot[None]) -> None:
        await settled(pilot)

    assert snap_compare(Asking(dialogs[name]), terminal_size=(80, 24), run_before=before)
