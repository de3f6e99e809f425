"""The table of proxies: filters, order, pages, copies and downloads."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.proxy_pool.conftest import OpenPage
from tests.browser.proxy_pool.pool import Pool

Record = dict[str, Any]
PAGE = 25
PAID = "buyer:s3cret%2Fpass@gate.example:7000"
PAID_SHOWN = "•••@gate.example:7000"


@pytest.fixture
def records(truth: dict[str, Any]) -> list[Record]:
    found: list[Record] = truth["records"]
    return found


def shown(page: Page) -> list[str]:
    """The proxies on the page, as they are written there."""
    return [str(row.get_attribute("data-proxy")) for row in page.locator("#proxies tbody tr").all()]


def masked(record: Record) -> str:
    proxy: str = record["proxy"]
    return f"•••@{proxy.rpartition('@')[2]}" if "@" in proxy else proxy


def total_is(page: Page, number: int) -> None:
    words = f"{number} match" if number else "No proxy matches"
    expect(page.locator("#total")).to_contain_text(words)


def test_the_best_come_first(page: Page, records: list[Record]) -> None:
    best = sorted(records, key=lambda record: -record["score"])
    assert shown(page) == [masked(record) for record in best[:PAGE]]
    total_is(page, len(records))


def test_a_row_says_what_is_known(page: Page) -> None:
    row = page.locator(f'#proxies [data-proxy="{PAID_SHOWN}"]')
    for words in ("HTTP", "CONNECT", "HTTPS ✓", "elite", "China", "EXAMPLE-0", "60 ms", "siteA"):
        expect(row).to_contain_text(words)


def test_credentials_are_nowhere_on_the_page(page: Page) -> None:
    assert PAID_SHOWN in shown(page)
    for secret in ("s3cret", "buyer"):
        assert secret not in page.locator("body").inner_text()


@pytest.mark.parametrize(
    ("field", "value", "keeps"),
    [
        ("protocol", "socks5", lambda r: "socks5" in r["protocols"]),
        ("https", "true", lambda r: r["https"]),
        ("https", "false", lambda r: not r["https"]),
        ("anonymity", "elite", lambda r: r["anonymous"] == "elite"),
        ("country", "US", lambda r: r["region"] == "US"),
        ("asn", "64501", lambda r: r["asn"] == 64501),
        ("source", "siteB", lambda r: r["source"] == "siteB"),
        ("target", "shop", lambda r: r["targets"]["shop"]["works"]),
        ("max_latency_ms", "500", lambda r: r["latency_ms"] <= 500),
        ("min_score", "57", lambda r: r["score"] >= 57),
    ],
)
def test_filters_keep_what_they_say(
    page: Page, records: list[Record], field: str, value: str, keeps: Any
) -> None:
    expected = [record for record in records if keeps(record)]
    assert 0 < len(expected) < len(records)
    control = page.locator(f"#filters [name={field}]")
    if field.startswith(("asn", "max", "min")):
        control.fill(value)
        control.press("Tab")
    else:
        control.select_option(value)
    total_is(page, len(expected))
    assert set(shown(page)) <= {masked(record) for record in expected}
    page.get_by_role("button", name="Clear filters").click()
    total_is(page, len(records))


def test_filters_that_nothing_meets_are_explained(page: Page) -> None:
    page.locator("#filters [name=max_latency_ms]").fill("1")
    page.keyboard.press("Tab")
    expect(page.locator("#proxies .empty")).to_have_text("No good proxy matches these filters.")
    expect(page.locator("#copy-page")).to_be_disabled()


def test_the_order_is_chosen_at_the_column(page: Page, records: list[Record]) -> None:
    by_latency = [masked(r) for r in sorted(records, key=lambda record: record["latency_ms"])]
    head = page.locator("#proxies th", has_text="Latency")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#proxies tbody tr").first).to_have_attribute("data-proxy", by_latency[0])
    assert shown(page) == by_latency[:PAGE]
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(page.locator("#proxies tbody tr").first).to_have_attribute("data-proxy", by_latency[-1])
    expect(page.locator("#filters [name=sort]")).to_have_value("latency")


def test_every_proxy_is_on_one_of_the_pages(page: Page, records: list[Record]) -> None:
    expect(page.locator("#previous")).to_be_disabled()
    found = shown(page)
    page.locator("#next").click()
    expect(page.locator("#page")).to_have_text("Page 2 of 2")
    expect(page.locator("#next")).to_be_disabled()
    found += shown(page)
    assert sorted(found) == sorted(masked(record) for record in records)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("address", PAID),
        ("url", f"http://{PAID}"),
        ("curl", f"curl --proxy 'http://{PAID}' https://example.org/"),
    ],
)
def test_a_proxy_is_copied_with_its_credentials(
    open_page: OpenPage, form: str, expected: str
) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.locator("#copy-as").select_option(form)
    page.get_by_role("button", name=f"Copy {PAID_SHOWN}").click()
    expect(page.locator("#notice")).to_have_text(f"Copied {PAID_SHOWN}")
    assert page.evaluate("navigator.clipboard.readText()") == expected


def test_copying_works_without_the_browsers_clipboard(open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    # As on http://HOST, which is no secure context.
    page.evaluate("Object.defineProperty(window, 'isSecureContext', {value: false})")
    page.get_by_role("button", name="Copy 203.0.113.3:8002").click()
    expect(page.locator("#notice")).to_have_text("Copied 203.0.113.3:8002")
    assert page.evaluate("navigator.clipboard.readText()") == "203.0.113.3:8002"
    expect(page.get_by_role("button", name="Copy 203.0.113.3:8002")).to_be_focused()


def test_a_whole_page_is_copied(open_page: OpenPage) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.locator("#filters [name=protocol]").select_option("socks5")
    total_is(page, 10)
    page.locator("#copy-as").select_option("url")
    page.locator("#copy-page").click()
    expect(page.locator("#notice")).to_have_text("Copied 10 proxies")
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(lines) == 10
    assert all(line.startswith("socks5h://") for line in lines)


def test_what_is_filtered_is_downloaded(page: Page, tmp_path: Path) -> None:
    page.locator("#filters [name=country]").select_option("CN")
    total_is(page, 12)
    files = {}
    for form in ("TXT", "JSON", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("button", name=form, exact=True).click()
        files[form] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[form])
    assert files["TXT"].name == "proxies.txt"
    assert len(files["TXT"].read_text().splitlines()) == 12
    assert {record["region"] for record in json.loads(files["JSON"].read_text())} == {"CN"}
    with files["CSV"].open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 12


def test_new_numbers_come_by_themselves_and_keep_the_focus(page: Page, pool: Pool) -> None:
    button = page.get_by_role("button", name="Copy 203.0.113.3:8002")
    button.focus()
    before = page.locator("#updated").inner_text()
    page.wait_for_function(
        "text => document.getElementById('updated').textContent !== text", arg=before
    )
    expect(button).to_be_focused()
