"""Promises about what the judge of replies learns from people's words on our answers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from inboxd import classify
from inboxd.classify import SHIPPED_FOR_REPLIES
from inboxd.classify.compact import Model
from inboxd.classify.replies import FLAGS
from inboxd.classify.reply_rows import ReplyRow, read_reply_rows
from inboxd.classify.reply_training import train_replies
from inboxd.classify.retraining import compare_replies, corrected_replies
from inboxd.core.redaction import erased_text
from inboxd.core.reproach import Fault
from inboxd.errors import UserError
from inboxd.store.reply_corrections import ReplyCorrection

SEEDS = sorted((Path(__file__).parents[2] / "data").glob("replies.*.jsonl"))
WORD = ReplyCorrection(
    message=2,
    conversation=7,
    text="Please call us, we are here until six.",
    at=datetime(2026, 11, 25, tzinfo=UTC),
    actor="anna",
    note="",
    model="m",
    machine=frozenset({Fault.DEFLECTION}),
    language="en",
    question="How can I reach you by phone?",
    person={Fault.DEFLECTION: False, Fault.RUDE: False},
)


def test_words_become_labelled_replies_by_conversation() -> None:
    """What a person did not speak of is not labelled, and the tone never is."""
    learnt = corrected_replies([WORD, replace(WORD, person={Fault.RUDE: True})])
    labels = {"deflection": False}
    assert learnt == [ReplyRow(WORD.text, "en", labels, "conversation 7", WORD.question)]


def test_nothing_is_learnt_from_what_was_erased() -> None:
    """Neither from an answer nor from the question to it."""
    assert corrected_replies([replace(WORD, text=erased_text(WORD.text))]) == []
    (row,) = corrected_replies([replace(WORD, question=erased_text(WORD.question))])
    assert row.question == ""


def test_a_few_words_move_the_model_where_they_are_about() -> None:
    """What was said of deflections changes how these are judged, and of promises nothing."""
    rows = read_reply_rows(SEEDS, FLAGS)[::50]
    said = [
        replace(WORD, conversation=number, text=f"Please email us, box {number}.")
        for number in range(12)
    ]
    before, after = train_replies(rows), train_replies([*rows, *corrected_replies(said)])
    reply = classify.Reply("Please email us, box 77.", question=WORD.question)
    judged = [
        classify.replies.CompactReplyJudge(model, classify.load()).judge([reply])[0].scores
        for model in (before, after)
    ]
    assert judged[1]["deflection"] < judged[0]["deflection"] - 0.2
    assert np.isfinite([*after.bias, *after.thresholds]).all()
    assert after.card["figures"]["question known"]["all"]["rows"] == len(rows) + 12


def test_a_judge_that_has_become_worse_is_named() -> None:
    """By its figures on folds, flag by flag."""
    present = Model.load(SHIPPED_FOR_REPLIES, FLAGS)
    figures = present.card["figures"]["question known"]["all"]
    worse = {"question known": {"all": figures | {"promise, F1": 0.5}}}
    comparison = compare_replies(present, replace(present, card={"figures": worse}))
    assert comparison.worse == ["promise, F1"]
    assert compare_replies(present, present).worse == []


def test_a_model_of_ones_own_judges_replies(tmp_path: Path) -> None:
    """Another file has another name; one that is none is refused."""
    mine = tmp_path / "mine.npz"
    shipped = Model.load(SHIPPED_FOR_REPLIES, FLAGS)
    replace(shipped, card={"data": "0123456789"}).save(mine)
    assert classify.load_reply_judge(replies=mine).name == "replies-01234567"
    assert classify.load_reply_judge().name != "replies-01234567"
    with pytest.raises(UserError, match=re.escape(str(classify.SHIPPED))):
        classify.load_reply_judge(replies=classify.SHIPPED)
