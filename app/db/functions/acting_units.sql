-- The units on whose incidents the asker acts, set by the service from the asker's grants; none when not set.
CREATE OR REPLACE FUNCTION acting_units() RETURNS lquery[]
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('wangge.acts', true), ''), '{}')::lquery[];
