"""
What each language looks like: its commonest words, its endings, its own letters.

Words are those that a short message cannot do without and that no neighbour shares. A word
in two lists counts for both and decides nothing. The latter half of the Russian and the
Ukrainian words are what one language uses often in the seeds, the other nowhere, and no
letter gives away. ``ru-Latn`` and ``uk-Latn`` are Russian
and Ukrainian in Latin letters.
"""

from __future__ import annotations

CYRILLIC_WORDS = {
    "ru": """
        срочно планируете отлично снова получил получила курьер очень жаль нужен нужна участвую
        без пожалуй кстати быстро удобно сделал сделала хотел хотела благодарю сотрудник
        и что это как где когда почему не был была было были есть ещё еще уже мне меня мой моя
        моё мои вы вас вам ваш ваша ваши он она они его её их мы нас нам наш или если чтобы
        только очень всё все здравствуйте привет спасибо пожалуйста заказ заказа заказать жду
        деньги можно нельзя нет да сколько какой какая какие кто чем при из от под сейчас
        сегодня завтра вчера день дня дней неделю неделя месяц опять снова хочу нужно надо
        просто вообще тоже потому тот этот эта эти так такой теперь пришел пришёл пришла
        работает подскажите скажите помогите лучше хорошо плохо себя ничего никто никогда
        человек время год года раз после сайт товар магазин вернуть отмените отличный
        на до за по о об про вот там тут того этого этом этой эту том тем чего себе самый больше
        меньше быть будет буду будем стал стало могу может хотя пока сам сама сами люди людей
        жизнь срочно планируете отлично снова получил курьер очень жаль нужен нужна люблю всего всем всех тебя тебе ты день куда потом тогда даже лишь ведь были
        отличная супер ответ ответьте через свой свои блин ли же бы ну а с в у к о
        администратор акции баллами баллов банка бассейн большое бонусов будут вашего вашей
        вашем везде верните вернула вернулись вечер вечера вечером вещи взять видела видимо
        видят висит вместе вместо внутри водитель возврата возврате возвратом возможно вопрос
        вопросов восемь воскресенье врач всегда всей второго второй вторую глаза говорит говорят
        город городе горячей двадцатого двадцать две двенадцать двери двести двое двух девушка
        действует делала делать денег десяти детей дети детское добавить договоре дозвониться
        долго должен дом домой дочь другая другой другом другую едет ему женщина жизни забирать
        заблокируйте забрал забрать заказал заказе закончился зале замену запись заранее зато
        зачем зашла заявление звонить звонка звонок знает значит зовут идет иду извинились
        извините иначе интересно интернет искала история ищем ищу кабинет кабинете каждую какого
        какое каком карте картой кассе кассир класс клуба клубе комментарии конечно корзине
        коробке кот которого которой которую кофе кресло купил купить курьера курьером курьеру
        лежит лет лета линии любой магазина магазине маме машине мебель между места месте место
        месяца месяцев минус минут мира мной модели моего моей моем муж мужем набор найти
        наконец наличии написать напишите наушники нашла него недели нее ней нем немедленно нету
        ни нибудь нигде никаких никого новую ноль ночь ночью ноябрь ноября нравится обещали
        обмен обменяли обменять обновления обратно обращение одной оказались оказался октября
        оплате оплачен оставить остался остальное остановите ответа ответили отвечает отдала
        отдельно отказались откуда отмена отменил отменила отменили отменить отписаться
        отправила отправляйте отпуске оформить очереди очередь ошибка ошиблась пвз первого
        передать писать письма письме пишет пишите платеж платье подарила подарок подарочная
        подарочную подойдет подписка подписку подтвердили позвонил позиций пойду покупала
        полгода полицию положили полтора полчаса поменяли поменять помочь понедельник пор
        последний почта почте почти почтой почту предзаказ придет приехал приехала приехали
        приехало приложение приложении приложения принимаете принимают приняли прислать приходит
        пришли пришло пришлось пробовала программа продавец просит простите профиле процентов
        прошла прошло пункте пусть пути пятница пятницу работаете работу размер размера раньше
        ребенка ребенку ребенок ребят решили ровно рождения рублей рядом сайте сапоги сдала
        сдать сделали сделать семь семьей сентябре сентября сервис сертификат сертификата сестре
        сидит синий сих сказал скольки скорее следующий сломалась смотреть сначала снимите со
        собрали сообщение состав списать спокойно спросил сразу среду срок стоимость стоит стол
        стоят странице сумма сумму сутки счет сюда такая такие такое такую товара третий третью
        третья трех тридцать туда уберите удалить уехал улице успели утра утро утром ушли
        хватает хватит хлеб хожу хорошего хотим цвет цена центре цену часа чеке человека честно
        четверг чтоб чужой шестой шесть
        """,
    "uk": """
        чудово участь беру терміново отримав отримала кур'єр дуже шкода потрібен зробила бачу
        без швидко зручно зробив хотів хотіла вдячна вдячний працівник скажу сказав
        і й що це як де коли чому не був була було були є ще вже мені мене мій моя моє мої ви
        вас вам ваш ваша ваші він вона вони його її їх ми нас нам наш або чи якщо щоб тільки
        лише дуже все всі вітаю привіт дякую будь ласка замовлення замовити чекаю гроші можна
        немає нема так скільки який яка які хто чим при із від під зараз сьогодні завтра вчора
        день дня днів тиждень тижні місяць знову хочу треба потрібно просто взагалі також
        тому той цей ця ці така такий тепер прийшов прийшла прийшло працює підкажіть скажіть
        допоможіть краще добре погано себе нічого ніхто ніколи людина час рік року раз після
        сайт товар магазин повернути скасуйте чудовий чудова супер відповідь через свій свої
        досі та але бо та ж би ну а з в у до на за про вам цього того якого яку було буде
        аби адже бабуся багато бали банку бачив бачила бачили бачить бере боже бонуси брати
        бронювання будинку будуть бути важко вантажники варто вашого вашому вдома вдруге великий
        вересня вечора взуття взяв взяти вибачте видалити вийти вийшло вийшов випадково
        виявилось вкрали воно встигла всього вчасно гарний говорити години годину головою
        готовий гривень грн грошей дав дати двадцять двома двох десь дешевше дитина дитину
        дитячий добу довго довелось додатку додаток додаю додому документи допомогти досить
        друге думку електронний живий життя жовтня жодних жодного заблокуйте забрав забрати
        забула завдаток завжди загубила зазвичай зайшла зайшов закрийте закрили замовив замовила
        замовили замовляв замовляли занадто запитав запитала застосунку застосунок зате звичайно
        згодом зламали знав знайти знайшла знайшли знати значить знають знижка знижкою знижку
        знов зняли зранку зробили зробити йде йому кава каву каже кажете кажу кажуть казав карти
        картка картки карткою картку касирка квитки клас клубу книжки кожен кожного кожному
        кожну колись комусь кордон кошик кошти куди купив купити купувала купувати купую лежить
        листопада людини людину людськи мабуть мав майже майстер мали мало маргарита маю мають
        менше минув минуло минулого мною мого може можемо можливо можу можуть музика навколо
        навушники навчання написати наприклад народження наступний наступного наче нашого нашому
        нащо негайно неможливо нею нова новий нуль нього ньому обличчя одне одразу окремо
        окуляри оновлення оплати оплатити особливо останню ось отримали отримати оформити очима
        памятаю пане пари перша перше перший першого писати питання питань пише пишуть платити
        побачила повернення повернув повернула повертати повертають повна повну подарували
        подарувати подарунок подзвонив подзвонила подивився подивитись подумав поки поклали
        помилилась помилка помилку поруч посилання посилки посилку почав почала початку пошта
        пошти пошту пошук пральну приблизно прийде прийняли прийшли продавець пройшла пройшло
        прокуратор просив просять проте протягом пятий пятницю рази разом ранку ранок раптом
        рахунку рахунок реклами решта робите роботи роботу розстрочку роки рушники саме самий
        свого серед сиджу сидить сильно син сина сказати скасувала скасували скасування
        скасувати скиньте складно скрудж слухавку собою сонце соромно спати спершу списання
        спитав спить спочатку стара старий стару стояв суботу сума суми суму схоже сьогодня сюди
        таке таку теж ти тижня тим тисяч тих тобто тож третя тридцять тримати трохи трьох ттн
        туди умови усе учора хай хв хвилин хвилини хвилину хлопець ходив хоч хоча хоче хочемо
        хтось цим цих цьому цю частинами частину чаю чекала чекали чекати чесно четвер четвертий
        чином читати чоботи чорний чотири шафу швидку швидше ше школи шукати шукаю щастя щодня
        щойно щоразу щось якби яке яким яких якому якось якою якраз якшо
        """,
    "be": "гэта што калі няма вельмі дзякуй калі ласка яшчэ ўжо мяне быў",
    "bg": "съм това какво къде кога защо моля благодаря поръчка няма още като със ще",
    "kk": "және емес бар жоқ керек рақмет қалай қашан сіз маған",
}

