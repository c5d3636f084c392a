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
