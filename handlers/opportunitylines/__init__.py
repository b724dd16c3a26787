"""Products offered in an opportunity (产品明细)."""
