"""Messages in our own words, and what a person makes of them; one table a language."""

from __future__ import annotations

import pytest

from inboxd.classify.rules import RuleClassifier
from inboxd.model import Kind, Topic, Urgency

C, R, P, O = Kind.COMPLAINT, Kind.REQUEST, Kind.PRAISE, Kind.OTHER  # noqa: E741 -- reads as a table
LOW, NORMAL, HIGH = Urgency.LOW, Urgency.NORMAL, Urgency.HIGH

Row = tuple[str, Kind, Topic, Urgency]

ENGLISH: list[Row] = [
    ("I sent the boots back a month ago and there's no refund", C, Topic.REFUNDS, NORMAL),
    ("Third week waiting and the parcel is nowhere", C, Topic.SHIPPING, NORMAL),
    ("Ordered on the 3rd, still nothing", C, Topic.ORDERS, NORMAL),
    ("40 minutes on hold and then your agent hung up on me", C, Topic.STAFF, NORMAL),
    ("You took the money twice from my card!!", C, Topic.PAYMENT, HIGH),
    ("The lid arrived cracked and two pieces are missing", C, Topic.ORDERS, NORMAL),
    ("The app keeps crashing whenever I try to log in", C, Topic.WEBSITE, NORMAL),
    ("My points vanished after the update, not impressed", C, Topic.LOYALTY_POINTS, NORMAL),
    ("Gift card declined at the till, embarrassing, never again", C, Topic.GIFT_CARDS, NORMAL),
    ("Oh great, another delay. Well done 👏", C, Topic.OTHER, NORMAL),
    ("Someone hacked my account and ordered a phone with my card", C, Topic.WEBSITE, HIGH),
    ("The heater started to smoke, this is dangerous!", C, Topic.OTHER, HIGH),
    ("You renewed my subscription without asking", C, Topic.MEMBERSHIP, NORMAL),
    ("Could you tell me whether the blue one is in stock?", R, Topic.AVAILABILITY, NORMAL),
    ("How do I return a jacket?", R, Topic.RETURNS, NORMAL),
    ("I'd like to swap these for a bigger size please", R, Topic.EXCHANGES, NORMAL),
    ("Please cancel my order 5512", R, Topic.CANCELLATIONS, NORMAL),
    ("Where can I find my tracking number?", R, Topic.TRACKING, NORMAL),
    ("Do you deliver to Norway, and how much is postage?", R, Topic.SHIPPING, NORMAL),
    ("Can I pay with PayPal?", R, Topic.PAYMENT, NORMAL),
    ("Wrong address on my parcel, please change it asap", R, Topic.SHIPPING, HIGH),
    ("Just wondering, will you ever sell tea again? No rush", R, Topic.OTHER, LOW),
    ("What if it doesn't fit, can I send it back?", R, Topic.RETURNS, NORMAL),
    ("How do I join the membership club?", R, Topic.MEMBERSHIP, NORMAL),
    ("Thank you so much, it came in two days!", P, Topic.OTHER, LOW),
    ("Love the new website, so easy", P, Topic.WEBSITE, LOW),
    ("Your driver was really friendly, great service", P, Topic.STAFF, LOW),
    ("No problems at all, perfect", P, Topic.OTHER, LOW),
    ("Good morning everyone", O, Topic.OTHER, LOW),
    ("Follow me for daily crypto tips", O, Topic.OTHER, LOW),
    ("Anna look at this", O, Topic.OTHER, LOW),
]

