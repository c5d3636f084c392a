-- The number of the edition to come. A number that was given to an edition which was withdrawn is not given again.
CREATE OR REPLACE FUNCTION next_edition() RETURNS integer
LANGUAGE sql STABLE
RETURN 1 + greatest((SELECT coalesce(max(number), 0) FROM edition),
                    (SELECT coalesce(max(number), 0) FROM edition_withdrawal));
