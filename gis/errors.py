"""What the geometry core refuses, as one tree.

::

    GisError (ValueError)                 catch this to answer any refusal
    ├── CrsError                          where the numbers come from is not known
    │   ├── CrsMissing                    no CRS in the file and none given
    │   └── CrsUnknown                    a CRS nobody can read, or one without a way to WGS84
    ├── GeometryError
    │   ├── InvalidGeometry               a ring that crosses itself, a polygon thinner than the lattice
    │   └── SwappedCoordinates            a longitude of 35 and a latitude of 120
    ├── CoverageError                     polygons that overlap or leave gaps; carries the defects
    ├── CodeError                         a code that its named scheme does not allow
    ├── EngineError                       no Spark here, or a job of its that failed
    ├── IndexRefused                      a saved index that is foreign, damaged or of another format
    └── InputRefused                      a file; carries the bad rows where there are some
        ├── UnreadableFile                missing, a directory, empty, truncated, nonsense
        ├── UnknownFormat                 no reader (or writer) for it
        ├── UnknownEncoding               text in none of the encodings we recognise
        ├── LayerNotFound                 no such layer, or several and none named
        ├── MissingColumn                 a named column that is not there, or none that can be guessed
        └── LimitExceeded                 more rows, vertices, bytes or seconds than are taken

Every refusal says the same thing in Chinese and English (`message_zh`, `message_en`), has a machine word
(`code`), and names the places it is about as longitude, latitude, so that a map can go there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from gis.coverage import Defect

__all__ = [
    "BadRow",
    "CodeError",
    "CoverageError",
    "CrsError",
    "CrsMissing",
    "CrsUnknown",
    "EngineError",
    "GeometryError",
    "GisError",
    "IndexRefused",
    "InputRefused",
    "InvalidGeometry",
    "Language",
    "LayerNotFound",
    "LimitExceeded",
    "MissingColumn",
    "Place",
    "SwappedCoordinates",
    "UnknownEncoding",
    "UnknownFormat",
    "UnreadableFile",
]

Language = Literal["zh", "en"]
Place = tuple[float, float]
"""Longitude, latitude in EPSG:4326."""


@dataclass(frozen=True)
class BadRow:
    """One row of a file that cannot be used.

    Parameters
    ----------
    row : int
        1-based number of the data row: the first row under a header is 1.
    column : str
        The column at fault; ``"geometry"`` for the shape itself.
    reason_zh, reason_en : str
        Why, in both languages.
    value : str
        What stood there, shortened.
    """

    row: int
    column: str
    reason_zh: str
    reason_en: str
    value: str

    def text(self, lang: Language = "zh") -> str:
        """Return the reason as one sentence.

        Examples
        --------
        >>> BadRow(3, "lon", "不是数字", "not a number", "abc").text("en")
        "row 3, column lon: not a number (got 'abc')"
        """
        if lang == "en":
            return f"row {self.row}, column {self.column}: {self.reason_en} (got {self.value!r})"
        return f"第 {self.row} 行，{self.column} 列：{self.reason_zh}（实际为 {self.value!r}）"


class GisError(ValueError):
    """Base of every refusal.

    Parameters
    ----------
    zh, en : str
        The same sentence in Chinese and English: the thing, what was expected, what came.
    code : str, optional
        Machine word; a class has its own where none is given.
    places : iterable of (lon, lat), optional
        Where it is, EPSG:4326.

    Examples
    --------
    >>> error = CrsMissing("文件没有坐标系", "the file has no CRS")
    >>> error.code, error.text("en")
    ('crs_missing', 'the file has no CRS')
    >>> isinstance(error, ValueError)
    True
    """

    default_code: ClassVar[str] = "refused"

    def __init__(self, zh: str, en: str, *, code: str | None = None, places: Iterable[Place] = ()) -> None:
        super().__init__(zh, en)
        self.message_zh = zh
        self.message_en = en
        self.code = code or self.default_code
        self.places: tuple[Place, ...] = tuple((float(x), float(y)) for x, y in places)

    def text(self, lang: Language = "zh") -> str:
        """Return the sentence in one language."""
        return self.message_en if lang == "en" else self.message_zh

    def __str__(self) -> str:
        return f"{self.message_zh} | {self.message_en}"

    def __reduce__(self) -> tuple[object, ...]:
        # Worker processes hand errors back pickled; the default way forgets keyword arguments.
        return (_rebuild, (type(self), self.args, dict(self.__dict__)))


def _rebuild(kind: type[GisError], args: tuple[object, ...], state: dict[str, object]) -> GisError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class CrsError(GisError):
    """The coordinate reference system is the trouble."""

    default_code = "crs"


class CrsMissing(CrsError):
    """A file without a CRS, and none was given."""

    default_code = "crs_missing"


class CrsUnknown(CrsError):
    """A CRS that cannot be read, or from which no way leads to WGS84."""

    default_code = "crs_unknown"


class GeometryError(GisError):
    """A shape is the trouble."""

    default_code = "geometry"


class InvalidGeometry(GeometryError):
    """A shape that is not valid, or that vanishes on the lattice."""

    default_code = "invalid_geometry"


class SwappedCoordinates(GeometryError):
    """Latitude before longitude."""

    default_code = "swapped_coordinates"


class CoverageError(GisError):
    """Polygons that are not a clean coverage.

    Parameters
    ----------
    defects : sequence of gis.coverage.Defect
        What is wrong, each with a place.
    """

    default_code = "coverage"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        defects: Sequence[Defect] = (),
        code: str | None = None,
        places: Iterable[Place] = (),
    ) -> None:
        self.defects = list(defects)
        super().__init__(zh, en, code=code, places=[*places] or [defect.place for defect in self.defects])


class CodeError(GisError):
    """A code that its scheme does not allow."""

    default_code = "code"


class EngineError(GisError):
    """The engine that was asked for is not there (``engine-missing``), or its job failed (``engine-failed``)."""

    default_code = "engine-failed"


class IndexRefused(GisError):
    """A saved index that cannot be trusted."""

    default_code = "index_refused"


class InputRefused(GisError):
    """A file is refused.

    Parameters
    ----------
    rows : iterable of BadRow, optional
        The rows at fault, where single rows are.
    """

    default_code = "input_refused"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        rows: Iterable[BadRow] = (),
        code: str | None = None,
        places: Iterable[Place] = (),
    ) -> None:
        self.rows: tuple[BadRow, ...] = tuple(rows)
        super().__init__(zh, en, code=code, places=places)


class UnreadableFile(InputRefused):
    """Missing, a directory, empty, truncated or nonsense."""

    default_code = "unreadable_file"


class UnknownFormat(InputRefused):
    """A format without reader or writer here."""

    default_code = "unknown_format"


class UnknownEncoding(InputRefused):
    """Text in an encoding that is not recognised."""

    default_code = "unknown_encoding"


class LayerNotFound(InputRefused):
    """A layer that is not in the file, or several and none was named."""

    default_code = "layer_not_found"


class MissingColumn(InputRefused):
    """A column that is not in the file."""

    default_code = "missing_column"


class LimitExceeded(InputRefused):
    """A file takes more than the limits of reading allow.

    Parameters
    ----------
    limit : str
        Name of the limit, as whoever reads the file calls it (a setting).
    largest : int
        What is allowed.
    found : int or None
        What the file has, or needed until it was stopped.
    """

    default_code = "limit_exceeded"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        limit: str = "",
        largest: int = 0,
        found: int | None = None,
        code: str | None = None,
        places: Iterable[Place] = (),
    ) -> None:
        self.limit = limit
        self.largest = largest
        self.found = found
        super().__init__(zh, en, code=code, places=places)
