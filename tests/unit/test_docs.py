"""Promises about the documents: what they say of the database, commands and files is so."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest
from sqlite_utils import Database

from inboxd import __version__
from inboxd.cli import main
from inboxd.store import Store

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def named(document: str) -> set[str]:
    """Return everything that is written as code in a document's prose."""
    return set(_CODE.findall(_FENCE.sub("", text(document))))


def described() -> dict[str, set[str]]:
    """Return, for each table and view with a section of its own, the columns it describes."""
    sections = re.split(r"^### ", text("docs/database.md"), flags=re.MULTILINE)[1:]
    return {
        section.split("\n", 1)[0]: {
            name
            for row in re.findall(r"^\| (.+?) \|", section, flags=re.MULTILINE)
            for name in _CODE.findall(row)
        }
        for section in sections
    }


@pytest.fixture
def shape(tmp_path: Path) -> dict[str, set[str]]:
    """The tables and views of a new database, each with its columns; not SQLite's shadows."""
    with Store(tmp_path / "inboxd.db") as store:
        database = Database(store.database, execute_plugins=False)
        return {
            each.name: {column.name for column in each.columns}
            for each in (*database.tables, *database.views)
            if not each.name.startswith("messages_fts")
        }


def test_the_database_page_describes_every_table_and_view(shape: dict[str, set[str]]) -> None:
    """Nothing in the database is undocumented, and nothing documented is missing."""
    assert described().keys() - {"messages_fts"} == shape.keys()


def test_the_database_page_describes_every_column(shape: dict[str, set[str]]) -> None:
    """A column that is added, renamed or dropped must be so on the page, too."""
    pages = described()

    assert {name: pages[name] for name in shape} == shape


def test_every_page_is_built_and_every_link_leads_somewhere(tmp_path: Path) -> None:
    """A link names a page, a file or a picture that is there, and a heading in it."""
    options = ("--builder", "dummy", "--quiet", "--fail-on-warning", "--keep-going")

    built = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "sphinx", *options, "--conf-dir", "docs", ".", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert built.returncode == 0, built.stderr


def test_every_link_of_an_installed_page_leads_to_what_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who reads below share/doc has no repository beside it."""
    pytest.importorskip("hatchling", reason="hatchling, which builds the package, is missing")
    monkeypatch.syspath_prepend(ROOT)
    shipped = {path.resolve() for path in importlib.import_module("hatch_build")._shipped(ROOT)}

    dead = {
        f"{page.relative_to(ROOT)}: {link}"
        for page in shipped
        if page.suffix == ".md"
        for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
        if ":" not in link and not link.startswith("#")
        if (page.parent / link.partition("#")[0]).resolve() not in shipped
    }

    assert dead == set()


def test_the_readme_begins_with_what_make_can_do() -> None:
    """A newcomer finds the demo and the tests, and the Makefile has both."""
    readme, targets = text("README.md"), re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE)

    assert "make demo" in readme
    assert "make test" in readme
    assert {
        "help",
        "demo",
        "test",
        "lint",
        "format",
        "bench",
        "docs",
        "lock",
        "check",
        "clean",
    } <= {*targets}


def test_the_changelog_knows_the_version() -> None:
    """The version has a section; the package's is the code's, and stands nowhere else."""
    project = tomllib.loads(text("pyproject.toml"))["project"]

    assert "version" in project["dynamic"]
    assert f"## [{__version__}]" in text("CHANGELOG.md")
    assert "## [Unreleased]" in text("CHANGELOG.md")


def test_the_changelog_names_every_command() -> None:
    """Whoever upgrades reads of each command; so a new one is not forgotten there."""
    changelog = named("CHANGELOG.md")

    assert main.commands.keys() <= changelog


def test_every_decision_is_linked_from_the_architecture() -> None:
    """A decision that nobody finds was not written down."""
    links = {Path(link).name for link in _LINK.findall(text("docs/architecture.md"))}

    assert {path.name for path in (ROOT / "docs" / "adr").iterdir()} <= links


def test_every_layer_that_the_design_lacks_is_decided_on() -> None:
    """What the contract lists beyond design.md's modules has its reason in a decision of its own."""
    designed = {
        "cli", "daemon", "tui", "simulator", "workers", "pipeline", "notify", "report", "plugins",
        "classify", "store", "config", "core", "connector", "model", "clock", "errors",
    }  # fmt: skip
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(each["layers"] for each in contracts if each["type"] == "layers")

    modules = {module for layer in layers for module in layer.split(" | ")}

    assert modules - designed <= named("docs/adr/0006-layers-beyond-the-design.md")


def test_every_part_has_its_place_on_the_map() -> None:
    """Whoever looks for a module at the top finds on the architecture page what it owns."""
    package = ROOT / "inboxd"
    parts = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    parts |= {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}

    assert parts <= named("docs/architecture.md")


def test_every_alert_has_advice() -> None:
    """The operations page says what to do for each reason that an alert can give."""
    advice = named("docs/operations.md")
    modules = [*(ROOT / "inboxd/core/alerts").glob("*.py"), ROOT / "inboxd/core/digest.py"]
    code = "".join(module.read_text() for module in modules)
    kinds = "config|inboxd|sink|reply|report|spike|daily|unit|database|clock|backup|buttons|token|allowance|stream"
    reasons = set(re.findall(rf'"((?:{kinds})_\w+)"', code))
    reasons |= {f"account_{what}" for what in re.findall(r'_account_alert\("(\w+)"', code)}
    # Streams have reasons of their own, for the same alert.
    reasons -= {"account_silent", "account_speaks"}

    assert reasons
    assert reasons | {"report", "step_due", "reminder_due", "wait_answered"} <= advice


def licence(package: str) -> str:
    """Return what an installed *package* says of its licence, "" for one of another platform."""
    try:
        told = metadata(package)
    except PackageNotFoundError:
        return ""
    keys = ("License-Expression", "License", "Classifier")
    return " ".join(value for key in keys for value in told.get_all(key, ()))


def test_every_licence_that_asks_for_more_than_a_notice_is_named() -> None:
    """Whoever passes inboxd on reads which packages want more of them, and finds no others."""
    packages = set(re.findall(r"^([\w-]+)==", text("requirements.extras.lock"), re.MULTILINE))
    packages |= set(re.findall(r"^([\w-]+)==", text("requirements.lock"), re.MULTILINE))
    named_there = {name for name in named("docs/security.md") if name in packages}

    copyleft = {name for name in packages if re.search(r"GPL|MPL|EPL|Mozilla", licence(name))}

    assert {"certifi", "pygal"} <= copyleft
    assert copyleft <= named_there
    assert not [name for name in copyleft if re.search(r"(?<!L)GPL", licence(name))]


def test_every_test_that_the_threat_model_names_is_there() -> None:
    """What stands against somebody is shown by a test, and not by a name."""
    tests = {name.removeprefix("tests/") for name in named("docs/security.md") if "/test_" in name}
    assert tests
    assert {name for name in tests if not (ROOT / "tests" / name).is_file()} == set()
