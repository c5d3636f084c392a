-- What was submitted is what is reviewed and published: operations change only while their draft is open.
CREATE OR REPLACE FUNCTION guard_draft_content() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  which bigint := CASE TG_OP WHEN 'DELETE' THEN OLD.draft_id ELSE NEW.draft_id END;
  found text := (SELECT d.state FROM draft d WHERE d.id = which);
BEGIN
  -- A draft that cannot be seen is refused by row security.
  IF found <> 'open' THEN
    RAISE EXCEPTION 'draft % is %: its operations cannot change', which, found
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END;
$$;
