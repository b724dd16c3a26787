"""Approval flows and applications for invoices

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

import storage.types
revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), 'postgresql')
EMPTY_LIST, EMPTY_MAP = sa.text("'[]'"), sa.text("'{}'")
STATES = "state IN ('pending','approved','issued','rejected','cancelled','void')"


def upgrade() -> None:
    op.create_table('flow_delegation',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', Text(), nullable=False),
    sa.Column('delegate_id', Text(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('ended_at', storage.types.Moment(timezone=True), nullable=True),
    sa.CheckConstraint('user_id <> delegate_id', name=op.f('ck_flow_delegation_other')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_delegation'))
    )
    with op.batch_alter_table('flow_delegation') as batch:
        batch.create_index(batch.f('ix_flow_delegation_user_id'), ['user_id'], unique=False)

    op.create_table('flow_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('form', Text(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('nodes', JSON, nullable=False),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_version')),
    sa.UniqueConstraint('form', 'number', name=op.f('uq_flow_version_form_number'))
    )
    op.create_table('flow',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('form', Text(), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('number', Text(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=False),
    sa.Column('starter_id', Text(), nullable=False),
    sa.Column('state', Text(), nullable=False),
    sa.Column('node', sa.Integer(), nullable=False),
    sa.Column('entry', sa.Integer(), nullable=False),
    sa.Column('moves', sa.Integer(), nullable=False),
    sa.Column('urged_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('urge_count', sa.Integer(), nullable=False),
    sa.Column('started_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('finished_at', storage.types.Moment(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('running','approved','rejected','cancelled')", name=op.f('ck_flow_state')),
    sa.ForeignKeyConstraint(['version_id'], ['flow_version.id'], name=op.f('fk_flow_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow')),
    sa.UniqueConstraint('number', name=op.f('uq_flow_number'))
    )
    with op.batch_alter_table('flow') as batch:
        batch.create_index(batch.f('ix_flow_starter_id'), ['starter_id'], unique=False)
        batch.create_index('uq_flow_running', ['form', 'record_id'], unique=True, sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))

    op.create_table('flow_copy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('flow_id', sa.Integer(), nullable=False),
    sa.Column('node', sa.Integer(), nullable=False),
    sa.Column('user_id', Text(), nullable=False),
    sa.Column('at', storage.types.Moment(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['flow_id'], ['flow.id'], name=op.f('fk_flow_copy_flow_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_copy')),
    sa.UniqueConstraint('flow_id', 'user_id', name=op.f('uq_flow_copy_flow_id_user_id'))
    )
    with op.batch_alter_table('flow_copy') as batch:
        batch.create_index(batch.f('ix_flow_copy_user_id'), ['user_id'], unique=False)

    op.create_table('flow_log',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('flow_id', sa.Integer(), nullable=False),
    sa.Column('node_name', Text(), nullable=False),
    sa.Column('user_id', Text(), nullable=False),
    sa.Column('action', Text(), nullable=False),
    sa.Column('comment', Text(), nullable=False),
    sa.Column('at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('seconds', sa.Integer(), nullable=True),
    sa.Column('people', JSON, nullable=False),
    sa.ForeignKeyConstraint(['flow_id'], ['flow.id'], name=op.f('fk_flow_log_flow_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_log'))
    )
    with op.batch_alter_table('flow_log') as batch:
        batch.create_index(batch.f('ix_flow_log_flow_id'), ['flow_id'], unique=False)

    op.create_table('flow_task',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('flow_id', sa.Integer(), nullable=False),
    sa.Column('node', sa.Integer(), nullable=False),
    sa.Column('entry', sa.Integer(), nullable=False),
    sa.Column('user_id', Text(), nullable=False),
    sa.Column('for_user_id', Text(), nullable=True),
    sa.Column('state', Text(), nullable=False),
    sa.Column('why', Text(), nullable=False),
    sa.Column('waits_for', sa.Integer(), nullable=True),
    sa.Column('added_by', sa.Integer(), nullable=True),
    sa.Column('handover_id', sa.Integer(), nullable=True),
    sa.Column('opened_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('due_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('reminded_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('escalated_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('closed_at', storage.types.Moment(timezone=True), nullable=True),
    sa.Column('closed_by', Text(), nullable=False),
    sa.Column('comment', Text(), nullable=False),
    sa.CheckConstraint("state IN ('waiting','open','agreed','refused','returned','transferred','superseded','cancelled')", name=op.f('ck_flow_task_state')),
    sa.ForeignKeyConstraint(['added_by'], ['flow_task.id'], name=op.f('fk_flow_task_added_by')),
    sa.ForeignKeyConstraint(['flow_id'], ['flow.id'], name=op.f('fk_flow_task_flow_id')),
    sa.ForeignKeyConstraint(['waits_for'], ['flow_task.id'], name=op.f('fk_flow_task_waits_for')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_flow_task'))
    )
    with op.batch_alter_table('flow_task') as batch:
        batch.create_index(batch.f('ix_flow_task_flow_id'), ['flow_id'], unique=False)
        batch.create_index('ix_flow_task_waits', ['user_id', 'state'], unique=False)

    with op.batch_alter_table('flow_node') as batch:
        batch.add_column(sa.Column('form', Text(), nullable=False, server_default='invoice'))
        batch.add_column(sa.Column('mode', Text(), nullable=False, server_default='any'))
        batch.add_column(sa.Column('participant_superiors', JSON, nullable=False, server_default=EMPTY_LIST))
        batch.add_column(sa.Column('conditions', JSON, nullable=False, server_default=EMPTY_LIST))
        batch.add_column(sa.Column('copies', JSON, nullable=False, server_default=EMPTY_MAP))
        batch.add_column(sa.Column('deadline_hours', sa.Integer(), nullable=True))
        batch.create_check_constraint(op.f('ck_flow_node_mode'), "mode IN ('any','all','turn')")
        batch.create_check_constraint(op.f('ck_flow_node_deadline_hours'), 'deadline_hours > 0')

    with op.batch_alter_table('invoice') as batch:
        batch.add_column(sa.Column('number', Text(), nullable=True))
        batch.add_column(sa.Column('state', Text(), nullable=False, server_default='issued'))
        batch.add_column(sa.Column('kind', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('tax_rate', storage.types.Hundredths(), nullable=True))
        batch.add_column(sa.Column('title', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('tax_no', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('email', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('remark', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('applied_by', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('applied_at', storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('invoice_no', Text(), nullable=True))
        batch.add_column(sa.Column('issued_by', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('void_reason', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('voided_at', storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('source_key', Text(), nullable=True))
        batch.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
        batch.alter_column('issued_on',
               existing_type=sa.DATE(),
               nullable=True)
        batch.create_check_constraint(op.f('ck_invoice_state'), STATES)
        batch.create_check_constraint(op.f('ck_invoice_amount'), 'amount >= 0')
        batch.create_index(batch.f('ix_invoice_applied_by'), ['applied_by'], unique=False)
        batch.create_unique_constraint(batch.f('uq_invoice_invoice_no'), ['invoice_no'])
        batch.create_unique_constraint(batch.f('uq_invoice_number'), ['number'])
        batch.create_unique_constraint(batch.f('uq_invoice_source_key'), ['source_key'])


def downgrade() -> None:
    op.execute("DELETE FROM invoice WHERE issued_on IS NULL OR state <> 'issued'")
    with op.batch_alter_table('invoice') as batch:
        batch.drop_constraint(op.f('ck_invoice_state'), type_='check')
        batch.drop_constraint(op.f('ck_invoice_amount'), type_='check')
        batch.drop_constraint(batch.f('uq_invoice_source_key'), type_='unique')
        batch.drop_constraint(batch.f('uq_invoice_number'), type_='unique')
        batch.drop_constraint(batch.f('uq_invoice_invoice_no'), type_='unique')
        batch.drop_index(batch.f('ix_invoice_applied_by'))
        batch.alter_column('issued_on',
               existing_type=sa.DATE(),
               nullable=False)
        batch.drop_column('version')
        batch.drop_column('source_key')
        batch.drop_column('voided_at')
        batch.drop_column('void_reason')
        batch.drop_column('issued_by')
        batch.drop_column('invoice_no')
        batch.drop_column('applied_at')
        batch.drop_column('applied_by')
        batch.drop_column('remark')
        batch.drop_column('email')
        batch.drop_column('tax_no')
        batch.drop_column('title')
        batch.drop_column('tax_rate')
        batch.drop_column('kind')
        batch.drop_column('state')
        batch.drop_column('number')

    op.execute("DELETE FROM flow_node WHERE form <> 'invoice'")
    with op.batch_alter_table('flow_node') as batch:
        batch.drop_constraint(op.f('ck_flow_node_mode'), type_='check')
        batch.drop_constraint(op.f('ck_flow_node_deadline_hours'), type_='check')
        batch.drop_column('deadline_hours')
        batch.drop_column('copies')
        batch.drop_column('conditions')
        batch.drop_column('participant_superiors')
        batch.drop_column('mode')
        batch.drop_column('form')

    with op.batch_alter_table('flow_task') as batch:
        batch.drop_index('ix_flow_task_waits')
        batch.drop_index(batch.f('ix_flow_task_flow_id'))

    op.drop_table('flow_task')
    with op.batch_alter_table('flow_log') as batch:
        batch.drop_index(batch.f('ix_flow_log_flow_id'))

    op.drop_table('flow_log')
    with op.batch_alter_table('flow_copy') as batch:
        batch.drop_index(batch.f('ix_flow_copy_user_id'))

    op.drop_table('flow_copy')
    with op.batch_alter_table('flow') as batch:
        batch.drop_index('uq_flow_running', sqlite_where=sa.text("state = 'running'"), postgresql_where=sa.text("state = 'running'"))
        batch.drop_index(batch.f('ix_flow_starter_id'))

    op.drop_table('flow')
    op.drop_table('flow_version')
    with op.batch_alter_table('flow_delegation') as batch:
        batch.drop_index(batch.f('ix_flow_delegation_user_id'))

    op.drop_table('flow_delegation')
