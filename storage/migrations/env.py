"""Runs Alembic on the connection `storage.migrate` hands over; there is no alembic.ini."""

from alembic import context
from sqlmodel import SQLModel

import storage.tables  # noqa: F401 -- fills the metadata


def run() -> None:
    """Inside the transaction of the caller, who commits."""
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


if __name__ != "storage.migrations.env":  # Alembic runs this file by its path; a mere import does nothing
    run()
