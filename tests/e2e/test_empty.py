"""A district that starts without the demo: each page says what to do next, on a desk and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.fixtures.actors import PASSWORD, add_account
from tests.fixtures.browser import DESK, PHONE, Watched
from tests.fixtures.served import serving_at


@pytest.fixture
def empty_service(committing_db):
    add_account(committing_db.service_engine, "zhao", ("admin", ""), ("gis-editor", ""), ("viewer", ""))
    with serving_at(committing_db.settings) as url:
        yield url


@pytest.mark.parametrize(
    ("lang", "size", "heading"),
    [
        ("zh", DESK, "还没有发布任何网格版本"),
        ("en", PHONE, "No edition of the grids has been published yet"),
    ],
)
def test_every_page_says_what_comes_next(empty_service, chromium, lang, size, heading):
    command = "wangge grids import"
    context = chromium.new_context(viewport=size, locale=lang, reduced_motion="reduce")
    try:
        page = context.new_page()
        watched = Watched(page, empty_service)
        watched.open("/")
        expect(page.get_by_text(heading)).to_be_in_viewport(ratio=1)
        expect(page.get_by_text(command)).to_be_in_viewport(ratio=1)
        watched.open("/editor")
        expect(page.locator("#panel .state")).to_be_in_viewport(ratio=1)
        signed_in = context.request.post(
            f"{empty_service}/v1/session",
            data={"name": "zhao", "password": PASSWORD},
            headers={"Origin": empty_service},
        )
        assert signed_in.status == 200
        for path in ("/", "/editor", "/dispatch"):
            watched.open(path)
            expect(page.get_by_text(heading)).to_be_in_viewport(ratio=1)
            expect(page.get_by_text(command)).to_be_in_viewport(ratio=1)
        # Nothing offers what cannot be done yet.
        watched.open("/editor")
        expect(page.get_by_text(heading)).to_be_visible()
        expect(page.locator("#new-draft")).to_have_count(0)
        watched.check()
    finally:
        context.close()