RUSSIAN: list[Row] = [
    ("Третью неделю жду посылку, сколько можно", C, Topic.SHIPPING, NORMAL),
    ("Заказала третьего числа, до сих пор ничего не пришло", C, Topic.ORDERS, NORMAL),
    ("Вишу на линии 40 минут, никто не берёт трубку", C, Topic.STAFF, NORMAL),
    ("Списали деньги дважды! Верните", C, Topic.PAYMENT, HIGH),
    ("Пришла не та модель, и коробка вся помята", C, Topic.ORDERS, NORMAL),
    ("Сайт не открывается второй день", C, Topic.WEBSITE, NORMAL),
    ("Баллы так и не начислили", C, Topic.LOYALTY_POINTS, NORMAL),
    ("Подарочный сертификат не принимают на кассе, позор", C, Topic.GIFT_CARDS, NORMAL),
    ("Ну спасибо, доставку опять перенесли 👏", C, Topic.SHIPPING, NORMAL),
    ("Ваш кассир нахамил моей маме", C, Topic.STAFF, NORMAL),
    ("Обещали вернуть деньги за неделю, прошёл месяц", C, Topic.REFUNDS, NORMAL),
    ("Подписку продлили без моего согласия", C, Topic.MEMBERSHIP, HIGH),
    ("Взломали аккаунт и украли бонусы", C, Topic.WEBSITE, HIGH),
    ("Чайник заискрил и задымился, это опасно", C, Topic.OTHER, HIGH),
    ("Трек не обновляется десять дней", C, Topic.TRACKING, NORMAL),
    ("Подскажите, будет ли в наличии синий?", R, Topic.AVAILABILITY, NORMAL),
    ("Как оформить возврат куртки?", R, Topic.RETURNS, NORMAL),
    ("Хочу обменять на размер больше", R, Topic.EXCHANGES, NORMAL),
    ("Отмените, пожалуйста, заказ 5512", R, Topic.CANCELLATIONS, NORMAL),
    ("Можно оплатить картой при получении?", R, Topic.PAYMENT, NORMAL),
    ("Где посмотреть трек-номер?", R, Topic.TRACKING, NORMAL),
    ("Сколько стоит доставка до Томска?", R, Topic.SHIPPING, NORMAL),
    ("Срочно! Указала не тот адрес, измените пожалуйста", R, Topic.OTHER, HIGH),
    ("Не срочно: планируете завозить чай?", R, Topic.AVAILABILITY, LOW),
    ("Если не подойдёт размер, можно вернуть?", R, Topic.RETURNS, NORMAL),
    ("Спасибо большое, всё пришло за два дня!", P, Topic.SHIPPING, LOW),
    ("Очень вежливый курьер, буду заказывать ещё", P, Topic.STAFF, LOW),
    ("Без проблем, всё отлично", P, Topic.OTHER, LOW),
    ("Обожаю ваш магазин 😍", P, Topic.OTHER, LOW),
    ("Всем доброе утро", O, Topic.OTHER, LOW),
    ("Участвую, репост сделала", O, Topic.OTHER, LOW),
    ("Заработок без вложений, пишите в лс", O, Topic.OTHER, LOW),
    ("Zakaz tak i ne prishel, zhdu uzhe mesyats", C, Topic.ORDERS, NORMAL),
    ("Podskazhite, kogda budet dostavka?", R, Topic.SHIPPING, NORMAL),
    ("Spasibo bolshoe, vse otlichno!", P, Topic.OTHER, LOW),
]

UKRAINIAN: list[Row] = [
    ("Третій тиждень чекаю на посилку, скільки можна", C, Topic.SHIPPING, NORMAL),
    ("Замовила третього числа, досі нічого не прийшло", C, Topic.ORDERS, NORMAL),
    ("Вишу на лінії 40 хвилин, ніхто не бере слухавку", C, Topic.STAFF, NORMAL),
    ("Списали гроші двічі! Поверніть", C, Topic.PAYMENT, HIGH),
    ("Прийшла не та модель, коробка вся пом'ята", C, Topic.ORDERS, NORMAL),
    ("Сайт не відкривається другий день", C, Topic.WEBSITE, NORMAL),
    ("Бали так і не нарахували", C, Topic.LOYALTY_POINTS, NORMAL),
    ("Подарунковий сертифікат не приймають на касі, ганьба", C, Topic.GIFT_CARDS, NORMAL),
    ("Ну дякую, доставку знову перенесли 👏", C, Topic.SHIPPING, NORMAL),
    ("Ваш касир нахамив моїй мамі", C, Topic.STAFF, NORMAL),
    ("Обіцяли повернути кошти за тиждень, минув місяць", C, Topic.REFUNDS, NORMAL),
    ("Підписку продовжили без моєї згоди", C, Topic.MEMBERSHIP, HIGH),
    ("Зламали акаунт і вкрали бонуси", C, Topic.WEBSITE, HIGH),
    ("Чайник задимівся, це небезпечно", C, Topic.OTHER, HIGH),
    ("ТТН не оновлюється десять днів", C, Topic.TRACKING, NORMAL),
    ("Підкажіть, чи буде в наявності синій?", R, Topic.AVAILABILITY, NORMAL),
    ("Як оформити повернення куртки?", R, Topic.RETURNS, NORMAL),
    ("Хочу обміняти на більший розмір", R, Topic.EXCHANGES, NORMAL),
    ("Скасуйте, будь ласка, замовлення 5512", R, Topic.CANCELLATIONS, NORMAL),
    ("Можна оплатити карткою при отриманні?", R, Topic.PAYMENT, NORMAL),
    ("Де подивитися номер накладної?", R, Topic.TRACKING, NORMAL),
    ("Скільки коштує доставка до Луцька?", R, Topic.SHIPPING, NORMAL),
    ("Терміново! Вказала не ту адресу, змініть будь ласка", R, Topic.OTHER, HIGH),
    ("Не терміново: плануєте завозити чай?", R, Topic.AVAILABILITY, LOW),
    ("Якщо не підійде розмір, чи можна повернути?", R, Topic.RETURNS, NORMAL),
    ("Дуже дякую, все прийшло за два дні!", P, Topic.SHIPPING, LOW),
    ("Дуже ввічливий кур'єр, буду замовляти ще", P, Topic.STAFF, LOW),
    ("Без проблем, все чудово", P, Topic.OTHER, LOW),
    ("Обожнюю ваш магазин 😍", P, Topic.OTHER, LOW),
    ("Всім доброго ранку", O, Topic.OTHER, LOW),
    ("Беру участь, репост зробила", O, Topic.OTHER, LOW),
    ("Zamovlennya dosi ne pryishlo, chekayu vzhe misyats", C, Topic.ORDERS, NORMAL),
    ("Pidkazhit, koly bude dostavka?", R, Topic.SHIPPING, NORMAL),
]

