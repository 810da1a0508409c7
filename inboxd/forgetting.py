"""Forgetting people: their cases are closed, their data is erased, and no read brings it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inboxd.desk import Desk
from inboxd.errors import UserError
from inboxd.store.forgetting.erasure import CLOSED_AS
from inboxd.store.forgetting.erasures import UNFINISHED
from inboxd.store.times import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from inboxd.core.tracking import Rules
    from inboxd.store import Store
    from inboxd.store.forgetting.erasures import Erasure
    from inboxd.store.forgetting.mentions import Found, Mentions
    from inboxd.store.forgetting.people import Person

    Watch = Callable[[str], None]
    Group = tuple[Sequence[Person], datetime, str | None]

_ROUNDS = 3
"""How often what the daemon wrote meanwhile is looked through."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """
    What was erased: how many *messages*, which *cases* they made, which of these were *closed*.

    *mentions* is how many rows of others named them. Unless *is_clean*, the journal still holds
    what was erased, because another program reads on from it.
    """

    messages: int
    cases: tuple[int, ...]
    closed: tuple[int, ...]
    mentions: int
    is_clean: bool


class Forgetting:
    """Forgets people in one database, in the name of *actor*."""

    def __init__(self, store: Store, rules: Rules, actor: str) -> None:
        self._store = store
        self._rules = rules
        self._actor = actor

    def forget(self, people: Sequence[Person], now: datetime, watch: Watch) -> Forgotten:
        """
        Erase *people*; *watch* hears of each step.

        Others go on working meanwhile. If it is broken off, either nobody is erased, or what is
        left to do is up to `finish`. Raises UserError while a reply to one of them is on its way.
        """
        traces = self._store.people.traces(people)
        if self._store.erasure.is_leaving(traces):
            raise UserError("a reply to them is being sent at this moment; try again in a minute")
        return self._erase([(people, now, None)], watch)

    def again(self, erasures: Iterable[Erasure], watch: Watch) -> int:
        """
        Erase once more whoever was erased by *erasures*: from a backup that was made before.

        It is done as it was then. Returns how many people that were.
        """
        with self._store.transaction():
            self._store.erasures.add(erasures)
        returned = self._store.people.returned()
        if returned:
            self._erase(
                [([who], from_text(each.erased_at), each.key) for who, each in returned], watch
            )
        return len(returned)

    def _erase(self, groups: Sequence[Group], watch: Watch) -> Forgotten:
        """Erase people in *groups*, each with when and by which key; all of them, or nobody."""
        eraser = self._store.erasure
        mentions = eraser.mentions([person for people, _, _ in groups for person in people])
        found = mentions.find(watch)
        watch("erasing")
        latest = max(now for _, now, _ in groups)
        theirs: set[int] = set()
        cases: set[int] = set()
        closed: list[int] = []
        with self._store.transaction():
            for people, now, key in groups:
                closed += self._close(people, now)
                traces = eraser.erase(people, self._actor, now, key)
                theirs.update(traces.theirs)
                cases.update(traces.cases)
            # At once: when it has been erased who they are, nobody can look for them any more.
            named = self._take_out(mentions, found, latest)
            for case in {*cases, *closed}:
                self._store.refreshes.mark(case, latest)
            self._store.remember(UNFINISHED, to_text(latest))
        for _ in range(_ROUNDS):
            # What was written meanwhile was not refused yet.
            found = mentions.find(watch)
            if not found:
                break
            named += self._take_out(mentions, found, latest)
        clean = self.finish(watch)
        return Forgotten(len(theirs), tuple(sorted(cases)), tuple(closed), named, clean)

    def is_finished(self) -> bool:
        """Tell whether nothing that was erased is left in the index or the journal."""
        return self._store.recall(UNFINISHED) is None

    def finish(self, watch: Watch) -> bool:
        """
        Take erased words out of the index and the journal; returns whether none is left there.

        Whoever was broken off does it again.
        """
        eraser = self._store.erasure
        watch("index")
        with self._store.explained():
            eraser.merge(lambda: watch("index"))
            watch("journal")
            is_clean = eraser.checkpoint()
        if is_clean:
            self._store.forget(UNFINISHED)
        return is_clean

    def _close(self, people: Sequence[Person], now: datetime) -> tuple[int, ...]:
        """Close the cases in which they wait, while it is known yet who they were."""
        traces = self._store.people.traces(people)
        desk = Desk(self._store, self._rules)
        for case in traces.open:
            desk.close(case, CLOSED_AS, self._actor, now)
        return traces.open

    def _take_out(self, mentions: Mentions, found: Found, now: datetime) -> int:
        def forbid(kind: str, account: str, name: str) -> None:
            self._store.erasure.forbid(kind, account, name, self._actor, now)

        with self._store.transaction():
            return mentions.take_out(found, to_text(now), forbid)
