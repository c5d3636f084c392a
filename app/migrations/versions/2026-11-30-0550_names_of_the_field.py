"""Function and policy names that a reader would search for.

Revision: e4c17a90b6d2, after b7a2e5c81d94, 2026-11-30. The text of the functions is frozen here.

Renaming keeps rights, triggers, indexes and stored expressions, which refer to a function by its identity. Functions whose
body is text name others by name, so they are written again. The transaction's setting is called `wangge.scope` now.
"""

from __future__ import annotations

from alembic import op

revision = "e4c17a90b6d2"
down_revision = "b7a2e5c81d94"
branch_labels = None
depends_on = None

RENAMED = {
    "placed(geometry, text)": "validate_placement",
    "on_lattice(geometry)": "snap_to_lattice",
    "wide_owner(geometry, integer)": "line_or_area_owner",
    "give_component_owner()": "set_component_owner",
    "give_incident_owner()": "set_incident_owner",
    "tell_edition()": "notify_edition",
    "publication_whole()": "check_publication_complete",
    "withdrawal_whole()": "check_withdrawal_complete",
    "sees_everything()": "can_see_all",
    "acts_everywhere()": "can_act_everywhere",
    "draft_hands(bigint)": "draft_contributors",
    "both_names(geometry)": "with_meridian_alias",
    "withdrawn_here(integer)": "is_being_withdrawn",
}
POLICIES = r"""
DO $$
DECLARE
  named record;
BEGIN
  FOR named IN SELECT tablename, policyname FROM pg_policies WHERE policyname LIKE '%\_in\_sight' LOOP
    EXECUTE format('ALTER POLICY %I ON %I RENAME TO %I', named.policyname, named.tablename,
                   replace(named.policyname, '_in_sight', '_in_scope'));
  END LOOP;
END;
$$;
"""

CAN_SEE_ALL = r"""
-- Whether this transaction may see every row, those outside all grids included.
CREATE OR REPLACE FUNCTION can_see_all() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN '*' = ANY (coalesce(nullif(current_setting('wangge.scope', true), ''), '{}')::text[]);
"""

GRID_OWNER = r"""
-- Which grid owns this place? A point: the touching grid with the lowest code. A line or an area: the grid with the
-- largest share, ties to the lowest code. NULL outside every grid and before the first edition.
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
  RETURN (SELECT o.grid_code FROM line_or_area_owner(located, edition_at(instant)) o);
END;
$$;
"""

GUARD_DRAFT = r"""
-- A draft goes open -> submitted -> approved -> published, back to open when it is returned, back to approved when its
-- edition is withdrawn, and ends when discarded. Four eyes: nobody approves what they had a hand in, whatever their
-- rights are.
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
    -- Over is over; only the path of its area may follow the area, and its base when that is withdrawn.
    IF OLD.state IN ('published', 'discarded') AND NEW.scope_path = OLD.scope_path AND NOT is_being_withdrawn(OLD.base) THEN
      refused := 'the draft is ' || OLD.state;
    END IF;
  ELSIF (OLD.state, NEW.state) NOT IN (('open', 'submitted'), ('submitted', 'open'), ('submitted', 'approved'),
         ('approved', 'open'), ('approved', 'published'), ('open', 'discarded'), ('submitted', 'discarded'),
         ('approved', 'discarded'), ('published', 'approved')) THEN
    refused := 'no way from ' || OLD.state || ' to ' || NEW.state;
  ELSIF OLD.state = 'published' THEN
    IF NEW.edition IS NOT NULL OR NEW.reviewer_key IS DISTINCT FROM OLD.reviewer_key
       OR NOT is_being_withdrawn(OLD.edition) THEN
      refused := 'the draft is published, and its edition is not withdrawn';
    END IF;
  ELSIF NEW.state = 'approved' AND (coalesce(NEW.reviewer_key, '') = '' OR NEW.reviewer_key = NEW.author_key
         OR NEW.reviewer_key IN (SELECT draft_contributors(NEW.id))) THEN
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

GUARD_EDITION = r"""
-- Editions and their lineage are added, never changed, and go only with an edition that is withdrawn before it takes
-- effect. Nobody publishes in the name of a time to come, and no number is used twice.
CREATE OR REPLACE FUNCTION guard_edition() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  refused text := TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' refused';
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'edition' THEN
    refused := CASE WHEN is_being_withdrawn(OLD.number) THEN NULL ELSE refused END;
  ELSIF TG_OP = 'DELETE' THEN
    refused := CASE WHEN is_being_withdrawn(OLD.edition) THEN NULL ELSE refused END;
  ELSIF TG_OP = 'INSERT' THEN
    refused := CASE
      WHEN NEW.published_at > clock_timestamp() THEN 'edition ' || NEW.number || ' is published in the future'
      WHEN EXISTS (SELECT FROM edition_withdrawal w WHERE w.number >= NEW.number)
        THEN 'edition ' || NEW.number || ': the number was used before' END;
  END IF;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION '%', refused USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END;
