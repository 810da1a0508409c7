"""Promises about the screen of one case."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, cast

import pytest

from inboxd.connector import Page
from inboxd.desk import Desk
from inboxd.model import Attachment, Direction, Message, Stream
from inboxd.pipeline import Origin
from inboxd.tui.blocks import Blocks
from inboxd.tui.case.screen import CaseScreen
from inboxd.tui.host import Aged, Changed
from tests.tui.stage import BRAND, HOSTILE, NOW, PEOPLE, ago, opened
from tests.tui.watching import painted, reads, settled, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from inboxd.tui.app import InboxApp
    from tests.tui.stage import Stage

    Opened = tuple[InboxApp, Stage, dict[str, int]]

_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
SMALL = (80, 24)
LARGE = (160, 50)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path) as opening:
        yield opening


async def case_screen(app: InboxApp, pilot: Pilot[None], case: int) -> CaseScreen:
    """Open a case and return its screen, once it is painted."""
    app.open_case(case)
    await settled(pilot)
    screen = app.screen
    assert isinstance(screen, CaseScreen)
    return screen


async def changed(app: InboxApp, pilot: Pilot[None]) -> None:
    """Let the screen take notice of what was written."""
    app.screen.post_message(Changed())
    await settled(pilot)


def long_thread(stage: Stage, messages: int) -> int:
    """Have a conversation with so many messages; returns its case."""
    told = [
        Message(
            remote_id=f"long{number}",
            thread_id="dm:long",
            stream=Stream.DIRECT_MESSAGES,
            direction=Direction.OUTBOUND if number % 4 == 3 else Direction.INBOUND,
            public=False,
            sent_at=NOW - timedelta(minutes=10 * (messages - number)),
            text=f"message {number}: " + "Где моя посылка? " * (number % 12),
            author=BRAND if number % 4 == 3 else PEOPLE["olga"],
        )
        for number in range(messages)
    ]
    origin = Origin("shop-vk", "vk", "feed")
    for start in range(0, messages, 500):
        page = Page({"position": str(start)}, told[start : start + 500])
        stage.pipeline.ingest(origin, page, NOW)
    return int(stage.value("SELECT max(id) FROM cases"))


async def test_a_case_shows_who_waits_since_when_and_what_for(terminal: Opened) -> None:
    """Nobody needs to leave the screen to know how urgent it is."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["late"])
        shown = painted(app)
    for words in (
        f"Case {cases['late']}  overdue by 2h · due Tue 24 Nov 17:30 (office)",
        "Ольга Петрова @olga.p · 12,400 followers · waiting 3h since Tue 24 Nov 16:30",
        "complaint · shipping · high urgency · Russian · policy complaints",
        "vk direct messages · private",
        "● 16:30  Ольга Петрова · unanswered · complaint, shipping, high urgency",
        "Где моя посылка? Жду уже две недели, это безобразие!",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("soon", "12m left · due 10:42 (office)"),
        ("taken", "taken by Max"),
        ("mine", "assigned to Olena"),
        ("asleep", "asleep until Thu 26 Nov 09:00"),
        ("promised", "promised “Здравствуйте! Деньги вернём сегодня"),
        ("away", "sent elsewhere"),
        ("odd", "waiting · no target"),
        ("done", "closed: no reply needed"),
        ("answered", "answered"),
    ],
)
async def test_the_head_says_what_stands_in_the_way(
    terminal: Opened, case: str, words: str
) -> None:
    """What others did, what we owe, and that a case is over can be read without colour."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases[case])
        assert words in painted(app)


async def test_where_there_is_room_the_facts_have_a_pane(terminal: Opened) -> None:
    """A wide terminal leaves the height to the conversation."""
    app, _, cases = terminal
    async with app.run_test(size=LARGE) as pilot:
        screen = await case_screen(app, pilot, cases["late"])
        assert screen.query_one("#head").size.height == 1
        assert re.search(r"waits for +a first response", painted(app))
        await pilot.resize_terminal(*SMALL)
        await pilot.pause()
        assert screen.query_one("#pane").size.width == 0
        assert screen.query_one("#head").size.height == 4


async def test_the_words_that_made_it_a_complaint_are_marked(terminal: Opened) -> None:
    """Evidence is bold and underlined, in the version that was judged."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, cases["late"])
        assert marked(screen) == ["две недели", "безобразие"]


