-- Which grid owns this place? A point: the touching grid with the lowest code. A line or an area: the grid with the
-- largest share, ties to the lowest code. NULL outside every grid and before the first edition.
CREATE OR REPLACE FUNCTION grid_owner(place geometry, instant timestamptz DEFAULT now()) RETURNS text
LANGUAGE plpgsql STABLE STRICT
AS $$
DECLARE
  located geometry := CASE ST_SRID(place) WHEN 4326 THEN place WHEN 0 THEN ST_SetSRID(place, 4326)
                                          ELSE ST_Transform(place, 4326) END;
BEGIN
  IF ST_IsEmpty(located) THEN
    RETURN NULL;
  ELSIF ST_GeometryType(located) = 'ST_Point' THEN
    RETURN (SELECT grid_code FROM point_owner(located, edition_at(instant)));
  ELSIF ST_Dimension(located) = 0 THEN
    RAISE EXCEPTION 'grid_owner takes a point, a line or an area, not %', ST_GeometryType(located)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  RETURN (SELECT o.grid_code FROM line_or_area_owner(located, edition_at(instant)) o);
END;
$$;
