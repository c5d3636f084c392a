-- Marks on functions of extensions: no dump carries them, so a restore sets them again (revisions hold their own copy).
-- Row security lets a condition reach an index only when its function cannot leak the rows it is shown.
DO $$
BEGIN
  ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
  ALTER FUNCTION ltree_risparent(ltree, ltree) LEAKPROOF;
  ALTER FUNCTION ltree_isparent(ltree, ltree) LEAKPROOF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'not a superuser: map queries under row security will not use spatial indexes';
END;
$$;
