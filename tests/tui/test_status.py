"""Promises about the status line and its screen: what is wrong is seen first, and told in words."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.core.standing import Standing, patience_with, standing_of
from inboxd.errors import Unavailable
from inboxd.model import Topic
from inboxd.store import SourceState
from inboxd.tui.standing import details, statuspage
from inboxd.tui.standing.line import StatusLine, line
from inboxd.tui.standing.overview import OverviewScreen
from inboxd.tui.standing.status import StatusScreen
from inboxd.tui.standing.summary import look
from tests.tui.stage import NOW, Stage, ago, opened
from tests.tui.standing import all_read, bad_day, daemon, read
from tests.tui.watching import painted, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.pilot import Pilot

    from inboxd.tui.app import InboxApp

WIDE, NARROW = 200, 78
PATIENCE = timedelta(seconds=90)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    opened_stage = Stage(tmp_path)
    yield opened_stage
    opened_stage.store.close()


def told(stage: Stage, width: int = WIDE) -> str:
    summary = look(stage.settings, stage.store, NOW)
    return line(summary, stage.settings.general.timezone, width).plain


def page(stage: Stage, section: Any, width: int = 76) -> str:
    found = details.read(stage.settings, stage.store, NOW)
    return str(section(found, stage.settings.general.timezone, width).plain)


def database(stage: Stage) -> Path:
    return stage.settings.general.database


async def shown(pilot: Pilot[None], app: InboxApp) -> str:
    """Return what can be read on the screen, once all that was asked for has come."""
    await settled(pilot)
    return painted(app)


# How a source stands


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        ({"succeeded_at": ago(seconds=30)}, Standing.FRESH),
        ({"succeeded_at": ago(seconds=61)}, Standing.LATE),
        ({"succeeded_at": ago(seconds=90)}, Standing.LATE),
        ({"succeeded_at": ago(seconds=91)}, Standing.BLIND),
        ({"succeeded_at": ago(seconds=30), "failing_since": ago(seconds=5)}, Standing.LATE),
        ({"succeeded_at": ago(seconds=5), "missed": 3}, Standing.DEAF),
        ({"succeeded_at": ago(hours=5), "error_class": "Spared"}, Standing.RESTING),
        ({"succeeded_at": ago(seconds=5), "needs_person": True}, Standing.REFUSED),
        ({}, Standing.FIRST),
        ({"failing_since": ago(seconds=30)}, Standing.LATE),
        ({"failing_since": ago(hours=1)}, Standing.BLIND),
    ],
)
def test_a_source_stands_as_it_was_read(state: dict[str, Any], standing: Standing) -> None:
    """Blind is what the watcher tells people of, late is what may become so."""
    assert standing_of(SourceState("a", "s", **state), PATIENCE, NOW) is standing


def test_a_first_read_is_given_time() -> None:
    """It brings days of messages; one that failed at once is given no more than usual."""
    begun = SourceState("a", "s", cursor={"p": 1})
    failed = SourceState("a", "s", cursor={"p": 1}, failing_since=NOW)
    assert patience_with(begun, PATIENCE) == timedelta(minutes=15)
    assert patience_with(failed, PATIENCE) == PATIENCE


# The line


def test_what_is_well_is_named_where_there_is_room_and_counted_where_not(stage: Stage) -> None:
    """In 80 columns three accounts that are read are one thing to know."""
    all_read(stage)
    with daemon(database(stage)):
        assert "● shop-vk 19s   ● shop-fb 26s   ● shop-x 26s" in told(stage)
        assert "● 3 accounts fresh" in told(stage, 60)


def test_what_is_wrong_comes_first_and_what_has_no_room_is_counted(stage: Stage) -> None:
    """The worst is to the left; what else is wrong is not concealed."""
    bad_day(stage)
    whole = told(stage)
    signs = [part[0] for part in whole.split("   ") if part[0] in "✗▲●"]
    assert signs == sorted(signs, key="✗▲●".index)
    for part in (
        "✗ shop-x token",
        "✗ shop-vk blind 21m",
        "✗ support takes no alerts",
        "▲ shop-fb late 4m",
        "▲ outbox 4, oldest 60m",
        "▲ 1 silence",
        "▲ shop-x budget 94%",
    ):
        assert part in whole
    assert told(stage, NARROW).endswith("+4")


@pytest.mark.parametrize(("used", "share"), [(4_900, ""), (5_000, "50%"), (7_100, "71%")])
def test_an_allowance_is_told_once_half_of_it_is_used(stage: Stage, used: int, share: str) -> None:
    """What is far from its limit nobody needs to know."""
    all_read(stage, used=used)
    with daemon(database(stage)):
        assert told(stage).partition("budget ")[2][:3] == share


def test_no_width_is_too_small(stage: Stage) -> None:
    """Nothing is cut through until only the worst is left."""
    bad_day(stage)
    for width in range(20, WIDE):
        assert len(told(stage, width)) <= width


def test_a_daemon_that_does_not_run_is_the_first_thing_to_know(stage: Stage) -> None:
    """All else that the line says grows old from then on."""
    all_read(stage)
    stage.store.database.execute("UPDATE sources SET polled_at = '2026-11-25T05:00:00.000Z'")
    assert told(stage).startswith("✗ no daemon")
    with daemon(database(stage)):
        assert "no daemon" not in told(stage)


def test_without_a_daemon_a_timer_may_read(stage: Stage) -> None:
    """What `inboxd run --once` read five minutes ago is fresh enough, and no alarm is made of it."""
    all_read(stage)
    for account, source in (("shop-vk", "long_poll"), ("shop-vk", "comments")):
        read(stage, account, source, 300)
    assert "◌ no daemon, read 12s ago" in told(stage)
    assert "● shop-vk 5m" in told(stage)
    with daemon(database(stage)):
        assert "✗ shop-vk blind 5m" in told(stage)


def test_an_account_may_go_unread_for_as_long_as_its_own_network_says(stage: Stage) -> None:
    """Facebook is polled every 90 s; whoever loads no connector learns that from the daemon."""
    all_read(stage)
    read(stage, "shop-fb", "feed", 120)
    with daemon(database(stage)):
        assert "● shop-fb 2m" in told(stage)


def test_what_was_given_up_is_not_missed(stage: Stage) -> None:
    """A stream that is configured no more is not blind."""
    all_read(stage)
    read(stage, "shop-vk", "board_of_old", 90_000)
    with daemon(database(stage)):
        assert "● shop-vk 19s" in told(stage)


def test_an_account_that_no_daemon_has_read_is_told_as_such(stage: Stage) -> None:
    """It was just added to the configuration."""
    assert "shop-vk not read yet" in told(stage)


def test_a_queue_is_loud_only_where_it_should_have_gone(stage: Stage) -> None:
    """What waits by design, for the night to end or for others to join, is no trouble."""
    all_read(stage)
    bad_day(stage)
    with stage.store.transaction():
        stage.store.database.execute(
            "UPDATE outbox SET not_before = '2026-11-25T20:00:00.000Z', held = 'quiet'"
        )
    assert told(stage).endswith("outbox 4")
    assert "4 held back" in page(stage, statuspage.delivery)


# The screen


def test_every_source_says_what_is_wrong_and_what_to_do(stage: Stage) -> None:
    """The same error is not told twice."""
    bad_day(stage)
    text = " ".join(page(stage, statuspage.accounts, 160).split())
    assert "✗ shop-x mentions 12s ago refused; TokenInvalid: the token has expired" in text
    assert "`inboxd check --online`" in text
    assert text.count("the token has expired") == 1
    assert "◌ search 26s ago resting; Spared:" in text
    assert "next try 13:30" in text
    assert "▲ feed 4m ago late; Unavailable: graph answers 503; next try 10:30; 1 gap" in text


def test_allowances_say_whether_they_last(stage: Stage) -> None:
    """With what they come to, and when they are renewed by the team's own clock."""
    all_read(stage, used=9_400)
    text = page(stage, statuspage.allowances, 160)
    assert "28%  57 of 200" in text
    assert "94%  9,400 of 10,000 ($31.50), 11,656 ($39.06) by the end" in text
    assert "renewed Tue 1 Dec 02:00; it will not last" in text


