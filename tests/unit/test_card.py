"""Promises about the cards of models: they say what a model is made of, and what it is bad at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from inboxd.classify.card import card_lines, completed, read_about
from inboxd.cli import main
from inboxd.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = {"licences": ["CC0 1.0."], "weaknesses": ["It is new.", "It is small."]}


@pytest.mark.parametrize("options", [(), ("--replies",), ("--tier", "semantic")])
def test_every_shipped_model_has_a_whole_card(options: tuple[str, ...]) -> None:
    """Whoever installs it can ask what it learnt from, under which licence, and how it fails."""
    done = CliRunner().invoke(main, ["classifier", "card", "--json", *options])
    card = json.loads(done.output)
    assert card["about"].keys() == {"data", "licences", "made_for", "weaknesses"}
    assert card["figures"]
    assert card["made_by"].startswith("inboxd ")


def test_a_card_is_shown_for_people() -> None:
    """What is said of it stands before the figures, each group of which has a line."""
    card = completed({"rows": 3, "data": "abc", "figures": {"all": {"kind": 0.5}}}, ABOUT)
    shown = list(card_lines("compact", card))
    assert shown[2:] == [
        "licences",
        "  - CC0 1.0.",
        "weaknesses",
        "  - It is new.",
        "  - It is small.",
        "figures on folds of ideas",
        "  all",
        "    kind 0.500",
    ]


def test_what_is_said_of_a_model_is_read_as_written(tmp_path: Path) -> None:
    """Lists of sentences under known names."""
    path = tmp_path / "about.json"
    path.write_text(json.dumps(ABOUT), encoding="utf-8")
    assert read_about(path) == ABOUT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must be an object"),
        ('{"colour": ["red"]}', "some of the keys data, licences"),
        ('{"data": "seeds"}', "data must be a list of sentences"),
        ('{"data": [1]}', "data must be a list of sentences"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, why: str) -> None:
    """Before minutes of training, with what is wrong."""
    path = tmp_path / "about.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=why):
        read_about(path)
