"""A file of edited grids over HTTP."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Query, Request
from shapely.geometry.base import BaseGeometry
from starlette.responses import Response

from app.auth.authentication import engine_of
from app.auth.dependencies import CurrentPrincipal, in_database, row_scope_of
from app.auth.policy import allow
from app.auth.principal import Principal
from app.auth.routing import Router, Upload
from app.boundaries import excluded_repository
from app.boundaries.missing_grids import Missing
from app.db.session import RowScope, read_session, write_session
from app.drafts import responses, upload
from app.drafts.response_schemas import FileResult
from app.drafts.schemas import DraftId
from app.drafts.service import Step
from app.drafts.upload import FileColumns, Ground, Reading
from app.files.reader import FileReader
from app.files.receiving import FileLanes, refuse_body
from app.kit.etag import Seen
from app.kit.language import language_of
from gis.io import LayerData
from gis.io.formats import describe_formats
from gis.sandbox import Cancellation
from gis.sandbox.replacement import Step as FileStep

_OWN = "one of this name is taken when it is there."

router = Router(route_class=Upload, prefix="/v1/drafts", tags=["drafts"], dependencies=[allow("gis-editor")])


@router.put(
    "/{draft_id}/file",
    response_model=FileResult,
    responses={
        404: {},
        408: {"description": "The file did not arrive in time."},
        409: {"description": "The file changes nothing, or the draft is not open."},
        412: {},
        413: {"description": "More bytes, rows, vertices, memory or seconds than the settings allow."},
        415: {},
        422: {"description": "The file is refused, with its defects and rows."},
        428: {},
        503: {"description": "Too many files are being received; carries Retry-After."},
        507: {"description": "No room on the server's disk."},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": f"A file of boundaries: {describe_formats('en')}.",
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}}
                for kind in (
                    "application/geopackage+sqlite3",
                    "application/zip",
                    "application/geo+json",
                    "application/octet-stream",
                )
            },
        }
    },
)
async def replace_draft_from_file(
    request: Request,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: DraftId,
    code: Annotated[str, Query(max_length=200, description="The column with the codes.")] = "code",
    name: Annotated[
        str | None, Query(max_length=200, description=f"The column with the names; {_OWN}", examples=["name"])
    ] = None,
    community: Annotated[
        str | None,
        Query(
            max_length=200,
            description=f"The column with the communities' codes; {_OWN}",
            examples=["community"],
        ),
    ] = None,
    kind: Annotated[
        str | None,
        Query(
            max_length=200, description=f"The column that says base or dedicated; {_OWN}", examples=["kind"]
        ),
    ] = None,
    layer: Annotated[
        str | None,
        Query(
            max_length=200,
            description="The layer of a file with several: also the folder of a KML, the layer of a drawing (`*` for "
            "all of them together), the sheet of a workbook.",
            examples=["grids"],
        ),
    ] = None,
    crs: Annotated[
        str | None,
        Query(
            max_length=40,
            description="CRS of the coordinates, where the file does not say it.",
            examples=["EPSG:4549"],
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        Query(
            max_length=40,
            description="Of the text, where the file does not say it: GBK, Big5, ANSI 1252…",
            examples=["GBK"],
        ),
    ] = None,
    tolerance_m: Annotated[
        float, Query(ge=0, le=50, description="Mend gaps and overlaps up to this width.")
    ] = 0.0,
    make_valid: Annotated[
        bool, Query(description="Make shapes valid that cross themselves; the answer says what changed.")
    ] = False,
    missing: Annotated[
        Literal["retire", "keep", "remove"] | None,
        Query(
            description="What is meant by grids that the file does not have: they end (`retire`, also `remove`) or stay "
            "(`keep`). Needed when they are more than a tenth; without it they end."
        ),
    ] = None,
    accept_gaps: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=200,
            pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$",
            description="Why gaps of the file belong to no grid; each becomes excluded land for this reason.",
            examples=["水库"],
        ),
    ] = None,
) -> Response:
    """Take over the grids of a file, as operations of a draft.

    What differs by code becomes one operation for the borders, and one for each name, community or kind that changes.
    """
    # The file is received, read and compared without a connection to the database: each of these can take minutes.
    reading = Reading(
        FileColumns(code, name, community, kind),
        layer=layer,
        crs=crs,
        encoding=encoding,
        tolerance_m=tolerance_m,
        make_valid=make_valid,
        missing=None if missing is None else Missing.KEEP if missing == "keep" else Missing.RETIRE,
        accept_gaps=accept_gaps.strip() if accept_gaps else None,
    )
    files: FileReader = request.app.state.files
    lanes: FileLanes = request.app.state.file_lanes
    refuse_body(request, lanes.largest)
    scope = await row_scope_of(request)
    await in_database(request, _refuse_unless_open, request, scope, draft_id, seen)
    async with lanes.receive(request, files.folder, sender=by.identity) as path:
        data = await lanes.read(request, partial(_read, files, path, reading))
        ground = await in_database(request, _load_ground, request, scope, draft_id, seen)
        gaps = await lanes.read(request, partial(_gaps, ground, data, reading))
        numbers = await in_database(request, _numbers, request, scope, len(gaps)) if gaps else []
        found = await lanes.read(request, partial(_compare, files, ground, data, reading, gaps, numbers))
    return await in_database(request, _store, request, scope, by, ground, found, data, seen)


def _refuse_unless_open(request: Request, scope: RowScope, draft_id: int, seen: frozenset[str]) -> None:
    with read_session(engine_of(request), scope) as session:
        upload.refuse_unless_open(session, draft_id, seen)


def _read(files: FileReader, path: Path, reading: Reading, cancellation: Cancellation) -> LayerData:
    return files.read_layer(
        path, layer=reading.layer, crs=reading.crs, encoding=reading.encoding, cancellation=cancellation
    )


def _load_ground(request: Request, scope: RowScope, draft_id: int, seen: frozenset[str]) -> Ground:
    with read_session(engine_of(request), scope) as session:
        return upload.load_ground(session, draft_id, seen)


def _gaps(
    ground: Ground, data: LayerData, reading: Reading, _cancellation: Cancellation
) -> list[BaseGeometry]:
    return upload.gaps_of(ground, data, reading)


def _numbers(request: Request, scope: RowScope, count: int) -> list[int]:
    with write_session(engine_of(request), scope) as session:
        return [excluded_repository.next_number(session) for _ in range(count)]


def _compare(
    files: FileReader,
    ground: Ground,
    data: LayerData,
    reading: Reading,
    gaps: list[BaseGeometry],
    numbers: list[int],
    cancellation: Cancellation,
) -> list[FileStep]:
    """Hold the file against the draft, in the sandbox as well; what it leaves out is declared first."""
    ground, declared = upload.exclude_gaps(ground, gaps, numbers, reading)
    replacement = upload.replacement_of(ground, data, reading)
    found = files.compute_replacement(replacement, cancellation=cancellation)
    upload.refuse_unsaid_missing(ground, replacement, reading)
    return [*declared, *found]


def _store(
    request: Request,
    scope: RowScope,
    by: Principal,
    ground: Ground,
    found: list[FileStep],
    data: LayerData,
    seen: frozenset[str],
) -> Response:
    with write_session(engine_of(request), scope) as session:
        draft, steps = upload.store_steps(session, by, ground, found, data, seen=seen)
        return responses.step_answer(
            session,
            draft,
            upload.together(steps),
            steps=[_summary(step) for step in steps],
            notes=[note.in_(language_of(request)) for note in data.notes],
            hierarchy=upload.hierarchy_of(ground, found),
            warnings=[warning.as_dict() for step in found for warning in step.warnings],
        )


def _summary(step: Step) -> dict[str, object]:
    """One operation that a file became; shapes can be asked for at …/operations."""
    fields = {key: value for key, value in step.operation.items() if key != "grids"}
    return {
        **fields,
        "created": step.created,
        "changed": step.changed,
        "retired": step.retired,
        "noded": step.noded,
    }
