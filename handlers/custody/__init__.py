"""A customer as a whole: its owner, its lock, its deletion."""
