"""
The demo: a simulated shop's working day, read and escalated by the real daemon.

The networks, Slack and the mail server are local servers; the configuration is a file like
any other; only the clock runs faster. What is shown as delivered is what those servers got.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

from rich.text import Text

from inboxd import logs, plugins
from inboxd.clock import FastClock
from inboxd.config import load
from inboxd.connector import OutgoingReply
from inboxd.core.text import one_line
from inboxd.daemon import started
from inboxd.errors import OperatorError
from inboxd.model import Direction
from inboxd.store import Store
from inboxd.terminal import console

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console

    from inboxd.clock import Clock
    from inboxd.daemon import Daemon
    from inboxd.simulator.script import Scenario
    from inboxd.simulator.server import Simulator
    from inboxd.simulator.world import Item
    from inboxd.store.views import Judged

_ZONE = ZoneInfo("Europe/Kyiv")
_DAY = date(2026, 9, 16)  # a Wednesday without holidays
_BEGINS, _ENDS = time(8, 50), time(18, 15)
_LOOK_EVERY = timedelta(minutes=3)


async def play(*, seed: int, keep: Path | None, seconds: int) -> None:
    """Play the day of *seed* in *seconds*; with *keep*, leave the files in that folder."""
    try:
        from inboxd.simulator.scenario import working_day  # noqa: PLC0415 - needs the extra
        from inboxd.simulator.server import Simulator  # noqa: PLC0415 - needs the extra
    except ImportError as error:
        raise OperatorError(
            f"the demo needs the extra: pip install 'inboxd[demo]' ({error.name} is missing)"
        ) from error
    begins, ends = (datetime.combine(_DAY, at, _ZONE) for at in (_BEGINS, _ENDS))
    day = working_day(seed, _DAY, _ZONE)
    world = day.new_world()
    async with AsyncExitStack() as stack:
        folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inboxd-")))
        folder.mkdir(parents=True, exist_ok=True)
        clock = FastClock(begins, (ends - begins).total_seconds() / seconds)
        simulator = await stack.enter_async_context(Simulator(world, now=clock.now))
        log = stack.enter_context((folder / "inboxd.log").open("w", encoding="utf-8"))
        await _Stage(day, simulator, clock, folder, console(), log).perform(ends)


@dataclass(slots=True)
class _Stage:
    """One performance: the world, the servers, the daemon, and who tells of it."""

    day: Scenario
    simulator: Simulator
    clock: Clock
    folder: Path
    out: Console
    log: TextIO

    async def perform(self, ends: datetime) -> None:
        """Let the day pass, then tell how it went."""
        database = self.folder / "inboxd.db"
        for old in self.folder.glob("inboxd.db*"):
            old.unlink()
        path = self.folder / "config.toml"
        path.write_text(_config(self.simulator), encoding="utf-8")
        path.chmod(0o600)
        settings = load(path, plugins.networks(), _secrets())
        logs.configure(secrets=settings.secrets(), stream=self.log)
        self.out.print(Text(f"A working day in {_ZONE.key}, {_DAY:%A %d %B %Y}", style="bold"))
        async with started(settings, self.clock) as daemon:
            with Store(database) as store:
                await self._run(daemon, store, ends)
                _Closing(self.out, self.simulator, store).tell(ends)

    async def _run(self, daemon: Daemon, store: Store, ends: datetime) -> None:
        narrator = _Narrator(self.out, self.simulator, store)
        colleague = _Colleague(store, self.clock)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(daemon.run(stop))
            play = self.day.play(
                self.simulator.world,
                self._sleep_until,
                faults=self.simulator.faults,
                answer=colleague.answer,
            )
            group.create_task(play)
            while self.clock.now() < ends:
                await self.clock.sleep(_LOOK_EVERY)
                narrator.look()
            stop.set()

    async def _sleep_until(self, instant: datetime) -> None:
        await self.clock.sleep(instant - self.clock.now())


@dataclass(slots=True)
class _Colleague:
    """A member of the staff who answers with inboxd itself, as `inboxd reply` does."""

    store: Store
    clock: Clock

    async def answer(self, item: Item, text: str) -> bool:
        """Queue *text* as the reply to the case of *item*, if that customer still waits."""
        for case in self.store.views.waiting():
            if case.text != item.text_at(self.clock.now()):
                continue
            place = self.store.views.reply_place(case.case_id)
            if not place.open:
                return False
            reply = OutgoingReply(
                key=f"reply:{uuid4()}",
                thread_id=place.thread_id,
                stream=place.stream,
                text=text,
                parent_id=place.parent_id,
                recipient=place.recipient,
                sent_after=place.sent_after,
            )
            self.store.outbox.add_reply(case.account, case.case_id, reply, self.clock.now())
            return True
        return False


class _Narrator:
    """Prints what the daemon has stored and what people were sent, as it happens."""

    def __init__(self, out: Console, simulator: Simulator, store: Store) -> None:
        self._out = out
        self._simulator = simulator
        self._store = store
        self._seen = self._slack = self._mail = 0

    def look(self) -> None:
        """Print what is new since the last look, in the order in which it happened."""
        told = [*self._messages(), *self._posts(), *self._mails()]
        for at, line in sorted(told, key=lambda each: each[0]):
            stamp = Text(f"{at.astimezone(_ZONE):%H:%M} ", style="dim")
            self._out.print(stamp + line, overflow="ellipsis", no_wrap=True)

    def _messages(self) -> list[tuple[datetime, Text]]:
        new = list(takewhile(_is_told, self._store.views.verdicts(self._seen)))
        self._seen = new[-1].id if new else self._seen
        return [(message.sent_at, _told(message)) for message in new]

    def _posts(self) -> list[tuple[datetime, Text]]:
        posts = self._simulator.slack.messages[self._slack :]
        self._slack += len(posts)
        return [(post.at, _alert("Slack", post.versions[0].text)) for post in posts]

    def _mails(self) -> list[tuple[datetime, Text]]:
        mails = self._simulator.mail.messages[self._mail :]
        self._mail += len(mails)
        return [(mail.at, _alert("e-mail", mail.subject)) for mail in mails]


def _is_told(message: Judged) -> bool:
    """Tell whether everything about *message* is known: its verdict follows within a second."""
    return message.direction is Direction.OUTBOUND or message.kind is not None


def _told(message: Judged) -> Text:
    name = message.author.name or message.author.handle if message.author else "somebody"
    if message.direction is Direction.OUTBOUND:
        return Text(f"{message.account:8} ← {one_line(message.text, 100)}", style="green")
    verdict = ", ".join(filter(None, [message.kind, *message.topics]))
    style = "bold" if message.kind == "complaint" else ""
    line = Text(f"{message.account:8} {one_line(name, 20)}: {one_line(message.text, 80)} ", style)
    return line + Text(f"[{verdict}]", style="cyan")


def _alert(where: str, text: str) -> Text:
    return Text(f"  ▶ {where}: {one_line(text, 140)}", style="yellow")


@dataclass(slots=True)
class _Closing:
    """The end of the day: every alert that people got, and the figures."""

    out: Console
    simulator: Simulator
    store: Store

    def tell(self, now: datetime) -> None:
        """Print the alerts, then the summary."""
        self._alerts()
        self._summary(now)

    def _alerts(self) -> None:
        self.out.print(Text("\nDelivered to people", style="bold"))
        for post in self.simulator.slack.messages:
            self._line(post.at, f"Slack {post.channel}", post.versions[0].text)
        for mail in self.simulator.mail.messages:
            self._line(mail.at, f"e-mail {', '.join(mail.recipients)}", mail.subject)

    def _line(self, at: datetime, where: str, text: str) -> None:
        self.out.print(
            Text(f"  {at.astimezone(_ZONE):%H:%M} {where}: {one_line(text, 140)}"),
            overflow="ellipsis",
            no_wrap=True,
        )

    def _summary(self, now: datetime) -> None:
        figures = self.store.views.figures(now)
        found, real, right = self._complaints(now)
        slack, mail = len(self.simulator.slack.messages), len(self.simulator.mail.messages)
        breached = figures["late"] + figures["overdue"]
        lines = [
            ("messages in", str(figures["inbound"])),
            ("complaints found", f"{found} ({right} of the {real} that were written as such)"),
            ("answered in time", str(figures["in_time"])),
            ("breached", f"{breached} ({figures['late']} answered late)"),
            ("still waiting", str(figures["waiting"])),
            ("alerts", f"{slack} in Slack, {mail} by e-mail"),
        ]
        self.out.print(Text("\nThe day in figures", style="bold"))
        for name, value in lines:
            self.out.print(Text(f"  {name:18} {value}"))

    def _complaints(self, now: datetime) -> tuple[int, int, int]:
        """Return how many complaints were found, how many there were, and how many are both."""
        truth = Counter(
            item.text_at(now) for item in self.simulator.world.items() if item.truth == "complaint"
        )
        found = [
            message.text for message in self.store.views.verdicts(0) if message.kind == "complaint"
        ]
        right = sum((Counter(found) & truth).values())
        return len(found), truth.total(), right


def _secrets() -> dict[str, str]:
    """Return the environment in which the demo's configuration finds its tokens."""
    from inboxd.simulator import facebook, slack, twitter, vk  # noqa: PLC0415 - needs the extra

    keys = twitter.Credentials()
    return {
        "VK_TOKEN": vk.COMMUNITY_TOKEN,
        "VK_SERVICE": vk.SERVICE_TOKEN,
        "FB_PAGE_TOKEN": facebook.PAGE_TOKEN,
        "X_KEY": keys.consumer_key,
        "X_SECRET": keys.consumer_secret,
        "X_TOKEN": keys.access_token,
        "X_TOKEN_SECRET": keys.access_token_secret,
        "SLACK_TOKEN": slack.TOKEN,
    }


