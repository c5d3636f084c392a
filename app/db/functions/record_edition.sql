-- The edition that says who owns what ended at an instant: the one in force then. The first edition of a district stands
-- for the time before it as well, so that a register of the past has owners; app/incidents/ownership.py has the same
-- rule for many rows.
CREATE OR REPLACE FUNCTION record_edition(place geometry, instant timestamptz) RETURNS integer
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  latest integer := edition_at(clock_timestamp());
  -- What ends in the future is taken as ended now.
  number_then integer := edition_at(least(instant, clock_timestamp()));
BEGIN
  IF EXISTS (SELECT FROM point_owner(place, number_then)) THEN
    RETURN number_then;
  END IF;
  RETURN coalesce(
    (SELECT d.first
       FROM (SELECT u.path, min(lower(u.editions)) AS first FROM unit_version u WHERE u.level = 'district'
              GROUP BY u.path) d
      WHERE d.first > coalesce(number_then, 0) AND d.first <= latest
        AND EXISTS (SELECT FROM point_owner(place, d.first) o WHERE o.grid_path <@ d.path)
      ORDER BY d.first, d.path LIMIT 1),
    number_then,
    (SELECT e.number FROM edition e WHERE e.number <= latest ORDER BY e.effective_from, e.number LIMIT 1));
END;
$$;
