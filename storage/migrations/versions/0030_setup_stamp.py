"""A stamp that changes with settings, people, roles and dictionaries (SQLite)

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0029'
branch_labels = None
depends_on = None

TABLES = (
    'setting', 'employee', 'employee_department', 'department', 'role', 'role_function', 'role_member',
    'role_member_department', 'role_field', 'field_dictionary', 'dictionary_value',
)  # fmt: skip
CHANGES = ('INSERT', 'UPDATE', 'DELETE')
STAMP = 'hex(randomblob(16))'


def upgrade() -> None:
    op.create_table(
        'setup_stamp',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('value', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_setup_stamp')),
    )
    if op.get_bind().dialect.name != 'sqlite':
        return
    op.execute(f'INSERT INTO setup_stamp (id, value) VALUES (1, {STAMP})')
    for table in TABLES:
        for change in CHANGES:
            op.execute(
                f'CREATE TRIGGER {table}_stamped_{change.lower()} AFTER {change} ON {table} '
                f'BEGIN UPDATE setup_stamp SET value = {STAMP} WHERE id = 1; END'
            )


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        for table in TABLES:
            for change in CHANGES:
                op.execute(f'DROP TRIGGER {table}_stamped_{change.lower()}')
    op.drop_table('setup_stamp')
