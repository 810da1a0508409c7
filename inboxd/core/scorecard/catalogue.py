"""All figures that there are, in the sections of a scorecard. docs/figures.md says what each is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from inboxd.core.scorecard import (
    answering,
    lateness,
    promised,
    quality,
    solving,
    times,
    trouble,
    volume,
)

if TYPE_CHECKING:
    from inboxd.core.scorecard.measuring import Definition


class Chapter(NamedTuple):
    """A section by its key: its title, and what is in it."""

    key: str
    title: str
    definitions: tuple[Definition, ...]


CHAPTERS: Final = (
    Chapter("volume", "What came in", volume.DEFINITIONS),
    Chapter("answering", "Who was answered", answering.DEFINITIONS),
    Chapter("times", "How fast", times.DEFINITIONS),
    Chapter("solving", "Whether it was solved", solving.DEFINITIONS),
    Chapter("quality", "How good the answers were", quality.DEFINITIONS),
    Chapter("promises", "What was promised", promised.DEFINITIONS),
    Chapter("trouble", "What went wrong", trouble.DEFINITIONS),
    Chapter("connector", "How soon we saw it", lateness.DEFINITIONS),
)
CATALOGUE: Final = {each.key: each for chapter in CHAPTERS for each in chapter.definitions}
