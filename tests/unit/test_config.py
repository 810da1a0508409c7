"""Promises about the configuration: what is right works, and what is wrong is said at once."""

from __future__ import annotations

import copy
import json
import stat
import textwrap
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import Field

from inboxd import plugins
from inboxd.config import (
    ConsoleSettings,
    EmailSettings,
    Settings,
    SlackSettings,
    advice,
    load,
)
from inboxd.connector import AccountSettings, Secret
from inboxd.core.cron import Cron
from inboxd.core.digest import Digest
from inboxd.core.grouping import Grouping, Trait
from inboxd.core.policies import Match, Until
from inboxd.core.reports import Report
from inboxd.core.rota import Handover, Rota
from inboxd.core.sla import promise_due
from inboxd.core.spikes import Spikes
from inboxd.core.waits import Promise, Wait, WaitKind
from inboxd.durations import BusinessSpan, parse_step_at
from inboxd.errors import ConfigError
from inboxd.model import Kind, Stream, Topic

ROOT = Path(__file__).parents[2]
TOKEN = "s3cr3t-of-the-shop"
ENV = {
    "TOKEN": TOKEN, "HOOK": f"https://hooks.slack.com/{TOKEN}", "APP": f"xapp-{TOKEN}",
    "EMPTY": " ", "TWO": "a\nb",
}  # fmt: skip
FORMS = '{ env = "…" }, { file = "…" } or { credential = "…" }'


class Shop(AccountSettings):
    """The settings of a network that exists only here."""

    SUPPORTED_STREAMS: ClassVar[frozenset[Stream]] = frozenset({Stream.MENTIONS, Stream.COMMENTS})

    shop_id: int = Field(default=1, gt=0, description="The shop's number.")
    token: Secret
    spare_token: Secret | None = None


class Mall(Shop):
    """Another network, which must know the number."""

    shop_id: int


def broken() -> type[AccountSettings]:
    raise ModuleNotFoundError("No module named 'sdk'")


NETWORKS: Mapping[str, Callable[[], type[AccountSettings]]] = {
    "shop": lambda: Shop,
    "mall": lambda: Mall,
    "broken": broken,
}

ACCOUNT = """
    [[accounts]]
    name = "a"
    network = "shop"
    streams = ["mentions"]
    token = { env = "TOKEN" }
"""
BOT = """
    [[sinks]]
    name = "s"
    type = "slack"
    token = { env = "TOKEN" }
    channel = "C0123"
"""
OFFICE = """
    [[calendars]]
    name = "office"
    mon = ["09:00-17:00"]
"""
LOG = """
    [[sinks]]
    name = "log"
    type = "console"
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Settings]:
    """Return a function that loads a configuration from its text."""

    def read(*parts: str, env: Mapping[str, str] = ENV) -> Settings:
        path = tmp_path / "config.toml"
        path.write_text("\n".join(map(textwrap.dedent, parts)))
        return load(path, NETWORKS, env)

    return read


@pytest.fixture
def problems(read: Callable[..., Settings]) -> Callable[..., list[str]]:
    """Return a function that tells what is wrong with a configuration, line by line."""

    def problems(*parts: str, env: Mapping[str, str] = ENV) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(*parts, env=env)
        assert TOKEN not in str(caught.value)
        return [str(problem) for problem in caught.value.problems]

    return problems


Read = Callable[..., Settings]
Tell = Callable[..., list[str]]


# What is right -----------------------------------------------------------------------------


def test_the_smallest_configuration_has_sensible_defaults(read: Read, tmp_path: Path) -> None:
    """One account is enough to begin with."""
    settings = read(ACCOUNT)
    assert settings.general.database == tmp_path / "inboxd.db"
    assert settings.general.timezone == ZoneInfo("UTC")
    assert settings.general.quiet_after == timedelta(days=1)
    assert settings.general.blind_after == 3
    assert settings.http is None
    assert (settings.sinks, settings.policies, settings.alert_to) == ((), (), ())
    assert list(settings.calendars) == ["always"]
    account = settings.accounts[0]
    assert isinstance(account, Shop)
    assert account.token.get_secret_value() == TOKEN
    assert account.streams == (Stream.MENTIONS,)


def test_general_keys_are_read_as_written(read: Read, tmp_path: Path) -> None:
    """Paths begin at the file's folder, an editor's byte order mark does no harm."""
    settings = read(
        '\ufeff[inboxd]\ndatabase = "data/x.db"\ntimezone = "Europe/Kyiv"\nquiet_after = "36h"\n'
        'blind_after = 5\nalert_to = ["log"]\n[http]\nlisten = "[::1]:8787"',
        ACCOUNT,
        LOG,
    )
    assert settings.general.database == tmp_path / "data" / "x.db"
    assert settings.general.quiet_after == timedelta(hours=36)
    assert settings.http
    assert settings.http.listen == ("::1", 8787)
    assert settings.alert_to == ("log",)


def test_what_is_told_as_one_can_be_chosen(read: Read) -> None:
    """By policy and account unless told otherwise; an empty list tells of each alone."""
    usual = Grouping((Trait.POLICY, Trait.ACCOUNT), timedelta(seconds=30), timedelta(hours=1), 20)
    assert read(ACCOUNT).rules.grouping == usual
    assert read(ACCOUNT, "[grouping]\nby = []").rules.grouping.by == ()
    chosen = read(ACCOUNT, '[grouping]\nby = ["topic"]\nwait = "2m"\nwindow = "4h"\nat_most = 5')
    assert chosen.rules.grouping == Grouping(
        (Trait.TOPIC,), timedelta(minutes=2), timedelta(hours=4), 5
    )


def test_an_alert_is_not_held_back_for_long(problems: Tell) -> None:
    """Whoever waits for others lets a customer wait."""
    assert problems(ACCOUNT, '[grouping]\nwait = "11m"\nby = ["policies"]') == [
        'grouping.by[0] = "policies"; did you mean policy? there are: account, kind, network, policy, topic',
        'grouping.wait = "11m"; it must be between 0s and 10m: an alert that waits is a customer who waits',
    ]


SINK = '[[sinks]]\nname = "{}"\ntype = "console"\n'


def test_a_sink_can_be_left_in_peace(read: Read) -> None:
    """Hours of the day in the shop's zone, a limit, and who tells what it does not take."""
    text = SINK.format("a") + (
        'quiet = ["22:00-24:00", "00:00-08:00"]\nurgent_passes = false\nper_hour = 30\nfallback = "b"'
    )
    sink = read(ACCOUNT, text, SINK.format("b")).sinks[0]
    restraint = sink.restraint(UTC)
    assert restraint
    assert restraint.quiet
    assert restraint.quiet.business_day == timedelta(hours=10)
    assert (restraint.urgent_passes, restraint.per_hour, sink.fallback) == (False, 30, "b")
    assert read(ACCOUNT, SINK.format("a")).sinks[0].restraint(UTC) is None


def test_a_sink_without_any_time_or_with_no_way_out_is_refused(problems: Tell) -> None:
    """It would never tell anything, or hand alerts round for ever."""
    assert problems(
        ACCOUNT,
        SINK.format("a") + 'quiet = ["00:00-24:00"]\nfallback = "b"',
        SINK.format("b") + 'fallback = "c"',
        SINK.format("c") + 'fallback = "b"',
        SINK.format("d") + 'fallback = "e"',
        SINK.format("f") + 'fallback = "f"',
    ) == [
        "sinks[0].quiet leave no time to tell anything; a day has 24 hours",
        'sinks[1].fallback = "c"; it leads back to b',
        'sinks[2].fallback = "b"; it leads back to c',
        'sinks[3].fallback = "e"; there are: a, b, c, d, f',
        'sinks[4].fallback = "f"; it leads back to f',
    ]


def test_monitors_of_other_machines_must_bring_a_token(read: Read, problems: Tell) -> None:
    """On this machine it may be asked for, elsewhere it must; it is a secret, and no short one."""
    for host in ("0.0.0.0", "192.0.2.1", "::", "[2001:db8::1]", "server.example"):  # noqa: S104
        listen = f'[http]\nlisten = "{host}:8787"'
        missing = (
            f"http.token is missing; others can reach {host.strip('[]')}: give a secret to ask them "
            f"for, {FORMS}, or listen at 127.0.0.1"
        )
        assert problems(ACCOUNT, listen) == [missing]
        served = read(ACCOUNT, listen, 'token = { env = "TOKEN" }').http
        assert served
        assert served.token
    for host in ("127.0.0.1", "127.0.0.2", "localhost", "[::1]"):
        served = read(ACCOUNT, f'[http]\nlisten = "{host}:8787"').http
        assert served
        assert served.token is None
    guarded = '[http]\nlisten = "127.0.0.1:1"\ntoken = { env = "SHORT" }'
    assert problems(ACCOUNT, guarded, env={**ENV, "SHORT": "hunter2"}) == [
        "http.token is shorter than 16 characters; try: openssl rand -hex 32"
    ]
    assert problems(ACCOUNT, guarded.replace('{ env = "SHORT" }', '"written here"')) == [
        f"http.token is written into the file; say where the secret is instead: {FORMS}"
    ]
    assert TOKEN in read(ACCOUNT, guarded.replace("SHORT", "TOKEN")).secrets()


