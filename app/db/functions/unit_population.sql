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
