"""Two customers made one."""
