"""Making changes to cases from a screen, telling what came of it, and taking it back."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from textual import getters

from inboxd.core.text import inert
from inboxd.errors import InboxdError
from inboxd.tui.acting.outcome import (
    Outcome,
    Refused,
    attempt,
    counted,
    reasons,
    sentence,
    take_back,
)
from inboxd.tui.acting.underway import underway
from inboxd.tui.dialogs.frame import cases_named
from inboxd.tui.enduring import Layer
from inboxd.tui.host import Host
from inboxd.tui.names import short_name
from inboxd.tui.notices import REFUSED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from inboxd.store import Mark
    from inboxd.tui.acting.changes import Change
    from inboxd.tui.acting.outcome import Undoable
    from inboxd.tui.session import Session

_CASE = re.compile(r"\bcase ([0-9]{1,15})\b", re.IGNORECASE)
_MOST_NAMED = 6
_REFUSAL_SECONDS = 12
"""How long a refusal stays: it is to be read, not noticed."""


class Doing(Layer[None]):
    """
    A screen from which things are done to cases.

    Everything is done in the session's own thread, so that a daemon which holds the database
    stops no key; what came of it is told when it is there.
    """

    app = getters.app(Host)

    @property
    def session(self) -> Session:
        """Return the terminal's session."""
        return self.app.session

    def meant(self) -> tuple[int, ...]:
        """Return the cases that a key is for: the marked ones, or the one that is shown."""
        raise NotImplementedError

    def seen(self, case: int) -> Mark | None:
        """
        Return how *case* stood when it was shown: what others did since is told before it is acted on.

        By default that is now, when a key is pressed: good for a list that keeps itself up to date.
        """
        return self.session.store.meanwhile.mark(case)

    def acted(self, done: Sequence[Undoable]) -> None:
        """Take notice of what was done, or taken back, from here; by default it is shown at once."""
        del done
        self.app.look()

    def tell(self, words: str, *, failed: bool = False) -> None:
        """
        Show a few words in the place of the last; they go away by themselves, a refusal later.

        Whoever acts again has read what came of it before.
        """
        self.app.clear_notifications()
        self.app.notify(
            REFUSED * failed + self.named(inert(words)),
            severity="warning" if failed else "information",
            timeout=_REFUSAL_SECONDS if failed else None,
            markup=False,
        )

    def named(self, words: str) -> str:
        """Return *words* of ours with the customer's name where they name a case by its number."""
        numbers = list(dict.fromkeys(map(int, _CASE.findall(words))))[:_MOST_NAMED]
        rows = self.session.store.inbox.rows(numbers, self.session.now) if numbers else []
        names = {row.case_id: f" ({short_name(row.author)})" for row in rows}
        return _CASE.sub(lambda found: found[0] + names.get(int(found[1]), ""), words)

    def chosen(self) -> dict[int, Mark | None]:
        """
        Return the cases that are meant, as they were seen; says so where there is none.

        None as well once another screen is open: what is typed ahead into it is no command.
        """
        if not self.is_active:
            return {}
        cases = {case: self.seen(case) for case in self.meant()}
        if not cases:
            self.tell("No case is selected.")
        return cases

    def begin(self, change: Change, cases: Mapping[int, Mark | None]) -> None:
        """Begin to make a change to *cases*, as they were seen; returns before it is done."""
        # The application's and not the screen's: what has begun goes on if the screen is left.
        if cases:
            self.app.run_worker(self._carry_out(change, cases))

    async def _carry_out(self, change: Change, cases: Mapping[int, Mark | None]) -> None:
        """Make a change to one case after the other, each in a transaction of its own."""
        outcome, rules = Outcome(change, len(cases)), self.session.settings.rules
        words = self.named(f"{change.doing} {cases_named(tuple(cases))}")
        try:
            with underway(self, words) as line:
                async with self.remembered(outcome.done):
                    for number, (case, seen) in enumerate(cases.items()):
                        line.update(f"{words}: {number} …" if number else f"{words} …")
                        work = partial(attempt, change, case, seen, rules)
                        outcome.add(await self.session.run(work))
        except InboxdError as error:
            self.tell(f"{error}\n{counted(outcome.untried)} not {change.done}", failed=True)
        self._settle(outcome)

    @asynccontextmanager
    async def remembered(self, done: Sequence[Undoable]) -> AsyncIterator[None]:
        """Wait for one's turn, and keep what is *done* in the block, even if it breaks off."""
        async with self.session.turn:
            try:
                yield
            finally:
                if done:
                    self.session.deeds.append(tuple(done))

    def _settle(self, outcome: Outcome) -> None:
        """Tell what came of a change, and ask about the cases that others were at."""
        if outcome.done or outcome.refused:
            self.tell(outcome.words, failed=bool(outcome.refused))
        self.show_done(outcome.done)
        if outcome.overtaken:
            self._ask_anyway(outcome)

    def _ask_anyway(self, outcome: Outcome) -> None:
        """Show what others did meanwhile, and go on only if that is wanted."""
        from inboxd.tui.dialogs.question import MeanwhileDialog

        def answered(answer: bool | None) -> None:  # noqa: FBT001 - given by the dialog
            if answer:
                self.begin(outcome.change, {each.case: each.mark for each in outcome.overtaken})

        news = [
            (self.named(f"Case {each.case}"), line)
            for each in outcome.overtaken
            for line in each.news
        ]
        self.app.push_screen(MeanwhileDialog(news), answered)

    def action_undo(self) -> None:
        """Take back what was done last at this terminal, even if it is still being done."""
        if self.is_active:
            self.app.run_worker(self._undo())

    async def _undo(self) -> None:
        said: list[str] = []
        refused: list[Refused] = []
        deed: tuple[Undoable, ...] = ()
        with underway(self, "Taking it back"):
            async with self.session.turn:
                if self.session.deeds:
                    deed = self.session.deeds.pop()
                    await self._take_back(deed, said, refused)
        if not deed:
            self.tell("Nothing was done at this terminal that could be taken back.")
        if said or refused:
            one = len(deed) == 1
            words = said if one else [f"{len(said)} of {counted(len(deed))} taken back"]
            lines = [*words, *reasons(refused)]
            self.tell("\n".join(map(sentence, lines)), failed=bool(refused))
        self.show_done(deed)

    async def _take_back(
        self, deed: Sequence[Undoable], said: list[str], refused: list[Refused]
    ) -> None:
        """Undo everything of a deed that can be undone, the last first; the rest is kept for later."""
        session, left = self.session, list(deed)
        try:
            while left:
                rules = session.settings.rules
                work = partial(take_back, left[-1], session.me, session.now, rules)
                result = await session.run(work)
                left.pop()
                if isinstance(result, Refused):
                    refused.append(result)
                else:
                    said.append(result)
        except InboxdError as error:
            session.deeds.append(tuple(left))
            self.tell(f"{error}\nu tries again", failed=True)

    def show_done(self, done: Sequence[Undoable]) -> None:
        """Let the screen show what was done, if it is still there."""
        if done and self.is_attached:
            self.acted(done)
