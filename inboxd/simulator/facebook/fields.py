"""
The `fields` parameter of the Graph API: its syntax, parsed into a tree.

Grammar, from developers.facebook.com/docs/graph-api/guides/field-expansion::

    list     = field *( "," field )
    field    = name *modifier [ "{" list "}" ] *modifier
    modifier = "." name "(" value ")"
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VALUE = re.compile(r"[^()]*")
_NOTHING: Mapping[str, str] = MappingProxyType({})


class FieldsSyntaxError(ValueError):
    """The text is not a field list; the message says what was expected, and where."""


@dataclass(frozen=True, slots=True)
class Field:
    """
    One field that was asked for.

    *fields* is None where no braces were written, which asks for the default
    fields of the thing; modifiers of an edge are the edge's query parameters.
    """

    name: str
    modifiers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    fields: "tuple[Field, ...] | None" = None


def parse(text: str) -> tuple[Field, ...]:
    """Return the fields that *text* asks for; raise FieldsSyntaxError if it is malformed."""
    reader = _Reader(text)
    fields = reader.field_list()
    reader.expect_end()
    return fields


def render(fields: tuple[Field, ...]) -> str:
    """Return the text that parses to *fields*, for the URL of an edge's next page."""
    return ",".join(map(_render, fields))


def _render(item: Field) -> str:
    modifiers = "".join(f".{name}({value})" for name, value in item.modifiers.items())
    nested = "" if item.fields is None else f"{{{render(item.fields)}}}"
    return f"{item.name}{modifiers}{nested}"


class _Reader:
    """A recursive-descent reader; white space between tokens means nothing."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def field_list(self) -> tuple[Field, ...]:
        fields = [self._field()]
        while self._accept(","):
            fields.append(self._field())
        return tuple(fields)

    def expect_end(self) -> None:
        self._skip_space()
        if self._at != len(self._text):
            raise self._error("end of string")

    def _field(self) -> Field:
        name = self._match(_NAME, "name")
        modifiers = self._modifiers()
        fields = None
        if self._accept("{"):
            fields = self.field_list()
            self._expect("}")
            modifiers |= self._modifiers()
        return Field(name, MappingProxyType(modifiers), fields)

    def _modifiers(self) -> dict[str, str]:
        modifiers = {}
        while self._accept("."):
            name = self._match(_NAME, "modifier")
            self._expect("(")
            modifiers[name] = self._match(_VALUE, "value").strip()
            self._expect(")")
        return modifiers

    def _match(self, pattern: re.Pattern[str], what: str) -> str:
        self._skip_space()
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._error(what)
        self._at = found.end()
        return found.group()

    def _accept(self, character: str) -> bool:
        self._skip_space()
        if not self._text.startswith(character, self._at):
            return False
        self._at += 1
        return True

    def _expect(self, character: str) -> None:
        if not self._accept(character):
            raise self._error(f'"{character}"')

    def _skip_space(self) -> None:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1

    def _error(self, expected: str) -> FieldsSyntaxError:
        return FieldsSyntaxError(f"Syntax error: expected {expected} at character {self._at}")
