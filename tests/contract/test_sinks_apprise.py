"""The Apprise sink against real servers on loopback: what arrives, and what becomes of what does not."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import time
import traceback
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from io import StringIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from inboxd import logs
from inboxd.clock import ManualClock
from inboxd.config import AppriseSettings, load
from inboxd.config.services import service_at
from inboxd.connector import AccountSettings
from inboxd.doctor import sinks
from inboxd.errors import (
    ConfigError,
    InboxdError,
    OutcomeUnknown,
    RateLimited,
    SinkRefused,
    Unavailable,
)
from inboxd.findings import Code
from inboxd.model import Alert, Author, CaseCard, Kind, Stream, Tone
from inboxd.notify import Attachment, Delivery, Sink, build
from inboxd.notify.summary import summarize

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytest.importorskip("apprise", reason="needs the extra apprise")
from inboxd.notify.apprise import _escaped, composed

# Apprise looks for a module that Python 3.13 no longer has.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

NOW = datetime(2026, 11, 20, 9, 13, tzinfo=UTC)
TOKEN = "AbCdEf0123456789zyx"
TEXT = "<b>Where</b> is my parcel?! @channel <!here> [refund](https://evil.example) *now* &amp;"
CARD = CaseCard(
    id=17, account="shop-vk", network="vk", stream=Stream.COMMENTS, public=True,
    kind=Kind.COMPLAINT, topics=(), urgency=None, language="en",
    author=Author("vk:5", "Oleg @all", "oleh", 12), text=TEXT,
    url="https://vk.com/wall-1_45?reply=46", waiting_since=NOW - timedelta(minutes=16),
    due_at=NOW + timedelta(minutes=14), messages=1, policy="complaints",
)  # fmt: skip
ALERT = Alert(
    key="case:17/first/50%", thread="case:17", reason="warning", tone=Tone.WARNING,
    headline="Half of the time is gone: complaint by Oleg @all on VK", created_at=NOW, case=CARD,
)  # fmt: skip


@dataclass
class Receiver:
    """A server that takes whatever it is sent, and answers as it is told to."""

    status: int = 200
    answer: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    drop: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    async def take(self, request: web.Request) -> web.Response:
        """Note a request and answer it."""
        self.asked.append((request.path, await request.text()))
        await asyncio.sleep(self.wait)
        if self.drop and request.transport:
            request.transport.abort()
        return web.Response(status=self.status, text=self.answer, headers=self.headers)

    @property
    def told(self) -> Any:
        """What the only request said."""
        ((_, body),) = self.asked
        return json.loads(body)

    def url(self, form: str = "json://{at}/hook/" + TOKEN) -> str:
        """An Apprise URL that leads here."""
        return form.format(at=f"127.0.0.1:{self.port}", token=TOKEN)


@asynccontextmanager
async def listening(**options: Any) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    server = TestServer(app, scheme="https" if options else "http")
    await server.start_server(**options)
    async with server:
        receiver.port = server.port or 0
        yield receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as started:
        yield started


def settings_of(url: str, timeout: float = 5.0) -> AppriseSettings:
    """A sink as the configuration gives it."""
    limit = timedelta(seconds=timeout)
    return AppriseSettings(name="team", type="apprise", url=SecretStr(url), timeout=limit)


def sink_at(url: str, timeout: float = 5.0) -> Sink:
    """What the daemon would build for *url*."""
    return build(settings_of(url, timeout), ManualClock(NOW))


async def failure(sink: Sink, delivery: Delivery | None = None) -> InboxdError:
    """What a delivery fails with."""
    with pytest.raises(InboxdError) as raised:
        await sink.deliver(delivery or Delivery.of(ALERT))
    return raised.value


def composed_for(url: str, alert: Alert = ALERT) -> tuple[str, str]:
    """Title and body as they would be sent to a service that cannot be reached from here."""
    return composed(summarize(alert, NOW, UTC), service_at(url))


# What arrives


@pytest.mark.parametrize(
    ("tone", "kind"),
    [
        (Tone.WARNING, "warning"),
        (Tone.BREACH, "failure"),
        (Tone.RECOVERY, "success"),
        (Tone.NOTICE, "info"),
    ],
)
async def test_an_alert_arrives_as_plain_text(receiver: Receiver, tone: Tone, kind: str) -> None:
    """What has happened as title, then who, where and since when, their words, and what to do."""
    receipt = await sink_at(receiver.url()).deliver(Delivery.of(replace(ALERT, tone=tone)))
    assert receipt == {"key": ALERT.key}
    assert receiver.told["type"] == kind
    assert "Half of the time is gone: complaint by Oleg" in receiver.told["title"]
    told = receiver.told["message"].splitlines()
    assert "Waiting: since 08:57 (16m)" in told
    assert "| <\u200bb>Where<\u200b/b> is my parcel?!" in receiver.told["message"]
    assert told[-2:] == [f"> {CARD.url}", "> inboxd show 17"]


async def test_several_alerts_come_as_one_message(receiver: Receiver) -> None:
    """Each customer with a line, what they wrote and where to act."""
    other = replace(ALERT, key="case:18", case=replace(CARD, id=18, text="And mine?"))
    delivery = Delivery((ALERT, other), None, 1, uncertain=True, key="x", held="quiet")
    await sink_at(receiver.url()).deliver(delivery)
    told = receiver.told["message"]
    assert "This may be a repeat" in told
    assert "Held back during quiet hours." in told
    assert "| And mine?" in told
    assert "> inboxd show 18" in told


async def test_attachments_are_left_out(receiver: Receiver) -> None:
    """The figures of a report are told; its page is for sinks that can send one."""
    page = Attachment("week.html", "text/html", b"<p>week</p>")
    await sink_at(receiver.url()).deliver(replace(Delivery.of(ALERT), attachments=(page,)))
    assert receiver.told["attachments"] == []


@pytest.mark.parametrize(
    "form", ["json://{at}/x", "mmost://{at}/{token}", "gotify://{at}/{token}", "ntfy://{at}/news"]
)
async def test_plain_text_calls_nobody_and_hides_no_link(receiver: Receiver, form: str) -> None:
    """Some services read a call of everybody, tags and masked links out of plain text, too."""
    await sink_at(receiver.url(form)).deliver(Delivery.of(ALERT))
    told = "\n".join(str(value) for value in receiver.told.values())
    assert "parcel" in told
    for trick in ("@all", "@channel", "<!here", "<b", "]("):
        assert trick not in told
    assert CARD.url in told


@pytest.mark.parametrize(
    "line", ["> https://a.example @channel", "> https://a.example/[refund](https://evil.example)"]
)
def test_what_only_begins_as_a_link_is_no_link(line: str) -> None:
    """A line of other people's words is not taken for one of ours, which stay whole."""
    _, body = composed_for("mmost://h/" + TOKEN, Alert(
        "k", "k", "test", Tone.NOTICE, "Told", NOW, line,
    ))  # fmt: skip
    assert "@channel" not in body
    assert "](" not in body


