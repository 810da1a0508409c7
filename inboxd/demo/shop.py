"""The demo's shop: its configuration, a file like any other, and where its secrets are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.simulator import facebook, slack, twitter, vk
from inboxd.simulator.world import BRANDS

if TYPE_CHECKING:
    from inboxd.simulator.server import Simulator


def secrets() -> dict[str, str]:
    """Return the environment in which the demo's configuration finds its tokens."""
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


def configuration(simulator: Simulator, zone: str) -> str:
    """Return the configuration of the demo's shop."""
    return f"""\
[inboxd]
database = "inboxd.db"
timezone = "{zone}"
alert_to = ["support"]
blind_after = 5

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
channel = "{next(iter(slack.CHANNELS))}"
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
