"""``[[policies]]``: which cases, how soon, and who hears of it, as it is written."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, InstanceOf

from inboxd.config.fields import STRICT
from inboxd.config.problems import no_choice, wrong
from inboxd.connector import Name
from inboxd.core.policies import Match, Policy, Step, Until
from inboxd.core.rota import Handover, Rota
from inboxd.durations import BusinessSpan, StepAt, parse_business, parse_step_at
from inboxd.model import Kind, Stream, Topic, Urgency

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from inboxd.core.hours import OpeningHours


Place = tuple[str | int, ...]
"""Keys and numbers that lead from a policy to something in it."""

_TARGETS = ("first_response", "next_response", "resolution")


def _listed(value: object) -> list[Any]:
    """Return *value* as a list: where several may stand, one may stand alone."""
    return value if isinstance(value, list) else [value]


def _some_time(value: BusinessSpan) -> BusinessSpan:
    if not value:
        raise ValueError("must be longer than 0s")
    return value


def _not_too_often(value: BusinessSpan) -> BusinessSpan:
    if not value.days and value.time.total_seconds() < 60:
        raise ValueError("must be at least 1m: nobody can act on an alert sooner")
    return value


Business = Annotated[
    InstanceOf[BusinessSpan], BeforeValidator(parse_business), AfterValidator(_some_time)
]
Several = BeforeValidator(_listed)
Names = Annotated[tuple[str, ...], Several, Field(min_length=1)]
Language = Annotated[str, Field(pattern="^[a-z]{2,3}$")]


_SLACK_ID = 'an id of Slack\'s, such as "U024BE7LH" or "S0614TZR7"'
SlackId = Annotated[str, Field(pattern="^[UWS][A-Z0-9]{1,20}$")]


def _or_never(value: object) -> object:
    return None if value is False else value


class StepSettings(BaseModel):
    """When to tell whom."""

    model_config = STRICT

    at: Annotated[InstanceOf[StepAt], BeforeValidator(parse_step_at)]
    """When, in open time."""
    to: tuple[str, ...] = Field(min_length=1)
    """The sinks that are told."""
    repeat: Annotated[Business, AfterValidator(_not_too_often)] | None = None
    """Tells again after each such span of open time, until somebody acts; at least 1m."""
    until: Until = Until.ACKNOWLEDGED
    """What stops it: that somebody takes the case, or only that the customer is answered."""
    mentions: tuple[SlackId, ...] = Field(default=(), max_length=50, description=_SLACK_ID)
    """Who is called in Slack: ids of people (U…) and of groups (S…)."""
    rota: tuple[SlackId, ...] = Field(default=(), min_length=1, description=_SLACK_ID)
    """Of these, whoever is on duty is called."""
    handover: Handover = Handover.WEEKLY
    """How long somebody is on duty: a week from Monday, or a day, in the calendar's time zone."""

    def step(self) -> Step:
        """Return the step as it is taken: a sink that is named twice is told once."""
        return Step(
            self.at,
            tuple(dict.fromkeys(self.to)),
            self.repeat,
            self.until,
            self.mentions,
            Rota(self.rota, self.handover) if self.rota else None,
        )


class FilterSettings(BaseModel):
    """What a report is of; of several values one is enough, of several keys all must hold."""

    model_config = STRICT

    account: Names | None = None
    """The accounts, by their names."""
    network: Names | None = None
    """The networks."""
    stream: Annotated[tuple[Stream, ...], Several, Field(min_length=1)] | None = None
    """What kind of thing was written."""
    kind: Annotated[tuple[Kind, ...], Several, Field(min_length=1)] | None = None
    """What the customer wants, as the classifier or a colleague says."""
    topic: Annotated[tuple[Topic, ...], Several, Field(min_length=1)] | None = None
    """What it is about; one of several that a message may have is enough."""
    urgency: Annotated[tuple[Urgency, ...], Several, Field(min_length=1)] | None = None
    """How urgent it is."""
    language: Annotated[tuple[Language, ...], Several, Field(min_length=1)] | None = Field(
        default=None, description='an ISO 639-1 code, such as "ru"'
    )
    public: bool | None = Field(default=None, strict=True)
    """Whether everybody can read it."""

    def match(self) -> Match:
        """Return the conditions as they are asked."""
        return Match(
            account=frozenset(self.account or ()),
            network=frozenset(self.network or ()),
            stream=frozenset(self.stream or ()),
            kind=frozenset(self.kind or ()),
            topic=frozenset(self.topic or ()),
            urgency=frozenset(self.urgency or ()),
            language=frozenset(self.language or ()),
            public=self.public,
        )


