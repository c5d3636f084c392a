"""The certificate the service shows: checked before anything starts, taken anew when its file changes."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from app.kit.clock import now
from app.settings import Settings
from app.tls.errors import TlsRefused
from gis.text import Text

log = structlog.get_logger(__name__)

_State = tuple[tuple[int, int, int], ...]


class ServerTls:
    """A certificate with its key, and the context that shows it; connections before a renewal keep what they have."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert, self._key = cert, key
        check_pair(cert, key)
        self._loaded = self._seen = self._state()
        self.context = _server_context(cert, key)

    @classmethod
    def of(cls, settings: Settings) -> ServerTls | None:
        """That of the settings; None where the service speaks plain HTTP."""
        if settings.tls_cert is None or settings.tls_key is None:
            return None
        return cls(settings.tls_cert, settings.tls_key)

    def reload_if_changed(self) -> bool:
        """Take a renewed certificate for new connections; one that is not good is refused and the old one stays."""
        state = self._state()
        if state in (self._loaded, self._seen):
            return False
        self._seen = state
        try:
            check_pair(self._cert, self._key)
            self.context.load_cert_chain(self._cert, self._key, _no_password)
        except (TlsRefused, OSError) as error:
            # Perhaps only one of the two is there yet: the other one will change the state once more.
            log.error(
                "certificate_refused",
                file=str(self._cert),
                error=str(error).partition(" / ")[2] or str(error),
            )
            return False
        self._loaded = state
        log.info("certificate_renewed", file=str(self._cert))
        return True

    def _state(self) -> _State:
        found = []
        for path in (self._cert, self._key):
            try:
                status = path.stat()
            except OSError:
                return ()
            found.append((status.st_ino, status.st_mtime_ns, status.st_size))
        return tuple(found)


def check_pair(cert: Path, key: Path, *, at: datetime | None = None) -> x509.Certificate:
    """The certificate, when it can be shown: both readable, the key its own, valid now; refused otherwise."""
    certificate = _read_certificate(cert)
    private = _read_key(key)
    if _public(private.public_key()) != _public(certificate.public_key()):
        raise TlsRefused(
            f"私钥 {key} 与证书 {cert} 不匹配：它属于另一张证书。请指定与证书一起签发的私钥。",
            f"The key {key} does not fit the certificate {cert}: it belongs to another one. Name the key that was "
            f"issued with the certificate.",
            code="tls-key-mismatch",
        )
    instant = at or now()
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begins <= instant <= ends:
        said = f"{begins:%Y-%m-%d %H:%M} – {ends:%Y-%m-%d %H:%M} UTC"
        over = instant > ends
        raise TlsRefused(
            f"证书 {cert} {'已过期' if over else '尚未生效'}（有效期 {said}）。"
            f"请{'续签；自签的可再运行 wangge tls init' if over else '检查本机时钟'}。",
            f"The certificate {cert} {'has expired' if over else 'is not valid yet'} (valid {said}). "
            f"{'Renew it; one of our own is renewed by `wangge tls init`' if over else 'Check the clock of this machine'}.",
            code="tls-certificate-dates",
        )
    return certificate


def verifying_context(cert: Path, authority: Path | None) -> ssl.SSLContext:
    """A client's context that trusts what the service must show: our authority, or else the very file it shows."""
    context = ssl.create_default_context(cafile=str(authority or cert))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authority is None:
        # Issued for a name by somebody else, and asked at a number here: that it is this file is proof enough.
        context.check_hostname = False
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return context


def _server_context(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client that asks for new handshakes without end is not served.
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(cert, key, _no_password)
    except (ssl.SSLError, OSError) as error:
        raise TlsRefused(
            f"无法使用证书 {cert}：{error}",
            f"The certificate {cert} cannot be used: {error}",
            code="tls-certificate-unusable",
        ) from error
    return context


def _no_password() -> str:
    # OpenSSL would ask at the terminal; `check_pair` has refused such keys before.
    return ""


def _read(path: Path, what: Text) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsRefused(
            f"无法读取{what.zh} {path}：{error.strerror}。",
            f"Cannot read the {what.en} {path}: {error.strerror}.",
            code="tls-file-unreadable",
        ) from error


def _read_certificate(path: Path) -> x509.Certificate:
    pem = _read(path, Text("证书", "certificate"))
    try:
        return x509.load_pem_x509_certificates(pem)[0]
    except ValueError as error:
        raise TlsRefused(
            f"{path} 不是 PEM 格式的证书；应以 -----BEGIN CERTIFICATE----- 开头。",
            f"{path} is no certificate in PEM; it should begin with -----BEGIN CERTIFICATE-----.",
            code="tls-certificate-unusable",
        ) from error


def _read_key(path: Path) -> PrivateKeyTypes:
    pem = _read(path, Text("私钥", "key"))
    try:
        return serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise TlsRefused(
            f"私钥 {path} 设有密码，服务无人值守时无法输入。请提供不加密的私钥，权限 0600。",
            f"The key {path} has a password, which nobody types when the service starts. Give one without, readable "
            f"by its owner only (0600).",
            code="tls-key-encrypted",
        ) from error
    except ValueError as error:
        raise TlsRefused(
            f"{path} 不是 PEM 格式的私钥；应以 -----BEGIN PRIVATE KEY----- 开头。",
            f"{path} is no private key in PEM; it should begin with -----BEGIN PRIVATE KEY-----.",
            code="tls-key-unusable",
        ) from error


def _public(key: object) -> bytes:
    return key.public_bytes(  # type: ignore[attr-defined, no-any-return]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
