"""The first schema: tables, owner-giving functions and triggers, row-level security.

Revision: d2eb112e99dd, after nothing, 2026-11-21. The text of the functions is frozen here; app/db/functions holds
the present one.
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

revision = "d2eb112e99dd"
down_revision = None
branch_labels = None
depends_on = None


class Ltree(UserDefinedType):
    """The column type of unit paths, frozen here."""

    cache_ok = True

    def get_col_spec(self, **_):
        return "ltree"


EXTENSIONS = ("postgis", "ltree", "btree_gist")

TO_LATTICE = r"""
-- A geometry in whole numbers of 1e-7 degree. Products of differences of such numbers are exact in a double
-- for every segment shorter than nine degrees, so "on the boundary" has one meaning.
CREATE OR REPLACE FUNCTION to_lattice(place geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ST_SnapToGrid(ST_SetSRID(ST_Scale(place, 1e7, 1e7), 0), 1);
"""

VISIBLE_UNITS = r"""
-- The units whose rows this transaction may see, set by the service from the asker's grants; none when not set.
CREATE OR REPLACE FUNCTION visible_units() RETURNS lquery[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('wangge.sight', true), ''), '{}')::lquery[];
"""

SEES_EVERYTHING = r"""
-- Whether this transaction may see every row, those outside all grids included.
CREATE OR REPLACE FUNCTION sees_everything() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN '*' = ANY (coalesce(nullif(current_setting('wangge.sight', true), ''), '{}')::text[]);
"""

REFUSE_CHANGE = r"""
-- For logs and published editions: rows are added, never changed, never removed.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END;
$$;
"""

EDITION_AT = r"""
-- The number of the edition in force at an instant; NULL before the first one.
CREATE OR REPLACE FUNCTION edition_at(instant timestamptz DEFAULT now()) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT number FROM edition WHERE effective_from <= instant ORDER BY effective_from DESC, number DESC LIMIT 1);
"""

POINT_OWNER = r"""
-- The grid that owns a point in an edition: of those that cover it, the one with the lowest code.
-- Returns a table so that the planner can unfold it into the query that asks.
CREATE OR REPLACE FUNCTION point_owner(place geometry, edition_number integer)
RETURNS TABLE (grid_code text, grid_path ltree)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT u.code, u.path
    FROM unit_version u
   WHERE u.level = 'grid' AND u.editions @> edition_number AND ST_Intersects(u.lattice, to_lattice(place))
   ORDER BY u.code COLLATE "C"
   LIMIT 1;
END;
"""

OWNER_SHARES = r"""
-- The parts of a line or an area by grid. Grids are taken in the order of their codes and each takes its part
-- away, so a line along a shared border is counted once, for the lowest code. Measures are geodesic (m, m2).
CREATE OR REPLACE FUNCTION owner_shares(place geometry, edition_number integer)
RETURNS TABLE (grid_code text, grid_path ltree, share double precision, measure double precision, whole double precision)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  dimension integer := ST_Dimension(place);
  rest geometry := place;
  part geometry;
  candidate record;
  codes text[] := '{}';
  paths ltree[] := '{}';
  measures double precision[] := '{}';
  inside double precision := 0;
  amount double precision;
  total double precision;
BEGIN
  total := CASE dimension WHEN 1 THEN ST_Length(place::geography) ELSE ST_Area(place::geography) END;
  FOR candidate IN
    SELECT u.code, u.path, u.geom FROM unit_version u
     WHERE u.level = 'grid' AND u.editions @> edition_number AND u.geom && place AND ST_Intersects(u.geom, place)
     ORDER BY u.code COLLATE "C"
  LOOP
    part := ST_CollectionExtract(ST_Intersection(rest, candidate.geom), dimension + 1);
    CONTINUE WHEN ST_IsEmpty(part);
    amount := CASE dimension WHEN 1 THEN ST_Length(part::geography) ELSE ST_Area(part::geography) END;
    CONTINUE WHEN amount <= 0;
    codes := codes || candidate.code;
    paths := paths || candidate.path;
    measures := measures || amount;
    inside := inside + amount;
    IF dimension = 1 THEN
      rest := ST_Difference(rest, candidate.geom);
    END IF;
  END LOOP;
  RETURN QUERY SELECT c, p, m / inside, m, greatest(total, inside)
                 FROM unnest(codes, paths, measures) AS parts(c, p, m);
