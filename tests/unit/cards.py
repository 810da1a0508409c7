"""Scorecards written by hand: a full one, an empty one, and one with hostile names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from inboxd.core.scorecard.model import (
    Benchmark,
    Better,
    Breakdown,
    Day,
    Figure,
    Gap,
    Period,
    Problem,
    Rival,
    Scorecard,
    Section,
    Unit,
)

KYIV = ZoneInfo("Europe/Kyiv")
STELLA = Benchmark(
    0.54,
    "46 % of e-mails got no full answer",
    "STELLAService",
    "25 US retailers, 1,125 e-mails",
    caveat="e-mail, not social networks",
)
SHOPS = Benchmark(
    0.20,
    "about 20 % of B2B services answered a message on VK",
    "mystery shoppers",
    "417 Russian shops and services",
    2016,
)
SPROUT = Benchmark(
    11 * 3_600, "11 hours on average", "Sprout Social Index", caveat="all industries"
)


def share(
    key: str,
    label: str,
    part: int,
    of: int,
    *,
    better: Better = Better.MORE,
    before: float | None = None,
    benchmarks: tuple[Benchmark, ...] = (),
    half: float = 0.02,
    target: float | None = None,
    means: str = "",
) -> Figure:
    """A share of so many, with an interval of twice *half*."""
    value = part / of
    return Figure(
        key,
        label,
        Unit.SHARE,
        value,
        of,
        max(0.0, value - half),
        min(1.0, value + half),
        better,
        before=before,
        target=target,
        benchmarks=benchmarks,
        means=means,
    )


def count(key: str, label: str, value: int, before: float | None = None) -> Figure:
    """A number of something."""
    return Figure(key, label, Unit.COUNT, value, better=Better.NEITHER, before=before)


def time(
    key: str,
    label: str,
    minutes: float,
    before: float | None = None,
    unit: Unit = Unit.OPEN_SECONDS,
) -> Figure:
    """A time in which less is better, of 812 answered waits."""
    seconds = minutes * 60
    return Figure(
        key, label, unit, seconds, 812, seconds * 0.9, seconds * 1.1, Better.LESS,
        before=None if before is None else before * 60,
        benchmarks=(SPROUT,) if key == "first_response_mean_wall" else (),
        means="How long customers waited for the first answer.",
    )  # fmt: skip


def unknown(key: str, label: str, unit: Unit, why: str) -> Figure:
    """A figure of which nothing is known."""
    return Figure(key, label, unit, None, 0, why=why)


def full() -> Scorecard:
    """A month of a shop with three networks, compared with the month before."""
    period = Period(date(2026, 10, 1), date(2026, 11, 1), KYIV)
    return Scorecard(
        period=period,
        compared=Period(date(2026, 9, 1), date(2026, 10, 1), KYIV),
        accounts=("shop-vk", "shop-fb", "shop-x"),
        written_at=datetime(2026, 11, 2, 7, 30, tzinfo=UTC),
        filters={},
        sections=_sections(),
        breakdowns=_breakdowns(),
        problems=tuple(_problem(*each) for each in (("shipping", 210, 1), ("refunds", 96, 3))),
        days=_days(period),
        week=_week(),
        gaps=(
            Gap(
                "shop-vk",
                "comments",
                datetime(2026, 10, 12, 8, 5, tzinfo=UTC),
                datetime(2026, 10, 12, 14, 40, tzinfo=UTC),
                "Unavailable",
                mended=True,
            ),
        ),
        caveats=("The network of shop-fb does not say which member of staff has answered.",),
        rivals=(
            Rival(
                "other-shop",
                "vk",
                (
                    count("contacts", "Public questions", 88),
                    share("response_rate", "Response rate", 51, 88, half=0.1),
                    time(
                        "first_response_median_wall",
                        "First response, median",
                        190,
                        None,
                        Unit.SECONDS,
                    ),
                ),
                "only what is public on its wall",
            ),
        ),
    )


def _sections() -> tuple[Section, ...]:
    means = "The answered part of the contacts that need an answer."
    first = "First response, median"
    return (
        Section(
            "volume",
            "What came in",
            (
                count("customers", "Customers who wrote", 1_034, 951),
                count("messages", "Messages from customers", 2_467, 2_301),
                count("contacts", "Contacts", 1_120, 1_040),
            ),
        ),
        Section(
            "answering",
            "Who was answered",
            (
                share("response_rate", "Response rate", 1_053, 1_120, before=0.90,
                      benchmarks=(SHOPS, STELLA), half=0.014, target=0.95, means=means),
                replace(count("unanswered", "Unanswered", 67), of=1_120),
                share("within_target", "Within target", 933, 1_120, before=0.83),
                share("within_1h", "First response within the hour", 650, 812, before=0.81),
                share("open_in_time", "Open, within the target", 3, 7, half=0.29),
            ),
        ),
        Section(
            "times",
            "How fast",
            (
                time("first_response_median_business", f"{first}, business time", 24, 31),
                time("first_response_median_wall", f"{first}, wall time", 51, 60, Unit.SECONDS),
                time("first_response_p90_business", "First response, 90 % within", 185, 180),
                time("first_response_mean_wall", "First response, mean, wall time", 1_900, 2_300,
                     Unit.SECONDS),
            ),
        ),
        Section(
            "solving",
            "Whether it was solved",
            (share("first_contact_resolution", "First-contact resolution", 611, 790, before=0.7),),
        ),
        Section(
            "quality",
            "How good the answers were",
            (
                Figure("mark", "Mark of our answers, 0 to 5", Unit.MARK, 3.6, 790, 3.5, 3.7,
                       Better.MORE, before=3.4),
                share("mark_answers", "Mark: says something to what was asked", 733, 790),
                share("mark_serves", "Mark: serves here, sends nobody elsewhere", 640, 790),
                share("mark_greets", "Mark: greets", 702, 790),
                share("mark_feels", "Mark: thanks or apologises where it is called for", 450, 790),
                share("mark_writes", "Mark: is written as one writes", 611, 790),
            ),
        ),
        Section(
            "promises",
            "What was promised",
            (
                count("promises_made", "Promises made", 41),
                share("promise_kept_rate", "Promises kept of those due", 30, 36, half=0.12),
                unknown("broken_by", "Late by", Unit.OPEN_SECONDS, "no promise named a time"),
            ),
        ),
        Section(
            "trouble",
            "What went wrong",
            (share("complaint_rate", "Complaint rate", 130, 1_003, better=Better.LESS, before=0.2),),
        ),
    )  # fmt: skip


def _breakdowns() -> tuple[Breakdown, ...]:
    def row(contacts: int, answered: int, minutes: float) -> tuple[Figure, ...]:
        half = 0.3 / contacts**0.4
        in_time = min(answered, contacts * 8 // 10)
        return (
            count("contacts", "Contacts", contacts),
            share("response_rate", "Response rate", answered, contacts, half=half),
            share("within_target", "Within target", in_time, contacts, half=half),
            time("first_response_median_business", "First response, median, business", minutes),
            time("first_response_median_wall", "First response, median, wall", minutes * 3,
                 unit=Unit.SECONDS),
            share("first_contact_resolution", "First-contact resolution", answered // 2, contacts),
            replace(count("reopened", "Cases in which the customer came back", 3), of=contacts),
            share("complaint_rate", "Complaint rate", contacts // 5, contacts, better=Better.LESS),
            share("deflection_rate", "Answers that sent the customer elsewhere", 1, contacts),
            Figure("mark", "Mark of our answers", Unit.MARK, 3.4, contacts),
        )  # fmt: skip

    nobody = tuple(
        unknown(each.key, each.label, each.unit, "nobody wrote") for each in row(9, 9, 1)
    )
    return (
        Breakdown(
            "network",
            "By network",
            {"vk": row(700, 671, 19), "facebook": row(390, 350, 44), "twitter": row(30, 21, 93)},
        ),
        Breakdown("hour", "By hour of the week", {"0": row(7, 3, 9)}),
        Breakdown(
            "staff",
            "By member of staff",
            {"Оксана": row(400, 390, 15), "Петро": row(290, 270, 22), "unknown": nobody},
            "Only of networks that say who answered.",
        ),
        Breakdown(
            "topic",
            "By topic",
            {
                "shipping": row(210, 190, 41),
                "refunds": row(96, 80, 122),
                "loyalty_points": row(7, 3, 9),
            },
            "A message with two topics counts in both rows.",
        ),
    )


def _problem(topic: str, contacts: int, before: int | None) -> Problem:
    return Problem(
        topic,
        0.31,
        count("contacts", "Contacts", contacts, contacts * 0.8),
        time("first_response_median_business", "First response, median, business", 66, 50),
        share("unanswered", "Unanswered", contacts // 9, contacts, better=Better.LESS),
        share("reopened", "Reopened", contacts // 7, contacts, better=Better.LESS),
        share("complaints", "Complaints", contacts // 3, contacts, better=Better.LESS),
        before,
    )


def _days(period: Period) -> tuple[Day, ...]:
    found = []
    for number in range(period.days):
        day = period.since + timedelta(days=number)
        weekend = day.weekday() >= 5
        messages = 24 + number * 7 % 19 if weekend else 82 + number * 11 % 37
        quiet = number == 17
        found.append(
            Day(
                day,
                0 if quiet else messages,
                0 if quiet else messages // 7,
                None if quiet else 0.86 + number % 9 / 70,
                None if quiet else 60.0 * (14 + number * 5 % 23),
                blind=number == 11,
            )
        )
    return tuple(found)


def _week() -> tuple[tuple[int, float | None], ...]:
    def hour(day: int, at: int) -> tuple[int, float | None]:
        if at < 7:
            return 0, None
        busy = max(0, 30 - abs(at - 12) * 2 - (14 if day > 4 else 0))
        return busy, (0.98 - abs(at - 11) * 0.04 if busy else None)

    return tuple(hour(day, at) for day in range(7) for at in range(24))


def empty() -> Scorecard:
    """A period in which nothing happened, and nothing is known."""
    period = Period(date(2026, 11, 26), date(2026, 11, 27), UTC)
    return Scorecard(
        period=period,
        compared=None,
        accounts=("shop",),
        written_at=datetime(2026, 11, 26, 9, 0, tzinfo=UTC),
        filters={"topic": ("refunds",)},
        sections=(
            Section(
                "answering",
                "Answers",
                (
                    count("messages", "Messages", 0),
                    unknown("response_rate", "Response rate", Unit.SHARE, "nobody wrote"),
                    unknown(
                        "first_response_median_business",
                        "First response, median",
                        Unit.OPEN_SECONDS,
                        "nobody wrote",
                    ),
                ),
            ),
        ),
        breakdowns=(Breakdown("network", "By network", {}),),
        problems=(),
        days=(Day(period.since, 0, 0, None, None),),
        week=((0, None),) * 168,
        gaps=(),
        caveats=(),
    )


EVIL = (
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "**bold** | [link](https://evil.example) `x` www.evil.example",
    "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "אבג \u202eevil\u202c \u2067x",
    "line\nbreak\r\n\u2028\x0bmore\ttab",
    "z\u0335\u0334\u0321\u0353\u0359" * 9,
    "👩‍👩‍👧‍👦" * 40,
    "x" * 10_000,
    "",
    "{{ 7 * 7 }}{% raw %}",
    "@SUM(1+1)",
    "+1",
    "-2+3",
)


def hostile() -> Scorecard:
    """A full one whose accounts, staff, topics, rivals, reasons and filters are out to do harm."""
    card = full()
    figures = next(iter(card.breakdowns[2].rows.values()))
    rows = dict.fromkeys(EVIL, figures)
    harm = EVIL[1]
    return replace(
        card,
        accounts=EVIL,
        filters={"staff": EVIL},
        breakdowns=(
            Breakdown("staff", "By member of staff", rows, harm),
            Breakdown("topic", harm, rows),
        ),
        problems=tuple(replace(card.problems[0], topic=each) for each in EVIL[:3]),
        gaps=tuple(
            replace(card.gaps[0], account=each, source=each, reason=each, ended_at=None)
            for each in EVIL
        ),
        caveats=EVIL,
        rivals=tuple(replace(card.rivals[0], name=each, note=each) for each in EVIL),
    )
