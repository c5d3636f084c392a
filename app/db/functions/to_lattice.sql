-- A geometry in whole numbers of 1e-7 degree. Products of differences of such numbers are exact in a double
-- for every segment shorter than nine degrees, so "on the boundary" has one meaning.
CREATE OR REPLACE FUNCTION to_lattice(place geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ST_SnapToGrid(ST_SetSRID(ST_Scale(place, 1e7, 1e7), 0), 1);
