-- The grid that owns a point in an edition: of those that cover it, the one with the lowest code.
CREATE OR REPLACE FUNCTION point_owner(place geometry, edition_number integer,
                                       OUT grid_code text, OUT grid_path ltree)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT u.code, u.path
    FROM unit_version u
   WHERE u.level = 'grid' AND u.editions @> edition_number AND ST_Intersects(u.lattice, to_lattice(place))
   ORDER BY u.code COLLATE "C"
   LIMIT 1;
END;
