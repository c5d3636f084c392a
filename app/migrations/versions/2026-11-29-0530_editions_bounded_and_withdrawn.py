"""Editions within bounds, and withdrawn before they take effect; four eyes for everybody who had a hand in a draft.

Revision: 3c7e90d5b1f8, after 8e1f5a9c3b24, 2026-11-29. The text of the functions is frozen here.

- An edition takes effect between 1990 and two years after its publication. Rows out of these bounds that are there
  already stay, are named by `wangge verify`, and those yet to come can be withdrawn; the CHECK is validated where there
  are none.
- `withdraw_edition` takes the last edition back before it takes effect. Its number is not used again.
- `draft_hands` says who had a hand in a draft; none of these approves it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "3c7e90d5b1f8"
down_revision = "5b7e20c4d9a1"
branch_labels = None
depends_on = None

IN_BOUNDS = (
    "effective_from >= timestamptz '1990-01-01 00:00:00+00' AND "
    "(effective_from AT TIME ZONE 'UTC') <= (published_at AT TIME ZONE 'UTC') + interval '2 years'"
)
VALIDATE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM edition WHERE NOT ({IN_BOUNDS})) THEN
    ALTER TABLE edition VALIDATE CONSTRAINT ck_edition_effective_from;
  END IF;
END $$
"""

NEXT_EDITION = r"""
-- The number of the edition to come. A number that was given to an edition which was withdrawn is not given again.
CREATE OR REPLACE FUNCTION next_edition() RETURNS integer
LANGUAGE sql STABLE
RETURN 1 + greatest((SELECT coalesce(max(number), 0) FROM edition),
                    (SELECT coalesce(max(number), 0) FROM edition_withdrawal));
"""

WITHDRAWN_HERE = r"""
-- Whether an edition is being withdrawn by this transaction; only then may what it wrote be taken back.
CREATE OR REPLACE FUNCTION withdrawn_here(which integer) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM edition_withdrawal w WHERE w.number = which AND w.withdrawn_at = transaction_timestamp());
"""

GUARD_EDITION = r"""
-- Editions and their lineage are added, never changed, and go only with an edition that is withdrawn before it takes
-- effect. Nobody publishes in the name of a time to come, and no number is used twice.
CREATE OR REPLACE FUNCTION guard_edition() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  refused text := TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' refused';
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'edition' THEN
    refused := CASE WHEN withdrawn_here(OLD.number) THEN NULL ELSE refused END;
  ELSIF TG_OP = 'DELETE' THEN
    refused := CASE WHEN withdrawn_here(OLD.edition) THEN NULL ELSE refused END;
  ELSIF TG_OP = 'INSERT' THEN
    refused := CASE
      WHEN NEW.published_at > clock_timestamp() THEN 'edition ' || NEW.number || ' is published in the future'
      WHEN EXISTS (SELECT FROM edition_withdrawal w WHERE w.number >= NEW.number)
        THEN 'edition ' || NEW.number || ': the number was used before' END;
  END IF;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION '%', refused USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END;
$$;
"""

GUARD_WITHDRAWAL = r"""
-- Only the last edition can be withdrawn, and only before it takes effect; what is noted of it is what it said.
CREATE OR REPLACE FUNCTION guard_withdrawal() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  e edition;
  refused text;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    RAISE EXCEPTION 'edition_withdrawal is append-only: % refused', TG_OP
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  SELECT * INTO e FROM edition WHERE number = NEW.number;
  refused := CASE
    WHEN e.number IS NULL THEN 'there is none'
    WHEN EXISTS (SELECT FROM edition l WHERE l.number > e.number) THEN 'a later one stands on it'
    WHEN e.effective_from <= clock_timestamp() THEN 'it is in force'
    WHEN EXISTS (SELECT FROM settlement s WHERE s.edition = e.number) THEN 'owners have followed it'
    WHEN (e.effective_from, e.published_at, e.author, e.reviewer, e.note, e.content_hash, e.grids)
         IS DISTINCT FROM (NEW.effective_from, NEW.published_at, NEW.author, NEW.reviewer, NEW.note,
                           NEW.content_hash, NEW.grids) THEN 'it says something else' END;
  IF refused IS NOT NULL THEN
    RAISE EXCEPTION 'edition % cannot be withdrawn: %', NEW.number, refused
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  NEW.withdrawn_at := transaction_timestamp();
  RETURN NEW;
END;
$$;
"""

