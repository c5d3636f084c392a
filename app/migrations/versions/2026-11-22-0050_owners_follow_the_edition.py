"""Owners follow the edition in force: when one of the future takes force, and when one is published during a load.

Revision: 8a61f7d3c2e4, after 3f9d20c6b1aa, 2026-11-22. The text of the functions is frozen here.

- `settlement` remembers for which editions published ahead of time the owners were moved when they took force.
- Rows written one by one take the owners' lock, so that a publication at the same moment cannot miss them.
"""

import sqlalchemy as sa
from alembic import op

revision = "8a61f7d3c2e4"
down_revision = "3f9d20c6b1aa"
branch_labels = None
depends_on = None

GIVE_INCIDENT_OWNER = r"""
-- Whoever inserts or moves an incident (a form, psql, QGIS, an ETL job), it gets its owner here. A bulk load that
-- brings owners computed by the engine says so with wangge.owners = 'given' inside its own transaction.
CREATE OR REPLACE FUNCTION give_incident_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  -- Whoever moves owners to a new edition waits for this row, and this row for them: none is left behind.
  PERFORM pg_advisory_xact_lock_shared(370212);
  NEW.assigned_edition := edition_at(clock_timestamp());
  NEW.grid_code := NULL;
  NEW.grid_path := 'outside';
  IF NEW.geom IS NOT NULL THEN
    NEW.geom := placed(NEW.geom, 'incident ' || NEW.number);
    SELECT o.grid_code, o.grid_path INTO NEW.grid_code, NEW.grid_path
      FROM point_owner(NEW.geom, NEW.assigned_edition) o;
    NEW.grid_path := coalesce(NEW.grid_path, 'outside');
  END IF;
  RETURN NEW;
END;
$$;
"""

GIVE_COMPONENT_OWNER = r"""
-- The same for components: checks the geometry against the class, then gives owner, paths and the part outside.
CREATE OR REPLACE FUNCTION give_component_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  expected text := (SELECT geometry FROM component_class WHERE code = NEW.class_code);
  came text;
BEGIN
  -- Editors save a single point as a multipoint of one.
  IF ST_GeometryType(NEW.geom) = 'ST_MultiPoint' AND ST_NumGeometries(NEW.geom) = 1 THEN
    NEW.geom := ST_GeometryN(NEW.geom, 1);
  END IF;
  came := CASE ST_GeometryType(NEW.geom)
            WHEN 'ST_Point' THEN 'point'
            WHEN 'ST_LineString' THEN 'line' WHEN 'ST_MultiLineString' THEN 'line'
            WHEN 'ST_Polygon' THEN 'polygon' WHEN 'ST_MultiPolygon' THEN 'polygon'
            ELSE lower(replace(ST_GeometryType(NEW.geom), 'ST_', '')) END;
  -- A class that does not exist is the foreign key's to refuse, a missing geometry the column's.
  IF expected <> came THEN
    RAISE EXCEPTION 'component % of class % must be a %, came a %', NEW.code, NEW.class_code, expected, came
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_component_geometry_kind', TABLE = 'component';
  ELSIF expected IS NULL OR came IS NULL THEN
    RETURN NEW;
  END IF;
  NEW.geom := placed(NEW.geom, 'component ' || NEW.code);
  NEW.updated_at := now();
  -- Whoever moves owners to a new edition waits for this row, and this row for them: none is left behind.
  PERFORM pg_advisory_xact_lock_shared(370212);
  NEW.assigned_edition := edition_at(clock_timestamp());
  NEW.measure := CASE came WHEN 'line' THEN ST_Length(NEW.geom::geography)
                           WHEN 'polygon' THEN ST_Area(NEW.geom::geography) END;
  IF came = 'point' THEN
    SELECT o.grid_code, o.grid_path, ARRAY[o.grid_path], 0
      INTO NEW.grid_code, NEW.grid_path, NEW.paths, NEW.outside_share
      FROM point_owner(NEW.geom, NEW.assigned_edition) o;
    IF NOT FOUND THEN
      NEW.grid_path := 'outside';
      NEW.paths := '{outside}';
      NEW.outside_share := 1;
    END IF;
  ELSE
    SELECT o.grid_code, o.grid_path, o.paths, o.outside_share
      INTO NEW.grid_code, NEW.grid_path, NEW.paths, NEW.outside_share
      FROM wide_owner(NEW.geom, NEW.assigned_edition) o;
  END IF;
  RETURN NEW;
END;
$$;
"""


def upgrade() -> None:
    """Add the table and replace the functions."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.create_table(
        "settlement",
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("components", sa.Integer(), nullable=False),
        sa.Column("incidents", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition"], ["edition.number"], name=op.f("fk_settlement_edition")),
        sa.PrimaryKeyConstraint("edition", name=op.f("pk_settlement")),
    )
    op.execute(
        "CREATE TRIGGER settlement_append_only BEFORE UPDATE OR DELETE ON settlement "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER settlement_no_truncate BEFORE TRUNCATE ON settlement "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute("GRANT SELECT, INSERT ON settlement TO wangge_service")
    op.execute(GIVE_INCIDENT_OWNER)
    op.execute(GIVE_COMPONENT_OWNER)