async def test_what_was_judged_before_an_edit_is_not_marked_after_it(terminal: Opened) -> None:
    """Evidence of other words marks nothing."""
    app, stage, cases = terminal
    stage.store.database.execute(
        "UPDATE messages SET text = 'Уже неважно, посылка пришла, спасибо большое!' WHERE id = ?",
        (stage.value("SELECT first_message_id FROM cases WHERE id = ?", cases["late"]),),
    )
    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, cases["late"])
        assert "посылка пришла" in painted(app)
        assert marked(screen) == []


def marked(screen: CaseScreen) -> list[str]:
    """Return what is marked in the conversation."""
    thread = screen.query_one("#thread", Blocks)
    mark = thread.get_component_rich_style("blocks--mark")
    assert mark.bold
    assert mark.underline
    return [
        segment.text
        for y in range(thread.size.height)
        for segment in thread.render_line(y)
        if segment.style and segment.style.underline and segment.style.bold
    ]


async def test_earlier_versions_are_shown_on_demand(terminal: Opened) -> None:
    """An edit is said at once; what stood there before takes a key, and goes with it."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["edited"])
        assert "edited 10:10" in painted(app)
        assert "until 10:10" not in painted(app)
        await pilot.press("h")
        assert "until 10:10: Is this in stock?" in painted(app)
        await pilot.press("h")
        assert "until 10:10" not in painted(app)


async def test_what_was_deleted_is_struck_and_says_so(terminal: Opened) -> None:
    """Also without colour or strokes it is plain that a message is gone."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["edited"])
        shown = painted(app)
        assert "deleted, seen 10:12" in shown
        assert "[deleted: first!!]" in shown


async def test_what_our_answers_owe_is_said_under_them(terminal: Opened) -> None:
    """A promise shows its words and its time; a deflection is called one."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["promised"])
        assert "promises something: “сегодня до 18:00” → by Tue 24 Nov 18:00" in painted(app)
        await pilot.press("escape")
        await case_screen(app, pilot, cases["away"])
        assert "sends the customer elsewhere" in painted(app)
        assert "Olena (us)" in painted(app)


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/0")


@pytest.mark.usefixtures("no_browser")
async def test_what_is_held_against_an_answer_is_said_and_can_be_denied(
    terminal: Opened,
) -> None:
    """With its mark; f says that it was fine, u takes that back, and both are seen at once."""
    app, stage, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["away"])
        await reads(pilot, "sent elsewhere · mark 4 of 5")
        await pilot.press("f")
        await reads(pilot, "mark 5 of 5 · as Olena says")
        await settled(pilot)
        assert "was fine: not sent elsewhere" in [each.message for each in app._notifications][-1]
        assert stage.store.reply_corrections.all()[0].actor == "Olena"
        await pilot.press("u")
        await reads(pilot, "sent elsewhere · mark 4 of 5")
        await pilot.press("f")
        await reads(pilot, "mark 5 of 5")
        await pilot.press("f")
        await settled(pilot)
        assert "Nothing is held against" in [each.message for each in app._notifications][-1]


async def test_attachments_are_links_if_they_are_the_webs(terminal: Opened) -> None:
    """A click opens http and https; nothing else is a link, whatever it is called."""
    app, stage, _ = terminal
    stage.hear("shop-fb", "dm:link", ago(minutes=5), "See", author=PEOPLE["john"], attachments=(
        Attachment("photo", "https://cdn.example/box.jpg", "box.jpg"),
        Attachment("file", "javascript:alert(1)", "[b]run me[/b]"),
        Attachment("file", "case:1", "another case"),
        Attachment("file", "https://evil.example/\u202egpj.exe", "turned"),
    ))  # fmt: skip
    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, stage.value("SELECT max(id) FROM cases"))
        assert "[b]run me[/b]" in painted(app)
        lines = painted(app).split("\n")
        for name in ("javascript:", "case:1", "https://evil"):
            y = next(number for number, line in enumerate(lines) if name in line)
            await pilot.click(offset=(lines[y].index(name) + 1, y))
            await settled(pilot)
            assert app.screen is screen
        y = next(number for number, line in enumerate(lines) if "https://cdn" in line)
        await pilot.click(offset=(lines[y].index("https://cdn") + 1, y))
        await reads(pilot, "No browser can be opened from here")
        assert "https://cdn.example/box.jpg" in painted(app)


@pytest.mark.usefixtures("no_browser")
async def test_a_key_opens_the_attachment_in_sight_or_asks_which(terminal: Opened) -> None:
    """Whoever has no mouse gets at pictures as well."""
    app, stage, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["soon"])
        await pilot.press("l")
        await reads(pilot, "No browser can be opened from here")
        await pilot.press("escape")
        more = Attachment("photo", "https://cdn.example/2.jpg", "label.jpg")
        stage.hear(
            "shop-fb", "dm:2", ago(minutes=2), "", author=PEOPLE["lukas"], attachments=(more,)
        )
        await changed(app, pilot)
        await pilot.press("l")
        await reads(pilot, "Open an attachment")
        await pilot.press(*"label", "enter")
        shown = await reads(pilot, "No browser can be opened from here")
        assert "https://cdn.example/2.jpg" in shown


@pytest.mark.parametrize("size", [SMALL, LARGE, (24, 9)])
async def test_hostile_texts_reach_the_terminal_as_letters_only(
    terminal: Opened, size: tuple[int, int]
) -> None:
    """No escape sequence, bidirectional override or line break of a stranger's gets through."""
    app, stage, cases = terminal
    evil = PEOPLE["family"]
    name = f"\x1b]0;owned\x07{HOSTILE}" * 200
    stage.store.database.execute(
        "UPDATE authors SET name = ?, handle = ? WHERE remote_id = ?", (name, name, evil.remote_id)
    )
    stage.act(cases["odd"], "close", HOSTILE, ago(minutes=1), HOSTILE)
    stage.hear("shop-fb", "wall:9", ago(minutes=2), f"{HOSTILE}\u2028{HOSTILE}\t\x85\u061c", author=evil,
               stream=Stream.COMMENTS, public=True, staff=HOSTILE,
               attachments=(Attachment("photo\x1b[2J", f"https://x.example/{HOSTILE}", HOSTILE),))  # fmt: skip
    async with app.run_test(size=size) as pilot:
        screen = await case_screen(app, pilot, cases["odd"])
        for tab in ("thread", "why", "trail", "customer"):
            screen.action_show_tab(tab)
            await settled(pilot)
            shown = painted(app)
            assert not _OBEYED.search(shown.replace("\n", ""))
            assert all(strip.cell_length == size[0] for strip in screen._compositor.render_strips())
            assert tab == "customer" or "[/red][b]bold" in shown or size[0] < 80


