"""What it does: one folder per capability, the same file names in each."""
