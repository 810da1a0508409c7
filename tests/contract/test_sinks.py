"""The sinks against a real HTTP and a real SMTP server: what arrives is what people see."""

from __future__ import annotations

import contextlib
import json
import logging
import ssl
import traceback
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import aiosmtplib
import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from inboxd.clock import ManualClock
from inboxd.config import AnySink, ConsoleSettings, EmailSettings, SlackSettings
from inboxd.errors import (
    InboxdError,
    NetworkError,
    OutcomeUnknown,
    RateLimited,
    SinkRefused,
    Unavailable,
)
from inboxd.model import Alert, Author, CaseCard, Kind, Stream, Tone, Topic
from inboxd.notify import Delivery, PartlyDelivered, Sink, build
from inboxd.notify.email import EmailSink
from inboxd.simulator.faults import Call, Fault, Switch
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.slack import CHANNELS, TOKEN
from inboxd.simulator.smtp import Login
from inboxd.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

# aiosmtpd says so of the simulated server, which wants a password without STARTTLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 20, 9, 13, tzinfo=UTC)
SUPPORT = CHANNELS["support"]
LEAD, SECOND = "lead@shop.example", "second@shop.example"
PASSWORD = "correct-horse"
CARD = CaseCard(
    id=17, account="shop-vk", network="vk", stream=Stream.COMMENTS, public=True,
    kind=Kind.COMPLAINT, topics=(Topic.SHIPPING,), urgency=None, language="uk",
    author=Author("vk:5", "Олег", "oleh", 12), text="Де моя посилка?! <!channel> *терміново*",
    url="https://vk.com/wall-1_45?reply=46", waiting_since=NOW - timedelta(minutes=16),
    due_at=NOW + timedelta(minutes=14), messages=1, policy="complaints",
)  # fmt: skip
ALERT = Alert(
    key="case:17/first/50%", thread="case:17", reason="warning", tone=Tone.WARNING,
    headline="Half of the time is gone: complaint by Олег on VK", created_at=NOW, case=CARD,
)  # fmt: skip
BREACH = replace(ALERT, key="case:17/first/100%", tone=Tone.BREACH, headline="Overdue: Олег on VK")
RECOVERY = replace(ALERT, key="case:17/recovered", tone=Tone.RECOVERY, headline="Answered: Олег")


@dataclass
class Rig:
    """The simulated receivers and a clock that stands still."""

    simulator: Simulator
    clock: ManualClock

    def webhook(self, url: str = "", timeout: float = 5.0) -> Sink:
        """A sink for the simulated webhook, or for *url*."""
        return self.sink(self.slack(webhook_url=url or self.simulator.webhook_url, timeout=timeout))

    def bot(
        self, token: str = TOKEN, timeout: float = 5.0, channel: str = SUPPORT, **changes: Any
    ) -> Sink:
        """A sink for the simulated workspace's bot."""
        return self.sink(self.slack(token=token, timeout=timeout, channel=channel, **changes))

    def mail(self, **changes: Any) -> Sink:
        """A sink for the simulated mail server."""
        return self.sink(self.email(**changes))

    def slack(self, *, timeout: float, **changes: Any) -> SlackSettings:
        """Slack settings as the configuration gives them."""
        defaults = {"name": "support", "type": "slack", "api_base": self.simulator.slack_api_url}
        return SlackSettings(**defaults | changes, timeout=timedelta(seconds=timeout))

    def email(self, **changes: Any) -> EmailSettings:
        """E-mail settings as the configuration gives them."""
        defaults: dict[str, Any] = {
            "name": "lead", "type": "email", "host": self.simulator.smtp_host,
            "port": self.simulator.smtp_port, "security": "none",
            "sender": "inboxd@shop.example", "to": (LEAD,), "timeout": timedelta(seconds=5),
        }  # fmt: skip
        return EmailSettings(**defaults | changes)

    def sink(self, settings: AnySink) -> Sink:
        """What the daemon would build from *settings*."""
        return build(settings, self.clock, KYIV)

    def fail(self, network: str, fault: Fault, **options: Any) -> Switch:
        """Switch a fault on."""
        return self.simulator.faults.switch_on(network, fault, **options)

    @property
    def posted(self) -> list[Any]:
        """What Slack shows."""
        return [message for message in self.simulator.slack.messages if not message.deleted]

    @property
    def mails(self) -> list[Any]:
        """What the mail server took."""
        return self.simulator.mail.messages


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Rig]:
    clock = ManualClock(NOW)
    world = World(1, customers=1)
    settings = Options(rate_limited=False, **options)
    async with Simulator(world, now=clock.now, options=settings) as simulator:
        yield Rig(simulator, clock)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as started:
        yield started


