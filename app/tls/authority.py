"""An authority of our own under ``WANGGE_HOME/tls``, and the certificate that it signs for this machine.

For a district office without a domain: phones and PCs that trust ``ca.crt`` get HTTPS from this service. The authority
is made once and kept; the certificate is made anew before it expires, or when other names are wanted.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.kit.clock import now
from app.tls.errors import TlsRefused

# Phones refuse certificates of longer validity (Apple: 825 days for authorities that people install).
LEAF_DAYS = 825
AUTHORITY_DAYS = 3650
# Renewed by the next `init` when less is left.
RENEW_BEFORE = timedelta(days=60)
# Clocks of phones differ.
_BACKDATED = timedelta(days=1)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class TlsFiles:
    """Where the files are."""

    folder: Path

    @classmethod
    def in_home(cls, home: Path) -> TlsFiles:
        """Those of an installation."""
        return cls(home / "tls")

    @property
    def authority(self) -> Path:
        """The authority's certificate, for phones and PCs."""
        return self.folder / "ca.crt"

    @property
    def authority_key(self) -> Path:
        """Whoever has it can pretend to be any site to those who trust the authority."""
        return self.folder / "ca.key"

    @property
    def cert(self) -> Path:
        """The service's certificate, with the authority's behind it."""
        return self.folder / "server.crt"

    @property
    def key(self) -> Path:
        """The service's key."""
        return self.folder / "server.key"


@dataclass(frozen=True)
class Issued:
    """What an :func:`init` made or found."""

    files: TlsFiles
    authority_made: bool
    cert_made: bool
    names: tuple[str, ...]
    fingerprint: str
    authority_until: datetime
    cert_until: datetime


