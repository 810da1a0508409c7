"""
How long the terminal's lists take with 100,000 cases and 1,000,000 messages in the file.

Once as a shop's years leave it, with 3,000 cases that wait, and once at its worst, when all of
them do. The baseline is what SQLite needs at least for a page: to find 60 cases by their numbers,
with their texts. All of it through a connection with as small a cache as the terminal's. In each
round everything has its turn, and of each its best round counts.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import years
from benchmarks.figures import Figure, seconds
from inboxd.core.queries import Known, parse
from inboxd.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from inboxd.store.inbox import Listing

ROUNDS = 9
PAGE = 60
CACHE_KIB = 4_000
GOAL_MS = 20.0
_ME = "Olena"
_KNOWN = Known(("shop-vk", "shop-fb", "shop-x"), ("vk", "facebook", "twitter"))
_LISTS = (
    "", "view:breached", "view:mine", "view:promises", "view:public", "view:closed", "view:all",
    "network:vk", "kind:complaint", "topic:shipping", "assigned:olena",
    "lang:uk urgency:high topic:gift_cards", "view:closed kind:praise",
    "view:all topic:staff urgency:low lang:de", "min_followers:1000", "min_followers:60000",
    "author:user1234", "author:олена",
)  # fmt: skip
_SEARCHES = (
    years.COMMON, years.COMMON[:2], years.RARE, "нетнет", f"{years.COMMON} при",
    f"view:all {years.COMMON}", f"kind:complaint view:all {years.COMMON}",
)  # fmt: skip
_BASELINE = """
SELECT c.*, substr(m.text, 1, 400) FROM cases AS c JOIN messages AS m ON m.id = c.first_message_id
 WHERE c.id >= 50000 ORDER BY c.id LIMIT ?
"""


class _Line(NamedTuple):
    """One line of the table: what is measured for it, each under a name."""

    what: str
    work: Mapping[str, Callable[[], object]]


def run() -> list[Figure]:
    """Measure, and return the figures."""
    now = years.now()
    return [
        *_lists("lists", years.database(), now),
        *_lists("lists, all wait", years.database(all_wait=True), now),
    ]


def _lists(title: str, path: Path, now: datetime) -> Iterator[Figure]:
    with (
        Store(path, create=False, cache_kib=CACHE_KIB) as store,
        closing(sqlite3.connect(path)) as bare,
    ):
        bare.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        lines = [
            _Line("", {"": lambda: bare.execute(_BASELINE, (PAGE,)).fetchall()}),
            _Line("the counts of all views", {"": lambda: store.inbox.counts(_ME, now)}),
            *(_of_list(store, text, now) for text in _LISTS),
            *(_of_search(store, text, now) for text in _SEARCHES),
        ]
        best_ms = _best_ms(lines)
    baseline = best_ms[0][""]
    yield Figure(f"{title}: {years.CASES:,} cases, {years.CASES * years.PER_CASE:,} messages", "")
    for line, took in list(zip(lines, best_ms, strict=True))[1:]:
        worst = max(took.values())
        yield Figure(
            f"  {line.what}",
            ", ".join(f"{name} {each:.1f}".strip() for name, each in took.items()) + " ms",
            f"{baseline:.2f} ms, {PAGE} rows by number",
            worst / baseline,
            f"each < {GOAL_MS:.0f} ms",
            worst < GOAL_MS,
        )


def _of_list(store: Store, text: str, now: datetime) -> _Line:
    """Return what is measured of a list: made and counted, paged everywhere, and a case's place."""

    def listed() -> Listing:
        return store.inbox.listing(parse(text, _KNOWN), _ME, now)

    listing = listed()
    cases = len(listing)
    work: dict[str, Callable[[], object]] = {"count": lambda: len(listed())}
    if cases:
        (middle,) = listing.page(cases // 2, 1)
        work |= {
            "first page": lambda: listing.page(0, PAGE),
            "middle": lambda: listing.page(cases // 2, PAGE),
            "last": lambda: listing.page(max(0, cases - PAGE), PAGE),
            "place": lambda: listing.place(middle.case_id),
        }
    return _Line(f"{text or 'view:waiting'}: {cases:,}", work)


def _of_search(store: Store, text: str, now: datetime) -> _Line:
    """Return a search with its first page, as each key in the search bar starts one."""
    query = parse(text, _KNOWN)
    listing = store.inbox.listing(query, _ME, now)
    cut = f" in the newest {listing.cut:,} messages" if listing.cut else ""
    return _Line(
        f"search {text}: {len(listing):,}{cut}",
        {"": lambda: store.inbox.listing(query, _ME, now).page(0, PAGE)},
    )


def _best_ms(lines: Sequence[_Line]) -> list[dict[str, float]]:
    rounds = [
        [{name: seconds(work) for name, work in line.work.items()} for line in lines]
        for _ in range(ROUNDS)
    ]
    return [
        {name: 1e3 * min(took[name] for took in turns) for name in turns[0]}
        for turns in zip(*rounds, strict=True)
    ]
