"""What has to be known of a case while somebody answers it, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.classify.advice import Draft, advise
from inboxd.core.saved import first_name, order_in
from inboxd.core.sla import promise_due
from inboxd.core.text import inert, one_line
from inboxd.core.waits import Promise, Wait, WaitKind
from inboxd.model import Direction
from inboxd.tui.cells import even
from inboxd.tui.names import author_name
from inboxd.tui.when import left, moment, span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from inboxd.classify.advice import Advice
    from inboxd.core.policies import Policy
    from inboxd.core.states import CaseState
    from inboxd.model import CaseCard
    from inboxd.store import Store
    from inboxd.store.presences import Presence
    from inboxd.store.views import ReplyPlace, ThreadMessage
    from inboxd.tui.session import Session

_SHOWN = 40
"""How many messages of the conversation are shown above the editor."""
_GREETED = timedelta(hours=12)
"""For how long a greeting lasts: who goes on with a conversation need not greet again."""
_LONGEST_QUESTION = 4_000
_SOON = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Situation:
    """
    A case that is being answered, as it was read at one moment.

    *under_way* are the replies of ours that have not arrived yet.
    """

    case: int
    state: CaseState
    place: ReplyPlace | None
    messages: tuple[ThreadMessage, ...]
    under_way: int
    card: CaseCard

    @property
    def customer(self) -> str:
        """Return what the customer is called on the network, fit for a line."""
        to = self.place.recipient if self.place else None
        return author_name(to, nameless="") if to else ""

    @property
    def between_us(self) -> tuple[ThreadMessage, ...]:
        """Return what the customer and we wrote to one another, where others write there as well."""
        to = self.place.recipient.remote_id if self.place and self.place.recipient else ""
        return tuple(
            each
            for each in self.messages
            if not to
            or (
                each.direction is Direction.OUTBOUND
                and (not each.addressees or to in each.addressees)
            )
            or (each.author is not None and each.author.remote_id == to)
        )

    @property
    def unanswered(self) -> tuple[ThreadMessage, ...]:
        """Return what the customer wrote since our last answer."""
        since: list[ThreadMessage] = []
        for message in self.between_us:
            if message.direction is Direction.OUTBOUND:
                since = since if message.auto_reply else []
            elif not message.deleted_at:
                since.append(message)
        return tuple(since)

    def draft(self, text: str, now: datetime, tz: tzinfo) -> Draft:
        """Return *text* with all that it is judged by."""
        asked = self.unanswered or self._theirs[-1:]
        ours = [
            each.sent_at
            for each in self.between_us
            if each.direction is Direction.OUTBOUND and not each.auto_reply
        ]
        return Draft(
            text=text,
            question="\n".join(each.text for each in asked)[-_LONGEST_QUESTION:],
            language=self.card.language,
            public=self.place is not None and self.place.public,
            first=not ours or now - max(ours) > _GREETED,
            at=now.astimezone(tz),
            known=tuple(each.text for each in self._theirs),
        )

    @property
    def _theirs(self) -> tuple[ThreadMessage, ...]:
        return tuple(each for each in self.between_us if each.direction is Direction.INBOUND)

    def values(self, me: str) -> dict[str, str]:
        """Return what stands for the variables of a saved reply."""
        to = self.place.recipient if self.place else None
        name = one_line(to.name, 100) if to else ""
        return {
            "customer": first_name(name),
            "name": name,
            "order": order_in([each.text for each in self._theirs]),
            "case": str(self.case),
            "link": self.card.url,
            "account": self.place.account if self.place else "",
            "me": me,
        }


def read(store: Store, case: int) -> Situation:
    """Return how *case* stands; to be done where it may take its time."""
    state = store.cases.find(case)[0]
    newest = [each.id for each in store.threads.outline(case)[-_SHOWN:]]
    return Situation(
        case=case,
        state=state,
        place=store.views.find_reply_place(case),
        messages=tuple(store.views.thread(case, newest)),
        under_way=store.outbox.replies_under_way(case),
        card=store.card(case),
    )


def recipient(situation: Situation) -> str:
    """Return to whom a reply goes, and who can read it."""
    who, place = one_line(situation.customer, 60) or "the customer", situation.place
    if place is None:
        return who
    return f"{who} · {'public: everybody reads it' if place.public else 'private message'}"


def account(situation: Situation) -> str:
    """Return by which of our accounts it goes, and on which network."""
    return f"{situation.card.account} ({situation.card.network})"


def falls_due(situation: Situation, session: Session) -> tuple[str, str]:
    """Return by when it is to be answered, or for how long of business it should have been."""
    at, now = situation.state.due_at, session.now
    if at is None:
        return "", ""
    if at <= now:
        state = situation.state
        return left(session.time_to(state.policy, at, state.pauses), late=True), "error"
    return f"due {moment(at, now, session.tz)}", "warning" if at - now < _SOON else ""


def impossible(situation: Situation, text: str, length: int, now: datetime) -> str:
    """Return why *text* cannot be sent, "" if it can."""
    place = situation.place
    if place is None:
        return "there is no message left to answer: everything was taken back"
    if not place.is_open(now):
        return one_line(place.note, 200) or f"{place.network} takes no reply here any more"
    if not text.strip():
        return "the reply is empty"
    if place.max_length is not None and length > place.max_length:
        over = length - place.max_length
        return f"{over:,} of {length:,} characters are too many: {place.network} takes {place.max_length:,}"
    return ""


def window(place: ReplyPlace | None, now: datetime, tz: tzinfo) -> tuple[str, str]:
    """Return whether and until when a reply is taken, and a colour's name for it."""
    if place is None:
        return "nothing left to answer", "error"
    if not place.is_open(now):
        why = one_line(place.note, 120)
        return f"closed{f': {why}' if why else ''}", "error"
    if place.closes_at is None:
        return "", ""
    time = place.closes_at - now
    until = f"open until {moment(place.closes_at, now, tz)}, {span(time)} left"
    return until, "warning" if time < _SOON else ""


