-- Whether the asker acts on every incident, those outside all grids included.
CREATE OR REPLACE FUNCTION can_act_everywhere() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN '*' = ANY (coalesce(nullif(current_setting('wangge.acts', true), ''), '{}')::text[]);
