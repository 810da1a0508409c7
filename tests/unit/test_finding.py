"""Promises about where the configuration is found when nobody names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from inboxd.cli import group, main


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the server's configuration, with nothing there; the working directory is empty."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("INBOXD_CONFIG", raising=False)
    path = tmp_path / "etc" / "config.toml"
    path.parent.mkdir()
    monkeypatch.setattr(group, "SYSTEM", path)
    return path


def told(*arguments: str) -> str:
    """Return what `inboxd check` says of a configuration that has a problem: it begins with its name."""
    done = CliRunner().invoke(main, [*arguments, "check"])
    assert done.exit_code == 2
    return done.output


def test_the_servers_configuration_is_found_from_anywhere(system: Path) -> None:
    """Who logs in at night types the command alone."""
    system.write_text("[[[")

    assert str(system) in told()


def test_the_configuration_in_the_working_directory_comes_first(system: Path) -> None:
    """A trial in a folder is not held against the server's rules."""
    system.write_text("[[[")
    Path("config.toml").write_text("[[[")

    assert str(system) not in told()


def test_a_named_configuration_is_the_only_one(system: Path) -> None:
    """A name that is misspelt is said, and nothing else is taken for it."""
    system.write_text("[[[")

    assert told("--config", "other.toml").startswith("inboxd: other.toml has 1 problem")


@pytest.mark.parametrize("command", ["check", "waiting"])
def test_both_places_are_named_where_nothing_is_found(system: Path, command: str) -> None:
    """And how to name a third."""
    done = CliRunner().invoke(main, [command])

    assert (done.exit_code, "INBOXD_CONFIG" in done.output) == (2, True)
    assert f"neither ./config.toml nor {system}" in done.output
