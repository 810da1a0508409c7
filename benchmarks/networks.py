"""
The simulated networks in a process of their own, as real ones would be: elsewhere.

``python -m benchmarks.networks SHOPS CUSTOMERS`` prints where they are as one line of JSON. So many shops
share one world, each with tokens of its own where a network counts calls by token. Each line of its
standard input has three numbers: so many new messages are then written on each network, over so
many seconds that have just passed, and so many of them answered by the shop; a line tells that it
is done. It ends with its input, so that it never outlives who started it. Its time is the
computer's, or that of a clock that runs fast from an instant on (`FastClock`'s two arguments,
behind CUSTOMERS).
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

from benchmarks import corpus
from inboxd.clock import FastClock, SystemClock
from inboxd.simulator import facebook, twitter, vk
from inboxd.simulator.people import NETWORKS
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.world import BRANDS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from inboxd.simulator.people import Network
    from inboxd.simulator.vk.protocol import TokenKind

ROOT = Path(__file__).resolve().parents[1]
A_SECOND = timedelta(seconds=1)
CUSTOMERS = 50
"""Of each network, where it is not said otherwise: enough for a benchmark of some minutes."""
_KEYS = twitter.Credentials()
ENVIRONMENT = {
    "VK_TOKEN": vk.COMMUNITY_TOKEN,
    "VK_SERVICE": vk.SERVICE_TOKEN,
    "FB_PAGE_TOKEN": facebook.PAGE_TOKEN,
    "X_KEY": _KEYS.consumer_key,
    "X_SECRET": _KEYS.consumer_secret,
    "X_TOKEN": _KEYS.access_token,
    "X_TOKEN_SECRET": _KEYS.access_token_secret,
}
_HEAD = """
[inboxd]
database = "inboxd.db"
timezone = "Europe/Kyiv"
"""
_SHOP = """
[[accounts]]
name = "shop-vk{suffix}"
network = "vk"
group_id = {vk_id}
token = {{ env = "VK_TOKEN{suffix}" }}
service_token = {{ env = "VK_SERVICE{suffix}" }}
streams = ["direct_messages", "comments"]
api_base = "{vk}"

[[accounts]]
name = "shop-fb{suffix}"
network = "facebook"
page_id = "{facebook_id}"
token = {{ env = "FB_PAGE_TOKEN" }}
streams = ["direct_messages", "comments"]
poll_every = "30s"
api_base = "{facebook}"

[[accounts]]
name = "shop-x{suffix}"
network = "twitter"
user_id = "{twitter_id}"
consumer_key = {{ env = "X_KEY" }}
consumer_secret = {{ env = "X_SECRET" }}
access_token = {{ env = "X_TOKEN" }}
access_token_secret = {{ env = "X_TOKEN_SECRET" }}
streams = ["mentions", "direct_messages"]
poll_every = "2m"
api_base = "{twitter}"
"""
RULES = """
[[calendars]]
name = "office"
mon = ["09:00-13:00", "14:00-18:00"]
tue = ["09:00-13:00", "14:00-18:00"]
wed = ["09:00-13:00", "14:00-18:00"]
thu = ["09:00-13:00", "14:00-18:00"]
fri = ["09:00-13:00", "14:00-18:00"]

[[sinks]]
name = "log"
type = "console"

[[policies]]
name = "everything"
calendar = "office"
first_response = "4h"
steps = [
  { at = "50%", to = ["log"] },
  { at = "100%", to = ["log"] },
  { at = "100% + 1h", to = ["log"] },
]
"""
"""Whom to tell and when; what a benchmark needs otherwise it puts into the place of this."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The three networks as another process serves them."""

    config: str
    """A configuration for a daemon on them."""
    environment: Mapping[str, str]
    """Its secrets, and where messages to Slack go: `SLACK_WEBHOOK`."""
    pid: int
    """Of the process that serves them."""
    _requests: IO[str]
    _answers: IO[str]

    def write(
        self,
        messages: int,
        *,
        over: timedelta = timedelta(minutes=1),
        answered: int = 0,
        ago: timedelta = timedelta(),
    ) -> None:
        """
        Let so many messages appear on each network, written *over* the time until now, or until *ago*.

        The first *answered* of them have an answer of the shop's.
        """
        seconds = f"{over.total_seconds():.0f} {ago.total_seconds():.0f}"
        self._requests.write(f"{messages} {answered} {seconds}\n")
        self._requests.flush()
        self._answers.readline()


