"""The language in which people say which cases they want to see."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inboxd.core.policies import Match
from inboxd.core.queries import Known, Query, Unfinished, View, conditions, parse, words
from inboxd.core.wording import containing, index_query, is_searchable
from inboxd.errors import UserError
from inboxd.model import Kind, Stream, Topic, Urgency

KNOWN = Known(accounts=("shop-vk", "Shop X"), networks=("vk", "facebook"))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("  посылка  ", Query(words=("посылка",))),
        ('посылка "где моя"', Query(words=("посылка", '"где моя"'))),
        ('"где моя', Query(words=('"где моя"',))),
        ("network:vk", Query(match=Match(network=frozenset({"vk"})))),
        ("Network:VK", Query(match=Match(network=frozenset({"vk"})))),
        ("kind:complaint,unknown", Query(match=Match(kind=frozenset({"complaint", "unknown"})))),
        ("topic:shipping topic:refunds", Query(match=Match(topic=frozenset({"shipping", "refunds"})))),
        ("lang:uk", Query(match=Match(language=frozenset({"uk"})))),
        ("language:pl", Query(match=Match(language=frozenset({"pl"})))),
        ("stream:comments urgency:high", Query(match=Match(stream=frozenset({"comments"}), urgency=frozenset({"high"})))),
        ("public:yes", Query(match=Match(public=True))),
        ("public:no", Query(match=Match(public=False))),
        ("min_followers:1000", Query(match=Match(min_followers=1000))),
        ('account:"shop x"', Query(match=Match(account=frozenset({"Shop X"})))),
        ("assigned:olena", Query(assigned_to="olena")),
        ('author:"Иван П"', Query(author="Иван П")),
        ("author:@ivan", Query(author="ivan")),
        ("view:breached", Query(View.BREACHED)),
        ("10:30 !!! :)", Query(words=("10:30",))),
    ],
)  # fmt: skip
def test_what_is_written_becomes_conditions_and_words(text: str, query: Query) -> None:
    """Conditions stand before a colon, their values behind it, and the rest is searched for."""
    assert parse(text, KNOWN) == query


def test_a_query_is_of_the_view_that_it_is_asked_in() -> None:
    """Whoever searches in a view stays there, unless they name another."""
    assert parse("paket", KNOWN, View.CLOSED).view is View.CLOSED
    assert parse("view:waiting paket", KNOWN, View.CLOSED).view is View.WAITING


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind:complaind", "there is no kind 'complaind'; did you mean complaint?"),
        ("network:myspace", "there is no network 'myspace'; there are: facebook, vk"),
        ("nework:vk", "there is no condition 'nework'; did you mean network?"),
        ("https://shop.example", "there is no condition 'https'; there are: account, "),
        ("min_followers:many", "min_followers: wants a number, not 'many'"),
        ("view:mine view:due", "view: takes one value"),
        ("public:yes,no", "public: takes one value"),
        ("language:english", "there is no language 'english'; there are: de, en, ru, uk, unknown"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_word(text: str, said: str) -> None:
    """What can become nothing says what is wrong, where, and what would be right."""
    with pytest.raises(UserError) as error:
        parse(text, KNOWN)
    assert str(error.value).startswith(said)
    assert not isinstance(error.value, Unfinished)


@pytest.mark.parametrize(
    "text",
    ["kind:", "kind:complain", "kind:complaint,", "network:face", 'author:"', "public:y",
     "min_followers:", "assigned:@", "view:bre", "urgency:high,n"],
)  # fmt: skip
def test_a_condition_that_is_being_written_is_no_mistake_yet(text: str) -> None:
    """While somebody writes, what may become a condition is told from what cannot."""
    with pytest.raises(Unfinished):
        parse(text, KNOWN)


def test_what_is_nearly_written_says_what_it_will_be() -> None:
    """If it is left as it stands, the text helps as with a mistake."""
    with pytest.raises(Unfinished, match="no kind 'complain'; did you mean complaint"):
        parse("kind:complain", KNOWN)


def _some(values: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), max_size=3)


NAMES = st.from_regex(r'\A[^\W_][^"@\x00\r\n]{0,8}[^\W_]\Z')
QUERIES = st.builds(
    Query,
    view=st.sampled_from(View),
    words=st.lists(st.sampled_from(["посылка", '"a b"', "o'n", "10:30", "-x"])).map(tuple),
    match=st.builds(
        Match,
        account=_some(["shop-vk", "Shop X"]),
        network=_some(["vk", "facebook"]),
        stream=_some([*Stream]),
        kind=_some([*Kind, "unknown"]),
        topic=_some([*Topic]),
        urgency=_some([*Urgency]),
        language=_some(["uk", "pl"]),
        public=st.none() | st.booleans(),
        min_followers=st.none() | st.integers(0, 10**9),
    ),
    assigned_to=st.just("") | NAMES,
    author=st.just("") | NAMES,
)

UNHURRIED = settings(deadline=None)
"""The first example of a run may have to wait for a busy machine."""


@UNHURRIED
@given(QUERIES)
def test_a_query_can_be_written_down_and_read_again(query: Query) -> None:
    """What a saved view keeps, and the search bar shows, is the same query."""
    assert parse(words(query), KNOWN) == query
    assert all(each in words(query) for each in conditions(query))


@UNHURRIED
@given(st.text() | st.text(alphabet=" :,\"'-*^()\x00\ud800kindАёß_1@"))
def test_no_text_breaks_the_reader(text: str) -> None:
    """It is a query, it is none yet, or it is said what is wrong."""
    try:
        query = parse(text, KNOWN)
    except UserError:
        return
    assert parse(words(query), KNOWN) == query


def _finds(text: str, *sought: str) -> bool:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE texts USING fts5 (text)")
        db.execute("INSERT INTO texts VALUES (?)", (text,))
        found = db.execute("SELECT 1 FROM texts WHERE texts MATCH ?", (index_query(sought),))
        return found.fetchone() is not None


@pytest.mark.parametrize(
    ("text", "sought", "found"),
    [
        ("Всё ещё жду", "все", True),
        ("Все ждут", "всё", True),
        ("ТРЁХКОЛЁСНЫЙ", "трехколесн", True),
        ("перенесение объявленнее перерасчётенее", "перерасчетенее", True),
        ("Große Straße", "strasse", True),
        ("Grosse Strasse", "straße", True),
        ("Straße", "stras", True),
        ("Straße", "STRASS", True),
        ("Masse", "maß", True),
        ("für", "fur", True),
        ("посылку жду", "посыл", True),
        ("посылку жду", "сылку", False),
        ("посылку жду", '"посыл"', False),
        ("посылку жду", '"посылку жду"', True),
        ("жду посылку", '"посылку жду"', False),
        ("a NEAR b", "near", True),
        ("one two", "one-tw", True),
    ],
)
def test_spellings_of_one_word_find_each_other(text: str, sought: str, found: bool) -> None:  # noqa: FBT001
    """The ё and the ß are written by some and not by others; a word is sought by its beginning."""
    assert _finds(text, sought) is found


def test_all_words_are_wanted() -> None:
    """A further word makes the search narrower, in whatever order they are written."""
    assert _finds("где моя посылка", "посыл", "где")
    assert not _finds("где моя посылка", "посыл", "деньги")


def test_words_of_nothing_but_signs_ask_for_nothing() -> None:
    """The index knows letters and digits alone."""
    assert index_query(["!!!", '"', "🦆", "\u0301"]) == ""
    assert not is_searchable("?!")
    assert is_searchable("?7")


@pytest.mark.parametrize("sought", [["x" * 201], ["x"] * 21, ["x" * 10_000]])
def test_a_search_that_is_too_long_is_refused(sought: list[str]) -> None:
    """Ten thousand letters are pasted by mistake."""
    with pytest.raises(UserError, match="at most"):
        index_query(sought)


def test_a_word_with_very_many_spellings_is_asked_for_by_the_likely_ones() -> None:
    """Every е doubles the spellings: the query stays small, and finds one ё wherever it is."""
    assert len(index_query(["е" * 30])) < 3_000
    for place in range(30):
        assert _finds("е" * place + "ё" + "е" * (29 - place), "е" * 30)


@UNHURRIED
@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=5))
def test_whatever_is_sought_is_valid_for_the_index(sought: list[str]) -> None:
    """No sign, quote, NUL or surrogate gets out of its quotes."""
    if index_query(sought):
        _finds("anything", *sought)


@pytest.mark.parametrize(
    ("name", "sought", "found"),
    [
        ("Иван", "ИВА", True), ("ІВАН", "іва", True), ("McDonald", "mcdon", True),
        ("Zoë", "ZOË", True), ("100%_me", "%_", True), ("100 me", "%_", False), ("a[b]*?", "[b]*?", True),
        ("ab", "[b]", False), ("ab", "a*b", False), ("Groß", "GROß", True),
    ],
)  # fmt: skip
def test_a_part_of_a_name_is_found_however_it_is_capitalised(
    name: str,
    sought: str,
    found: bool,  # noqa: FBT001
) -> None:
    """In all scripts that have capitals; no sign in a name is a pattern."""
    how, pattern = containing(sought)
    with closing(sqlite3.connect(":memory:")) as db:
        (is_in,) = db.execute(f"SELECT ? {how} ?", (name, pattern)).fetchone()
    assert bool(is_in) is found
