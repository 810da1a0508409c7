"""What a configuration may say, section by section, and the whole as the program sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    SecretStr,
)

from inboxd.config.fields import (
    STRICT,
    ListenAddress,
    LocalInterval,
    MailAddress,
    SlackUser,
    Span,
    TimeOfDay,
    WebAddress,
    Zone,
)
from inboxd.config.secrets import PLACEHOLDER
from inboxd.config.services import service_at
from inboxd.config.triage import TuiSettings
from inboxd.config.words import LANGUAGES, OwnWord, WordSettings
from inboxd.connector import AccountSettings, Duration, LocalPath, Name, WatchSettings
from inboxd.core.grouping import ALONE, Grouping, Trait
from inboxd.core.hours import OpeningHours
from inboxd.core.restraint import Restraint
from inboxd.patterns import parse_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from inboxd.config.keeping import BackupSettings
    from inboxd.core.digest import Digest
    from inboxd.core.policies import Policy
    from inboxd.core.reports import Report
    from inboxd.core.spikes import Spikes
    from inboxd.core.tracking import Rules

_LONGEST_WAIT = timedelta(minutes=10)
_SHORTEST_TOKEN = 16
_SHORTEST_RETENTION = timedelta(days=90)
_SLACK_USER = 'the id of a Slack user, such as "U024BE7LH"'


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _SHORTEST_TOKEN:
        raise ValueError(f"is shorter than {_SHORTEST_TOKEN} characters; try: openssl rand -hex 32")
    return value


def _no_long_wait(value: timedelta) -> timedelta:
    if not timedelta() <= value <= _LONGEST_WAIT:
        raise ValueError("must be between 0s and 10m: an alert that waits is a customer who waits")
    return value


def _not_too_often(value: timedelta) -> timedelta:
    if value < timedelta(seconds=10):
        raise ValueError("must be at least 10s")
    return value


def _beyond_the_usual(value: timedelta) -> timedelta:
    if value < _SHORTEST_RETENTION:
        raise ValueError("must be at least 90d: what is usual is known from the last eight weeks")
    return value


def _a_day(value: timedelta) -> timedelta:
    if value < timedelta(days=1):
        raise ValueError("must be at least 1d")
    return value


class GeneralSettings(BaseModel):
    """``[inboxd]``: the program as a whole."""

    model_config = STRICT

    database: LocalPath = Field(default=Path("inboxd.db"), validate_default=True)
    """The one file in which everything is kept. Only its folder must be there."""
    timezone: Zone = ZoneInfo("UTC")
    """
    That of reports and of nightly work, and of calendars, sinks and digests without one of
    their own.
    """
    quiet_after: Span = timedelta(days=1)
    """How long after our last answer a case counts as resolved, on the wall clock."""
    alert_to: tuple[str, ...] = Field(default=(), min_length=1)
    """The sinks for alerts about inboxd itself; if it is not given, every sink."""
    blind_after: int = Field(default=3, ge=1, le=1_000)
    """After how many times *poll_every* without a poll an account counts as blind."""
    reconcile_at: TimeOfDay = time(3, 30)
    """When, each night in *timezone*, what is stored is held against what the networks offer."""
    reconcile_back: Span = timedelta(days=3)
    """How far back that looks."""
    service_level: int = Field(default=80, ge=1, le=100)
    """
    The target of reports: how many of a hundred customers are to have their first answer within
    *service_within*.
    """
    service_within: Span = timedelta(minutes=30)
    """See *service_level*."""
    retain: Annotated[Duration, AfterValidator(_beyond_the_usual)] | None = None
    """How long messages and cases are kept once they are over; for ever, if it is not given."""
    retain_raw: Annotated[Duration, AfterValidator(_a_day)] | None = None
    """How long what the networks sent is kept as it came, beside what was read from it."""


class GroupingSettings(BaseModel):
    """``[grouping]``: which alerts are told as one."""

    model_config = STRICT

    by: tuple[Trait, ...] = (Trait.POLICY, Trait.ACCOUNT)
    """What they must have in common; an empty list tells of each case alone."""
    wait: Annotated[Duration, AfterValidator(_no_long_wait)] = timedelta(seconds=30)
    """How long the first is held back for others; one of high urgency never is."""
    window: Span = timedelta(hours=1)
    """How long others may join the same message."""
    at_most: int = Field(default=20, ge=1, le=20)
    """How many cases fit into one."""

    @property
    def grouping(self) -> Grouping:
        """Return it as it is applied."""
        return Grouping(self.by, self.wait, self.window, self.at_most)


class HeartbeatSettings(BaseModel):
    """``[heartbeat]``: a dead-man's switch, which is pressed while all is well."""

    model_config = STRICT

    url: WebAddress
    """What is called; the address is a secret, as whoever has it can keep the alarm silent."""
    every: Annotated[Duration, AfterValidator(_not_too_often)] = timedelta(minutes=1)
    """
    How often it is called; at least every 10 s. The other side should wait for several of them.
    """
    timeout: Span = timedelta(seconds=10)
    """The longest that one call may take."""


