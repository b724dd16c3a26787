"""Entrance 2: HTTP."""
