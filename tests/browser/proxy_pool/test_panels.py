"""Every panel shows what is planted in the store, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

Truth = dict[str, Any]


def bars(page: Page, panel: str) -> dict[str, int]:
    """A bar chart's numbers, by name, once it has been filled."""
    expect(page.locator(f"#{panel}")).not_to_have_attribute("aria-busy", "true")
    rows = page.locator(f"#{panel} tbody tr")
    return {
        str(row.get_attribute("data-name")): int(row.locator("td").last.inner_text())
        for row in rows.all()
    }


def test_the_tiles_are_the_pools_sizes(page: Page, truth: Truth) -> None:
    statistics = truth["statistics"]
    for name, number in (
        ("good", statistics["good"]),
        ("good_https", statistics["facets"]["https"]),
        ("known", statistics["known"]),
        ("under_way", statistics["under_way"]),
    ):
        expect(page.locator(f"#tiles [data-name={name}] dd")).to_have_text(str(number))
    checks = statistics["checks"]
    share = 100 * checks["good"] / sum(checks.values())
    expect(page.locator("#tiles [data-name=share] dd")).to_have_text(f"{share:.1f}%")


def test_protocols_anonymity_countries_and_targets_are_counted(page: Page, truth: Truth) -> None:
    facets = truth["statistics"]["facets"]
    protocols = ("http", "connect", "socks4", "socks4a", "socks5")
    assert bars(page, "by-protocol") == {name: facets[name] for name in protocols}
    levels = ("elite", "anonymous", "transparent")
    assert bars(page, "by-anonymity") == {
        level: facets.get(f"anonymity:{level}", 0) for level in levels
    }
    for panel, kind in (("by-country", "country"), ("by-target", "target")):
        expected = {
            name.partition(":")[2]: size
            for name, size in facets.items()
            if name.startswith(f"{kind}:")
        }
        assert bars(page, panel) == expected
        assert expected


def test_countries_have_names(page: Page) -> None:
    expect(page.locator("#by-country [data-name=CN] th")).to_have_text("China (CN)")


def test_the_map_has_a_circle_for_each_country_the_larger_the_more(
    page: Page, truth: Truth
) -> None:
    expect(page.locator("#map svg")).to_be_visible()
    circles = {
        str(circle.get_attribute("data-name")): float(circle.get_attribute("r") or 0)
        for circle in page.locator("#map circle").all()
    }
    counts = {
        name.partition(":")[2]: size
        for name, size in truth["statistics"]["facets"].items()
        if name.startswith("country:")
    }
    assert set(circles) == set(counts)
    by_count = sorted(counts, key=lambda name: counts[name])
    radii = [circles[name] for name in by_count]
    assert radii == sorted(radii)
    most = by_count[-1]
    expect(page.locator(f"#map circle[data-name={most}] title")).to_contain_text(str(counts[most]))
    # It stands on land: the first of Natural Earth's shapes is there too.
    assert len(page.locator("#map path").get_attribute("d") or "") > 5000


def test_reasons_are_counted_the_most_frequent_first(page: Page, truth: Truth) -> None:
    reasons = truth["statistics"]["reasons"]
    shown = bars(page, "reasons")
    assert shown == reasons
    assert list(shown.values()) == sorted(reasons.values(), reverse=True)
    assert bars(page, "https-reasons") == truth["statistics"]["https_reasons"]
    expect(page.locator("#reasons [data-name=connect_timeout] th")).to_have_text(
        "connection timed out"
    )


def test_the_latency_histogram_has_the_stores_buckets(page: Page, truth: Truth) -> None:
    counts = [bucket["count"] for bucket in truth["statistics"]["latency"]]
    page.locator("#latency summary").click()
    cells = page.locator("#latency tbody td").all_inner_texts()
    assert [int(cell) for cell in cells] == counts
    heights = [
        float(str(column.get_attribute("height")))
        for column in page.locator("#latency rect.column").all()
    ]
    tallest = max(counts)
    assert heights == pytest.approx([max(heights) * count / tallest for count in counts], abs=0.1)
    label = str(page.locator("#latency svg[role=img]").get_attribute("aria-label"))
    assert f"{sum(counts)} proxies" in label
    assert f"up to 100 ms: {counts[0]}" in label


def test_the_history_draws_every_sample(page: Page, truth: Truth) -> None:
    lines = page.locator("#history polyline")
    expect(lines).to_have_count(5)
    for line in lines.all():
        assert len(str(line.get_attribute("points")).split()) == truth["samples"]
    good = truth["statistics"]["good"]
    label = str(page.locator("#history svg[role=img]").get_attribute("aria-label"))
    assert f"{good} at last" in label
    assert f"at most {good}" in label
    page.locator("#history summary").click()
    last_row = page.locator("#history tbody tr").last.locator("td")
    assert last_row.first.inner_text() == str(good)


def test_the_historys_range_can_be_chosen(page: Page, truth: Truth) -> None:
    page.locator("#hours").select_option("1")
    shown = page.locator("#history polyline").first
    # Samples are ten minutes apart.
    page.wait_for_function(
        "() => document.querySelector('#history polyline').getAttribute('points')"
        ".split(' ').length < 9"
    )
    assert 6 <= len(str(shown.get_attribute("points")).split()) < truth["samples"]


def test_sources_show_their_yields_states_and_errors(page: Page, truth: Truth) -> None:
    rows = page.locator("#sources tbody tr")
    expect(rows).to_have_count(len(truth["statistics"]["sources"]))
    site_b = page.locator("#sources [data-name=siteB]").inner_text().split("\t")
    assert site_b[:6] == ["siteB", "works", "65", "65", "15", "23.1%"]
    assert site_b[6].endswith("min ago")
    dead = page.locator("#sources [data-name=siteC]")
    expect(dead).to_contain_text("dead")
    expect(dead).to_contain_text("expected status 200; found 503 (12 in a row)")


def test_judges_are_shown(page: Page) -> None:
    expect(page.locator("#judges tbody tr")).to_have_count(3)
    for url, state, latency in (
        ("http://judge.example/check/", "answers", "42 ms"),
        ("http://next-door.example/", "answers", "<1 ms"),
        ("http://silent.example/", "does not answer", "–"),
    ):
        row = page.locator(f'#judges [data-name="{url}"]')
        expect(row.locator(".state")).to_have_text(state)
        expect(row.locator(".number")).to_have_text(latency)
