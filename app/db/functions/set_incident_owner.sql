-- An incident gets its owner here when it is inserted, moved, closed or opened again, by whatever program (a form, psql,
-- QGIS, an ETL job): of the edition in force while it is open, of the one in force at its end once it is closed. A bulk
-- load that brings owners computed by the engine says so with wangge.owners = 'given' inside its own transaction.
CREATE OR REPLACE FUNCTION set_incident_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  -- Whoever moves owners to a new edition waits for this row, and this row for them: none is left behind.
  PERFORM pg_advisory_xact_lock_shared(370212);
  NEW.grid_code := NULL;
  NEW.grid_path := 'outside';
  NEW.assigned_edition := edition_at(clock_timestamp());
  IF NEW.geom IS NOT NULL THEN
    NEW.geom := validate_placement(NEW.geom, 'incident ' || NEW.number);
    IF NOT is_open_state(NEW.state) THEN
      NEW.assigned_edition := record_edition(NEW.geom, coalesce(NEW.closed_at, NEW.reported_at));
    END IF;
    SELECT o.grid_code, o.grid_path INTO NEW.grid_code, NEW.grid_path
      FROM point_owner(NEW.geom, NEW.assigned_edition) o;
    NEW.grid_path := coalesce(NEW.grid_path, 'outside');
  END IF;
  RETURN NEW;
END;
$$;
