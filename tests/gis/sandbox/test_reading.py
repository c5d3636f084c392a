"""Files read in the sandbox: the same as without it, and never more than the limits allow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from gis.editing import Coverage, GridAttributes, operation_as_json
from gis.errors import CoverageError, LimitExceeded, Refusal, UnreadableFile
from gis.io import LayerData, ReadLimits, read_layer, write_layer
from gis.sandbox import Cancellation, Cancelled, Replacement, Sandbox, make_folder, sweep_folders
from gis.sandbox.zygote import SPARE
from gis.testing import checkerboard
from tests.fixtures.eventually import eventually
from tests.fixtures.formats import WRITERS, reading_options
from tests.fixtures.hostile import BOX, counting_view, equal_rows

LIMITS = ReadLimits(memory_mb=1500, cpu_s=60, wall_s=120, prefix="MY_")
ENDLESS = 10**15


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("jobs")) as started:
        yield started


@pytest.fixture(scope="module")
def town() -> gpd.GeoDataFrame:
    squares = checkerboard(3, 2)
    frame = {"code": list(squares.codes), "名称": [f"网格{at}" for at in range(len(squares.codes))]}
    more = {"count": np.arange(len(squares.codes)), "share": np.arange(len(squares.codes)) / 8}
    return gpd.GeoDataFrame(frame | more, geometry=list(squares.polygons), crs="EPSG:4326")


def same(one: LayerData, other: LayerData) -> None:
    # A column in which nothing is has None or NaN for it.
    left, right = (pd.DataFrame(each.frame.dropna(axis="columns", how="all")) for each in (one, other))
    pd.testing.assert_frame_equal(left, right)
    assert list(one.frame.columns) == list(other.frame.columns)
    assert one.rows.typed == other.rows.typed
    assert {**vars(one), "rows": None} == {**vars(other), "rows": None}


@pytest.mark.parametrize("extension", WRITERS)
@pytest.mark.parametrize("named", [True, False])
def test_every_format_reads_the_same_as_in_this_process(
    sandbox: Sandbox, town: gpd.GeoDataFrame, tmp_path: Path, extension: str, *, named: bool
) -> None:
    path = WRITERS[extension](town, tmp_path / f"网格{extension}")
    if not named:
        path = path.rename(tmp_path / "upload")
    options = reading_options(extension)
    data = sandbox.read_layer(path, limits=LIMITS, **options)
    same(data, read_layer(path, **options))
    assert len(data.frame) == len(town)
    assert sandbox.protection["files"]
    assert sandbox.protection["calls"]


def test_loose_parts_of_a_shapefile_and_other_columns(
    sandbox: Sandbox, town: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    path = write_layer(town, tmp_path / "a.shp")
    path.chmod(0o600)
    same(sandbox.read_layer(path, limits=LIMITS), read_layer(path))
    projected = town.assign(
        when=pd.Timestamp("2026-01-02 03:04"),
        utc=pd.Timestamp("2026-01-02", tz="UTC"),
        local=pd.Timestamp("2026-01-02", tz="Asia/Shanghai"),
        flag=[True, None] * 3,
        raw=[b"a"] * 6,
        several=[["x", "y"]] * 6,
    ).to_crs(4549)
    projected.to_parquet(tmp_path / "a.parquet")
    data = sandbox.read_layer(tmp_path / "a.parquet", limits=LIMITS)
    assert data.crs == "EPSG:4549"
    same(data, read_layer(tmp_path / "a.parquet"))


def test_refusals_come_through_whole(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("code,lon,lat\n1,x,36\n2,120,36\n")
    data = sandbox.read_layer(tmp_path / "a.csv", limits=LIMITS)
    assert data.bad_rows == read_layer(tmp_path / "a.csv").bad_rows
    for name, content in (
        ("b.gpkg", b"SQLite format 3\0 and so on"),
        ("c.geojson", b"{}"),
        ("d.csv", b"x\n1\n"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Refusal) as inside:
            sandbox.read_layer(tmp_path / name, limits=LIMITS)
        with pytest.raises(Refusal) as outside:
            read_layer(tmp_path / name)
        assert str(tmp_path) not in str(inside.value)
        if name != "b.gpkg":
            assert vars(inside.value) == vars(outside.value)
        assert type(inside.value) is type(outside.value)
    with pytest.raises(UnreadableFile):
        sandbox.read_layer(tmp_path / "missing.csv", limits=LIMITS)


# ---------------------------------------------------------------- limits
@pytest.mark.parametrize(
    ("name", "limit"),
    [("features", 3), ("vertices", 20), ("columns", 2), ("text_length", 2), ("unpacked_mb", 0)],
)
def test_each_limit_of_size_names_itself_and_what_came(
    sandbox: Sandbox, town: gpd.GeoDataFrame, tmp_path: Path, name: str, limit: int
) -> None:
    for extension in (
        (".parquet", ".zip", ".gdb.zip", ".tab.zip", ".kmz", ".xlsx") if name == "unpacked_mb" else WRITERS
    ):
        if extension == ".dxf" and name == "columns":
            continue
        path = WRITERS[extension](town, tmp_path / f"a{extension}")
        limits = ReadLimits(**{**vars(LIMITS), name: limit})
        with pytest.raises(LimitExceeded) as refused:
            sandbox.read_layer(path, limits=limits, **reading_options(extension))
        error = refused.value
        assert (error.limit, error.largest) == (f"MY_{name.upper()}", limit)
        assert error.found is not None
        assert error.found > limit
        for text in (error.text("zh"), error.text("en")):
            assert f"MY_{name.upper()}" in text
            assert str(error.found) in text


def test_a_view_without_end_is_read_as_far_as_is_taken(sandbox: Sandbox, tmp_path: Path) -> None:
    path = counting_view(tmp_path / "a.gpkg", ENDLESS)
    with pytest.raises(LimitExceeded) as refused:
        sandbox.read_layer(path, limits=ReadLimits(**{**vars(LIMITS), "features": 500}))
    assert (refused.value.limit, refused.value.found) == ("MY_FEATURES", 501)


@pytest.mark.parametrize("name", ["cpu_s", "wall_s"])
def test_what_computes_for_ever_is_ended(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    path = counting_view(tmp_path / "a.gpkg", ENDLESS, where="WHERE n.i < 0")
    with pytest.raises(LimitExceeded) as refused:
        sandbox.read_layer(path, limits=ReadLimits(**{**vars(LIMITS), "memory_mb": 1 << 16, name: 1}))
    assert refused.value.limit == f"MY_{name.upper()}"
    assert ended(sandbox)


def test_what_takes_too_much_memory_is_refused_and_others_go_on(
    sandbox: Sandbox, town: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    path = equal_rows(tmp_path / "a.parquet", 300_000)
    assert path.stat().st_size < 30_000
    with pytest.raises(LimitExceeded) as refused:
        sandbox.read_layer(path, limits=ReadLimits(**{**vars(LIMITS), "memory_mb": 64}))
    assert refused.value.limit == "MY_MEMORY_MB"
    path = write_layer(town, tmp_path / "b.gpkg")
    assert len(sandbox.read_layer(path, limits=LIMITS).frame) == len(town)


# ---------------------------------------------------------------- ends
def children(sandbox: Sandbox) -> list[int]:
    """Processes that read right now."""
    process = sandbox._process
    if process is None:
        return []
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(pid) for pid in text.split() if not is_spare(pid)]


def is_spare(pid: str) -> bool:
    """Whether a process waits for a job, and has met no file."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == SPARE
    except (FileNotFoundError, ProcessLookupError):
        return False


