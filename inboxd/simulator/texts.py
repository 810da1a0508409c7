"""What the customers and the staff of the simulated shop write, in their own four languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.simulator.people import Network

Truth = Literal["complaint", "request", "praise", "other"]
Place = Literal["vd", "vc", "fd", "fc", "xm", "xd"]
NETWORK_OF: Mapping[str, Network] = {"v": "vk", "f": "facebook", "x": "twitter"}


@dataclass(frozen=True, slots=True)
class Opening:
    """How somebody begins: where (network and d for dm, c for comment, m for mention), and what."""

    language: str
    place: Place
    truth: Truth
    topic: str
    text: str


# One a line: language, place, what it truly is, topic | the text; \n is a new line in it.
_OPENINGS = r"""
ru vd complaint shipping | Здравствуйте. Заказ 48213 обещали привезти вчера до 18:00, я отпросилась с работы и просидела дома до ночи. Никто не приехал и не позвонил. Где моя посылка?
ru vd complaint refunds | Деньги за возврат так и не пришли. Уже 16 дней!!! Вы говорили про 10
ru vd request availability | добрый день, плед серый 140х200 ещё будет?
ru vd request payment | Здравствуйте! А можно оплатить частями или только картой сразу?
ru vd complaint website | сайт опять не работает, корзина пустая после каждого обновления. третий раз набираю заказ, сил нет
ru vd request tracking | Подскажите трек-номер к заказу 47790, в письме его нет
ru vd praise staff | Хочу поблагодарить Ларису из пункта на Лесной, подобрала подарок маме за пять минут, ещё и ленточкой перевязала)))
ru vd complaint orders | пришёл не тот чай. заказывала копорский, в коробке каркаде. это уже второй раз подряд, вы там вообще смотрите, что кладёте??
ru vd request exchanges | Здравствуйте, свитер оказался мал, можно поменять на L? бирки на месте
ru vd complaint payment | списали дважды за один заказ (51002), в банке говорят — обращайтесь к продавцу
ru vd other other | это вы вчера на ярмарке стояли возле фонтана?
ru vd request cancellations | отмените пожалуйста заказ 50417, нашла ошибку в адресе, пока не отправили
ru vd complaint loyalty_points | Сгорели 1200 баллов, хотя в приложении стояло «до 31 числа». Верните баллы.
ru vd request gift_cards | сертификат на 3000 можно потратить в два захода или сгорит остаток?
ru vd complaint staff | Девушка на кассе нахамила при ребёнке. Спросил чек — закатила глаза и отвернулась. Больше к вам ни ногой
ru vd complaint shipping | Прошу разобраться. 2 ноября оформил заказ на сумму 8 460 руб., оплатил сразу. Доставку переносили четыре раза: сначала «нет машины», потом «не дозвонились» (пропущенных у меня нет), потом «адрес не найден», хотя дом стоит на месте с 1974 года. Вчера приехал курьер без половины заказа и предложил подписать, что всё получено полностью. Я не подписал. Сегодня в чате мне ответил робот. Хочу понять, кто у вас за это отвечает и когда я увижу либо вещи, либо деньги.
ru vd request membership | как вступить в клуб? карта платная?
ru vd other other | ошиблась чатом, простите
ru vc complaint shipping | Заказала 3 недели назад. До сих пор «передан в доставку». Молчание
ru vc praise other | Какая красота! Свечи пахнут лесом, весь дом теперь как на даче 🌲
ru vc request availability | А в Казани когда откроетесь?
ru vc complaint website | акция «2+1» не применяется в корзине, оператор отвечает «у нас всё работает». ну-ну
ru vc complaint staff | 40 минут слушаю музыку на линии. Музыка хорошая, толку ноль.
ru vc other other | кто тоже увидел кота на третьем фото?))
ru vc request orders | цена за один или за набор?
ru vc praise shipping | за 2 дня до Мурманска! вот это скорость, спасибо вам
ru vc complaint returns | Возврат не принимают, потому что «коробка мятая». Она такой и приехала, есть видео распаковки!!
ru vc complaint orders | Хлеба и зрелищ: вместо кружки прислали половину кружки. Упаковка — один слой плёнки. Гениально
ru vc other other | мам смотри какой плед
ru vc request shipping | скажите, в Минск отправляете? и сколько идёт
ru vc complaint gift_cards | подарочная карта не активирована, стояла на кассе как дура с пустой картой
ru vc complaint payment | При оплате вылетает ошибка, деньги ушли, заказа нет. Пишу третий раз.
uk fd complaint refunds | Доброго дня! Повернула куртку ще 28 жовтня, кошти досі не надійшли. Скільки можна чекати?
uk fd request tracking | Вітаю! Чи можна дізнатись, де зараз посилка 60318?
uk fd complaint shipping | Кур'єр залишив пакунок під дверима сусідів і поїхав. Сусіди у відпустці. Чудово працюєте
uk fd request exchanges | Добрий день, хочу обміняти черевики 38 на 39, чи є така пара на складі?
uk fd complaint orders | у замовленні бракує двох банок меду, сплачено за чотири. номер 60422
uk fd praise other | Дякую за чудовий подарунок! Бабуся в захваті від хустки 💙
uk fd request payment | чи можна післяплатою?
uk fc complaint website | не можу зайти в кабінет, пароль скидала чотири рази, лист не приходить
uk fc complaint staff | Телефоном відповіли «чекайте» і кинули слухавку. Це так тепер з клієнтами розмовляють?
uk fc praise staff | Оленка з вашої крамниці на Подолі — золото, а не людина!
uk fc request availability | а лляні рушники ще будуть у синьому?
uk fc other other | гарного дня всім!
uk xm complaint shipping | третій тиждень чекаю на чайник. ви його пішки несете?
uk xm request orders | чи діє знижка ще й на свічки?
uk xm complaint loyalty_points | бали за жовтень так і не нарахували, підтримка мовчить
uk xm praise shipping | замовила ввечері, зранку вже пила каву з нової чашки. моє захоплення
uk xd request cancellations | Вітаю, скасуйте, будь ласка, замовлення 60777, передумала
uk xd complaint refunds | Гроші за скасоване замовлення не повернули. Минуло 12 днів, чекати далі не буду — піду в банк
de fd complaint returns | Guten Tag, meine Retoure liegt laut Sendungsverfolgung seit dem 3.11. bei Ihnen. Eine Gutschrift habe ich bis heute nicht gesehen, auf zwei E-Mails kam keine Antwort. Ich bitte um Klärung bis morgen.
de fd request shipping | Hallo, liefern Sie auch an eine Packstation?
de fd complaint orders | Falsche Farbe bekommen. Bestellt: petrol. Geliefert: senfgelb. Das sieht doch ein Blinder
de fd request exchanges | Hallo zusammen, die Handschuhe sind leider zu groß. Kann ich sie gegen M tauschen? Liebe Grüße
de fd praise other | Die Wolldecke ist ein Traum. Wollte ich einfach mal dalassen!
de fd complaint payment | Trotz Storno wurde abgebucht. Bitte umgehend zurückerstatten, sonst lasse ich die Lastschrift platzen.
de fc complaint shipping | Angeblich zugestellt. Bei wem denn bitte??
de fc praise orders | Super verpackt, liebe Karte dabei, gerne wieder 👍
de fc request availability | Wann gibt es den Räuchertee wieder?
de fc complaint staff | Ihre Hotline hat mich nach 35 Minuten einfach aus der Leitung geworfen. Zweimal.
de fc other other | @Sabine guck mal, wär das was für Papa?
de xm complaint website | euer shop wirft mich beim bezahlen jedes mal raus. absicht?
de xm request tracking | meine sendung steht seit montag in leipzig, könnt ihr mal nachsehen?
de xm complaint membership | mitgliedschaft gekündigt, trotzdem 29 euro abgebucht. das geht gar nicht
de xm praise shipping | bestellt, kurz geblinzelt, da. respekt
de xd request gift_cards | Hallo, mein Gutscheincode wird nicht angenommen. Was mache ich falsch?
en fd complaint shipping | Hi, my order 70155 was meant to arrive on Friday for my daughter's birthday. It's Tuesday. The birthday has been and gone. What exactly am I supposed to do with it now?
en fd request returns | Hello! How do I send back a jumper that I bought in the shop rather than online?
en fd complaint refunds | I was told 5 working days for my refund. It has been 19. Nobody replies to my emails and the phone line just rings out.
en fd request orders | can i add a candle to order 70201 before it ships?
en fd praise staff | Just wanted to say Mia in your Leeds store was brilliant today, she went through the whole stockroom to find the last blue one.
en fc complaint orders | Opened the box and the teapot is in six pieces. SIX.
en fc request availability | Is the large one coming back in stock before Christmas?
en fc praise other | obsessed with this colour 😍
en fc complaint website | Discount code "says" it's applied and then charges full price at checkout. Cheeky.
en fc other other | Tagging my husband so he gets the hint
en xm complaint staff | 52 minutes on hold and counting. your hold music has started repeating itself and so have I
en xm complaint payment | charged me twice for one mug?? fix this please
en xm request shipping | do you ship to Ireland without the silly customs fee?
en xm complaint refunds | so when you say "refund within 5 days", which planet's days are those
en xm praise orders | parcel came with a handwritten note. ok you win, customer for life
en xm other other | the fox on your new packaging looks like my landlord
en xm complaint cancellations | cancelled my order an hour after placing it, you shipped it anyway, and now I have to pay the return postage. great system
en xd request loyalty_points | Hey, do points expire if I don't order for a year?
en xd complaint tracking | Tracking link has been dead since last week and your bot keeps sending me the same link. I need a human
"""

# What people write when nobody answers: asking again, or complaining by now.
REMINDERS = {
    "ru": ("ну что там?", "ау, есть кто живой?", "Очень жду, вопрос горит!", "???"),
    "uk": ("то що там?", "Чекаю на вашу відповідь, будь ласка"),
    "de": ("Hallo? Jemand da?", "Gibt es schon etwas Neues?"),
    "en": ("anyone there?", "any update please", "just bumping this"),
}
NUDGES = {
    "ru": (
        "Уже час жду ответа. Вы вообще читаете сообщения?",
        "понятно, всем всё равно",
        "Прошло полдня. Ответа нет. Пишу жалобу",
        "видимо, отвечаете только тем, кто хвалит",
    ),
    "uk": (
        "невже так важко відповісти?",
        "ви мене бачите взагалі?",
        "Мовчання — теж відповідь. Погана",
    ),
    "de": (
        "Keine Antwort ist auch eine.",
        "wird das heute noch was?",
        "Seit Stunden Funkstille. Sehr schwach.",
    ),
    "en": (
        "An hour later and nothing. Lovely service.",
        "hello?? is this account run by a houseplant",
        "Right, I'm asking my bank to reverse it then",
    ),
}
# What people write when somebody did answer.
THANKS = {
    "ru": (
        "спасибо!",
        "Спасибо большое, выручили",
        "ок, принято, благодарю",
        "супер, всё пришло 👍",
    ),
    "uk": ("дякую!", "Дякую за швидку відповідь", "о, супер, дуже вдячна"),
    "de": ("Danke!", "Prima, vielen Dank für die schnelle Hilfe", "top, danke euch"),
    "en": ("thank you!", "That was quick, thanks so much", "brilliant, cheers", "ok great, thanks"),
}
QUESTIONS = {
    "ru": ("А сколько это займёт по времени?", "и куда подъехать, если что?", "а документы нужны?"),
    "uk": ("А скільки це триватиме?", "а чи потрібен чек?"),
    "de": ("Und wie lange dauert das ungefähr?", "brauche ich dafür den Kassenbon?"),
    "en": ("How long will that take, roughly?", "do I need the receipt for that?"),
}

# The staff: who solves it, who sends the customer elsewhere, who promises, who says nothing.
FIXED = {
    "ru": (
        "Здравствуйте! Простите нас. Проверили: всё исправили, подтверждение придёт в течение часа.",
        "Добрый день! Приносим извинения. Нашли ошибку на складе, замену привезут сегодня до 20:00.",
        "Здравствуйте! Деньги вернули сегодня, на карту поступят до конца дня. Извините за ожидание.",
    ),
    "uk": (
        "Доброго дня! Перевірили: кошти повернуто сьогодні, дякуємо за терпіння.",
        "Добрий день! Перепрошуємо. Надіслали заміну сьогодні, номер посилки вже у вас у пошті.",
    ),
    "de": (
        "Guten Tag! Das tut uns leid. Die Erstattung ist soeben veranlasst und morgen auf dem Konto.",
        "Hallo! Entschuldigung dafür. Der Ersatz ist heute raus und kommt morgen vor 12 Uhr.",
    ),
    "en": (
        "Hi there! So sorry. A replacement left our warehouse today, tracking is in your inbox.",
        "Hi! I apologise, this was our mistake. The full amount is refunded and shows within two hours.",
    ),
}
ANSWERED = {
    "ru": (
        "Здравствуйте! Да, это возможно: оформим сами, вам ничего делать не нужно.",
        "Добрый день! Проверили: есть, отложили для вас до пятницы.",
        "Здравствуйте! Всё сделали, подробности отправили вам в письме.",
    ),
    "uk": (
        "Вітаємо! Так, відклали для вас до п'ятниці.",
        "Доброго дня! Готово, деталі вже у вас у пошті.",
    ),
    "de": (
        "Hallo! Ja, das geht, wir haben es eben für Sie eingetragen.",
        "Guten Tag! Wir haben nachgesehen: morgen zwischen 15 und 17 Uhr.",
    ),
    "en": (
        "Hello! Yes, no problem at all: I have set that up for you now.",
        "Hi! I checked with the warehouse, it will be ready tomorrow morning.",
    ),
}
WELCOMED = {
    "ru": ("Спасибо за тёплые слова, передадим всей команде!", "Спасибо, что вы с нами!"),
    "uk": ("Дякуємо за добрі слова, передали команді!",),
    "de": ("Vielen Dank, das geben wir gern weiter!", "Das freut uns sehr, danke!"),
    "en": ("Thank you, you have just made someone's day!", "Thanks for being with us!"),
}
DEFLECTED = {
    "ru": ("Напишите нам на почту, там разберутся.", "По этому вопросу звоните на горячую линию"),
    "uk": ("Зверніться, будь ласка, на гарячу лінію.", "З цим питанням — на пошту підтримки."),
    "de": ("Bitte wenden Sie sich an unsere Hotline.", "Dafür bitte das Kontaktformular nutzen."),
    "en": ("Please email our support team.", "You will need to call the helpline for that one"),
}
PROMISED = {
    "ru": ("Здравствуйте! Передали коллегам, вам перезвонят в течение часа.",),
    "uk": ("Вітаємо! Уточнимо на складі й напишемо вам сьогодні.",),
    "de": ("Hallo! Wir klären das und melden uns heute noch bei Ihnen.",),
    "en": ("Hi! Let me check with the team, I will get back to you within the hour.",),
}
AUTOMATIC = {
    "ru": "Спасибо за сообщение! Мы получили его и скоро ответим. Это автоматический ответ.",
    "uk": "Дякуємо за звернення! Ми відповімо найближчим часом. Це автоматична відповідь.",
    "de": "Danke für Ihre Nachricht! Wir antworten so bald wie möglich. (Automatische Antwort)",
    "en": "Thanks for getting in touch! This is an automated reply, we will be with you shortly.",
}
POSTS: Mapping[Network, tuple[str, ...]] = {
    "vk": ("Новая партия пледов из вологодской шерсти. Серый, песочный, брусничный.",
           "До воскресенья: третья свеча в подарок к двум любым."),
    "facebook": ("The winter blankets are in, and so is the smoked tea.",
                 "Льняні рушники знову на полиці. Який колір ваш?"),
    "twitter": ("New packaging, same tea. Yes, the fox is back.",),
}  # fmt: skip


# What people add to a message afterwards.
ADDITIONS = {
    "ru": " UPD: номер заказа 48213, забыл указать",
    "uk": " (номер замовлення 60318)",
    "de": " (Bestellnummer 65012)",
    "en": " (order 70155, sorry, forgot to say)",
}


def openings() -> list[Opening]:
    """Return every way somebody begins a conversation, in the order of the table."""
    return [_opening(line) for line in _OPENINGS.strip().splitlines()]


def _opening(line: str) -> Opening:
    head, _, text = line.partition(" | ")
    language, place, truth, topic = head.split()
    return Opening(
        language, cast("Place", place), cast("Truth", truth), topic, text.replace(r"\n", "\n")
    )
