"""回款: the money that comes in on contracts."""