async def test_a_service_of_html_is_given_escaped_text(receiver: Receiver) -> None:
    """No tag of a customer's is one there."""
    await sink_at(receiver.url("form://{at}/x?format=html")).deliver(Delivery.of(ALERT))
    ((_, body),) = receiver.asked
    told = parse_qs(body)["message"][0]
    assert "&lt;\u200bb&gt;Where" in told
    assert "&amp;amp;" in told
    assert "<" not in told.replace("<br/>", "")


async def test_a_service_of_markdown_is_given_escaped_text(receiver: Receiver) -> None:
    """Stars and brackets of a customer's are just that."""
    await sink_at(receiver.url("mmost://{at}/{token}?format=markdown")).deliver(Delivery.of(ALERT))
    assert r"\*now\*" in receiver.told["text"]
    assert r"\[refund\]" in receiver.told["text"]


async def test_nothing_is_loaded_from_elsewhere_to_show_it(receiver: Receiver) -> None:
    """Apprise would name pictures that lie on a server of its own."""
    await sink_at(receiver.url("mmost://{at}/{token}?image=yes")).deliver(Delivery.of(ALERT))
    assert "apprise" not in json.dumps(receiver.told)


def test_one_alert_is_one_message_whatever_the_url_says() -> None:
    """A short message that cannot hold the headline is cut."""
    service = service_at("seven://apikey/15551231234?overflow=split")
    assert service.overflow_mode.value == "truncate"


