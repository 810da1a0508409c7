"""Promises about `inboxd report`: from a real database to a terminal, a file or a pipe."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from inboxd.cli import main
from inboxd.model import Author
from tests.store.shop import answered, at, open_shop, said

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = """
[inboxd]
database = "inboxd.db"
timezone = "UTC"
[[accounts]]
name = "shop-vk"
network = "vk"
group_id = 1
token = { env = "VK_TOKEN" }
streams = ["direct_messages"]
[[accounts]]
name = "shop-fb"
network = "facebook"
page_id = "1"
token = { env = "FB_TOKEN" }
streams = ["direct_messages"]
"""
WATCH = """
[[watch]]
name = "Magazin Yug"
network = "vk"
group_id = 7654321
service_token = { env = "VK_SERVICE" }
"""
DAY = ("--period", "2026-11-23")
ALONE = "from inboxd.cli import main; main()"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A shop that four customers wrote to; three were answered, after 20, 40 and 90 minutes."""
    path = tmp_path / "config.toml"
    path.write_text(CONFIGURATION, encoding="utf-8")
    shop = open_shop(tmp_path / "inboxd.db")
    shop.now = at(120)
    for account in ("shop-vk", "shop-fb"):
        shop.store.watch_from(account, at(-7 * 24 * 60))
    for number, minutes in enumerate((20, 40, 90, None)):
        who = {"thread_id": f"dm:{number}", "author": Author(f"c{number}", f"Customer {number}")}
        shop.hear(said(number, f"m{number}", "please, where is it?", **who))
        if minutes is not None:
            shop.hear(answered(number + minutes, f"a{number}", thread_id=f"dm:{number}"))
    shop.judge()
    shop.store.close()
    return path


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), "report", *arguments])


def figures(result: Result) -> dict[str, dict[str, Any]]:
    """Return the figures of a report in JSON by their keys."""
    assert result.exit_code == 0, result.stderr
    sections = json.loads(result.stdout)["sections"]
    return {each["key"]: each for section in sections for each in section["figures"]}


def test_the_report_counts_what_was_read(config: Path) -> None:
    """Four wrote, three were answered, two of them within the hour, the median took 40 minutes."""
    found = figures(run(config, *DAY, "--format", "json"))

    assert found["customers"]["value"] == 4
    assert (found["response_rate"]["value"], found["response_rate"]["of"]) == (0.75, 4)
    assert found["first_response_median_wall"]["value"] == 40 * 60
    assert found["within_1h"]["value"] == 0.5


def test_a_second_report_sees_what_came_since(config: Path) -> None:
    """The answer of today counts for the day on which the customer wrote."""
    before = figures(run(config, *DAY, "--format", "json"))
    shop = open_shop(config.parent / "inboxd.db")
    shop.now = at(660)
    shop.hear(answered(600, "a3", thread_id="dm:3"))
    shop.store.close()

    after = figures(run(config, *DAY, "--format", "json"))

    assert before["response_rate"]["value"] == 0.75
    assert after["response_rate"]["value"] == 1


def test_one_account_is_told_apart(config: Path) -> None:
    """What nobody wrote to has no rate: it is unknown, and not 0."""
    found = figures(run(config, *DAY, "--account", "shop-fb", "--format", "json"))

    assert found["customers"]["value"] == 0
    assert found["response_rate"]["value"] is None
    assert found["response_rate"]["why"]


def test_the_period_before_stands_beside(config: Path) -> None:
    """Only where it is asked for."""
    day = ("--period", "2026-11-24", "--format", "json")

    alone, beside = figures(run(config, *day)), figures(run(config, *day, "--compare", "previous"))

    assert alone["customers"]["before"] is None
    assert beside["customers"]["before"] == 4


