"""What an import of boundaries is to publish: the district, the levels that are kept, and the grids the file lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
from sqlalchemy.orm import Session

from app.boundaries import excluded_repository, repository
from app.boundaries.districts import District, choose_district
from app.boundaries.excluded_land import as_land
from app.boundaries.hierarchy_changes import same_land
from app.boundaries.import_preparation import PreparedGrids
from app.boundaries.inheritance import PublishedUnits, inherit_unstated
from app.boundaries.missing_grids import Missing, refuse_many_missing
from app.boundaries.row_conflicts import LEVEL_ZH, OWN_SCHEME, unfit
from app.boundaries.unit_tree import CoverageInput
from app.errors import Conflict
from app.kit.unit_levels import UPPER
from gis.codes import UnitLevel
from gis.coverage import ExcludedLand
from gis.errors import Refusal
from gis.text import Text

_SHOWN = 5


@dataclass(frozen=True)
class DistrictChoice:
    """What the importer says about the district."""

    code: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class ImportPlan:
    """A coverage to be published and what has to be said about it; ``missing`` are codes the file does not have."""

    coverage: CoverageInput
    district: District
    missing: tuple[str, ...]
    notes: tuple[Text, ...]


def published_parents(session: Session) -> Mapping[str, str]:
    """Code -> code of the unit above, of the newest edition: what `row_conflicts` takes as known."""
    edition = repository.latest(session)
    if edition is None:
        return {}
    rows = repository.names_in(session, edition.number)
    return PublishedUnits.of(pd.DataFrame(rows, columns=["level", "code", "name", "kind", "path"])).parents()


def kept_grids(session: Session, grids: gpd.GeoDataFrame, choice: DistrictChoice) -> gpd.GeoDataFrame | None:
    """The published grids of the district a file is for, to be checked together with it."""
    chosen = choose_district(session, grids, code=choice.code, name=choice.name)
    units = _published(session, chosen.code)
    return PublishedUnits.of(units).as_grids(units) if len(units) else None


def standing_excluded(session: Session, grids: gpd.GeoDataFrame, choice: DistrictChoice) -> ExcludedLand:
    """Land of the district a file is for that was declared to be nobody's."""
    edition = repository.latest(session)
    if edition is None or not excluded_repository.has_excluded(session, edition.number):
        return ExcludedLand()
    try:
        chosen = choose_district(session, grids, code=choice.code, name=choice.name)
    except Refusal:
        # Said by `plan_import`, once the file is known to be clean.
        return ExcludedLand()
    return as_land(excluded_repository.excluded_in(session, edition.number, district=chosen.code))


def plan_import(
    session: Session,
    prepared: PreparedGrids,
    choice: DistrictChoice,
    *,
    file: str,
    code_scheme: str | None = None,
    missing: Missing | None = None,
) -> ImportPlan:
    """Settle what a prepared file is to publish.

    Raises
    ------
    Conflict
        ``several-districts``, ``level-missing``, ``code-unfit``: the importer has to say more.
    Invalid
        ``district-unknown``, ``grids-missing``.
    """
    chosen = choose_district(session, prepared.grids, code=choice.code, name=choice.name)
    notes = []
    if chosen.from_codes:
        notes.append(
            Text(
                f"没有 --district：取网格编码共同的前六位，新的区 {chosen.code}",
                f"no --district: taken from the first six digits of all grid codes, a new district {chosen.code}",
            )
        )
    if chosen.unnamed:
        notes.append(
            Text(
                f"区 {chosen.code} 是新的，没有名称，暂以编码为名；可加 --district-name 名称",
                f"district {chosen.code} is new and has no name: it is called by its code. Name it with --district-name",
            )
        )
    elif not chosen.known and not chosen.from_codes:
        notes.append(
            Text(f"新的区 {chosen.code}（{chosen.name}）", f"a new district, {chosen.code} ({chosen.name})")
        )
    units = _published(session, chosen.code)
    published = PublishedUnits.of(units)
    _refuse_unfit(prepared.grids, chosen.code, published, code_scheme)
    there = sorted(published.codes("grid"))
    named = set(prepared.grids["code"].astype(str)) - set(prepared.kept)
    lacking = [code for code in there if code not in named]
    recoded = same_land(lacking, units, prepared.grids.geometry) if lacking else []
    if missing is None:
        refuse_many_missing(
            lacking,
            len(there),
            file=Text(file, file),
            whole=Text(f"区 {chosen.code} ", f"district {chosen.code}"),
            retire="--retire-missing",
            keep="--keep-missing",
            recoded=len(recoded),
        )
    gone = [code for code in lacking if code not in set(recoded)]
    if gone:
        notes.append(_lacking(gone, file, missing))
    grids, kept_levels = inherit_unstated(prepared.grids, published, district=chosen.code)
    coverage = CoverageInput(
        chosen.code,
        chosen.name,
        grids,
        code_scheme=code_scheme,
        synthetic=None,
        excluded=prepared.excluded,
    )
    return ImportPlan(coverage, chosen, tuple(lacking), (*notes, *kept_levels))


def _published(session: Session, district: str) -> pd.DataFrame:
    edition = repository.latest(session)
    return repository.units_in(session, edition.number, district=district) if edition else pd.DataFrame()


def _lacking(codes: list[str], file: str, missing: Missing | None) -> Text:
    listed = "、".join(codes[:_SHOWN]) + ("…" if len(codes) > _SHOWN else "")
    if missing is Missing.KEEP:
        return Text(
            f"{file} 没有的 {len(codes)} 个现有网格保持原样：{listed}",
            f"{len(codes)} grids that {file} does not have stay as they are: {listed}",
        )
    hint = (
        Text("", "")
        if missing
        else Text("（--keep-missing 可让它们保持原样）", " (--keep-missing leaves them)")
    )
    return Text(
        f"{file} 没有的 {len(codes)} 个现有网格将撤销：{listed}{hint.zh}",
        f"{len(codes)} grids that {file} does not have will end: {listed}{hint.en}",
    )


def _refuse_unfit(
    grids: gpd.GeoDataFrame, district: str, published: PublishedUnits, scheme: str | None
) -> None:
    """Refuse codes of the highest level in the file that are those of another district."""
    level: UnitLevel = next((each for each in UPPER if f"{each}_code" in grids), "grid")
    column = "code" if level == "grid" else f"{level}_code"
    codes = sorted(set(grids[column].dropna().astype(str)) - published.codes(level))
    wrong = [code for code in codes if unfit(code, level, district, "district", scheme)]
    if not wrong or scheme == OWN_SCHEME:
        return
    at = grids.index[grids[column].astype(str) == wrong[0]][0]
    noun = LEVEL_ZH[level]
    raise Conflict(
        f"{len(wrong)} 个{noun}编码与区 {district} 不符，第一个是 {wrong[0]}（网格 {grids['code'].loc[at]}）："
        f"按国家标准应以 {district} 开头。请核对 --district；自编的编码请加 --code-scheme own",
        f"{len(wrong)} {level} codes do not fit district {district}, the first is {wrong[0]} "
        f"(grid {grids['code'].loc[at]}): in the national scheme it begins with {district}. "
        f"Check --district; for codes of your own add --code-scheme own",
        code="code-unfit",
        codes=wrong,
    )
