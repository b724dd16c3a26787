"""The inbox in order of arrival

Revision ID: 0017
Revises: 0016

The order of arrival becomes the key of the table, so that a frame costs two indices less.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import storage.types

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

KEPT = (
    'key, lane, kind, body, state, attempts, received_at, lease_holder, lease_until, done_at, result'
)
COLUMNS = (
    ('key', sqlmodel.sql.sqltypes.AutoString(), False), ('lane', sqlmodel.sql.sqltypes.AutoString(), False),
    ('kind', sqlmodel.sql.sqltypes.AutoString(), False), ('body', sqlmodel.sql.sqltypes.AutoString(), False),
    ('state', sqlmodel.sql.sqltypes.AutoString(), False), ('attempts', sa.Integer(), False),
    ('received_at', storage.types.Moment(timezone=True), False),
    ('lease_holder', sqlmodel.sql.sqltypes.AutoString(), False),
    ('lease_until', storage.types.Moment(timezone=True), True), ('done_at', storage.types.Moment(timezone=True), True),
    ('result', sqlmodel.sql.sqltypes.AutoString(), False),
)


def upgrade() -> None:
    op.execute(f'CREATE TABLE inbox_before AS SELECT sequence, {KEPT} FROM inbox')
    op.drop_table('inbox')
    op.create_table('inbox',
    sa.Column('sequence', sa.Integer(), nullable=False),
    *(sa.Column(name, kind, nullable=empty) for name, kind, empty in COLUMNS),
    sa.CheckConstraint("state IN ('new','done','dead')", name=op.f('ck_inbox_state')),
    sa.PrimaryKeyConstraint('sequence', name=op.f('pk_inbox')),
    sa.UniqueConstraint('key', name=op.f('uq_inbox_key'))
    )
    op.execute(f'INSERT INTO inbox ({KEPT}) SELECT {KEPT} FROM inbox_before ORDER BY sequence')
    op.drop_table('inbox_before')
    _new_frames()


def downgrade() -> None:
    op.execute(f'CREATE TABLE inbox_before AS SELECT sequence, {KEPT} FROM inbox')
    op.drop_table('inbox')
    op.create_table('inbox',
    sa.Column('sequence', sa.Integer(), nullable=False),
    *(sa.Column(name, kind, nullable=empty) for name, kind, empty in COLUMNS),
    sa.Column('body_hash', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''),
    sa.CheckConstraint("state IN ('new','done','dead')", name=op.f('ck_inbox_state')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_inbox'))
    )
    op.execute(f'INSERT INTO inbox (sequence, {KEPT}) SELECT sequence, {KEPT} FROM inbox_before')
    op.drop_table('inbox_before')
    op.create_index(op.f('ix_inbox_sequence'), 'inbox', ['sequence'], unique=False)
    op.create_index(op.f('ix_inbox_received_at'), 'inbox', ['received_at'], unique=False)
    _new_frames()


def _new_frames() -> None:
    only = sa.text("state = 'new'")
    op.create_index(
        'ix_inbox_new', 'inbox', ['lane', 'sequence'], unique=False, sqlite_where=only, postgresql_where=only
    )
