"""The whole bundle on this machine: check mode, converge, converge again, and what then runs."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local_deployment import (
    ETC,
    LASTING_SERVICES,
    NAME,
    ROOT,
    containers,
    docker,
    health,
    run_site,
    smoke_arguments,
    up,
)
from tests.playbook import REPOSITORY, PlaybookResult

UIDS_OF_SECRETS = {
    "redis_acl": 10002,
    "redis_backup_password": 10002,
    "redis_operator_password": 10002,
    "mariadb_root_password": 10003,
    "mariadb_password": 10003,
    "mariadb_backup_password": 10003,
    "mariadb_shortlink_password": 10003,
    "luffy_api_db_password": 10004,
    "luffy_api_redis_url": 10004,
    "luffy_api_secret_key": 10004,
    "luffy_api_old_secret_key": 10004,
    "luffy_api_media_secret": 10004,
    "luffycity_media_secret": 10005,
    "luffycity_old_media_secret": 10005,
    "luffy_api_admin_password": 10004,
    "luffy_api_sms_key_secret": 10004,
    "luffy_api_shortlink_account": 10004,
    "luffy_api_alipay_private_key": 10004,
    "luffy_api_alipay_public_key": 10004,
    "demo_sms_key_secret": 10008,
    "demo_merchant_public_key": 10008,
    "demo_alipay_private_key": 10008,
    "proxy_pool_db_conn": 10006,
    "proxy_pool_accounts": 10006,
    "proxy_pool_gateway_account": 10006,
    "proxy_pool_judge_ca": 10006,
    "shortlink_accounts": 10007,
    "shortlink_db_password": 10007,
    "shortlink_redis_url": 10007,
    "edge_judge_certificate": 10001,
    "backup_db_password": 10009,
    "backup_passphrase": 10009,
    "judge_authority": 0,
    "redis_luffy_password": 0,
    "redis_proxy_pool_password": 0,
    "redis_shortlink_password": 0,
}
UP_LIMIT_S = 300
# They hold what was before the last rotation, and so nothing at first.
EMPTY_AT_FIRST = {"luffy_api_old_secret_key", "luffycity_old_media_secret"}


def test_check_mode_on_a_bare_host_passes(bare_check: PlaybookResult) -> None:
    assert bare_check.ok, bare_check.output


def test_a_first_run_deploys(deployed: PlaybookResult) -> None:
    assert deployed.changed("localhost") > 0


def test_a_second_run_changes_nothing_and_says_where_the_site_is(
    deployed: PlaybookResult, tmp_path: Path
) -> None:
    before = {name: one["Id"] for name, one in containers().items()}
    log = tmp_path / "up.log"
    output, _ = up(log=log).communicate(timeout=UP_LIMIT_S)
    assert {name: one["Id"] for name, one in containers().items()} == before
    assert re.search(r"localhost +: ok=\d+ +changed=0 ", log.read_text())
    assert re.search(r"<== preflight: [\d.]+ s", output)
    assert re.search(r"<== stack: [\d.]+ s", output)
    assert "http://127.0.0.1:18080/" in output
    assert "/etc/luffy-test/secrets/luffy_api_admin_password" in output
    assert re.search(r"Smoke tests +\d+ passed", output), output
    assert "TASK [preflight" not in output
    assert "TASK [preflight" in log.read_text()


def test_check_mode_on_a_deployed_host_finds_nothing_to_do(deployed: PlaybookResult) -> None:
    check = run_site("--check")
    assert check.ok, check.output
    assert check.changed("localhost") == 0, check.changed_tasks


def test_every_lasting_service_runs_and_is_healthy(deployed: PlaybookResult) -> None:
    assert {name: health(one) for name, one in containers().items()} == dict.fromkeys(
        LASTING_SERVICES, "healthy"
    )


@pytest.mark.parametrize("service", LASTING_SERVICES)
def test_a_running_container_has_the_controls(deployed: PlaybookResult, service: str) -> None:
    container = containers()[service]
    host = container["HostConfig"]
    assert re.fullmatch(r"100\d\d:100\d\d", container["Config"]["User"])
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert host["Privileged"] is False
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert host["Init"] is True
    assert host["LogConfig"]["Config"]["max-size"]
    assert bool(host["PortBindings"]) == (service == "edge")


def test_published_ports_are_bound_to_loopback_alone(deployed: PlaybookResult) -> None:
    bindings = containers()["edge"]["HostConfig"]["PortBindings"].values()
    assert {binding["HostIp"] for group in bindings for binding in group} == {"127.0.0.1"}


@pytest.mark.parametrize(("name", "uid"), sorted(UIDS_OF_SECRETS.items()))
def test_a_secret_is_readable_by_its_one_reader(
    deployed: PlaybookResult, name: str, uid: int
) -> None:
    status = (ETC / "secrets" / name).stat()
    assert stat.S_IMODE(status.st_mode) == 0o400
    assert status.st_uid == uid
    assert (status.st_size > 0) is (name not in EMPTY_AT_FIRST)


def test_there_are_no_other_secrets(deployed: PlaybookResult) -> None:
    folder = ETC / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in folder.iterdir()} == set(UIDS_OF_SECRETS)


def test_no_secret_is_shown_by_docker_nor_logged(deployed: PlaybookResult) -> None:
    secrets = []
    for name in set(UIDS_OF_SECRETS) - EMPTY_AT_FIRST:
        # These hold words that are no secrets, and passwords that stand in other files, too. A key
        # is told by its first line.
        if name not in ("redis_acl", "luffy_api_redis_url", "proxy_pool_db_conn"):
            text = (ETC / "secrets" / name).read_text().strip()
            lines = [line for line in text.splitlines() if not line.startswith(("-----", "#"))]
            secrets.append(lines[0].removeprefix("pool:").removeprefix("luffy:"))
    shown = deployed.output
    for one in containers().values():
        shown += docker("inspect", one["Id"])
        logs = subprocess.run(
            ["docker", "logs", one["Id"]], capture_output=True, text=True, check=True
        )
        shown += logs.stdout + logs.stderr
    for path in ROOT.rglob("*"):
        if path.is_file() and not path.name.startswith("engine.pyz"):
            shown += path.read_text()
    assert [secret for secret in secrets if secret in shown] == []


def test_the_release_is_written_down(deployed: PlaybookResult) -> None:
    current = (ROOT / "current").resolve()
    assert current.parent == ROOT / "releases"
    assert f'"name": "{NAME}"' in (current / "compose.yaml").read_text()
    assert (current / "images.lock").stat().st_size > 0


def test_docker_compose_with_the_releases_file_starts_no_rival(deployed: PlaybookResult) -> None:
    before = {name: one["Id"] for name, one in containers().items()}
    subprocess.run(
        ["docker-compose", "-f", str(ROOT / "current/compose.yaml"), "up", "-d"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    assert {name: one["Id"] for name, one in containers().items()} == before


def test_the_smoke_tests_pass_from_outside(deployed: PlaybookResult) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/smoke", "-q", *smoke_arguments()],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert result.returncode == 0, result.stdout
