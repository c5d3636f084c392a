"""Scripts, styles and pictures under addresses that carry a hash of what they hold, so that browsers keep them for ever.

Files that name each other by relative paths (our modules; Leaflet's style and its pictures; MapLibre and its worker)
form a bundle and share one hash: ``/static/3f9a…/js/map.js`` finds ``./dom.js`` beside it.
"""

from __future__ import annotations

import hashlib
import mimetypes
import threading
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from app.errors import NotFound
from app.kit.compression import squeeze, takes_gzip
from app.kit.etag import is_known
from gis.errors import AssetsMissing

ROOT = Path(__file__).resolve().parent / "static"
VENDOR = ROOT / "vendor"
PREFIX = "/static"

_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".json": "application/json"}
_SQUEEZED = ("text/", "application/json", "image/svg+xml")


@dataclass(frozen=True)
class _File:
    body: bytes
    media_type: str
    etag: str


class Statics:
    """The files of one folder, read once; asked by templates for addresses and by the server for answers."""

    def __init__(self, root: Path = ROOT, *, root_path: str = "") -> None:
        self._root_path = root_path
        self._files: dict[str, _File] = {}
        self._squeezed: dict[str, bytes] = {}
        self._lock = threading.Lock()
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            body = path.read_bytes()
            kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            self._files[path.relative_to(root).as_posix()] = _File(
                body, kind, hashlib.sha256(body).hexdigest()[:16]
            )
        together: dict[str, hashlib._Hash] = {}
        for name, file in self._files.items():
            together.setdefault(_bundle(name), hashlib.sha256()).update(f"{name} {file.etag}\n".encode())
        self._versions = {bundle: digest.hexdigest()[:12] for bundle, digest in together.items()}

    def names(self) -> list[str]:
        """Every file, by path below the folder."""
        return list(self._files)

    def url(self, name: str) -> str:
        """The address of a file, with the hash of its bundle.

        A library that was not fetched yet is an error that says how to fetch it.
        """
        if name not in self._files:
            raise AssetsMissing(
                f"缺少前端文件 {name}，请运行 make assets",
                f"the front-end file {name} is missing; run make assets",
            )
        return f"{self._root_path}{PREFIX}/{self._versions[_bundle(name)]}/{name}"

    def text(self, name: str) -> str:
        """The text of a file."""
        return self._files[name].body.decode()

    def answer(self, request: Request, version: str, name: str) -> Response:
        """The file as a response: compressed where the browser takes that, 304 where it has it already."""
        file = self._files.get(name)
        if file is None:
            raise NotFound(f"没有文件 {name}", f"there is no file {name}", code="no-such-asset")
        # An address of an earlier release still answers, but nobody may keep today's file under it.
        current = version == self._versions[_bundle(name)]
        headers = {
            "Cache-Control": _FOREVER if current else "no-cache",
            "ETag": f'"{file.etag}"',
            "Vary": "Accept-Encoding",
        }
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
        squeezed = (
            self._compressed(name, file)
            if takes_gzip(request) and file.media_type.startswith(_SQUEEZED)
            else None
        )
        if squeezed is None:
            return Response(file.body, media_type=file.media_type, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(squeezed, media_type=file.media_type, headers=headers)

    def is_at_hand(self, name: str) -> bool:
        """Whether the file can be sent as it is kept; otherwise it is compressed first, once."""
        file = self._files.get(name)
        return file is None or name in self._squeezed or not file.media_type.startswith(_SQUEEZED)

    def _compressed(self, name: str, file: _File) -> bytes:
        with self._lock:
            if name not in self._squeezed:
                self._squeezed[name] = squeeze(file.body)
            return self._squeezed[name]


def _bundle(name: str) -> str:
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "vendor" else ""
