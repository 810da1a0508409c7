"""What is allowed in a configuration but surely not meant, or not wise."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from inboxd.blotting import SHORTEST
from inboxd.config.calendars import ALWAYS
from inboxd.config.problems import at
from inboxd.config.settings import EmailSettings
from inboxd.core.policies import Match
from inboxd.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxd.config.settings import Settings

_OFTEN = timedelta(seconds=5)
_OTHERS_READ_OR_WRITE = 0o006
_SHORT = (
    f"has fewer than {SHORTEST} characters: it is soon guessed, and cannot be kept out of every "
    "text; take a longer one"
)


def advice(settings: Settings) -> list[Problem]:
    """Return what deserves a second look; the configuration works as it is."""
    checks = (_accounts, _calendars, _sinks, _policies, _files, _secrets)
    return [Problem(path, text) for check in checks for path, text in check(settings)]


def _accounts(settings: Settings) -> Iterator[tuple[str, str]]:
    for number, account in enumerate(settings.accounts):
        path = at("accounts", number)
        if account.poll_every < _OFTEN:
            seconds = account.poll_every.total_seconds()
            yield f"{path}.poll_every", f"= {seconds:g}s is very often; networks limit calls"
        base = urlsplit(account.api_base)
        if base.scheme == "http" and base.hostname not in {"localhost", "127.0.0.1", "::1"}:
            yield f"{path}.api_base", "is not https: the tokens travel readable"
        for key, text in account.advice():
            yield f"{path}.{key}", text


def _calendars(settings: Settings) -> Iterator[tuple[str, str]]:
    used = {policy.hours.name for policy in settings.policies}
    used |= {digest.hours.name for digest in settings.digests if digest.hours}
    used |= {watched.calendar for watched in settings.watch if watched.calendar}
    for number, (name, hours) in enumerate(
        (name, hours) for name, hours in settings.calendars.items() if name != ALWAYS
    ):
        path = at("calendars", number)
        if name not in used:
            yield path, f'("{name}") is used by nothing'
        if not any(hours.week.values()):
            yield path, f'("{name}") opens on single dates only; after the last nothing falls due'


def _sinks(settings: Settings) -> Iterator[tuple[str, str]]:
    if not settings.sinks:
        yield "sinks", "are missing: nobody will be told of anything"
    named = {name for policy in settings.policies for step in policy.steps for name in step.to}
    named |= {name for digest in settings.digests for name in digest.to}
    named |= {name for report in settings.reports for name in report.to}
    named |= {*settings.spikes.to} if settings.spikes else set()
    named |= {sink.fallback for sink in settings.sinks}
    for number, sink in enumerate(settings.sinks):
        path = at("sinks", number)
        if sink.name not in named | set(settings.general.alert_to):
            own = (
                "only hears of inboxd's own troubles"
                if sink.name in settings.alert_to
                else "is never told anything"
            )
            yield path, f'("{sink.name}") is in no step: it {own}'
        if isinstance(sink, EmailSettings) and sink.password and sink.security == "none":
            yield f"{path}.security", '= "none" sends the password readable'


def _policies(settings: Settings) -> Iterator[tuple[str, str]]:
    names = [policy.name for policy in settings.policies]
    matches = [policy.match for policy in settings.policies]
    if Match() not in matches:
        yield (
            "policies",
            "have none without match at the end: what matches none of them is not timed",
        )
        return
    catch_all = matches.index(Match())
    for number in range(catch_all + 1, len(matches)):
        text = (
            f'("{names[number]}") never applies: "{names[catch_all]}" before it matches everything'
        )
        yield at("policies", number), text


def _files(settings: Settings) -> Iterator[tuple[str, str]]:
    for path in (settings.path, *settings.secret_files):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue  # it was there a moment ago; a credential may go as it comes
        if mode & _OTHERS_READ_OR_WRITE:
            yield str(path), f"can be read by everybody on this machine; chmod o-rwx {path}"


def _secrets(settings: Settings) -> Iterator[tuple[str, str]]:
    """Secrets that cannot be blotted out of texts without blackening ordinary words."""
    for key, models in (("accounts", settings.accounts), ("sinks", settings.sinks)):
        for number, model in enumerate(models):
            for name, value in model:
                if isinstance(value, SecretStr) and len(value.get_secret_value()) < SHORTEST:
                    yield f"{at(key, number)}.{name}", _SHORT
