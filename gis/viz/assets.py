"""Where the scripts and styles of a folium map come from: written into the page, or served by us. Never elsewhere."""

from __future__ import annotations

import base64
import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gis.errors import AssetsMissing

__all__ = ["HEAT", "LEAFLET_CSS", "LEAFLET_JS", "Assets", "without_addresses"]

LEAFLET_JS = "leaflet/leaflet.js"
LEAFLET_CSS = "leaflet/leaflet.css"
HEAT = "leaflet.heat/leaflet-heat.js"

_ADDRESS = re.compile(r"https?://(?!www\.w3\.org/)")
_CSS_FILE = re.compile(r"""url\(\s*['"]?(?!data:|#)([^'")]+)['"]?\s*\)""")
_SOURCE_MAP = re.compile(r"(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$")


def without_addresses(text: str) -> str:
    """Take the scheme off every outside address in a library's text, so that the page names no outside host.

    The notices of the authors stay readable; XML namespaces stay whole, since they are names and not places.

    Examples
    --------
    >>> without_addresses("/* https://leafletjs.com */ ns='http://www.w3.org/2000/svg'")
    "/* leafletjs.com */ ns='http://www.w3.org/2000/svg'"
    """
    return _ADDRESS.sub("", text)


@dataclass(frozen=True)
class Assets:
    """How a map gets the files it needs; made by :meth:`inline` or :meth:`linked`.

    Names are ``package/file`` as laid out by ``npm run assets``: :data:`LEAFLET_JS` and its siblings.
    """

    folder: Path | None = None
    url_of: Callable[[str], str] | None = None

    @classmethod
    def inline(cls, folder: Path) -> Assets:
        """Write every file of ``folder`` that is needed into the page itself, which then works without a network.

        Raises
        ------
        gis.errors.AssetsMissing
            The folder does not exist, naming the command that fills it.
        """
        if not folder.is_dir():
            raise AssetsMissing(
                f"没有前端文件目录 {folder}；请先运行 make assets",
                f"no front-end files in {folder}; run make assets",
            )
        return cls(folder=folder)

    @classmethod
    def linked(cls, url_of: Callable[[str], str]) -> Assets:
        """Link to files served elsewhere on the same host; ``url_of`` turns a name into an address.

        The address has to be a path (``/static/…``): an outside host is refused when the map is drawn.
        """
        return cls(url_of=url_of)

    @property
    def is_inline(self) -> bool:
        """Whether the files are written into the page."""
        return self.folder is not None

    def url(self, name: str) -> str:
        """The address of ``name``; only for linked assets.

        Raises
        ------
        ValueError
            The address leaves our own host.
        """
        if self.url_of is None:
            raise ValueError("these assets are inline and have no address")
        url = self.url_of(name)
        if not url.startswith("/") or url.startswith("//"):
            raise ValueError(
                f"an asset has to be a path on our own host, such as /static/{name}; it is {url!r}"
            )
        return url

    def text(self, name: str) -> str:
        """The text of ``name``, ready to stand inside a page; only for inline assets.

        Pictures that a style sheet names are put into it, comments pointing at source maps are dropped.
        """
        if self.folder is None:
            raise ValueError("these assets are linked and have no text")
        path = self.folder / name
        text = _SOURCE_MAP.sub("", path.read_text(encoding="utf-8"))
        if name.endswith(".css"):
            text = _CSS_FILE.sub(lambda match: f"url({_data_uri(path.parent / match[1])})", text)
        text = without_addresses(text)
        if re.search(r"</(script|style)", text, re.IGNORECASE):
            raise ValueError(f"{name} holds a closing tag and cannot stand inside a page")
        return text


def _data_uri(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
