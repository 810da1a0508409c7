"""
Regular expressions of people who configure: none may find everything, or search for ever.

Python tries every way in which an expression can fit, and nothing else runs meanwhile. So what
multiplies the ways is refused, and only the beginning of a text is searched.
"""

from __future__ import annotations

import re
import warnings
from re import _parser  # type: ignore[attr-defined]  # nothing public shows an expression's parts
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SEARCHED = 500
"""Characters of a text that are searched: with MOST_RANGING, at most about half a second."""
MOST_RANGING = 2
"""So many parts of an expression may reach as far as they like."""

_SPACES_OR_DIGITS = {"CATEGORY_SPACE", "CATEGORY_DIGIT"}
_ADVICE = "with a long text that would take for ever"


def parse_pattern(written: str) -> re.Pattern[str]:
    """Return the expression *written*; raises ValueError where it cannot be used, and why."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pattern = re.compile(written)
            parts = list(_repeats(_parser.parse(written)))
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"{written!r} is no regular expression: {error}") from None
    if pattern.search(""):
        raise ValueError(f"{written!r} fits every text: no answer would count")
    if any(_varies(inner) for _, body in parts for inner in _branchings(body)):
        raise ValueError(f"{written!r} repeats what varies itself, as (a+)+ does; {_ADVICE}")
    if sum(_ranges(count, body) for count, body in parts) > MOST_RANGING:
        raise ValueError(
            f"{written!r} has more than {MOST_RANGING} parts such as .* in it; {_ADVICE}: "
            "make several expressions of it"
        )
    return pattern


def finds(pattern: re.Pattern[str], text: str) -> bool:
    """Tell whether the beginning of *text* has something in it that *pattern* fits."""
    return pattern.search(text, 0, SEARCHED) is not None


def _repeats(parts: Any) -> Iterator[tuple[int, Any]]:  # noqa: ANN401 - the parser has no types
    """Yield how much each repetition in *parts* can vary, and what it repeats more than once."""
    for name, value in _within(parts):
        if "REPEAT" in str(name) and value[1] > 1:
            yield value[1] - value[0], value[2]


def _branchings(parts: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    """Yield all that can fit in several ways in *parts*."""
    yield from ((str(name), value) for name, value in _within(parts))


def _varies(part: tuple[str, Any]) -> bool:
    name, value = part
    return name == "BRANCH" or ("REPEAT" in name and value[0] != value[1])


def _ranges(count: int, body: Any) -> bool:  # noqa: ANN401 - as above
    """Tell a repetition that can reach far; no text has many spaces or digits in a row."""
    (name, value), *more = body
    if not more and str(name) == "IN":
        return count > 0 and {str(kind) for _, kind in value} - _SPACES_OR_DIGITS != set()
    return count > 0 and not (str(name) == "LITERAL" and not more)


def _within(parts: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - as above
    """Yield every part of an expression, however deep it stands."""
    if isinstance(parts, _parser.SubPattern):
        for name, value in parts:
            yield name, value
            yield from _within(value)
    elif isinstance(parts, (tuple, list)):
        for part in parts:
            yield from _within(part)
