"""The names behind the ids of authors."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from connectors.vk.payloads import community, nameless, profile
from connectors.vk.shapes import as_object
from inboxd.errors import NetworkError, OperatorError, UnexpectedPayload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from connectors.vk.transport import Api
    from inboxd.model import Author, Json, Message

PROFILE_FIELDS: Final = "screen_name,followers_count"
_WITH_NAMES: Final[Mapping[str, Any]] = MappingProxyType({"extended": 1, "fields": PROFILE_FIELDS})
_USERS_PAGE: Final = 1000
_GROUPS_PAGE: Final = 500


class People:
    """The names behind author ids, each asked for once."""

    _MOST: Final = 50_000
    asking: Mapping[str, Any] = _WITH_NAMES
    """What asks VK to send names along with a list."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[str, Author] = {}

    def learn(self, answer: Json) -> None:
        """Take the names from the profiles and groups of an extended answer."""
        for key, read in (("profiles", profile), ("groups", community)):
            listed = answer.get(key)
            self._remember(listed if isinstance(listed, list) else (), read)

    async def name(self, messages: Sequence[Message]) -> list[Message]:
        """
        Return *messages* with their authors' names.

        A name that VK does not tell now is no reason to hold a message back: the next
        reading of the same message brings it.
        """
        ids = {message.author.remote_id for message in messages if message.author is not None}
        with contextlib.suppress(NetworkError, OperatorError, UnexpectedPayload):
            await self._ask_for([int(remote_id) for remote_id in sorted(ids - self._known.keys())])
        return [self._named(message) for message in messages]

    def _named(self, message: Message) -> Message:
        bare = message.author
        known = self._known.get(bare.remote_id) if bare is not None else None
        return message if known is None else replace(message, author=known)

    async def _ask_for(self, ids: Sequence[int]) -> None:
        people, groups = [str(i) for i in ids if i > 0], [str(-i) for i in ids if i < 0]
        for start in range(0, len(people), _USERS_PAGE):
            params = {"user_ids": ",".join(people[start : start + _USERS_PAGE])}
            found = await self._api.call("users.get", {**params, "fields": PROFILE_FIELDS})
            self._remember(found if isinstance(found, list) else (), profile)
        for start in range(0, len(groups), _GROUPS_PAGE):
            params = {"group_ids": ",".join(groups[start : start + _GROUPS_PAGE])}
            self._remember(groups_of(await self._api.call("groups.getById", params)), community)
        for author_id in ids:
            self._known.setdefault(str(author_id), nameless(author_id))

    def _remember(self, listed: Iterable[object], read: Callable[[Json], Author]) -> None:
        if len(self._known) > self._MOST:
            self._known.clear()
        for raw in listed:
            try:
                author = read(as_object(raw, "profile"))
            except UnexpectedPayload:
                continue
            self._known[author.remote_id] = author


class Strangers(People):
    """People whose names are nobody's business: they are not asked for, and not looked at."""

    asking: Mapping[str, Any] = MappingProxyType({})

    def learn(self, answer: Json) -> None:
        """Look at nothing."""

    async def name(self, messages: Sequence[Message]) -> list[Message]:
        """Return *messages* as they are."""
        return list(messages)


def groups_of(answer: object) -> Sequence[object]:
    """Return the list in an answer of groups.getById, which before 5.139 was the answer itself."""
    listed = answer.get("groups") if isinstance(answer, dict) else answer
    return listed if isinstance(listed, list) else ()
