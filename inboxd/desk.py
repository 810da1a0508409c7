"""
What a person does about a case, and takes back: each deed is one transaction, or nothing.

Whoever decides does so by what they see. With the mark that was taken when a case was shown, a
deed is refused, and the news told, if somebody else has done something since: the last writer
never wins silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd import plugins
from inboxd.core.doings import done_words, news_line, verdict_words
from inboxd.core.reproach import CALLED
from inboxd.core.text import one_line, storable
from inboxd.durations import format_duration
from inboxd.errors import UserError
from inboxd.pipeline import Pipeline
from inboxd.store.times import to_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from inboxd.core.reproach import Fault
    from inboxd.core.states import CaseState
    from inboxd.core.tracking import Rules
    from inboxd.store import Mark, Said, Store
    from inboxd.store.actions import Action, LastDone
    from inboxd.store.views import ReplyPlace

_WAITING = frozenset({"waiting"})
_OPEN = frozenset({"waiting", "answered"})
_ENDED = frozenset({"answered", "resolved", "closed"})
_QUEUED = " is queued"
_LEFT = {
    "pending": "an earlier attempt to send it may have arrived",
    "sending": "it is leaving already",
    "unsure": "it may have arrived already",
    "sent": "it has been sent",
    "refused": "it has been given up, and people were told why",
    "cancelled": "that was done already",
}
"""Why a reply cannot be recalled, by its state."""


@dataclass(frozen=True, slots=True)
class Done:
    """
    What was done about *case*, in *words* ("case 17 acknowledged"), as what undoes it needs it.

    One of *action*, *correction*, *reply* and *reply_correction* is the number of the row; none
    of them: it cannot be taken back.
    """

    case: int
    words: str
    action: int | None = None
    reply: int | None = None
    correction: int | None = None
    reply_correction: int | None = None


class Meanwhile(UserError):
    """
    Somebody else did something about the case, or wrote in it: *news* has a line for each.

    With *mark*, which is of the same instant, the deed goes through, if nothing else happens.
    """

    def __init__(self, case: int, news: tuple[str, ...], mark: Mark) -> None:
        self.case = case
        self.news = news
        self.mark = mark
        super().__init__(f"case {case} has changed meanwhile: {'; '.join(news)}")


class NobodyWaits(UserError):
    """A reply for which nobody waits, or not any more: who means it can send it anyway."""


class Desk:
    """
    Does what people want done about cases; raises UserError where that makes no sense.

    *accounts* are those that are configured, where replies to others are to be refused.
    """

    def __init__(self, store: Store, rules: Rules, accounts: Collection[str] | None = None) -> None:
        self._store = store
        self._pipeline = Pipeline(store, rules)
        self._accounts = accounts

    def mark(self, case: int) -> Mark:
        """Return how far *case* has come, for the deeds of whoever looks at it now."""
        mark = self._store.meanwhile.mark(case)
        if mark is None:
            raise UserError(f"there is no case {case}; `inboxd waiting` lists those that wait")
        return mark

    def news_since(
        self, case: int, mark: Mark, actor: str = "", now: datetime | None = None
    ) -> tuple[str, ...]:
        """
        Return what happened to *case* after *mark*, a line each; of *actor*'s own doings none.

        Without *now*, the lines do not say how long ago that was. Whoever goes on from here takes
        the next mark first: what happens between the two is then told once more, and never lost.
        """
        if mark.case != case:
            raise ValueError(f"a mark of case {mark.case} says nothing of case {case}")
        news = self._store.meanwhile.since(mark)
        return tuple(
            news_line(each.what, each.who, each.text, each.whose, _ago(each.at, now))
            for each in news
            if not actor or each.who != actor
        )

    def acknowledge(self, case: int, actor: str, now: datetime, seen: Mark | None = None) -> Done:
        """Take a case: its steps stop, with a reminder if it stays unanswered."""
        with self._store.transaction():
            before = self._store.cases.find(case)[0]
            done = self._act(case, "ack", actor, now, "", statuses=_WAITING, seen=seen)
        if not _is_taken(before) or before.acknowledged_by == actor:
            return done
        return Done(case, f"{done.words}, taken over from {before.acknowledged_by}", done.action)

    def release(self, case: int, actor: str, now: datetime, seen: Mark | None = None) -> Done:
        """
        Give up a case that *actor* had taken: its steps go on.

        It is again whose it was before.
        """
        with self._store.transaction():
            self._look(case, actor, now, seen)
            taken = self._store.actions.taken_by(case)
            if taken is None or taken.actor != actor:
                whose = f"it is {taken.actor}'s" if taken else "nobody has taken it"
                raise UserError(f"case {case} is not yours to give up: {whose}")
            self._store.actions.undo(taken.id, actor, now)
            self._pipeline.track_pending(now)
        return Done(case, f"case {case} given up")

    def assign(
        self, case: int, who: str, actor: str, now: datetime, seen: Mark | None = None
    ) -> Done:
        """Give a case to *who* ("": nobody); its steps go on until somebody takes it."""
        who = storable(" ".join(who.split()))
        return self._act(case, "assign", actor, now, who, statuses=_OPEN, seen=seen)

    def snooze(
        self, case: int, until: datetime, actor: str, now: datetime, seen: Mark | None = None
    ) -> Done:
        """Let a case sleep *until* an instant."""
        if until <= now:
            raise UserError(f"{until:%Y-%m-%d %H:%M} is not in the future")
        return self._act(case, "snooze", actor, now, to_text(until), statuses=_WAITING, seen=seen)

    def close(
        self, case: int, reason: str, actor: str, now: datetime, seen: Mark | None = None
    ) -> Done:
        """Close a case that needs no (further) reply."""
        reason = storable(reason)
        return self._act(case, "close", actor, now, reason, statuses=_OPEN, seen=seen)

    def reopen(self, case: int, actor: str, now: datetime, seen: Mark | None = None) -> Done:
        """Put a case back among the waiting."""
        return self._act(case, "reopen", actor, now, "", statuses=_ENDED, seen=seen)

    def note(self, case: int, text: str, actor: str, now: datetime) -> Done:
        """Keep a note for colleagues, which changes nothing else."""
        text = storable(text).strip()
        if not text:
            raise UserError("the note is empty")
        with self._store.transaction():
            self._store.cases.find(case)
            number = self._store.actions.add(case, "note", actor, now, text)
        return Done(case, done_words(case, "note", text), number)

    def correct(  # noqa: PLR0913, PLR0917 - what is said, of which message, by whom, when
        self,
        case: int,
        message: int | None,
        said: Said,
        actor: str,
        now: datetime,
        seen: Mark | None = None,
    ) -> Done:
        """Let a person's word stand for the verdict on a message, by default the one that tells most."""
        if not said:
            raise UserError("say what it is: its kind, topics, urgency or language")
        with self._store.transaction():
            self._look(case, actor, now, seen)
            number = self._pipeline.correct(case, message, said, actor, now)
            correction = self._store.corrections.newest(number)
        parts = [
            said.kind,
            ", ".join(topic.replace("_", " ") for topic in said.topics or ()),
            said.urgency and f"{said.urgency} urgency",
            said.language and f"language {said.language}",
        ]
        words = f"case {case}: message {number} corrected to {' · '.join(filter(None, parts))}"
        return Done(case, words, correction=correction)

    def correct_reply(
        self, message: int, said: Mapping[Fault, bool], note: str, actor: str, now: datetime
    ) -> Done:
        """
        Let a person's word stand for what the judge found in an answer of ours.

        *said* tells of each fault whether it is one; *note* may say why, for colleagues.
        """
        if not said:
            raise UserError("say what it is about: --part deflection, non_answer, promise or rude")
        note = storable(note).strip()
        with self._store.transaction():
            case = self._pipeline.correct_reply(message, said, note, actor, now)
            number = self._store.reply_corrections.newest(message)
        return Done(case or 0, verdict_words(message, said), reply_correction=number)

    def excuse(self, case: int, actor: str, now: datetime, seen: Mark | None = None) -> Done:
        """Say that the last of our answers in *case* against which something is held was fine."""
        with self._store.transaction():
            self._look(case, actor, now, seen)
            ours = [
                each for each in self._store.views.thread(case) if each.reply and each.reply.held
            ]
            if not ours:
                raise UserError(f"nothing is held against our answers in case {case}")
            last = ours[-1]
            held = last.reply.held if last.reply else ()
            done = self.correct_reply(last.id, dict.fromkeys(held, False), "", actor, now)
        what = " and ".join(f"not {CALLED[fault]}" for fault in held)
        words = f"case {case}: “{one_line(last.text, 24)}” was fine: {what}"
        return Done(case, words, reply_correction=done.reply_correction)

    def undo_on_reply(self, message: int, actor: str, now: datetime) -> str:
        """Take back the last that was said of an answer of ours; returns words for that."""
        with self._store.transaction():
            number = self._store.reply_corrections.newest(message)
            if not number:
                raise UserError(f"nobody has said anything of message {message} that still counts")
            words = f"what was said of message {message}"
            return self.undo(Done(0, words, reply_correction=number), actor, now)

    def reply(  # noqa: PLR0913 - a reply is what, to whom, by whom, and when
        self,
        case: int,
        text: str,
        actor: str,
        now: datetime,
        *,
        leaves_at: datetime | None = None,
        anyway: bool = False,
        seen: Mark | None = None,
    ) -> Done:
        """
        Queue a reply, which leaves at *leaves_at*: until then it can be taken back.

        Unless *anyway*, somebody must wait, and no other reply be on its way. What was kept of
        it as a draft goes.
        """
        store, text = self._store, storable(text).strip()
        state, place = store.cases.find(case)[0], store.views.reply_place(case)
        # Before the lock is taken: a connector may have to be loaded for it.
        self._refuse_impossible(place, text, now)
        with store.transaction():
            state = self._look(case, actor, now, seen)
            if not anyway and store.outbox.replies_under_way(case):
                raise NobodyWaits(f"a reply to case {case} is on its way already")
            if not anyway and state.wait is None:
                raise NobodyWaits(f"nobody waits in case {case}, it is {state.status}")
            place = store.views.reply_place(case)
            number = store.outbox.add_reply(
                place.account, case, place.reply(text), now, actor=actor, leaves_at=leaves_at
            )
            store.drafts.discard(case, actor)
        return Done(case, f"the reply to {_whom(place)}{_QUEUED}", reply=number)

    def last(self, case: int) -> Done | None:
        """Return the last that was done about *case* and still counts, whoever did it."""
        last = self._store.actions.last(case)
        return _done(case, last) if last else None

    def undo(self, done: Done, actor: str, now: datetime) -> str:
        """
        Take back what was done, as if it never had been; returns words for that.

        Raises UserError where the world has gone on: the reply has left, the customer wrote or
        was answered, or somebody has decided something else since.
        """
        words = done.words
        with self._store.transaction():
            if done.reply is not None:
                kept = self._recall(done.reply, done, actor, now)
                words = f"{words.removesuffix(_QUEUED)}; {kept}"
            elif done.correction is not None:
                self._take_back_correction(done.correction, done, actor, now)
            elif done.reply_correction is not None:
                number = done.reply_correction
                if not self._pipeline.undo_reply_correction(number, actor, now):
                    raise UserError(f"{words}: that was taken back already")
            elif done.action is not None:
                self._take_back_action(done.action, done, actor, now)
            else:
                raise UserError(f"{done.words}: that cannot be taken back")
        return f"taken back: {words}"

    def _act(  # noqa: PLR0913 - an action is who, what, on which case, and why
        self,
        case: int,
        action: str,
        actor: str,
        now: datetime,
        detail: str,
        *,
        statuses: Collection[str],
        seen: Mark | None,
    ) -> Done:
        """Record an action on a case in one of *statuses*, and what follows from it."""
        with self._store.transaction():
            state = self._look(case, actor, now, seen)
            if state.status not in statuses:
                raise UserError(f"case {case} is {state.status}; {action} does not apply to it")
            number = self._store.actions.add(case, action, actor, now, detail)
            self._pipeline.track_pending(now)
        return Done(case, done_words(case, action, detail, now), number)

    def _look(self, case: int, actor: str, now: datetime, seen: Mark | None) -> CaseState:
        """Return a case; raises Meanwhile if it is not what *actor* has seen. In a transaction."""
        state = self._store.cases.find(case)[0]
        news = self.news_since(case, seen, actor, now) if seen else ()
        if news:
            raise Meanwhile(case, news, self.mark(case))
        return state

    def _refuse_impossible(self, place: ReplyPlace, text: str, now: datetime) -> None:
        """Say before anything is queued what the network would say afterwards."""
        if self._accounts is not None and place.account not in self._accounts:
            raise UserError(f"{place.account} is not configured any more: nothing is sent there")
        if not text:
            raise UserError("the reply is empty")
        if not place.is_open(now):
            raise UserError(place.note or f"{place.network} takes no reply here any more")
        if place.max_length is None:
            return
        # Privately a character is a character; in public X, for one, weighs them.
        length = plugins.length(place.network, text) if place.public else len(text)
        if length > place.max_length:
            raise UserError(f"{length} characters; {place.network} takes {place.max_length}")

    def _recall(self, reply: int, done: Done, actor: str, now: datetime) -> str:
        """Keep a reply from leaving; returns what has become of its text, in words."""
        recalled = self._store.outbox.recall(reply, now)
        if recalled is None:
            why = _LEFT.get(self._store.outbox.state_of(reply), "there is no such reply")
            raise UserError(f"the reply to case {done.case} cannot be taken back: {why}")
        text, author = recalled
        whose = "your" if author == actor else f"{author}'s"
        if self._store.drafts.of(done.case, author):
            return f"{whose} later draft stays as it is"
        self._store.drafts.save(done.case, author, text, now)
        return f"its text is {whose} draft"

    def _take_back_correction(self, correction: int, done: Done, actor: str, now: datetime) -> None:
        touched = self._store.corrections.undo(correction, actor, now)
        if not touched:
            raise UserError(f"{done.words}: that was taken back already")
        self._pipeline.track(touched, now)
        self._store.refreshes.mark(done.case, now)

    def _take_back_action(self, number: int, done: Done, actor: str, now: datetime) -> None:
        action = self._store.actions.find(number)
        if action is None or action.undone_at:
            by = f" by {action.undone_by}" if action else ""
            raise UserError(f"{done.words}: that was taken back already{by}")
        if why := self._why_not(action):
            raise UserError(f"{done.words}: that cannot be taken back: {why}")
        self._store.actions.undo(number, actor, now)
        self._pipeline.track_pending(now)

    def _why_not(self, action: Action) -> str:
        """Return what has happened since that rests on *action*; "" if nothing has."""
        case, store = action.case, self._store
        if action.action not in {"close", "reopen", "snooze"}:
            return ""
        for later in store.actions.later(action):
            # Whatever follows a reopening was done about a case that is open.
            if later.action in {"close", "reopen"} or (
                action.action == "reopen" and later.action != "note"
            ):
                return f"{news_line(later.action, later.actor, later.detail, '')} since"
        if store.actions.answered_since(case, action.at):
            return "the customer was answered since"
        if action.action == "snooze":
            status = store.cases.find(case)[0].status
            return "" if status == "waiting" else f"the case is {status}"
        if store.actions.wrote_since(case, action.at):
            return "the customer has written since, or taken a message back"
        return ""


def _ago(at: datetime, now: datetime | None) -> str:
    return format_duration(max(now - at, timedelta())) if now else ""


def _is_taken(case: CaseState) -> bool:
    """Tell whether somebody has taken what waits in *case*."""
    taken_at, wait = case.acknowledged_at, case.wait
    return bool(taken_at and wait and taken_at >= wait.since)


def _whom(place: ReplyPlace) -> str:
    """Return to whom a reply goes, and where."""
    to = (place.recipient.name or place.recipient.handle) if place.recipient else "the customer"
    return f"{one_line(to, 60)} ({place.account}, {'public' if place.public else 'private'})"


def _done(case: int, last: LastDone) -> Done:
    match last.table:
        case "reply":
            return Done(case, f"the reply to case {case}{_QUEUED}", reply=last.id)
        case "reply_correction":
            words = f"what was said of our message {last.message}"
            return Done(case, words, reply_correction=last.id)
        case "correction":
            words = f"the verdict on message {last.message} corrected"
            return Done(case, words, correction=last.id)
        case _:
            return Done(case, done_words(case, last.action, last.detail, last.at), last.id)
