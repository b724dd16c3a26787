"""What a card looks like; no I/O."""
