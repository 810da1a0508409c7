"""Which messages say that their author waits, or waited, on the phone."""

from __future__ import annotations

HELD_ON = """(m.verdict LIKE '%hold_time%' AND EXISTS (
       SELECT 1 FROM json_each(m.verdict, '$.evidence') WHERE value ->> 'label' = 'hold_time'))"""
"""
The condition that *m*, a message, is one of these, as the classifier's evidence names it.

Searching the text of the verdict spares parsing nearly all of them.
"""
