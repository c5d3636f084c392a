"""Drafts that are reviewed by somebody else and published by the service: what each step made of the grids, and the log.

Revision: 5b0c9e47a1d6, after 8a61f7d3c2e4, 2026-11-22. The text of the functions is frozen here.

The service may now add an edition, and only one that an approved draft became; published ones stay read-only.
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

revision = "5b0c9e47a1d6"
down_revision = "8a61f7d3c2e4"
branch_labels = None
depends_on = None

GUARD_DRAFT = r"""
-- A draft goes open -> submitted -> approved -> published, back to open when it is returned, and ends when discarded.
-- Four eyes: nobody approves what they made themselves, whatever their rights are.
CREATE OR REPLACE FUNCTION guard_draft() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  refused text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'open' OR NEW.reviewer_key IS NOT NULL OR NEW.edition IS NOT NULL THEN
      refused := 'a draft begins open';
    END IF;
  ELSIF NEW.state = OLD.state THEN
    -- Over is over; only the path of its area may follow the area.
    IF OLD.state IN ('published', 'discarded') AND NEW.scope_path = OLD.scope_path THEN
      refused := 'the draft is ' || OLD.state;
    END IF;
  ELSIF (OLD.state, NEW.state) NOT IN (('open', 'submitted'), ('submitted', 'open'), ('submitted', 'approved'),
         ('approved', 'open'), ('approved', 'published'), ('open', 'discarded'), ('submitted', 'discarded'),
         ('approved', 'discarded')) THEN
    refused := 'no way from ' || OLD.state || ' to ' || NEW.state;
  ELSIF NEW.state = 'approved' AND (coalesce(NEW.reviewer_key, '') = '' OR NEW.reviewer_key = NEW.author_key
         OR EXISTS (SELECT FROM draft_operation o WHERE o.draft_id = NEW.id AND o.author_key = NEW.reviewer_key)) THEN
    refused := 'the reviewer must be somebody else';
  ELSIF NEW.state = 'published' AND (NEW.edition IS NULL OR NEW.reviewer_key IS DISTINCT FROM OLD.reviewer_key) THEN
    refused := 'published without an edition, or by another review';
  END IF;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'draft %: %', NEW.id, refused USING ERRCODE = 'restrict_violation', TABLE = 'draft';
  END IF;
  RETURN NEW;
END;
$$;
"""

GUARD_DRAFT_CONTENT = r"""
-- What was submitted is what is reviewed and published: operations change only while their draft is open.
CREATE OR REPLACE FUNCTION guard_draft_content() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  which bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.draft_id ELSE NEW.draft_id END;
  found text := (SELECT d.state FROM draft d WHERE d.id = which);
BEGIN
  -- A draft that cannot be seen is refused by row security.
  IF found <> 'open' THEN
    RAISE EXCEPTION 'draft % is %: its operations cannot change', which, found
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END;
$$;
"""

GUARD_NEW_VERSION = r"""
-- The service adds versions to the edition that comes next, never to one that is published, and lineage to the edition
-- of its own transaction; the edition itself must be there when the transaction ends (publication_whole).
CREATE OR REPLACE FUNCTION guard_new_version() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  next_number integer;
BEGIN
  IF TG_TABLE_NAME = 'lineage' THEN
    IF NOT EXISTS (SELECT FROM edition e WHERE e.number = NEW.edition AND e.published_at = transaction_timestamp()) THEN
      RAISE EXCEPTION 'edition % is not being published here', NEW.edition
        USING ERRCODE = 'restrict_violation', TABLE = 'lineage';
    END IF;
    RETURN NEW;
  END IF;
  next_number := (SELECT coalesce(max(number), 0) + 1 FROM edition);
  IF lower(NEW.editions) IS DISTINCT FROM next_number OR NOT upper_inf(NEW.editions) THEN
    RAISE EXCEPTION 'unit_version %: only versions from edition % on may be added', NEW.code, next_number
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  RETURN NEW;
END;
$$;
"""

PUBLICATION_WHOLE = r"""
-- At the end of a transaction of the service: versions that were opened or closed belong to an edition that is there,
-- and an edition that was added is a draft which somebody else approved.
CREATE OR REPLACE FUNCTION publication_whole() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_TABLE_NAME = 'edition' THEN
    IF NOT EXISTS (SELECT FROM draft d WHERE d.edition = NEW.number AND d.state = 'published') THEN
      RAISE EXCEPTION 'edition % comes from no approved draft', NEW.number
        USING ERRCODE = 'restrict_violation', TABLE = 'edition';
    END IF;
  ELSIF NOT EXISTS (SELECT FROM edition e WHERE e.number = coalesce(upper(NEW.editions), lower(NEW.editions))) THEN
    RAISE EXCEPTION 'unit_version % was changed without an edition', NEW.code
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  RETURN NULL;
END;
$$;
"""

BY_SERVICE = "WHEN (current_user = 'wangge_service')"


def upgrade() -> None:
    """Add columns, tables, guards and grants."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    columns()
    tables()
    for function in (GUARD_DRAFT, GUARD_DRAFT_CONTENT, GUARD_NEW_VERSION, PUBLICATION_WHOLE):
        op.execute(function)
    guards()
    grants()


