"""The configuration reference: what every key is, from the settings' own docstrings, as Markdown."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, SecretStr

from inboxd.config.calendars import CalendarSettings
from inboxd.config.fields import Address
from inboxd.config.keeping import BackupSettings
from inboxd.config.policies import MatchSettings, PolicySettings, StepSettings
from inboxd.config.settings import (
    SINKS,
    ClassifierSettings,
    GeneralSettings,
    GroupingSettings,
    HeartbeatSettings,
    HttpSettings,
    SinkSettings,
)
from inboxd.config.telling import DigestSettings, ReportSettings, SpikeSettings
from inboxd.config.triage import ReplySettings, TuiSettings, ViewSettings
from inboxd.config.words import WordSettings
from inboxd.connector import AccountSettings, WatchSettings
from inboxd.durations import BusinessSpan, StepAt, format_duration
from inboxd.model import Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic.fields import FieldInfo

    Model = type[BaseModel]

_WORDS: Mapping[object, str] = {
    str: "text",
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
    timedelta: "duration",
    time: "time of day",
    date: "date",
    Path: "path",
    ZoneInfo: "time zone",
    SecretStr: "secret",
    Address: "`host:port`",
    BusinessSpan: "span of open time",
    StepAt: "moment",
    tuple[int, int]: "interval",
    Topic: "topic",
}
"""How a person calls what may stand at a key; the kinds of values are explained at the top."""
_BOUNDS = (
    (Ge, "ge", "at least"),
    (Gt, "gt", "more than"),
    (Le, "le", "at most"),
    (Lt, "lt", "less than"),
)
_HEADER = re.compile(r"^(?:# )?\[\[?([a-z.]+)\]\]?")
_EXAMPLE = re.compile(r"^(?:# ?)?\s*([a-z0-9_]+) = (.+?)(?:\s+# .*)?$")
_KIND = re.compile(r'^(?:# )?(?:network|type) = "([a-z]+)"')
_INTRO = """\
# Configuration reference

Every key that `config.toml` may have. This page is written by `python docs/reference.py` from the program itself.
[config.example.toml](../config.example.toml) is the same as a file to begin with; `inboxd check` says what is wrong
with yours, every problem at once, and `inboxd doctor` whether it works.

A key that inboxd does not know is an error. Where a default is "none", the key may be left out and nothing takes its
place; "required" keys may not. Only few keys are needed: start with accounts, a sink and a policy.

## Kinds of values

| kind | how it is written |
|---|---|
| duration | `"90s"`, `"30m"`, `"2h"`, `"1d"` (24 hours), or a sum: `"1h30m"`; on the wall clock |
| span of open time | the same, but counted in the calendar's open hours, and `"1d"` is one business day: as much as the calendar is open on a day |
| moment | when a step is due: a share of the target (`"50%"`), before or after it (`"100% - 30m"`, `"100% + 1h"`), or so long after the customer wrote (`"45m"`) |
| interval | `"09:00-13:00"`; `"22:00-06:00"` runs into the next day, and `"24:00"` is a valid end |
| time of day, date | `"03:30"`, `"2026-12-31"` |
| time zone | a name such as `"Europe/Kyiv"` |
| path | relative ones begin at the folder of `config.toml`; `~` is understood |
| secret | where the secret is, never the secret itself: `{ env = "VK_TOKEN" }`, `{ file = "secrets/vk" }`, or `{ credential = "vk-token" }` for systemd's `LoadCredential=` |
| list | `["a", "b"]` |
| topic | one of TOPICS |
""".replace("TOPICS", ", ".join(f'`"{topic}"`' for topic in Topic))


@dataclass(frozen=True, slots=True)
class _Section:
    """One table of the file; *example* names its part of the example file."""

    title: str
    model: Model
    example: str
    leaves_out: frozenset[str] = frozenset()


def reference(networks: Mapping[str, Model], example: str) -> str:
    """Return the whole page; *example* is the text of config.example.toml."""
    examples = _examples(example)
    parts = [_INTRO]
    parts += ["\n".join(_section(section, examples)) for section in _sections(networks)]
    return "\n".join(parts)


def undocumented(networks: Mapping[str, Model]) -> list[str]:
    """Return every key about which nothing is said."""
    return [
        f"{section.title} {name}"
        for section in _sections(networks)
        for name, field in _fields(section)
        if not _meaning(section.model, name, field)
    ]


def _sections(networks: Mapping[str, Model]) -> Iterator[_Section]:
    yield _Section("`[inboxd]`", GeneralSettings, "inboxd")
    yield _Section("`[http]`", HttpSettings, "http")
    yield _Section("`[heartbeat]`", HeartbeatSettings, "heartbeat")
    yield _Section("`[backups]`", BackupSettings, "backups")
    yield _Section("`[[accounts]]`: of every network", AccountSettings, "accounts")
    yield from _of_networks("accounts", AccountSettings, networks)
    yield _Section("`[[calendars]]`", CalendarSettings, "calendars")
    yield _Section("`[[sinks]]`: of every type", SinkSettings, "sinks")
    shared = frozenset(SinkSettings.model_fields)
    for kind, sink in SINKS.items():
        yield _Section(f'`[[sinks]]` with `type = "{kind}"`', sink, f"sinks:{kind}", shared)
    yield _Section("`[[policies]]`", PolicySettings, "policies")
    yield _Section("`match` of a policy", MatchSettings, "match")
    yield _Section("`steps` of a policy", StepSettings, "steps")
    yield _Section("`[grouping]`", GroupingSettings, "grouping")
    yield _Section("`[spikes]`", SpikeSettings, "spikes")
    yield _Section("`[[digests]]`", DigestSettings, "digests")
    yield _Section("`[[watch]]`: of every network", WatchSettings, "watch")
    watched = {name: getattr(model, "WATCHED_AS", None) for name, model in networks.items()}
    models = {name: model for name, model in watched.items() if model is not None}
    yield from _of_networks("watch", WatchSettings, models)
    yield _Section("`[[reports]]`", ReportSettings, "reports")
    yield _Section("`[classifier]`", ClassifierSettings, "classifier")
    yield _Section("`ru`, `uk`, `de`, `en` in `[classifier]`", WordSettings, "classifier")
    yield _Section("`[tui]`", TuiSettings, "tui")
    yield _Section("`[[tui.views]]`", ViewSettings, "tui.views")
    yield _Section("`[[tui.replies]]`", ReplySettings, "tui.replies")


def _of_networks(key: str, common: Model, models: Mapping[str, Model]) -> Iterator[_Section]:
    """Yield, for each network, what its tables below ``[[key]]`` have beside the *common* keys."""
    shared = common.model_fields
    for network, model in sorted(models.items()):
        left_out = {
            name
            for name, field in model.model_fields.items()
            if name in shared and field.default == shared[name].default
        }
        title = f'`[[{key}]]` with `network = "{network}"`'
        yield _Section(title, model, f"{key}:{network}", frozenset(left_out))


def _section(section: _Section, examples: Mapping[tuple[str, str], str]) -> Iterator[str]:
    yield f"## {section.title}\n"
    yield _paragraphs(inspect.getdoc(section.model) or "")
    yield ""
    if section.model is WordSettings:
        yield "The same lists of words as in `[classifier]` itself, for messages of that language alone.\n"
        return
    rows = list(_fields(section))
    if not rows:
        yield "It has no keys of its own.\n"
        return
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for name, field in rows:
        meaning = _meaning(section.model, name, field)
        shown = examples.get((section.example, name)) or examples.get(("", name))
        default = _default(field)
        like = f" Example: `{name} = {shown}`" if shown and f"`{shown}`" != default else ""
        cells = (f"`{name}`", _value(field), default, meaning + like)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _fields(section: _Section) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model.model_fields.items():
        if name not in section.leaves_out:
            yield name, field


def _paragraphs(text: str) -> str:
    """Return a docstring as Markdown: *names* and ``code`` as code, a first line without its key."""
    plain = re.sub(r"^``[^`]*``: (\w)", lambda found: found[1].upper(), text.strip())
    return re.sub(r"(?<![\w*])\*(\w+)\*(?!\w)", r"`\1`", plain.replace("``", "`"))


def _meaning(model: Model, name: str, field: FieldInfo) -> str:
    said = (_docstrings(model).get(name, ""), field.description or "")
    sentences = (" ".join(_paragraphs(text).split()).rstrip(".") for text in said if text)
    return " ".join(f"{each[0].upper()}{each[1:]}." for each in sentences)


def _docstrings(model: Model) -> dict[str, str]:
    """Return what stands below each field in the source, a subclass's word before its base's."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if not (issubclass(owner, BaseModel) and owner is not BaseModel):
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        body: Sequence[ast.stmt] = tree.body if isinstance(tree, ast.ClassDef) else ()
        for field, below in pairwise(body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str(text))):
                    found[name] = inspect.cleandoc(text)
    return found


