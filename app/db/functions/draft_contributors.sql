-- Keys of everybody who had a hand in a draft: made it, drew, took back, did again, put in a file, put it on another
-- edition. Steps on its way (submitted, reviewed, published, withdrawn, given up) shape nothing; nor does publishing,
-- which puts a draft on the newest edition by itself, in the same transaction.
CREATE OR REPLACE FUNCTION draft_contributors(which bigint) RETURNS SETOF text
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT d.author_key FROM draft d WHERE d.id = which
  UNION
  SELECT o.author_key FROM draft_operation o WHERE o.draft_id = which
  UNION
  SELECT l.actor_key FROM draft_log l
   WHERE l.draft_id = which AND l.action NOT IN ('submit', 'review', 'publish', 'withdraw', 'discard')
     AND NOT (l.action = 'rebase' AND EXISTS (
       SELECT FROM draft_log p WHERE p.draft_id = which AND p.action = 'publish' AND p.at = l.at));
END;
