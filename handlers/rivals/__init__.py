"""Competitors met in an opportunity (商机里的竞争对手)."""
