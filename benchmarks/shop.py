"""A shop's rules as its configuration would give them: office hours, three policies."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from inboxd.core.hours import OpeningHours
from inboxd.core.policies import Match, Policy, Step
from inboxd.core.tracking import Rules
from inboxd.durations import parse_business, parse_step_at

CONFIG = """
[inboxd]
database = "{database}"
timezone = "Europe/Kyiv"
[[accounts]]
name = "shop-vk"
network = "vk"
group_id = 1
token = {{ env = "VK_TOKEN" }}
streams = ["direct_messages", "comments"]
[[calendars]]
name = "office"
mon = ["09:00-18:00"]
tue = ["09:00-18:00"]
wed = ["09:00-18:00"]
[[sinks]]
name = "support"
type = "console"
"""
"""One without policies, for a program of its own; it wants a *database*."""
_WORKDAY = ((9 * 3_600, 13 * 3_600), (14 * 3_600, 18 * 3_600))


def office() -> OpeningHours:
    """Return two intervals a day, Monday to Friday, in a zone that changes its clocks."""
    return OpeningHours("office", ZoneInfo("Europe/Kyiv"), dict.fromkeys(range(5), _WORKDAY))


def rules() -> Rules:
    """Return three policies with three steps each; what is not judged yet falls to the last."""
    hours = office()
    policies = (
        _policy("complaints", Match(kind=frozenset({"complaint"})), hours, "30m"),
        _policy("requests", Match(kind=frozenset({"request"})), hours, "2h"),
        _policy("everything else", Match(), hours, "4h"),
    )
    return Rules(policies, quiet_after=timedelta(days=1))


def _policy(name: str, match: Match, hours: OpeningHours, response: str) -> Policy:
    steps = (
        Step(parse_step_at("50%"), ("support",)),
        Step(parse_step_at("100%"), ("support", "lead")),
        Step(parse_step_at("100% + 1h"), ("lead",), parse_business("2h")),
    )
    return Policy(
        name,
        match,
        hours,
        first_response=parse_business(response),
        next_response=parse_business(response),
        resolution=parse_business("1d"),
        steps=steps,
        remind_after=parse_business("1d"),
    )
