"""
The demo: a simulated shop's working day, read and escalated by the real daemon.

The networks, Slack and the mail server are local servers; the configuration is a file like
any other; only the clock runs faster. What is shown as delivered is what those servers got.
"""
