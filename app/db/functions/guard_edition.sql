-- Editions and their lineage are added, never changed, and go only with an edition that is withdrawn before it takes
-- effect. Nobody publishes in the name of a time to come, and no number is used twice.
CREATE OR REPLACE FUNCTION guard_edition() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  refused text := TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' refused';
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'edition' THEN
    refused := CASE WHEN is_being_withdrawn(OLD.number) THEN NULL ELSE refused END;
  ELSIF TG_OP = 'DELETE' THEN
    refused := CASE WHEN is_being_withdrawn(OLD.edition) THEN NULL ELSE refused END;
  ELSIF TG_OP = 'INSERT' THEN
    refused := CASE
      WHEN NEW.published_at > clock_timestamp() THEN 'edition ' || NEW.number || ' is published in the future'
      WHEN EXISTS (SELECT FROM edition_withdrawal w WHERE w.number >= NEW.number)
        THEN 'edition ' || NEW.number || ': the number was used before' END;
  END IF;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION '%', refused USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END;
$$;
