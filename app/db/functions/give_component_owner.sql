-- The same for components: checks the geometry against the class, then gives owner, paths and the part outside.
CREATE OR REPLACE FUNCTION give_component_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  expected text := (SELECT geometry FROM component_class WHERE code = NEW.class_code);
  came text := (ARRAY['point', 'line', 'polygon'])[ST_Dimension(NEW.geom) + 1];
BEGIN
  IF expected IS DISTINCT FROM came THEN
    RAISE EXCEPTION 'component % of class % must be a %, came a %', NEW.code, NEW.class_code, expected, came
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_component_geometry_kind', TABLE = 'component';
  END IF;
  NEW.updated_at := now();
  NEW.assigned_edition := edition_at();
  NEW.grid_code := NULL;
  NEW.grid_path := 'outside';
  NEW.paths := '{outside}';
  NEW.outside_share := 1;
  NEW.measure := NULL;
  NEW.geom := CASE WHEN came = 'polygon' THEN NEW.geom ELSE ST_SnapToGrid(NEW.geom, 1e-7) END;
  IF came = 'point' THEN
    SELECT o.grid_code, o.grid_path, ARRAY[o.grid_path], 0
      INTO NEW.grid_code, NEW.grid_path, NEW.paths, NEW.outside_share
      FROM point_owner(NEW.geom, NEW.assigned_edition) o WHERE o.grid_code IS NOT NULL;
    IF NOT FOUND THEN
      NEW.grid_path := 'outside';
      NEW.paths := '{outside}';
      NEW.outside_share := 1;
    END IF;
  ELSE
    NEW.measure := CASE came WHEN 'line' THEN ST_Length(NEW.geom::geography) ELSE ST_Area(NEW.geom::geography) END;
    SELECT (array_agg(s.grid_code ORDER BY s.share DESC, s.grid_code COLLATE "C"))[1],
           (array_agg(s.grid_path ORDER BY s.share DESC, s.grid_code COLLATE "C"))[1],
           array_agg(s.grid_path ORDER BY s.share DESC, s.grid_code COLLATE "C"),
           greatest(0, 1 - sum(s.measure) / max(s.whole))
      INTO NEW.grid_code, NEW.grid_path, NEW.paths, NEW.outside_share
      FROM owner_shares(NEW.geom, NEW.assigned_edition) s;
    IF NEW.grid_code IS NULL THEN
      NEW.grid_path := 'outside';
      NEW.paths := '{outside}';
      NEW.outside_share := 1;
    END IF;
  END IF;
  RETURN NEW;
END;
$$;
