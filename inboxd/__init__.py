"""inboxd: one inbox for a shop's VK, Facebook and X, in which no customer is left waiting."""

__version__ = "0.1.0"
