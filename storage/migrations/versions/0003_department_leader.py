"""Who leads a department without being in it

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('department_leader',
    sa.Column('user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('department_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['employee.user_id'], name=op.f('fk_department_leader_user_id')),
    sa.PrimaryKeyConstraint('user_id', 'department_id', name=op.f('pk_department_leader'))
    )
    with op.batch_alter_table('department_leader', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_department_leader_department_id'), ['department_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('department_leader', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_department_leader_department_id'))

    op.drop_table('department_leader')