def content(posted: Any) -> str:
    """Everything that a Slack message shows, as text."""
    return json.dumps(posted.blocks, ensure_ascii=False)


def body_of(call: Call) -> dict[str, Any]:
    """The JSON that a request carried."""
    assert isinstance(call.body, dict)
    return call.body


async def failure(sink: Sink, delivery: Delivery) -> InboxdError:
    """The error that a delivery ends with; nothing secret may be in it or below it."""
    with pytest.raises(InboxdError) as caught:
        await sink.deliver(delivery)
    told = "".join(traceback.format_exception(caught.value))
    for secret in (TOKEN, "simulated-webhook-secret", "wrong-secret", PASSWORD):
        assert secret not in told
    return caught.value


# What arrives in Slack


async def test_a_webhook_shows_the_alert(rig: Rig) -> None:
    """The channel gets the card, with the customer's words as words."""
    await rig.webhook().deliver(Delivery.of(ALERT))
    (message,) = rig.posted
    assert message.blocks[0]["text"]["text"] == f"⏳ {ALERT.headline}"
    assert {"type": "plain_text", "text": CARD.text, "emoji": False} in [
        block.get("text") for block in message.blocks
    ]
    assert "&lt;!channel&gt;" in message.text
    assert "`inboxd show 17`" in content(message)


async def test_a_bot_tells_where_it_posted(rig: Rig) -> None:
    """The receipt is Slack's own name for the message, ts as text."""
    receipt = await rig.bot().deliver(Delivery.of(ALERT))
    (message,) = rig.posted
    assert receipt == {"channel": SUPPORT, "ts": message.ts}
    assert message.metadata == {"event_type": "inboxd_alert", "event_payload": {"key": ALERT.key}}


async def test_a_case_is_one_message_with_its_history_below(rig: Rig) -> None:
    """Later alerts are replies, and the first message shows the present state."""
    sink = rig.bot()
    head = await sink.deliver(Delivery.of(ALERT))
    await sink.deliver(Delivery.of(BREACH, head))
    await sink.deliver(Delivery.of(RECOVERY, head))
    first, second, third = rig.posted
    assert [second.thread_ts, third.thread_ts] == [first.ts, first.ts]
    shown = [version.blocks[0]["text"]["text"] for version in first.versions]
    assert shown == [f"⏳ {ALERT.headline}", "🔴 Overdue: Олег on VK", "✅ Answered: Олег"]
    assert first.metadata["event_payload"] == {"key": ALERT.key}


async def test_nothing_comes_alive_by_an_update(rig: Rig) -> None:
    """chat.update has other defaults than chat.postMessage; ours are the same for both."""
    sink = rig.bot()
    head = await sink.deliver(Delivery.of(ALERT))
    await sink.deliver(Delivery.of(BREACH, head))
    (update,) = rig.simulator.log.of("slack", "chat.update")
    assert body_of(update)["parse"] == "none"
    assert body_of(update)["link_names"] is False


async def test_only_a_breach_is_shown_beside_its_thread(rig: Rig) -> None:
    """The channel hears of a broken target, and of nothing else twice."""
    sink = rig.bot()
    head = await sink.deliver(Delivery.of(ALERT))
    await sink.deliver(Delivery.of(BREACH, head))
    await sink.deliver(Delivery.of(RECOVERY, head))
    calls = rig.simulator.log.of("slack", "chat.postMessage")
    assert [body_of(call).get("reply_broadcast") for call in calls] == [None, True, False]


async def test_a_warning_about_inboxd_itself_is_shown_beside_its_thread(rig: Rig) -> None:
    """A thread about an account goes on for months: nobody reads what only appears in it."""
    sink = rig.bot()
    head = await sink.deliver(Delivery.of(replace(ALERT, case=None, thread="account:shop-vk")))
    for tone in (Tone.WARNING, Tone.RECOVERY, Tone.NOTICE):
        later = replace(ALERT, key=tone, case=None, thread="account:shop-vk", tone=tone)
        await sink.deliver(Delivery.of(later, head))
    calls = rig.simulator.log.of("slack", "chat.postMessage")
    assert [body_of(call).get("reply_broadcast") for call in calls] == [None, True, False, False]


