"""Exporting, importing and forgetting by the real program, beside a daemon that goes on."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
from datetime import UTC, datetime
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING

import pytest

from inboxd.model import Author, Direction
from tests.end_to_end.shop import PROGRAM, until
from tests.store.shop import BORIS, commented, open_shop, said
from tests.store.shop import Shop as Stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.end_to_end.shop import Shop


@pytest.fixture
def stored(shop: Shop) -> Iterator[Stored]:
    """What the shop's database holds, where no daemon runs."""
    opened = open_shop(shop.database)
    opened.hear(
        said(0, "m:1", "=1+1, where is it?"), said(1, "m:2", "-- hello\nthere", thread_id="dm:2")
    )
    opened.judge()
    yield opened
    opened.store.close()


def test_formulas_are_disarmed_unless_the_export_is_to_be_exact(shop: Shop, stored: Stored) -> None:
    """No customer runs anything in a colleague's spreadsheet; programs get what was written."""
    assert stored.value("SELECT count(*) FROM messages") == 2
    rows = [*csv.DictReader(io.StringIO(shop.say("export").expect(0).out, newline=""))]
    exact = [*csv.DictReader(io.StringIO(shop.say("export", "--exact").expect(0).out, newline=""))]

    assert [row["text"] for row in rows] == ["'=1+1, where is it?", "'-- hello\nthere"]
    assert [row["text"] for row in exact] == ["=1+1, where is it?", "-- hello\nthere"]


def test_a_file_is_private_and_whole(shop: Shop, stored: Stored) -> None:
    """Mode 0600, its name only at the end, and a clear word where it cannot be written."""
    assert stored.value("SELECT count(*) FROM cases") == 2
    out = shop.folder / "cases.jsonl"
    said = shop.say("export", "cases", "--out", str(out), "--json").expect(0)

    assert json.loads(said.out) == {"out": str(out), "rows": {"cases": 2}}
    assert out.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line)["case_id"] for line in out.read_text().splitlines()] == [1, 2]
    assert not [*shop.folder.glob("*.part")]
    assert "cannot be written" in shop.say("export", "--out", "/nowhere/x.csv").expect(1).err


def test_all_tables_fit_into_a_folder(shop: Shop, stored: Stored) -> None:
    """As CSV, each is a file of its own."""
    assert stored.value("SELECT count(*) FROM cases") == 2
    folder = shop.folder / "tables"
    shop.say("export", "--all", "--format", "csv", "--out", str(folder)).expect(0)

    assert {"messages.csv", "cases.csv", "waits.csv", "memory.csv"} <= {
        path.name for path in folder.iterdir()
    }
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "options",
    [
        ("--all", "--table", "messages"),
        ("--all", "--format", "csv"),
        ("--all", "--since", "30d"),
        ("--author", "oksana", "--format", "csv"),
        ("--author", "nobody"),
        ("--since", "the other day"),
        ("--table", "moon"),
        ("--json",),
    ],
)
def test_what_makes_no_sense_is_said_so(
    shop: Shop, stored: Stored, options: tuple[str, ...]
) -> None:
    """With exit code 2, and nothing on standard output."""
    assert stored.value("SELECT count(*) FROM cases") == 2
    assert shop.say("export", *options).expect(2).out == ""


async def test_a_reader_that_has_enough_ends_an_export_quietly(shop: Shop, stored: Stored) -> None:
    """As with `head`: no traceback, no word."""
    for number in range(40):
        texts = [said(2, f"x:{number}:{each}", "word " * 90) for each in range(20)]
        stored.hear(*texts)
    line = shlex.join((*PROGRAM, "-c", str(shop.config), "export"))
    running = await shop.start(under=("sh", "-c", f"{line} | head -1"))
    ended = await running.end()

    assert ended.out.startswith("message_id,")
    assert ended.err == ""