def test_a_heartbeat_has_an_address_that_is_a_secret(read: Read, problems: Tell) -> None:
    """It is kept out of texts like a token, and not called every second."""
    settings = read(ACCOUNT, '[heartbeat]\nurl = { env = "HOOK" }\nevery = "5m"')
    assert settings.heartbeat
    assert settings.heartbeat.every == timedelta(minutes=5)
    assert ENV["HOOK"] in settings.secrets()
    assert problems(ACCOUNT, '[heartbeat]\nurl = { env = "HOOK" }\nevery = "1s"') == [
        'heartbeat.every = "1s"; it must be at least 10s'
    ]


SPIKES = '[spikes]\nto = ["a", "a"]\n'


def test_spikes_are_told_where_they_are_asked_for(read: Read) -> None:
    """Not at all by default; then ten customers an hour, three times the usual."""
    assert read(ACCOUNT).rules.spikes is None
    assert read(ACCOUNT, SINK.format("a"), SPIKES).rules.spikes == Spikes(("a",))
    chosen = SPIKES + 'at_least = 20\nfactor = 5\nwindow = "30m"'
    assert read(ACCOUNT, SINK.format("a"), chosen).rules.spikes == Spikes(
        ("a",), 20, 5.0, timedelta(minutes=30)
    )


def test_a_spike_that_is_none_is_refused(problems: Tell) -> None:
    """Two customers are no spike, nor is what is usual; and somebody must hear of it."""
    assert problems(ACCOUNT, '[spikes]\nat_least = 2\nfactor = "x"\nwindow = "1m"\nto = ["b"]') == [
        "spikes.at_least = 2; it must be at least 3",
        'spikes.factor = "x"; it must be a number',
        'spikes.window = "1m"; it must be between 10m and 6h: it is held against the same time of a week',
        'spikes.to[0] = "b"; there are none',
    ]
    assert problems(ACCOUNT, "[spikes]\nfactor = 1") == [
        "spikes.to is missing",
        "spikes.factor = 1; it must be at least 1.5",
    ]


DIGESTS = '[[digests]]\nname = "team"\nat = "09:00"\nto = ["a"]\n'


def test_a_digest_has_a_time_and_perhaps_a_calendar(read: Read) -> None:
    """In the calendar's zone, or the shop's; a time of TOML's own is as good as one in quotes."""
    general = '[inboxd]\ntimezone = "Europe/Kyiv"\n'
    office = '[[calendars]]\nname = "office"\ntimezone = "Europe/Berlin"\nmon = ["09:00-18:00"]\n'
    other = '[[digests]]\nname = "open days"\nat = 08:30:00\nto = ["a"]\ncalendar = "office"\n'
    settings = read(general, ACCOUNT, office, SINK.format("a"), DIGESTS, other)
    daily, open_days = settings.digests
    assert daily == Digest("team", time(9), ("a",), ZoneInfo("Europe/Kyiv"))
    assert (open_days.at, open_days.timezone) == (time(8, 30), ZoneInfo("Europe/Berlin"))
    assert open_days.hours is settings.calendars["office"]
    assert not [hint for hint in advice(settings) if hint.path.startswith(("sinks", "calendars"))]


def test_what_a_digest_lacks_is_told(problems: Tell) -> None:
    """A name that there is already, a calendar and a sink that there are not, a time that is none."""
    wrong = '[[digests]]\nname = "team"\nat = "9"\nto = ["b"]\ncalendar = "offce"\n'
    office = '[[calendars]]\nname = "office"\nmon = ["09:00-18:00"]\n'
    assert problems(ACCOUNT, office, SINK.format("a"), DIGESTS, wrong) == [
        'digests[1].name = "team"; digests[0] has that name already',
        'digests[1].to[0] = "b"; there are: a',
        'digests[1].calendar = "offce"; did you mean office? there are: always, office',
        'digests[1].at = "9" is no time of day, such as 03:30',
    ]


REPORTS = '[[reports]]\nname = "weekly"\ncron = "0 9 * * mon"\nto = ["a"]\n'


def test_a_report_has_a_time_and_what_it_is_of(read: Read) -> None:
    """By default of the last week, of everything, and with what has changed, on the shop's clocks."""
    general = '[inboxd]\ntimezone = "Europe/Kyiv"\n'
    other = (
        '[[reports]]\nname = "vk"\ncron = "30 8 1 * *"\nto = ["a", "a"]\nperiod = "last-month"\n'
        'timezone = "Europe/Berlin"\ncompare = "none"\n'
        'match = { account = "a", topic = ["refunds", "returns"], public = true }\n'
    )
    settings = read(general, ACCOUNT, SINK.format("a"), REPORTS, other)
    weekly, vk = settings.reports
    kyiv, berlin = ZoneInfo("Europe/Kyiv"), ZoneInfo("Europe/Berlin")
    assert weekly == Report("weekly", Cron("0 9 * * mon", kyiv), ("a",), "last-week", compares=True)
    topics = frozenset({"refunds", "returns"})
    only = Match(account=frozenset({"a"}), topic=topics, public=True)
    assert vk == Report("vk", Cron("30 8 1 * *", berlin), ("a",), "last-month", False, only)
    assert not [hint for hint in advice(settings) if hint.path.startswith("sinks")]


def test_what_a_report_lacks_is_told(problems: Tell) -> None:
    """Where it stands, and what is wrong with it; a period that stays the same is none."""
    wrong = (
        '[[reports]]\nname = "weekly"\ncron = "0 25 * * mon"\nto = ["b"]\nperiod = "2026-W47"\n'
        'compare = "before"\ntimezone = "Europe/Kiyv"\n'
        'match = { account = ["c"], topic = ["refund"], min_followers = 5 }\n'
    )
    assert problems(ACCOUNT, SINK.format("a"), REPORTS, wrong) == [
        'reports[1].name = "weekly"; reports[0] has that name already',
        'reports[1].to[0] = "b"; there are: a',
        'reports[1].match.account = "c"; there are: a',
        'reports[1].cron = "0 25 * * mon": "25" is no hour; it may be 0 to 23',
        'reports[1].timezone = "Europe/Kiyv" is no time zone; did you mean Europe/Kyiv?',
        (
            'reports[1].period = "2026-W47" is no period that moves on; there are: last-week, '
            "last-month, last-quarter, last-year, yesterday, today, and 7d, 30d …"
        ),
        'reports[1].compare = "before"; there are: none, previous',
        (
            'reports[1].match.topic[0] = "refund"; did you mean refunds? there are: availability, '
            "cancellations, exchanges, gift_cards, loyalty_points, membership, orders, other, payment, "
            "refunds, returns, shipping, staff, tracking, website"
        ),
        (
            "reports[1].match.min_followers is unknown; there are: account, kind, language, network, "
            "public, stream, topic, urgency"
        ),
    ]
    assert problems(ACCOUNT, LOG, "[[reports]]\nname = 'r'\ncron = '@weekly'\nto = []\n") == [
        (
            'reports[0].cron = "@weekly": must have five fields: minute, hour, day of the month, '
            'month, day of the week, as in "0 9 * * mon"; it has 1'
        ),
        "reports[0].to = []; it must not be empty",
    ]


def test_every_sink_hears_of_troubles_unless_told_otherwise(read: Read) -> None:
    """Silence is never mistaken for calm: the default is everybody."""
    assert read(ACCOUNT, LOG, '[[sinks]]\nname = "b"\ntype = "console"').alert_to == ("log", "b")


