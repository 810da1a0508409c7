"""Promises of what is found of waiting on the phone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from inboxd.classify import load
from inboxd.classify.rules import HOLD_TIME, RuleClassifier, find

if TYPE_CHECKING:
    from inboxd.classify import Classifier

WAITED = [
    "I've been on hold for 35 minutes and the music has started again",
    "On hold since nine o'clock, is anybody there?",
    "kept me on hold for an hour, then cut me off",
    "I just can't get through to your customer service",
    "Nobody answers the phone at your Leeds branch",
    "Your helpline is just engaged all day",
    "You never pick up your phone!",
    "The hold music is the only thing that works here",
    "Ich hänge seit einer Stunde in der Warteschleife",
    "Eure Hotline ist seit Tagen besetzt.",
    "Bei euch geht keiner ans Telefon!",
    "Telefonisch ist bei Ihnen niemand zu erreichen.",
    "Habe dreimal angerufen und komme einfach nicht durch",
    "20 Minuten in eurer Leitung, dann rausgeflogen",
    "Вишу на линии уже сорок минут",
    "Не могу до вас дозвониться третий день",
    "Дозвониться в вашу поддержку нереально",
    "никто не берёт трубку, сколько можно",
    "На горячей линии час никто не отвечает",
    "по телефону только гудки",
    "Чекаю на лінії вже пів години",
    "Не можу до вас додзвонитися з самого ранку",
    "Слухавку ніхто не бере, що робити?",
    "Гаряча лінія мовчить другий день",
    "Дзвоню, а там самі гудки",
    "visu na linii uzhe chas",
]
DID_NOT = [
    "My order has been on hold since Monday, why?",
    "Please put my parcel on hold while I am away",
    "Can you hold the dress for me until Friday?",
    "I couldn't answer the phone when your driver rang",
    "Why can't I get through the checkout on your site?",
    "Your courier couldn't get through to me",
    "I solved it on the phone with Anna in two minutes, thank you",
    "What are your phone lines' opening hours?",
    "We didn't have to sit on hold at all, brilliant",
    "The phone I bought from you is dead",
    "Ist die Hotline am Sonntag besetzt?",
    "Ich konnte nicht ans Telefon gehen, als der Fahrer kam",
    "Endlich mal keine Warteschleife, danke!",
    "Mit meiner Karte komme ich an der Kasse nicht durch",
    "Mein Handy ist nach zwei Tagen tot",
    "Kann ich auch telefonisch bestellen?",
    "Курьер не смог мне дозвониться, перенесите доставку",
    "Дозвонилась с первого раза, всё решили",
    "До которого часа работает горячая линия?",
    "Из-за аварии на линии посылку задержали на час",
    "Наушники играют музыку тихо, можно ли вернуть?",
    "Курьер трубку не берёт, где мой заказ?",
    "Кур'єр не зміг мені додзвонитися, перенесіть доставку",
    "Додзвонилася з першого разу, дякую",
    "Чи працює гаряча лінія у вихідні?",
    "Телефон прийшов розряджений, це нормально?",
    "Оператор на лінії відповів за хвилину",
]


@pytest.mark.parametrize("text", WAITED)
def test_waiting_on_the_phone_is_found(text: str) -> None:
    """In four languages, and the words that say so stand in the text."""
    spans = find(text).hold_time
    assert spans
    assert all(text[span.start : span.end] == span.text for span in spans)
    assert {span.label for span in spans} == {HOLD_TIME}


@pytest.mark.parametrize("text", DID_NOT)
def test_what_only_sounds_like_it_is_not(text: str) -> None:
    """Orders on hold, drivers who could not reach the customer, opening hours, thanks."""
    assert not find(text).hold_time


@pytest.mark.parametrize("classifier", [load(), RuleClassifier()])
def test_it_is_evidence_beside_the_verdict_and_changes_nothing_in_it(
    classifier: Classifier,
) -> None:
    """Whichever classifier judges; no other part of the verdict knows of it."""
    (verdict,) = classifier.classify([WAITED[0]])
    others = tuple(span for span in verdict.evidence if span.label != HOLD_TIME)
    assert len(others) < len(verdict.evidence)
    assert replace(verdict, evidence=others).evidence == others
    (plain,) = classifier.classify(["Where is my parcel?"])
    assert HOLD_TIME not in {span.label for span in plain.evidence}
