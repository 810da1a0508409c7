"""Promises about inboxd(1): it is complete, and any roff shows it as it was meant."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from inboxd.cli import main
from inboxd.cli.manual import page

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MANDOC = shutil.which("mandoc")
FOREIGN = """
import sys
before = {*sys.modules}
import inboxd.cli.completing, inboxd.cli.manual, inboxd.clock
files = {name: getattr(sys.modules[name], "__file__", "") or "" for name in {*sys.modules} - before}
print(*{name.partition(".")[0] for name, file in files.items() if "site-packages" in file})
"""
"""Prints what is imported for what is made when the package is built."""
MACROS = {".TH", ".SH", ".SS", ".TP", ".PP", ".nh", ".ad"}


@pytest.fixture
def manual(tmp_path: Path) -> Path:
    path = tmp_path / "inboxd.1"
    path.write_text(page(date(2026, 11, 26)), encoding="ascii")
    return path


def everything(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield all commands below *group*, each with how it is called."""
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from everything(command, f"{path} {name}")


def shown(manual: Path) -> str:
    """Return the page as a terminal shows it, without what makes letters bold."""
    assert MANDOC is not None
    told = subprocess.run(  # noqa: S603 - our own arguments
        [MANDOC, "-T", "utf8", "-O", "width=300", str(manual)],
        capture_output=True,
        text=True,
        check=True,
    )
    return re.sub(".\b", "", told.stdout)


@pytest.mark.skipif(MANDOC is None, reason="mandoc is not installed")
def test_mandoc_has_nothing_to_say_against_the_page(manual: Path) -> None:
    """No macro is misused, and nothing is skipped."""
    assert MANDOC is not None
    verdict = subprocess.run(  # noqa: S603 - our own arguments
        [MANDOC, "-T", "lint", "-W", "warning", str(manual)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (verdict.stdout, verdict.returncode) == ("", 0)


@pytest.mark.skipif(MANDOC is None, reason="mandoc is not installed")
def test_every_command_and_option_is_shown_as_it_is_typed(manual: Path) -> None:
    """Whoever copies from the page runs what it says."""
    text = shown(manual)

    for path, command in everything(main, "inboxd"):
        assert f"\n   {path}\n" in text
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert set(parameter.opts) <= set(re.findall(r"--?[\w-]+", text))


def test_every_option_says_what_it_does() -> None:
    """Whoever asks for --help is not shown a bare name and a type."""
    bare = [
        (path, parameter.opts)
        for path, command in everything(main, "inboxd")
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]

    assert bare == []


def test_nothing_but_click_is_needed_to_write_it() -> None:
    """Whoever builds the package has hatchling and click, and not what inboxd runs with."""
    loaded = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", FOREIGN], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == ["click"]


def test_no_text_is_taken_for_a_command_of_the_page(manual: Path) -> None:
    """Lines that begin with a dot are the page's own, and every backslash is."""
    lines = manual.read_text(encoding="ascii").splitlines()

    assert {line.split()[0] for line in lines if line.startswith((".", "'"))} <= MACROS
    escapes = set(re.findall(r"\\(?:f.|\[u\w+\]|.)", "".join(lines)))
    assert {each for each in escapes if not each.startswith("\\[u")} <= {
        r"\-", r"\&", r"\:", r"\e", r"\fB", r"\fR"
    }  # fmt: skip
