-- A draft goes open -> submitted -> approved -> published, back to open when it is returned, and ends when discarded.
-- Four eyes: nobody approves what they made themselves, whatever their rights are.
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
    -- Over is over; only the path of its area may follow the area.
    IF OLD.state IN ('published', 'discarded') AND NEW.scope_path = OLD.scope_path THEN
      refused := 'the draft is ' || OLD.state;
    END IF;
  ELSIF (OLD.state, NEW.state) NOT IN (('open', 'submitted'), ('submitted', 'open'), ('submitted', 'approved'),
         ('approved', 'open'), ('approved', 'published'), ('open', 'discarded'), ('submitted', 'discarded'),
         ('approved', 'discarded')) THEN
    refused := 'no way from ' || OLD.state || ' to ' || NEW.state;
  ELSIF NEW.state = 'approved' AND (coalesce(NEW.reviewer_key, '') = '' OR NEW.reviewer_key = NEW.author_key
         OR EXISTS (SELECT FROM draft_operation o WHERE o.draft_id = NEW.id AND o.author_key = NEW.reviewer_key)) THEN
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
