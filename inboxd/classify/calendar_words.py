"""
How a time is named in the four languages: patterns, and what the words in them mean.

A pattern's *kind* says how :mod:`inboxd.classify.promised` counts it out. Patterns see a text
in small letters with ё as е; every repetition in them is bounded, so none can run away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FEW = 3
"""What "a few" is taken for; nobody has told better."""

UNITS = {
    "minute": "мин хв min",
    "half hour": "полчас получас полгодин півгодин",
    "hour": "час год std stund hour hr h ч",
    "fullday": "сут доб діб",
    "day": "дн ден tag day werktag arbeitstag bankarbeitstag",
    "week": "нед тиж woch week",
    "month": "мес міс monat month",
}
"""Stems of the units; the longest stem that a word begins with tells its unit."""

NUMBERS = {
    1: "один одного одну одна одне one a an ein eine einer einem einen the next",
    2: "два две двух дві двох пару пара two couple zwei",
    3: "три трех трьох three drei",
    4: "четыре четырех чотири чотирьох four vier",
    5: "пять пяти п'ять п'яти five fünf fuenf",
    6: "шесть шести шість шести шостої шести six sechs",
    7: "семь семи сім сьомої seven sieben",
    8: "восемь восьми вісім восьмої eight acht",
    9: "девять девяти дев'ять дев'ятої nine neun",
    10: "десять десяти десятої ten zehn",
    11: "одиннадцать одиннадцати одинадцятої eleven elf",
    12: "двенадцать двенадцати дванадцятої twelve zwölf",
    15: "пятнадцать п'ятнадцять fifteen fünfzehn",
    20: "двадцать двадцять twenty zwanzig",
    30: "тридцать тридцять thirty dreißig",
    40: "сорок forty vierzig",
    45: "forty-five fünfundvierzig",
    FEW: "несколько нескольких кілька кількох few several paar wenigen wenige",
}
_THIRD = {"третьої": 3, "третьей": 3, "drei": 3, "three": 3, "три": 3, "трех": 3, "трьох": 3}
_BY_HOUR = {"часу": 1, "двум": 2, "трем": 3, "четырем": 4, "п'ятої": 5, "першої": 1, "другої": 2}
_LOCATIVE = {"першій": 1, "другій": 2, "третій": 3, "четвертій": 4, "п'ятій": 5, "шостій": 6}
_LOCATIVE |= {"сьомій": 7, "восьмій": 8, "дев'ятій": 9, "десятій": 10, "четвертої": 4}

WEEKDAYS = (
    "понед montag monday",
    "вторн вівтор dienstag tuesday",
    "сред серед mittwoch wednesday",
    "четв четвер donnerstag thursday",
    "пятн п'ятн freitag friday",
    "субб субот samstag sonnabend saturday",
    "воскр неділ sonntag sunday",
)
MONTHS = (
    "янв січ jan jän",
    "фев лют feb",
    "март берез mar mär",
    "апр квіт apr",
    "мая мае май трав may mai",
    "июн черв jun",
    "июл лип jul",
    "авг серп aug",
    "сен верес sep",
    "окт жовт oct okt",
    "ноя листоп nov",
    "дек груд dec dez",
)


def _stems(rows: Iterator[tuple[str | int, str]]) -> dict[str, str | int]:
    return {stem: meaning for meaning, stems in rows for stem in stems.split()}


_UNIT_OF = _stems(iter(UNITS.items()))
_NUMBER_OF: Mapping[str, int] = (
    {word: number for number, words in NUMBERS.items() for word in words.split()}
    | _THIRD
    | _BY_HOUR
    | _LOCATIVE
)
_WEEKDAY_OF = _stems((place, stems) for place, stems in enumerate(WEEKDAYS))
_MONTH_OF = _stems((place + 1, stems) for place, stems in enumerate(MONTHS))


def _longest(word: str, stems: Mapping[str, str | int]) -> str | int | None:
    """Return what the longest stem that *word* begins with means."""
    for length in range(len(word), 0, -1):
        if (meaning := stems.get(word[:length])) is not None:
            return meaning
    return None


def unit(word: str) -> str:
    """Return the unit that *word* names."""
    return str(_longest(word, _UNIT_OF) or "day")


def weekday(word: str) -> int:
    """Return the day of the week that *word* names, Monday being 0."""
    return int(_longest(word, _WEEKDAY_OF) or 0)


def month(word: str) -> int | None:
    """Return the month that *word* names, if it is one."""
    found = _longest(word, _MONTH_OF)
    return None if found is None else int(found)


def number(word: str | None) -> int:
    """Return the number that *word* writes in figures or letters; 1 where none is written."""
    if not word:
        return 1
    if word.isdecimal():
        return int(word)
    # "a few", "ein paar", "a couple of": the word that counts is the last one.
    return _NUMBER_OF.get(word.removesuffix(" of").split()[-1], 1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    One way to name a time. *value* is what its kind needs beyond the groups.

    *firm* is a way that speaks of what is to come ("by", "within"), not merely of a day.
    """

    kind: str
    value: int
    expression: re.Pattern[str]
    firm: bool


