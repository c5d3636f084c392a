"""KML of every version and habit: folders, shapes in shapes, prefixes, heights, what is left out and said."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import InputRefused, LayerNotFound, UnreadableFile
from gis.io import LayerData, list_layers, read_layer
from tests.fixtures.kml import data, datum, document, folder, placemark, polygon, ring, square

ONE, OTHER = square(120.0, 35.0, 0.01), square(120.02, 35.0, 0.01)


def read(tmp_path: Path, text: str, **options: str) -> LayerData:
    path = tmp_path / "a.kml"
    path.write_text(text, encoding="utf-8")
    return read_layer(path, **options)


# ---------------------------------------------------------------- shapes
@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (f"<MultiGeometry>{polygon(ONE)}{polygon(OTHER)}</MultiGeometry>", "MultiPolygon"),
        (
            f"<MultiGeometry><MultiGeometry>{polygon(ONE)}</MultiGeometry>{polygon(OTHER)}</MultiGeometry>",
            "MultiPolygon",
        ),
        (f"<MultiGeometry>{polygon(ONE)}</MultiGeometry>", "Polygon"),
        (f"<MultiPolygon>{polygon(ONE)}{polygon(OTHER)}</MultiPolygon>", "MultiPolygon"),
        ("<Point><coordinates>120,35</coordinates></Point>", "Point"),
        ("<Point><coordinates>\n 120 , 35 , 7\n</coordinates></Point>", "Point"),
        ("<LineString><coordinates>120,35 121,35,5</coordinates></LineString>", "LineString"),
        (ring(ONE), "LineString"),
        (
            f"<MultiGeometry>{polygon(ONE)}<Point><coordinates>120,35</coordinates></Point></MultiGeometry>",
            "GeometryCollection",
        ),
        ("<gx:Track><gx:coord>120 35 0</gx:coord><gx:coord>121 35 0</gx:coord></gx:Track>", "LineString"),
        ("<gx:MultiTrack><gx:Track><gx:coord>120 35 0</gx:coord></gx:Track></gx:MultiTrack>", "Point"),
    ],
)
def test_shapes(tmp_path: Path, shape: str, kind: str) -> None:
    found = read(tmp_path, document(placemark(shape)))
    assert found.bad_rows == []
    (read_shape,) = found.frame.geometry
    assert read_shape.geom_type == kind
    assert not shapely.has_z(read_shape)


@pytest.mark.parametrize(
    "namespace", ["http://earth.google.com/kml/2.0", "http://earth.google.com/kml/2.1", ""]
)
@pytest.mark.parametrize("prefix", ["", "kml:", "k:"])
def test_versions_and_prefixes(tmp_path: Path, namespace: str, prefix: str) -> None:
    mark = placemark(polygon(ONE, [OTHER], prefix=prefix), name="甲", prefix=prefix)
    bound = f'xmlns{":" + prefix[:-1] if prefix else ""}="{namespace or "http://www.opengis.net/kml/2.2"}"'
    text = f"<{prefix}kml {bound}><{prefix}Document>{mark}</{prefix}Document></{prefix}kml>"
    frame = read(tmp_path, text).frame
    assert frame["Name"].tolist() == ["甲"]
    assert shapely.get_num_interior_rings(frame.geometry.iloc[0]) == 1


def test_a_placemark_alone_and_prefixes_that_nobody_declared(tmp_path: Path) -> None:
    text = (
        f"<kml>{placemark(polygon(ONE) + '<gx:balloonVisibility>1</gx:balloonVisibility>', name='甲')}</kml>"
    )
    assert read(tmp_path, text).frame["Name"].tolist() == ["甲"]


def test_texts_in_cdata_and_markup_that_nobody_wrapped(tmp_path: Path) -> None:
    mark = placemark(
        "<description>a <b>bold</b> word</description>" + polygon(ONE),
        data=datum("编码", "<![CDATA[0<1&2]]>") + datum("空", ""),
    )
    row = read(tmp_path, document(mark)).frame.iloc[0]
    assert (row["description"], row["编码"], row["空"]) == ("a bold word", "0<1&2", None) or row["空"] != row[
        "空"
    ]


def test_what_a_viewer_draws_by_is_no_column(tmp_path: Path) -> None:
    drawing = "<visibility>0</visibility><styleUrl>#x</styleUrl><TimeStamp><when>2026</when></TimeStamp>"
    shape = polygon(ONE).replace(
        "<Polygon>", "<Polygon><tessellate>1</tessellate><altitudeMode>absolute</altitudeMode>"
    )
    mark = placemark(drawing + shape, name="甲")
    assert list(read(tmp_path, document(mark)).frame.columns) == ["Name", "geometry"]


def test_heights_are_left_out_with_a_word(tmp_path: Path) -> None:
    found = read(tmp_path, document(placemark(polygon(ONE, z=",12.5"))))
    assert [note for note in found.notes if "Z" in note.in_("en")]
    assert not shapely.has_z(found.frame.geometry.iloc[0])


@pytest.mark.parametrize(
    "shape",
    [
        polygon(ONE[:2]),
        "<Polygon></Polygon>",
        "<Point><coordinates>120;35</coordinates></Point>",
        "<Point><coordinates>nan,35</coordinates></Point>",
        "<Point><coordinates>1_2,35</coordinates></Point>",
        "<Point><coordinates></coordinates></Point>",
        "<LineString><coordinates>120,35</coordinates></LineString>",
        polygon(ONE, [square(120.002, 35.002, 0.001)[:2]]),
        "<Model/>",
        "",
    ],
)
def test_a_broken_shape_is_a_bad_row_and_no_smaller_one(tmp_path: Path, shape: str) -> None:
    found = read(tmp_path, document(placemark(polygon(ONE), name="a"), placemark(shape, name="b")))
    assert [bad.row for bad in found.bad_rows] == [2]
    assert len(found.usable) == 1


def test_open_rings_are_closed_and_said(tmp_path: Path) -> None:
    found = read(tmp_path, document(placemark(polygon(ONE[:-1]))))
    assert found.frame.geometry.iloc[0].equals(shapely.Polygon(ONE))
    assert any("1 rings were open" in note.in_("en") for note in found.notes)


# ---------------------------------------------------------------- folders
def marks(*names: str) -> list[str]:
    return [placemark(polygon(ONE), name=name) for name in names]


def test_nested_folders_are_layers_of_their_own(tmp_path: Path) -> None:
    text = document(
        folder("东街", folder("网格", *marks("a", "b")), folder("道路", *marks("c"))),
        folder("西街", folder("网格", *marks("d"))),
    )
    path = tmp_path / "a.kml"
    path.write_text(text, encoding="utf-8")
    assert {info.name: info.features for info in list_layers(path)} == {
        "doc/东街/网格": 2,
        "道路": 1,
        "doc/西街/网格": 1,
    }
    assert read_layer(path, layer="doc/西街/网格").frame["Name"].tolist() == ["d"]
    street = read_layer(path, layer="东街")
    assert street.frame["Name"].tolist() == ["a", "b", "c"]
    assert street.frame["layer"].tolist() == ["doc/东街/网格", "doc/东街/网格", "道路"]
    assert read_layer(path, layer="*").frame["Name"].tolist() == ["a", "b", "c", "d"]
    for wanted, code in ((None, "several-layers"), ("南街", "layer-not-found")):
        with pytest.raises(LayerNotFound) as refused:
            read_layer(path, layer=wanted)
        assert refused.value.code == code
        assert "道路" in refused.value.text("zh")


def test_one_folder_a_grid_named_by_the_folder(tmp_path: Path) -> None:
    folders = [folder(code, placemark(polygon(shape))) for code, shape in (("G-1", ONE), ("G-2", OTHER))]
    data = read(tmp_path, document(*folders))
    assert data.frame["layer"].tolist() == ["G-1", "G-2"]
    assert any("2 layers are read together" in note.in_("en") for note in data.notes)


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    text = document(
        *marks("a"),
        "<NetworkLink><Link><href>http://127.0.0.1:9/b.kml</href></Link></NetworkLink>",
        folder("更深", placemark("", name="没有图形")),
    )
    said = " ".join(note.in_("zh") for note in read(tmp_path, text).notes)
    assert "NetworkLink" in said
    assert "更深" in said


def test_a_document_without_placemarks(tmp_path: Path) -> None:
    for text in (document(), "<kml/>", document(placemark("", name="a"))):
        with pytest.raises(InputRefused):
            read(tmp_path, text)


def test_all_documents_of_a_kmz_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in (("甲", "doc.kml"), ("乙", "files/other.kml")):
            archive.writestr(member, document(folder(name, *marks(name))))
    assert [info.name for info in list_layers(path)] == ["甲", "乙"]
    assert read_layer(path, layer="乙").frame["Name"].tolist() == ["乙"]


# ---------------------------------------------------------------- harm
def test_xml_that_would_grow_or_never_end(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE kml [<!ENTITY a1 "x">{entities}]><kml><Document><name>&a12;</name></Document></kml>'
    deep = f"<kml>{'<Folder>' * 100_000}"
    wrong = document(*marks("a")).replace("</Document>", "")
    for text, code in ((bomb, "document-type"), (deep, "too-deep"), (wrong, "damaged")):
        with pytest.raises(UnreadableFile) as refused:
            read(tmp_path, text)
        assert refused.value.code == code
    assert "line 2" in refused.value.text("en")


# ---------------------------------------------------------------- any
names = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters='<>&"\ufeff\ufffe\uffff'
    ),
    min_size=1,
    max_size=8,
).filter(lambda text: text.strip() == text and text not in ("Name", "id", "description", "layer", "geometry"))


@settings(max_examples=60, deadline=None)
@given(
    columns=st.dictionaries(names, names, min_size=1, max_size=6),
    sides=st.lists(st.integers(1, 9), min_size=0, max_size=9),
    together=st.booleans(),
)
def test_any_columns_and_holes_come_back(
    tmp_path_factory, columns: dict, sides: list[int], *, together: bool
) -> None:
    holes = [
        square(120.001 + 0.001 * at, 35.001 + 0.001 * at, side / 20_000) for at, side in enumerate(sides)
    ]
    shape = polygon(
        square(120.0, 35.0, 0.02), *([holes] if together and holes else [[hole] for hole in holes])
    )
    path = tmp_path_factory.mktemp("kml") / "a.kml"
    path.write_text(document(placemark(shape, data=data(**columns))), encoding="utf-8")
    frame = read_layer(path).frame
    assert {name: frame[name].iloc[0] for name in columns} == columns
    (found,) = frame.geometry
    assert shapely.get_num_interior_rings(found) == len(sides)
    assert found.area == pytest.approx(0.0004 - np.sum((np.asarray(sides) / 20_000) ** 2), rel=1e-9)
