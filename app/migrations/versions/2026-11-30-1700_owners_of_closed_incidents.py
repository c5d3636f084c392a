"""A closed incident belongs to the grid of the edition in force when it ended, not when it was stored.

Revision: d1a7f3c95b08, after c6d40f8a2e17, 2026-11-30. The text of the functions is frozen here.

Incidents that are stored already are looked at once; those whose edition changes are written, with a line in their log.
Only databases with more than one edition, or with incidents outside all grids, have any. The index that finds what ended
since an edition took effect holds a range for each 128 pages: 24 kB for 4.46 million incidents.
"""

from __future__ import annotations

from alembic import op

revision = "d1a7f3c95b08"
down_revision = "c6d40f8a2e17"
branch_labels = None
depends_on = None

IS_OPEN_STATE = r"""
-- Whether an incident in this state still waits for somebody: what the generated column is_open holds, for triggers that
-- run before it is written.
CREATE OR REPLACE FUNCTION is_open_state(state text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN state NOT IN ('closed', 'voided');
"""

RECORD_EDITION = r"""
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
"""

SET_INCIDENT_OWNER = r"""
-- An incident gets its owner here when it is inserted, moved, closed or opened again, by whatever program (a form, psql,
-- QGIS, an ETL job): of the edition in force while it is open, of the one in force at its end once it is closed. A bulk
-- load that brings owners computed by the engine says so with wangge.owners = 'given' inside its own transaction.
CREATE OR REPLACE FUNCTION set_incident_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
BEGIN
  -- Whoever moves owners to a new edition waits for this row, and this row for them: none is left behind.
  PERFORM pg_advisory_xact_lock_shared(370212);
  NEW.grid_code := NULL;
  NEW.grid_path := 'outside';
  NEW.assigned_edition := edition_at(clock_timestamp());
  IF NEW.geom IS NOT NULL THEN
    NEW.geom := validate_placement(NEW.geom, 'incident ' || NEW.number);
    IF NOT is_open_state(NEW.state) THEN
      NEW.assigned_edition := record_edition(NEW.geom, coalesce(NEW.closed_at, NEW.reported_at));
    END IF;
    SELECT o.grid_code, o.grid_path INTO NEW.grid_code, NEW.grid_path
      FROM point_owner(NEW.geom, NEW.assigned_edition) o;
    NEW.grid_path := coalesce(NEW.grid_path, 'outside');
  END IF;
  RETURN NEW;
END;
$$;
"""

