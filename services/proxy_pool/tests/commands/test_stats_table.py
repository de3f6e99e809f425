"""What `proxypool stats` shows at a terminal."""

import sys
from argparse import Namespace

import pytest
from proxypool.commands import stats
from proxypool.settings import load
from proxypool.store import Store

from tests.conftest import Admin
from tests.planted import plant


async def test_people_see_tables(
    admin: Admin,
    environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import asyncio

    settings = load("stats", environment)
    store = Store(settings)
    await plant(store)
    await store.close()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code = await asyncio.to_thread(stats.run, settings, Namespace(json=False))
    shown = capsys.readouterr().out
    assert code == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    assert ["good", "40"] in rows
    assert ["connect_timeout", "30"] in rows
    assert ["country:CN", "12"] in rows
    [dead] = [row for row in rows if row and row[0] == "siteC"]
    assert "found 503" in dead[-1]
