"""Promises about the advice that is given before a reply is sent."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from inboxd.classify import load_reply_judge
from inboxd.classify.advice import Advice, Concern, Draft, advise, quoted

NOW = datetime(2026, 11, 25, 10, 30, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared" / "data"
ROOT = Path(__file__).parents[2]


def advice(text: str, question: str = "", language: str = "en", **facts: Any) -> list[Advice]:
    plain: dict[str, Any] = {"public": False, "first": True, "at": NOW}
    return advise(Draft(text, question, language, **plain | facts), load_reply_judge())


def concerns(text: str, question: str = "", language: str = "en", **facts: Any) -> list[Concern]:
    return [each.concern for each in advice(text, question, language, **facts) if not each.told]


@pytest.mark.parametrize(
    ("language", "question", "text"),
    [
        ("en", "Do you deliver to Jersey?", "Hello Ann! Yes, we deliver to Jersey for £6.95."),
        ("de", "Liefern Sie nach Wien?", "Guten Tag Frau Keller, ja, wir liefern auch nach Wien."),
        ("ru", "Есть ли самовывоз?", "Здравствуйте, Анна! Да, самовывоз есть, с 10 до 20."),
        ("uk", "А самовивіз є?", "Вітаємо, Олено! Так, самовивіз є, щодня з 10 до 20."),
    ],
)
def test_a_good_reply_is_left_alone(language: str, question: str, text: str) -> None:
    """Who greets and answers what was asked hears nothing."""
    assert advice(text, question, language) == []


@pytest.mark.parametrize("text", ["", "   \n", "\u200b", "\x00", "🙂", "(" * 50_000, "я" * 100_000])
def test_any_text_can_be_looked_at(text: str) -> None:
    """Nothing that somebody types or pastes breaks the checker."""
    advice(text, text, "uk", public=True, known=(text,))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We have looked, and it is on the shelf in Leeds."),
        ("de", "Wir haben nachgesehen, der Stuhl steht in Kassel."),
        ("ru", "Посмотрели, посылка уже в Казани на сортировке."),
        ("uk", "Подивилися, посилка вже у Вінниці на сортуванні."),
    ],
)
def test_a_greeting_is_missed_once(language: str, text: str) -> None:
    """In private and where we have not greeted yet; in public it is only mentioned."""
    assert Concern.GREETING in concerns(text, "?", language)
    assert Concern.GREETING not in concerns(text, "?", language, first=False)
    assert Concern.GREETING not in concerns(text, "?", language, public=True)


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "Hello! Please email us at help@shop.example.", "help@shop.example"),
        ("de", "Hallo! Bitte wenden Sie sich an unsere Hotline.", "Hotline"),
        ("ru", "Здравствуйте! Позвоните на горячую линию.", "горячую линию"),
        ("uk", "Вітаємо! Зателефонуйте на гарячу лінію.", "гарячу лінію"),
    ],
)
def test_sending_a_customer_elsewhere_is_said_with_the_words(
    language: str, text: str, said: str
) -> None:
    """Also where to."""
    (found,) = [each for each in advice(text, "?", language) if each.concern is Concern.DEFLECTION]
    assert said in quoted(found.words)
    assert found.says.startswith("Sends the customer to a")
    assert not found.told


def test_an_invitation_to_private_messages_in_public_is_no_fault() -> None:
    """It is how an order's number is learnt; it is mentioned all the same."""
    text = "Hello Ann! Please send us a direct message with your order number."
    found = {each.concern: each for each in advice(text, "Where is it?", public=True)}
    assert found[Concern.DEFLECTION].told
    assert "private messages" in found[Concern.DEFLECTION].says


@pytest.mark.parametrize(
    ("language", "vague", "dated"),
    [
        (
            "en",
            "Hi! We will look into it and call you.",
            "Hi! We will call you back by 6 pm today.",
        ),
        ("de", "Hallo! Wir melden uns bei Ihnen.", "Hallo! Wir melden uns bis morgen Mittag."),
        ("ru", "Здравствуйте! Мы перезвоним.", "Здравствуйте! Мы перезвоним сегодня до 18:00."),
        ("uk", "Вітаємо! Ми передзвонимо.", "Вітаємо! Ми передзвонимо сьогодні до 18:00."),
    ],
)
def test_a_promise_wants_a_time(language: str, vague: str, dated: str) -> None:
    """Without one it is warned of; with one, it is said by when it is to be kept."""
    assert Concern.PROMISE in concerns(vague, "?", language)
    (told,) = [each for each in advice(dated, "?", language) if each.concern is Concern.PROMISE]
    assert told.told
    assert told.promised is not None
    assert told.promised.at is not None
    assert told.promised.at > NOW