def _value(field: FieldInfo) -> str:
    words = _words(field.annotation)
    limits = [
        f"{said} {getattr(bound, key):g}"
        for bound in field.metadata
        for kind, key, said in _BOUNDS
        if isinstance(bound, kind) and isinstance(getattr(bound, key), int | float)
    ]
    return ", ".join([words, *limits])


def _words(annotation: Any) -> str:  # noqa: ANN401 - annotations have no type
    """Return how a person calls what an annotation lets stand there."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in _WORDS:
        return _WORDS[annotation]
    if origin is Literal or (inspect.isclass(annotation) and issubclass(annotation, StrEnum)):
        return ", ".join(f'`"{each}"`' for each in inner or annotation)
    if origin in {Union, UnionType} or hasattr(annotation, "__metadata__"):
        return _words(next(each for each in inner if each is not NoneType))
    if origin is tuple:
        return f"list of {_plural(_words(inner[0]))}"
    if origin is not None:
        return f"table of {_plural(_words(inner[1]))} by {_words(inner[0])}"
    return "table"


def _plural(words: str) -> str:
    if "`" in words:
        return f"any of {words}"
    if words.startswith("list of"):
        return words.replace("list", "lists", 1)
    return {"text": "texts", "span of open time": "spans"}.get(words, f"{words}s")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "see there" if field.annotation is int else "none"
    return _toml(field.default)


def _toml(value: object) -> str:
    """Return a default as it would be written in the file; "none" where nothing would be."""
    if isinstance(value, (BaseModel, NoneType)) or value in {"", ()}:
        return "none"
    return f"`{_written(value)}`"


def _written(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case timedelta():
            return f'"{format_duration(value).replace(" ", "")}"'
        case time():
            return f'"{value:%H:%M}"'
        case tuple():
            return f"[{', '.join(_written(each) for each in value)}]"
        case _:
            return f'"{value}"'


def _examples(text: str) -> dict[tuple[str, str], str]:
    """Return what the example file shows of each key, by the section it stands in."""
    found: dict[tuple[str, str], str] = {}
    place = ""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if header := _HEADER.match(line):
            place = header[1]
            kinds = (_KIND.match(each) for each in lines[number + 1 : number + 4])
            kind = next((each[1] for each in kinds if each), "")
            place = f"{place}:{kind}" if kind else place
        elif (shown := _EXAMPLE.match(line)) and not shown[2].endswith(("[", '"""')):
            found.setdefault((place, shown[1]), shown[2].strip())
    return found