async def test_a_very_long_text_is_begun_and_shown_whole_on_demand(terminal: Opened) -> None:
    """100 KB do not fill the screen unasked; a key shows them to their end."""
    app, stage, _ = terminal
    words = "слово " * 17_000
    stage.hear("shop-vk", "dm:long", ago(minutes=1), words + "КОНЕЦ", author=PEOPLE["anna"])
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, stage.value("SELECT max(id) FROM cases"))
        await reads_at_the_end(pilot, "… and 99,005 more characters (w shows whole texts)")
        await pilot.press("w")
        await reads_at_the_end(pilot, "КОНЕЦ")


async def reads_at_the_end(pilot: Pilot[None], words: str) -> None:
    """Press for the end until *words* are there: before all is laid out, it is elsewhere."""
    for _ in range(40):
        await pilot.press("end")
        await pilot.pause(0.25)
        if words in painted(pilot.app):
            return
    await reads(pilot, words)


async def test_a_long_conversation_opens_at_the_newest_unanswered_message(terminal: Opened) -> None:
    """Only what is near is read, and what waits is on the screen."""
    app, stage, _ = terminal
    case = long_thread(stage, 5_000)
    read: list[int] = []
    async with app.run_test(size=SMALL) as pilot:
        thread = stage.store.views.thread
        views = app.session.store.views

        def counted(number: int, only: list[int] | None = None) -> object:
            read.extend(only or ())
            return thread(number, only)

        views.thread = counted  # type: ignore[method-assign, assignment]
        await case_screen(app, pilot, case)
        assert "message 4998:" in painted(app)
        assert 0 < len(read) < 200
        await pilot.press("home")
        await pilot.pause()
        assert "message 0:" in painted(app)
        await pilot.press("end")
        await pilot.pause()
        assert "message 4999:" in painted(app)


