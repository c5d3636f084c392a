-- A shape on the lattice by both names of the 180th meridian: what lies on it at 180 also at -180, and the reverse. It is
-- one place, and the grids on either side of it touch it, each in the part of the plane where it is drawn.
CREATE OR REPLACE FUNCTION with_meridian_alias(steps geometry) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN ST_XMax(steps) = 1800000000 OR ST_XMin(steps) = -1800000000
            THEN ST_UnaryUnion(ST_Collect(ARRAY[
                   steps,
                   CASE WHEN ST_XMax(steps) = 1800000000 THEN ST_Translate(steps, -3600000000, 0) END,
                   CASE WHEN ST_XMin(steps) = -1800000000 THEN ST_Translate(steps, 3600000000, 0) END]))
            ELSE steps END;
