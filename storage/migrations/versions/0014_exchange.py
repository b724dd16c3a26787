"""Imports and exports

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

import storage.types
revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), 'postgresql')
TEXT = sqlmodel.sql.sqltypes.AutoString
OPEN = sa.text("state IN ('reading','running','undoing')")


def upgrade() -> None:
    op.create_table('exchange',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', TEXT(), nullable=False),
    sa.Column('direction', TEXT(), nullable=False),
    sa.Column('kind', TEXT(), nullable=False),
    sa.Column('name', TEXT(), nullable=False),
    sa.Column('state', TEXT(), nullable=False),
    sa.Column('header', JSON, nullable=False),
    sa.Column('header_number', sa.Integer(), nullable=False),
    sa.Column('mapping', JSON, nullable=False),
    sa.Column('options', JSON, nullable=False),
    sa.Column('counts', JSON, nullable=False),
    sa.Column('total', sa.Integer(), nullable=False),
    sa.Column('cursor', sa.Integer(), nullable=False),
    sa.Column('told', sa.Integer(), nullable=False),
    sa.Column('text', TEXT(), nullable=False),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('done_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('undo_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("direction IN ('import','export','problems')", name=op.f('ck_exchange_direction')),
    sa.CheckConstraint(
        "state IN ('asking','reading','ready','running','done','undoing','undone','dropped','failed')",
        name=op.f('ck_exchange_state'),
    ),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exchange'))
    )
    op.create_index('ix_exchange_open', 'exchange', ['id'], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index('ix_exchange_user', 'exchange', ['user_id', 'created_at'])
    op.create_table('exchange_row',
    sa.Column('exchange_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('cells', JSON, nullable=False),
    sa.Column('key', TEXT(), nullable=False),
    sa.Column('verdict', TEXT(), nullable=False),
    sa.Column('reason', TEXT(), nullable=False),
    sa.Column('outcome', TEXT(), nullable=False),
    sa.Column('record', sa.Integer(), nullable=True),
    sa.Column('before', JSON, nullable=True),
    sa.Column('after', JSON, nullable=True),
    sa.ForeignKeyConstraint(
        ['exchange_id'], ['exchange.id'], name=op.f('fk_exchange_row_exchange_id'), ondelete='CASCADE'
    ),
    sa.PrimaryKeyConstraint('exchange_id', 'number', name=op.f('pk_exchange_row'))
    )
    op.create_index('ix_exchange_row_key', 'exchange_row', ['exchange_id', 'key'])
    op.create_table('exchange_file',
    sa.Column('exchange_id', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(
        ['exchange_id'], ['exchange.id'], name=op.f('fk_exchange_file_exchange_id'), ondelete='CASCADE'
    ),
    sa.PrimaryKeyConstraint('exchange_id', name=op.f('pk_exchange_file'))
    )


def downgrade() -> None:
    op.drop_table('exchange_file')
    op.drop_table('exchange_row')
    op.drop_table('exchange')
