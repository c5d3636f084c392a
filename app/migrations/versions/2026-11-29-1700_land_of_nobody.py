"""Land that is nobody's on purpose, kept with each edition and a reason, and drawn in drafts.

Revision: 9d4b1f7e2c60, after 3c7e90d5b1f8, 2026-11-29. The text of the functions is frozen here.

- `excluded_land` holds versions as `unit_version` does: a range of editions, never changed once published, closed by a
  later edition, taken back with an edition that is withdrawn.
- A draft holds such land among its grids, as the kind ``excluded``.
- The view `layers.excluded_land` shows it to direct connections.
"""

from __future__ import annotations

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "9d4b1f7e2c60"
down_revision = "3c7e90d5b1f8"
branch_labels = None
depends_on = None

BY_SERVICE = "WHEN (current_user = 'wangge_service')"

GUARD_EXCLUDED_LAND = r"""
-- Published land that is nobody's is read-only, as units are. The one change allowed is to close a version; when an
-- edition is withdrawn before it takes effect, what it began goes, and what it closed is open again.
CREATE OR REPLACE FUNCTION guard_excluded_land() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF withdrawn_here(lower(OLD.editions)) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'excluded_land % (%) is published: DELETE refused', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'excluded_land';
  END IF;
  IF lower(NEW.editions) <> lower(OLD.editions)
     OR NOT (CASE WHEN upper_inf(OLD.editions)
                  THEN NOT upper_inf(NEW.editions) AND upper(NEW.editions) >= next_edition()
                  ELSE upper_inf(NEW.editions) AND withdrawn_here(upper(OLD.editions)) END)
     OR (NEW.id, NEW.code, NEW.reason, NEW.district_code, NEW.area_m2)
        IS DISTINCT FROM (OLD.id, OLD.code, OLD.reason, OLD.district_code, OLD.area_m2)
     OR ST_AsBinary(NEW.geom) <> ST_AsBinary(OLD.geom) THEN
    RAISE EXCEPTION 'excluded_land % (%) is published: only closing it is allowed', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'excluded_land';
  END IF;
  RETURN NEW;
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
  next_number := next_edition();
  IF lower(NEW.editions) IS DISTINCT FROM next_number OR NOT upper_inf(NEW.editions) THEN
    RAISE EXCEPTION '% %: only versions from edition % on may be added', TG_TABLE_NAME, NEW.code, next_number
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
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
    RAISE EXCEPTION '% % was changed without an edition', TG_TABLE_NAME, NEW.code
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END;
$$;
"""

WITHDRAWAL_WHOLE = r"""
-- At the end of a transaction that withdraws an edition: nothing of it is left, and it has not taken effect meanwhile.
CREATE OR REPLACE FUNCTION withdrawal_whole() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NEW.effective_from <= clock_timestamp()
     OR EXISTS (SELECT FROM edition e WHERE e.number = NEW.number)
     OR EXISTS (SELECT FROM unit_version u WHERE lower(u.editions) = NEW.number OR upper(u.editions) = NEW.number)
     OR EXISTS (SELECT FROM excluded_land x WHERE lower(x.editions) = NEW.number OR upper(x.editions) = NEW.number) THEN
    RAISE EXCEPTION 'edition % has taken effect, or something of it is left: it is not withdrawn', NEW.number
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END;
$$;
"""

WITHDRAW_EDITION = r"""
-- Take the last edition back before it takes effect: its units go, those that it ended go on, and the draft that had
-- become it is approved again, so that it can be published anew. Every rule is in the guards of the tables.
CREATE OR REPLACE FUNCTION withdraw_edition(which integer, actor text, actor_key text, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  was bigint := (SELECT d.id FROM draft d WHERE d.edition = which);
  before integer := (SELECT max(e.number) FROM edition e WHERE e.number < which);
BEGIN
  -- Two publications wait for one another, and so does this: the numbers are those of the service.
  PERFORM pg_advisory_xact_lock(370211);
  PERFORM pg_advisory_xact_lock(370212);
  INSERT INTO edition_withdrawal (number, effective_from, published_at, author, reviewer, note, content_hash, grids,
                                  effect, draft_id, withdrawn_by, reason)
    SELECT e.number, e.effective_from, e.published_at, e.author, e.reviewer, e.note, e.content_hash, e.grids,
           (WITH opened AS (SELECT u.code FROM unit_version u WHERE u.level = 'grid' AND lower(u.editions) = which),
                 closed AS (SELECT u.code FROM unit_version u WHERE u.level = 'grid' AND upper(u.editions) = which)
            SELECT jsonb_build_object(
              'created', (SELECT coalesce(jsonb_agg(o.code ORDER BY o.code), '[]') FROM opened o
                           WHERE o.code NOT IN (SELECT c.code FROM closed c)),
              'changed', (SELECT coalesce(jsonb_agg(o.code ORDER BY o.code), '[]') FROM opened o
                           WHERE o.code IN (SELECT c.code FROM closed c)),
              'retired', (SELECT coalesce(jsonb_agg(c.code ORDER BY c.code), '[]') FROM closed c
                           WHERE c.code NOT IN (SELECT o.code FROM opened o)))),
           was, actor, reason
      FROM edition e WHERE e.number = which;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'edition % cannot be withdrawn: there is none', which
      USING ERRCODE = 'restrict_violation', TABLE = 'edition_withdrawal';
  END IF;
  IF EXISTS (SELECT FROM draft d WHERE d.base = which AND (before IS NULL OR d.state NOT IN ('published', 'discarded'))) THEN
    RAISE EXCEPTION 'edition % cannot be withdrawn: drafts stand on it', which
      USING ERRCODE = 'restrict_violation', TABLE = 'edition_withdrawal';
  END IF;
  UPDATE draft SET base = before, version = version + 1 WHERE base = which;
  UPDATE draft SET state = 'approved', edition = NULL, version = version + 1, updated_at = clock_timestamp()
   WHERE id = was;
  INSERT INTO draft_log (draft_id, actor, actor_key, action, from_state, to_state, note, detail)
    SELECT was, actor, actor_key, 'withdraw', 'published', 'approved', nullif(reason, ''),
           jsonb_build_object('edition', which) WHERE was IS NOT NULL;
  DELETE FROM lineage WHERE edition = which;
  DELETE FROM unit_version WHERE lower(editions) = which;
  UPDATE unit_version SET editions = int4range(lower(editions), NULL) WHERE upper(editions) = which;
  DELETE FROM excluded_land WHERE lower(editions) = which;
  UPDATE excluded_land SET editions = int4range(lower(editions), NULL) WHERE upper(editions) = which;
  DELETE FROM edition WHERE number = which;
END;
$$;
"""

