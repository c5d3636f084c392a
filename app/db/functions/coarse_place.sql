-- The middle of the cell of about 100 m in which a place lies: the place that is shown to those who do not act on what
-- happened there. Cells are counted in whole steps of 1e-7 degree from (0, 0): 9050 steps high, and as wide as 100 m
-- are at the outer parallel of the row's whole degree of latitude. One place always lies in the same cell, so asking
-- again tells nothing more; app.incidents.visibility counts the same cells.
CREATE OR REPLACE FUNCTION coarse_place(place geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
  height constant bigint := 9050;
  cell_row bigint := floor(round(ST_Y(place) * 1e7) / height);
  degree double precision := floor(cell_row * height / 1e7::double precision);
  width bigint := ceil(9000 / cos(radians(least(greatest(abs(degree), abs(degree + 1)), 89))));
  cell_column bigint := floor(round(ST_X(place) * 1e7) / width);
BEGIN
  RETURN ST_SetSRID(ST_MakePoint(((cell_column * width + width / 2) / 1e7)::double precision,
                                 ((cell_row * height + height / 2) / 1e7)::double precision), ST_SRID(place));
END;
$$;