def test_a_question_that_is_not_answered_is_shown() -> None:
    """The judge of replies says that it is none, and the customer's own words come first."""
    question = "I ordered two weeks ago. Where is my parcel?"
    found = advice("Hello! Thank you for your feedback, it is important to us.", question)
    (missed,) = [each for each in found if each.concern is Concern.NON_ANSWER]
    assert quoted(missed.words).startswith("“Where is my parcel?”")


def test_a_word_that_explains_nothing_is_left_out() -> None:
    """A verdict on a whole text is not explained by a word that stands anywhere in it."""
    question = "Bei wem denn bitte?"
    for text in ("HALLO, WIR DANKEN FÜR IHRE NACHRICHT AN UNS", "We have noted it. We are sorry."):
        for each in advice(text, question, "de"):
            if each.concern is Concern.NON_ANSWER:
                assert each.words[0].text == question
                assert all(" " in span.text for span in each.words)


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("en", "Hello! Please contact our hotline on 0800 123. We will get back to you", "We will"),
        ("de", "Guten Tag! Rufen Sie bitte unsere Hotline an, wir melden uns.", "wir melden"),
        ("ru", "Здравствуйте! Позвоните на горячую линию, мы вам перезвоним.", "перезвоним"),
        ("uk", "Вітаємо! Зателефонуйте на гарячу лінію, ми вам відповімо.", "відповімо"),
    ],
)
def test_a_promise_beside_a_referral_is_mentioned_as_well(
    language: str, text: str, words: str
) -> None:
    """Of both it is told; of the promise that inboxd is not sure enough to follow it up."""
    found = {each.concern: each for each in advice(text, "Where is it?", language)}
    promise = found[Concern.PROMISE]
    assert not found[Concern.DEFLECTION].told
    assert promise.told
    assert promise.unsure
    assert words in quoted(promise.words)
    assert all(text[span.start : span.end] == span.text for span in promise.words)


def test_a_promise_that_the_question_outweighs_is_mentioned() -> None:
    """What is a promise by itself is not overlooked because of what was asked."""
    text = "Guten Tag! Wir klären das und schreiben Ihnen bis 17:00."
    (found,) = advice(text, "Wo ist mein Paket?", "de")
    assert found.concern is Concern.PROMISE
    assert found.told


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ru", "Вітаємо! Ваша посилка вже у Вінниці, її доставлять завтра."),
        ("uk", "Здравствуйте! Ваша посылка уже в Виннице, её доставят завтра."),
        ("de", "Hello! Your parcel has arrived and waits for you at the shop."),
        ("en", "Guten Tag! Ihr Paket ist da und wartet im Laden auf Sie."),
    ],
)
def test_another_language_than_the_customer_s_is_named(language: str, text: str) -> None:
    """A colleague's saved reply in the wrong language is noticed before the customer does."""
    assert Concern.LANGUAGE in concerns(text, "", language)
    assert Concern.LANGUAGE not in concerns(text, "", "")


def test_two_words_are_no_language() -> None:
    """What is said everywhere is in no language, such as "OK, super"."""
    assert Concern.LANGUAGE not in concerns("OK, super!", "", "uk")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello! Your order {order} is on its way.", "“{order}”"),
        ("Hello [Name], it is on its way.", "“[Name]”"),
        ("Здравствуйте, [имя клиента]!", "“[имя клиента]”"),
        ("Hello <first name>!", "“<first name>”"),
        ("Ihre Bestellung XXX ist da.", "“XXX”"),
        ("Ваш заказ № ____ готов.", "“____”"),
    ],
)
def test_what_is_to_be_filled_in_is_found(text: str, words: str) -> None:
    """A hole in a saved reply is never sent unseen."""
    (hole,) = [each for each in advice(text) if each.concern is Concern.PLACEHOLDER]
    assert quoted(hole.words) == words


