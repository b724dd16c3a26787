"""Reminder rules and the morning message."""
