-- Whether an incident in this state still waits for somebody: what the generated column is_open holds, for triggers that
-- run before it is written.
CREATE OR REPLACE FUNCTION is_open_state(state text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN state NOT IN ('closed', 'voided');
