"""Promises about what systemd is told, and that nothing of it can hurt the daemon."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd import clock
from inboxd.service.sdnotify import Notifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE = 60_000_000
"""In microseconds, as systemd has it."""


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    """The end of systemd, at both kinds of address."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        at = str(tmp_path / "notify") if request.param == "path" else f"\0inboxd-test-{os.getpid()}"
        listening.bind(at)
        yield listening


def address_of(manager: socket.socket) -> str:
    name = manager.getsockname()
    return "@" + name[1:].decode() if isinstance(name, bytes) else name


def heard(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode().split("\n")


def test_each_turn_of_a_life_is_told(manager: socket.socket) -> None:
    """Ready, alive, how it stands, stopping: in the words of the protocol, with line and all."""
    notifier = Notifier(address_of(manager))

    notifier.ready("3 accounts read")
    notifier.alive()
    notifier.status("2 accounts read,\n12 waiting")
    notifier.stopping()

    assert heard(manager) == ["READY=1", "STATUS=3 accounts read"]
    assert heard(manager) == ["WATCHDOG=1"]
    assert heard(manager) == ["STATUS=2 accounts read, 12 waiting"]
    assert heard(manager)[0] == "STOPPING=1"


def test_a_reload_says_when_it_began(manager: socket.socket) -> None:
    """Type=notify-reload refuses an answer that is older than its own signal."""
    before = clock.monotonic()
    Notifier(address_of(manager)).reloading()
    after = clock.monotonic()

    reloading, began, _ = heard(manager)

    assert reloading == "RELOADING=1"
    name, _, microseconds = began.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= timedelta(microseconds=int(microseconds)) <= after


def test_the_address_is_taken_out_of_the_environment(manager: socket.socket) -> None:
    """No child can say in our name that all is well."""
    environment = {
        "NOTIFY_SOCKET": address_of(manager),
        "WATCHDOG_USEC": str(2 * MINUTE),
        "WATCHDOG_PID": str(os.getpid()),
        "LANG": "C.UTF-8",
    }

    notifier = Notifier.taken_from(environment)

    assert environment == {"LANG": "C.UTF-8"}
    assert notifier
    assert notifier.watchdog == timedelta(minutes=2)


def test_the_watchdog_of_another_process_is_not_fed() -> None:
    """What was meant for a parent, who forgot to take it away, is left alone."""
    notifier = Notifier.taken_from(
        {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": str(MINUTE), "WATCHDOG_PID": "1"}
    )

    assert notifier.watchdog is None


@pytest.mark.parametrize("given", ["", "0", "-1", "soon", "１２", "9" * 40])
def test_a_watchdog_that_makes_no_sense_is_none(given: str) -> None:
    """An environment that somebody made by hand stops no start."""
    notifier = Notifier.taken_from({"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": given})

    assert notifier.watchdog is None


@pytest.mark.parametrize(
    "address", ["", "@", "/", "relative", "vsock:2:1234", "/nobody/is/there", "/" + "x" * 200]
)
def test_nobody_who_listens_is_no_trouble(address: str) -> None:
    """Without systemd, or when it is gone, the daemon goes on."""
    notifier = Notifier(address, timedelta(minutes=1))

    notifier.ready("all is well")
    notifier.alive()


def test_a_manager_that_does_not_read_holds_up_nobody(tmp_path: Path) -> None:
    """A full socket costs a second at most."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as crowd:
            crowd.connect(str(tmp_path / "notify"))
            with suppress(BlockingIOError):
                while True:
                    crowd.send(b"x")
            before = clock.monotonic()
            Notifier(str(tmp_path / "notify")).alive()

    assert clock.monotonic() - before < timedelta(seconds=5)
