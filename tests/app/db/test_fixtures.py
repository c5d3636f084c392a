"""The ground the other tests stand on: rolled back, separated, and really PostGIS."""

from sqlalchemy import text

from tests.fixtures.database import as_service


def test_postgis_answers(session):
    assert session.scalar(text("SELECT ST_Area(ST_MakeEnvelope(0, 0, 2, 3))")) == 6


def test_session_is_rolled_back_even_after_commit(session, owner_engine):
    session.execute(text("CREATE TABLE left_over (n int)"))
    session.commit()
    with owner_engine.connect() as other:
        assert other.scalar(text("SELECT to_regclass('left_over')")) is None


def test_service_role_cannot_bypass(session, service_session):
    query = text("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    assert tuple(service_session.execute(query).one()) == ("wangge_service", False)
    with as_service(session):
        assert tuple(session.execute(query).one()) == ("wangge_service", False)
    assert session.scalar(text("SELECT current_user")) == "wangge_owner"


def test_committing_database_is_its_own(committing_db, owner_engine):
    with committing_db.owner_engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (n int)"))
    with owner_engine.connect() as other:
        assert other.scalar(text("SELECT to_regclass('mine')")) is None
    assert committing_db.settings.database_url.get_secret_value() == committing_db.database.owner_url
