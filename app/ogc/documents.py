"""The documents that tell a client what is here: landing page, conformance, collections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gis.geojson import collection_text
from gis.text import Language, Text

GEOJSON = "application/geo+json"
JSON = "application/json"
SCHEMA = "application/schema+json"
OPENAPI_30 = "application/vnd.oai.openapi+json;version=3.0"
OPENAPI_31 = "application/vnd.oai.openapi+json;version=3.1"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_FEATURES = "http://www.opengis.net/spec/ogcapi-features"
_GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"
_QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
READS = (
    f"{_FEATURES}-1/1.0/conf/core",
    f"{_FEATURES}-1/1.0/conf/geojson",
    f"{_FEATURES}-1/1.0/conf/oas30",
    f"{_FEATURES}-3/1.0/conf/queryables",
    f"{_FEATURES}-3/1.0/conf/filter",
    f"{_FEATURES}-3/1.0/conf/features-filter",
    f"{_CQL2}/cql2-text",
    f"{_CQL2}/cql2-json",
    f"{_CQL2}/basic-cql2",
    f"{_CQL2}/advanced-comparison-operators",
    f"{_CQL2}/basic-spatial-functions",
)
WRITES = (
    *READS,
    f"{_FEATURES}-4/1.0/conf/create-replace-delete",
    f"{_FEATURES}-4/1.0/conf/update",
    f"{_FEATURES}-4/1.0/conf/optimistic-locking-etags",
    f"{_FEATURES}-4/1.0/conf/features",
)


@dataclass(frozen=True)
class Collection:
    """One layer as clients list it."""

    id: str
    title: Text
    description: Text
    box: Sequence[float] | None = None
    since: str | None = None


def link(
    href: str, rel: str, kind: str = JSON, *, title: str | None = None, **more: object
) -> dict[str, object]:
    """One link."""
    return {"href": href, "rel": rel, "type": kind, **({"title": title} if title else {}), **more}


def landing(root: str, site: str, title: Text, description: Text, lang: Language) -> dict[str, object]:
    """What is here, and where."""
    return {
        "title": title.in_(lang),
        "description": description.in_(lang),
        "links": [
            link(root, "self", title="this document"),
            link(f"{site}/ogc/api", "service-desc", OPENAPI_30, title="OpenAPI 3.0: OGC API"),
            link(f"{site}/openapi.json", "service-desc", OPENAPI_31, title="OpenAPI 3.1: the whole service"),
            link(f"{site}/docs", "service-doc", "text/html"),
            link(f"{root}/conformance", "conformance"),
            link(f"{root}/collections", "data"),
        ],
    }


def conformance(classes: Sequence[str]) -> dict[str, object]:
    """The classes of the standard that hold here."""
    return {"conformsTo": list(classes)}


def collections(root: str, listed: Sequence[Collection], lang: Language) -> dict[str, object]:
    """All layers."""
    return {
        "links": [link(f"{root}/collections", "self")],
        "collections": [collection(root, each, lang) for each in listed],
    }


def collection(root: str, given: Collection, lang: Language) -> dict[str, object]:
    """One layer."""
    here = f"{root}/collections/{given.id}"
    extent: dict[str, object] = {}
    if given.box is not None:
        extent["spatial"] = {"bbox": [list(given.box)], "crs": CRS84}
    if given.since is not None:
        extent["temporal"] = {"interval": [[given.since, None]], "trs": _GREGORIAN}
    return {
        "id": given.id,
        "title": given.title.in_(lang),
        "description": given.description.in_(lang),
        "itemType": "feature",
        "crs": [CRS84],
        "storageCrs": CRS84,
        **({"extent": extent} if extent else {}),
        "links": [
            link(here, "self"),
            link(f"{here}/items", "items", GEOJSON),
            link(f"{here}/queryables", _QUERYABLES, SCHEMA),
        ],
    }


def page(features: Sequence[str], *, links: Sequence[Mapping[str, object]], matched: int, stamp: str) -> str:
    """A FeatureCollection out of features that are text already."""
    return collection_text(
        features, numberMatched=matched, numberReturned=len(features), timeStamp=stamp, links=list(links)
    )
