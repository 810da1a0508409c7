"""
The simulated world: VK, Facebook, X, Slack and SMTP as local servers that tests and the demo share.

Nothing in this package imports from the rest of inboxd, from the connectors or from a network's SDK:
a mistake about a wire format must not be able to cancel itself out.
"""
