-- Every worker hears of an edition that came, or that was withdrawn, when the transaction commits.
CREATE OR REPLACE FUNCTION notify_edition() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_notify('wangge_edition', coalesce(NEW.number, OLD.number)::text);
  RETURN NULL;
END;
$$;
