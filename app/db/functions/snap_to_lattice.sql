-- A place as it is stored: each coordinate is the double nearest to a whole multiple of 1e-7 degree, rounded as the
-- engine rounds. Scaling back by 1e-7 misses that double in the last bit for one coordinate in four; its decimal text
-- does not. An area that rounding makes cross itself is noded again; what is smaller than a step comes back NULL.
CREATE OR REPLACE FUNCTION snap_to_lattice(place geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
  rounded geometry := ST_Scale(to_lattice(ST_Force2D(place)), 1e-7, 1e-7);
BEGIN
  IF ST_Dimension(place) = 2 AND NOT ST_IsEmpty(rounded) AND NOT ST_IsValid(rounded) THEN
    rounded := ST_CollectionExtract(ST_ReducePrecision(ST_Force2D(place), 1e-7), 3);
  END IF;
  IF rounded IS NULL OR ST_IsEmpty(rounded) THEN
    RETURN NULL;
  END IF;
  RETURN ST_GeomFromText(ST_AsText(rounded, 7), ST_SRID(place));
END;
$$;
