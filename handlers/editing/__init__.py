"""Changing a customer's fields: by sentence, by form."""
