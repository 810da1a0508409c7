"""The simulated Slack and mail server, and the start and stop of the whole world."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import aiohttp
import aiosmtplib
import pytest
import trustme

from inboxd.simulator.faults import Fault, Faults
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.slack import CHANNELS, TOKEN
from inboxd.simulator.smtp import Login
from inboxd.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SUPPORT = CHANNELS["support"]
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


class Team:
    """The simulated servers, a clock that the test moves, and a Slack client without an SDK."""

    def __init__(
        self, sim: Simulator, session: aiohttp.ClientSession, clock: list[datetime]
    ) -> None:
        self.sim = sim
        self.session = session
        self._clock = clock

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self._clock[0] += by

    @property
    def faults(self) -> Faults:
        """The switches."""
        return self.sim.faults

    async def api(self, method: str, token: str = TOKEN, **body: Any) -> Any:
        """Call a Web API method with JSON."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = self.sim.slack_api_url + method
        async with self.session.post(url, json=body, headers=headers) as answer:
            return await answer.json()

    async def hook(self, body: object, url: str = "") -> tuple[int, str]:
        """Post to the incoming webhook."""
        async with self.session.post(url or self.sim.webhook_url, json=body) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def team() -> AsyncIterator[Team]:
    clock = [START]
    async with (
        Simulator(World(1, customers=1), now=lambda: clock[0]) as sim,
        aiohttp.ClientSession() as session,
    ):
        yield Team(sim, session, clock)


async def test_a_webhook_message_is_seen_but_its_ts_is_not_told(team: Team) -> None:
    """The answer is "ok" and no more."""
    answer = await team.hook({"text": "one is waiting", "blocks": [SECTION]})

    assert answer == (200, "ok")
    (message,) = team.sim.slack.messages
    assert (message.channel, message.text, message.blocks) == (SUPPORT, "one is waiting", [SECTION])
    assert message.via == "webhook"


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, "no_text"), ({"text": ""}, "no_text"), ({"blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ([], "invalid_payload"), ({"text": 5}, "invalid_payload"),
        ({"text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
    ],
)  # fmt: skip
async def test_a_webhook_refuses_what_slack_refuses(team: Team, body: Any, refusal: str) -> None:
    """A 400 with Slack's own word for it, and nothing is shown."""
    assert await team.hook(body) == (400, refusal)
    assert team.sim.slack.messages == []


async def test_an_unknown_webhook_is_no_service(team: Team) -> None:
    """A wrong secret is a 404, and the log keeps no secret."""
    assert await team.hook({"text": "x"}, team.sim.webhook_url + "x") == (404, "no_service")
    assert "secret" not in str(team.sim.log.of("slack")[-1].path)


async def test_a_bot_message_is_updated_in_place(team: Team) -> None:
    """One message with two versions, as a person sees it: edited, not posted again."""
    metadata = {"event_type": "inboxd_alert", "event_payload": {"key": "k1"}}
    posted = await team.api(
        "chat.postMessage", channel="#support", text="1 waiting", metadata=metadata
    )
    team.move(timedelta(minutes=1))
    updated = await team.api(
        "chat.update", channel=posted["channel"], ts=posted["ts"], text="answered"
    )

    assert posted["ok"] is True
    assert updated["ts"] == posted["ts"]
    assert isinstance(posted["ts"], str)
    (message,) = team.sim.slack.messages
    assert [version.text for version in message.versions] == ["1 waiting", "answered"]
    assert (message.at, message.metadata) == (START, metadata)


async def test_every_message_has_a_ts_of_its_own(team: Team) -> None:
    """Even two in the same instant, and in order."""
    stamps = [
        (await team.api("chat.postMessage", channel=SUPPORT, text=str(n)))["ts"] for n in range(3)
    ]

    assert stamps == sorted(set(stamps))
    assert stamps[0] == f"{int(START.timestamp())}.000000"


async def test_history_finds_a_message_by_its_metadata(team: Team) -> None:
    """Newest first, in pages, metadata only when asked for, threads and deleted ones left out."""
    stamps = []
    for number in range(4):
        body = {"event_type": "alert", "event_payload": {"n": number}}
        posted = await team.api(
            "chat.postMessage", channel=SUPPORT, text=f"m{number}", metadata=body
        )
        stamps.append(posted["ts"])
    await team.api("chat.postMessage", channel=SUPPORT, text="reply", thread_ts=stamps[0])
    await team.api("chat.delete", channel=SUPPORT, ts=stamps[2])

    first = await team.api(
        "conversations.history", channel=SUPPORT, limit=2, include_all_metadata=True
    )
    second = await team.api(
        "conversations.history", channel=SUPPORT, limit=2,
        cursor=first["response_metadata"]["next_cursor"],
    )  # fmt: skip

    assert [message["text"] for message in first["messages"]] == ["m3", "m1"]
    assert first["messages"][0]["metadata"]["event_payload"] == {"n": 3}
    assert [message["text"] for message in second["messages"]] == ["m0"]
    assert "metadata" not in second["messages"][0]
    assert second["has_more"] is False


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ({"channel": SUPPORT}, "no_text"),
        ({"channel": SUPPORT, "text": "x", "blocks": [SECTION] * 51}, "invalid_blocks"),
        ({"channel": SUPPORT, "text": "x", "blocks": {"type": "section"}}, "invalid_blocks_format"),
    ],
)
async def test_the_web_api_refuses_what_slack_refuses(
    team: Team, body: dict[str, Any], refusal: str
) -> None:
    """A 200 with ok false and Slack's own word for it."""
    answer = await team.api("chat.postMessage", **body)

    assert (answer["ok"], answer["error"]) == (False, refusal)
    assert team.sim.slack.messages == []


