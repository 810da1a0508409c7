"""Promises about forgetting: nothing of a person is left in the file, and every figure is."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from inboxd.classify.retraining import corrected_rows
from inboxd.connector import OutgoingReply, Page
from inboxd.core.redaction import ERASED
from inboxd.core.reproach import Fault
from inboxd.errors import UserError
from inboxd.explain import explain_json
from inboxd.forgetting import Forgetting, Forgotten
from inboxd.model import (
    Alert,
    Attachment,
    Author,
    Kind,
    Manners,
    ReplyVerdict,
    Stream,
    Tone,
    Unknown,
)
from inboxd.pipeline import Origin
from inboxd.rehearsal import rehearse
from inboxd.store import Past, Said, Store
from inboxd.store.forgetting.holders import holding
from inboxd.store.forgetting.mentions import TEXTS
from inboxd.store.keeping.backups import back_up
from inboxd.store.keeping.restoring import restore
from inboxd.store.moving.exporting import snapshot
from inboxd.store.times import to_text
from tests.store.shop import BORIS, BRAND, answered, at, commented, open_shop, replied, said

if TYPE_CHECKING:
    from pathlib import Path

    from inboxd.store.forgetting.people import Person
    from tests.store.shop import Shop

ZINA = Author(
    "7340918255", "Зинаида Квашнина", "zina_kvash", 98765432, "https://vk.example/zina_kvash"
)
WORDS = (
    "7340918255", "Зинаида", "Квашнина", "zina_kvash", "98765432", "perfidious", "marmalade",
    "samovar", "balalaika", "gramophone", "troika", "secretphoto", "rhubarb",
)  # fmt: skip
"""What names her, and a word of each thing she said or was told; small letters or not."""
THREAD = "dm:7340918255"


def wrote(minutes: float, number: int, text: str, **facts: Any) -> Any:
    """Return a private message of hers."""
    place = {"thread_id": THREAD, "author": ZINA, "raw": {"from_id": 7340918255, "text": text}}
    return said(minutes, f"{THREAD}_{number}", text, **place | facts)


def we_wrote(minutes: float, number: int, text: str, **facts: Any) -> Any:
    """Return what the brand wrote to her privately."""
    return answered(minutes, f"{THREAD}_{number}", text, thread_id=THREAD, **facts)


def nothing_is_erased(*_: object) -> None:
    """Erase nobody in a restored database."""


def nothing(_: str) -> None:
    """Watch nothing."""


def known_as(store: Store, name: str) -> list[Person]:
    (found,) = store.people.called(name)
    return found


def forget(shop: Shop, name: str = "zina_kvash") -> Forgotten:
    people = known_as(shop.store, name)
    return Forgetting(shop.store, shop.rules, "anna").forget(people, shop.now, nothing)


def bytes_of(database: Path) -> bytes:
    """Return the file and its journal as they lie on the disk, in small letters."""
    journal = database.with_name(database.name + "-wal")
    raw = database.read_bytes() + (journal.read_bytes() if journal.exists() else b"")
    return raw.lower()


def left_of(words: tuple[str, ...], raw: bytes) -> list[str]:
    """Return those of *words* that are in a file, as they are or as JSON escapes them."""
    forms = {
        word: {
            form
            for each in (word, word.lower(), word.upper(), word.title())
            for form in (each.encode().lower(), json.dumps(each)[1:-1].lower().encode())
        }
        for word in words
    }
    return [word for word, each in forms.items() if any(form in raw for form in each)]


@pytest.fixture
def lived(shop: Shop) -> Shop:
    """A shop in which she wrote, was answered, escalated, noted, corrected, and talked about."""
    shop.hear(
        wrote(0, 1, "Where is my perfidious marmalade?", attachments=(
            Attachment("photo", "https://cdn.example/secretphoto.jpg", "secretphoto"),)),
        commented(1, "c:1", BORIS, "Is it sold out?"),
        commented(2, "c:2", ZINA, "My samovar leaks, awful"),
        commented(3, "c:3", BORIS, "@zina_kvash mine too; Зинаида Квашнина is right", parent_id="c:2",
                  raw={"reply_to_user": 7340918255, "profiles": [
                      {"id": 7340918255, "first_name": "Зинаида", "last_name": "Квашнина"}]}),
    )  # fmt: skip
    shop.judge()
    shop.tick(31)
    shop.deliver()
    shop.now = at(40)
    shop.hear(
        we_wrote(40, 2, "Dear Зинаида Квашнина, the balalaika is on its way."),
        replied(41, "c:4", ZINA, text="Зинаида, we send a new samovar."),
        replied(42, "c:5", ZINA, BORIS, text="@zina_kvash and Boris: sorry."),
    )
    shop.now = at(50)
    shop.hear(
        wrote(0, 1, "Where is my perfidious marmalade, please?", edited_at=at(45)),
        wrote(50, 3, "And the gramophone?"),
    )
    shop.judge()
    private = shop.value("SELECT id FROM cases WHERE NOT public")
    shop.act("note", "Зинаида calls from the troika", private)
    shop.store.drafts.save(private, "anna", "Dear zina_kvash, rhubarb", shop.now)
    message = shop.value("SELECT max(id) FROM messages WHERE NOT public AND direction = 'inbound'")
    shop.pipeline.correct(private, message, Said(kind=Kind.REQUEST), "anna", shop.now)
    item = Unknown("item:7340918255_9", "gift", {"from": 7340918255, "note": "rhubarb"})
    shop.pipeline.ingest(
        Origin("shop-vk", "vk", "wall"),
        Page({"threads": {"a": [1, 2, 7340918255], "b": [3, 4, 5]}}, unknown=[item]),
        shop.now,
    )
    shop.tick(85)
    reply = OutgoingReply(
        "r1", THREAD, Stream.DIRECT_MESSAGES, "Dear Зинаида, rhubarb.", f"{THREAD}_3", ZINA, at(50)
    )
    shop.store.outbox.add_reply("shop-vk", private, reply, shop.now, actor="anna")
    spike = Alert(
        "spike:1/begins", "gathering:9", "spike_begins", Tone.WARNING, "Many complain", shop.now,
        facts=(("accounts", "shop-vk"),), examples=(shop.store.card(private),),
    )  # fmt: skip
    shop.store.outbox.add_alert(spike, ["support"])
    shop.deliver()
    shop.now = at(90)
    return shop


OUR_WORDS = {
    "account", "network", "stream", "source", "direction", "kind", "topics", "urgency", "language",
    "actor", "staff", "acknowledged_by", "assigned_to", "undone_by", "policy", "status", "action",
    "outcome", "told", "pauses", "covers", "key", "thread", "reason", "tone", "mentions", "receiver",
    "state", "bundle", "held", "instead_of", "model", "machine_kind", "machine_topics",
    "machine_urgency", "machine_language", "machine", "machine_flags", "flags", "manners", "error_class", "told_as", "topic",
    "session", "doing", "hour", "day", "name", "value", "digest", "until", "since",
    "promised_on", "error", "ended_by", "rival", "subject", "made_by",
    *(f"{each}_at" for each in (
        "acknowledged", "answered", "became", "began", "begins", "blind", "calm", "claimed", "classified",
        "created", "deleted", "done", "due", "edited", "ended", "ends", "erased", "first_seen", "judged",
        "last_seen", "next_step", "opened", "polled", "promised", "quiet", "replaced",
        "reply_closes", "resolution_due", "response_due", "retry", "saved", "seen", "sent",
        "snoozed", "succeeded", "told", "understood", "undone", "written", "wrote")),
    "at", "before", "not_before", "failing_since", "blind_since", "reading_since", "waiting_since",
    "calm_since", "settled_until", "snoozed_until", "told_until",
}  # fmt: skip
"""Columns that hold times, codes, our colleagues and our own words."""
FIGURES = (
    "SELECT kind, topics, urgency, language, count(*) FROM messages GROUP BY 1, 2, 3, 4",
    "SELECT wait, since, due_at, open_seconds, wall_seconds, late FROM response_times",
    "SELECT * FROM traffic",
    "SELECT count(DISTINCT author_id), count(*), sum(versions) FROM messages",
    "SELECT case_id, since, kind, due_at, telling_id FROM waits",
    "SELECT id, kind, topics, policy, opened_at, answered_at, first_message_id FROM cases",
    "SELECT key, reason, tone, created_at FROM alerts WHERE tone <> 'recovery'",
    "SELECT machine_kind, kind, actor FROM corrections",
)


def test_no_byte_of_a_person_is_left_in_the_file(lived: Shop, database: Path) -> None:
    """Names, ids and words are gone from rows, indexes, free pages and the journal."""
    assert left_of(WORDS, bytes_of(database)) == list(WORDS)

    forgotten = forget(lived)

    assert forgotten.is_clean
    assert left_of(WORDS, bytes_of(database)) == []
    assert lived.store.integrity() == ""
    assert lived.rows("INSERT INTO messages_fts (messages_fts) VALUES ('integrity-check')") == []


def test_forgetting_leaves_the_figures(lived: Shop) -> None:
    """Messages, waits, cases, topics and alerts are counted as before, others' words are whole."""
    before = [lived.rows(sql) for sql in FIGURES[:1] + FIGURES[2:]]
    times = lived.rows(FIGURES[1])

    forgotten = forget(lived)

    assert [lived.rows(sql) for sql in FIGURES[:1] + FIGURES[2:]] == before
    assert lived.rows(FIGURES[1])[: len(times)] == times
    assert len(forgotten.closed) == 1
    assert lived.value("SELECT text FROM messages WHERE remote_id = 'c:1'") == "Is it sold out?"


