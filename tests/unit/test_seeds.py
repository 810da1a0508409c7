"""The seeds keep the form of data/GUIDELINE.md, and the check would notice if they did not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data import check

if TYPE_CHECKING:
    from collections.abc import Mapping

DATA = Path(__file__).parents[2] / "data"

MESSAGE: Mapping[str, Any] = {
    "idea": "en-0001",
    "text": "Kettle came with somebody else's invoice in it",
    "lang": "en",
    "kind": "complaint",
    "topics": ["orders", "payment"],
    "urgency": "normal",
    "register": "tweet",
}
REPLY: Mapping[str, Any] = {
    "idea": "en-r001",
    "text": "Hello Ann, sorry! We post the right invoice by Friday.",
    "lang": "en",
    "deflection": False,
    "promise": True,
    "promise_when": "by Friday",
    "non_answer": False,
    "greeting": True,
    "courtesy": True,
    "to": "wrong invoice",
}


def seed(text: str, idea: str = "en-0001", line: int = 1) -> check.Seed:
    """Make a line of the given text."""
    return check.Seed("messages.en.jsonl", line, text, {**MESSAGE, "text": text, "idea": idea})


@pytest.fixture(scope="module")
def seeds() -> list[check.Seed]:
    """All well-formed lines of the repository's seeds."""
    files = check.seed_files(DATA)
    if not files:
        pytest.skip("there are no seeds yet")
    return [each for path in files for each in check.read(path)[0]]


@pytest.mark.parametrize("path", check.seed_files(DATA), ids=lambda path: path.name)
def test_every_line_keeps_the_form(path: Path) -> None:
    """Keys and labels are those of the guideline."""
    assert check.read(path)[1] == []


def test_no_seed_comes_twice(seeds: list[check.Seed]) -> None:
    """A repeated line would be trained on and tested on at once."""
    assert check.exact_duplicates(seeds) == []


def test_no_idea_is_larger_than_four(seeds: list[check.Seed]) -> None:
    """Many variants of one situation would be a template."""
    assert check.oversized_ideas(seeds) == {}


def test_ideas_do_not_leak_into_one_another(seeds: list[check.Seed]) -> None:
    """What is nearly the same belongs to one idea, so that folds keep it together."""
    assert [pair for pair in check.near_duplicates(seeds) if pair.crosses_ideas] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"kind": "rage"}, "kind is 'rage'"),
        ({"urgency": None}, "urgency is None"),
        ({"register": "fax"}, "register is 'fax'"),
        ({"topics": []}, "topics is no list or an empty one"),
        ({"topics": ["parcels"]}, "topics has ['parcels']"),
        ({"topics": ["orders", "orders"]}, "topics names one twice"),
        ({"topics": ["orders", "other"]}, "topics has other beside another"),
        ({"text": " "}, "text is empty"),
        ({"lang": "de"}, "lang is 'de' in a file of en"),
        ({"idea": "en-1"}, "idea is 'en-1'"),
        ({"note": ""}, "has an unknown note"),
    ],
)
def test_a_bad_message_is_named(change: dict[str, object], complaint: str) -> None:
    """Each breach of the form is told, with what stood there."""
    (problem,) = check.message_problems({**MESSAGE, **change}, "en")
    assert problem.startswith(complaint)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"promise": "yes"}, "promise is 'yes'"),
        ({"promise": False}, "promise_when is given where nothing is promised"),
        ({"promise_when": "tomorrow"}, "promise_when 'tomorrow' is not in the text"),
        ({"promise_when": None}, "promise_when is no string"),
        ({"to": None}, "to is no string"),
        ({"idea": "en-0001"}, "idea is 'en-0001'"),
    ],
)
def test_a_bad_reply_is_named(change: dict[str, object], complaint: str) -> None:
    """Each breach of the form is told, with what stood there."""
    (problem,) = check.reply_problems({**REPLY, **change}, "en")
    assert problem.startswith(complaint)


def test_good_rows_pass() -> None:
    """The made-up rows that the bad ones vary are themselves in order."""
    assert list(check.message_problems(MESSAGE, "en")) == []
    assert list(check.reply_problems(REPLY, "en")) == []