@pytest.mark.parametrize("command", ["export", "export --all", "waiting --json", "--help"])
async def test_what_finds_no_room_to_be_printed_is_a_failure(
    shop: Shop, stored: Stored, command: str
) -> None:
    """In one line and with exit code 1, or half an export would be taken for a whole one."""
    assert stored.value("SELECT count(*) FROM messages") == 2
    line = shlex.join((*PROGRAM, "-c", str(shop.config), *command.split()))
    ended = await (await shop.start(under=("sh", "-c", f"{line} > /dev/full"))).end()

    assert ended.expect(1).err == "inboxd: what was to be printed: No space left on device\n"


async def test_work_is_done_whoever_hears_of_it(shop: Shop, stored: Stored) -> None:
    """A backup must not fail because the disk with cron's log is full; a closed stream is said."""
    assert stored.value("SELECT count(*) FROM messages") == 2
    line = shlex.join((*PROGRAM, "-c", str(shop.config)))
    made = await shop.run(under=("sh", "-c", f"{line} backup --json 2> /dev/full"))
    closed = await shop.run(under=("sh", "-c", f"{line} export >&-"))

    assert json.loads(made.expect(0).out)["rows"]["messages"] == 2
    assert "standard output is closed" in closed.expect(1).err


@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_a_terminal_obeys_nothing_that_is_exported_to_it(
    shop: Shop, stored: Stored, form: str
) -> None:
    """A customer's words clear no screen and turn no line round."""
    stored.hear(said(5, "m:9", "\x1b]0;pwned\x07\x1b[2Jcalm\u202e\x9b31m", thread_id="dm:9"))
    terminal, inside = os.openpty()
    running = await shop.start(
        "export", "--format", form, under=("sh", "-c", f'exec "$@" > {os.ttyname(inside)}', "sh")
    )
    (await running.end()).expect(0)
    shown = os.read(terminal, 100_000).decode()
    os.close(inside)
    os.close(terminal)

    assert "calm" in shown
    assert not set(shown) & set("\x1b\x07\x9b\u202e")


def test_a_device_a_pipe_and_a_link_stay_what_they_are(shop: Shop, stored: Stored) -> None:
    """Only a file gets its name when it is whole; nobody replaces /dev/null."""
    assert stored.value("SELECT count(*) FROM messages") == 2
    link = shop.folder / "link.csv"
    link.symlink_to("real.csv")
    shop.say("export", "--out", str(link)).expect(0)
    assert link.is_symlink()
    assert (shop.folder / "real.csv").read_text().startswith("message_id,")

    pipe = shop.folder / "pipe"
    os.mkfifo(pipe)
    with Popen(["cat", str(pipe)], stdout=PIPE, text=True) as reader:  # noqa: S603, S607 - any cat
        shop.say("export", "--out", str(pipe)).expect(0)
        assert reader.communicate()[0].startswith('{"message_id":1,')
    assert pipe.is_fifo()
    taken = shop.say("export", "--all", "--format", "csv", "--out", str(link)).expect(1)
    assert taken.err == f"inboxd: {link}: File exists\n"


def test_whoever_may_be_two_people_is_not_forgotten(shop: Shop, stored: Stored) -> None:
    """Both are listed, and exit code 2 says that nothing was done; nor without being asked."""
    stored.hear(commented(3, "c:1", Author("customer-2", "Оксана", "oksana2"), "Me too"))
    several = shop.say("forget", "оксана", "--yes").expect(2)
    shop.say("forget", "nobody", "--yes").expect(2)
    shop.say("forget", "oksana").expect(1)
    plan = json.loads(shop.say("forget", "@oksana", "--dry-run", "--json").expect(0).out)

    assert "customer-1" in several.err
    assert "customer-2" in several.err
    assert (plan["messages"], plan["to_close"]) == (2, [1, 2])
    assert stored.value("SELECT count(*) FROM erasures") == 0


