"""Messages that are still open, by lane

Revision ID: 0026
Revises: 0024

Sending looks for the open ones of each lane: by their moment, the index was of no use to it.
"""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0024'
branch_labels = None
depends_on = None

OPEN = "state IN ('queued','sending')"


def _index(*columns: str) -> None:
    op.drop_index('ix_outbox_open', table_name='outbox')
    op.create_index(
        'ix_outbox_open', 'outbox', list(columns), sqlite_where=sa.text(OPEN), postgresql_where=sa.text(OPEN)
    )


def upgrade() -> None:
    _index('lane', 'id')


def downgrade() -> None:
    _index('not_before', 'id')