def test_gaps_are_told_in_words_the_latest_first(stage: Stage) -> None:
    """What lasts, what was lost, and what was found afterwards."""
    bad_day(stage)
    latest, middle, first = page(stage, statuspage.gaps, 160).splitlines()
    assert latest.endswith("shop-vk comments: no daemon ran; still not read")
    assert "Tue 24 Nov 04:30  for 1h 30m  shop-fb feed: Unavailable; then found 3" in middle
    assert first.endswith("events were lost; something may be lost for good")


def test_a_network_cannot_break_the_page_with_its_errors(stage: Stage) -> None:
    """Its words are shown, and neither obeyed nor believed to be ours."""
    all_read(stage)
    error = Unavailable("[/red]\x1b[31m\u202edrow\n\n" + "x" * 10_000)
    stage.store.sources.failed("shop-vk", "comments", ago(seconds=5), error, None)
    text = page(stage, statuspage.accounts)
    assert "[/red]" in text
    assert not set(text) & {"\x1b", "\u202e"}
    assert len(text.splitlines()) < 30


def test_silences_and_the_quarantine_are_named(stage: Stage) -> None:
    """Nobody should wonder why nothing is told, or where a message has gone."""
    bad_day(stage)
    text = page(stage, statuspage.asides, 160)
    assert "network vk, topic shipping, till 12:30, by Max: the parcel service is on strike" in text
    assert "2 of wall:poll not understood (no text)" in text


