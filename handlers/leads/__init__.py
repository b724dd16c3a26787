"""线索: those who might become customers."""
