"""Erasing people, and letting nothing bring them back."""
