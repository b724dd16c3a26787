"""The mirrored organisation: sync, events, who left."""
