"""Promises about what is written: no secret is in it, however it is spelled and whoever writes."""

from __future__ import annotations

import base64
import io
import json
import logging
import subprocess
import sys
from urllib.parse import quote, quote_plus

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from inboxd import blotting, logs
from inboxd.blotting import Blotter

ODD = 'p"a\\ss wörd/&<%>'
HOOK = "https://hooks.slack.example/services/T0/B0/hOoK-cAnArY"


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blotting._Known, "secrets", frozenset())
    monkeypatch.setattr(blotting._Known, "blotter", Blotter())


@pytest.mark.parametrize(
    "spelled",
    [
        ODD,
        quote(ODD, safe=""),
        quote(ODD),
        quote_plus(ODD),
        json.dumps(ODD),
        ascii(ODD),
        repr(ODD),
        base64.b64encode(ODD.encode()).decode(),
    ],
)
def test_no_spelling_of_a_secret_is_left(spelled: str) -> None:
    """URLs, JSON, Python and HTML each escape it in their own way."""
    said = Blotter([ODD])(f"GET /method?access_token={spelled}&v=5")
    assert spelled.strip("\"'") not in said
    assert "***" in said


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=6), st.text())
def test_whatever_the_secret_it_is_not_left_in_a_text(secret: str, around: str) -> None:
    """Six characters or more are blotted out wherever they stand."""
    if secret not in "***":
        assert secret not in Blotter([secret])(f"{around}{secret}{around}").replace("***", "")


def test_of_a_secret_address_the_path_is_a_secret_too() -> None:
    """Errors of libraries often tell where on a host, without the host."""
    said = Blotter([HOOK])("POST /services/T0/B0/hOoK-cAnArY failed at hooks.slack.example")
    assert said == "POST *** failed at hooks.slack.example"


def test_the_longer_of_two_secrets_is_blotted_out_whole() -> None:
    """One may begin with another."""
    assert Blotter(["secret-1", "secret-1-long"])("with secret-1-long.") == "with ***."


def test_a_short_secret_is_blotted_out_where_it_stands_alone() -> None:
    """As a part of other words it would blacken those, and be told by the blackening."""
    said = Blotter(["shop", "it"])("password shop refused: account=shop-vk shopping it=1")
    assert said == "password *** refused: account=shop-vk shopping it=1"


def test_no_line_of_ours_or_of_a_library_holds_a_secret() -> None:
    """In a fact, in an event, in an exception, and in what a library warns of."""
    out = io.StringIO()
    log = structlog.get_logger("ours")
    logs.configure(secrets=[ODD, HOOK], stream=out)
    log.warning("poll failed", text=f"at {ODD}", url=HOOK)
    try:
        int(f"token {ODD}")
    except ValueError:
        log.exception("work crashed")
        logging.getLogger("aiohttp.client").exception("request to %s with %s failed", HOOK, ODD)
    logging.getLogger("asyncio").error("Task exception was never retrieved: %r", ODD)
    said = out.getvalue()
    assert said.count("***") >= 6
    for spelled in (ODD, ascii(ODD)[1:-1], "hOoK-cAnArY"):
        assert spelled not in said


def test_the_passwords_of_proxies_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are written in the environment, and as they are meant."""
    monkeypatch.setenv("HTTPS_PROXY", "http://us:pr0xy%2Fw0rd@proxy:3128")
    out = io.StringIO()
    logs.configure(stream=out)
    logging.getLogger("urllib3").warning("via us:pr0xy%2Fw0rd@proxy, pr0xy/w0rd")
    assert "w0rd" not in out.getvalue()


CRASH = """
import sys, threading
from inboxd import blotting, logs
blotting.keep_out(["cAnArY-token"])
logs.guard_crashes()
def fail():
    raise RuntimeError("with cAnArY-token")
thread = threading.Thread(target=fail); thread.start(); thread.join()
fail()
"""


def test_what_nobody_caught_is_printed_without_a_secret() -> None:
    """By a thread, or by the program as it ends."""
    ended = subprocess.run(  # noqa: S603 - our own text
        [sys.executable, "-c", CRASH], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.count("RuntimeError: with ***") == 2
    assert "cAnArY" not in ended.stderr
