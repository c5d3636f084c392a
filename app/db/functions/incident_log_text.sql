-- Who took the steps of one incident and what they wrote: only to those who see the incident and act on it.
CREATE OR REPLACE FUNCTION incident_log_text(incident_number bigint)
RETURNS TABLE (id bigint, actor text, note text, detail jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT l.id, l.actor, l.note, l.detail
    FROM incident_log l JOIN incident i ON i.id = l.incident_id
   WHERE l.incident_id = incident_number
     AND ((SELECT can_see_all()) OR i.grid_path ? (SELECT visible_units()))
     AND ((SELECT can_act_everywhere()) OR i.grid_path ? (SELECT acting_units()));
$$;