def init(files: TlsFiles, hosts: Sequence[str]) -> Issued:
    """Make what is missing: the authority, and a certificate for this machine and ``hosts``.

    A certificate that is good for 60 days more and holds every name is kept. Names given once stay in the next one.
    """
    wanted = [_name(host) for host in hosts]
    files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.folder.chmod(0o700)
    folder = os.open(files.folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        return _init(files, wanted)
    finally:
        os.close(folder)


def _init(files: TlsFiles, wanted: Sequence[x509.GeneralName]) -> Issued:
    made = not (files.authority.exists() and files.authority_key.exists())
    if made:
        if files.authority.exists() or files.authority_key.exists():
            missing, there = sorted((files.authority, files.authority_key), key=lambda path: path.exists())
            raise TlsRefused(
                f"缺少 {missing}，而 {there} 还在。请从备份恢复；若要重新建立（所有设备须重新信任），请删除 {files.folder}。",
                f"{missing} is missing while {there} is there. Restore it from a backup; to begin anew (every device "
                f"must trust it again) delete {files.folder}.",
                code="tls-authority-incomplete",
            )
        _make_authority(files)
    authority, authority_key = _load_authority(files)
    present = _present(files, authority)
    needed = _merged(wanted, _machine_names())
    held = _names_of(present) if present else []
    expiring = present is not None and present.not_valid_after_utc - now() < RENEW_BEFORE
    renew = present is None or expiring or not set(_texts(needed)) <= set(_texts(held))
    if present is None or renew:
        present = _make_cert(files, authority, authority_key, _merged(needed, held))
    return Issued(
        files,
        made,
        renew,
        tuple(_texts(_names_of(present))),
        fingerprint(authority),
        authority.not_valid_after_utc,
        present.not_valid_after_utc,
    )


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 as phones and browsers show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def authority_of(files: TlsFiles, cert: Path | None) -> Path | None:
    """The file of our authority when it signed ``cert``, else None."""
    if cert is None:
        return None
    try:
        authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
        leaf = x509.load_pem_x509_certificates(cert.read_bytes())[0]
        leaf.verify_directly_issued_by(authority)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return None
    return files.authority


def _make_authority(files: TlsFiles) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    # The date tells two authorities of one machine apart in a phone's list.
    subject = _subject(f"wangge {socket.gethostname()[:30]} {now():%Y-%m-%d}")
    certificate = (
        _builder(subject, subject, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(files.authority_key, _key_pem(key), 0o600)
    _write(files.authority, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _make_cert(
    files: TlsFiles,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    names: Sequence[x509.GeneralName],
) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_subject(_texts(names)[0][:64]), authority.subject, key.public_key(), LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    _write(files.key, _key_pem(key), 0o600)
    _write(files.cert, certificate.public_bytes(pem) + authority.public_bytes(pem), 0o644)
    return certificate


def _load_authority(files: TlsFiles) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(files.authority.read_bytes())
        key = serialization.load_pem_private_key(files.authority_key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise TlsRefused(
            f"无法读取 {files.folder} 中的根证书或其私钥：{error}。请从备份恢复，或删除该文件夹后重新建立。",
            f"The authority in {files.folder} cannot be read: {error}. Restore it from a backup, or delete the folder "
            f"and begin anew.",
            code="tls-authority-unreadable",
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise TlsRefused(
            f"{files.authority_key} 不是 {files.authority} 的私钥。请从备份恢复，或删除该文件夹后重新建立。",
            f"{files.authority_key} is not the key of {files.authority}. Restore it from a backup, or delete the "
            f"folder and begin anew.",
            code="tls-key-mismatch",
        )
    if certificate.not_valid_after_utc < now() + timedelta(days=1):
        raise TlsRefused(
            f"根证书 {files.authority} 已到期。请删除 {files.folder} 后重新运行 wangge tls init，并让各设备重新信任。",
            f"The authority {files.authority} has expired. Delete {files.folder}, run `wangge tls init` again and let "
            f"every device trust the new one.",
            code="tls-authority-expired",
        )
    return certificate, key


def _present(files: TlsFiles, authority: x509.Certificate) -> x509.Certificate | None:
    """The certificate that is there, when it is ours and has its key."""
    from app.tls.context import check_pair

    try:
        certificate = check_pair(files.cert, files.key)
        certificate.verify_directly_issued_by(authority)
    except (TlsRefused, ValueError, TypeError, InvalidSignature):
        return None  # whatever is wrong with it, it is made anew
    return certificate


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    begins = now().replace(microsecond=0) - _BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
    )


def _subject(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "wangge"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _usage(**on: bool) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: on.get(name, False) for name in _USAGES})


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Beside, then in its place: nobody sees half a file, and a key is never readable by others."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)


def _name(host: str) -> x509.GeneralName:
    """A host name or address as a name of a certificate; anything else is refused."""
    text = host.strip().rstrip(".")
    try:
        return x509.IPAddress(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        pass
    try:
        ascii_name = text.encode("idna").decode("ascii").lower()
        labels = ascii_name.removeprefix("*.").split(".")
        good = all(
            label and len(label) <= 63 and label.strip("-") == label and label.replace("-", "").isalnum()
            for label in labels
        )
    except UnicodeError:
        good = False
    if not good or len(ascii_name) > 253:
        raise TlsRefused(
            f"--host {host!r} 不是主机名，也不是 IP 地址；应如 wangge.example.gov.cn 或 10.1.2.3。",
            f"--host {host!r} is neither a host name nor an IP address; expected one such as wangge.example.gov.cn or "
            f"10.1.2.3.",
            code="tls-host-malformed",
        )
    return x509.DNSName(ascii_name)


def _machine_names() -> list[x509.GeneralName]:
    """What this machine is called, and its addresses."""
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys((socket.gethostname(), socket.getfqdn(), "localhost")):
        try:
            names.append(_name(host))
        except TlsRefused:
            continue  # a name that no certificate can hold, such as one with an underscore
    return names + [x509.IPAddress(address) for address in machine_addresses()]


def machine_addresses() -> list[Address]:
    """The addresses at which this machine is reached, loop-back included."""
    found: list[Address] = []
    # No packet is sent: connecting a datagram socket only asks the kernel for the way.
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((far, 9))
                found.append(ipaddress.ip_address(probe.getsockname()[0]))
        except OSError:
            continue
    try:
        infos = socket.getaddrinfo(socket.gethostname(), None)
        found += [ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in infos]
    except (OSError, ValueError):
        pass
    found += [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    return [address for address in dict.fromkeys(found) if not address.is_link_local]


def _names_of(certificate: x509.Certificate) -> list[x509.GeneralName]:
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def _texts(names: Sequence[x509.GeneralName]) -> list[str]:
    return [str(name.value) for name in names]


def _merged(*lists: Sequence[x509.GeneralName]) -> list[x509.GeneralName]:
    return list(dict.fromkeys(name for names in lists for name in names))