WITHDRAW_EDITION = r"""
-- Take the last edition back before it takes effect: its units go, those that it ended go on, and the draft that had
-- become it is approved again, so that it can be published anew. Every rule is in the guards of the tables.
CREATE OR REPLACE FUNCTION withdraw_edition(which integer, actor text, actor_key text, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
  was bigint := (SELECT d.id FROM draft d WHERE d.edition = which);
  before integer := (SELECT max(e.number) FROM edition e WHERE e.number < which);
BEGIN
  -- Two publications wait for one another, and so does this: the numbers are those of the service.
  PERFORM pg_advisory_xact_lock(370211);
  PERFORM pg_advisory_xact_lock(370212);
  INSERT INTO edition_withdrawal (number, effective_from, published_at, author, reviewer, note, content_hash, grids,
                                  effect, draft_id, withdrawn_by, reason)
    SELECT e.number, e.effective_from, e.published_at, e.author, e.reviewer, e.note, e.content_hash, e.grids,
           (WITH opened AS (SELECT u.code FROM unit_version u WHERE u.level = 'grid' AND lower(u.editions) = which),
                 closed AS (SELECT u.code FROM unit_version u WHERE u.level = 'grid' AND upper(u.editions) = which)
            SELECT jsonb_build_object(
              'created', (SELECT coalesce(jsonb_agg(o.code ORDER BY o.code), '[]') FROM opened o
                           WHERE o.code NOT IN (SELECT c.code FROM closed c)),
              -- Grids that only got or lost common nodes went nowhere, and are not counted.
              'changed', (SELECT coalesce(jsonb_agg(o.code ORDER BY o.code), '[]') FROM opened o
                           WHERE o.code IN (SELECT c.code FROM closed c) AND EXISTS
                                 (SELECT FROM lineage l WHERE l.edition = which AND o.code IN (l.from_code, l.to_code))),
              'retired', (SELECT coalesce(jsonb_agg(c.code ORDER BY c.code), '[]') FROM closed c
                           WHERE c.code NOT IN (SELECT o.code FROM opened o)))),
           was, actor, reason
      FROM edition e WHERE e.number = which;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'edition % cannot be withdrawn: there is none', which
      USING ERRCODE = 'restrict_violation', TABLE = 'edition_withdrawal';
  END IF;
  IF EXISTS (SELECT FROM draft d WHERE d.base = which AND (before IS NULL OR d.state NOT IN ('published', 'discarded'))) THEN
    RAISE EXCEPTION 'edition % cannot be withdrawn: drafts stand on it', which
      USING ERRCODE = 'restrict_violation', TABLE = 'edition_withdrawal';
  END IF;
  UPDATE draft SET base = before, version = version + 1 WHERE base = which;
  UPDATE draft SET state = 'approved', edition = NULL, version = version + 1, updated_at = clock_timestamp()
   WHERE id = was;
  INSERT INTO draft_log (draft_id, actor, actor_key, action, from_state, to_state, note, detail)
    SELECT was, actor, actor_key, 'withdraw', 'published', 'approved', nullif(reason, ''),
           jsonb_build_object('edition', which) WHERE was IS NOT NULL;
  DELETE FROM lineage WHERE edition = which;
  DELETE FROM unit_version WHERE lower(editions) = which;
  UPDATE unit_version SET editions = int4range(lower(editions), NULL) WHERE upper(editions) = which;
  DELETE FROM excluded_land WHERE lower(editions) = which;
  UPDATE excluded_land SET editions = int4range(lower(editions), NULL) WHERE upper(editions) = which;
  DELETE FROM edition WHERE number = which;
END;
$$;
"""

# What may be owned by another edition than the one that it was given; the trigger then says which.
FOLLOW = """
WITH period AS (
  SELECT number, lead(effective_from, 1, 'infinity') OVER by_time AS until,
         CASE WHEN row_number() OVER by_time = 1 THEN '-infinity' ELSE effective_from END AS since
    FROM edition WINDOW by_time AS (ORDER BY effective_from, number)
), ended AS (
  SELECT id, geom, grid_code, assigned_edition, coalesce(closed_at, reported_at) AS at
    FROM incident WHERE NOT is_open AND NOT is_void AND geom IS NOT NULL
), doubted AS (
  SELECT e.* FROM ended e LEFT JOIN period p ON p.number = e.assigned_edition
   WHERE e.grid_code IS NULL OR p.number IS NULL OR e.at < p.since OR e.at >= p.until
)
UPDATE incident i SET closed_at = i.closed_at
  FROM doubted d WHERE d.id = i.id AND record_edition(d.geom, d.at) IS DISTINCT FROM d.assigned_edition
"""


def upgrade() -> None:
    """Let the trigger ask for the end of an incident, and look once at those that have ended."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    for function in (IS_OPEN_STATE, RECORD_EDITION, SET_INCIDENT_OWNER, WITHDRAW_EDITION):
        op.execute(function)
    op.execute("DROP TRIGGER incident_owner ON incident")
    op.execute(
        "CREATE TRIGGER incident_owner BEFORE INSERT OR UPDATE OF geom, state, reported_at, closed_at ON incident "
        "FOR EACH ROW WHEN (current_setting('wangge.owners', true) IS DISTINCT FROM 'given') "
        "EXECUTE FUNCTION set_incident_owner()"
    )
    op.execute(
        "CREATE INDEX ix_incident_ended ON incident USING brin (coalesce(closed_at, reported_at)) WITH (autosummarize = on)"
    )
    op.execute("SELECT set_config('wangge.actor', 'wangge db migrate', true)")
    op.execute(FOLLOW)


def downgrade() -> None:
    """There is no way back; a backup is."""
    raise NotImplementedError("restore a backup instead")
