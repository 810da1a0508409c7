"""A unit of systemd that failed: why, in words, and whether people are to hear of it now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_WHY = {
    "timeout": "it took longer than it may",
    "core-dump": "it crashed",
    "watchdog": "it hung, and its watchdog ended it",
    "start-limit-hit": "it failed too often in a row, and is not started again",
    "oom-kill": "it needed more memory than it may have",
    "resources": "systemd could not set up what it needs",
    "protocol": "it ended without saying that it was ready",
}
"""By the results of systemd.exec(5)."""
WRONG_CONFIGURATION = "2"
_A_ROUND_FAILED = "1"
_PASSING = timedelta(minutes=15)
"""A round that could not read or deliver something is told once it has failed for so long."""
_SAME_FAILURE = timedelta(minutes=15)
_SAME_ROUNDS = timedelta(hours=2)
"""What fails again within this has not been well between; rounds come once an hour at least."""
_AGAIN = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Failure:
    """Which *unit* failed, and with what, as far as systemd said so (MONITOR_… of systemd 251)."""

    unit: str
    result: str = ""
    code: str = ""
    status: str = ""

    @property
    def why(self) -> str:
        """Return it in words."""
        if self.result == "exit-code" and self.wrong_configuration:
            return "its configuration is wrong"
        if self.result == "exit-code":
            return f"it ended with exit status {self.status or 'unknown'}"
        if self.result == "signal":
            return f"it was killed by SIG{self.status or ' unknown'}"
        return _WHY.get(self.result, self.result and f"systemd calls it {self.result}")

    @property
    def wrong_configuration(self) -> bool:
        """Tell whether it is the configuration that a person must mend."""
        return self.status == WRONG_CONFIGURATION and self.code in {"", "exited"}

    @property
    def of_rounds(self) -> bool:
        """Tell whether it comes round by a timer, and so fails again and again."""
        return self.unit.startswith("inboxd-once")

    @property
    def may_pass(self) -> bool:
        """Tell whether it may be over with the next round, and is told by other ways if not."""
        return self.of_rounds and self.result == "exit-code" and self.status == _A_ROUND_FAILED


@dataclass(frozen=True, slots=True)
class Episode:
    """One *failure* that lasts, however often it is met; *told_at* is when people last heard."""

    failure: Failure
    began_at: datetime
    seen_at: datetime
    told_at: datetime | None = None

    def met_again(self, failure: Failure, now: datetime) -> Episode:
        """Return the episode to which *failure*, met at *now*, belongs: this one or a new one."""
        span = _SAME_ROUNDS if failure.of_rounds else _SAME_FAILURE
        if failure != self.failure or not timedelta() <= now - self.seen_at <= span:
            return Episode(failure, now, now)
        return replace(self, seen_at=now)

    @property
    def is_news(self) -> bool:
        """Tell whether people are to hear of it, for the first time or once more."""
        if self.failure.may_pass and self.seen_at - self.began_at < _PASSING:
            return False
        return self.told_at is None or self.seen_at - self.told_at >= _AGAIN
