"""`python -m inboxd.simulator`: the simulated world by itself, to try a daemon against by hand."""

from __future__ import annotations

import argparse
import asyncio
import signal
from datetime import UTC, datetime, timedelta

from inboxd.simulator import facebook, twitter, vk
from inboxd.simulator.people import NETWORKS
from inboxd.simulator.scenario import working_day
from inboxd.simulator.server import Options, Simulator
from inboxd.simulator.world import BRANDS

_SERVERS = (*NETWORKS, "slack", "smtp")


def main() -> None:
    """Start every server, print how to reach it, and serve until Ctrl-C or SIGTERM."""
    asyncio.run(_serve(_arguments()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m inboxd.simulator", description=__doc__)
    for name in _SERVERS:
        parser.add_argument(f"--{name}-port", type=int, default=0, help="default: a free one")
    parser.add_argument("--seed", type=int, default=1, help="which world (default: 1)")
    parser.add_argument(
        "--speed", type=float, default=60.0, help="how fast its working day passes (default: 60)"
    )
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    """Serve in real time while the day, begun now, passes *speed* times as fast."""
    begun = _now()
    day = working_day(arguments.seed, begun.date(), UTC).starting(begun, arguments.speed)
    ports = {name: getattr(arguments, f"{name}_port") for name in _SERVERS}
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Simulator(day.new_world(), now=_now, options=Options(ports=ports)) as simulator:
        print(_configuration(simulator), flush=True)  # noqa: T201 - what the command is for
        play = asyncio.create_task(day.play(simulator.world, _sleep_until, faults=simulator.faults))
        await stop.wait()
        play.cancel()
        await asyncio.gather(play, return_exceptions=True)


def _now() -> datetime:
    # The simulator shares no code with inboxd, inboxd.clock included.
    return datetime.now(UTC)  # noqa: TID251


async def _sleep_until(at: datetime) -> None:
    left = at - _now()
    if left > timedelta(0):
        await asyncio.sleep(left.total_seconds())  # noqa: TID251 - as above


def _configuration(simulator: Simulator) -> str:
    """Return the environment and a config.toml for a daemon on this world."""
    keys = twitter.Credentials()
    environment = {
        "VK_TOKEN": vk.COMMUNITY_TOKEN,
        "VK_SERVICE": vk.SERVICE_TOKEN,
        "VK_USER": vk.USER_TOKEN,
        "FB_PAGE_TOKEN": facebook.PAGE_TOKEN,
        "X_KEY": keys.consumer_key,
        "X_SECRET": keys.consumer_secret,
        "X_TOKEN": keys.access_token,
        "X_TOKEN_SECRET": keys.access_token_secret,
        "SLACK_WEBHOOK": simulator.webhook_url,
    }
    exports = "\n".join(f"export {name}='{value}'" for name, value in environment.items())
    return f"# The simulated secrets:\n{exports}\n\n# config.toml:\n{_toml(simulator)}"


def _toml(simulator: Simulator) -> str:
    return f"""\
[inboxd]
database = "simulated.db"
timezone = "UTC"

[[accounts]]
name = "shop-vk"
network = "vk"
group_id = {BRANDS["vk"].id}
token = {{ env = "VK_TOKEN" }}
service_token = {{ env = "VK_SERVICE" }}
user_token = {{ env = "VK_USER" }}
streams = ["direct_messages", "comments"]
poll_every = "10s"
api_base = "{simulator.vk_url}"

[[accounts]]
name = "shop-fb"
network = "facebook"
page_id = "{BRANDS["facebook"].id}"
token = {{ env = "FB_PAGE_TOKEN" }}
streams = ["direct_messages", "comments"]
poll_every = "10s"
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
poll_every = "2m"
api_base = "{simulator.twitter_url}"

[[sinks]]
name = "support"
type = "slack"
webhook_url = {{ env = "SLACK_WEBHOOK" }}

[[sinks]]
name = "lead"
type = "email"
host = "{simulator.smtp_host}"
port = {simulator.smtp_port}
security = "none"
sender = "inboxd@shop.example"
to = ["lead@shop.example"]

[[policies]]
name = "everything"
match = {{}}
calendar = "always"
first_response = "5m"
steps = [
  {{ at = "50%", to = ["support"] }},
  {{ at = "100%", to = ["support", "lead"] }},
]
"""


if __name__ == "__main__":
    main()
