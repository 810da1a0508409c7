"""
What the end-to-end tests stand on: a simulated world, a folder, and the real program in it.

The world's servers run in the test's own event loop, in real time; the program is a process
of its own, which sees only its configuration, its tokens and loopback.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sqlite3
import sys
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from click.testing import CliRunner

from inboxd.cli import main
from inboxd.notify.mail import message_id
from inboxd.simulator import facebook, slack, slack_socket, twitter, vk
from inboxd.simulator.people import NETWORKS
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.world import BRANDS, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from inboxd.simulator.people import Network
    from inboxd.simulator.world import Item
    from inboxd.store import Store

_BESIDE_THE_TESTS = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})"
"""Another copy of the program may be installed."""
PROGRAM = (
    sys.executable,
    "-c",
    f"{_BESIDE_THE_TESTS}; from inboxd.cli import main; main(prog_name='inboxd')",
)
PATIENCE = timedelta(seconds=20)
"""How long a test waits for what should happen within a few seconds."""
ACCOUNTS: Mapping[Network, str] = {"vk": "shop-vk", "facebook": "shop-fb", "twitter": "shop-x"}
SOURCES = {
    ("shop-vk", "long_poll"),
    ("shop-vk", "conversations"),
    ("shop-vk", "wall"),
    ("shop-fb", "conversations"),
    ("shop-fb", "feed"),
    ("shop-x", "mentions"),
    ("shop-x", "direct_messages"),
    ("shop-x", "own_posts"),
}
"""What the accounts are read by. What a first read brings is history, of which nobody is told."""
SINKS = ("hook", "bot", "lead", "night")
"""Slack by a webhook, Slack by a bot, e-mail, and e-mail to one who is told of nothing else."""
MAILBOXES = {"lead": "lead@shop.example", "night": "night@shop.example"}
SENDER = "inboxd@shop.example"
_TOLD = "FROM outbox WHERE state = 'sent' AND alert_id IS NOT NULL"
_SHOWN_CASE = re.compile(r"inboxd show (\d+)")
_KEYS = twitter.Credentials()
SECRETS: Mapping[str, str] = {
    "VK_TOKEN": vk.COMMUNITY_TOKEN,
    "VK_SERVICE": vk.SERVICE_TOKEN,
    "FB_PAGE_TOKEN": facebook.PAGE_TOKEN,
    "X_KEY": _KEYS.consumer_key,
    "X_SECRET": _KEYS.consumer_secret,
    "X_TOKEN": _KEYS.access_token,
    "X_TOKEN_SECRET": _KEYS.access_token_secret,
    "SLACK_TOKEN": slack.TOKEN,
    "SLACK_APP_TOKEN": slack_socket.APP_TOKEN,
    "SLACK_WEBHOOK": slack.WEBHOOK_PATH,
}
"""Every secret of a run by its environment variable; of the webhook the part that no other has."""

ALONE = "by = []"
"""What belongs below [grouping] for each case to be told alone."""

SLOW_STEPS = """
first_response = "1h"
steps = [{ at = "100%", to = ["hook"] }]
"""
"""Targets that are not met during any test, so that nothing is told of any case."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def expect(self, code: int) -> Self:
        """Fail, showing what was said, unless it ended with *code* and without a traceback."""
        said = f"exit {self.code}\n{self.out}\n{self.err}"
        assert self.code == code, said
        assert "Traceback" not in self.out + self.err, said
        return self


@dataclass(slots=True)
class Running:
    """A process of the program; its output goes to files, so that nobody needs to read it."""

    process: asyncio.subprocess.Process
    stdout: Path
    stderr: Path

    @property
    def log(self) -> str:
        """Everything on standard error so far."""
        return self.stderr.read_text(encoding="utf-8", errors="replace")

    @property
    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self.process.returncode is None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the process and all its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    async def end(self, patience: timedelta = PATIENCE) -> Finished:
        """Return how it ended, which must be within *patience*."""
        try:
            async with asyncio.timeout(patience.total_seconds()):
                code = await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"still running after {patience}:\n{self.log}") from None
        out = self.stdout.read_text(encoding="utf-8", errors="replace")
        return Finished(code, out, self.log)

    async def stop(self, number: int = signal.SIGTERM) -> Finished:
        """Ask it to stop, and return how it ended."""
        self.kill(number)
        return await self.end()


