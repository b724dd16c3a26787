"""Leads and their conversion

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import storage.types

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
STATES = "('new','following','interested','converted','invalid')"


def upgrade() -> None:
    op.execute(f"UPDATE lead SET state = 'new' WHERE state NOT IN {STATES}")
    with op.batch_alter_table('lead') as batch:
        batch.add_column(sa.Column('invalid_reason', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('converted_customer_id', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('converted_opportunity_id', sa.Integer(), nullable=True))
        for name in ('converted_at', 'last_follow_up_at', 'next_follow_up_at'):
            batch.add_column(sa.Column(name, storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('next_timed', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column('created_by', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
        batch.create_check_constraint(op.f('ck_lead_state'), f"state IN {STATES}")
        for kind in ('customer', 'opportunity'):
            batch.create_foreign_key(
                op.f(f'fk_lead_converted_{kind}_id'), kind, [f'converted_{kind}_id'], ['id']
            )
            batch.create_index(op.f(f'ix_lead_converted_{kind}_id'), [f'converted_{kind}_id'])
        batch.create_index('ix_lead_owner_next', ['owner_id', 'next_follow_up_at'])
    op.create_table('lead_follow_up',
    sa.Column('lead_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', Text(), nullable=False),
    sa.Column('at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('method', Text(), nullable=False),
    sa.Column('content', Text(), nullable=False),
    sa.Column('next_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('next_timed', sa.Boolean(), nullable=False),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('deleted_at', storage.types.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['lead_id'], ['lead.id'], name=op.f('fk_lead_follow_up_lead_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_lead_follow_up'))
    )
    op.create_index(op.f('ix_lead_follow_up_lead_id'), 'lead_follow_up', ['lead_id'])
    op.create_index(op.f('ix_lead_follow_up_user_id'), 'lead_follow_up', ['user_id'])


def downgrade() -> None:
    op.drop_table('lead_follow_up')
    with op.batch_alter_table('lead') as batch:
        batch.drop_index('ix_lead_owner_next')
        batch.drop_constraint(op.f('ck_lead_state'), type_='check')
        for kind in ('customer', 'opportunity'):
            batch.drop_index(op.f(f'ix_lead_converted_{kind}_id'))
            batch.drop_constraint(op.f(f'fk_lead_converted_{kind}_id'), type_='foreignkey')
            batch.drop_column(f'converted_{kind}_id')
        for name in (
            'invalid_reason', 'converted_at', 'last_follow_up_at', 'next_follow_up_at', 'next_timed', 'created_by',
            'version',
        ):
            batch.drop_column(name)
    op.execute("UPDATE lead SET state = 'open' WHERE state = 'new'")
