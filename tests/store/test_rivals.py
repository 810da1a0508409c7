"""Promises about what is kept of others, and about the worker that reads it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from inboxd import classify
from inboxd.clock import ManualClock
from inboxd.connector import Ledger, Page, WatchSettings
from inboxd.core.rivals import threads
from inboxd.core.waits import WaitEnd
from inboxd.errors import BudgetSpent, PermissionMissing
from inboxd.forgetting import Forgetting
from inboxd.model import Author, Direction, Message
from inboxd.public import PublicCheck, PublicReader
from inboxd.store.keeping.retention import Keep
from inboxd.workers.context import Context
from inboxd.workers.rivals import RivalWatch, Watched
from inboxd.workers.storethread import StoreThread
from tests.store.shop import Shop, at, commented, open_shop
from tests.store.test_forgetting import bytes_of, left_of
from tests.store.test_moving import another, exported, import_into

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from inboxd.connector import Cursor
    from inboxd.core.rivals import PublicMessage
    from inboxd.errors import InboxdError

ZINA, BORIS = Author("7340918255"), Author("1230918255")
YUG = Author("-555")
DAY = timedelta(days=1)


def asked(minutes: float, ref: str, author: Author = ZINA, **facts: Any) -> Message:
    """Return a customer's comment on the rival's wall."""
    plain: dict[str, Any] = {
        "thread_id": f"wall:-555_{ref}",
        "text": "Where is my marmalade parcel?",
    }
    return commented(minutes, f"wall_reply:-555_{ref}", author, **plain | facts)


def told(minutes: float, ref: str, to: str, *, who: Author = ZINA, **facts: Any) -> Message:
    """Return the rival's answer in the thread of *to*."""
    plain: dict[str, Any] = {
        "thread_id": f"wall:-555_{to}", "direction": Direction.OUTBOUND, "author": YUG,
        "text": "Hello! Your gramophone is on its way.", "addressees": (who.remote_id,),
    }  # fmt: skip
    return asked(minutes, ref, **plain | facts)


class Script(PublicReader):
    """A rival whose pages, and troubles, are written down."""

    network: ClassVar[str] = "vk"

    def __init__(
        self, settings: WatchSettings, clock: Any, ledger: Any = None, _ours: Any = None
    ) -> None:
        self.settings, self.ledger = settings, ledger or Ledger(clock)
        self.pages: list[Page | InboxdError] = []
        self.cursors: list[Cursor | None] = []
        self.takes, self._clock = timedelta(), clock

    async def poll(self, cursor: Cursor | None) -> AsyncIterator[Page]:
        """Yield or raise what is written down."""
        self.cursors.append(cursor)
        pages, self.pages = self.pages, []
        for page in pages:
            self.ledger.spend("reads")
            self._clock.advance(self.takes)
            if not isinstance(page, Page):
                raise page
            yield page

    async def check(self) -> PublicCheck:
        """Return somebody."""
        return PublicCheck("Yug")

    async def close(self) -> None:
        """Do nothing."""


class Watch:
    """A shop that watches rivals, each by a script."""

    def __init__(self, shop: Shop, thread: StoreThread, names: Sequence[str]) -> None:
        self.shop, self.clock = shop, ManualClock(at(0))
        context = Context(thread, shop.pipeline, self.clock, ("lead",))
        settings = [WatchSettings(name=name, network="vk", backfill=7 * DAY) for name in names]
        self.scripts = [Script(each, self.clock) for each in settings]
        watched = [Watched(each.settings, each, each.ledger) for each in self.scripts]
        judges = classify.load(), classify.load_reply_judge
        self.worker = RivalWatch(watched, [], context, judges, UTC)
        self.worker._ours = {"shop-vk": "vk"}

    async def read(self, *messages: Message, minutes: float = 0, **facts: Any) -> None:
        """Let the first rival be read, so many minutes after the start."""
        self.scripts[0].pages.append(Page({"at": str(minutes)}, messages, **facts))
        await self.look(minutes)

    async def look(self, minutes: float) -> None:
        """Let the worker look what is due, so many minutes after the start."""
        self.clock.set(at(minutes))
        await self.worker.look()

    def messages(self) -> list[PublicMessage]:
        """Return what is kept of the first."""
        return self.shop.store.rivals.messages("yug", at(-100_000))

    def texts(self) -> list[str]:
        """Return every word that is kept."""
        found = self.shop.rows("SELECT text FROM rival_messages WHERE text IS NOT NULL ORDER BY 1")
        return [text for (text,) in found]