_FIRM = "firm"
_NUMBER_WORD = {
    "ru": r"один|одного|одну|дв[аеу]х?|тр[иех]{1,2}х?|четыр\w{1,3}|пяти?|шести?|семи?|восемь|восьми|девяти?|десяти?|пятнадцать|двадцать|тридцать|сорок|несколько|нескольких|пар[уы]",
    "uk": r"один|одного|одну|дв[аі]|двох|три|трьох|чотир\w{1,4}|п'ят[иь]|шіст[ьи]|шести|сім|семи|вісім|восьми|дев'ят[ьи]|десят[ьи]|п'ятнадцять|двадцять|тридцять|сорок|кілька|кількох|пару",
    "de": r"einer|einem|einen|eine|ein(?: paar)?|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|fünfzehn|zwanzig|dreißig|vierzig|fünfundvierzig|paar|wenigen",
    "en": r"an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|forty-five|forty|a few|few|a couple of|couple of|several",
}
_HOUR_WORD = {
    "ru": r"часу|двум|двух|трем|трех|четырем|пяти|шести|семи|восьми|девяти|десяти|одиннадцати|двенадцати",
    "uk": r"першої|другої|третьої|п'ятої|шостої|сьомої|восьмої|восьми|дев'ятої|десятої|одинадцятої|дванадцятої|шести|семи|(?:перш|друг|трет|четверт|п'ят|шост|сьом|восьм|дев'ят|десят)ій|четвертої",
    "de": r"eins|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf",
    "en": r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve",
}
_COUNT = r"(?P<n>\d{1,3}|{words})(?:\s?(?:[-–—]|или|або|to|or|bis|oder|до)\s?(?P<m>\d{1,3}))?"
_CLOCK = r"(?P<h>[01]?\d|2[0-4])(?:[:.](?P<min>[0-5]\d))?"
_DAYS = {
    "ru": r"(?:понедельник|вторник|сред[уыае]|четверг|пятниц|суббот|воскресень)\w{0,2}",
    "uk": r"(?:поніділ|понеділ|вівтор|серед|четвер|п'ятниц|субот|неділ)\w{0,4}",
    "de": r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag)s?",
    "en": r"(?:mon|tues|wednes|thurs|fri|satur|sun)day",
}
_MONTH = {
    "ru": r"(?:январ|феврал|март|апрел|июн|июл|август|сентябр|октябр|ноябр|декабр)\w{1,2}|ма[яйею]",
    "uk": r"(?:січ|лют|берез|квіт|трав|черв|лип|серп|верес|жовт|листопад|груд)\w{0,5}",
    "de": r"januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember",
    "en": r"january|february|march|april|may|june|july|august|september|october|november|december",
}

