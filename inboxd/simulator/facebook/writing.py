"""
The writes of a Page's inbox: a message, a comment, and hiding a comment.

Reply windows: developers.facebook.com/documentation/business-messaging/messenger-platform/policy;
limits of the text: .../messenger-platform/send-messages.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from inboxd.simulator.facebook.errors import GraphError, no_such_object
from inboxd.simulator.facebook.nodes import NETWORK, CommentNode, Node, PostNode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from inboxd.simulator.facebook.errors import Json
    from inboxd.simulator.facebook.view import ReplyWindow, View
    from inboxd.simulator.people import Person

LONGEST_MESSAGE = 2000
_OUTSIDE_WINDOW = 2018278
_NO_SUCH_USER = 2018001


def send_message(view: View, query: Mapping[str, Any], refusals: Mapping[int, int]) -> Json:
    """
    Carry out POST /{page-id}/messages.

    Raises error 10 (2018278) outside the reply window, 100 (2018001) for a person who
    has no conversation, and what *refusals* says of a person (page-scoped id).
    """
    recipient, text = _part(query, "recipient").get("id"), _part(query, "message").get("text")
    if not isinstance(text, str) or not text:
        raise GraphError(100, "Param message[text] must be a non-empty string")
    if len(text) > LONGEST_MESSAGE:
        raise GraphError(100, f"Length of param message[text] must be at most {LONGEST_MESSAGE}")
    peer = view.peer(str(recipient))
    if peer is None:
        raise GraphError(100, "No matching user found", _NO_SUCH_USER)
    psid = peer.id_on(NETWORK)
    if psid in refusals:
        raise GraphError(refusals[psid])
    if not _may_send(view.window(peer), query):
        raise GraphError(10, "This message is sent outside of allowed window.", _OUTSIDE_WINDOW)
    return {"recipient_id": str(psid), "message_id": _send(view, peer, text)}


def write_comment(view: View, node: Node, query: Mapping[str, Any]) -> Json:
    """Carry out POST /{object-id}/comments: the Page answers a post or a comment."""
    text = query.get("message")
    if not isinstance(node, PostNode | CommentNode):
        raise no_such_object(node.id)
    if not isinstance(text, str) or not text:
        raise GraphError(100, "Param message must be a non-empty string")
    item = view.world.reply(node.item.serial, text, sent_at=view.at)
    return {"id": view.id_of(item)}


def update_comment(view: View, node: Node, query: Mapping[str, Any]) -> Json:
    """Carry out POST /{comment-id} with `is_hidden`."""
    hidden = str(query.get("is_hidden", "")).lower()
    if not isinstance(node, CommentNode) or hidden not in {"true", "false"}:
        raise GraphError(100, "Only is_hidden of a comment can be changed")
    view.world.hide(node.item.serial, at=view.at, hidden=hidden == "true")
    return {"success": True}


def _send(view: View, peer: Person, text: str) -> str:
    return view.id_of(view.world.add(NETWORK, "dm", text, sent_at=view.at, peer=peer))


def _may_send(window: ReplyWindow, query: Mapping[str, Any]) -> bool:
    kind = query.get("messaging_type", "RESPONSE")
    if kind in {"RESPONSE", "UPDATE"}:
        return window.open_for_all
    if kind == "MESSAGE_TAG" and query.get("tag") == "HUMAN_AGENT":
        return window.open_for_people
    raise GraphError(100, "messaging_type or tag is not one that a Page may send with")


def _part(query: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object of the body, which in a form is JSON in a field."""
    value = query.get(name)
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, dict):
        raise GraphError(100, f"Param {name} must be an object")
    return value
