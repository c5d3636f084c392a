-- Codes of the classes of components that only those who act in a place see.
CREATE OR REPLACE FUNCTION sensitive_component_classes() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce((SELECT array_agg(code) FROM component_class WHERE sensitive), '{}');