@pytest.mark.parametrize(
    "text", ["See [here](https://x.example).", "I <3 it", "XXL is back", "(a) [1]"]
)
def test_what_only_looks_like_a_hole_is_none(text: str) -> None:
    """Links, hearts and sizes are words like others."""
    assert Concern.PLACEHOLDER not in concerns(text)


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("We wrote to anna.k@gmail.com.", "anna.k@gmail.com"),
        ("We wrote to anna@firm.example.", "anna@firm.example"),
        ("We call you on 067 123 45 67.", "067 123 45 67"),
        ("The money went to 4111 1111 1111 1111.", "4111 1111 1111 1111"),
        ("Wir haben auf DE89 3704 0044 0532 0130 00 erstattet.", "DE89 3704 0044 0532 0130 00"),
    ],
)
def test_a_customer_s_data_is_not_for_everybody(text: str, private: str) -> None:
    """In public it is warned of, in private it may be said."""
    known = ("My number is +380671234567, mail Anna@firm.example",)
    (found,) = [
        each for each in advice(text, public=True, known=known) if each.concern is Concern.PRIVATE
    ]
    assert [span.text for span in found.words] == [private]
    assert Concern.PRIVATE not in concerns(text, known=known)


@pytest.mark.parametrize(
    "text",
    ["Call us: 0800 300 100 200", "help@shop.example", "Order 20450811937", "4111 1111 1111 1112"],
)
def test_the_shop_s_own_numbers_may_be_read_by_everybody(text: str) -> None:
    """What the customer has not written and is no card is ours."""
    assert Concern.PRIVATE not in concerns(text, public=True, known=("Hello",))


@pytest.mark.parametrize("text", ["PLEASE READ OUR RULES FIRST", "Hello!!! It is here"])
def test_shouting_is_heard(text: str) -> None:
    """Capitals, and rows of exclamation marks."""
    assert Concern.SHOUTING in concerns(text)


def test_what_matters_most_comes_first() -> None:
    """A hole in the text stands before a missing greeting, and what is only told at the end."""
    found = advice("We will call you back by 6 pm today about order {order}.", "?")
    assert [each.concern for each in found] == [
        Concern.PLACEHOLDER, Concern.GREETING, Concern.PROMISE,
    ]  # fmt: skip


def rows(path: Path) -> list[dict[str, Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def warned(replies: list[dict[str, Any]], *, public: bool) -> float:
    """Return the share of *replies* that is warned of for anything."""
    masks = {"<url>": "https://shop.example", "<email>": "help@shop.example", "<num>": "4711"}
    count = 0
    for reply in replies:
        text = reply["text"].replace("<phone>", "0800 300 100").replace("@user", "@anna")
        for mask, real in masks.items():
            text = text.replace(mask, real)
        count += bool(concerns(text, reply.get("to", ""), reply["lang"], public=public))
    return count / len(replies)


@pytest.mark.parametrize("language", ["en", "de", "ru", "uk"])
def test_the_seeds_good_replies_are_hardly_ever_warned_of(language: str) -> None:
    """Replies that greet, thank or apologise, answer, and send nobody elsewhere: one in ten."""
    good = [
        row
        for row in rows(ROOT / "data" / f"replies.{language}.jsonl")
        if row["greeting"] and row["courtesy"]
        and not (row["deflection"] or row["non_answer"] or row["promise"])
    ]  # fmt: skip
    assert warned(good, public=False) <= 0.1


@pytest.mark.skipif(not SHARED.is_dir(), reason="the judging sets are not on this machine")
@pytest.mark.parametrize(
    "name", ["en_twcs_replies300", "ru_replies_weak", "xx_twcs_replies_unlabelled"]
)
def test_strangers_public_replies_are_not_warned_of_all_the_time(name: str) -> None:
    """Of what real teams wrote and nobody labelled as a deflection, two in three pass."""
    written = [
        row
        for row in rows(SHARED / f"{name}.jsonl.gz")[:400]
        if row["lang"] in {"en", "ru"} and not row.get("deflection") and not row.get("promise")
    ]
    assert warned(written, public=True) <= 0.34