def columns() -> None:
    """What drafts and their operations say in addition."""
    op.add_column("draft", sa.Column("author_key", sa.Text(), server_default="", nullable=False))
    op.add_column("draft", sa.Column("reviewer", sa.Text(), nullable=True))
    op.add_column("draft", sa.Column("reviewer_key", sa.Text(), nullable=True))
    op.add_column("draft", sa.Column("edition", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("fk_draft_edition"), "draft", "edition", ["edition"], ["number"])
    op.create_unique_constraint(op.f("uq_draft_edition"), "draft", ["edition"])
    op.add_column("draft_operation", sa.Column("author_key", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "draft_operation",
        sa.Column(
            "effect",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )


def tables() -> None:
    """Grids of drafts, and the log."""
    op.create_geospatial_table(
        "draft_grid",
        sa.Column("draft_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "num_nulls(name, parent_code, kind, geom) IN (0, 4)", name=op.f("ck_draft_grid_whole")
        ),
        sa.CheckConstraint("kind IN ('base', 'dedicated')", name=op.f("ck_draft_grid_kind")),
        sa.ForeignKeyConstraint(
            ["draft_id", "position"],
            ["draft_operation.draft_id", "draft_operation.position"],
            name=op.f("fk_draft_grid_draft_id_position"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("draft_id", "position", "code", name=op.f("pk_draft_grid")),
    )
    op.create_geospatial_index(
        "idx_draft_grid_geom",
        "draft_grid",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(
        op.f("ix_draft_grid_draft_id_code_position"), "draft_grid", ["draft_id", "code", "position"]
    )
    op.create_table(
        "draft_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("draft_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_key", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["draft_id"], ["draft.id"], name=op.f("fk_draft_log_draft_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_log")),
    )
    op.create_index(op.f("ix_draft_log_draft_id"), "draft_log", ["draft_id"])
    # Drafts of before have a log from here on.
    op.execute(
        "INSERT INTO draft_log (draft_id, at, actor, actor_key, action, to_state) "
        "SELECT id, created_at, author, author_key, 'create', state FROM draft"
    )


def guards() -> None:
    """Row security, and what no right can undo."""
    for table in ("draft_grid", "draft_log"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        rule = f"(SELECT sees_everything()) OR EXISTS (SELECT FROM draft p WHERE p.id = {table}.draft_id)"
        op.execute(f"CREATE POLICY {table}_in_sight ON {table} USING ({rule}) WITH CHECK ({rule})")
    op.execute(
        "CREATE TRIGGER draft_guard BEFORE INSERT OR UPDATE ON draft FOR EACH ROW EXECUTE FUNCTION guard_draft()"
    )
    for table in ("draft_operation", "draft_grid"):
        op.execute(
            f"CREATE TRIGGER {table}_guard BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION guard_draft_content()"
        )
    op.execute(
        "CREATE TRIGGER draft_log_append_only BEFORE UPDATE OR DELETE ON draft_log "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER draft_log_no_truncate BEFORE TRUNCATE ON draft_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER unit_version_next BEFORE INSERT ON unit_version "
        f"FOR EACH ROW {BY_SERVICE} EXECUTE FUNCTION guard_new_version()"
    )
    op.execute(
        "CREATE TRIGGER lineage_next BEFORE INSERT ON lineage "
        f"FOR EACH ROW {BY_SERVICE} EXECUTE FUNCTION guard_new_version()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER unit_version_whole AFTER INSERT OR UPDATE ON unit_version "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {BY_SERVICE} EXECUTE FUNCTION publication_whole()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER edition_whole AFTER INSERT ON edition "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {BY_SERVICE} EXECUTE FUNCTION publication_whole()"
    )


def grants() -> None:
    """The service publishes, and removes no draft."""
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON draft_grid TO wangge_service")
    op.execute("GRANT SELECT, INSERT ON draft_log TO wangge_service")
    op.execute("REVOKE DELETE ON draft FROM wangge_service")
    op.execute("GRANT INSERT ON edition, lineage, unit_version TO wangge_service")
    op.execute("GRANT UPDATE (editions) ON unit_version TO wangge_service")
