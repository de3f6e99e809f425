"""`import`, `export` and `stats`, against the real store."""

import json
import time
from pathlib import Path

import pytest
from proxypool.query import Query
from proxypool.settings import load
from proxypool.store import Store

from tests.commands.conftest import Proxypool
from tests.conftest import Admin
from tests.planted import FAILURES, GOOD, PAID, plant


@pytest.fixture
async def store(admin: Admin, environment: dict[str, str]) -> Store:
    return Store(load("stats", environment))


async def test_a_list_is_imported_once(proxypool: Proxypool, store: Store, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("203.0.113.1:80\nsocks5://u:p%40w@203.0.113.2:1080\n10.0.0.1:80\n")
    allowed = {"ALLOWED_UPSTREAM_NETWORKS": "203.0.113.0/24"}
    first = await proxypool("import", str(listed), "--source", "paid", **allowed)
    assert (first.code, first.output.split(",")[0]) == (0, "2 new")
    assert "1 at addresses that are not allowed" in first.output
    again = await proxypool("import", str(listed), "--source", "paid", **allowed)
    assert again.output.startswith("0 new, 2 known")
    assert (await store.statistics())["sources"]["paid"]["known"] == 2
    await store.close()


async def test_the_reference_pools_hash_is_imported(
    proxypool: Proxypool, admin: Admin, environment: dict[str, str], store: Store
) -> None:
    record = json.dumps({"proxy": "203.0.113.1:80", "https": False, "region": ""})
    await admin.hset("use_proxy", mapping={"203.0.113.1:80": record, "rubbish": "{}"})
    url = environment["DB_CONN"].replace("proxy_pool:pool", "admin:admin")
    ended = await proxypool("import", "--redis", url)
    assert (ended.code, ended.output.split(",")[0]) == (0, "1 new")
    assert (await store.statistics())["known"] == 1
    await store.close()


async def test_a_text_without_proxies_is_a_failure(proxypool: Proxypool, store: Store) -> None:
    ended = await proxypool("import", "-", text="nothing here")
    assert ended.code == 1
    assert "no address of a proxy in it" in ended.errors
    await store.close()


async def test_the_good_ones_are_exported_the_fastest_first(
    proxypool: Proxypool, store: Store, tmp_path: Path
) -> None:
    await plant(store)
    ended = await proxypool("export")
    lines = ended.output.splitlines()
    assert len(lines) == GOOD
    assert lines[0] == f"http://{PAID}", "with its credentials"
    assert lines[2] == "socks5://203.0.113.3:8002"
    output = tmp_path / "chinese.json"
    ended = await proxypool("export", "--country", "cn", "--https", "--output", str(output))
    assert (ended.code, ended.output) == (0, "")
    records = json.loads(output.read_text())
    expected, _ = await store.list(Query(country="CN", https=True))
    assert len(records) == expected > 0
    assert {record["region"] for record in records} == {"CN"}
    ended = await proxypool("export", "--limit", "3", "--format", "csv")
    assert len(ended.output.splitlines()) == 4
    await store.close()


async def test_statistics_are_json_in_a_pipe(proxypool: Proxypool, store: Store) -> None:
    await plant(store)
    ended = await proxypool("stats")
    statistics = json.loads(ended.output)
    assert statistics["good"] == GOOD
    assert statistics["reasons"] == FAILURES
    assert sum(bucket["count"] for bucket in statistics["latency"]) == GOOD
    await store.close()


async def findings(proxypool: Proxypool, **settings: str) -> dict[str, list[dict[str, str]]]:
    ended = await proxypool("doctor", **settings)
    assert ended.code == 0, ended.errors
    found: dict[str, list[dict[str, str]]] = {}
    for line in ended.output.splitlines():
        one = json.loads(line)
        assert set(one) == {"check", "level", "says", "do"}
        assert bool(one["do"]) == (one["level"] != "ok")
        found.setdefault(one["check"], []).append(one)
    return found


async def test_a_pool_that_is_well_says_so(proxypool: Proxypool, store: Store) -> None:
    await plant(store)
    found = await findings(proxypool)
    assert found["pool"] == [
        {"check": "pool", "level": "ok", "says": f"{GOOD} good proxies", "do": ""}
    ]
    await store.close()


async def test_a_full_pool_is_told_of(proxypool: Proxypool, store: Store) -> None:
    await plant(store)
    [pool] = (await findings(proxypool, POOL_SIZE_MAX=str(GOOD + 1)))["pool"]
    assert (pool["level"], pool["do"]) == ("attention", "raise proxy_pool_size_max")
    assert pool["says"] == f"{GOOD} good proxies, and room for {GOOD + 1}"
    await store.close()


@pytest.mark.parametrize(("minutes", "level"), [(10, "attention"), (61, "broken")])
async def test_an_empty_pool_is_broken_after_an_hour(
    proxypool: Proxypool, admin: Admin, store: Store, minutes: int, level: str
) -> None:
    now_s = int(time.time())
    for ago_s in range(minutes * 60, -1, -300):
        sample = {"time": now_s - ago_s, "good": 0}
        await admin.zadd(store._key(":history"), {json.dumps(sample): now_s - ago_s})
    [pool] = (await findings(proxypool))["pool"]
    assert (pool["level"], pool["says"]) == (level, f"no good proxy for {minutes} min")
    await store.close()


async def test_judges_and_sources_that_fail_are_named(proxypool: Proxypool, store: Store) -> None:
    await store.note_judges(
        {
            "http://judge.test/": {"up": False, "latency_ms": None, "error": "refused"},
            "https://judge.test/": {"up": True, "latency_ms": 3, "error": ""},
        }
    )
    found = await findings(proxypool)
    said = [(one["level"], one["says"]) for one in found["judges"]]
    assert said == [
        ("attention", "http://judge.test/: refused"),
        ("ok", "https://judge.test/ answers"),
    ]
    await store.close()


@pytest.mark.parametrize("command", [("stats",), ("doctor",), ("export",), ("import", "-")])
async def test_a_store_that_is_away_is_said(proxypool: Proxypool, command: tuple[str, ...]) -> None:
    away = "redis://user:hunter2@127.0.0.1:1/0"
    ended = await proxypool(*command, text="127.0.0.1:80", DB_CONN=away)
    assert ended.code == 69
    assert "redis: expected an answer" in ended.errors
    assert "hunter2" not in ended.errors
    assert "Traceback" not in ended.errors


async def test_a_bad_filter_is_named(proxypool: Proxypool) -> None:
    ended = await proxypool("export", "--country", "China")
    assert ended.code == 2
    assert "expected two letters (ISO 3166-1), such as CN" in ended.errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "-", "--source", "a/b"), "expected a name without a slash; found 'a/b'"),
        (("import", "-", "--source", ""), "expected a name without a slash; found ''"),
        (("import", "-", "--expires", "tomorrow"), "expected a time such as 2026-12-31T00:00:00Z"),
        (("import", "-", "--expires", "-1"), "expected a time such as 2026-12-31T00:00:00Z"),
        (("export", "--limit", "-1"), "expected a whole number, 0 for all; found '-1'"),
        (("export", "--limit", "many"), "expected a whole number, 0 for all; found 'many'"),
    ],
)
async def test_a_bad_argument_is_named(
    proxypool: Proxypool, arguments: tuple[str, ...], said: str
) -> None:
    ended = await proxypool(*arguments[:-2], f"{arguments[-2]}={arguments[-1]}", text="x")
    assert ended.code == 2
    assert said in ended.errors
    assert "Traceback" not in ended.errors


