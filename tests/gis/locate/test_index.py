"""The index as an object: what it refuses, how it is saved, what it does with odd input."""

import mmap
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from gis.errors import (
    CodeError,
    CoverageError,
    CrsMissing,
    GeometryError,
    IndexRefused,
    InvalidGeometry,
    SwappedCoordinates,
)
from gis.locate import NO_OWNER, GridIndex
from gis.locate.kernel import locate_block
from gis.testing import checkerboard, harbour_town


@pytest.fixture(scope="module")
def index() -> GridIndex:
    town = checkerboard(3, 3)
    return GridIndex.build(town.codes, town.polygons, edition=7)


def test_a_corner_of_four_goes_to_the_lowest_code(index: GridIndex) -> None:
    assert index.codes[int(index.locate(120.01, 36.01))] == "370299001001001"


def test_plain_string_order_decides_not_number() -> None:
    squares = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    index = GridIndex.build(["9", "10"], squares)
    assert index.codes == ("10", "9")
    assert index.codes[int(index.locate(1.0, 0.5))] == "10"
    index = GridIndex.build(["网", "Z"], squares)
    assert index.codes[int(index.locate(1.0, 0.5))] == "Z"


def test_outside_is_nobodys_even_by_one_step(index: GridIndex) -> None:
    assert int(index.locate(119.9999999, 36.005)) == NO_OWNER
    assert int(index.locate(120.0, 36.005)) == 0
    assert int(index.locate(120.03, 36.03)) == 8
    assert int(index.locate(120.0300001, 36.03)) == NO_OWNER


def test_points_are_rounded_to_the_lattice_first(index: GridIndex) -> None:
    assert int(index.locate(120.0 - 4.9e-8, 36.005)) == 0
    assert int(index.locate(120.0 - 5.1e-8, 36.005)) == NO_OWNER


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (np.nan, 36.0),
        (120.0, np.nan),
        (np.inf, 36.0),
        (120.0, -np.inf),
        (181.0, 36.0),
        (120.0, 91.0),
        (1e308, 1e308),
    ],
)
def test_what_is_no_place_has_no_owner(index: GridIndex, lon: float, lat: float) -> None:
    assert int(index.locate(lon, lat)) == NO_OWNER
    owner, on_boundary = index.locate_detail(lon, lat)
    assert (int(owner), bool(on_boundary)) == (NO_OWNER, False)


def test_shapes_of_answers(index: GridIndex) -> None:
    assert index.locate(120.005, 36.005).shape == ()
    assert index.locate(120.005, 36.005).dtype == np.int32
    assert index.locate([], []).shape == (0,)
    assert index.locate(np.full((2, 3), 120.005), 36.005).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert index.locate([120, 120], [36, 36]).tolist() == [0, 0]


def test_more_points_than_a_chunk_come_back_in_order(index: GridIndex) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.uniform(119.99, 120.04, 200_000), rng.uniform(35.99, 36.04, 200_000)
    # The other road: squares of a hundredth of a degree can be counted out.
    column, row = np.floor((x - 120) * 100), np.floor((y - 36) * 100)
    inside = (column >= 0) & (column < 3) & (row >= 0) & (row < 3)
    expected = np.where(inside, row * 3 + column, -1).astype(int)
    near_border = (np.abs(x * 100 - np.rint(x * 100)) < 1e-4) | (np.abs(y * 100 - np.rint(y * 100)) < 1e-4)
    got = index.locate(x, y)
    assert (got == expected)[~near_border].all()
    assert near_border.sum() < 200


def test_holes_and_islands_have_their_owners() -> None:
    town = harbour_town()
    index = GridIndex.build(town.codes, town.polygons)
    for code in town.codes:
        assert index.codes[int(index.locate(*town.inside(code)))] == code
    assert index.codes[int(index.locate(119.9931, 36.0452))] == "370299001002001"
    # A corner of the market belongs to the grid around it, whose code is lower.
    assert index.codes[int(index.locate(120.005, 36.005))] == "370299001001001"


@pytest.mark.parametrize(
    ("codes", "error"), [(["a", "a"], CodeError), (["a", ""], CodeError), (["a"], GeometryError)]
)
def test_codes_must_be_unique_and_as_many_as_polygons(codes: list[str], error: type[Exception]) -> None:
    with pytest.raises(error):
        GridIndex.build(codes, checkerboard(2, 1).polygons)