END;
$$;
"""

GRID_OWNER = r"""
-- Which grid owns this place? A point: the touching grid with the lowest code. A line or an area: the grid with
-- the largest share, ties to the lowest code. NULL outside every grid and before the first edition.
CREATE OR REPLACE FUNCTION grid_owner(place geometry, instant timestamptz DEFAULT now()) RETURNS text
LANGUAGE plpgsql STABLE STRICT
AS $$
DECLARE
  located geometry := CASE ST_SRID(place) WHEN 4326 THEN place WHEN 0 THEN ST_SetSRID(place, 4326)
                                          ELSE ST_Transform(place, 4326) END;
BEGIN
  IF ST_IsEmpty(located) THEN
    RETURN NULL;
  ELSIF ST_GeometryType(located) = 'ST_Point' THEN
    RETURN (SELECT grid_code FROM point_owner(located, edition_at(instant)));
  ELSIF ST_Dimension(located) = 0 THEN
    RAISE EXCEPTION 'grid_owner takes a point, a line or an area, not %', ST_GeometryType(located)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN (SELECT s.grid_code FROM owner_shares(located, edition_at(instant)) s
           ORDER BY s.share DESC, s.grid_code COLLATE "C" LIMIT 1);
END;
$$;
"""

GIVE_INCIDENT_OWNER = r"""
-- Whoever inserts or moves an incident (a form, psql, QGIS, an ETL job), it gets its owner here. A bulk load that
-- brings owners computed by the engine says so with wangge.owners = 'given' inside its own transaction.
CREATE OR REPLACE FUNCTION give_incident_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  NEW.assigned_edition := edition_at();
  NEW.grid_code := NULL;
  NEW.grid_path := 'outside';
  IF NEW.geom IS NOT NULL AND NOT ST_IsEmpty(NEW.geom) THEN
    NEW.geom := ST_SnapToGrid(NEW.geom, 1e-7);
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
  came text := (ARRAY['point', 'line', 'polygon'])[ST_Dimension(NEW.geom) + 1];
BEGIN
  IF expected IS DISTINCT FROM came THEN
    RAISE EXCEPTION 'component % of class % must be a %, came a %', NEW.code, NEW.class_code, expected, came
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_component_geometry_kind', TABLE = 'component';
  END IF;
  NEW.updated_at := now();
  NEW.assigned_edition := edition_at();
  NEW.grid_code := NULL;
  NEW.grid_path := 'outside';
  NEW.paths := '{outside}';
  NEW.outside_share := 1;
  NEW.measure := NULL;
  NEW.geom := CASE WHEN came = 'polygon' THEN NEW.geom ELSE ST_SnapToGrid(NEW.geom, 1e-7) END;
  IF came = 'point' THEN
    SELECT o.grid_code, o.grid_path, ARRAY[o.grid_path], 0
      INTO NEW.grid_code, NEW.grid_path, NEW.paths, NEW.outside_share
      FROM point_owner(NEW.geom, NEW.assigned_edition) o WHERE o.grid_code IS NOT NULL;
    IF NOT FOUND THEN
      NEW.grid_path := 'outside';
      NEW.paths := '{outside}';
      NEW.outside_share := 1;
    END IF;
  ELSE
    NEW.measure := CASE came WHEN 'line' THEN ST_Length(NEW.geom::geography) ELSE ST_Area(NEW.geom::geography) END;
    SELECT (array_agg(s.grid_code ORDER BY s.share DESC, s.grid_code COLLATE "C"))[1],
           (array_agg(s.grid_path ORDER BY s.share DESC, s.grid_code COLLATE "C"))[1],
           array_agg(s.grid_path ORDER BY s.share DESC, s.grid_code COLLATE "C"),
           greatest(0, 1 - sum(s.measure) / max(s.whole))
      INTO NEW.grid_code, NEW.grid_path, NEW.paths, NEW.outside_share
      FROM owner_shares(NEW.geom, NEW.assigned_edition) s;
    IF NEW.grid_code IS NULL THEN
      NEW.grid_path := 'outside';
      NEW.paths := '{outside}';
      NEW.outside_share := 1;
    END IF;
  END IF;
  RETURN NEW;
