"""Promises about what is said of a unit that failed, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from inboxd.core.alerts.program import unit_failed_alert
from inboxd.core.failures import Episode, Failure
from inboxd.service.failure import failure_of

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HUNG = Failure("inboxd.service", "watchdog", "dumped", "ABRT")
WRONG = Failure("inboxd-once.service", "exit-code", "exited", "2")
UNREAD = Failure("inboxd-once.service", "exit-code", "exited", "1")


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (HUNG, "it hung, and its watchdog ended it"),
        (WRONG, "its configuration is wrong"),
        (UNREAD, "it ended with exit status 1"),
        (Failure("inboxd.service", "signal", "killed", "SEGV"), "it was killed by SIGSEGV"),
        (Failure("inboxd.service", "start-limit-hit"), "it failed too often in a row, and is not started again"),
        (Failure("inboxd.service", "oom-kill", "killed", "KILL"), "it needed more memory than it may have"),
        (Failure("inboxd.service", "exec-condition", "exited", "3"), "systemd calls it exec-condition"),
        (Failure("inboxd.service"), ""),
    ],
)  # fmt: skip
def test_why_it_failed_is_said_in_words(failure: Failure, why: str) -> None:
    """Every result of systemd's has its own, and one that nobody knows of is named."""
    assert failure.why == why


def test_what_systemd_says_goes_before_what_was_typed() -> None:
    """One hook may serve several units."""
    said = {
        "MONITOR_UNIT": "inboxd-once@kyiv.service",
        "MONITOR_SERVICE_RESULT": "timeout",
        "MONITOR_EXIT_CODE": "killed",
        "MONITOR_EXIT_STATUS": "TERM",
    }

    assert failure_of("inboxd@kyiv.service", said) == Failure(
        "inboxd-once@kyiv.service", "timeout", "killed", "TERM"
    )
    assert failure_of("inboxd.service", {}) == Failure("inboxd.service")


def test_an_alert_says_what_to_do() -> None:
    """Which unit, why, each problem, where to look and how to go on."""
    alert = unit_failed_alert(WRONG, ["accounts are missing"], NOW)

    assert alert.headline == "inboxd-once.service has failed: its configuration is wrong"
    assert "accounts are missing" in alert.detail
    assert "journalctl -u inboxd-once.service" in alert.detail
    assert "systemctl restart inboxd-once.service" in alert.detail


def met(failure: Failure, every: timedelta, times: int) -> list[bool]:
    """Return, for each time that *failure* is met, whether people are told."""
    told, episode = [], Episode(failure, NOW, NOW)
    for number in range(times):
        if number:
            episode = episode.met_again(failure, NOW + number * every)
        told.append(episode.is_news)
        if episode.is_news:
            episode = Episode(failure, episode.began_at, episode.seen_at, episode.seen_at)
    return told


def test_rounds_that_fail_all_night_are_told_now_and_then() -> None:
    """At once, and again every six hours: not every five minutes."""
    told = met(WRONG, 5 * MINUTE, 12 * 12)

    assert [number for number, news in enumerate(told) if news] == [0, 6 * 12]


@pytest.mark.parametrize("every", [5 * MINUTE, HOUR])
def test_a_round_that_could_not_read_has_time_to_do_better(every: timedelta) -> None:
    """A network that is busy for a moment wakes nobody."""
    told = met(UNREAD, every, 4)

    assert told == ([False, False, False, True] if every < HOUR else [False, True, False, False])


def test_a_daemon_that_was_mended_and_fails_again_is_told_again() -> None:
    """Who mended it does not know."""
    assert met(HUNG, 20 * MINUTE, 3) == [True, True, True]


def test_another_failure_is_another_episode() -> None:
    """Even at the same minute; and so is one after the clock was set back."""
    known = Episode(WRONG, NOW, NOW, NOW)

    assert known.met_again(Failure("inboxd-once.service", "timeout"), NOW + MINUTE).is_news
    assert known.met_again(WRONG, NOW - HOUR).is_news
    assert not known.met_again(WRONG, NOW + MINUTE).is_news