class Shop:
    """One shop in the simulated world, and inboxd's folder there."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator = simulator
        self.world = simulator.world
        self.folder = folder
        self.config = folder / "config.toml"
        self.database = folder / "inboxd.db"
        self._output = folder / "output"
        self._output.mkdir(parents=True)
        self.configure()
        self._started: list[Running] = []
        self._posts: dict[Network, Item] = {}
        self._numbers = count(1)

    @property
    def environment(self) -> dict[str, str]:
        """What the program gets to see: its tokens and nothing else, as from a bare cron."""
        return {**SECRETS, "SLACK_WEBHOOK": self.simulator.webhook_url}

    def configure(
        self, steps: str = SLOW_STEPS, *, general: str = "", grouping: str = ALONE
    ) -> None:
        """
        Write the configuration of a shop that never closes, with one policy for everything.

        Each case is told alone unless *grouping* says otherwise.
        """
        text = config(self.simulator, steps, general=general, grouping=grouping)
        self.config.write_text(text, encoding="utf-8")

    # The program

    async def start(
        self, *arguments: str, stdin: bytes | None = None, under: Sequence[str] = (), **changes: Any
    ) -> Running:
        """
        Start the program, with the shop's configuration unless *arguments* name another.

        *under* is a command that starts it in its turn.
        """
        number = next(self._numbers)
        stdout, stderr = (self._output / f"{number}.{name}" for name in ("out", "err"))
        named = () if "-c" in arguments else ("-c", str(self.config))
        with stdout.open("wb") as out, stderr.open("wb") as err:
            process = await asyncio.create_subprocess_exec(
                *under,
                *PROGRAM,
                *named,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
                stdout=out,
                stderr=err,
                start_new_session=True,
                **{"env": self.environment, "cwd": "/"} | changes,
            )
        running = Running(process, stdout, stderr)
        self._started.append(running)
        if process.stdin is not None and stdin is not None:
            process.stdin.write(stdin)
            process.stdin.close()
        return running

    async def run(self, *arguments: str, **changes: Any) -> Finished:
        """Run the program to its end."""
        return await (await self.start(*arguments, **changes)).end()

    def say(self, *arguments: str) -> Finished:
        """Run a command in the test's own process: the same code, without half a second to start."""
        named = () if "-c" in arguments else ("-c", str(self.config))
        result = CliRunner(env=self.environment).invoke(
            main, [*named, *arguments], prog_name="inboxd"
        )
        return Finished(result.exit_code, result.stdout, result.stderr)

    async def daemon(self) -> Running:
        """Start the daemon and wait until it has read every account once."""
        before = datetime.now(UTC)
        running = await self.start("run")
        await until(lambda: self.all_read_since(before) or not running.alive, "a first read")
        assert running.alive, running.log
        return running

    async def close(self) -> None:
        """End whatever is still running."""
        for running in self._started:
            if running.alive:
                running.kill()
                await running.process.wait()

    # The database, as anybody may read it

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a query finds in the program's database; nothing before there is one."""
        if not self.database.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            try:
                return connection.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                # Killed before its first migration.
                if "no such table" in str(error):
                    return []
                raise

    def value(self, sql: str, *values: object) -> Any:
        """Return the one value that a query finds, None where it finds nothing."""
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def all_read_since(self, instant: datetime) -> bool:
        """Tell whether every source of every account was read to its end after *instant*."""
        rows = self.rows("SELECT account, source, succeeded_at FROM sources")
        read = {
            (account, source)
            for account, source, at in rows
            if at and datetime.fromisoformat(at) > instant
        }
        return read >= SOURCES

    def outbox(self, what: str = "reply IS NULL") -> Counter[str]:
        """Return how many deliveries there are in each state."""
        sql = f"SELECT state, count(*) FROM outbox WHERE {what} GROUP BY state"  # noqa: S608 - the tests' own
        return Counter(dict(self.rows(sql)))

    @property
    def settled(self) -> bool:
        """Whether every alert has gone out or was withdrawn."""
        return not set(self.outbox()) - {"sent", "cancelled"}

    def intact(self) -> bool:
        """Tell whether SQLite finds nothing wrong with the file."""
        return self.rows("PRAGMA integrity_check") == [("ok",)] and not self.rows(
            "PRAGMA foreign_key_check"
        )

    # The customers

    def write(self, network: Network, where: str, text: str, *, who: int, **more: Any) -> Item:
        """Let customer number *who* write now, *where* is "private" or "public"."""
        at = datetime.now(UTC)
        more.setdefault("sent_at", at)
        more["author"] = self.world.people[who]
        if where == "private":
            return self.world.add(network, "dm", text, **more)
        if network == "twitter":
            return self.world.add(network, "mention", f"@{BRANDS[network].handle} {text}", **more)
        if network not in self._posts:
            posted = at - timedelta(days=1)
            self._posts[network] = self.world.add(network, "post", "Новинки!", sent_at=posted)
        return self.world.reply(self._posts[network].serial, text, **more)

    def write_everywhere(self, text: str, **more: Any) -> list[Item]:
        """Let six customers write, in private and in public on each network."""
        return [
            self.write(network, where, f"{text} ({network}, {where})", who=who, **more)
            for who, (network, where) in enumerate(
                (network, where) for network in NETWORKS for where in ("private", "public")
            )
        ]

    def said_by_shop(self, text: str) -> list[Item]:
        """Return what the networks show of the shop's own with *text* in it."""
        return [item for item in self.world.items() if item.by_brand and text in item.text]

    # The colleagues

    def slack_keys(self) -> Counter[str]:
        """Return how often each alert was posted by the bot, by the key in its metadata."""
        return Counter(
            message.metadata["event_payload"]["key"]
            for message in self.simulator.slack.messages
            if message.via == "bot" and message.metadata
        )

    def message_ids(self) -> Counter[str]:
        """Return how often each mail came in."""
        return Counter(str(mail.message["Message-ID"]) for mail in self.simulator.mail.messages)

    def assert_told_once(self) -> None:
        """
        Fail unless every alert that went out is at the bot's channel and the lead's, once.

        The lead may have one more where SMTP's answer was lost and nobody waits any longer:
        that mail cannot be looked for, and is not sent again; by another name if the wait goes
        on after all.
        """
        posted = self.rows(f"SELECT DISTINCT bundle {_TOLD} AND receiver = 'bot'")
        assert self.slack_keys() == dict.fromkeys((key for (key,) in posted), 1)
        # A mail that is sent again bears the same Message-ID, and mail programs show it once.
        sent = self.rows(
            f"SELECT DISTINCT json_extract(receipt, '$.message_id') {_TOLD} AND receiver = 'lead'"
        )
        to_lead = self.simulator.mail.to(MAILBOXES["lead"])
        mails = {str(mail.message["Message-ID"]) for mail in to_lead}
        names = {name for (name,) in sent}
        assert mails >= names
        rows = self.rows(
            "SELECT key, bundle, state, uncertain FROM outbox WHERE receiver = 'lead' "
            "AND alert_id IS NOT NULL"
        )
        extra = [row for row in rows if message_id(row[0], SENDER) in mails - names]
        assert len(extra) == len(mails - names)
        for _, bundle, state, uncertain in extra:
            assert uncertain, extra
            assert state == "cancelled" or "/again/" in bundle, extra

    @property
    def origin(self) -> str:
        """Return by what people know whose troubles they are told of."""
        return f"Told by: inboxd on {socket.gethostname()} ({self.config})"

    def told(self, sink: str) -> list[tuple[int, str]]:
        """Return every case alert that arrived at *sink*: the case's number and the headline."""
        if sink in MAILBOXES:
            return [
                (_case_in(mail.text), mail.subject)
                for mail in self.simulator.mail.to(MAILBOXES[sink])
            ]
        via = "webhook" if sink == "hook" else "bot"
        return [
            (_case_in(json.dumps(message.versions[0].blocks)), message.versions[0].text)
            for message in self.simulator.slack.messages
            if message.via == via
        ]

    # The secrets

    def leaks(self) -> list[str]:
        """Return where a secret stands in anything that the program has written."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return [
            f"{name} in {path.relative_to(self.folder)}"
            for path in files
            for name, secret in SECRETS.items()
            if secret.encode() in path.read_bytes()
        ]


def _case_in(text: str) -> int:
    found = _SHOWN_CASE.search(text)
    return int(found[1]) if found else 0


@asynccontextmanager
async def opened(folder: Path, simulator: Simulator | None = None) -> AsyncIterator[Shop]:
    """Yield a new shop in *folder*, by default in a world of its own; its processes end with it."""
    async with AsyncExitStack() as stack:
        if simulator is None:
            world, options = World(seed=7, customers=70), Options(rate_limited=False)
            simulator = await stack.enter_async_context(
                Simulator(world, now=lambda: datetime.now(UTC), options=options)
            )
        shop = Shop(simulator, folder)
        stack.push_async_callback(shop.close)
        yield shop


async def until(condition: Callable[[], object], what: str, patience: timedelta = PATIENCE) -> None:
    """Wait until *condition* holds."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            # A process and a database have no event to wait for.
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"waited {patience} in vain for {what}") from None


