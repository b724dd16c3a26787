"""外勤: where somebody was, and at which customer."""
