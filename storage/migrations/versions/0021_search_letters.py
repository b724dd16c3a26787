"""Contacts, leads, opportunities, contracts and products by their first letters and their spelling

Revision ID: 0021
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from storage.search_index import rebuild

revision = '0021'
down_revision = '0017'
branch_labels = None
depends_on = None

NEW = (
    'contact.initials', 'contact.pinyin', 'contract.initials', 'contract.pinyin', 'lead.initials',
    'opportunity.initials', 'product.initials',
)


def upgrade() -> None:
    rebuild(op.get_bind(), frozenset(NEW))


def downgrade() -> None:
    entries = sa.table('search_entry', sa.column('kind'))
    op.execute(sa.delete(entries).where(entries.c.kind.in_(NEW)))
