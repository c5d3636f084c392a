"""Loading a demo district: grids published, components, incidents and teams stored, all in the caller's transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta

import numpy as np
import shapely
from sqlalchemy.orm import Session

from app.boundaries import repository as boundary_rows
from app.boundaries.assignment import index_in_force
from app.boundaries.row_conflicts import NATIONAL_SCHEME
from app.boundaries.unit_tree import CoverageInput
from app.components import storage as component_storage
from app.db.copy import analyze
from app.demo import repository
from app.demo.plan import DemoPlan, component_classes, incident_classes, read_outline
from app.demo.row_loader import store_components, store_incidents, store_people
from app.imports import service as jobs
from app.imports.models import ImportJob
from app.imports.service import ImportReport, OnConflict, SourceFile
from app.incidents import storage as incident_storage
from app.publishing.reassignment import publish
from gis.synthetic import (
    SyntheticDistrict,
    build_components,
    build_counts,
    build_district,
    build_incidents,
    build_people,
)

UNIT_SCHEME = NATIONAL_SCHEME
NOTE = "演示数据：社区和网格均为合成，仅区界轮廓和镇街名称、编码取自公开来源 (synthetic demo)"

# Told of each step: Chinese, English, how many rows it has (None: unknown). Gives what to call as rows are done.
Begin = Callable[[str, str, int | None], Callable[[int], object]]

_RECENT = timedelta(days=90)


@dataclass
class DemoReport:
    """What a load brought; ``unchanged`` when the very same was there already."""

    district: str
    name: str
    scale: str
    seed: int
    unchanged: bool = False
    edition: int | None = None
    streets: int = 0
    communities: int = 0
    grids: int = 0
    components: int = 0
    incidents: int = 0
    members: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def silent(_zh: str, _en: str, _total: int | None) -> Callable[[int], object]:
    """A listener that says nothing."""
    return lambda _: None


def is_empty(session: Session) -> bool:
    """Whether the database holds no boundaries, components or incidents yet."""
    return not repository.anything_stored(session)


def load(session: Session, plan: DemoPlan, *, actor: str, begin: Begin = silent) -> DemoReport:
    """Load a demo district. The same load again changes nothing; another scale or seed takes the place of the old.

    Grids are published as an edition only if they differ from what is in force. Of an earlier demo of the district
    components and teams are replaced; its incidents are written over, and those left over voided, never deleted.
    """
    report = DemoReport(plan.spec.code, plan.spec.name, str(plan.scale), plan.seed)
    earlier = repository.loads_of(session, plan.spec.code)
    if earlier and earlier[-1].file_sha256 == plan.fingerprint:
        known = dict(earlier[-1].report.get("demo", {}))
        return DemoReport(**{**asdict(report), **known, "unchanged": True, "seconds": {}})
    source = SourceFile(
        name=plan.file_name,
        sha256=plan.fingerprint,
        crs="EPSG:4326",
        options={
            "seed": plan.seed,
            "scale": str(plan.scale),
            "until": plan.until.isoformat(),
            "synthetic": True,
        },
    )
    job = jobs.begin(session, "demo", source, again=OnConflict.REPLACE, actor=actor)
    clock = _Clock(report)

    begin("生成网格", "inventing grids", None)
    district = build_district(read_outline(plan.spec.code), plan.spec, seed=plan.seed)
    report.grids = len(district.grids)
    report.communities = int(district.grids["community_code"].nunique())
    report.streets = int(district.grids["street_code"].nunique())
    clock.lap("district")

    begin("发布网格", "publishing grids", None)
    _publish(session, plan, district, actor=actor)
    loaded = index_in_force(session)
    report.edition = loaded.number
    clock.lap("grids")

    people = build_people(district, seed=plan.seed)
    counts = build_counts(district, seed=plan.seed)
    report.members = store_people(session, people, counts, loaded, district=plan.spec.code, until=plan.until)
    clock.lap("people")

    amount = plan.amount
    advance = begin("部件", "components", amount.components)
    if earlier:
        component_storage.remove_of_imports(session, [load.id for load in earlier])
    components = build_components(
        district, component_classes(), count=amount.components, seed=plan.seed, until=plan.until.date()
    )
    report.components = store_components(session, components, loaded, import_id=job.id, advance=advance)
    clock.lap("components")

    advance = begin("事件", "incidents", amount.incidents)
    incidents = build_incidents(
        district,
        components,
        incident_classes(),
        count=amount.incidents,
        until=plan.until,
        years=amount.years,
        seed=plan.seed,
    )
    report.incidents = store_incidents(
        session,
        incidents,
        loaded,
        import_id=job.id,
        district=plan.spec.code,
        earlier=max((load.report.get("demo", {}).get("incidents", 0) for load in earlier), default=0),
        advance=advance,
    )
    begin("事件日志", "logs of incidents", None)
    incident_storage.log_histories(session, import_id=job.id, actor="demo", recent_from=plan.until - _RECENT)
    if earlier:
        incident_storage.void_of_imports(session, [load.id for load in earlier], actor=actor)
    clock.lap("incidents")
    analyze(session, "component", "component_share", "incident", "incident_log", "officer", "team_member")
    _finish(session, job, report)
    return report


def _publish(session: Session, plan: DemoPlan, district: SyntheticDistrict, *, actor: str) -> None:
    newest = boundary_rows.latest(session)
    if newest is not None and _same_grids(session, newest.number, district):
        return
    # The first edition reaches back as far as the incidents, so that past places have owners too.
    back = plan.until.replace(year=plan.until.year - 7, month=1, day=1, hour=0) if newest is None else None
    given = CoverageInput(
        district_code=plan.spec.code,
        district_name=plan.spec.name,
        grids=district.grids,
        code_scheme=UNIT_SCHEME,
        synthetic=True,
    )
    publish(session, given, author=actor, note=NOTE, effective_from=back)


def _same_grids(session: Session, edition: int, district: SyntheticDistrict) -> bool:
    stored = boundary_rows.units_in(session, edition, level="grid", district=district.spec.code)
    if len(stored) != len(district.grids):
        return False
    stored = stored.sort_values("code", kind="stable")
    if stored["code"].tolist() != district.grids["code"].tolist():
        return False
    ours = shapely.normalize(district.grids.geometry.to_numpy())
    theirs = shapely.normalize(stored["geometry"].to_numpy())
    # Stored areas are multi-polygons throughout: compare them part by part.
    return bool(np.all(shapely.equals(ours, theirs)))


def _finish(session: Session, job: ImportJob, report: DemoReport) -> None:
    rows = report.components + report.incidents
    done = ImportReport(import_id=job.id, rows=rows, stored=rows, edition=report.edition)
    jobs.finish(session, job, done)
    said = asdict(report)
    job.report = {
        **job.report,
        "demo": {name: said[name] for name in said if name not in ("seconds", "unchanged")},
    }
    session.flush()


class _Clock:
    """Seconds of each step, for the report."""

    def __init__(self, report: DemoReport) -> None:
        self._report, self._since = report, time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self._report.seconds[step] = round(now - self._since, 2)
        self._since = now
