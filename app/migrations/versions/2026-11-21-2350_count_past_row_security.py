"""Numbers of a unit for everybody who may see the map, counted past row security.

Revision: 5b7c1e90a4d3, after 7c1e0b5a94f3, 2026-11-21. The text of the functions is frozen here.
"""

from alembic import op

revision = "5b7c1e90a4d3"
down_revision = "7c1e0b5a94f3"
branch_labels = None
depends_on = None

UNIT_COUNTS = r"""
-- How much a unit has, for everybody who may see the map: numbers only, so it counts past row security. A line or an
-- area that only passes through is counted where it passes.
CREATE OR REPLACE FUNCTION unit_counts(unit ltree,
  OUT components bigint, OUT incidents_open bigint, OUT incidents_30d bigint, OUT incidents_total bigint,
  OUT leader bigint, OUT full_time bigint, OUT professional bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  SELECT count(*) INTO components FROM component WHERE paths <@ unit;
  SELECT count(*) FILTER (WHERE state <> 'closed'), count(*) FILTER (WHERE occurred_at > now() - interval '30 days'),
         count(*)
    INTO incidents_open, incidents_30d, incidents_total
    FROM incident WHERE grid_path <@ unit AND state <> 'voided';
  SELECT count(*) FILTER (WHERE role = 'leader'), count(*) FILTER (WHERE role = 'full_time'),
         count(*) FILTER (WHERE role = 'professional')
    INTO leader, full_time, professional
    FROM team_member WHERE grid_path <@ unit AND during @> current_date;
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
         nullif(sum(p.count) FILTER (WHERE NOT p.sensitive OR p.count >= 3), 0)::bigint,
         bool_or(p.sensitive), max(p.counted_on)
    FROM population_count p
   WHERE p.grid_path <@ unit
     AND p.counted_on = (SELECT max(q.counted_on) FROM population_count q
                          WHERE q.grid_code = p.grid_code AND q.kind = p.kind)
   GROUP BY p.kind ORDER BY p.kind;
$$;
"""


def upgrade() -> None:
    """Create the functions."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(UNIT_COUNTS)
    op.execute(UNIT_POPULATION)
