"""Understanding Chinese: text and facts in, slots with certainty out. Pure."""
