-- Published land that is nobody's is read-only, as units are. The one change allowed is to close a version; when an
-- edition is withdrawn before it takes effect, what it began goes, and what it closed is open again.
CREATE OR REPLACE FUNCTION guard_excluded_land() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF is_being_withdrawn(lower(OLD.editions)) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'excluded_land % (%) is published: DELETE refused', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'excluded_land';
  END IF;
  IF lower(NEW.editions) <> lower(OLD.editions)
     OR NOT (CASE WHEN upper_inf(OLD.editions)
                  THEN NOT upper_inf(NEW.editions) AND upper(NEW.editions) >= next_edition()
                  ELSE upper_inf(NEW.editions) AND is_being_withdrawn(upper(OLD.editions)) END)
     OR (NEW.id, NEW.code, NEW.reason, NEW.district_code, NEW.area_m2)
        IS DISTINCT FROM (OLD.id, OLD.code, OLD.reason, OLD.district_code, OLD.area_m2)
     OR ST_AsBinary(NEW.geom) <> ST_AsBinary(OLD.geom) THEN
    RAISE EXCEPTION 'excluded_land % (%) is published: only closing it is allowed', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'excluded_land';
  END IF;
  RETURN NEW;
END;
$$;
