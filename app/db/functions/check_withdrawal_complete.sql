-- At the end of a transaction that withdraws an edition: nothing of it is left, and it has not taken effect meanwhile.
CREATE OR REPLACE FUNCTION check_withdrawal_complete() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NEW.effective_from <= clock_timestamp()
     OR EXISTS (SELECT FROM edition e WHERE e.number = NEW.number)
     OR EXISTS (SELECT FROM unit_version u WHERE lower(u.editions) = NEW.number OR upper(u.editions) = NEW.number)
     OR EXISTS (SELECT FROM excluded_land x WHERE lower(x.editions) = NEW.number OR upper(x.editions) = NEW.number) THEN
    RAISE EXCEPTION 'edition % has taken effect, or something of it is left: it is not withdrawn', NEW.number
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END;
$$;