def counted(length: int, most: int | None) -> tuple[str, str]:
    """Return how long a reply is of what the network takes, and a colour's name for it."""
    if most is None:
        return f"{length:,} characters", ""
    if length > most:
        return f"{length:,} of {most:,} characters: {length - most:,} too many", "error"
    near = most - length <= most // 20
    room = f", {most - length:,} left" if near else ""
    return f"{length:,} of {most:,} characters{room}", "warning" if near else ""


def company(others: Sequence[Presence]) -> tuple[str, str]:
    """Return who else is at the case, those who reply first, and a colour's name for it."""
    replying = _names([each.actor for each in others if each.doing == "replying"])
    reading = _names([each.actor for each in others if each.doing != "replying"])
    parts = [
        f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {doing}, too"
        for names, doing in ((replying, "replying"), (reading, "here"))
        if names
    ]
    return "; ".join(parts), "warning" if replying else ""


def _names(actors: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(even(actor[:40]) for actor in actors))


def meanwhile(situation: Situation, news: Sequence[str], others: Sequence[Presence]) -> list[str]:
    """Return what is to be known of others before a reply is sent, a line each."""
    lines = [one_line(line, 200) for line in news]
    if situation.under_way and not news:
        lines.append("another reply to this case is on its way")
    if situation.state.wait is None:
        lines.append(f"nobody waits here any more: the case is {situation.state.status}")
    there, _ = company(others)
    return [*lines, there] if there else lines


def advice_on(text: str, situation: Situation, session: Session) -> Sequence[Advice]:
    """Return what *text* deserves a second look for; loads the judge when it is first asked."""
    if not text.strip():
        return ()
    from inboxd.classify import load_reply_judge

    draft = situation.draft(inert(text).strip(), session.now, session.tz)
    return advise(draft, load_reply_judge())


def due(advice: Advice, policy: Policy | None, now: datetime, tz: tzinfo) -> str:
    """Return what a promise leads to: by when it will be due, "" where it is not followed up."""
    if policy is None or policy.promise is None:
        return ""
    when = advice.promised
    promise = Promise(when.on, when.at) if when else Promise()
    found = promise_due(Wait(WaitKind.PROMISE, now, (0,), promise=promise), policy)
    return f", due {moment(found.at, now, tz)}" if found else ""
