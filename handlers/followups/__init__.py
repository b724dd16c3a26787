"""跟进: one sentence, one follow-up."""
