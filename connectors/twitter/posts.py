"""How a page of posts becomes messages, whose thread each is in, and who may be answered; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.twitter.found import Found, broken
from connectors.twitter.payloads import (
    ID,
    Known,
    as_objects,
    as_string,
    attachments_of,
    author_of,
    checked_id,
    either,
    entities_of,
    items_of,
    known_in,
    mentioned_in,
    note_of,
    references_of,
    replied_to,
    text_of,
    time_of,
    told_at,
)
from inboxd.model import Author, Direction, Json, Message, ReplyWindow, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC_LENGTH = 280
"""As X weighs a text: see :mod:`connectors.twitter.weighing`."""
_HANDLES_IN_FRONT = re.compile(r"^(?:@\w{1,15}\s+)+")
_TEXT_WORD = re.compile(r"\w+")
NOT_SUMMONED = (
    "X lets an app reply only where the author mentioned or quoted the account; "
    "answer in the X app instead"
)
_NOT_INVITED = (
    "the author lets only some people reply, and did not mention the account; "
    "see in the X app whether it may"
)


@dataclass(frozen=True, slots=True)
class Shop:
    """
    Who reads: what decides whether a post is about us, whichever source brings it.

    *handle* may be empty where only what mentions us is read; *words* are the brand words if the
    stream "search" is wanted, else none.
    """

    us: str
    handle: str = ""
    words: tuple[str, ...] = ()
    summoned_only: bool = True


def read_posts(answer: Json, shop: Shop) -> Found:
    """Return what a page of posts holds for *shop*, in either vocabulary."""
    known = known_in(answer)
    found = Found(note_of(answer))
    for item in items_of(answer):
        try:
            if (customer := _customer(item, shop.us, known)) is not None:
                message = public_message(item, customer, shop, known)
                found.add(message, window_of(message.thread_id, item, shop, known))
        except Exception as error:  # noqa: BLE001 - our own bug too must not spoil the page
            found.unknown.append(broken("tweet", item, known, error))
    return found


def public_message(item: Json, customer: str, shop: Shop, known: Known) -> Message:
    """Return a post in *customer*'s thread; an edit has a new id and stays the message it was."""
    latest, author_id = checked_id(item["id"]), checked_id(item["author_id"])
    first = checked_id(history_of(item)[0])
    told = told_at(item)
    ours = author_id == shop.us
    author = Author(shop.us) if ours else author_of(author_id, known)
    parent = replied_to(item)
    conversation = _conversation_of(item)
    return Message(
        remote_id=f"tweet:{first}",
        thread_id=f"tweet:{conversation}:{customer}",
        stream=Stream.MENTIONS if ours else _stream_of(item, shop, known),
        direction=Direction.OUTBOUND if ours else Direction.INBOUND,
        public=True,
        sent_at=told if first == latest else time_of(int(first)),
        # X puts handles in front of a reply; what our people wrote begins behind them.
        text=_HANDLES_IN_FRONT.sub("", text_of(item)) if ours else text_of(item),
        author=author,
        parent_id=f"tweet:{parent}" if parent else None,
        url=f"https://x.com/{author.handle or 'i'}/status/{first}",
        attachments=attachments_of(item, known),
        edited_at=None if first == latest else told,
        also_in=_also_in(item, conversation, customer, shop.us) if ours else (),
        raw=item,
    )


def window_of(thread: str, item: Json, shop: Shop, known: Known) -> ReplyWindow:
    """Return whether X takes a reply of ours to *item*, the newest of its thread."""
    mentioned = _names_us(item, shop)
    reason = ""
    if shop.summoned_only and not mentioned and not _quotes_us(item, shop, known):
        reason = NOT_SUMMONED
    elif item.get("reply_settings") not in (None, "everyone") and not mentioned:
        reason = _NOT_INVITED
    return ReplyWindow(thread, not reason, reason=reason, max_length=PUBLIC_LENGTH)


def history_of(item: Json) -> list[str]:
    """Return the ids of a post's versions, oldest first; raises ValueError."""
    history = either(item, "edit_history_tweet_ids", "edit_history_post_ids") or [item["id"]]
    if not isinstance(history, list):
        raise ValueError("an edit history that is no list")  # noqa: TRY004 - as all of its kind
    return history


def handle_in(answer: Json, us: str) -> str:
    """Return our @handle as an answer names it somewhere, without the @; else nothing."""
    known = known_in(answer)
    users = [known["users"].get(us, {})]
    users += [mention for post in known["tweets"].values() for mention in _mentions(post)]
    handles = (as_string(user.get("username")) for user in users if user.get("id") == us)
    return next(filter(None, handles), "")