LAYER = r"""
CREATE VIEW layers.excluded_land AS
SELECT x.code, x.reason, x.district_code, x.area_m2, e.number AS edition, e.effective_from AS edition_from, x.geom
FROM public.edition e
JOIN public.excluded_land x ON x.editions @> e.number
WHERE e.number = (SELECT number FROM public.edition WHERE effective_from <= now()
                  ORDER BY effective_from DESC, number DESC LIMIT 1)
"""


def upgrade() -> None:
    """Add the table, its guards and its view; let drafts hold such land."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    # Of its own and not of the table: drafts take numbers, too.
    op.execute("CREATE SEQUENCE excluded_land_number AS integer")
    op.create_table(
        "excluded_land",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("editions", postgresql.INT4RANGE(), nullable=False),
        sa.Column(
            "geom",
            geoalchemy2.types.Geometry(
                geometry_type="MULTIPOLYGON", srid=4326, dimension=2, spatial_index=False, nullable=False
            ),
            nullable=False,
        ),
        sa.Column("area_m2", sa.Float(precision=53), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("code"), "="),
            (sa.column("editions"), "&&"),
            using="gist",
            name="ex_excluded_land_one_per_edition",
        ),
        sa.CheckConstraint("code ~ '^excluded:[1-9][0-9]*$'", name=op.f("ck_excluded_land_code")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_excluded_land_reason")),
        sa.CheckConstraint(
            "NOT isempty(editions) AND NOT lower_inf(editions)", name=op.f("ck_excluded_land_editions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_excluded_land")),
    )
    op.create_index("idx_excluded_land_geom", "excluded_land", ["geom"], postgresql_using="gist")
    op.create_index(op.f("ix_excluded_land_district_code"), "excluded_land", ["district_code"])
    op.drop_constraint(op.f("ck_draft_grid_kind"), "draft_grid", type_="check")
    op.create_check_constraint(
        op.f("ck_draft_grid_kind"), "draft_grid", "kind IN ('base', 'dedicated', 'excluded')"
    )
    for function in (
        GUARD_EXCLUDED_LAND,
        GUARD_NEW_VERSION,
        PUBLICATION_WHOLE,
        WITHDRAWAL_WHOLE,
        WITHDRAW_EDITION,
    ):
        op.execute(function)
    guards()
    op.execute(LAYER)
    op.execute("COMMENT ON VIEW layers.excluded_land IS '不划入网格的区域 (the edition in force)'")
    grants()


def guards() -> None:
    """The rules that units have."""
    op.execute(
        "CREATE TRIGGER excluded_land_guard BEFORE UPDATE OR DELETE ON excluded_land "
        "FOR EACH ROW EXECUTE FUNCTION guard_excluded_land()"
    )
    op.execute(
        "CREATE TRIGGER excluded_land_no_truncate BEFORE TRUNCATE ON excluded_land "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER excluded_land_next BEFORE INSERT ON excluded_land "
        f"FOR EACH ROW {BY_SERVICE} EXECUTE FUNCTION guard_new_version()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER excluded_land_whole AFTER INSERT OR UPDATE ON excluded_land "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {BY_SERVICE} EXECUTE FUNCTION publication_whole()"
    )


def grants() -> None:
    """The service reads it, and publishes it with an edition; readers of layers see the view."""
    op.execute("GRANT SELECT, INSERT ON excluded_land TO wangge_service")
    op.execute("GRANT UPDATE (editions) ON excluded_land TO wangge_service")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO wangge_service")
    op.execute("""
        DO $$
        BEGIN
          IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_reader') THEN
            GRANT SELECT ON layers.excluded_land TO wangge_reader;
          END IF;
        END $$
    """)


def downgrade() -> None:
    """There is no way back; a backup is."""
    raise NotImplementedError("restore a backup instead")
