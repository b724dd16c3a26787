"""Roles by xlsx: a template, an export, and a filled table checked and imported as a whole."""