def text(length: int, kind: str = "mrkdwn") -> dict[str, str]:
    """Return a text object of *length* characters."""
    return {"type": kind, "text": "x" * length}


def button(**more: Any) -> dict[str, Any]:
    """Return an actions block with one button."""
    element = {"type": "button", "text": text(5, "plain_text"), "action_id": "a", **more}
    return {"type": "actions", "elements": [element]}


def menu(options: int, **more: Any) -> dict[str, Any]:
    """Return a section with a menu of so many options beside it."""
    option = {"text": text(5, "plain_text"), "value": "v", **more}
    accessory = {"type": "overflow", "action_id": "m", "options": [option] * options}
    return {**SECTION, "accessory": accessory}


@pytest.mark.parametrize(
    ("block", "fits"),
    [
        ({"type": "section", "text": text(3000)}, True),
        ({"type": "section", "text": text(3001)}, False),
        ({"type": "section", "text": text(0)}, False),
        ({"type": "section"}, False),
        ({"type": "section", "fields": [text(2000)]}, True),
        ({"type": "section", "fields": [text(2001)]}, False),
        ({"type": "section", "fields": [text(1)] * 11}, False),
        ({"type": "header", "text": text(150, "plain_text")}, True),
        ({"type": "header", "text": text(151, "plain_text")}, False),
        ({"type": "header", "text": text(5)}, False),
        ({"type": "context", "elements": [text(5)] * 10}, True),
        ({"type": "context", "elements": [text(5)] * 11}, False),
        ({"type": "divider", "block_id": "b" * 256}, False),
        (button(value="v" * 2000, action_id="a" * 255), True),
        (button(value="v" * 2001), False),
        (button(text=text(76, "plain_text")), False),
        (button(style="loud"), False),
        (button(url="https://vk.com/" + "x" * 2985), True),
        (button(url="https://vk.com/" + "x" * 2986), False),
        (button(url="vk.com"), False),
        ({"type": "actions", "elements": [button()["elements"][0]] * 2}, False),
        (menu(1), True),
        (menu(5), True),
        (menu(6), False),
        (menu(0), False),
        (menu(1, value="v" * 150), True),
        (menu(1, value="v" * 151), False),
        (menu(1, value=""), False),
        (menu(1, text=text(76, "plain_text")), False),
        (menu(1, text=text(5)), False),
        (menu(1, url="javascript:1"), False),
    ],
)
async def test_blocks_have_slacks_limits(team: Team, block: dict[str, Any], *, fits: bool) -> None:
    """Each limit of the contract, on both sides of it."""
    answer = await team.api("chat.postMessage", channel=SUPPORT, text="x", blocks=[block])

    assert answer["ok"] is fits
    assert fits or answer["error"] == "invalid_blocks"


async def test_blocks_can_be_too_long_together(team: Team) -> None:
    """Each block fits and the message does not, below every documented limit."""
    blocks = [{"type": "section", "text": text(2700)}] * 5

    answer = await team.api("chat.postMessage", channel=SUPPORT, text="x", blocks=blocks)

    assert answer["error"] == "msg_blocks_too_long"


@pytest.mark.parametrize(("token", "refusal"), [("", "not_authed"), ("xoxb-wrong", "invalid_auth")])
async def test_a_token_is_needed(team: Team, token: str, refusal: str) -> None:
    """No method works without the right one."""
    assert (await team.api("auth.test", token=token))["error"] == refusal


