"""``/ca.crt``: the authority's certificate, for phones and PCs that are to trust this service."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.auth.policy import public
from app.auth.routing import Router
from app.errors import NotFound
from app.settings import Settings
from app.tls.authority import TlsFiles, authority_of

router = Router(tags=["health"])


@router.get(
    "/ca.crt",
    dependencies=[public()],
    response_class=Response,
    responses={
        200: {"content": {"application/x-x509-ca-cert": {}}},
        404: {"description": "The service shows no certificate of an authority of its own."},
    },
)
async def show_ca_certificate(request: Request) -> Response:
    """Download the certificate of the service's authority.

    For phones and PCs that are to trust this service; compare its fingerprint with what `wangge tls init` said.
    """
    settings: Settings = request.app.state.settings
    content = await run_in_threadpool(_authority, settings)
    if content is None:
        raise NotFound(
            "本服务没有使用自建的根证书（wangge tls init）",
            "this service uses no authority of its own (`wangge tls init`)",
            code="no-authority",
        )
    return Response(
        content,
        media_type="application/x-x509-ca-cert",
        headers={
            "Content-Disposition": 'attachment; filename="wangge-ca.crt"',
            "Cache-Control": "no-cache",
        },
    )


def _authority(settings: Settings) -> bytes | None:
    path = authority_of(TlsFiles.in_home(settings.home), settings.tls_cert)
    return None if path is None else path.read_bytes()
