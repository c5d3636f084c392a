-- The service adds versions to the edition that comes next, never to one that is published, and lineage to the edition
-- of its own transaction; the edition itself must be there when the transaction ends (check_publication_complete).
CREATE OR REPLACE FUNCTION guard_new_version() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  next_number integer;
BEGIN
  IF TG_TABLE_NAME = 'lineage' THEN
    IF NOT EXISTS (SELECT FROM edition e WHERE e.number = NEW.edition AND e.published_at = transaction_timestamp()) THEN
      RAISE EXCEPTION 'edition % is not being published here', NEW.edition
        USING ERRCODE = 'restrict_violation', TABLE = 'lineage';
    END IF;
    RETURN NEW;
  END IF;
  next_number := next_edition();
  IF lower(NEW.editions) IS DISTINCT FROM next_number OR NOT upper_inf(NEW.editions) THEN
    RAISE EXCEPTION '% %: only versions from edition % on may be added', TG_TABLE_NAME, NEW.code, next_number
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NEW;
END;
$$;
