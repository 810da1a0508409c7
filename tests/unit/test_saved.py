"""Promises about saved replies: what stands in the place of their variables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxd.core.saved import filled, first_name, order_in, parsed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello, {customer}!", "Hello, Ann!"),
        ("Hello, {customer|there}!", "Hello, Ann!"),
        ("{me} for {customer}", "Max for Ann"),
        ("{{customer}} {{", "{customer} {"),
        ("Order {order} {link}", "Order {order} {link}"),
        ("Order {order|of yours}", "Order of yours"),
    ],
)
def test_variables_are_filled(text: str, said: str) -> None:
    """With what is known, else with what stands behind the bar, else they stay to be seen."""
    assert filled(text, {"customer": "Ann", "me": "Max", "link": ""}) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello, {customer}!", "Hello!"),
        ("Добрый день, {customer}! Да.", "Добрый день! Да."),
        ("Hallo {name},\nja.", "Hallo,\nja."),
        ("Hi {customer|there}!", "Hi there!"),
    ],
)
def test_a_customer_without_a_name_is_not_addressed(text: str, said: str) -> None:
    """Nobody reads "Hello, !", and nobody is greeted by a variable."""
    assert filled(text, {}) == said


@given(st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """A brace that stands for nothing is a ValueError, and nothing else ever happens."""
    try:
        parts = list(parsed(text))
    except ValueError:
        assert {"{", "}"} & {*text}
    else:
        assert "".join(part for part in parts if isinstance(part, str)).count("\n") <= text.count(
            "\n"
        )


@given(st.text())
def test_doubled_braces_say_any_text(text: str) -> None:
    """Whatever is to be said can be written."""
    assert filled(text.replace("{", "{{").replace("}", "}}"), {}) == text


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("Анна Коваль", "Анна"),
        ("John O'Neil", "John"),
        ("Anne-Marie Groß", "Anne-Marie"),
        ("山田花子", "山田花子"),
        ("Zoë 👩‍👩‍👧‍👦", "Zoë"),
        ("👑 Queen 👑", ""),
        ("xX_dark_Xx", ""),
        ("Dr. Keller", ""),
        ("J. Smith", ""),
        ("Best Shoes of All of Kyiv", ""),
        ("user123", ""),
        ("", ""),
        ("A" * 10_000, ""),
    ],
)
def test_people_are_called_by_their_first_name(name: str, called: str) -> None:
    """Where it looks like one; a nickname or a title is no way to be addressed."""
    assert first_name(name) == called


@pytest.mark.parametrize(
    ("texts", "number"),
    [
        (["My refund has not arrived. Order 4711."], "4711"),
        (["Верните деньги за заказ 88!"], "88"),
        (["Замовлення №20450811937 де?"], "20450811937"),
        (["Bestellung Nr. A-1002-7 fehlt"], "A-1002-7"),
        (["order #12", "Order 12 again"], "12"),
        (["order 12", "and order 13"], ""),
        (["I ordered 2 pairs"], ""),
        (["заказ 2 недели назад"], ""),
        (["order 12:30"], ""),
    ],
)
def test_the_order_s_number_is_taken_from_the_customer(texts: list[str], number: str) -> None:
    """Only where there is exactly one; a wrong number would be worse than none."""
    assert order_in(texts) == number
