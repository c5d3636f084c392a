"""The one refusal of an edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from gis.errors import Place, Refusal

__all__ = ["OperationRefused", "refuse"]


class OperationRefused(Refusal):
    """An operation that cannot be done; nothing has changed.

    ``code`` is a machine word in kebab-case, ``places`` tell where (longitude, latitude, EPSG:4326).

    ======================= =====================================================================
    about the request
    ======================= =====================================================================
    unknown-operation       no such ``op``
    missing-field           a field the operation needs is not there
    unknown-field           a field the operation does not have
    bad-value               a field of another type or outside its values
    bad-geometry            not the GeoJSON type expected, too few positions, or no numbers
    not-finite              a coordinate is NaN or infinite
    out-of-range            a coordinate is no longitude or latitude
    swapped-coordinates     latitude before longitude
    self-crossing           a drawn line or ring crosses itself
    too-many-vertices       more vertices than `gis.editing.MAX_VERTICES`
    ----------------------- ---------------------------------------------------------------------
    about codes
    ----------------------- ---------------------------------------------------------------------
    unknown-grid            no grid has this code
    unknown-community       no community has this code
    community-needed        the merged grids are of several communities: name one
    code-used               the code is in use, or was once
    bad-code                the code cannot be stored
    numbers-used-up         no sequence number is free in the community
    duplicate-grid          a grid is named twice
    too-few-grids           at least two grids are needed
    code-count              as many codes as there are parts are needed
    nothing-changes         the operation would change nothing
    ----------------------- ---------------------------------------------------------------------
    about shapes
    ----------------------- ---------------------------------------------------------------------
    split-misses            the line or polygon does not cut the grid
    line-dangles            a line ends inside the grid
    touch-at-point          the grids meet at single points only
    not-neighbours          the grids do not meet
    reshape-misses          the line cuts nothing off along a border
    reshape-ambiguous       which grids are meant cannot be told: name them
    reshape-outside         land would fall to nobody
    transfer-misses         the area holds no land of other grids
    add-misses              all land in the area has an owner
    swallows-grid           a grid would have no land left
    too-narrow              a grid would be narrower than a metre everywhere
    no-neighbour            nobody borders the land that becomes free
    vertex-not-found        no border has a vertex there
    vertex-exists           there is one already
    not-on-border           no border runs there
    vertex-is-junction      three borders meet there: it cannot be deleted
    ring-folds              a ring would cross itself, turn over or shrink to nothing
    overlaps                grids would overlap
    leaves-gap              land between grids would belong to nobody
    at-the-meridian         the border along the 180th meridian would change, whose other side is not seen
    ======================= =====================================================================
    """

    code = "operation-refused"

    def members(self, most: int | None = None) -> dict[str, object]:
        """Return the places, an empty list where the fault lies nowhere: a map reads them without asking."""
        return {"places": []} | super().members(most)


def refuse(code: str, zh: str, en: str, *, places: Iterable[Place] = ()) -> NoReturn:
    """Raise `OperationRefused`."""
    raise OperationRefused(zh, en, code=code, places=places)