def test_to_fold_in_what_is_left_comes_out_as_before(lived: Shop) -> None:
    """Who waits beside her goes on waiting, and her own waits do not change either."""
    lived.hear(we_wrote(91, 5, "On its way."), wrote(92, 6, "thanks, but when, for the rhubarb?"))
    lived.now = at(95)
    lived.judge()
    forget(lived)
    before = lived.cases()
    with lived.store.transaction():
        conversations = [number for (number,) in lived.rows("SELECT id FROM conversations")]
        lived.pipeline.track(dict.fromkeys(conversations, ""), lived.now)

    assert lived.cases() == before


def test_what_was_erased_does_not_come_back(lived: Shop, database: Path) -> None:
    """The overlap, late deliveries, edits of others and the quarantine bring nothing again."""
    forget(lived)
    lived.hear(
        wrote(0, 1, "Where is my perfidious marmalade?"),
        wrote(20, 9, "A late gramophone"),
        we_wrote(40, 2, "Dear Зинаида Квашнина, the balalaika is on its way."),
        commented(2, "c:2", ZINA, "My samovar leaks, awful"),
        commented(3, "c:3", BORIS, "@zina_kvash mine too; Зинаида Квашнина is right"),
        replied(42, "c:5", ZINA, BORIS, text="@zina_kvash and Boris: sorry."),
    )
    item = Unknown("item:7340918255_9", "gift", {"from": 7340918255, "note": "rhubarb"})
    lived.pipeline.ingest(Origin("shop-vk", "vk", "wall"), Page({}, unknown=[item]), lived.now)
    lived.store.erasure.checkpoint()

    assert left_of(WORDS, bytes_of(database)) == []


