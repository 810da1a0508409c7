"""Promises about the systemd units: systemd takes them as they are, and they stay hardened."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from inboxd.cli import main

UNITS = Path(__file__).parents[2] / "systemd"
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSED = "20"
"""In tenths; systemd calls up to 4.9 OK."""

needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


SERVICES = sorted(path.name for path in UNITS.glob("*.service"))


def settings(unit: str) -> list[str]:
    """Return what a unit says, without comments."""
    lines = (UNITS / unit).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def values(unit: str, *names: str) -> list[str]:
    """Return what a unit sets the settings of some names to, in order."""
    return [line for line in settings(unit) if line.partition("=")[0] in names]


def hardening(unit: str) -> list[str]:
    """Return the part of a service unit in which it is denied what it does not need."""
    lines = settings(unit)
    begins = lines.index("NoNewPrivileges=yes")
    ends = lines.index("[Install]") if "[Install]" in lines else len(lines)
    return [*values(unit, "User", "UMask"), *lines[begins:ends]]


def of_one_shop(unit: str) -> list[str]:
    """Return what the template *unit* says of an instance, in the words of the only shop."""
    return [
        line.replace("/etc/inboxd/%i.toml", "/etc/inboxd/config.toml")
        .replace("secrets/%i/", "secrets/")
        .replace("inboxd/%i", "inboxd")
        .replace("inboxd-shop-failed@%i.service", "inboxd-failed@%n.service")
        .replace("failed inboxd@%i.service", "failed %i")
        for line in settings(unit)
        if not line.startswith("Description=")
    ]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the units, in which a program that is there takes the place of inboxd."""
    for unit in UNITS.iterdir():
        text = re.sub(r"^(Exec\w+)=/opt/\S+", r"\1=/bin/true", unit.read_text(), flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    assert ANALYZE is not None
    return subprocess.run(  # noqa: S603 - our own arguments
        [ANALYZE, "--no-pager", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("unit", SERVICES)
def test_no_unit_offers_a_credential_twice(unit: str) -> None:
    """Whoever takes the # from one line of two wonders what the other is for."""
    text = (UNITS / unit).read_text()
    names = re.findall(r"^#?LoadCredential=([\w-]+):", text, re.MULTILINE)

    assert sorted(names) == sorted({*names})


@needs_systemd
@pytest.mark.parametrize("unit", sorted(path.name for path in UNITS.iterdir()))
def test_systemd_has_nothing_to_say_against_a_unit(installed: Path, unit: str) -> None:
    """No setting is unknown, misspelt or without effect."""
    verdict = analyze("verify", "--man=no", str(installed / unit))

    # What else this machine has installed may have faults of its own.
    assert [line for line in verdict.stderr.splitlines() if "inboxd" in line] == []


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_is_hardly_exposed(installed: Path, unit: str) -> None:
    """The exposure that systemd itself works out stays at 2 of 10 or below."""
    verdict = analyze(
        "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(installed / unit)
    )

    assert verdict.returncode == 0, verdict.stdout[-300:]


@pytest.mark.parametrize("unit", SERVICES)
def test_all_services_are_hardened_alike(unit: str) -> None:
    """A switch that is added to the daemon is not forgotten in any other unit."""
    assert hardening(unit) == hardening("inboxd.service")


@pytest.mark.parametrize(
    ("template", "unit"),
    [
        ("inboxd@.service", "inboxd.service"),
        ("inboxd-once@.service", "inboxd-once.service"),
        ("inboxd-once@.timer", "inboxd-once.timer"),
        ("inboxd-shop-failed@.service", "inboxd-failed@.service"),
    ],
)
def test_a_shop_among_several_is_served_like_the_only_one(template: str, unit: str) -> None:
    """An instance differs in its files and in nothing else."""
    only = [line for line in settings(unit) if not line.startswith("Description=")]

    assert of_one_shop(template) == only


def test_the_hook_of_every_service_is_there() -> None:
    """What is started when a service has failed is a unit of ours, with the secrets of sinks."""
    for unit in (
        "inboxd.service",
        "inboxd@.service",
        "inboxd-once.service",
        "inboxd-once@.service",
    ):
        (hook,) = values(unit, "OnFailure")
        template = re.sub(r"^OnFailure=(.*@).*", r"\1.service", hook)
        assert values(template, "OnFailure") == []
        assert {*values(template, "LoadCredential")} <= {*values(unit, "LoadCredential")}


def credentials(unit: str, begin: str) -> dict[str, str]:
    """Return the secrets of *unit* whose lines start with *begin*, and the file of each."""
    text = (UNITS / unit).read_text()
    found = re.findall(rf"^{begin}LoadCredential=([\w-]+):(\S+)$", text, re.MULTILINE)
    return {name: file.replace("/secrets/%i/", "/secrets/") for name, file in found}


@pytest.mark.parametrize("begin", ["", "#"])
def test_all_units_offer_the_same_secrets(begin: str) -> None:
    """A daemon's are a round's, and those of sinks are the hook's: to use, or to take the # away."""
    all_there_are = credentials("inboxd.service", begin)
    hooks = [unit for unit in SERVICES if "failed" in unit]
    kinds = ("apprise", "slack", "smtp")
    of_sinks = {name: file for name, file in all_there_are.items() if name.startswith(kinds)}

    assert all_there_are
    for unit in SERVICES:
        assert credentials(unit, begin) == (of_sinks if unit in hooks else all_there_are)


def test_every_secret_of_the_example_has_its_line() -> None:
    """Whoever goes from variables to credentials finds each in the page, and in the unit."""
    root = UNITS.parent
    variables = re.findall(r'env = "(\w+)"', (root / "config.example.toml").read_text())
    rows = re.findall(
        r"^\| (`[A-Z_`, ]+`) \| (`[a-z`, -]+`) \|$",
        (root / "docs/service.md").read_text(),
        re.MULTILINE,
    )
    named = {
        variable: name
        for left, right in rows
        for variable, name in zip(
            re.findall("[A-Z_]+", left), re.findall("[a-z-]+", right), strict=True
        )
    }

    assert {*variables} == {*named}
    assert {*named.values()} == {*credentials("inboxd.service", "#?")}


def test_no_round_lasts_for_ever() -> None:
    """RuntimeMaxSec= is without effect for a oneshot, of which systemd says nothing."""
    for unit in ("inboxd-once.service", "inboxd-once@.service"):
        assert values(unit, "Type", "RuntimeMaxSec") == ["Type=exec", "RuntimeMaxSec=10min"]


def test_every_command_of_a_unit_is_one() -> None:
    """A command that is renamed is renamed in the units as well."""
    for unit in SERVICES:
        for line in settings(unit):
            if found := re.search(r"/bin/inboxd --config \S+ (\w+)", line):
                assert found[1] in main.commands, line


@pytest.mark.parametrize("unit", ["inboxd.service", "inboxd@.service"])
def test_a_daemon_keeps_its_memory_and_may_have_many_accounts(unit: str) -> None:
    """Glibc does what docs/scale.md measured with it; two threads a VK account fit 400 times."""
    (tasks,) = values(unit, "TasksMax")
    (glibc,) = (each for each in values(unit, "Environment") if "MALLOC" in each)

    bound = "MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072"
    assert glibc == f"Environment=MALLOC_ARENA_MAX=2 {bound}"
    assert int(tasks.partition("=")[2]) >= 1000