class HttpSettings(BaseModel):
    """``[http]``: where health and metrics are served."""

    model_config = STRICT

    listen: ListenAddress
    """Where monitors may ask; on another address than this machine's own, others may as well."""
    token: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    """What who asks must bring, of 16 characters at least; required where others than this machine can ask."""


class ClassifierSettings(WordSettings):
    """``[classifier]``: which model judges, and the user's own words."""

    tier: Literal["compact", "semantic"] = "compact"
    """The semantic one needs the extra of that name, and falls back where the machine lacks something."""
    model: LocalPath | None = None
    """Another model than the one that came with inboxd."""
    replies: LocalPath | None = None
    """Another model of our answers than the one that came with inboxd."""
    ru: WordSettings = WordSettings()
    """Words that count only in messages in Russian."""
    uk: WordSettings = WordSettings()
    """The same for Ukrainian."""
    de: WordSettings = WordSettings()
    """The same for German."""
    en: WordSettings = WordSettings()
    """The same for English."""

    @property
    def own_words(self) -> tuple[OwnWord, ...]:
        """Return the words for all languages, then those for one."""
        path = "classifier"
        languages = [(each, getattr(self, each)) for each in LANGUAGES]
        special = (
            word for each, words in languages for word in words.words(f"{path}.{each}", each)
        )
        return (*self.words(path), *special)


class SinkSettings(BaseModel):
    """``[[sinks]]``: where alerts go."""

    model_config = STRICT

    name: Name
    """What policies, digests and alerts call it by."""
    quiet: tuple[LocalInterval, ...] = ()
    """When nothing is told, each day in [inboxd].timezone; it is told in one summary afterwards."""
    urgent_passes: bool = Field(default=True, strict=True)
    """Whether cases of high urgency are told all the same."""
    per_hour: int | None = Field(default=None, ge=1, strict=True)
    """How many messages within an hour; what is beyond is told in one summary."""
    fallback: str = ""
    """The sink that tells what this one does not take."""

    def restraint(self, timezone: tzinfo) -> Restraint | None:
        """Return what the sink is spared, None if nothing; raises ValueError for no peace at all."""
        if not self.quiet and self.per_hour is None:
            return None
        week = dict.fromkeys(range(7), self.quiet)
        quiet = OpeningHours(f"quiet of {self.name}", timezone, week) if self.quiet else None
        if quiet and quiet.business_day >= timedelta(days=1):
            raise ValueError("leave no time to tell anything; a day has 24 hours")
        return Restraint(quiet, self.urgent_passes, self.per_hour)

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:  # noqa: ARG003 - for subclasses
        """Yield the key ("" for the whole) and what is wrong with the keys *given* together."""
        yield from ()


class SlackSettings(SinkSettings):
    """A Slack channel: through an incoming webhook, or a bot that can update its messages."""

    type: Literal["slack"]
    """What kind of sink it is."""
    webhook_url: WebAddress | None = None
    """An incoming webhook: it posts new messages only. Either this, or a token."""
    token: SecretStr | None = None
    """A bot's token (``xoxb-…``): it brings messages up to date and keeps threads."""
    channel: str = Field(default="", min_length=1)
    """The bot's channel, by its id; invite the bot there."""
    app_token: SecretStr | None = None
    """Has buttons below what is told of cases; inboxd hears of them through Socket Mode."""
    allowed: tuple[SlackUser, ...] = Field(default=(), min_length=1, description=_SLACK_USER)
    """Whose presses count."""
    api_base: str = Field(default="https://slack.com/api/", pattern="^https?://")
    """Another origin to speak to: a proxy, a mock."""
    timeout: Span = timedelta(seconds=10)
    """The longest that one call to Slack may take."""

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield why a webhook and a bot's token cannot both, or neither, be there."""
        if "app_token" in given and "token" not in given:
            yield "app_token", "goes with a token; a webhook has no buttons"
        if "app_token" in given and "allowed" not in given:
            yield "allowed", 'is missing; name whose presses count, such as ["U024BE7LH"]'
        if "allowed" in given and "app_token" not in given:
            yield "allowed", "goes with an app_token; without one there are no buttons"
        if "webhook_url" in given and "token" in given:
            yield "", "has both webhook_url and token; keep the one that shall be used"
        elif "token" in given and "channel" not in given:
            yield "channel", 'is missing; a token needs one, such as "C0123"'
        elif "webhook_url" in given and "channel" in given:
            yield "channel", "goes with a token; a webhook has its own channel"
        elif "webhook_url" not in given and "token" not in given:
            yield "", "has neither webhook_url nor token; give one of them"


_MAIL_PORTS = {"none": 25, "starttls": 587, "tls": 465}


