"""
Words as the full-text index is asked for them, and names as they are compared.

The index (FTS5, ``unicode61``) folds case and takes the marks off Latin letters, but keeps ``ё``
apart from ``е`` and ``ß`` from ``ss``, and breaks a word at two of the three apostrophes.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import product
from typing import TYPE_CHECKING

from inboxd.core.text import storable
from inboxd.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_WORDS = 20
LONGEST_WORD = 200
_SHORTEST_BEGINNING = 3
"""Of fewer letters, only the whole word is looked for: half of all messages have such a beginning."""
_SHORTEST_REST = 2
"""The same of what stands behind an apostrophe: fewer messages have both."""
_MOST_SPELLINGS = 32
_LETTER_APOSTROPHE = "\N{MODIFIER LETTER APOSTROPHE}"
_APOSTROPHES = re.compile(f"['\N{RIGHT SINGLE QUOTATION MARK}{_LETTER_APOSTROPHE}]")
_INTERCHANGEABLE = re.compile("[её]|ß|ss")
_SPELLINGS = {"е": ("е", "ё"), "ё": ("е", "ё"), "ß": ("ß", "ss"), "ss": ("ss", "ß")}


def is_searchable(text: str) -> bool:
    """Tell whether there is a letter or a digit in *text*: of anything else the index knows nothing."""
    return any(map(_is_indexed, text))


def index_query(words: Iterable[str]) -> str:
    """
    Return, in the language of FTS5, what finds messages that have all of *words*.

    Each is the beginning of a word; one in quotes is words as they stand. Nothing in them can
    become an operator. Returns "" where nothing can be looked for; raises UserError where there is
    too much.
    """
    wanted = [word for word in words if is_searchable(word)]
    if len(wanted) > MOST_WORDS:
        raise UserError(f"a search has at most {MOST_WORDS} words, not {len(wanted)}")
    return " AND ".join(map(_term, wanted))


def _term(word: str) -> str:
    if len(word) > LONGEST_WORD:
        raise UserError(f"a word of a search has at most {LONGEST_WORD} letters, not {len(word)}")
    exact = word.startswith('"')
    plain = unicodedata.normalize("NFC", storable(word)).lower()
    forms = [form for apart in _apostrophes(plain) for form in _spellings(apart, exact=exact)]
    some = filter(is_searchable, dict.fromkeys(forms))
    phrases = [_phrase(form, exact=exact) for form in some]
    return f"({' OR '.join(phrases)})"


def _apostrophes(word: str) -> tuple[str, ...]:
    """Return *word* with its apostrophes as a letter, and as what stands between two words."""
    if not _APOSTROPHES.search(word):
        return (word,)
    return (_APOSTROPHES.sub(_LETTER_APOSTROPHE, word), _APOSTROPHES.sub(" ", word))


def _spellings(word: str, *, exact: bool) -> Sequence[str]:
    """Return *word* with all its ё and ß in either spelling, or, of very many, the likely ones."""
    fixed = _INTERCHANGEABLE.split(word)
    free = _INTERCHANGEABLE.findall(word)
    if 2 ** len(free) <= _MOST_SPELLINGS:
        chosen = list(product(*(_SPELLINGS[each] for each in free)))
    else:
        # Hardly any word has two ё.
        usual = tuple({"ё": "е", "ß": "ss"}.get(each, each) for each in free)
        changed = [
            (*usual[:place], _SPELLINGS[each][1], *usual[place + 1 :])
            for place, each in enumerate(usual)
        ]
        chosen = [tuple(free), usual, *changed]
    forms = ["".join(_zipped(fixed, each)) for each in chosen]
    # What ends with one s may be the beginning of a word with ß.
    open_end = word.endswith("s") and not word.endswith("ss") and not exact
    return [*forms, *(form[:-1] + "ß" for form in forms)] if open_end else forms


def _zipped(fixed: Sequence[str], free: Sequence[str]) -> Iterable[str]:
    yield fixed[0]
    for chosen, then in zip(free, fixed[1:], strict=True):
        yield chosen
        yield then


def _phrase(form: str, *, exact: bool) -> str:
    """Return one spelling, in quotes, with nothing in it but what the index knows."""
    clean = "".join(char if _is_indexed(char) or _is_mark(char) else " " for char in form)
    *before, last = clean.split()
    shortest = _SHORTEST_REST if before else _SHORTEST_BEGINNING
    begins = not exact and len(last) >= shortest and _is_indexed(form[-1])
    return f'"{" ".join((*before, last))}"{"*" if begins else ""}'


def _is_indexed(char: str) -> bool:
    """Tell whether *char* is part of a word for FTS5: letters, numbers, and private characters."""
    category = unicodedata.category(char)
    return category[0] in "LN" or category == "Co"


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"


def containing(text: str) -> tuple[str, str]:
    """
    Return SQLite's operator and its pattern for what contains *text*, however capitalised.

    LIKE is quicker, but knows the capitals of English alone; GLOB knows none, but alternatives.
    """
    wanted = storable(text)
    if wanted.isascii() and not set(wanted) & {"%", "_"}:
        return "LIKE", f"%{wanted}%"
    return "GLOB", f"*{''.join(map(_either, wanted))}*"


def _either(char: str) -> str:
    if char in "*?[":
        return f"[{char}]"
    forms = sorted(form for form in {char, char.lower(), char.upper()} if len(form) == 1)
    return f"[{''.join(forms)}]" if len(forms) > 1 else char
