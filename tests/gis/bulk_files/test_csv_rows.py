"""CSV comes out as it went in, byte for byte, with one more field."""

import csv
import io
import random

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.bulk_arrow import numbers_of
from gis.bulk_files import locate_file
from gis.bulk_files.csv_records import append_column, decimals, gather, scan
from gis.errors import CrsUnknown, GeometryError, InputRefused, MissingColumn, SwappedCoordinates
from gis.locate import GridIndex

LEFT, RIGHT = "370211001", "370211002"


@pytest.fixture(scope="module")
def index():
    return GridIndex.build([LEFT, RIGHT], [shapely.box(120, 35, 121, 36), shapely.box(121, 35, 122, 36)])


@pytest.fixture
def locate(index, tmp_path):
    def run(text, *, target="out.csv", **options):
        source = tmp_path / "in.csv"
        source.write_bytes(text if isinstance(text, bytes) else text.encode())
        result = locate_file(index, source, tmp_path / target, **options)
        return result, (tmp_path / target).read_bytes()

    return run


def test_every_byte_of_a_row_stays(locate):
    text = (
        'id,name,"备注, 说明",lon,lat\r\n'
        '007,"灯杆 ""3""","两行\r\n文字", 120.5 ,35.50\r\n'
        '008,5" 管,,121.5,35.5\n'
        '\n009,"","x",,35.5\n'
        "010,a,b,九,35.5"
    )
    result, out = locate(text)
    assert out.decode() == (
        'id,name,"备注, 说明",lon,lat,grid_code\r\n'
        f'007,"灯杆 ""3""","两行\r\n文字", 120.5 ,35.50,{LEFT}\r\n'
        f'008,5" 管,,121.5,35.5,{RIGHT}\n'
        '009,"","x",,35.5,\n'
        "010,a,b,九,35.5,\n"
    )
    assert (result.rows, result.owned, result.unusable) == (4, 2, 2)
    assert [(row.row, row.column, row.value) for row in result.bad_rows] == [
        (3, "lon/lat", ", 35.5"),
        (4, "lon/lat", "九, 35.5"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_and_a_comma_for_the_point(locate, delimiter):
    point = "," if delimiter == ";" else "."
    rows = [["编号", "经度", "纬度"], ["1", f"120{point}5", f"35{point}5"], ["2", "+1.215e2", "35.5"]]
    result, out = locate("\n".join(delimiter.join(row) for row in rows))
    read = list(csv.reader(io.StringIO(out.decode()), delimiter=delimiter))
    assert [row[-1] for row in read] == ["grid_code", LEFT, RIGHT]
    assert [row[:-1] for row in read] == rows
    assert result.owned == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(locate, encoding):
    text = "名称,lon,lat\n青岛西海岸,120.5,35.5\n"
    _, out = locate(text.encode(encoding))
    # It goes out as it came, with the mark of the byte order where it has one.
    assert out == f"名称,lon,lat,grid_code\n青岛西海岸,120.5,35.5,{LEFT}\n".encode(encoding)


def test_a_header_alone_gives_a_header_alone(locate, tmp_path):
    assert locate("lon,lat")[1] == b"lon,lat,grid_code\n"
    assert locate("lon,lat\r\n\r\n")[1] == b"lon,lat,grid_code\r\n"
    locate("id,lon,lat\n", target="out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert (table.num_rows, table.column_names) == (0, ["id", "lon", "lat", "grid_code"])


def test_short_rows_are_filled_up_and_long_ones_refused(locate, tmp_path):
    _, out = locate("lon,lat,a,b\n120.5,35.5\n120.5\n")
    assert out.decode() == f"lon,lat,a,b,grid_code\n120.5,35.5,,,{LEFT}\n120.5,,,,\n"
    (tmp_path / "out.csv").unlink()
    with pytest.raises(InputRefused) as refused:
        locate("lon,lat\n120.5,35.5\n120.5,35.5,7\n")
    assert refused.value.rows[0].row == 2
    with pytest.raises(InputRefused, match="never closed") as refused:
        locate('lon,lat,n\n120.5,35.5,"abc\n1,2,3\n')
    assert refused.value.rows[0].row == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"], "nothing half-made stays"


def test_into_parquet_as_text(locate, tmp_path):
    locate('id,lon,lat,n\n007,120.5,35.5,"a ""b"""\n008,1,1\n', target="out.parquet")
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [
        {"id": "007", "lon": "120.5", "lat": "35.5", "n": 'a "b"', "grid_code": LEFT},
        {"id": "008", "lon": "1", "lat": "1", "n": "", "grid_code": None},
    ]


def test_refusals(locate):
    with pytest.raises(SwappedCoordinates):
        locate("lon,lat\n35.5,120.5\n35.6,121.5\n")
    with pytest.raises(GeometryError, match="EPSG"):
        locate("x,y\n504635,3973487\n")
    with pytest.raises(CrsUnknown):
        locate("lon,lat\n120.5,35.5\n", crs="mars")
    with pytest.raises(MissingColumn, match="--lon"):
        locate("a,b\n1,2\n")
    with pytest.raises(MissingColumn):
        locate("lon,lat,grid_code\n1,2,3\n")
    with pytest.raises(InputRefused, match="empty"):
        locate("\n")
    # One place on Earth, and the others are only rows without an owner.
    assert locate("lon,lat\n35.5,120.5\n120.5,35.5\n")[0].owned == 1


def test_crs(locate):
    from gis.crs import from_wgs84

    for crs in ("gcj02", "bd09", "EPSG:4549"):
        x, y = (float(v) for v in from_wgs84(120.9999, 35.5, crs))
        assert locate(f"lon,lat\n{x!r},{y!r}\n", crs=crs)[1].decode().strip().endswith(LEFT)


def test_codes_that_need_quotes(tmp_path):
    index = GridIndex.build(['a,"b'], [shapely.box(120, 35, 121, 36)])
    (tmp_path / "in.csv").write_text("lon,lat\n120.5,35.5\n1,1\n")
    locate_file(index, tmp_path / "in.csv", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == 'lon,lat,grid_code\n120.5,35.5,"a,""b"\n1,1,\n'


def test_rows_cut_by_the_ends_of_blocks(locate, monkeypatch):
    rng = random.Random(5)  # noqa: S311 - any words do
    rows = [
        [f"{n:04d}", rng.choice(['a"b', "x,y", "两\r\n行", "", "plain"]), "120.5", "35.5"] for n in range(300)
    ]
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\r\n").writerows([["id", "name", "lon", "lat"], *rows])
    whole = locate(sink.getvalue())[1]
    assert [row[:-1] for row in list(csv.reader(io.StringIO(whole.decode(), newline="")))[1:]] == rows
    for size in (61, 64, 97, 1000):
        monkeypatch.setattr("gis.bulk_files.csv_dialect._BLOCK", size)
        assert locate(sink.getvalue())[1] == whole


FIELD = st.text(st.sampled_from('ab,"\r\n é'), max_size=6)


@given(st.lists(st.lists(FIELD, min_size=3, max_size=3), max_size=8))
def test_records_are_those_of_the_csv_module(rows):
    sink = io.StringIO()
    csv.writer(sink, quoting=csv.QUOTE_ALL).writerows(rows)
    found = scan(sink.getvalue().encode(), final=True, delimiter=",", columns=3, wanted=[0, 1, 2])
    assert found.trouble is None
    columns = [gather(found, at).to_pylist() for at in range(3)]
    assert [list(row) for row in zip(*columns, strict=True)] == rows
    owners = gather(found, 0)
    if not any(set(row[0]) & set(',"\r\n') for row in rows):
        again = bytes(append_column(found, ",", owners)).decode()
        assert list(csv.reader(io.StringIO(again, newline=""))) == [[*row, row[0]] for row in rows]


@given(
    st.lists(
        st.one_of(st.floats().map(repr), st.decimals(-1000, 1000, places=7).map(str), st.text(max_size=5))
    )
)
def test_numbers_are_those_of_python(words):
    import pyarrow as pa

    def number(word):
        try:
            return float(word) if word.strip().isascii() and "_" not in word else np.nan
        except ValueError:
            return np.nan

    expected = [number(word.replace(",", ".") if word.count(",") == 1 else word) for word in words]
    got = numbers_of(pa.array(words, pa.string()))
    for word, want, value in zip(words, expected, got.tolist(), strict=True):
        if np.isfinite(want) and np.isfinite(value):
            assert value == want, word
        elif np.isfinite(value) or np.isfinite(want):
            assert not word.strip().replace(",", ".").replace(".", "").isdigit(), word


def test_plain_decimals_are_the_nearest_doubles():
    rng = np.random.default_rng(3)
    words = [f"{value:.{places}f}" for places in range(13) for value in rng.uniform(-180, 180, 200)]
    found = scan("\n".join(words).encode(), final=True, delimiter=",", columns=1, wanted=[0])
    read = decimals(found, 0)
    assert np.isfinite(read).all()
    assert read.tolist() == [float(word) for word in words]