async def test_form_bodies_are_read_too(team: Team) -> None:
    """Clients that send forms put JSON into the fields, and may put the token there."""
    form = {"token": TOKEN, "channel": SUPPORT, "text": "hi", "blocks": json.dumps([SECTION])}

    url = team.sim.slack_api_url + "chat.postMessage"
    async with team.session.post(url, data=form) as answer:
        body = await answer.json()

    assert body["message"]["blocks"] == [SECTION]


async def test_channels_and_people_can_be_looked_up(team: Team) -> None:
    """What `check --online` asks for."""
    channel = await team.api("conversations.info", channel=SUPPORT)
    person = await team.api("users.lookupByEmail", email="lead@shop.example")
    nobody = await team.api("users.lookupByEmail", email="x@y.example")

    assert channel["channel"]["name"] == "support"
    assert person["user"]["id"] == "U0LEAD"
    assert nobody["error"] == "users_not_found"


async def test_a_channel_takes_a_burst_and_then_one_a_second(team: Team) -> None:
    """The rest is a 429 whose Retry-After is whole seconds."""
    statuses = [(await team.hook({"text": "x"}))[0] for _post in range(11)]
    async with team.session.post(team.sim.webhook_url, json={"text": "x"}) as answer:
        assert answer.headers["Retry-After"] == "1"
    team.move(timedelta(seconds=1))

    assert statuses == [200] * 10 + [429]
    assert (await team.hook({"text": "x"}))[0] == 200


async def test_a_lost_answer_leaves_the_message_posted(team: Team) -> None:
    """The case an outbox must mark ambiguous and reconcile."""
    team.faults.switch_on("slack", Fault.DROP_AFTER, times=1)

    with pytest.raises(aiohttp.ClientConnectionError):
        await team.api("chat.postMessage", channel=SUPPORT, text="once")

    assert [message.text for message in team.sim.slack.messages] == ["once"]


@pytest.mark.parametrize(
    ("fault", "code", "hook", "error"),
    [
        (Fault.RATE_LIMIT, None, (429, "rate_limited"), "ratelimited"),
        (Fault.SERVER_ERROR, None, (503, "rollup_error"), "internal_error"),
        (Fault.TOKEN_EXPIRED, None, (403, "invalid_token"), "token_expired"),
        (Fault.PERMISSION_MISSING, None, (403, "action_prohibited"), "missing_scope"),
        (Fault.REFUSED, "channel_is_archived", (410, "channel_is_archived"), "channel_is_archived"),
    ],
)
async def test_faults_speak_as_slack_does(
    team: Team, fault: Fault, code: str | None, hook: tuple[int, str], error: str
) -> None:
    """Webhooks answer in words and statuses, the Web API in JSON."""
    team.faults.switch_on("slack", fault, code=code)

    assert await team.hook({"text": "x"}) == hook
    assert (await team.api("chat.postMessage", channel=SUPPORT, text="x"))["error"] == error


def mail(*to: str) -> EmailMessage:
    """Return a message with a plain and an HTML part."""
    message = EmailMessage()
    message["From"], message["To"] = "inboxd@shop.example", ", ".join(to)
    message["Subject"] = "Ждёт ответа: Анна"
    message["Message-ID"] = "<k1@inboxd>"
    message.set_content("Посылка не пришла")
    message.add_alternative("<p>Посылка не пришла</p>", subtype="html")
    return message


async def send(sim: Simulator, *to: str, **options: Any) -> Any:
    """Send one message with aiosmtplib."""
    options = {"start_tls": False, "timeout": 5, **options}
    return await aiosmtplib.send(
        mail(*(to or ("lead@shop.example",))), hostname=sim.smtp_host, port=sim.smtp_port, **options
    )


async def test_a_mail_is_kept_as_it_was_sent(team: Team) -> None:
    """Envelope, headers and both parts are there to look at."""
    await send(team.sim, "lead@shop.example", "boss@shop.example")

    (kept,) = team.sim.mail.to("boss@shop.example")
    assert kept.sender == "inboxd@shop.example"
    assert kept.recipients == ["lead@shop.example", "boss@shop.example"]
    assert (kept.subject, kept.text.strip()) == ("Ждёт ответа: Анна", "Посылка не пришла")
    assert "<p>Посылка" in kept.html
    assert kept.message["Message-ID"] == "<k1@inboxd>"
    assert (kept.at, kept.encrypted) == (START, False)