def test_a_calendar_becomes_opening_hours(read: Read) -> None:
    """Weekdays, holidays, and dates of their own, in the general zone by default."""
    hours = read(
        '[inboxd]\ntimezone = "Europe/Berlin"',
        ACCOUNT,
        """
        [[calendars]]
        name = "office"
        mon = ["09:00-13:00", "14:00-18:00"]
        fri = ["22:00-24:00"]
        holidays = "DE-BY"
        closed = ["2026-12-28", 2026-12-21]
        open = { "2026-12-26" = ["10:00-14:00"] }
        breaks = { "2026-12-14" = ["09:00-17:00"] }
        """,
    ).calendars["office"]

    def opened(day: str) -> float:
        start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Berlin"))
        return hours.between(start, start + timedelta(days=1)) / timedelta(hours=1)

    assert opened("2026-12-07") == 8
    assert opened("2026-12-11") == 2
    assert opened("2026-12-14") == 1
    assert opened("2026-12-21") == opened("2026-12-28") == 0
    assert opened("2026-12-26") == 0, "St Stephen's Day is a holiday, and a holiday wins"
    assert opened("2027-06-07") == 8
    assert opened("2027-05-17") == 0, "Whit Monday, of a year that was not asked about before"
    assert opened("2027-11-01") == 0, "All Saints is a holiday in Bavaria"


def test_the_calendar_called_always_is_open_at_all_times(read: Read) -> None:
    """A policy that names no calendar counts every hour."""
    settings = read(ACCOUNT, LOG, '[[policies]]\nname = "p"\nfirst_response = "1d"')
    assert settings.policies[0].hours is settings.calendars["always"]
    assert settings.calendars["always"].business_day == timedelta(days=1)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Europe/Kyiv", "Africa/Cairo"])
def test_the_days_of_always_are_those_of_the_general_timezone(read: Read, zone: str) -> None:
    """What we promise for today is due when today ends there, also where clocks skip midnight."""
    general = f'[inboxd]\ntimezone = "{zone}"\n'
    settings = read(general, ACCOUNT, LOG, '[[policies]]\nname = "p"\nfirst_response = "1d"')
    policy, at = settings.policies[0], datetime(2026, 11, 25, 10, tzinfo=ZoneInfo(zone))
    promised = Wait(WaitKind.PROMISE, at, (1,), promise=Promise(at.date()))
    due = promise_due(promised, policy)
    assert due
    assert due.at == datetime(2026, 11, 26, tzinfo=ZoneInfo(zone))
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    assert policy.hours.between(*year) == timedelta(days=365)


def test_a_policy_is_read_as_written(read: Read) -> None:
    """Targets, steps and conditions; one value may stand where several may."""
    policy = read(
        ACCOUNT,
        OFFICE,
        LOG,
        """
        [[policies]]
        name = "complaints"
        match = { kind = "complaint", network = ["shop", "mall"], public = true, min_followers = 9 }
        calendar = "office"
        first_response = "30m"
        next_response = "2h"
        resolution = "1d"
        steps = [
          { at = "50%", to = ["log", "log"] },
          { at = "100% + 1h", to = ["log"], repeat = "2h" },
        ]
        """,
    ).policies[0]
    assert policy.match.kind == {Kind.COMPLAINT}
    assert policy.match.network == {"shop", "mall"}
    assert (policy.match.public, policy.match.min_followers) == (True, 9)
    assert policy.match.account == frozenset()
    assert policy.hours.name == "office"
    assert policy.first_response == BusinessSpan(0, timedelta(minutes=30))
    assert policy.next_response == BusinessSpan(0, timedelta(hours=2))
    assert policy.resolution == policy.remind_after == BusinessSpan(days=1)
    assert [step.at for step in policy.steps] == [parse_step_at("50%"), parse_step_at("100% + 1h")]
    assert [step.to for step in policy.steps] == [("log",), ("log",)]
    assert policy.steps[1].repeat == BusinessSpan(0, timedelta(hours=2))


def test_a_step_may_call_people_and_go_on(read: Read, problems: Tell) -> None:
    """By Slack's ids, in turns, until the customer is answered; names are refused."""
    step = """
        [[policies]]
        name = "p"
        first_response = "1h"
        [[policies.steps]]
        at = "100%"
        to = ["log"]
        until = "answered"
        mentions = [MENTIONS]
        rota = ["U1", "U2"]
        handover = "daily"
        """
    (made,) = read(ACCOUNT, LOG, step.replace("MENTIONS", '"S1"')).policies[0].steps
    assert (made.until, made.mentions) == (Until.ANSWERED, ("S1",))
    assert made.rota == Rota(("U1", "U2"), Handover.DAILY)
    assert problems(ACCOUNT, LOG, step.replace("MENTIONS", '"@olha"')) == [
        (
            'policies[0].steps[0].mentions[0] = "@olha"; it must fit ^[UWS][A-Z0-9]{1,20}$ '
            '(an id of Slack\'s, such as "U024BE7LH" or "S0614TZR7")'
        )
    ]


def test_promises_are_followed_up_for_a_day_where_a_policy_wants_anything(read: Read) -> None:
    """Unless it says otherwise; one without targets is followed up if it says so."""
    plain = '[[policies]]\nname = "p"\n'
    for text, promise in (
        ('first_response = "1h"', BusinessSpan(days=1)),
        ('resolution = "1h"\npromise = "2h"', BusinessSpan(0, timedelta(hours=2))),
        ('first_response = "1h"\npromise = false', None),
        ("", None),
        ('promise = "1d"', BusinessSpan(days=1)),
    ):
        (policy,) = read(ACCOUNT + plain + text).policies
        assert policy.promise == promise
        assert policy.snooze_pauses is False
    (policy,) = read(ACCOUNT + plain + "snooze_pauses = true").policies
    assert policy.snooze_pauses is True


def test_a_step_calls_no_more_than_a_message_holds(problems: Tell) -> None:
    """Slack would refuse the message, and with it the alert."""
    called = ", ".join(f'"U{number}"' for number in range(51))
    step = f"""
        [[policies]]
        name = "p"
        first_response = "1h"
        steps = [{{ at = "100%", to = ["log"], mentions = [{called}] }}]
        """
    (problem,) = problems(ACCOUNT, LOG, step)
    assert problem.startswith("policies[0].steps[0].mentions")
    assert "it must have at most 50 entries" in problem


def test_the_next_response_is_due_as_soon_as_the_first(read: Read) -> None:
    """Who gives one target for responses means every one of them."""
    policy = read(ACCOUNT, '[[policies]]\nname = "p"\nfirst_response = "1h"').policies[0]
    assert policy.next_response == policy.first_response
    assert policy.resolution is None


def test_the_three_kinds_of_sink(read: Read, tmp_path: Path) -> None:
    """Slack by webhook or bot, mail with the usual ports, and the console."""
    sinks = read(
        ACCOUNT,
        LOG,
        """
        [[sinks]]
        name = "hook"
        type = "slack"
        webhook_url = { env = "HOOK" }
        [[sinks]]
        name = "bot"
        type = "slack"
        token = { env = "TOKEN" }
        channel = "C0123"
        app_token = { env = "APP" }
        allowed = ["U024BE7LH", "W012A3CDE"]
        [[sinks]]
        name = "mail"
        type = "email"
        host = "localhost"
        security = "tls"
        username = "u"
        password = { env = "TOKEN" }
        sender = "inboxd@shop.example"
        to = ["lead@shop.example"]
        ca_file = "ca.pem"
        """,
    ).sinks
    console, hook, bot, mail = sinks
    assert isinstance(console, ConsoleSettings)
    assert isinstance(hook, SlackSettings)
    assert isinstance(bot, SlackSettings)
    assert isinstance(mail, EmailSettings)
    assert hook.webhook_url
    assert hook.webhook_url.get_secret_value() == ENV["HOOK"]
    assert (bot.channel, bot.api_base) == ("C0123", "https://slack.com/api/")
    assert bot.app_token
    assert bot.app_token.get_secret_value() == ENV["APP"]
    assert bot.allowed == ("U024BE7LH", "W012A3CDE")
    assert (mail.port, mail.ca_file, mail.to) == (465, tmp_path / "ca.pem", ("lead@shop.example",))


@pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
def test_mail_uses_the_usual_port_of_its_security(read: Read, security: str, port: int) -> None:
    """Nobody should have to look up port numbers."""
    mail = f'[[sinks]]\nname="m"\ntype="email"\nhost="h"\nsecurity="{security}"\nsender="a@b.c"\nto=["a@b.c"]'
    sink = read(ACCOUNT, mail).sinks[0]
    assert isinstance(sink, EmailSettings)
    assert sink.port == port


def test_a_network_that_is_not_used_is_not_imported(read: Read) -> None:
    """A broken plugin that nobody configured stops nothing."""
    assert read(ACCOUNT).accounts[0].network == "shop"


