"""
What systemd is told of a service: ready, reloading, stopping, still alive, and how it stands.

The protocol is sd_notify(3): a line for each fact, all in one datagram to the socket that
NOTIFY_SOCKET names. Nobody listening is no trouble of the daemon's: nothing in here raises.
"""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd import clock

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_LONGEST_STATUS = 200
_PATIENCE = 1.0
"""Real seconds for which a manager that does not read may hold up the daemon."""
_LINUX_PATH = 107
"""Bytes that the address of a Unix socket may have."""


class Notifier:
    """
    Speaks to the service manager that started this process, if one did.

    *watchdog* is within which time it wants to hear that all is well; None if it does not.
    """

    def __init__(self, address: str = "", watchdog: timedelta | None = None) -> None:
        self._address = _socket_address(address)
        self.watchdog = watchdog if self._address else None

    @classmethod
    def taken_from(cls, environment: MutableMapping[str, str]) -> Notifier:
        """
        Return whom *environment* names, and take that out of it: children speak for themselves.

        A watchdog that is meant for another process (WATCHDOG_PID) is not ours to feed.
        """
        address = environment.pop("NOTIFY_SOCKET", "")
        every = environment.pop("WATCHDOG_USEC", "")
        whose = environment.pop("WATCHDOG_PID", "")
        ours = whose in {"", str(os.getpid())}
        watchdog = _microseconds(every) if ours else None
        return cls(address, watchdog)

    def __bool__(self) -> bool:
        """Tell whether anybody listens."""
        return bool(self._address)

    def ready(self, status: str = "") -> None:
        """Say that the start, or a reload, is done."""
        self._send("READY=1", *_status(status))

    def reloading(self) -> None:
        """
        Say that the configuration is read anew; `ready` ends it.

        The time is for Type=notify-reload, which tells by it the answer to its own signal from
        an earlier one; Type=notify takes no notice of it.
        """
        now = clock.monotonic() // timedelta(microseconds=1)
        self._send("RELOADING=1", f"MONOTONIC_USEC={now}", *_status("reading the configuration"))

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1", *_status("stopping"))

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say how it stands, in a line that `systemctl status` shows."""
        self._send(*_status(text))

    def _send(self, *facts: str) -> None:
        if not self._address or not facts:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
                to.settimeout(_PATIENCE)
                to.connect(self._address)
                to.sendall("\n".join(facts).encode(errors="replace"))
        except OSError:
            return


def _status(text: str) -> list[str]:
    line = " ".join(text.split())
    return [f"STATUS={line[:_LONGEST_STATUS]}"] if line else []


def _socket_address(name: str) -> bytes:
    """Return what to connect to; empty where *name* is none that the protocol knows on Unix."""
    given = os.fsencode(name)
    if not name.startswith(("/", "@")) or len(given) < 2 or len(given) > _LINUX_PATH:
        return b""
    # "@" stands for the NUL with which the name of an abstract socket begins.
    return b"\0" + given[1:] if name.startswith("@") else given


def _microseconds(given: str) -> timedelta | None:
    if not given.isascii() or not given.isdigit() or not int(given):
        return None
    try:
        return timedelta(microseconds=int(given))
    except OverflowError:
        return None