class EmailSettings(SinkSettings):
    """People's mailboxes, through an SMTP server."""

    type: Literal["email"]
    """What kind of sink it is."""
    host: str = Field(min_length=1)
    """The mail server, by the name that its certificate bears."""
    security: Literal["none", "starttls", "tls"] = "starttls"
    """
    ``starttls`` encrypts after the greeting and ``tls`` from the first byte; ``none`` does not.
    """
    port: int = Field(
        default_factory=lambda given: _MAIL_PORTS[given.get("security", "starttls")],
        ge=1,
        le=65_535,
    )
    """By default the usual port for the security."""
    username: str = Field(default="", min_length=1)
    """Who logs in, where the server wants that; it goes with a password."""
    password: SecretStr | None = None
    """The password to log in with."""
    sender: MailAddress
    """Whom the mails are from: an address that the server lets inboxd use."""
    to: tuple[MailAddress, ...] = Field(min_length=1)
    """Who gets them; one mail to all of them."""
    timeout: Span = timedelta(seconds=30)
    """The longest that one step with the server may take; that it has taken the mail, twenty times as long."""
    ca_file: LocalPath | None = None
    """Certificates to trust beside the system's own."""

    @classmethod
    def conflicts(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield which half of a log-in is missing."""
        if "username" in given and "password" not in given:
            yield "password", "is missing; a username needs one"
        if "password" in given and "username" not in given:
            yield "username", "is missing; a password needs one"


class ConsoleSettings(SinkSettings):
    """The daemon's own output."""

    type: Literal["console"]
    """What kind of sink it is."""


def _understood(value: SecretStr) -> SecretStr:
    if value is not PLACEHOLDER:
        service_at(value.get_secret_value())
    return value


class AppriseSettings(SinkSettings):
    """Every other service, by way of Apprise, which comes with the extra of that name."""

    type: Literal["apprise"]
    """What kind of sink it is."""
    url: Annotated[SecretStr, AfterValidator(_understood)]
    """Where it tells, as Apprise writes it: one service, one receiver; the tokens are in it."""
    timeout: Span = timedelta(seconds=30)
    """The longest that one attempt may take, beside the pause of some services between two."""


AnySink = SlackSettings | EmailSettings | AppriseSettings | ConsoleSettings
SINKS: Mapping[str, type[AnySink]] = {
    "slack": SlackSettings,
    "email": EmailSettings,
    "apprise": AppriseSettings,
    "console": ConsoleSettings,
}


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who hears of inboxd's own troubles, and what keeps others from hearing of them."""

    sinks: tuple[AnySink, ...]
    timezone: ZoneInfo
    problems: tuple[str, ...] = ()

    def secrets(self) -> frozenset[str]:
        """Return every secret value of the sinks."""
        return _secrets_of(self.sinks)


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole configuration: every reference in it leads somewhere."""

    path: Path
    general: GeneralSettings
    http: HttpSettings | None
    accounts: tuple[AccountSettings, ...]
    calendars: Mapping[str, OpeningHours]
    """By name; "always" is there by itself."""
    sinks: tuple[AnySink, ...]
    policies: tuple[Policy, ...]
    """In the file's order: the first that matches governs."""
    secret_files: tuple[Path, ...] = ()
    classifier: ClassifierSettings = field(default_factory=ClassifierSettings)
    grouping: Grouping = ALONE
    heartbeat: HeartbeatSettings | None = None
    spikes: Spikes | None = None
    digests: tuple[Digest, ...] = ()
    closed_files: tuple[Path, ...] = ()
    """What calendars are read from beside the configuration itself."""
    tui: TuiSettings = field(default_factory=TuiSettings)
    secret_variables: frozenset[str] = frozenset()
    """The variables of the environment that hold secrets: no child process is given them."""
    backups: BackupSettings | None = None
    watch: tuple[WatchSettings, ...] = ()
    """Somebody else's accounts, of which what is public is read."""
    reports: tuple[Report, ...] = ()

    @property
    def backup_folder(self) -> Path:
        """Return where backups are, unless a command says otherwise."""
        folder = self.backups.folder if self.backups else None
        return folder or self.general.database.parent / "backups"

    @property
    def alert_to(self) -> tuple[str, ...]:
        """Return the names of the sinks that hear of inboxd's own troubles."""
        return self.general.alert_to or tuple(sink.name for sink in self.sinks)

    @property
    def rules(self) -> Rules:
        """Return what tracking goes by."""
        from inboxd.core.tracking import Rules  # noqa: PLC0415 - whoever only reads lists tracks none

        automatic = {
            account.name: tuple(parse_pattern(pattern) for pattern in account.auto_replies)
            for account in self.accounts
        }
        return Rules(self.policies, self.general.quiet_after, self.grouping, automatic, self.spikes)

    def secrets(self) -> frozenset[str]:
        """Return every secret value, so that whatever writes text can keep them out of it."""
        single = filter(None, (self.heartbeat, self.http))
        return _secrets_of([*self.accounts, *self.watch, *self.sinks, *single])


def _secrets_of(models: Iterable[BaseModel]) -> frozenset[str]:
    return frozenset(
        value.get_secret_value()
        for model in models
        for _, value in model
        if isinstance(value, SecretStr)
    )
