-- Counts of sensitive incidents as they may be published: by class, community and quarter where there are three or
-- more. What is fewer is joined with its neighbours: first the same class in the street, then all classes there, then
-- the district, then its whole year (class_code NULL: several classes). Every row stands for at least three incidents
-- and no incident stands in two rows; so whatever sums are made of whole rows, taking one from another never leaves
-- one or two. What is still fewer than three in a district and year is not there at all. Only quarters (and years)
-- that have ended are counted, since a running one would tell each new incident by the day.
CREATE OR REPLACE FUNCTION sensitive_incident_counts(zone text, first_year integer, last_year integer)
RETURNS TABLE (class_code text, unit ltree, period_from date, period_to date, incidents bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  WITH cell AS MATERIALIZED (
    SELECT i.class_code, subpath(i.grid_path, 0, least(greatest(nlevel(i.grid_path) - 1, 1), 3)) AS community,
           date_trunc('quarter', i.occurred_at AT TIME ZONE zone) AS quarter, count(*) AS n
      FROM incident i
     WHERE i.class_code = ANY ((SELECT sensitive_incident_classes())::text[]) AND i.state <> 'voided'
       AND i.occurred_at >= make_timestamp(first_year, 1, 1, 0, 0, 0) AT TIME ZONE zone
       AND i.occurred_at < make_timestamp(last_year + 1, 1, 1, 0, 0, 0) AT TIME ZONE zone
       AND i.occurred_at < date_trunc('quarter', now() AT TIME ZONE zone) AT TIME ZONE zone
     GROUP BY 1, 2, 3
  ), of_street AS (
    SELECT c.class_code, subpath(c.community, 0, least(nlevel(c.community), 2)) AS street, c.quarter, sum(c.n) AS n
      FROM cell c WHERE c.n < 3 GROUP BY 1, 2, 3
  ), of_all_classes AS (
    SELECT s.street, s.quarter, sum(s.n) AS n FROM of_street s WHERE s.n < 3 GROUP BY 1, 2
  ), of_district AS (
    SELECT subpath(a.street, 0, 1) AS district, a.quarter, sum(a.n) AS n
      FROM of_all_classes a WHERE a.n < 3 GROUP BY 1, 2
  ), of_year AS (
    SELECT d.district, date_trunc('year', d.quarter) AS year, sum(d.n) AS n
      FROM of_district d
     WHERE d.n < 3 AND date_trunc('year', d.quarter) + interval '1 year' <= now() AT TIME ZONE zone GROUP BY 1, 2
  )
  SELECT class_code, community, quarter::date, (quarter + interval '3 months')::date, n FROM cell WHERE n >= 3
  UNION ALL
  SELECT class_code, street, quarter::date, (quarter + interval '3 months')::date, n::bigint FROM of_street WHERE n >= 3
  UNION ALL
  SELECT NULL, street, quarter::date, (quarter + interval '3 months')::date, n::bigint FROM of_all_classes WHERE n >= 3
  UNION ALL
  SELECT NULL, district, quarter::date, (quarter + interval '3 months')::date, n::bigint FROM of_district WHERE n >= 3
  UNION ALL
  SELECT NULL, district, year::date, (year + interval '1 year')::date, n::bigint FROM of_year WHERE n >= 3;
$$;
