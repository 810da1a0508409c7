"""Which of the messages that a network shows are replies that people sent by way of us."""

from __future__ import annotations

# The plus keeps the column's affinity from hiding the index on what is extracted.
SENT_BY_US = """json_extract(o.receipt, '$.remote_id') = +m.remote_id
       AND o.receiver = m.account AND o.reply IS NOT NULL AND o.state = 'sent'"""
"""The condition that *o*, of the outbox, became *m*, a message; the index outbox_replies serves it."""
