"""Listings of cases that need no database: as long as one likes, and changed at will."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from inboxd.core.waits import CaseStatus, WaitKind
from inboxd.model import Author, Kind, Stream, Topic, Urgency
from inboxd.store.inbox import InboxRow
from tests.tui.stage import NOW

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

NAMES = ("Анна Коваль", "Lukas Groß", "محمد علي", "山田花子", "Zoë 👩‍👩‍👧‍👦🏳️‍🌈", "John O'Neil")
TEXTS = (
    "Где моя посылка? Жду уже две недели, это безобразие!",
    "Das Paket kam beschädigt an, ich will mein Geld zurück.",
    "Do you ship to Norway?",
    "Менеджер нагрубив мені по телефону, жах.",
)

PLAIN = InboxRow(
    case_id=1, status=CaseStatus.WAITING, account="shop-vk", network="vk",
    stream=Stream.DIRECT_MESSAGES, public=False, author=Author("anna", "Анна Коваль"),
    kind=Kind.COMPLAINT, topics=(Topic.REFUNDS,), urgency=Urgency.NORMAL, language="uk",
    policy="complaints", since=NOW - timedelta(minutes=48), due_at=NOW + timedelta(minutes=12),
    unanswered=1, taken_by="", assigned_to="", snoozed_until=None,
    wait=WaitKind.FIRST_RESPONSE, promised="", ended_at=None, close_reason="",
    text="Верните деньги", url="https://social.example/1",
)  # fmt: skip


class Numbered:
    """*count* cases from 1 on, made when they are asked for; notes which were."""

    cut = 0

    def __init__(self, count: int) -> None:
        self.count = count
        self.pages: list[tuple[int, int]] = []

    def __len__(self) -> int:
        """Return how many they are."""
        return self.count

    def page(self, offset: int, limit: int) -> Sequence[InboxRow]:
        """Return a page of them."""
        self.pages.append((offset, limit))
        return [numbered(at + 1) for at in range(offset, min(offset + limit, self.count))]

    def place(self, case: int) -> int | None:
        """Return where a case is."""
        return case - 1 if 0 < case <= self.count else None

    def among(self, cases: Collection[int]) -> set[int]:
        """Return which cases are here."""
        return {case for case in cases if self.place(case) is not None}


class Some:
    """The cases of these numbers, in this order."""

    cut = 0

    def __init__(self, cases: Sequence[int]) -> None:
        self.cases = list(cases)

    def __len__(self) -> int:
        """Return how many they are."""
        return len(self.cases)

    def page(self, offset: int, limit: int) -> Sequence[InboxRow]:
        """Return a page of them."""
        return [numbered(case) for case in self.cases[offset : offset + limit]]

    def place(self, case: int) -> int | None:
        """Return where a case is."""
        return self.cases.index(case) if case in self.cases else None

    def among(self, cases: Collection[int]) -> set[int]:
        """Return which cases are here."""
        return set(cases).intersection(self.cases)


def numbered(case: int) -> InboxRow:
    """Return one of many cases that are all a little different."""
    return replace(
        PLAIN,
        case_id=case,
        author=Author(f"a{case}", NAMES[case % len(NAMES)], followers=case * 37 % 50_000),
        since=NOW - timedelta(minutes=case % 3_000),
        due_at=NOW + timedelta(minutes=case % 5_000 - 600) if case % 7 else None,
        public=case % 3 == 0,
        stream=list(Stream)[case % 5],
        urgency=list(Urgency)[case % 3],
        kind=list(Kind)[case % 4],
        topics=(list(Topic)[case % 15],),
        network=("vk", "facebook", "twitter")[case % 3],
        taken_by="Max" if case % 11 == 0 else "",
        text=f"{case}: {TEXTS[case % len(TEXTS)]}",
    )
