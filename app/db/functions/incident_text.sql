-- What people wrote of incidents, and what leads to their door: only of those the asker sees and acts on. The service
-- cannot read these columns by itself.
CREATE OR REPLACE FUNCTION incident_text(incidents bigint[])
RETURNS TABLE (id bigint, address text, description text, source_id text, component_code text, attributes jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
  SELECT i.id, i.address, i.description, i.source_id, i.component_code, i.attributes
    FROM incident i
   WHERE i.id = ANY (incidents)
     AND ((SELECT can_see_all()) OR i.grid_path ? (SELECT visible_units()))
     AND ((SELECT can_act_everywhere()) OR i.grid_path ? (SELECT acting_units()));
$$;