async def test_a_page_key_skips_nothing_whatever_was_guessed(terminal: Opened) -> None:
    """Every message of a conversation is seen by paging up through it, once each or twice."""
    app, stage, _ = terminal
    case = long_thread(stage, 120)
    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, case)
        thread = screen.query_one("#thread", Blocks)
        await pilot.press("end")
        seen: set[int] = set()
        for _ in range(200):
            await pilot.pause()
            seen |= {int(found) for found in re.findall(r"message (\d+):", painted(app))}
            if thread.scroll_offset.y == 0:
                break
            await pilot.press("pageup")
    assert seen == set(range(120))


async def test_what_comes_in_is_marked_new_and_moves_nothing(terminal: Opened) -> None:
    """Who reads in the middle goes on reading there; who is at the end sees what is new."""
    app, stage, _ = terminal
    case = long_thread(stage, 59)
    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, case)
        await pilot.press("pageup", "pageup", "up")
        await pilot.pause()
        before = body(painted(app))
        stage.hear("shop-vk", "dm:long", ago(minutes=1), "Ау?!", author=PEOPLE["olga"])
        await changed(app, pilot)
        assert body(painted(app)) == before
        await pilot.press("end")
        stage.hear("shop-vk", "dm:long", ago(seconds=30), "Алло?!", author=PEOPLE["olga"])
        await changed(app, pilot)
        shown = painted(app)
        assert "Алло?!" in shown
        assert shown.count(" new  Ольга Петрова") == 2
        assert screen.query_one("#thread", Blocks).is_vertical_scroll_end


def body(shown: str) -> str:
    """Return what is below the head, without the scroll bar."""
    lines = shown.partition("[Thread")[2].split("\n")[1:]
    return "\n".join(line[:79].rstrip() for line in lines)


async def test_time_goes_on_though_nothing_is_written(terminal: Opened) -> None:
    """The time that is left is that of the clock on the wall."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, cases["soon"])
        assert "12m left" in painted(app)
        app.session.clock.advance(timedelta(minutes=13))  # type: ignore[attr-defined]
        screen.post_message(Aged())
        await pilot.pause()
        assert "overdue by 1m" in painted(app)


async def test_at_midnight_today_is_another_day(terminal: Opened) -> None:
    """Who leaves a case open over night finds yesterday's messages under their date."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, cases["soon"])
        assert "Today, Wednesday 25 November" in painted(app)
        app.session.clock.advance(timedelta(hours=14))  # type: ignore[attr-defined]
        screen.post_message(Aged())
        await pilot.pause()
        assert "Today" not in painted(app)
        assert "Wednesday 25 November" in painted(app)


async def test_a_reply_on_its_way_stands_in_the_conversation(terminal: Opened) -> None:
    """Nobody writes a second time what is queued already, and a refusal is seen where it was."""
    app, stage, cases = terminal
    desk = Desk(stage.store, stage.settings.rules)
    done = desk.reply(cases["late"], "Добрый день! Уже ищем.", "Max", ago(seconds=20))
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["late"])
        assert "our reply · queued" in painted(app)
        assert "Добрый день! Уже ищем." in painted(app)
        stage.store.database.execute(
            "UPDATE outbox SET state = 'refused', error = 'the customer left' WHERE id = ?",
            (done.reply,),
        )
        await changed(app, pilot)
        assert "our reply · refused: the customer left" in painted(app)


async def test_the_explanation_is_a_key_away(terminal: Opened) -> None:
    """Verdict, policy and clock are told as `inboxd explain` tells them."""
    app, _, cases = terminal
    async with app.run_test(size=LARGE) as pilot:
        await case_screen(app, pilot, cases["late"])
        await pilot.press("e")
        shown = await reads(pilot, "complaints matches")
        assert "complaint: “безобразие”" in shown
        assert "calendar office (Europe/Kyiv)" in shown