def test_overlaps_are_refused_or_settled_by_the_lowest_code() -> None:
    overlapping = [shapely.box(0, 0, 2, 1), shapely.box(1, 0, 3, 1)]
    with pytest.raises(CoverageError) as refused:
        GridIndex.build(["b", "a"], overlapping)
    assert [d.kind for d in refused.value.defects] == ["overlap"]
    index = GridIndex.build(["b", "a"], overlapping, on_conflict="first")
    assert [index.codes[at] for at in index.locate([0.5, 1.5, 2.5], 0.5)] == ["b", "a", "a"]


@pytest.mark.parametrize(
    "shape", [None, shapely.Polygon(), shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)])]
)
def test_only_polygons_can_own(shape: object) -> None:
    with pytest.raises(InvalidGeometry) as refused:
        GridIndex.build(["a", "b"], [shapely.box(0, 0, 1, 1), shape])
    assert "b" in refused.value.text("en")


def test_an_index_of_nothing_answers_nobody() -> None:
    index = GridIndex.build([], [])
    assert len(index) == 0
    assert index.locate([1.0], [2.0]).tolist() == [NO_OWNER]


def test_saved_and_opened_it_is_the_same(index: GridIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "a.idx")
    again = GridIndex.open(tmp_path / "a.idx")
    assert (again.codes, again.edition, again.content_hash) == (index.codes, 7, index.content_hash)
    assert shapely.equals_exact(again.polygons, index.polygons).all()
    index.save(tmp_path / "b.idx")
    assert (tmp_path / "a.idx").read_bytes() == (tmp_path / "b.idx").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.idx", "b.idx"]


def test_hash_follows_codes_and_boundaries_only() -> None:
    town = checkerboard(2, 2)
    base = GridIndex.build(town.codes, town.polygons)
    assert GridIndex.build(town.codes, town.polygons, edition=3).content_hash == base.content_hash
    assert GridIndex.build([f"x{c}" for c in town.codes], town.polygons).content_hash != base.content_hash
    moved = checkerboard(2, 2, west=120.0000001)
    assert GridIndex.build(town.codes, moved.polygons).content_hash != base.content_hash


@pytest.mark.parametrize(
    "damage",
    ["empty", "short", "foreign", "header", "arrays", "longer", "version", "old", "directory", "absent"],
)
def test_damaged_and_foreign_files_are_refused(index: GridIndex, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.idx"
    index.save(path)
    content = bytearray(path.read_bytes())
    if damage == "empty":
        content = bytearray()
    elif damage == "short":
        content = content[:-10]
    elif damage == "foreign":
        content = bytearray(b"PK\x03\x04") + content
    elif damage == "header":
        content[60] ^= 1
    elif damage == "arrays":
        content[content.index(index._raster.records.tobytes()) + 5] ^= 1
    elif damage == "longer":
        content += b"x"
    elif damage in ("version", "old"):
        content[8] = 99 if damage == "version" else 1
    path.write_bytes(content)
    if damage == "directory":
        path = tmp_path
    elif damage == "absent":
        path = tmp_path / "nowhere.idx"
    with pytest.raises(IndexRefused) as refused:
        GridIndex.open(path)
    assert path.name in refused.value.text("zh")


def test_every_byte_of_a_file_is_guarded(tmp_path: Path) -> None:
    town = checkerboard(2, 2)
    whole = GridIndex.build(town.codes, town.polygons).to_bytes()
    path = tmp_path / "a.idx"
    changed_nothing = 0
    for at in range(0, len(whole), 7):
        content = bytearray(whole)
        content[at] ^= 0x10
        path.write_bytes(content)
        try:
            again = GridIndex.open(path)
            shapes = again.polygons
        except IndexRefused:
            continue
        # Only the padding between sections is free.
        assert whole[at] == 0
        changed_nothing += 1
        assert shapely.equals_exact(shapes, np.asarray(town.polygons, dtype=object)).all()
    assert changed_nothing < len(whole) // 7 // 4


def test_an_opened_index_lies_in_the_file_and_cannot_be_written(index: GridIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "a.idx")
    again = GridIndex.open(tmp_path / "a.idx")
    for array in again._arrays:
        owner = array
        while isinstance(owner, np.ndarray):
            owner = owner.base
        assert isinstance(owner.obj if isinstance(owner, memoryview) else owner, mmap.mmap)
        assert not array.flags.writeable
    # The name may go while somebody reads.
    (tmp_path / "a.idx").unlink()
    assert int(again.locate(120.005, 36.005)) == 0


def test_an_index_travels_to_another_process(index: GridIndex) -> None:
    again = pickle.loads(pickle.dumps(index))  # noqa: S301 - our own
    assert again.to_bytes() == index.to_bytes()
    assert GridIndex.from_bytes(index.to_bytes()).locate([120.005], [36.005]).tolist() == [0]


def test_many_threads_may_ask_one_index() -> None:
    town = checkerboard(20, 20)
    rng = np.random.default_rng(4)
    x, y = rng.uniform(120, 120.2, 20_000), rng.uniform(36, 36.2, 20_000)
    for _ in range(5):
        index = GridIndex.build(town.codes, town.polygons)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(index.locate, [x] * 8, [y] * 8))
        assert all((one == answers[0]).all() for one in answers)