def test_the_example_loads(tmp_path: Path) -> None:
    """The file that newcomers copy is right; all that deserves a second look is Facebook's doing."""
    import connectors.facebook  # noqa: PLC0415 - the only test that needs the real networks
    import connectors.twitter  # noqa: PLC0415
    import connectors.vk  # noqa: PLC0415

    networks: dict[str, Callable[[], type[AccountSettings]]] = {
        "vk": lambda: connectors.vk.Settings,
        "facebook": lambda: connectors.facebook.Settings,
        "twitter": lambda: connectors.twitter.Settings,
    }
    text = (ROOT / "config.example.toml").read_text()
    names = ["VK_TOKEN", "VK_SERVICE", "VK_USER", "FB_PAGE_TOKEN", "X_KEY", "X_SECRET", "X_TOKEN"]
    env = dict.fromkeys([*names, "X_TOKEN_SECRET"], TOKEN) | {"SLACK_WEBHOOK": ENV["HOOK"]}
    path = tmp_path / "config.toml"
    path.write_text(text)
    path.chmod(0o600)
    loaded = load(path, networks, env)
    assert [account.network for account in loaded.accounts] == ["vk", "facebook", "twitter"]
    assert loaded.calendars["office"].business_day == timedelta(hours=8)
    assert [each.path for each in advice(loaded)] == ["accounts[1].streams"]


# Secrets -----------------------------------------------------------------------------------


def account(token: str) -> str:
    return f'[[accounts]]\nname = "a"\nnetwork = "shop"\nstreams = ["mentions"]\ntoken = {token}'


def test_a_secret_comes_from_the_environment_a_file_or_systemd(read: Read, tmp_path: Path) -> None:
    """Line ends and blanks around it are an editor's, not the secret's."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path), "TOKEN": f" {TOKEN}\n"}
    for source in (
        'env = "TOKEN"',
        'file = "token"',
        f'file = "{tmp_path}/token"',
        'credential = "token"',
    ):
        loaded = read(account(f"{{ {source} }}"), env=env)
        assert isinstance(loaded.accounts[0], Shop)
        assert loaded.accounts[0].token.get_secret_value() == TOKEN
        assert loaded.secret_files == (() if "env" in source else (tmp_path / "token",))
        assert TOKEN not in repr(loaded)


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ('{ env = "NOPE" }', '= { env = "NOPE" }; that environment variable is not set'),
        ('{ env = "EMPTY" }', '= { env = "EMPTY" }; that is empty'),
        (
            '{ env = "TWO" }',
            '= { env = "TWO" }; that has several lines or control characters; no secret has',
        ),
        (f'"{TOKEN}"', f"is written into the file; say where the secret is instead: {FORMS}"),
        ("5", f"is a number; say where the secret is instead: {FORMS}"),
        ("{ }", f"must have one source, not 0: {FORMS}"),
        ('{ env = "A", file = "b" }', f"must have one source, not 2: {FORMS}"),
        ('{ enviro = "A" }', f"has the unknown key enviro; a secret is {FORMS}"),
        ("{ env = 5 }", f"must name its env in quotes: {FORMS}"),
        ('{ env = "" }', f"must name its env in quotes: {FORMS}"),
        ('{ file = "a\\u0000b" }', f"must name its file in quotes: {FORMS}"),
        ('{ env = "xoxb-1234567-abcdefg" }', "= { env = … }; that environment variable is not set"),
        ('{ file = "." }', '= { file = "." }; that file cannot be read: is a directory'),
        ('{ credential = "a/b" }', '= { credential = "a/b" }; a credential\'s name is no path'),
    ],
)
def test_a_secret_that_cannot_be_had_is_named_but_not_told(
    problems: Tell, tmp_path: Path, token: str, why: str
) -> None:
    """The text says what to do, and never holds a token, even one in the wrong place."""
    env = {**ENV, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert problems(account(token), env=env) == [f"accounts[0].token {why}"]


def test_a_secret_file_that_cannot_be_used_is_named(problems: Tell, tmp_path: Path) -> None:
    """Missing, empty, binary or huge: each is said as it is, with where it was looked for."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "huge").write_text("x" * 70_000)

    def said(name: str) -> str:
        (line,) = problems(account(f'{{ file = "{name}" }}'))
        return line.removeprefix(f'accounts[0].token = {{ file = "{name}" }}; ')

    assert (
        said("nope") == f'that file cannot be read: no such file or directory ("{tmp_path}/nope")'
    )
    assert said("empty") == "that is empty"
    assert said("binary") == "that file is not UTF-8"
    assert said("huge") == "that file is too long for a secret"


def test_credentials_need_systemd(problems: Tell) -> None:
    """Started by hand, the text says what the unit would have done."""
    assert problems(account('{ credential = "vk" }')) == [
        (
            'accounts[0].token = { credential = "vk" }; systemd gave no credentials '
            "(CREDENTIALS_DIRECTORY is not set); add LoadCredential= to the unit"
        )
    ]


def test_a_missing_secret_says_how_to_give_one(problems: Tell) -> None:
    """Optional secrets may be left out, others not."""
    text = '[[accounts]]\nname = "a"\nnetwork = "shop"\nstreams = ["mentions"]'
    assert problems(text) == [f"accounts[0].token is missing; write {FORMS}"]


def test_every_secret_can_be_kept_out_of_texts(read: Read) -> None:
    """Whoever writes log lines is told what must never be in them."""
    hook = '[[sinks]]\nname = "s"\ntype = "slack"\nwebhook_url = { env = "HOOK" }'
    assert read(ACCOUNT, hook).secrets() == {TOKEN, ENV["HOOK"]}


# What is wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https:///services/T",
        "https://hooks..slack.com/T",
        "https://[::1/T",
        "https://h:99999/T",
        f"https://{'x' * 70}.example/T",
    ],
)
def test_an_address_that_leads_to_no_host_is_a_problem(problems: Tell, url: str) -> None:
    """It is found when it is configured, and not called a bug when somebody waits."""
    hook = '[[sinks]]\nname = "s"\ntype = "slack"\nwebhook_url = { env = "HOOK" }'
    assert problems(ACCOUNT, hook, env=ENV | {"HOOK": url}) == [
        "sinks[0].webhook_url is no web address; it must begin with https:// and a host's name"
    ]


@pytest.mark.parametrize("listen", ["a..b:80", "a\\u0000b:80", f"{'x' * 70}.example:80", "::1:٣"])
def test_monitors_are_not_answered_where_there_can_be_no_host(problems: Tell, listen: str) -> None:
    """No name can look like that."""
    (problem,) = problems(ACCOUNT, f'[http]\nlisten = "{listen}"')
    assert problem.startswith("http.listen ")
    assert "is no host:port" in problem


@pytest.mark.parametrize("address", ["lead@магазин.укр", "лід@shop.example", "a\u2028@b.example"])
def test_an_address_that_smtp_cannot_carry_is_a_problem(problems: Tell, address: str) -> None:
    """Before the first alert; and a list of such addresses is not called empty."""
    sink = f"""
        [[sinks]]
        name = "lead"
        type = "email"
        host = "localhost"
        sender = "inboxd@shop.example"
        to = ["{address}"]
        """
    (problem,) = problems(ACCOUNT, sink)
    assert problem.startswith("sinks[0].to[0] ")
    assert "what SMTP cannot carry; a domain" in problem
    assert "xn--" in problem


