"""A file of edited grids over HTTP."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from starlette.responses import Response

from app.auth.authentication import engine_of
from app.auth.dependencies import CurrentPrincipal, in_database, sight_of
from app.auth.policy import allow
from app.auth.principal import Principal
from app.auth.routing import Router, Upload
from app.db.session import Sight, read_session, write_session
from app.drafts import answers, upload
from app.drafts.service import Step
from app.drafts.upload import FileColumns, Ground, Reading
from app.files.errors import over_limit
from app.files.reader import FileReader
from app.files.receiving import FileLanes, refuse_body
from app.kit.etag import Seen
from gis.errors import LimitExceeded
from gis.io import LayerData
from gis.sandbox import Cancellation
from gis.sandbox.replacement import Step as FileStep

router = Router(route_class=Upload, prefix="/v1/drafts", tags=["drafts"], dependencies=[allow("gis-editor")])

_Column = Annotated[str | None, Query(max_length=200)]


@router.put(
    "/{draft_id}/file",
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
async def replace_from_file(
    request: Request,
    by: CurrentPrincipal,
    seen: Seen,
    draft_id: int,
    code: Annotated[str, Query(max_length=200, description="The column with the codes.")] = "code",
    name: _Column = None,
    community: _Column = None,
    kind: _Column = None,
    layer: _Column = None,
    crs: Annotated[str | None, Query(max_length=40, description="What the coordinates are in.")] = None,
    tolerance_m: Annotated[
        float, Query(ge=0, le=50, description="Mend gaps and overlaps up to this width.")
    ] = 0.0,
    missing: Annotated[
        Literal["remove", "keep"], Query(description="What is meant by grids that the file does not have.")
    ] = "remove",
) -> Response:
    """Take over the grids of a file, as the operations that this amounts to.

    The file is received, read and compared without a connection to the database: each of these can take minutes.
    """
    reading = Reading(
        FileColumns(code, name, community, kind),
        layer=layer,
        crs=crs,
        tolerance_m=tolerance_m,
        missing=missing,
    )
    files: FileReader = request.app.state.files
    lanes: FileLanes = request.app.state.file_lanes
    refuse_body(request, lanes.largest)
    sight = await sight_of(request)
    await in_database(request, _refuse_unless_open, request, sight, draft_id, seen)
    async with lanes.receive(request, files.folder, sender=by.identity) as path:
        try:
            data = await lanes.read(request, partial(_read, files, path, reading))
            ground = await in_database(request, _load_ground, request, sight, draft_id, seen)
            found = await lanes.read(request, partial(_compare, files, ground, data, reading))
        except LimitExceeded as error:
            raise over_limit(error) from error
    return await in_database(request, _store, request, sight, by, ground, found, data, seen)


def _refuse_unless_open(request: Request, sight: Sight, draft_id: int, seen: frozenset[str]) -> None:
    with read_session(engine_of(request), sight) as session:
        upload.refuse_unless_open(session, draft_id, seen)


def _read(files: FileReader, path: Path, reading: Reading, cancellation: Cancellation) -> LayerData:
    return files.read_layer(path, layer=reading.layer, crs=reading.crs, cancellation=cancellation)


def _load_ground(request: Request, sight: Sight, draft_id: int, seen: frozenset[str]) -> Ground:
    with read_session(engine_of(request), sight) as session:
        return upload.load_ground(session, draft_id, seen)


def _compare(
    files: FileReader, ground: Ground, data: LayerData, reading: Reading, cancellation: Cancellation
) -> list[FileStep]:
    """Hold the file against the draft, in the sandbox as well."""
    return files.compute_replacement(upload.replacement_of(ground, data, reading), cancellation=cancellation)


def _store(
    request: Request,
    sight: Sight,
    by: Principal,
    ground: Ground,
    found: list[FileStep],
    data: LayerData,
    seen: frozenset[str],
) -> Response:
    with write_session(engine_of(request), sight) as session:
        draft, steps = upload.store_steps(session, by, ground, found, data, seen=seen)
        return answers.step_answer(
            session, draft, upload.together(steps), steps=[_summary(step) for step in steps]
        )


def _summary(step: Step) -> dict[str, Any]:
    """One operation that a file became; shapes can be asked for at …/operations."""
    fields = {key: value for key, value in step.operation.items() if key != "grids"}
    return {**fields, "created": step.created, "changed": step.changed, "retired": step.retired}
