"""Application administrators: at least one at all times."""
