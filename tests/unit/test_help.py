"""Promises about `--help`: what there is is found at a glance, whole and in its section."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from inboxd.cli import main
from inboxd.cli.group import SECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN_TERMINAL = 80


def groups(group: click.Group = main, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield how every group of commands is called."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from groups(command, *path, name)


def commands(group: click.Group = main, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield how every command is called."""
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


def help_of(*path: str) -> str:
    """Return what is printed on a terminal of the usual width."""
    told = CliRunner().invoke(main, [*path, "--help"], terminal_width=PLAIN_TERMINAL)
    assert told.exit_code == 0
    return told.output


@pytest.mark.parametrize("path", groups(), ids=" ".join)
def test_each_command_has_one_whole_line(path: tuple[str, ...]) -> None:
    """None is cut, and none runs over into a second line."""
    group: click.Group = main
    for name in path:
        below = group.commands[name]
        assert isinstance(below, click.Group)
        group = below
    text = help_of(*path)

    for name, command in group.commands.items():
        assert command.short_help, f"{name} has no short_help"
        assert re.search(rf"^  {name} +{re.escape(command.short_help)}$", text, re.MULTILINE), name


def test_every_command_stands_in_one_section() -> None:
    """Thirty names in the order of the alphabet tell nobody where to begin."""
    placed = [name for names in SECTIONS.values() for name in names]

    assert len(placed) == len({*placed})
    assert {*main.commands} <= {*placed}
    assert "Others:" not in help_of()


def test_a_command_that_nobody_placed_is_shown_all_the_same() -> None:
    """It is better found below the others than not at all."""
    main.add_command(click.Command("unplaced", short_help="Something new"))
    try:
        assert re.search(r"^Others:\n  unplaced +Something new$", help_of(), re.MULTILINE)
    finally:
        del main.commands["unplaced"]


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_no_help_shows_what_is_meant_for_click(path: tuple[str, ...]) -> None:
    """Neither a mark against breaking lines, written or not, nor one that ends a text."""
    assert not re.search(r"[\x00-\x09\x0b-\x1f]|\\b", help_of(*path))


def test_the_line_for_bash_can_be_copied() -> None:
    """It is not broken in the middle of a path."""
    line = "  inboxd completion bash > ~/.local/share/bash-completion/completions/inboxd"
    assert line in help_of("completion").splitlines()
