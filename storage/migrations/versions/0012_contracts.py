"""Contracts, payments and plans

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import storage.types
revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    op.create_table('number_counter',
    sa.Column('series', Text(), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('series', name=op.f('pk_number_counter'))
    )
    with op.batch_alter_table('contract') as batch:
        batch.add_column(sa.Column('name', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('opportunity_id', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('discount', storage.types.Fen(), nullable=False, server_default='0'))
        batch.add_column(sa.Column('void_reason', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('renewed_by', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('source_key', Text(), nullable=True))
        batch.add_column(sa.Column('created_by', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
        batch.drop_constraint(op.f('ck_contract_state'), type_='check')
        batch.create_check_constraint(op.f('ck_contract_state'), "state IN ('draft','effective','ended','void')")
        batch.create_check_constraint(op.f('ck_contract_amount'), 'amount >= 0')
        batch.create_check_constraint(op.f('ck_contract_discount'), 'discount BETWEEN 0 AND 10000')
        batch.create_foreign_key(op.f('fk_contract_opportunity_id'), 'opportunity', ['opportunity_id'], ['id'])
        batch.create_foreign_key(op.f('fk_contract_renewed_by'), 'contract', ['renewed_by'], ['id'])
        batch.create_unique_constraint(op.f('uq_contract_source_key'), ['source_key'])
        batch.create_index(op.f('ix_contract_opportunity_id'), ['opportunity_id'], unique=False)
    op.create_table('contract_owner',
    sa.Column('contract_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('old_owner_id', Text(), nullable=True),
    sa.Column('at', storage.types.Moment(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('fk_contract_owner_contract_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contract_owner'))
    )
    op.create_index(op.f('ix_contract_owner_contract_id'), 'contract_owner', ['contract_id'], unique=False)
    op.create_table('payment_plan',
    sa.Column('contract_id', sa.Integer(), nullable=False),
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('period', sa.Integer(), nullable=False),
    sa.Column('amount', storage.types.Fen(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('created_by', Text(), nullable=False),
    sa.Column('deleted_at', storage.types.Moment(timezone=True), nullable=True),
    sa.CheckConstraint('amount > 0', name=op.f('ck_payment_plan_amount')),
    sa.ForeignKeyConstraint(['contract_id'], ['contract.id'], name=op.f('fk_payment_plan_contract_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_plan'))
    )
    op.create_index(op.f('ix_payment_plan_contract_id'), 'payment_plan', ['contract_id'], unique=False)
    op.create_index(op.f('ix_payment_plan_due_on'), 'payment_plan', ['due_on'], unique=False)
    with op.batch_alter_table('payment') as batch:
        batch.add_column(sa.Column('number', Text(), nullable=True))
        batch.add_column(sa.Column('kind', Text(), nullable=False, server_default='normal'))
        batch.add_column(sa.Column('refund_of', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('remark', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('credited_user_id', Text(), nullable=True))
        batch.add_column(sa.Column('credited_dept_id', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('over_collect_flag', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column('voided_at', storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('void_reason', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('source_key', Text(), nullable=True))
        batch.add_column(sa.Column('created_at', storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('created_by', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
        batch.add_column(sa.Column('deleted_at', storage.types.Moment(timezone=True), nullable=True))
        batch.create_check_constraint(op.f('ck_payment_kind'), "kind IN ('normal','refund')")
        batch.create_check_constraint(op.f('ck_payment_refund_of'), "(kind = 'refund') = (refund_of IS NOT NULL)")
        batch.create_foreign_key(op.f('fk_payment_refund_of'), 'payment', ['refund_of'], ['id'])
        batch.create_unique_constraint(op.f('uq_payment_number'), ['number'])
        batch.create_unique_constraint(op.f('uq_payment_source_key'), ['source_key'])
        batch.create_index(op.f('ix_payment_refund_of'), ['refund_of'], unique=False)
        batch.create_index(op.f('ix_payment_credited_user_id'), ['credited_user_id'], unique=False)
    _number_payments()


def _number_payments() -> None:
    """Payments that came before get numbers by year and date, and count for whoever has the contract now."""
    payment = sa.table('payment', *(sa.column(n) for n in ('id', 'contract_id', 'paid_on', 'number', 'credited_user_id')))
    payment.c.paid_on.type = sa.Date()
    contract = sa.table('contract', sa.column('id'), sa.column('owner_id'))
    counter = sa.table('number_counter', sa.column('series'), sa.column('last'))
    connection = op.get_bind()
    owners = dict(connection.execute(sa.select(contract.c.id, contract.c.owner_id)).all())
    last: dict[str, int] = {}
    rows = connection.execute(
        sa.select(payment.c.id, payment.c.contract_id, payment.c.paid_on).order_by(payment.c.paid_on, payment.c.id)
    ).all()
    for key, contract_id, paid_on in rows:
        series = f'HK-{paid_on.year}'
        last[series] = last.get(series, 0) + 1
        connection.execute(
            payment.update().where(payment.c.id == key).values(
                number=f'{series}-{last[series]:04d}', credited_user_id=owners.get(contract_id)
            )
        )
    for series, number in last.items():
        connection.execute(counter.insert().values(series=series, last=number))


def downgrade() -> None:
    op.execute("UPDATE contract SET state = 'effective' WHERE state = 'ended'")
    op.execute("DELETE FROM payment WHERE deleted_at IS NOT NULL OR voided_at IS NOT NULL OR kind = 'refund'")
    with op.batch_alter_table('payment') as batch:
        batch.drop_index(op.f('ix_payment_credited_user_id'))
        batch.drop_index(op.f('ix_payment_refund_of'))
        batch.drop_constraint(op.f('uq_payment_source_key'), type_='unique')
        batch.drop_constraint(op.f('uq_payment_number'), type_='unique')
        batch.drop_constraint(op.f('fk_payment_refund_of'), type_='foreignkey')
        batch.drop_constraint(op.f('ck_payment_refund_of'), type_='check')
        batch.drop_constraint(op.f('ck_payment_kind'), type_='check')
        for name in ('deleted_at', 'version', 'created_by', 'created_at', 'source_key', 'void_reason', 'voided_at',
                     'over_collect_flag', 'credited_dept_id', 'credited_user_id', 'remark', 'refund_of', 'kind', 'number'):
            batch.drop_column(name)
    op.drop_table('payment_plan')
    op.drop_table('contract_owner')
    with op.batch_alter_table('contract') as batch:
        batch.drop_index(op.f('ix_contract_opportunity_id'))
        batch.drop_constraint(op.f('uq_contract_source_key'), type_='unique')
        batch.drop_constraint(op.f('fk_contract_renewed_by'), type_='foreignkey')
        batch.drop_constraint(op.f('fk_contract_opportunity_id'), type_='foreignkey')
        for check in ('discount', 'amount', 'state'):
            batch.drop_constraint(op.f(f'ck_contract_{check}'), type_='check')
        batch.create_check_constraint(op.f('ck_contract_state'), "state IN ('draft','effective','void')")
        for name in ('version', 'created_by', 'source_key', 'renewed_by', 'void_reason', 'discount', 'opportunity_id',
                     'name'):
            batch.drop_column(name)
    op.drop_table('number_counter')
