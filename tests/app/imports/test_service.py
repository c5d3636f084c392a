"""Imports as rows: the same file is recognised by its content, a refusal is remembered, two at once are one."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.imports import repository, service
from app.imports.service import ImportReport, OnConflict, SourceFile
from tests.fixtures.database import CommittingDatabase

LAMPS = SourceFile("路灯.csv", "a" * 64, "EPSG:4326", {"encoding": "gbk"})


def begin(
    session: Session,
    source: SourceFile = LAMPS,
    *,
    kind: str = "components",
    again: OnConflict = OnConflict.REFUSE,
):
    return service.begin(session, kind, source, again=again, actor="cli:li")


def store(session: Session, **done: int):
    job = begin(session)
    service.finish(session, job, ImportReport(job.id, **done))
    return job


def test_what_an_import_did_is_kept(session: Session) -> None:
    job = begin(session)
    assert (job.state, job.created_by, job.source_crs, job.options) == (
        "running",
        "cli:li",
        "EPSG:4326",
        {"encoding": "gbk"},
    )
    report = ImportReport(job.id, rows=10, stored=6, updated=1, rejected=3, ownerless=2, edition=4)
    report.note("三行有误", "three rows are wrong")
    service.finish(session, job, report)
    (kept,) = repository.newest(session, limit=1)
    assert (kept.state, kept.rows_total, kept.rows_done, kept.rows_rejected, kept.rows_ownerless) == (
        "done",
        10,
        7,
        3,
        2,
    )
    assert kept.edition == 4
    assert kept.report["notes"] == [{"zh": "三行有误", "en": "three rows are wrong"}]
    assert kept.finished_at is not None
    assert kept.finished_at.utcoffset() is not None


def test_a_file_that_was_stored_is_recognised_by_its_content(session: Session) -> None:
    earlier = store(session, rows=5, stored=5)
    renamed = SourceFile("另一个名字.csv", LAMPS.sha256, "EPSG:4326")
    with pytest.raises(Conflict) as refused:
        begin(session, renamed)
    assert refused.value.code == "imported-before"
    for said in (refused.value.detail.zh, refused.value.detail.en):
        assert str(earlier.id) in said
        assert "5" in said
        assert "--replace" in said
    # Another kind, another content, and whoever says what to do with it are taken.
    assert begin(session, LAMPS, kind="incidents").id > earlier.id
    assert begin(session, SourceFile(LAMPS.name, "b" * 64, "EPSG:4326")).id > earlier.id
    for again in (OnConflict.UPDATE, OnConflict.REPLACE):
        assert begin(session, again=again).id > earlier.id


def test_what_is_under_way_or_was_refused_does_not_count_as_stored(session: Session) -> None:
    begin(session)
    service.record_refusal(session, "components", LAMPS, "第 3 行有误", actor="cli:li")
    (refused,) = repository.newest(session, limit=1)
    assert (refused.state, refused.report) == ("refused", {"reason": "第 3 行有误"})
    assert repository.done_with_file(session, "components", LAMPS.sha256) is None
    assert begin(session).state == "running"


def test_earlier_imports_of_a_file_by_content_or_by_name(session: Session) -> None:
    first = store(session, rows=1, stored=1)
    found = repository.of_source(session, "components", "x.csv", LAMPS.sha256)
    assert list(found) == [first.id]
    assert list(repository.of_source(session, "components", LAMPS.name, "c" * 64)) == [first.id]
    assert list(repository.of_source(session, "components", "x.csv", "c" * 64)) == []
    assert list(repository.of_source(session, "incidents", LAMPS.name, LAMPS.sha256)) == []


def test_one_file_is_imported_by_one_process_at_a_time(committing_db: CommittingDatabase) -> None:
    with Session(committing_db.owner_engine) as one, Session(committing_db.owner_engine) as other:
        begin(one)
        with pytest.raises(Conflict) as refused:
            begin(other, again=OnConflict.REPLACE)
        assert refused.value.code == "import-under-way"
        other.rollback()
        assert begin(other, SourceFile("b.csv", "b" * 64, "EPSG:4326")).id
        other.rollback()
        one.rollback()
        assert begin(other).id, "the file is free again when the other ends, however it ends"
        other.rollback()
