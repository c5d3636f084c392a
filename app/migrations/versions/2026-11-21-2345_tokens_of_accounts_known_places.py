"""Tokens belong to accounts; sign-in attempts tell success from failure.

Revision: 7c1e0b5a94f3, after d2eb112e99dd, 2026-11-21
"""

import sqlalchemy as sa
from alembic import op

revision = "7c1e0b5a94f3"
down_revision = "d2eb112e99dd"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A token dies with its account; a place from which a name signed in before is known."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.add_column("api_token", sa.Column("account_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_api_token_account_id"), "api_token", "account", ["account_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index(op.f("ix_api_token_account_id"), "api_token", ["account_id"])
    op.add_column(
        "sign_in_attempt",
        sa.Column("succeeded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
