-- Whether this transaction may see every row, those outside all grids included.
CREATE OR REPLACE FUNCTION can_see_all() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN '*' = ANY (coalesce(nullif(current_setting('wangge.scope', true), ''), '{}')::text[]);
