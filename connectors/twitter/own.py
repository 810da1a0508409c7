"""Which posts of ours stand above which: a longer answer in parts hangs below its first part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.twitter.api import MOST_IDS
from connectors.twitter.payloads import ID, as_object, as_objects, either, replied_to

if TYPE_CHECKING:
    from connectors.twitter.api import Api
    from inboxd.model import Json

_DEEPEST = 5
_MOST = 500
"""Posts of ours that are kept whole, some 2 KB each; an older one is looked up where it matters."""


async def with_posts_above(answer: Json, us: str, own: dict[str, Json], api: Api) -> Json:
    """
    Return a page of our posts with those that it hangs below, as far as needed.

    *own* remembers what was seen; what is not there is looked up: without it nobody could tell
    whom the second part of an answer is for.
    """
    _note(answer.get("data"), us, own)
    above: dict[str, Json] = {}
    looked_up: set[str] = set()
    for _level in range(_DEEPEST):
        parents = _parents([*as_objects(answer.get("data")), *above.values()], us) - above.keys()
        missing = parents - own.keys() - looked_up
        if missing:
            looked_up |= missing
            found = await api.posts(sorted(missing)[:MOST_IDS], optional=False)
            _note(found.get("data"), us, own)
        if not (new := {parent: own[parent] for parent in parents if parent in own}):
            break
        above |= new
    includes = as_object(answer.get("includes"))
    tweets = [*as_objects(either(includes, "tweets", "posts")), *above.values()]
    return {**answer, "includes": {**includes, "tweets": tweets}}


def _parents(posts: list[Json], us: str) -> set[str]:
    """Return the ids of posts of ours that posts of ours reply to."""
    parents = {replied_to(post) or "" for post in posts if post.get("in_reply_to_user_id") == us}
    return {parent for parent in parents if ID.fullmatch(parent)}


def _note(posts: object, us: str, own: dict[str, Json]) -> None:
    for post in as_objects(posts):
        if post.get("author_id") == us:
            own[str(post.get("id"))] = post
    while len(own) > _MOST:
        del own[next(iter(own))]
