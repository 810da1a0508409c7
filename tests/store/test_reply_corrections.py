"""Promises about what people say of our answers: their word stands, and has its effect."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.core.reproach import Fault
from inboxd.desk import Desk
from inboxd.durations import parse_business
from inboxd.errors import UserError
from inboxd.model import Manners, ReplyVerdict
from inboxd.rehearsal import rehearse
from inboxd.store import Past
from inboxd.store.keeping.retention import Keep
from tests.store.shop import QUIET, Shop, answered, at, said
from tests.store.test_moving import another, exported, import_into
from tests.store.test_owed import AWAY, PROMISE, hear, judge, rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FINE = {Fault.DEFLECTION: False}
NO_PROMISE = {Fault.PROMISE: False}
NOTE = "she had asked for the number"
OURS = 2
"""The number of our answer in a conversation of a question and an answer."""


@pytest.fixture
def serving(shop: Shop) -> Shop:
    """Return a shop that follows promises up, and customers whom it only sent elsewhere."""
    shop.rules = rules(resolution=parse_business("8h"))
    return shop


def tell(shop: Shop, word: Mapping[Fault, bool], note: str = "", who: str = "anna") -> int | None:
    shop.now = at(30)
    return shop.pipeline.correct_reply(OURS, word, note, who, shop.now)


def standing(shop: Shop) -> tuple[float, float, list[str]]:
    """Return how far our answer counts as deflection and promise, and its flags."""
    ((deflection, promise, flags),) = shop.rows(
        "SELECT deflection, promise, flags FROM reply_verdicts WHERE message_id = ?", OURS
    )
    return deflection, promise, json.loads(flags)


def open_waits(shop: Shop) -> list[str]:
    return [kind for (kind,) in shop.rows("SELECT kind FROM waits WHERE ended_at IS NULL")]


def test_a_deflection_that_was_fine_lets_the_customer_wait_for_nothing(serving: Shop) -> None:
    """The wait for a resolution ends at once, and the verdict says what the person said."""
    hear(serving, 10, said(0, "q"), answered(10, "a", AWAY))
    assert open_waits(serving) == ["resolution"]
    assert tell(serving, FINE, NOTE) == 1
    assert open_waits(serving) == []
    assert standing(serving) == (0.0, 0.0, [])
    assert serving.value("SELECT status FROM cases") == "answered"


def test_a_promise_that_is_none_is_waited_for_no_more(serving: Shop) -> None:
    """Nobody hears that it was broken."""
    hear(serving, 10, said(0, "q"), answered(10, "a", PROMISE))
    assert open_waits(serving) == ["promise"]
    tell(serving, NO_PROMISE)
    assert open_waits(serving) == []
    assert serving.tick(1_000) == 0


def test_who_says_that_it_did_deflect_lets_the_customer_wait(serving: Shop) -> None:
    """The other way round is the same word."""
    hear(serving, 10, said(0, "q"), answered(10, "a", "Ask next door."))
    assert open_waits(serving) == []
    tell(serving, {Fault.DEFLECTION: True})
    assert open_waits(serving) == ["resolution"]
    assert standing(serving) == (1.0, 0.0, ["deflection"])


def test_a_case_that_is_over_is_taken_up_without_an_alarm(serving: Shop) -> None:
    """Who reads the answers of last week for coaching shall not wake anybody."""
    hear(serving, 10, said(0, "q"), answered(10, "a", "Ask next door."))
    serving.now = at(10 + QUIET.total_seconds() / 60 + 1)
    serving.pipeline.track_open(serving.now)
    assert serving.value("SELECT status FROM cases") == "resolved"
    serving.pipeline.correct_reply(OURS, {Fault.DEFLECTION: True}, "", "anna", serving.now)
    assert open_waits(serving) == ["resolution"]
    assert serving.tick(QUIET.total_seconds() / 60 + 600) == 0


@pytest.mark.parametrize("text", [AWAY, PROMISE, "Ask next door."])
def test_taking_it_back_leaves_everything_as_it_was(serving: Shop, text: str) -> None:
    """Verdict, waits and status, as if nothing had been said."""
    hear(serving, 10, said(0, "q"), answered(10, "a", text))
    look = "SELECT kind, since, due_at, ended_at, outcome FROM waits WHERE coalesce(outcome, '') <> 'void'"
    before = standing(serving), serving.rows(look), serving.value("SELECT status FROM cases")
    desk = Desk(serving.store, serving.rules)
    done = desk.correct_reply(OURS, FINE | NO_PROMISE, NOTE, "anna", serving.now)
    if text != "Ask next door.":
        assert standing(serving) != before[0]
    assert desk.undo(done, "boris", serving.now).startswith("taken back: our message 2")
    after = standing(serving), serving.rows(look), serving.value("SELECT status FROM cases")
    assert after == before
    with pytest.raises(UserError, match="taken back already"):
        desk.undo(done, "boris", serving.now)


def test_the_last_deed_of_a_case_can_be_a_word_on_its_answer(serving: Shop) -> None:
    """`undo CASE`, and `u` in the terminal, find it."""
    hear(serving, 10, said(0, "q"), answered(10, "a", AWAY))
    desk = Desk(serving.store, serving.rules)
    desk.correct_reply(OURS, FINE, "", "anna", serving.now)
    last = desk.last(1)
    assert last is not None
    assert desk.undo(last, "anna", serving.now) == "taken back: what was said of our message 2"
    assert open_waits(serving) == ["resolution"]


def test_colleagues_hear_of_it(serving: Shop) -> None:
    """As news of the case, and in its trail, with the note."""
    hear(serving, 10, said(0, "q"), answered(10, "a", AWAY))
    desk = Desk(serving.store, serving.rules)
    mark = desk.mark(1)
    desk.correct_reply(OURS, FINE | {Fault.RUDE: False}, NOTE, "anna", serving.now)
    assert desk.news_since(1, mark) == (
        "anna said of an answer of ours: not sent elsewhere, not rude",
    )
    (entry,) = [each for each in serving.store.views.trail(1) if each.what == "correct"]
    assert entry.said == f"our message 2: not sent elsewhere, not rude ({NOTE})"
    mark = desk.mark(1)
    desk.undo_on_reply(OURS, "boris", serving.now)
    assert desk.news_since(1, mark) == ("boris took back the word on an answer of ours by anna",)


def test_a_word_survives_another_model(serving: Shop) -> None:
    """What is judged anew, of the same text, stays what a person said."""
    hear(serving, 10, said(0, "q"), answered(10, "a", AWAY))
    tell(serving, FINE)
    serving.store.database.execute("UPDATE reply_verdicts SET judged_at = NULL")
    judge(serving)
    assert standing(serving) == (0.0, 0.0, [])
    assert serving.value("SELECT machine ->> 'deflection' FROM reply_verdicts") == 0.8


def test_an_edited_answer_is_judged_anew(serving: Shop) -> None:
    """The word was said of other words; it comes back with them."""
    hear(serving, 10, said(0, "q"), answered(10, "a", AWAY))
    tell(serving, FINE)
    hear(serving, 40, answered(10, "a", f"{AWAY} Now.", edited_at=at(40)))
    assert standing(serving)[0] == 0.8
    assert open_waits(serving) == ["resolution"]
    hear(serving, 50, answered(10, "a", AWAY, edited_at=at(50)))
    assert standing(serving)[0] == 0.0


def test_later_words_go_before_earlier_ones_part_by_part(serving: Shop) -> None:
    """Whoever speaks of the tone takes nothing back of what was said of the promise."""
    hear(serving, 10, said(0, "q"), answered(10, "a", PROMISE))
    tell(serving, NO_PROMISE)
    tell(serving, {Fault.RUDE: True}, who="boris")
    (found,) = serving.store.reply_corrections.all()
    assert found.person == {Fault.PROMISE: False, Fault.RUDE: True}
    assert (found.actor, found.machine) == ("boris", frozenset({Fault.PROMISE}))


@pytest.mark.parametrize(
    ("message", "why"),
    [(1, "is a customer's"), (3, "is not judged"), (9, "there is no message 9")],
)
def test_only_our_judged_answers_can_be_spoken_of(serving: Shop, message: int, why: str) -> None:
    """And the refusal says what is wrong."""
    hear(serving, 10, said(0, "q"), answered(10, "a", AWAY))
    serving.hear(answered(11, "b", "Later."))
    desk = Desk(serving.store, serving.rules)
    with pytest.raises(UserError, match=why):
        desk.correct_reply(message, FINE, "", "anna", serving.now)
    assert serving.value("SELECT count(*) FROM reply_corrections") == 0


def test_an_answer_that_crashes_the_judge_has_no_manners(serving: Shop) -> None:
    """It is judged, lest a promise be waited for in vain, and not found wanting."""
    bare = Manners(False, False, False, False, False)
    unknown = ReplyVerdict(False, False, False, "", {}, bare)
    serving.hear(said(0, "q"), answered(10, "a", AWAY))
    (waiting,) = serving.store.replies.unjudged(9)
    serving.pipeline.judge_replies([(waiting, unknown)], serving.now, "test")
    assert serving.rows("SELECT deflection, flags, manners FROM reply_verdicts") == [
        (0.0, "[]", None)
    ]


def test_a_word_moves_with_its_answer_and_comes_to_one_that_both_know(
    serving: Shop, tmp_path: Path
) -> None:
    """Into an empty database, and into one that has the answer but not the word."""
    hear(serving, 10, said(0, "q"), answered(10, "a", AWAY))
    with another(tmp_path) as knowing:
        knowing.rules = serving.rules
        hear(knowing, 10, said(0, "q"), answered(10, "a", AWAY))
        tell(serving, FINE, NOTE)
        archive = exported(serving.store.path)
        for _ in range(2):
            import_into(knowing, archive)
        assert standing(knowing) == (0.0, 0.0, [])
        assert knowing.rows("SELECT deflection, note FROM reply_corrections") == [(0, NOTE)]
    (tmp_path / "empty").mkdir()
    with another(tmp_path / "empty") as empty:
        import_into(empty, archive)
        assert standing(empty) == (0.0, 0.0, [])
        assert empty.store.reply_corrections.newest(OURS)


def test_what_is_removed_for_its_age_keeps_what_people_said(serving: Shop) -> None:
    """As the verdict that stood; the words go."""
    hear(serving, 10, said(0, "q"), answered(10, "a", AWAY))
    tell(serving, FINE, NOTE)
    serving.now = at(0) + timedelta(days=4)
    with serving.store.transaction():
        serving.store.cases.resolve_quiet(serving.now)
    serving.now = at(0) + timedelta(days=200)
    serving.hear(said(200 * 24 * 60, "now", thread_id="dm:now"))
    keep = Keep(timedelta(days=100), None, timedelta(days=3))
    assert [each.messages for each in serving.store.retention.removing(keep, serving.now)][-1] == 2
    assert serving.rows("SELECT flags, deflection FROM past_replies") == [("[]", 0.0)]
    assert serving.value("SELECT count(*) FROM reply_corrections") == 0


def test_in_a_rehearsal_a_word_counts_from_when_it_was_said(serving: Shop, database: Path) -> None:
    """What was told before it is told again, and what was not is not."""
    hear(serving, 10, said(0, "q"), answered(10, "a", PROMISE))
    serving.tick(70)
    serving.deliver()
    told = serving.value("SELECT count(*) FROM alerts")
    assert told
    serving.now = at(80)
    desk = Desk(serving.store, serving.rules)
    done = desk.correct_reply(OURS, NO_PROMISE, "", "anna", serving.now)
    serving.tick(200)
    serving.now = at(210)
    desk.undo(done, "anna", serving.now)
    serving.tick(211)
    serving.deliver()
    with closing(Past(database)) as past:
        outcome = rehearse(past, serving.rules, (at(-60), at(400)), UTC)
    assert outcome.alike
    assert outcome.differences == ()