async def test_a_long_text_is_one_message_that_fits(receiver: Receiver) -> None:
    """It is cut by inboxd, which says so; neither refused for ever nor sent in twenty pieces."""
    many = tuple(
        replace(ALERT, key=f"case:{id_}", case=replace(CARD, id=id_, text="<&>'" * 5_000))
        for id_ in range(20)
    )
    await sink_at(receiver.url("mmost://{at}/{token}")).deliver(
        Delivery(many, None, 1, uncertain=False, key="x")
    )
    told = receiver.told["text"]
    assert len(told) <= 4_000
    assert told.endswith("more characters not shown]")


def test_what_is_escaped_is_cut_before_it_is() -> None:
    """Of Telegram's 4,096 characters none is half an escape, and most are used."""
    alert = replace(ALERT, case=replace(CARD, text="<&>' " * 1_000))
    _, body = composed_for("tgram://123456789:abcdefg_hijklmnop/12315544/", alert)
    escaped = _escaped(body, service_at("tgram://123456789:abcdefg_hijklmnop/12315544/"))
    assert 3_000 < len(escaped) < 4_096
    assert "more characters not shown]" in body


def test_a_short_message_is_the_headline() -> None:
    """Of a service for SMS: the rest would be a stump."""
    title, body = composed_for("seven://apikey/15551231234")
    assert title == ""
    assert body.startswith("⏳ Half of the time is gone: complaint by Oleg")


# What does not arrive


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, Unavailable),
        (400, SinkRefused),
        (401, SinkRefused),
        (404, SinkRefused),
        (429, RateLimited),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, Unavailable),
    ],
)
@pytest.mark.parametrize("form", ["json://{at}/x", "gotify://{at}/{token}", "mmost://{at}/{token}"])
async def test_a_status_means_what_it_does_at_other_sinks(
    receiver: Receiver, form: str, status: int, kind: type[InboxdError]
) -> None:
    """Refused for good, busy, too often, or in doubt: whoever sends goes by that."""
    receiver.status = status
    failed = await failure(sink_at(receiver.url(form)))
    assert type(failed) is kind
    assert f"error={status}" in str(failed)


async def test_a_lost_answer_leaves_it_in_doubt(receiver: Receiver) -> None:
    """The connection broke when the text was there: it is not simply sent again."""
    receiver.drop = True
    failed = await failure(sink_at(receiver.url()))
    assert isinstance(failed, OutcomeUnknown)
    assert "whether it arrived cannot be told" in str(failed)


@pytest.mark.parametrize(
    "form",
    [
        "json://{}/x",
        "jsons://{}/x",
        "ntfy://{}/news",
        "gotify://{}/t",
        "mailto://me:secret@{}/?to=lead@shop.example&from=me@shop.example&smtp=127.0.0.1",
    ],
)
async def test_nobody_listening_is_surely_not_delivered(free_port: int, form: str) -> None:
    """It may be tried for as long as it takes."""
    failed = await failure(sink_at(form.format(f"127.0.0.1:{free_port}")))
    assert type(failed) is Unavailable
    assert str(failed).endswith("(Connection refused)")


async def test_customers_do_not_decide_what_a_failure_means(
    receiver: Receiver, free_port: int
) -> None:
    """Apprise logs what it sends; a text that looks like its own words is none."""
    text = "\nSocket Exception: reset\nerror=500."
    delivery = Delivery.of(replace(ALERT, case=replace(CARD, text=text), headline=text))
    for form in ("json://{at}/x", "ntfy://{at}/news", "mmost://{at}/{token}"):
        receiver.status = 500
        assert type(await failure(sink_at(receiver.url(form)), delivery)) is OutcomeUnknown
        receiver.status = 403
        assert type(await failure(sink_at(receiver.url(form)), delivery)) is SinkRefused
        url = form.format(at=f"127.0.0.1:{free_port}", token=TOKEN)
        assert type(await failure(sink_at(url), delivery)) is Unavailable


