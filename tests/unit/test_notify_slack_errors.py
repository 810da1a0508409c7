"""Slack's refusals become errors that say who must act."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inboxd.errors import InboxdError, OutcomeUnknown, RateLimited, SinkRefused, Unavailable
from inboxd.notify.slack_errors import Answer, code_in, translate

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
SPEC = Path(__file__).parents[2].parent / "shared" / "contracts" / "slack-inbox-spec.json"


def error(status: int, code: str = "", **headers: str) -> InboxdError:
    return translate("support", Answer(status, code, headers), NOW)


@pytest.fixture
def contract() -> dict[str, Any]:
    """The hand-written part of the contract."""
    if not SPEC.exists():
        pytest.skip("the contracts are not beside this checkout")
    notes: dict[str, Any] = json.loads(SPEC.read_text())["x-inboxd"]
    return notes


def test_every_error_to_stop_on_stops(contract: dict[str, Any]) -> None:
    """What waiting does not mend goes to the operator, with a remedy of its own."""
    for code in contract["errors_to_stop_on"]:
        refusal = error(200, code)
        assert isinstance(refusal, SinkRefused)
        assert "see docs.slack.dev" not in str(refusal)


def test_every_error_to_retry_is_retried(contract: dict[str, Any]) -> None:
    """What passes by itself never stops a sink."""
    for code in contract["errors_to_retry"]:
        assert isinstance(error(200, code), (RateLimited, Unavailable, OutcomeUnknown))


def test_every_documented_webhook_refusal_stops(contract: dict[str, Any]) -> None:
    """400, 403, 404 and 410 are for good; 429 and 5xx are not."""
    for status, codes in contract["incoming_webhook"]["errors"].items():
        for code in codes if isinstance(codes, list) else [""]:
            permanent = isinstance(error(int(status), code), SinkRefused)
            assert permanent == (status in {"400", "403", "404", "410"})


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (200, "internal_error", OutcomeUnknown),
        (200, "fatal_error", OutcomeUnknown),
        (500, "rollup_error", OutcomeUnknown),
        (500, "", OutcomeUnknown),
        (502, "", OutcomeUnknown),
        (504, "", OutcomeUnknown),
        (200, "", OutcomeUnknown),
        (503, "", Unavailable),
        (503, "internal_error", Unavailable),
        (200, "service_unavailable", Unavailable),
        (200, "team_added_to_org", Unavailable),
        (200, "org_login_required", Unavailable),
        (408, "", Unavailable),
        (200, "an_error_of_tomorrow", SinkRefused),
        (404, "", SinkRefused),
        (407, "", SinkRefused),
    ],
)
def test_doubt_is_told_from_certainty(status: int, code: str, kind: type[InboxdError]) -> None:
    """Only where Slack surely did nothing may the alert simply be sent again."""
    assert type(error(status, code)).__mro__[:2].count(kind) == 1


@pytest.mark.parametrize(
    ("header", "until"),
    [
        ("30", NOW + timedelta(seconds=30)),
        ("0", NOW),
        ("999999999", NOW + timedelta(days=1)),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("9" * 40, None),
    ],
)
def test_retry_after_is_obeyed_where_it_makes_sense(header: str, until: datetime | None) -> None:
    """Whole seconds count; nonsense neither crashes nor silences a sink for years."""
    limited = error(429, "ratelimited", **{"Retry-After": header})
    assert isinstance(limited, RateLimited)
    assert limited.until == until


def test_pages_are_not_repeated() -> None:
    """A proxy's page says nothing that belongs into an error."""
    assert code_in("<html>https://hooks.slack.com/services/T/B/secret</html>") == ""
    assert code_in("no_service\n") == "no_service"
    assert code_in({"not": "text"}) == ""