def test_every_problem_is_told_at_once(problems: Tell) -> None:
    """One run of `inboxd check` is enough to mend a file, however broken."""
    assert problems(
        """
        colour = "red"
        [inboxd]
        databse = "x"
        timezone = "Kyiv"
        quiet_after = 5
        blind_after = true
        alert_to = ["lg"]
        [http]
        listen = "8787"
        [[accounts]]
        name = "a"
        network = "shop"
        streams = ["mention", "reviews"]
        poll_evry = "30s"
        shop_id = "many"
        [[accounts]]
        name = "a"
        network = "myspace"
        [[accounts]]
        network = "shoop"
        [[accounts]]
        name = "b"
        network = "broken"
        [[calendars]]
        name = "office"
        mon = ["9-17", "09:00-00:00", 5]
        tue = "09:00-17:00"
        holidays = "Ukrain"
        closed = ["2026-02-30"]
        open = { "2026-13-01" = ["10:00-14:00"], "2026-12-01" = ["10:00-10:00"] }
        [[calendars]]
        name = "never"
        mon = []
        [[sinks]]
        name = "log"
        type = "consol"
        [[sinks]]
        name = "mail"
        type = "email"
        port = 99999
        security = "ssl"
        sender = "me"
        to = []
        [[policies]]
        name = "p"
        match = { knd = "x", kind = ["complain"], public = "yes", language = "RU", account = "b", network = "shp" }
        calendar = "ofice"
        first_response = "0s"
        steps = [{ at = "later", to = ["log", "mial"], repeat = "5s", too = 1 }]
        """
    ) == [
        "colour is unknown; there are: accounts, backups, calendars, classifier, digests, grouping, heartbeat, http, inboxd, policies, reports, sinks, spikes, tui, watch",
        "inboxd.databse is unknown; did you mean database?",
        "inboxd.blind_after = true; it must be a whole number",
        'inboxd.timezone = "Kyiv" is no time zone; did you mean Europe/Kyiv?',
        "inboxd.quiet_after = 5 is no duration; write 90s, 30m, 2h, 1d or a sum like 1h30m",
        'http.listen = "8787" is no host:port, such as 127.0.0.1:8787',
        "accounts[0].poll_evry is unknown; did you mean poll_every?",
        (
            'accounts[0].streams[0] = "mention"; did you mean mentions? '
            "there are: comments, direct_messages, mentions, reviews, search"
        ),
        'accounts[0].shop_id = "many"; it must be a whole number (The shop\'s number)',
        f"accounts[0].token is missing; write {FORMS}",
        'accounts[1].name = "a"; accounts[0] has that name already',
        'accounts[1].network = "myspace"; there are: broken, mall, shop',
        'accounts[2].network = "shoop"; did you mean shop? there are: broken, mall, shop',
        (
            'accounts[3].network = "broken"; its connector cannot be loaded: '
            "ModuleNotFoundError: No module named 'sdk'"
        ),
        'calendars[0].mon[0] = "9-17" is no interval; write 09:00-13:00',
        'calendars[0].mon[1] = "09:00-00:00" ends where a day begins; midnight as an end is 24:00',
        "calendars[0].mon[2] = 5 is no interval; write 09:00-13:00 in quotes",
        'calendars[0].tue = "09:00-17:00"; it must be a list, like ["…"]',
        'calendars[0].holidays = "Ukrain" is no country with known holidays; did you mean UA?',
        'calendars[0].closed[0] = "2026-02-30" is no date; write 2026-12-31 in quotes',
        "calendars[0].open.2026-13-01 is no date; write 2026-12-31 in quotes",
        'calendars[0].open.2026-12-01[0] = "10:00-10:00" is empty; a whole day is 00:00-24:00',
        'calendars[1] is never open; give it hours, such as mon = ["09:00-18:00"]',
        'sinks[0].type = "consol"; did you mean console? there are: apprise, console, email, slack',
        "sinks[1].host is missing",
        'sinks[1].security = "ssl"; there are: none, starttls, tls',
        "sinks[1].port = 99999; it must be at most 65535",
        'sinks[1].sender = "me" is no mail address; write it plain: lead@shop.example',
        "sinks[1].to = []; it must not be empty",
        'policies[0].calendar = "ofice"; did you mean office? there are: always, never, office',
        'policies[0].match.network = "shp"; did you mean shop? there are: broken, mall, shop',
        'policies[0].steps[0].to[1] = "mial"; did you mean mail? there are: log, mail',
        (
            'policies[0].match.kind[0] = "complain"; did you mean complaint? '
            "there are: complaint, other, praise, request"
        ),
        'policies[0].match.language = "RU"; it must fit ^[a-z]{2,3}$ (an ISO 639-1 code, such as "ru")',
        'policies[0].match.public = "yes"; it must be true or false',
        "policies[0].match.knd is unknown; did you mean kind?",
        'policies[0].first_response = "0s"; it must be longer than 0s',
        (
            'policies[0].steps[0].at = "later" is no moment of a wait; '
            'write "50%", "100%", "100% - 30m", "100% + 1h" or "45m"'
        ),
        'policies[0].steps[0].repeat = "5s"; it must be at least 1m: nobody can act on an alert sooner',
        "policies[0].steps[0].too is unknown; did you mean to?",
        'inboxd.alert_to[0] = "lg"; did you mean log? there are: log, mail',
    ]


