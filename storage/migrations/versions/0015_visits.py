"""Visits, comments, drafts

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy.dialects import postgresql

import storage.types
revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), 'postgresql')


def text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, storage.types.Moment(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.add_column('conversation', sa.Column('asked', JSON, nullable=True))
    op.create_table('intent',
    sa.Column('id', sa.Integer(), nullable=False),
    text('user_id'),
    text('kind'),
    sa.Column('payload', JSON, nullable=False),
    sa.Column('summary', JSON, nullable=False),
    text('state'),
    text('result'),
    moment('created_at'),
    moment('expires_at'),
    moment('settled_at', nullable=True),
    sa.CheckConstraint("state IN ('open','done','cancelled')", name=op.f('ck_intent_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_intent'))
    )
    op.create_index('ix_intent_user_id', 'intent', ['user_id'], unique=False)
    op.create_table('dialogue_draft',
    sa.Column('id', sa.Integer(), nullable=False),
    text('user_id'),
    text('conversation_id'),
    text('kind'),
    sa.Column('question', JSON, nullable=False),
    sa.Column('asked', JSON, nullable=False),
    moment('put_aside_at'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dialogue_draft'))
    )
    op.create_index('ix_dialogue_draft_put_aside_at', 'dialogue_draft', ['put_aside_at'], unique=False)
    op.create_index('uq_dialogue_draft', 'dialogue_draft', ['user_id', 'conversation_id', 'kind'], unique=True)
    op.create_table('check_in',
    sa.Column('id', sa.Integer(), nullable=False),
    text('user_id'),
    moment('at'),
    text('state'),
    sa.Column('tries', sa.Integer(), nullable=False),
    moment('due_at', nullable=True),
    sa.CheckConstraint("state IN ('new','done','gone')", name=op.f('ck_check_in_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_check_in'))
    )
    op.create_index('ix_check_in_due_at', 'check_in', ['due_at'], unique=False)
    op.create_index('uq_check_in', 'check_in', ['user_id', 'at'], unique=True)
    op.create_table('visit',
    sa.Column('id', sa.Integer(), nullable=False),
    text('user_id'),
    moment('at'),
    text('source'),
    sa.Column('lng', sa.Float(), nullable=True),
    sa.Column('lat', sa.Float(), nullable=True),
    text('coord_sys'),
    text('place'),
    text('remark'),
    sa.Column('photos', JSON, nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('distance_m', sa.Integer(), nullable=True),
    sa.Column('out_of_range', sa.Boolean(), nullable=False),
    text('state'),
    sa.Column('follow_up_id', sa.Integer(), nullable=True),
    text('source_key', nullable=True),
    moment('created_at'),
    moment('deleted_at', nullable=True),
    sa.CheckConstraint("state IN ('unlinked','linked','set_aside')", name=op.f('ck_visit_state')),
    sa.CheckConstraint("(state = 'linked') = (customer_id IS NOT NULL)", name=op.f('ck_visit_linked')),
    sa.CheckConstraint("source IN ('checkin','sentence')", name=op.f('ck_visit_source')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_visit_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visit')),
    sa.UniqueConstraint('source_key', name=op.f('uq_visit_source_key'))
    )
    op.create_index('ix_visit_at', 'visit', ['at'], unique=False)
    op.create_index('ix_visit_customer_id', 'visit', ['customer_id'], unique=False)
    op.create_index('uq_visit_user_at', 'visit', ['user_id', 'at'], unique=True)
    op.create_table('comment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    text('user_id'),
    moment('at'),
    text('content'),
    sa.Column('mentioned', JSON, nullable=False),
    text('source_key', nullable=True),
    moment('deleted_at', nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_comment_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_comment')),
    sa.UniqueConstraint('source_key', name=op.f('uq_comment_source_key'))
    )
    op.create_index('ix_comment_customer_at', 'comment', ['customer_id', 'at'], unique=False)
    op.create_index('ix_comment_customer_id', 'comment', ['customer_id'], unique=False)
    op.create_index('ix_comment_user_id', 'comment', ['user_id'], unique=False)


def downgrade() -> None:
    for table in ('comment', 'visit', 'check_in', 'dialogue_draft', 'intent'):
        op.drop_table(table)
    op.drop_column('conversation', 'asked')
