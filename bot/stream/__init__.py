"""Entrance 1: the stream connection and the durable inbox."""
