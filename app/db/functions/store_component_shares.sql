-- Keeps the shares of a line or an area beside it; runs after the row is there, since shares refer to it.
CREATE OR REPLACE FUNCTION store_component_shares() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  DELETE FROM component_share WHERE component_id = NEW.id;
  IF ST_Dimension(NEW.geom) > 0 THEN
    INSERT INTO component_share (component_id, grid_code, grid_path, share, measure)
    SELECT NEW.id, s.grid_code, s.grid_path, s.share, s.measure FROM owner_shares(NEW.geom, NEW.assigned_edition) s;
  END IF;
  RETURN NULL;
END;
$$;
