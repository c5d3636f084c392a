"""One's own account in a real browser: the second factor from the picture to the next sign-in, tokens, the last minutes."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from app.auth import totp
from app.kit.clock import now
from tests.fixtures.actors import add_account
from tests.fixtures.browser import DESK, PHONE, Open, Watched
from tests.fixtures.served import PASSWORD, PopulatedTown, Served, serving_at


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by which the service's clock of codes is ahead: a code opens once, and nobody waits for the next."""
    ahead = [0.0]
    monkeypatch.setattr(totp, "now", lambda: now() + timedelta(seconds=ahead[0]))
    return ahead


def sign_in(page: Page, name: str, code: str | None = None) -> None:
    page.fill("input[name=name]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    if code is not None:
        page.locator("input[name=code]").fill(code)
        page.click("button[type=submit]")


@pytest.mark.parametrize(("lang", "phone"), [("zh-CN", False), ("en-GB", True)], ids=["desk", "phone"])
def test_an_administrator_of_whom_it_is_demanded(
    chromium: Browser, populated_town: PopulatedTown, ticks: list[float], lang: str, phone: bool
) -> None:
    name = f"chief-{lang}-{phone}".lower()
    add_account(populated_town.service_engine, name, ("admin", ""))
    with serving_at(populated_town.settings.model_copy(update={"require_totp": "admin"})) as url:
        context = chromium.new_context(viewport=PHONE if phone else DESK, locale=lang, is_mobile=phone)  # type: ignore[arg-type]
        context.set_default_timeout(60_000)
        window = Watched(context.new_page(), url)
        page = window.open("/dispatch")
        sign_in(page, name)
        page.wait_for_url(re.compile(r"/account\?next="))
        expect(page.locator(".alert").first).to_be_visible()
        page.fill("#totp input[name=password]", PASSWORD)
        page.click("#totp button[type=submit]")
        expect(page.locator("img.qr")).to_be_visible()
        width = page.evaluate("document.querySelector('img.qr').naturalWidth")
        assert width > 100
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        secret = page.locator(".secret").inner_text().replace(" ", "").strip()
        page.fill("#totp input[name=code]", "000000")
        page.click("#totp button[type=submit]")
        expect(page.locator("#totp .made .alert")).to_be_visible()
        page.fill("#totp input[name=code]", pyotp.TOTP(secret).now())
        page.click("#totp button[type=submit]")
        expect(page.locator(".codes li")).to_have_count(8)
        recovery = page.locator(".codes li").first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.locator("#totp .actions a").click()
        page.wait_for_url(re.compile(r"/dispatch"))

        context.clear_cookies()
        window.open("/account")
        sign_in(page, name, "000000")
        expect(page.locator("#signin .alert")).to_be_visible()
        expect(page.locator("input[name=code]")).to_be_focused()
        ticks[0] = 60
        page.fill("input[name=code]", pyotp.TOTP(secret).at(int(time.time()) + 60))
        page.click("button[type=submit]")
        page.wait_for_url(re.compile(r"/account"))
        expect(page.locator("#totp [role=status]")).to_be_visible()
        expect(page.locator("#tokens .made")).to_be_visible()

        context.clear_cookies()
        window.open("/account")
        sign_in(page, name, recovery)
        page.wait_for_url(re.compile(r"/account"))
        expect(page.locator("#totp")).to_contain_text("7")
        window.check(expected=("401", "422"))
        context.close()


def test_tokens_are_listed_with_their_end_and_revoked(visit: Open, served: Served) -> None:
    add_account(served.town.service_engine, "token-owner", ("viewer", ""))
    with served.person("token-owner") as client:
        made = client.post("/v1/tokens", json={"name": "夜间导出 <b>", "role": "viewer"})
        assert made.status_code == 201
    window = visit(fresh=True)
    page = window.open("/account")
    sign_in(page, "token-owner")
    row = page.locator(".tokens li")
    expect(row).to_contain_text("夜间导出 <b>")
    expect(row).to_contain_text("有效期至")
    row.get_by_role("button", name="吊销").click()
    expect(page.locator("#tokens")).to_contain_text("没有有效的令牌")
    expect(page.locator("#totp")).to_contain_text("验证器应用")
    window.check()


def test_keeping_tokens_is_asked_when_the_password_changes(visit: Open, served: Served) -> None:
    add_account(served.town.service_engine, "keeper", ("viewer", ""))
    with served.person("keeper") as client:
        token = client.post("/v1/tokens", json={"name": "t", "role": "viewer"}).json()["token"]
    window = visit(fresh=True)
    page = window.open("/signin?next=/account")
    sign_in(page, "keeper")
    page.wait_for_url(re.compile(r"/account"))
    page.get_by_role("link", name="修改密码").click()
    page.fill("input[name=current]", PASSWORD)
    for field in ("new", "again"):
        page.fill(f"input[name={field}]", "several words of my own")
    page.check("input[name=keep_tokens]")
    page.click("button[type=submit]")
    page.wait_for_url(re.compile(r"/account"))
    answer = page.request.get(f"{served.url}/v1/session", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200
    window.check()


def test_the_page_says_before_the_session_ends(visit: Open, served: Served) -> None:
    add_account(served.town.service_engine, "sleeper", ("viewer", ""))
    window = visit(fresh=True)
    page = window.page
    page.clock.install()
    window.open("/signin?next=/account")
    sign_in(page, "sleeper")
    page.wait_for_url(re.compile(r"/account"))
    expect(page.locator("#tokens .made")).to_be_visible()
    expect(page.locator("#totp .made")).to_be_visible()
    notice = page.locator("#session-notice")
    page.clock.run_for(170 * 60_000)
    expect(notice).to_have_count(0)
    page.clock.run_for(6 * 60_000)
    expect(notice).to_contain_text("登录将在 4 分钟内结束")
    with page.expect_response(lambda answer: answer.url.endswith("/v1/session")):
        notice.get_by_role("button", name="继续使用").click()
    expect(notice).to_have_count(0)
    page.clock.run_for(181 * 60_000)
    expect(notice).to_contain_text("登录已结束")
    expect(notice.get_by_role("link", name="重新登录")).to_have_attribute(
        "href", re.compile(r"/signin\?next=")
    )
    window.check()