@pytest.mark.parametrize(
    "parts",
    [
        [("--public",), ("--private",)],
        [
            ("--urgency", "low", "--urgency", "normal"),
            ("--urgency", "high"),
            ("--urgency", "unknown"),
        ],
    ],
)
def test_parts_make_up_the_whole(config: Path, parts: list[tuple[str, ...]]) -> None:
    """What one condition leaves out the others let through, each message once."""

    def received(*only: str) -> int:
        told = figures(run(config, *DAY, *only, "--format", "json"))
        return int(told["messages"]["value"])

    assert sum(received(*part) for part in parts) == received() > 0


def test_others_stand_beside_our_public_part(config: Path) -> None:
    """One who was not read yet is unknown; beside a report of one topic stands theirs of it."""
    with config.open("a", encoding="utf-8") as file:
        file.write(WATCH)

    told = json.loads(run(config, *DAY, "--format", "json").stdout)["rivals"]
    text = " ".join(run(config, *DAY).stdout.split())
    narrow = json.loads(run(config, *DAY, "--topic", "orders", "--format", "json").stdout)["rivals"]

    assert [each["name"] for each in told] == ["Ours, in public", "Magazin Yug"]
    rate = next(each for each in told[1]["figures"] if each["key"] == "response_rate")
    assert (rate["value"], rate["why"]) == (None, "it has not been read yet")
    assert "Others, as far as it is public" in text
    assert "Magazin Yug: – it has not been read yet." in text
    assert [each["name"] for each in narrow] == [each["name"] for each in told]


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("report.html", "<!DOCTYPE html>"),
        ("report.md", "# How we answered"),
        ("report.json", "{"),
        ("report.csv", "\ufeffsection,"),
        ("report.txt", "How we answered"),
    ],
)
def test_a_file_has_the_form_that_its_name_says(config: Path, name: str, begins: str) -> None:
    """It is for its owner alone, and nothing is printed."""
    path = config.parent / name

    result = run(config, *DAY, "--output", str(path))

    assert (result.exit_code, result.stdout) == (0, "")
    assert path.read_text(encoding="utf-8").startswith(begins)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_dash_is_standard_output(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere: no file is called so."""
    monkeypatch.chdir(config.parent)

    told = run(config, *DAY, "--format", "md", "-o", "-")
    exported = CliRunner().invoke(main, ["-c", str(config), "export", "cases", "--out", "-"])

    assert told.stdout.startswith("# How we answered")
    assert exported.stdout.startswith("case_id,")
    assert not (config.parent / "-").exists()


@pytest.mark.parametrize("way", ["itself", "link", "hard link", "log", "configuration"])
def test_what_inboxd_works_with_is_never_overwritten(config: Path, way: str) -> None:
    """Under whatever name: a report in the place of the database would be the end of it."""
    database, path = config.parent / "inboxd.db", config.parent / "report.html"
    if way == "link":
        path.symlink_to(database)
    elif way == "hard link":
        path.hardlink_to(database)
    else:
        names = {"itself": database, "log": config.parent / "inboxd.db-wal"}
        path = names.get(way, config)
    before = database.stat().st_size, config.read_bytes()

    result = run(config, *DAY, "--output", str(path))
    exported = CliRunner().invoke(
        main, ["-c", str(config), "export", "messages", "--out", str(path)]
    )

    assert (result.exit_code, exported.exit_code) == (2, 2)
    assert "is what inboxd works with; name another file" in result.stderr
    assert result.stderr == exported.stderr
    assert (database.stat().st_size, config.read_bytes()) == before


def test_a_file_that_cannot_be_written_is_not_begun(config: Path) -> None:
    """What was there before stays as it was, and nothing is left beside it."""
    folder = config.parent / "closed"
    folder.mkdir()
    path = folder / "report.html"
    path.mkdir()

    result = run(config, *DAY, "--output", str(path / "x" / "report.html"))

    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert [*folder.iterdir()] == [path]
    assert not [*path.iterdir()]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--period", "2026-13"), "2026-13"),
        (("--period", "2027-01"), "has not begun"),
        (("--account", "shop-ok"), "there are: shop-fb, shop-vk"),
        (("--network", "ok"), "there are: facebook, vk"),
        (("--staff", "Nobody"), "Nobody"),
        (("--topic", "weather"), "weather"),
        (("--hours", "noon"), "write mon-fri 9-18"),
        (("--output", "report.pdf"), "no form ends with .pdf; there are: .html, .htm, .md, .json"),
        (("--compare", "next"), "next"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    config: Path, arguments: tuple[str, ...], told: str
) -> None:
    """With exit code 2, and a text that says what there is."""
    result = run(config, *arguments)

    assert result.exit_code == 2
    assert told in result.stderr


def test_a_pipe_gets_neither_colours_nor_progress(config: Path) -> None:
    """What is read by programs is text alone, and of the same width everywhere."""
    ran = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", ALONE, "--config", str(config), "report", *DAY],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "FORCE_COLOR": "", "COLUMNS": "60"},
    )

    assert "\x1b" not in ran.stdout
    assert ran.stderr == ""
    assert max(map(len, ran.stdout.splitlines())) <= 100
    assert "Response rate" in ran.stdout


def test_a_spreadsheet_reads_what_json_says(config: Path) -> None:
    """Both forms are of the same figures."""
    found = figures(run(config, *DAY, "--format", "json"))
    text = run(config, *DAY, "--format", "csv").stdout.removeprefix("\ufeff")
    rows = [
        row
        for row in csv.DictReader(io.StringIO(text, newline=""))
        if not row["dimension"] and row["key"] in found
    ]

    assert {row["key"] for row in rows} == {*found}
    for row in rows:
        value = found[row["key"]]["value"]
        assert row["value"] == "" if value is None else float(row["value"]) == value


REPORT = """
[[sinks]]
name = "lead"
type = "console"
[[sinks]]
name = "boss"
type = "console"
[[reports]]
name = "weekly"
cron = "0 9 * * mon"
to = ["lead", "boss"]
match = { account = "shop-vk", topic = ["refunds", "returns"], urgency = "high", public = false }
"""


def test_a_scheduled_report_can_be_tried(config: Path) -> None:
    """It is queued for those to whom it goes, marked as a trial; each trial is one of its own."""
    config.write_text(CONFIGURATION + REPORT, encoding="utf-8")
    sent = run(config, "--send", "weekly")
    assert sent.exit_code == 0, sent.stderr
    assert re.fullmatch(
        r"\d{4}-W\d\d goes to lead, boss, but no daemon is running: `inboxd run --once` sends it.\n",
        sent.stdout,
    )
    with closing(sqlite3.connect(config.parent / "inboxd.db")) as db:
        ((headline, detail, reason, key),) = db.execute(
            "SELECT headline, detail, reason, key FROM alerts"
        ).fetchall()
        receivers = db.execute("SELECT receiver FROM outbox ORDER BY id").fetchall()
        ((name, html),) = db.execute("SELECT filename, html FROM reports WHERE key = ?", (key,))
    assert headline.startswith("Trial of weekly: how we answered, ")
    assert reason == "report"
    assert detail.endswith(
        "--compare previous --account shop-vk --topic refunds --topic returns --urgency high --private"
    )
    told = shlex.split(detail[detail.index("inboxd report") :])
    assert run(config, *told[2:]).exit_code == 0
    assert receivers == [("lead",), ("boss",)]
    assert name.endswith(".html")
    assert "<html" in html


def test_only_what_is_configured_can_be_sent(config: Path) -> None:
    """A name that there is not, and an option that would contradict the file, are refused."""
    config.write_text(CONFIGURATION + REPORT, encoding="utf-8")
    unknown = run(config, "--send", "weakly")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert "there is no report 'weakly'; there are: weekly" in unknown.stderr
    for options in (("--period", "7d"), ("--format", "csv"), ("--topic", "refunds")):
        refused = run(config, "--send", "weekly", *options)
        assert refused.exit_code == 2
        assert f"{options[0]} does not go with --send" in refused.stderr
