"""The pool of leads

Revision ID: 0018
Revises: 0017

Since when a lead is somebody's or in the pool, who had it before, and which kind of record a person spoke of last.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import storage.types

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

WORDS = sqlmodel.sql.sqltypes.AutoString()
OPEN = sa.text('to_at IS NULL')


def upgrade() -> None:
    op.add_column('lead', sa.Column('owner_since', storage.types.Moment(timezone=True), nullable=True))
    op.add_column('lead', sa.Column('pooled_at', storage.types.Moment(timezone=True), nullable=True))
    op.add_column('lead', sa.Column('pool_reason', WORDS, nullable=False, server_default=''))
    op.add_column('conversation', sa.Column('subject_kind', WORDS, nullable=False, server_default='customer'))
    op.create_table('lead_owner_history',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('lead_id', sa.Integer(), nullable=False),
    sa.Column('owner_id', WORDS, nullable=True),
    sa.Column('from_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('to_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('how', WORDS, nullable=False),
    sa.Column('by_user_id', WORDS, nullable=False),
    sa.Column('reason', WORDS, nullable=False),
    sa.CheckConstraint("how IN ('create','claim','return','transfer','undo')",
        name=op.f('ck_lead_owner_history_how')),
    sa.ForeignKeyConstraint(['lead_id'], ['lead.id'], name=op.f('fk_lead_owner_history_lead_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lead_owner_history'))
    )
    op.create_index('ix_lead_owner_history_lead_id', 'lead_owner_history', ['lead_id'], unique=False)
    op.create_index('ix_lead_owner_history_owner', 'lead_owner_history', ['owner_id', 'from_at'], unique=False)
    op.create_index('uq_lead_owner_history_open', 'lead_owner_history', ['lead_id'], unique=True,
        sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_table('lead_owner_history')
    op.drop_column('conversation', 'subject_kind')
    op.drop_column('lead', 'pool_reason')
    op.drop_column('lead', 'pooled_at')
    op.drop_column('lead', 'owner_since')
