"""The reader's browser: whether one can be opened from this terminal, and opening it."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FAILS_WITHIN_SECONDS = 2.0
"""An opener that finds no browser says so at once; one that found some may stay with it."""


def is_safe(url: str) -> bool:
    """Tell whether *url* leads to the web, and holds nothing that no address holds."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    shown = url.isprintable() and " " not in url
    return shown and parts.scheme in {"http", "https"} and bool(parts.hostname)


def opener(environment: Mapping[str, str] = os.environ) -> str | None:
    """
    Return the program that opens an address in a window, None where there can be none.

    Python's webbrowser would start lynx or w3m where it finds nothing else: in this terminal.
    """
    if any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return None
    path = environment.get("PATH")
    if sys.platform == "darwin":
        return shutil.which("open", path=path)
    if environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"):
        return shutil.which("xdg-open", path=path)
    return None


async def browse(url: str, secret_variables: Iterable[str] = ()) -> bool:
    """
    Open *url* in the reader's browser; tells whether that could be done.

    The browser, and whatever it starts, does not get the *secret_variables* of the environment.
    """
    program, kept_back = opener(), {*secret_variables}
    environment = {name: value for name, value in os.environ.items() if name not in kept_back}
    return program is not None and await asyncio.to_thread(_run, program, url, environment)


def _run(program: str, url: str, environment: Mapping[str, str]) -> bool:
    """Run the opener by itself: what it prints must not get onto the screen."""
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, and the address is one of the web
            [program, url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=environment,
        )
        return process.wait(_FAILS_WITHIN_SECONDS) == 0
    except subprocess.TimeoutExpired:
        return True
    except OSError:
        return False