def ended(sandbox: Sandbox) -> bool:
    return eventually(lambda: not children(sandbox))


def test_a_cancelled_job_ends_its_process(sandbox: Sandbox, tmp_path: Path) -> None:
    path = counting_view(tmp_path / "a.gpkg", ENDLESS, where="WHERE n.i < 0")
    cancellation, outcome = Cancellation(), []

    def read() -> None:
        try:
            sandbox.read_layer(
                path, limits=ReadLimits(**{**vars(LIMITS), "memory_mb": 1 << 16}), cancellation=cancellation
            )
        except Cancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    eventually(lambda: children(sandbox))
    cancellation.cancel()
    thread.join(60)
    assert len(outcome) == 1
    assert ended(sandbox)
    with pytest.raises(Cancelled):
        sandbox.read_layer(path, limits=LIMITS, cancellation=cancellation)
    sandbox.close()
    assert [each for each in sandbox.folder.iterdir() if each.is_dir()] == []


def test_a_killed_zygote_is_started_again(sandbox: Sandbox, town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = write_layer(town, tmp_path / "a.geojson")
    sandbox.read_layer(path, limits=LIMITS)
    assert sandbox._process is not None
    os.kill(sandbox._process.pid, signal.SIGKILL)
    assert len(sandbox.read_layer(path, limits=LIMITS).frame) == len(town)


_OWNER = """
import sys
from gis.io import ReadLimits
from gis.sandbox import Sandbox
from pathlib import Path
with Sandbox(Path(sys.argv[1])) as sandbox:
    print(sandbox._process.pid, flush=True)
    sandbox.read_layer(sys.argv[2], limits=ReadLimits(memory_mb=1 << 16, cpu_s=600, wall_s=600))
"""


def test_when_the_owner_is_killed_nothing_goes_on_and_its_folder_is_swept(tmp_path: Path) -> None:
    path = counting_view(tmp_path / "a.gpkg", ENDLESS, where="WHERE n.i < 0")
    jobs = tmp_path / "jobs"
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(jobs), str(path)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    zygote = int(owner.stdout.readline())
    listing = Path(f"/proc/{zygote}/task/{zygote}/children")
    eventually(lambda: listing.exists() and listing.read_text().split())
    (reader,) = map(int, listing.read_text().split())
    with make_folder(jobs) as mine:
        assert sweep_folders(jobs) == 0, "the owner of the other folder is alive"
        owner.kill()
        owner.wait()
        owner.stdout.close()
        for pid in (reader, zygote):
            eventually(lambda pid=pid: gone(pid))
        # That of the job, and the one for the next where there was time for it.
        assert sweep_folders(jobs) in (1, 2)
        assert mine.is_dir()
    assert [each for each in jobs.iterdir() if each.is_dir()] == []


def gone(pid: int) -> bool:
    """Whether a process is gone, or waits only for somebody to ask how it ended."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


# ---------------------------------------------------------------- comparing
def test_a_comparison_gives_the_steps_and_refusals_of_the_library(sandbox: Sandbox) -> None:
    west, east = shapely.box(120, 36, 120.01, 36.01), shapely.box(120.01, 36, 120.02, 36.01)
    words = [GridAttributes("", "c")] * 2
    coverage = Coverage.build(["a", "b"], [west, east], words)
    moved = [shapely.box(120, 36, 120.012, 36.01), shapely.box(120.012, 36, 120.02, 36.01)]
    asked = Replacement(coverage, ["a", "b"], np.array(moved), [{"name": "西"}, {}], (), ("c",))
    (step,) = sandbox.compute_replacement(asked, limits=LIMITS)
    assert step.operation["op"] == "replace"
    assert step.edit.changed == ("a", "b")
    assert step.before.polygon("a").equals(west)
    assert step.edit.coverage.polygon("a").equals(moved[0])
    assert step.edit.coverage.attributes_of("a").name == "西"
    assert operation_as_json  # the operation is JSON already, as this writes it
    overlapping = Replacement(coverage, ["a", "b"], np.array([west, west]), [{}, {}], (), ("c",))
    with pytest.raises(CoverageError) as refused:
        sandbox.compute_replacement(overlapping, limits=LIMITS)
    assert {defect.kind for defect in refused.value.defects} == {"overlap"}
    assert (
        sandbox.compute_replacement(
            Replacement(coverage, ["a", "b"], np.array([west, east]), [{}, {}], (), ("c",)), limits=LIMITS
        )
        == []
    )


def test_drivers_but_one_are_gone() -> None:
    code = "from gis.sandbox.drivers import keep_driver; import pyogrio; keep_driver('GPKG'); print(pyogrio.list_drivers())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'GPKG': 'raw'}"
    assert len(pyogrio.list_drivers()) > 20


def test_a_column_named_twice_is_refused_by_name(sandbox: Sandbox, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table([["1"], ["2"], [120.0], [36.0]], names=["a", "a", "lon", "lat"])
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UnreadableFile) as refused:
        sandbox.read_layer(tmp_path / "a.parquet", limits=LIMITS)
    assert refused.value.code == "repeated-column"
    assert BOX.is_valid
