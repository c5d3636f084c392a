-- The parts of a line or an area by grid. Grids are taken in the order of their codes and each takes its part
-- away, so a line along a shared border is counted once, for the lowest code. Measures are geodesic (m, m2).
CREATE OR REPLACE FUNCTION owner_shares(place geometry, edition_number integer)
RETURNS TABLE (grid_code text, grid_path ltree, share double precision, measure double precision, whole double precision)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  dimension integer := ST_Dimension(place);
  rest geometry := place;
  part geometry;
  candidate record;
  codes text[] := '{}';
  paths ltree[] := '{}';
  measures double precision[] := '{}';
  inside double precision := 0;
  amount double precision;
  total double precision;
BEGIN
  total := CASE dimension WHEN 1 THEN ST_Length(place::geography) ELSE ST_Area(place::geography) END;
  FOR candidate IN
    SELECT u.code, u.path, u.geom FROM unit_version u
     WHERE u.level = 'grid' AND u.editions @> edition_number AND u.geom && place AND ST_Intersects(u.geom, place)
     ORDER BY u.code COLLATE "C"
  LOOP
    part := ST_CollectionExtract(ST_Intersection(rest, candidate.geom), dimension + 1);
    CONTINUE WHEN ST_IsEmpty(part);
    amount := CASE dimension WHEN 1 THEN ST_Length(part::geography) ELSE ST_Area(part::geography) END;
    CONTINUE WHEN amount <= 0;
    codes := codes || candidate.code;
    paths := paths || candidate.path;
    measures := measures || amount;
    inside := inside + amount;
    IF dimension = 1 THEN
      rest := ST_Difference(rest, candidate.geom);
    END IF;
  END LOOP;
  RETURN QUERY SELECT c, p, m / inside, m, greatest(total, inside)
                 FROM unnest(codes, paths, measures) AS parts(c, p, m);
END;
$$;