END;
$$;
"""

STORE_COMPONENT_SHARES = r"""
-- Keeps the shares of a line or an area beside it; runs after the row is there, since shares refer to it.
CREATE OR REPLACE FUNCTION store_component_shares() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  DELETE FROM component_share WHERE component_id = NEW.id;
  IF ST_Dimension(NEW.geom) > 0 THEN
    INSERT INTO component_share (component_id, grid_code, grid_path, share, measure)
    SELECT NEW.id, s.grid_code, s.grid_path, s.share, s.measure FROM owner_shares(NEW.geom, NEW.assigned_edition) s;
  END IF;
  RETURN NULL;
END;
$$;
"""

GUARD_UNIT_VERSION = r"""
-- A published version is read-only. The one change allowed is to close it: its last edition becomes known.
CREATE OR REPLACE FUNCTION guard_unit_version() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'unit_version % (%) is published: DELETE refused', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  IF NOT upper_inf(OLD.editions) OR upper_inf(NEW.editions) OR lower(NEW.editions) <> lower(OLD.editions)
     OR upper(NEW.editions) <= coalesce((SELECT max(number) FROM edition), 0)
     OR (NEW.id, NEW.level, NEW.code, NEW.code_scheme, NEW.name, NEW.kind, NEW.parent_code, NEW.district_code,
         NEW.path, NEW.area_m2, NEW.attributes)
        IS DISTINCT FROM
        (OLD.id, OLD.level, OLD.code, OLD.code_scheme, OLD.name, OLD.kind, OLD.parent_code, OLD.district_code,
         OLD.path, OLD.area_m2, OLD.attributes)
     OR ST_AsBinary(NEW.geom) <> ST_AsBinary(OLD.geom) THEN
    RAISE EXCEPTION 'unit_version % (%) is published: only closing it is allowed', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  RETURN NEW;
END;
$$;
"""

TELL_EDITION = r"""
-- Every worker hears of a new edition when its transaction commits.
CREATE OR REPLACE FUNCTION tell_edition() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_notify('wangge_edition', NEW.number::text);
  RETURN NULL;
END;
$$;
"""

SERVICE_ROLE = """
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_service') THEN
    CREATE ROLE wangge_service NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_service' AND (rolsuper OR rolbypassrls)) THEN
    RAISE EXCEPTION 'role wangge_service must not be able to bypass row security: '
                    'ALTER ROLE wangge_service NOSUPERUSER NOBYPASSRLS';
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE EXCEPTION 'the role wangge_service is missing and % may not create it; as an administrator run: '
                  'CREATE ROLE wangge_service NOLOGIN; GRANT wangge_service TO %', current_user, current_user;
END;
$$;
"""

# Row security lets a condition reach an index only when its function cannot leak the rows it is shown. These
# neither raise nor log their arguments. Only a superuser may say so; elsewhere such queries run without the index.
LEAKPROOF = """
DO $$
BEGIN
  ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
  ALTER FUNCTION ltree_risparent(ltree, ltree) LEAKPROOF;
  ALTER FUNCTION ltree_isparent(ltree, ltree) LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'not a superuser: map queries under row security will not use spatial indexes';
