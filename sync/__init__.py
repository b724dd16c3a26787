"""The org mirror: mirrors, never decides."""
