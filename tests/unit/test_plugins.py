"""Promises about how connectors are found and loaded."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoints, entry_points

import pytest

from inboxd import plugins

COUNT = """
import sys
from inboxd import plugins
for network in ("vk", "facebook", "twitter"):
    plugins.length(network, "Hello https://shop.example")
print(*sorted({"tweepy", "vk_api", "requests", "aiohttp"} & {*sys.modules}))
"""


@pytest.mark.parametrize(("network", "counted"), [("vk", 34), ("facebook", 34), ("twitter", 26)])
def test_a_text_is_as_long_as_its_network_finds_it(network: str, counted: int) -> None:
    """X shortens links and weighs an ideograph twice; elsewhere a character is a character."""
    text = "山 https://shop.example/a/very/long"
    assert plugins.length(network, text) == counted


def test_counting_needs_no_sdk() -> None:
    """Who writes a reply in the terminal loads nothing that speaks to a network."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", COUNT], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_a_network_s_classes_are_loaded_when_they_are_asked_for() -> None:
    """The packages have the two public classes, and no others."""
    for load in plugins.networks().values():
        assert load().__name__ == "Settings"
    import connectors.twitter  # noqa: PLC0415 - only to look what it lacks

    with pytest.raises(AttributeError, match="Nothing"):
        _ = connectors.twitter.Nothing


def test_many_accounts_of_a_network_cost_one_look_at_what_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes 15 ms: a daemon with hundreds of accounts would not work for seconds at a reload."""
    looks: list[str] = []

    def counted(*, group: str) -> EntryPoints:
        looks.append(group)
        return entry_points(group=group)

    monkeypatch.setattr(plugins, "entry_points", counted)
    settings = plugins.networks()
    kinds = [settings["vk"]() for _ in range(50)]

    assert {kind.__name__ for kind in kinds} == {"Settings"}
    assert len(looks) <= 2
