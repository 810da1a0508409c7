"""Promises about answering a case."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest
from textual.widgets import OptionList, Static

from inboxd.config import ReplySettings, TuiSettings
from inboxd.connector import Page
from inboxd.desk import Desk
from inboxd.model import ReplyWindow, Stream, Topic
from inboxd.pipeline import Origin
from inboxd.tui.acting.actions import CaseActions
from inboxd.tui.host import Aged
from inboxd.tui.reply.editor import Editor
from inboxd.tui.reply.saved import SavedReplies, offered
from inboxd.tui.reply.screen import ReplyScreen
from inboxd.tui.reply.sending import Countdown, LastLook
from inboxd.tui.reply.talk import Talk
from tests.tui.stage import HOSTILE, NETWORKS, NOW, PEOPLE, Stage, ago, opened
from tests.tui.watching import painted, reads, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from textual.app import App
    from textual.pilot import Pilot
    from textual.screen import Screen

    from inboxd.clock import ManualClock
    from inboxd.tui.app import InboxApp

    Opened = tuple[InboxApp, Stage, dict[str, int]]

SAVED = (
    ReplySettings(
        name="Refund",
        text="Hello, {customer}! Order {order} is paid back.",
        language="en",
        topic=(Topic.REFUNDS,),
    ),
    ReplySettings(name="Versand", text="Guten Tag, {customer}!", language="de"),
    ReplySettings(name="Номер", text="Здравствуйте, {customer}! {me}", language="ru"),
    ReplySettings(name="Link", text="{link}"),
)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path) as (app, stage, cases):
        settings = replace(app.session.settings, tui=TuiSettings(replies=SAVED))
        app.session = replace(app.session, settings=settings)
        yield app, stage, cases


@asynccontextmanager
async def replying(
    app: InboxApp, case: int, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[None]]:
    """Run the application with the reply to *case* open."""
    async with app.run_test(size=size) as pilot:
        app.push_screen(ReplyScreen(case))
        await until(pilot, lambda: bool(shown(app.screen, "#state")))
        yield pilot


async def write(pilot: Pilot[None], text: str) -> None:
    editor(pilot.app).set_whole(text)
    await pilot.pause()


async def preview(pilot: Pilot[None], *keys: str) -> None:
    """Ask for the last look, and wait for it."""
    await pilot.press(*keys, "ctrl+s")
    await until(pilot, lambda: isinstance(pilot.app.screen, LastLook))
    await pilot.pause()


async def send(pilot: Pilot[None], text: str) -> None:
    await write(pilot, text)
    await preview(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: not isinstance(pilot.app.screen, LastLook | ReplyScreen))


def editor(app: App[Any]) -> Editor:
    return next(screen for screen in app.screen_stack if isinstance(screen, ReplyScreen)).query_one(
        Editor
    )


def shown(screen: Screen[Any], selector: str) -> str:
    """Return what a line says."""
    return str(screen.query_one(selector, Static).render())


def everything(screen: Screen[Any]) -> str:
    return "\n".join(str(each.render()) for each in screen.query(Static) if each.display)


def queued(stage: Stage) -> list[str]:
    rows = stage.store.database.execute(
        "SELECT json_extract(reply, '$.text') FROM outbox WHERE reply IS NOT NULL "
        "AND state = 'pending' ORDER BY id"
    )
    return [text for (text,) in rows]


def limit(stage: Stage, account: str, thread: str, **window: Any) -> None:
    """Let the network say until when and in how many characters a thread is answered."""
    page = Page({"position": "w"}, [], windows=[ReplyWindow(thread, **window)])
    stage.pipeline.ingest(Origin(account, NETWORKS[account], "windows"), page, NOW)


def desk(stage: Stage) -> Desk:
    return Desk(stage.store, stage.settings.rules)


async def test_a_reply_is_sent_after_a_last_look(shop: Opened) -> None:
    """What was shown is what is queued, and one is back where one came from."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        below = app.screen_stack[-2]
        await write(pilot, "  Здравствуйте, Ольга! Посылка в Казани.\n")
        await preview(pilot)
        assert queued(stage) == []
        assert "Здравствуйте, Ольга! Посылка в Казани." in everything(app.screen)
        assert "To Ольга Петрова · private message · shop-vk (vk)" in everything(app.screen)
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is below)
        assert queued(stage) == ["Здравствуйте, Ольга! Посылка в Казани."]
        assert stage.store.drafts.of(cases["late"], "Olena") == ""


