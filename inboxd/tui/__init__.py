"""Triage in the terminal: what a social-media team has open all day."""
