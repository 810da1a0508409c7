"""The inbox: who waits, what is due next first."""
