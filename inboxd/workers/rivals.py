"""
Reads what others are asked in public: now and then, after everything of ours, and told to nobody.

What goes wrong with one is logged, stands in `inboxd doctor` and in the report, and stops nothing
else: nobody is alerted to it, and nobody waits for it.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from inboxd import plugins
from inboxd.classify import Reply
from inboxd.config.watching import lends
from inboxd.connector import Ledger
from inboxd.core.delivery import pause_after
from inboxd.core.tracking import Rules
from inboxd.durations import format_duration
from inboxd.errors import (
    DatabaseError,
    InboxdError,
    OperatorError,
    Spared,
    Unavailable,
    UnexpectedPayload,
    is_shortage,
)
from inboxd.model import Direction
from inboxd.patterns import parse_pattern
from inboxd.store.rivals import payer_of
from inboxd.workers.classifier import verdicts_on
from inboxd.workers.halves import by_halves
from inboxd.workers.replies import BATCH, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from datetime import datetime, tzinfo

    from inboxd.classify import Classifier, ReplyJudge
    from inboxd.clock import Clock
    from inboxd.connector import LedgerEntries, Page, WatchSettings
    from inboxd.model import Message, Verdict
    from inboxd.public import PublicReader
    from inboxd.store import Store
    from inboxd.store.rivals import RivalReply, RivalState
    from inboxd.workers.account import Account
    from inboxd.workers.context import Context

log = structlog.get_logger(__name__)

_AT_ONCE = timedelta(minutes=1)
"""How long one is read at a time: a round by cron has to end, and others wait for their turn."""
_LEAST_PAGES = 5
_SHORTEST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=1)


@dataclass(slots=True)
class Watched:
    """A watched account, what reads it, and whose tokens are used for it."""

    settings: WatchSettings
    reader: PublicReader
    ledger: Ledger
    lender: Account | None = None
    is_restored: bool = False
    seen: int = field(default=0)
    """How many messages the reading that goes on has brought."""

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self.settings.name

    @property
    def payer(self) -> str:
        """Return the name under which the database keeps what it used."""
        return payer_of(self.name)


def watched(settings: WatchSettings, accounts: Sequence[Account], clock: Clock) -> Watched:
    """Return a watched account with its reader; nothing is asked of the network yet."""
    lender = next((each for each in accounts if lends(each.settings, settings)), None)
    ledger = Ledger(clock)
    ours = lender.ledger if lender else None
    return Watched(settings, plugins.watch(settings, clock, ledger, ours), ledger, lender)


class RivalWatch:
    """Reads watched accounts one after the other; "today" in an answer is meant in *zone*."""

    def __init__(
        self,
        watches: Sequence[Watched],
        accounts: Sequence[Account],
        context: Context,
        judges: tuple[Classifier, Callable[[], ReplyJudge]],
        zone: tzinfo,
    ) -> None:
        self._watches = watches
        self._ours = {each.name: each.settings.network for each in accounts}
        self._context = context
        self._store = context.store
        self._clock = context.clock
        self._classifier, self._load = judges
        self._zone = zone
        patterns = {
            each.name: tuple(parse_pattern(pattern) for pattern in each.settings.auto_replies)
            for each in watches
        }
        self._rules = Rules((), timedelta(days=1), automatic=patterns)

    async def prepare(self) -> None:
        """Keep no words of whoever is not watched any more."""
        names = [each.name for each in self._watches]
        await self._store.run(lambda store: store.rivals.leave_alone(names))

    async def look(self) -> None:
        """Read those whose turn has come."""
        for each in self._watches:
            state = await self._begun(each)
            if _is_due(state, each.settings.poll_every, self._clock.now()):
                await self._try(each, state)

    async def close(self) -> None:
        """Give back every connection and thread."""
        await asyncio.gather(*(each.reader.close() for each in self._watches))

    async def _begun(self, each: Watched) -> RivalState:
        since = self._clock.now() - each.settings.backfill
        network = each.settings.network

        def begin(store: Store) -> RivalState:
            with store.transaction():
                return store.rivals.begin(each.name, network, since)

        return await self._store.run(begin)

    async def _try(self, each: Watched, state: RivalState) -> None:
        """Read one account; whatever is wrong with it is noted, and the next one's turn comes."""
        try:
            await self._restore(each)
            whole = await self._read(each, state)
            await self._judge(each)
        except DatabaseError:
            raise
        except InboxdError as error:
            await self._failed(each, state, error)
        except Exception as error:
            if is_shortage(error):
                await self._failed(each, state, Unavailable(f"the machine is short: {error}"))
                return
            # Our own bug in what nobody waits for must stop nothing.
            log.exception("reading a rival crashed", rival=each.name)
            bug = UnexpectedPayload(f"{type(error).__name__}: a bug in inboxd")
            await self._failed(each, state, bug)
        else:
            await self._ended(each, state, whole=whole)

    async def _restore(self, each: Watched) -> None:
        """Learn what was used before this process began."""
        now = self._clock.now()
        entries = await self._store.run(lambda store: store.ledger.entries(each.payer, now))
        each.ledger.restored(entries)
        if each.lender and not each.is_restored:
            await each.lender.restore_ledger(self._context)
        each.is_restored = True

    async def _read(self, each: Watched, state: RivalState) -> bool:
        """Read on from where it was; returns whether that was to the end."""
        each.seen, read, until = 0, 0, self._clock.now() + _AT_ONCE
        pages: AsyncGenerator[Page, None] = each.reader.poll(state.cursor)  # type: ignore[assignment] # an async iterator made by yields is a generator
        async with aclosing(pages):
            async for page in pages:
                await self._keep(each, page)
                read += 1
                if read >= _LEAST_PAGES and self._clock.now() > until:
                    return False
        return True

    async def _keep(self, each: Watched, page: Page) -> None:
        """Judge what a page brought that is new, and keep it with the cursor."""
        name, now = each.name, self._clock.now()
        if page.note or page.unknown:
            left_out = len(page.unknown)
            log.warning("rival noted", rival=name, note=page.note, not_understood=left_out)
        new = await self._store.run(
            lambda store: store.rivals.unknown(name, self._admitted(store, each, page))
        )
        judged = await self._verdicts(new)
        machines = {one.remote_id for one in new if self._is_automatic(each, one)}
        gone = [*page.gone, *(one.remote_id for one in page.messages if one.deleted)]
        back = [one.remote_id for one in page.messages if one.restored]
        used = _used(each)

        def keep(store: Store) -> None:
            with store.transaction():
                store.rivals.add(name, judged, machines, now)
                store.rivals.note_gone(name, gone, now)
                store.rivals.note_back(name, back)
                store.rivals.advance(name, page.cursor)
                if page.lost:
                    store.rivals.began(name, now - each.settings.backfill)
                _pay(store, used)

        await self._store.run(keep)
        each.seen += len(new)

    def _admitted(self, store: Store, each: Watched, page: Page) -> Sequence[Message]:
        """Return what may be kept: not what somebody wrote who was forgotten since."""
        messages = page.messages
        for account, network in self._ours.items():
            if network == each.settings.network:
                messages = store.erasures.admitted(account, messages)
        return messages

    def _is_automatic(self, each: Watched, message: Message) -> bool:
        if message.direction is Direction.INBOUND:
            return False
        return message.auto_reply or self._rules.is_automatic(each.name, message.text)

    async def _verdicts(self, new: Sequence[Message]) -> list[tuple[Message, Verdict | None]]:
        """Return each message, a customer's with what the classifier says of it."""
        asked = [each for each in new if each.direction is Direction.INBOUND]
        texts = [each.text for each in asked]
        said = await asyncio.to_thread(verdicts_on, texts, self._classifier) if asked else []
        verdicts = {each.remote_id: verdict for each, verdict in zip(asked, said, strict=True)}
        return [(each, verdicts.get(each.remote_id)) for each in new]

    async def _judge(self, each: Watched) -> None:
        """Judge the answers that came, and let go of what nothing is to be judged by any more."""
        name, now = each.name, self._clock.now()
        while batch := await self._store.run(lambda store: store.rivals.unjudged(name, BATCH)):
            judge = await asyncio.to_thread(self._load)
            replies = [self._reply(one) for one in batch]
            verdicts = await asyncio.to_thread(
                by_halves, judge.judge, replies, UNKNOWN, "judging a rival's reply crashed"
            )
            judged = list(zip(batch, verdicts, strict=True))
            await self._store.run(lambda store, judged=judged: store.rivals.judge(judged, now))  # type: ignore[misc] # mypy infers no type for a default
        await self._store.run(lambda store: store.rivals.let_go(name, now))

    def _reply(self, reply: RivalReply) -> Reply:
        return Reply(
            reply.text,
            reply.sent_at.astimezone(self._zone),
            reply.question,
            needs_answer=reply.needs_answer,
        )

    async def _ended(self, each: Watched, state: RivalState, *, whole: bool) -> None:
        now, used = self._clock.now(), _used(each)

        def note(store: Store) -> None:
            with store.transaction():
                note_end = store.rivals.succeeded if whole else store.rivals.broken_off
                note_end(each.name, now)
                _pay(store, used)

        await self._store.run(note)
        if state.failing_since and whole:
            after = format_duration(now - state.failing_since)
            log.info("rival read again", rival=each.name, after=after, new=each.seen)
        elif each.seen:
            log.info("rival read", rival=each.name, new=each.seen)

    async def _failed(self, each: Watched, state: RivalState, error: InboxdError) -> None:
        now, used = self._clock.now(), _used(each)
        pause = max(pause_after(error, state.failures, now, _LONGEST_PAUSE), _SHORTEST_PAUSE)
        if isinstance(error, OperatorError | UnexpectedPayload):
            # Until somebody has acted there is no sense in asking more often than usual.
            pause = max(pause, each.settings.poll_every)

        def note(store: Store) -> None:
            with store.transaction():
                store.rivals.failed(each.name, error, now + pause, now)
                store.rivals.let_go(each.name, now)
                _pay(store, used)

        await self._store.run(note)
        if state.error_class != type(error).__name__:
            say = log.info if isinstance(error, Spared) else log.warning
            say(
                "rival not read",
                rival=each.name,
                error=type(error).__name__,
                text=str(error),
                retry_in=format_duration(pause),
            )


def _used(each: Watched) -> list[tuple[str, LedgerEntries]]:
    """Return what was used since the last call, by whom; asked where the readers live."""
    used = [(each.payer, each.ledger.taken())]
    return [*used, (each.lender.name, each.lender.ledger.taken())] if each.lender else used


def _pay(store: Store, used: Sequence[tuple[str, LedgerEntries]]) -> None:
    """Keep what was used, in the transaction of what it was used for."""
    for payer, entries in used:
        store.ledger.add(payer, entries)


def _is_due(state: RivalState, every: timedelta, now: datetime) -> bool:
    """Tell whether it is time; a clock that was set back puts nothing off for long."""
    if state.polled_at is None or state.polled_at > now:
        return True
    if state.retry_at is not None:
        return state.retry_at <= now
    return now - state.polled_at >= every
