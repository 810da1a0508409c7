"""Promises about the day sheets: that they notice what changes, and are read right either way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from inboxd.core.scorecard.basis import Basis
from inboxd.core.scorecard.columns import NEVER
from inboxd.desk import Desk
from inboxd.errors import OperatorError
from inboxd.model import Manners, ReplyVerdict
from inboxd.store import IN_MEMORY, Store
from inboxd.store.keeping.retention import Keep
from inboxd.store.scorecard.making import TYPES
from tests.store.shop import START, answered, at, commented, open_shop, said
from tests.store.test_sheets_laws import Reported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inboxd.core.scorecard.columns import Sheets
    from tests.store.shop import Shop

DAY = 24 * 60
ALL = date(2026, 11, 1), date(2026, 12, 31)
KYIV = ZoneInfo("Europe/Kyiv")


def judge_replies(shop: Shop) -> None:
    """Let every answer be found to send customers elsewhere."""
    manners = Manners(True, True, False, True, True)
    shares = {"deflection": 0.9, "promise": 0.0, "non_answer": 0.0}
    verdict = ReplyVerdict(True, False, False, "en", shares, manners)
    replies = [(each, verdict) for each in shop.store.replies.unjudged(20)]
    shop.pipeline.judge_replies(replies, shop.now, "test")


def live(shop: Shop) -> None:
    """Let a case go over several days: what belongs to it lies on all of them."""

    def hear(*messages: object) -> None:
        shop.now = max(message.sent_at for message in messages)  # type: ignore[attr-defined]
        shop.hear(*messages)  # type: ignore[arg-type]
        shop.judge()
        judge_replies(shop)

    hear(said(0, "q1", "please"))
    hear(answered(DAY, "a1", "One"))
    hear(said(2 * DAY, "q2", "awful"))
    desk = Desk(shop.store, shop.rules)
    desk.reply(1, "Two", "irma", at(3 * DAY))
    (item,) = shop.store.outbox.due("shop-vk", at(3 * DAY))
    claimed = shop.store.outbox.claim(item, at(3 * DAY))
    assert claimed
    shop.now = at(3 * DAY)
    shop.pipeline.reply_sent(claimed, "shop-vk", "vk", answered(3 * DAY, "a2", "Two"), shop.now)
    judge_replies(shop)
    hear(said(4 * DAY, "q3", "please"))
    desk.close(1, "spam", "max", at(5 * DAY))
    shop.now = at(6 * DAY)
    hear(commented(6 * DAY, "c1", said(0, "").author))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def lived() -> Iterator[Reported]:
    with Store(IN_MEMORY) as store:
        life = Reported(store)
        live(life.shop)
        life.look()
        store.database.execute("PRAGMA foreign_keys = OFF")
        yield life


@pytest.fixture
def reported(lived: Reported) -> Iterator[Reported]:
    """Give out a life with a report on it; what a test does to it is undone."""
    lived.shop.store.database.execute("BEGIN")
    yield lived
    lived.shop.store.database.rollback()


def two_days(shop: Shop) -> None:
    """Let two accounts have a customer each, whom somebody else answers."""
    shop.hear(said(0, "q1"), answered(5, "a1", staff="Olha"))
    other = said(DAY, "q2"), answered(DAY + 5, "a2", "Here.", staff="Max")
    shop.hear(*other, account="shop-two")
    shop.judge()
    judge_replies(shop)


def shown(sheets: Sheets) -> dict[str, list[object]]:
    """Return all that sheets say, with names instead of numbers."""
    rows: dict[str, list[object]] = {}
    for subject in TYPES:
        sheet = getattr(sheets, subject)
        rows[subject] = [
            (
                sheets.accounts[row["account"]],
                sheets.staff.get(int(row["staff"])) if "staff" in row.dtype.names else None,
                *(str(row[name]) for name in row.dtype.names if name not in {"account", "staff"}),
            )
            for row in sheet
        ]
    return rows


CHANGES = {
    "messages.author_id": "UPDATE messages SET author_id = 77 WHERE remote_id = 'q2'",
    "messages.kind": "UPDATE messages SET kind = 'praise' WHERE remote_id = 'q1'",
    "messages.topics": "UPDATE messages SET topics = '[\"staff\"]' WHERE remote_id = 'q1'",
    "messages.urgency": "UPDATE messages SET urgency = 'high' WHERE remote_id = 'q1'",
    "messages.language": "UPDATE messages SET language = 'de' WHERE remote_id = 'q1'",
    "messages.deleted_at": "UPDATE messages SET deleted_at = sent_at WHERE remote_id = 'q1'",
    "messages.seen_at": "UPDATE messages SET seen_at = '2027-01-01T00:00:00.000Z' WHERE remote_id = 'q2'",
    "messages.history": "UPDATE messages SET history = 1 WHERE remote_id = 'q2'",
    "messages.staff": "UPDATE messages SET staff = 'Olha' WHERE remote_id = 'a1'",
    "messages.auto_reply": "UPDATE messages SET auto_reply = 1 WHERE remote_id = 'a1'",
    "messages.repeated": "UPDATE messages SET repeated = 1 WHERE remote_id = 'a1'",
    "messages.sent_at": "UPDATE messages SET sent_at = '2026-12-03T00:00:00.000Z' WHERE remote_id = 'a1'",
    "messages.verdict": """UPDATE messages SET verdict = '{"evidence": [{"label": "hold_time"}]}'
        WHERE remote_id = 'q1'""",
    "messages": "DELETE FROM messages WHERE remote_id = 'c1'",
    "waits.due_at": "UPDATE waits SET due_at = NULL WHERE kind = 'next_response'",
    "waits.ended_at": "UPDATE waits SET ended_at = '2026-12-03T00:00:00.000Z' WHERE kind = 'next_response'",
    "waits.outcome": "UPDATE waits SET outcome = 'void' WHERE kind = 'next_response'",
    "waits.ended_by": "UPDATE waits SET ended_by = NULL WHERE kind = 'next_response'",
    "waits.open_seconds": "UPDATE waits SET open_seconds = 1 WHERE kind = 'next_response'",
    "waits.since": "UPDATE waits SET since = '2026-12-03T00:00:00.000Z' WHERE kind = 'next_response'",
    "waits.kind": "UPDATE waits SET kind = 'resolution' WHERE kind = 'next_response'",
    "waits": "DELETE FROM waits WHERE id = 2",
    "cases.status": "UPDATE cases SET status = 'resolved' WHERE id = 1",
    "cases.ended_at": "UPDATE cases SET ended_at = '2026-12-03T00:00:00.000Z' WHERE id = 1",
    "cases.policy": "UPDATE cases SET policy = NULL WHERE id = 1",
    "cases.opened_at": "UPDATE cases SET opened_at = '2026-11-25T00:00:00.000Z' WHERE id = 1",
    "cases.kind": "UPDATE cases SET kind = 'praise' WHERE id = 1",
    "cases.topics": "UPDATE cases SET topics = '[\"staff\"]' WHERE id = 1",
    "cases.language": "UPDATE cases SET language = 'de' WHERE id = 1",
    "cases.urgency": "UPDATE cases SET urgency = 'high' WHERE id = 1",
    "cases.close_reason": "UPDATE cases SET close_reason = 'merged with another case' WHERE id = 1",
    "reply_verdicts.flags": "UPDATE reply_verdicts SET flags = '[]'",
    "reply_verdicts.manners": "UPDATE reply_verdicts SET manners = replace(manners, 'true', 'false')",
    "reply_verdicts.language": "UPDATE reply_verdicts SET language = 'de'",
    "reply_verdicts": "DELETE FROM reply_verdicts",
    "outbox.actor": "UPDATE outbox SET actor = 'max' WHERE reply IS NOT NULL",
    "outbox.state": "UPDATE outbox SET state = 'refused' WHERE reply IS NOT NULL",
    "outbox": "DELETE FROM outbox WHERE reply IS NOT NULL",
    "past_cases": """INSERT INTO past_cases VALUES (9, 'shop-vk', 'vk', 'comments', 1, 'resolved',
        '2026-11-20T08:00:00.000Z', NULL, 'answer', NULL, '[]', NULL, '', NULL, NULL, '', '', 0)""",
    "past_messages": """INSERT INTO past_messages VALUES ('2026-11-20T08:00:00.000Z', 'shop-vk', 'vk',
        'comments', 1, 'inbound', '', '[]', '', '', '', 0, 0, 0, 0, 3)""",
    "past_replies": """INSERT INTO past_replies (message_id, account, network, stream, public, staff,
        sent_at, language) VALUES (99, 'shop-vk', 'vk', 'comments', 1, '', '2026-11-20T08:00:00.000Z', '')""",
}
"""By what they change, what other programs might do: no mark of another change helps."""


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_sheets_show_makes_them_stale(reported: Reported, change: str) -> None:
    """Each column alone, whoever wrote it; on whichever days it is shown."""
    before = reported.kept()
    reported.shop.store.database.execute(change)
    assert reported.recounted() != before
    reported.look()


def test_a_person_who_opens_a_case_again_makes_its_day_stale(reported: Reported) -> None:
    """And so does whoever takes that back."""
    shop = reported.shop
    for change in (
        """INSERT INTO actions (case_id, at, actor, action, detail, covers)
        SELECT id, opened_at, 'max', 'reopen', '', '' FROM cases WHERE id = 2""",
        "UPDATE actions SET undone_at = at WHERE action = 'reopen'",
    ):
        before = reported.kept()
        shop.store.database.execute(change)
        assert reported.recounted() != before
        reported.look()


def test_what_is_written_again_as_it_was_makes_nothing_stale(reported: Reported) -> None:
    """Nor does what no sheet shows."""
    for table in ("messages", "waits", "cases", "reply_verdicts", "outbox", "actions"):
        columns = [row[1] for row in reported.shop.rows(f"PRAGMA table_info({table})")]
        same = ", ".join(f"{each} = {each}" for each in columns)
        reported.shop.store.database.execute(f"UPDATE {table} SET {same}")  # noqa: S608 - ours
    reported.shop.store.database.execute("UPDATE waits SET told = '{}', told_until = since")
    reported.shop.store.database.execute(
        "UPDATE cases SET next_step_at = NULL, snoozed_at = opened_at"
    )
    assert reported.shop.rows("SELECT * FROM sheets_stale") == []


def same(one: Sheets, other: Sheets) -> bool:
    """Tell whether both have the same rows."""
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in TYPES)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = open_shop(tmp_path / "inboxd.db")
    live(shop)
    yield shop
    shop.store.close()


def test_reading_is_right_before_and_after_sheets_are_made(shop: Shop) -> None:
    """Whoever may not write reads the same, and writes nothing."""
    basis = Basis(KYIV, shop.rules.policies, "x")
    with Store(shop.store.path, to_write=False) as reader:
        before = reader.sheets.read(basis, *ALL)
        assert shop.rows("SELECT * FROM sheets") == []
        assert shop.store.sheets.refresh(basis) == 6
        assert same(reader.sheets.read(basis, *ALL), before)
        assert len(before.waits) == 4
        assert len(before.replies) == 2

        shop.hear(said(6 * DAY, "q9", thread_id="dm:9"))
        assert len(reader.sheets.read(basis, *ALL).waits) == 5
        assert shop.store.sheets.refresh(basis) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM sheets",
        "DELETE FROM sheets WHERE subject = 'replies'",
        "DELETE FROM sheet_accounts",
        "DELETE FROM sheet_staff",
        "UPDATE sheets SET columns = substr(columns, 1, length(columns) - 1)",
        "UPDATE sheets SET columns = x''",
        "UPDATE sheets SET columns = 'words'",
        "UPDATE sheets SET rows = rows + 1",
    ],
)
def test_what_somebody_deletes_or_damages_is_counted_anew(shop: Shop, damage: str) -> None:
    """A report after it is the report before it, whether or not sheets were made meanwhile."""
    two_days(shop)
    basis, sheets = Basis(KYIV, shop.rules.policies, "x"), shop.store.sheets
    sheets.refresh(basis)
    before = shown(sheets.read(basis, *ALL))
    assert len(before["replies"]) > 0
    shop.store.database.execute(damage)
    assert shown(sheets.read(basis, *ALL)) == before
    assert sheets.refresh(basis) > 0
    assert shown(sheets.read(basis, *ALL)) == before
    assert sheets.refresh(basis) == 0


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("""UPDATE cases SET topics = '["weather"]'""", "topics"),
        ("UPDATE cases SET topics = '{bad'", "topics"),
        ("UPDATE cases SET urgency = 'so so'", "urgency"),
        ("UPDATE reply_verdicts SET manners = '{bad'", "how a reply was judged"),
        ("""UPDATE reply_verdicts SET manners = '{"grace": 1}'""", "how a reply was judged"),
        ("UPDATE waits SET due_at = 'tomorrow'", "when something happened"),
    ],
)
def test_what_inboxd_never_writes_is_called_damage(shop: Shop, damage: str, what: str) -> None:
    """Not a bug of ours: what somebody wrote into the file by hand is named, with what helps."""
    two_days(shop)
    shop.store.database.execute(damage)

    with pytest.raises(OperatorError, match=f"where it says {what} .* restore a backup"):
        shop.store.sheets.read(Basis(KYIV), *ALL)


def test_a_day_that_lost_everything_is_counted_once(shop: Shop) -> None:
    """That its sheets are empty by now is no wish to have them made again."""
    two_days(shop)
    basis = Basis(KYIV, shop.rules.policies, "x")
    shop.store.sheets.refresh(basis)
    shop.store.database.execute("DELETE FROM waits")
    assert shop.store.sheets.refresh(basis) > 0
    assert shop.store.sheets.refresh(basis) == 0


def test_only_the_days_and_accounts_that_are_asked_for_are_read(shop: Shop) -> None:
    """The end of a period is not in it; accounts are counted anew."""
    shop.hear(said(3 * DAY, "x1"), account="shop-two")
    basis = Basis(KYIV, shop.rules.policies)
    first = shop.store.sheets.read(basis, date(2026, 11, 23), date(2026, 11, 25))
    assert [len(getattr(first, name)) for name in TYPES] == [1, 1, 1, 1]
    whole = shop.store.sheets.read(basis, *ALL)
    assert whole.accounts == ["shop-vk", "shop-two"]
    two = shop.store.sheets.read(basis, *ALL, accounts=["shop-two"])
    assert (two.accounts, two.networks) == (["shop-two"], ["vk"])
    assert two.messages["account"].tolist() == [0]
    assert len(whole.messages) == len(two.messages) + 4
    assert shop.store.sheets.read(basis, *ALL, accounts=["nobody"]).accounts == []


def test_a_day_begins_where_the_shop_is(shop: Shop) -> None:
    """Another zone has other days; those of the former are let go."""
    shop.hear(said(7 * DAY + 14 * 60, "late", thread_id="dm:9"))
    for zone, day, hour in (("UTC", "2026-11-30", 23), ("Europe/Kyiv", "2026-12-01", 25)):
        basis = Basis(ZoneInfo(zone), shop.rules.policies)
        shop.store.sheets.refresh(basis)
        assert shop.value("SELECT max(day) FROM sheets") == day
        sheets = shop.store.sheets.read(basis, *ALL)
        assert sheets.messages["hour"][-1] == hour
        assert len(sheets.messages) == 5


def test_other_calendars_measure_anew(shop: Shop) -> None:
    """Where there is business time in a sheet, it is of the present configuration."""
    shop.store.sheets.refresh(Basis(KYIV, shop.rules.policies, "one"))
    gone = shop.store.sheets.read(Basis(KYIV, (), "two"), *ALL)
    assert np.isnan(gone.cases["business"]).all()
    still = shop.store.sheets.read(Basis(KYIV, shop.rules.policies, "one"), *ALL)
    assert still.cases["business"][0] == 5 * DAY * 60


def test_what_changes_while_sheets_are_made_is_stale_again(shop: Shop) -> None:
    """Each transaction takes away the marks of its own days only."""
    basis = Basis(KYIV, shop.rules.policies)
    steps = shop.store.sheets.refreshing(basis)
    next(steps)
    shop.hear(said(1, "meanwhile", thread_id="dm:7"))
    assert [*steps] == []
    assert shop.rows("SELECT * FROM sheets_stale") == [("2026-11-23T09",)]


def test_what_is_removed_leaves_the_figures_as_they_were(shop: Shop) -> None:
    """Only who wrote, and how late it came in, is unknown then."""
    basis = Basis(KYIV, shop.rules.policies)
    with shop.store.transaction():
        shop.store.cases.resolve_quiet(shop.now + timedelta(days=9))
    before = shop.store.sheets.read(basis, *ALL)
    shop.now += timedelta(days=200)
    shop.hear(said((shop.now - START) / timedelta(minutes=1), "now", thread_id="dm:now"))
    keep = Keep(timedelta(100), None, timedelta(3))
    *_, removed = shop.store.retention.removing(keep, shop.now)
    assert removed.messages == 5

    after = shop.store.sheets.read(basis, *ALL)

    for name, lost in (("waits", {"author"}), ("cases", ()), ("replies", ())):
        one, other = getattr(before, name), getattr(after, name)
        for column in {*one.dtype.names} - {*lost}:
            assert one[column].tobytes() == other[column].tobytes(), (name, column)
    assert after.waits["author"].tolist() == [NEVER, NEVER, NEVER, 1]
    assert after.messages["count"].sum() == before.messages["count"].sum()
    assert np.isnan(after.messages["lag"]).tolist() == [True, True, True, False]


def test_whoever_is_forgotten_still_counts(shop: Shop) -> None:
    """What they wrote is gone; that they wrote it, and from where, is not."""
    basis = Basis(KYIV, shop.rules.policies)
    waited = CHANGES["messages.verdict"]
    shop.store.database.execute(waited)
    before = shop.store.sheets.read(basis, *ALL)
    assert before.messages["hold"].sum() == 1
    with shop.store.transaction():
        (people,) = shop.store.people.called("oksana")
        shop.store.erasure.erase(people, "max", shop.now)
    assert same(shop.store.sheets.read(basis, *ALL), before)
    assert shop.store.sheets.refresh(basis) > 0
    assert same(shop.store.sheets.read(basis, *ALL), before)
