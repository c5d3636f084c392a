-- How much a unit has, for everybody who may see the map: numbers only, so it counts past row security. A line or an
-- area that only passes through is counted where it passes. Sensitive classes are not among these numbers: they have
-- counts of their own (sensitive_incident_counts), or none.
CREATE OR REPLACE FUNCTION unit_counts(unit ltree,
  OUT components bigint, OUT incidents_open bigint, OUT incidents_30d bigint, OUT incidents_total bigint,
  OUT leader bigint, OUT full_time bigint, OUT professional bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  hidden_components text[] := sensitive_component_classes();
  hidden_incidents text[] := sensitive_incident_classes();
BEGIN
  SELECT count(*) INTO components FROM component WHERE paths <@ unit AND class_code <> ALL (hidden_components);
  SELECT count(*) FILTER (WHERE is_open), count(*) FILTER (WHERE occurred_at > now() - interval '30 days'),
         count(*)
    INTO incidents_open, incidents_30d, incidents_total
    FROM incident
   WHERE grid_path <@ unit AND NOT is_void AND coalesce(class_code <> ALL (hidden_incidents), true);
  SELECT count(*) FILTER (WHERE role = 'leader'), count(*) FILTER (WHERE role = 'full_time'),
         count(*) FILTER (WHERE role = 'professional')
    INTO leader, full_time, professional
    FROM team_member WHERE grid_path <@ unit AND during @> current_date;
END;
$$;
