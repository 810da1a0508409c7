"""Promises about what monitoring is built from: the documents name what is told, and it is sound."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.metrics import Metrics
from inboxd.metrics.families import FAMILIES
from inboxd.store import Store
from tests.store.metrics import Scrape
from tests.store.shop import START

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
RULES = DOCS / "monitoring" / "alerts.yml"
TESTS = DOCS / "monitoring" / "alerts_test.yml"
DASHBOARD = DOCS / "monitoring" / "grafana.json"
_ROW = re.compile(r"^\| `(inboxd_\w+)` \| (\w+) \| (.*?) ?\| (.+) \|$", re.MULTILINE)
_NAME = re.compile(r"\b((?:inboxd|process)_[a-z0-9_]+)\b")
_SELECTOR = re.compile(r"\b(inboxd_[a-z0-9_]+)\{([^}]*)\}")
_PARTS = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",), "gauge": ("",)}

needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (of Prometheus) is not installed"
)


def promtool(*arguments: str, stdin: str = "") -> None:
    """Run promtool, which must find no fault."""
    done = subprocess.run(  # noqa: S603 - a tool that is found on the machine
        [shutil.which("promtool") or "", *arguments],
        input=stdin, capture_output=True, text=True, check=False, cwd=RULES.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a daemon tells that has just been started."""
    with Store(tmp_path_factory.mktemp("told") / "inboxd.db") as store:
        gauges = store.gauges.of(["shop-vk"], ["support"], (), START)
    return Metrics().text(gauges, START, ready=True).decode()


def exported(told: str) -> dict[str, tuple[str, str]]:
    """Return each metric with its type and its help."""
    return {
        name + ("_total" if each.type == "counter" else ""): (each.type, each.documentation)
        for name, each in Scrape(told).families.items()
    }


def samples(told: str) -> set[str]:
    """Return every name that a sample can have."""
    return {
        name.removesuffix("_total") + part
        for name, (kind, _) in exported(told).items()
        for part in _PARTS[kind]
    }


def labels_of() -> dict[str, tuple[str, ...]]:
    """Return the labels of each metric, by the name in the registry."""
    registry = Metrics()._registry
    counted = {
        name: tuple(collector._labelnames)
        for name, collector in registry._names_to_collectors.items()
        if hasattr(collector, "_labelnames")
    }
    return counted | {each.name: each.labels for each in FAMILIES}


def test_every_metric_is_described_as_it_is(told: str) -> None:
    """Name, type, labels and help are those that Prometheus sees; nothing else is described."""
    labels = labels_of()
    page = (DOCS / "monitoring.md").read_text(encoding="utf-8")
    described = {
        name: (kind, tuple(re.findall(r"`(\w+)`", given)), text)
        for name, kind, given, text in _ROW.findall(page)
    }
    assert described == {
        name: (kind, labels[name], text)
        for name, (kind, text) in exported(told).items()
        if name.startswith("inboxd_")
    }


@pytest.mark.parametrize("path", [RULES, TESTS, DASHBOARD], ids=lambda path: path.name)
def test_rules_and_dashboard_ask_for_what_there_is(path: Path, told: str) -> None:
    """No rule waits for a metric that nobody tells, nor for a label that it does not have."""
    text = path.read_text(encoding="utf-8")
    there_are, labels = samples(told), labels_of()
    asked = {name for name in _NAME.findall(text) if not name.startswith("inboxd_alerts_test")}
    assert asked - there_are == set()
    for name, selector in _SELECTOR.findall(text.replace('\\"', '"')):
        known = {*labels[re.sub("_(bucket|count|sum)$", "", name)], "job", "instance", "le"}
        assert {*re.findall(r"(\w+)\s*=", selector)} <= known, (name, selector)


def test_every_age_that_is_asked_for_is_told(told: str) -> None:
    """A label's value that is misspelt would match nothing, for ever."""
    ages = set(re.findall(r'age="([^"]+)"', told))
    assert {*re.findall(r'age="([^"]+)"', RULES.read_text() + TESTS.read_text())} <= ages


def test_every_rule_has_a_test() -> None:
    """One that fires; that it does not fire when it should not is in most of them."""
    rules = {*re.findall(r"alert: (\w+)", RULES.read_text())}
    tested = re.sub(r"\{ eval_time[^}]*\}", "", TESTS.read_text())
    assert rules == {*re.findall(r"alertname: (\w+)", tested)}


def panels() -> Iterator[dict[str, Any]]:
    yield from json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]


def test_the_dashboard_can_be_imported() -> None:
    """It chooses no data source of ours, and its panels have ids and places of their own."""
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert "id" not in dashboard
    variables = {each["name"]: each["type"] for each in dashboard["templating"]["list"]}
    assert variables["datasource"] == "datasource"
    sources = {
        target["datasource"]["uid"] for each in panels() for target in each.get("targets", ())
    }
    assert sources == {"${datasource}"}
    ids = [each["id"] for each in panels()]
    assert len({*ids}) == len(ids)
    for one, other in combinations((each["gridPos"] for each in panels()), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
    rows = [each["gridPos"]["y"] for each in panels() if each["type"] == "row"]
    assert all(above < below for above, below in pairwise(rows))


@needs_promtool
def test_prometheus_accepts_what_is_told(told: str) -> None:
    """The text format, the names, the helps and the types, as promtool knows them."""
    promtool("check", "metrics", stdin=told)


@needs_promtool
def test_prometheus_accepts_the_rules_and_they_do_what_they_say() -> None:
    """Promtool runs alerts_test.yml, which anybody can do who changes a rule."""
    promtool("check", "rules", RULES.name)
    promtool("test", "rules", TESTS.name)


@needs_promtool
def test_prometheus_understands_every_panel(tmp_path: Path) -> None:
    """Each expression of the dashboard is PromQL."""
    asked = [target["expr"] for each in panels() for target in each.get("targets", ())]
    rules = [
        {"record": f"panel:{number}", "expr": re.sub(r"\$\w+", ".*", expression)}
        for number, expression in enumerate(asked)
    ]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert len(asked) > 25
    promtool("check", "rules", str(path))