@asynccontextmanager
async def watching(shop: Shop, *names: str) -> AsyncIterator[Watch]:
    thread = StoreThread(shop.store)
    try:
        yield Watch(shop, thread, names or ("yug",))
    finally:
        thread._executor.shutdown()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "inboxd.db"


@pytest.fixture
def shop(database: Path) -> Iterator[Shop]:
    opened = open_shop(database)
    yield opened
    opened.store.close()


HOURS = 60


async def test_a_question_and_its_answer_become_a_wait_of_known_length(shop: Shop) -> None:
    """Whoever asked at nine and was answered at eleven waited for two hours."""
    async with watching(shop) as watch:
        await watch.read(asked(-10 * HOURS, "1"), told(-8 * HOURS, "2", to="1"))
        (thread,) = threads(watch.messages(), DAY, at(0))

    (wait,) = thread.cases[0].waits
    assert (wait.end, (wait.ended_at or at(0)) - wait.since) == (
        WaitEnd.ANSWERED,
        timedelta(hours=2),
    )


async def test_words_go_with_their_judgement_and_names_never_come(
    shop: Shop, database: Path
) -> None:
    """A question waits for its answer; when that has been judged, no byte of either is left."""
    ids = ("7340918255", "-555_")
    async with watching(shop) as watch:
        await watch.read(asked(-10 * HOURS, "1"))
        assert watch.texts() == ["Where is my marmalade parcel?"]
        await watch.read(told(60, "2", to="1"), minutes=7 * HOURS)

        assert watch.texts() == []
        (question, answer) = watch.messages()
        assert question.traits.kind == "request"
        assert answer.flags is not None
        assert answer.manners is not None
    shop.store.erasure.checkpoint()
    left = left_of(("marmalade", "gramophone", *ids), bytes_of(database))
    assert left == []


async def test_a_question_that_nobody_answers_is_forgotten_after_two_weeks(shop: Shop) -> None:
    """That it was asked stays, and its kind; what it said does not."""
    async with watching(shop) as watch:
        await watch.read(asked(-10 * HOURS, "1"))
        await watch.read(minutes=13 * 24 * HOURS)
        assert watch.texts()
        await watch.read(minutes=15 * 24 * HOURS)

        assert watch.texts() == []
        assert [each.traits.kind for each in watch.messages()] == ["request"]


async def test_what_is_read_twice_is_kept_once(shop: Shop) -> None:
    """Each read goes back over what was read before."""
    async with watching(shop) as watch:
        for hours in (0, 7, 14):
            await watch.read(asked(-10 * HOURS, "1"), minutes=hours * HOURS)

        assert len(watch.messages()) == 1
        assert [cursor and cursor["at"] for cursor in watch.scripts[0].cursors] == [
            None,
            "0",
            "420",
        ]


async def test_a_deleted_question_waits_no_more_and_may_come_back(shop: Shop) -> None:
    """Its words go at once."""
    async with watching(shop) as watch:
        question = asked(-10 * HOURS, "1")
        await watch.read(question)
        stub = replace(question, deleted=True, text="", author=None)
        await watch.read(stub, asked(-9 * HOURS, "9", deleted=True), minutes=7 * HOURS)
        (gone,) = watch.messages()
        assert gone.deleted_at == at(7 * HOURS)
        assert watch.texts() == []
        await watch.read(replace(question, restored=True), minutes=14 * HOURS)

        (back,) = watch.messages()
        assert back.deleted_at is None


async def test_nothing_of_it_reaches_what_is_ours(shop: Shop) -> None:
    """No message, case, wait, alert, author or figure of ours comes of it."""
    async with watching(shop) as watch:
        await watch.read(asked(-10 * HOURS, "1", text="This is awful, I am suing you!"))
        shop.now = at(24 * HOURS)
        shop.judge()
        shop.tick()

    for table in ("messages", "cases", "waits", "alerts", "outbox", "authors", "traffic"):
        assert shop.value(f"SELECT count(*) FROM {table}") == 0  # noqa: S608 - names of our schema
    assert shop.rows("SELECT rowid FROM messages_fts WHERE messages_fts MATCH 'suing'") == []