async def test_one_recipient_of_two_can_be_refused(team: Team) -> None:
    """The other one gets the mail."""
    team.faults.switch_on("smtp", Fault.REFUSED, endpoint="RCPT boss@*")

    errors, _answer = await send(team.sim, "lead@shop.example", "boss@shop.example")

    assert errors["boss@shop.example"][0] == 550
    assert [kept.recipients for kept in team.sim.mail.messages] == [["lead@shop.example"]]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(Fault.SERVER_ERROR, 421, 421), (Fault.SERVER_ERROR, 503, 451), (Fault.REFUSED, 0, 550),
     (Fault.RATE_LIMIT, 0, 450)],
)  # fmt: skip
async def test_a_mail_can_be_refused_for_now_or_for_good(
    team: Team, fault: Fault, status: int, code: int
) -> None:
    """4xx is worth another try, 5xx is not; nothing is kept, and the next one goes through."""
    team.faults.switch_on("smtp", fault, endpoint="DATA", status=status, times=1)

    with pytest.raises(aiosmtplib.SMTPResponseException) as caught:
        await send(team.sim)

    assert caught.value.code == code
    assert team.sim.mail.messages == []
    await send(team.sim)
    assert len(team.sim.mail.messages) == 1


@pytest.mark.parametrize(("fault", "kept"), [(Fault.DROP_BEFORE, 0), (Fault.DROP_AFTER, 1)])
async def test_the_answer_to_data_can_be_lost(team: Team, fault: Fault, kept: int) -> None:
    """The client sees the same; whether the mail was taken it cannot know."""
    team.faults.switch_on("smtp", fault, endpoint="DATA", times=1)

    with pytest.raises(aiosmtplib.SMTPException):
        await send(team.sim)

    assert len(team.sim.mail.messages) == kept


async def test_a_silent_mail_server_runs_into_the_clients_timeout(team: Team) -> None:
    """Nothing comes, and stopping the world does not wait for it."""
    team.faults.switch_on("smtp", Fault.TIMEOUT, endpoint="DATA")

    with pytest.raises(aiosmtplib.SMTPTimeoutError):
        await send(team.sim, timeout=0.1)

    assert team.sim.mail.messages == []


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
async def test_mail_is_encrypted_and_the_sender_known(*, implicit: bool) -> None:
    """STARTTLS or TLS from the first byte, and a login over it."""
    authority = trustme.CA()
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    client_side = ssl.create_default_context()
    authority.configure_trust(client_side)
    options = Options(
        smtp_tls=server_side, smtp_implicit_tls=implicit, smtp_login=Login("inboxd", "pass")
    )
    secure = {"use_tls": implicit, "start_tls": not implicit, "tls_context": client_side}

    async with Simulator(World(1), now=lambda: START, options=options) as sim:
        await send(sim, username="inboxd", password="pass", **secure)
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await send(sim, username="inboxd", password="wrong", **secure)
        with pytest.raises(aiosmtplib.SMTPException):
            await send(sim, **secure)

    (kept,) = sim.mail.messages
    assert (kept.encrypted, kept.user) == (True, "inboxd")


async def test_the_world_stops_with_requests_hanging() -> None:
    """Every port is closed and every task has ended, whatever was under way."""
    faults = Faults()
    for network in ("vk", "facebook", "twitter", "slack", "smtp"):
        faults.switch_on(network, Fault.TIMEOUT)
    before = asyncio.all_tasks()
    async with (
        aiohttp.ClientSession() as session,
        Simulator(World(1), now=lambda: START, faults=faults) as sim,
    ):
        urls = (sim.vk_url + "/method/users.get", sim.facebook_url + "/me", sim.twitter_url + "/2/users/me",
                sim.slack_api_url + "auth.test")  # fmt: skip
        calls = [asyncio.create_task(_call(session, url)) for url in urls]
        calls.append(asyncio.create_task(send(sim)))
        while not all(switch.hits for switch in faults._switches):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(result, Exception) for result in results)
    assert asyncio.all_tasks() == before
    for url in urls:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]))


async def _call(session: aiohttp.ClientSession, url: str) -> bytes:
    async with session.get(url) as answer:
        return await answer.read()


async def test_a_second_world_can_take_chosen_ports() -> None:
    """A port that was given back is free at once."""
    async with Simulator(World(1), now=lambda: START) as first:
        port = int(first.twitter_url.rsplit(":", 1)[1])
    options = replace(Options(), ports={"twitter": port})

    async with Simulator(World(1), now=lambda: START, options=options) as second:
        assert second.twitter_url == first.twitter_url
