"""Lines for people: logs, terminals and reports obey nothing that stands in a name, a path or a cell."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text as sql
from starlette.testclient import TestClient

from app.cli.errors import CommandRefused
from app.cli.exit_codes import ended
from app.cli.imports import spreadsheet_text, write_rejected
from app.cli.output import Output
from app.db.session import EVERYTHING, write_session
from app.kit.visible import visible, visible_json
from app.settings import Settings
from gis.errors import BadRow
from gis.text import Text
from tests.data.hostile import CONTROLS, DIRECTIONS, EVERY, FORMULAS, REFUSED, SEPARATORS
from tests.fixtures.actors import add_account
from tests.fixtures.clients import client_on, serving
from tests.fixtures.commands import Command
from tests.fixtures.database import CommittingDatabase, settings_for

ANY = st.text(st.characters(exclude_categories=()))
# What no line for people may hold, said in another way than the code does: by category, and by name.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ud800-\udfff]"
)


@given(ANY)
def test_nothing_unseen_is_left(text: str) -> None:
    assert not UNSEEN.search(visible(text))
    assert len(visible(text).splitlines()) <= 1
    assert not UNSEEN.search(visible(text, breaks=True))
    visible(text).encode()


@given(ANY)
def test_json_says_the_same(text: str) -> None:
    written = visible_json(json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(written) == {"a": text}
    assert not UNSEEN.search(written)


@given(st.text(alphabet="甲a1 -_,。()", max_size=20))
def test_plain_text_stays(text: str) -> None:
    assert visible(text) == text


# ---------------------------------------------------------------- logs
@pytest.fixture(params=["text", "json"])
def logged(
    request: Any, committing_db: CommittingDatabase, tmp_path: Path
) -> Iterator[tuple[TestClient, Any]]:
    """A client, and what was logged since."""
    settings = settings_for(
        committing_db.database, tmp_path / "home", log_format=request.param, log_level="debug"
    )
    with serving(settings) as app:
        written = io.StringIO()
        (handler,) = [each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler]
        handler.setStream(written)
        yield client_on(app, raise_server_exceptions=False), written


def test_paths_in_the_log(logged: tuple[TestClient, Any]) -> None:
    client, written = logged
    for text in (*CONTROLS, *DIRECTIONS, *SEPARATORS):
        client.get("/v1/" + "".join(f"%{byte:02X}" for byte in text.encode()))
    client.get("/v1/x%1b[31m%0aforged [info] request")
    ours = [line for line in written.getvalue().split("\n") if "/v1/" in line and "HTTP Request:" not in line]
    assert len(ours) == len((*CONTROLS, *DIRECTIONS, *SEPARATORS)) + 1
    assert not UNSEEN.search("".join(ours))
    assert "forged" in ours[-1]
    assert "x1b[31m" in ours[-1] or "\\u001b[31m" in ours[-1]


def test_names_and_faults_in_the_log(logged: tuple[TestClient, Any]) -> None:
    _, written = logged
    # pytest keeps what is logged, too, and could not send half a surrogate pair to the other process of a run.
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if type(each) is logging.StreamHandler]
    log = structlog.get_logger("wangge.test")
    for text in (*EVERY[:-1], *REFUSED):
        log.warning("told", name=text)
        log.warning(text)
        logging.getLogger("uvicorn.error").warning("came %s", text)
    lines = [line for line in written.getvalue().split("\n") if line]
    assert len(lines) == 3 * len((*EVERY[:-1], *REFUSED))
    try:
        raise ValueError("\x1b[31m\u202e")
    except ValueError:
        log.exception("failed")
    assert not UNSEEN.search(written.getvalue())


# ---------------------------------------------------------------- terminals
@pytest.mark.parametrize("as_json", [False, True])
def test_what_commands_print(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    for text in (*EVERY, *REFUSED, "[red]红[/red]", "[/none]", ":smile:"):
        out = Output(as_json=as_json, lang="zh")
        out.line(text)
        out.note(text, text)
        out.table(("名", "值"), [(text, text)])
        out.document({"name": text})
        monkeypatch.setattr(sys, "argv", ["wangge", *(["--json"] if as_json else [])])
        with pytest.raises(SystemExit) as end, ended():
            raise CommandRefused(text, text, value=text)
        assert end.value.code == 3
        told = capfd.readouterr()
        assert not UNSEEN.search(told.out + told.err), ascii(text)
        if as_json:
            assert json.loads(told.out.splitlines()[0]) == {"name": text}
        elif text.startswith(("[", ":")):
            assert told.out.count(text) == 3, "shown as it is, neither as a style nor as a picture"


def test_accounts_with_such_names(wangge_empty: Command, committing_db: CommittingDatabase) -> None:
    add_account(committing_db.service_engine, "a[/x]\x1b[2J")
    with write_session(committing_db.owner_engine, EVERYTHING) as session:
        session.execute(sql("UPDATE account SET display_name = :name"), {"name": "[bold]甲\u202e乙{{7*7}}"})
    listed = wangge_empty("user", "list")
    assert listed.code == 0, listed
    assert "[bold]甲\\u202e乙{{7*7}}" in re.sub(r"\s*│\s*\n.*│\s", "", listed.out)
    assert "a[/x]\\x1b[2J" in listed.out
    again = wangge_empty("user", "add", "a[/x]\x1b[2J", "--role", "viewer")
    assert again.code != 0
    assert not UNSEEN.search(again.err)
    document = wangge_empty("user", "list", "--json").document
    assert "a[/x]\x1b[2J" in [each["name"] for each in document["accounts"]]


# ---------------------------------------------------------------- reports
def test_rows_left_out_hold_no_formula(tmp_path: Path) -> None:
    texts = (*FORMULAS, "＝1+1", " =1", "-12.5", "+86", "370211010018003001", 'a,b"c\nd')
    bad = [BadRow(n, f"=列{n}", Text("理由", "reason"), text) for n, text in enumerate(texts, 1)]
    target = write_rejected(tmp_path / "f.csv", bad, "zh")
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["value"] for row in rows] == [
        *(f"'{text}" for text in (*FORMULAS, "＝1+1", " =1")),
        *texts[-4:],
    ]
    assert all(row["column"].startswith("'=列") for row in rows)


@given(ANY)
def test_no_cell_of_a_report_is_a_formula(text: str) -> None:
    cell = spreadsheet_text(text)
    assert cell.endswith(text)
    if cell.lstrip()[:1] in tuple("=+-@"):
        assert re.fullmatch(r"[+-]?\d+(\.\d+)?", cell)
    assert pd.Series([cell]).iloc[0] == cell


def test_settings_of_a_run_are_shown_as_they_are(
    wangge_empty: Command, committing_db: CommittingDatabase
) -> None:
    assert isinstance(committing_db.settings, Settings)
    shown = wangge_empty("settings")
    assert shown.code == 0
    assert "WANGGE_HOME" in shown.out
