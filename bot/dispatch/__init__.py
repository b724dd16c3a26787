"""Routing of chat messages, card taps, events and jobs."""
