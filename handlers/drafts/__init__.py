"""草稿: dialogues that were left half way."""