END;
$$;
"""

# What the service may do with each table. Published editions and logs: never change, never remove.
READS = (
    "edition",
    "unit_version",
    "lineage",
    "component_class",
    "event_class",
    "department",
    "alembic_version",
)
WRITES = (
    "account",
    "account_grant",
    "session",
    "api_token",
    "sign_in_attempt",
    "import_job",
    "draft",
    "draft_operation",
    "officer",
    "team_member",
    "population_count",
    "component",
    "component_share",
    "incident",
)
APPENDS = ("audit_log", "incident_log")

# Table -> the column that says whose area a row is in.
SECURED = {
    "incident": "grid_path",
    "officer": "unit_path",
    "team_member": "grid_path",
    "population_count": "grid_path",
    "draft": "scope_path",
}
# Rows of these are seen with the row they belong to.
FOLLOWING = {
    "incident_log": ("incident", "incident_id"),
    "component_share": ("component", "component_id"),
    "draft_operation": ("draft", "draft_id"),
}


def secure() -> None:
    """Row-level security: nobody sees past their area, whatever the query says."""
    everything = "(SELECT sees_everything())"
    seen = "(SELECT visible_units())"
    for table, column in SECURED.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        rule = f"{everything} OR {column} ? {seen}"
        op.execute(f"CREATE POLICY {table}_in_sight ON {table} USING ({rule}) WITH CHECK ({rule})")
    op.execute("ALTER TABLE component ENABLE ROW LEVEL SECURITY")
    rule = f"{everything} OR paths ? {seen}"
    op.execute(f"CREATE POLICY component_in_sight ON component USING ({rule}) WITH CHECK ({rule})")
    for table, (parent, column) in FOLLOWING.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        rule = f"{everything} OR EXISTS (SELECT FROM {parent} p WHERE p.id = {table}.{column})"
        op.execute(f"CREATE POLICY {table}_in_sight ON {table} USING ({rule}) WITH CHECK ({rule})")


def grant() -> None:
    """Give the service what it needs and nothing more."""
    op.execute("GRANT USAGE ON SCHEMA public TO wangge_service")
    op.execute(f"GRANT SELECT ON {', '.join(READS)}, spatial_ref_sys TO wangge_service")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(WRITES)} TO wangge_service")
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(APPENDS)} TO wangge_service")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO wangge_service")


def triggers() -> None:
    """Owners for whatever is inserted or moved; read-only history; word of a new edition."""
    brought = "current_setting('wangge.owners', true) IS DISTINCT FROM 'given'"
    op.execute(
        "CREATE TRIGGER incident_owner BEFORE INSERT OR UPDATE OF geom ON incident "
        f"FOR EACH ROW WHEN ({brought}) EXECUTE FUNCTION give_incident_owner()"
    )
    op.execute(
        "CREATE TRIGGER component_owner BEFORE INSERT OR UPDATE OF geom, class_code ON component "
        f"FOR EACH ROW WHEN ({brought}) EXECUTE FUNCTION give_component_owner()"
    )
    op.execute(
        "CREATE TRIGGER component_shares AFTER INSERT OR UPDATE OF geom ON component "
        f"FOR EACH ROW WHEN ({brought}) EXECUTE FUNCTION store_component_shares()"
    )
    op.execute(
        "CREATE TRIGGER unit_version_guard BEFORE UPDATE OR DELETE ON unit_version "
        "FOR EACH ROW EXECUTE FUNCTION guard_unit_version()"
    )
    op.execute(
        "CREATE TRIGGER edition_told AFTER INSERT ON edition FOR EACH ROW EXECUTE FUNCTION tell_edition()"
    )
    for table in ("edition", "lineage", "audit_log", "incident_log"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    for table in ("edition", "lineage", "unit_version", "audit_log", "incident_log"):
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def upgrade() -> None:
    """Create everything."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    for extension in EXTENSIONS:
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.execute(SERVICE_ROLE)
    op.execute(LEAKPROOF)
    for function in (TO_LATTICE, VISIBLE_UNITS, SEES_EVERYTHING, REFUSE_CHANGE):
        op.execute(function)
    tables()
    for function in (
        EDITION_AT,
        POINT_OWNER,
        OWNER_SHARES,
        GRID_OWNER,
        GIVE_INCIDENT_OWNER,
        GIVE_COMPONENT_OWNER,
        STORE_COMPONENT_SHARES,
        GUARD_UNIT_VERSION,
        TELL_EDITION,
    ):
        op.execute(function)
    triggers()
    secure()
    grant()


