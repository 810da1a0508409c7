"""Pressed buttons carried out: the same actions as the commands', and a kind word where not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.waits import CaseStatus, WaitEnd
from inboxd.errors import UserError
from inboxd.model import Kind
from inboxd.notify import Wish
from inboxd.store import Said
from inboxd.store.times import to_text

if TYPE_CHECKING:
    from datetime import datetime

    from inboxd.core.states import CaseState, WaitState
    from inboxd.notify import Press
    from inboxd.store import Store
    from inboxd.workers.context import Context

_SNOOZE = timedelta(hours=1)
_ENDED = {
    WaitEnd.ANSWERED: "was answered",
    WaitEnd.CLOSED: "was closed",
    WaitEnd.DELETED: "is over: the customer took the message back",
}


class Presses:
    """Records what people want of a case, and what follows from it, in one transaction."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def carry_out(self, press: Press, actor: str) -> str:
        """Do what *actor* wants; returns what to tell them where it cannot be done, else ""."""
        now = self._context.clock.now()
        return await self._context.store.run(
            lambda store: self._carried_out(store, press, actor, now)
        )

    def _carried_out(self, store: Store, press: Press, actor: str, now: datetime) -> str:
        with store.transaction():
            if not store.presses.is_new(press.key, now):
                return ""
            press = replace(press, case=store.cases.of_wait(press.wait) or press.case)
            found = store.cases.load([press.case])
            if not found:
                return f"inboxd does not know case {press.case}."
            # Whatever becomes of it: the message must not go on offering what cannot be done.
            store.refreshes.mark_message(press.case, press.sink, press.ts, now)
            case = found[0][0]
            if refusal := _refusal(case, press):
                return refusal
            answer = self._do(store, press, actor, now)
            self._context.pipeline.track_pending(now)
        return answer

    def _do(self, store: Store, press: Press, actor: str, now: datetime) -> str:
        match press.wish:
            case Wish.ACKNOWLEDGE:
                store.actions.add(press.case, "ack", actor, now)
            case Wish.SNOOZE:
                store.actions.add(press.case, "snooze", actor, now, to_text(now + _SNOOZE))
            case Wish.NO_COMPLAINT:
                return self._correct(store, press, actor, now)
        return ""

    def _correct(self, store: Store, press: Press, actor: str, now: datetime) -> str:
        """Let the message that was shown be what it else is: a request if it asks, or other."""
        subject = store.corrections.subject(press.case, press.message)
        if subject is None:
            return f"The message is not part of case {press.case} any more."
        kind = Kind.REQUEST if "?" in subject.text else Kind.OTHER
        try:
            self._context.pipeline.correct(press.case, press.message, Said(kind=kind), actor, now)
        except UserError as error:
            return f"Nothing has changed: {error}."
        if store.cases.find(press.case)[0].traits.kind is not Kind.COMPLAINT:
            return ""
        return (
            f"Noted. Case {press.case} still counts as a complaint, for another message in it: "
            f"see `inboxd show {press.case}`."
        )


def _refusal(case: CaseState, press: Press) -> str:
    """Return why nothing is done, in words for who pressed; "" if something can be."""
    wait = next((wait for wait in case.waits if wait.id == press.wait), None)
    if wait is None or wait.end is not None:
        return _over(case, wait, press)
    if press.wish is Wish.ACKNOWLEDGE and _is_taken(case, wait):
        return f"{case.acknowledged_by} has taken case {press.case} already."
    if press.wish is Wish.NO_COMPLAINT and case.traits.kind is not Kind.COMPLAINT:
        return f"Case {press.case} does not count as a complaint any more."
    return ""


def _over(case: CaseState, wait: WaitState | None, press: Press) -> str:
    how = _ENDED.get(wait.end, "needs no reply any more") if wait and wait.end else "is over"
    if case.wait and wait and wait.end is WaitEnd.VOID:
        return f"Case {press.case} goes on: please look at the newer message about it."
    if case.status is CaseStatus.WAITING:
        return (
            f"Case {press.case} {how}, and the customer has written again since: "
            "please look at the newer message."
        )
    return f"Nothing to do: case {press.case} {how}."


def _is_taken(case: CaseState, wait: WaitState) -> bool:
    taken_at = case.acknowledged_at
    return bool(case.acknowledged_by) and taken_at is not None and taken_at >= wait.since