async def test_a_reply_leaves_after_five_seconds(shop: Opened) -> None:
    """The line counts down by the clock, says that no daemon runs, and goes away."""
    app, stage, cases = shop
    clock = cast("ManualClock", app.session.clock)
    async with replying(app, cases["late"]) as pilot:
        await send(pilot, "Здравствуйте! Она в Казани.")
        await until(pilot, lambda: bool(app.screen.query(Countdown)))
        line = app.screen.query_one(Countdown)
        assert str(line.render()) == "The reply to Ольга Петрова leaves in 5 s · u takes it back"
        clock.advance(timedelta(seconds=3.2))
        line.tick()
        assert "leaves in 2 s" in str(line.render())
        clock.advance(timedelta(seconds=2))
        line.tick()
        assert "No daemon is running" in str(line.render())
        (leaves_at,) = stage.store.database.execute(
            "SELECT not_before FROM outbox WHERE reply IS NOT NULL"
        ).fetchone()
        assert leaves_at == "2026-11-25T08:30:05.000Z"


async def test_what_is_taken_back_is_a_draft_again(shop: Opened) -> None:
    """Undone, nothing leaves, the line goes, and the editor has the text when it is opened."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await send(pilot, "Здравствуйте! Она в Казани.")
        await until(pilot, lambda: bool(app.screen.query(Countdown)))
        ((done,),) = app.session.deeds
        desk(stage).undo(done, "Olena", NOW)  # type: ignore[arg-type] # a deed of ours it is
        assert queued(stage) == []
        await until(pilot, lambda: not app.screen.query(Countdown))
        app.push_screen(ReplyScreen(cases["late"]))
        await until(pilot, lambda: bool(shown(app.screen, "#state")))
        assert editor(app).text == "Здравствуйте! Она в Казани."


async def test_u_takes_a_reply_back_from_where_one_came_from(shop: Opened) -> None:
    """Nothing is sent, and what was written is a draft again."""
    app, stage, cases = shop

    class Desktop(CaseActions):
        """A screen on which a case is selected."""

        def meant(self) -> tuple[int, ...]:
            return (cases["late"],)

    async with app.run_test(size=(80, 24)) as pilot:
        await app.push_screen(Desktop())
        app.push_screen(ReplyScreen(cases["late"]))
        await until(pilot, lambda: isinstance(app.screen, ReplyScreen))
        await until(pilot, lambda: bool(shown(app.screen, "#state")))
        await send(pilot, "Здравствуйте! Она в Казани.")
        await pilot.press("u")
        await until(pilot, lambda: queued(stage) == [])
        await until(pilot, lambda: not app.screen.query(Countdown))
        assert stage.store.drafts.of(cases["late"], "Olena") == "Здравствуйте! Она в Казани."


async def test_what_is_written_is_kept_when_one_leaves(shop: Opened) -> None:
    """Esc goes back at once; whoever returns goes on where they were."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await pilot.press("escape")
        await pilot.pause()
        app.push_screen(ReplyScreen(cases["late"]))
        await until(pilot, lambda: bool(shown(app.screen, "#state")))
        await pilot.press("H", "i", "enter", "!")
        await pilot.press("escape")
        await until(pilot, lambda: stage.store.drafts.of(cases["late"], "Olena") == "Hi\n!")
        app.push_screen(ReplyScreen(cases["late"]))
        await until(pilot, lambda: bool(shown(app.screen, "#state")))
        assert editor(app).text == "Hi\n!"
        assert "draft saved" in shown(app.screen, "#state")


