"""The simulated world, its faults and its working day."""

from __future__ import annotations

import ast
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.simulator import texts
from inboxd.simulator.faults import Fault, Faults, mask
from inboxd.simulator.people import NETWORKS, crowd
from inboxd.simulator.scenario import working_day
from inboxd.simulator.script import Breaks, Mends, Outcome, Write
from inboxd.simulator.world import Event, Item, World, snowflake, snowflake_serial, snowflake_time

if TYPE_CHECKING:
    import random

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = date(2026, 3, 2)
KYIV = ZoneInfo("Europe/Kyiv")
PACKAGE = Path(__file__).parents[2] / "inboxd" / "simulator"
FORBIDDEN = ("inboxd", "connectors", "tweepy", "vk_api", "slack_sdk", "aiosmtplib")


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


async def no_wait(_at: datetime) -> None:
    """Let the whole day pass at once."""


def test_it_shares_no_code_with_what_it_tests() -> None:
    """No module of the simulator imports the rest of inboxd, a connector or an SDK."""
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")

    outside = {name for name in imported if not (name + ".").startswith("inboxd.simulator.")}
    assert not [name for name in outside if name.split(".")[0] in FORBIDDEN]


def test_the_same_seed_makes_the_same_people() -> None:
    """People, their ids and their handles depend on the seed alone."""
    assert crowd(3, 70) == crowd(3, 70)
    assert crowd(3, 70) != crowd(4, 70)


def test_people_are_different_people() -> None:
    """No two share a name, a handle or an id, and X would take every handle."""
    people = crowd(1, 70)

    assert len({person.name for person in people}) == 70
    assert len({person.handle for person in people}) == 70
    for network in NETWORKS:
        assert len({person.id_on(network) for person in people}) == 70
    for person in people:
        assert person.handle.isascii()
        assert person.handle.replace("_", "").isalnum()
        assert len(person.handle) <= 15


@given(st.datetimes(datetime(2011, 1, 1), datetime(2079, 1, 1)), st.integers(0, 2**22 - 1))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_a_snowflake_tells_when_and_which(moment: datetime, serial: int) -> None:
    """X's ids carry the millisecond they were made in, and ours the item too."""
    at = moment.replace(tzinfo=UTC)

    number = snowflake(at, serial)

    assert snowflake_serial(number) == serial
    assert timedelta(0) <= at - snowflake_time(number) < timedelta(milliseconds=1)


def test_a_known_snowflake_has_its_known_time() -> None:
    """The id and time of X's documentation of its snowflakes agree with ours."""
    assert snowflake_time(1212092628029698048).replace(microsecond=0) == datetime(
        2019, 12, 31, 19, 26, 16, tzinfo=UTC
    )


@pytest.mark.parametrize("network", NETWORKS)
def test_ids_lead_back_to_their_items(network: str) -> None:
    """Every remote id is the network's own form, unique, and reversible."""
    world = World(1, customers=2)
    ann, bob = world.people
    post = world.add(network, "post", "new", sent_at=START)  # type: ignore[arg-type]  # parametrized
    comment = world.reply(post.serial, "nice", sent_at=START, author=ann)
    answer = world.reply(comment.serial, "thanks", sent_at=START)
    messages = [
        world.add(post.network, "dm", "hi", sent_at=START, author=person)
        for person in (ann, bob, ann)
    ]

    ids = {world.remote_id(item): item for item in (post, comment, answer, *messages)}

    assert len(ids) == 6
    for remote_id, item in ids.items():
        assert world.by_remote_id(post.network, remote_id) == item
    assert world.by_remote_id(post.network, "17") is None
    assert [item.peer_number for item in messages] == [1, 1, 2]
    assert {item.root for item in (post, comment, answer)} == {post.serial}


def test_a_late_delivery_shows_later_and_in_its_own_place() -> None:
    """What is delivered late was sent when it was sent."""
    world = World(1, customers=1)
    (ann,) = world.people
    late = world.add("vk", "dm", "first", sent_at=START, author=ann, visible_at=START + minutes(5))
    early = world.add("vk", "dm", "second", sent_at=START + minutes(1), author=ann)

    assert world.dm_thread("vk", ann, START + minutes(2)) == [early]
    assert world.dm_thread("vk", ann, START + minutes(5)) == [late, early]
    assert list(world.newest_first("vk", "dm", START + minutes(5))) == [early, late]


