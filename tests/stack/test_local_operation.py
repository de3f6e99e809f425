"""An operator's terminal and logs, on the whole bundle on this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.local_deployment import INVENTORY, LASTING_SERVICES, ROOT, containers, url
from tests.playbook import REPOSITORY, PlaybookResult

# What each console is given, and what it has to answer.
CONSOLES = {
    "shell": ("from django.conf import settings; print(settings.ROOT_URLCONF)", "luffy.urls"),
    "db": ("SELECT CURRENT_USER(), DATABASE();", "luffy@%\tluffy"),
    "db_root": ("SELECT CURRENT_USER();", "root@localhost"),
    "redis": ("ACL WHOAMI", "operator"),
}


def engine(verb: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a verb of the deployment's release engine."""
    return subprocess.run(
        ["python3", str(ROOT / "engine.pyz"), verb, "--root", str(ROOT), *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_dry_run_says_what_a_deploy_would_change_and_changes_nothing(
    deployed: PlaybookResult, tmp_path: Path
) -> None:
    inventory = tmp_path / "inventory.ini"
    other = "demo_world=true\nproxy_pool_gateway_attempts=4\nredis_maxmemory=95mb\n"
    inventory.write_text(INVENTORY.read_text().replace("demo_world=true\n", other))
    shipped = ROOT / "incoming/release.json"
    before = ({name: one["Id"] for name, one in containers().items()}, shipped.read_text())
    done = subprocess.run(
        [Path(sys.executable).with_name("fab"), "deploy", "--dry-run", "-i", str(inventory)],
        cwd=REPOSITORY,
        env=dict(os.environ) | {"ANSIBLE_LOG_PATH": str(tmp_path / "log")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    files = r"\n +config/redis/redis\.conf\n +release\.json"
    assert re.search(rf"would change: stack : Ship the Compose files.*{files}", done.stdout)
    # The very release that would be shipped is compared, and not what was shipped last.
    assert "localhost: environment PROXY_POOL_GATEWAY_ATTEMPTS changed" in done.stdout, done.stdout
    assert "localhost: redis will be away for about 5 s: it is replaced in place" in done.stdout
    after = ({name: one["Id"] for name, one in containers().items()}, shipped.read_text())
    assert after == before


@pytest.mark.parametrize("name", sorted(CONSOLES))
def test_a_console_is_logged_in(deployed: PlaybookResult, name: str) -> None:
    typed, expected = CONSOLES[name]
    done = engine("exec", "--console", name, text=f"{typed}\n")
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


def test_every_line_of_every_service_is_json(deployed: PlaybookResult) -> None:
    odd = {}
    for name in LASTING_SERVICES:
        logs = subprocess.run(
            ["docker", "logs", containers()[name]["Id"]], capture_output=True, text=True, check=True
        )
        for line in (logs.stdout + logs.stderr).splitlines():
            try:
                missing = {"time", "level", "message"} - set(json.loads(line))
            except ValueError:
                missing = {"all"}
            if missing:
                odd[name] = (missing, line)
    assert odd == {}


@pytest.mark.parametrize(
    ("address", "path", "services"),
    [
        ("site", "/api/v1/course/actual/", {"edge", "luffy_api"}),
        ("site", "/courses", {"edge", "luffycity"}),
        ("proxy-pool", "/get/", {"edge"}),
    ],
)
def test_a_request_is_found_by_the_id_of_its_answer(
    deployed: PlaybookResult, address: str, path: str, services: set[str]
) -> None:
    request_id = requests.get(url(address, path), timeout=10).headers["X-Request-ID"]
    deadline = time.monotonic() + 10
    while True:
        done = engine("logs", "--json", "--since", "5m", "--request", request_id)
        found = [json.loads(line) for line in done.stdout.splitlines()]
        writers = {line["container"].rpartition("-")[0] for line in found}
        if services <= writers:
            break
        assert time.monotonic() < deadline, (done, services)
        time.sleep(0.5)
    assert all(json.loads(line["line"])["request_id"] == request_id for line in found)
    assert path in {json.loads(line["line"]).get("path") for line in found}
