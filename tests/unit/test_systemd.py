"""Promises about the systemd units: systemd takes them as they are, and they stay hardened."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSED = "20"
"""In tenths; systemd calls up to 4.9 OK."""

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


def hardening(unit: str) -> set[str]:
    """Return what a service unit says from its user on, without comments."""
    service = re.split(r"^User=", (UNITS / unit).read_text(), flags=re.MULTILINE)[1]
    settings = service.split("[Install]")[0].splitlines()
    return {line for line in settings[1:] if line and not line.startswith("#")}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the units, in which a program that is there takes the place of inboxd."""
    for unit in UNITS.iterdir():
        text = re.sub(
            r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE
        )
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run(  # noqa: S603 - our own arguments
        [ANALYZE, "--no-pager", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@needs_systemd
@pytest.mark.parametrize("unit", sorted(path.name for path in UNITS.iterdir()))
def test_systemd_has_nothing_to_say_against_a_unit(installed: Path, unit: str) -> None:
    """No setting is unknown, misspelt or without effect."""
    verdict = analyze("verify", "--man=no", str(installed / unit))

    # What else this machine has installed may have faults of its own.
    assert [line for line in verdict.stderr.splitlines() if "inboxd" in line] == []


@needs_systemd
@pytest.mark.parametrize("unit", ["inboxd.service", "inboxd-once.service"])
def test_a_service_is_hardly_exposed(installed: Path, unit: str) -> None:
    """The exposure that systemd itself works out stays at 2 of 10 or below."""
    verdict = analyze(
        "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(installed / unit)
    )

    assert verdict.returncode == 0, verdict.stdout[-300:]


def test_both_services_are_hardened_alike() -> None:
    """A switch that is added to the daemon is not forgotten in the timed unit."""
    assert hardening("inboxd.service") == hardening("inboxd-once.service")