def test_the_error_names_the_file(read: Read, tmp_path: Path) -> None:
    """What is printed is what the design shows."""
    with pytest.raises(ConfigError) as caught:
        read(ACCOUNT, "poll_evry = 5")
    assert str(caught.value) == (
        f"{tmp_path}/config.toml has 1 problem:\n"
        "  - accounts[0].poll_evry is unknown; did you mean poll_every?"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("accounts = 5", "accounts = 5; write [[accounts]] for each"),
        ("accounts = [5]", "accounts[0] = 5; it must be a table"),
        ("accounts = []", "accounts are missing; give at least one [[accounts]]"),
        (
            '[accounts]\nname = "a"',
            "accounts is a single table; write [[accounts]] with two brackets for each",
        ),
        ("# nothing", "accounts are missing; give at least one [[accounts]]"),
        (
            ACCOUNT + "[sinks]",
            "sinks is a single table; write [[sinks]] with two brackets for each",
        ),
        ("inboxd = 5\n" + ACCOUNT, "inboxd = 5; it must be a table"),
        (ACCOUNT + 'poll_every = "0s"', 'accounts[0].poll_every = "0s"; it must be at least 1s'),
        (ACCOUNT + 'timeout = "0s"', 'accounts[0].timeout = "0s"; it must be at least 1s'),
        (
            ACCOUNT.replace('"shop"', '"mall"') + "shop_id = true",
            "accounts[0].shop_id = true; it must be a whole number",
        ),
        (ACCOUNT + "shop_id = true", "accounts[0].shop_id = true; it must be a whole number"),
        (
            ACCOUNT + "shop_id = 0",
            "accounts[0].shop_id = 0; it must be more than 0 (The shop's number)",
        ),
        (ACCOUNT + "api_base = 5", "accounts[0].api_base = 5; it must be text, in quotes"),
        (
            ACCOUNT + '"a b\\u001b[31m" = 5',
            (
                'accounts[0]."a b\\u001b[31m" is unknown; there are: api_base, '
                "auto_replies, backfill, brand_words, name, network, overlap, poll_every, shop_id, spare_token, streams, timeout, token"
            ),
        ),
        (
            OFFICE.replace("office", "always") + ACCOUNT,
            'calendars[0].name = "always"; that calendar is built in; it is open at all times',
        ),
        (
            OFFICE + 'holidays = "DE-XX"\n' + ACCOUNT,
            (
                'calendars[0].holidays = "DE-XX" is no region with known holidays; there are: BB, BE, BW, BY, HB, '
                "HE, HH, MV, NI, NW, RP, SH, SL, SN, ST, TH, Augsburg"
            ),
        ),
        (
            OFFICE + 'holidays = "ua"\n' + ACCOUNT,
            'calendars[0].holidays = "ua" is no country with known holidays; did you mean UA?',
        ),
        (
            OFFICE + 'timezone = "Europe/"\n' + ACCOUNT,
            'calendars[0].timezone = "Europe/" is no time zone; did you mean Europe/Rome?',
        ),
        *(
            (
                OFFICE + f'timezone = "{written}"\n' + ACCOUNT,
                f'calendars[0].timezone = "{written}" is no time zone; did you mean {meant}?',
            )
            for written, meant in (
                ("Europe/Kiew", "Europe/Kyiv"),
                ("Kiew", "Europe/Kyiv"),
                ("Berlin", "Europe/Berlin"),
                ("oslo", "Europe/Oslo"),
                ("Calcuta", "Asia/Kolkata"),
                ("US/Pacifik", "America/Los_Angeles"),
            )
        ),
        *(
            (
                OFFICE + f'timezone = "{written}"\n' + ACCOUNT,
                (
                    f'calendars[0].timezone = "{written}" is no time zone; name a city, '
                    "like Europe/Kyiv, and its clock changes are known as well"
                ),
            )
            for written in ("CET+1", "MSK", "+02:00", "UTC+2")
        ),
        (
            OFFICE + "timezone = 5\n" + ACCOUNT,
            "calendars[0].timezone = 5 is no time zone; they are named like Europe/Kyiv",
        ),
        (
            OFFICE + "closed = [2026-12-31T00:00:00]\n" + ACCOUNT,
            "calendars[0].closed[0] = 2026-12-31 00:00:00 is no date; write 2026-12-31 in quotes",
        ),
        (
            ACCOUNT + '[[sinks]]\nname = "s"\ntype = "slack"',
            "sinks[0] has neither webhook_url nor token; give one of them",
        ),
        (
            ACCOUNT
            + '[[sinks]]\nname = "s"\ntype = "slack"\ntoken = { env = "TOKEN" }\nwebhook_url = { env = "HOOK" }',
            "sinks[0] has both webhook_url and token; keep the one that shall be used",
        ),
        (
            ACCOUNT + BOT + 'app_token = { env = "APP" }',
            'sinks[0].allowed is missing; name whose presses count, such as ["U024BE7LH"]',
        ),
        (
            ACCOUNT + BOT + 'allowed = ["U024BE7LH"]',
            "sinks[0].allowed goes with an app_token; without one there are no buttons",
        ),
        (
            ACCOUNT + BOT + 'app_token = { env = "APP" }\nallowed = ["U024BE7LH", "@anna"]',
            (
                'sinks[0].allowed[1] = "@anna"; it must fit ^[UW][A-Z0-9]{1,20}$ '
                '(the id of a Slack user, such as "U024BE7LH")'
            ),
        ),
        (
            ACCOUNT + BOT + 'app_token = { env = "APP" }\nallowed = []',
            (
                "sinks[0].allowed = []; it must not be empty "
                '(the id of a Slack user, such as "U024BE7LH")'
            ),
        ),
        (
            ACCOUNT
            + '[[sinks]]\nname = "s"\ntype = "slack"\nwebhook_url = { env = "HOOK" }\n'
            + 'app_token = { env = "APP" }\nallowed = ["U1"]',
            "sinks[0].app_token goes with a token; a webhook has no buttons",
        ),
        (
            ACCOUNT + '[[sinks]]\nname = "s"\ntype = "slack"\ntoken = { env = "TOKEN" }',
            'sinks[0].channel is missing; a token needs one, such as "C0123"',
        ),
        (
            ACCOUNT
            + '[[sinks]]\nname = "s"\ntype = "slack"\nchannel = "C1"\nwebhook_url = { env = "HOOK" }',
            "sinks[0].channel goes with a token; a webhook has its own channel",
        ),
        (
            ACCOUNT + '[[sinks]]\nname = "s"\ntype = "slack"\nwebhook_url = { env = "TOKEN" }',
            "sinks[0].webhook_url is no web address; it must begin with https:// and a host's name",
        ),
        (
            ACCOUNT
            + '[[sinks]]\nname = "s"\ntype = "email"\nhost = "h"\nsender = "a@b.c"\nto = ["a@b.c"]\nusername = "u"',
            "sinks[0].password is missing; a username needs one",
        ),
        (
            ACCOUNT + LOG + '[[policies]]\nname = "p"\nsteps = [{ at = "50%", to = ["log"] }]',
            "policies[0] has steps but no target; give it first_response, next_response, resolution or promise",
        ),
        (
            ACCOUNT + LOG + '[[policies]]\nname = "p"\nfirst_response = "1h"\n'
            'steps = [{ at = "100%", to = ["log"] }, { at = "50%", to = ["log"] }]',
            'policies[0].steps[1].at = "50%"; it comes before steps[0] ("100%"); sort them by time',
        ),
        (
            ACCOUNT + LOG + '[[policies]]\nname = "p"\nfirst_response = "2h"\nresolution = "2d"\n'
            'steps = [{ at = "50%", to = ["log"] }, { at = "45m", to = ["log"] }]',
            (
                'policies[0].steps[1].at = "45m"; it comes before steps[0] ("50%") '
                "where first_response is 2h and resolution is 2d; sort them by time"
            ),
        ),
        (
            ACCOUNT
            + LOG
            + '[[policies]]\nname = "p"\nfirst_response = "1h"\nsteps = [{ at = "2000%", to = ["log"] }]',
            'policies[0].steps[0].at = "2000%" is beyond 1000%; add a time: 100% + 8h',
        ),
        (
            ACCOUNT + '[[policies]]\nname = "p"\nmatch = { kind = [] }',
            "policies[0].match.kind = []; it must not be empty",
        ),
        ('[inboxd]\ndatabase = ""\n' + ACCOUNT, 'inboxd.database = ""; it must name a file'),
        ("[inboxd]\nalert_to = []\n" + ACCOUNT, "inboxd.alert_to = []; it must not be empty"),
    ],
)
def test_what_is_wrong_is_told_in_plain_words(problems: Tell, text: str, why: str) -> None:
    """Each problem is one line: where, what stands there, what would be right."""
    assert problems(text) == [why]


@pytest.mark.parametrize("moments", [("50%", "100% - 20m"), ("150%", "100% + 1h"), ("50%", "45m")])
@pytest.mark.parametrize("turn", [1, -1])
def test_steps_that_no_order_suits_for_all_targets_may_stand_in_either(
    read: Read, moments: tuple[str, ...], turn: int
) -> None:
    """What comes first by half an hour and last by a day is no slip: each is told in time."""
    steps = ", ".join(f'{{ at = "{at}", to = ["log"] }}' for at in moments[::turn])
    targets = 'first_response = "30m"\nresolution = "1d"'
    policy = f'[[policies]]\nname = "p"\n{targets}\nsteps = [{steps}]'
    found = read(ACCOUNT, LOG, policy).policies[0].steps
    assert [str(each.at) for each in found] == list(moments[::turn])


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"k{number} = 1\n" for number in range(50_000)) + ACCOUNT,
        ACCOUNT + "".join(f"k{number} = 1\n" for number in range(50_000)),
        '[[calendars]]\ntimezone = "x"\nholidays = "x"\n' * 5_000 + ACCOUNT,
    ],
)
def test_of_thousands_of_problems_the_first_hundred_are_told(problems: Tell, text: str) -> None:
    """Nobody reads more, and finding them all takes minutes."""
    lines = problems(textwrap.dedent(text))
    assert len(lines) == 101
    assert lines[-1] == "and more; these come first"


# The file as a whole -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty; copy config.example.toml to begin with"),
        (b" \n\t", "is empty; copy config.example.toml to begin with"),
        (b'[inboxd]\ndatabase = "\xff"', "line 2 is not UTF-8; save the file as UTF-8"),
        (b"a b = 1", "line 1, column 3 is no TOML: expected '=' after a key in a key/value pair"),
        (b"[inboxd]\nx = [1", "the end of the file is no TOML: unclosed array"),
        (b"a = " + b"[" * 5_000, "is nested too deeply to be read"),
        (b"a = " + b"9" * 5_000, "has a number of thousands of digits; nothing here is that large"),
        (b"\n" + b"a." * 50_000 + b"b = 1", "line 2 is 100,005 characters long; break it up"),
        (b"# x\n" * 300_000, "is larger than 1 MiB; that is no configuration"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    """Whatever it holds, the answer is one clear line, at once."""
    path = tmp_path / "config.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        load(path, NETWORKS, {})
    assert [str(problem) for problem in caught.value.problems] == [why]


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """A directory, nothing at all, or a name that no file can have."""
    for path, why in (
        (tmp_path, "is a directory; name the file in it"),
        (tmp_path / "none.toml", "does not exist; copy config.example.toml to begin with"),
        (tmp_path / ("x" * 300), "cannot be read: file name too long"),
        (tmp_path / "a\0b", "cannot be read: that is no path"),
    ):
        with pytest.raises(ConfigError) as caught:
            load(path, NETWORKS, {})
        assert [str(problem) for problem in caught.value.problems] == [why]


def test_a_large_file_is_read(read: Read) -> None:
    """A megabyte of right configuration is a configuration."""
    calendars = "".join(
        f'[[calendars]]\nname = "c{n}"\nmon = ["09:00-17:00"]\n' for n in range(2_000)
    )
    comments = ("#" * 8_000 + "\n") * 110
    assert len(read(ACCOUNT, calendars, comments).calendars) == 2_001


# Hostile values ----------------------------------------------------------------------------

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, 10**400, -(10**400)]),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(
        ["", "1h", "50%", "UA", "Europe/Kyiv", "always", "a\0b", "~/x", "~nobody/x", "x" * 3_000]
    ),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["env", "file", "name", "2026-12-31", "at", "to", "kind", ""]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
