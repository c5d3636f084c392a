-- The place of a row as it is stored, or a refusal that says what is wrong with it, in the words of whoever drew it.
CREATE OR REPLACE FUNCTION validate_placement(place geometry, what text) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
  stored geometry;
BEGIN
  IF ST_IsEmpty(place) THEN
    RAISE EXCEPTION '% has an empty geometry', what USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_place_empty';
  ELSIF NOT (ST_XMin(place) >= -180 AND ST_XMax(place) <= 180 AND ST_YMin(place) >= -90 AND ST_YMax(place) <= 90) THEN
    RAISE EXCEPTION '% lies at %, which is no longitude and latitude', what, left(ST_AsText(ST_PointN(
      ST_ExteriorRing(ST_Envelope(place)), 1), 6), 80) USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_place_range';
  ELSIF ST_Dimension(place) = 2 AND NOT ST_IsValid(place) THEN
    RAISE EXCEPTION '% is not a valid area: %', what, ST_IsValidReason(place)
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_place_valid';
  END IF;
  stored := snap_to_lattice(place);
  IF stored IS NULL THEN
    RAISE EXCEPTION '% is smaller than the coordinate lattice of 1e-7 degree', what
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_place_collapsed';
  END IF;
  RETURN stored;
END;
$$;
