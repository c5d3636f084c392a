"""The groups of operations, in the order in which somebody meets them: what most come for first."""

from __future__ import annotations

TAGS = {
    "locate": "Which grid owns a place: one place, or a batch as JSON or Arrow.",
    "grids": "Districts, streets, communities and grids: names, borders, teams, and what lies in them.",
    "search": "Units, components and incidents by what people call them.",
    "incidents": "Matters that were reported: lists with filters, the map, and single matters with their history.",
    "catalogue": "The classes of components and of incidents.",
    "drafts": "Boundary editing: a draft is begun on an edition, changed operation by operation or by a file, checked, "
    "reviewed by somebody else, and published as the next edition. Writes send the draft's ETag as If-Match.",
    "editions": "Published editions of the boundaries, and what came from what.",
    "maps": "Vector tiles, the layers of the map pages, heat maps, and conversion of coordinates.",
    "ogc": "OGC API Features over the published grids, components and incidents, and over the grids of drafts.",
    "session": "Signing in and out, the own password, and the second factor.",
    "tokens": "API tokens for programs.",
    "accounts": "Accounts of people, and the roles they hold in units.",
    "audit": "Who did what, when, and from where.",
    "health": "Whether the service lives, is ready, and what it counts.",
}
"""Description of each tag by its name."""


def described_tags() -> list[dict[str, str]]:
    """The tags as the document lists them.

    >>> described_tags()[0]["name"]
    'locate'
    """
    return [{"name": name, "description": words} for name, words in TAGS.items()]