async def test_the_tabs_turn_with_the_arrows_and_the_mouse(terminal: Opened) -> None:
    """The tab in front is named in brackets; a click on a name does what the arrows do."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["late"])
        assert "[Thread 1]" in painted(app)
        await pilot.press("right")
        await reads(pilot, "[Why]")
        await pilot.press("right")
        await reads(pilot, "[Trail]")
        lines = painted(app).split("\n")
        y = next(number for number, line in enumerate(lines) if "[Trail]" in line)
        await pilot.click(offset=(lines[y].index("Thread"), y))
        await reads(pilot, "[Thread 1]")


async def test_the_trail_tells_who_did_what_and_notes_stand_out(terminal: Opened) -> None:
    """Actions, and what colleagues are to know."""
    app, stage, cases = terminal
    Desk(stage.store, stage.settings.rules).note(
        cases["asleep"], "Lager fragen", "Ira", ago(minutes=5)
    )
    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, cases["asleep"])
        screen.action_show_tab("trail")
        await pilot.pause()
        shown = painted(app)
        assert "Max let it sleep until Thu 26 Nov 09:00" in shown
        assert "✎ 10:25:00  Ira notes: Lager fragen" in shown
        assert "[Trail ✎1]" in shown


async def test_others_are_seen_and_see_us(terminal: Opened) -> None:
    """Who looks at the same case is named, and we are named to them until we leave."""
    app, stage, cases = terminal
    stage.store.presences.here("terminal of Max", "Max", cases["late"], "replying", NOW)
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["late"])
        assert "also here Max, replying" in painted(app)
        await settled(pilot)
        there = stage.store.presences.at(cases["late"], "terminal of Max", NOW)
        assert [(each.actor, each.doing) for each in there] == [("Olena", "reading")]
        await pilot.press("escape")
        await settled(pilot)
        assert stage.store.presences.at(cases["late"], "terminal of Max", NOW) == ()


async def test_what_others_hear_of_us_is_what_is_in_front(terminal: Opened) -> None:
    """Who asks something of a dialog is still there, and who replies is not said to read only."""
    app, stage, cases = terminal

    def there() -> list[str]:
        return [each.doing for each in stage.store.presences.at(cases["late"], "Max", NOW)]

    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, cases["late"])
        await pilot.press("z")
        await settled(pilot)
        stage.store.presences.gone(app.session.key)
        screen.attend()
        await until(pilot, lambda: there() == ["reading"])
        await pilot.press("escape", "r")
        await until(pilot, lambda: there() == ["replying"])
        screen.attend()
        await settled(pilot)
        assert there() == ["replying"]
        await pilot.press("escape")
        await until(pilot, lambda: there() == ["reading"])


async def test_who_quits_is_at_no_case_any_more(terminal: Opened) -> None:
    """Nobody waits for a colleague who has gone home."""
    app, stage, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["late"])
        await until(pilot, lambda: stage.store.presences.at(cases["late"], "Max", NOW))
        await pilot.press("q")
    assert stage.store.presences.at(cases["late"], "Max", NOW) == ()


async def test_what_others_do_is_seen_behind_a_dialog(terminal: Opened) -> None:
    """Who is asked something has the case before their eyes: it keeps up to date."""
    app, stage, cases = terminal
    here = stage.store.presences.here
    here("terminal of Max", "Max", cases["late"], "reading", NOW)
    async with app.run_test(size=LARGE) as pilot:
        await case_screen(app, pilot, cases["late"])
        await pilot.press("z")
        assert app.screen.is_modal
        assert "Max, reading" in painted(app)
        here("terminal of Max", "Max", cases["late"], "replying", NOW)
        await reads(pilot, "Max, replying")


async def test_the_customers_other_cases_are_a_key_away(terminal: Opened) -> None:
    """What the same customer wrote elsewhere is listed, and Enter opens it; Esc comes back."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        screen = await case_screen(app, pilot, cases["promised"])
        await pilot.press("left")
        shown = await reads(pilot, "[Customer 1]")
        assert f"Case {cases['asleep']}  waiting · 08:30 · vk direct messages" in shown
        assert "Коли буде в наявності розмір 38?" in shown
        await pilot.press("enter")
        await reads(pilot, f" Case {cases['asleep']}  ")
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is screen


async def test_the_next_case_of_the_list_is_a_key_away(terminal: Opened) -> None:
    """Whoever works through the list need not go back to it; at its end that is said."""
    app, _, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await settled(pilot)
        await case_screen(app, pilot, cases["late"])
        seen = [cases["late"]]
        for _ in range(3):
            await pilot.press("right_square_bracket")
            await pilot.pause()
            seen.append(cast("CaseScreen", app.screen).case)
        assert len(set(seen)) == 4
        await pilot.press("left_square_bracket")
        await pilot.pause()
        assert cast("CaseScreen", app.screen).case == seen[2]
        assert f"Case {seen[2]}  " in painted(app)


