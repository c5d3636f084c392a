"""Roles: what each may do, which contain which, and when one path lies inside another.

A grant is a role inside one unit (the empty path: everywhere). Whatever a role allows, it allows inside its unit only.

=============  ====================================================================================
role           may do, inside its unit
=============  ====================================================================================
viewer         see maps, counts, components and incidents without text, at about 100 m; no staff contacts
api-consumer   what a viewer may, as a program: ask owners, read every layer and list
grid-leader    what a viewer may; the team of the grids with its contacts
handler        what a viewer may; contacts; text and place of incidents; act on those that were sent to them
dispatcher     what a handler may, for every incident: accept, send to a department, return, close
gis-editor     what a viewer may; open and edit drafts of boundaries
gis-publisher  what an editor may; review and publish drafts
admin          everything; accounts, grants, tokens and the audit log
auditor        read the audit log, and nothing else; neither counts nor people nor places
=============  ====================================================================================

Nobody gives what they do not have: a grant or a token may only carry a role that the giver has there. An auditor is
therefore named by an administrator, and cannot change anything, least of all the log, which nobody can.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.auth.models import ROLES

EVERYWHERE = ""

CONTAINS: dict[str, frozenset[str]] = {
    "viewer": frozenset({"viewer"}),
    "api-consumer": frozenset({"api-consumer", "viewer"}),
    "grid-leader": frozenset({"grid-leader", "viewer"}),
    "handler": frozenset({"handler", "viewer"}),
    "dispatcher": frozenset({"dispatcher", "handler", "viewer"}),
    "gis-editor": frozenset({"gis-editor", "viewer"}),
    "gis-publisher": frozenset({"gis-publisher", "gis-editor", "viewer"}),
    "admin": frozenset(ROLES),
    "auditor": frozenset({"auditor"}),
}

CONTACTS = ("grid-leader", "handler", "dispatcher", "admin")
# Who acts on incidents, and so reads their text, sees their exact place, and sees those of sensitive classes. Handlers
# stand for dispatchers and administrators too, who contain them.
ACTS_ON_INCIDENTS = ("handler",)


def covers(scope: str, path: str) -> bool:
    """Whether ``path`` is the unit ``scope`` or lies inside it; compared label by label, never by characters.

    >>> covers("d.s1", "d.s1.c2"), covers("d.s1", "d.s12"), covers("", "d")
    (True, False, True)
    """
    return scope in (EVERYWHERE, path) or path.startswith(f"{scope}.")


def outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths without those that lie inside another, sorted.

    >>> outermost(["d.s1.c2", "d.s1", "d.s2"])
    ('d.s1', 'd.s2')
    """
    kept: list[str] = []
    for path in sorted(set(paths), key=lambda each: (each.count(".") if each else -1, each)):
        if not any(covers(scope, path) for scope in kept):
            kept.append(path)
    return tuple(sorted(kept))