$$;
"""

GUARD_EXCLUDED_LAND = r"""
-- Published land that is nobody's is read-only, as units are. The one change allowed is to close a version; when an
-- edition is withdrawn before it takes effect, what it began goes, and what it closed is open again.
CREATE OR REPLACE FUNCTION guard_excluded_land() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF is_being_withdrawn(lower(OLD.editions)) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'excluded_land % (%) is published: DELETE refused', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'excluded_land';
  END IF;
  IF lower(NEW.editions) <> lower(OLD.editions)
     OR NOT (CASE WHEN upper_inf(OLD.editions)
                  THEN NOT upper_inf(NEW.editions) AND upper(NEW.editions) >= next_edition()
                  ELSE upper_inf(NEW.editions) AND is_being_withdrawn(upper(OLD.editions)) END)
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

GUARD_UNIT_VERSION = r"""
-- A published version is read-only. The one change allowed is to close it: its last edition becomes known. When an
-- edition is withdrawn before it takes effect, the versions it began go, and those it closed are open again.
CREATE OR REPLACE FUNCTION guard_unit_version() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF is_being_withdrawn(lower(OLD.editions)) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'unit_version % (%) is published: DELETE refused', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  IF lower(NEW.editions) <> lower(OLD.editions)
     OR NOT (CASE WHEN upper_inf(OLD.editions)
                  THEN NOT upper_inf(NEW.editions) AND upper(NEW.editions) >= next_edition()
                  ELSE upper_inf(NEW.editions) AND is_being_withdrawn(upper(OLD.editions)) END)
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

INCIDENT_LOG_TEXT = r"""
-- Who took the steps of one incident and what they wrote: only to those who see the incident and act on it.
CREATE OR REPLACE FUNCTION incident_log_text(incident_number bigint)
RETURNS TABLE (id bigint, actor text, note text, detail jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT l.id, l.actor, l.note, l.detail
    FROM incident_log l JOIN incident i ON i.id = l.incident_id
   WHERE l.incident_id = incident_number
     AND ((SELECT can_see_all()) OR i.grid_path ? (SELECT visible_units()))
     AND ((SELECT can_act_everywhere()) OR i.grid_path ? (SELECT acting_units()));
$$;
"""

INCIDENT_TEXT = r"""
-- What people wrote of incidents, and what leads to their door: only of those the asker sees and acts on. The service
-- cannot read these columns by itself.
CREATE OR REPLACE FUNCTION incident_text(incidents bigint[])
RETURNS TABLE (id bigint, address text, description text, source_id text, component_code text, attributes jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT i.id, i.address, i.description, i.source_id, i.component_code, i.attributes
    FROM incident i
   WHERE i.id = ANY (incidents)
     AND ((SELECT can_see_all()) OR i.grid_path ? (SELECT visible_units()))
     AND ((SELECT can_act_everywhere()) OR i.grid_path ? (SELECT acting_units()));
$$;
"""

INCIDENTS_WITH_WORDS = r"""
-- Incidents whose address or description holds a pattern (as ILIKE takes it, escaped by a backslash): only of those the
-- asker sees and acts on. For everybody else no text matches anything.
CREATE OR REPLACE FUNCTION incidents_with_words(pattern text) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT i.id
    FROM incident i
   WHERE ((SELECT can_see_all()) OR i.grid_path ? (SELECT visible_units()))
     AND CASE WHEN (SELECT can_act_everywhere()) OR i.grid_path ? (SELECT acting_units())
              THEN i.address ILIKE pattern OR i.description ILIKE pattern ELSE false END;
$$;
"""

OWNER_SHARES = r"""
-- The parts of a line or an area by grid, as the engine cuts them. Grids are taken in the order of their codes and each
-- takes its part of a line away, so a line along a shared border is counted once, for the lowest code; a line drawn twice
-- over the same place counts twice. Cut on the lattice, where "along a border" has one meaning; measured in geodesic
-- metres or square metres. A part below a millimetre or ten square centimetres is rounding at a cut. A line along the
-- 180th meridian is beside the grids on either side of it.
CREATE OR REPLACE FUNCTION owner_shares(place geometry, edition_number integer)
RETURNS TABLE (grid_code text, grid_path ltree, share double precision, measure double precision, whole double precision)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  dimension integer := ST_Dimension(place);
  pieces geometry[] := ARRAY[to_lattice(place)];
  rest geometry;
  part geometry;
  candidate record;
  codes text[] := '{}';
  paths ltree[] := '{}';
  measures double precision[] := '{}';
  inside double precision := 0;
  -- On the plane of the lattice, where cutting an edge does not bend it: whether anything is left outside.
  flat_inside double precision := 0;
  amount double precision;
  total double precision;
  at integer;
  on_meridian boolean;
BEGIN
  total := CASE dimension WHEN 1 THEN ST_Length(place::geography) ELSE ST_Area(place::geography) END;
  IF dimension = 1 AND NOT ST_IsSimple(place) THEN
    pieces := ARRAY(SELECT s.geom FROM ST_DumpSegments(to_lattice(place)) s);
  END IF;
  FOREACH rest IN ARRAY pieces LOOP
    on_meridian := dimension = 1 AND (ST_XMax(rest) = 1800000000 OR ST_XMin(rest) = -1800000000);
    FOR candidate IN
      SELECT u.code, u.path, CASE WHEN on_meridian THEN with_meridian_alias(u.lattice) ELSE u.lattice END AS lattice
        FROM unit_version u
       WHERE u.level = 'grid' AND u.editions @> edition_number
         AND ST_Intersects(u.lattice, CASE WHEN on_meridian THEN with_meridian_alias(rest) ELSE rest END)
       ORDER BY u.code COLLATE "C"
    LOOP
      part := ST_CollectionExtract(ST_Intersection(rest, candidate.lattice), dimension + 1);
      CONTINUE WHEN ST_IsEmpty(part);
      IF dimension = 1 THEN
        rest := ST_Difference(rest, candidate.lattice);
      ELSE
        flat_inside := flat_inside + ST_Area(part);
      END IF;
      part := ST_SetSRID(ST_Scale(part, 1e-7, 1e-7), 4326);
      amount := CASE dimension WHEN 1 THEN ST_Length(part::geography) ELSE ST_Area(part::geography) END;
      at := array_position(codes, candidate.code);
      IF at IS NULL THEN
        codes := codes || candidate.code;
        paths := paths || candidate.path;
        measures := measures || amount;
      ELSE
        measures[at] := measures[at] + amount;
      END IF;
    END LOOP;
  END LOOP;
  SELECT coalesce(sum(m), 0) INTO inside FROM unnest(measures) m WHERE m > least(1e-3, total * 1e-3);
  IF dimension = 2 AND abs(flat_inside / ST_Area(pieces[1]) - 1) <= 1e-9 THEN
    total := inside;
  END IF;
  RETURN QUERY SELECT c, p, m / inside, m, greatest(total, inside)
                 FROM unnest(codes, paths, measures) AS parts(c, p, m)
                WHERE m > least(1e-3, total * 1e-3);
END;
$$;
"""

SET_COMPONENT_OWNER = r"""
-- The same for components: checks the geometry against the class, then gives owner, paths and the part outside.
CREATE OR REPLACE FUNCTION set_component_owner() RETURNS trigger
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
  NEW.geom := validate_placement(NEW.geom, 'component ' || NEW.code);
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
      FROM line_or_area_owner(NEW.geom, NEW.assigned_edition) o;
  END IF;
  RETURN NEW;
END;
$$;
"""

SET_INCIDENT_OWNER = r"""
-- Whoever inserts or moves an incident (a form, psql, QGIS, an ETL job), it gets its owner here. A bulk load that
-- brings owners computed by the engine says so with wangge.owners = 'given' inside its own transaction.
CREATE OR REPLACE FUNCTION set_incident_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  -- Whoever moves owners to a new edition waits for this row, and this row for them: none is left behind.
  PERFORM pg_advisory_xact_lock_shared(370212);
  NEW.assigned_edition := edition_at(clock_timestamp());
  NEW.grid_code := NULL;
  NEW.grid_path := 'outside';
  IF NEW.geom IS NOT NULL THEN
    NEW.geom := validate_placement(NEW.geom, 'incident ' || NEW.number);
    SELECT o.grid_code, o.grid_path INTO NEW.grid_code, NEW.grid_path
      FROM point_owner(NEW.geom, NEW.assigned_edition) o;
    NEW.grid_path := coalesce(NEW.grid_path, 'outside');
  END IF;
  RETURN NEW;
END;
$$;
"""

VALIDATE_PLACEMENT = r"""
-- The place of a row as it is stored, or a refusal that says what is wrong with it, in the words of whoever drew it.
CREATE OR REPLACE FUNCTION validate_placement(place geometry, what text) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
  stored geometry;
BEGIN
  IF ST_IsEmpty(place) THEN
    RAISE EXCEPTION '% has an empty geometry', what USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_place_empty';
  ELSIF NOT (ST_XMin(place) >= -180 AND ST_XMax(place) <= 180 AND ST_YMin(place) >= -90 AND ST_YMax(place) <= 90) THEN
    RAISE EXCEPTION '% lies at %, which is no longitude and latitude', what, left(ST_AsText(ST_PointN(
      ST_ExteriorRing(ST_Envelope(place)), 1), 6), 80) USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_place_range';
  ELSIF ST_Dimension(place) = 2 AND NOT ST_IsValid(place) THEN
    RAISE EXCEPTION '% is not a valid area: %', what, ST_IsValidReason(place)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_place_valid';
  END IF;
  stored := snap_to_lattice(place);
  IF stored IS NULL THEN
    RAISE EXCEPTION '% is smaller than the coordinate lattice of 1e-7 degree', what
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_place_collapsed';
  END IF;
  RETURN stored;
END;
$$;
"""

VISIBLE_UNITS = r"""
-- The units whose rows this transaction may see, set by the service from the asker's grants; none when not set.
CREATE OR REPLACE FUNCTION visible_units() RETURNS lquery[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('wangge.scope', true), ''), '{}')::lquery[];
"""


def upgrade() -> None:
    """Rename, then write the functions again whose text names a renamed one."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    for signature, name in RENAMED.items():
        op.execute(f"ALTER FUNCTION {signature} RENAME TO {name}")
    op.execute(POLICIES)
    for function in (
        CAN_SEE_ALL,
        GRID_OWNER,
        GUARD_DRAFT,
        GUARD_EDITION,
        GUARD_EXCLUDED_LAND,
        GUARD_UNIT_VERSION,
        INCIDENT_LOG_TEXT,
        INCIDENT_TEXT,
        INCIDENTS_WITH_WORDS,
        OWNER_SHARES,
        SET_COMPONENT_OWNER,
        SET_INCIDENT_OWNER,
        VALIDATE_PLACEMENT,
        VISIBLE_UNITS,
    ):
        op.execute(function)


def downgrade() -> None:
    """There is no way back; a backup is."""
    raise NotImplementedError("restore a backup instead")
