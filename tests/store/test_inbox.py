"""What the inbox lists, compared with everything that is in small shops, one by one."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxd.core.policies import Match
from inboxd.core.queries import Query, View
from inboxd.errors import UserError
from inboxd.model import Author, Kind, Stream, Topic, Urgency
from inboxd.store import Store, schema
from inboxd.store.database import open_database
from inboxd.store.filters import Filter
from inboxd.store.inbox import InboxStore
from tests.store.many import ACCOUNTS, LANGUAGES, ME, NOW, PEOPLE, SPECS, Shop, Spec, ordered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from inboxd.store.inbox import Listing

EXAMPLES = settings(max_examples=40, deadline=None)


def _some(*values: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), max_size=2)


MATCHES = st.builds(
    Match,
    account=_some(*ACCOUNTS),
    network=_some("vk", "twitter", "facebook"),
    stream=_some(*Stream),
    kind=_some(*Kind, "unknown"),
    topic=_some(*Topic),
    urgency=_some(*Urgency, "unknown"),
    language=_some(*LANGUAGES, "unknown"),
    public=st.none() | st.booleans(),
    min_followers=st.none() | st.sampled_from([0, 1, 85, 12_400, 12_401]),
)
ONE_CONDITION = st.sampled_from(Match.__slots__).flatmap(
    lambda name: MATCHES.map(lambda match: Match(**{name: getattr(match, name)}))
)
QUERIES = st.builds(
    Query,
    view=st.sampled_from(View),
    match=ONE_CONDITION | MATCHES,
    assigned_to=st.sampled_from(["", "", "", "olena", "Max", "nobody"]),
    author=st.sampled_from(["", "", "", "коваль", "АННА", "groß", "o'n", "[x]", "0%_", "%", "ol"]),
)


@pytest.fixture
def shop() -> Iterator[Shop]:
    opened = Shop()
    yield opened
    opened.store.close()


def numbers(listing: Listing) -> list[int]:
    """Return all cases of a listing, read in small pages."""
    found: list[int] = []
    while page := listing.page(len(found), 3):
        found += [row.case_id for row in page]
    return found


@EXAMPLES
@given(SPECS, st.lists(QUERIES, min_size=1, max_size=8))
def test_a_listing_has_the_cases_that_pass_in_the_order_of_its_view(
    specs: Sequence[Spec], queries: Sequence[Query]
) -> None:
    """For every view and condition: what filtering and sorting everything by hand gives."""
    shop = Shop()
    with closing(shop.store):
        shop.happen(specs)
        cases = list(shop.facts().values())
        for query in [*map(Query, View), *queries]:
            listing = shop.store.inbox.listing(query, ME, NOW)
            wanted = [case for case in cases if case.is_in(query.view) and case.passes(query)]
            assert numbers(listing) == ordered(wanted, query.view), query
            assert len(listing) == len(wanted)
            assert not listing.cut


@EXAMPLES
@given(SPECS, QUERIES, st.sampled_from(["", "посылк", "ship", "paket"]))
def test_pages_make_up_the_whole_and_a_case_is_where_its_place_says(
    specs: Sequence[Spec], query: Query, word: str
) -> None:
    """Pages of any size, put together, are the listing; place finds each case, and no other."""
    shop = Shop()
    with closing(shop.store):
        shop.happen(specs)
        asked = replace(query, words=(word,) if word else ())
        listing = shop.store.inbox.listing(asked, ME, NOW)
        whole = [row.case_id for row in listing.page(0, 1_000)]
        assert numbers(listing) == whole
        assert len(set(whole)) == len(whole) == len(listing)
        places = {case: listing.place(case) for case in [*shop.facts(), 10_000]}
        assert places == dict.fromkeys(places) | {case: n for n, case in enumerate(whole)}


@EXAMPLES
@given(SPECS)
def test_the_counts_of_the_views_are_the_lengths_of_their_listings(specs: Sequence[Spec]) -> None:
    """What a tab says is what is found behind it."""
    shop = Shop()
    with closing(shop.store):
        shop.happen(specs)
        inbox = shop.store.inbox
        lengths = {view: len(inbox.listing(Query(view), ME, NOW)) for view in View}
        assert inbox.counts(ME, NOW) == lengths


@EXAMPLES
@given(SPECS)
def test_a_row_says_what_the_tracker_knows(specs: Sequence[Spec]) -> None:
    """Each line of the list: who waits since when, who has it, until when it sleeps."""
    shop = Shop()
    with closing(shop.store):
        shop.happen(specs)
        cases = shop.facts()
        rows = shop.store.inbox.rows(list(cases), NOW)
        assert [row.case_id for row in rows] == list(cases)
        for row, case in zip(rows, cases.values(), strict=True):
            state, wait = case.state, case.state.wait
            assert (row.status, row.network, row.stream) == (
                state.status,
                case.setting.network,
                case.setting.stream,
            )
            assert row.public == case.setting.public
            assert row.since == (wait.since if wait else state.opened_at)
            assert row.wait == (wait.kind if wait else None)
            taken = wait and state.acknowledged_at and state.acknowledged_at >= wait.since
            assert row.taken_by == (state.acknowledged_by if taken else "")
            assert row.snoozed_until == (state.snoozed_until if case.asleep else None)
            assert row.author in case.authors
            assert row.text in {each.text for each in shop.said}


WORDS = st.sampled_from(
    ["посыл", "ПОСЫЛКУ", "все", "всё", "перенесете", "доставк", "наявн", "straße", "strasse",
     "hauptstraß", "stras", "paket", "beschädigt", "beschadigt", "ship", "near", "or", "not", "и",
     "hello", '"где моя"', '"моя посылк"', '"ещё жду"', "38"]
)  # fmt: skip


@EXAMPLES
@given(SPECS, st.lists(WORDS, min_size=1, max_size=2), QUERIES)
def test_a_search_finds_the_cases_whose_messages_have_the_words(
    specs: Sequence[Spec], words: list[str], query: Query
) -> None:
    """In all four languages, by the beginnings of words, the newest message first."""
    shop = Shop()
    with closing(shop.store):
        shop.happen(specs)
        cases = list(shop.facts().values())
        wanted: list[int] = []
        for said in reversed(shop.said):
            case = shop.case_of(said, cases)
            if case and all(_has(said.text, word) for word in words):
                fits = case.is_in(query.view) and case.passes(query)
                wanted += [case.number] if fits and case.number not in wanted else []
        listing = shop.store.inbox.listing(replace(query, words=tuple(words)), ME, NOW)
        assert numbers(listing) == wanted


def _has(text: str, word: str) -> bool:
    said, wanted = f" {_plain(text)} ", _plain(word)
    whole = word.startswith('"') or len(wanted) < 3
    return f" {wanted} " in said if whole else f" {wanted}" in said


def _plain(text: str) -> str:
    folded = text.lower().replace("ё", "е").replace("ß", "ss").replace("ä", "a")
    return " ".join(re.findall(r"\w+", folded))


@pytest.mark.parametrize("written", ["об'єкт", "об’єкт", "обʼєкт"])
@pytest.mark.parametrize("sought", ["об'єкт", "об’єкт", "обʼєкт", "Об'єк"])
def test_one_apostrophe_is_as_good_as_another(shop: Shop, written: str, sought: str) -> None:
    """Keyboards and telephones write three different ones into Ukrainian words."""
    shop.hear(("shop-vk", "0:1"), 0, f"Де {written}?", NOW, PEOPLE[0])
    assert len(shop.store.inbox.listing(Query(words=(sought,)), ME, NOW)) == 1


HOSTILE = ['"', "*", "NEAR(a b)", "-ship", "^ship", "text:ship", "a\x00b", "\ud800", "(", "AND",
           "ship*", "col : x", "'; DROP TABLE cases; --", "!!!", "\u0301", "ʼ", "'", '""', "ﷺ",
           "x" * 10_000, "NOT", "ship OR", "{a b}: x", "+", "\\", "%", "🦆"]  # fmt: skip


@EXAMPLES
@given(
    st.lists(
        st.sampled_from(HOSTILE) | st.text(max_size=12).filter(lambda text: text.strip() != ""),
        max_size=25,
    ),
    st.sampled_from(HOSTILE) | st.text(max_size=12),
)
def test_hostile_words_find_nothing_that_they_should_not_and_break_nothing(
    words: list[str], name: str
) -> None:
    """Whatever is typed is text: it is refused with a UserError, or what it finds contains it."""
    shop = Shop()
    with closing(shop.store):
        shop.hear(("shop-vk", "0:1"), 0, "ship a duck to the shop", NOW, PEOPLE[0])
        try:
            listing = shop.store.inbox.listing(
                Query(words=tuple(words), author=name, assigned_to=name), ME, NOW
            )
        except UserError:
            return
        if any(re.search(r"[^\W_]", word) for word in words):
            assert not numbers(listing) or name == ""


@pytest.mark.parametrize(
    ("word", "found"),
    [("-ship", 1), ("ship*", 1), ("^ship", 1), ('"ship a"', 1), ('"sh"', 0), ("text:ship", 0),
     ("ship-a", 1), ("!!!", 1), ("NEAR(ship", 0), ("shi", 1), ("sh", 0), ("a", 1)],
)  # fmt: skip
def test_no_sign_in_a_word_is_an_operator(shop: Shop, word: str, found: int) -> None:
    """A sign is what stands between words; without a letter or a digit nothing is asked for."""
    shop.hear(("shop-vk", "0:1"), 0, "ship a duck", NOW, PEOPLE[0])
    assert len(shop.store.inbox.listing(Query(words=(word,)), ME, NOW)) == found


def test_what_is_asleep_wakes_at_its_time(shop: Shop) -> None:
    """A case sleeps up to the instant that was chosen, and waits from it on."""
    shop.happen([Spec("shop-vk", 1, 0, 0, 0, 30, None, "asleep")])
    wakes = NOW.replace(hour=10, minute=0)
    for now, view in ((wakes - timedelta(seconds=1), View.SNOOZED), (wakes, View.WAITING)):
        counts = shop.store.inbox.counts(ME, now)
        assert (counts[View.SNOOZED], counts[View.WAITING]) == (
            (1, 0) if view is View.SNOOZED else (0, 1)
        )
        (row,) = shop.store.inbox.listing(Query(view), ME, now).page(0, 5)
        assert row.snoozed_until == (wakes if view is View.SNOOZED else None)


def test_a_text_is_read_no_further_than_a_line_goes(shop: Shop) -> None:
    """A message may have 100,000 letters, and its author's name 10,000."""
    author = Author("long", "n" * 10_000, "h" * 10_000)
    shop.hear(("shop-vk", "0:1"), 0, "z" * 100_000, NOW, author)
    (row,) = shop.store.inbox.listing(Query(), ME, NOW).page(0, 5)
    assert row.author is not None
    assert max(len(row.text), len(row.author.name), len(row.author.handle)) <= 400


