"""Promises about what is removed, when, and what is left of it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.connector import Page
from inboxd.desk import Desk
from inboxd.durations import parse_business
from inboxd.errors import DatabaseError, UserError
from inboxd.model import Manners, ReplyVerdict, Unknown
from inboxd.pipeline import Origin
from inboxd.store import Store
from inboxd.store.keeping.compacting import compact, tidy_index
from inboxd.store.keeping.retention import Keep, Removed
from tests.store.killing import killed
from tests.store.shop import BRAND, answered, at, open_shop, policy, rules, said

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store.shop import Shop

DAY = timedelta(days=1)
DAYS = 24 * 60
KEEP = Keep(100 * DAY, 30 * DAY, 3 * DAY)


def remove(shop: Shop, keep: Keep = KEEP) -> Removed:
    """Remove what is old at the present instant, to the end."""
    *_, removed = [Removed(), *shop.store.retention.removing(keep, shop.now)]
    return removed


def later(shop: Shop, days: float, ref: str = "now") -> None:
    """Let days pass, at whose end a customer writes elsewhere."""
    shop.now += days * DAY
    shop.hear(said((shop.now - at(0)) / timedelta(minutes=1), ref, thread_id="dm:now"))


def past(shop: Shop) -> None:
    """Let a customer be answered, and people be told, long ago."""
    shop.hear(said(0, "m1", "please, my money", thread_id="dm:1"))
    shop.judge()
    shop.tick(50)
    shop.deliver()
    shop.hear(answered(55, "a1", thread_id="dm:1", staff="Olha"))
    shop.hear(said(60, "m1", "please, all my money", thread_id="dm:1", edited_at=at(60)))
    shop.judge()
    shop.now = at(62)
    shop.hear(answered(62, "a2", thread_id="dm:1"))
    shop.deliver()
    shop.now = at(0) + 4 * DAY
    with shop.store.transaction():
        shop.store.cases.resolve_quiet(shop.now)


def words(shop: Shop) -> str:
    """Return everything that any table says, the index behind the full-text search included."""
    for _ in tidy_index(shop.store.database):
        pass
    tables = shop.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    return json.dumps([shop.rows(f"SELECT * FROM {name}") for (name,) in tables], default=str)  # noqa: S608 - names of our schema


def test_what_is_over_for_long_goes_with_all_that_hangs_on_it(shop: Shop) -> None:
    """No word and no name of the customer is left anywhere; the figures are."""
    past(shop)
    times = shop.rows("SELECT * FROM response_times")
    later(shop, 120)
    removed = remove(shop)

    assert (removed.messages, removed.cases) == (3, 1)
    for table in ("alerts", "outbox", "message_versions", "reply_verdicts"):
        assert shop.value(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - ditto
    assert "money" not in words(shop)
    assert shop.rows("SELECT rowid FROM messages_fts WHERE messages_fts MATCH 'money'") == []
    assert shop.rows("SELECT * FROM response_times") == times
    assert shop.value("SELECT staff FROM past_waits LIMIT 1") == "Olha"
    assert shop.rows("PRAGMA foreign_key_check") == []
    with pytest.raises(UserError, match="case 1 was over for long and has been removed"):
        shop.store.cases.find(1)


def test_figures_of_messages_are_kept_by_the_hour(shop: Shop) -> None:
    """Which kinds came when, where, and who answered: with that a report stays exact."""
    past(shop)
    later(shop, 120)
    remove(shop)
    assert shop.rows(
        "SELECT hour, direction, kind, staff, sum(messages) FROM past_messages GROUP BY 1, 2, 3, 4"
    ) == [
        ("2026-11-23T09:00:00.000Z", "inbound", "request", "", 1),
        ("2026-11-23T09:00:00.000Z", "outbound", "", "Olha", 1),
        ("2026-11-23T10:00:00.000Z", "outbound", "", "", 1),
    ]


def promise(shop: Shop) -> None:
    shop.rules = rules(policy(promise=parse_business("1d")), quiet_after=3 * DAY)
    later(shop, 100, "meanwhile")
    minute = (shop.now - at(0)) / timedelta(minutes=1)
    shop.hear(answered(minute, "p", "We will call you.", thread_id="dm:1"))
    later(shop, 10)
    verdict = ReplyVerdict(
        False, True, False, "en", {"promise": 0.97}, Manners(True, True, False, True, True)
    )
    remove(shop)
    for each in shop.store.replies.unjudged(10):
        shop.pipeline.judge_replies([(each, verdict)], shop.now, "test")


@pytest.mark.parametrize("why", ["waits", "queued", "told lately", "noted", "drafted", "promised"])
def test_what_is_still_at_work_stays_however_old(shop: Shop, why: str) -> None:
    """Nobody who waits is forgotten, and nothing that somebody still works on."""
    if why == "waits":
        shop.hear(said(0, "m1", thread_id="dm:1"))
    else:
        past(shop)
    match why:
        case "queued":
            shop.store.database.execute("UPDATE outbox SET state = 'unsure' WHERE id = 1")
        case "told lately":
            shop.store.database.execute(
                "UPDATE outbox SET done_at = '2027-03-01T00:00:00.000Z' WHERE id = 1"
            )
        case "noted":
            Desk(shop.store, shop.rules).note(1, "she called", "max", at(100 * DAYS))
        case "drafted":
            shop.store.drafts.save(1, "max", "Dear", at(100 * DAYS))
    before = shop.value("SELECT count(*) FROM messages WHERE conversation_id = 1")
    if why == "promised":
        promise(shop)
        assert shop.value("SELECT status FROM cases WHERE id = 1") == "waiting"
    else:
        later(shop, 120)
        remove(shop)
    assert shop.value("SELECT count(*) FROM messages WHERE conversation_id = 1") >= before
    assert shop.value("SELECT count(*) FROM cases WHERE id = 1") == 1


def test_a_conversation_that_goes_on_loses_its_beginning_only(shop: Shop) -> None:
    """A customer of years is known by what they wrote of late."""
    past(shop)
    shop.now += 100 * DAY
    minute = (shop.now - at(0)) / timedelta(minutes=1)
    shop.hear(said(minute, "m2", "and now?", thread_id="dm:1"))
    shop.now += DAY
    shop.pipeline.track({1: ""}, shop.now)
    cases = shop.cases()
    removed = remove(shop)

    assert (removed.messages, removed.cases) == (3, 1)
    shop.pipeline.track({1: ""}, shop.now)
    assert shop.cases() == cases[1:]


def test_what_comes_later_than_that_is_counted_and_opens_nothing(shop: Shop) -> None:
    """An edit of a removed message is no new customer; one from yesterday's gap is."""
    past(shop)
    later(shop, 120)
    remove(shop)
    before = shop.value("SELECT count(*) FROM messages")
    stored = shop.hear(said(0, "m1", "please, all of it", edited_at=shop.now), said(1, "old"))

    assert stored.new == []
    assert shop.value("SELECT count(*) FROM messages") == before
    assert shop.rows("SELECT account, stream, day, messages FROM passed_over") == [
        ("shop-vk", "direct_messages", f"{shop.now:%Y-%m-%d}", 2)
    ]
    # 1970: the network's mistake, and a customer who waits.
    stored = shop.hear(said(-30 * 365 * DAYS, "absurd"), said(30 * DAYS, "late"))
    assert len(stored.new) == 2


