"""Customers and contacts without indexes that nothing asks

Revision ID: 0027
Revises: 0026

Names, letters and numbers are found by their entries, owners by two longer indexes. Each cost an import a page a row.
"""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None

UNASKED = (
    ('customer', 'name'), ('customer', 'initials'), ('customer', 'short_name'), ('customer', 'owner_id'),
    ('contact', 'mobile_tail'),
)
MERGED = sa.text('merged_into IS NOT NULL')


def upgrade() -> None:
    for table, column in UNASKED:
        op.drop_index(f'ix_{table}_{column}', table_name=table)
    op.drop_index('ix_customer_merged_into', table_name='customer')
    op.create_index(
        'ix_customer_merged_into', 'customer', ['merged_into'], sqlite_where=MERGED, postgresql_where=MERGED
    )


def downgrade() -> None:
    op.drop_index('ix_customer_merged_into', table_name='customer')
    op.create_index('ix_customer_merged_into', 'customer', ['merged_into'])
    for table, column in UNASKED:
        op.create_index(f'ix_{table}_{column}', table, [column])