def test_a_missing_key_is_named() -> None:
    """The row is not looked at further, for half of it could not be read."""
    row = {key: value for key, value in MESSAGE.items() if key != "kind"}
    assert list(check.message_problems(row, "en")) == ["lacks kind"]


def test_bad_lines_are_told_by_number_and_the_rest_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken line costs the exit code, not the report."""
    file = tmp_path / "messages.en.jsonl"
    file.write_text(f"{json.dumps(MESSAGE)}\n{{oops\n[]\n", encoding="utf-8")
    assert check.main([str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "messages.en.jsonl: 1 lines, 1 ideas" in out
    assert "messages.en.jsonl:2 is not JSON" in err
    assert "messages.en.jsonl:3 is not a JSON object" in err


def test_a_clean_directory_exits_with_0(tmp_path: Path) -> None:
    """Other files beside the seeds are left alone."""
    (tmp_path / "replies.en.jsonl").write_text(json.dumps(REPLY) + "\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a seed", encoding="utf-8")
    assert check.main([str(tmp_path)]) == 0


def test_case_and_white_space_make_no_new_message() -> None:
    """The same words typed louder are the same line."""
    lines = [seed("Where is it?"), seed("WHERE  is\nit?", line=2), seed("Where was it?", line=3)]
    assert check.exact_duplicates(lines) == [lines[:2]]


def test_a_heart_is_no_copy_of_a_heart_in_another_language() -> None:
    """Wordless lines are compared within their file, worded ones across languages."""
    hearts, words = [
        [
            check.Seed(f"messages.{lang}.jsonl", 1, text, {**MESSAGE, "lang": lang})
            for lang in ("de", "en")
        ]
        for text in ("❤️❤️", "super danke")
    ]
    assert check.exact_duplicates(hearts) == []
    assert check.exact_duplicates(words) == [words]
    assert [tuple(pair) for pair in check.near_duplicates(hearts + words)] == [(*words, 1.0)]


def test_a_filled_template_is_a_near_duplicate() -> None:
    """Two lines that differ by a number are found, and whether ideas part them is told."""
    lines = [
        seed("my parcel 4471 has been sitting at the depot since last monday"),
        seed("my parcel 9023 has been sitting at the depot since last monday", "en-0002", 2),
        seed("do you sell the same lamp in green", "en-0003", 3),
    ]
    (pair,) = check.near_duplicates(lines)
    assert (pair.first, pair.second) == (lines[0], lines[1])
    assert check.SIMILAR < pair.likeness < 1
    assert pair.crosses_ideas


def test_the_index_finds_what_comparing_all_pairs_finds(seeds: list[check.Seed]) -> None:
    """Prefix filtering is a short cut, not an approximation."""
    some = [each for each in seeds if check.shelf(each) == "messages"][:300]
    sets = [check.grams(each.text) for each in some]
    expected = {
        (one, two)
        for two in range(len(some))
        for one in range(two)
        if len(sets[one] & sets[two]) / len(sets[one] | sets[two]) > 0.2
    }
    found = check.near_duplicates(some, threshold=0.2)
    assert {(some.index(pair.first), some.index(pair.second)) for pair in found} == expected


def test_a_common_opening_is_counted() -> None:
    """A file in which every third line begins alike is told so."""
    lines = [seed("Where is my sofa"), seed("where is, my lamp"), seed("Nice lamp")]
    assert check.common_openings(lines, share=0.5) == {"where is": 2}


def test_five_lines_are_too_many_for_an_idea() -> None:
    """Four are allowed."""
    lines = [seed(str(number), "en-0001") for number in range(5)]
    assert check.oversized_ideas(lines) == {"en-0001": 5}
    assert check.oversized_ideas(lines[1:]) == {}


def test_repetition_lowers_diversity() -> None:
    """Both ratios are 1 where no word comes twice, and sink with each that does."""
    assert check.diversity([seed("one two three four")]) == (4, 1.0, 1.0)
    assert check.diversity([seed("one two three"), seed("one two three")]) == (6, 0.5, 0.5)
