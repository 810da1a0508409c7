"""What is known of a case beside its conversation, and how the screen says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from inboxd.core.matching import MERGED
from inboxd.core.text import LANGUAGE_NAMES
from inboxd.core.waits import CaseStatus, WaitKind
from inboxd.tui.blocks import EMPTY
from inboxd.tui.names import author_name, place_name, topic_names
from inboxd.tui.when import left, moment, open_span
from inboxd.tui.wrapping import Piece, short

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from inboxd.core.states import CaseState, Setting, WaitState
    from inboxd.model import CaseCard
    from inboxd.store import Presence
    from inboxd.store.continued import Continuation
    from inboxd.tui.blocks import Part
    from inboxd.tui.session import Session

_WAITED_FOR = {
    WaitKind.FIRST_RESPONSE: "a first response",
    WaitKind.NEXT_RESPONSE: "the next response",
    WaitKind.PROMISE: "what we promised",
    WaitKind.RESOLUTION: "a solution",
}
_LONGEST_NAME = 60
_LABELS = 13
"""Cells of the labels in the pane."""
_LONGEST_WORDS = 160

Fact: TypeAlias = "tuple[str, Sequence[Piece]]"
"""A label, and what is said under it."""


@dataclass(frozen=True, slots=True)
class Known:
    """A case as it was read at one moment; *card* is None where it has no wait any more."""

    state: CaseState
    setting: Setting
    card: CaseCard | None
    wait: WaitState | None
    """What is waited for."""
    continued: Continuation | None
    began_in: int | None
    merged_into: int | None
    others: Sequence[Presence] = ()
    """Who else is at it now."""

    @property
    def is_merged(self) -> bool:
        """Tell whether the case is none of its own any more."""
        return self.state.close_reason == MERGED


def read(session: Session, case: int) -> Known | None:
    """Return what is known of *case*, None if there is none of that number."""
    store = session.store
    found = store.cases.load([case])
    if not found:
        return None
    state, setting = found[0]
    is_over = state.status in {CaseStatus.RESOLVED, CaseStatus.CLOSED}
    wait = None if is_over else speaking(state)
    told = wait or next(reversed(state.waits), None)
    return Known(
        state=state,
        setting=setting,
        card=store.views.card(state, setting, told) if told else None,
        wait=wait,
        continued=store.views.continued_in_private(case) if setting.public else None,
        began_in=None if setting.public else store.views.began_in_public(case),
        merged_into=store.threads.merged_into(case),
        others=store.presences.at(case, session.key, session.now),
    )


def speaking(state: CaseState) -> WaitState | None:
    """Return the open wait that speaks for a case: for an answer, else what is due first."""
    waits = [wait for wait in state.waits if wait.end is None]
    return min(waits, key=_urgency, default=None)


def _urgency(wait: WaitState) -> tuple[bool, bool, float]:
    due = wait.due_at
    return wait.kind.is_owed, due is None, due.timestamp() if due else 0.0


def asleep_until(known: Known, now: datetime) -> datetime | None:
    """Return until when the case sleeps, None if it is awake: a customer's word wakes it."""
    state, wait = known.state, known.wait
    if not (wait and state.snoozed_until and state.snoozed_at) or state.snoozed_until <= now:
        return None
    heard = state.wrote_at is not None and state.wrote_at > state.snoozed_at
    return None if heard or state.snoozed_at < wait.since else state.snoozed_until


def standing(known: Known) -> list[Piece]:
    """Return in words where a case stands that is not waiting."""
    state = known.state
    if known.is_merged:
        return [Piece("became part of another case", "waiting")]
    why = f": {short(state.close_reason, 60)}" if state.close_reason else ""
    return [Piece(f"{state.status}{why}", "title")]


def who(known: Known) -> list[Piece]:
    """Return who the customer is."""
    author = known.card.author if known.card else None
    parts = [Piece(short(author_name(author), _LONGEST_NAME), "title")]
    if author and author.name and author.handle:
        parts.append(Piece(f" @{short(author.handle, 30).removeprefix('@')}", "muted"))
    if author and author.followers is not None:
        many = f"{author.followers:,} follower{'s' if author.followers != 1 else ''}"
        parts.append(Piece(f" · {many}"))
    return parts


def where(known: Known) -> list[Piece]:
    """Return where the customer wrote, and who can read it."""
    setting = known.setting
    seen = "public" if setting.public else "private"
    return [Piece(f"{place_name(setting.network, setting.stream)} · {seen}")]


def about(known: Known) -> list[Piece]:
    """Return what the case is taken for."""
    traits = known.state.traits
    if traits.kind is None:
        return [Piece("not classified yet", "muted")]
    language = LANGUAGE_NAMES.get(traits.language, short(traits.language, 12))
    words = [
        Piece(traits.kind, "title"),
        *(Piece(f" · {topic}") for topic in topic_names(traits.topics, traits.kind)),
    ]
    if traits.urgency:
        words.append(Piece(f" · {traits.urgency} urgency"))
    return [*words, Piece(f" · {language}")] if language else words


def waited(known: Known, session: Session) -> list[Piece]:
    """Return since when the customer waits; or since when nobody does."""
    now, tz, state, wait = session.now, session.tz, known.state, known.wait
    if wait is not None:
        time = session.open_time(state.policy, wait.since, now, state.pauses)
        said = open_span(time) if time else "0m"
        return [Piece(said, "title"), Piece(f" since {moment(wait.since, now, tz)}")]
    ended = state.ended_at or state.answered_at
    if ended is None:
        return []
    quiet = ""
    if state.quiet_at and state.status is CaseStatus.ANSWERED:
        quiet = f", resolved if all is quiet until {moment(state.quiet_at, now, tz)}"
    return [Piece(f"{moment(ended, now, tz)}{quiet}")]


