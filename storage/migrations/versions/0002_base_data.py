"""Products, competitors and stages can be put out of use

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, column in (("product", "enabled"), ("competitor", "active"), ("stage", "active")):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column(column, sa.Boolean(), nullable=False, server_default=sa.true()))
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, server_default=None)


def downgrade() -> None:
    for table, column in (("product", "enabled"), ("competitor", "active"), ("stage", "active")):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
