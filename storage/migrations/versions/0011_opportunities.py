"""Opportunities: stages, lines, competitors

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import storage.types

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString


def upgrade() -> None:
    _opportunity()
    with op.batch_alter_table('opportunity_competitor') as batch:
        batch.add_column(sa.Column('note', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('price', storage.types.Fen(), nullable=True))
        batch.add_column(sa.Column('threat', Text(), nullable=False, server_default=''))
        batch.create_check_constraint(op.f('ck_opportunity_competitor_threat'), "threat IN ('','低','中','高')")
        batch.create_index(op.f('ix_opportunity_competitor_competitor_id'), ['competitor_id'])
    for kind in ('opportunity', 'contract'):
        op.create_table(f'{kind}_line',
        sa.Column('product_id', sa.Integer(), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('code', Text(), nullable=False),
        sa.Column('name', Text(), nullable=False),
        sa.Column('unit', Text(), nullable=False),
        sa.Column('price', storage.types.Fen(), nullable=False),
        sa.Column('quantity', storage.types.TenThousandths(), nullable=False),
        sa.Column('discount', storage.types.Hundredths(), nullable=False),
        sa.Column('amount', storage.types.Fen(), nullable=False),
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column(f'{kind}_id', sa.Integer(), nullable=False),
        sa.CheckConstraint('quantity > 0', name=op.f(f'ck_{kind}_line_quantity')),
        sa.CheckConstraint('discount BETWEEN 0 AND 10000', name=op.f(f'ck_{kind}_line_discount')),
        sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f(f'fk_{kind}_line_product_id')),
        sa.ForeignKeyConstraint([f'{kind}_id'], [f'{kind}.id'], name=op.f(f'fk_{kind}_line_{kind}_id')),
        sa.PrimaryKeyConstraint('id', name=op.f(f'pk_{kind}_line'))
        )
        op.create_index(op.f(f'ix_{kind}_line_product_id'), f'{kind}_line', ['product_id'])
        op.create_index(op.f(f'ix_{kind}_line_{kind}_id'), f'{kind}_line', [f'{kind}_id'])
    op.create_table('stage_log',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('opportunity_id', sa.Integer(), nullable=False),
    sa.Column('from_stage_id', sa.Integer(), nullable=True),
    sa.Column('to_stage_id', sa.Integer(), nullable=False),
    sa.Column('by_user_id', Text(), nullable=False),
    sa.Column('at', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('seconds', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['opportunity_id'], ['opportunity.id'], name=op.f('fk_stage_log_opportunity_id')),
    sa.ForeignKeyConstraint(['from_stage_id'], ['stage.id'], name=op.f('fk_stage_log_from_stage_id')),
    sa.ForeignKeyConstraint(['to_stage_id'], ['stage.id'], name=op.f('fk_stage_log_to_stage_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_stage_log'))
    )
    op.create_index(op.f('ix_stage_log_opportunity_id'), 'stage_log', ['opportunity_id'])
    op.create_index(op.f('ix_stage_log_from_stage_id'), 'stage_log', ['from_stage_id'])
    op.execute(
        "INSERT INTO stage_log (opportunity_id, to_stage_id, by_user_id, at, seconds) "
        "SELECT id, stage_id, '', created_at, 0 FROM opportunity"
    )
    op.add_column('stage', sa.Column('rotten_days', sa.Integer(), nullable=True))
    op.add_column('product', sa.Column('spec', Text(), nullable=False, server_default=''))
    op.add_column('product', sa.Column('description', Text(), nullable=False, server_default=''))
    op.create_table('product_price',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.Integer(), nullable=False),
    sa.Column('price', storage.types.Fen(), nullable=False),
    sa.Column('until', storage.types.Moment(timezone=True), nullable=False),
    sa.Column('by_user_id', Text(), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_product_price_product_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_product_price'))
    )
    op.create_index(op.f('ix_product_price_product_id'), 'product_price', ['product_id'])
    with op.batch_alter_table('follow_up') as batch:
        batch.add_column(sa.Column('opportunity_id', sa.Integer(), nullable=True))
        batch.create_foreign_key(op.f('fk_follow_up_opportunity_id'), 'opportunity', ['opportunity_id'], ['id'])
        batch.create_index(op.f('ix_follow_up_opportunity_id'), ['opportunity_id'])


def _opportunity() -> None:
    """Those that came before have been in their stage, and are closed where it is one, since they were made."""
    with op.batch_alter_table('opportunity') as batch:
        batch.add_column(sa.Column('contact_id', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('stage_since', storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('probability', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('result', Text(), nullable=False, server_default='open'))
        batch.add_column(sa.Column('closed_at', storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('lost_reason', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('won_by_id', sa.Integer(), nullable=True))
        batch.add_column(sa.Column('last_follow_up_at', storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('next_follow_up_at', storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('created_by', Text(), nullable=False, server_default=''))
        batch.add_column(sa.Column('updated_at', storage.types.Moment(timezone=True), nullable=True))
        batch.add_column(sa.Column('version', sa.Integer(), nullable=False, server_default='1'))
    op.execute("UPDATE opportunity SET stage_since = created_at, updated_at = created_at")
    op.execute(
        "UPDATE opportunity SET closed_at = created_at, "
        "result = (SELECT kind FROM stage WHERE stage.id = opportunity.stage_id) "
        "WHERE stage_id IN (SELECT id FROM stage WHERE kind <> 'open')"
    )
    with op.batch_alter_table('opportunity') as batch:
        batch.alter_column('stage_since', existing_type=storage.types.Moment(timezone=True), nullable=False)
        batch.alter_column('updated_at', existing_type=storage.types.Moment(timezone=True), nullable=False)
        batch.drop_constraint(op.f('uq_opportunity_customer_id_name'), type_='unique')
        batch.create_foreign_key(op.f('fk_opportunity_contact_id'), 'contact', ['contact_id'], ['id'])
        batch.create_foreign_key(op.f('fk_opportunity_won_by_id'), 'competitor', ['won_by_id'], ['id'])
        batch.create_check_constraint(op.f('ck_opportunity_amount'), 'amount >= 0')
        batch.create_check_constraint(op.f('ck_opportunity_probability'), 'probability BETWEEN 0 AND 100')
        batch.create_check_constraint(op.f('ck_opportunity_result'), "result IN ('open','won','lost','invalid')")
        batch.create_check_constraint(op.f('ck_opportunity_closed_at'), "(result = 'open') = (closed_at IS NULL)")
        batch.create_index(op.f('ix_opportunity_stage_id'), ['stage_id'])
    alive = sa.text('deleted_at IS NULL')
    op.create_index(
        'uq_opportunity_customer_name', 'opportunity', ['customer_id', 'name'], unique=True, sqlite_where=alive,
        postgresql_where=alive,
    )


def downgrade() -> None:
    with op.batch_alter_table('follow_up') as batch:
        batch.drop_index(op.f('ix_follow_up_opportunity_id'))
        batch.drop_constraint(op.f('fk_follow_up_opportunity_id'), type_='foreignkey')
        batch.drop_column('opportunity_id')
    op.drop_table('product_price')
    with op.batch_alter_table('product') as batch:
        batch.drop_column('description')
        batch.drop_column('spec')
    with op.batch_alter_table('stage') as batch:
        batch.drop_column('rotten_days')
    op.drop_table('stage_log')
    op.drop_table('contract_line')
    op.drop_table('opportunity_line')
    with op.batch_alter_table('opportunity_competitor') as batch:
        batch.drop_index(op.f('ix_opportunity_competitor_competitor_id'))
        batch.drop_constraint(op.f('ck_opportunity_competitor_threat'), type_='check')
        for name in ('threat', 'price', 'note'):
            batch.drop_column(name)
    op.drop_index('uq_opportunity_customer_name', 'opportunity')
    with op.batch_alter_table('opportunity') as batch:
        batch.drop_index(op.f('ix_opportunity_stage_id'))
        for check in ('closed_at', 'result', 'probability', 'amount'):
            batch.drop_constraint(op.f(f'ck_opportunity_{check}'), type_='check')
        batch.drop_constraint(op.f('fk_opportunity_won_by_id'), type_='foreignkey')
        batch.drop_constraint(op.f('fk_opportunity_contact_id'), type_='foreignkey')
        for name in (
            'version', 'updated_at', 'created_by', 'next_follow_up_at', 'last_follow_up_at', 'won_by_id', 'lost_reason',
            'closed_at', 'result', 'probability', 'stage_since', 'contact_id',
        ):
            batch.drop_column(name)
        batch.create_unique_constraint(op.f('uq_opportunity_customer_id_name'), ['customer_id', 'name'])
