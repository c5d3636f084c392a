"""Owners by SQL exactly as by the engine, refusals that name what is wrong, a log line for whoever writes by SQL.

Revision: 3f9d20c6b1aa, after 5b7c1e90a4d3, 2026-11-22. The text of the functions is frozen here.

- Lines and areas are cut on the lattice; coordinates are stored as the doubles that the engine stores.
- An invalid or misplaced geometry is refused when it is written, not when somebody next reads it.
- An incident changed past the service (QGIS, psql) gets a line in its log when the transaction ends.
- Nobody of a kind that is not sensitive is 0, not "fewer than three".
"""

from alembic import op

revision = "3f9d20c6b1aa"
down_revision = "5b7c1e90a4d3"
branch_labels = None
depends_on = None

ON_LATTICE = r"""
-- A place as it is stored: each coordinate is the double nearest to a whole multiple of 1e-7 degree, rounded as the
-- engine rounds. Scaling back by 1e-7 misses that double in the last bit for one coordinate in four; its decimal text
-- does not. An area that rounding makes cross itself is noded again; what is smaller than a step comes back NULL.
CREATE OR REPLACE FUNCTION on_lattice(place geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
  rounded geometry := ST_Scale(to_lattice(ST_Force2D(place)), 1e-7, 1e-7);
BEGIN
  IF ST_Dimension(place) = 2 AND NOT ST_IsEmpty(rounded) AND NOT ST_IsValid(rounded) THEN
    rounded := ST_CollectionExtract(ST_ReducePrecision(ST_Force2D(place), 1e-7), 3);
  END IF;
  IF rounded IS NULL OR ST_IsEmpty(rounded) THEN
    RETURN NULL;
  END IF;
  RETURN ST_GeomFromText(ST_AsText(rounded, 7), ST_SRID(place));
END;
$$;
"""

PLACED = r"""
-- The place of a row as it is stored, or a refusal that says what is wrong with it, in the words of whoever drew it.
CREATE OR REPLACE FUNCTION placed(place geometry, what text) RETURNS geometry
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
  stored := on_lattice(place);
  IF stored IS NULL THEN
    RAISE EXCEPTION '% is smaller than the coordinate lattice of 1e-7 degree', what
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_place_collapsed';
  END IF;
  RETURN stored;
END;
$$;
"""

OWNER_SHARES = r"""
-- The parts of a line or an area by grid, as the engine cuts them. Grids are taken in the order of their codes and each
-- takes its part of a line away, so a line along a shared border is counted once, for the lowest code; a line drawn twice
-- over the same place counts twice. Cut on the lattice, where "along a border" has one meaning; measured in geodesic
-- metres or square metres. A part below a millimetre or ten square centimetres is rounding at a cut.
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
BEGIN
  total := CASE dimension WHEN 1 THEN ST_Length(place::geography) ELSE ST_Area(place::geography) END;
  IF dimension = 1 AND NOT ST_IsSimple(place) THEN
    pieces := ARRAY(SELECT s.geom FROM ST_DumpSegments(to_lattice(place)) s);
  END IF;
  FOREACH rest IN ARRAY pieces LOOP
    FOR candidate IN
      SELECT u.code, u.path, u.lattice FROM unit_version u
       WHERE u.level = 'grid' AND u.editions @> edition_number AND ST_Intersects(u.lattice, rest)
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

WIDE_OWNER = r"""
-- Who owns a line or an area: the grid with the largest share, the lowest code of those within a billionth of it; the
-- paths of all grids with a share, the owner's first, then by share; and the part outside every grid. One row always.
CREATE OR REPLACE FUNCTION wide_owner(place geometry, edition_number integer,
  OUT grid_code text, OUT grid_path ltree, OUT paths ltree[], OUT outside_share double precision)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  WITH parts AS (SELECT * FROM owner_shares(place, edition_number)),
       best AS (SELECT p.grid_code FROM parts p WHERE p.share >= (SELECT max(share) FROM parts) - 1e-9
                 ORDER BY p.grid_code COLLATE "C" LIMIT 1)
  SELECT (array_agg(p.grid_code ORDER BY p.grid_code <> b.grid_code))[1],
         (array_agg(p.grid_path ORDER BY p.grid_code <> b.grid_code))[1],
         array_agg(p.grid_path ORDER BY p.grid_code <> b.grid_code, p.share DESC, p.grid_code COLLATE "C"),
         1 - sum(p.measure) / max(p.whole)
    INTO grid_code, grid_path, paths, outside_share
    FROM parts p, best b;
  IF grid_code IS NULL THEN
    grid_path := 'outside';
    paths := '{outside}';
    outside_share := 1;
  ELSIF outside_share < 1e-6 THEN
    outside_share := 0;
  END IF;
