"""Every command as a person meets it: what it says, how it ends, and what it never shows."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inboxd.cli import main
from inboxd.simulator.faults import Fault
from inboxd.simulator.people import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.shop import Finished, Shop

WAITING_KEYS = {
    "wait", "promised",
    "case", "account", "network", "stream", "public", "author", "kind", "topics", "urgency",
    "language", "policy", "waiting_since", "due_at", "overdue", "unanswered", "acknowledged_by", "assigned_to",
    "snoozed_until", "text", "url", "continued_in",
}  # fmt: skip
MESSAGE_KEYS = {
    "reply_verdict",
    "id", "remote_id", "direction", "author", "staff", "addressees", "text", "sent_at", "seen_at",
    "edited_at", "deleted_at", "auto_reply", "automatic", "parent_deleted", "from_elsewhere",
    "kind", "topics", "corrected", "url", "attachments", "versions",
}  # fmt: skip
# For root, modes count only without CAP_DAC_OVERRIDE (1); PR_CAPBSET_DROP (24) takes it from
# what is started next. Nobody else needs that, and is refused it without harm.
OBEYING_MODES = (
    sys.executable,
    "-c",
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0); os.execv(sys.argv[1], sys.argv[1:])",
)
QUESTION = "Здравствуйте, а когда привезут мой заказ?"


@pytest.fixture
async def asked(shop: Shop) -> Shop:
    """A shop whose database knows one waiting case, number 1, on VK."""
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    shop.write("vk", "private", QUESTION, who=0, sent_at=a_minute_ago)
    (await shop.run("run", "--once")).expect(0)
    return shop


async def run_all(shop: Shop, *commands: tuple[str, ...]) -> list[Finished]:
    """Run commands that do not disturb one another, two at a time."""
    turn = asyncio.Semaphore(2)

    async def run(arguments: tuple[str, ...]) -> Finished:
        async with turn:
            return await shop.run(*arguments)

    return await asyncio.gather(*map(run, commands))


async def test_a_case_s_life_by_commands(asked: Shop) -> None:
    """List, look, understand, take, put off, close, take back, answer: each says what it did."""
    looks = (("check",), ("waiting",), ("show", "1"), ("explain", "1"))
    checked, listed, shown, explained = (asked.say(*look).expect(0).out for look in looks)
    acted = [
        asked.say(*arguments).expect(0).out
        for arguments in (
            ("ack", "1", "--as", "petra"),
            ("snooze", "1", "1h30m", "--as", "petra"),
            ("close", "1", "--as", "petra"),
            ("reopen", "1", "--as", "petra"),
            ("reply", "1", "Она уже в пункте выдачи."),
        )
    ]
    assert "3 accounts, 1 policies" in checked
    assert "shop-vk" in listed
    assert QUESTION in shown
    assert "everything" in explained
    for said, expected in zip(
        acted,
        ("petra", "1h 30m", "no reply needed", "waiting again", "no daemon is running"),
        strict=True,
    ):
        assert expected in said
    (await asked.run("run", "--once")).expect(0)
    assert len(asked.said_by_shop("Она уже в пункте выдачи.")) == 1
    assert asked.say("waiting").expect(0).out == "Nobody is waiting.\n"
    trail = asked.say("explain", "1").expect(0).out
    for action in ("ack", "snooze", "close", "reopen", "reply sent"):
        assert action in trail


def test_a_second_reply_is_sent_only_if_it_is_meant(asked: Shop) -> None:
    """Who answers what is being answered hears of it, and how to do it all the same."""
    asked.say("reply", "1", "Завтра.").expect(0)
    refused = asked.say("reply", "1", "Сегодня!").expect(2).err
    assert "a reply to case 1 is on its way already; --anyway sends it" in refused
    asked.say("reply", "1", "Сегодня!", "--anyway").expect(0)


def test_what_was_done_can_be_taken_back(asked: Shop) -> None:
    """The last first, a queued reply included; a note is kept, and the trail has it all."""
    asked.say("ack", "1", "--as", "petra").expect(0)
    over = asked.say("ack", "1", "--as", "olha").expect(0).out
    assert over == "Case 1 is yours, olha, taken over from petra.\n"
    noted = asked.say("note", "1", "She calls at noon.", "--as", "petra").expect(0).out
    assert noted == "Case 1 noted: “She calls at noon.”.\n"
    asked.say("correct", "1", "--kind", "praise").expect(0)
    asked.say("reply", "1", "Завтра.", "--as", "petra").expect(0)
    taken_back = [asked.say("undo", "1", "--as", "olha").expect(0).out for _ in range(4)]
    assert [said.partition(": ")[2] for said in taken_back] == [
        "the reply to case 1; its text is petra's draft.\n",
        "the verdict on message 1 corrected.\n",
        "case 1 noted: “She calls at noon.”.\n",
        "case 1 acknowledged.\n",
    ]
    assert asked.rows("SELECT acknowledged_by, kind FROM cases") == [("petra", "request")]
    asked.say("undo", "1").expect(0)
    refused = asked.say("undo", "1").expect(2).err
    assert "nothing was done about case 1 that can be taken back" in refused
    trail = asked.say("explain", "1").expect(0).out
    for told in ("olha (taken back by olha", "reply cancelled: shop-vk by petra", "praise (taken"):
        assert told in trail


def test_a_case_can_be_given_to_somebody(asked: Shop) -> None:
    """Who it is for stands in the list; that is not the same as having taken it."""
    assert "for olha" in asked.say("assign", "1", " olha ").expect(0).out
    (case,) = json.loads(asked.say("waiting", "--json").expect(0).out)
    assert (case["assigned_to"], case["acknowledged_by"]) == ("olha", "")
    assert "(for olha)" in asked.say("waiting").expect(0).out
    assert "assigned to olha" in asked.say("explain", "1").expect(0).out
    asked.say("assign", "1", "").expect(0)
    (case,) = json.loads(asked.say("waiting", "--json").expect(0).out)
    assert case["assigned_to"] == ""


def test_some_cases_can_be_muted_for_a_while(asked: Shop) -> None:
    """What is silent is listed, explained, and can be heard again."""
    said = asked.say(
        "silence", "add", "2h", "--network", "vk", "--reason", "a known outage", "--as", "olha"
    )
    assert said.expect(0).out.startswith("Silence 1: network vk until ")
    assert "network vk" in asked.say("silence", "list").expect(0).out
    (listed,) = json.loads(asked.say("silence", "list", "--json").expect(0).out)
    assert (listed["silence"], listed["actor"], listed["reason"]) == (1, "olha", "a known outage")
    assert listed["match"] == {"network": ["vk"]}
    explained = asked.say("explain", "1").expect(0).out
    assert "muted by silence 1 of olha: a known outage" in explained
    assert "first response: silenced" in explained
    asked.say("silence", "add", "2h", "--everything", "--as", "a\nnew\x1b[31m line").expect(0)
    assert len(asked.say("silence", "list").expect(0).out.splitlines()) == 2
    asked.say("silence", "end", "2").expect(0)
    asked.say("silence", "end", "1").expect(0)
    assert asked.say("silence", "list").expect(0).out == "Nothing is silent.\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("add", "2h"), "say what shall be silent"),
        (("add", "0s", "--everything"), "is not in the future"),
        (("add", "soon", "--everything"), "is no time"),
        (("add", "2h", "--account", "shop-tk"), "there is no account 'shop-tk'"),
        (("end", "7"), "there is no silence 7"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(
    asked: Shop, arguments: tuple[str, ...], why: str
) -> None:
    """With what would be right; nothing is muted by mistake."""
    assert why in asked.say("silence", *arguments).expect(2).err
    assert json.loads(asked.say("silence", "list", "--json").expect(0).out) == []


def test_waiting_as_json_has_the_documented_keys(asked: Shop) -> None:
    """Scripts rely on the names; standard output is JSON and nothing else."""
    (case,) = json.loads(asked.say("waiting", "--json").expect(0).out)
    assert case.keys() == WAITING_KEYS
    assert case["author"].keys() == {"id", "name", "handle", "followers", "url"}
    assert case["text"] == QUESTION
    assert case["overdue"] is False
    assert datetime.fromisoformat(case["waiting_since"]).tzinfo is not None


def test_show_says_before_anybody_writes_whether_it_can_be_answered(asked: Shop) -> None:
    """Until when and how long, or why not; what the network will not take is not queued."""
    shown = asked.say("show", "1").expect(0).out
    assert QUESTION in shown
    assert "Can be answered, in at most 9000 characters." in shown
    with closing(sqlite3.connect(asked.database)) as database, database:
        database.execute(
            "UPDATE conversations SET reply_open = 0, reply_note = 'Comments are off.'"
        )
    assert "Cannot be answered: Comments are off." in asked.say("show", "1").expect(0).out
    assert "Comments are off." in asked.say("reply", "1", "Hallo").expect(2).err


def test_show_as_json_has_the_documented_keys(asked: Shop) -> None:
    """Messages with their versions, the window to answer in, and where it goes on."""
    shown = json.loads(asked.say("show", "1", "--json").expect(0).out)
    assert shown.keys() == {"case", "status", "messages", "reply", "continued_in", "began_in"}
    (message,) = shown["messages"]
    assert message.keys() == MESSAGE_KEYS
    assert (message["text"], message["versions"]) == (QUESTION, [])
    assert shown["reply"].keys() == {"open", "closes_at", "note", "max_length", "to"}
    assert (shown["reply"]["open"], shown["reply"]["max_length"]) == (True, 9000)
    assert (shown["continued_in"], shown["began_in"]) == (None, None)


def test_a_rehearsal_of_the_present_rules_finds_no_difference(asked: Shop) -> None:
    """It says so in words and in JSON, of days that have a history; before them there is nothing."""
    said = asked.say("rehearse", "--since", "1d").expect(0).out
    found = json.loads(asked.say("rehearse", "--since", "1d", "--json").expect(0).out)
    assert "0 alerts alike, 0 not." in said
    assert (found["differences"], found["absences"]) == ([], [])
    assert set(found["alerts"]) == {"by_policy", "by_sink", "by_day"}
    for since in ("soon", "0s", "9999999d"):
        assert "--since" in asked.say("rehearse", "--since", since).expect(2).err


def test_explain_as_json_has_the_documented_keys(asked: Shop) -> None:
    """What a person reads by section, and for programs what became of each step."""
    explained = json.loads(asked.say("explain", "1", "--json").expect(0).out)
    assert set(explained) == {"case", "account", "status", "policy", "waits", "sections"}
    (wait,) = explained["waits"]
    assert {each["fate"] for each in wait["steps"]} == {"not_yet"}
    assert QUESTION in " ".join(explained["sections"]["Messages"])


async def test_check_online_tells_who_the_tokens_belong_to(shop: Shop) -> None:
    """Each account is named with what can be read; a dead token makes it exit 1."""
    good = (await shop.run("check", "--online")).expect(0)
    for account in ("shop-vk", "shop-fb", "shop-x"):
        assert f"{account}: " in good.out
    shop.simulator.faults.switch_on("facebook", Fault.TOKEN_EXPIRED)
    (await shop.run("check", "--online")).expect(1)


async def test_classify_judges_good_lines_and_names_bad_ones(shop: Shop) -> None:
    """A pipe with broken lines brings every verdict that can be given, and exit 1."""
    lines = b'{"id": 7, "text": "Where is my money?"}\nnot json\n[]\n{"no": "text"}\n\xff\n'
    mixed = (await shop.run("classify", stdin=lines)).expect(1)
    (verdict,) = map(json.loads, mixed.out.splitlines())
    assert verdict["id"] == 7
    assert {"kind", "topics", "urgency", "language", "scores", "evidence"} <= verdict.keys()
    assert [line.split(":")[0] for line in mixed.err.splitlines()] == [
        "line 2", "line 3", "line 4", "line 5",
    ]  # fmt: skip
    (await shop.run("classify", stdin=lines.splitlines()[0])).expect(0)


async def test_every_command_explains_itself(shop: Shop) -> None:
    """`--help` works without a configuration, and ends with 0."""
    helps = await run_all(shop, ("--help",), *((name, "--help") for name in main.commands))
    for told in helps:
        assert "Usage: inboxd" in told.expect(0).out


def test_what_a_person_gets_wrong_is_said_and_exits_2(asked: Shop) -> None:
    """The text names what was wrong; nothing has changed afterwards."""
    mistakes = {
        ("show", "99"): "there is no case 99",
        ("explain", "99"): "there is no case 99",
        ("ack", "99"): "there is no case 99",
        ("reply", "99", "Hallo"): "there is no case 99",
        ("close", "99"): "there is no case 99",
        ("show", "one"): "'one' is not a valid integer",
        ("snooze", "1", "soon"): "'soon' is no time",
        ("snooze", "1", "2001-01-01T09:00"): "not in the future",
        ("snooze", "1", "9999999d"): "'9999999d' is no time",
        ("snooze", "1", "9999-12-31T23:59:59-14:00"): "is no time",
        ("reply", "1", " \n "): "the reply is empty",
        ("reply", "1", "Hallo \udcff"): "is not UTF-8",
        ("ack", "1", "--as", "\udcff"): "is not UTF-8",
        ("close", "1", "--reason", "\udcff"): "is not UTF-8",
        ("reply", "1", "д" * 9001): "vk takes 9000",
        ("reopen", "1"): "case 1 is waiting",
        ("walk",): "No such command 'walk'",
        ("run", "--twice"): "No such option",
        ("classify", "/no/such/file"): "No such file",
        ("demo", "--seconds", "1"): "not in the range",
    }
    for arguments, text in mistakes.items():
        result = asked.say(*arguments)
        assert text in result.expect(2).err, arguments
        assert result.out == ""
    assert asked.rows("SELECT count(*) FROM actions") == [(0,)]
    assert asked.outbox("reply IS NOT NULL") == {}


async def test_standard_input_that_is_closed_or_no_text_is_said(asked: Shop) -> None:
    """Nothing is queued of a picture that was piped in by mistake."""
    utf8 = {**asked.environment, "PYTHONUTF8": "1"}
    picture = await asked.run("reply", "1", "-", stdin=b"\x89PNG\r\n\xff\xd8", env=utf8)
    assert "standard input is no utf-8 text" in picture.expect(2).err
    closing = ("/bin/sh", "-c", 'exec "$0" "$@" <&-')
    closed = await asked.run("reply", "1", "-", under=closing)
    assert "standard input is closed" in closed.expect(2).err
    assert asked.outbox("reply IS NOT NULL") == {}


async def test_a_terminal_of_another_encoding_shows_what_it_can(asked: Shop) -> None:
    """A letter that it does not have is replaced; nothing else is missing."""
    for encoding in ("ascii", "latin-1", "cp1251"):
        old = {**asked.environment, "PYTHONIOENCODING": encoding}
        for command in (("waiting",), ("show", "1"), ("explain", "1")):
            assert (await asked.run(*command, env=old)).expect(0).out


BAD_CONFIG = """
[inboxd]
databse = "inboxd.db"
timezone = "Europe/Kiev2"

