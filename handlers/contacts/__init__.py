"""Contacts one by one: changing, the main one, those who left."""
