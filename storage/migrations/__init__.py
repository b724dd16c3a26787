"""Alembic's revisions, from the first table on.

After a change in `storage.tables`: `python -m storage.migrations "what changes"` writes the next revision into
`versions/`, by comparison with a database at the present head. Read it, and correct what was guessed.
"""
