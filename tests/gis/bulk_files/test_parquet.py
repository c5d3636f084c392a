"""Parquet comes out with its columns, types and metadata, and one column more."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from gis.bulk_files import locate_file
from gis.crs import from_wgs84
from gis.errors import CrsMissing, InputRefused, MissingColumn, UnknownFormat
from gis.locate import GridIndex

LEFT, RIGHT = "370211001", "370211002"
X, Y = np.array([120.5, 121.5, np.nan, 9.0]), np.array([35.5, 35.5, 35.5, 9.0])
OWNERS = [LEFT, RIGHT, None, None]


@pytest.fixture(scope="module")
def index():
    return GridIndex.build([LEFT, RIGHT], [shapely.box(120, 35, 121, 36), shapely.box(121, 35, 122, 36)])


@pytest.fixture
def locate(index, tmp_path):
    def run(table, target="out.parquet", **options):
        pq.write_table(table, tmp_path / "in.parquet", row_group_size=3)
        result = locate_file(index, tmp_path / "in.parquet", tmp_path / target, **options)
        return result, pq.read_table(tmp_path / target) if target.endswith("parquet") else None

    return run


def geo(table, crs="absent", encoding="WKB"):
    column = {"encoding": encoding, "geometry_types": ["Point"]}
    if crs != "absent":
        column["crs"] = crs
    meta = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    return table.replace_schema_metadata({"geo": json.dumps(meta), "made by": "hand"})


def points(x=X, y=Y, **options):
    return pa.array(shapely.to_wkb(shapely.points(x, y), **options), pa.binary())


def test_types_order_and_metadata_stay(locate, tmp_path):
    table = pa.table(
        {
            "id": pa.array([7, 8, 9, 10], pa.uint64()),
            "class": pa.array(["a", "b", "a", None]).dictionary_encode(),
            "at": pa.array([1, 2, 3, None], pa.timestamp("ns", "Asia/Shanghai")),
            "many": pa.array([[1], [], None, [2, 3]]),
            "lon": X,
            "lat": pa.array(Y, pa.float32()),
        }
    ).replace_schema_metadata({"made by": "hand"})
    result, out = locate(table)
    assert out.column("grid_code").to_pylist() == OWNERS
    assert repr(out.drop_columns("grid_code").to_pylist()) == repr(table.to_pylist())
    assert out.schema.remove(6).equals(pq.read_schema(tmp_path / "in.parquet"), check_metadata=True)
    assert (result.rows, result.owned, result.unusable) == (4, 2, 1)
    assert [(row.row, row.value) for row in result.bad_rows] == [(3, "nan, 35.5")]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.decimal128(12, 7), pa.dictionary(pa.int8(), pa.string())]
)
def test_numbers_of_other_kinds(locate, kind):
    text = pa.array(["120.5", "121.5", None, "9"])
    other = text.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else text.cast(kind)
    _, out = locate(pa.table({"经度": other, "纬度": Y}))
    assert out.column("grid_code").to_pylist() == OWNERS


@pytest.mark.parametrize(
    "column",
    [
        points(),
        points(byte_order=0),
        pa.array(shapely.to_wkb(shapely.points(X, Y, np.ones(4)), output_dimension=3), pa.binary()),
        pa.array([*points()[:2].to_pylist(), None, points()[3].as_py()], pa.binary()),
        points().cast(pa.large_binary()),
        pa.array(
            [*points()[:2].to_pylist(), shapely.to_wkb(shapely.box(120, 35, 121, 36)), b"x"], pa.binary()
        ),
    ],
)
def test_geoparquet(locate, column):
    table = geo(pa.table({"name": list("abcd"), "geometry": column}))
    result, out = locate(table)
    assert out.column("grid_code").to_pylist() == OWNERS
    assert out.schema.metadata[b"geo"] == table.schema.metadata[b"geo"]
    assert result.bad_rows[0].row == 3


def test_geoparquet_of_points_as_pairs(locate):
    pairs = pa.StructArray.from_arrays([pa.array(X), pa.array(Y)], ["x", "y"])
    _, out = locate(geo(pa.table({"geometry": pairs}), encoding="point"))
    assert out.column("grid_code").to_pylist() == OWNERS
    with pytest.raises(MissingColumn, match="polygon"):
        locate(geo(pa.table({"geometry": pairs}), encoding="polygon"))


def test_crs_of_geoparquet(locate):
    from pyproj import CRS

    x, y = from_wgs84(X, Y, 4549)
    table = pa.table({"geometry": points(x, y)})
    assert locate(geo(table, CRS.from_epsg(4549).to_json_dict()))[1].column("grid_code").to_pylist() == OWNERS
    assert locate(geo(table, None), crs="EPSG:4549")[1].column("grid_code").to_pylist() == OWNERS
    with pytest.raises(CrsMissing):
        locate(geo(table, None))
    x, y = from_wgs84(X, Y, "gcj02")
    assert locate(geo(pa.table({"geometry": points(x, y)})), crs="gcj02")[0].owned == 2


def test_no_rows(locate, tmp_path):
    empty = pa.table(
        {"id": pa.array([], pa.int32()), "lon": pa.array([], pa.float64()), "lat": pa.array([], pa.float64())}
    )
    result, out = locate(empty)
    assert (result.rows, out.num_rows, out.column_names) == (0, 0, ["id", "lon", "lat", "grid_code"])
    assert out.schema.field("grid_code").type == pa.string()
    locate(empty, target="out.csv")
    # What comes from no CSV opens right in every Excel.
    assert (tmp_path / "out.csv").read_bytes() == b"\xef\xbb\xbfid,lon,lat,grid_code\n"


def test_into_csv(locate, tmp_path):
    locate(pa.table({"n": ['a,"b', None, "", "x"], "lon": X, "lat": Y}), target="out.csv")
    assert (tmp_path / "out.csv").read_text("utf-8-sig").splitlines() == [
        "n,lon,lat,grid_code", f'"a,""b",120.5,35.5,{LEFT}', f",121.5,35.5,{RIGHT}", ",nan,35.5,", "x,9.0,9.0,"]  # fmt: skip
    with pytest.raises(UnknownFormat):
        locate(geo(pa.table({"geometry": points()})), target="out.csv")


def test_refusals(locate, index, tmp_path):
    with pytest.raises(MissingColumn, match="timestamp"):
        locate(pa.table({"lon": pa.array([1], pa.timestamp("s")), "lat": [1.0]}))
    with pytest.raises(MissingColumn):
        locate(pa.table({"lon": X, "lat": Y, "grid_code": Y}))
    with pytest.raises(InputRefused, match="damaged"):
        locate(pa.table({"geometry": points()}).replace_schema_metadata({"geo": "{"}))
    (tmp_path / "in.parquet").write_bytes((tmp_path / "in.parquet").read_bytes()[:-20])
    with pytest.raises(InputRefused, match="damaged"):
        locate_file(index, tmp_path / "in.parquet", tmp_path / "new.parquet")
    assert not (tmp_path / "new.parquet").exists()
    with pytest.raises(InputRefused, match="spark"):
        locate_file(index, tmp_path, tmp_path / "new.parquet")


def test_progress_ends_at_all_rows(index, tmp_path):
    pq.write_table(
        pa.table({"lon": np.full(300_000, 120.5), "lat": np.full(300_000, 35.5)}), tmp_path / "in.parquet"
    )
    told = []
    locate_file(index, tmp_path / "in.parquet", tmp_path / "out.csv", advance=lambda *at: told.append(at))
    assert told[-1] == (300_000, 300_000)
    assert len(told) > 1
