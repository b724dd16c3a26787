"""Competitors (竞争对手): who they are, what they are good and bad at."""
