"""Promises of the reader of promised times: which words, and which day they mean."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inboxd.classify.promised import phrases, resolve

MOSCOW = ZoneInfo("Europe/Moscow")
SENT = datetime(2026, 11, 25, 15, 0, tzinfo=MOSCOW)
"""A Wednesday."""


def on(text: str, language: str, sent: datetime = SENT) -> date | None:
    """Return the day that the only time in *text* means."""
    (phrase,) = phrases(text, (language,))
    return resolve(phrase, text, sent).on


def at(text: str, language: str) -> datetime | None:
    (phrase,) = phrases(text, (language,))
    return resolve(phrase, text, SENT).at


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("en", "We will call you today.", (11, 25)),
        ("en", "You'll have it tomorrow", (11, 26)),
        ("en", "an answer by Friday", (11, 27)),
        ("en", "we'll ring on Wednesday", (12, 2)),
        ("en", "within 3 working days", (11, 30)),
        ("en", "in 2-3 days", (11, 28)),
        ("en", "within two weeks", (12, 9)),
        ("en", "by the end of the week", (11, 29)),
        ("en", "by the end of the month", (11, 30)),
        ("en", "by end of day", (11, 25)),
        ("en", "next week", (12, 6)),
        ("en", "before the weekend", (11, 27)),
        ("en", "no later than the 28th", (11, 28)),
        ("en", "on December 9th", (12, 9)),
        ("en", "by 4 December", (12, 4)),
        ("en", "in the morning", (11, 26)),
        ("ru", "Вернём деньги сегодня", (11, 25)),
        ("ru", "перезвоним завтра", (11, 26)),
        ("ru", "послезавтра отправим", (11, 27)),
        ("ru", "до конца дня", (11, 25)),
        ("ru", "до пятницы", (11, 27)),
        ("ru", "в течение 3 рабочих дней", (11, 30)),
        ("ru", "через неделю", (12, 2)),
        ("ru", "до конца недели", (11, 29)),
        ("ru", "на следующей неделе", (12, 6)),
        ("ru", "до 20 числа", (12, 20)),
        ("ru", "4 декабря", (12, 4)),
        ("ru", "к декабрю", (11, 30)),
        ("ru", "на выходных", (11, 29)),
        ("uk", "повернемо сьогодні", (11, 25)),
        ("uk", "зателефонуємо завтра", (11, 26)),
        ("uk", "до кінця дня", (11, 25)),
        ("uk", "до п'ятниці", (11, 27)),
        ("uk", "протягом трьох робочих днів", (11, 30)),
        ("uk", "наступного тижня", (12, 6)),
        ("uk", "9 грудня", (12, 9)),
        ("uk", "у понеділок", (11, 30)),
        ("de", "Wir melden uns heute noch", (11, 25)),
        ("de", "wir rufen morgen an", (11, 26)),
        ("de", "übermorgen", (11, 27)),
        ("de", "bis Montag", (11, 30)),
        ("de", "innerhalb von 3 Werktagen", (11, 30)),
        ("de", "bis Ende der Woche", (11, 29)),
        ("de", "nächste Woche", (12, 6)),
        ("de", "bis zum 15.", (12, 15)),
        ("de", "bis spätestens 20. Dezember", (12, 20)),
        ("de", "in den nächsten drei Tagen", (11, 28)),
        ("de", "Ende Dezember", (12, 31)),
        ("de", "im Laufe des Tages", (11, 25)),
        ("en", "the same day", (11, 25)),
        ("ru", "в начале декабря", (12, 10)),
        ("ru", "за выходные", (11, 29)),
        ("uk", "на цьому тижні", (11, 29)),
        ("uk", "найближчої п'ятниці", (11, 27)),
    ],
)
def test_day_is_counted_from_when_the_reply_was_sent(
    language: str, text: str, day: tuple[int, int]
) -> None:
    """Whoever promises "by Friday" on a Wednesday means the day after the next."""
    assert on(text, language) == date(2026, *day)


@pytest.mark.parametrize(
    ("language", "text", "day", "hour", "minute"),
    [
        ("en", "within 24 hours", 26, 15, 0),
        ("en", "within the hour", 25, 16, 0),
        ("en", "in half an hour", 25, 15, 30),
        ("en", "in twenty minutes", 25, 15, 20),
        ("en", "in a few hours", 25, 18, 0),
        ("en", "by 6 pm", 25, 18, 0),
        ("ru", "минут через двадцать", 25, 15, 20),
        ("uk", "о сьомій", 25, 19, 0),
        ("de", "in ein paar Minuten", 25, 15, 3),
        ("en", "tomorrow before noon", 26, 12, 0),
        ("en", "by six this evening", 25, 18, 0),
        ("en", "today before 5", 25, 17, 0),
        ("en", "between 4 and 5 this afternoon", 25, 17, 0),
        ("ru", "в течение 24 часов", 26, 15, 0),
        ("ru", "сегодня до 18:00", 25, 18, 0),
        ("ru", "через полчаса", 25, 15, 30),
        ("ru", "в течение двух суток", 27, 15, 0),
        ("ru", "завтра до 12:00", 26, 12, 0),
        ("ru", "к шести", 25, 18, 0),
        ("ru", "до 10:00", 26, 10, 0),
        ("uk", "протягом доби", 26, 15, 0),
        ("uk", "за п'ять хвилин", 25, 15, 5),
        ("uk", "сьогодні до восьмої", 25, 20, 0),
        ("uk", "завтра з 9:00 до 11:00", 26, 11, 0),
        ("de", "innerhalb von 48 Stunden", 27, 15, 0),
        ("de", "in etwa zwei Stunden", 25, 17, 0),
        ("uk", "впродовж двох діб", 27, 15, 0),
        ("de", "heute um halb sechs", 25, 17, 30),
        ("de", "morgen zwischen 14 und 15 Uhr", 26, 15, 0),
        ("de", "vor 23 Uhr", 25, 23, 0),
    ],
)
def test_hour_is_told_where_one_is_said(
    language: str, text: str, day: int, hour: int, minute: int
) -> None:
    """The last moment that the words allow, in the zone in which the reply was sent."""
    assert at(text, language) == datetime(2026, 11, day, hour, minute, tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "soon"), ("ru", "в ближайшее время"), ("uk", "незабаром"), ("de", "demnächst")],
)
def test_soon_is_no_day(language: str, text: str) -> None:
    """What names no day gets none."""
    assert on(text, language) is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Guten Morgen Frau Keller"),
        ("de", "Schönen guten Morgen"),
        ("ru", "Добрый день! Доброе утро!"),
        ("uk", "Доброго вечора"),
        ("en", "Good morning! Good evening!"),
        ("en", "two days ago"),
    ],
)
def test_greetings_and_the_past_are_no_promises(language: str, text: str) -> None:
    """A greeting names a part of the day and promises nothing."""
    assert phrases(text, (language,)) == []


def test_working_days_pass_over_the_weekend() -> None:
    """Two working days from Friday are Tuesday; from Saturday, too."""
    for day in (27, 28, 29):
        sent = datetime(2026, 11, day, 12, 0, tzinfo=MOSCOW)
        assert on("within 2 working days", "en", sent) == date(2026, 12, 1)
    friday = datetime(2026, 11, 27, 12, 0, tzinfo=MOSCOW)
    assert on("within 5 business days", "en", friday) == date(2026, 12, 4)


def test_day_that_is_over_is_next_year() -> None:
    """A date lies ahead: in December the 4th of March is that of the next year."""
    assert on("on 4 March", "en") == date(2027, 3, 4)


def test_no_day_is_made_up() -> None:
    """The 31st of February is found as words, and is no day."""
    assert on("by 31 February", "en") is None


@given(st.text(max_size=300), st.datetimes())
@example("in 999 months", datetime.max)  # noqa: DTZ901 - the end of all calendars is the point
@example("İ today до завтра", datetime.min)  # noqa: DTZ901 - and its beginning
def test_any_text_is_read_and_spans_are_where_they_say(text: str, sent: datetime) -> None:
    """Whatever is written, nothing breaks, and each span holds the words that it names."""
    for phrase in phrases(text, ("ru", "uk", "de", "en")):
        promised = resolve(phrase, text, sent)
        assert text[promised.start : promised.end] == promised.text


@pytest.mark.parametrize("piece", ["до ", "in the next ", "1", "к 1 ", " ", "bis zum ", "morgen "])
def test_reading_stays_linear(piece: str) -> None:
    """No text makes the patterns run away; the test's own patience is the limit."""
    phrases(piece * 50_000, ("ru", "uk", "de", "en"))
