"""合同 and what is owed on them."""