def test_events_come_in_the_order_a_network_tells_them() -> None:
    """A late delivery is told behind what overtook it, so a reader that keeps the seq loses none."""
    world = World(1, customers=1)
    (ann,) = world.people
    late = world.add("vk", "dm", "a", sent_at=START, author=ann, visible_at=START + minutes(5))
    early = world.add("vk", "dm", "b", sent_at=START + minutes(1), author=ann)
    first = world.events("vk", START + minutes(2))
    world.edit(early.serial, "c", at=START + minutes(3))
    world.delete(early.serial, at=START + minutes(6))

    rest = world.events("vk", START + minutes(10), after=first[-1].seq)

    assert [(event.seq, event.change, event.serial) for event in first] == [
        (1, "new", early.serial)
    ]
    assert [(event.seq, event.change, event.serial) for event in rest] == [
        (2, "edit", early.serial), (3, "new", late.serial), (4, "delete", early.serial),
    ]  # fmt: skip
    assert world.last_seq("vk", START + minutes(10)) == 4


@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_no_event_is_lost_however_it_is_read(chance: random.Random, size: int) -> None:
    """Reading in any portions at any times tells every item once, and in the same order."""
    world = World(1, customers=1)
    (ann,) = world.people
    for _item in range(size):
        sent = START + minutes(chance.randint(0, 30))
        late = sent + minutes(chance.randint(0, 10))
        world.add("facebook", "dm", "x", sent_at=sent, author=ann, visible_at=late)

    told: list[Event] = []
    for step in range(50):
        limit = chance.randint(1, 3)
        told += world.events("facebook", START + minutes(step), after=len(told), limit=limit)

    assert sorted(event.serial for event in told) == list(range(1, size + 1))
    assert [event.seq for event in told] == list(range(1, size + 1))


def test_edits_deletions_and_hiding_take_effect_when_they_happen() -> None:
    """An item reads as it was at the instant asked for."""
    world = World(1, customers=1)
    item = world.add("vk", "comment", "helo", sent_at=START, author=world.people[0])
    world.edit(item.serial, "hello", at=START + minutes(1))
    world.hide(item.serial, at=START + minutes(2))
    world.delete(item.serial, at=START + minutes(3))
    item = world.get(item.serial)

    assert [item.text_at(START + minutes(n)) for n in (0, 1)] == ["helo", "hello"]
    assert [item.is_hidden(START + minutes(n)) for n in (1, 2)] == [False, True]
    assert [bool(world.visible("vk", "comment", START + minutes(n))) for n in (2, 3)] == [
        True,
        False,
    ]
    assert world.edited("vk", START) == []
    assert world.thread("vk", world.thread_of(item), START + minutes(3), deleted=True) == [item]


def test_an_unknown_item_is_named() -> None:
    """A wrong serial is an error, not somebody else's item."""
    with pytest.raises(LookupError, match="no item 0"):
        World(1).get(0)


async def test_a_write_wakes_who_waits() -> None:
    """A long poll does not need to ask again and again."""
    world = World(1, customers=1)
    waiter = world.next_write()

    world.add("vk", "dm", "hi", sent_at=START, author=world.people[0])

    await waiter


def test_a_fault_hits_as_often_as_told_and_where_told() -> None:
    """Switches count down, match endpoints by pattern, and can be switched off."""
    faults = Faults()
    twice = faults.switch_on("vk", Fault.HTML, endpoint="wall.*", times=2)
    always = faults.switch_on("vk", Fault.TIMEOUT)
    everything = (Fault.HTML, Fault.TIMEOUT)

    drawn = [faults.draw("vk", "wall.get", *everything) for _call in range(3)]

    assert drawn == [twice, twice, always]
    assert faults.draw("vk", "users.get", Fault.HTML) is None
    assert faults.draw("facebook", "wall.get", *everything) is None
    faults.switch_off(always)
    assert faults.draw("vk", "wall.get", *everything) is None
    assert (twice.hits, always.hits) == (2, 1)


