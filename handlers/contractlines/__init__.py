"""Products sold by a contract."""