GERMAN: list[Row] = [
    ("Ich warte seit drei Wochen auf mein Paket", C, Topic.SHIPPING, NORMAL),
    ("Am 3. bestellt, bis heute nichts angekommen", C, Topic.SHIPPING, NORMAL),
    ("40 Minuten in der Warteschleife und dann aufgelegt", C, Topic.STAFF, NORMAL),
    ("Der Betrag wurde doppelt abgebucht!!", C, Topic.PAYMENT, HIGH),
    ("Falscher Artikel geliefert und der Karton war zerrissen", C, Topic.ORDERS, NORMAL),
    ("Die App stürzt beim Anmelden jedes Mal ab", C, Topic.WEBSITE, NORMAL),
    ("Meine Treuepunkte sind immer noch nicht da", C, Topic.LOYALTY_POINTS, NORMAL),
    ("Der Gutschein funktioniert nicht, peinlich", C, Topic.GIFT_CARDS, NORMAL),
    ("Na toll, schon wieder verspätet. Bravo 👏", C, Topic.OTHER, NORMAL),
    ("Die Verkäuferin war total unfreundlich", C, Topic.STAFF, NORMAL),
    ("Erstattung versprochen, seither keine Antwort", C, Topic.REFUNDS, NORMAL),
    ("Mein Konto wurde gehackt und jemand hat damit bestellt", C, Topic.WEBSITE, HIGH),
    ("Das Ladegerät ist explodiert, lebensgefährlich!", C, Topic.OTHER, HIGH),
    ("Das Abo wurde ohne meine Zustimmung verlängert", C, Topic.MEMBERSHIP, HIGH),
    ("Ist die blaue Jacke noch verfügbar?", R, Topic.AVAILABILITY, NORMAL),
    ("Wie kann ich die Schuhe zurückschicken?", R, Topic.RETURNS, NORMAL),
    ("Ich möchte das Kleid gern umtauschen", R, Topic.EXCHANGES, NORMAL),
    ("Bitte stornieren Sie meine Bestellung 5512", R, Topic.CANCELLATIONS, NORMAL),
    ("Wo finde ich die Sendungsnummer?", R, Topic.TRACKING, NORMAL),
    ("Liefert ihr auch nach Österreich?", R, Topic.SHIPPING, NORMAL),
    ("Kann ich mit PayPal bezahlen?", R, Topic.PAYMENT, NORMAL),
    ("Falsche Adresse angegeben, bitte dringend ändern", R, Topic.OTHER, HIGH),
    ("Eilt nicht, aber wann kommt der neue Tee?", R, Topic.OTHER, LOW),
    ("Falls es nicht passt, kann ich es zurückgeben?", R, Topic.RETURNS, NORMAL),
    ("Wie werde ich Mitglied im Club?", R, Topic.MEMBERSHIP, NORMAL),
    ("Vielen Dank, kam schon nach zwei Tagen!", P, Topic.OTHER, LOW),
    ("Super freundlicher Fahrer, gerne wieder", P, Topic.STAFF, LOW),
    ("Ohne Probleme, alles perfekt", P, Topic.OTHER, LOW),
    ("Ich liebe euren Laden 😍", P, Topic.OTHER, LOW),
    ("Guten Morgen zusammen", O, Topic.OTHER, LOW),
    ("Bin dabei und hab geteilt", O, Topic.OTHER, LOW),
]

ALL = [
    pytest.param(language, *row, id=f"{language}-{number}")
    for language, rows in (("en", ENGLISH), ("ru", RUSSIAN), ("uk", UKRAINIAN), ("de", GERMAN))
    for number, row in enumerate(rows)
]


@pytest.mark.parametrize(("language", "text", "kind", "topic", "urgency"), ALL)
def test_message_is_understood(
    language: str, text: str, kind: Kind, topic: Topic, urgency: Urgency
) -> None:
    """Kind, language and urgency are what a person says, and the topic is among those found."""
    verdict = RuleClassifier().classify([text])[0]

    assert (verdict.kind, verdict.urgency, verdict.language) == (kind, urgency, language)
    assert topic in verdict.topics