async def test_what_is_written_is_kept_while_one_writes(shop: Opened) -> None:
    """A line that drops loses seconds, not minutes."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await write(pilot, "Здравствуйте")
        assert "draft not saved yet" in shown(app.screen, "#state")
        await until(pilot, lambda: stage.store.drafts.of(cases["late"], "Olena") != "")
        await until(pilot, lambda: "draft saved" in shown(app.screen, "#state"))


async def test_what_is_answered_is_seen_above_the_editor(shop: Opened) -> None:
    """The last messages, ours as well, and which of them is answered."""
    app, _, cases = shop
    async with replying(app, cases["promised"]) as pilot:
        talk = str(app.screen.query_one(Talk).query_one(Static).render())
        assert "Верните деньги за заказ 88!" in talk
        assert "Olena (us)" in talk
        assert talk.count("you answer this") == 1
        assert app.focused is editor(app)
        assert app.screen.query_one(Talk).region.y < editor(app).region.y
        await pilot.resize_terminal(160, 50)
        await pilot.pause()
        assert app.screen.query_one(Talk).region.x < editor(app).region.x


async def test_who_reads_it_and_by_when_it_is_due_is_said_above(shop: Opened) -> None:
    """In words, and kept up to date as time goes by."""
    app, _, cases = shop
    clock = cast("ManualClock", app.session.clock)
    async with replying(app, cases["taken"], (120, 30)) as pilot:
        line = "Reply to Ірина Шевченко · public: everybody reads it · due 10:50 · shop-vk (vk)"
        assert shown(app.screen, "#to") == line
        assert editor(app).border_title == "Your public reply"
        clock.advance(timedelta(hours=2))
        app.screen.post_message(Aged())
        await pilot.pause()
        assert "overdue by 1h 40m" in shown(app.screen, "#to")


async def test_a_strangers_text_is_only_text(shop: Opened) -> None:
    """Markup, escape sequences and overrides stay what they are, also when they are pasted."""
    app, _, cases = shop
    async with replying(app, cases["odd"]) as pilot:
        talk = str(app.screen.query_one(Talk).query_one(Static).render())
        assert "[/red][b]bold?[/b]" in talk
        assert not {"\x1b", "\u202e", "\x07"} & {*talk}
        from textual.events import Paste  # noqa: PLC0415 - what a terminal sends

        app.screen.post_message(Paste(HOSTILE))
        await until(pilot, lambda: "esrever" in editor(app).text)
        assert not {"\x1b", "\u202e", "\x07"} & {*editor(app).text}
        await preview(pilot)
        assert "[/red][b]bold?[/b]" in everything(app.screen)


async def test_a_reply_that_is_too_long_is_counted_and_refused(shop: Opened) -> None:
    """As the network counts: on X a link is 23, whatever its length."""
    app, stage, cases = shop
    limit(stage, "shop-x", "conv:3", max_length=280)
    async with replying(app, cases["ask"]) as pilot:
        link = "https://shop.example/" + "x" * 300
        await write(pilot, link)
        await until(pilot, lambda: "23 of 280 characters" in shown(app.screen, "#state"))
        await write(pilot, "x" * 281)
        assert "281 of 280 characters: 1 too many" in shown(app.screen, "#state")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "▲ Cannot be sent: " in shown(app.screen, "#refusal"))
        assert isinstance(app.screen, ReplyScreen)
        assert queued(stage) == []


async def test_a_closing_window_is_seen_while_one_writes(shop: Opened) -> None:
    """Until when, how long that is, and once it is over why nothing can be sent."""
    app, stage, cases = shop
    clock = cast("ManualClock", app.session.clock)
    why = "the day after their message is over"
    limit(stage, "shop-fb", "dm:2", closes_at=NOW + timedelta(hours=5, minutes=20), reason=why)
    async with replying(app, cases["soon"]) as pilot:
        assert "open until 15:50, 5h 20m left" in shown(app.screen, "#state")
        clock.advance(timedelta(hours=6))
        await write(pilot, "Hallo Lukas, wir erstatten das Geld.")
        assert f"closed: {why}" in shown(app.screen, "#state")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "▲ Cannot be sent: " in shown(app.screen, "#refusal"))
        assert isinstance(app.screen, ReplyScreen)


async def test_nothing_is_no_reply(shop: Opened) -> None:
    """Blanks are not asked about."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await write(pilot, " \n ")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "▲ Cannot be sent: " in shown(app.screen, "#refusal"))
        assert isinstance(app.screen, ReplyScreen)
        assert queued(stage) == []