# kind, value, firm or "", expression. {N} a count, {C} a clock, {D} a weekday, {M} a month,
# {H} an hour in letters.
_RAW = {
    "ru": (
        ("day", 0, "", r"(?:уже |еще )?сегодня(?: же)?"),
        ("day", 2, "", r"(?:до |к )?послезавтра"),
        ("day", 1, "", r"(?:до |к )?завтра"),
        ("ahead", 0, _FIRM, r"(?:через|в течение|в теч\.?|за|в ближайшие|максимум|не позднее)\s+(?:{N}\s+)?(?P<work>раб\w{0,7}\.?\s+|банк\w{0,8}\s+|календ\w{0,8}\s+)?(?P<unit>полчаса|получаса|минут\w{0,2}|мин|час\w{0,2}|ч|сутки|суток|дн\w{1,3}|день|недел\w{1,2}|месяц\w{0,3})"),
        ("ahead", 0, "", r"{N}\s+(?P<work>раб\w{0,7}\.?\s+|банк\w{0,8}\s+)?(?P<unit>минут\w{0,2}|час\w{0,2}|сутки|суток|дня|дней|день|недел\w{1,2})(?! назад)"),
        ("ahead", 0, _FIRM, r"(?P<unit>минут|часа|часов|дня|дней)\s+через\s+{N}"),
        ("end", 0, _FIRM, r"(?:до|к|в)\s+конц[ауе]\s+(?:рабочего\s+)?(?P<unit>дня|недели|месяца|года)"),
        ("weekday", 0, _FIRM, r"(?:до|к|ко|не позднее|не позже)\s+(?P<next>следующ\w{2,3}\s+)?(?P<wd>{D})"),
        ("weekday", 0, "", r"(?:в|во|с|на)\s+(?P<next>следующ\w{2,3}\s+)?(?P<wd>{D})"),
        ("date", 0, "", r"(?:до |к |с |после )?(?P<d>[0-3]?\d)(?:-?го|-?му)?\s+(?P<month>{M})"),
        ("date", 0, "", r"(?:до |к |после )?(?P<d>[0-3]?\d)(?:\s+числа|-го|-му)"),
        ("date", 0, "", r"(?:до |к )?(?P<d>[0-3]\d)\.(?P<mm>[01]\d)(?:\.(?:20)?\d\d)?"),
        ("clock", 0, _FIRM, r"(?:с\s+\d{1,2}(?:[:.]\d\d)?\s+до|до|к|не позднее|после|в)\s+{C}(?P<pm>\s+вечера|\s+утра|\s+час\w{0,2})?"),
        ("clock", 0, _FIRM, r"(?:до|к)\s+(?P<h>{H})(?P<pm>\s+вечера|\s+утра|\s+часам)?"),
        ("part", 12, "", r"(?:завтра\s+)?(?:до утра|к утру|с утра|утром)"),
        ("today", 0, "", r"(?:в день обращения|в тот же день|до вечера|(?:ближе )?к вечеру|вечером|к обеду|до обеда|днем|после обеда)"),
        ("week", 1, "", r"(?:на|до конца)\s+(?:следующей|будущей)\s+недел\w"),
        ("week", 0, "", r"на (?:этой )?неделе|на днях"),
        ("weekend", 1, "", r"(?:на (?:этих )?|за )выходны[хе]"),
        ("weekend", 0, _FIRM, r"(?:к|до) выходны[мх]"),
        ("month", 10, "", r"в начале (?P<month>{M})"),
        ("month", 0, "", r"(?:в|до конца)\s+(?P<month>{M})"),
        ("month", -1, _FIRM, r"(?:к|до)\s+(?P<month>{M})"),
        ("vague", 0, "", r"в ближайшее время|по мере возможности|в следующий раз|после (?:праздников|выходных)|в порядке очереди|как можно скорее|со следующей поставкой|(?:зимой|весной|летом|осенью)"),
    ),
    "uk": (
        ("day", 0, "", r"(?:вже |ще )?сьогодні(?: ж)?"),
        ("day", 2, "", r"(?:до )?післязавтра"),
        ("day", 1, "", r"(?:до )?завтра"),
        ("ahead", 0, _FIRM, r"(?:через|протягом|упродовж|впродовж|за|найближч\w{1,3}|максимум|дайте нам)\s+(?:{N}\s+)?(?P<work>роб\w{0,6}\s+|банк\w{0,8}\s+|календ\w{0,8}\s+)?(?P<unit>пів години|півгодини|хвилин\w{0,2}|хв|годин\w{0,2}|год|доб[иую]|діб|дн\w{1,2}|день|тижн\w{1,2}|тиждень|місяц\w{0,3})"),
        ("ahead", 0, "", r"(?:до\s+)?{N}\s+(?P<work>роб\w{0,6}\s+|банк\w{0,8}\s+)?(?P<unit>хвилин\w{0,2}|годин\w{0,2}|дн\w{1,2}|тижн\w{1,2})(?! тому)"),
        ("day", 1, _FIRM, r"(?:не пізніше )?наступної доби"),
        ("end", 0, _FIRM, r"(?:до|під|на|в)\s+кін(?:ця|ець|ці)\s+(?:робочого\s+)?(?P<unit>дня|тижня|місяця|року)"),
        ("weekday", 0, _FIRM, r"(?:до|не пізніше)\s+(?P<next>наступн\w{2,3}\s+)?(?P<wd>{D})"),
        ("weekday", 0, "", r"(?:в|у|з|на|найближч\w{2,3})\s+(?P<next>наступн\w{1,3}\s+)?(?P<wd>{D})"),
        ("date", 0, "", r"(?:до |з |після )?(?P<d>[0-3]?\d)(?:-?го)?\s+(?P<month>{M})"),
        ("date", 0, "", r"(?:до |після )?(?P<d>[0-3]?\d)(?:\s+числа|-го)"),
        ("date", 0, "", r"(?:до )?(?P<d>[0-3]\d)\.(?P<mm>[01]\d)(?:\.(?:20)?\d\d)?"),
        ("clock", 0, _FIRM, r"(?:з\s+\d{1,2}(?:[:.]\d\d)?\s+до|до|о|об)\s+{C}(?P<pm>\s+вечора|\s+ранку|\s+годин\w)?"),
        ("clock", 0, _FIRM, r"(?:до|о|об)\s+(?P<h>{H})(?P<pm>\s+вечора|\s+ранку|\s+години)?"),
        ("part", 12, "", r"(?:до ранку|зранку|вранці|ранком)"),
        ("today", 0, "", r"(?:цього ж дня|того ж дня|у (?:першій|другій) половині дня|протягом зміни|до вечора|надвечір|ввечері|увечері|до обіду|після обіду|вдень)"),
        ("week", 1, "", r"(?:на )?наступного тижня|наступному тижні"),
        ("week", 0, "", r"(?:на цьому тижні|на початку тижня|цього тижня|на тижні|цими днями|днями)"),
        ("weekend", 1, "", r"на (?:цих )?вихідних"),
        ("weekend", 0, _FIRM, r"до вихідних"),
        ("month", 10, "", r"на початку (?P<month>{M})"),
        ("month", 0, "", r"(?:в|у|до кінця)\s+(?P<month>{M})"),
        ("month", -1, _FIRM, r"до\s+(?P<month>{M})"),
        ("vague", 0, "", r"найближчим часом|незабаром|в робочий час|після (?:свят|вихідних)|як тільки дадуть світло|щопонеділка|(?:взимку|навесні|влітку|восени)"),
    ),
    "de": (
        ("day", 0, "", r"(?:noch |bis )?heute(?: noch)?"),
        ("day", 2, "", r"(?:bis )?übermorgen"),
        ("day", 1, "", r"(?:(?:bis|ab) )?(?<!guten )(?<!schönen )(?<!am )morgen(?! zusammen)"),
        ("ahead", 0, _FIRM, r"(?:innerhalb(?: von)?|binnen|in(?: etwa| rund| ungefähr| ca\.)?|nach|spätestens in)\s+(?:(?:den |der )?(?:nächsten|kommenden|folgenden)\s+)?{N}\s+(?P<unit>(?P<work>werk|arbeits|bankarbeits)?tag\w{0,2}|stunden?|std\.?|minuten?|min\.?|wochen?|monat\w{0,2})"),
        ("ahead", 0, _FIRM, r"(?:in|innerhalb) (?:den|der) (?:nächsten|kommenden) (?P<unit>(?P<work>werk|arbeits)?tagen?|stunden?|minuten|wochen)|in (?P<unit2>einer halben stunde)"),
        ("ahead", 0, "", r"{N}\s+(?P<unit>(?P<work>werk|arbeits)tag\w{0,2})"),
        ("ahead", 1, _FIRM, r"am (?:nächsten|folgenden) (?P<unit>(?P<work>werk|arbeits)?tag)"),
        ("end", 0, _FIRM, r"(?:bis |zum |gegen |bis zum )?(?:ende der (?P<unit>woche)|ende des (?P<unit2>tages|monats|jahres)|(?P<unit3>tagesende|wochenende|monatsende|jahresende|feierabend|geschäftsschluss))"),
        ("weekday", 0, _FIRM, r"(?:bis|spätestens|bis spätestens|bis zum)\s+(?:am\s+)?(?P<next>(?:nächsten|kommenden)\s+)?(?P<wd>{D})"),
        ("weekday", 0, "", r"(?:(?:am|ab|auf)\s+)?(?P<next>(?:nächsten|kommenden)\s+)?(?P<wd>{D})"),
        ("date", 0, "", r"(?:(?:bis|am|ab|spätestens|bis zum|bis spätestens|zum)\s+)?(?P<d>[0-3]?\d)\.\s?(?P<month>{M})"),
        ("date", 0, "", r"(?:(?:bis|am|ab|zum|bis zum)\s+)?(?P<d>[0-3]?\d)\.(?P<mm>[01]?\d)\.(?:(?:20)?\d\d)?"),
        ("date", 0, "", r"(?:bis |ab )?(?:zum|am|dem)\s+(?P<d>[0-3]?\d)\."),
        ("clock", 0, _FIRM, r"(?:zwischen\s+\d{1,2}\s+und|von\s+\d{1,2}(?:\s+uhr)?\s+bis|bis|um|gegen|vor|ab)\s+{C}\s+uhr"),
        ("clock", 0, "", r"{C}\s+uhr"),
        ("clock", 0, _FIRM, r"(?:um|bis|gegen|vor)\s+(?P<half>halb\s+)?(?P<h>{H})(?:\s+uhr)?(?P<pm>\s+abends|\s+morgens)?"),
        ("noon", 12, "", r"(?:bis )?mittags?(?! \w{0,3}pause)"),
        ("part", 12, "", r"(?:(?:noch )?am (?:vormittag|morgen)|morgen früh)"),
        ("today", 0, "", r"(?:(?:bis |noch )?(?:(?:zum|am|im laufe des|heute) )?(?:nach\w{0,3}mittag|abends?)|nach feierabend|bis mitternacht|im laufe des tages|am selben tag|(?:noch )?in dieser stunde|jeden moment)"),
        ("week", 2, "", r"übernächste woche"),
        ("week", 1, "", r"(?:in der |bis )?(?:nächste|kommende)[nr]? woche|gleich nach dem wochenende|nach dem wochenende"),
        ("week", 0, "", r"(?:noch )?(?:in )?(?:diese|dieser) woche|im laufe der (?:woche|nächsten tage)|in den nächsten tagen"),
        ("weekend", 1, "", r"am wochenende"),
        ("weekend", 0, _FIRM, r"vor dem wochenende"),
        ("month", 10, "", r"anfang (?P<month>{M})"),
        ("month", 20, "", r"mitte (?P<month>{M})"),
        ("month", 0, "", r"(?:ende|im|noch im) (?P<month>{M})"),
        ("vague", 0, "", r"demnächst|sofort|bald|so schnell wie möglich|über nacht|in kürze|zeitnah|umgehend|schnellstmöglich|baldmöglichst|im (?:frühjahr|frühling|sommer|herbst|winter)|im neuen jahr|mit dem nächsten update"),
    ),
    "en": (
        ("day", 0, "", r"(?:later |by |before the end of |end of )?today|(?:by |before )?tonight|(?:by |later )?this (?:evening|afternoon|morning)"),
        ("day", 2, "", r"(?:by )?(?:the )?day after tomorrow"),
        ("day", 1, "", r"(?:by |before )?tomorrow(?: morning| afternoon| evening| night)?"),
        ("ahead", 0, _FIRM, r"(?:within|in|over|after|inside)\s+(?:the\s+)?(?:next\s+|following\s+)?(?:{N}[\s-]+)?(?P<work>working\s+|business\s+)?(?P<unit>minutes?|mins?|half an hour|hours?|hrs?|days?|weeks?|months?)(?! ago)"),
        ("ahead", 0, _FIRM, r"(?:within|in)\s+(?P<unit>half an hour|half hour)"),
        ("ahead", 0, "", r"{N}[\s-]+(?P<work>working\s+|business\s+)?(?P<unit>minutes?|hours?|hrs?|days?|weeks?)(?! ago)"),
        ("end", 0, _FIRM, r"(?:by |before |at )?(?:the )?(?:end|close) of (?:the |this )?(?:working |business )?(?P<unit>day|week|month|year|business|play)|(?:by )?(?P<unit2>eod|cob|eow)"),
        ("weekday", 0, _FIRM, r"(?:by|before|no later than|until)\s+(?P<next>next\s+)?(?P<wd>{D})(?:\s+(?:morning|afternoon|evening|night))?"),
        ("weekday", 0, "", r"(?:(?:on|this|come)\s+)?(?P<next>next\s+)?(?P<wd>{D})(?:'s)?(?:\s+(?:morning|afternoon|evening|night|at the latest))?"),
        ("date", 0, "", r"(?:(?:by|on|before|no later than|until)\s+)?(?:the\s+)?(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?:\s+of)?\s+(?P<month>{M})"),
        ("date", 0, "", r"(?:(?:by|on|before|no later than|until)\s+)?(?P<month>{M})\s+(?:the\s+)?(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?!\d)"),
        ("date", 0, "", r"(?:(?:by|on|before|no later than|until)\s+)?(?:the\s+)?(?P<d>[0-3]?\d)(?:st|nd|rd|th)"),
        ("clock", 0, _FIRM, r"(?:between\s+\d{1,2}(?::\d\d)?\s+and|by|before|at|until|from \d{1,2} to)\s+{C}\s?(?P<pm>am|pm|a\.m\.|p\.m\.|o'clock)?(?![\d%£$€])"),
        ("clock", 0, "", r"{C}\s?(?P<pm>am|pm|o'clock)"),
        ("clock", 0, _FIRM, r"(?:by|before|at)\s+(?P<h>{H})(?P<pm>\s+o'clock)?"),
        ("noon", 12, "", r"(?:by |before |at )?(?:noon|midday)"),
        ("part", 12, "", r"(?:first thing )?in the morning|first thing|(?:every )morning"),
        ("today", 0, "", r"in the (?:afternoon|evening)|by (?:the )?evening|by midnight|(?:on )?the same day"),
        ("week", 1, "", r"(?:sometime |early )?next week"),
        ("week", 0, "", r"(?:later )?this week"),
        ("weekend", 1, "", r"(?:this|at the|on the|over the) weekend"),
        ("weekend", 0, _FIRM, r"(?:before|by) the weekend"),
        ("month", 7, "", r"in the first week of (?P<month>{M})"),
        ("month", 10, "", r"early (?:in )?(?P<month>{M})"),
        ("month", 0, "", r"(?:in|late in|by the end of|later in) (?P<month>{M})"),
        ("month", -1, _FIRM, r"(?:by|before) (?P<month>{M})"),
        ("nextmonth", 1, "", r"next month"),
        ("vague", 0, "", r"shortly|soon|straight away|right away|immediately|overnight|in the (?:coming|next few) days|as soon as possible|asap|in due course|this (?:spring|summer|autumn|fall|winter)|in (?:the )?(?:spring|summer|autumn|winter)|after the holidays"),
    ),
}  # fmt: skip


def _compiled(language: str) -> tuple[Pattern, ...]:
    fillings = {
        "{N}": _COUNT.replace("{words}", _NUMBER_WORD[language]),
        "{C}": _CLOCK,
        "{D}": _DAYS[language],
        "{M}": _MONTH[language],
        "{H}": _HOUR_WORD[language],
    }
    patterns = []
    for kind, value, firm, expression in _RAW[language]:
        filled = expression
        for name, filling in fillings.items():
            filled = filled.replace(name, filling)
        filled = filled.replace(r"\s+", r"\s{1,3}")
        compiled = re.compile(rf"(?<![\w.,:])(?:{filled})(?!\w)")
        patterns.append(Pattern(kind, value, compiled, bool(firm)))
    return tuple(patterns)


PATTERNS = {language: _compiled(language) for language in _RAW}
"""The patterns of each language, compiled when this module is first needed (some 60 ms)."""