def test_secrets_are_masked_at_any_depth() -> None:
    """Whatever is named like a secret, and nothing else."""
    body = {"access_token": "x", "text": "hi", "inner": [{"password": "y", "next_token": "z"}]}

    assert mask(body) == {
        "access_token": "***", "text": "hi", "inner": [{"password": "***", "next_token": "z"}],
    }  # fmt: skip


def test_the_table_of_texts_is_whole() -> None:
    """Every opening has a known language, place, truth and topic, and no text stands twice."""
    openings = texts.openings()

    assert {opening.language for opening in openings} == {"ru", "uk", "de", "en"}
    assert {opening.place for opening in openings} == {"vd", "vc", "fd", "fc", "xm", "xd"}
    assert {opening.truth for opening in openings} == {"complaint", "request", "praise", "other"}
    assert {opening.topic for opening in openings} == {
        "returns", "refunds", "cancellations", "exchanges", "orders", "shipping", "tracking",
        "availability", "payment", "loyalty_points", "gift_cards", "membership", "staff",
        "website", "other",
    }  # fmt: skip
    assert len({opening.text for opening in openings}) == len(openings)


@pytest.mark.parametrize("seed", range(5))
async def test_a_working_day_is_a_working_day(seed: int) -> None:
    """Enough writes from enough people, inside opening hours, on every network, of every sort."""
    day = working_day(seed, DAY, KYIV)
    world = day.new_world()
    await day.play(world, no_wait)
    inbound = [item for item in world.items() if item.truth is not None]

    assert 110 <= len(inbound) <= 160
    assert len({item.author.key for item in inbound if item.author}) >= 60
    assert {item.network for item in inbound} == set(NETWORKS)
    assert set(day.outcomes.values()) >= {Outcome.IN_TIME, Outcome.LATE, Outcome.NEVER}
    local = [item.sent_at.astimezone(KYIV).hour for item in inbound]
    assert min(local) >= 9
    assert max(local) < 18
    assert Counter(bool(item.deleted_at) for item in world.items())[True] == 3
    assert Counter(bool(item.edits) for item in world.items())[True] == 3
    assert sum(item.visible_at > item.sent_at for item in world.items()) == 5


async def test_the_same_seed_is_the_same_day() -> None:
    """Two plays of one seed write the same items under the same ids."""
    played: list[list[Item]] = []
    for _play in range(2):
        day = working_day(9, DAY, KYIV)
        world = day.new_world()
        await day.play(world, no_wait)
        played.append(world.items())

    assert played[0] == played[1]


async def test_an_outage_begins_and_ends() -> None:
    """Each network fails once, and at the end of the day nothing is broken."""
    day = working_day(1, DAY, KYIV)
    faults = Faults()
    broken: set[str] = set()

    async def look(_at: datetime) -> None:
        broken.update(
            network for network in NETWORKS if faults.draw(network, "any", *Fault) is not None
        )

    await day.play(day.new_world(), look, faults=faults)

    assert broken == set(NETWORKS)
    assert not any(faults.draw(network, "any", *Fault) for network in NETWORKS)
    assert sum(isinstance(step, Breaks) for step in day.steps) == 3
    assert sum(isinstance(step, Mends) for step in day.steps) == 3


async def test_a_third_of_the_answers_can_be_written_another_way() -> None:
    """What the demo takes is not written twice; what it declines is written by another tool."""
    day = working_day(1, DAY, KYIV)
    plain, shared = day.new_world(), day.new_world()
    await day.play(plain, no_wait)
    offered: list[tuple[Item, str]] = []

    async def take(item: Item, text: str) -> bool:
        offered.append((item, text))
        return len(offered) % 2 == 0

    await working_day(1, DAY, KYIV).play(shared, no_wait, answer=take)

    taken = len(offered) // 2
    assert len(offered) > 10
    assert len(plain.items()) - len(shared.items()) == taken
    assert all(not item.by_brand for item, _text in offered)


def test_a_day_can_pass_faster() -> None:
    """The same steps in the same order, from now on and in a tenth of the time."""
    day = working_day(1, DAY, KYIV)

    fast = day.starting(START, 10)

    assert fast.begins == START
    assert fast.ends - fast.begins == (day.ends - day.begins) / 10
    assert [step.key for step in fast.steps if isinstance(step, Write)] == [
        step.key for step in day.steps if isinstance(step, Write)
    ]
