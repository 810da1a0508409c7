"""
How buttons look in Slack. Pure.

Limits (docs.slack.dev/reference/block-kit): a button's text 75 characters, its value 2,000; an
overflow menu has at most five options, whose values have 150 characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inboxd.notify.buttons import Wish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inboxd.notify.buttons import Offer

OPEN = "inboxd.open"
"""The button that leads to the message; Slack tells of its press, too."""
MENU = "inboxd.menu"
_PREFIX = "inboxd."
_WORDS = {
    Wish.ACKNOWLEDGE: "Acknowledge",
    Wish.SNOOZE: "Snooze 1 h",
    Wish.NO_COMPLAINT: "Not a complaint",
}
_LONGEST_LINK = 3_000
_LONGEST_OPTION = 150

Block = dict[str, Any]


def buttons(offer: Offer, sink: str) -> Block:
    """
    Return the row of buttons below a case.

    It has no block_id: when a message is updated, Slack wants another one, and makes it itself.
    """
    elements = [
        {
            "type": "button",
            "action_id": f"{_PREFIX}{wish}",
            "text": _words(_WORDS[wish]),
            "value": offer.value(wish, sink),
        }
        | ({"style": "primary"} if wish is Wish.ACKNOWLEDGE else {})
        for wish in offer.wishes
    ]
    if fits(offer.link):
        elements.append(
            {"type": "button", "action_id": OPEN, "text": _words("Open"), "url": offer.link}
        )
    return {"type": "actions", "elements": elements}


def menu(offer: Offer, sink: str) -> Block | None:
    """Return the same as a menu beside one of several lines; None where it does not fit."""
    options = list(_options(offer, sink))
    if any(len(option.get("value", "")) > _LONGEST_OPTION for option in options):
        return None
    return {"type": "overflow", "action_id": MENU, "options": options}


def _options(offer: Offer, sink: str) -> Iterator[Block]:
    for wish in offer.wishes:
        yield {"text": _words(_WORDS[wish]), "value": offer.value(wish, sink)}
    if fits(offer.link):
        yield {"text": _words("Open"), "value": OPEN, "url": offer.link}


def fits(link: str) -> bool:
    """Tell whether Slack takes *link* behind a button."""
    return 0 < len(link) <= _LONGEST_LINK


def _words(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
