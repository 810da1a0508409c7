"""Starts and stops every server of the simulated world."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from inboxd.simulator import facebook, slack, twitter, vk
from inboxd.simulator.faults import Faults, RequestLog
from inboxd.simulator.smtp import HOST, Login, Mailbox, MailServer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from inboxd.simulator.world import World

# aiohttp takes 0 for "wait for ever".
_GRACE_SECONDS = 0.01


@dataclass(slots=True)
class Options:
    """
    How the servers are to behave and where to listen.

    *ports* by server name ("vk", "facebook", "twitter", "slack", "smtp"); those not named get a free
    one. *rate_limited* False lifts the limits of X and Slack, for benchmarks and for a clock that
    stands still. *vk_tokens* says which tokens VK knows, and of which kind each is.
    """

    ports: Mapping[str, int] = field(default_factory=dict)
    rate_limited: bool = True
    smtp_tls: ssl.SSLContext | None = None
    smtp_implicit_tls: bool = False
    smtp_login: Login | None = None
    vk_tokens: Mapping[str, vk.TokenKind] = field(default_factory=lambda: vk.TOKENS)


class Simulator:
    """
    The three networks, Slack and a mail server on loopback ports, for as long as the `async with`.

    One *world* is behind the networks; what was sent to people is in `slack.messages` and
    `mail.messages`, every request in `log`, and `faults` switches what goes wrong.
    """

    def __init__(
        self,
        world: World,
        *,
        now: Callable[[], datetime],
        faults: Faults | None = None,
        options: Options | None = None,
    ) -> None:
        self.world = world
        self.faults = faults or Faults()
        self.log = RequestLog()
        self.slack = slack.Workspace()
        self.mail = Mailbox()
        self.facebook_details: dict[int, dict[str, Any]] = {}
        """What the world does not know of an item of Facebook's, by serial; see its `app`."""
        self.vk_url = self.facebook_url = self.twitter_url = ""
        self.slack_api_url = self.webhook_url = ""
        self.smtp_host = HOST
        self.smtp_port = 0
        self._now = now
        self._options = options or Options()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        shared = (self.world, self.faults, self.log, self._now)
        limited = self._options.rate_limited
        self.vk_url = await self._serve(
            stack, "vk", vk.app(*shared, tokens=self._options.vk_tokens)
        )
        graph = facebook.app(*shared, details=self.facebook_details)
        self.facebook_url = await self._serve(stack, "facebook", graph)
        self.twitter_url = await self._serve(
            stack, "twitter", twitter.app(*shared, rate_limited=limited)
        )
        workspace = slack.app(self.slack, self.faults, self.log, self._now, rate_limited=limited)
        slack_url = await self._serve(stack, "slack", workspace)
        self.slack_api_url = f"{slack_url}/api/"
        self.webhook_url = f"{slack_url}{slack.WEBHOOK_PATH}"
        await self._serve_mail(stack)

    async def _serve(self, stack: AsyncExitStack, name: str, app: web.Application) -> str:
        # A handler that hangs on purpose must end with its client, and must not delay the stop.
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE_SECONDS
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, HOST, self._options.ports.get(name, 0))
        await site.start()
        return f"http://{HOST}:{runner.addresses[0][1]}"

    async def _serve_mail(self, stack: AsyncExitStack) -> None:
        server = MailServer(
            self.mail,
            self.faults,
            self.log,
            self._now,
            tls=self._options.smtp_tls,
            implicit_tls=self._options.smtp_implicit_tls,
            login=self._options.smtp_login,
        )
        stack.push_async_callback(server.stop)
        await server.start(self._options.ports.get("smtp", 0))
        self.smtp_port = server.port
