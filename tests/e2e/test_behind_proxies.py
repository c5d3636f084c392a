"""The editor behind a proxy that compresses some answers and marks their tags, others not."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.editing import EDITOR_MODULE, begin, open_draft
from tests.fixtures.browser import Windows
from tests.fixtures.edited import EDITOR
from tests.fixtures.proxies import MARKS, Compressing
from tests.fixtures.served import Served, serving_at

GRID = "370299001001003"


@pytest.mark.parametrize("mark", ["nginx", "apache"])
def test_a_draft_is_read_once_and_written(chromium: Browser, edited: Served, mark: str) -> None:
    draft = begin(edited, EDITOR)
    with serving_at(edited.town.settings, behind=lambda app: Compressing(app, mark)) as url:
        windows = Windows(chromium, Served(url, edited.town))
        _, window = windows.open(EDITOR)
        try:
            page = open_draft(window, draft, f"&sel={GRID}")
            grids = [asked for asked in window.requests if asked.endswith(f"/v1/drafts/{draft}/grids")]
            assert len(grids) == 1
            tags = [
                page.evaluate(
                    "path => fetch(path, { cache: 'no-store' }).then((answer) => answer.headers.get('ETag'))",
                    f"/v1/drafts/{draft}{part}",
                )
                for part in ("", "/grids")
            ]
            # Of one version, and yet not the same.
            assert tags == [MARKS[mark](f'"{draft}-1"'), f'"{draft}-1"']
            for number in (1, 2):
                page.evaluate(
                    f"""async ([grid, name]) => {{
                        const draft = (await {EDITOR_MODULE}).draftOf();
                        await draft.apply({{ op: "rename", grid, name }});
                        await draft.refresh();
                    }}""",
                    [GRID, f"代理{number}"],
                )
            expect(page.locator("#banner")).to_be_hidden()
            window.check()
        finally:
            window.page.close(run_before_unload=False)
            windows.close()
    with edited.person(EDITOR) as client:
        assert client.get(f"/v1/drafts/{draft}").json()["operations"] == 2