def test_a_search_says_how_far_it_looked(shop: Shop) -> None:
    """Beyond a number of messages that fit nothing is looked at, and the listing says so."""
    for number in range(5):
        shop.hear(("shop-vk", f"0:{number}"), 0, "hello", NOW, PEOPLE[0])
        listing = shop.store.inbox.listing(Query(words=("hello",)), ME, NOW, 3)
        assert (len(listing), listing.cut) == ((number + 1, 0) if number < 3 else (3, 3))
    assert [row.case_id for row in listing.page(0, 9)] == [5, 4, 3]
    assert len(shop.store.inbox.listing(Query(words=("hello",)), ME, NOW)) == 5


def test_the_customers_other_cases_are_found_on_all_networks(shop: Shop) -> None:
    """The same account's customer for sure, another's of the same name or handle perhaps."""
    anna, namesake = PEOPLE[0], Author("77", "Анна Коваль", "someone")
    by_handle = Author("78", "A. K.", "anna_k")
    for number, (account, author) in enumerate(
        [("shop-vk", anna), ("shop-vk", anna), ("shop-x", namesake), ("shop-x", by_handle),
         ("shop-vk", PEOPLE[1]), ("shop-x", Author("79"))]
    ):  # fmt: skip
        at = NOW + timedelta(minutes=number)
        shop.hear((account, f"0:{number}"), 0, "hello", at, author)
    found = shop.store.inbox.authors_cases(1, 10, NOW)
    assert [(each.row.case_id, each.sure) for each in found] == [(4, False), (3, False), (2, True)]
    assert [each.row.case_id for each in shop.store.inbox.authors_cases(1, 1, NOW)] == [4]
    assert shop.store.inbox.authors_cases(6, 10, NOW) == []