def test_a_spike_is_told_with_its_customers(stage: Stage) -> None:
    """In the line by its topic, on the screen by how many complain and wait."""
    all_read(stage)
    refs = [stage.hear("shop-vk", f"t{n}", ago(minutes=5 + n), "Late!") for n in range(4)]
    stage.judge(dict.fromkeys(refs, ("complaint", "shipping", "high", "en", ())))
    with stage.store.transaction():
        stage.store.spikes.begin(Topic.SHIPPING, ago(minutes=30), NOW, window=timedelta(hours=1), usual=0.5)  # fmt: skip
    assert "▲ spike: shipping" in told(stage)
    text = page(stage, statuspage.asides, 160)
    assert "shipping: 4 customers since 10:00, 4 of late; 4 waiting, 0 overdue" in text


def test_what_is_not_judged_yet_is_counted(stage: Stage) -> None:
    """A classifier that is behind is seen before its cases are missed."""
    stage.hear("shop-vk", "t1", ago(minutes=5), "Late!")
    assert "not judged yet: customers' messages 1, our answers 0" in page(stage, statuspage.daemon)


def test_the_last_column_wraps_below_itself(stage: Stage) -> None:
    """In 80 columns nothing is cut off to the right."""
    bad_day(stage)
    for section in (statuspage.daemon, statuspage.accounts, statuspage.delivery, statuspage.gaps):
        assert max(map(len, page(stage, section).splitlines())) <= 76


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_the_screen_shows_all_and_goes_back(tmp_path: Path, size: tuple[int, int]) -> None:
    """It is opened over whatever was there, scrolled, and closed."""
    with opened(tmp_path) as (app, stage, _):
        bad_day(stage)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            before = app.screen
            app.push_screen(StatusScreen())
            assert "needs a person: shop-vk, shop-x, support" in await shown(pilot, app)
            await pilot.press("end")
            assert "something may be lost for good" in await shown(pilot, app)
            await pilot.press("escape")
            assert app.screen is before


async def test_the_screen_follows_what_happens(tmp_path: Path) -> None:
    """A token that is renewed is seen without asking."""
    with opened(tmp_path) as (app, stage, _):
        bad_day(stage)
        async with app.run_test(size=(160, 50)) as pilot:
            await pilot.pause()
            app.push_screen(StatusScreen())
            assert "TokenInvalid" in await shown(pilot, app)
            for source in ("mentions", "direct_messages"):
                read(stage, "shop-x", source, 1)
            app.look()
            assert "TokenInvalid" not in await shown(pilot, app)


async def test_the_line_keeps_itself_up_to_date(tmp_path: Path) -> None:
    """A screen has only to compose it; it reads anew when somebody has written, and only then."""
    with opened(tmp_path) as (app, stage, _):
        all_read(stage)
        async with app.run_test(size=(120, 24)) as pilot:
            await pilot.pause()
            await app.screen.mount(StatusLine())
            assert "● shop-vk 19s" in await shown(pilot, app)
            read(stage, "shop-vk", "comments", 3_000)
            app.screen.query_one(StatusLine).look()
            assert "✗ shop-vk blind 50m" in await shown(pilot, app)


async def test_a_click_on_the_line_shows_the_details(tmp_path: Path) -> None:
    """With a mouse no key needs to be known."""
    with opened(tmp_path) as (app, stage, _):
        all_read(stage)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await app.screen.mount(StatusLine())
            await pilot.pause()
            await pilot.click(StatusLine)
            await shown(pilot, app)
            assert isinstance(app.screen, StatusScreen)


async def test_keys_open_the_status_and_the_overview_once(tmp_path: Path) -> None:
    """However often they are pressed, going back leads to where one was."""
    with opened(tmp_path) as (app, _, _):
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            before = app.screen
            await pilot.press("i", "i", "v", "i", "v")
            await shown(pilot, app)
            assert type(app.screen) is OverviewScreen
            await pilot.press("i")
            assert app.screen.TITLE == "Status"
            await pilot.press("escape")
            assert app.screen is before


def test_the_line_loads_no_sdk() -> None:
    """The first paint waits for none, and 20 MB stay free."""
    code = (
        "import sys, inboxd.tui.standing.status, inboxd.tui.standing.overview;"
        "heavy = {'numpy', 'vk_api', 'tweepy', 'slack_sdk', 'aiohttp', 'plotext'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], cwd=root, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
