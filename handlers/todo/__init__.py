"""我的待办: what waits for oneself, decided row by row or all at once."""
