-- The same for components: checks the geometry against the class, then gives owner, paths and the part outside.
CREATE OR REPLACE FUNCTION set_component_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  expected text := (SELECT geometry FROM component_class WHERE code = NEW.class_code);
  came text;
BEGIN
  -- Editors save a single point as a multipoint of one.
  IF ST_GeometryType(NEW.geom) = 'ST_MultiPoint' AND ST_NumGeometries(NEW.geom) = 1 THEN
    NEW.geom := ST_GeometryN(NEW.geom, 1);
  END IF;
  came := CASE ST_GeometryType(NEW.geom)
            WHEN 'ST_Point' THEN 'point'
            WHEN 'ST_LineString' THEN 'line' WHEN 'ST_MultiLineString' THEN 'line'
            WHEN 'ST_Polygon' THEN 'polygon' WHEN 'ST_MultiPolygon' THEN 'polygon'
            ELSE lower(replace(ST_GeometryType(NEW.geom), 'ST_', '')) END;
  -- A class that does not exist is the foreign key's to refuse, a missing geometry the column's.
  IF expected <> came THEN
    RAISE EXCEPTION 'component % of class % must be a %, came a %', NEW.code, NEW.class_code, expected, came
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_component_geometry_kind', TABLE = 'component';
  ELSIF expected IS NULL OR came IS NULL THEN
    RETURN NEW;
  END IF;
  NEW.geom := validate_placement(NEW.geom, 'component ' || NEW.code);
  NEW.updated_at := now();
  -- Whoever moves owners to a new edition waits for this row, and this row for them: none is left behind.
  PERFORM pg_advisory_xact_lock_shared(370212);
  NEW.assigned_edition := edition_at(clock_timestamp());
  NEW.measure := CASE came WHEN 'line' THEN ST_Length(NEW.geom::geography)
                           WHEN 'polygon' THEN ST_Area(NEW.geom::geography) END;
  IF came = 'point' THEN
    SELECT o.grid_code, o.grid_path, ARRAY[o.grid_path], 0
      INTO NEW.grid_code, NEW.grid_path, NEW.paths, NEW.outside_share
      FROM point_owner(NEW.geom, NEW.assigned_edition) o;
    IF NOT FOUND THEN
      NEW.grid_path := 'outside';
      NEW.paths := '{outside}';
      NEW.outside_share := 1;
    END IF;
  ELSE
    SELECT o.grid_code, o.grid_path, o.paths, o.outside_share
      INTO NEW.grid_code, NEW.grid_path, NEW.paths, NEW.outside_share
      FROM line_or_area_owner(NEW.geom, NEW.assigned_edition) o;
  END IF;
  RETURN NEW;
END;
$$;