END;
$$;
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
  RETURN (SELECT o.grid_code FROM wide_owner(located, edition_at(instant)) o);
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
  NEW.assigned_edition := edition_at();
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

LOG_UNLOGGED_INCIDENT = r"""
-- At the end of a transaction: an incident that was added or changed without a line in its log gets one, with who did
-- it and what stood there before. The service writes its own lines, with reasons; this is for QGIS, psql, an ETL job.
CREATE OR REPLACE FUNCTION log_unlogged_incident() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  was jsonb;
BEGIN
  IF EXISTS (SELECT FROM incident_log WHERE incident_id = NEW.id AND at >= transaction_timestamp()) THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value) INTO was
      FROM jsonb_each(to_jsonb(OLD)) o WHERE o.value IS DISTINCT FROM to_jsonb(NEW) -> o.key;
    IF was IS NULL THEN
      RETURN NULL;
    END IF;
  END IF;
  INSERT INTO incident_log (incident_id, actor, action, from_state, to_state, detail)
  SELECT i.id, coalesce(nullif(current_setting('wangge.actor', true), ''), 'sql:' || session_user),
         lower(TG_OP), CASE TG_OP WHEN 'UPDATE' THEN OLD.state END, i.state,
         CASE WHEN was IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('was', was) END
    FROM incident i WHERE i.id = NEW.id;
  RETURN NULL;
END;
$$;
"""

UNIT_POPULATION = r"""
-- People of a unit by kind, counted, never listed. Of a sensitive kind only grids with three or more are added up, so
-- that no small number can be found by taking one sum from another; NULL stands for "fewer than three".
CREATE OR REPLACE FUNCTION unit_population(unit ltree)
RETURNS TABLE (kind text, people bigint, is_sensitive boolean, as_of date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT p.kind,
         (sum(p.count) FILTER (WHERE NOT p.sensitive OR p.count >= 3))::bigint,
         bool_or(p.sensitive), max(p.counted_on)
    FROM population_count p
   WHERE p.grid_path <@ unit
     AND p.counted_on = (SELECT max(q.counted_on) FROM population_count q
                          WHERE q.grid_code = p.grid_code AND q.kind = p.kind)
   GROUP BY p.kind ORDER BY p.kind;
$$;
"""

FUNCTIONS = (
    ON_LATTICE,
    PLACED,
    OWNER_SHARES,
    WIDE_OWNER,
    GRID_OWNER,
    GIVE_INCIDENT_OWNER,
    GIVE_COMPONENT_OWNER,
    LOG_UNLOGGED_INCIDENT,
    UNIT_POPULATION,
)


def upgrade() -> None:
    """Replace the functions and watch for changes that nobody logged."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    for function in FUNCTIONS:
        op.execute(function)
    op.execute(
        "CREATE CONSTRAINT TRIGGER incident_logged AFTER INSERT OR UPDATE ON incident "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        "WHEN (current_setting('wangge.owners', true) IS DISTINCT FROM 'given') "
        "EXECUTE FUNCTION log_unlogged_incident()"
    )
