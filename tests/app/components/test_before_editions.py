"""Rows written before anything is published wait without an owner, and get one with the first edition."""

from sqlalchemy import text

from tests.fixtures.towns import CODES, publish_town


def put(session, code: str, wkt: str, class_code: str) -> None:
    session.execute(
        text(
            "INSERT INTO component (code, code_scheme, class_code, geom)"
            " VALUES (:code, 'own', :class, ST_GeomFromText(:wkt, 4326))"
        ),
        {"code": code, "class": class_code, "wkt": wkt},
    )


def owner(session, code: str) -> tuple:
    query = "SELECT grid_code, grid_path::text, paths::text, outside_share FROM component WHERE code = :code"
    return tuple(session.execute(text(query), {"code": code}).one())


def test_first_edition_finds_them(session):
    put(session, "early", "POINT(120.055 35.885)", "0101")
    put(session, "early-line", "LINESTRING(120.055 35.885, 120.057 35.885)", "2102")
    put(session, "far", "POINT(1 1)", "0101")
    nobody = (None, "outside", "{outside}", 1)
    assert [owner(session, code) for code in ("early", "early-line", "far")] == [nobody] * 3
    publication = publish_town(session)
    assert publication.components_reassigned == 2
    path = "370299.370299001.370299001001.370299001001001"
    assert [owner(session, code) for code in ("early", "early-line")] == [
        (CODES[0], path, f"{{{path}}}", 0)
    ] * 2
    assert owner(session, "far") == nobody
