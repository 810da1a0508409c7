"""``[classifier]``: words of the user's own, and what a message that has them is."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from inboxd.config.problems import at
from inboxd.model import Kind, Topic, Urgency
from inboxd.patterns import parse_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

IGNORE = "ignore"
LANGUAGES = ("ru", "uk", "de", "en")
_LONGEST = 300
_GAP = ".."


@dataclass(frozen=True, slots=True)
class OwnWord:
    """
    A word, phrase or ``/pattern/`` of the user's own, at *path* of the configuration.

    *label* is what it makes of a message (``kind:complaint``, ``topic:shipping``) or
    :data:`IGNORE`; with a *language* it holds in messages of that language alone.
    """

    path: str
    text: str
    label: str
    language: str

    @property
    def pattern(self) -> str:
        """Return its regular expression, "" for plain words."""
        return pattern_in(self.text)


def pattern_in(text: str) -> str:
    """Return what stands between the slashes of ``/…/``, "" where there are none."""
    is_pattern = len(text) > 2 and text[0] == text[-1] == "/"
    return text[1:-1] if is_pattern else ""


def _word(text: str) -> str:
    if len(text) > _LONGEST:
        raise ValueError(f"must have at most {_LONGEST} characters")
    pattern = pattern_in(text)
    why = _fault_of_pattern(pattern) if pattern else _fault_of_words(text)
    if why:
        raise ValueError(f"{text!r} {why}")
    return text


def _fault_of_pattern(pattern: str) -> str:
    try:
        parse_pattern(pattern)
    except ValueError as error:
        return str(error).removeprefix(f"{pattern!r} ")
    return ""


def _fault_of_words(text: str) -> str:
    words = text.split()
    if not any(letter.isalnum() or unicodedata.category(letter)[0] == "S" for letter in text):
        return "has no word to look for"
    if _GAP in (words[0], words[-1]):
        return "has .. at an end; it stands for words between others"
    for word in words:
        if "*" in word[:-1] or (word.endswith("*") and not any(map(str.isalnum, word))):
            return "has a * that ends no word; write the beginning of a word, as in deliver*"
    return ""


Word = Annotated[str, AfterValidator(_word)]
Words = tuple[Word, ...]


class WordSettings(BaseModel):
    """What words of the user's own make of a message, in all languages or in one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    complaint: Words = ()
    """
    Words that make a message a complaint: a beginning (``deliver*``), up to four words in
    between (``no .. parcel``), or a regular expression (``/…/``).
    """
    request: Words = ()
    """Words that make it a request."""
    praise: Words = ()
    """Words that make it praise."""
    other: Words = ()
    """Words that make it none of these, where nothing else speaks for one."""
    topics: Mapping[Topic, Words] = Field(default_factory=dict)
    """Words for what it is about, by topic."""
    urgency: Mapping[Urgency, Words] = Field(default_factory=dict)
    """Words for how urgent it is, by urgency."""
    ignore: Words = ()
    """What speaks for nothing, such as a product that is called "Horror"."""

    def words(self, path: str, language: str = "") -> Iterator[OwnWord]:
        """Yield every word with what it means; *path* is where these settings stand."""
        lists = [(str(kind), f"kind:{kind}", getattr(self, kind)) for kind in Kind]
        lists += [(f"topics.{each}", f"topic:{each}", said) for each, said in self.topics.items()]
        lists += [(f"urgency.{each}", f"urgency:{each}", w) for each, w in self.urgency.items()]
        lists.append((IGNORE, IGNORE, self.ignore))
        for name, label, texts in lists:
            for number, text in enumerate(texts):
                yield OwnWord(at(f"{path}.{name}", number), text, label, language)
