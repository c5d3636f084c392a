"""A second factor for accounts, and the role auditor.

Revision: 5b7e20c4d9a1, after 8e1f5a9c3b24, 2026-11-29.
"""

import sqlalchemy as sa
from alembic import op

revision = "5b7e20c4d9a1"
down_revision = "6a2f84d1c907"
branch_labels = None
depends_on = None

BEFORE = ("viewer", "api-consumer", "grid-leader", "handler", "dispatcher", "gis-editor", "gis-publisher", "admin")
ROLES = (*BEFORE, "auditor")


def _allow(roles: tuple[str, ...]) -> None:
    for table in ("account_grant", "api_token"):
        name = f"ck_{table}_role"
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (role IN {roles}) NOT VALID")
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def upgrade() -> None:
    """Two tables, and one more role."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("SET LOCAL statement_timeout = '60s'")
    op.create_table(
        "totp_device",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_totp_device_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_totp_device")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"])
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON totp_device, recovery_code TO wangge_service")
    _allow(ROLES)


def downgrade() -> None:
    """Back to passwords alone; refused by the constraint while somebody is an auditor."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    _allow(BEFORE)
    op.drop_table("recovery_code")
    op.drop_table("totp_device")
