"""How a daemon is told to reach the simulated servers: its accounts, its sinks, its secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.simulator import facebook, slack, twitter, vk
from inboxd.simulator.world import BRANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.simulator.server import Simulator


def secrets(simulator: Simulator) -> dict[str, str]:
    """Return the environment variables that the tables below name."""
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
        "SLACK_WEBHOOK": simulator.webhook_url,
    }


def accounts(simulator: Simulator, poll_every: Mapping[str, str]) -> str:
    """Return the [[accounts]] of a shop on all three networks; *poll_every* is by network."""
    return f"""\
[[accounts]]
name = "shop-vk"
network = "vk"
group_id = {BRANDS["vk"].id}
token = {{ env = "VK_TOKEN" }}
service_token = {{ env = "VK_SERVICE" }}
streams = ["direct_messages", "comments"]
poll_every = "{poll_every["vk"]}"
api_base = "{simulator.vk_url}"

[[accounts]]
name = "shop-fb"
network = "facebook"
page_id = "{BRANDS["facebook"].id}"
token = {{ env = "FB_PAGE_TOKEN" }}
streams = ["direct_messages", "comments"]
poll_every = "{poll_every["facebook"]}"
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
poll_every = "{poll_every["twitter"]}"
api_base = "{simulator.twitter_url}"
"""


def mail(simulator: Simulator) -> str:
    """Return the sink "lead", which writes to the simulated mail server."""
    return f"""\
[[sinks]]
name = "lead"
type = "email"
host = "{simulator.smtp_host}"
port = {simulator.smtp_port}
security = "none"
sender = "inboxd@shop.example"
to = ["lead@shop.example"]
"""


def whole(simulator: Simulator) -> str:
    """Return a configuration to try a daemon by hand: short targets, open at all hours."""
    every = {"vk": "10s", "facebook": "10s", "twitter": "2m"}
    return f"""\
[inboxd]
database = "simulated.db"
timezone = "UTC"

{accounts(simulator, every)}
[[sinks]]
name = "support"
type = "slack"
webhook_url = {{ env = "SLACK_WEBHOOK" }}

{mail(simulator)}
[[policies]]
name = "everything"
match = {{}}
first_response = "5m"
steps = [
  {{ at = "50%", to = ["support"] }},
  {{ at = "100%", to = ["support", "lead"] }},
]
"""


def instructions(simulator: Simulator) -> str:
    """Return what to paste into another terminal to run a daemon on these servers."""
    exports = "\n".join(f"export {name}='{value}'" for name, value in secrets(simulator).items())
    return (
        "# Serving until Ctrl-C. At more than four times a day's pace people answer in seconds, and\n"
        "# inboxd takes what they say more than once for a machine's. Paste this elsewhere:\n"
        f"{exports}\ncat > simulated.toml <<'END'\n{whole(simulator)}END\n"
        "inboxd -c simulated.toml run"
    )
