"""Audit lines are only ever added; files to people and tables from people

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

import storage.types
revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), 'postgresql')

SQLITE = (
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
       BEGIN SELECT RAISE(ABORT, 'audit lines are only ever added'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
       BEGIN SELECT RAISE(ABORT, 'audit lines are only ever added'); END""",
    # INSERT OR REPLACE deletes without the trigger above
    """CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
       WHEN NEW.id IS NOT NULL AND EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
       BEGIN SELECT RAISE(ABORT, 'audit lines are only ever added'); END""",
)
POSTGRES = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'audit lines are only ever added' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
       FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
       FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
)


def upgrade() -> None:
    op.add_column('audit', sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
    op.add_column('audit', sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default=''))
    op.create_index('ix_audit_at', 'audit', ['at'], unique=False)
    op.create_index('ix_audit_user_id', 'audit', ['user_id', 'at'], unique=False)
    op.create_table('attachment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment'))
    )
    op.create_table('upload',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('header', JSON, nullable=False),
    sa.Column('rows', JSON, nullable=False),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('done_at', storage.types.Moment(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upload'))
    )
    op.create_index(op.f('ix_upload_user_id'), 'upload', ['user_id'], unique=False)
    for statement in SQLITE if op.get_bind().dialect.name == 'sqlite' else POSTGRES:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        for name in ('audit_no_update', 'audit_no_delete', 'audit_no_replace'):
            op.execute(f'DROP TRIGGER {name}')
    else:
        op.execute('DROP TRIGGER audit_no_change ON audit')
        op.execute('DROP TRIGGER audit_no_truncate ON audit')
        op.execute('DROP FUNCTION audit_refuse()')
    op.drop_index(op.f('ix_upload_user_id'), table_name='upload')
    op.drop_table('upload')
    op.drop_table('attachment')
    op.drop_index('ix_audit_user_id', table_name='audit')
    op.drop_index('ix_audit_at', table_name='audit')
    op.drop_column('audit', 'source')
    op.drop_column('audit', 'name')
