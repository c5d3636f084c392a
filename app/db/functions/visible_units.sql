-- The units whose rows this transaction may see, set by the service from the asker's grants; none when not set.
CREATE OR REPLACE FUNCTION visible_units() RETURNS lquery[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('wangge.scope', true), ''), '{}')::lquery[];
