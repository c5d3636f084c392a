"""Two generated columns of incidents, is_open and is_void, in place of lists of states in every query.

Revision: c6d40f8a2e17, after f2b86d0c41a7, 2026-11-30. The text of the functions and of the columns is frozen here.

A stored column is written into every row: PostgreSQL writes the table and its indexes anew under ACCESS EXCLUSIVE, so
nobody reads or writes incidents meanwhile. Measured with 446,000 rows (166 MB, indexes 155 MB) on two cores that eight
other jobs shared: 49 s, of which the GiST index over grid_path takes a third. It grows with the rows, so for 4.46 million
of them plan eight minutes without incidents (less on a quiet machine), and room on the disk for the table a second time.
Both columns come with one rewriting; the three indexes of open incidents are dropped first, so that they are built once.
"""

from __future__ import annotations

from alembic import op

revision = "c6d40f8a2e17"
down_revision = "f2b86d0c41a7"
branch_labels = None
depends_on = None

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
  SELECT count(*) FILTER (WHERE is_open), count(*) FILTER (WHERE occurred_at > now() - interval '30 days'),
         count(*)
    INTO incidents_open, incidents_30d, incidents_total
    FROM incident
   WHERE grid_path <@ unit AND NOT is_void AND coalesce(class_code <> ALL (hidden_incidents), true);
  SELECT count(*) FILTER (WHERE role = 'leader'), count(*) FILTER (WHERE role = 'full_time'),
         count(*) FILTER (WHERE role = 'professional')
    INTO leader, full_time, professional
    FROM team_member WHERE grid_path <@ unit AND during @> current_date;
END;
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
     WHERE i.class_code = ANY ((SELECT sensitive_incident_classes())::text[]) AND NOT i.is_void
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

OPEN_INDEXES = {
    "ix_incident_open": "(due_at)",
    "ix_incident_open_geom": "USING gist (geom)",
    "ix_incident_open_grid_code": "(grid_code)",
}


def upgrade() -> None:
    """Add the columns, build the indexes of open incidents on them, let the functions ask them."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for name in OPEN_INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute(
        "ALTER TABLE incident "
        "ADD COLUMN is_open boolean NOT NULL GENERATED ALWAYS AS (state NOT IN ('closed', 'voided')) STORED, "
        "ADD COLUMN is_void boolean NOT NULL GENERATED ALWAYS AS (state = 'voided') STORED"
    )
    for name, key in OPEN_INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON incident {key} WHERE is_open")
    op.execute("GRANT SELECT (is_open, is_void) ON incident TO wangge_service")
    for function in (UNIT_COUNTS, SENSITIVE_INCIDENT_COUNTS):
        op.execute(function)
    op.execute("ANALYZE incident")


def downgrade() -> None:
    """There is no way back; a backup is."""
    raise NotImplementedError("restore a backup instead")
