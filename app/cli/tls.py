"""``wangge tls``: an authority of our own, and the certificate of this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.context import make_context
from app.cli.output import JsonOption, Output
from app.db.cluster.places import prepare_home
from app.kit.listener import base_url
from app.settings import Settings
from app.tls import authority
from app.tls.authority import Issued, TlsFiles

app = typer.Typer(add_completion=False, no_args_is_help=True, help="HTTPS 证书 / certificates for HTTPS.")


@app.callback()
def _tls() -> None:
    """HTTPS 证书 / certificates for HTTPS."""


@app.command()
def init(
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host",
            help="另加的主机名或 IP，可多次给出 / another host name or address that people use; may be repeated.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """建立根证书和本机的证书；再次运行即续签，根证书不变 / make an authority and a certificate; run again to renew."""
    context = make_context(as_json=as_json)
    prepare_home(context.settings.home)
    issued = authority.init(TlsFiles.in_home(context.settings.home), host or [])
    files = issued.files
    context.out.document(
        {
            "ca": str(files.authority),
            "ca_sha256": issued.fingerprint,
            "ca_until": issued.authority_until,
            "ca_made": issued.authority_made,
            "cert": str(files.cert),
            "key": str(files.key),
            "cert_until": issued.cert_until,
            "cert_made": issued.cert_made,
            "names": list(issued.names),
        }
    )
    _explain(context.out, context.settings, issued)


def _explain(out: Output, settings: Settings, issued: Issued) -> None:
    files = issued.files
    state = (
        ("已建立", "made") if issued.authority_made else ("沿用原有的", "kept"),
        ("已签发", "issued") if issued.cert_made else ("仍然有效，未改动", "still good, unchanged"),
    )
    say, line = out.say, out.line
    line(
        say(
            f"根证书{state[0][0]}：{files.authority}（至 {issued.authority_until:%Y-%m-%d}）",
            f"Authority {state[0][1]}: {files.authority} (until {issued.authority_until:%Y-%m-%d})",
        )
    )
    line(say(f"  SHA-256 指纹：{issued.fingerprint}", f"  SHA-256 fingerprint: {issued.fingerprint}"))
    line(
        say(
            f"本机证书{state[1][0]}：{files.cert}（至 {issued.cert_until:%Y-%m-%d}）",
            f"Certificate {state[1][1]}: {files.cert} (until {issued.cert_until:%Y-%m-%d})",
        )
    )
    line(say(f"  适用于：{'、'.join(issued.names)}", f"  for: {', '.join(issued.names)}"))
    line()
    options = f"--tls-cert {files.cert} --tls-key {files.key}"
    line(
        say(
            f"启动：WANGGE_HOST=0.0.0.0 wangge up {options}",
            f"Start: WANGGE_HOST=0.0.0.0 wangge up {options}",
        )
    )
    line(
        say(
            f"  或设 WANGGE_TLS_CERT={files.cert} 和 WANGGE_TLS_KEY={files.key}；正在运行的服务会在数秒内换用新证书。",
            f"  or set WANGGE_TLS_CERT={files.cert} and WANGGE_TLS_KEY={files.key}; a running service takes a renewed "
            f"certificate within seconds.",
        )
    )
    address = base_url("https", issued.names[0], settings.port)
    line(
        say(
            f"手机和电脑：打开 {address}/ca.crt（首次会有警告），或拷贝 {files.authority}；安装前核对上面的指纹。",
            f"Phones and PCs: open {address}/ca.crt (with a warning the first time) or copy {files.authority}; compare "
            f"the fingerprint above before installing it.",
        )
    )
    for zh, en in _PLATFORMS:
        line("  " + say(zh, en))
    line(
        say(
            f"请妥善保管 {files.authority_key}：拿到它的人可以冒充任何网站。",
            f"Guard {files.authority_key}: whoever has it can pretend to be any site to those devices.",
        )
    )


_PLATFORMS = (
    (
        "安卓：设置 → 安全 → 加密与凭据 → 安装证书 → CA 证书",
        "Android: Settings → Security → Encryption & credentials → Install a certificate → CA certificate",
    ),
    (
        "iPhone：安装描述文件后，设置 → 通用 → 关于本机 → 证书信任设置，打开开关",
        "iPhone: install the profile, then Settings → General → About → Certificate Trust Settings, switch it on",
    ),
    (
        "Windows：certutil -addstore Root ca.crt（管理员）",
        "Windows: certutil -addstore Root ca.crt (as administrator)",
    ),
    (
        "Linux：拷到 /usr/local/share/ca-certificates/ 后运行 update-ca-certificates；Firefox 在其设置中导入",
        "Linux: copy to /usr/local/share/ca-certificates/ and run update-ca-certificates; Firefox: import it in its settings",
    ),
)
