"""Text of incidents for those who act on them; sensitive classes as counts; whoever else sees a coarse place.

Revision: 6a2f84d1c907, after 8e1f5a9c3b24, 2026-11-29. The text of the functions is frozen here.

- The catalogues of classes say which are sensitive.
- Row security hides incidents and components of these classes from all who do not act in their place.
- The service may not read what people wrote (address, description, notes) from the tables: functions give it to those
  who act. A column that is added to `incident` or `incident_log` later has to be granted to it by name.
- Numbers of a unit leave sensitive classes out; people of a sensitive kind are told by community and coarser.
"""

from alembic import op

revision = "6a2f84d1c907"
down_revision = "8e1f5a9c3b24"
branch_labels = None
depends_on = None

SENSITIVE_INCIDENTS = (
    "3101", "3102", "3103", "3104", "3105", "3106", "3107", "3108", "3109", "3110", "3401", "3402",
)
SENSITIVE_COMPONENTS = ("0502",)

ACTING_UNITS = r"""
-- The units on whose incidents the asker acts, set by the service from the asker's grants; none when not set.
CREATE OR REPLACE FUNCTION acting_units() RETURNS lquery[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('wangge.acts', true), ''), '{}')::lquery[];
"""

ACTS_EVERYWHERE = r"""
-- Whether the asker acts on every incident, those outside all grids included.
CREATE OR REPLACE FUNCTION acts_everywhere() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN '*' = ANY (coalesce(nullif(current_setting('wangge.acts', true), ''), '{}')::text[]);
"""

SENSITIVE_INCIDENT_CLASSES = r"""
-- Codes of the classes of incidents that are published as counts only.
CREATE OR REPLACE FUNCTION sensitive_incident_classes() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT array_agg(code) FROM event_class WHERE sensitive), '{}');
"""

SENSITIVE_COMPONENT_CLASSES = r"""
-- Codes of the classes of components that only those who act in a place see.
CREATE OR REPLACE FUNCTION sensitive_component_classes() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT array_agg(code) FROM component_class WHERE sensitive), '{}');
"""

COARSE_PLACE = r"""
-- The middle of the cell of about 100 m in which a place lies: the place that is shown to those who do not act on what
-- happened there. Cells are counted in whole steps of 1e-7 degree from (0, 0): 9050 steps high, and as wide as 100 m
-- are at the outer parallel of the row's whole degree of latitude. One place always lies in the same cell, so asking
-- again tells nothing more; app.incidents.visibility counts the same cells.
CREATE OR REPLACE FUNCTION coarse_place(place geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
  height constant bigint := 9050;
  cell_row bigint := floor(round(ST_Y(place) * 1e7) / height);
  degree double precision := floor(cell_row * height / 1e7::double precision);
  width bigint := ceil(9000 / cos(radians(least(greatest(abs(degree), abs(degree + 1)), 89))));
  cell_column bigint := floor(round(ST_X(place) * 1e7) / width);
BEGIN
  RETURN ST_SetSRID(ST_MakePoint(((cell_column * width + width / 2) / 1e7)::double precision,
                                 ((cell_row * height + height / 2) / 1e7)::double precision), ST_SRID(place));
END;
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
     AND ((SELECT sees_everything()) OR i.grid_path ? (SELECT visible_units()))
     AND ((SELECT acts_everywhere()) OR i.grid_path ? (SELECT acting_units()));
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
     AND ((SELECT sees_everything()) OR i.grid_path ? (SELECT visible_units()))
     AND ((SELECT acts_everywhere()) OR i.grid_path ? (SELECT acting_units()));
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
   WHERE ((SELECT sees_everything()) OR i.grid_path ? (SELECT visible_units()))
     AND CASE WHEN (SELECT acts_everywhere()) OR i.grid_path ? (SELECT acting_units())
              THEN i.address ILIKE pattern OR i.description ILIKE pattern ELSE false END;
$$;
"""

