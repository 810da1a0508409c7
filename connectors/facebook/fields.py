"""What is asked for of each kind of item: explicit, as Graph gives little by itself; pure."""

from __future__ import annotations

import re

MESSAGE_FIELDS = "id,created_time,from,message,attachments,sticker,shares,is_unsupported"
COMMENT_FIELDS = (
    "id,created_time,from,message,message_tags,parent{id,parent{id}},permalink_url,attachment,is_hidden,"
    "is_private,can_comment,can_hide,can_reply_privately"
)
NEWEST_FIRST = {"filter": "stream", "order": "reverse_chronological"}
"""How comments are asked for: replies among them, and not oldest first, Graph's default."""
_ORDERED = ".filter(stream).order(reverse_chronological)"
COMMENTS = f"comments{_ORDERED}.limit(10){{{COMMENT_FIELDS}}}"
FOREIGN_COMMENT_FIELDS = "id,created_time,from{id},message,message_tags,parent{id,parent{id}}"
"""Of comments below somebody else's posts: nobody's name, and no right of ours."""
FOREIGN_COMMENTS = f"comments{_ORDERED}.limit(10){{{FOREIGN_COMMENT_FIELDS}}}"
FOREIGN_POST_FIELDS = "id,created_time,updated_time,from{id},message"
POST_FIELDS = "id,created_time,updated_time,from,message,story,full_picture,permalink_url"
PHOTO_FIELDS = "id,created_time,updated_time,page_story_id"
REVIEW_FIELDS = "created_time,has_rating,has_review,rating,recommendation_type,review_text,reviewer"
CONVERSATION_FIELDS = f"id,updated_time,can_reply,link,messages.limit(20){{{MESSAGE_FIELDS}}}"

_NOT_NECESSARY = re.compile(
    r",(is_unsupported|message_tags|is_private|can_comment|can_reply_privately|full_picture)\b"
    r"|,parent\{id\}(?=\})"  # a parent's parent
)


def necessary(fields: str) -> str:
    """
    Return what is left of a field list when only the necessary is asked for.

    One name that a server does not know, or not any more, spoils the whole answer: the rest is
    among what the contract recommends to ask for.
    """
    return _NOT_NECESSARY.sub("", fields)