async def test_advice_is_given_while_one_writes_and_before_sending(shop: Opened) -> None:
    """With the words it is about; a promise says when it will be due, and nothing is forbidden."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await write(pilot, "Мы перезвоним. {order}")
        await until(pilot, lambda: "to be filled in" in shown(app.screen, "#advice"))
        advice = shown(app.screen, "#advice")
        assert "▲ Something is still to be filled in: “{order}”" in advice
        assert "A promise without a time, due Thu 26 Nov 10:30: “перезвоним”" in advice
        await preview(pilot)
        assert "“{order}”" in everything(app.screen)
        await pilot.press("enter")
        await until(pilot, lambda: queued(stage) == ["Мы перезвоним. {order}"])


async def test_what_a_colleague_answered_meanwhile_is_shown_before_sending(shop: Opened) -> None:
    """The last writer never silently wins; and may still write."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await write(pilot, "Здравствуйте! Она в Казани.")
        desk(stage).reply(cases["late"], "Уже едет!", "Max", NOW)
        await preview(pilot)
        news = shown(app.screen, "#news")
        assert "Max" in news
        assert "Уже едет!" in news
        await pilot.press("escape")
        assert isinstance(app.screen, ReplyScreen)
        await preview(pilot)
        assert "another reply to this case is on its way" in shown(app.screen, "#news")
        assert queued(stage) == ["Уже едет!"]


async def test_what_happens_during_the_last_look_is_shown_in_another(shop: Opened) -> None:
    """Enter sends only what was confirmed with all that was known."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await write(pilot, "Здравствуйте! Она в Казани.")
        await preview(pilot)
        first = app.screen
        assert not first.query("#news")
        stage.hear("shop-vk", "dm:1", ago(seconds=-5), "Уже нашла, спасибо!")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is not first and app.screen.query("#news"))
        assert "Уже нашла, спасибо!" in shown(app.screen, "#news")
        assert queued(stage) == []
        await pilot.press("enter")
        await until(pilot, lambda: queued(stage) == ["Здравствуйте! Она в Казани."])


async def test_nobody_who_waits_is_said(shop: Opened) -> None:
    """Whoever writes once more to an answered case knows it, and may."""
    app, stage, cases = shop
    async with replying(app, cases["answered"]) as pilot:
        await write(pilot, "Вітаємо! Чекаємо на вас.")
        await preview(pilot)
        assert "nobody waits here any more: the case is answered" in shown(app.screen, "#news")
        await pilot.press("enter")
        await until(pilot, lambda: queued(stage) == ["Вітаємо! Чекаємо на вас."])


async def test_two_who_reply_see_one_another(shop: Opened) -> None:
    """Each terminal says that it is replying, and no more once it has left."""
    app, stage, cases = shop
    store, case = stage.store, cases["late"]
    store.presences.here("another", "Max", case, "replying", NOW)
    async with replying(app, case) as pilot:
        await until(pilot, lambda: "Max is replying, too" in shown(app.screen, "#state"))
        (here,) = store.presences.at(case, "another", NOW)
        assert (here.actor, here.doing) == ("Olena", "replying")
        await pilot.press("escape")
        await until(pilot, lambda: store.presences.at(case, "another", NOW) == ())


async def test_whoever_begins_to_reply_as_well_is_seen_at_once(shop: Opened) -> None:
    """Not only when one's own presence is renewed."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await until(pilot, lambda: bool(shown(app.screen, "#state")))
        stage.store.presences.here("another", "Max", cases["late"], "replying", NOW)
        await until(pilot, lambda: "Max is replying, too" in shown(app.screen, "#state"))