class MatchSettings(FilterSettings):
    """What a case must be; of several values one is enough, of several keys all must hold."""

    min_followers: int | None = Field(default=None, ge=0, strict=True)
    """How many followers the customer has at least, where the network tells."""

    def match(self) -> Match:
        """Return the conditions as they are asked."""
        return replace(super().match(), min_followers=self.min_followers)


class PolicySettings(BaseModel):
    """Which cases are to be answered how soon, and who is told if they are not."""

    model_config = STRICT

    name: Name
    """What alerts, reports and ``explain`` call it by."""
    match: MatchSettings = MatchSettings()
    """Which cases it governs; without it, all. The first policy that matches does."""
    calendar: str = "always"
    """In whose hours time counts."""
    first_response: Business | None = None
    """Within what time a customer's first message is to be answered."""
    next_response: Business | None = None
    """If it is not given, as *first_response*."""
    resolution: Business | None = None
    """Within what time they are to be served: being sent elsewhere does not end it."""
    promise: Annotated[Business | None, BeforeValidator(_or_never)] = BusinessSpan(days=1)
    """Within it what a reply promised must be done, if it named no time; false: none is followed up."""
    snooze_pauses: bool = Field(default=False, strict=True)
    """Whether the clock stands while a case is snoozed."""
    steps: tuple[StepSettings, ...] = ()
    """Who is told when, in the order of time by one target at least."""
    remind_after: Business = BusinessSpan(days=1)
    """When an acknowledged case that is still unanswered is brought up again."""

    @property
    def _aims(self) -> bool:
        """Whether it wants anything: a policy without targets keeps no promises by default."""
        targets = (getattr(self, key) for key in _TARGETS)
        return "promise" in self.model_fields_set or any(targets)

    def policy(self, hours: OpeningHours) -> Policy:
        """Return the policy as it is applied."""
        return Policy(
            name=self.name,
            match=self.match.match(),
            hours=hours,
            first_response=self.first_response,
            next_response=self.next_response or self.first_response,
            resolution=self.resolution,
            promise=self.promise if self._aims else None,
            snooze_pauses=self.snooze_pauses,
            steps=tuple(step.step() for step in self.steps),
            remind_after=self.remind_after,
        )


def lost_references(
    raw: Mapping[str, Any], known: Mapping[str, Collection[str]]
) -> Iterator[tuple[Place, str]]:
    """
    Yield where a policy, *raw* as in the file, names what is not *known*, and what there is.

    It may be wrong in any other way, too: all of that is for others to say.
    """
    for place, kind, name in _references(raw):
        if isinstance(name, str) and name not in known[kind]:
            yield place, no_choice(name, known[kind])


def _references(raw: Mapping[str, Any]) -> Iterator[tuple[Place, str, object]]:
    if "calendar" in raw:
        yield ("calendar",), "calendar", raw["calendar"]
    match raw.get("match"):
        case dict(conditions):
            for kind in ("account", "network"):
                for name in _listed(conditions.get(kind)):
                    yield ("match", kind), kind, name
    match raw.get("steps"):
        case list(steps):
            for number, step in enumerate(steps):
                names = step.get("to") if isinstance(step, dict) else None
                for place, name in enumerate(names if isinstance(names, list) else ()):
                    yield ("steps", number, "to", place), "sink", name


def aimless(raw: Mapping[str, Any]) -> bool:
    """Return whether a policy, *raw* as in the file, has steps towards nothing."""
    return bool(raw.get("steps")) and not raw.keys() & set(_TARGETS) and not raw.get("promise")


def misplaced_steps(policy: PolicySettings, hours: OpeningHours) -> Iterator[tuple[Place, str]]:
    """
    Yield the steps of *policy* that come before the one above, by the *hours* it counts in.

    Those that do so for one target only are in the right order for another, and no order is
    right for both.
    """
    given = ((key, getattr(policy, key)) for key in _TARGETS)
    targets = [(key, target) for key, target in given if target]
    for number, (earlier, later) in enumerate(pairwise(policy.steps)):
        before = (hours.step(later.at, it) < hours.step(earlier.at, it) for _, it in targets)
        if targets and all(before):
            shares = not any(at.plus or at.minus for at in (earlier.at, later.at))
            by = " and ".join(f"{key} is {target}" for key, target in targets)
            where = "" if shares else f" where {by}"
            text = f'it comes before steps[{number}] ("{earlier.at}"){where}; sort them by time'
            yield ("steps", number + 1, "at"), wrong(str(later.at), text)
