"""Where incidents happen: fresh places, places that report again and again, and a few true hot spots."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.arrays import Floats, Ints
from gis.synthetic.district import SyntheticDistrict
from gis.synthetic.ground import Ground, weighted_order
from gis.synthetic.placement import place
from gis.synthetic.randomness import stream
from gis.synthetic.recipes import Recipe
from gis.synthetic.temporal_profile import HOT_SPOTS

__all__ = ["Scene", "Scenes", "hot_spots", "joined_scenes"]


_FRESH = 0.42
"""Places for each incident: the fewer, the more often one place reports again."""
_SKEW = 1.4
_MOST_AT_ONE = 8
"""Incidents on average at one component, at most."""
_RECIPES = {
    "street": Recipe("roadside", 1.0, "umc", 40.0, 8.0, 0.9),
    "home": Recipe("block", 1.0, people=0.75),
    "water": Recipe("stream", 1.0, offset_m=4.0),
    "hill": Recipe("block", 1.0, people=-0.3),
    "beach": Recipe("shore", 1.0, offset_m=90.0),
}


@dataclass(frozen=True)
class Scene:
    """Places of some incidents.

    Attributes
    ----------
    x, y : ndarray of float64
        Metres.
    label : ndarray of str
        Road, stream or community.
    component : ndarray of str or None
        Code of the component it happened at.
    """

    x: Floats
    y: Floats
    label: NDArray[np.object_]
    component: NDArray[np.object_]


def hot_spots(ground: Ground, *, seed: int) -> pd.DataFrame:
    """Choose where the hot spots are.

    Returns
    -------
    DataFrame
        what, lon, lat, x, y (metres), radius_m, share, classes (texts parted by blanks), label.
    """
    rng = stream(seed, ground.district.spec.code, "hot spots")
    taken = np.zeros(len(ground.block_area), dtype=bool)
    rows = []
    middle = shapely.get_coordinates(shapely.point_on_surface(ground.blocks))
    oil = np.column_stack(ground.oil.place(np.zeros(1, dtype=np.int64), ground.oil.length_m[:1] * 0.04))[0]
    for what, where, classes, share in HOT_SPOTS:
        weight = ground.block_people * ground.block_urban
        if where == "centre":
            weight = weight**3
        elif where == "beach" and ground.district.spec.coastal:
            weight = (ground.block_people + 0.1) * ground.block_coastal
        elif where == "oil":
            weight = 1.0 / (200.0 + np.hypot(*(middle - oil).T)) ** 4
        weight = np.where(taken, 0.0, weight)
        block = int(weighted_order(rng, weight)[0])
        # Hot spots keep apart, so that each can be seen for itself.
        taken |= np.hypot(*(middle - middle[block]).T) < 1500.0
        x, y = middle[block]
        lon, lat = ground.district.frame.degrees([x], [y])
        radius = float(rng.uniform(90.0, 170.0))
        rows.append(
            (
                what,
                float(lon[0]),
                float(lat[0]),
                x,
                y,
                radius,
                share,
                " ".join(classes),
                ground.block_label[block],
            )
        )
    columns = ["what", "lon", "lat", "x", "y", "radius_m", "share", "classes", "label"]
    return pd.DataFrame(rows, columns=columns)


class Scenes:
    """Hands out places by what kind of place is wanted."""

    def __init__(self, ground: Ground, components: gpd.GeoDataFrame | None, *, seed: int) -> None:
        self._ground, self._seed = ground, seed
        self.spots = hot_spots(ground, seed=seed)
        self._by_class: dict[str, Ints] = {}
        if components is not None and len(components):
            self._shapes = components.geometry.to_numpy()
            self._names = components["name"].to_numpy(dtype=object)
            self._codes = components["code"].to_numpy(dtype=object)
            rows = components.groupby("class_code", sort=True).indices
            self._by_class = {str(code): np.sort(at) for code, at in rows.items()}

    @property
    def district(self) -> SyntheticDistrict:
        """The district all this is in."""
        return self._ground.district

    def draw(self, where: str, count: int, name: str) -> Scene:
        """Places for `count` incidents; the busiest places come again and again."""
        rng = stream(self._seed, self.district.spec.code, "scenes", name)
        fresh = max(1, round(_FRESH * count))
        if not where[0].isdigit():
            return _repeated(self._at_places(where, fresh, rng), count, rng)
        pool = self._at_components(where, fresh, rng)
        # A handful of building sites cannot be to blame for everything: what is too much happens in the street.
        at_them = min(count, _MOST_AT_ONE * len(pool.x))
        parts = [_repeated(pool, at_them, rng)] if at_them else []
        if count > at_them:
            rest = count - at_them
            parts.append(_repeated(self._at_places("street", max(1, round(_FRESH * rest)), rng), rest, rng))
        return joined_scenes(parts)

    def _at_places(self, where: str, count: int, rng: np.random.Generator) -> Scene:
        placed = place(self._ground, _RECIPES[where], count, rng)[0]
        # Placing fills roads one after the other; the busiest places are to lie all over.
        order = rng.permutation(count)
        at = shapely.get_coordinates(placed.shapes)[order]
        return Scene(at[:, 0], at[:, 1], placed.label[order], np.full(count, None, dtype=object))

    def _at_components(self, where: str, count: int, rng: np.random.Generator) -> Scene:
        rows = [self._by_class[code] for code in where.split() if code in self._by_class]
        if not rows:
            nothing = np.array([], dtype=object)
            return Scene(np.array([]), np.array([]), nothing, nothing)
        pool = np.concatenate(rows)
        chosen = pool[rng.permutation(len(pool))[: min(count, len(pool))]]
        frame = self.district.frame
        shapes = self._shapes[chosen]
        at = _a_place_on(shapes)
        x, y = frame.metres(at[:, 0], at[:, 1])
        label = self._names[chosen]
        return Scene(x, y, label, self._codes[chosen])

    def at_spots(self, code: NDArray[np.object_], scene: Scene) -> Scene:
        """Move a part of the incidents of some classes to their hot spots."""
        rng = stream(self._seed, self.district.spec.code, "gathering")
        x, y, label, component = scene.x.copy(), scene.y.copy(), scene.label.copy(), scene.component.copy()
        free = np.ones(len(code), dtype=bool)
        for spot in self.spots.to_dict("records"):
            drawn = rng.random(len(code))
            here = np.flatnonzero(
                free & np.isin(code, str(spot["classes"]).split()) & (drawn < spot["share"])
            )
            angle = rng.uniform(0, 2 * np.pi, len(here))
            away = spot["radius_m"] * np.abs(rng.normal(0, 0.6, len(here)))
            tx, ty = spot["x"] + away * np.cos(angle), spot["y"] + away * np.sin(angle)
            dry = shapely.contains_xy(self._ground.outline, tx, ty)
            # What would lie in the sea lies on the beach: closer to the middle, but not all at one spot.
            x[here] = np.where(dry, tx, spot["x"] + 0.08 * (tx - spot["x"]))
            y[here] = np.where(dry, ty, spot["y"] + 0.08 * (ty - spot["y"]))
            label[here], component[here] = spot["label"], None
            free[here] = False
        return Scene(x, y, label, component)


def joined_scenes(parts: list[Scene]) -> Scene:
    """Put scenes one after the other."""
    return Scene(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.label for part in parts]),
        np.concatenate([part.component for part in parts]),
    )


def _repeated(pool: Scene, count: int, rng: np.random.Generator) -> Scene:
    """Draw from a pool so that its first places come again and again."""
    again = np.minimum((len(pool.x) * rng.random(count) ** _SKEW).astype(np.int64), len(pool.x) - 1)
    return Scene(pool.x[again], pool.y[again], pool.label[again], pool.component[again])


def _a_place_on(shapes: NDArray[np.object_]) -> Floats:
    """A point of each shape: itself, the middle of a line, the inside of an area."""
    at = shapely.point_on_surface(shapes)
    return np.asarray(shapely.get_coordinates(at))