def test_a_new_message_is_a_new_contact(lived: Shop) -> None:
    """Whoever writes again after having been forgotten is answered like anybody, and can be again."""
    forget(lived)
    lived.now = at(100)
    lived.hear(wrote(100, 50, "It is me again, where is the troika?"))
    lived.judge()

    assert [case.author.name for case in lived.store.views.waiting() if case.author][-1:] == [
        "Зинаида Квашнина"
    ]

    lived.now = at(110)
    again = forget(lived)

    assert again.messages == 1
    assert lived.store.people.called("zina_kvash") == []


def test_the_case_is_shown_as_erased(lived: Shop) -> None:
    """Lists, threads and explanations go on working, and say what is missing."""
    private = lived.value("SELECT id FROM cases WHERE NOT public")
    forget(lived)
    thread = lived.store.views.thread(private)

    assert {message.text.rstrip("?") for message in thread} == {ERASED}
    assert {message.author.name for message in thread if message.author} >= {ERASED}
    assert lived.store.cases.find(private)[0].status == "closed"
    assert explain_json(lived.store, lived.rules, private, lived.now, UTC)
    assert lived.store.card(private).text.rstrip("?") == ERASED


def test_networks_are_not_asked_for_what_was_erased(lived: Shop) -> None:
    """Whoever looks for messages again gets the names of those that have one."""
    forget(lived)
    known = lived.store.known.since("shop-vk", at(-10))

    assert {each.remote_id for each in known} == {"c:1", "c:3", "c:5"}
    assert {each.parent_id for each in known} == {None}
    assert all(":" in each.remote_id for each in lived.store.known.waiting("shop-vk"))
    assert lived.store.people.called(ERASED) == []


