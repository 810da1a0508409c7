"""Answering a case."""
