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
  ), community AS (
    SELECT subpath(u.path, 0, least(greatest(nlevel(u.path) - 1, 1), 3)) AS path
      FROM unit_version u WHERE u.level = 'grid' AND u.editions @> edition_at()
     UNION SELECT s.community FROM stored s
  ), cell AS MATERIALIZED (
    SELECT k.class, c.path AS community, q.quarter, coalesce(s.n, 0) AS n
      FROM unnest(sensitive_incident_classes()) AS k(class)
     CROSS JOIN community c
     CROSS JOIN (SELECT DISTINCT quarter FROM stored) q
      LEFT JOIN stored s ON (s.class, s.community, s.quarter) = (k.class, c.path, q.quarter)
  ), of_street AS (
    SELECT c.class, subpath(c.community, 0, least(nlevel(c.community), 2)) AS street, c.quarter,
           sum(c.n) AS n, count(*) AS parts
      FROM cell c WHERE c.n < 3 GROUP BY 1, 2, 3
  ), of_all_classes AS (
    SELECT s.street, s.quarter, sum(s.n) AS n, count(*) AS parts
      FROM of_street s WHERE s.n < 3 OR s.n > 2 * (s.parts - 1) GROUP BY 1, 2
  ), of_district AS (
    SELECT subpath(a.street, 0, 1) AS district, a.quarter, sum(a.n) AS n, count(*) AS parts
      FROM of_all_classes a WHERE a.n < 3 OR a.n > 2 * (a.parts - 1) GROUP BY 1, 2
  ), of_year AS (
    SELECT d.district, date_trunc('year', d.quarter) AS year, sum(d.n) AS n, count(*) AS parts
      FROM of_district d
     WHERE (d.n < 3 OR d.n > 2 * (d.parts - 1))
       AND date_trunc('year', d.quarter) + interval '1 year' <= now() AT TIME ZONE zone
     GROUP BY 1, 2
  ), told AS (
    SELECT class, community AS unit, quarter AS begin, interval '3 months' AS lasts, n FROM cell WHERE n >= 3
    UNION ALL
    SELECT class, street, quarter, interval '3 months', n FROM of_street WHERE n >= 3 AND n <= 2 * (parts - 1)
    UNION ALL
    SELECT NULL, street, quarter, interval '3 months', n FROM of_all_classes WHERE n >= 3 AND n <= 2 * (parts - 1)
    UNION ALL
    SELECT NULL, district, quarter, interval '3 months', n FROM of_district WHERE n >= 3 AND n <= 2 * (parts - 1)
    UNION ALL
    SELECT NULL, district, year, interval '1 year', n FROM of_year WHERE n >= 3 AND n <= 2 * (parts - 1)
  )
  SELECT class, unit, begin::date, (begin + lasts)::date, n::bigint FROM told;
$$;
