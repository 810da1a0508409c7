"""Promises about exports and imports: nothing is lost on the way, and nobody is told twice."""

from __future__ import annotations

import gzip
import json
import tempfile
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from inboxd.connector import OutgoingReply
from inboxd.durations import parse_business
from inboxd.errors import DatabaseError, UserError
from inboxd.forgetting import Forgetting
from inboxd.importing import Importing
from inboxd.model import Author, Direction, Kind, Stream
from inboxd.store import Said
from inboxd.store.keeping.retention import Keep
from inboxd.store.moving.archive import lines_of
from inboxd.store.moving.exporting import Choice, snapshot
from tests.store.shop import BRAND, answered, at, commented, open_shop, policy, rules, said
from tests.store.test_backups import OWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.store.shop import Shop

PEOPLE = [Author(f"{number}", f"Їжак {number}", f"h{number}", number) for number in range(3)]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.sampled_from(["ask", "comment", "answer", "edit", "close", "note", "tick", "correct"]),
        st.integers(0, 2),
        st.text(max_size=30),
    ),
    min_size=1,
    max_size=25,
)


UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A smaller example takes minutes to find: each makes two databases."""


def nothing(*_: object) -> None:
    """Watch nothing."""


def exported(database: Path, *, raw: bool = True) -> str:
    """Return an archive of a database, as it is written to a file."""
    with snapshot(database) as taken:
        lines = lines_of(taken, taken.everything(raw=raw), at(0), raw=raw)
        return "".join(f"{line}\n" for _, line in lines)


def import_into(shop: Shop, archive: str, *, keep: bool = True) -> dict[str, int]:
    file = shop.store.path.with_suffix(".jsonl")
    file.write_text(archive, encoding="utf-8")
    return Importing(shop.store, shop.rules, "anna", keep=keep).take(file, shop.now, nothing)


@contextmanager
def another(folder: Path) -> Iterator[Shop]:
    """Yield a shop on a database of its own."""
    folder.mkdir(exist_ok=True)
    with closing((shop := open_shop(folder / "inboxd.db")).store):
        yield shop


def live(shop: Shop, events: list[tuple[int, str, int, str]], prefix: str = "m") -> None:
    """Let things happen, one after the other."""
    for number, (minute, what, who, text) in enumerate(sorted(events)):
        shop.now = max(shop.now, at(minute))
        facts = {"thread_id": f"dm:{prefix}{who}", "author": PEOPLE[who]}
        name = f"{prefix}{number}"
        match what:
            case "ask":
                shop.hear(said(minute, name, text, **facts))
            case "comment":
                shop.hear(commented(minute, name, PEOPLE[who], text))
            case "answer":
                shop.hear(answered(minute, name, text, thread_id=facts["thread_id"]))
            case "edit":
                shop.hear(said(minute, f"{prefix}e{who}", text, edited_at=shop.now, **facts))
            case "tick":
                shop.judge()
                shop.tick()
                shop.deliver()
            case _:
                act(shop, what, text)
    shop.judge()


def act(shop: Shop, what: str, text: str) -> None:
    """Let a person do something about the newest case, if there is one that waits."""
    case = shop.value("SELECT max(id) FROM cases WHERE status = 'waiting'")
    if case is None:
        return
    if what != "correct":
        shop.act(what, text, case)
        return
    shop.judge()
    shop.pipeline.correct(case, None, Said(kind=Kind.PRAISE), "anna", shop.now)


@given(EVENTS)
@settings(max_examples=12, deadline=None, phases=UNSHRUNK)
def test_an_import_into_an_empty_database_is_the_same_byte_for_byte(
    events: list[tuple[int, str, int, str]],
) -> None:
    """Whatever happened, and whatever customers wrote."""
    with tempfile.TemporaryDirectory() as folder, another(Path(folder, "a")) as one:
        live(one, events)
        archive = exported(one.store.path)
        with another(Path(folder, "b")) as other:
            import_into(other, archive)
            assert exported(other.store.path) == archive
            assert other.store.messages.unclassified(1) == []
            index = "INSERT INTO messages_fts (messages_fts) VALUES ('integrity-check')"
            assert other.rows(index) == []


@given(EVENTS, EVENTS)
@settings(max_examples=12, deadline=None, phases=UNSHRUNK)
def test_to_merge_twice_is_to_merge_once_and_tells_nobody(
    here: list[tuple[int, str, int, str]], there: list[tuple[int, str, int, str]]
) -> None:
    """What another server had is added to what this one has; no alert follows from that."""
    with (
        tempfile.TemporaryDirectory() as folder,
        another(Path(folder, "a")) as one,
        another(Path(folder, "b")) as other,
    ):
        live(one, here)
        live(other, there, "n")
        live(other, here[: len(here) // 2])
        one.hear(said(0, "anchor", "Hello"))
        archive = exported(other.store.path)
        one.now = at(500)
        one.tick()
        queued = one.queued()
        wanted = {*names(one), *names(other)}
        import_into(one, archive)
        once = exported(one.store.path)
        import_into(one, archive)

        assert exported(one.store.path) == once
        assert {*names(one)} == wanted
        one.tick()
        new = one.queued()[len(queued) :]
        # That somebody of whom people were told here was answered there is no alert.
        assert not [each for each in new if each[2] == "pending" and each[0][:5] != "wait_"]
        assert one.store.integrity() == ""
        assert one.rows("PRAGMA foreign_key_check") == []


def names(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.rows("SELECT account, remote_id FROM messages ORDER BY 1, 2")


@pytest.fixture
def lived(shop: Shop) -> Shop:
    """A shop with a case that was told of, and one that was answered by way of inboxd."""
    shop.hear(said(0, "m:1", "=cmd|'/c calc'!A0, where is it?"), said(1, "m:2", "Hello?"))
    shop.judge()
    shop.tick(61)
    shop.deliver()
    shop.now = at(75)
    shop.hear(answered(62, "m:3"))
    reply = OutgoingReply("k", "dm:1", Stream.DIRECT_MESSAGES, "Yes", None, None, at(1))
    shop.store.outbox.add_reply("shop-vk", 1, reply, shop.now)
    shop.hear(said(70, "m:4", "And now?", thread_id="dm:2"))
    shop.judge()
    return shop


def test_a_moved_case_goes_on_where_it_was(lived: Shop, tmp_path: Path) -> None:
    """On the new server, it has its number, and the next step alone is told."""
    with another(tmp_path / "new") as new:
        import_into(new, exported(lived.store.path))
        before = new.queued()
        assert new.tick(76) == lived.tick(76)
        new.tick(101)
        lived.tick(101)
        assert new.queued() == lived.queued()
        assert len(new.queued()) > len(before)


def test_what_is_merged_waits_without_being_told_of_the_past(lived: Shop, tmp_path: Path) -> None:
    """An open case that comes from elsewhere is listed; only what falls due later is told."""
    with another(tmp_path / "new") as new:
        new.hear(said(0, "x:1", "Me too", thread_id="dm:9"))
        new.now = at(105)
        import_into(new, exported(lived.store.path))
        new.tick(106)
        told = list(new.rows("SELECT case_id, key FROM alerts"))
        waiting = {case.text for case in new.store.views.waiting()}
        new.tick(131)
        later = new.rows("SELECT case_id FROM alerts WHERE created_at >= ?", "2026-11-23T11:11")

    assert "And now?" in waiting
    assert {case for case, _ in told if case == 3} == set()
    assert later


def test_each_case_that_was_closed_there_is_closed_here_at_once(shop: Shop, tmp_path: Path) -> None:
    """Though what is one case here is three there: a second import finds nothing left to add."""
    with another(tmp_path / "there") as there:
        for minute in (0, 20, 40):
            for each in (shop, there):
                each.now = at(minute + 10)
                each.hear(said(minute, f"m:{minute}", "And now?"))
            there.act("close")
        import_into(shop, exported(there.store.path))
        closed = "SELECT first_message_id, covers FROM cases JOIN actions ON case_id = cases.id"
        assert len(shop.rows(closed)) == 3
        assert shop.rows(closed) == there.rows(closed)
        once = exported(shop.store.path)
        import_into(shop, exported(there.store.path))
        assert exported(shop.store.path) == once


@pytest.mark.parametrize("answer", ["9d", None])
def test_what_is_overdue_elsewhere_is_no_news_here(tmp_path: Path, answer: str | None) -> None:
    """Nor is a case whose resolution is; whoever writes in it is heard."""
    target = parse_business(answer) if answer else None
    slow = policy(first_response=target, next_response=target, resolution=parse_business("1h"))
    with another(tmp_path / "old") as old, another(tmp_path / "new") as new:
        old.rules = new.rules = rules(slow)
        old.hear(said(0, "m:1"))
        old.judge()
        new.hear(answered(0, "x:1", thread_id="dm:9"))
        new.now = at(600)
        import_into(new, exported(old.store.path))
        new.tick(601)
        assert new.queued() == []
        new.now = at(602)
        new.hear(said(602, "m:2"))
        new.tick()
        assert {reason for reason, *_ in new.queued()} == {"step_due"}


def test_what_was_removed_for_its_age_does_not_come_back(lived: Shop) -> None:
    """Its figures are kept already; an old export would count it twice."""
    lived.hear(answered(100, "m:9", thread_id="dm:2"))
    lived.now = at(60 * 24 * 200)
    lived.tick()
    archive = exported(lived.store.path)
    lived.hear(said(60 * 24 * 200, "m:10", "New", thread_id="dm:5"))
    keep = Keep(timedelta(days=100), None, lived.rules.quiet_after)
    removed = [*lived.store.retention.removing(keep, lived.now)][-1]
    assert removed.messages > 0
    before = lived.rows("SELECT * FROM past_messages"), names(lived)
    assert import_into(lived, archive)["messages"] == 0
    assert (lived.rows("SELECT * FROM past_messages"), names(lived)) == before


def test_a_reply_that_was_not_sent_there_is_not_sent_here(lived: Shop, tmp_path: Path) -> None:
    """The other server may have sent it after the export: it is cancelled."""
    with another(tmp_path / "new") as new:
        new.hear(said(0, "x:1", "Me too", thread_id="dm:9"))
        import_into(new, exported(lived.store.path))
        assert new.value("SELECT state FROM outbox WHERE reply IS NOT NULL") == "cancelled"


def test_an_erased_person_does_not_come_back_by_an_import(lived: Shop, tmp_path: Path) -> None:
    """Neither into the database in which they were erased, nor does another one keep them."""
    archive = exported(lived.store.path)
    (people,) = lived.store.people.called("oksana")
    Forgetting(lived.store, lived.rules, "anna").forget(people, lived.now, nothing)
    lived.hear(said(200, "m:9", "Something else", thread_id="dm:7", author=PEOPLE[1]))
    after = exported(lived.store.path)
    assert import_into(lived, archive)["messages"] == 0
    assert exported(lived.store.path) == after
    with another(tmp_path / "new") as new:
        new.hear(said(0, "m:1"), said(1, "x:1", "Hi", author=PEOPLE[0], thread_id="dm:3"))
        import_into(new, after)
        assert new.store.people.called("oksana") == []


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda lines: lines[1:], "is no export"),
        (lambda lines: lines[:-1], "its end is missing"),
        (lambda lines: lines[:3] + lines[4:], "lines are missing"),
        (lambda lines: [*lines[:4], "nonsense", *lines[4:]], "line 5: is no JSON"),
        (lambda lines: [*lines[:4], '{"table":"moon","row":{"a":1}}', *lines[4:]], "line 5: .*no such table"),
        (lambda lines: [*lines[:4], lines[3], *lines[4:]], "line 5: .*UNIQUE"),
        (lambda lines: [lines[0].replace("m001_first", "m999_later"), *lines[1:]], "newer"),
        (lambda lines: [lines[0].replace('"m001_first",', ""), *lines[1:]], "an older one"),
        (lambda lines: [lines[0].replace('"schema":[', '"scheme":['), *lines[1:]], "line 1: is not as"),
        (lambda lines: [lines[0].replace('"m001_first"', '["m001_first"]'), *lines[1:]], "line 1: is not as"),
        (lambda lines: [*lines[:4], "[" * 100_000, *lines[4:]], "line 5: is no row: .* too deeply"),
        (lambda lines: [*lines[:-1], '{"rows":null}'], "is no row of a table"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("used", [False, True])
def test_a_bad_line_is_named_and_nothing_is_half_done(
    lived: Shop, tmp_path: Path, spoil: Any, what: str, *, used: bool
) -> None:
    """The error has the file and the line; the database is as it was."""
    archive = exported(lived.store.path)
    broken = "\n".join(spoil(archive.splitlines())) + "\n"
    with another(tmp_path / "new") as new:
        if used:
            new.hear(said(0, "x:1", "Me too", thread_id="dm:9"))
        before = exported(new.store.path)
        with pytest.raises(UserError, match=f"^inboxd.jsonl.*{what}"):
            import_into(new, broken)
        assert exported(new.store.path) == before
        assert [path.name for path in new.store.path.parent.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("authors", "followers", "many"),
        ("authors", "name", 7),
        ("messages", "sent_at", "yesterday"),
        ("messages", "seen_at", "2026-11-22 08:30:00"),
        ("messages", "direction", "sideways"),
        ("messages", "topics", "[{}]"),
        ("messages", "attachments", "{}"),
        ("messages", "verdict", "[" * 100_000),
        ("messages", "public", True),
        ("messages", "versions", -7),
        ("messages", "text", ["a", "list"]),
        ("cases", "status", "lost"),
        ("waits", "kind", "complaint"),
    ],
)
def test_a_value_that_nothing_could_read_is_refused(
    lived: Shop, tmp_path: Path, table: str, column: str, value: object
) -> None:
    """SQLite would keep it, and every list of those who wait would end at it."""
    lines = exported(lived.store.path).splitlines()
    number = next(n for n, line in enumerate(lines) if line.startswith(f'{{"table":"{table}"'))
    line = json.loads(lines[number])
    line["row"][column] = value
    lines[number] = json.dumps(line)
    with another(tmp_path / "new") as new:
        before = exported(new.store.path)
        with pytest.raises(UserError, match=f"line {number + 1}: .*{column} must be"):
            import_into(new, "\n".join(lines) + "\n")
        assert exported(new.store.path) == before


def test_a_packed_file_that_is_broken_is_refused(lived: Shop, tmp_path: Path) -> None:
    """Wherever it breaks off or was overwritten: in a word, and nothing is half done."""
    packed = gzip.compress(exported(lived.store.path).encode())
    spoilt = [packed[:40], packed[:-4], packed[:60] + b"\xff" * 60 + packed[120:], b"no gzip"]
    file = tmp_path / "all.jsonl.gz"
    with another(tmp_path / "new") as new:
        before = exported(new.store.path)
        for each in spoilt:
            file.write_bytes(each)
            with pytest.raises(UserError, match=r"all.jsonl.gz cannot be read|is no JSON"):
                Importing(new.store, new.rules, "anna").take(file, new.now, nothing)
        assert exported(new.store.path) == before


def test_what_a_killed_import_left_behind_goes_with_the_next(lived: Shop, tmp_path: Path) -> None:
    """It is a copy of everybody in the export."""
    with another(tmp_path / "new") as new:
        new.hear(said(0, "x:1", "Me too", thread_id="dm:9"))
        left = new.store.path.parent / ".inboxd-import-killed"
        left.mkdir()
        (left / "incoming.db").write_bytes(b"everybody")
        import_into(new, exported(lived.store.path))
        assert not left.exists()


@pytest.mark.parametrize("used", [False, True])
def test_a_dry_run_keeps_nothing(lived: Shop, tmp_path: Path, *, used: bool) -> None:
    """It says what would come, and the file is as it was; what a killed one left is cleared."""
    with another(tmp_path / "new") as new:
        left = tmp_path / "new" / ".inboxd-import-killed"
        left.mkdir()
        if used:
            new.hear(said(0, "x:1", "Me too", thread_id="dm:9"))
        before = exported(new.store.path)
        counts = import_into(new, exported(lived.store.path), keep=False)
        assert counts["messages"] == 4
        assert left.exists() is not used
        assert exported(new.store.path) == before


def test_an_export_is_of_one_instant(lived: Shop) -> None:
    """What is written while it is read is not in it."""
    with snapshot(lived.store.path) as taken:
        _, rows = taken.table("messages", Choice())
        first = next(rows)
        lived.hear(said(80, "m:5", "Later"))
        assert 1 + sum(1 for _ in rows) == 4
        assert first[0] == 1
        assert sum(1 for _ in taken.joined("cases", Choice())[1]) == lived.value(
            "SELECT count(*) FROM cases"
        )


def test_every_documented_table_can_be_exported(lived: Shop) -> None:
    """Tables and views, whole and by account; and by time where they have one."""
    with snapshot(lived.store.path) as taken:
        for name in taken.names():
            whole = list(taken.table(name, Choice(raw=True))[1])
            mine = list(taken.table(name, Choice(account="shop-vk", raw=True))[1])
            assert len(mine) <= len(whole)
        assert [*taken.table("messages", Choice(since=at(61)))[1]] != []
        assert [*taken.table("messages", Choice(account="nobody"))[1]] == []
        with pytest.raises(UserError, match="has no time"):
            taken.table("authors", Choice(since=at(61)))
        with pytest.raises(UserError, match="there is no table 'moon'"):
            taken.table("moon", Choice())


def test_raw_payloads_leave_only_when_asked_for(lived: Shop) -> None:
    """Neither in tables, nor joined, nor in an archive."""
    assert '"raw":"{' in exported(lived.store.path)
    assert '"raw":"{' not in exported(lived.store.path, raw=False)
    with snapshot(lived.store.path) as taken:
        assert "raw" not in taken.joined("messages", Choice())[0]
        assert "raw" in taken.joined("messages", Choice(raw=True))[0]
        assert "raw" not in taken.table("messages", Choice())[0]


def test_joined_rows_say_what_an_analyst_asks(lived: Shop) -> None:
    """A case with its first response, a message with its case, its author and its verdict."""
    with snapshot(lived.store.path) as taken:
        columns, rows = taken.joined("cases", Choice())
        case = dict(zip(columns, next(rows), strict=True))
        names, messages = taken.joined("messages", Choice())
        message = dict(zip(names, next(messages), strict=True))
    assert case["author"] == message["author"] == "Оксана"
    assert case["first_response_wall_seconds"] == 62 * 60
    assert (case["first_response_late"], case["waits"], case["late_waits"]) == (1, 1, 1)
    assert (message["case_id"], message["kind"], message["topics"]) == (1, "other", "other")
    assert json.loads(json.dumps(case)) == case
    assert message["direction"] == Direction.INBOUND
    assert BRAND.name


def test_tables_that_people_added_are_exported_by_name_alone(lived: Shop, tmp_path: Path) -> None:
    """However they are called; no other inboxd could take them in with the rest."""
    before = exported(lived.store.path)
    lived.store.database.executescript(OWN)
    assert exported(lived.store.path) == before
    with snapshot(lived.store.path) as taken:
        found = {name: [*taken.table(name, Choice())[1]] for name in ("my notes", 'a"b', "select")}
        with pytest.raises(UserError, match="broken, which is not inboxd's, cannot be read"):
            taken.table("broken", Choice())
    assert found == {"my notes": [(7,)], 'a"b': [], "select": [(1,)]}
    with another(tmp_path / "new") as new:
        new.store.database.executescript(OWN)
        import_into(new, before)


def test_a_damaged_text_is_said_to_be_one(lived: Shop) -> None:
    """SQLite keeps whatever bytes it was given, and bits that have rotted."""
    lived.rows("UPDATE messages SET text = CAST(x'41ff42' AS TEXT) WHERE id = 1")
    with pytest.raises(DatabaseError, match="a text in it is none; it is damaged"):
        exported(lived.store.path)


def test_what_rows_belong_to_comes_before_them(lived: Shop) -> None:
    """Otherwise an import takes a time that grows with the square of the rows."""
    with snapshot(lived.store.path) as taken:
        seen: set[str] = set()
        for table, _ in taken.everything(raw=True):
            owners = {row[2] for row in lived.rows(f"PRAGMA foreign_key_list({table})")}
            assert owners <= seen | {table}
            seen.add(table)
