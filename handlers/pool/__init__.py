"""The public pool (公海): browse, claim, return, assign, return by itself."""
