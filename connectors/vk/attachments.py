"""What comes with a message beside its words, as people can look at it."""

from __future__ import annotations

import re

from connectors.vk.settings import SITE
from connectors.vk.shapes import list_of
from inboxd.model import Attachment, Json


def openable(value: object) -> str:
    """Return *value* if it is a web address; a customer may have written anything there."""
    web = isinstance(value, str) and value.startswith(("https://", "http://"))
    return value if web and isinstance(value, str) else ""


def _largest(sizes: object) -> str:
    """Return the address of the image with the most pixels."""
    known = [size for size in sizes if isinstance(size, dict)] if isinstance(sizes, list) else []

    def pixels(size: Json) -> int:
        width, height = size.get("width"), size.get("height")
        return width * height if isinstance(width, int) and isinstance(height, int) else 0

    addresses = (openable(size.get("url")) for size in sorted(known, key=pixels, reverse=True))
    return next(filter(None, addresses), "")


_IMAGES = {"photo": "sizes", "sticker": "images"}


_ADDRESSES = {"audio_message": "link_mp3", **dict.fromkeys(("doc", "link", "graffiti"), "url")}


_PAGES = {
    "market": "market{owner}?w=product{owner}_{number}",
    "wall_reply": "wall{owner}_{post}?reply={number}",
}


def _attachment_url(kind: str, body: Json) -> str:
    """Return where a person can look at an attachment, or "" where VK names no place."""
    if kind in _IMAGES:
        return _largest(body.get(_IMAGES[kind]))
    owner, number = body.get("owner_id", body.get("to_id", body.get("from_id"))), body.get("id")
    if kind in _ADDRESSES or owner is None or number is None:
        return openable(body.get(_ADDRESSES.get(kind, "url")))
    page = _PAGES.get(kind, "{kind}{owner}_{number}")
    return f"{SITE}/" + page.format(kind=kind, owner=owner, number=number, post=body.get("post_id"))


def attachment_title(body: Json) -> str:
    """Return what an attachment says in words; a voice message has a transcript at best."""
    names = ("artist", "title", "question", "transcript", "text")
    words = [word for name in names if isinstance(word := body.get(name), str) and word]
    return " – ".join(words[:2]) if body.get("artist") else next(iter(words), "")


def attachment_of(raw: object) -> Attachment:
    """Return one attachment; none is so strange that it could spoil its message."""
    outer = raw if isinstance(raw, dict) else {}
    kind = outer.get("type")
    if not isinstance(kind, str) or not kind:
        return Attachment("unknown")
    body = outer.get(kind)
    body = body if isinstance(body, dict) else {}
    return Attachment(kind, _attachment_url(kind, body), attachment_title(body))


_SPOT = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]+)?) (-?[0-9]{1,3}(?:\.[0-9]+)?)")


def _spot(coordinates: object) -> tuple[object, object] | None:
    """Return latitude and longitude: of a wall they are one text, of a message an object."""
    if isinstance(coordinates, dict):
        return coordinates.get("latitude"), coordinates.get("longitude")
    written = _SPOT.fullmatch(coordinates) if isinstance(coordinates, str) else None
    return None if written is None else (written[1], written[2])


def _place(geo: object) -> list[Attachment]:
    """Return the spot on the map that came with a message."""
    spot = _spot(geo.get("coordinates")) if isinstance(geo, dict) else None
    if not isinstance(geo, dict) or spot is None:
        return []
    url = "https://www.openstreetmap.org/?mlat={}&mlon={}".format(*spot)
    place = geo.get("place")
    return [Attachment("geo", url, attachment_title(place if isinstance(place, dict) else {}))]


_DEEPEST = 45
"""How often VK lets messages be forwarded within each other (max_forwards_level)."""


def _passed_on(raw: object, kind: str, depth: int = 1) -> list[Attachment]:
    """Return the words of what somebody passed on, and what came with it, in turn passed on."""
    body = raw if isinstance(raw, dict) else {}
    inner, within = body.get("attachments"), body.get("fwd_messages")
    found = [Attachment(kind, title=attachment_title(body))]
    found += map(attachment_of, inner if isinstance(inner, list) else ())
    for further in within if isinstance(within, list) and depth < _DEEPEST else ():
        found += _passed_on(further, kind, depth + 1)
    return found


def attachments_of(payload: Json) -> tuple[Attachment, ...]:
    """Return what came with a message; of forwarded and reposted ones words and attachments."""
    found = [attachment_of(raw) for raw in list_of(payload, "attachments")]
    for key, kind in (("fwd_messages", "forwarded"), ("copy_history", "repost")):
        for raw in list_of(payload, key):
            found += _passed_on(raw, kind)
    return (*found, *_place(payload.get("geo")))
