"""Runs the revisions. The URL comes from the caller (app.db.migrate) or, for developers, from the settings."""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, pool, text
from sqlalchemy.dialects.postgresql.base import ischema_names

from app.db.base import LTREE
from app.models import Base

# So that the drift check compares paths instead of warning that it cannot.
ischema_names["ltree"] = LTREE


def include_object(obj, name, type_, reflected, compare_to):
    """Leave PostGIS's own tables alone."""
    if type_ == "table" and name == "spatial_ref_sys":
        return False
    return alembic_helpers.include_object(obj, name, type_, reflected, compare_to)


def owner_url() -> str:
    """The URL to migrate."""
    url = context.config.attributes.get("url")
    if url is None:
        from app.db.urls import database_urls
        from app.settings import load_settings

        url = database_urls(load_settings()).owner
    return str(url)


engine = create_engine(owner_url(), poolclass=pool.NullPool)
with engine.connect() as connection:
    # A migration that cannot have its lock must fail soon rather than queue everybody behind it.
    connection.execute(text("SET lock_timeout = '10s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        compare_type=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
