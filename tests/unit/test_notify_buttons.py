"""Promises about buttons: what they carry comes back whole, and only what makes sense is offered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.model import CaseCard, Kind, Stream
from inboxd.notify.buttons import Offer, Wish, offer_of, wish_in
from inboxd.notify.slack_buttons import buttons, menu

NUMBERS = st.integers(0, 10**15 - 1)
CARD = CaseCard(
    id=17, account="shop-vk", network="vk", stream=Stream.COMMENTS, public=True,
    kind=Kind.COMPLAINT, topics=(), urgency=None, language="en", author=None, text="", url="",
    waiting_since=datetime(2026, 11, 20, tzinfo=UTC), due_at=None, messages=1, policy="",
    wait=3, message=9,
)  # fmt: skip


@given(st.sampled_from(Wish), NUMBERS, NUMBERS, NUMBERS, st.text(min_size=1, max_size=100))
def test_what_a_button_carries_comes_back(
    wish: Wish, case: int, wait: int, message: int, sink: str
) -> None:
    """Whatever a sink is called, and however high numbers have become."""
    value = Offer(case, wait, message, (wish,), "").value(wish, sink)
    assert wish_in(value) == (wish, case, wait, message, sink)
    assert len(value) <= 2_000


@given(st.text())
def test_what_others_put_into_buttons_is_nothing(value: str) -> None:
    """It never becomes an error."""
    found = wish_in(value)
    assert found is None or found[0] in Wish


@pytest.mark.parametrize(
    ("changes", "over", "wishes"),
    [
        ({}, False, (Wish.ACKNOWLEDGE, Wish.SNOOZE, Wish.NO_COMPLAINT)),
        ({"kind": Kind.REQUEST}, False, (Wish.ACKNOWLEDGE, Wish.SNOOZE)),
        ({"acknowledged_by": "Anna"}, False, (Wish.SNOOZE, Wish.NO_COMPLAINT)),
    ],
)
def test_only_what_makes_sense_is_offered(
    changes: dict[str, object], *, over: bool, wishes: tuple[Wish, ...]
) -> None:
    """Nobody takes what is taken, nor corrects what is right."""
    offer = offer_of(replace(CARD, **changes), "", over=over)  # type: ignore[arg-type]
    assert offer
    assert offer.wishes == wishes


def test_what_is_over_or_too_old_offers_nothing() -> None:
    """A card from before buttons were there does not say which wait it is about."""
    assert offer_of(CARD, "", over=True) is None
    assert offer_of(replace(CARD, wait=0), "", over=False) is None


def test_a_link_too_long_for_slack_is_left_out() -> None:
    """The rest must be there all the same."""
    offer = Offer(17, 3, 9, (Wish.ACKNOWLEDGE,), "https://vk.com/" + "x" * 3_000)
    assert len(buttons(offer, "support")["elements"]) == 1
    made = menu(offer, "support")
    assert made
    assert len(made["options"]) == 1


def test_a_name_too_long_for_a_menu_leaves_none() -> None:
    """Slack would refuse the whole message."""
    huge = Offer(10**14, 10**14, 10**14, (Wish.NO_COMPLAINT,), "")
    assert menu(huge, "s" * 100) is None
