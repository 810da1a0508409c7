"""Promises about the configuration reference: it is complete, and as the program has it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from inboxd.config import load
from inboxd.config.loader import LISTS, TABLES
from inboxd.config.reference import undocumented
from inboxd.config.secrets import secret_keys
from inboxd.config.settings import _SHORTEST_TOKEN
from inboxd.plugins import networks

ROOT = Path(__file__).parents[2]
PAGES = {"twitter": "x"}
"""Pages that are not called as their network is in the configuration."""


def test_the_reference_is_what_the_settings_say() -> None:
    """After a change of any key: python docs/reference.py."""
    page = runpy.run_path(str(ROOT / "docs" / "reference.py"))["page"]()
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == page


@pytest.mark.parametrize("network", sorted(networks()))
def test_a_networks_page_tells_of_its_streams_and_of_each_secret(network: str) -> None:
    """Who sets an account up finds each token and each stream there, by the name that it has."""
    page = (ROOT / "docs" / "networks" / f"{PAGES.get(network, network)}.md").read_text()
    model = networks()[network]()
    assert {f"`{stream}`" for stream in model.SUPPORTED_STREAMS} <= set(re.findall(r"`\w+`", page))
    assert [key for key in secret_keys(model) if not re.search(rf"\b{key}\b", page)] == []


@pytest.mark.parametrize("network", sorted(networks()))
def test_the_account_of_a_networks_page_is_one(network: str, tmp_path: Path) -> None:
    """What is copied from there is a configuration that can be used."""
    page = (ROOT / "docs" / "networks" / f"{PAGES.get(network, network)}.md").read_text()
    config = tmp_path / "config.toml"
    accounts = re.findall(r"^```toml\n(\[\[accounts\]\]\n.*?)^```", page, re.DOTALL | re.MULTILINE)
    config.write_text("\n".join(accounts))
    variables = dict.fromkeys(re.findall(r'env = "(\w+)"', page), "secret-of-nobody")
    assert [each.network for each in load(config, networks(), variables).accounts] == [network]


def test_topics_are_listed_once_and_limits_are_said() -> None:
    """What can be chosen from stands in one place, and what is refused is known before."""
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page.count('`"loyalty_points"`') == 1
    assert [row for row in page.splitlines() if row.startswith("| `topic` | list of topics |")]
    (token,) = (row for row in page.splitlines() if "INBOXD_HTTP_TOKEN" in row)
    assert f"{_SHORTEST_TOKEN} characters" in token


def test_every_table_of_the_file_has_a_section() -> None:
    """None is added without a place of its own there."""
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    headed = set(re.findall(r"^## `\[\[?([a-z]+)\]\]?`", page, re.MULTILINE))
    assert headed >= {*TABLES, *LISTS}


def test_something_is_said_about_every_key() -> None:
    """No key is added without a docstring below it."""
    assert undocumented({name: load() for name, load in networks().items()}) == []