async def test_an_explanation_that_comes_late_finds_nobody(terminal: Opened) -> None:
    """Who leaves a case while its explanation is being made leaves without an error."""
    app, _, cases = terminal
    go_on = Event()
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["late"])
        busy = asyncio.ensure_future(app.session.run(lambda _: go_on.wait(10)))
        await pilot.press("e")
        assert "Reading …" in painted(app)
        app.screen.dismiss()
        await until(pilot, lambda: not isinstance(app.screen, CaseScreen))
        go_on.set()
        await busy
        await settled(pilot)
        assert not isinstance(app.screen, CaseScreen)


async def test_what_is_done_here_is_done_to_the_case_that_is_shown(terminal: Opened) -> None:
    """The keys of the list do here what they do there, and the head shows it."""
    app, stage, cases = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["late"])
        await pilot.press("a")
        await reads(pilot, "taken by Olena")
        assert stage.store.cases.find(cases["late"])[0].acknowledged_by == "Olena"


async def test_what_a_machine_answered_says_why_it_is_taken_for_one(terminal: Opened) -> None:
    """An answer that stopped no clock does not look like one that did."""
    app, stage, _ = terminal
    stage.hear("shop-vk", "dm:robot", ago(minutes=9), "Где заказ?", author=PEOPLE["anna"])
    stage.answer(
        "shop-vk", "dm:robot", ago(minutes=9) + timedelta(seconds=2), "Мы ответим", staff=""
    )
    async with app.run_test(size=LARGE) as pilot:
        await case_screen(app, pilot, stage.value("SELECT max(id) FROM cases"))
        await reads(pilot, "taken for automatic: it came within")


async def test_a_case_that_is_gone_says_so(terminal: Opened) -> None:
    """A number that is none any more gives a line and no error."""
    app, _, _ = terminal
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, 999)
        assert "Case 999 is not in the database any more." in painted(app)
        await pilot.press("right", "right", "h", "w", "escape")
        await pilot.pause()
        assert not isinstance(app.screen, CaseScreen)


async def test_a_merged_case_names_where_it_goes_on(terminal: Opened) -> None:
    """Who followed an old link finds the case that is worked on."""
    app, stage, cases = terminal
    stage.store.database.execute(
        "UPDATE cases SET status = 'closed', close_reason = 'merged with another case', "
        "ended_at = opened_at, conversation_id = (SELECT conversation_id FROM cases WHERE id = ?) "
        "WHERE id = ?",
        (cases["late"], cases["soon"]),
    )
    async with app.run_test(size=SMALL) as pilot:
        await case_screen(app, pilot, cases["soon"])
        assert "became part of another case" in painted(app)
        assert f"goes on in case {cases['late']}" in painted(app)


def busy_morning(stage: Stage, case: int) -> None:
    """Have a case with all that can be seen of one: notes, a colleague, a picture, a reply."""
    desk = Desk(stage.store, stage.settings.rules)
    desk.note(case, "Lager: Paket kommt morgen früh.\nBitte so antworten.", "Ira", ago(minutes=30))
    desk.acknowledge(case, "Max", ago(minutes=20))
    receipt = Attachment("photo", "https://cdn.example/receipt-2026-11-24.jpg", "квитанция.jpg")
    stage.hear("shop-vk", "dm:1", ago(minutes=8), "Алло? Вот фото квитанции, трек 4711. " * 3,
               author=PEOPLE["olga"], attachments=(receipt,))  # fmt: skip
    desk.reply(case, "Добрый день, Ольга! Посылка уже в пути.", "Max", ago(minutes=3))
    stage.store.presences.here("terminal of Max", "Max", case, "replying", NOW)


@pytest.mark.parametrize(
    ("size", "keys"),
    [(SMALL, []), (LARGE, []), (SMALL, ["right", "right"]), (LARGE, ["e"])],
    ids=["small", "large", "trail", "why"],
)
def test_a_case_looks_as_it_should(
    terminal: Opened, snap_compare: Callable[..., bool], size: tuple[int, int], keys: list[str]
) -> None:
    """The conversation on both sizes, what was done, and why it is what it is."""
    app, stage, cases = terminal
    busy_morning(stage, cases["late"])

    async def before(pilot: Pilot[None]) -> None:
        await case_screen(app, pilot, cases["late"])
        await pilot.press(*keys)
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=before)
