"""What the configuration says, whether it is meant, and whether the program can do it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd import classify
from inboxd.config import advice
from inboxd.config.calendars import country_of, holidays_known
from inboxd.core.policies import Match
from inboxd.durations import format_duration
from inboxd.errors import ConfigError
from inboxd.findings import Code, Finding
from inboxd.store import condition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from inboxd.config import Settings
    from inboxd.errors import Problem
    from inboxd.store import Store

_NOT_GIVEN = ("that environment variable is not set", "systemd gave no credentials")
_GIVE_THEM = "run doctor with the daemon's secrets: docs/operations.md, 'Use it'"
_OLD_FILE = timedelta(days=366)
_USED_WITHIN = timedelta(days=90)
_ENOUGH_CASES = 50
"""So many cases must have begun before a policy that none of them met is worth a line."""


def problems(path: Path, found: Sequence[Problem]) -> Iterator[Finding]:
    """Yield each problem of the configuration."""
    for problem in found:
        text = str(problem) if problem.path else f"{path} {problem}"
        missing = any(words in text for words in _NOT_GIVEN)
        todo = _GIVE_THEM if missing else f"mend {path}"
        yield Finding(Code.CONFIG_PROBLEM, "configuration", text, todo)


def summary(settings: Settings) -> Iterator[Finding]:
    """Yield how much is configured."""
    parts = (
        (settings.accounts, "account", "accounts"),
        (settings.policies, "policy", "policies"),
        (settings.sinks, "sink", "sinks"),
    )
    counts = ", ".join(f"{len(of)} {one if len(of) == 1 else many}" for of, one, many in parts)
    yield Finding(Code.CONFIG_HOLDS, "configuration", f"{settings.path}: {counts}")


def hints(settings: Settings) -> Iterator[Finding]:
    """Yield what of the configuration deserves a second look; of secret files `machine` tells."""
    secrets = {str(path) for path in settings.secret_files}
    for hint in advice(settings):
        if hint.path not in secrets:
            yield Finding(Code.CONFIG_ADVICE, "advice", str(hint))


def classifier(settings: Settings) -> Iterator[Finding]:
    """Yield which classifier judges; to load the semantic one takes seconds."""
    lacking: list[str] = []
    try:
        chosen = classify.configured(settings, lacking.append)
    except ConfigError as error:
        for problem in error.problems:
            text, todo = str(problem), "mend it: without a classifier nothing runs"
            yield Finding(Code.CONFIG_CLASSIFIER_NONE, "classifier", text, todo)
        return
    for why in lacking:
        yield Finding(Code.CONFIG_CLASSIFIER_LESS, "classifier", why)
    if not lacking:
        yield Finding(Code.CONFIG_CLASSIFIER, "classifier", f"{chosen.name} judges")


def calendars(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Yield whether the holidays of this year and the next are known."""
    for name, hours in settings.calendars.items():
        country = country_of(hours)
        if not country:
            continue
        what, years = f"calendar {name}", (now.year, now.year + 1)
        unknown = [str(year) for year in years if not holidays_known(country, year)]
        if unknown:
            text = f"{country} has no holidays in {' and '.join(unknown)}, as far as is known"
            todo = "if it has: upgrade the package holidays, or name the days in closed"
            yield Finding(Code.CONFIG_HOLIDAYS_UNKNOWN, what, text, todo)
        else:
            text = f"holidays of {country} are known for {years[0]} and {years[1]}"
            yield Finding(Code.CONFIG_HOLIDAYS, what, text)


def closed_files(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Yield which files with closed days nobody has touched for a year."""
    for path in settings.closed_files:
        age = timedelta(seconds=now.timestamp() - path.stat().st_mtime)
        if age > _OLD_FILE:
            text = f"{path} was last changed {format_duration(age)} ago"
            todo = "see whether it has this year's closed days; touch it if it has"
            yield Finding(Code.CONFIG_CLOSED_FILE_OLD, "closed_file", text, todo)


def policies(settings: Settings, store: Store, now: datetime) -> Iterator[Finding]:
    """Yield which policies no case met of late, and how many who wait are governed by none."""
    if waiting := condition.without_policy(store):
        text = f"{waiting} who wait are governed by no policy: nobody is told of them"
        todo = "add a policy without match at the end; `inboxd waiting` lists them"
        yield Finding(Code.CONFIG_POLICY_LACKING, "policies", text, todo)
    since = now - _USED_WITHIN
    if condition.cases_since(store, since) < _ENOUGH_CASES:
        return
    used = condition.policies_at_work(store, since)
    for policy in settings.policies:
        if policy.name not in used and policy.match != Match():
            text = f"no case of the last {_USED_WITHIN.days} days met it"
            todo = "see its match, and the policies before it: the first that matches governs"
            yield Finding(Code.CONFIG_POLICY_UNUSED, f"policy {policy.name}", text, todo)
