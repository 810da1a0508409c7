"""Promises about the pinned versions: they are what pyproject.toml allows, all of it, and hashed."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
EXTRAS = {"requirements.lock": (), "requirements.extras.lock": ("apprise", "ical", "semantic")}
"""For each lock, the extras of ours whose needs are in it."""


def locked(lock: str) -> list[Requirement]:
    """Return each pinned package, with the environment that the pin is for."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    return [Requirement(line.removesuffix("\\")) for line in lines if not line.startswith(" ")]


def here(lock: str) -> dict[str, str]:
    """Return the version of each package that is pinned for this Python and platform."""
    return {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version
        for pin in locked(lock)
        if pin.marker is None or pin.marker.evaluate()
    }


def ours(lock: str) -> Iterator[Requirement]:
    """Yield what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    yield from map(Requirement, project["dependencies"])
    for extra in EXTRAS[lock]:
        yield from map(Requirement, project["optional-dependencies"][extra])


def needed(package: str, extras: set[str]) -> Iterator[Requirement]:
    """Yield what an installed package asks for on this machine, with its own *extras*."""
    for text in distribution(package).requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            yield requirement


@pytest.mark.parametrize("lock", EXTRAS)
def test_pins_are_within_the_ranges_that_pyproject_gives(lock: str) -> None:
    """A range that was raised is followed by `make lock`."""
    pins = here(lock)

    outside = [
        str(each)
        for each in ours(lock)
        if (each.marker is None or each.marker.evaluate())
        and not each.specifier.contains(pins.get(canonicalize_name(each.name), "0"))
    ]
    assert outside == []


@pytest.mark.parametrize("lock", EXTRAS)
def test_everything_is_pinned_that_a_pinned_package_needs(lock: str) -> None:
    """As far as it can be seen here: of packages that are installed in the version of the pin."""
    pins = here(lock)
    wanted: dict[str, set[str]] = {canonicalize_name(each.name): each.extras for each in ours(lock)}
    missing = []
    for name, version in pins.items():
        try:
            if distribution(name).version != version:
                continue
        except PackageNotFoundError:
            continue
        missing += [
            f"{name} needs {each}"
            for each in needed(name, wanted.get(name, set()))
            if canonicalize_name(each.name) not in pins
        ]
    assert missing == []


@pytest.mark.parametrize("lock", EXTRAS)
def test_every_pin_has_hashes_and_nothing_else(lock: str) -> None:
    """What is installed is what was looked at; where it was found is nobody's business."""
    text = (ROOT / lock).read_text(encoding="utf-8")

    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)[1:]
    for entry in entries:
        first, *hashes = entry.replace("\\\n", "\n").splitlines()
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; [\w .<>='()-]+)? *", first), first
        assert hashes, first
        assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64} *", line) for line in hashes)


def test_both_locks_agree() -> None:
    """Extras can be added to what runs without moving anything under it."""
    assert here("requirements.lock").items() <= here("requirements.extras.lock").items()
