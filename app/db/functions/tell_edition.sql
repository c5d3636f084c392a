-- Every worker hears of a new edition when its transaction commits.
CREATE OR REPLACE FUNCTION tell_edition() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_notify('wangge_edition', NEW.number::text);
  RETURN NULL;
END;
$$;
