"""The card of a model: what it is made of, what it reached, and what it is bad at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inboxd import __version__
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_KEYS = {"data", "licences", "made_for", "weaknesses"}
_FIGURES = "figures"


def read_about(path: Path) -> dict[str, list[str]]:
    """
    Return what people say of a model in *path*: JSON, lists of sentences under four keys.

    The keys are ``data``, ``licences``, ``made_for`` and ``weaknesses``; raises UserError for a
    file that has others, or something else under them.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as JSON: {error}") from None
    if not isinstance(said, dict) or not said.keys() <= _KEYS:
        raise UserError(
            f"{path} must be an object with some of the keys {', '.join(sorted(_KEYS))}"
        )
    for key, sentences in said.items():
        listed = isinstance(sentences, list)
        if not listed or not all(isinstance(each, str) for each in sentences):
            raise UserError(f"{path}: {key} must be a list of sentences")
    return said


def completed(card: Mapping[str, Any], about: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return *card* with who made the model and what people say of it."""
    return {**card, "made_by": f"inboxd {__version__}", **({"about": dict(about)} if about else {})}


def card_lines(name: str, card: Mapping[str, Any]) -> Iterator[str]:
    """Yield the card of the model *name* for people: facts, what is said of it, figures."""
    yield f"{name}, made by {card.get('made_by', 'an unknown version')}"
    yield f"  rows: {card.get('rows', '?')}, digest of the data: {str(card.get('data', '?'))[:16]}"
    for key, sentences in card.get("about", {}).items():
        yield key.replace("_", " ")
        for sentence in sentences:
            yield f"  - {sentence}"
    yield "figures on folds of ideas"
    yield from _figure_lines(card.get(_FIGURES, {}), "  ")


def _figure_lines(figures: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Yield figures, which may stand below one another, a line for each group of numbers."""
    numbers = {name: value for name, value in figures.items() if not isinstance(value, dict)}
    if numbers:
        yield indent + ", ".join(f"{name} {value:.3f}" for name, value in numbers.items())
    for name, group in figures.items():
        if isinstance(group, dict):
            yield f"{indent}{name}"
            yield from _figure_lines(group, indent + "  ")
