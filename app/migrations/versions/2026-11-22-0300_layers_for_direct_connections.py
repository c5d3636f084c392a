"""Read-only layers for those who connect to the database themselves: QGIS, GDAL, an ETL job.

Revision: c4d81e60b7f2, after 5b0c9e47a1d6, 2026-11-22. The text of the views is frozen here.

The schema `layers` has one view for each level as it is in force now, and one for every version of a grid with the
instants between which it was in force. They are joins, which PostgreSQL does not update through: boundaries change
by drafts only. The role `wangge_reader` may read them and nothing else.
"""

from alembic import op

revision = "c4d81e60b7f2"
down_revision = "5b0c9e47a1d6"
branch_labels = None
depends_on = None

READER = r"""
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_reader') THEN
    CREATE ROLE wangge_reader NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  -- Not needed by wangge itself: an administrator may create and grant it later.
  RAISE NOTICE 'the role wangge_reader was not created: % may not create roles', current_user;
WHEN duplicate_object THEN
  NULL;
END $$
"""

LEVELS = {
    "grid": "网格 (the edition in force)",
    "community": "社区/村 (the edition in force)",
    "street": "镇街 (the edition in force)",
    "district": "区 (the edition in force)",
}

# Not by the function edition_at: it would run with the rights of the reader, who has none on `edition`.
LAYER = r"""
CREATE VIEW layers.{level} AS
SELECT u.code, u.name,{kind} u.parent_code, u.district_code, u.area_m2, e.number AS edition,
       e.effective_from AS edition_from, u.geom
FROM public.edition e
JOIN public.unit_version u ON u.editions @> e.number
WHERE e.number = (SELECT number FROM public.edition WHERE effective_from <= now()
                  ORDER BY effective_from DESC, number DESC LIMIT 1)
  AND u.level = '{level}'
"""

HISTORY = r"""
CREATE VIEW layers.grid_history AS
SELECT u.id, u.code, u.name, u.kind, u.parent_code, u.district_code, u.area_m2,
       lower(u.editions) AS from_edition, upper(u.editions) - 1 AS to_edition,
       first.effective_from AS in_force_from, next.effective_from AS in_force_to, u.geom
FROM public.unit_version u
JOIN public.edition first ON first.number = lower(u.editions)
LEFT JOIN public.edition next ON next.number = upper(u.editions)
WHERE u.level = 'grid'
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '10s'")
    op.execute(READER)
    op.execute("CREATE SCHEMA layers")
    op.execute("COMMENT ON SCHEMA layers IS 'Read-only layers for QGIS, GDAL and other direct connections'")
    for level, comment in LEVELS.items():
        op.execute(LAYER.format(level=level, kind=" u.kind," if level == "grid" else ""))
        op.execute(f"COMMENT ON VIEW layers.{level} IS '{comment}'")
    op.execute(HISTORY)
    op.execute("COMMENT ON VIEW layers.grid_history IS '网格沿革: every version, in force from and to'")
    op.execute("""
        DO $$
        BEGIN
          IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wangge_reader') THEN
            GRANT USAGE ON SCHEMA layers TO wangge_reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA layers TO wangge_reader;
          END IF;
        END $$
    """)