async def test_an_update_that_fails_does_not_fail_the_delivery(rig: Rig) -> None:
    """The reply is there; that its head is out of date is a blemish."""
    sink = rig.bot()
    head = await sink.deliver(Delivery.of(ALERT))
    rig.fail("slack", Fault.PERMISSION_MISSING, endpoint="chat.update")
    receipt = await sink.deliver(Delivery.of(BREACH, head))
    assert [message.ts for message in rig.posted] == [head["ts"], receipt["ts"]]


@pytest.mark.parametrize("code", ["thread_not_found", "restricted_action_thread_locked"])
async def test_a_deleted_or_locked_thread_loses_no_alert(rig: Rig, code: str) -> None:
    """Somebody tidied up, or an administrator wants no replies: the next alert stands on its own."""
    sink = rig.bot()
    head = await sink.deliver(Delivery.of(ALERT))
    rig.fail("slack", Fault.PERMISSION_MISSING, endpoint="chat.postMessage", times=1,
             code=code)  # fmt: skip
    await sink.deliver(Delivery.of(BREACH, head))
    assert rig.posted[-1].thread_ts is None


async def test_a_receipt_of_another_kind_of_sink_is_no_head(rig: Rig) -> None:
    """A sink that was a webhook yesterday starts its threads today."""
    head = await rig.webhook().deliver(Delivery.of(ALERT))
    await rig.bot().deliver(Delivery.of(BREACH, head))
    assert rig.posted[-1].thread_ts is None


@pytest.mark.parametrize("named", [SUPPORT, "#support"])
async def test_a_thread_in_another_channel_is_not_gone_on_with(rig: Rig, named: str) -> None:
    """The configuration names another one since, by its id or by its name."""
    old = await rig.bot(channel=CHANNELS["leads"]).deliver(Delivery.of(ALERT))
    new = rig.bot(channel=named)
    assert not new.continues(old)
    receipt = await new.deliver(Delivery.of(BREACH, old))
    posted = rig.posted[-1]
    assert (posted.channel, posted.thread_ts, receipt["channel"]) == (SUPPORT, None, SUPPORT)
    assert new.continues(receipt)
    await new.deliver(Delivery.of(RECOVERY, receipt))
    assert rig.posted[-1].thread_ts == posted.ts


async def test_the_same_alert_has_the_same_client_id(rig: Rig) -> None:
    """A repeat can be recognised as one, another alert cannot be mistaken for it."""
    sink = rig.bot()
    for alert in (ALERT, ALERT, BREACH):
        await sink.deliver(Delivery.of(alert))
    calls = rig.simulator.log.of("slack", "chat.postMessage")
    first, again, other = [body_of(call)["client_msg_id"] for call in calls]
    assert first == again != other


@pytest.mark.parametrize("code", ["duplicate_message_not_found", "duplicate_channel_not_found"])
async def test_an_id_that_slack_knows_without_a_message_loses_no_alert(rig: Rig, code: str) -> None:
    """What was begun there is gone, and nobody has seen it: it is posted under no id."""
    rig.fail("slack", Fault.PERMISSION_MISSING, endpoint="chat.postMessage", times=1, code=code)
    receipt = await rig.bot().deliver(Delivery.of(ALERT))
    assert [message.ts for message in rig.posted] == [receipt["ts"]]
    assert "client_msg_id" not in body_of(rig.simulator.log.of("slack", "chat.postMessage")[-1])