WITHDRAWAL_WHOLE = r"""
-- At the end of a transaction that withdraws an edition: nothing of it is left, and it has not taken effect meanwhile.
CREATE OR REPLACE FUNCTION withdrawal_whole() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF NEW.effective_from <= clock_timestamp()
     OR EXISTS (SELECT FROM edition e WHERE e.number = NEW.number)
     OR EXISTS (SELECT FROM unit_version u WHERE lower(u.editions) = NEW.number OR upper(u.editions) = NEW.number) THEN
    RAISE EXCEPTION 'edition % has taken effect, or something of it is left: it is not withdrawn', NEW.number
      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END;
$$;
"""

DRAFT_HANDS = r"""
-- Keys of everybody who had a hand in a draft: made it, drew, took back, did again, put in a file, put it on another
-- edition. Steps on its way (submitted, reviewed, published, withdrawn, given up) shape nothing; nor does publishing,
-- which puts a draft on the newest edition by itself, in the same transaction.
CREATE OR REPLACE FUNCTION draft_hands(which bigint) RETURNS SETOF text
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
"""

GUARD_DRAFT = r"""
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
    IF OLD.state IN ('published', 'discarded') AND NEW.scope_path = OLD.scope_path AND NOT withdrawn_here(OLD.base) THEN
      refused := 'the draft is ' || OLD.state;
    END IF;
  ELSIF (OLD.state, NEW.state) NOT IN (('open', 'submitted'), ('submitted', 'open'), ('submitted', 'approved'),
         ('approved', 'open'), ('approved', 'published'), ('open', 'discarded'), ('submitted', 'discarded'),
         ('approved', 'discarded'), ('published', 'approved')) THEN
    refused := 'no way from ' || OLD.state || ' to ' || NEW.state;
  ELSIF OLD.state = 'published' THEN
    IF NEW.edition IS NOT NULL OR NEW.reviewer_key IS DISTINCT FROM OLD.reviewer_key
       OR NOT withdrawn_here(OLD.edition) THEN
      refused := 'the draft is published, and its edition is not withdrawn';
    END IF;
  ELSIF NEW.state = 'approved' AND (coalesce(NEW.reviewer_key, '') = '' OR NEW.reviewer_key = NEW.author_key
         OR NEW.reviewer_key IN (SELECT draft_hands(NEW.id))) THEN
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
"""

GUARD_NEW_VERSION = r"""
-- The service adds versions to the edition that comes next, never to one that is published, and lineage to the edition
-- of its own transaction; the edition itself must be there when the transaction ends (publication_whole).
CREATE OR REPLACE FUNCTION guard_new_version() RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  next_number integer;
BEGIN
  IF TG_TABLE_NAME = 'lineage' THEN
    IF NOT EXISTS (SELECT FROM edition e WHERE e.number = NEW.edition AND e.published_at = transaction_timestamp()) THEN
      RAISE EXCEPTION 'edition % is not being published here', NEW.edition
        USING ERRCODE = 'restrict_violation', TABLE = 'lineage';
    END IF;
    RETURN NEW;
  END IF;
  next_number := next_edition();
  IF lower(NEW.editions) IS DISTINCT FROM next_number OR NOT upper_inf(NEW.editions) THEN
    RAISE EXCEPTION 'unit_version %: only versions from edition % on may be added', NEW.code, next_number
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  RETURN NEW;
END;
$$;
"""

