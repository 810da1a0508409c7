"""How X writes a text: handles in front, links shortened, three letters escaped, entities told."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inboxd.simulator.twitter.posts import Post
    from inboxd.simulator.world import Item, World

Json = dict[str, Any]

_SHORT_TEXT = 280
_HANDLE = re.compile(r"@([A-Za-z0-9_]{1,15})\b")
_LINK = re.compile(
    r"https?://[^\s<>]+|(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:example|com|org|shop)\b(?:/[^\s<>]*)?",
    re.IGNORECASE,
)
"""X links what has a scheme, and names under a known top-level domain without one, too."""
_SHORT_LINK = re.compile(r"https://t\.co/[0-9a-f]{10}")
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))


def handle_of(world: World, item: Item | None) -> str:
    """Return the screen name of an item's author; the shop's for None."""
    if item is None or item.author is None:
        return world.brand("twitter").handle
    return item.author.handle


def whole_text(world: World, post: Post) -> str:
    """
    Return the whole text as it was written and completed.

    X puts the handle of who is answered in front of a reply, unless its author took it out (an
    item of kind "search"), and the link of what is quoted behind.
    """
    item = post.item
    text = post.text
    if item.parent is not None and item.kind != "search":
        handle = _answered(world, item)
        if f"@{handle}".lower() not in text.lower():
            text = f"@{handle} {text}"
    if item.quoted is not None:
        quoted = world.get(item.quoted)
        text = f"{text} https://x.com/{handle_of(world, quoted)}/status/{quoted.number}"
    return text


def written(text: str) -> tuple[str, dict[str, str]]:
    """Return *text* as X shows it, and what each short link in it leads to."""
    links: dict[str, str] = {}

    def shorten(match: re.Match[str]) -> str:
        digest = hashlib.blake2b(match[0].encode(errors="replace"), digest_size=5).hexdigest()
        scheme = "" if "://" in match[0] else "https://"
        links[f"https://t.co/{digest}"] = f"{scheme}{match[0]}"
        return f"https://t.co/{digest}"

    shown = _LINK.sub(shorten, text)
    for letter, escape in _ESCAPES:
        shown = shown.replace(letter, escape)
    return shown, links


def shortened(text: str) -> str:
    """Return what `text` holds of a long post; the whole is in note_tweet, where asked for."""
    return text if len(text) <= _SHORT_TEXT else text[: _SHORT_TEXT - 1] + "…"


def is_long(text: str) -> bool:
    """Whether a text needs a note_tweet."""
    return len(text) > _SHORT_TEXT


def entities(world: World, text: str, links: dict[str, str]) -> Json:
    """Return who is named in a text as shown, and which links it has."""
    mentions = [
        {"start": match.start(), "end": match.end(), "username": match[1], "id": str(number)}
        for match in _HANDLE.finditer(text)
        if (number := _id_of(world, match[1])) is not None
    ]
    urls = [
        {
            "start": match.start(),
            "end": match.end(),
            "url": match[0],
            "expanded_url": links[match[0]],
            "display_url": links[match[0]].partition("://")[2][:26],
        }
        for match in _SHORT_LINK.finditer(text)
        if match[0] in links
    ]
    both = {"mentions": mentions, "urls": urls}
    return {kind: found for kind, found in both.items() if found}


def names_brand(world: World, post: Post) -> bool:
    """Whether a post has the shop's @handle in it."""
    handle = world.brand("twitter").handle.lower()
    return any(match[1].lower() == handle for match in _HANDLE.finditer(whole_text(world, post)))


def _answered(world: World, item: Item) -> str:
    above = world.get(item.parent or 0)
    if above.author == item.author and not item.by_brand:
        # Going on under one's own post keeps whom that mentioned.
        return handle_of(world, None)
    while above.by_brand and item.by_brand and above.parent is not None:
        # The second part of our answer names whom the first part answers.
        above = world.get(above.parent)
    return handle_of(world, above)


def _id_of(world: World, handle: str) -> int | None:
    """Return the id of who has this handle, whatever its case."""
    brand = world.brand("twitter")
    if handle.lower() == brand.handle:
        return brand.id
    person = world.person_by_handle(handle)
    return None if person is None else person.id_on("twitter")