SENSITIVE_INCIDENT_COUNTS = r"""
-- Counts of sensitive incidents as they may be published: by class, community and quarter where there are three or
-- more. Cells of fewer (none included) are withheld and joined with their neighbours: first those of the same class in
-- the street, then of all classes there, then of the district, then of its year (class_code NULL: several classes). A
-- joined row is told when it stands for three or more and any of its parts could be empty, so that knowing this rule
-- does not fill them: a sum above 2 (parts - 1) could not be had without each. Otherwise it is a part of the next. No
-- incident stands in two rows, so whatever sums are made of whole rows, taking one from another never leaves one or
-- two. What cannot be told in a district's year is not there at all. Only quarters (and years) that have ended are
-- counted, since a running one would tell each new incident by the day.
CREATE OR REPLACE FUNCTION sensitive_incident_counts(zone text, first_year integer, last_year integer)
RETURNS TABLE (class_code text, unit ltree, period_from date, period_to date, incidents bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH stored AS MATERIALIZED (
    SELECT i.class_code AS class, subpath(i.grid_path, 0, least(greatest(nlevel(i.grid_path) - 1, 1), 3)) AS community,
           date_trunc('quarter', i.occurred_at AT TIME ZONE zone) AS quarter, count(*) AS n
      FROM incident i
     WHERE i.class_code = ANY ((SELECT sensitive_incident_classes())::text[]) AND i.state <> 'voided'
       AND i.occurred_at >= make_timestamp(first_year, 1, 1, 0, 0, 0) AT TIME ZONE zone
       AND i.occurred_at < make_timestamp(last_year + 1, 1, 1, 0, 0, 0) AT TIME ZONE zone
       AND i.occurred_at < date_trunc('quarter', now() AT TIME ZONE zone) AT TIME ZONE zone
     GROUP BY 1, 2, 3
  ), street AS (
    SELECT subpath(c.path, 0, least(nlevel(c.path), 2)) AS path, count(*) AS communities
      FROM (SELECT subpath(u.path, 0, least(greatest(nlevel(u.path) - 1, 1), 3)) AS path
              FROM unit_version u WHERE u.level = 'grid' AND u.editions @> edition_at()
             UNION SELECT s.community FROM stored s) c
     GROUP BY 1
  ), district AS (
    SELECT subpath(s.path, 0, 1) AS path, count(*) AS streets FROM street s GROUP BY 1
  ), of_class AS (
    -- Parts are the communities that are withheld, empty ones among them: nobody can tell which those are.
    SELECT g.*, g.parts > 0 AND g.n >= 3 AND g.n <= 2 * (g.parts - 1) AS shown
      FROM (SELECT s.class, t.path AS street, s.quarter, coalesce(sum(s.n) FILTER (WHERE s.n < 3), 0) AS n,
                   t.communities - count(*) FILTER (WHERE s.n >= 3) AS parts
              FROM stored s JOIN street t ON t.path = subpath(s.community, 0, least(nlevel(s.community), 2))
             GROUP BY s.class, t.path, s.quarter, t.communities) g
  ), of_street AS (
    SELECT g.*, g.parts > 0 AND g.n >= 3 AND g.n <= 2 * (g.parts - 1) AS shown
      FROM (SELECT c.street, c.quarter, coalesce(sum(c.n) FILTER (WHERE NOT c.shown), 0) AS n,
                   cardinality(sensitive_incident_classes()) - count(*) FILTER (WHERE c.shown OR c.parts = 0) AS parts
              FROM of_class c GROUP BY c.street, c.quarter) g
  ), of_district AS (
    SELECT g.*, g.parts > 0 AND g.n >= 3 AND g.n <= 2 * (g.parts - 1) AS shown
      FROM (SELECT d.path AS district, s.quarter, coalesce(sum(s.n) FILTER (WHERE NOT s.shown), 0) AS n,
                   d.streets - count(*) FILTER (WHERE s.shown OR s.parts = 0) AS parts
              FROM of_street s JOIN district d ON d.path = subpath(s.street, 0, 1)
             GROUP BY d.path, s.quarter, d.streets) g
  ), of_year AS (
    SELECT g.*, g.parts > 0 AND g.n >= 3 AND g.n <= 2 * (g.parts - 1) AS shown
      FROM (SELECT d.district, date_trunc('year', d.quarter) AS year,
                   coalesce(sum(d.n) FILTER (WHERE NOT d.shown), 0) AS n,
                   4 - count(*) FILTER (WHERE d.shown OR d.parts = 0) AS parts
              FROM of_district d
             WHERE date_trunc('year', d.quarter) + interval '1 year' <= now() AT TIME ZONE zone
             GROUP BY 1, 2) g
  ), told AS (
    SELECT class, community AS unit, quarter AS begin, interval '3 months' AS lasts, n FROM stored WHERE n >= 3
    UNION ALL
    SELECT class, street, quarter, interval '3 months', n FROM of_class WHERE shown
    UNION ALL
    SELECT NULL, street, quarter, interval '3 months', n FROM of_street WHERE shown
    UNION ALL
    SELECT NULL, district, quarter, interval '3 months', n FROM of_district WHERE shown
    UNION ALL
    SELECT NULL, district, year, interval '1 year', n FROM of_year WHERE shown
  )
  SELECT class, unit, begin::date, (begin + lasts)::date, n::bigint FROM told;
$$;
"""

