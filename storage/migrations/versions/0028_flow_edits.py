"""Changes of an application on its way, what a 专票 names, red-letter invoices

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), 'postgresql')
EMPTY_LIST = sa.text("'[]'")
BEFORE = "state IN ('waiting','open','agreed','refused','returned','transferred','superseded','cancelled')"
STATES = "state IN ('waiting','open','agreed','refused','returned','transferred','superseded','cancelled','submitted')"
DETAILS = ('bank', 'account', 'address', 'phone')


def upgrade() -> None:
    with op.batch_alter_table('flow_node') as batch:
        batch.add_column(sa.Column('editable_fields', JSON, nullable=False, server_default=EMPTY_LIST))
    with op.batch_alter_table('flow') as batch:
        batch.add_column(sa.Column('revision', sa.Integer(), nullable=False, server_default='0'))
    with op.batch_alter_table('flow_log') as batch:
        batch.add_column(sa.Column('changes', JSON, nullable=False, server_default=EMPTY_LIST))
    with op.batch_alter_table('flow_task') as batch:
        batch.add_column(sa.Column('kind', Text(), nullable=False, server_default='decide'))
        batch.drop_constraint(op.f('ck_flow_task_state'), type_='check')
        batch.create_check_constraint(op.f('ck_flow_task_state'), STATES)
        batch.create_check_constraint(op.f('ck_flow_task_kind'), "kind IN ('decide','revise')")

    with op.batch_alter_table('invoice') as batch:
        for name in DETAILS:
            batch.add_column(sa.Column(name, Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('red_of', sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f('fk_invoice_red_of'), 'invoice', ['red_of'], ['id'])
        batch.create_index(batch.f('ix_invoice_red_of'), ['red_of'], unique=False)
        batch.drop_constraint(op.f('ck_invoice_amount'), type_='check')
        batch.create_check_constraint(op.f('ck_invoice_amount'), 'amount >= 0 OR red_of IS NOT NULL')


def downgrade() -> None:
    op.execute("DELETE FROM invoice WHERE red_of IS NOT NULL")
    with op.batch_alter_table('invoice') as batch:
        batch.drop_constraint(op.f('ck_invoice_amount'), type_='check')
        batch.drop_constraint(op.f('fk_invoice_red_of'), type_='foreignkey')
        batch.drop_index(batch.f('ix_invoice_red_of'))
        batch.drop_column('red_of')
        for name in reversed(DETAILS):
            batch.drop_column(name)
        batch.create_check_constraint(op.f('ck_invoice_amount'), 'amount >= 0')

    op.execute("UPDATE flow_task SET state = 'superseded' WHERE state = 'submitted'")
    with op.batch_alter_table('flow_task') as batch:
        batch.drop_constraint(op.f('ck_flow_task_kind'), type_='check')
        batch.drop_constraint(op.f('ck_flow_task_state'), type_='check')
        batch.create_check_constraint(op.f('ck_flow_task_state'), BEFORE)
        batch.drop_column('kind')
    with op.batch_alter_table('flow_log') as batch:
        batch.drop_column('changes')
    with op.batch_alter_table('flow') as batch:
        batch.drop_column('revision')
    with op.batch_alter_table('flow_node') as batch:
        batch.drop_column('editable_fields')