def clock(known: Known, session: Session) -> list[Piece]:
    """Return how much time is left, and when the customer must be served by which calendar."""
    if known.wait is None:
        return []
    at = known.card.due_at if known.card else None
    if at is None:
        return [Piece("waiting", "waiting"), Piece(" · no target")]
    now, policy = session.now, session.policy(known.state.policy)
    by = f" ({policy.hours.name})" if policy else ""
    return [time_left(known, session, at), Piece(f" · due {moment(at, now, session.tz)}{by}")]


def time_left(known: Known, session: Session, at: datetime) -> Piece:
    """Return how much business time is left until an instant, or has gone since."""
    late = at <= session.now
    time = session.time_to(known.state.policy, at, known.state.pauses)
    return Piece(left(time, late=late), "alarm" if late else "waiting")


def rest(known: Known, session: Session) -> list[Fact]:
    """Return what else is to be known: whose it is, what was promised, where it goes on."""
    now, tz, state, card = session.now, session.tz, known.state, known.card
    facts: list[Fact] = [
        ("also here", [Piece(f"{short(each.actor, 40)}, {short(each.doing, 20)}", "note")])
        for each in known.others
    ]
    if card and card.acknowledged_by:
        facts.append(("taken by", [Piece(short(card.acknowledged_by, 40), "title")]))
    if state.assigned_to:
        facts.append(("assigned to", [Piece(short(state.assigned_to, 40), "title")]))
    if until := asleep_until(known, now):
        facts.append(("asleep until", [Piece(moment(until, now, tz), "title")]))
    facts += _owed(known, session)
    if known.continued:
        number, answered = known.continued.case_id, known.continued.answered_at
        how = f", answered {moment(answered, now, tz)}" if answered else ", nobody answered there"
        facts.append(("continued in private", [_case_link(number), Piece(how)]))
    if known.began_in is not None:
        facts.append(("began in public", [_case_link(known.began_in)]))
    if known.merged_into is not None:
        facts.append(("goes on in", [_case_link(known.merged_into)]))
    return facts


def _owed(known: Known, session: Session) -> list[Fact]:
    """Return what our own answers owe the customer."""
    facts: list[Fact] = []
    for wait in known.state.waits:
        if wait.end is not None or not wait.kind.is_owed:
            continue
        by = (
            f"by {moment(wait.due_at, session.now, session.tz)}" if wait.due_at else "no time named"
        )
        if wait.kind is WaitKind.RESOLUTION:
            facts.append(("sent elsewhere", [Piece(f"to be solved {by}")]))
            continue
        words = known.card.promised if known.card and wait == known.wait else ""
        said = [Piece(f"“{short(words, _LONGEST_WORDS)}” ")] if words else []
        facts.append(("promised", [*said, Piece(by, "title")]))
    return facts


def _case_link(number: int) -> Piece:
    return Piece(f"case {number}", "link", f"case:{number}")


def facts(known: Known, session: Session) -> list[list[Fact]]:
    """Return everything that is known, for a pane: groups of labels and what is said under them."""
    waits = known.wait
    groups: list[list[Fact]] = [
        [
            ("state", clock(known, session) or standing(known)),
            ("waits for", [Piece(_WAITED_FOR[waits.kind])] if waits else []),
            ("waiting" if waits else "since", waited(known, session)),
        ],
        rest(known, session),
        [
            ("customer", who(known)),
            ("where", where(known)),
            ("account", [Piece(known.setting.account)]),
        ],
        [("about", about(known)), ("policy", [Piece(known.state.policy or "none")])],
    ]
    said = [[(label, pieces) for label, pieces in group if pieces] for group in groups]
    return [group for group in said if group]


def pane(known: Known, session: Session) -> list[Part]:
    """Return everything that is known as paragraphs: each label, and beside it what is said."""
    parts: list[Part] = []
    beside = (Piece(" " * (_LABELS + 2)),)
    for group in facts(known, session):
        parts += [EMPTY] if parts else []
        parts += [
            (said, (Piece(f" {label:{_LABELS}} ", "muted"),), beside) for label, said in group
        ]
    return parts


def head(known: Known, session: Session, *, wide: bool) -> list[list[Piece]]:
    """Return the lines above the tabs; where there is room for the pane, it is one."""
    number = Piece(f"Case {known.state.id}  ", "title")
    waiting, until = waited(known, session), clock(known, session)
    title = [number, *(until or standing(known))]
    since = [Piece(" · waiting " if known.wait else " · since "), *waiting] if waiting else []
    if wide:
        return [[*title, *since, Piece(" · "), *who(known)]]
    policy = f" · policy {known.state.policy}" if known.state.policy else " · no policy"
    said = joined(rest(known, session))
    return [
        title,
        [*who(known), *since],
        [*about(known), Piece(policy, "muted")],
        [*where(known), *([Piece(" · "), *said] if said else [])],
    ]


def joined(facts: Sequence[Fact]) -> list[Piece]:
    """Return facts one after the other."""
    pieces: list[Piece] = []
    for label, said in facts:
        pieces += [Piece(" · ")] if pieces else []
        pieces += [Piece(f"{label} ", "muted"), *said]
    return pieces
