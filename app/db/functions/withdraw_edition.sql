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
