"""The dashboard for Grafana asks for metrics and labels that there are."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from proxypool.gateway.metrics import Metrics
from proxypool.store import Store
from proxypool.verdict import Outcome, Verdict

from tests.conftest import listed
from tests.filled import GOOD

DASHBOARD: dict[str, Any] = json.loads(Path("grafana/proxy_pool.json").read_text(encoding="utf-8"))
EXPRESSIONS = [
    (panel["title"], target["expr"], target["legendFormat"])
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
]
_METRIC = re.compile(r"\b((?:proxypool|gateway)_[a-z_]+)")
_LABELS = re.compile(r"by \(([^)]*)\)|\{\{(\w+)\}\}")


@pytest.fixture
async def labels(store: Store, client: httpx.AsyncClient) -> dict[str, set[str]]:
    """The labels of each metric of API and gateway, once everything has been counted once."""
    await store.add("siteA", listed("192.0.2.1:80", "192.0.2.2:80"))
    await store.dispatch()
    good, bad = await store.take("tester", 2, 0.1)
    await store.settle([(good, GOOD), (bad, Verdict(Outcome.FAILED, "timeout"))])
    await store.finish_crawl("siteA", {"finished": "2026-01-01 00:00:00"}, 60)
    await client.get("/get/")
    text = (await client.get("/metrics")).text
    gateway = Metrics()
    gateway.refused.labels("login").inc()
    gateway.requests.labels("http", "carried").inc()
    gateway.failures.labels("closed").inc()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text + gateway.text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


async def test_every_metric_and_label_of_a_panel_is_there(labels: dict[str, set[str]]) -> None:
    assert len(EXPRESSIONS) > 15
    for title, expression, legend in EXPRESSIONS:
        metrics = set(_METRIC.findall(expression))
        assert metrics, title
        assert metrics <= set(labels), title
        asked = {
            name.strip()
            for grouped, shown in _LABELS.findall(expression + legend)
            for name in (grouped or shown).split(",")
        }
        assert asked <= set.union(*(labels[name] for name in metrics)), title


def test_panels_neither_overlap_nor_leave_the_page() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (column, row)
            for column in range(at["x"], at["x"] + at["w"])
            for row in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