def test_a_clock_that_is_ahead_removes_nothing_that_is_not_old(shop: Shop) -> None:
    """The networks' times must agree: a computer that wakes up in another year is not believed."""
    past(shop)
    shop.now += 400 * DAY
    assert remove(shop) == Removed()
    assert shop.value("SELECT count(*) FROM messages") == 3


def test_numbers_are_not_given_out_again(shop: Shop) -> None:
    """A button below an old message in Slack must not act on another case."""
    past(shop)
    later(shop, 120)
    number = shop.value("SELECT max(id) FROM cases")
    shop.act("close")
    shop.now += 110 * DAY
    shop.store.traffic.count([])
    shop.store.database.execute(
        "INSERT INTO traffic VALUES ('shop-vk', 'comments', ?, 1)",
        (f"{shop.now - DAY:%Y-%m-%dT%H}:00:00.000Z",),
    )
    remove(shop)
    assert shop.value("SELECT count(*) FROM cases") == 0
    later(shop, 0)
    assert shop.value("SELECT max(id) FROM cases") == number + 1


def test_raw_payloads_go_sooner(shop: Shop) -> None:
    """What was read from them stays; one that came with a later edit goes later."""
    shop.hear(said(0, "m1"), said(1, "m2"))
    shop.now += 20 * DAY
    shop.hear(said(0, "m1", "Where is it?", edited_at=shop.now))
    later(shop, 15)
    assert remove(shop).raw == 2
    shop.now += DAY
    shop.hear(said(1, "m2", "Where is it?", edited_at=shop.now))
    later(shop, 29, "then")
    assert remove(shop).raw == 0
    later(shop, 5, "at last")
    assert remove(shop).raw == 2
    assert shop.value("SELECT count(*) FROM messages WHERE text <> ''") == 5