VALID: dict[str, Any] = {
    "inboxd": {
        "database": "x.db",
        "timezone": "UTC",
        "quiet_after": "1d",
        "blind_after": 3,
        "alert_to": ["log"],
    },
    "http": {"listen": "127.0.0.1:1"},
    "accounts": [
        {
            "name": "a",
            "network": "shop",
            "streams": ["mentions"],
            "token": {"env": "TOKEN"},
            "poll_every": "30s",
            "shop_id": 5,
            "api_base": "https://x.example",
        }
    ],
    "calendars": [
        {
            "name": "office",
            "timezone": "UTC",
            "mon": ["09:00-17:00"],
            "holidays": "UA",
            "closed": ["2026-12-31"],
            "open": {"2026-12-26": ["10:00-14:00"]},
            "breaks": {"2026-12-26": ["10:00-11:00"]},
        }
    ],
    "sinks": [
        {"name": "log", "type": "console"},
        {
            "name": "bot",
            "type": "slack",
            "token": {"env": "TOKEN"},
            "channel": "C1",
            "timeout": "5s",
        },
        {
            "name": "mail",
            "type": "email",
            "host": "h",
            "port": 25,
            "security": "none",
            "username": "u",
            "password": {"env": "TOKEN"},
            "sender": "a@b.c",
            "to": ["a@b.c"],
            "ca_file": "ca.pem",
        },
    ],
    "policies": [
        {
            "name": "p",
            "match": {"kind": ["complaint"], "public": True, "min_followers": 5, "language": "ru"},
            "calendar": "office",
            "first_response": "1h",
            "resolution": "1d",
            "remind_after": "1d",
            "steps": [{"at": "50%", "to": ["log"], "repeat": "2h"}],
        }
    ],
    "spikes": {"to": ["log"], "at_least": 10, "factor": 2.5, "window": "1h"},
    "digests": [{"name": "d", "at": "09:00", "to": ["log"], "calendar": "office"}],
    "reports": [
        {
            "name": "r",
            "cron": "0 9 * * mon",
            "to": ["log"],
            "period": "last-week",
            "compare": "none",
            "timezone": "UTC",
            "match": {"kind": "complaint"},
        }
    ],
    "tui": {
        "theme": "nord",
        "snooze": ["1h"],
        "views": [{"name": "v", "query": "network:shop"}],
        "replies": [
            {
                "name": "r",
                "text": "Hello, {customer|you}!",
                "language": "en",
                "topic": ["refunds"],
                "network": ["shop"],
            }
        ],
    },
}


def toml(value: object) -> str:
    """Return *value* as TOML on one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            escaped = json.dumps(value, ensure_ascii=False)
            return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped)
        case dict():
            return (
                "{" + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items()) + "}"
            )
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case date() | time():
            return value.isoformat()
    return str(value)


def document(tables: Mapping[str, object]) -> str:
    return "\n".join(f"{toml(key)} = {toml(value)}" for key, value in tables.items())


def places(value: object, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything in *value*."""
    if here:
        yield here
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in pairs:
        yield from places(item, (*here, key))


def with_changed(tables: dict[str, Any], place: tuple[Any, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(tables)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return changed


def attack(folder: Path, text: str) -> None:
    """Load *text*: it may be refused, but only so, and without telling a secret."""
    path = folder / "config.toml"
    path.write_text(text)
    said = "?"
    try:
        advice(load(path, NETWORKS, ENV))
    except ConfigError as error:
        said = str(error)
    assert TOKEN not in said
    assert all(character.isprintable() or character == "\n" for character in said)


def test_the_attacked_configuration_is_right_to_begin_with(tmp_path: Path) -> None:
    """Otherwise the attacks would prove little."""
    (tmp_path / "config.toml").write_text(document(VALID))
    load(tmp_path / "config.toml", NETWORKS, ENV)


@settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.sampled_from(list(places(VALID))), value=VALUES)
# Names stand in the problems of others: as a choice that there is, and in advice.
@example(place=("calendars", 0, "name"), value="\x1f")
@example(place=("sinks", 0, "name"), value="\x1f")
def test_any_value_under_any_key_is_right_or_a_problem(
    tmp_path: Path, place: tuple[Any, ...], value: object
) -> None:
    """No value, of whatever type, raises anything but ConfigError."""
    attack(tmp_path, document(with_changed(VALID, place, value)))


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    tables=st.dictionaries(
        st.sampled_from([*VALID, "x"]),
        VALUES | st.lists(st.dictionaries(st.sampled_from(["name", "type", "network"]), VALUES)),
    )
)
def test_any_document_is_right_or_a_problem(tmp_path: Path, tables: dict[str, Any]) -> None:
    """Nor does any document as a whole."""
    attack(tmp_path, document(tables))


@settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_right_or_a_problem(tmp_path: Path, text: str) -> None:
    """Nor does anything else that a file may hold."""
    attack(tmp_path, text)


def test_a_number_of_thousands_of_digits_is_a_problem(tmp_path: Path) -> None:
    """Numbers that Python itself refuses to print are not printed."""
    huge = "0x" + "f" * 9_000
    for place in places(VALID):
        attack(tmp_path, document(with_changed(VALID, place, "?")).replace('"?"', huge))


# Advice ------------------------------------------------------------------------------------


def hints(settings: Settings) -> list[str]:
    settings.path.chmod(0o600)
    return [str(hint) for hint in advice(settings)]


CATCH_ALL = (
    '[[policies]]\nname = "all"\nfirst_response = "1h"\nsteps = [{ at = "100%", to = ["log"] }]\n'
)


def test_a_complete_configuration_needs_no_advice(read: Read) -> None:
    """Warnings that always come are not read."""
    assert hints(read(ACCOUNT, LOG, CATCH_ALL)) == []


def test_what_is_allowed_but_not_wise_is_said(read: Read) -> None:
    """Each hint names its place."""
    loaded = read(
        ACCOUNT,
        'poll_every = "2s"\napi_base = "http://proxy.example"',
        OFFICE,
        '[[calendars]]\nname = "fair"\nopen = { "2026-05-01" = ["10:00-12:00"] }',
        LOG,
        """
        [[sinks]]
        name = "mail"
        type = "email"
        host = "h"
        security = "none"
        username = "u"
        password = { env = "TOKEN" }
        sender = "a@b.c"
        to = ["a@b.c"]
        """,
        CATCH_ALL,
        CATCH_ALL.replace('"all"', '"late"'),
    )
    assert hints(loaded) == [
        "accounts[0].poll_every = 2s is very often; networks limit calls",
        "accounts[0].api_base is not https: the tokens travel readable",
        'calendars[0] ("office") is used by nothing',
        'calendars[1] ("fair") is used by nothing',
        'calendars[1] ("fair") opens on single dates only; after the last nothing falls due',
        'sinks[1] ("mail") is in no step: it only hears of inboxd\'s own troubles',
        'sinks[1].security = "none" sends the password readable',
        'policies[1] ("late") never applies: "all" before it matches everything',
    ]


def test_that_facebook_ends_reviews_is_said(tmp_path: Path) -> None:
    """Before anything is asked: whoever sets them up looks offline first."""
    path = tmp_path / "config.toml"
    account = '[[accounts]]\nname = "fb"\nnetwork = "facebook"\npage_id = "1"\n'
    path.write_text(
        f'{account}token = {{ env = "TOKEN" }}\nstreams = ["reviews"]\n{LOG}{CATCH_ALL}'
    )
    (hint,) = hints(load(path, plugins.networks(), {"TOKEN": "long-enough-for-a-token"}))
    ends = "Facebook ends reviews with Graph API v21.0, on 2027-01-21."
    assert hint == f"accounts[0].streams has reviews. {ends}"


def test_what_nobody_will_hear_of_is_said(read: Read) -> None:
    """No sinks, no policy for everything else, a sink that is left out of both."""
    assert hints(read(ACCOUNT)) == [
        "sinks are missing: nobody will be told of anything",
        "policies have none without match at the end: what matches none of them is not timed",
    ]
    quiet = '[inboxd]\nalert_to = ["log"]'
    other = '[[sinks]]\nname = "b"\ntype = "console"'
    assert hints(read(quiet, ACCOUNT, LOG, other, CATCH_ALL)) == [
        'sinks[1] ("b") is in no step: it is never told anything'
    ]


def test_a_sink_that_stands_in_for_another_is_used(read: Read) -> None:
    """What another one refuses comes there, though no step names it."""
    quiet = '[inboxd]\nalert_to = ["log"]'
    other = '[[sinks]]\nname = "b"\ntype = "console"'
    assert hints(read(quiet, ACCOUNT, LOG, 'fallback = "b"', other, CATCH_ALL)) == []


