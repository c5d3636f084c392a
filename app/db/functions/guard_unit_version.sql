-- A published version is read-only. The one change allowed is to close it: its last edition becomes known. When an
-- edition is withdrawn before it takes effect, the versions it began go, and those it closed are open again.
CREATE OR REPLACE FUNCTION guard_unit_version() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF is_being_withdrawn(lower(OLD.editions)) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'unit_version % (%) is published: DELETE refused', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  IF lower(NEW.editions) <> lower(OLD.editions)
     OR NOT (CASE WHEN upper_inf(OLD.editions)
                  THEN NOT upper_inf(NEW.editions) AND upper(NEW.editions) >= next_edition()
                  ELSE upper_inf(NEW.editions) AND is_being_withdrawn(upper(OLD.editions)) END)
     OR (NEW.id, NEW.level, NEW.code, NEW.code_scheme, NEW.name, NEW.kind, NEW.parent_code, NEW.district_code,
         NEW.path, NEW.area_m2, NEW.attributes)
        IS DISTINCT FROM
        (OLD.id, OLD.level, OLD.code, OLD.code_scheme, OLD.name, OLD.kind, OLD.parent_code, OLD.district_code,
         OLD.path, OLD.area_m2, OLD.attributes)
     OR ST_AsBinary(NEW.geom) <> ST_AsBinary(OLD.geom) THEN
    RAISE EXCEPTION 'unit_version % (%) is published: only closing it is allowed', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  RETURN NEW;
END;
$$;
