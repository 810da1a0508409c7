"""From a table of the file to typed settings: pydantic's findings in inboxd's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from inboxd.config.problems import Problems, at, no_choice, toml, unknown_key, wrong
from inboxd.config.secrets import FORMS, Vault, holds, resolve, secret_keys
from inboxd.durations import brief

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)

_WHOLE_NUMBER = "it must be a whole number"
_TEXT = "it must be text, in quotes"
_LIST = 'it must be a list, like ["…"]'
_TABLE = "it must be a table"
_WORDS = {
    "bool_parsing": "it must be true or false",
    "bool_type": "it must be true or false",
    "dict_type": _TABLE,
    "finite_number": _WHOLE_NUMBER,
    "float_parsing": "it must be a number",
    "float_type": "it must be a number",
    "int_from_float": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_type": _WHOLE_NUMBER,
    "list_type": _LIST,
    "mapping_type": _TABLE,
    "model_attributes_type": _TABLE,
    "model_type": _TABLE,
    "path_type": _TEXT,
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "too_long": "it must have at most {max_length} entries",
    "too_short": "it must not be empty",
    "tuple_type": _LIST,
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be at most {le}",
    "string_pattern_mismatch": "it must fit {pattern}",
    "string_too_long": "it must have at most {max_length} characters",
    "string_too_short": "it must not be empty",
}
"""By pydantic's type of error; {…} is filled from its context."""


def validated(model: type[M], raw: object, path: str, vault: Vault, problems: Problems) -> M | None:
    """
    Return *raw* as *model*, or None where it is not right; what is wrong goes to *problems*.

    Paths within the file are relative to the folder of the configuration file.
    """
    if not isinstance(raw, dict):
        problems.add(path, wrong(raw, _TABLE))
        return None
    table = {key: value for key, value in raw.items() if key in model.model_fields}
    strict = model.model_config.get("extra") != "ignore"
    for key in raw:
        if strict and key not in model.model_fields and not problems.full:
            problems.add(at(path, key), unknown_key(key, model.model_fields))
    failed = resolve(model, table, vault, path, problems)
    for key in _truths_for_numbers(model, table):
        problems.add(at(path, key), wrong(table.pop(key), _WHOLE_NUMBER))
        failed.add(key)
    try:
        return model.model_validate(table, context={"folder": vault.folder})
    except ValidationError as error:
        for found in error.errors(include_url=False):
            # To pydantic a list whose entries are all wrong has none.
            follows = found["type"] == "too_short" and found["input"]
            if not follows and not failed & set(found["loc"][:1]):
                _report(model, raw, found, path, problems)
        return None


def _truths_for_numbers(model: type[BaseModel], table: dict[str, Any]) -> list[str]:
    """Return the keys with true or false where a number is wanted: to Python they are 1 and 0."""
    return [
        key
        for key, value in table.items()
        if isinstance(value, bool)
        and holds(model.model_fields[key].annotation, int)
        and not holds(model.model_fields[key].annotation, bool)
    ]


def _report(
    model: type[BaseModel],
    raw: dict[str, Any],
    found: ErrorDetails,
    path: str,
    problems: Problems,
) -> None:
    loc = list(_in_file(raw, found["loc"], found["type"]))
    owner, field = _owner_at(model, loc)
    match found["type"]:
        case "extra_forbidden":
            text = unknown_key(str(loc[-1]), owner.model_fields)
        case "missing":
            secret = loc[-1] in secret_keys(owner)
            text = f"is missing; write {FORMS}" if secret else "is missing"
        case _:
            about = field.description if field else None
            text = _text(found, f" ({about.rstrip('.')})" if about else "")
    problems.add(at(path, *loc), text)


def _in_file(raw: object, loc: Sequence[str | int], error: str) -> Iterator[str | int]:
    """Yield those parts of pydantic's *loc* that the file has, too: tags of unions it has not."""
    for number, part in enumerate(loc):
        in_table = isinstance(raw, dict) and part in raw
        in_list = isinstance(raw, list) and isinstance(part, int) and part < len(raw)
        if in_table or in_list:
            raw = raw[part]  # type: ignore[index]  # one of the two it is
            yield part
        elif error == "missing" and number == len(loc) - 1:
            yield part


def _owner_at(
    model: type[BaseModel], loc: Sequence[str | int]
) -> tuple[type[BaseModel], FieldInfo | None]:
    """Return the settings class that the last key of *loc* belongs to, and its field."""
    owner, field = model, None
    for part in loc:
        if isinstance(part, str):
            owner = (_model_in(field.annotation) if field else None) or owner
            field = owner.model_fields.get(part)
    return owner, field


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - annotations have no type
    """Return the settings class that *annotation* is or holds, such as a list's entries."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next(filter(None, inner), None)


def _text(found: ErrorDetails, hint: str) -> str:
    kind, value, context = found["type"], found["input"], found.get("ctx", {})
    if kind == "value_error":
        return _own_words(str(context["error"]), value, is_key=found["loc"][-1:] == ("[key]",))
    if kind in {"enum", "literal_error"}:
        return no_choice(value, re.findall(r"'([^']*)'", context["expected"]))
    words = _WORDS[kind].format(**context) if kind in _WORDS else found["msg"].lower()
    return wrong(value, words + hint)


def _own_words(text: str, value: object, *, is_key: bool) -> str:
    """Return a validator's *text*; where it begins with the value, with the value as TOML."""
    for written in (repr(value) if isinstance(value, str) else "", brief(value)):
        if written and text.startswith(written):
            shown = "" if is_key else toml(value)
            return f"= {shown}{text[len(written) :]}" if shown else text[len(written) :].lstrip()
    if text.startswith("must ") and toml(value):
        return wrong(value, f"it {text}")
    return text
