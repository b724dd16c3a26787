"""What is found by a part of it; lists in an order that is kept; saved filters

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

import storage.types
from storage.search_index import rebuild

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

ORDERED = sa.String().with_variant(postgresql.VARCHAR(collation='C'), 'postgresql')
TOUCHED = 'max(coalesce(last_follow_up_at, owner_since), coalesce(owner_since, last_follow_up_at))'
SQLITE = (
    f"""CREATE TRIGGER customer_touched AFTER UPDATE OF last_follow_up_at, owner_since ON customer
        BEGIN UPDATE customer SET touched_at = {TOUCHED} WHERE id = NEW.id; END""",
    f"""CREATE TRIGGER customer_touched_first AFTER INSERT ON customer
        BEGIN UPDATE customer SET touched_at = {TOUCHED} WHERE id = NEW.id; END""",
)
POSTGRES = (
    """CREATE FUNCTION customer_touched() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN NEW.touched_at := greatest(NEW.last_follow_up_at, NEW.owner_since); RETURN NEW; END $$""",
    """CREATE TRIGGER customer_touched BEFORE INSERT OR UPDATE OF last_follow_up_at, owner_since ON customer
       FOR EACH ROW EXECUTE FUNCTION customer_touched()""",
)
STATIC = ['industry', 'customer_class', 'source', 'city', 'created_at']
MOVING = ['next_follow_up_at', 'last_follow_up_at']
REST = ['deleted_at', 'owner_id', 'created_at']
INDEXES = {
    'ix_customer_owner_alive': ['owner_id', 'deleted_at', 'touched_at', *STATIC, *MOVING],
    'ix_customer_list': ['touched_at', 'deleted_at', 'owner_id', *STATIC, *MOVING],
    'ix_customer_industry': ['industry', 'customer_class', 'source', 'city', *REST],
    'ix_customer_source': ['source', 'customer_class', 'city', 'industry', *REST],
    'ix_customer_city': ['city', 'industry', 'customer_class', 'source', *REST],
    'ix_customer_created_at': ['created_at', 'customer_class', 'industry', 'source', 'city', *REST[:2]],
}


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == 'sqlite'
    op.add_column('customer', sa.Column('touched_at', storage.types.Moment(timezone=True), nullable=True))
    op.execute(f"UPDATE customer SET touched_at = {TOUCHED if sqlite else 'greatest(last_follow_up_at, owner_since)'}")
    for statement in SQLITE if sqlite else POSTGRES:
        op.execute(statement)
    op.drop_index('ix_customer_owner_alive', table_name='customer')
    for name, columns in INDEXES.items():
        op.create_index(name, 'customer', columns, unique=False)
    op.create_table('search_entry',
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('gram', ORDERED, nullable=False),
    sa.Column('ref_id', sa.Integer(), nullable=False, autoincrement=False),
    sa.PrimaryKeyConstraint('kind', 'gram', 'ref_id', name=op.f('pk_search_entry')),
    sqlite_with_rowid=False,
    )
    op.create_table('saved_filter',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('words', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('mine', sa.Boolean(), nullable=False),
    sa.Column('created_at', storage.types.Moment(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_filter')),
    sa.UniqueConstraint('user_id', 'name', name=op.f('uq_saved_filter_user_id_name')),
    )
    op.create_table('saved_filter_share',
    sa.Column('filter_id', sa.Integer(), nullable=False),
    sa.Column('kind', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('subject', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['filter_id'], ['saved_filter.id'], ondelete='CASCADE',
        name=op.f('fk_saved_filter_share_filter_id_saved_filter')),
    sa.PrimaryKeyConstraint('filter_id', 'kind', 'subject', name=op.f('pk_saved_filter_share')),
    )
    rebuild(op.get_bind())


def downgrade() -> None:
    op.drop_table('saved_filter_share')
    op.drop_table('saved_filter')
    op.drop_table('search_entry')
    for name in INDEXES:
        op.drop_index(name, table_name='customer')
    op.create_index('ix_customer_owner_alive', 'customer', ['owner_id', 'deleted_at'], unique=False)
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TRIGGER customer_touched')
        op.execute('DROP TRIGGER customer_touched_first')
    else:
        op.execute('DROP TRIGGER customer_touched ON customer')
        op.execute('DROP FUNCTION customer_touched()')
    op.drop_column('customer', 'touched_at')