@pytest.mark.parametrize("view", View)
def test_every_list_is_read_from_an_index_that_holds_all_it_needs(shop: Shop, view: View) -> None:
    """No case is looked up to be counted or sorted: with 100,000 of them that takes too long."""
    asked: list[str] = []
    shop.store.database.set_trace_callback(asked.append)
    match = Match(
        account=frozenset({"a"}), kind=frozenset({"unknown"}), topic=frozenset({"other"}),
        network=frozenset({"b"}), stream=frozenset({"c"}), language=frozenset({"d"}),
        urgency=frozenset({"low"}), public=True,
    )  # fmt: skip
    few = {View.PROMISES, View.SNOOZED, View.ANSWERED}
    for query in (Query(view), Query(view, match=Match() if view in few else match)):
        listing = InboxStore(shop.store.database).listing(query, ME, NOW)
        assert (len(listing), listing.page(0, 5)) == (0, [])
        chosen = Filter.of(shop.store.database, query, ME, NOW)
        assert chosen.ids(shop.store.database, 0, 5, backwards=True) == []
    shop.store.database.set_trace_callback(None)
    for sql in (sql for sql in asked if "FROM cases AS c WHERE" in sql):
        plan = [row[3] for row in shop.store.database.execute(f"EXPLAIN QUERY PLAN {sql}")]
        ways = [step for step in plan if re.match(r"(SCAN|SEARCH) c ", step)]
        assert all("COVERING INDEX" in way for way in ways) or view is View.PROMISES, plan
        assert "TEMP B-TREE" not in " ".join(plan) or view is View.PROMISES, plan


