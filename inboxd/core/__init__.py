"""The pure part of inboxd: no I/O, no clock, no logging."""
