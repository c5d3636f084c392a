-- Only the last edition can be withdrawn, and only before it takes effect; what is noted of it is what it said.
CREATE OR REPLACE FUNCTION guard_withdrawal() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  e edition;
  refused text;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    RAISE EXCEPTION 'edition_withdrawal is append-only: % refused', TG_OP
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  SELECT * INTO e FROM edition WHERE number = NEW.number;
  refused := CASE
    WHEN e.number IS NULL THEN 'there is none'
    WHEN EXISTS (SELECT FROM edition l WHERE l.number > e.number) THEN 'a later one stands on it'
    WHEN e.effective_from <= clock_timestamp() THEN 'it is in force'
    WHEN EXISTS (SELECT FROM settlement s WHERE s.edition = e.number) THEN 'owners have followed it'
    WHEN (e.effective_from, e.published_at, e.author, e.reviewer, e.note, e.content_hash, e.grids)
         IS DISTINCT FROM (NEW.effective_from, NEW.published_at, NEW.author, NEW.reviewer, NEW.note,
                           NEW.content_hash, NEW.grids) THEN 'it says something else' END;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'edition % cannot be withdrawn: %', NEW.number, refused
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  NEW.withdrawn_at := transaction_timestamp();
  RETURN NEW;
END;
$$;