def test_what_no_case_is_behind_goes_too(shop: Shop) -> None:
    """Quarantine and alerts about inboxd itself, but for the last word on each account."""
    page = Page({}, (), (Unknown("odd:1", "odd", {"its": "money"}),))
    shop.pipeline.ingest(Origin("shop-vk", "vk", "feed"), page, shop.now)
    for number in range(3):
        shop.store.database.execute(
            "INSERT INTO alerts (key, thread, reason, tone, headline, detail, created_at) "
            "VALUES (?, 'account:shop-vk', 'account_blind', 'breach', '', '', ?)",
            (f"k{number}", f"2026-11-2{number}T00:00:00.000Z"),
        )
    later(shop, 120)
    assert remove(shop).others == 3
    assert shop.rows("SELECT key FROM alerts") == [("k2",)]
    assert shop.value("SELECT count(*) FROM unknown_items") == 0


def test_an_answer_that_others_show_to_be_a_machines_stays_one(shop: Shop) -> None:
    """Also when the others are removed: the customer who got it has not been answered."""
    text = "Thank you, we have got your message."
    shop.hear(said(0, "q1", thread_id="dm:1"), answered(0.2, "r1", text, thread_id="dm:1"))
    late = 25 * DAYS
    shop.now = at(late)
    shop.hear(
        said(late, "q2", thread_id="dm:2"), answered(late + 0.2, "r2", text, thread_id="dm:2")
    )
    shop.act("close", case=1)
    waiting = "SELECT status FROM cases WHERE id = 2"
    assert shop.value(waiting) == "waiting"
    later(shop, 110)
    assert remove(shop).cases == 1
    shop.pipeline.track({2: ""}, shop.now)
    assert shop.value(waiting) == "waiting"


def test_what_would_go_is_told_before(shop: Shop) -> None:
    """The same numbers as are removed then, and nothing is touched."""
    past(shop)
    later(shop, 120)
    told = shop.store.retention.would_remove(KEEP, shop.now)
    assert (told.messages, told.cases, told.raw) == (3, 1, 3)
    assert shop.value("SELECT count(*) FROM messages") == 4
    done = remove(shop)
    assert (done.messages, done.cases, done.raw) == (3, 1, 3)