async def test_a_slow_service_holds_up_nobody(receiver: Receiver) -> None:
    """The limit is kept, the loop goes on meanwhile, and whether it arrived is open."""
    receiver.wait = 30.0
    turns = 0

    async def live() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    living = asyncio.create_task(live())
    began = time.monotonic()
    failed = await failure(sink_at(receiver.url(), timeout=0.5))
    living.cancel()
    assert type(failed) is OutcomeUnknown
    assert time.monotonic() - began < 2.0
    assert turns > 10


async def test_a_service_may_take_as_long_as_the_sink_allows(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither Apprise's own patience nor the pause that it keeps between two messages counts."""
    monkeypatch.setattr("apprise.url.URLBase.socket_read_timeout", 0.05)
    monkeypatch.setattr("apprise.plugins.ntfy.NotifyNtfy.request_rate_per_sec", 0.6)
    receiver.wait = 0.2
    sink = sink_at(receiver.url("ntfy://{at}/news"), timeout=0.5)
    await sink.deliver(Delivery.of(ALERT))
    await sink.deliver(Delivery.of(ALERT))
    assert len(receiver.asked) == 2


async def test_a_redirect_leads_nowhere(receiver: Receiver) -> None:
    """A customer's words do not go where somebody else points."""
    async with listening() as elsewhere:
        receiver.status = 307
        receiver.headers = {"Location": f"http://127.0.0.1:{elsewhere.port}/"}
        assert type(await failure(sink_at(receiver.url()))) is Unavailable
        assert elsewhere.asked == []


async def test_a_certificate_is_checked_and_an_authority_can_be_added(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One that is not trusted gets nothing; REQUESTS_CA_BUNDLE names another authority."""
    authority = trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    async with listening(ssl=tls) as receiver:
        url = receiver.url("jsons://{at}/x")
        failed = await failure(sink_at(url))
        assert type(failed) is Unavailable
        assert "(certificate verify failed: " in str(failed)
        assert receiver.asked == []
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        await sink_at(url).deliver(Delivery.of(ALERT))
        assert len(receiver.asked) == 1


async def test_a_port_that_speaks_no_tls_is_surely_not_told(receiver: Receiver) -> None:
    """Nothing is said before TLS has come about, so it may be tried again."""
    assert type(await failure(sink_at(receiver.url("jsons://{at}/x")))) is Unavailable
    assert receiver.asked == []


async def test_nothing_goes_around_a_proxy(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    """One that cannot be reached is no reason to go without."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port}")
    assert type(await failure(sink_at(receiver.url()))) is Unavailable
    assert receiver.asked == []


async def test_it_cannot_be_asked_about_anything(receiver: Receiver) -> None:
    """Neither whether it would take an alert nor whether it has; and nobody is told by asking."""
    sink = sink_at(receiver.url())
    assert await sink.check() == ""
    with pytest.raises(OutcomeUnknown, match=ALERT.key):
        await sink.find(Delivery.of(ALERT))
    assert receiver.asked == []


async def test_the_doctor_sends_a_test_message_only_when_told_to(receiver: Receiver) -> None:
    """That a URL is understood says nothing of who is there, so without a message nothing is said."""
    settings = settings_of(receiver.url())
    assert await sinks.ask(settings, ManualClock(NOW), UTC) == []
    assert receiver.asked == []
    (found,) = await sinks.tell(settings, ManualClock(NOW), UTC)
    assert found.code is Code.SINK_TOLD
    assert receiver.told["title"].endswith("TEST: this is where inboxd's alerts arrive")


async def test_a_sink_that_is_closed_can_be_closed_again(receiver: Receiver) -> None:
    """Whoever stops need not know what was stopped before."""
    sink = sink_at(receiver.url())
    await sink.deliver(Delivery.of(ALERT))
    await sink.close()
    await sink.close()


# Secrets


@pytest.mark.parametrize("status", [0, 401, 500])
@pytest.mark.parametrize(
    "form",
    [
        "json://user:{token}@{at}/{token}?-key={token}&+X-Key={token}",
        "gotify://{at}/{token}",
        "mmost://{at}/{token}",
        "ntfy://user:{token}@{at}/{token}",
    ],
)
async def test_no_secret_reaches_the_log_or_an_error(
    receiver: Receiver, free_port: int, form: str, status: int
) -> None:
    """Apprise logs addresses with their tokens; what is told of a failure has none of them."""
    stream = StringIO()
    logs.configure(verbose=True, stream=stream)
    receiver.status, receiver.port = status or 200, receiver.port if status else free_port
    failed = await failure(sink_at(receiver.url(form)))
    assert stream.getvalue() == ""
    assert TOKEN not in "".join(traceback.format_exception(failed))
    assert "sink team: " in str(failed)


# The configuration


CONFIG = """
[[accounts]]
name = "a"
network = "shop"
streams = ["mentions"]
[[sinks]]
name = "team"
type = "apprise"
url = { env = "APPRISE_URL" }
"""


def problem_with(url: str, folder: Path, text: str = CONFIG) -> str:
    """What is wrong with a configuration whose sink has that URL."""
    path = folder / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path, {"shop": lambda: AccountSettings}, {"APPRISE_URL": url})
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("gopher://somewhere/" + TOKEN, "is no URL that Apprise understands; appriseit.com"),
        (TOKEN, "is no URL that Apprise understands"),
        ("slack://" + TOKEN, "is no URL that Apprise understands"),
        ("json://a/x, json://b/x", "holds several URLs; give each a sink of its own"),
        ("file:///etc/apprise.yml", "is no URL that Apprise understands"),
        ("https://shop.example/apprise.cfg", "is no URL that Apprise understands"),
        (f"ntfy://h/{TOKEN}/two/three", "names 3 receivers; give each a sink of its own"),
        ("jsons://h/x?verify=no", "has verify=; leave that out: certificates are always checked"),
        ("json://h/x?redirect=yes", "has redirect=; leave that out"),
        ("json://h/x?optional=yes", "has optional=; leave that out"),
        ("json://h/x?retry=3", "has retry=; leave that out"),
        ("syslog://", "is syslog://, which tells this machine alone"),
        ("macosx://", "is macosx://, which tells this machine alone"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_problem_of_its_key(
    tmp_path: Path, url: str, says: str
) -> None:
    """What is wrong with it and what to do; not a character of the token."""
    problem = problem_with(url, tmp_path)
    assert problem.startswith(f"sinks[0].url {says}")
    assert TOKEN not in problem


@pytest.mark.skipif(find_spec("paho") is not None, reason="paho-mqtt is here")
def test_what_apprise_itself_lacks_is_named(tmp_path: Path) -> None:
    """Some services need another package."""
    problem = problem_with("mqtt://localhost/topic", tmp_path)
    assert "is mqtt://, for which Apprise needs more: pip install 'paho-mqtt >= 2.1.0'" in problem


def test_a_missing_extra_is_told_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with a traceback, and only to those who have such a sink."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    problem = problem_with("json://h/x", tmp_path)
    assert problem == "sinks[0].url needs Apprise: pip install 'inboxd[apprise]'"


def test_the_url_is_a_secret(tmp_path: Path) -> None:
    """It may not stand in the file, and is kept out of every text."""
    written = problem_with("", tmp_path, CONFIG.replace('{ env = "APPRISE_URL" }', f'"{TOKEN}"'))
    assert "is written into the file; say where the secret is instead" in written
    (tmp_path / "config.toml").write_text(CONFIG)
    url = f"json://h/{TOKEN}"
    settings = load(
        tmp_path / "config.toml", {"shop": lambda: AccountSettings}, {"APPRISE_URL": url}
    )
    assert settings.secrets() == {url}


@pytest.mark.parametrize("type_", ["console", "apprise"])
def test_the_library_is_loaded_only_for_who_uses_it(tmp_path: Path, type_: str) -> None:
    """Without such a sink, or where secrets are not read, nobody waits for it, nor needs it."""
    sink = 'type = "console"' if type_ == "console" else 'type = "apprise"\nurl = { env = "X" }'
    (tmp_path / "config.toml").write_text(CONFIG.partition('type = "apprise"')[0] + sink)
    code = (
        "import sys; from pathlib import Path; import inboxd.notify, inboxd.cli\n"
        "from inboxd.config import load; from inboxd.connector import AccountSettings\n"
        f"load(Path({str(tmp_path / 'config.toml')!r}), {{'shop': lambda: AccountSettings}}, {{}}, "
        f"secrets={type_ == 'console'})\n"
        "print('apprise' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - the code is this test's
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