def talks_in(answer: Json, us: str, *, to_us: bool) -> Iterator[tuple[str, int]]:
    """
    Yield what is worth following, each with the number of the post that says so.

    It is a conversation that we began, ``17``, or somebody who talks with us in one of others,
    ``17:4``. Without *to_us* those alone who reply to us do; else everybody in *answer*.
    """
    for post in as_objects(answer.get("data")):
        author, above = str(post.get("author_id")), post.get("in_reply_to_user_id")
        number, conversation = str(post.get("id")), str(post.get("conversation_id"))
        if _is_retweet(post) or not ID.fullmatch(conversation) or not ID.fullmatch(number):
            continue
        parent = replied_to(post)
        if (parent is None and author == us) or (parent == conversation and above == us):
            yield conversation, int(number)
        party = str(above) if author == us else author
        if party != us and ID.fullmatch(party) and (to_us or us in (author, above)):
            yield f"{conversation}:{party}", int(number)


def posts_in(answer: Json) -> Iterator[tuple[str, int]]:
    """Yield as what each post would be followed (see `talks_in`), and its number."""
    for post in as_objects(answer.get("data")):
        conversation, number = str(post.get("conversation_id")), str(post.get("id"))
        if ID.fullmatch(number):
            yield conversation, int(number)
            yield f"{conversation}:{post.get('author_id')}", int(number)


def _conversation_of(item: Json) -> str:
    """Return the conversation that a post is in; the field is optional, so it may be a guess."""
    return checked_id(item.get("conversation_id") or replied_to(item) or history_of(item)[0])


def _names_us(item: Json, shop: Shop) -> bool:
    """Whether it mentions us; X may leave out the entities, or the ids in them."""
    mentions = _mentions(item)
    if any(each.get("id") == shop.us for each in mentions):
        return True
    handle = shop.handle.lower()
    if not handle or any("id" in each for each in mentions):
        return False
    return f"@{handle}" in {f"@{each.get('username')}".lower() for each in mentions} or (
        not mentions and f"@{handle} " in f"{text_of(item).lower()} "
    )


def _mentions(item: Json) -> list[Json]:
    return entities_of(item, "mentions")


def _customer(item: Json, us: str, known: Known) -> str | None:
    """Return whose thread a post is in; None for a retweet, or a post of ours to nobody."""
    if _is_retweet(item):
        return None
    if item["author_id"] == us:
        return _answered(item, us, known)
    return checked_id(item["author_id"])


def _is_retweet(item: Json) -> bool:
    return any(ref.get("type") in ("retweeted", "reposted") for ref in references_of(item))


def _answered(item: Json, us: str, known: Known) -> str | None:
    """Return whom a post of ours answers; a part two below our part one answers the same one."""
    while item.get("in_reply_to_user_id") == us:
        above = known["tweets"].get(replied_to(item) or "")
        if above is None or int(checked_id(above["id"])) >= int(checked_id(item["id"])):
            # X puts the handles of those above in front of a reply: the customer comes first.
            return next((user for user in mentioned_in(item) if user != us), None)
        if above.get("author_id", us) != us:
            return checked_id(above["author_id"])
        item = above
    customer = item.get("in_reply_to_user_id")
    return None if customer is None else checked_id(customer)


def _also_in(item: Json, conversation: str, customer: str, us: str) -> tuple[str, ...]:
    """Return the threads of the others whom a post of ours names: each waits in their own."""
    others = dict.fromkeys(user for user in mentioned_in(item) if user not in (us, customer))
    return tuple(f"tweet:{conversation}:{checked_id(user)}" for user in others)


def _stream_of(item: Json, shop: Shop, known: Known) -> Stream:
    """
    Return the stream of a customer's post.

    By what it says alone, never by what brought it: the same post comes by several ways.
    """
    if _names_us(item, shop) or item.get("in_reply_to_user_id") == shop.us:
        return Stream.MENTIONS
    if _quotes_us(item, shop, known) or not _says(item, shop.words):
        return Stream.MENTIONS
    return Stream.SEARCH


def _quotes_us(item: Json, shop: Shop, known: Known) -> bool:
    """Whether it quotes a post of ours: told by that post, or by the link that a quote holds."""
    quoted = [str(ref.get("id")) for ref in references_of(item) if ref.get("type") == "quoted"]
    if any(known["tweets"].get(post, {}).get("author_id") == shop.us for post in quoted):
        return True
    links = [str(link.get("expanded_url")).lower() for link in entities_of(item, "urls")]
    ours = f"/{shop.handle.lower()}/status/"
    return bool(quoted and shop.handle) and any(
        f".com{ours}{post}" in link for post in quoted for link in links
    )


def _says(item: Json, words: tuple[str, ...]) -> bool:
    """Whether a text has one of *words*, each of them the words of a phrase in their order."""
    said = _spelled(text_of(item))
    return any(f" {_spelled(word).strip()} " in said for word in words)


def _spelled(text: str) -> str:
    return f" {' '.join(_TEXT_WORD.findall(text.casefold()))} "
