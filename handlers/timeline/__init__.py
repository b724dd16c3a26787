"""Everything that happened to a customer."""
