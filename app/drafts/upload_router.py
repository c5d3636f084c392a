"""A file of edited grids over HTTP."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.auth.dependencies import CurrentPrincipal, Write
from app.auth.policy import allow
from app.auth.routing import Router, Upload
from app.drafts import answers, upload
from app.drafts.service import Step
from app.drafts.upload import FileColumns, Reading
from app.errors import Invalid, TooLarge, UnsupportedMedia
from app.kit.etag import Seen

router = Router(route_class=Upload, prefix="/v1/drafts", tags=["drafts"], dependencies=[allow("gis-editor")])

LARGEST = 256 << 20
_Column = Annotated[str | None, Query(max_length=200)]


async def _stored(request: Request) -> AsyncIterator[Path]:
    """The body as a file, for as long as the request lasts; format drivers need one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise UnsupportedMedia(
            "请把文件本身作为请求内容发送，不要用表单",
            "send the file itself as the body, not a form",
            came=kind,
        )
    uploads = Path(request.app.state.settings.home) / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=uploads) as folder:
        # Without an extension the content alone decides what it is.
        path = Path(folder) / "grids"
        taken = 0
        with path.open("wb") as file:
            async for chunk in request.stream():
                taken += len(chunk)
                if taken > LARGEST:
                    raise TooLarge(f"文件最大 {LARGEST >> 20} MiB", f"a file may have {LARGEST >> 20} MiB")
                await run_in_threadpool(file.write, chunk)
        if not taken:
            raise Invalid("请求里没有文件", "there is no file in the request", code="empty")
        yield path


@router.put(
    "/{draft_id}/file",
    responses={
        404: {},
        409: {"description": "The file changes nothing, or the draft is not open."},
        412: {},
        413: {},
        415: {},
        422: {"description": "The file is refused, with its defects and rows."},
        428: {},
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
def replace_from_file(
    # First: a session waits for its turn at the database, and nobody should while their file is on its way.
    path: Annotated[Path, Depends(_stored)],
    session: Write,
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
    """Take over the grids of a GeoPackage, a zipped Shapefile or GeoJSON, as the operations that this amounts to."""
    reading = Reading(
        FileColumns(code, name, community, kind),
        layer=layer,
        crs=crs,
        tolerance_m=tolerance_m,
        missing=missing,
    )
    draft, steps = upload.replace_from_file(session, by, draft_id, path, reading, seen=seen)
    return answers.step_answer(session, draft, upload.together(steps), steps=[_told(step) for step in steps])


def _told(step: Step) -> dict[str, Any]:
    """One operation that a file became; shapes can be asked for at …/operations."""
    said = {key: value for key, value in step.operation.items() if key != "grids"}
    return {**said, "created": step.created, "changed": step.changed, "retired": step.retired}