def _config(simulator: Simulator) -> str:
    """Return the configuration of the demo's shop."""
    from inboxd.simulator.slack import CHANNELS  # noqa: PLC0415 - needs the extra
    from inboxd.simulator.world import BRANDS  # noqa: PLC0415 - needs the extra

    return f"""\
[inboxd]
database = "inboxd.db"
timezone = "{_ZONE.key}"
alert_to = ["support"]
blind_after = 4

[[accounts]]
name = "shop-vk"
network = "vk"
group_id = {BRANDS["vk"].id}
token = {{ env = "VK_TOKEN" }}
service_token = {{ env = "VK_SERVICE" }}
streams = ["direct_messages", "comments"]
poll_every = "5m"
api_base = "{simulator.vk_url}"

[[accounts]]
name = "shop-fb"
network = "facebook"
page_id = "{BRANDS["facebook"].id}"
token = {{ env = "FB_PAGE_TOKEN" }}
streams = ["direct_messages", "comments"]
poll_every = "5m"
api_base = "{simulator.facebook_url}"

[[accounts]]
name = "shop-x"
network = "twitter"
user_id = "{BRANDS["twitter"].id}"
consumer_key = {{ env = "X_KEY" }}
consumer_secret = {{ env = "X_SECRET" }}
access_token = {{ env = "X_TOKEN" }}
access_token_secret = {{ env = "X_TOKEN_SECRET" }}
streams = ["mentions", "direct_messages"]
poll_every = "5m"
api_base = "{simulator.twitter_url}"

[[calendars]]
name = "office"
mon = ["09:00-13:00", "13:30-18:00"]
tue = ["09:00-13:00", "13:30-18:00"]
wed = ["09:00-13:00", "13:30-18:00"]
thu = ["09:00-13:00", "13:30-18:00"]
fri = ["09:00-13:00", "13:30-18:00"]
holidays = "UA"

[[sinks]]
name = "support"
type = "slack"
token = {{ env = "SLACK_TOKEN" }}
channel = "{next(iter(CHANNELS))}"
api_base = "{simulator.slack_api_url}"

[[sinks]]
name = "lead"
type = "email"
host = "{simulator.smtp_host}"
port = {simulator.smtp_port}
security = "none"
sender = "inboxd@shop.example"
to = ["lead@shop.example"]

[[policies]]
name = "complaints"
match = {{ kind = ["complaint"] }}
calendar = "office"
first_response = "45m"
next_response = "1h30m"
resolution = "1d"
steps = [
  {{ at = "50%", to = ["support"] }},
  {{ at = "100%", to = ["support", "lead"] }},
  {{ at = "100% + 2h", to = ["lead"], repeat = "4h" }},
]

[[policies]]
name = "requests"
match = {{ kind = ["request"] }}
calendar = "office"
first_response = "1h30m"
steps = [
  {{ at = "100%", to = ["support"] }},
]

[[policies]]
name = "everything else"
match = {{}}
calendar = "office"
first_response = "1d"
"""
