"""What is refused, as one tree: the core, the service and the command line speak it alike.

::

    Refusal (ValueError)                  catch this to answer any refusal
    ├── CrsError                          where the numbers come from is not known
    │   ├── CrsMissing                    no CRS in the file and none given
    │   └── CrsUnknown                    a CRS nobody can read, or one without a way to WGS84
    ├── GeometryError
    │   ├── InvalidGeometry               a ring that crosses itself, a polygon thinner than the lattice
    │   └── SwappedCoordinates            a longitude of 35 and a latitude of 120
    ├── CoverageError                     polygons that overlap or leave gaps; carries the defects
    ├── CodeError                         a code that its named scheme does not allow
    ├── EngineError                       no Spark here, or a job of its that failed
    ├── AssetsMissing                 the files that a page is made of are not installed
    ├── IndexRefused                      a saved index that is foreign, damaged or of another format
    ├── InputRefused                      a file; carries the bad rows where there are some
    │   ├── UnreadableFile                missing, a directory, empty, truncated, nonsense
    │   ├── UnknownFormat                 no reader (or writer) for it
    │   ├── UnknownEncoding               text in none of the encodings we recognise
    │   ├── LayerNotFound                 no such layer, or several and none named
    │   ├── MissingColumn                 a named column that is not there, or none that can be guessed
    │   └── LimitExceeded                 more rows, vertices, bytes or seconds than are taken
    ├── gis.editing.OperationRefused      an edit that cannot be done
    ├── app.errors                        what the service refuses, by the HTTP status that answers it
    └── app.cli.errors                    what the command line refuses

Every refusal says the same thing in Chinese and English (`detail`), has a machine word in kebab-case (`code`), and
names the places it is about as longitude, latitude, so that a map can go there. What else helps a program to mend the
cause are its `members`. `app.errors` gives each its HTTP status, `app.cli.exit_codes` its exit code, and
``docs/errors.md`` lists every code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gis.defects import Defect, Place
from gis.text import Language, Text

__all__ = [
    "AssetsMissing",
    "BadRow",
    "CodeError",
    "CoverageError",
    "CrsError",
    "CrsMissing",
    "CrsUnknown",
    "EncodingSample",
    "EngineError",
    "GeometryError",
    "IndexRefused",
    "InputRefused",
    "InvalidGeometry",
    "LayerNotFound",
    "LimitExceeded",
    "MissingColumn",
    "Place",
    "Refusal",
    "SwappedCoordinates",
    "UnknownEncoding",
    "UnknownFormat",
    "UnreadableFile",
]


@dataclass(frozen=True)
class BadRow:
    """One row of a file that cannot be used.

    Parameters
    ----------
    row : int
        1-based number of the data row: the first row under a header is 1.
    column : str
        The column at fault; ``"geometry"`` for the shape itself.
    reason : Text
        Why, in both languages.
    value : str
        What stood there, shortened.
    """

    row: int
    column: str
    reason: Text
    value: str

    def text(self, lang: Language = "zh") -> str:
        """Return the reason as one sentence.

        Examples
        --------
        >>> BadRow(3, "lon", Text("不是数字", "not a number"), "abc").text("en")
        "row 3, column lon: not a number (got 'abc')"
        """
        if lang == "en":
            return f"row {self.row}, column {self.column}: {self.reason.en} (got {self.value!r})"
        return f"第 {self.row} 行，{self.column} 列：{self.reason.zh}（实际为 {self.value!r}）"

    def as_dict(self) -> dict[str, object]:
        """Return a JSON-ready mapping with the names of the HTTP interface."""
        return {
            "row": self.row,
            "column": self.column,
            "value": self.value,
            "reason_zh": self.reason.zh,
            "reason_en": self.reason.en,
        }


class Refusal(ValueError):
    """Base of every refusal.

    Parameters
    ----------
    zh, en : str
        The same sentence in Chinese and English: the thing, what was expected, what came, the way out.
    code : str, optional
        Machine word in kebab-case; a class has its own where none is given.
    places : iterable of (lon, lat), optional
        Where it is, EPSG:4326.
    **members
        What else helps a program, JSON-ready: they stand in the problem document and in ``--json``.

    Attributes
    ----------
    detail : Text
        The sentence.
    title : Text or None
        What all refusals of the class have in common, where the status alone does not say it.

    Examples
    --------
    >>> error = CrsMissing("文件没有坐标系", "the file has no CRS", file="a.shp")
    >>> error.code, error.text("en"), error.members()
    ('crs-missing', 'the file has no CRS', {'file': 'a.shp'})
    >>> isinstance(error, ValueError)
    True
    """

    code: str = "refused"
    title: ClassVar[Text | None] = None

    def __init__(
        self, zh: str, en: str, *, code: str | None = None, places: Iterable[Place] = (), **members: object
    ) -> None:
        super().__init__(zh, en)
        self.detail = Text(zh, en)
        if code is not None:
            self.code = code
        self.places: tuple[Place, ...] = tuple((float(x), float(y)) for x, y in places)
        self.extra: dict[str, Any] = members

    def text(self, lang: Language = "zh") -> str:
        """Return the sentence in one language."""
        return self.detail.in_(lang)

    def members(self, most: int | None = None) -> dict[str, object]:
        """Return what helps a program beside the sentence, JSON-ready.

        Parameters
        ----------
        most : int, optional
            How many items of a list that may be as long as a file; all where it is not given.
        """
        found: dict[str, object] = {}
        if self.places:
            found["places"] = [list(place) for place in self.places[:most]]
        return found | self.extra

    def __str__(self) -> str:
        return f"{self.detail.zh} | {self.detail.en}"

    def __reduce__(self) -> tuple[object, ...]:
        # Worker processes hand errors back pickled; the default way forgets keyword arguments.
        return (_rebuild, (type(self), self.args, dict(self.__dict__)))


def _rebuild(kind: type[Refusal], args: tuple[object, ...], state: dict[str, object]) -> Refusal:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class CrsError(Refusal):
    """The coordinate reference system is the trouble."""

    code = "crs"


class CrsMissing(CrsError):
    """A file without a CRS, and none was given."""

    code = "crs-missing"


class CrsUnknown(CrsError):
    """A CRS that cannot be read, or from which no way leads to WGS84."""

    code = "crs-unknown"


class GeometryError(Refusal):
    """A shape is the trouble."""

    code = "geometry"


class InvalidGeometry(GeometryError):
    """A shape that is not valid, or that vanishes on the lattice."""

    code = "invalid-geometry"


class SwappedCoordinates(GeometryError):
    """Latitude before longitude."""

    code = "swapped-coordinates"


class CoverageError(Refusal):
    """Polygons that are not a clean coverage.

    Parameters
    ----------
    defects : sequence of gis.defects.Defect
        What is wrong, each with a place.
    """

    code = "not-clean"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        defects: Sequence[Defect] = (),
        code: str | None = None,
        places: Iterable[Place] = (),
        **members: object,
    ) -> None:
        self.defects = list(defects)
        places = [*places] or [defect.place for defect in self.defects]
        super().__init__(zh, en, code=code, places=places, **members)

    def members(self, most: int | None = None) -> dict[str, object]:
        """Return the defects, each with its place."""
        found = super().members(most)
        if self.defects:
            found["defects"] = [defect.as_dict() for defect in self.defects[:most]]
        return found


class CodeError(Refusal):
    """A code that its scheme does not allow."""

    code = "code"


class EngineError(Refusal):
    """The engine that was asked for is not there (``engine-missing``), or its job failed (``engine-failed``)."""

    code = "engine-failed"


class AssetsMissing(Refusal):
    """The files that a page is made of are not installed."""

    code = "assets-missing"


class IndexRefused(Refusal):
    """A saved index that cannot be trusted."""

    code = "index-refused"


class InputRefused(Refusal):
    """A file is refused.

    Parameters
    ----------
    rows : iterable of BadRow, optional
        The rows at fault, where single rows are.
    """

    code = "input-refused"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        rows: Iterable[BadRow] = (),
        code: str | None = None,
        places: Iterable[Place] = (),
        **members: object,
    ) -> None:
        self.rows: tuple[BadRow, ...] = tuple(rows)
        super().__init__(zh, en, code=code, places=places, **members)

    def members(self, most: int | None = None) -> dict[str, object]:
        """Return the rows at fault, where single rows are."""
        found = super().members(most)
        if self.rows:
            found["rows"] = [row.as_dict() for row in self.rows[:most]]
        return found


class UnreadableFile(InputRefused):
    """Missing, a directory, empty, truncated or nonsense."""

    code = "unreadable-file"


class UnknownFormat(InputRefused):
    """A format without reader or writer here."""

    code = "unknown-format"


@dataclass(frozen=True)
class EncodingSample:
    """How some texts of a file read in one encoding.

    Parameters
    ----------
    encoding : str
    texts : tuple of str
    """

    encoding: str
    texts: tuple[str, ...]


class UnknownEncoding(InputRefused):
    """Text in an encoding that is not known, or not the one that is said.

    Parameters
    ----------
    samples : iterable of EncodingSample, optional
        What the text may be, the likeliest first, where naming one of them is the way out.
    """

    code = "unknown-encoding"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        rows: Iterable[BadRow] = (),
        code: str | None = None,
        places: Iterable[Place] = (),
        samples: Iterable[EncodingSample] = (),
        **members: object,
    ) -> None:
        self.samples: tuple[EncodingSample, ...] = tuple(samples)
        super().__init__(zh, en, rows=rows, code=code, places=places, **members)

    def members(self, most: int | None = None) -> dict[str, object]:
        """Return how the text may read, where naming the encoding is the way out."""
        found = super().members(most)
        if self.samples:
            found["samples"] = [
                {"encoding": sample.encoding, "texts": list(sample.texts)} for sample in self.samples
            ]
        return found


class LayerNotFound(InputRefused):
    """A layer that is not in the file, or several and none was named."""

    code = "layer-not-found"


class MissingColumn(InputRefused):
    """A column that is not in the file."""

    code = "missing-column"


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

    code = "limit-exceeded"

    def __init__(
        self,
        zh: str,
        en: str,
        *,
        rows: Iterable[BadRow] = (),
        limit: str = "",
        largest: int = 0,
        found: int | None = None,
        code: str | None = None,
        places: Iterable[Place] = (),
        **members: object,
    ) -> None:
        self.limit = limit
        self.largest = largest
        self.found = found
        super().__init__(zh, en, rows=rows, code=code, places=places, **members)

    def members(self, most: int | None = None) -> dict[str, object]:
        """Return which limit it is, what is allowed, and what came."""
        return super().members(most) | {"limit": self.limit, "largest": self.largest, "found": self.found}