def tables() -> None:
    """The tables and their indexes, as the models of that day had them."""
    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scope_path", Ltree(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role IN ('viewer', 'api-consumer', 'grid-leader', 'handler', 'dispatcher', 'gis-editor', 'gis-publisher', 'admin')",
            name=op.f("ck_api_token_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("address", postgresql.INET(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"], unique=False)
    op.create_index(op.f("ix_audit_log_target"), "audit_log", ["target"], unique=False)
    op.create_table(
        "department",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("code", name=op.f("uq_department_code")),
        sa.UniqueConstraint("name", name=op.f("uq_department_name")),
    )
    op.create_table(
        "edition",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "published_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("grids", sa.Integer(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_edition_number_positive")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_edition")),
    )
    op.create_index(
        op.f("ix_edition_effective_from_number"), "edition", ["effective_from", "number"], unique=False
    )
    op.create_table(
        "import_job",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column(
            "options",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("source_crs", sa.Text(), nullable=True),
        sa.Column("rows_total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_ownerless", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("edition", sa.Integer(), nullable=True),
        sa.Column(
            "report",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('grids', 'components', 'incidents', 'demo')", name=op.f("ck_import_job_kind")
        ),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'refused', 'failed')", name=op.f("ck_import_job_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_index(
        op.f("ix_import_job_kind_file_sha256"), "import_job", ["kind", "file_sha256"], unique=False
    )
    op.create_table(
        "population_count",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("grid_path", Ltree(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.CheckConstraint("count >= 0", name=op.f("ck_population_count_count")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_population_count")),
        sa.UniqueConstraint(
            "grid_code", "kind", "counted_on", name=op.f("uq_population_count_grid_code_kind_counted_on")
        ),
    )
    op.create_index(
        op.f("ix_population_count_grid_path"),
        "population_count",
        ["grid_path"],
        unique=False,
        postgresql_using="gist",
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", postgresql.INET(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempt")),
    )
    op.create_index(op.f("ix_sign_in_attempt_address_at"), "sign_in_attempt", ["address", "at"], unique=False)
    op.create_index(op.f("ix_sign_in_attempt_name_at"), "sign_in_attempt", ["name", "at"], unique=False)
    op.create_geospatial_table(
        "unit_version",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(collation="C"), nullable=False),
        sa.Column("code_scheme", sa.Text(), server_default="own", nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("district_code", sa.Text(), nullable=False),
        sa.Column("path", Ltree(), nullable=False),
        sa.Column("editions", postgresql.INT4RANGE(), nullable=False),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column(
            "lattice",
            Geometry(
                geometry_type="MULTIPOLYGON",
                srid=0,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            sa.Computed("ST_SnapToGrid(ST_SetSRID(ST_Scale(geom, 1e7, 1e7), 0), 1)", persisted=True),
            nullable=False,
        ),
        sa.Column("area_m2", sa.Float(precision=53), nullable=False),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        postgresql.ExcludeConstraint(
            (sa.column("level"), "="),
            (sa.column("code"), "="),
            (sa.column("editions"), "&&"),
            using="gist",
            name="ex_unit_version_one_per_edition",
        ),
        sa.CheckConstraint(
            "(level = 'district') = (parent_code IS NULL)", name=op.f("ck_unit_version_parent")
        ),
        sa.CheckConstraint(
            "(level = 'grid') = (kind IS NOT NULL) AND (kind IS NULL OR kind IN ('base', 'dedicated'))",
            name=op.f("ck_unit_version_kind"),
        ),
        sa.CheckConstraint(
            "level IN ('district', 'street', 'community', 'grid')", name=op.f("ck_unit_version_level")
        ),
        sa.CheckConstraint(
            "NOT isempty(editions) AND NOT lower_inf(editions)", name=op.f("ck_unit_version_editions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_version")),
    )
    op.create_geospatial_index(
        "idx_unit_version_geom",
        "unit_version",
        ["geom"],
        unique=False,
        postgresql_using="gist",
        postgresql_ops={},
    )
    op.create_index(op.f("ix_unit_version_district_code"), "unit_version", ["district_code"], unique=False)
    op.create_geospatial_index(
        "ix_unit_version_lattice",
        "unit_version",
        ["lattice"],
        unique=False,
        postgresql_using="gist",
        postgresql_where=sa.text("level = 'grid'"),
        postgresql_ops={},
    )
    op.create_index(op.f("ix_unit_version_level_code"), "unit_version", ["level", "code"], unique=False)
    op.create_index(
        op.f("ix_unit_version_path"), "unit_version", ["path"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "account_grant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("scope_path", Ltree(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "role IN ('viewer', 'api-consumer', 'grid-leader', 'handler', 'dispatcher', 'gis-editor', 'gis-publisher', 'admin')",
            name=op.f("ck_account_grant_role"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_grant_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_grant")),
        sa.UniqueConstraint(
            "account_id", "role", "scope_path", name=op.f("uq_account_grant_account_id_role_scope_path")
        ),
    )
    op.create_table(
        "component_class",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("major_code", sa.Text(), nullable=False),
        sa.Column("major_zh", sa.Text(), nullable=False),
        sa.Column("major_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("geometry", sa.Text(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("hazard", sa.Text(), nullable=False),
        sa.Column("patrol_days", sa.Integer(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("codes_2026", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "geometry IN ('point', 'line', 'polygon')", name=op.f("ck_component_class_geometry")
        ),
        sa.CheckConstraint("hazard IN ('low', 'medium', 'high')", name=op.f("ck_component_class_hazard")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_component_class_department_id")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_component_class")),
        sa.UniqueConstraint("name_en", name=op.f("uq_component_class_name_en")),
        sa.UniqueConstraint("name_zh", name=op.f("uq_component_class_name_zh")),
    )
    op.create_table(
        "draft",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("scope_path", Ltree(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'submitted', 'approved', 'published', 'discarded')",
            name=op.f("ck_draft_state"),
        ),
        sa.ForeignKeyConstraint(["base"], ["edition.number"], name=op.f("fk_draft_base")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    op.create_index(
        op.f("ix_draft_scope_path"), "draft", ["scope_path"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "event_class",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("major_code", sa.Text(), nullable=False),
        sa.Column("major_zh", sa.Text(), nullable=False),
        sa.Column("major_en", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("time_limit", sa.Float(precision=53), nullable=True),
        sa.Column("time_limit_unit", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), server_default="normal", nullable=False),
        sa.Column("code_2026", sa.Text(), nullable=True),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("limit_basis", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "time_limit_unit IN ('hour', 'working_hour', 'working_day', 'calendar_day')",
            name=op.f("ck_event_class_time_limit_unit"),
        ),
        sa.CheckConstraint(
            "urgency IN ('low', 'normal', 'urgent', 'emergency')", name=op.f("ck_event_class_urgency")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_event_class_department_id")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_event_class")),
        sa.UniqueConstraint("name_en", name=op.f("uq_event_class_name_en")),
        sa.UniqueConstraint("name_zh", name=op.f("uq_event_class_name_zh")),
    )
    op.create_table(
        "lineage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("from_code", sa.Text(), nullable=True),
        sa.Column("to_code", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("area_m2", sa.Float(precision=53), nullable=False),
        sa.Column("share_of_from", sa.Float(precision=53), nullable=True),
        sa.CheckConstraint("from_code IS NOT NULL OR to_code IS NOT NULL", name=op.f("ck_lineage_some_code")),
        sa.ForeignKeyConstraint(["edition"], ["edition.number"], name=op.f("fk_lineage_edition")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineage")),
        sa.UniqueConstraint(
            "edition", "from_code", "to_code", name=op.f("uq_lineage_edition_from_code_to_code")
        ),
    )
    op.create_table(
        "officer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("unit_path", Ltree(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("synthetic", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_officer_account_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_officer_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer")),
        sa.UniqueConstraint("account_id", name=op.f("uq_officer_account_id")),
        sa.UniqueConstraint("staff_code", name=op.f("uq_officer_staff_code")),
    )
    op.create_index(
        op.f("ix_officer_unit_path"), "officer", ["unit_path"], unique=False, postgresql_using="gist"
    )
    op.create_table(
        "session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("csrf_token", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", postgresql.INET(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_session_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_session_key_hash")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False)
    op.create_geospatial_table(
        "component",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("code_scheme", sa.Text(), nullable=False),
        sa.Column("code_county", sa.Text(), nullable=True),
        sa.Column("code_major", sa.Text(), nullable=True),
        sa.Column("code_minor", sa.Text(), nullable=True),
        sa.Column("code_sequence", sa.Text(), nullable=True),
        sa.Column("class_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
                nullable=False,
            ),
            nullable=False,
        ),
        sa.Column("state", sa.Text(), server_default="intact", nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("owner_name", sa.Text(), nullable=True),
        sa.Column("maintainer_name", sa.Text(), nullable=True),
        sa.Column("surveyed_on", sa.Date(), nullable=True),
        sa.Column("changed_on", sa.Date(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("measure", sa.Float(precision=53), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("grid_path", Ltree(), server_default=sa.text("'outside'::ltree"), nullable=False),
        sa.Column(
            "paths", postgresql.ARRAY(Ltree()), server_default=sa.text("'{outside}'::ltree[]"), nullable=False
        ),
        sa.Column("outside_share", sa.Float(precision=53), server_default="0", nullable=False),
        sa.Column("assigned_edition", sa.Integer(), nullable=True),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('intact', 'damaged', 'lost', 'discarded', 'removed')", name=op.f("ck_component_state")
        ),
        sa.ForeignKeyConstraint(
            ["class_code"], ["component_class.code"], name=op.f("fk_component_class_code")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_component_department_id")
        ),
        sa.ForeignKeyConstraint(["import_id"], ["import_job.id"], name=op.f("fk_component_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component")),
        sa.UniqueConstraint("code", "code_scheme", name=op.f("uq_component_code_code_scheme")),
    )
    op.create_geospatial_index(
        "idx_component_geom", "component", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(op.f("ix_component_class_code"), "component", ["class_code"], unique=False)
    op.create_index(
        op.f("ix_component_grid_code_class_code"), "component", ["grid_code", "class_code"], unique=False
    )
    op.create_index(op.f("ix_component_import_id"), "component", ["import_id"], unique=False)
    op.create_index("ix_component_paths", "component", ["paths"], unique=False, postgresql_using="gist")
    op.create_table(
        "draft_operation",
        sa.Column("draft_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("operation", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("undone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["draft_id"], ["draft.id"], name=op.f("fk_draft_operation_draft_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("draft_id", "position", name=op.f("pk_draft_operation")),
    )
    op.create_geospatial_table(
        "incident",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("class_code", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="reported", nullable=False),
        sa.Column("origin", sa.Text(), server_default="complaint", nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column(
            "geom",
            Geometry(
                geometry_type="POINT",
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("component_code", sa.Text(), nullable=True),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("grid_path", Ltree(), server_default=sa.text("'outside'::ltree"), nullable=False),
        sa.Column("assigned_edition", sa.Integer(), nullable=True),
        sa.Column(
            "attributes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("origin IN ('complaint', 'found')", name=op.f("ck_incident_origin")),
        sa.CheckConstraint(
            "state IN ('reported', 'accepted', 'dispatched', 'handling', 'verifying', 'closed', 'voided', 'suspended')",
            name=op.f("ck_incident_state"),
        ),
        sa.ForeignKeyConstraint(["class_code"], ["event_class.code"], name=op.f("fk_incident_class_code")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_incident_department_id")),
        sa.ForeignKeyConstraint(["import_id"], ["import_job.id"], name=op.f("fk_incident_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("number", name=op.f("uq_incident_number")),
    )
    op.create_geospatial_index(
        "idx_incident_geom", "incident", ["geom"], unique=False, postgresql_using="gist", postgresql_ops={}
    )
    op.create_index(
        op.f("ix_incident_grid_code_occurred_at"), "incident", ["grid_code", "occurred_at"], unique=False
    )
    op.create_index(
        op.f("ix_incident_grid_path"), "incident", ["grid_path"], unique=False, postgresql_using="gist"
    )
    op.create_index(op.f("ix_incident_occurred_at"), "incident", ["occurred_at"], unique=False)
    op.create_index(
        "ix_incident_open",
        "incident",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state NOT IN ('closed', 'voided')"),
    )
    op.create_index(
        "uq_incident_idempotency_key",
        "incident",
        ["idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index(
        "uq_incident_source_source_id",
        "incident",
        ["source", "source_id"],
        unique=True,
        postgresql_where=sa.text("source_id IS NOT NULL"),
    )
    op.create_table(
        "team_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("grid_path", Ltree(), nullable=False),
        sa.Column("officer_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("during", postgresql.DATERANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("grid_code"), "="),
            (sa.column("role"), "="),
            (sa.column("during"), "&&"),
            where=sa.text("role IN ('leader', 'full_time')"),
            using="gist",
            name="ex_team_member_one_leader",
        ),
        sa.CheckConstraint(
            "role IN ('leader', 'full_time', 'professional')", name=op.f("ck_team_member_role")
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["officer.id"], name=op.f("fk_team_member_officer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_member")),
    )
    op.create_index(op.f("ix_team_member_grid_code"), "team_member", ["grid_code"], unique=False)
    op.create_index(
        op.f("ix_team_member_grid_path"), "team_member", ["grid_path"], unique=False, postgresql_using="gist"
    )
    op.create_index(op.f("ix_team_member_officer_id"), "team_member", ["officer_id"], unique=False)
    op.create_table(
        "component_share",
        sa.Column("component_id", sa.BigInteger(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=False),
        sa.Column("grid_path", Ltree(), nullable=False),
        sa.Column("share", sa.Float(precision=53), nullable=False),
        sa.Column("measure", sa.Float(precision=53), nullable=False),
        sa.CheckConstraint("share > 0 AND share <= 1 + 1e-9", name=op.f("ck_component_share_share")),
        sa.ForeignKeyConstraint(
            ["component_id"],
            ["component.id"],
            name=op.f("fk_component_share_component_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("component_id", "grid_code", name=op.f("pk_component_share")),
    )
    op.create_index(op.f("ix_component_share_grid_code"), "component_share", ["grid_code"], unique=False)
    op.create_table(
        "incident_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_incident_log_incident_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_log")),
    )
    op.create_index(op.f("ix_incident_log_incident_id"), "incident_log", ["incident_id"], unique=False)
