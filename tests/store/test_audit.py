"""Promises about going through our answers: what is listed, with what, and what it looks like."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from inboxd.cli import main
from inboxd.clock import SystemClock
from inboxd.core.reproach import Fault
from inboxd.durations import parse_business
from inboxd.model import Author, Evidence, Manners, ReplyVerdict
from inboxd.store.audit import Audited, Choice
from inboxd.terminal.audit import print_audited
from tests.store.shop import ANNA, BORIS, Shop, answered, at, commented, replied, said
from tests.store.test_owed import AWAY, PROMISE, TIMED, rules
from tests.store.test_owed import verdict as plain_verdict

if TYPE_CHECKING:
    from click.testing import Result

EVER = Choice(at(-1_000_000), at(1_000_000))
ALL = tuple(Fault)
MANNERS = Manners(greeting=False, thanks=False, apology=False, punctuation=False, capitals=False)
EVIL = "Sorry\x1b[31m [bold]hotline[/] \u202eelif\u202c \x07"


def verdict(text: str) -> ReplyVerdict:
    """Return what a reader of a few words makes of an answer; "nope" is rude to who complains."""
    found = plain_verdict(text)
    if "nope" in text:
        found = replace(found, manners=replace(MANNERS, due="apology"))
    start = text.find("hotline")
    words = (Evidence(start, start + 7, "hotline", "deflection:phone"),) if start >= 0 else ()
    return replace(found, non_answer="beautiful" in text, evidence=words)


def hear(shop: Shop, minutes: float, *messages: Any) -> None:
    shop.now = at(minutes)
    shop.hear(*messages)
    waiting = shop.store.replies.unjudged(100)
    judged = [(each, verdict(each.text)) for each in waiting]
    shop.pipeline.judge_replies(judged, shop.now, "test")


@pytest.fixture
def serving(shop: Shop) -> Shop:
    """Return a shop that follows everything up."""
    shop.rules = rules(resolution=parse_business("8h"))
    return shop


def audited(shop: Shop, *why: Fault, fine: bool = False, **changes: Any) -> list[Audited]:
    found, _ = shop.store.audit.reproached(replace(EVER, **changes), why or ALL, fine=fine)
    return list(shop.store.audit.answers(found))


def test_what_is_held_against_answers_is_listed_newest_first(serving: Shop) -> None:
    """With what was asked since we last wrote; what is good is counted, not listed."""
    hear(serving, 10, said(0, "q1"), said(1, "q2", "Hello?"), answered(10, "a", AWAY, staff="Olha"))
    hear(serving, 20, said(15, "q3", "And now?"), answered(20, "b", "A beautiful day."))
    hear(serving, 30, said(25, "q4"), answered(30, "c", "It is here."))
    hear(serving, 40, said(35, "q5"), answered(40, "d", "nope"))
    listed = audited(serving)
    assert [(each.text, [*each.held]) for each in listed] == [
        ("nope", ["rude"]),
        ("A beautiful day.", ["non_answer"]),
        (AWAY, ["deflection"]),
    ]
    assert [[asked.text for asked in each.questions] for each in listed] == [
        ["Where is my order?"],
        ["And now?"],
        ["Where is my order?", "Hello?"],
    ]
    assert serving.store.audit.reproached(EVER, ALL)[1] == 4
    assert [each.case for each in listed] == [1, 1, 1]
    assert [each.text for each in audited(serving, staff=["Olha"])] == [AWAY]
    assert audited(serving, accounts=["shop-fb"]) == []
    assert [each.text for each in audited(serving, since=at(35))] == ["nope"]
    assert [each.text for each in audited(serving, Fault.NON_ANSWER)] == ["A beautiful day."]


def test_an_answer_in_a_thread_of_several_is_shown_with_whom_it_is_for(serving: Shop) -> None:
    """The message that the network says it replies to, or those of whom it names."""
    hear(
        serving,
        10,
        commented(0, "c1", ANNA, "Is it red?"),
        commented(1, "c2", BORIS, "Is it blue?"),
        replied(9, "r1", ANNA, text="Ask the hotline.", parent_id="c1"),
        replied(10, "r2", BORIS, text="Call the hotline."),
    )
    hear(serving, 30, commented(30, "c3", BORIS, "Nobody is there."))
    second, first = audited(serving)
    assert [each.text for each in first.questions] == ["Is it red?"]
    assert [each.text for each in second.questions] == ["Is it blue?"]
    assert (first.again, second.again) == (None, at(30))


@pytest.mark.parametrize(
    ("until", "later", "word"),
    [
        (30, [], "open"),
        (200, [], "broken"),
        (90, [answered(90, "kept", "It is here.")], "kept"),
        (200, [answered(200, "kept", "It is here.")], "late"),
        (90, [answered(90, "again", TIMED)], "replaced"),
    ],
)
def test_it_is_told_what_became_of_a_promise(
    serving: Shop, until: float, later: list[Any], word: str
) -> None:
    """It is due two hours after it was given."""
    hear(serving, 10, said(0, "q"), answered(10, "a", PROMISE))
    hear(serving, until, *later)
    *_, answer = audited(serving, Fault.PROMISE)
    assert answer.fates[Fault.PROMISE].word(at(until)) == word


def test_a_promise_that_nobody_follows_up_has_no_fate(shop: Shop) -> None:
    """Its policy has no target for it."""
    shop.rules = rules(promise=None)
    hear(shop, 10, said(0, "q"), answered(10, "a", PROMISE))
    (answer,) = audited(shop)
    assert answer.fates == {}
    assert "promised – not followed up" in printed(answer)


def test_what_was_said_to_be_fine_is_listed_only_when_asked_for(serving: Shop) -> None:
    """And then with who said so, and why."""
    hear(serving, 10, said(0, "q"), answered(10, "a", AWAY))
    word = {Fault.DEFLECTION: False}
    serving.pipeline.correct_reply(2, word, "he wanted the number", "anna", serving.now)
    assert audited(serving) == []
    (answer,) = audited(serving, fine=True)
    assert (dict(answer.held), answer.fine) == ({}, frozenset({Fault.DEFLECTION}))
    assert "anna says: not sent elsewhere: he wanted the number" in printed(answer)
    assert audited(serving, Fault.PROMISE, fine=True) == []


def test_what_crashed_the_judge_is_held_against_nobody(serving: Shop) -> None:
    """It has no mark, and is not rude for lack of manners that nobody saw."""
    unknown = ReplyVerdict(
        deflection=False, promise=False, non_answer=False, language="", scores={}, manners=MANNERS
    )
    serving.hear(said(0, "q"), answered(10, "a", "NO NO NO NO NO"))
    waiting = serving.store.replies.unjudged(9)
    serving.pipeline.judge_replies([(each, unknown) for each in waiting], serving.now, "test")
    assert audited(serving) == []
    serving.pipeline.correct_reply(2, {Fault.RUDE: True}, "", "anna", serving.now)
    (answer,) = audited(serving)
    assert "no mark" in printed(answer)
    assert "rude: a person says so" in printed(answer)


def printed(answer: Audited, *, terminal: bool = False) -> str:
    out = Console(file=StringIO(), width=80, force_terminal=terminal, markup=False, highlight=False)
    print_audited(out, answer, at(1_000), UTC)
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def test_strangers_words_stay_in_their_place(serving: Shop) -> None:
    """No escape sequence, no markup and no turned text comes through; the evidence is marked."""
    author = Author("666", "Eve\x1b[2J\u202e", "eve")
    hear(
        serving,
        10,
        said(0, "q", f"{EVIL} {'long ' * 200}", author=author),
        answered(10, "a", EVIL, staff="Ol\x1bha"),
    )
    (answer,) = audited(serving, Fault.DEFLECTION)
    text = printed(answer)
    assert not {"\x1b", "\x07", "\u202e"} & {*text}
    assert "[bold]hotline[/]" in text
    shown = printed(answer, terminal=True)
    assert "\x1b[1;4;39mhotline\x1b[0m" in shown
    assert "\x1b[31m [bold]" not in shown
    assert max(len(line) for line in printed(replace(answer, text="Short."), terminal=True)) <= 80


SEEDS = sorted((Path(__file__).parents[2] / "data").glob("replies.*.jsonl"))
CONFIG = """
[inboxd]
database = "inboxd.db"
timezone = "UTC"
[[accounts]]
name = "shop-vk"
network = "vk"
group_id = 1
token = { env = "VK_TOKEN" }
streams = ["direct_messages"]
[[policies]]
name = "all"
match = {}
first_response = "1h"
resolution = "8h"
steps = []
"""


@pytest.fixture
def config(serving: Shop, database: Path) -> Path:
    """Return the configuration of a shop that has just sent a customer elsewhere (message 2)."""
    start = (SystemClock().now() - at(0)) / timedelta(minutes=1) - 60
    hear(serving, start + 10, said(start, "q"), answered(start + 10, "a", AWAY))
    path = database.parent / "config.toml"
    path.write_text(CONFIG.replace("inboxd.db", database.name), encoding="utf-8")
    return path


def audit(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["-c", str(config), "audit", *arguments])


def test_the_command_lists_excuses_and_takes_back(serving: Shop, config: Path) -> None:
    """As text and JSON; a word counts at once."""
    listed = audit(config).stdout
    assert "sent elsewhere: “hotline”" in listed
    assert "1 of 1 judged answers" in listed
    told = json.loads(audit(config, "--json").stdout)
    assert (told["judged"], told["found"]) == (1, 1)
    (answer,) = told["answers"]
    (fault,) = answer["held_against_it"]
    assert fault["evidence"] == [{"start": 20, "end": 27, "text": "hotline"}]
    assert (answer["mark"], answer["missed"]) == (3, ["serves", "greets"])
    said_so = audit(config, "--fine", "2", "--as", "petra", "--note", "asked for it")
    assert said_so.stdout == "Our message 2: not sent elsewhere; case 1 is answered.\n"
    assert "0 of 1 judged answers of " in audit(config).stdout
    (answer,) = json.loads(audit(config, "--all", "--json").stdout)["answers"]
    assert (answer["said_to_be_fine"], answer["mark"]) == (["deflection"], 4)
    assert answer["said"]["note"] == "asked for it"
    assert audit(config, "--undo", "2").stdout == "Taken back: what was said of message 2.\n"
    assert audit(config, "--faulty", "2", "--part", "non_answer").exit_code == 0
    assert serving.value("SELECT flags FROM reply_verdicts") == '["deflection", "non_answer"]'


def test_a_period_without_answers_is_named(config: Path) -> None:
    """For whoever asks too late: which days were looked at, and that there are others."""
    assert audit(config, "--period", "2020-11").stdout == (
        "No answer of November 2020 has been judged; --period shows those of other days.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--faulty", "2"], "--faulty needs to know in what: --part deflection, non_answer"),
        (["--fine", "1"], "message 1 is a customer's"),
        (["--fine", "7"], "there is no message 7"),
        (["--fine", "2", "--undo", "2"], "one thing at a time"),
        (["--part", "rude"], "--part and --note belong to"),
        (["--undo", "2"], "nobody has said anything of message 2"),
        (["--account", "shop-v"], "did you mean shop-vk?"),
        (["--period", "once"], "'once' is no period"),
        (["--why", "boring"], "boring"),
    ],
)
def test_misuse_is_told(config: Path, arguments: list[str], why: str) -> None:
    """With what to do instead, and exit code 2."""
    ended = audit(config, *arguments)
    assert ended.exit_code == 2
    assert why in ended.stderr


def test_nothing_held_is_nothing_to_excuse(serving: Shop, config: Path) -> None:
    """A person who means something else can say what."""
    later = (SystemClock().now() - at(0)) / timedelta(minutes=1) - 30
    hear(serving, later, said(later - 5, "q2"), answered(later, "b", "It is here."))
    assert "nothing is held against message 4" in audit(config, "--fine", "4").stderr
    assert audit(config, "--fine", "4", "--part", "rude").exit_code == 0


def test_many_answers_are_gone_through_in_a_moment(serving: Shop) -> None:
    """The list is limited after it was counted; what is not shown is not looked up."""
    for number in range(40):
        start = number * 10
        hear(serving, start + 1, said(start, f"q{number}"), answered(start + 1, f"a{number}", AWAY))
    found, judged = serving.store.audit.reproached(EVER, ALL)
    assert (len(found), judged) == (40, 40)
    newest = list(serving.store.audit.answers(found[:2]))
    assert [each.at for each in newest] == [at(391), at(381)]
    assert newest[1].again == at(390)
    assert newest[1].again - newest[1].at == timedelta(minutes=9)


def test_what_was_said_is_learnt_from(config: Path, tmp_path: Path) -> None:
    """Alone it is too little, and a judge that it makes worse is not written."""
    out = tmp_path / "replies.npz"
    learn = ["-c", str(config), "classifier", "train", "--replies", "--corrections"]
    nothing = CliRunner().invoke(main, [*learn, "--out", str(out)])
    assert "nothing to train on" in nothing.stderr
    audit(config, "--fine", "2")
    few = CliRunner().invoke(main, [*learn, "--out", str(out)])
    assert "too few labelled replies to learn from: 1" in few.stderr
    data = tmp_path / "seeds.jsonl"
    seeds = [line for path in SEEDS for line in path.read_text("utf-8").splitlines()[::100]]
    data.write_text("\n".join(seeds), encoding="utf-8")
    refused = CliRunner().invoke(main, [*learn, "--data", str(data), "--out", str(out)])
    assert refused.exit_code == 2, refused.output
    assert "the new model is worse in: deflection, F1" in refused.stderr
    assert not out.exists()


def test_a_judge_of_ones_own_that_is_none_is_refused(config: Path) -> None:
    """By every command that reads what judges, and with its place in the configuration."""
    text = config.read_text(encoding="utf-8")
    config.write_text(f'{text}[classifier]\nreplies = "none.npz"\n', encoding="utf-8")
    ended = CliRunner().invoke(main, ["-c", str(config), "classify"], input='{"text": "a"}\n')
    assert ended.exit_code == 2
    assert "classifier.replies cannot be used" in ended.stderr
