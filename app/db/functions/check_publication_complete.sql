-- At the end of a transaction of the service: versions that were opened or closed belong to an edition that is there,
-- and an edition that was added is a draft which somebody else approved.
CREATE OR REPLACE FUNCTION check_publication_complete() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_TABLE_NAME = 'edition' THEN
    IF NOT EXISTS (SELECT FROM draft d WHERE d.edition = NEW.number AND d.state = 'published') THEN
      RAISE EXCEPTION 'edition % comes from no approved draft', NEW.number
        USING ERRCODE = 'restrict_violation', TABLE = 'edition';
    END IF;
  ELSIF NOT EXISTS (SELECT FROM edition e WHERE e.number = coalesce(upper(NEW.editions), lower(NEW.editions))) THEN
    RAISE EXCEPTION '% % was changed without an edition', TG_TABLE_NAME, NEW.code
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END;
$$;
