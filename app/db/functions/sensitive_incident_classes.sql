-- Codes of the classes of incidents that are published as counts only.
CREATE OR REPLACE FUNCTION sensitive_incident_classes() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT array_agg(code) FROM incident_class WHERE sensitive), '{}');
