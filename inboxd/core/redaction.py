"""Making a person unrecognisable in what others wrote: pure text in, text of the same length out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ERASED = "(erased)"
"""What stands in the place of a text, or of a name, that was erased."""
_ERASED_QUESTION = "(erased)?"
_BLOCK = "█"
_SHORTEST_ID, _SHORTEST_HANDLE, _TELLING_HANDLE = 5, 3, 8


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a network knows somebody."""

    remote_id: str
    name: str = ""
    handle: str = ""
    url: str = ""


def erased_text(text: str) -> str:
    """
    Return what is left of a *text* that is erased.

    Whether it asked something stays: what followed from it is worked out anew now and then, and
    must not come out otherwise.
    """
    return _ERASED_QUESTION if "?" in text else ERASED


def is_erased(text: str) -> bool:
    """Tell whether *text* is what is left of one that was erased."""
    return text in {ERASED, _ERASED_QUESTION}


class Redactor:
    """
    Finds and blots out every mention of some people in what is not theirs.

    A blot is as long as what it covers, so that what points into a text still does. A name of one
    word, a short number and a plain word that is somebody's handle are left alone, unless the
    handle stands behind an @ or in a link: they would hit everybody else's words.
    """

    def __init__(self, people: Iterable[Identity]) -> None:
        people = list(people)
        self._values = {value.casefold() for each in people for value in _telling(each)}
        self._numbers = {int(value) for value in self._values if value.isdecimal()}
        patterns = dict.fromkeys(pattern for each in people for pattern in _patterns(each))
        self._pattern = re.compile("|".join(patterns) or r"(?!)", re.IGNORECASE)
        self._hints = tuple(
            dict.fromkeys(
                form
                for each in people
                for hint in (*_telling(each), each.handle)
                if hint
                for form in _forms(hint)
            )
        )

    def mentions(self, text: object) -> bool:
        """Tell whether *text*, plain or JSON, names one of them."""
        return isinstance(text, str) and self.may_mention(text) and self.redacted(text) != text

    def may_mention(self, text: str) -> bool:
        """Tell, quickly, whether it is worth a second look."""
        folded = text.lower()
        return any(hint in folded for hint in self._hints)

    def redacted(self, text: str) -> str:
        """Return *text* without them; what was JSON is JSON still."""
        if text[:1] not in {"{", "["}:
            return self.plain(text)
        try:
            parsed = json.loads(text)
            clean = self._walk(parsed)
        except (ValueError, RecursionError):
            return self.plain(text)
        # Escaped, for not every letter that JSON can name can be kept as UTF-8.
        return text if clean == parsed else json.dumps(clean)

    def plain(self, text: str) -> str:
        """Return plain *text* without them."""
        return self._pattern.sub(lambda found: _BLOCK * len(found[0]), text)

    def pruned(self, text: str) -> str:
        """Return a cursor, JSON, without the entries that name one of them."""
        parsed = json.loads(text)
        clean = self._prune(parsed)
        return text if clean == parsed else json.dumps(clean)

    def _walk(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, str):
            return _BLOCK * len(value) if value.casefold() in self._values else self.plain(value)
        if isinstance(value, int) and value in self._numbers:
            return 0
        if isinstance(value, list):
            return [self._walk(each) for each in value]
        if isinstance(value, dict):
            if self._is_whole(value):
                return {"id": ERASED}
            return {self.plain(key): self._walk(each) for key, each in value.items()}
        return value

    def _is_whole(self, value: dict[str, Any]) -> bool:
        """Tell whether an object is about one of them: then nothing in it is anybody else's."""
        return any(str(value.get(name, "")).casefold() in self._values for name in ("id", "id_str"))

    def _prune(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, dict):
            return {
                key: self._prune(each)
                for key, each in value.items()
                if self.plain(key) == key and not self._names(each)
            }
        return value

    def _names(self, value: Any) -> bool:  # noqa: ANN401 - JSON
        if isinstance(value, list):
            return any(self._names(each) for each in value)
        return not isinstance(value, dict) and str(value).casefold() in self._values


def _telling(person: Identity) -> list[str]:
    """Return the words that name nobody else."""
    words = [person.remote_id] if len(person.remote_id) >= _SHORTEST_ID else []
    words += [person.name] if len(person.name.split()) > 1 else []
    words += [person.handle] if _is_telling(person.handle) else []
    return [*words, person.url] if person.url else words


def _is_telling(handle: str) -> bool:
    return len(handle) >= _SHORTEST_HANDLE and (
        len(handle) >= _TELLING_HANDLE or not handle.isalpha()
    )


def _patterns(person: Identity) -> list[str]:
    patterns = []
    if person.url:
        patterns.append(re.escape(person.url))
    for word in _telling(person):
        # Networks join ids by underscores; digits alone would make a longer number.
        edges = (r"(?<!\d)", r"(?!\d)") if word.isdecimal() else (r"(?<!\w)", r"(?!\w)")
        patterns.append(f"{edges[0]}{re.escape(word)}{edges[1]}")
    if len(person.handle) >= _SHORTEST_HANDLE:
        patterns.append(rf"(?<=[@/]){re.escape(person.handle)}(?!\w)")
    return patterns


def _forms(word: str) -> list[str]:
    """Return how *word* may stand in a text in small letters: as it is, or as JSON escapes it."""
    spelled = {word, word.lower(), word.upper(), word.title()}
    return [word.lower(), *(json.dumps(each)[1:-1].lower() for each in sorted(spelled))]
