"""An authority of our own, what the service shows with it, and what is refused before anything starts."""

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from app.kit.clock import now
from app.settings import load_settings
from app.tls import authority, context
from app.tls.authority import TlsFiles, authority_of, init
from app.tls.context import ServerTls, check_pair, verifying_context
from app.tls.errors import TlsRefused


@pytest.fixture
def files(tmp_path):
    return TlsFiles.in_home(tmp_path / "home")


def openssl(*arguments, **options):
    return subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


@contextmanager
def serving(tls):
    """A server that says ``ok`` over TLS; gives its port."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    port = []

    async def answer(_reader, writer):
        writer.write(b"ok")
        writer.close()

    async def run():
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls.context)
        port.append(server.sockets[0].getsockname()[1])
        ready.set()
        await over.wait()
        server.close()

    over = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    ready.wait(30)
    try:
        yield port[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()


def shown(port, client, name="127.0.0.1"):
    """What the server says and the names of its certificate, when ``client`` trusts it."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as plain,
        client.wrap_socket(plain, server_hostname=name) as secure,
    ):
        certificate = secure.getpeercert()
        return secure.recv(10), {value for _, value in certificate["subjectAltName"]}, secure.version()


def test_made_once_kept_and_verified_by_others(files):
    made = init(files, ["wangge.example.gov.cn", "10.1.2.3", "网格.cn"])
    assert made.authority_made
    assert made.cert_made
    assert {"wangge.example.gov.cn", "10.1.2.3", "xn--0xvs72c.cn", "localhost", "127.0.0.1"} <= set(
        made.names
    )
    for path in (files.key, files.authority_key):
        assert path.stat().st_mode & 0o777 == 0o600
    assert files.folder.stat().st_mode & 0o777 == 0o700
    assert made.cert_until - now() <= timedelta(days=825), "phones refuse more"

    # OpenSSL is another implementation: it accepts the chain for each name and no other, and shows the fingerprint.
    verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", files.authority]
    assert openssl(*verify, "-verify_hostname", "wangge.example.gov.cn", files.cert).returncode == 0
    assert openssl(*verify, "-verify_ip", "10.1.2.3", files.cert).returncode == 0
    assert openssl(*verify, "-verify_hostname", "other.example", files.cert).returncode != 0
    said = openssl("x509", "-in", files.authority, "-noout", "-fingerprint", "-sha256").stdout
    assert said.strip().endswith(made.fingerprint)

    before = files.cert.read_bytes(), files.authority.read_bytes()
    again = init(files, [])
    assert (again.authority_made, again.cert_made) == (False, False)
    assert (files.cert.read_bytes(), files.authority.read_bytes()) == before
    # A name more: another certificate of the same authority, which keeps the names it had.
    more = init(files, ["more.example"])
    assert (more.authority_made, more.cert_made) == (False, True)
    assert {"more.example", "10.1.2.3"} <= set(more.names)
    assert files.authority.read_bytes() == before[1]


def test_renewed_when_little_is_left(files, monkeypatch):
    init(files, [])
    later = now() + timedelta(days=825 - 59)
    monkeypatch.setattr(authority, "now", lambda: later)
    monkeypatch.setattr(context, "now", lambda: later)
    renewed = init(files, [])
    assert renewed.cert_made
    assert not renewed.authority_made
    assert renewed.cert_until > later + timedelta(days=800)
    # An authority that is over is not replaced behind anybody's back: every device would have to trust the new one.
    monkeypatch.setattr(authority, "now", lambda: later + timedelta(days=4000))
    with pytest.raises(TlsRefused, match="到期"):
        init(files, [])


@pytest.mark.parametrize(
    "host", ["a b", "", "-x.example", "a" * 64, "x_y", "http://x", "a..b", "1.2.3.4/8", "\n"]
)
def test_what_is_no_name_is_refused(files, host):
    with pytest.raises(TlsRefused, match="--host"):
        init(files, [host])
    assert not files.folder.exists()


def test_half_an_authority_is_not_made_anew(files):
    init(files, [])
    files.authority_key.unlink()
    with pytest.raises(TlsRefused, match=r"缺少.*ca\.key"):
        init(files, [])
    init(TlsFiles(files.folder.parent / "other"), [])
    shutil.copy(files.folder.parent / "other" / "ca.key", files.authority_key)
    with pytest.raises(TlsRefused, match="不是"):
        init(files, [])


def test_bad_files_are_refused_with_the_reason(files, tmp_path, monkeypatch):
    init(files, [])
    other = TlsFiles(tmp_path / "other")
    init(other, [])
    with pytest.raises(TlsRefused, match="不匹配"):
        check_pair(files.cert, other.key)
    with pytest.raises(TlsRefused, match="No such file"):
        check_pair(tmp_path / "none", files.key)
    with pytest.raises(TlsRefused, match="BEGIN CERTIFICATE"):
        check_pair(files.key, files.key)
    with pytest.raises(TlsRefused, match="BEGIN PRIVATE KEY"):
        check_pair(files.cert, files.cert)
    locked = tmp_path / "locked.key"
    openssl("pkey", "-in", files.key, "-aes256", "-passout", "pass:x", "-out", locked)
    with pytest.raises(TlsRefused, match="密码"):
        check_pair(files.cert, locked)
    with pytest.raises(TlsRefused, match="已过期"):
        check_pair(files.cert, files.key, at=now() + timedelta(days=826))
    with pytest.raises(TlsRefused, match="尚未生效"):
        check_pair(files.cert, files.key, at=now() - timedelta(days=2))
    with pytest.raises(ValueError, match="HTTPS needs both"):
        load_settings(tls_cert=files.cert)


def test_the_service_shows_it_and_takes_a_renewed_one(files):
    init(files, [])
    tls = ServerTls.of(load_settings(tls_cert=files.cert, tls_key=files.key))
    ours = authority_of(files, files.cert)
    assert ours == files.authority
    with serving(tls) as port:
        said, names, version = shown(port, verifying_context(files.cert, ours))
        assert said == b"ok"
        assert "127.0.0.1" in names
        assert version in ("TLSv1.2", "TLSv1.3")
        # Somebody else's certificate is checked by itself, whatever name it is for.
        assert shown(port, verifying_context(files.cert, None))[0] == b"ok"
        with pytest.raises(ssl.SSLCertVerificationError):
            shown(port, verifying_context(files.cert, ours), name="other.example")
        with pytest.raises(ssl.SSLCertVerificationError):
            shown(port, ssl.create_default_context())
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            shown(port, old)

        assert not tls.reload_if_changed()
        init(files, ["renewed.example"])
        assert tls.reload_if_changed()
        assert "renewed.example" in shown(port, verifying_context(files.cert, ours))[1]
        # A certificate whose key has not come yet changes nothing; when it comes, both are taken.
        kept = files.key.read_bytes()
        init(files, ["third.example"])
        new = files.key.read_bytes()
        files.key.write_bytes(kept)
        assert not tls.reload_if_changed()
        assert not tls.reload_if_changed()
        assert "third.example" not in shown(port, verifying_context(files.authority, None))[1]
        files.key.write_bytes(new)
        assert tls.reload_if_changed()
        assert "third.example" in shown(port, verifying_context(files.cert, ours))[1]
        files.cert.unlink()
        assert not tls.reload_if_changed()


def test_whose_authority(files, tmp_path):
    assert authority_of(files, None) is None
    assert authority_of(files, tmp_path / "none") is None
    init(files, [])
    other = TlsFiles(tmp_path / "other")
    init(other, [])
    assert authority_of(files, other.cert) is None