HOSTILE = [
    "<!here> <@U0LEAD> <https://evil.example|vk.com> *b* `c` > q",
    "\x00\ud83d\u202eabc\u2067",
    "\u200b" * 50_000 + "Z" + "\u0316" * 50_000,
    "&" * 100_000,
    "🙂" * 50_000,
    "a\r\nBcc: evil@evil.example\r\n.\r\nRSET\r\n",
    ".\r\n..\r\n.",
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_texts_arrive_everywhere(rig: Rig, text: str) -> None:
    """Every receiver takes the alert, whatever a customer wrote, and obeys none of it."""
    card = replace(CARD, text=text, author=Author("1", text, text), url=text)
    delivery = Delivery.of(replace(ALERT, headline=text, detail=text, case=card))
    for sink in (rig.webhook(), rig.bot(), rig.mail()):
        await sink.deliver(delivery)
    assert len(rig.posted) == 2
    for message in rig.posted:
        live = [element["text"] for block in message.blocks for element in block.get("elements", ())
                if element["type"] == "mrkdwn"]  # fmt: skip
        assert live == ["`inboxd show 17`"]
        assert "<" not in message.text
    (mail,) = rig.mails
    assert mail.recipients == [LEAD]
    assert "Bcc" not in mail.message
    assert "inboxd show 17" in mail.text
    assert "inboxd show 17" in mail.html
    assert "<script" not in mail.html


@pytest.mark.parametrize("kind", ["webhook", "bot"])
@pytest.mark.parametrize("code", ["msg_blocks_too_long", "invalid_blocks"])
async def test_what_slack_finds_too_long_or_odd_is_told_in_few_words(
    rig: Rig, kind: str, code: str
) -> None:
    """Its limit of a whole message is not documented: the alert comes, shorter, with every case."""
    rig.fail("slack", Fault.PERMISSION_MISSING, times=1, code=code)
    alerts = tuple(
        replace(ALERT, key=f"k{n}", case=replace(CARD, id=n, text="W" * 3_000)) for n in range(20)
    )
    receipt = await slack_sink(rig, kind).deliver(Delivery(alerts, None, 1, False, "k"))
    (message,) = rig.posted
    shown = content(message)
    assert all(f"inboxd show {n}" in shown for n in range(20))
    assert len(shown) < 4_000
    assert receipt.get("ts") in {message.ts, None}


async def test_an_update_that_slack_finds_too_long_is_shortened(rig: Rig) -> None:
    """The head of a thread tells the present state, whatever its length."""
    sink = rig.bot()
    head = await sink.deliver(Delivery.of(ALERT))
    rig.fail("slack", Fault.PERMISSION_MISSING, endpoint="chat.update", times=1,
             code="msg_blocks_too_long")  # fmt: skip
    await sink.deliver(Delivery.of(BREACH, head))
    assert rig.posted[0].blocks[0]["text"]["text"] == "🔴 Overdue: Олег on VK"


async def test_a_possible_repeat_says_so(rig: Rig) -> None:
    """An attempt after an unknown outcome admits what it may be."""
    await rig.bot().deliver(Delivery.of(ALERT, attempt=2, uncertain=True))
    assert "may be a repeat" in content(rig.posted[0])


# What goes wrong in Slack


KINDS = ("webhook", "bot")


def slack_sink(rig: Rig, kind: str, **options: Any) -> Sink:
    return rig.webhook(**options) if kind == "webhook" else rig.bot(**options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("fault", "options", "error", "arrived"),
    [
        (Fault.SERVER_ERROR, {"status": 503}, Unavailable, 0),
        (Fault.SERVER_ERROR, {"status": 500}, OutcomeUnknown, 0),
        (Fault.SERVER_ERROR, {"status": 502}, OutcomeUnknown, 0),
        (Fault.HTML, {}, OutcomeUnknown, 0),
        (Fault.TIMEOUT, {}, OutcomeUnknown, 0),
        (Fault.DROP_BEFORE, {}, OutcomeUnknown, 0),
        (Fault.DROP_AFTER, {}, OutcomeUnknown, 1),
        (Fault.TOKEN_EXPIRED, {}, SinkRefused, 0),
        (Fault.PERMISSION_MISSING, {}, SinkRefused, 0),
    ],
)
async def test_each_fault_is_the_right_error(
    rig: Rig, kind: str, fault: Fault, options: dict[str, Any], error: type[InboxdError],
    arrived: int,
) -> None:  # fmt: skip
    """Doubt is never taken for certainty; nothing is sent twice behind our back."""
    switch = rig.fail("slack", fault, **options)
    told = await failure(slack_sink(rig, kind, timeout=0.4), Delivery.of(ALERT))
    assert isinstance(told, error)
    assert len(rig.posted) == arrived
    assert switch.hits == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_broken_off_answer_leaves_doubt(rig: Rig, kind: str) -> None:
    """Half an answer is none, though the message may well be there."""
    rig.fail("slack", Fault.TRUNCATED)
    assert isinstance(await failure(slack_sink(rig, kind), Delivery.of(ALERT)), OutcomeUnknown)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"ok", "text/plain"),
        (b"[1]", "application/json"),
        (b"null", "application/json"),
        (b'"text"', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"{", "application/json"),
        (b"{}", "application/json"),
        (b'{"ok": true}', "application/json"),
        (b'{"ok": true, "channel": "C0SUPPORT"}', "application/json"),
        (b'{"ok": false, "error": {"not": "text"}}', "application/json"),
        (b"", "application/json"),
    ],
)
async def test_nonsense_with_status_200_leaves_doubt(
    rig: Rig, body: bytes, content_type: str
) -> None:
    """Whatever stands between us and Slack, only Slack's own yes is a yes."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type=content_type)

    application = web.Application()
    application.router.add_route("*", "/api/{method}", answer)
    async with TestServer(application) as server:
        sink = rig.bot(api_base=str(server.make_url("/api/")))
        assert isinstance(await failure(sink, Delivery.of(ALERT)), OutcomeUnknown)


async def test_an_answer_of_a_webhook_that_is_no_text_leaves_doubt(rig: Rig) -> None:
    """A proxy's bytes are nobody's yes, and no fault of inboxd's either."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=b"\xff\xfe", content_type="text/plain")

    application = web.Application()
    application.router.add_post("/services/T", answer)
    async with TestServer(application) as server:
        told = await failure(rig.webhook(str(server.make_url("/services/T"))), Delivery.of(ALERT))
    assert str(told) == "sink support: Slack's answer is no text"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_rate_limit_says_until_when(rig: Rig, kind: str) -> None:
    """Retry-After counts from our clock."""
    rig.fail("slack", Fault.RATE_LIMIT, reset_after=timedelta(seconds=30))
    told = await failure(slack_sink(rig, kind), Delivery.of(ALERT))
    assert isinstance(told, RateLimited)
    assert told.until == NOW + timedelta(seconds=30)


