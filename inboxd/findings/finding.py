"""The words of `inboxd doctor`: every finding that there can be, by a name that stays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class Health(StrEnum):
    """How one thing stands."""

    WELL = "well"
    NOTICE = "notice"
    """Nothing is broken, but somebody should know."""
    TROUBLE = "trouble"
    """It needs a person."""


WELL, NOTICE, TROUBLE = Health


class Code(StrEnum):
    """
    What was found, as `--json` names it and docs/doctor.md explains it.

    What stands before the dot is its group. These names are an interface: monitors go by them.
    """

    health: Health
    """How bad it is."""

    def __new__(cls, value: str, health: Health) -> Self:
        """Make a member of its name and its health."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.health = health
        return code

    @property
    def group(self) -> str:
        """What it is about: a key of `TITLES`."""
        return self.value.partition(".")[0]

    CONFIG_HOLDS = "config.holds", WELL
    CONFIG_PROBLEM = "config.problem", TROUBLE
    CONFIG_ADVICE = "config.advice", NOTICE
    CONFIG_CLASSIFIER = "config.classifier", WELL
    CONFIG_CLASSIFIER_LESS = "config.classifier_less", NOTICE
    CONFIG_CLASSIFIER_NONE = "config.classifier_none", TROUBLE
    CONFIG_HOLIDAYS = "config.holidays", WELL
    CONFIG_HOLIDAYS_UNKNOWN = "config.holidays_unknown", NOTICE
    CONFIG_CLOSED_FILE_OLD = "config.closed_file_old", NOTICE
    CONFIG_POLICY_UNUSED = "config.policy_unused", NOTICE
    CONFIG_POLICY_LACKING = "config.policy_lacking", NOTICE

    MACHINE_FILES = "machine.files", WELL
    MACHINE_FILE_READABLE = "machine.file_readable", TROUBLE
    MACHINE_FILE_WRITABLE = "machine.file_writable", TROUBLE
    MACHINE_FILE_OWNER = "machine.file_owner", TROUBLE
    MACHINE_ROOT = "machine.root", NOTICE
    MACHINE_DISK = "machine.disk", WELL
    MACHINE_DISK_LOW = "machine.disk_low", NOTICE
    MACHINE_DISK_FULL = "machine.disk_full", TROUBLE
    MACHINE_INODES = "machine.inodes", TROUBLE
    MACHINE_CLOCK = "machine.clock", WELL
    MACHINE_CLOCK_BACK = "machine.clock_back", TROUBLE
    MACHINE_CLOCK_OFF = "machine.clock_off", NOTICE
    MACHINE_CLOCK_WRONG = "machine.clock_wrong", TROUBLE
    MACHINE_CLOCK_FREE = "machine.clock_free", NOTICE
    MACHINE_ZONES = "machine.zones", WELL
    MACHINE_ZONES_OLD = "machine.zones_old", NOTICE

    DATABASE_WHOLE = "database.whole", WELL
    DATABASE_UNCHECKED = "database.unchecked", NOTICE
    DATABASE_SEARCH_UNCHECKED = "database.search_unchecked", NOTICE
    DATABASE_MISSING = "database.missing", TROUBLE
    DATABASE_UNUSABLE = "database.unusable", TROUBLE
    DATABASE_DAMAGED = "database.damaged", TROUBLE
    DATABASE_LOCKED = "database.locked", TROUBLE
    DATABASE_LEFT = "database.left", TROUBLE
    DATABASE_OLDER = "database.older", NOTICE
    DATABASE_NEWER = "database.newer", TROUBLE
    DATABASE_JOURNAL = "database.journal", NOTICE
    DATABASE_FREE = "database.free", NOTICE
    DATABASE_ERASING = "database.erasing", TROUBLE
    DATABASE_REMOVING = "database.removing", NOTICE
    DATABASE_BACKUP = "database.backup", WELL
    DATABASE_BACKUP_NONE = "database.backup_none", NOTICE
    DATABASE_BACKUP_OLD = "database.backup_old", TROUBLE

    DAEMON_RUNS = "daemon.runs", WELL
    DAEMON_ABSENT = "daemon.absent", NOTICE
    DAEMON_OTHER_VERSION = "daemon.other_version", NOTICE
    DAEMON_OTHER_USER = "daemon.other_user", NOTICE
    DAEMON_ANSWERS = "daemon.answers", WELL
    DAEMON_COMPLAINS = "daemon.complains", TROUBLE
    DAEMON_SILENT = "daemon.silent", TROUBLE
    DAEMON_UNIT = "daemon.unit", WELL
    DAEMON_UNIT_FAILED = "daemon.unit_failed", TROUBLE
    DAEMON_HEARTBEAT = "daemon.heartbeat", WELL
    DAEMON_HEARTBEAT_NONE = "daemon.heartbeat_none", NOTICE

    NETWORK_REACHED = "network.reached", WELL
    NETWORK_NO_NAME = "network.no_name", TROUBLE
    NETWORK_NO_ANSWER = "network.no_answer", TROUBLE
    NETWORK_TLS = "network.tls", TROUBLE
    NETWORK_PROXY = "network.proxy", TROUBLE

    ACCOUNT_BROKEN = "account.broken", TROUBLE
    ACCOUNT_IDENTITY = "account.identity", WELL
    ACCOUNT_CHECK_FAILED = "account.check_failed", TROUBLE
    ACCOUNT_TOKEN = "account.token", WELL
    ACCOUNT_TOKEN_ENDS = "account.token_ends", TROUBLE
    ACCOUNT_STREAM = "account.stream", WELL
    ACCOUNT_STREAM_CLOSED = "account.stream_closed", TROUBLE
    ACCOUNT_NEW = "account.new", NOTICE
    ACCOUNT_READ = "account.read", WELL
    ACCOUNT_FIRST = "account.first", NOTICE
    ACCOUNT_BLIND = "account.blind", TROUBLE
    ACCOUNT_REFUSED = "account.refused", TROUBLE
    ACCOUNT_RESTS = "account.rests", NOTICE
    ACCOUNT_DEAF = "account.deaf", NOTICE
    ACCOUNT_GAP = "account.gap", NOTICE
    ACCOUNT_QUARANTINE = "account.quarantine", NOTICE
    ACCOUNT_ALLOWANCE = "account.allowance", WELL
    ACCOUNT_ALLOWANCE_LOW = "account.allowance_low", NOTICE
    ACCOUNT_ALLOWANCE_SPENT = "account.allowance_spent", TROUBLE

    SINK_QUEUE = "sink.queue", WELL
    SINK_STUCK = "sink.stuck", TROUBLE
    SINK_REFUSES = "sink.refuses", TROUBLE
    SINK_HELD = "sink.held", NOTICE
    SINK_SILENCE = "sink.silence", NOTICE
    SINK_TAKES = "sink.takes", WELL
    SINK_FAILS = "sink.fails", TROUBLE
    SINK_TOLD = "sink.told", WELL
    SINK_PARTLY = "sink.partly", TROUBLE
    SINK_UNTOLD = "sink.untold", TROUBLE
    SINK_UNSURE = "sink.unsure", TROUBLE
    SINK_BUTTONS = "sink.buttons", WELL
    SINK_BUTTONS_DEAD = "sink.buttons_dead", TROUBLE

    RIVAL_IDENTITY = "rival.identity", WELL
    RIVAL_CHECK_FAILED = "rival.check_failed", NOTICE
    RIVAL_NEW = "rival.new", NOTICE
    RIVAL_READ = "rival.read", WELL
    RIVAL_UNREAD = "rival.unread", NOTICE
    RIVAL_RESTS = "rival.rests", NOTICE
    RIVAL_ALLOWANCE = "rival.allowance", WELL
    RIVAL_ALLOWANCE_SPENT = "rival.allowance_spent", NOTICE

    DOCTOR_LATE = "doctor.late", TROUBLE
    DOCTOR_FAILED = "doctor.failed", TROUBLE


TITLES: Mapping[str, str] = {
    "config": "Configuration",
    "machine": "Machine",
    "database": "Database",
    "daemon": "Daemon",
    "network": "Network",
    "account": "Accounts",
    "sink": "Sinks",
    "rival": "Rivals",
    "doctor": "Doctor",
}
"""The groups of findings in the order of the report, as people read them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, about what, in a line, and what to do about it."""

    code: Code
    what: str
    text: str
    todo: str = ""

    @property
    def health(self) -> Health:
        """How bad it is."""
        return self.code.health

    def as_json(self) -> dict[str, str]:
        """Return it as `inboxd doctor --json` prints it."""
        return {
            "code": str(self.code),
            "health": str(self.health),
            "what": self.what,
            "text": self.text,
            "todo": self.todo,
        }
