"""``[tui]``: how the terminal's interface looks, saved views and saved replies."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from inboxd.config.fields import STRICT
from inboxd.config.problems import at, nearest, no_choice, quoted, wrong
from inboxd.connector import Duration, Name
from inboxd.core.queries import Known, parse
from inboxd.core.saved import VARIABLES, Variable, parsed
from inboxd.errors import UserError
from inboxd.model import Topic

if TYPE_CHECKING:
    from collections.abc import Iterator

Text = Annotated[str, Field(min_length=1)]
_LONGEST_SNOOZE = timedelta(days=90)
_NAMED = ("views", "replies")


def _with_known_variables(text: str) -> str:
    for part in parsed(text):
        if isinstance(part, Variable) and part.name not in VARIABLES:
            near = nearest(part.name, VARIABLES)
            hint = f"did you mean {{{near}}}?" if near else f"there are: {_there_are()}"
            raise ValueError(f"has {quoted(str(part))}; {hint}")
    return text


def _there_are() -> str:
    return ", ".join(f"{{{name}}}" for name in VARIABLES)


def _some_time(value: timedelta) -> timedelta:
    if not timedelta() < value <= _LONGEST_SNOOZE:
        raise ValueError("must be longer than 0s, and at most 90d")
    return value


class ViewSettings(BaseModel):
    """``[[tui.views]]``: a way through the cases that one looks at often."""

    model_config = STRICT

    name: Name
    """What its tab is called."""
    query: Text
    """What would be typed into the search."""


class ReplySettings(BaseModel):
    """``[[tui.replies]]``: a saved reply."""

    model_config = STRICT

    name: Name
    """What it is found by."""
    text: Annotated[Text, Field(max_length=10_000), AfterValidator(_with_known_variables)]
    """
    What is written; variables such as ``{customer}`` and ``{order}`` are filled in.
    [triage.md](triage.md) lists them.
    """
    language: str = Field(default="", pattern="^[a-z]{2,3}$", description="A code such as uk.")
    """Where the customer writes in it, it is offered first, and in no other at the end."""
    topic: tuple[Topic, ...] = ()
    """Where the case is about one of them, it is offered first."""
    network: tuple[str, ...] = ()
    """Where it fits; empty for everywhere."""


class TuiSettings(BaseModel):
    """``[tui]``: the terminal's interface."""

    model_config = STRICT

    theme: str = Field(default="", min_length=1)
    """The name of a theme; "" for inboxd's own."""
    snooze: tuple[Annotated[Duration, AfterValidator(_some_time)], ...] = Field(
        default=(timedelta(hours=1), timedelta(hours=3), timedelta(days=1)),
        max_length=9,
    )
    """For how long a case can be put to sleep with a single key."""
    views: tuple[ViewSettings, ...] = ()
    """Ways through the cases; see below."""
    replies: tuple[ReplySettings, ...] = ()
    """Saved replies; see below."""


def misfits(raw: dict[str, Any], known: Known) -> Iterator[tuple[str, str]]:
    """Yield, with the path below ``[tui]``, names that are taken, and what there is not."""
    for key in _NAMED:
        first: dict[str, str] = {}
        for place, entry in _tables_in(raw, key):
            name = entry.get("name")
            if isinstance(name, str) and first.setdefault(name, place) != place:
                taken = f"tui.{first[name]} has that name already"
                yield at(place, "name"), wrong(name, taken)
    for place, entry in _tables_in(raw, "views"):
        if why := _fault_of(entry.get("query"), known):
            yield at(place, "query"), wrong(entry["query"], why)
    for place, entry in _tables_in(raw, "replies"):
        listed = entry.get("network")
        for number, network in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(network, str) and network not in known.networks:
                yield at(place, "network", number), no_choice(network, known.networks)


def _fault_of(query: object, known: Known) -> str:
    """Return why a query finds nothing whatever there is, "" if it may."""
    try:
        parse(query if isinstance(query, str) else "", known)
    except UserError as error:
        return str(error)
    return ""


def _tables_in(raw: dict[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    listed = raw.get(key)
    for number, entry in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(entry, dict):
            yield at(key, number), entry
