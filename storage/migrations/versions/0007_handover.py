"""Departures and handovers

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

import storage.types
revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), 'postgresql')


def upgrade() -> None:
    departure = op.create_table('departure',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('left_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('roles', JSON, nullable=False),
    sa.Column('was_admin', sa.Boolean(), nullable=False),
    sa.Column('told_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('returned_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('restored_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('restored_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_departure')),
    sa.UniqueConstraint('user_id', 'left_at', name=op.f('uq_departure_user_id_left_at'))
    )
    op.create_table('handover',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('giver_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('receiver_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kinds', JSON, nullable=False),
    sa.Column('counts', JSON, nullable=False),
    sa.Column('over_cap', sa.Boolean(), nullable=False),
    sa.Column('by_user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('audit_mark', sa.Integer(), nullable=False),
    sa.Column('undone_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('undone_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handover'))
    )
    with op.batch_alter_table('handover', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_handover_giver_id'), ['giver_id'], unique=False)

    op.create_table('handover_item',
    sa.Column('handover_id', sa.Integer(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('record_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('old_owner_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('old_since', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=True),
    sa.Column('restored_at', storage.types.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['handover_id'], ['handover.id'], name=op.f('fk_handover_item_handover_id')),
    sa.PrimaryKeyConstraint('handover_id', 'kind', 'record_id', name=op.f('pk_handover_item'))
    )
    with op.batch_alter_table('handover_item', schema=None) as batch_op:
        batch_op.create_index('ix_handover_item_record', ['kind', 'record_id'], unique=False)

    with op.batch_alter_table('owner_history', schema=None) as batch_op:
        batch_op.add_column(sa.Column('handover_id', sa.Integer(), nullable=True))

    # Whoever has left before was told of in a morning message; he keeps what he held, which has no effect until
    # he comes back: then it is to be set aside like everybody's.
    connection = op.get_bind()
    people = sa.table('employee', sa.column('user_id', sa.String), sa.column('active', sa.Boolean), sa.column('left_at', storage.types.Moment(timezone=True)))
    gone = connection.execute(sa.select(people.c.user_id, people.c.left_at).where(sa.not_(people.c.active), people.c.left_at.is_not(None))).all()
    if gone:
        members = sa.table('role_member', sa.column('role_id', sa.Integer), sa.column('user_id', sa.String))
        served = sa.table('role_member_department', sa.column('role_id', sa.Integer), sa.column('user_id', sa.String), sa.column('department_id', sa.Integer))
        roles = sa.table('role', sa.column('id', sa.Integer), sa.column('name', sa.String))
        names = dict(connection.execute(sa.select(roles.c.id, roles.c.name)).all())
        rows = []
        for user_id, left_at in gone:
            held = connection.execute(sa.select(members.c.role_id).where(members.c.user_id == user_id)).scalars().all()
            places = connection.execute(sa.select(served.c.role_id, served.c.department_id).where(served.c.user_id == user_id)).all()
            kept = [
                {'role_id': role, 'name': names.get(role, ''), 'departments': [d for r, d in places if r == role]}
                for role in held
            ]
            rows.append({'user_id': user_id, 'left_at': left_at, 'roles': kept, 'was_admin': False, 'told_at': left_at, 'restored_by': ''})
            connection.execute(sa.delete(served).where(served.c.user_id == user_id))
            connection.execute(sa.delete(members).where(members.c.user_id == user_id))
        op.bulk_insert(departure, rows)


def downgrade() -> None:
    with op.batch_alter_table('owner_history', schema=None) as batch_op:
        batch_op.drop_column('handover_id')

    op.drop_table('handover_item')
    op.drop_table('handover')
    op.drop_table('departure')