CYRILLIC_LETTERS = {
    "ru": "ыэъё",
    "uk": "іїєґ",
    "be": "ў",
    "sr": "ђћљњџј",
    "mk": "ѓќѕ",
    "kk": "әғқңөұүһ",
}

CYRILLIC_ENDINGS = {
    "ru": "его тся ешь ишь ает яет ует еет ают яют ние ния нию ный ная ное ные кие ую ие ия ой ей ать еть ал ял ил ел ила ило или ала ало али лся лась лось лись чик щик ок ек ев",
    "uk": "ння ття ькии ького ати ити яти ути іти ють іть уть ить ає ує ію ії ів ість ав ив яв ув їв ала ший вся лася лося ймо мо ла ло рка нка ької ому ові еві кий ний",
}

CYRILLIC_INSIDE = {
    "ru": ("ее", "ия", "ие", "шь", "тс", "жд", "сч", "ещ", "че", "ро", "ло"),
    "uk": ("йо", "ьо", "дж", "ськ", "цьк", "зь", "ив", "ув", "щ", "жн", "иш", "оро"),
}

LATIN_WORDS = {
    "en": """
        the and is are was were be been have has had do does did not no yes i you he she it we
        they my your our their me us them this that these those what when where why how who
        which with for from about of to in on at by an a but or if so just very really can could
        will would should please thanks thank hi hello hey order ordered still never always there
        here now today tomorrow yesterday good great bad love like get got my i'm it's don't dont
        can't cant won't didn't doesn't i've you're that's what's let's help need want know go
        going time day days week weeks new one all out up more some any again after before since
        delivery refund package website nice best worst happy sorry ok okay lol too as than card
        account make much many money him her his its into over only even then because while well
        back think see look come made people right thing things work working being first last down
        off gonna wanna oh yeah cool awesome amazing customer service phone update also every
        without through again didnt isnt im ive youre thats great job where's keep getting
        """,
    "de": """
        der die das und ist sind war waren sein bin bist hat habe haben hatte nicht kein keine
        keinen ja nein ich du er sie es wir ihr mein meine meinen meiner dein euer eure unser
        unsere mich mir dich dir uns euch ihnen dieser diese dieses was wann wo warum wie wer
        welche mit für von vom zu zum zur im am auf bei aus nach seit über ein eine einen einem
        einer aber oder wenn dass so nur sehr kann können könnt könnte wird werden würde soll
        sollte bitte danke hallo moin bestellung bestellt paket lieferung noch immer nie schon
        heute morgen gestern gut gute guten toll super schlecht geht gibt habt auch mal doch
        dann da hier jetzt alles nichts etwas mehr wieder gar den dem des man bis ohne um als
        tag tage woche wochen geld zurück leider endlich mal vielen dank gerne weil ob
        wurde wurden hätte wäre muss müssen musste macht machen gemacht finde finden weiß wissen
        will wollen möchte diesem jeder jede alle allen viel viele damit denn also eigentlich
        vielleicht einfach halt eben genau richtig echt ganz lange schön schöne deine deinen eure
        euren eurer leute jahr jahre hab sagen sagt kommt kommen gehen sieht beim ins nun selbst
        sondern zwar bleibt warte funktioniert vor ohne gegen wollte
        """,
    "ru-Latn": """
        chto gde kogda pochemu kak ne eto ya moy moi moya mne menya vy vas vam vash uzhe uje
        esche eshche escho est byl bylo byli net da zakaz zakaza zakazal spasibo pozhaluysta
        pozhalusta pojaluista privet zdravstvuyte dengi skolko mozhno nelzya nado nuzhno hochu
        khochu zhdu jdu dostavka dostavku posylka posilka kuryer kurier tovar vernite vernut
        otvet rabotaet segodnya zavtra vchera nedelya nedelyu dney den' mesyats opyat snova
        ochen horosho plokho ploho prishel prishol prishla prishlo podskazhite skazhite
        pomogite nikto nichego nikogda tolko esli chtoby dlya ili vse vsyo vsem blin voobshe
        voobsche kto kakoy sayt magazin otlichno klass bolshoe
        """,
    "uk-Latn": """
        shcho scho sho koly chomu yak ne ye tse meni mene miy moye moya mii vzhe vje shche sche
        buv bulo buly nemaye nema zamovlennya zamovlennia zamovyv dyakuyu diakuyu dyakuju bud
        laska pryvit dobryi hroshi groshi skilky mozhna treba potribno khochu chekayu chekaiu
        dostavka posylka kuryer tovar povernit povernuty vidpovid pratsyuye pracuje sohodni
        sogodni zavtra vchora tyzhden tyzhni tyzhniv dniv misyats znovu duzhe dobre pohano
        pryishov pryishlo pidkazhit skazhit dopomozhit nikhto nichoho nikoly tilky yakshcho
        yaksho shchob abo vsi dosi chy vy vash vashe
        """,
    "es": "el la los las que de no es un una por con para mi pedido gracias hola cuando donde pero muy está y se lo tengo hace puedo",
    "fr": "le la les des est une un je vous pas que pour avec mon ma commande merci bonjour où quand mais très et du suis c'est ai depuis",
    "it": "il lo gli che non è sono per con mio ordine grazie ciao quando dove ma molto una di ho ancora perché",
    "pt": "não que um uma com para meu minha pedido obrigado obrigada olá quando onde mas muito você está eu os",
    "nl": "het een niet ik je en van dat is mijn bestelling bedankt hallo wanneer waar maar heel nog op voor met",
    "pl": "nie jest się że na moje zamówienie dziękuję cześć kiedy gdzie ale bardzo dlaczego jak mam jeszcze proszę",
    "tr": "bir ve bu için değil siparişim teşekkürler merhaba ne zaman nerede ama çok var yok neden",
    "cs": "není jsem že objednávka děkuji ahoj kdy kde ale velmi proč jak mám ještě prosím",
}

