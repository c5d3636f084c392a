-- The parts of a line or an area by grid, as the engine cuts them. Grids are taken in the order of their codes and each
-- takes its part of a line away, so a line along a shared border is counted once, for the lowest code; a line drawn twice
-- over the same place counts twice. Cut on the lattice, where "along a border" has one meaning; measured in geodesic
-- metres or square metres. A part below a millimetre or ten square centimetres is rounding at a cut. A line along the
-- 180th meridian is beside the grids on either side of it.
CREATE OR REPLACE FUNCTION owner_shares(place geometry, edition_number integer)
RETURNS TABLE (grid_code text, grid_path ltree, share double precision, measure double precision, whole double precision)
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  dimension integer := ST_Dimension(place);
  pieces geometry[] := ARRAY[to_lattice(place)];
  rest geometry;
  part geometry;
  candidate record;
  codes text[] := '{}';
  paths ltree[] := '{}';
  measures double precision[] := '{}';
  inside double precision := 0;
  -- On the plane of the lattice, where cutting an edge does not bend it: whether anything is left outside.
  flat_inside double precision := 0;
  amount double precision;
  total double precision;
  at integer;
  on_meridian boolean;
BEGIN
  total := CASE dimension WHEN 1 THEN ST_Length(place::geography) ELSE ST_Area(place::geography) END;
  IF dimension = 1 AND NOT ST_IsSimple(place) THEN
    pieces := ARRAY(SELECT s.geom FROM ST_DumpSegments(to_lattice(place)) s);
  END IF;
  FOREACH rest IN ARRAY pieces LOOP
    on_meridian := dimension = 1 AND (ST_XMax(rest) = 1800000000 OR ST_XMin(rest) = -1800000000);
    FOR candidate IN
      SELECT u.code, u.path, CASE WHEN on_meridian THEN with_meridian_alias(u.lattice) ELSE u.lattice END AS lattice
        FROM unit_version u
       WHERE u.level = 'grid' AND u.editions @> edition_number
         AND ST_Intersects(u.lattice, CASE WHEN on_meridian THEN with_meridian_alias(rest) ELSE rest END)
       ORDER BY u.code COLLATE "C"
    LOOP
      part := ST_CollectionExtract(ST_Intersection(rest, candidate.lattice), dimension + 1);
      CONTINUE WHEN ST_IsEmpty(part);
      IF dimension = 1 THEN
        rest := ST_Difference(rest, candidate.lattice);
      ELSE
        flat_inside := flat_inside + ST_Area(part);
      END IF;
      part := ST_SetSRID(ST_Scale(part, 1e-7, 1e-7), 4326);
      amount := CASE dimension WHEN 1 THEN ST_Length(part::geography) ELSE ST_Area(part::geography) END;
      at := array_position(codes, candidate.code);
      IF at IS NULL THEN
        codes := codes || candidate.code;
        paths := paths || candidate.path;
        measures := measures || amount;
      ELSE
        measures[at] := measures[at] + amount;
      END IF;
    END LOOP;
  END LOOP;
  SELECT coalesce(sum(m), 0) INTO inside FROM unnest(measures) m WHERE m > least(1e-3, total * 1e-3);
  IF dimension = 2 AND abs(flat_inside / ST_Area(pieces[1]) - 1) <= 1e-9 THEN
    total := inside;
  END IF;
  RETURN QUERY SELECT c, p, m / inside, m, greatest(total, inside)
                 FROM unnest(codes, paths, measures) AS parts(c, p, m)
                WHERE m > least(1e-3, total * 1e-3);
END;
$$;
