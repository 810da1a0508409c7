"""The words of alerts: what is told, once, and that it is over. A module for what they are about."""
