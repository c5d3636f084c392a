-- At the end of a transaction: an incident that was added or changed without a line in its log gets one, with who did
-- it and what stood there before. The service writes its own lines, with reasons; this is for QGIS, psql, an ETL job.
CREATE OR REPLACE FUNCTION log_unlogged_incident() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  was jsonb;
BEGIN
  IF EXISTS (SELECT FROM incident_log WHERE incident_id = NEW.id AND at >= transaction_timestamp()) THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(o.key, o.value) INTO was
      FROM jsonb_each(to_jsonb(OLD)) o WHERE o.value IS DISTINCT FROM to_jsonb(NEW) -> o.key;
    IF was IS NULL THEN
      RETURN NULL;
    END IF;
  END IF;
  INSERT INTO incident_log (incident_id, actor, action, from_state, to_state, detail)
  SELECT i.id, coalesce(nullif(current_setting('wangge.actor', true), ''), 'sql:' || session_user),
         lower(TG_OP), CASE TG_OP WHEN 'UPDATE' THEN OLD.state END, i.state,
         CASE WHEN was IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('was', was) END
    FROM incident i WHERE i.id = NEW.id;
  RETURN NULL;
END;
$$;