async def test_what_the_customer_adds_is_seen_at_once(shop: Opened) -> None:
    """The conversation is live, and what was typed stays."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await write(pilot, "Здравствуйте")
        stage.hear("shop-vk", "dm:1", ago(seconds=5), "Алло?!")
        app.look()
        talk = app.screen.query_one(Talk).query_one(Static)
        await until(pilot, lambda: "Алло?!" in str(talk.render()))
        assert editor(app).text == "Здравствуйте"


async def test_a_saved_reply_is_inserted_with_its_variables_filled(shop: Opened) -> None:
    """The best one for the case is marked first, and is seen before it is taken."""
    app, _, cases = shop
    async with replying(app, cases["mine"]) as pilot:
        await pilot.press("ctrl+r")
        assert isinstance(app.screen, SavedReplies)
        await pilot.pause()
        assert shown(app.screen, "#text") == "Hello, John! Order 4711 is paid back."
        await pilot.press("enter")
        await pilot.pause()
        assert editor(app).text == "Hello, John! Order 4711 is paid back."


async def test_saved_replies_are_narrowed_down_by_typing(shop: Opened) -> None:
    """By words of the name or the text; Esc takes none."""
    app, _, cases = shop
    async with replying(app, cases["mine"]) as pilot:
        await pilot.press("ctrl+r", *"guten")
        await pilot.pause()
        assert app.screen.query_one(OptionList).option_count == 1
        assert shown(app.screen, "#text") == "Guten Tag, John!"
        await pilot.press(*"xyz")
        await pilot.pause()
        assert "no saved reply has these words" in everything(app.screen)
        assert shown(app.screen, "#text") == ""
        await pilot.press("enter", "escape")
        assert isinstance(app.screen, ReplyScreen)
        assert editor(app).text == ""


async def test_what_a_saved_reply_leaves_open_is_selected(shop: Opened) -> None:
    """The next letter takes its place."""
    app, _, cases = shop
    async with replying(app, cases["late"]) as pilot:
        await write(pilot, "A\nB: ")
        editor(app).put("Order {order}\nis {order}.")
        assert editor(app).selected_text == "{order}"
        await pilot.press("7")
        assert editor(app).text == "A\nB: Order 7\nis {order}."


async def test_replies_in_another_language_are_marked_and_none_is_one_enter_away(
    shop: Opened,
) -> None:
    """Where nothing is saved in the customer's language, an Enter too many inserts nothing."""
    app, _, cases = shop
    foreign = replace(app.session.settings, tui=TuiSettings(replies=SAVED[1:3]))
    app.session = replace(app.session, settings=foreign)
    async with replying(app, cases["mine"]) as pilot:
        await pilot.press("ctrl+r")
        await reads(pilot, "▲ in German")
        assert "▲ in Russian" in painted(app)
        await pilot.press("enter")
        assert isinstance(app.screen, SavedReplies)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert editor(app).text == "Guten Tag, John!"


async def test_without_saved_replies_it_is_said_how_to_add_one(shop: Opened) -> None:
    """The natural Esc closes what was said, and not the editor."""
    app, _, cases = shop
    empty = replace(app.session.settings, tui=TuiSettings())
    app.session = replace(app.session, settings=empty)
    async with replying(app, cases["mine"]) as pilot:
        await pilot.press("ctrl+r")
        await reads(pilot, "add one as [[tui.replies]] in the configuration")
        await pilot.press("escape")
        await until(pilot, lambda: "[[tui.replies]]" not in painted(app))
        assert isinstance(app.screen, ReplyScreen)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, ReplyScreen))