GUARD_UNIT_VERSION = r"""
-- A published version is read-only. The one change allowed is to close it: its last edition becomes known. When an
-- edition is withdrawn before it takes effect, the versions it began go, and those it closed are open again.
CREATE OR REPLACE FUNCTION guard_unit_version() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF withdrawn_here(lower(OLD.editions)) THEN
      RETURN OLD;
    END IF;
    RAISE EXCEPTION 'unit_version % (%) is published: DELETE refused', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  IF lower(NEW.editions) <> lower(OLD.editions)
     OR NOT (CASE WHEN upper_inf(OLD.editions)
                  THEN NOT upper_inf(NEW.editions) AND upper(NEW.editions) >= next_edition()
                  ELSE upper_inf(NEW.editions) AND withdrawn_here(upper(OLD.editions)) END)
     OR (NEW.id, NEW.level, NEW.code, NEW.code_scheme, NEW.name, NEW.kind, NEW.parent_code, NEW.district_code,
         NEW.path, NEW.area_m2, NEW.attributes)
        IS DISTINCT FROM
        (OLD.id, OLD.level, OLD.code, OLD.code_scheme, OLD.name, OLD.kind, OLD.parent_code, OLD.district_code,
         OLD.path, OLD.area_m2, OLD.attributes)
     OR ST_AsBinary(NEW.geom) <> ST_AsBinary(OLD.geom) THEN
    RAISE EXCEPTION 'unit_version % (%) is published: only closing it is allowed', OLD.id, OLD.code
      USING ERRCODE = 'restrict_violation', TABLE = 'unit_version';
  END IF;
  RETURN NEW;
END;
$$;
"""

TELL_EDITION = r"""
-- Every worker hears of an edition that came, or that was withdrawn, when the transaction commits.
CREATE OR REPLACE FUNCTION tell_edition() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_notify('wangge_edition', coalesce(NEW.number, OLD.number)::text);
  RETURN NULL;
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
              'changed', (SELECT coalesce(jsonb_agg(o.code ORDER BY o.code), '[]') FROM opened o
                           WHERE o.code IN (SELECT c.code FROM closed c)),
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
  DELETE FROM edition WHERE number = which;
END;
$$;
"""


def upgrade() -> None:
    """Add the bounds, the table of withdrawn editions, and the guards."""
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(f"ALTER TABLE edition ADD CONSTRAINT ck_edition_effective_from CHECK ({IN_BOUNDS}) NOT VALID")
    op.execute(VALIDATE)
    op.create_table(
        "edition_withdrawal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("grids", sa.Integer(), nullable=False),
        sa.Column("effect", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("draft_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "withdrawn_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("withdrawn_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_edition_withdrawal")),
    )
    for function in (
        NEXT_EDITION,
        WITHDRAWN_HERE,
        GUARD_EDITION,
        GUARD_WITHDRAWAL,
        WITHDRAWAL_WHOLE,
        DRAFT_HANDS,
        GUARD_DRAFT,
        GUARD_NEW_VERSION,
        GUARD_UNIT_VERSION,
        TELL_EDITION,
        WITHDRAW_EDITION,
    ):
        op.execute(function)
    guards()
    grants()


def guards() -> None:
    """What keeps the rules."""
    for table in ("edition", "lineage"):
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION guard_edition()"
        )
    op.execute(
        "CREATE TRIGGER edition_next BEFORE INSERT ON edition FOR EACH ROW EXECUTE FUNCTION guard_edition()"
    )
    op.execute("DROP TRIGGER edition_told ON edition")
    op.execute(
        "CREATE TRIGGER edition_told AFTER INSERT OR DELETE ON edition FOR EACH ROW EXECUTE FUNCTION tell_edition()"
    )
    op.execute(
        "CREATE TRIGGER edition_withdrawal_guard BEFORE INSERT OR UPDATE OR DELETE ON edition_withdrawal "
        "FOR EACH ROW EXECUTE FUNCTION guard_withdrawal()"
    )
    op.execute(
        "CREATE TRIGGER edition_withdrawal_no_truncate BEFORE TRUNCATE ON edition_withdrawal "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER edition_withdrawal_whole AFTER INSERT ON edition_withdrawal "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION withdrawal_whole()"
    )


def grants() -> None:
    """The service reads what was withdrawn, and withdraws by the function alone."""
    op.execute("GRANT SELECT ON edition_withdrawal TO wangge_service")
    op.execute("REVOKE ALL ON FUNCTION withdraw_edition(integer, text, text, text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION withdraw_edition(integer, text, text, text) TO wangge_service")


def downgrade() -> None:
    """There is no way back; a backup is."""
    raise NotImplementedError("restore a backup instead")
