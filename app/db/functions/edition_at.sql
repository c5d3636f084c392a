-- The number of the edition in force at an instant; NULL before the first one.
CREATE OR REPLACE FUNCTION edition_at(instant timestamptz DEFAULT now()) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT number FROM edition WHERE effective_from <= instant ORDER BY effective_from DESC, number DESC LIMIT 1);