async def test_what_fails_is_noted_and_the_next_one_is_read(shop: Shop) -> None:
    """Nobody is alerted; the trouble stands there until it is over."""
    async with watching(shop, "yug", "vostok") as watch:
        watch.scripts[0].pages.append(PermissionMissing("the wall is closed"))
        watch.scripts[1].pages.append(Page({"at": "0"}, [asked(-60, "1")]))
        await watch.look(0)

        failed, read = (shop.store.rivals.state(name) for name in ("yug", "vostok"))
        assert failed is not None
        assert (failed.error_class, failed.error) == ("PermissionMissing", "the wall is closed")
        assert failed.succeeded_at is None
        assert read is not None
        assert read.succeeded_at == at(0)
        assert shop.queued() == []
        await watch.read(asked(-60, "1"), minutes=7 * HOURS)
        assert (again := shop.store.rivals.state("yug")) is not None
        assert (again.error_class, again.succeeded_at) == ("", at(7 * HOURS))


async def test_a_budget_that_is_used_up_is_waited_for(shop: Shop) -> None:
    """Nothing is asked before the network takes it again, and what was used is kept."""
    async with watching(shop) as watch:
        until = at(30 * 24 * HOURS)
        watch.scripts[0].pages.append(BudgetSpent("the month's reads are used up", until))
        await watch.look(0)
        await watch.look(10 * 24 * HOURS)

        assert len(watch.scripts[0].cursors) == 1
        assert shop.rows("SELECT account, name, amount FROM spendings") == [
            ("watch:yug", "reads", 1)
        ]
        await watch.look(31 * 24 * HOURS)
        assert len(watch.scripts[0].cursors) == 2


async def test_each_is_read_when_its_time_has_come(shop: Shop) -> None:
    """Six hours are six hours; a clock that was set back is not waited for."""
    async with watching(shop) as watch:
        for minutes in (0, 10, 5 * HOURS, 6 * HOURS, 6 * HOURS + 1, -48 * HOURS):
            await watch.look(minutes)

        assert len(watch.scripts[0].cursors) == 3


async def test_what_takes_long_is_broken_off_and_gone_on_with(shop: Shop) -> None:
    """A large wall keeps no round from ending; what was read of it is kept, and the rest comes."""
    async with watching(shop) as watch:
        script = watch.scripts[0]
        script.takes = timedelta(seconds=20)
        script.pages += [Page({"at": str(n)}, [asked(-60, str(n))]) for n in range(9)]
        await watch.look(0)
        assert len(watch.messages()) == 5
        assert (state := shop.store.rivals.state("yug")) is not None
        assert state.succeeded_at is None

        script.takes = timedelta()
        script.pages += [Page({"at": str(n)}, [asked(-60, str(n))]) for n in range(5, 9)]
        await watch.look(2)

        assert len(watch.messages()) == 9
        assert script.cursors == [None, {"at": "4"}]
        assert (state := shop.store.rivals.state("yug")) is not None
        assert state.succeeded_at == at(2)


async def test_our_own_bug_in_a_rival_stops_nothing(shop: Shop) -> None:
    """It is noted like any other trouble."""
    async with watching(shop, "yug", "vostok") as watch:
        watch.scripts[0].pages.append(Page({"at": object()}, [asked(-60, "1")]))  # no JSON
        await watch.look(0)

        assert (state := shop.store.rivals.state("yug")) is not None
        assert state.error == "TypeError: a bug in inboxd"
        assert watch.messages() == []
        assert len(watch.scripts[1].cursors) == 1