UNIT_COUNTS = r"""
-- How much a unit has, for everybody who may see the map: numbers only, so it counts past row security. A line or an
-- area that only passes through is counted where it passes. Sensitive classes are not among these numbers: they have
-- counts of their own (sensitive_incident_counts), or none.
CREATE OR REPLACE FUNCTION unit_counts(unit ltree,
  OUT components bigint, OUT incidents_open bigint, OUT incidents_30d bigint, OUT incidents_total bigint,
  OUT leader bigint, OUT full_time bigint, OUT professional bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  hidden_components text[] := sensitive_component_classes();
  hidden_incidents text[] := sensitive_incident_classes();
BEGIN
  SELECT count(*) INTO components FROM component WHERE paths <@ unit AND class_code <> ALL (hidden_components);
  SELECT count(*) FILTER (WHERE state <> 'closed'), count(*) FILTER (WHERE occurred_at > now() - interval '30 days'),
         count(*)
    INTO incidents_open, incidents_30d, incidents_total
    FROM incident
   WHERE grid_path <@ unit AND state <> 'voided' AND coalesce(class_code <> ALL (hidden_incidents), true);
  SELECT count(*) FILTER (WHERE role = 'leader'), count(*) FILTER (WHERE role = 'full_time'),
         count(*) FILTER (WHERE role = 'professional')
    INTO leader, full_time, professional
    FROM team_member WHERE grid_path <@ unit AND during @> current_date;
END;
$$;
"""

UNIT_POPULATION = r"""
-- People of a unit by kind, counted, never listed. A sensitive kind is told by community or coarser, and only
-- communities with three or more are added up, so that no small number can be found by taking one sum from another;
-- NULL stands for "fewer than three", and for a grid.
CREATE OR REPLACE FUNCTION unit_population(unit ltree)
RETURNS TABLE (kind text, people bigint, is_sensitive boolean, as_of date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH community AS (
    SELECT p.kind, subpath(p.grid_path, 0, greatest(nlevel(p.grid_path) - 1, 1)) AS path, sum(p.count) AS people,
           bool_or(p.sensitive) AS sensitive, max(p.counted_on) AS counted_on
      FROM population_count p
     WHERE p.grid_path <@ unit
       AND p.counted_on = (SELECT max(q.counted_on) FROM population_count q
                            WHERE q.grid_code = p.grid_code AND q.kind = p.kind)
     GROUP BY 1, 2
  )
  SELECT c.kind, (sum(c.people) FILTER (WHERE NOT c.sensitive OR (c.people >= 3 AND c.path <@ unit)))::bigint,
         bool_or(c.sensitive), max(c.counted_on)
    FROM community c
   GROUP BY c.kind ORDER BY c.kind;
$$;
"""

FUNCTIONS = (
    ACTING_UNITS,
    ACTS_EVERYWHERE,
    SENSITIVE_INCIDENT_CLASSES,
    SENSITIVE_COMPONENT_CLASSES,
    COARSE_PLACE,
    INCIDENT_TEXT,
    INCIDENT_LOG_TEXT,
    INCIDENTS_WITH_WORDS,
    SENSITIVE_INCIDENT_COUNTS,
    UNIT_COUNTS,
    UNIT_POPULATION,
)

# What the service reads of these tables by itself. The rest is text, or leads to somebody's door.
READABLE = {
    "incident": (
        "id, number, source, class_code, state, origin, channel, geom, occurred_at, reported_at, due_at, closed_at, "
        "department_id, grid_code, grid_path, assigned_edition, import_id, created_at"
    ),
    "incident_log": "id, incident_id, at, action, from_state, to_state",
}

SEEN = "((SELECT sees_everything()) OR {path} ? (SELECT visible_units()))"
ACTED_ON = "(SELECT acts_everywhere()) OR {path} ? (SELECT acting_units())"
NOT_SENSITIVE = "coalesce(class_code <> ALL ((SELECT {classes}())::text[]), true)"


def _policy(table: str, path: str, classes: str) -> None:
    seen, acted_on = SEEN.format(path=path), ACTED_ON.format(path=path)
    rule = f"{seen} AND ({NOT_SENSITIVE.format(classes=classes)} OR {acted_on})"
    op.execute(f"ALTER POLICY {table}_in_sight ON {table} USING ({rule}) WITH CHECK ({rule})")


def upgrade() -> None:
    """Mark the classes, then close the tables."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    for table, codes in (("event_class", SENSITIVE_INCIDENTS), ("component_class", SENSITIVE_COMPONENTS)):
        op.execute(f"ALTER TABLE {table} ADD COLUMN sensitive boolean DEFAULT false NOT NULL")
        listed = ", ".join(f"'{code}'" for code in codes)
        op.execute(f"UPDATE {table} SET sensitive = true WHERE code IN ({listed})")
    for function in FUNCTIONS:
        op.execute(function)
    _policy("incident", "grid_path", "sensitive_incident_classes")
    _policy("component", "paths", "sensitive_component_classes")
    for table, columns in READABLE.items():
        op.execute(f"REVOKE SELECT ON {table} FROM wangge_service")
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO wangge_service")
