"""Customers: team, lock, address

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

import storage.types
revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), 'postgresql')
ENDED = sa.text('ended_at IS NULL')
OPEN = sa.text('answered_at IS NULL')
WORDS = {
    'customer': ('short_name', 'region', 'address', 'website', 'coord_sys'),
    'contact': ('phone', 'disabled_reason'),
}


def upgrade() -> None:
    for table, names in WORDS.items():
        for name in names:
            op.add_column(table, sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
    op.add_column('customer', sa.Column('lng', sa.Float(), nullable=True))
    op.add_column('customer', sa.Column('lat', sa.Float(), nullable=True))
    op.add_column('customer', sa.Column('lock_until', sa.Date(), nullable=True))
    op.add_column('customer', sa.Column('merged_into', sa.Integer(), nullable=True))
    op.create_index('ix_customer_short_name', 'customer', ['short_name'], unique=False)
    op.create_index('ix_customer_merged_into', 'customer', ['merged_into'], unique=False)
    op.add_column('contact', sa.Column('decider', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column('contact', sa.Column('reports_to_id', sa.Integer(), nullable=True))
    op.add_column('contact', sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
    op.create_table('team_member',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('may_write', sa.Boolean(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('created_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('ended_at', storage.types.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_team_member_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team_member'))
    )
    op.create_index('ix_team_member_customer_id', 'team_member', ['customer_id'], unique=False)
    op.create_index('ix_team_member_user', 'team_member', ['user_id', 'customer_id'], unique=False)
    op.create_index('uq_team_member_live', 'team_member', ['customer_id', 'user_id'], unique=True,
        sqlite_where=ENDED, postgresql_where=ENDED)
    op.create_table('join_request',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('answered_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('answered_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('agreed', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_join_request_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_join_request'))
    )
    op.create_index('ix_join_request_customer_id', 'join_request', ['customer_id'], unique=False)
    op.create_index('uq_join_request_open', 'join_request', ['customer_id', 'user_id'], unique=True,
        sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table('merge_log',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('head_id', sa.Integer(), nullable=False),
    sa.Column('tail_id', sa.Integer(), nullable=False),
    sa.Column('moved', JSON, nullable=False),
    sa.Column('at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('by_user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('undone_at', storage.types.Moment(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_merge_log'))
    )


def downgrade() -> None:
    op.drop_table('merge_log')
    op.drop_table('join_request')
    op.drop_table('team_member')
    for name in ('version', 'reports_to_id', 'decider'):
        op.drop_column('contact', name)
    op.drop_index('ix_customer_merged_into', table_name='customer')
    op.drop_index('ix_customer_short_name', table_name='customer')
    for name in ('merged_into', 'lock_until', 'lat', 'lng'):
        op.drop_column('customer', name)
    for table, names in WORDS.items():
        for name in names:
            op.drop_column(table, name)