LATIN_LETTERS = {
    "de": "äöüß",
    "es": "ñ¿¡áíóú",
    "fr": "éèêàçœûî",
    "pt": "ãõçáâê",
    "pl": "łąęśżźćń",
    "tr": "ğşıİç",
    "cs": "řěůčšž",
    "it": "òàèì",
}

LATIN_ENDINGS = {
    "en": "ing ion ght ould ive est ess ful ly ed th ry ow ay ck ty ey ws ll ee ks nk ble",
    "de": "ung sch ich eit cht ehr ert ann ieren lich isch en er em es te st zt ig rn ei rs",
    "ru-Latn": "ogo yut aet oye aya yye iya iye eniye enie ost tsya nyy nye lsya yu ya ov im shch",
    "uk-Latn": "nnya ttya uyu aye uye yty aty ity yut ykh oho iv kyi nyi nnia ii",
}

LATIN_INSIDE = {
    "en": ("th", "wh", "ee", "oo", "ough", "ck", "ea", "ou"),
    "de": ("sch", "ei", "ie", "cht", "tz", "ae", "ue", "ck", "pf", "au", "eu"),
    "ru-Latn": ("zh", "shch", "kh", "ya", "yu", "yi", "dn", "vs", "zd", "oy", "ye", "tov", "pos"),
    "uk-Latn": (
        "zh",
        "shch",
        "kh",
        "ya",
        "yu",
        "yi",
        "iy",
        "dn",
        "vz",
        "yy",
        "ye",
        "hr",
        "ky",
        "ny",
    ),
}

SCRIPTS = {
    "ja": "\u3040-\u30ff",
    "ko": "\uac00-\ud7af\u1100-\u11ff",
    "zh": "\u4e00-\u9fff",
    "ar": "\u0600-\u06ff",
    "he": "\u0590-\u05ff",
    "el": "\u0370-\u03ff",
    "th": "\u0e00-\u0e7f",
    "hi": "\u0900-\u097f",
    "ka": "\u10a0-\u10ff",
    "hy": "\u0530-\u058f",
}
