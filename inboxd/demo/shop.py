"""The demo's shop: its configuration, a file like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.simulator import configuration as servers
from inboxd.simulator import slack
from inboxd.simulator.people import NETWORKS

if TYPE_CHECKING:
    from inboxd.simulator.server import Simulator


def configuration(simulator: Simulator, zone: str) -> str:
    """Return the configuration of the demo's shop."""
    return f"""\
[inboxd]
database = "inboxd.db"
timezone = "{zone}"
alert_to = ["support"]
blind_after = 5

{servers.accounts(simulator, dict.fromkeys(NETWORKS, "5m"))}
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

{servers.mail(simulator)}
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

[[reports]]
name = "today"
cron = "0 17 * * mon-fri"
period = "today"
compare = "none"
to = ["lead"]

[[tui.views]]
name = "Parcels"
query = "topic:shipping,tracking"

[[tui.replies]]
name = "Paket"
language = "de"
text = "Guten Tag, {{customer}}! Danke für Ihre Nachricht. Ich sehe nach, wo Ihr Paket ist."

[[tui.replies]]
name = "Посылка"
language = "ru"
text = "Здравствуйте, {{customer}}! Спасибо, что написали. Проверяю, где ваша посылка."

[[tui.replies]]
name = "Parcel"
language = "en"
text = "Hello, {{customer}}! Thank you for writing. I am looking where your parcel is."
"""