def test_a_reply_that_is_leaving_is_waited_for(lived: Shop) -> None:
    """What is at the network already would be stored again, and so it is said to try later."""
    private = lived.value("SELECT id FROM cases WHERE NOT public")
    reply = OutgoingReply("r2", THREAD, Stream.DIRECT_MESSAGES, "On its way.", None, ZINA, at(50))
    lived.store.outbox.add_reply("shop-vk", private, reply, lived.now)
    (item,) = lived.store.outbox.due("shop-vk", lived.now)
    assert lived.store.outbox.claim(item, lived.now)

    with pytest.raises(UserError, match="being sent"):
        forget(lived)


def test_a_backup_that_comes_back_is_erased_again(lived: Shop, tmp_path: Path) -> None:
    """Whoever restores an older state carries the erasures over, and they hold there as well."""
    copy = tmp_path / "backup.db"
    private = lived.value("SELECT id FROM cases WHERE NOT public")
    reply = OutgoingReply("r2", THREAD, Stream.DIRECT_MESSAGES, "Soon.", None, ZINA, at(50))
    lived.store.outbox.add_reply("shop-vk", private, reply, lived.now)
    (item,) = lived.store.outbox.due("shop-vk", lived.now)
    assert lived.store.outbox.claim(item, lived.now)
    lived.rows("VACUUM INTO ?", str(copy))
    lived.store.outbox.sent(item, {"remote_id": f"{THREAD}_88"}, lived.now)
    forget(lived)
    lived.now = at(95)
    forget(lived, "boris")
    erasures = lived.store.erasures.all()
    restored = open_shop(copy)
    try:
        again = Forgetting(restored.store, restored.rules, "anna").again(erasures, nothing)
        assert again == 2
        assert restored.store.people.called("zina_kvash") == []
        assert restored.store.people.called("boris") == []
        # It was leaving when the backup was made; what became of it nobody is to ask.
        assert restored.value("SELECT state FROM outbox WHERE key = 'r2'") == "cancelled"
        assert Forgetting(restored.store, restored.rules, "anna").again(erasures, nothing) == 0
    finally:
        restored.store.close()
    assert left_of(WORDS, bytes_of(copy)) == []


def test_what_was_broken_off_can_be_finished(lived: Shop, database: Path) -> None:
    """A kill after the rows were erased leaves words in the index, which the next run takes out."""
    forgetting = Forgetting(lived.store, lived.rules, "anna")

    def killed(step: str) -> None:
        if step == "index":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        forgetting.forget(known_as(lived.store, "zina_kvash"), lived.now, killed)
    assert left_of(WORDS, bytes_of(database)) != []
    assert not forgetting.is_finished()

    assert forgetting.finish(nothing)
    assert left_of(WORDS, bytes_of(database)) == []
    assert forgetting.is_finished()


def test_a_reader_that_keeps_the_journal_is_told_of(lived: Shop, database: Path) -> None:
    """Old pages stay as long as somebody reads them; it is said, and can be finished."""
    lived.store.database.execute("PRAGMA busy_timeout = 50")
    with snapshot(database) as taken:
        assert taken.count("messages")
        assert not forget(lived).is_clean

    assert Forgetting(lived.store, lived.rules, "anna").finish(nothing)
    assert left_of(WORDS, bytes_of(database)) == []


def test_backups_that_hold_somebody_are_named(lived: Shop, tmp_path: Path) -> None:
    """So are those that cannot be read; a copy that was made afterwards is not."""
    people = known_as(lived.store, "zina_kvash")
    folder = tmp_path / "backups"
    assert holding(folder, people) == {}
    folder.mkdir()
    lived.rows("VACUUM INTO ?", str(folder / "before.db"))
    (folder / "broken.db").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("Зинаида")
    forget(lived)
    lived.rows("VACUUM INTO ?", str(folder / "later.db"))

    assert {path.name: str(holds) for path, holds in holding(folder, people).items()} == {
        "before.db": "yes",
        "broken.db": "unreadable",
    }


