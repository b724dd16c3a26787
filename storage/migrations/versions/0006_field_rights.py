"""Fields of roles

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('role_field',
    sa.Column('role_id', sa.Integer(), nullable=False),
    sa.Column('form', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('field', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('level', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.CheckConstraint("level IN ('hidden','masked','read','write')", name=op.f('ck_role_field_level')),
    sa.ForeignKeyConstraint(['role_id'], ['role.id'], name=op.f('fk_role_field_role_id')),
    sa.PrimaryKeyConstraint('role_id', 'form', 'field', name=op.f('pk_role_field'))
    )


def downgrade() -> None:
    op.drop_table('role_field')