def test_all_that_is_of_a_person_can_be_given_to_them(shop: Shop, stored: Stored) -> None:
    """What they wrote, their cases and what was told of them, and nobody else's."""
    stored.hear(commented(3, "c:1", BORIS, "Me too"))
    lines = shop.say("export", "--author", "oksana").expect(0).out.splitlines()
    rows = [json.loads(line) for line in lines]

    texts = [each["row"]["text"] for each in rows if each.get("table") == "messages"]
    assert texts == ["=1+1, where is it?", "-- hello\nthere"]
    assert {each.get("table") for each in rows} >= {"authors", "conversations", "cases", "waits"}
    assert "boris" not in "".join(lines)


@pytest.mark.slow
async def test_a_person_is_forgotten_beside_a_daemon_and_an_export_moves_the_rest(
    shop: Shop, tmp_path: Path
) -> None:
    """Polls bring nothing back; whoever writes anew is a new contact; another server goes on."""
    daemon = await shop.daemon()
    shop.write_everywhere("Der Elefant ist kaputt?")
    await until(
        lambda: shop.value("SELECT count(*) FROM messages WHERE text LIKE '%Elefant%'") == 6,
        "all messages",
    )
    person = shop.world.people[0]
    number = str(person.id_on("vk"))
    early = await shop.run("export", "--all", "--out", str(tmp_path / "early.jsonl"))
    early.expect(0)

    done = json.loads((await shop.run("forget", number, "--yes", "--json")).expect(0).out)
    assert done["messages"] >= 1
    assert done["closed"]
    at = datetime.now(UTC)
    await until(lambda: shop.all_read_since(at), "another round")
    (await shop.run("reconcile", "shop-vk")).expect(0)
    assert shop.value("SELECT count(*) FROM authors WHERE remote_id = ?", number) == 0
    assert shop.value("SELECT count(*) FROM messages WHERE text LIKE '%Elefant%'") == 5

    shop.write("vk", "private", "Ein neuer Igel", who=0)
    await until(
        lambda: shop.value("SELECT count(*) FROM messages WHERE text LIKE '%Igel%'"), "the new one"
    )
    assert shop.value("SELECT count(*) FROM authors WHERE remote_id = ?", number) == 1
    assert (
        "already works on this database"
        in (await shop.run("import", str(tmp_path / "early.jsonl"))).expect(1).err
    )
    (await daemon.stop()).expect(0)
    assert shop.intact()

    archive = tmp_path / "all.jsonl.gz"
    (await shop.run("export", "--all", "--raw", "--out", str(archive))).expect(0)
    before = shop.rows("SELECT id, text FROM messages ORDER BY id")
    shop.database.rename(tmp_path / "old.db")
    (await shop.run("import", str(archive))).expect(0)
    assert shop.rows("SELECT id, text FROM messages ORDER BY id") == before
    (await shop.run("run", "--once")).expect(0)
    inbound = "SELECT count(*) FROM messages WHERE direction = ? AND text LIKE '%Elefant%'"
    assert shop.value(inbound, str(Direction.INBOUND)) == 5
    (await shop.run("import", str(tmp_path / "early.jsonl"))).expect(0)
    assert shop.value(inbound, str(Direction.INBOUND)) == 5
    assert shop.intact()


STEPS = """
first_response = "2s"
steps = [{ at = "50%", to = ["bot"] }]
"""


@pytest.mark.slow
async def test_what_a_slack_bot_told_of_a_forgotten_person_is_updated(shop: Shop) -> None:
    """Its message about the case names nobody any more, as far as it can be edited."""
    shop.configure(STEPS)
    await shop.daemon()
    shop.write("vk", "private", "Der Elefant ist kaputt?", who=0)
    await until(lambda: shop.told("bot"), "the alert")
    await until(lambda: shop.settled, "all alerts to be out")
    person = shop.world.people[0]
    number = str(person.id_on("vk"))
    told = [each for each in shop.simulator.slack.messages if each.via == "bot"]
    assert person.name in str(told[0].versions[-1])

    (await shop.run("forget", number, "--yes")).expect(0)
    await until(
        lambda: (
            person.name not in str(told[0].versions[-1])
            and "Elefant" not in str(told[0].versions[-1])
        ),
        "the message to be updated",
    )
