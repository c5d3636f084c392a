"""Signs that drawings spell with per cent signs, beside text in every encoding."""

from __future__ import annotations

from pathlib import Path

import pytest

from gis.io import read_layer

_HEAD = "0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\n{version}\n9\n$DWGCODEPAGE\n3\n{page}\n0\nENDSEC\n"
_SQUARE = "".join(
    f"10\n{x}\n20\n{y}\n" for x, y in ((5e5, 3985000), (500100, 3985000), (500100, 3985100), (5e5, 3985100))
)
_LINE = f"0\nLWPOLYLINE\n5\n10\n100\nAcDbEntity\n8\nG\n100\nAcDbPolyline\n90\n4\n70\n1\n{_SQUARE}"


def _drawing(path: Path, text: str, *, kind: str = "TEXT", encoding: str = "gbk") -> Path:
    marker = "AcDbText" if kind == "TEXT" else "AcDbMText"
    words = f"0\n{kind}\n5\n20\n100\nAcDbEntity\n8\nT\n100\n{marker}\n10\n500050\n20\n3985050\n30\n0\n40\n2.5\n1\n{text}\n"
    version, page = ("AC1021", "UTF-8") if encoding == "utf-8" else ("AC1015", "ANSI_936")
    head = _HEAD.format(version=version, page=page)
    drawing = f"{head}0\nSECTION\n2\nENTITIES\n{_LINE}{words}0\nENDSEC\n0\nEOF\n"
    path.write_bytes(drawing.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
@pytest.mark.parametrize("kind", ["TEXT", "MTEXT"])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("%%d001", "°001"),
        ("%%dA", "°A"),
        ("云泰%%D", "云泰°"),
        ("管%%c50", "管⌀50"),
        ("%%p1 鞍山", "±1 鞍山"),
        ("%%u云%%u%%d", "云°"),
        ("鞍", "鞍"),
        ("50%", "50%"),
    ],
)
def test_signs_stand_beside_text_of_any_encoding(
    tmp_path: Path, encoding: str, kind: str, written: str, meant: str
) -> None:
    file = _drawing(tmp_path / "a.dxf", written, kind=kind, encoding=encoding)
    assert read_layer(file, crs="EPSG:4549").frame["text"].tolist() == [meant]


def test_formats_of_lines_are_no_text(tmp_path: Path) -> None:
    file = _drawing(tmp_path / "a.dxf", r"{\fSimSun|b0;云}\P5%%d", kind="MTEXT")
    frame = read_layer(file, crs="EPSG:4549").frame
    assert (frame["text"].tolist(), frame["text_2"].tolist()) == (["云"], ["5°"])