[[accounts]]
name = "shop-vk"
network = "vkontakte"

[[sinks]]
name = "support"
type = "pigeon"

[[policies]]
name = "all"
match = { kind = ["rant"] }
first_response = "soon"
"""


async def test_a_configuration_that_cannot_be_used_exits_2_with_every_problem(shop: Shop) -> None:
    """A missing file, a folder, nothing, another encoding, no TOML; and all mistakes of one."""
    folder = shop.folder / "configs"
    (folder / "folder").mkdir(parents=True)
    (folder / "empty").write_bytes(b"")
    (folder / "latin1").write_bytes('# für\n[inboxd]\ndatabase = "x"\n'.encode("latin-1"))
    (folder / "prose").write_text("Dear inboxd, please watch my shop.", encoding="utf-8")
    (folder / "bad").write_text(BAD_CONFIG, encoding="utf-8")
    names = ("missing", "folder", "empty", "latin1", "prose", "bad")
    for name in names:
        for command in (("check",), ("run", "--once"), ("waiting",)):
            result = shop.say("-c", str(folder / name), *command)
            assert str(folder / name) in result.expect(2).err
            assert "a bug" not in result.err
    (await shop.run("-c", str(folder / "bad"), "run")).expect(2)
    for path in ("databse", "timezone", "network", "type", "kind", "first_response"):
        assert path in result.err
    assert "did you mean database" in result.err


def make_directory(path: Path) -> None:
    """A folder where the database should be."""
    path.mkdir()


def make_prose(path: Path) -> None:
    """A text file."""
    path.write_text("These are the minutes of our meeting. " * 100, encoding="utf-8")


def make_strangers(path: Path) -> None:
    """A database that belongs to another program."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def make_corrupt(path: Path) -> None:
    """A database of ours with its pages overwritten behind the header."""
    damaged = bytearray(path.read_bytes())
    damaged[100:] = b"\xde\xad" * ((len(damaged) - 100) // 2)
    path.write_bytes(damaged)


def make_cut(path: Path) -> None:
    """A database of ours of which a full disk kept a third."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


SPOILT: list[tuple[Callable[[Path], None], str]] = [
    (make_directory, "is a directory"),
    (make_prose, "not an SQLite database"),
    (make_strangers, "belongs to another program"),
    (make_corrupt, "damaged"),
    (make_cut, "damaged"),
]


@pytest.mark.parametrize(
    ("spoil", "text"), SPOILT, ids=[spoil.__name__.removeprefix("make_") for spoil, _ in SPOILT]
)
async def test_a_database_that_cannot_be_used_exits_1_and_is_left_as_it_is(
    shop: Shop, spoil: Callable[[Path], None], text: str
) -> None:
    """Neither reading nor running touches a file that is not a good database of ours."""
    if spoil in (make_corrupt, make_cut):
        (await shop.run("run", "--once")).expect(0)
    spoil(shop.database)
    before = shop.database.read_bytes() if shop.database.is_file() else None
    for result in (shop.say("waiting"), await shop.run("run")):
        said = result.expect(1).err
        assert text in said
        assert str(shop.database) in said
        assert "a bug" not in said
    assert before == (shop.database.read_bytes() if shop.database.is_file() else None)


async def test_a_database_that_breaks_behind_its_first_page_is_told_without_a_traceback(
    asked: Shop,
) -> None:
    """It opens, and only what stands in the broken pages cannot be read."""
    damaged = bytearray(asked.database.read_bytes())
    damaged[4096:] = b"\xde\xad" * ((len(damaged) - 4096) // 2)
    asked.database.write_bytes(damaged)
    for result in (asked.say("waiting"), asked.say("show", "1"), await asked.run("run", "--once")):
        assert "damaged" in result.expect(1).err
        assert "a bug" not in result.err


@pytest.mark.parametrize(
    ("statement", "command"),
    [
        ("UPDATE cases SET opened_at = 'yesterday'", ("show", "1")),
        ("UPDATE cases SET status = 'asleep'", ("explain", "1")),
        ("UPDATE cases SET topics = '{bad'", ("waiting",)),
        ("UPDATE waits SET due_at = 'tomorrow'", ("explain", "1")),
    ],
)
async def test_what_another_program_wrote_into_it_is_no_bug(
    asked: Shop, statement: str, command: tuple[str, ...]
) -> None:
    """A value that inboxd never writes is told as that, whichever command meets it first."""
    with closing(sqlite3.connect(asked.database)) as connection, connection:
        connection.execute(statement)
    said = asked.say(*command).expect(1).err
    assert "not as inboxd writes it" in said
    assert "a bug" not in said


async def test_a_database_in_a_folder_that_is_not_there_names_the_folder(shop: Shop) -> None:
    """A mistyped path does not make folders."""
    text = shop.config.read_text(encoding="utf-8")
    shop.config.write_text(text.replace('"inboxd.db"', '"gone/inboxd.db"'), encoding="utf-8")
    refused = (await shop.run("run", "--once")).expect(1)
    assert f"{shop.folder / 'gone'} does not exist" in refused.err


async def test_a_read_only_database_is_refused_with_its_name(asked: Shop) -> None:
    """Reading and running say so at once, and do not fail at the first write."""
    asked.database.chmod(0o444)
    for arguments in (["waiting"], ["run", "--once"]):
        refused = (await asked.run(*arguments, under=OBEYING_MODES)).expect(1)
        assert f"{asked.database} is read-only" in refused.err


def test_without_a_database_commands_say_what_creates_it(shop: Shop) -> None:
    """Looking at cases never makes an empty database."""
    for arguments in (["waiting"], ["waiting", "--json"], ["show", "1"], ["ack", "1"]):
        assert "`inboxd run` creates it" in shop.say(*arguments).expect(1).err
    assert not shop.database.exists()


async def test_no_secret_is_in_anything_that_a_faulty_run_leaves_behind(shop: Shop) -> None:
    """Output, logs, configuration and database are searched byte by byte for every token."""
    shop.configure(general="blind_after = 1")
    shop.write_everywhere("Hallo?")
    for fault in (
        Fault.TOKEN_EXPIRED,
        Fault.PERMISSION_MISSING,
        Fault.SERVER_ERROR,
        Fault.HTML,
        Fault.TRUNCATED,
        Fault.DROP_AFTER,
        Fault.RATE_LIMIT,  # the last, because it is obeyed: nothing is asked after it
    ):
        switch = shop.simulator.faults.switch_on("*", fault)
        (await shop.run("run", "--once", "--verbose")).expect(1)
        if fault in {Fault.TOKEN_EXPIRED, Fault.TRUNCATED}:
            (await shop.run("check", "--online")).expect(1)
        assert {call.network for call in shop.simulator.log.calls if call.fault is fault} >= set(
            NETWORKS
        )
        shop.simulator.faults.switch_off(switch)
    (await shop.run("run", "--once", "--verbose")).expect(1)
    for command in ("waiting", "check"):
        (await shop.run(command)).expect(0)
    assert shop.leaks() == []
