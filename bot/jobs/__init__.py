"""Entrance 3: the clock's turns."""