def test_what_was_killed_halfway_or_restored_over_is_named_too(
    lived: Shop, database: Path, tmp_path: Path
) -> None:
    """A copy is one whatever its name is, and wherever inboxd may have left it."""
    people = known_as(lived.store, "zina_kvash")
    backup = back_up(database, tmp_path / "copy.db").path
    lived.store.close()
    former = restore(database, backup, lived.now, nothing_is_erased).former
    copies = [
        ".inboxd-1.db.partial",
        ".inboxd.db.restoring",
        ".inboxd-import-x/incoming.db",
        "old.bak",
    ]
    for name in copies:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(backup, tmp_path / name)

    assert former
    found = {str(path.relative_to(tmp_path)) for path in holding(tmp_path, people, database)}
    assert found == {*copies, "copy.db", former.name}


def test_people_are_found_by_id_handle_and_name(lived: Shop) -> None:
    """In whatever letters; two of one name are two people."""
    lived.hear(commented(60, "c:9", Author("5550001112", "зинаида квашнина", "other"), "Me too"))

    assert len(lived.store.people.called("7340918255")) == 1
    assert len(lived.store.people.called("@Zina_Kvash")) == 1
    assert len(lived.store.people.called("ЗИНАИДА КВАШНИНА")) == 2
    assert lived.store.people.called("Зинаида") == []
    assert known_as(lived.store, BRAND.remote_id)[0].is_brand


def test_erasures_name_nobody(lived: Shop) -> None:
    """What keeps a person away is a hash; it says of whom only to whoever asks for them."""
    forget(lived)

    kinds = dict(lived.rows("SELECT kind, count(*) FROM erasures GROUP BY kind"))

    assert kinds.keys() == {"author", "thread", "message", "item"}
    (found,) = lived.store.erasures.erased("author", "shop-vk", ["7340918255", "boris"]).items()
    assert (found[0], found[1].erased_at) == ("7340918255", to_text(lived.now))


def test_every_column_of_words_is_looked_through(lived: Shop) -> None:
    """A column that is added must be searched for names, or be known to hold none."""
    unsearched = {
        (table, column)
        for (table,) in lived.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not table.startswith(("messages_fts", "sqlite_", "_sqlite"))
        for _, column, kind, *_ in lived.rows(f"PRAGMA table_info({table})")
        if kind == "TEXT" and column not in TEXTS.get(table, ())
    }

    assert {each for each in unsearched if each[1] not in OUR_WORDS} == {
        # Theirs go with their rows; what others' threads and messages are called stays.
        ("authors", "remote_id"), ("authors", "handle"), ("authors", "url"),
        ("messages", "remote_id"), ("conversations", "remote_id"),
        # Keyed hashes of theirs.
        ("rival_messages", "message"), ("rival_messages", "author"),
        ("rival_messages", "addressees"), ("rival_messages", "words"),
        # Figures and our own words; no report names a customer.
        ("reports", "filename"), ("reports", "period"), ("reports", "html"),
    }  # fmt: skip


def test_nothing_is_learnt_from_what_was_erased(lived: Shop) -> None:
    """A correction of hers teaches nothing any more, and counts as one."""
    assert corrected_rows(lived.store.corrections.all())
    forget(lived)

    assert corrected_rows(lived.store.corrections.all()) == []
    assert len(lived.store.corrections.all()) == 1


def test_what_was_said_of_answers_to_her_says_nothing_of_her(lived: Shop) -> None:
    """The text goes, the note goes, and the word itself goes on standing."""
    ours = "SELECT id FROM messages WHERE direction = 'outbound' AND NOT public"
    said = lived.store.replies.unjudged(99)
    verdict = ReplyVerdict(
        deflection=True,
        promise=False,
        non_answer=False,
        language="en",
        scores={"deflection": 0.9},
        manners=Manners(
            greeting=True, thanks=False, apology=False, punctuation=True, capitals=True
        ),
    )
    lived.pipeline.judge_replies([(each, verdict) for each in said], lived.now, "test")
    message = lived.value(ours)
    fine = {Fault.DEFLECTION: False}
    lived.pipeline.correct_reply(message, fine, "Зинаида asked for it", "anna", lived.now)
    forget(lived)

    assert lived.rows("SELECT note FROM reply_corrections") == [("(erased)",)]
    (found,) = lived.store.reply_corrections.of([message]).values()
    assert found.person == fine
    assert "balalaika" not in found.text


def test_a_past_with_erased_people_can_be_rehearsed(lived: Shop, database: Path) -> None:
    """Going through the past once more takes what was erased as it is."""
    forget(lived)
    with closing(Past(database)) as past:
        outcome = rehearse(past, lived.rules, (at(-10), at(90)), UTC, lambda _: None)

    assert outcome.alike