def test_hundreds_of_thousands_of_points() -> None:
    town = checkerboard(37, 36)
    index = GridIndex.build(town.codes, town.polygons)
    rng = np.random.default_rng(5)
    x, y = rng.uniform(120, 120.37, 500_000), rng.uniform(36, 36.36, 500_000)
    owners = index.locate(x, y)
    assert (owners >= 0).all()
    # The same points one part at a time, in another order: the answer is a point's own.
    order = rng.permutation(500_000)
    for part in np.array_split(order, 7):
        assert (index.locate(x[part], y[part]) == owners[part]).all()


def test_threads_give_the_answers_of_one() -> None:
    town = checkerboard(20, 20)
    index = GridIndex.build(town.codes, town.polygons)
    rng = np.random.default_rng(6)
    x, y = rng.uniform(119.99, 120.21, 700_001), rng.uniform(35.99, 36.21, 700_001)
    x[::1000] = 120.05
    alone, beside = index.locate_detail(x, y, workers=1), index.locate_detail(x, y, workers=3)
    assert (alone[0] == beside[0]).all()
    assert (alone[1] == beside[1]).all()
    assert alone[1].sum() > 600


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        (pa.array([120.005, None, 120.025]), pa.array([36.005, 36.0, 36.025])),
        (pa.chunked_array([[120.005], [None, 120.025]]), pa.chunked_array([[36.005, 36.0, 36.025]])),
        (pd.Series([120.005, None, 120.025]), pd.Series([36.005, 36.0, 36.025], index=[7, 8, 9])),
        (np.array([120.005, np.nan, 120.025], dtype="f8")[::1], [36.005, 36.0, 36.025]),
        (gpd.GeoSeries.from_xy([120.005, None, 120.025], [36.005, None, 36.025], crs=4326), None),
        (np.array([shapely.Point(120.005, 36.005), None, shapely.Point(120.025, 36.025)]), None),
        (gpd.GeoSeries.from_xy([120.005, 0, 120.025], [36.005, 0, 36.025], crs=4490), None),
    ],
    ids=["arrow", "chunked", "pandas", "numpy", "geoseries", "shapely", "cgcs2000"],
)
def test_points_come_in_any_usual_form(index: GridIndex, lon: object, lat: object) -> None:
    assert index.locate(lon, lat).tolist() == [0, NO_OWNER, 8]  # type: ignore[arg-type]


def test_whatever_form_points_come_in_nothing_is_compiled_again(index: GridIndex) -> None:
    index.locate([120.005], [36.005])
    compiled = len(locate_block.signatures)
    frozen = np.array([120.005, 120.025])
    frozen.setflags(write=False)
    for lon in (frozen, pa.array([120.005, 120.025]), np.array([[120.005, 0], [120.025, 0]])[:, 0]):
        assert index.locate(lon, 36.005).tolist() == [0, 2]
        assert index.locate_detail(lon, [36.005, 36.005])[1].tolist() == [False, False]
    assert len(locate_block.signatures) == compiled