def test_the_cases_of_an_older_file_are_listed_where_they_are(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was made before the terminal's interface is brought up to date."""
    with monkeypatch.context() as before:
        steps = dict(list(schema._STEPS.items())[:3])
        before.setattr(schema, "_STEPS", steps)
        with closing(open_database(database)) as old:
            old.execute(
                "INSERT INTO conversations VALUES (7, 'a', 'vk', 't', 'comments', 1, 1, NULL, '', NULL, '', 0)"
            )
            old.execute(
                "INSERT INTO messages (id, account, remote_id, conversation_id, stream, direction, "
                "public, text, sent_at, seen_at, url, attachments, auto_reply, staff) "
                "VALUES (1, 'a', 'm', 7, 'comments', 'inbound', 1, 'Hello', "
                "'2026-11-25T08:00:00.000Z', '2026-11-25T08:00:00.000Z', '', '[]', 0, '')"
            )
            old.execute(
                "INSERT INTO cases (conversation_id, account, status, first_message_id, opened_at, "
                "waiting_since, unanswered, close_reason, topics, language) VALUES (7, 'a', "
                "'waiting', 1, '2026-11-25T08:00:00.000Z', '2026-11-25T08:00:00.000Z', 1, '', '[]', '')"
            )
    with Store(database) as store:
        match = Match(network=frozenset({"vk"}), stream=frozenset({"comments"}), public=True)
        (row,) = store.inbox.listing(Query(match=match), ME, NOW).page(0, 5)
        assert (row.network, row.stream, row.public, row.text) == ("vk", "comments", True, "Hello")


def test_a_store_keeps_as_much_of_the_file_in_memory_as_it_may(database: Path) -> None:
    """The terminal's has a budget; the daemon's writes all day."""
    with Store(database, cache_kib=1_234) as store:
        assert store.database.execute("PRAGMA cache_size").fetchone() == (-1_234,)
