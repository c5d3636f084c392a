-- Who owns a line or an area: the grid with the largest share, the lowest code of those within a billionth of it; the
-- paths of all grids with a share, the owner's first, then by share; and the part outside every grid. One row always.
CREATE OR REPLACE FUNCTION line_or_area_owner(place geometry, edition_number integer,
  OUT grid_code text, OUT grid_path ltree, OUT paths ltree[], OUT outside_share double precision)
LANGUAGE plpgsql STABLE
AS $$
BEGIN
  WITH parts AS (SELECT * FROM owner_shares(place, edition_number)),
       best AS (SELECT p.grid_code FROM parts p WHERE p.share >= (SELECT max(share) FROM parts) - 1e-9
                 ORDER BY p.grid_code COLLATE "C" LIMIT 1)
  SELECT (array_agg(p.grid_code ORDER BY p.grid_code <> b.grid_code))[1],
         (array_agg(p.grid_path ORDER BY p.grid_code <> b.grid_code))[1],
         array_agg(p.grid_path ORDER BY p.grid_code <> b.grid_code, p.share DESC, p.grid_code COLLATE "C"),
         1 - sum(p.measure) / max(p.whole)
    INTO grid_code, grid_path, paths, outside_share
    FROM parts p, best b;
  IF grid_code IS NULL THEN
    grid_path := 'outside';
    paths := '{outside}';
    outside_share := 1;
  ELSIF outside_share < 1e-6 THEN
    outside_share := 0;
  END IF;
END;
$$;
