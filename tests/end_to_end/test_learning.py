"""How people teach the classifier, as they meet it: correct, report, train, words of their own."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.classify.embedding import embedder
from tests.unit.test_classify_messages import ENGLISH, RUSSIAN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.shop import Shop

RANT = "третью неделю жду посылку, на письма никто не отвечает"
POLICIES = """
match = { kind = ["complaint"] }
first_response = "30m"
[[policies]]
name = "rest"
first_response = "8h"
"""


def configure(shop: Shop, classifier: str) -> None:
    """Write the shop's configuration with a [classifier] and two policies."""
    shop.configure(POLICIES)
    text = shop.config.read_text(encoding="utf-8").replace("match = {}\n", "")
    shop.config.write_text(f"{text}\n[classifier]\n{classifier}\n", encoding="utf-8")


async def receive(shop: Shop, text: str) -> None:
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    shop.write("vk", "private", text, who=0, sent_at=a_minute_ago)
    (await shop.run("run", "--once")).expect(0)


@pytest.fixture
async def complained(shop: Shop) -> Shop:
    """A shop whose database knows one complaint, case 1."""
    configure(shop, "")
    await receive(shop, RANT)
    return shop


async def test_a_correction_counts_at_once_and_is_shown(complained: Shop) -> None:
    """Another policy, another due time, and whose word it is: in lists, texts and JSON."""
    (before,) = json.loads(complained.say("waiting", "--json").expect(0).out)
    assert (before["kind"], before["policy"]) == ("complaint", "everything")
    arguments = ("--kind", "request", "--topic", "tracking", "--urgency", "low", "--as", "petra")
    said = complained.say("correct", "1", *arguments).expect(0).out
    assert "request · tracking · low urgency; rest governs" in said
    (after,) = json.loads(complained.say("waiting", "--json").expect(0).out)
    assert (after["kind"], after["topics"], after["policy"]) == ("request", ["tracking"], "rest")
    assert after["due_at"] > before["due_at"]
    assert "corrected by petra" in complained.say("show", "1").expect(0).out
    explained = complained.say("explain", "1").expect(0).out
    assert "this is the word of petra" in explained
    assert "said complaint, normal urgency" in explained
    shown = json.loads(complained.say("show", "1", "--json").expect(0).out)
    assert shown["messages"][0]["corrected"]["was"] == "complaint"
    # A round of the daemon does not take it back.
    (await complained.run("run", "--once")).expect(0)
    assert complained.value("SELECT kind FROM cases") == "request"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("correct", "1"), "say what it is: --kind"),
        (("correct", "9", "--kind", "other"), "there is no case 9"),
        (("correct", "1", "--message", "77", "--kind", "other"), "no message 77 in case 1"),
        (("correct", "1", "--kind", "rage"), "rage"),
        (("correct", "1", "--language", "Klingon"), "no code of a language"),
        (("classifier", "report", "--since", "soon"), "--since"),
        (("classifier", "rejudge", "--since", "soon"), "--since"),
        (("classifier", "train", "--out", "nowhere/model.npz"), "cannot be written"),
        (("classifier", "train", "--corrections", "--out", "x.npz"), "nothing to train on"),
    ],
)
async def test_misuse_is_told(complained: Shop, arguments: tuple[str, ...], why: str) -> None:
    """What cannot be done, and what can; nothing is stored."""
    ended = complained.say(*arguments).expect(2)
    assert why in ended.err
    assert complained.rows("SELECT * FROM corrections") == []


async def test_the_report_tells_what_people_said(complained: Shop) -> None:
    """How many agree, who was taken for what, and since when; for people and for programs."""
    assert "Nobody has corrected" in complained.say("classifier", "report").expect(0).out
    complained.say("correct", "1", "--kind", "request").expect(0)
    told = json.loads(complained.say("classifier", "report", "--json").expect(0).out)
    assert told["agreement"]["kind"] == {"spoken_of": 1, "agreed": 0, "agreement": 0.0}
    assert told["confusion"] == [{"classifier": "complaint", "person": "request", "messages": 1}]
    assert (told["messages"], told["judged"]) == (1, 1)
    lines = complained.say("classifier", "report", "--since", "1d").expect(0).out
    assert "0% (0 of 1)" in lines
    assert "people spoke of 1 of 1 messages" in lines


async def test_a_worse_model_is_not_written_unless_forced(complained: Shop, tmp_path: Path) -> None:
    """Its figures are shown beside the present model's; forced, it can be used."""
    data, out = tmp_path / "few.jsonl", tmp_path / "few.npz"
    with data.open("w", encoding="utf-8") as file:
        for number, (text, kind, topic, urgency) in enumerate([*ENGLISH, *RUSSIAN]):
            language = "en" if number < len(ENGLISH) else "ru"
            row = {"text": text, "lang": language, "kind": kind, "urgency": urgency}
            file.write(json.dumps({**row, "topics": [topic]}) + "\n")
    complained.say("correct", "1", "--kind", "request").expect(0)
    arguments = ("classifier", "train", "--data", str(data), "--corrections", "--out", str(out))
    refused = complained.say(*arguments).expect(2)
    assert "the new model is worse in: topic" in refused.err
    assert "is not written without --force" in refused.err
    assert f"On {len(ENGLISH) + len(RUSSIAN) + 1} messages that neither" in refused.out
    assert "the present model 0." in refused.out
    assert "training: fold 1 of 5" in refused.err
    assert not out.exists()
    complained.say(*arguments, "--force").expect(0)
    assert out.exists()
    configure(complained, f'model = "../{out.name}"')
    name = complained.say("check").expect(0).out
    assert "classifier: compact-" in name
    await receive(complained, "и где он")
    model = complained.value("SELECT json_extract(verdict, '$.model') FROM messages WHERE id = 2")
    assert model in name
    assert model != complained.value("SELECT json_extract(verdict, '$.model') FROM messages")