async def test_somebody_who_is_forgotten_is_nobody_there_either(shop: Shop) -> None:
    """Their words go and do not come back; the wait that they were in is counted as before."""
    async with watching(shop) as watch:
        shop.hear(commented(-100, "ours", ZINA))
        await watch.read(asked(-10 * HOURS, "1"), asked(-9 * HOURS, "2", BORIS))
        await watch.read(told(-8 * HOURS, "3", to="1"), minutes=7 * HOURS)
        before = [(each.sent_at, each.traits.kind) for each in watch.messages()]
        (people,) = shop.store.people.called(ZINA.remote_id)

        Forgetting(shop.store, shop.rules, "anna").forget(people, at(7 * HOURS), lambda _: None)
        await watch.read(asked(-10 * HOURS, "1"), asked(-5 * HOURS, "5"), minutes=14 * HOURS)

        assert [(each.sent_at, each.traits.kind) for each in watch.messages()] == before
        assert sorted(each.author == "" for each in watch.messages()) == [False, True, True]
        ends = [
            wait.end for one in threads(watch.messages(), DAY, at(0)) for wait in one.cases[0].waits
        ]
        assert ends == [WaitEnd.ANSWERED, None]


async def test_what_is_old_goes_with_the_rest(shop: Shop) -> None:
    """`retain` holds for others as for ours."""
    async with watching(shop) as watch:
        await watch.read(asked(-10 * HOURS, "1"), asked(-9 * HOURS, "2"))
        shop.now = at(200 * 24 * HOURS)
        shop.hear(commented(200 * 24 * HOURS, "now", BORIS))
        for _ in shop.store.retention.removing(Keep(90 * DAY, None, DAY), shop.now):
            pass

        assert watch.messages() == []


async def test_a_name_that_is_another_network_s_now_begins_anew(shop: Shop) -> None:
    """Figures of two different accounts are never mixed."""
    async with watching(shop) as watch:
        await watch.read(asked(-10 * HOURS, "1"))
        with shop.store.transaction():
            state = shop.store.rivals.begin("yug", "twitter", at(0))

        assert (state.cursor, watch.messages()) == (None, [])


async def test_whoever_is_not_watched_any_more_has_no_words_left(shop: Shop) -> None:
    """What is known of them stays."""
    async with watching(shop) as watch:
        await watch.read(asked(-10 * HOURS, "1"))
        shop.store.rivals.leave_alone(["vostok"])

        assert watch.texts() == []
        assert len(watch.messages()) == 1


async def test_answers_of_a_machine_are_none(shop: Shop) -> None:
    """The same words within a minute to two people, and what says so itself, end no wait."""
    quick = "Thank you for writing to us! We will look into it."
    async with watching(shop) as watch:
        await watch.read(
            asked(0, "1"), told(0.5, "2", to="1", text=quick),
            asked(5, "3"), told(5.5, "4", to="3", text=quick),
            asked(9, "5"), told(60, "6", to="5", text="This is an automatic reply."),
            minutes=100,
        )  # fmt: skip
        found = threads(watch.messages(), DAY, at(100))

    assert [wait.end for one in found for wait in one.cases[0].waits] == [None] * 3
    assert [len(one.machines) for one in found] == [1, 1, 1]


def test_the_same_person_is_somebody_else_in_each_thread(shop: Shop) -> None:
    """Nobody can be followed from one question to the next."""
    with shop.store.transaction():
        shop.store.rivals.begin("yug", "vk", at(0))
        shop.store.rivals.add("yug", [(asked(0, "1"), None), (asked(1, "2"), None)], (), at(2))

    authors = {each.author for each in shop.store.rivals.messages("yug", at(-1))}
    assert len(authors) == 2


async def test_a_move_to_another_server_takes_others_along(
    shop: Shop, database: Path, tmp_path: Path
) -> None:
    """Who was watched for a year is not unknown after it; an import beside ours takes none over."""
    async with watching(shop) as watch:
        shop.hear(commented(-100, "ours", ZINA))
        await watch.read(asked(-10 * HOURS, "1"), told(-8 * HOURS, "2", to="1"))
        archive, kept = exported(database), watch.messages()
        state = shop.store.rivals.state("yug")

    with another(tmp_path / "new") as moved:
        import_into(moved, archive)
        assert moved.store.rivals.messages("yug", at(-100_000)) == kept
        assert moved.store.rivals.state("yug") == state
    with another(tmp_path / "in use") as used:
        used.hear(commented(-90, "theirs", BORIS))
        import_into(used, archive)
        assert used.store.rivals.state("yug") is None
