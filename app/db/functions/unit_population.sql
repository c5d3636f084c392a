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
