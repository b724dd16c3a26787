"""Runs Alembic on the connection `storage.migrate` hands over; there is no alembic.ini."""

from alembic import context
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 -- fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    compare_type=True,
    compare_server_default=False,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
