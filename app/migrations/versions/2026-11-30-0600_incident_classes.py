"""Incidents have classes; "events" is kept for the stream.

Revision: f2b86d0c41a7, after e4c17a90b6d2, 2026-11-30.

Renaming takes a short exclusive lock on the catalogue alone, not on the incidents that refer to it.
"""

from __future__ import annotations

from alembic import op

revision = "f2b86d0c41a7"
down_revision = "e4c17a90b6d2"
branch_labels = None
depends_on = None

CONSTRAINTS = r"""
DO $$
DECLARE
  named record;
BEGIN
  FOR named IN SELECT conname FROM pg_constraint
                WHERE conrelid = 'incident_class'::regclass AND conname LIKE '%event\_class%' LOOP
    EXECUTE format('ALTER TABLE incident_class RENAME CONSTRAINT %I TO %I', named.conname,
                   replace(named.conname, 'event_class', 'incident_class'));
  END LOOP;
END;
$$;
"""


def upgrade() -> None:
    """Rename the table, then its constraints and with them their indexes."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.rename_table("event_class", "incident_class")
    op.execute(CONSTRAINTS)


def downgrade() -> None:
    """There is no way back; a backup is."""
    raise NotImplementedError("restore a backup instead")