@pytest.mark.parametrize("expires", ["4000000000", "2096-10-02T07:06:40Z"])
async def test_an_end_is_a_time_or_unix_time(
    proxypool: Proxypool, store: Store, expires: str
) -> None:
    allowed = {"ALLOWED_UPSTREAM_NETWORKS": "203.0.113.0/24"}
    ended = await proxypool("import", "-", "--expires", expires, text="203.0.113.1:80", **allowed)
    assert (ended.code, ended.output.split(",")[0]) == (0, "1 new")
    ended = await proxypool("import", "-", "--expires", "1.5", text="203.0.113.2:80", **allowed)
    assert "1 expired" in ended.output
    await store.close()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("203.0.113.1:80\nu:secret@203.0.113.2:99999\n", "line 2: '203.0.113.2:99999'"),
        ('["203.0.113.1:80", {"host": "203.0.113.9"}]', "line 2: '203.0.113.9'"),
        ("host,port\n203.0.113.1,80\n203.0.113.8,many\n", "line 3: '203.0.113.8'"),
    ],
)
async def test_lines_that_are_no_proxies_are_counted_and_shown(
    proxypool: Proxypool, store: Store, text: str, line: str
) -> None:
    allowed = {"ALLOWED_UPSTREAM_NETWORKS": "203.0.113.0/24"}
    ended = await proxypool("import", "-", text=text, **allowed)
    assert (ended.code, ended.output.split(",")[0]) == (0, "1 new")
    assert "1 lines that are no proxies" in ended.output
    assert line in ended.errors
    assert "secret" not in ended.errors
    await store.close()
