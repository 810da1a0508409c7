"""Promises about conversations that are read a part at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from inboxd.connector import OutgoingReply
from inboxd.model import Author, Stream
from tests.store.shop import answered, said

if TYPE_CHECKING:
    from tests.store.shop import Shop


def test_an_outline_has_the_messages_of_the_thread_in_their_order(shop: Shop) -> None:
    """Part by part, a conversation is the same as at once, answers from other threads included."""
    shop.hear(said(5, "b", thread_id="x:2"), said(0, "a", thread_id="x:1", text="where?"))
    shop.hear(answered(30, "r", thread_id="x:1", also_in=("x:2",)), said(40, "c", thread_id="x:2"))
    for case in (1, 2):
        whole = shop.store.views.thread(case)
        outline = shop.store.threads.outline(case)
        assert [each.id for each in outline] == [each.id for each in whole]
        assert [each.length for each in outline] == [len(each.text) for each in whole]
        for each, message in zip(outline, whole, strict=True):
            assert shop.store.views.thread(case, [each.id]) == [message]


def test_a_reply_is_outgoing_until_it_is_read_back(shop: Shop) -> None:
    """What is queued, failed, or sent and not seen yet is told; what is in the thread is not."""
    shop.hear(said(0, "m1"))
    reply = OutgoingReply("k1", "dm:1", Stream.DIRECT_MESSAGES, "On its way", None, None, shop.now)
    number = shop.store.outbox.add_reply("shop-vk", 1, reply, shop.now)

    def states() -> list[str]:
        return [each.state for each in shop.store.threads.outgoing(1)]

    assert [each.reply.text for each in shop.store.threads.outgoing(1)] == ["On its way"]
    for state in ("pending", "sending", "unsure", "refused", "sent"):
        shop.store.database.execute(
            "UPDATE outbox SET state = ?, receipt = ? WHERE id = ?",
            (state, json.dumps({"remote_id": "r1"}), number),
        )
        assert states() == [state]
    shop.hear(answered(3, "r1", text="On its way"))
    assert states() == []
    assert shop.store.threads.outgoing(2) == []


def test_names_are_those_of_the_threads_authors(shop: Shop) -> None:
    """Whoever wrote in a thread has a name there: the network's, the handle, or the id."""
    shop.hear(
        said(0, "m1", author=Author("1", "Anna", "anna")),
        said(1, "m2", author=Author("2", "", "boris")),
        said(2, "m3", author=Author("3")),
        said(3, "m4", thread_id="dm:9", author=Author("4", "Nobody")),
    )
    assert shop.store.threads.names(1) == {"1": "Anna", "2": "boris", "3": "3"}