async def test_nobody_listening_is_surely_not_delivered(rig: Rig, free_port: int) -> None:
    """Before a connection exists nothing can have been posted."""
    sinks = (
        rig.webhook(f"http://127.0.0.1:{free_port}/services/T/B/wrong-secret"),
        rig.bot(api_base=f"http://127.0.0.1:{free_port}/api/"),
        rig.webhook("http://nowhere.invalid/services/T/B/wrong-secret"),
    )
    for sink in sinks:
        assert isinstance(await failure(sink, Delivery.of(ALERT)), Unavailable)


async def test_a_wrong_address_or_token_is_named_but_not_shown(rig: Rig) -> None:
    """The operator learns what to renew; the log does not learn the secret."""
    url = rig.simulator.webhook_url.replace("simulated-webhook-secret", "wrong-secret")
    told = await failure(rig.webhook(url), Delivery.of(ALERT))
    assert str(told) == (
        "sink support: Slack answered 404 no_service; "
        "make a new incoming webhook and give inboxd its URL"
    )
    told = await failure(rig.bot("xoxb-wrong-secret"), Delivery.of(ALERT))
    assert str(told) == (
        "sink support: Slack answered 200 invalid_auth; "
        "install the Slack app again and give inboxd the new bot token"
    )
    told = await failure(rig.bot(channel="C0NOWHERE"), Delivery.of(ALERT))
    assert "channel_not_found" in str(told)


async def test_not_a_line_of_the_sdk_reaches_a_debug_log(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """With everything at DEBUG, neither webhook, token nor customer text is written."""
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "slack_sdk"):
        await rig.webhook().deliver(Delivery.of(ALERT))
        await rig.bot().deliver(Delivery.of(ALERT))
    assert "simulated-webhook-secret" not in caplog.text
    assert TOKEN not in caplog.text
    assert "посилка" not in caplog.text


