-- The grid that owns a point in an edition: of those that cover it, the one with the lowest code.
-- Returns a table so that the planner can unfold it into the query that asks. Places within half a step of the 180th
-- meridian lie on it, and on its other name.
CREATE OR REPLACE FUNCTION point_owner(place geometry, edition_number integer)
RETURNS TABLE (grid_code text, grid_path ltree)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT u.code, u.path
    FROM unit_version u
   WHERE u.level = 'grid' AND u.editions @> edition_number AND ST_Intersects(u.lattice,
         CASE WHEN ST_XMax(place) >= 179.99999995 OR ST_XMin(place) <= -179.99999995
              THEN with_meridian_alias(to_lattice(place)) ELSE to_lattice(place) END)
   ORDER BY u.code COLLATE "C"
   LIMIT 1;
END;
