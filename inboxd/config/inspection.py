"""What of a configuration is right although something else in it is wrong: for who looks for that."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from inboxd.config.loader import LISTS, Loading
from inboxd.config.parsing import Unreadable, parsed
from inboxd.config.secrets import Vault, lacks_secret
from inboxd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from inboxd.config.loader import Networks
    from inboxd.config.settings import Receivers, Settings
    from inboxd.errors import Problem

_ROOT = re.compile(r"[.\[]")
"""What ends the first key of a path."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a configuration comes to as far as it holds together, and all that is wrong with it."""

    settings: Settings | None
    problems: tuple[Problem, ...]


def inspect(
    path: Path, networks: Networks, env: Mapping[str, str] = os.environ, *, secrets: bool = True
) -> Inspected:
    """
    Return what of the configuration in *path* is right, for those who look what is wrong.

    What has problems is left out, as if it were not in the file: an account, a sink, a section,
    a key of ``[inboxd]``. There are no settings where the file as a whole cannot be read.
    """
    try:
        data = parsed(path)
    except Unreadable as error:
        return Inspected(None, (error.problem,))
    vault = Vault(path.absolute().parent, env, sealed=not secrets)
    loading = Loading(data, networks, vault)
    settings, problems = loading.settings(path), tuple(loading.problems.listed())
    if settings is None:
        sound = _without(data, [problem.path for problem in problems])
        settings = Loading(sound, networks, vault).settings(path)
    if settings and secrets:
        settings = _with_their_secrets(settings)
    return Inspected(settings, problems)


def load_receivers(path: Path, env: Mapping[str, str] = os.environ) -> Receivers:
    """
    Return who hears of inboxd's own troubles, whatever else is wrong with the file in *path*.

    Sinks with problems of their own are left out. Raises ConfigError where the file as a whole
    cannot be read.
    """
    try:
        data = parsed(path)
    except Unreadable as error:
        raise ConfigError(str(path), [error.problem]) from None
    return Loading(data, {}, Vault(path.absolute().parent, env)).receivers()


def _with_their_secrets(settings: Settings) -> Settings:
    """Return *settings* without what lacks a secret: nobody shall be asked with a placeholder."""
    beat, http = settings.heartbeat, settings.http
    return replace(
        settings,
        accounts=tuple(each for each in settings.accounts if not lacks_secret(each)),
        watch=tuple(each for each in settings.watch if not lacks_secret(each)),
        sinks=tuple(each for each in settings.sinks if not lacks_secret(each)),
        http=None if http is None or lacks_secret(http) else http,
        heartbeat=None if beat is None or lacks_secret(beat) else beat,
    )


def _without(data: dict[str, Any], wrong_paths: Sequence[str]) -> dict[str, Any]:
    """Return *data* without the single tables that are wrong, and the wrong keys of the first."""
    roots = {_ROOT.split(path)[0] for path in wrong_paths}
    sound = {key: value for key, value in data.items() if key in LISTS or key not in roots}
    general = data.get("inboxd")
    if isinstance(general, dict):
        below = (path.removeprefix("inboxd.") for path in wrong_paths if path.startswith("inboxd."))
        keys = {_ROOT.split(path)[0] for path in below}
        sound["inboxd"] = {key: value for key, value in general.items() if key not in keys}
    return sound
