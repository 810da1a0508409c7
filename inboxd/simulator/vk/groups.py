"""The `groups.*`, `users.*` and `utils.*` methods: who is who, and the long poll's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inboxd.simulator.vk import objects
from inboxd.simulator.vk.community import EVENTS
from inboxd.simulator.vk.protocol import VERSION, Json, Params, VkError

if TYPE_CHECKING:
    from inboxd.simulator.vk.community import Community

# dev.vk.com/reference/access-rights: what a community token for answering people has.
_PERMISSIONS = {"messages": 1 << 12, "wall": 1 << 13, "manage": 1 << 18}


def get_by_id(community: Community, params: Params) -> Json:
    """`groups.getById`: the community, by id, by screen name, or by its own token; or another."""
    brand = community.brand
    named = params.texts("group_ids") or params.texts("group_id") or [str(brand.id)]
    known = {str(brand.id), brand.handle}
    if named[0].isdecimal():
        other = community.world.person_by_id(objects.NETWORK, -int(named[0]))
        if other is not None:
            return {"groups": [objects.shop(other)], "profiles": []}
    if not known.intersection(named):
        raise VkError(100, "group_ids is undefined")
    return {"groups": [objects.group(brand)], "profiles": []}


def get_long_poll_server(community: Community, params: Params, *, server: str) -> Json:
    """`groups.getLongPollServer`: where to listen, with which key, and from where; `ts` is text."""
    community.require_own(params.integer("group_id"))
    if not community.long_poll.enabled:
        raise VkError(100, "longpoll for this group is not enabled")
    return {"key": community.issue_key(), "server": server, "ts": str(community.last_seq())}


def get_long_poll_settings(community: Community, params: Params) -> Json:
    """`groups.getLongPollSettings`: which events are delivered."""
    community.require_own(params.integer("group_id"))
    chosen = community.long_poll.events
    return {
        "is_enabled": community.long_poll.enabled,
        "api_version": VERSION,
        "events": {name: int(name in chosen) for name in EVENTS},
    }


def set_long_poll_settings(community: Community, params: Params) -> int:
    """`groups.setLongPollSettings`: what is not named stays as it was."""
    community.require_own(params.integer("group_id"))
    settings = community.long_poll
    if params.text("enabled"):
        settings.enabled = params.flag("enabled")
    named = {name for name in EVENTS if params.text(name)}
    chosen = {name for name in named if params.flag(name)}
    settings.events = (settings.events - named) | chosen
    return 1


def get_token_permissions(_community: Community, _params: Params) -> Json:
    """`groups.getTokenPermissions`: the rights of a community token, as a mask and by name."""
    listed = [{"name": name, "setting": bit} for name, bit in _PERMISSIONS.items()]
    return {"mask": sum(_PERMISSIONS.values()), "permissions": listed}


def users_get(community: Community, params: Params) -> list[Json]:
    """`users.get`: people by id; who does not exist is left out."""
    ids = params.integers("user_ids")
    if len(ids) > 1000:
        raise VkError(100, "user_ids should contain at most 1000 items")
    found = (community.world.person_by_id(objects.NETWORK, number) for number in ids)
    fields = params.texts("fields")
    return [objects.user(person, fields) for person in found if person is not None]


def get_server_time(community: Community, _params: Params) -> int:
    """`utils.getServerTime`: unix seconds of the simulated world."""
    return int(community.now().timestamp())
