"""Invariant 8: people are counted and never plotted; texts of incidents stay with those who act on them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.components import catalog as component_catalog
from app.db.session import RowScope
from app.incidents import catalog as incident_catalog
from app.verify import privacy_repository, repository
from app.verify.outcome import Findings, Outcome
from gis.text import Text

_STREETS_LOOKED_THROUGH = 3
_NAME = Text("只计数不上图", "People are counted, never plotted")


def people_counted(session: Session, edition: int) -> Outcome:
    """No table of people has a place, small numbers of sensitive kinds and classes are not told, nor texts to others."""
    found = Findings()
    extra = sorted(
        f"{table}.{column}" for table, column in repository.placed_columns(session) - repository.DRAWN
    )
    found.some(extra, "不该有位置的列", "places where none may be")
    found.some(
        privacy_repository.small_people_shown(session),
        "公开了不足三人或细到网格的敏感计数",
        "sensitive counts below three, or of a grid, are told",
    )
    found.some(
        privacy_repository.small_incidents_shown(session),
        "公开了不足三件或细于社区与季度的敏感事件数",
        "sensitive incidents are told below three, or finer than community and quarter",
    )
    _check_catalogues(session, found)
    found.some(
        privacy_repository.readable_texts(session),
        "服务可直接读取的文字列",
        "columns of text that the service reads by itself",
    )
    found.some(
        privacy_repository.layers_on_people(session),
        "取自事件或人员的直连图层",
        "layers for direct connections that are made of incidents or people",
    )
    paths = repository.first_street_paths(session, edition, limit=_STREETS_LOOKED_THROUGH)
    for path in paths:
        _look_as_viewer(session, path, found)
    counts = repository.seen(session, "population_count")
    looked = Text(
        f"{counts} 个计数，全部几何列，文字列与敏感类别，以 {len(paths)} 个镇街查看者的视野试看",
        f"{counts} counts, every geometry column, texts and sensitive classes through the eyes of viewers of "
        f"{len(paths)} streets",
    )
    return found.outcome(8, _NAME, looked)


def _check_catalogues(session: Session, found: Findings) -> None:
    for table, rows in (
        ("incident_class", incident_catalog.read_catalog()),
        ("component_class", component_catalog.read_catalog()),
    ):
        wanted = [row["code"] for row in rows if row["sensitive"] == "yes"]
        found.some(
            privacy_repository.not_marked_sensitive(session, table, wanted),
            "未标为敏感的类别",
            "classes that are not marked as sensitive",
        )


def _look_as_viewer(session: Session, path: str, found: Findings) -> None:
    """Through the eyes of one who sees a street and acts nowhere: no text, nothing sensitive, no sum that tells it."""
    ids = privacy_repository.some_incidents(session, path)
    off = privacy_repository.counts_with_sensitive(session, path)
    found.add_if(
        off, f"{path} 的公开计数含敏感类别", f"the public counts of {path} include sensitive classes"
    )
    with repository.eyes_of_service(session, RowScope((path,), "verify")):
        texts = privacy_repository.texts_shown(session, ids)
        rows = privacy_repository.sensitive_rows_shown(session)
    found.some(texts, f"{path} 的查看者能读到文字", f"a viewer of {path} reads texts, by")
    found.some(rows, f"{path} 的查看者能看到敏感类别", f"a viewer of {path} sees rows of sensitive classes")
