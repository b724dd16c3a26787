"""A new customer's touched_at is written with it: SQLite's trigger only puts right what is not

Revision ID: 0023
Revises: 0022
"""

from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

LATER = 'max(coalesce({0}last_follow_up_at, {0}owner_since), coalesce({0}owner_since, {0}last_follow_up_at))'
TRIGGER = """CREATE TRIGGER customer_touched_first AFTER INSERT ON customer {0}
        BEGIN UPDATE customer SET touched_at = {1} WHERE id = NEW.id; END"""


def upgrade() -> None:
    _make(f"WHEN NEW.touched_at IS NOT {LATER.format('NEW.')}")


def downgrade() -> None:
    _make('')


def _make(when: str) -> None:
    if op.get_bind().dialect.name == 'sqlite':
        op.execute('DROP TRIGGER customer_touched_first')
        op.execute(TRIGGER.format(when, LATER.format('')))
