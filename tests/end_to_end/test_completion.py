"""Promises about a Tab in the shell: it offers what fits, and never fails, waits or acts."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.shell_completion import ZshComplete
from click.testing import CliRunner

from inboxd.cli import main
from inboxd.core.policies import Match
from inboxd.model import Author
from tests.store.shop import START, open_shop, said

ROOT = Path(__file__).parents[2]
BASH = shutil.which("bash")
CONFIGURATION = """
[inboxd]
database = "inboxd.db"
[[accounts]]
name = "shop-vk"
network = "vk"
[[accounts]]
name = "shop $(touch owned)"
network = "facebook"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a shop in which one customer waits, in a folder with its database."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIGURATION, encoding="utf-8")
    shop = open_shop(tmp_path / "inboxd.db")
    shop.hear(said(0, "m1", "Где\nмой заказ?", author=Author("1", "Оксана\x1b]0;owned\x07\u202e")))
    with shop.store.transaction():
        lasts = datetime.now(UTC) + timedelta(days=1)
        shop.store.silences.add(Match(), lasts, "petra", "a strike", START)
    shop.store.close()
    return path


def offered(config: Path, *words: str, begun: str = "") -> list[tuple[str, str | None]]:
    """Return what is offered after *words*, each with what a shell shows beside it."""
    completing = ZshComplete(main, {}, "inboxd", "_INBOXD_COMPLETE")
    found = completing.get_completions(["--config", str(config), *words], begun)
    return [(item.value, item.help) for item in found]


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("replay",), ["replay-quarantine"]),
        (("silence", "e"), ["end"]),
        (("show", ""), ["1"]),
        (("show", "--j"), ["--json"]),
    ],
)
def test_bash_completes_by_the_script_that_is_printed(
    config: Path, tmp_path: Path, words: tuple[str, ...], expected: list[str]
) -> None:
    """Commands, options and numbers of cases, in a real bash with the real program."""
    assert BASH is not None
    program = tmp_path / "inboxd"
    program.write_text(f"#!{sys.executable}\nfrom inboxd.cli import main\nmain()\n")
    program.chmod(0o700)
    typed = " ".join(repr(word) for word in ("inboxd", *words))
    shell = (
        'eval "$(inboxd completion bash)" && complete -p inboxd >/dev/null && '
        f"COMP_WORDS=({typed}) COMP_CWORD={len(words)} && "
        '_inboxd_completion inboxd && printf "%s\\n" "${COMPREPLY[@]}"'
    )

    done = subprocess.run(  # noqa: S603 - our own arguments
        [BASH, "--norc", "-c", shell],
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "INBOXD_CONFIG": str(config),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.stdout.split(), done.stderr) == (expected, "")


def test_a_case_is_offered_with_who_says_what(config: Path) -> None:
    """In one line in which nothing of a stranger's reaches the terminal as a command."""
    assert offered(config, "explain") == [("1", "Оксана ]0;owned : Где мой заказ?")]
    assert offered(config, "ack", begun="2") == []
    assert offered(config, "ack", begun="*") == []


def test_silences_and_accounts_are_offered(config: Path) -> None:
    """The ones that last; and no name that a shell would take for more than a name."""
    assert offered(config, "silence", "end") == [("1", "petra: a strike")]
    assert offered(config, "silence", "add", "2h", "--account") == [("shop-vk", "vk")]
    assert offered(config, "reconcile", begun="shop") == [("shop-vk", "vk")]
    assert offered(config, "audit", "--account") == [("shop-vk", "vk")]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_of_its_own(shell: str) -> None:
    """It calls the program by its name, whatever started this one."""
    said = CliRunner().invoke(main, ["completion", shell], prog_name="elsewhere")

    assert said.exit_code == 0
    assert f"_INBOXD_COMPLETE={shell}_complete" in said.output
    assert "elsewhere" not in said.output


@pytest.mark.parametrize(
    "text", ["", "[inboxd", "accounts = 3\ninboxd = 3", "\ufeff[[accounts]]\n"]
)
def test_nothing_is_offered_of_a_configuration_that_says_nothing(config: Path, text: str) -> None:
    """The command itself says what is wrong; a Tab is silent."""
    config.write_text(text, encoding="utf-8")

    assert offered(config, "reconcile") == []
    config.unlink()
    assert offered(config, "show") == []


def test_nothing_is_created_where_there_is_no_database(config: Path) -> None:
    """A Tab before the first start leaves no empty file behind."""
    database = config.with_name("inboxd.db")
    for path in config.parent.glob("inboxd.db*"):
        path.unlink()

    assert offered(config, "show") == []
    assert not database.exists()


def test_a_database_that_is_locked_is_not_waited_for(config: Path) -> None:
    """Who types goes on typing."""
    with closing(sqlite3.connect(config.with_name("inboxd.db"), isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        began = time.perf_counter()

        assert offered(config, "show") == []
    assert time.perf_counter() - began < 2
