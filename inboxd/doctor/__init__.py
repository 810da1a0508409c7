"""
`inboxd doctor`: looks at everything that the program depends on, and survives all of it.

What cannot be looked at is a finding, too: nothing here raises, and the whole ends in time.
"""

from inboxd.doctor.examination import Wishes, examine

__all__ = ["Wishes", "examine"]
