"""One case: its conversation, why it is what it is, and what was done about it."""
