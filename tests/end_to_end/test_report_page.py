"""Promises about the report as a page, in a real browser: it stands alone, fits, and can be read."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.report import as_html
from tests.end_to_end.browser import BROWSER, measured
from tests.unit import cards

if TYPE_CHECKING:
    from pathlib import Path

PAGES = {"full": cards.full, "empty": cards.empty, "hostile": cards.hostile}


@pytest.fixture(scope="module", params=["light", "dark"])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a browser makes of all pages, in a light and in a dark room."""
    if BROWSER is None:
        pytest.skip("there is no chromium, chromium-browser or google-chrome on this machine")
    profile: Path = tmp_path_factory.mktemp("profile")
    pages = {name: as_html(card()) for name, card in PAGES.items()}
    return measured(pages, profile, dark=request.param == "dark")


def test_the_page_asks_for_nothing_and_complains_of_nothing(seen: Any) -> None:
    """Whoever opens it tells nobody: no script, picture, font or style is fetched or refused."""
    assert set(seen["asked"]) == {"/", *(f"/{name}" for name in PAGES)}
    assert seen["said"] == []
    for page in seen["found"].values():
        assert (page["scripts"], page["images"]) == (0, 0)
        assert all(link.startswith("#") and link[1:] in page["ids"] for link in page["links"])


def test_the_page_wears_its_style(seen: Any) -> None:
    """The policy lets in the style sheet that belongs to it: a title is larger than a browser's."""
    assert seen["found"]["full 1280"]["styled"] == "32px"
    assert seen["found"]["full 360"]["styled"] == "28px"


def test_nothing_reaches_beyond_a_phone(seen: Any) -> None:
    """At 360 pixels nobody scrolls sideways, whatever staff and topics are called."""
    for name, page in seen["found"].items():
        assert (name, page["scrolls"], page["wide"]) == (name, False, [])


def test_every_text_stands_out(seen: Any) -> None:
    """Its contrast is that of WCAG AA, 4.5 to 1, in light and in dark."""
    for name, page in seen["found"].items():
        assert (name, page["pale"]) == (name, [])


def test_headings_tables_and_plots_are_told_to_those_who_hear_the_page(seen: Any) -> None:
    """No level of headings is left out, every table has a caption, every plot is a picture."""
    for page in seen["found"].values():
        levels = page["headings"]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        assert page["uncaptioned"] == 0
        assert set(page["pictures"]) <= {"img"}
        assert len(page["ids"]) == len(set(page["ids"]))


def test_the_page_says_what_was_counted(seen: Any) -> None:
    """Gaps first, then the figures, in the browser's own reading of the page."""
    text = seen["found"]["full 1280"]["text"]
    empty = seen["found"]["empty 1280"]["text"]

    assert 0 < text.index("was not read") < text.index("94\N{NO-BREAK SPACE}%")
    assert "Оксана" in text
    assert "nobody wrote" in empty
    assert "0\N{NO-BREAK SPACE}%" not in empty


def test_names_are_shown_and_not_obeyed(seen: Any) -> None:
    """Markup in a name is text: no tag, no template, no style comes of it."""
    text = seen["found"]["hostile 1280"]["text"]

    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }}" in text
