"""Signing in with a password that somebody else set."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.fixtures.actors import add_account
from tests.fixtures.browser import Open
from tests.fixtures.served import Served
from tests.fixtures.towns import DISTRICT

NEW = "a longer secret of my own"


def test_a_given_password_is_changed_before_anything_else(visit: Open, served: Served) -> None:
    add_account(served.town.service_engine, "newcomer", ("viewer", DISTRICT), must_change_password=True)
    window = visit(fresh=True)
    page = window.open("/dispatch")
    page.fill("input[name=name]", "newcomer")
    page.fill("input[name=password]", served.password)
    page.click("button[type=submit]")
    expect(page.locator("h1")).to_have_text("修改密码")
    page.fill("input[name=current]", served.password)
    page.fill("input[name=new]", NEW)
    page.fill("input[name=again]", NEW + "x")
    page.click("button[type=submit]")
    expect(page.locator(".alert")).to_contain_text("不一致")
    page.fill("input[name=again]", NEW)
    page.click("button[type=submit]")
    page.wait_for_url(re.compile(r"/dispatch"))
    expect(page.locator(".incident-row").first).to_be_visible()
    window.check()


def test_a_password_can_be_looked_at(visit: Open) -> None:
    window = visit()
    page = window.open("/signin")
    page.fill("input[name=password]", "geheim")
    page.click(".reveal")
    expect(page.locator("input[name=password]")).to_have_attribute("type", "text")
    expect(page.locator(".reveal")).to_have_attribute("aria-pressed", "true")
    window.check()


def test_an_empty_form_says_so_and_goes_to_the_field(visit: Open) -> None:
    window = visit(lang="en-GB")
    page = window.open("/signin")
    page.click("button[type=submit]")
    expect(page.locator(".alert")).to_have_text("Please fill in every field.")
    expect(page.locator("input[name=name]")).to_be_focused()
    window.check()