async def test_a_model_that_cannot_be_used_stops_the_daemon_before_it_starts(shop: Shop) -> None:
    """check, run and classify say the same: which file, what is wrong, and what to do."""
    configure(shop, 'model = "own.npz"')
    problems = {
        "classifier.model cannot be used": None,
        "No such file": None,
        "cannot be read as a model": b"PK\x03\x04 cut",
    }
    for why, content in problems.items():
        if content is not None:
            (shop.folder / "own.npz").write_bytes(content)
        for command in (("check",), ("run", "--once"), ("run",)):
            ended = (await shop.run(*command)).expect(2)
            assert why in ended.err
            assert str(shop.folder / "own.npz") in ended.err
        (await shop.run("classify", stdin=b'{"text": "a"}\n')).expect(2)
    assert not shop.database.exists()


async def test_a_pattern_that_can_run_away_stops_the_daemon_before_it_starts(shop: Shop) -> None:
    """Nothing that strangers write may hold up the others."""
    configure(shop, 'complaint = ["/(a+)+$/"]')
    for command in ("check", "run"):
        ended = (await shop.run(command)).expect(2)
        assert 'classifier.complaint[0] = "/(a+)+$/" repeats what varies itself' in ended.err


async def test_own_words_decide_and_are_explained(shop: Shop) -> None:
    """The daemon and `classify` go by them, and `explain` names the line of the configuration."""
    configure(shop, 'complaint = ["почтомат*"]\nignore = ["Horror"]')
    line = json.dumps({"text": "в ПОЧТОМАТЕ"}).encode() + b"\n"
    judged = json.loads((await shop.run("classify", stdin=line)).expect(0).out)
    assert judged["kind"] == "complaint"
    await receive(shop, "Здравствуйте, есть ли Horror в почтомате?")
    explained = shop.say("explain", "1").expect(0).out
    assert 'kind:complaint (classifier.complaint[0] = "почтомат*"): “почтомате”' in explained
    assert 'ignored (classifier.ignore[0] = "Horror"): “Horror”' in explained
    assert "2 words of your own" in shop.say("check").expect(0).out


async def test_new_words_can_be_given_to_what_was_judged_before(complained: Shop) -> None:
    """By `classifier rejudge`, once; the case's policy follows."""
    configure(complained, 'praise = ["посылку"]')
    told = complained.say("classifier", "rejudge", "--since", "1d").expect(0).out
    assert told.startswith("1 messages were judged anew by compact-")
    assert told.endswith("; 1 changed their kind.\n")
    assert complained.rows("SELECT kind, policy FROM cases") == [("praise", "rest")]
    assert complained.say("classifier", "rejudge").expect(0).out.startswith("0 messages")


def test_replies_are_judged_by_the_configured_words(shop: Shop) -> None:
    """What manners are due depends on what the user says that the question was."""
    path, due = shop.folder / "replies.jsonl", []
    path.write_text('{"text": "Hello, it is blue.", "question": "is there a blue kettle?"}\n')
    for words in ("", 'complaint = ["kettle"]'):
        configure(shop, words)
        judged = shop.say("classify", "--replies", str(path)).expect(0)
        due.append(json.loads(judged.out)["manners"]["due"])
    assert due == ["", "apology"]


def test_classify_needs_no_configuration(shop: Shop) -> None:
    """Unless one was asked for that is not there."""
    missing = shop.folder / "none.toml"
    ended = shop.say("-c", str(missing), "classify").expect(2)
    assert "none.toml" in ended.err


async def test_a_tier_that_the_machine_lacks_is_said_once_and_does_without(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line each from check, doctor and classify, and verdicts all the same."""
    why = "the compact tier judges instead of the semantic one: no luck today"
    monkeypatch.setattr("inboxd.classify.embedding.lacking", lambda: "no luck today")
    embedder.cache_clear()
    configure(shop, 'tier = "semantic"')
    checked = shop.say("check").expect(0).out
    assert "classifier: compact-" in checked
    assert checked.count(why) == 1
    path = shop.folder / "messages.jsonl"
    path.write_text('{"text": "where is my parcel?"}\n' * 300, encoding="utf-8")
    judged = shop.say("classify", str(path)).expect(0)
    assert judged.err == f"warning: {why}\n"
    assert len(judged.out.splitlines()) == 300
    (await shop.run("run", "--once")).expect(0)
    # Without the loop of this test: the doctor has one of its own.
    found = json.loads((await asyncio.to_thread(shop.say, "doctor", "--json")).expect(0).out)
    assert [each["text"] for each in found if each["what"] == "classifier"] == [why]


def test_an_unknown_tier_is_refused(shop: Shop) -> None:
    """Check says which there are."""
    configure(shop, 'tier = "big"')
    assert "classifier.tier" in shop.say("check").expect(2).err