def test_files_that_others_can_read_are_named(read: Read, tmp_path: Path) -> None:
    """The configuration and every file with a secret are looked at."""
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    secret.chmod(stat.S_IRUSR | stat.S_IROTH)
    loaded = read(account('{ file = "token" }'), LOG, CATCH_ALL)
    assert hints(loaded) == [
        f"{secret} can be read by everybody on this machine; chmod o-rwx {secret}"
    ]
    loaded.path.chmod(0o644)
    secret.chmod(0o640)
    assert [hint.path for hint in advice(loaded)] == [str(loaded.path)]


# The classifier's words --------------------------------------------------------------------


def test_own_words_are_read_with_their_places(read: Read, tmp_path: Path) -> None:
    """In all languages or in one; a model's path begins at the file's folder."""
    settings = read(
        ACCOUNT,
        """
        [classifier]
        model = "models/own.npz"
        replies = "models/replies.npz"
        complaint = ["брак*"]
        topics = { shipping = ["/почтомат\\\\w*/"] }
        [classifier.de]
        ignore = ["Horror"]
        """,
    )
    assert settings.classifier.model == tmp_path / "models" / "own.npz"
    assert settings.classifier.replies == tmp_path / "models" / "replies.npz"
    assert [(word.path, word.label, word.pattern) for word in settings.classifier.own_words] == [
        ("classifier.complaint[0]", "kind:complaint", ""),
        ("classifier.topics.shipping[0]", "topic:shipping", "почтомат\\w*"),
        ("classifier.de.ignore[0]", "ignore", ""),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('complaint = "x"', 'classifier.complaint = "x"; it must be a list, like ["…"]'),
        ('complaint = ["!!"]', 'classifier.complaint[0] = "!!" has no word to look for'),
        ('request = [".. a"]', 'classifier.request[0] = ".. a" has .. at an end'),
        ('praise = ["a*b"]', 'classifier.praise[0] = "a*b" has a * that ends no word'),
        ('ignore = ["/(a+)+$/"]', 'classifier.ignore[0] = "/(a+)+$/" repeats what varies itself'),
        ('ignore = ["/(/"]', 'classifier.ignore[0] = "/(/" is no regular expression'),
        ('ignore = ["/a*/"]', 'classifier.ignore[0] = "/a*/" fits every text'),
        ('complain = ["x"]', "classifier.complain is unknown; did you mean complaint?"),
        ('topics = { shiping = ["x"] }', "did you mean shipping?"),
        (
            'urgency = { high = ["/(b*)*c/"] }',
            'classifier.urgency.high[0] = "/(b*)*c/" repeats what',
        ),
        ('de = { other = ["/(b*)*c/"] }', 'classifier.de.other[0] = "/(b*)*c/" repeats what'),
        ("model = 1", "classifier.model = 1; it must be text, in quotes"),
    ],
)
def test_words_that_cannot_be_used_are_told(problems: Tell, line: str, problem: str) -> None:
    """Where it stands, what it says, and why that is not possible."""
    (told,) = problems(ACCOUNT, f"[classifier]\n{line}")
    assert problem in told


def test_the_example_s_words_can_be_used(read: Read) -> None:
    """What stands there as a comment works when it is taken out of it."""
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    begin = example.index("# [classifier]")
    lines = example[begin : example.index("\n\n", begin)].split("\n")
    settings = read(ACCOUNT, "\n".join(line.removeprefix("# ") for line in lines))
    words = settings.classifier.own_words
    assert {word.label for word in words} >= {"kind:complaint", "topic:shipping", "urgency:high"}
    assert {word.language for word in words} == {"", "de"}


# The terminal's interface ------------------------------------------------------------------

GREETING = """
    [[tui.replies]]
    name = "hello"
    text = "Hello, {customer|there}! {{#1}}"
"""


def test_the_terminal_s_interface_needs_no_configuration(read: Read) -> None:
    """Snoozing has presets, and there are no saved views or replies."""
    tui = read(ACCOUNT).tui
    assert tui.snooze == (timedelta(hours=1), timedelta(hours=3), timedelta(days=1))
    assert (tui.theme, tui.views, tui.replies) == ("", (), ())


def test_saved_views_and_replies_are_read(read: Read) -> None:
    """In the file's order, with what they fit."""
    tui = read(
        ACCOUNT,
        """
        [tui]
        theme = "nord"
        snooze = ["30m", "2d"]
        [[tui.views]]
        name = "Refunds"
        query = "topic:refunds"
        [[tui.replies]]
        name = "refund is on its way"
        text = "Hello, {customer}!"
        language = "en"
        topic = ["refunds"]
        network = ["shop"]
        """,
        GREETING,
    ).tui
    assert (tui.theme, tui.snooze) == ("nord", (timedelta(minutes=30), timedelta(days=2)))
    assert [(view.name, view.query) for view in tui.views] == [("Refunds", "topic:refunds")]
    refund, hello = tui.replies
    assert (refund.language, refund.topic, refund.network) == ("en", (Topic.REFUNDS,), ("shop",))
    assert (hello.language, hello.topic, hello.network) == ("", (), ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            GREETING.replace("customer", "custmer"),
            'tui.replies[0].text has "{custmer|there}"; did you mean {customer}?',
        ),
        (
            GREETING.replace("customer", "x"),
            (
                'tui.replies[0].text has "{x|there}"; there are: {customer}, {name}, {order}, '
                "{case}, {link}, {account}, {me}"
            ),
        ),
        (
            GREETING.replace("{{", "{").replace("}}", ""),
            "tui.replies[0].text has a single {; write {{ for a brace",
        ),
        (
            GREETING + GREETING,
            'tui.replies[1].name = "hello"; tui.replies[0] has that name already',
        ),
        (
            GREETING + 'network = ["shp"]',
            'tui.replies[0].network[0] = "shp"; did you mean shop? there are: broken, mall, shop',
        ),
        (GREETING + 'languag = "en"', "tui.replies[0].languag is unknown; did you mean language?"),
        ('[tui]\nsnooze = ["0s"]', 'tui.snooze[0] = "0s"; it must be longer than 0s, and at most 90d'),
        ('[[tui.views]]\nname = "v"', "tui.views[0].query is missing"),
        (
            '[[tui.views]]\nname = "v"\nquery = "topic:refund"',
            "tui.views[0].query = \"topic:refund\"; there is no topic 'refund'; did you mean refunds?",
        ),
        (
            '[[tui.views]]\nname = "v"\nquery = "acount:a"',
            ("tui.views[0].query = \"acount:a\"; there is no condition 'acount'; did you mean account?; "
            'write "acount:…" in quotes to search for it as text'),
        ),
        ("[[tui]]", "tui is a list; it must be a table"),
    ],
)  # fmt: skip
def test_what_the_interface_cannot_use_is_told(problems: Tell, text: str, why: str) -> None:
    """A saved reply that would leave a hole in what a customer reads is found at once."""
    assert problems(ACCOUNT, text) == [why]


def test_the_example_s_interface_can_be_used(read: Read) -> None:
    """What stands there as a comment works when it is taken out of it."""
    example = (ROOT / "config.example.toml").read_text(encoding="utf-8")
    example = example[example.index("# [tui]") :].replace('"vk", "facebook"', '"shop", "mall"')
    lines = example.splitlines()
    tui = read(ACCOUNT, "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)).tui
    assert tui.theme
    assert tui.views
    assert {reply.language for reply in tui.replies} >= {"en", "uk"}


def test_a_secret_that_is_an_ordinary_word_is_advised_against(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not be kept out of texts without blackening others; its length is all that is told."""
    monkeypatch.setitem(ENV, "SHORT", "shop")
    loaded = read(
        ACCOUNT,
        LOG,
        """
        [[sinks]]
        name = "mail"
        type = "email"
        host = "h"
        username = "u"
        password = { env = "SHORT" }
        sender = "a@b.c"
        to = ["a@b.c"]
        """,
        CATCH_ALL,
    )
    assert any("sinks[1].password has fewer than 6" in hint for hint in hints(loaded))


def test_the_variables_that_hold_secrets_are_known_even_where_no_secret_is_read(
    tmp_path: Path,
) -> None:
    """Whoever starts a program must keep them back, also without the networks' own keys."""
    path = tmp_path / "config.toml"
    path.write_text(textwrap.dedent(ACCOUNT) + textwrap.dedent(LOG), encoding="utf-8")
    for secrets in (True, False):
        assert load(path, NETWORKS, ENV, secrets=secrets).secret_variables == {"TOKEN"}