def test_what_fits_is_offered_first() -> None:
    """The customer's language before everything, then the network, then the topic."""
    names = [reply.name for reply in offered(SAVED, "ru", [Topic.REFUNDS], "vk")]
    assert names == ["Номер", "Link", "Refund", "Versand"]
    local = ReplySettings(name="Local", text="x", language="ru", network=("vk",))
    assert offered([*SAVED, local], "ru", [], "vk")[0] is local
    assert offered([*SAVED, local], "ru", [], "facebook")[0] is SAVED[2]


async def test_a_case_that_is_gone_is_told(shop: Opened) -> None:
    """Nobody is left before an empty editor."""
    app, _, _ = shop
    async with app.run_test() as pilot:
        app.push_screen(ReplyScreen(99_999))
        await until(pilot, lambda: bool(app._notifications))
        await pilot.pause()
        assert not isinstance(app.screen, ReplyScreen)


async def test_where_many_write_only_the_one_who_is_answered_counts(shop: Opened) -> None:
    """Neither the question nor a private number is taken from somebody else in the thread."""
    app, stage, cases = shop
    stage.hear(
        "shop-vk", "wall:4", ago(minutes=5), "Call me: 067 123 45 67",
        author=PEOPLE["mo"], stream=Stream.COMMENTS, public=True,
    )  # fmt: skip
    async with replying(app, cases["taken"]) as pilot:
        situation = cast("ReplyScreen", app.screen)._situation
        assert situation
        draft = situation.draft("x", NOW, app.session.tz)
        assert draft.question == "Менеджер нагрубив мені по телефону, жах."
        assert draft.known == (draft.question,)
        assert draft.first
        await pilot.pause()


async def test_a_database_that_is_held_takes_nobody_s_words(shop: Opened) -> None:
    """That the draft is not saved is said, and it is as soon as that is possible."""
    app, stage, cases = shop
    async with replying(app, cases["late"]) as pilot:
        app.session.work.store.database.execute("PRAGMA busy_timeout = 10")
        stage.store.database.execute("BEGIN IMMEDIATE")
        await write(pilot, "Здравствуйте")
        await until(pilot, lambda: "draft not saved: " in shown(app.screen, "#state"))
        assert editor(app).text == "Здравствуйте"
        stage.store.database.execute("ROLLBACK")
        await until(pilot, lambda: "draft saved" in shown(app.screen, "#state"))
        assert stage.store.drafts.of(cases["late"], "Olena") == "Здравствуйте"


PROMISING = "Здравствуйте, Ольга!\n\nПосылка уже в Казани. Мы перезвоним вам.\n\n{me}"


@pytest.mark.parametrize(
    ("size", "keys"),
    [((80, 24), ()), ((160, 50), ()), ((80, 24), ("ctrl+s",))],
    ids=["small", "large", "last look"],
)
def test_the_reply_looks_as_it_should(
    shop: Opened,
    snap_compare: Callable[..., bool],
    size: tuple[int, int],
    keys: tuple[str, ...],
) -> None:
    """Small, large, and the last look with what a colleague did meanwhile."""
    app, stage, cases = shop

    async def before(pilot: Pilot[None]) -> None:
        pilot.app.push_screen(ReplyScreen(cases["late"]))
        await until(pilot, lambda: bool(shown(pilot.app.screen, "#state")))
        if keys:
            stage.store.presences.here("another", "Max", cases["late"], "replying", NOW)
            desk(stage).reply(cases["late"], "Уже едет!", "Max", NOW)
        await write(pilot, PROMISING)
        await until(pilot, lambda: "draft saved" in shown(pilot.app.screen, "#state"))
        await until(pilot, lambda: "without a time" in shown(pilot.app.screen, "#advice"))
        if keys:
            await preview(pilot)

    assert snap_compare(app, terminal_size=size, run_before=before)
