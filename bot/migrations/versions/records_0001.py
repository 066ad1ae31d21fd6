"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "people",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("language", sa.String(35)),
    )
    op.create_table(
        "welcomes",
        sa.Column("subject", sa.String(500), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "turns",
        sa.Column("conversation", sa.String(500), primary_key=True),
        sa.Column("person", sa.String(200), primary_key=True),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("shown", sa.JSON, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("article", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "feedback",
        sa.Column("reply", sa.String(36), primary_key=True),
        sa.Column("person", sa.String(200), primary_key=True),
        sa.Column("article", sa.Text, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("helpful", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
    )
