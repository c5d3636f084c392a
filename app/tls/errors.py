"""Why a certificate or a key cannot be used."""

from __future__ import annotations

from app.errors import Invalid


class TlsRefused(Invalid):
    """The files of WANGGE_TLS_CERT and WANGGE_TLS_KEY are not what they must be."""

    code = "tls"
