-- A draft goes open -> submitted -> approved -> published, back to open when it is returned, back to approved when its
-- edition is withdrawn, and ends when discarded. Four eyes: nobody approves what they had a hand in, whatever their
-- rights are.
CREATE OR REPLACE FUNCTION guard_draft() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  refused text;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'open' OR NEW.reviewer_key IS NOT NULL OR NEW.edition IS NOT NULL THEN
      refused := 'a draft begins open';
    END IF;
  ELSIF NEW.state = OLD.state THEN
    -- Over is over; only the path of its area may follow the area, and its base when that is withdrawn.
    IF OLD.state IN ('published', 'discarded') AND NEW.scope_path = OLD.scope_path AND NOT is_being_withdrawn(OLD.base) THEN
      refused := 'the draft is ' || OLD.state;
    END IF;
  ELSIF (OLD.state, NEW.state) NOT IN (('open', 'submitted'), ('submitted', 'open'), ('submitted', 'approved'),
         ('approved', 'open'), ('approved', 'published'), ('open', 'discarded'), ('submitted', 'discarded'),
         ('approved', 'discarded'), ('published', 'approved')) THEN
    refused := 'no way from ' || OLD.state || ' to ' || NEW.state;
  ELSIF OLD.state = 'published' THEN
    IF NEW.edition IS NOT NULL OR NEW.reviewer_key IS DISTINCT FROM OLD.reviewer_key
       OR NOT is_being_withdrawn(OLD.edition) THEN
      refused := 'the draft is published, and its edition is not withdrawn';
    END IF;
  ELSIF NEW.state = 'approved' AND (coalesce(NEW.reviewer_key, '') = '' OR NEW.reviewer_key = NEW.author_key
         OR NEW.reviewer_key IN (SELECT draft_contributors(NEW.id))) THEN
    refused := 'the reviewer must be somebody else';
  ELSIF NEW.state = 'published' AND (NEW.edition IS NULL OR NEW.reviewer_key IS DISTINCT FROM OLD.reviewer_key) THEN
    refused := 'published without an edition, or by another review';
  END IF;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'draft %: %', NEW.id, refused USING ERRCODE = 'restrict_violation', TABLE = 'draft';
  END IF;
  RETURN NEW;
END;
$$;
