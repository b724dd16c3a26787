"""One summary, one tap: for what moves money."""
