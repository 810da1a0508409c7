"""Promises about docs/figures.md: it has every figure that there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from inboxd.core.scorecard.breakdowns import COLUMNS, HOUR_COLUMNS, STAFF_COLUMNS
from inboxd.core.scorecard.catalogue import CATALOGUE, CHAPTERS
from inboxd.core.scorecard.meanings import MEANS
from inboxd.core.scorecard.studies import STUDIES

PAGE = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")


def test_the_page_defines_every_figure_once_and_no_other() -> None:
    """In the order and under the chapter in which reports show them."""
    chapters = re.split(r"^## ", PAGE, flags=re.MULTILINE)
    written = {
        key: re.findall(r"^### (\w+)$", text, flags=re.MULTILINE)
        for text in chapters
        if (key := text.partition(":")[0]) in {chapter.key for chapter in CHAPTERS}
    }

    assert written == {
        chapter.key: [each.key for each in chapter.definitions] for chapter in CHAPTERS
    }
    assert list(written) == [chapter.key for chapter in CHAPTERS]
    assert len(re.findall(r"^### ", PAGE, flags=re.MULTILINE)) == len(CATALOGUE)


def test_every_figure_has_a_key_of_its_own_and_a_sentence() -> None:
    """What is shown in parts, held against studies and explained is all in the catalogue."""
    assert len(CATALOGUE) == sum(len(chapter.definitions) for chapter in CHAPTERS)
    assert MEANS.keys() == CATALOGUE.keys()
    assert {*COLUMNS, *HOUR_COLUMNS, *STAFF_COLUMNS, *STUDIES} <= CATALOGUE.keys()


def test_the_page_names_every_study_with_its_figure() -> None:
    """Who looks up a benchmark finds who found it; and each of its years is in the code."""
    rows = re.findall(r"^\| `(\w+)` \| .+? \| (.+?) \| (.*?) ?\|$", PAGE, flags=re.MULTILINE)
    told = {
        (key, f"{each.source}, {each.year}" if each.year else each.source, each.sample)
        for key, benchmarks in STUDIES.items()
        for each in benchmarks
    }

    assert {(key, source, sample.strip()) for key, source, sample in rows} == told
