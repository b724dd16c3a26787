"""The specification on lines of products

Revision ID: 0019
Revises: 0018

Copied like name, unit and price: lines made before take it from their product.
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

TABLES = ('opportunity_line', 'contract_line')


def upgrade() -> None:
    for table in TABLES:
        spec = sa.Column('spec', sqlmodel.sql.sqltypes.AutoString(), nullable=False, server_default='')
        op.add_column(table, spec)
        op.execute(f'UPDATE {table} SET spec = (SELECT spec FROM product WHERE product.id = {table}.product_id)')


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_column('spec')