def test_a_geoseries_brings_its_crs(index: GridIndex) -> None:
    points = gpd.GeoSeries.from_xy([120.005, 120.025], [36.005, 36.025], crs=4326)
    assert index.locate(points.to_crs(4549)).tolist() == [0, 8]
    with pytest.raises(CrsMissing):
        index.locate(points.set_crs(None, allow_override=True))


def test_strided_and_integer_arrays(index: GridIndex) -> None:
    both = np.array([[120.005, 36.005], [120.025, 36.025]])
    assert index.locate(both[:, 0], both[:, 1]).tolist() == [0, 8]
    assert index.locate(np.array([120]), np.array([36])).tolist() == [0]
    # Half precision loses more than a grid: it is computed as given, not guessed.
    assert index.locate(np.float32(120.005), np.float32(36.005)).tolist() == 0


@pytest.mark.parametrize(
    ("lon", "lat", "error"),
    [
        (["a"], [1.0], GeometryError),
        ([1.0, 2.0], [1.0, 2.0, 3.0], GeometryError),
        ([shapely.box(0, 0, 1, 1)], None, InvalidGeometry),
        ([1.0], None, InvalidGeometry),
    ],
)
def test_what_is_no_point_is_refused(index: GridIndex, lon: object, lat: object, error: type) -> None:
    with pytest.raises(error):
        index.locate(lon, lat)  # type: ignore[arg-type]


def test_gaps_are_refused_with_their_place_unless_allowed() -> None:
    ring = shapely.box(120, 36, 120.03, 36.03) - shapely.box(120.01, 36.01, 120.02, 36.02)
    with pytest.raises(CoverageError) as refused:
        GridIndex.build(["a"], [ring])
    assert [(d.kind, d.place) for d in refused.value.defects] == [("gap", (120.015, 36.015))]
    for index in (
        GridIndex.build(["a"], [ring], gaps="allow"),
        GridIndex.build(["a"], [ring], on_conflict="first"),
    ):
        assert index.locate([120.015, 120.005, 120.01], 36.015).tolist() == [-1, 0, 0]
    # An enclave that somebody owns is none.
    enclave = shapely.box(120.01, 36.01, 120.02, 36.02)
    assert GridIndex.build(["a", "b"], [ring, enclave]).locate(120.015, 36.015) == 1


def test_exchanged_and_unusable_coordinates_are_named() -> None:
    with pytest.raises(SwappedCoordinates) as swapped:
        GridIndex.build(["a"], [shapely.box(35, 120, 36, 121)])
    assert "latitude" in swapped.value.text("en")
    with pytest.raises(GeometryError):
        GridIndex.build(["a"], [shapely.Polygon([(0, 0), (1, np.inf), (1, 0)])])
    with pytest.raises(InvalidGeometry) as crossed:
        GridIndex.build(
            ["a", "bow"], [shapely.box(3, 0, 4, 1), shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]
        )
    assert "bow" in crossed.value.text("en")
    assert crossed.value.places == ((0.5, 0.5),)


def test_away_from_borders_geos_agrees_on_a_whole_district() -> None:
    town = checkerboard(12, 12)
    rng = np.random.default_rng(8)
    # Every square becomes a wiggly shape whose borders its neighbours share.
    wiggly = np.asarray(
        shapely.transform(
            shapely.segmentize(np.asarray(town.polygons, dtype=object), 0.001),
            lambda xy: np.column_stack(
                [xy[:, 0] + 0.0008 * np.sin(xy[:, 1] * 900), xy[:, 1] + 0.0008 * np.sin(xy[:, 0] * 900)]
            ),
        ),
        dtype=object,
    )
    index = GridIndex.build(town.codes, wiggly)
    x, y = rng.uniform(119.99, 120.13, 50_000), rng.uniform(35.99, 36.13, 50_000)
    point, grid = shapely.STRtree(wiggly).query(shapely.points(x, y), predicate="within")
    expected = np.full(50_000, -1)
    expected[point] = grid
    lines = shapely.STRtree(shapely.boundary(wiggly))
    near = np.zeros(50_000, dtype=bool)
    near[lines.query(shapely.points(x, y), predicate="dwithin", distance=2e-7)[0]] = True
    assert (index.locate(x, y) == expected)[~near].all()
    assert near.sum() < 500