def queue_reply(store: Store, case: int, text: str) -> None:
    """Queue *text* as the reply to *case*, as `inboxd reply` does, without a process of its own."""
    place = store.views.reply_place(case)
    reply = place.reply(text)
    store.outbox.add_reply(place.account, case, reply, datetime.now(UTC))


def config(simulator: Simulator, steps: str, *, general: str = "", grouping: str = ALONE) -> str:
    """Return a configuration with every account, every kind of sink, and *steps*."""
    sections = [
        f'[inboxd]\ndatabase = "inboxd.db"\n{general}',
        *(_account(simulator, network) for network in NETWORKS),
        _sinks(simulator),
        f"[grouping]\n{grouping}",
        f'[[policies]]\nname = "everything"\nmatch = {{}}\n{steps}',
    ]
    return "\n".join(sections)


def _account(simulator: Simulator, network: Network) -> str:
    tokens = {
        "vk": 'token = { env = "VK_TOKEN" }\nservice_token = { env = "VK_SERVICE" }',
        "facebook": 'token = { env = "FB_PAGE_TOKEN" }',
        "twitter": (
            'consumer_key = { env = "X_KEY" }\nconsumer_secret = { env = "X_SECRET" }\n'
            'access_token = { env = "X_TOKEN" }\naccess_token_secret = { env = "X_TOKEN_SECRET" }'
        ),
    }
    brand = {
        "vk": f"group_id = {BRANDS['vk'].id}",
        "facebook": f'page_id = "{BRANDS["facebook"].id}"',
        "twitter": f'user_id = "{BRANDS["twitter"].id}"',
    }
    public = "mentions" if network == "twitter" else "comments"
    return f"""
[[accounts]]
name = "{ACCOUNTS[network]}"
network = "{network}"
{brand[network]}
{tokens[network]}
streams = ["direct_messages", "{public}"]
poll_every = "1s"
timeout = "10s"
api_base = "{getattr(simulator, f"{network}_url")}"
"""


def _sinks(simulator: Simulator) -> str:
    mail = "\n".join(
        f"""
[[sinks]]
name = "{name}"
type = "email"
host = "{simulator.smtp_host}"
port = {simulator.smtp_port}
security = "none"
sender = "{SENDER}"
to = ["{address}"]
"""
        for name, address in MAILBOXES.items()
    )
    return f"""
[[sinks]]
name = "hook"
type = "slack"
webhook_url = {{ env = "SLACK_WEBHOOK" }}

[[sinks]]
name = "bot"
type = "slack"
token = {{ env = "SLACK_TOKEN" }}
channel = "{slack.CHANNELS["leads"]}"
api_base = "{simulator.slack_api_url}"
{mail}"""
