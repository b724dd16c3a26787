"""Lists counted and sorted in their indexes; what is found by letters

Revision ID: 0021
Revises: 0019

Contacts, leads, opportunities, contracts and products are found by their first letters and their spelling.
"""

import sqlalchemy as sa
from alembic import op

from storage.search_index import rebuild

revision = '0021'
down_revision = '0019'
branch_labels = None
depends_on = None

NEW = (
    'contact.initials', 'contact.pinyin', 'contract.initials', 'contract.pinyin', 'lead.initials',
    'opportunity.initials', 'product.initials',
)
LISTED = sa.text('deleted_at IS NULL AND owner_id IS NOT NULL')
STATIC = ['industry', 'customer_class', 'source', 'city']
REST = ['owner_id', 'created_at', 'touched_at', 'next_follow_up_at', 'last_follow_up_at']
INDEXES = {
    'ix_customer_list': ['touched_at', 'id', 'owner_id', *STATIC, 'created_at', 'next_follow_up_at',
                         'last_follow_up_at'],
    'ix_customer_created_at': ['created_at', 'id', 'owner_id', *STATIC],
    'ix_customer_pinyin': ['pinyin', 'id', 'owner_id'],
    'ix_customer_next': ['next_follow_up_at', 'id', 'owner_id'],
    'ix_customer_class': ['customer_class', 'industry', 'source', 'city', *REST[:2]],
    'ix_customer_industry': ['industry', 'customer_class', 'source', 'city', *REST],
    'ix_customer_source': ['source', 'customer_class', 'city', 'industry', *REST],
    'ix_customer_city': ['city', 'industry', 'customer_class', 'source', *REST],
}
BEFORE = {
    'ix_customer_list': ['touched_at', 'deleted_at', 'owner_id', *STATIC, 'created_at', 'next_follow_up_at',
                         'last_follow_up_at'],
    'ix_customer_industry': ['industry', 'customer_class', 'source', 'city', 'deleted_at', 'owner_id', 'created_at'],
    'ix_customer_source': ['source', 'customer_class', 'city', 'industry', 'deleted_at', 'owner_id', 'created_at'],
    'ix_customer_city': ['city', 'industry', 'customer_class', 'source', 'deleted_at', 'owner_id', 'created_at'],
    'ix_customer_created_at': ['created_at', 'customer_class', 'industry', 'source', 'city', 'deleted_at', 'owner_id'],
}


def upgrade() -> None:
    for name in BEFORE:
        op.drop_index(name, table_name='customer')
    for name, columns in INDEXES.items():
        op.create_index(name, 'customer', columns, unique=False, sqlite_where=LISTED, postgresql_where=LISTED)
    rebuild(op.get_bind(), frozenset(NEW))


def downgrade() -> None:
    entries = sa.table('search_entry', sa.column('kind'))
    op.execute(sa.delete(entries).where(entries.c.kind.in_(NEW)))
    for name in INDEXES:
        op.drop_index(name, table_name='customer')
    for name, columns in BEFORE.items():
        op.create_index(name, 'customer', columns, unique=False)
