"""Kinds of search entries by a code of two letters: their names made up half the table

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None

ORDERED = sa.String().with_variant(postgresql.VARCHAR(collation='C'), 'postgresql')
CODES = {
    'customer.name': 'cn', 'customer.short': 'cs', 'customer.initials': 'ci', 'customer.pinyin': 'cp',
    'customer.phone': 'ct', 'customer.code': 'cc', 'contact.name': 'pn', 'contact.initials': 'pi',
    'contact.pinyin': 'pp', 'contact.mobile': 'pm', 'lead.company': 'lc', 'lead.initials': 'li', 'lead.pinyin': 'lp',
    'lead.contact': 'ln', 'lead.mobile': 'lm', 'opportunity.name': 'on', 'opportunity.initials': 'oi',
    'opportunity.pinyin': 'op', 'contract.number': 'ku', 'contract.name': 'kn', 'contract.initials': 'ki',
    'contract.pinyin': 'kp', 'product.code': 'gc', 'product.name': 'gn', 'product.initials': 'gi',
    'product.pinyin': 'gp',
}  # fmt: skip


def upgrade() -> None:
    _rename(CODES)


def downgrade() -> None:
    _rename({code: name for name, code in CODES.items()})


def _rename(names: dict[str, str]) -> None:
    """Writes all entries once, in their order: a million customers have forty million of them.

    An older migration has written the new names already where it made its entries with the code of today.
    """
    op.create_table(
        'search_entry_new',
        sa.Column('kind', sa.String(), nullable=False),
        sa.Column('gram', ORDERED, nullable=False),
        sa.Column('ref_id', sa.Integer(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint('kind', 'gram', 'ref_id', name='pk_search_entry_new'),
        sqlite_with_rowid=False,
    )
    for before, after in sorted(names.items(), key=lambda pair: pair[1]):
        for there in (before, after):
            op.execute(
                sa.text(
                    'INSERT INTO search_entry_new (kind, gram, ref_id) SELECT CAST(:after AS VARCHAR), gram, ref_id '
                    'FROM search_entry WHERE kind = :there ORDER BY gram, ref_id ON CONFLICT DO NOTHING'
                ).bindparams(there=there, after=after)
            )
    op.drop_table('search_entry')
    op.rename_table('search_entry_new', 'search_entry')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE search_entry RENAME CONSTRAINT pk_search_entry_new TO pk_search_entry')