def many(path: Path, conversations: int) -> Shop:
    """Return a shop with many customers who were answered long ago."""
    shop = open_shop(path)
    messages: list[Any] = []
    for number in range(conversations):
        thread = {"thread_id": f"dm:{number}"}
        messages += [said(0, f"m{number}", **thread), answered(5, f"a{number}", **thread)]
    shop.now = at(10)
    shop.hear(*messages)
    shop.now += 4 * DAY
    with shop.store.transaction():
        shop.store.cases.resolve_quiet(shop.now)
    later(shop, 120)
    return shop


def test_a_long_conversation_goes_in_several_steps(database: Path) -> None:
    """No transaction is as long as a thread of years is."""
    shop = open_shop(database)
    for day in range(0, 400, 4):
        shop.now = at(day * DAYS + 20)
        minutes = [day * DAYS + number for number in range(10)]
        shop.hear(*(said(minute, f"m{minute}") for minute in minutes))
        shop.hear(answered(day * DAYS + 15, f"a{day}"))
    before = 0
    most = 0
    for removed in shop.store.retention.removing(KEEP, shop.now):
        most = max(most, removed.messages - before)
        before = removed.messages
    assert before > 700
    assert most <= 520
    shop.store.close()


def test_a_removal_that_is_killed_goes_on_the_next_time(database: Path) -> None:
    """`kill -9` at any instant: every case is there with all of its messages, or not at all."""
    shop = many(database, 3_000)
    total = shop.value("SELECT count(*) FROM response_times")
    now = shop.now
    shop.store.close()
    script = f"""
        from datetime import datetime, timedelta
        from pathlib import Path
        from inboxd.store import Store
        from inboxd.store.keeping.retention import Keep
        with Store(Path({str(database)!r})) as store:
            keep, now = Keep(timedelta(100), timedelta(30), timedelta(3)), {now.isoformat()!r}
            print(flush=True)
            for _ in store.retention.removing(keep, datetime.fromisoformat(now)):
                pass
    """
    left = []
    for delay in (0.05, 0.1, 0.2):
        killed(script, delay)
        with Store(database) as store:
            rows = store.database.execute(
                "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM cases), "
                "(SELECT count(*) FROM response_times)"
            ).fetchone()
            assert rows[0] == 2 * rows[1] - 1
            assert rows[2] == total
            assert store.database.execute("PRAGMA foreign_key_check").fetchall() == []
            left.append(rows[0])
    assert left[0] > 1
    with Store(database) as store:
        list(store.retention.removing(KEEP, now))
        assert store.database.execute("SELECT count(*) FROM messages").fetchone() == (1,)
        assert store.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_vacuum_that_is_killed_leaves_the_database_whole(database: Path) -> None:
    """Whenever it comes: nothing is lost, and the next one gives the room back."""
    many(database, 2_000).store.close()
    script = f"""
        from pathlib import Path
        from inboxd.store import Store
        from inboxd.store.keeping.compacting import compact
        path = Path({str(database)!r})
        with Store(path) as store:
            print(flush=True)
            while True:
                compact(store.database, path)
    """
    for delay in (0.01, 0.05, 0.13):
        killed(script, delay)
        with Store(database) as store:
            assert store.database.execute("SELECT count(*) FROM messages").fetchone() == (4_001,)
            assert store.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_is_not_written_anew_where_there_is_no_room(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how much it takes; a disk that is full stops the daemon, too."""
    monkeypatch.setattr("inboxd.store.keeping.compacting.room", lambda _: 1_000)
    with pytest.raises(DatabaseError, match="has no room to write the database anew: it needs"):
        compact(shop.store.database, shop.store.path)


def test_the_brand_is_not_removed_with_a_customer(shop: Shop) -> None:
    """Authors go with their last message, and not before."""
    past(shop)
    minute = 130 * DAYS
    shop.now = at(minute)
    shop.hear(
        answered(minute, "a9", thread_id="dm:9"),
        said(minute + 1, "m9", thread_id="dm:8", author=None),
    )
    remove(shop)
    assert shop.rows("SELECT remote_id FROM authors") == [(BRAND.remote_id,)]
