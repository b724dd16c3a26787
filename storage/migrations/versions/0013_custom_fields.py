"""Fields a company adds

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), 'postgresql')
FORMS = ('customer', 'contact', 'lead', 'opportunity', 'contract', 'payment', 'product')


def upgrade() -> None:
    op.create_table('custom_field',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('form', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('label', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('label_key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('required', sa.Boolean(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.CheckConstraint("kind IN ('text','number','money','date','choice','person')", name=op.f('ck_custom_field_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_custom_field')),
    sa.UniqueConstraint('form', 'label_key', name=op.f('uq_custom_field_form_label_key')),
    sa.UniqueConstraint('form', 'name', name=op.f('uq_custom_field_form_name'))
    )
    for form in FORMS:
        op.add_column(form, sa.Column('custom', JSON, nullable=False, server_default=sa.text("'{}'")))


def downgrade() -> None:
    for form in FORMS:
        op.drop_column(form, 'custom')
    op.drop_table('custom_field')
