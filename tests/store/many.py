"""Small shops of which everything is known twice: from a real database, and from what was put in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from inboxd.connector import Page
from inboxd.core.policies import Facts
from inboxd.core.queries import View
from inboxd.core.waits import CaseStatus, WaitKind
from inboxd.durations import parse_business
from inboxd.model import (
    Author,
    Direction,
    Kind,
    Manners,
    Message,
    ReplyVerdict,
    Stream,
    Topic,
    Urgency,
    Verdict,
)
from inboxd.pipeline import Origin, Pipeline
from inboxd.store import IN_MEMORY, Store
from tests.store.shop import BRAND, policy, rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inboxd.core.queries import Query
    from inboxd.core.states import CaseState, Setting

NOW = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
ME = "Olena"
ACCOUNTS = {"shop-vk": "vk", "shop-vk-2": "vk", "shop-x": "twitter"}
PLACES = (
    (Stream.DIRECT_MESSAGES, False),
    (Stream.COMMENTS, True),
    (Stream.MENTIONS, True),
)
PEOPLE = (
    Author("anna", "Анна Коваль", "anna_k", 84),
    Author("lukas", "Lukas Groß", "", None),
    Author("olga", "ОЛЬГА Петрова", "olga.p", 12_400),
    Author("john", "John [x] O'Neil", "100%_oneil", 310),
)
TEXTS = (
    "Где моя посылка? Всё ещё жду посылку",
    "Посылки всё нет, перенесёте доставку?",
    "Коли буде в наявності розмір 38?",
    "Поверніть гроші за доставку",
    "Die Straße stimmt nicht, das Paket kam beschädigt an",
    "Wann kommt mein Paket in die Hauptstrasse",
    "Do you ship to Norway? Shipping costs?",
    "NEAR the shop OR not * ship-ment",
)
FATES = (
    "nothing", "answered", "resolved", "promised", "deflected", "taken", "taken by me", "for me",
    "for max", "asleep", "woken", "awake again", "closed", "taken before",
)  # fmt: skip
LANGUAGES = ("ru", "uk", "de", "en", "ar")


class Spec(NamedTuple):
    """How one conversation begins, and what becomes of it."""

    account: str
    thread: int
    place: int
    author: int
    text: int
    minutes: int
    judged: tuple[Kind, Topic, Urgency, str] | None
    fate: str


SPECS = st.lists(
    st.builds(
        Spec,
        st.sampled_from(list(ACCOUNTS)),
        st.integers(0, 5),
        st.integers(0, len(PLACES) - 1),
        st.integers(0, len(PEOPLE) - 1),
        st.integers(0, len(TEXTS) - 1),
        st.integers(1, 400),
        st.none()
        | st.tuples(
            st.sampled_from(list(Kind)),
            st.sampled_from([Topic.SHIPPING, Topic.REFUNDS, Topic.OTHER]),
            st.sampled_from(list(Urgency)),
            st.sampled_from(LANGUAGES),
        ),
        st.sampled_from(FATES),
    ),
    min_size=1,
    max_size=12,
)


class Said(NamedTuple):
    """A message as it was put in."""

    place: tuple[str, str]
    at: datetime
    text: str
    author: Author | None


@dataclass
class Shop:
    """A database in memory, and a list of what was said."""

    store: Store = field(default_factory=lambda: Store(IN_MEMORY))
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        targets = policy(
            promise=parse_business("1h"),
            resolution=parse_business("3h"),
            first_response=parse_business("2h"),
        )
        self.pipeline = Pipeline(self.store, rules(targets, quiet_after=timedelta(hours=1)))

    def happen(self, specs: Sequence[Spec]) -> None:
        """Let everything happen, in its order, up to `NOW`."""
        for spec in sorted(specs, key=lambda spec: -spec.minutes):
            self._happen(spec)
        with self.store.transaction():
            self.store.cases.resolve_quiet(NOW)

    def _happen(self, spec: Spec) -> None:
        began = NOW - timedelta(minutes=spec.minutes)
        # What a thread is depends on its name: a network never changes it.
        place = (spec.account, f"{spec.place}:{spec.thread}")
        self.hear(place, spec.place, TEXTS[spec.text], began, PEOPLE[spec.author])
        case = int(self.value("SELECT max(id) FROM cases"))
        if spec.judged:
            self._judge(*spec.judged, began)
        at = began + timedelta(seconds=20)
        if spec.fate == "taken before":
            self._act(case, "ack", ME, at, "")
            self.hear(place, spec.place, "It is on its way", at, None)
            self.hear(place, spec.place, "and?", at + timedelta(seconds=5), PEOPLE[spec.author])
        if spec.fate in {"answered", "resolved", "promised", "deflected"}:
            self.hear(place, spec.place, "We look into it", at, None)
            self._judge_replies(spec.fate, at)
        for fate, *deed in (
            ("taken", "ack", "Max", ""),
            ("taken by me", "ack", ME, ""),
            ("for me", "assign", "Max", ME),
            ("for max", "assign", ME, "max"),
            ("asleep", "snooze", ME, "2026-11-25T10:00:00.000Z"),
            ("woken", "snooze", ME, "2026-11-25T08:30:00.000Z"),
            ("awake again", "snooze", ME, "2026-11-26T10:00:00.000Z"),
            ("closed", "close", "Max", "spam"),
        ):
            if fate == spec.fate:
                self._act(case, deed[0], deed[1], at, deed[2])
        if spec.fate == "awake again":
            later = at + timedelta(seconds=5)
            self.hear(place, spec.place, "Hello???", later, PEOPLE[spec.author])

    def hear(
        self, place: tuple[str, str], kind: int, text: str, at: datetime, author: Author | None
    ) -> None:
        """Take in one message; without an *author* it is ours."""
        account, thread = place
        stream, public = PLACES[kind]
        message = Message(
            remote_id=f"m{len(self.said)}",
            thread_id=thread,
            stream=stream,
            direction=Direction.INBOUND if author else Direction.OUTBOUND,
            public=public,
            sent_at=at,
            text=text,
            author=author or BRAND,
        )
        self.said.append(Said(place, at, text, author))
        origin = Origin(account, ACCOUNTS[account], "feed")
        self.pipeline.ingest(origin, Page({"n": len(self.said)}, [message]), at)

    def _judge(
        self, kind: Kind, topic: Topic, urgency: Urgency, language: str, at: datetime
    ) -> None:
        for each in self.store.messages.unclassified(10)[-1:]:
            verdict = Verdict(kind, (topic,), urgency, language, {})
            self.pipeline.judge([(each, verdict)], at, "test")

    def _judge_replies(self, fate: str, at: datetime) -> None:
        promise, deflects = fate == "promised", fate == "deflected"
        shares = {
            "deflection": 0.97 * deflects,
            "promise": 0.97 * promise,
            "non_answer": 0.0,
        }
        manners = Manners(True, True, False, True, True)
        verdict = ReplyVerdict(deflects, promise, False, "en", shares, manners)
        for each in self.store.replies.unjudged(10):
            self.pipeline.judge_replies([(each, verdict)], at, "test")

    def _act(self, case: int, action: str, actor: str, at: datetime, detail: str) -> None:
        with self.store.transaction():
            self.store.actions.add(case, action, actor, at, detail)
        self.pipeline.track_pending(at)

    def value(self, sql: str, *values: object) -> Any:
        """Return the one value that answers *sql*."""
        return self.store.database.execute(sql, values).fetchone()[0]

    def facts(self) -> dict[int, Case]:
        """Return every case as the tracker knows it, with who wrote."""
        numbers = [row[0] for row in self.store.database.execute("SELECT id FROM cases")]
        found = {}
        for state, setting in self.store.cases.load(numbers):
            number = state.id or 0
            thread = self.value(
                "SELECT v.remote_id FROM cases AS c JOIN conversations AS v "
                "ON v.id = c.conversation_id WHERE c.id = ?",
                number,
            )
            place = (setting.account, str(thread))
            authors = {each.author for each in self.said if each.place == place and each.author}
            found[number] = Case(number, state, setting, place, frozenset(authors))
        return found

    def case_of(self, said: Said, cases: Sequence[Case]) -> Case | None:
        """Return the case that was open, or over last, when something was said."""
        there = [
            case for case in cases if case.place == said.place and case.state.opened_at <= said.at
        ]
        return max(there, key=lambda case: (case.state.opened_at, case.number), default=None)


class Case(NamedTuple):
    """One case, by what the tracker and the test know of it."""

    number: int
    state: CaseState
    setting: Setting
    place: tuple[str, str]
    authors: frozenset[Author]

    @property
    def awake(self) -> bool:
        """Tell whether somebody waits and it does not sleep."""
        return self.state.status is CaseStatus.WAITING and not self.asleep

    @property
    def asleep(self) -> bool:
        """Tell whether somebody waits and it sleeps: they have been silent since it was put to."""
        state, wait = self.state, self.state.wait
        if not (wait and state.snoozed_at and state.snoozed_until and state.wrote_at):
            return False
        silent = state.wrote_at <= state.snoozed_at and wait.since <= state.snoozed_at
        return silent and state.snoozed_until > NOW

    def is_in(self, view: View) -> bool:
        """Tell whether it is to be seen in *view*."""
        state, wait = self.state, self.state.wait
        due = state.due_at
        taken = bool(wait and state.acknowledged_at and state.acknowledged_at >= wait.since)
        promises = [each for each in state.open_waits if each.kind is WaitKind.PROMISE]
        return {
            View.WAITING: self.awake,
            View.DUE: self.awake and due is not None and NOW < due <= NOW + timedelta(hours=1),
            View.BREACHED: self.awake and due is not None and due <= NOW,
            View.PROMISES: state.status is CaseStatus.WAITING and bool(promises),
            View.MINE: self.awake
            and (state.assigned_to == ME or (taken and state.acknowledged_by == ME)),
            View.SNOOZED: self.asleep,
            View.PUBLIC: self.awake and self.setting.public,
            View.ANSWERED: state.status is CaseStatus.ANSWERED,
            View.CLOSED: state.status in {CaseStatus.RESOLVED, CaseStatus.CLOSED},
            View.ALL: True,
        }[view]

    def passes(self, query: Query) -> bool:
        """Tell whether the conditions of *query* hold, whatever its view and words."""
        name = query.author.lower()
        written = any(
            name in each.name.lower() or name in each.handle.lower() for each in self.authors
        )
        assigned = not query.assigned_to or (
            self.state.assigned_to.casefold() == query.assigned_to.casefold()
        )
        return not query.match.refusal(self._facts()) and written and assigned

    def _facts(self) -> Facts:
        traits, setting = self.state.traits, self.setting
        return Facts(
            setting.account,
            setting.network,
            setting.stream,
            setting.public,
            traits.kind,
            frozenset(traits.topics),
            traits.urgency,
            traits.language,
            max((each.followers or 0 for each in self.authors), default=0),
        )


def ordered(cases: Sequence[Case], view: View) -> list[int]:
    """Return the numbers of *cases* in the order of *view*."""
    never = datetime.max.replace(tzinfo=UTC)

    def due(case: Case) -> tuple[object, ...]:
        wait = case.state.wait
        return (case.state.due_at or never, wait.since if wait else never, case.number)

    if view is View.SNOOZED:
        inorder = sorted(cases, key=lambda case: (case.state.snoozed_until or never, case.number))
    elif view in {View.ANSWERED, View.CLOSED, View.ALL}:
        name = {View.ANSWERED: "answered_at", View.CLOSED: "ended_at", View.ALL: "opened_at"}[view]
        inorder = sorted(
            cases, key=lambda case: (getattr(case.state, name), case.number), reverse=True
        )
    else:
        inorder = sorted(cases, key=due)
    return [case.number for case in inorder]
