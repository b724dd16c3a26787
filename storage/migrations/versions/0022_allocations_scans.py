"""Which instalments a payment is for; scans of contracts

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import storage.types

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('payment_allocation',
    sa.Column('contract_id', sa.Integer(), nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=False),
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('amount', storage.types.Fen(), nullable=False),
    sa.CheckConstraint('amount > 0', name=op.f('ck_payment_allocation_amount')),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('fk_payment_allocation_contract_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_payment_allocation_payment_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['payment_plan.id'], name=op.f('fk_payment_allocation_plan_id')),
    sa.PrimaryKeyConstraint('payment_id', 'plan_id', name=op.f('pk_payment_allocation'))
    )
    op.create_index(op.f('ix_payment_allocation_contract_id'), 'payment_allocation', ['contract_id'], unique=False)
    op.create_index(op.f('ix_payment_allocation_plan_id'), 'payment_allocation', ['plan_id'], unique=False)


    op.create_table('contract_scan',
    sa.Column('contract_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('added_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('added_by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('deleted_at', storage.types.Moment(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('fk_contract_scan_contract_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contract_scan'))
    )
    op.create_index(op.f('ix_contract_scan_contract_id'), 'contract_scan', ['contract_id'], unique=False)


def downgrade() -> None:
    op.drop_table('contract_scan')
    op.drop_table('payment_allocation')
