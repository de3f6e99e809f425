"""The page itself: languages, login, the try box, states, keyboards, sizes and rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.proxy_pool.conftest import OpenPage
from tests.browser.proxy_pool.pool import ACCOUNT, SECRET, Pool

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_the_language_is_the_browsers_and_a_choice_is_remembered(open_page: OpenPage) -> None:
    page = open_page(locale="zh-CN")
    expect(page.locator("h1")).to_have_text("代理池")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#by-country [data-name=CN] th")).to_have_text("中国 (CN)")
    expect(page.locator("#reasons [data-name=connect_timeout] th")).to_have_text("连接超时")
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_have_text("Proxy pool")
    expect(page.locator("#by-country [data-name=CN] th")).to_have_text("China (CN)")
    page.reload()
    page.wait_for_selector("#proxies table")
    expect(page.locator("h1")).to_have_text("Proxy pool")
    expect(page).to_have_title("Proxy pool")


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_every_text_is_in_the_pages_language(open_page: OpenPage, locale: str) -> None:
    page = open_page(locale=locale)
    texts = page.evaluate(
        "[...document.querySelectorAll('[data-text]')].filter((node) => node.offsetParent)"
        ".map((node) => [node.dataset.text, node.textContent])"
    )
    assert len(texts) > 30
    for key, text in texts:
        assert text != key or key in ("docs",), f"{key} has no text"
        if locale == "zh-CN" and key not in ("copy_url", "url"):
            assert CHINESE.search(text), f"{key}: {text}"
        if locale == "en-GB":
            assert not CHINESE.search(text), f"{key}: {text}"


def test_both_languages_have_the_same_texts(page: Page) -> None:
    keys = page.evaluate(
        "import('./assets/texts.js').then(({TEXTS}) => Object.values(TEXTS)"
        ".map((texts) => [...Object.keys(texts), ...Object.keys(texts.words)].sort()))"
    )
    assert keys[0] == keys[1]


def fields(page: Page, account: str, secret: str) -> None:
    page.locator("#login [name=account]").fill(account)
    page.locator("#login [name=secret]").fill(secret)
    page.locator("#login button[type=submit]").click()


@pytest.mark.parametrize("account", ["", ACCOUNT], ids=["key", "account"])
def test_a_pool_that_asks_for_a_key_gets_it_from_the_login_box(
    open_page: OpenPage, pool: Pool, account: str
) -> None:
    page = open_page(pool.guarded_url, ready="#login[open]", expected="401")
    expect(page.locator("#trouble")).to_have_text("Log in to see the pool.")
    expect(page.locator("#proxies table")).to_have_count(0)
    fields(page, account, "wrong")
    expect(page.locator("#login-trouble")).to_have_text("This key is not right.")
    fields(page, account, SECRET)
    page.wait_for_selector("#proxies table")
    expect(page.locator("#login")).to_be_hidden()
    expect(page.locator("#trouble")).to_be_hidden()
    page.reload()
    page.wait_for_selector("#proxies table")
    kept = page.evaluate("[localStorage.length && JSON.stringify(localStorage), document.cookie]")
    assert SECRET not in str(kept), "for this tab alone"
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#trouble")).to_have_text("Log in to see the pool.")


def test_the_login_box_can_be_left_and_found_again(open_page: OpenPage, pool: Pool) -> None:
    page = open_page(pool.guarded_url, ready="#login[open]", expected="401")
    page.keyboard.press("Escape")
    expect(page.locator("#login")).to_be_hidden()
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#login")).to_be_visible()


def test_a_url_is_tried_through_the_gateway(page: Page) -> None:
    page.locator("#try [name=url]").fill("http://site.test/hello")
    page.locator("#try [name=protocol]").select_option("http")
    page.locator("#try button").click()
    result = page.locator("#try-result")
    expect(result.locator("[data-name=status] dd")).to_have_text("200")
    expect(result.locator("[data-name=upstream] dd")).to_have_text("upstream:3128")
    expect(result.locator("pre")).to_contain_text('"target": "/hello"')
    expect(result.locator("[data-name=took] dd")).to_contain_text(re.compile(r"\d+ (ms|s)"))


def test_what_the_gateway_refuses_is_explained(open_page: OpenPage) -> None:
    page = open_page(expected="502")
    page.locator("#try [name=url]").fill("http://10.0.0.1/")
    page.locator("#try button").click()
    expect(page.locator("#try-result .bad")).to_contain_text("a public address")


def test_an_answers_markup_is_shown_and_never_run(open_page: OpenPage) -> None:
    page = open_page()
    page.route(
        "**/api/v2/try",
        lambda route: route.fulfill(
            json={
                "status": 200,
                "time_ms": 5,
                "upstream": "<img src=x onerror=alert(1)>",
                "body": "<script>document.title = 'taken'</script><b>bold</b>",
            }
        ),
    )
    page.locator("#try [name=url]").fill("http://site.test/")
    page.locator("#try button").click()
    expect(page.locator("#try-result pre")).to_contain_text("<b>bold</b>")
    assert page.locator("#try-result b, #try-result img, #try-result script").count() == 0
    expect(page).to_have_title("Proxy pool")


def answering(content: Any) -> Callable[[Route], None]:
    """Answers with `content` as it is when it is asked for."""
    return lambda route: route.fulfill(json=content)


def test_an_empty_pool_says_so(open_page: OpenPage) -> None:
    page = open_page(ready="")
    empty = {
        "good": 0, "known": 0, "under_way": 0, "queued": 0, "checks": {}, "reasons": {},
        "https_reasons": {}, "facets": {}, "sources": {}, "judges": {},
        "latency": [{"up_to_ms": 100, "count": 0}, {"up_to_ms": None, "count": 0}],
    }  # fmt: skip
    answers: dict[str, Any] = {
        "stats": empty,
        "history": [],
        "proxies": {"total": 0, "offset": 0, "limit": 25, "items": []},
    }
    for name, content in answers.items():
        page.route(
            re.compile(rf"/api/v2/{name}\b"),
            answering(content),
        )
    page.reload()
    expect(page.locator("#proxies .empty")).to_contain_text("Is a checker running?")
    for panel in ("history", "latency", "by-protocol", "by-country", "map", "reasons", "sources"):
        expect(page.locator(f"#{panel} .empty")).to_be_visible()
    assert page.locator("[aria-busy]").count() == 0
    empty["reasons"], empty["under_way"] = {"connect_timeout": 9, "closed": 1}, 7
    expect(page.locator("#proxies .empty")).to_have_text(
        "No good proxy yet. 7 are being checked; the most frequent failure is: "
        "connection timed out."
    )


def test_an_outage_is_explained_and_ends(open_page: OpenPage) -> None:
    page = open_page(expected="503")
    problem = {
        "code": 503, "name": "redis", "expected": "an answer",
        "found": "TimeoutError", "what_to_do": "try again in a few seconds",
    }  # fmt: skip
    page.route("**/api/v2/**", lambda route: route.fulfill(status=503, json=problem))
    trouble = page.locator("#trouble")
    expect(trouble).to_contain_text("redis: expected an answer; found TimeoutError")
    # The last numbers stay.
    expect(page.locator("#tiles [data-name=good] dd")).to_have_text("40")
    page.unroute("**/api/v2/**")
    expect(trouble).to_be_hidden()


def test_a_device_without_network_is_told(open_page: OpenPage) -> None:
    page = open_page(expected="ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    expect(page.locator("#trouble")).to_contain_text("This device is offline.")
    page.context.set_offline(False)
    expect(page.locator("#trouble")).to_be_hidden()


def test_nothing_is_asked_while_nobody_looks(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hide = (
        "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    page.wait_for_load_state("networkidle")
    page.evaluate(hide.format("true"))
    asked.clear()
    page.wait_for_timeout(6500)
    assert not asked
    with page.expect_response(re.compile("/api/v2/stats")):
        page.evaluate(hide.format("false"))


def test_updates_can_be_paused(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#updated")).to_contain_text("Paused")
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_have_attribute("aria-pressed", "true")
    with page.expect_response(re.compile("/api/v2/stats")):
        resume.click()


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_no_width_needs_sideways_scrolling(open_page: OpenPage, width: int, locale: str) -> None:
    page = open_page(viewport={"width": width, "height": 800}, locale=locale)
    page.locator("#history summary").click()
    page.locator("#try [name=url]").fill("http://site.test/")
    page.locator("#try button").click()
    page.wait_for_selector("#try-result dl")
    wide = page.evaluate(
        "[...document.querySelectorAll('body *')]"
        ".filter((node) => node.getBoundingClientRect().right > innerWidth + 1"
        " && !node.closest('.scroll, pre, .unseen, svg'))"
        ".map((node) => node.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_phone_each_cell_has_its_name(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 360, "height": 800})
    expect(page.locator("#proxies tbody tr")).to_have_count(10)
    label = page.evaluate(
        "getComputedStyle(document.querySelector('#proxies td.number'), '::before').content"
    )
    assert label == "attr(data-label)" or "Latency" in label
    role = page.locator("#proxies tbody tr").first.get_attribute("role")
    assert role == "row", "a card is still a row of a table for who does not see it"


def test_the_page_works_with_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.id || document.activeElement.name"
                " || document.activeElement.dataset.key"
            )
        )
    for control in ("hours", "url", "country", "sort", "copy-page", "next", "sort latency"):
        assert control in reached
    outline = page.evaluate(
        "(() => { const button = document.querySelector('#next'); button.focus();"
        " return getComputedStyle(button).outlineStyle; })()"
    )
    assert outline != "none"


AUDITS = Path(__file__).parent / "audits"


def test_everything_has_a_name_for_who_does_not_see_it(page: Page) -> None:
    assert page.evaluate((AUDITS / "accessibility.js").read_text()) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_both_colour_schemes(open_page: OpenPage, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    assert page.evaluate((AUDITS / "contrast.js").read_text()) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", ground))) / 3
    assert (brightness < 128) == (scheme == "dark")


def test_news_is_announced_and_repetition_is_not(page: Page) -> None:
    for selector in ("#notice", "#total", "#try-result"):
        expect(page.locator(selector)).to_have_attribute("role", "status")
    expect(page.locator("#trouble")).to_have_attribute("role", "alert")
    live = page.locator("#updated").evaluate("node => node.closest('[aria-live], [role=status]')")
    assert live is None, "the clock would be read out every five seconds"


def test_the_pages_policy_lets_nothing_else_in(page: Page) -> None:
    answer = page.goto(page.url)
    assert answer is not None
    policy = str(answer.header_value("content-security-policy"))
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    text = answer.text()
    for inline in (" style=", "<style", "<script>", " onclick="):
        assert inline not in text
    assert not re.findall(r"(?:src|href)=.?(?:https?:)?//", text)