async def test_no_proxy_is_honoured(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    """A proxy in the environment is used, unless the environment exempts the host."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port}")
    assert isinstance(await failure(rig.bot(), Delivery.of(ALERT)), Unavailable)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    await rig.bot().deliver(Delivery.of(ALERT))
    assert len(rig.posted) == 1


# Was it delivered after all?


@pytest.mark.parametrize("threaded", [False, True])
@pytest.mark.parametrize(
    ("fault", "arrived"), [(Fault.DROP_AFTER, True), (Fault.DROP_BEFORE, False)]
)
async def test_find_tells_the_truth_about_a_lost_answer(
    rig: Rig, fault: Fault, *, arrived: bool, threaded: bool
) -> None:
    """The bot looks and knows: the message with the alert's key is there, or it is not."""
    sink = rig.bot()
    head = await sink.deliver(Delivery.of(ALERT)) if threaded else None
    delivery = Delivery.of(BREACH, head)
    rig.fail("slack", fault, endpoint="chat.postMessage", times=1)
    assert isinstance(await failure(sink, delivery), OutcomeUnknown)
    rig.clock.advance(timedelta(minutes=2))
    expected = {"channel": SUPPORT, "ts": rig.posted[-1].ts} if arrived else None
    assert await sink.find(delivery) == expected


async def test_find_looks_through_more_than_one_page(rig: Rig) -> None:
    """A busy channel hides nothing."""
    sink = rig.bot()
    receipt = await sink.deliver(Delivery.of(ALERT))
    for number in range(201):
        await sink.deliver(Delivery.of(replace(BREACH, key=f"other:{number}", case=None)))
    assert await sink.find(Delivery.of(ALERT)) == receipt


async def test_find_does_not_take_another_alert_for_this_one(rig: Rig) -> None:
    """Only the very key counts."""
    sink = rig.bot()
    await sink.deliver(Delivery.of(BREACH))
    assert await sink.find(Delivery.of(ALERT)) is None


async def test_without_the_scope_to_look_the_outcome_stays_unknown(rig: Rig) -> None:
    """That inboxd may not look does not mean that nothing is there."""
    rig.fail("slack", Fault.PERMISSION_MISSING, endpoint="conversations.*")
    with pytest.raises(OutcomeUnknown, match="missing_scope"):
        await rig.bot().find(Delivery.of(ALERT))


@pytest.mark.parametrize(
    "fault", [Fault.TIMEOUT, Fault.DROP_AFTER, Fault.HTML, Fault.SERVER_ERROR, Fault.RATE_LIMIT]
)
async def test_looking_may_fail_and_be_tried_again(rig: Rig, fault: Fault) -> None:
    """A read that breaks changed nothing: it is asked again later."""
    rig.fail("slack", fault, endpoint="conversations.*")
    with pytest.raises(NetworkError):
        await rig.bot(timeout=0.4).find(Delivery.of(ALERT))


async def test_who_cannot_look_says_so(rig: Rig) -> None:
    """A webhook and SMTP have no memory that could be asked."""
    for sink in (
        rig.webhook(),
        rig.mail(),
        rig.sink(ConsoleSettings(name="console", type="console")),
    ):
        with pytest.raises(OutcomeUnknown):
            await sink.find(Delivery.of(ALERT))


# Mail


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def server_tls(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


@asynccontextmanager
async def mail_server(
    security: str, authority: trustme.CA, name: str = "127.0.0.1"
) -> AsyncIterator[Rig]:
    login = Login("inboxd", PASSWORD)
    tls = None if security == "none" else server_tls(authority, name)
    async with running(
        smtp_tls=tls, smtp_implicit_tls=security == "tls", smtp_login=login
    ) as started:
        yield started


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
async def test_mail_arrives_over_every_kind_of_connection(
    security: str, authority: trustme.CA, ca_file: Path
) -> None:
    """Encrypted where asked for, logged in, and readable as text and as HTML."""
    async with mail_server(security, authority) as rig:
        login = {"username": "inboxd", "password": SecretStr(PASSWORD)}
        receipt = await rig.mail(security=security, ca_file=ca_file, **login).deliver(
            Delivery.of(ALERT)
        )
        (mail,) = rig.mails
        assert mail.encrypted == (security != "none")
        assert mail.user == "inboxd"
        assert mail.message["Message-ID"] == receipt["message_id"]
        assert mail.subject == f"⏳ {ALERT.headline}"
        assert f"> {CARD.text}" in mail.text
        assert "&lt;!channel&gt; *терміново*" in mail.html
        assert mail.message["Date"].datetime == NOW


async def test_mails_of_a_case_hang_together(rig: Rig) -> None:
    """A mail program shows one thread, and a repeat has its first attempt's Message-ID."""
    sink = rig.mail()
    head = await sink.deliver(Delivery.of(ALERT))
    await sink.deliver(Delivery.of(BREACH, head))
    await sink.deliver(Delivery.of(BREACH, head, attempt=2))
    first, second, again = (mail.message for mail in rig.mails)
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["Message-ID"] == again["Message-ID"] != first["Message-ID"]


async def test_one_refused_recipient_is_not_silent(rig: Rig) -> None:
    """The others have their mail; who has not is in the receipt."""
    rig.fail("smtp", Fault.REFUSED, endpoint=f"RCPT {SECOND}")
    receipt = await rig.mail(to=(LEAD, SECOND)).deliver(Delivery.of(ALERT))
    assert rig.mails[0].recipients == [LEAD]
    assert receipt["refused"].startswith(f"{SECOND}: 550 ")


async def test_who_is_refused_for_now_gets_the_mail_later_and_alone(rig: Rig) -> None:
    """Greylisting or a full mailbox: the others are not told again, and it is the same mail."""
    greylisted = rig.fail("smtp", Fault.RATE_LIMIT, endpoint=f"RCPT {SECOND}")
    rig.fail("smtp", Fault.REFUSED, endpoint="RCPT gone@shop.example")
    sink = rig.mail(to=(LEAD, SECOND, "gone@shop.example"))
    told = await failure(sink, Delivery.of(ALERT))
    assert isinstance(told, PartlyDelivered)
    assert f"{SECOND}: 450 " in str(told)
    again = replace(Delivery.of(ALERT, attempt=2), reached=told.receipt)
    assert isinstance(await failure(sink, again), Unavailable)
    rig.simulator.faults.switch_off(greylisted)
    receipt = await sink.deliver(again)
    first, second = rig.mails
    assert (first.recipients, second.recipients) == ([LEAD], [SECOND])
    assert first.message["Message-ID"] == second.message["Message-ID"] == receipt["message_id"]
    assert first.message["To"] == second.message["To"]
    assert "gone@shop.example: 550" in receipt["refused"]


async def test_who_is_refused_for_good_after_all_is_left_out(rig: Rig) -> None:
    """Greylisted first, and then unknown: the others have the mail, so it was delivered."""
    greylisted = rig.fail("smtp", Fault.RATE_LIMIT, endpoint=f"RCPT {SECOND}")
    sink = rig.mail(to=(LEAD, SECOND))
    told = await failure(sink, Delivery.of(ALERT))
    assert isinstance(told, PartlyDelivered)
    rig.simulator.faults.switch_off(greylisted)
    rig.fail("smtp", Fault.REFUSED, endpoint=f"RCPT {SECOND}")
    receipt = await sink.deliver(replace(Delivery.of(ALERT, attempt=2), reached=told.receipt))
    assert receipt["refused"].startswith(f"{SECOND}: 550 ")
    assert [mail.recipients for mail in rig.mails] == [[LEAD]]


async def test_who_is_named_twice_gets_one_mail_and_is_waited_for(rig: Rig) -> None:
    """A slip in the configuration makes no refusal for good of one for now."""
    greylisted = rig.fail("smtp", Fault.RATE_LIMIT, endpoint=f"RCPT {LEAD}")
    sink = rig.mail(to=(LEAD, LEAD))
    assert isinstance(await failure(sink, Delivery.of(ALERT)), Unavailable)
    rig.simulator.faults.switch_off(greylisted)
    await sink.deliver(Delivery.of(ALERT))
    assert [mail.recipients for mail in rig.mails] == [[LEAD]]


async def test_nobody_left_to_be_told_is_no_mail(rig: Rig) -> None:
    """Who was refused for now was taken out of the configuration meanwhile."""
    rig.fail("smtp", Fault.RATE_LIMIT, endpoint=f"RCPT {SECOND}")
    told = await failure(rig.mail(to=(LEAD, SECOND)), Delivery.of(ALERT))
    assert isinstance(told, PartlyDelivered)
    await rig.mail().deliver(replace(Delivery.of(ALERT), reached=told.receipt))
    assert len(rig.mails) == 1


@pytest.mark.parametrize(
    ("fault", "options", "error", "arrived"),
    [
        (Fault.REFUSED, {"endpoint": "RCPT *"}, SinkRefused, 0),
        (Fault.RATE_LIMIT, {"endpoint": "RCPT *"}, Unavailable, 0),
        (Fault.REFUSED, {"endpoint": "DATA"}, SinkRefused, 0),
        (Fault.SERVER_ERROR, {"endpoint": "DATA"}, Unavailable, 0),
        (Fault.SERVER_ERROR, {"endpoint": "RCPT *", "status": 421}, Unavailable, 0),
        (Fault.DROP_BEFORE, {"endpoint": "RCPT *"}, Unavailable, 0),
        (Fault.TIMEOUT, {"endpoint": "RCPT *"}, Unavailable, 0),
        (Fault.DROP_BEFORE, {"endpoint": "DATA"}, OutcomeUnknown, 0),
        (Fault.DROP_AFTER, {"endpoint": "DATA"}, OutcomeUnknown, 1),
    ],
)
async def test_each_smtp_fault_is_the_right_error(
    rig: Rig, fault: Fault, options: dict[str, Any], error: type[InboxdError], arrived: int
) -> None:
    """Only what happens after the text was sent leaves doubt."""
    rig.fail("smtp", fault, **options)
    sink = rig.mail(timeout=timedelta(seconds=0.4))
    assert isinstance(await failure(sink, Delivery.of(ALERT)), error)
    assert len(rig.mails) == arrived


async def test_a_server_has_long_to_say_that_it_took_the_mail(rig: Rig) -> None:
    """Twenty times as long as for any other step: a mail that was given up comes twice."""
    rig.fail("smtp", Fault.TIMEOUT, endpoint="DATA")
    began = monotonic()
    sink = rig.mail(timeout=timedelta(seconds=0.15))
    assert isinstance(await failure(sink, Delivery.of(ALERT)), OutcomeUnknown)
    assert monotonic() - began >= 20 * 0.15


async def test_one_recipient_who_may_come_back_is_worth_waiting_for(rig: Rig) -> None:
    """One refused for good and one for now: it is tried again."""
    rig.fail("smtp", Fault.REFUSED, endpoint=f"RCPT {LEAD}")
    rig.fail("smtp", Fault.RATE_LIMIT, endpoint=f"RCPT {SECOND}")
    assert isinstance(await failure(rig.mail(to=(LEAD, SECOND)), Delivery.of(ALERT)), Unavailable)


async def test_no_mail_server_is_surely_not_delivered(rig: Rig, free_port: int) -> None:
    """Nobody listens, or the name does not exist: try again later."""
    for changes in ({"port": free_port}, {"host": "nowhere.invalid"}):
        assert isinstance(await failure(rig.mail(**changes), Delivery.of(ALERT)), Unavailable)


async def test_a_wrong_password_is_told_without_the_password(
    authority: trustme.CA, ca_file: Path
) -> None:
    """The operator must act; the password stays out of it."""
    async with mail_server("starttls", authority) as rig:
        sink = rig.mail(security="starttls", username="inboxd", ca_file=ca_file,
                        password=SecretStr("wrong-secret"))  # fmt: skip
        told = await failure(sink, Delivery.of(ALERT))
        assert isinstance(told, SinkRefused)
        assert "535" in str(told)


def test_a_server_that_repeats_the_password_does_not_leak_it(rig: Rig) -> None:
    """What a server says may go to the log; the password in it may not."""
    sink = EmailSink(rig.email(password=SecretStr(PASSWORD)), rig.clock, KYIV)
    error = aiosmtplib.SMTPAuthenticationError(535, f"bad credentials inboxd/{PASSWORD}")
    assert str(sink._not_connected(error)).count("inboxd/***") == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_untrusted_certificate_is_refused(security: str, authority: trustme.CA) -> None:
    """Nothing is sent to who cannot prove to be the server, and the text says what to set."""
    async with mail_server(security, authority) as rig:
        told = await failure(rig.mail(security=security), Delivery.of(ALERT))
        assert isinstance(told, SinkRefused)
        assert "ca_file" in str(told)


async def test_a_certificate_for_another_name_is_refused(
    authority: trustme.CA, ca_file: Path
) -> None:
    """A trusted authority is not enough: the name must be right too."""
    async with mail_server("starttls", authority, "mail.elsewhere.example") as rig:
        told = await failure(rig.mail(security="starttls", ca_file=ca_file), Delivery.of(ALERT))
        assert isinstance(told, SinkRefused)


async def test_a_server_without_starttls_gets_no_plain_mail(rig: Rig) -> None:
    """Asked for encryption, inboxd does not do without."""
    told = await failure(rig.mail(security="starttls"), Delivery.of(ALERT))
    assert isinstance(told, SinkRefused)
    assert not rig.mails


async def test_a_broken_ca_file_is_named(rig: Rig, tmp_path: Path) -> None:
    """The text says which file to mend."""
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "missing.pem"):
        told = await failure(rig.mail(security="tls", ca_file=path), Delivery.of(ALERT))
        assert isinstance(told, SinkRefused)
        assert path.name in str(told)


async def test_closing_twice_is_fine(rig: Rig) -> None:
    """Whoever stops the daemon need not count."""
    for sink in (rig.webhook(), rig.bot(), rig.mail()):
        await sink.close()
        await sink.close()


async def test_the_console_prints_where_it_is_told(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output, as lines when it is no terminal."""
    await rig.sink(ConsoleSettings(name="console", type="console")).deliver(Delivery.of(ALERT))
    assert f"  | {CARD.text}" in capsys.readouterr().out
    with contextlib.suppress(InboxdError):
        await rig.sink(ConsoleSettings(name="console", type="console")).find(Delivery.of(ALERT))
