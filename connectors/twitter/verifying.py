"""Looking up stored posts again: which were edited, are gone, or are back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connectors.twitter.api import Api, batches
from connectors.twitter.found import Found
from connectors.twitter.payloads import ID, as_objects, known_in
from connectors.twitter.posts import Shop, history_of, public_message, window_of
from inboxd import connector as port
from inboxd.model import Direction, ReplyWindow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from connectors.twitter.reading import Windows
    from inboxd.connector import Known
    from inboxd.model import Json

_GONE = "the post that would be answered is gone; answer by direct message or close the case"
_HIDDEN = (
    "the author has protected their posts, or X has suspended them: an app sees nothing to "
    "reply to; answer by direct message"
)
_DMS_STAY = "direct messages cannot be looked up again: what is deleted there is not noticed"


async def verified(
    known: Sequence[Known], read_as: Callable[[Json], Shop], api: Api, windows: Windows
) -> AsyncIterator[port.Page]:
    """
    Yield what has become of *known* posts, a hundred at a time.

    What X says it cannot find is gone. What it may not show (protected, suspended) or says
    nothing of is left out: that is no deletion.
    """
    posts = {_number(each): each for each in known if each.remote_id.startswith("tweet:")}
    note = _DMS_STAY if len(posts) < len(known) else ""
    for batch in batches([number for number in posts if ID.fullmatch(number)]):
        answer = await api.posts(batch)
        newest = await _newest_versions(answer, api)
        page = _page(
            {number: posts[number] for number in batch}, answer, newest, read_as(answer), windows
        )
        yield replace(page, note="; ".join(filter(None, [note, page.note])))
        note = ""
    if note:
        yield port.Page({}, note=note)


async def _newest_versions(answer: Json, api: Api) -> dict[str, Json]:
    """Return, by the id that was asked for, the answer with the version that is shown now."""
    ids = {str(post.get("id")): _latest(post) for post in as_objects(answer.get("data"))}
    edited = {asked: latest for asked, latest in ids.items() if latest != asked}
    newest: dict[str, Json] = {}
    for batch in batches(sorted(set(edited.values()))):
        versions = await api.posts(batch, authors=True)
        found = {str(post.get("id")): post for post in as_objects(versions.get("data"))}
        for asked, latest in edited.items():
            if latest in found:
                newest[asked] = {**versions, "data": [found[latest]]}
    return newest


def _page(
    asked: dict[str, Known],
    answer: Json,
    newest: dict[str, Json],
    shop: Shop,
    windows: Windows,
) -> port.Page:
    found, gone, hidden = Found(), [], 0
    there = {str(post.get("id")): post for post in as_objects(answer.get("data"))}
    reasons = _reasons(answer)
    for number, each in asked.items():
        if number in there:
            _take(found, each, newest.get(number, {**answer, "data": [there[number]]}), shop)
        elif reason := reasons.get(number, ""):
            _close(found, each, int(number), reason)
            gone += [each.remote_id] if reason == _GONE else []
            hidden += reason == _HIDDEN
        else:
            hidden += 1
    note = f"X did not show {hidden} of {len(asked)} posts that were looked up" if hidden else ""
    return port.Page({}, found.messages, windows=windows.news(found), gone=gone, note=note)


def _take(found: Found, known: Known, answer: Json, shop: Shop) -> None:
    """Take in a post that is there: as a message if it was edited or is back, and its window."""
    (item,) = answer["data"]
    context = known_in(answer)
    try:
        edited = len(history_of(item)) > 1
        message = public_message(item, known.thread_id.rpartition(":")[2], shop, context)
        window = window_of(known.thread_id, item, shop, context)
    except Exception:  # noqa: BLE001 - what cannot be read is as it was, for all we know
        return
    # Where it belongs was decided with more at hand than a post by itself.
    message = replace(
        message,
        remote_id=known.remote_id,
        thread_id=known.thread_id,
        stream=known.stream,
        also_in=message.also_in,
        restored=known.deleted,
    )
    found.add(message, window)
    if not edited and not known.deleted:
        found.messages.pop()


def _close(found: Found, known: Known, number: int, reason: str) -> None:
    newer = number > found.newest.get(known.thread_id, -1)
    if known.direction is Direction.INBOUND and newer:
        found.windows[known.thread_id] = ReplyWindow(known.thread_id, open=False, reason=reason)
        found.newest[known.thread_id] = number


def _reasons(answer: Json) -> dict[str, str]:
    """Return why X does not show what was asked for, by its id."""
    reasons = {}
    for error in as_objects(answer.get("errors")):
        kind = str(error.get("type"))
        number = str(error.get("resource_id") or error.get("value"))
        if error.get("parameter", "ids") != "ids" or error.get("section", "data") != "data":
            continue  # about something that a post refers to
        if kind.endswith("/resource-not-found"):
            reasons[number] = _GONE
        elif kind.endswith("/not-authorized-for-resource"):
            reasons[number] = _HIDDEN
    return reasons


def _latest(post: Json) -> str:
    try:
        return str(history_of(post)[-1])
    except (ValueError, LookupError):
        return str(post.get("id"))


def _number(known: Known) -> str:
    return known.remote_id.removeprefix("tweet:")
