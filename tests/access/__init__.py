"""Who may do what: a row for every use case, by the group of capabilities it belongs to, and what the rows call."""
