"""The keys by which people act on cases, and what each asks before anything is done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import Binding, BindingType

from inboxd.core.queries import Query, View
from inboxd.core.silences import described
from inboxd.errors import InboxdError, UserError
from inboxd.tui.acting import changes
from inboxd.tui.acting.browser import browse, is_safe
from inboxd.tui.acting.doing import Doing
from inboxd.tui.acting.outcome import UNDO
from inboxd.tui.acting.underway import underway
from inboxd.tui.dialogs.frame import Dialog, cases_named
from inboxd.tui.names import author_name
from inboxd.tui.when import coming_moment

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from inboxd.core.policies import Match
    from inboxd.core.silences import Silence
    from inboxd.model import CaseCard
    from inboxd.store import Store
    from inboxd.tui.acting.changes import Change
    from inboxd.tui.dialogs.silence import Wanted

T = TypeVar("T")

_MOST_UNASKED = 20
"""How many cases one key may change without a question."""


class CaseActions(Doing):
    """
    A screen on which cases are shown and can be acted upon.

    Whoever inherits says with `meant` which cases a key is for, and with `seen` how they stood
    when they were shown.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reply", "Reply"),
        Binding("a", "acknowledge", "Acknowledge: you take it"),
        Binding("A", "assign", "Assign to somebody"),
        Binding("z", "snooze", "Snooze"),
        Binding("c", "close", "Close"),
        Binding("o", "reopen", "Reopen"),
        Binding("t", "correct", "Correct kind, topics, urgency, language"),
        Binding("f", "excuse", "Our answer was fine: the judge was wrong"),
        Binding("n", "note", "Note for colleagues"),
        Binding("s", "silence", "Silence what is like it"),
        Binding("b", "browse", "Open in the browser"),
        Binding("u", "undo", "Undo what was done here last"),
    ]

    def pointed_at(self) -> int | None:
        """Return the message that is marked, where messages are shown: it is corrected."""
        return None

    def action_acknowledge(self) -> None:
        """Take the cases that are meant."""
        self._begin_asked(changes.acknowledge)

    def action_reopen(self) -> None:
        """Put the cases that are meant back among the waiting."""
        self._begin_asked(changes.reopen)

    def action_excuse(self) -> None:
        """Say that our last answer that something is held against was fine."""
        self._begin_asked(changes.excuse)

    def action_assign(self) -> None:
        """Ask whom the cases are for."""
        from inboxd.tui.dialogs.assign import AssignDialog

        colleagues = self.session.store.actions.colleagues()
        self._ask(lambda cases: AssignDialog(cases, self.session.me, colleagues), changes.assign)

    def action_snooze(self) -> None:
        """Ask until when the cases are to sleep."""
        from inboxd.tui.dialogs.snooze import SnoozeDialog

        def dialog(cases: tuple[int, ...]) -> SnoozeDialog:
            policy = self.session.policy(self.session.store.cases.find(cases[0])[0].policy)
            return SnoozeDialog(cases, self.session, policy.hours if policy else None)

        self._ask(dialog, partial(changes.snooze, tz=self.session.tz))

    def action_close(self) -> None:
        """Ask why the cases are to be closed."""
        from inboxd.tui.dialogs.close import CloseDialog

        self._ask(CloseDialog, changes.close)

    def action_note(self) -> None:
        """Ask for a note for colleagues."""
        from inboxd.tui.dialogs.note import NoteDialog

        self._ask(NoteDialog, changes.note)

    def action_correct(self) -> None:
        """Ask what the customers' messages really are."""
        from inboxd.tui.dialogs.correct import CorrectDialog, judged

        def dialog(cases: tuple[int, ...]) -> CorrectDialog:
            if len(cases) > 1:
                return CorrectDialog(cases)
            card = self._card(cases[0])
            pointed_at = self.pointed_at() or (card.message if card else 0)
            messages = judged(self.session.store, cases[0], [pointed_at])
            if not messages:
                raise UserError(f"nothing in case {cases[0]} is judged yet")
            return CorrectDialog(cases, messages, pointed_at)

        self._ask(dialog, changes.correct)

    def action_silence(self) -> None:
        """Ask which alerts are not to be told for a while."""
        from inboxd.tui.dialogs.silence import SilenceDialog

        async def count(match: Match) -> int:
            query, session = Query(View.WAITING, match=match), self.session
            return await session.run(
                lambda store: len(store.inbox.listing(query, session.me, session.now))
            )

        def answered(wanted: Wanted | None) -> None:
            if wanted:
                self.app.run_worker(self._silence(wanted))

        for case in self._first("One silence is for one case and what is like it"):
            if card := self._card(case):
                self._open(SilenceDialog(card, self.session, count), (case,), answered)

    def action_reply(self) -> None:
        """Open the editor for a reply."""
        for case in self._first("A reply is to one case"):
            self.app.open_reply(case)

    def action_browse(self) -> None:
        """Show the message that tells most where it was written."""
        for case in self._first("One page is opened at a time"):
            card = self._card(case)
            if card and is_safe(card.url):
                self.app.run_worker(self.browse(case, card.url, f"Case {case}"))
            elif card:
                self.tell(f"The message of case {case} has no address in the web.", failed=True)

    def _first(self, rule: str) -> list[int]:
        """Return the first of the cases that are meant; says so where they are several."""
        cases = list(self.chosen())
        if len(cases) > 1:
            self.tell(f"{rule}: case {cases[0]}, the first of {len(cases)}.")
        return cases[:1]

    def _card(self, case: int) -> CaseCard | None:
        """Return what is known of a case; says so where nobody ever waited in it, or it is gone."""
        store = self.session.store
        try:
            if store.cases.find(case)[0].waits:
                return store.card(case)
            self.tell(f"Case {case} was merged with another.", failed=True)
        except UserError as refusal:
            self.tell(str(refusal), failed=True)
        return None

    def _ask(
        self,
        dialog: Callable[[tuple[int, ...]], Dialog[T]],
        change: Callable[[T, str, datetime], Change],
    ) -> None:
        """Open a dialog on the cases that are meant, and do what its answer makes of them."""
        cases = self.chosen()

        def answered(answer: T | None) -> None:
            if answer is not None:
                self.begin(change(answer, self.session.me, self.session.now), cases)

        if not cases:
            return
        try:
            self._open(dialog(tuple(cases)), tuple(cases), answered)
        except UserError as refusal:
            self.tell(str(refusal), failed=True)

    def _open(
        self, dialog: Dialog[T], cases: tuple[int, ...], answered: Callable[[T | None], None]
    ) -> None:
        """Open a dialog on *cases*, with the customer's name if it is one."""
        if len(cases) == 1:
            for row in self.session.store.inbox.rows(cases, self.session.now):
                dialog.whom = author_name(row.author)
        self.app.push_screen(dialog, answered)

    def _begin_asked(self, change_by: Callable[[str, datetime], Change]) -> None:
        """Make a change at once, or ask first where one key is for very many cases."""
        from inboxd.tui.dialogs.question import Question

        cases = self.chosen()
        change = change_by(self.session.me, self.session.now)

        def answered(answer: bool | None) -> None:  # noqa: FBT001 - given by the dialog
            if answer:
                self.begin(change, cases)

        if len(cases) > _MOST_UNASKED:
            asked = Question(f"{change.doing} {cases_named(tuple(cases))}", [], "Do it", "Leave it")
            self.app.push_screen(asked, answered)
        else:
            self.begin(change, cases)

    async def _silence(self, wanted: Wanted) -> None:
        """Begin a silence; u ends it."""
        session, now = self.session, self.session.now

        def begin(store: Store) -> Silence:
            with store.transaction():
                return store.silences.add(
                    wanted.match, wanted.until, session.me, wanted.reason, now
                )

        begun: list[Silence] = []
        try:
            with underway(self, "Silencing"):
                async with self.remembered(begun):
                    begun.append(await session.run(begin))
        except InboxdError as error:
            self.tell(str(error), failed=True)
            return
        silence = begun[0]
        until = coming_moment(silence.until, now, session.tz)
        self.show_done([silence])
        self.tell(f"Silence {silence.id}: {described(silence.match)} until {until} · {UNDO}")

    async def browse(self, case: int, url: str, name: str) -> None:
        """Open a page of that *name*, or show its address where no browser can be started."""
        from inboxd.tui.dialogs.link import LinkDialog

        if await browse(url, self.session.settings.secret_variables):
            self.tell(f"{name} is open in your browser.")
        else:
            self.app.push_screen(LinkDialog(case, url))
