"""How leads change hands, completely

Revision ID: 0029
Revises: 0028

A handover's line names it, as a customer's does; a lead may return to the pool by itself, and its line says by which N.
Besides, customers with a common word in their names are counted without reading the rows.
"""

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None

LISTED = sa.text('deleted_at IS NULL AND owner_id IS NOT NULL')
NAME = 'ck_lead_owner_history_how'


def _ways(words: str) -> None:
    with op.batch_alter_table('lead_owner_history') as batch:
        batch.drop_constraint(op.f(NAME), type_='check')
        batch.create_check_constraint(op.f(NAME), f'how IN ({words})')


def upgrade() -> None:
    op.add_column('lead_owner_history', sa.Column('rule_days', sa.Integer(), nullable=True))
    op.add_column('lead_owner_history', sa.Column('handover_id', sa.Integer(), nullable=True))
    _ways("'create','claim','return','recycle','transfer','handover','undo'")
    op.create_index(
        'ix_customer_ids', 'customer', ['id', 'owner_id'], sqlite_where=LISTED, postgresql_where=LISTED
    )


def downgrade() -> None:
    op.drop_index('ix_customer_ids', table_name='customer')
    op.execute("UPDATE lead_owner_history SET how = 'transfer' WHERE how = 'handover'")
    op.execute("UPDATE lead_owner_history SET how = 'return' WHERE how = 'recycle'")
    _ways("'create','claim','return','transfer','undo'")
    with op.batch_alter_table('lead_owner_history') as batch:
        batch.drop_column('handover_id')
        batch.drop_column('rule_days')
