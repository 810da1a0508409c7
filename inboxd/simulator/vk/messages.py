"""The `messages.*` methods: private threads, and writing into one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.simulator.vk import objects
from inboxd.simulator.vk.protocol import Json, Params, VkError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from inboxd.simulator.people import Person
    from inboxd.simulator.vk.community import Community
    from inboxd.simulator.world import Item

_LARGEST_PAGE = 200
_LONGEST_TEXT = 9000
_MOST_IDS = 100


def get_conversations(community: Community, params: Params) -> Json:
    """`messages.getConversations`: the threads, latest activity first."""
    _require_own_group(community, params)
    count = params.between("count", 20, 0, _LARGEST_PAGE)
    offset = params.between("offset", 0, 0, 1_000_000_000)
    peers = community.world.dm_peers(objects.NETWORK, community.now())
    if params.text("filter", "all") != "all":
        peers = [peer for peer in peers if _passes(community, peer, params.text("filter"))]
    shown = [_with_last_message(community, peer) for peer in peers[offset : offset + count]]
    answer: Json = {
        "count": len(peers),
        "items": [item for item, _unread in shown],
        "unread_count": sum(unread for _item, unread in shown),
    }
    if params.flag("extended"):
        fields = params.texts("fields")
        people = peers[offset : offset + count]
        answer["profiles"] = [objects.user(person, fields) for person in people]
        answer["groups"] = [objects.group(community.brand)]
    return answer


def get_history(community: Community, params: Params) -> Json:
    """`messages.getHistory`: one thread, newest first unless `rev` is 1."""
    _require_own_group(community, params)
    peer = community.world.person_by_id(objects.NETWORK, _peer_id(params))
    messages = _thread(community, peer) if peer is not None else []
    if not params.flag("rev"):
        messages.reverse()
    offset = params.integer("offset", 0)
    start = _start(messages, params) + offset
    count = params.between("count", 20, 0, _LARGEST_PAGE)
    shown = messages[max(0, start) : max(0, start + count)]
    answer = _listed(community, shown, params, total=len(messages))
    if params.flag("extended") and peer is not None and messages:
        answer["conversations"] = [_conversation(community, peer)]
    return answer


def get_by_id(community: Community, params: Params) -> Json:
    """`messages.getById`: up to 100 messages; ids that do not exist are left out."""
    _require_own_group(community, params)
    found = [
        community.world.by_remote_id(objects.NETWORK, str(number))
        for number in _ids(params, "message_ids")
    ]
    return _listed(community, _shown(community, found), params)


def get_by_conversation_message_id(community: Community, params: Params) -> Json:
    """`messages.getByConversationMessageId`: up to 100 messages by their place in a thread."""
    _require_own_group(community, params)
    wanted = set(_ids(params, "conversation_message_ids"))
    peer = community.world.person_by_id(objects.NETWORK, params.integer("peer_id"))
    thread = _thread(community, peer) if peer is not None else []
    return _listed(community, [item for item in thread if item.peer_number in wanted], params)


def send(community: Community, params: Params) -> int:
    """
    `messages.send`: write to a person who may be written to; return the message's id.

    The same `random_id` to the same person within the hour is the same message, and
    0 promises nothing. Errors 900, 901, 902 tell why a person cannot be written to.
    """
    _require_own_group(community, params)
    peer_id, random_id = _peer_id(params), params.integer("random_id")
    text = params.text("message")
    if not text:
        raise VkError(100, "message is empty or invalid")
    if len(text) > _LONGEST_TEXT:
        raise VkError(914)
    now, key = community.now(), ("message", peer_id, random_id)
    first = community.written.first(key, now) if random_id else None
    if first is not None:
        return community.world.get(first).number
    peer = _writable(community, peer_id)
    item = community.world.add(objects.NETWORK, "dm", text, sent_at=now, peer=peer)
    community.written.remember(key, now, item.serial)
    community.random_ids[item.serial] = random_id
    return item.number


def render(community: Community, item: Item, at: datetime) -> Json:
    """Return a message as it read at *at* to the community, its possible sender."""
    random_id = community.random_ids.get(item.serial, 0)
    return objects.message(community.world, item, at, random_id)


def _writable(community: Community, peer_id: int) -> Person:
    refusal = community.refusals.get(peer_id)
    if refusal is not None:
        raise VkError(refusal)
    peer = community.world.person_by_id(objects.NETWORK, peer_id)
    if peer is None or not _thread(community, peer):
        raise VkError(901)
    return peer


def _require_own_group(community: Community, params: Params) -> None:
    community.require_own(params.integer("group_id", community.brand.id))


def _peer_id(params: Params) -> int:
    return params.integer("peer_id" if params.text("peer_id") else "user_id")


def _ids(params: Params, name: str) -> list[int]:
    numbers = params.integers(name)
    if not numbers:
        raise VkError(100, f"{name} is undefined")
    return numbers[:_MOST_IDS]


def _thread(community: Community, peer: Person) -> list[Item]:
    return community.world.dm_thread(objects.NETWORK, peer, community.now())


def _shown(community: Community, found: Iterable[Item | None]) -> list[Item]:
    now = community.now()
    return [item for item in found if item is not None and item.is_visible(now)]


def _start(messages: Sequence[Item], params: Params) -> int:
    """Return where `start_message_id` stands in the list; its beginning where it is not given."""
    wanted = params.integer("start_message_id", 0)
    numbers = [item.number for item in messages]
    return numbers.index(wanted) if wanted in numbers else 0


def _listed(
    community: Community, shown: Sequence[Item], params: Params, *, total: int | None = None
) -> Json:
    now = community.now()
    answer: Json = {
        "count": len(shown) if total is None else total,
        "items": [render(community, item, now) for item in shown],
    }
    if params.flag("extended"):
        answer |= objects.extended(community.world, shown, params.texts("fields"))
    return answer


def _conversation(community: Community, peer: Person) -> Json:
    refusal = community.refusals.get(peer.id_on(objects.NETWORK), 0)
    return objects.conversation(_thread(community, peer), peer, community.now(), refusal)


def _with_last_message(community: Community, peer: Person) -> tuple[Json, bool]:
    """Return an item of `getConversations`, and whether the thread has unread messages."""
    state = _conversation(community, peer)
    last = _thread(community, peer)[-1]
    return {"conversation": state, "last_message": render(community, last, community.now())}, bool(
        state["unread_count"]
    )


def _passes(community: Community, peer: Person, chosen: str) -> bool:
    """Whether a thread passes the filter; nothing here is important or in the archive."""
    if chosen not in {"unread", "unanswered"}:
        return False
    return bool(_conversation(community, peer)["unanswered"])
