"""Where things of each class stand, how common they are and how they look: the table behind the components."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How one class is placed.

    Attributes
    ----------
    how : str
        "road" (in rows), "roadside" (anywhere), "junction", "block", "shore", "stream", "oil", "row": points; "along", "water", "across", "pipe":
        lines; "plot", "bridge", "crossing": areas.
    share : float
        How common, relative to the other classes.
    roads : str
        Which roads: any of "u" (streets in town), "m" (main and trunk roads), "c" (roads of the country).
    spacing_m : float
        Usual distance along one side; the length of one piece for lines.
    offset_m : float
        Distance from the middle of the road, or of the water.
    people : float
        How strongly places with many people are preferred; below 0 for what stands where nobody lives.
    size_m : tuple of float
        Smallest and largest side of an area.
    """

    how: str
    share: float
    roads: str = "u"
    spacing_m: float = 40.0
    offset_m: float = 7.0
    people: float = 0.5
    size_m: tuple[float, float] = (10.0, 30.0)


RECIPES: dict[str, Recipe] = {
    # covers in the carriageway and the pavement
    "0101": Recipe("road", 6.0, "um", 45, 3.5),
    "0102": Recipe("road", 7.0, "um", 40, 1.5),
    "0103": Recipe("road", 7.5, "umc", 35, 4.5),
    "0104": Recipe("road", 9.0, "um", 30, 6.5),
    "0105": Recipe("road", 4.0, "um", 60, 9.0),
    "0106": Recipe("road", 1.5, "um", 90, 8.0),
    "0107": Recipe("road", 4.5, "umc", 60, 10.0),
    "0108": Recipe("road", 0.5, "u", 150, 10.5),
    "0109": Recipe("road", 0.5, "u", 150, 10.0),
    "0110": Recipe("road", 1.2, "u", 80, 2.5, 1.0),
    "0111": Recipe("road", 1.3, "u", 80, 5.0, 1.0),
    "0112": Recipe("road", 0.2, "um", 300, 9.0),
    "0114": Recipe("road", 0.15, "uc", 300, 4.0),
    "0127": Recipe("road", 0.2, "u", 250, 5.5, 1.0),
    "0129": Recipe("oil", 0.05, offset_m=1.0),
    "0130": Recipe("road", 0.1, "um", 400, 6.0),
    # what stands at the kerb
    "0113": Recipe("road", 0.8, "um", 120, 7.5, 0.8),
    "0115": Recipe("road", 0.5, "um", 200, 11.0),
    "0116": Recipe("road", 0.6, "umc", 200, 11.5),
    "0117": Recipe("road", 4.0, "umc", 50, 9.0, 0.0),
    "0118": Recipe("road", 14.0, "umc", 30, 8.0, 0.6),
    "0120": Recipe("road", 0.9, "m", 40, 12.0, 1.0),
    "0121": Recipe("road", 0.03, "u", 500, 10.0, 1.2),
    "0126": Recipe("block", 0.5, people=0.8),
    "0133": Recipe("row", 0.15, spacing_m=350),
    "0134": Recipe("block", 0.5, people=0.5),
    "0135": Recipe("block", 0.2, people=1.0),
    "0136": Recipe("junction", 1.2, "umc", offset_m=9.0, people=0.8),
    "0138": Recipe("junction", 0.03, "m", offset_m=14.0, people=1.2),
    # traffic
    "0201": Recipe("plot", 0.35, people=1.0, size_m=(25, 90)),
    "0203": Recipe("road", 0.5, "mc", 480, 9.5, 0.6),
    "0205": Recipe("across", 0.02, "m", 0, 17.0, 1.2),
    "0206": Recipe("across", 0.02, "m", 0, 19.0, 1.2),
    "0207": Recipe("crossing", 0.01, "m", size_m=(70, 160)),
    "0208": Recipe("bridge", 0.05, "umc", size_m=(18, 60)),
    "0209": Recipe("road", 3.0, "umc", 70, 8.5),
    "0210": Recipe("junction", 0.7, "um", offset_m=11.0, people=0.8),
    "0211": Recipe("along", 0.6, "um", 120, 0.6),
    "0213": Recipe("junction", 0.8, "um", offset_m=12.5),
    "0214": Recipe("junction", 0.15, "m", offset_m=13.0),
    "0215": Recipe("road", 0.05, "m", 900, 8.0),
    "0216": Recipe("along", 0.03, "m", 180, 14.0),
    # appearance and sanitation
    "0301": Recipe("block", 0.12, people=0.7),
    "0302": Recipe("plot", 0.35, people=1.0, size_m=(4, 12)),
    "0304": Recipe("block", 0.2, people=0.7),
    "0305": Recipe("road", 2.5, "umc", 60, 9.5, 0.8),
    "0307": Recipe("road", 2.2, "um", 35, 13.0, 1.2),
    "0308": Recipe("block", 0.02, people=0.2),
    "0310": Recipe("stream", 0.03, offset_m=6.0),
    # greening
    "0401": Recipe("block", 0.08, people=-0.2),
    "0402": Recipe("road", 22.0, "umc", 8, 9.0, 0.4),
    "0404": Recipe("road", 0.4, "m", 25, 10.0, 1.0),
    "0405": Recipe("plot", 0.6, people=0.7, size_m=(30, 160)),
    "0406": Recipe("block", 0.06, people=1.0),
    "0407": Recipe("road", 0.8, "u", 60, 11.0, 1.0),
    "0408": Recipe("along", 0.5, "u", 90, 12.0),
    "0410": Recipe("block", 0.02, people=1.2),
    # buildings and land, others
    "0501": Recipe("block", 0.5, people=0.6),
    "0502": Recipe("plot", 0.04, people=1.2, size_m=(40, 110)),
    "0503": Recipe("plot", 0.06, people=1.2, size_m=(18, 60)),
    "0601": Recipe("plot", 0.02, people=-0.3, size_m=(80, 260)),
    "0602": Recipe("plot", 0.3, people=0.6, size_m=(70, 220)),
    "0603": Recipe("stream", 0.15, offset_m=10.0),
    "0604": Recipe("water", 0.15, spacing_m=110, offset_m=9.0),
    "0605": Recipe("shore", 0.03, offset_m=25.0),
    "0606": Recipe("water", 0.08, spacing_m=220, offset_m=14.0),
    # local extension: the networks underground and what belongs to them
    "2101": Recipe("pipe", 0.06, spacing_m=420),
    "2102": Recipe("along", 0.9, "u", 140, 5.0, 1.0),
    "2103": Recipe("along", 0.5, "u", 150, 2.5, 1.2),
    "2104": Recipe("along", 0.9, "umc", 160, 3.5, 0.5),
    "2105": Recipe("water", 1.0, "um", 150, 1.5),
    "2106": Recipe("oil", 0.01, offset_m=12.0),
    "2107": Recipe("road", 0.25, "u", 200, 5.0, 1.0),
    "2108": Recipe("oil", 0.15, offset_m=2.0),
    "2109": Recipe("plot", 0.05, people=0.3, size_m=(35, 70)),
    "2110": Recipe("stream", 0.03, offset_m=18.0),
    "2111": Recipe("block", 0.3, people=0.9),
    "2112": Recipe("block", 0.12, people=-0.8),
}
"""By class code; a class that is missing here stands in blocks, like a notice board."""