@contextmanager
def served(*clock: str, shops: int = 1, customers: int = CUSTOMERS) -> Iterator[Networks]:
    """Yield the networks, with nobody on them yet, on the computer's or another *clock*."""
    command = [sys.executable, "-m", "benchmarks.networks", str(shops), str(customers), *clock]
    with subprocess.Popen(  # noqa: S603 - ourselves
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            urls = json.loads(process.stdout.readline())
            config, secrets = _config(urls, shops), _secrets(urls, shops)
            yield Networks(config, secrets, process.pid, process.stdin, process.stdout)
        finally:
            process.stdin.close()


def _suffix(shop: int) -> str:
    """Return what is added to names for one of several shops."""
    return f"_{shop}" if shop else ""


def _config(urls: Mapping[str, str], shops: int) -> str:
    ids = {f"{network}_id": str(BRANDS[network].id) for network in NETWORKS}
    accounts = (_SHOP.format(**urls, **ids, suffix=_suffix(shop)) for shop in range(shops))
    return "".join((_HEAD, *accounts, RULES))


def _secrets(urls: Mapping[str, str], shops: int) -> dict[str, str]:
    """Return the environment of a daemon: VK's tokens are a shop's own, for VK counts by token."""
    own = {
        f"{name}{_suffix(shop)}": f"{ENVIRONMENT[name]}{_suffix(shop)}"
        for shop in range(shops)
        for name in ("VK_TOKEN", "VK_SERVICE")
    }
    return ENVIRONMENT | own | {"SLACK_WEBHOOK": urls["slack"]}


def _vk_tokens(shops: int) -> dict[str, TokenKind]:
    return {
        f"{token}{_suffix(shop)}": kind
        for token, kind in vk.TOKENS.items()
        for shop in range(shops)
    }


def write_config(folder: Path, text: str) -> Path:
    """Write *text* as a private configuration in *folder*."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


@dataclass(frozen=True, slots=True)
class _Writing:
    """How many messages are written, over which time until now, how many are answered, behind how many."""

    messages: int
    over: timedelta
    answered: int
    before: int


def _write(world: World, network: Network, writing: _Writing, now: datetime) -> None:
    """Write direct messages and public ones in turn; those whose turn it is write them."""
    texts, over = corpus.texts(writing.messages, seed=writing.before + 1), writing.over
    pace = over / len(texts)
    post = world.add(network, "post", "New coats!", sent_at=now - over - timedelta(hours=1))
    handle = world.brand(network).handle
    for number, text in enumerate(texts):
        sent_at = now - (len(texts) - number) * pace
        turn = writing.before + number
        author = world.people[turn // 2 % len(world.people)]
        if turn % 2:
            item = world.add(network, "dm", text, sent_at=sent_at, author=author)
        elif network == "twitter":
            words = f"@{handle} {text}"
            item = world.add(network, "mention", words, sent_at=sent_at, author=author)
        else:
            item = world.reply(post.serial, text, sent_at=sent_at, author=author)
        if number < writing.answered:
            world.reply(item.serial, f"It is on its way, {text[-6:]}.", sent_at=sent_at + pace / 2)


async def _serve(shops: int, customers: int, now: Callable[[], datetime]) -> None:
    world = World(seed=1, customers=customers)
    options = Options(rate_limited=False, vk_tokens=_vk_tokens(shops))
    async with Simulator(world, now=now, options=options) as simulator:
        urls = {network: getattr(simulator, f"{network}_url") for network in NETWORKS}
        print(json.dumps(urls | {"slack": simulator.webhook_url}), flush=True)
        before = 0
        while line := await asyncio.to_thread(sys.stdin.readline):
            messages, answered, over, ago = map(int, line.split())
            writing = _Writing(messages, timedelta(seconds=over), answered, before)
            for network in NETWORKS:
                _write(world, network, writing, now() - timedelta(seconds=ago))
            before += messages
            print("written", flush=True)


def clock(arguments: Sequence[str]) -> FastClock | SystemClock:
    """Return the computer's clock, or the fast one that a command's *arguments* tell of."""
    if not arguments:
        return SystemClock()
    begins, speed = datetime.fromisoformat(arguments[0]), float(arguments[1])
    behind = SystemClock().now() - begins
    return FastClock(begins + behind * speed, speed)


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), clock(sys.argv[3:]).now))
