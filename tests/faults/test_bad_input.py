"""Bad input ends before anything is changed, with what was expected, what was found, what to do."""

from __future__ import annotations

import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests import local_deployment
from tests.local_deployment import (
    ETC,
    INVENTORY,
    ROOT,
    containers,
    deploy,
    docker,
    release,
    run_site,
    url,
    wait_until_healthy,
)
from tests.playbook import PlaybookResult

UNUSED = "luffy-unused"
FRESH_PORTS = (
    "-e", f"bundle_name={UNUSED}", "-e", "site_port=28080", "-e", "api_port=28000",
    "-e", "check_port=28001", "-e", "proxy_pool_port=25010", "-e", "demo_port=28009",
    "-e", "check_tls_port=28444", "-e", "proxy_pool_gateway_port=25011",
    "-e", "demo_lab_port=28010", "-e", "demo_lab_tls_port=28011",
    "-e", "demo_farm_port_first=22000", "-e", "shortlink_port=28002",
)  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_else_is_left() -> Iterator[None]:
    yield
    local_deployment.remove(UNUSED)


def nothing_was_begun() -> bool:
    return not (Path("/opt") / UNUSED).exists() and not containers(UNUSED)


def running() -> dict[str, str]:
    return {name: one["Id"] for name, one in containers().items()}


def assert_explained(output: str, *words: str) -> None:
    for word in ("expected", "found", "do", *words):
        assert word.lower() in output.lower(), f"{word!r} is not in:\n{output}"


def test_bad_variables_are_refused_and_each_is_named() -> None:
    bad = {"site_port": "99999", "check_port": "eighty", "edge_bind_address": "not-an-address"}
    run = run_site(*FRESH_PORTS, *(word for each in bad.items() for word in ("-e", "=".join(each))))
    assert run.returncode != 0
    for variable, value in bad.items():
        assert_explained(run.output, variable, value)
    assert nothing_was_begun()


def test_a_role_refuses_a_variable_of_the_wrong_type() -> None:
    run = run_site(*FRESH_PORTS, "-e", "luffy_api_workers=many")
    assert run.returncode != 0
    assert "luffy_api_workers" in run.output
    assert not containers(UNUSED)


def test_a_taken_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        run = run_site(*FRESH_PORTS, "-e", f"site_port={port}")
    assert run.returncode != 0
    assert_explained(run.output, str(port))
    assert nothing_was_begun()


def test_an_inventory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    run = run_site(inventory=tmp_path / "none.ini")
    assert run.returncode != 0
    assert "none.ini" in run.output


def test_an_inventory_without_the_bundles_group_is_refused(tmp_path: Path) -> None:
    inventory = tmp_path / "wrong.ini"
    inventory.write_text("[web]\nlocalhost ansible_connection=local\n")
    run = run_site(inventory=inventory)
    assert run.returncode != 0
    assert_explained(run.output, "[bundle]")


def test_a_host_that_does_not_answer_is_named(tmp_path: Path) -> None:
    inventory = tmp_path / "gone.ini"
    text = INVENTORY.read_text().replace(
        "[bundle]\nlocalhost",
        "[bundle]\ngone ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=9",
    )
    inventory.write_text(text)
    run = run_site(inventory=inventory)
    assert run.returncode != 0
    assert_explained(run.failures[-1], "gone (127.0.0.1)", "ssh")


def test_a_mirror_that_does_not_answer_is_refused(deployed: PlaybookResult) -> None:
    before = running()
    run = run_site("-e", "debian_mirror=http://127.0.0.1:9/debian", "-e", "base_refresh=2020-01-01")
    assert run.returncode != 0
    assert_explained(run.output, "127.0.0.1:9")
    assert running() == before


def test_a_secret_with_wrong_rights_is_refused(deployed: PlaybookResult) -> None:
    secret = ETC / "secrets/redis_acl"
    before = running()
    secret.chmod(0o644)
    try:
        run = run_site()
    finally:
        secret.chmod(0o400)
    assert run.returncode != 0
    assert_explained(run.output, "redis_acl", "0644", "chmod")
    assert running() == before
    assert stat.S_IMODE(secret.stat().st_mode) == 0o400


def test_a_half_written_release_is_written_again(deployed: PlaybookResult) -> None:
    whole = {name: (ROOT / "current" / name).read_text() for name in (".env", "compose.yaml")}
    before = running()
    for name, text in whole.items():
        (ROOT / "current" / name).write_text(text[: len(text) // 2])
    release()
    assert {name: (ROOT / "current" / name).read_text() for name in whole} == whole
    assert running() == before


def test_a_full_disk_is_refused() -> None:
    root = Path("/opt") / UNUSED
    root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(root)], check=True)
    try:
        run = run_site(*FRESH_PORTS)
        assert not containers(UNUSED)
    finally:
        subprocess.run(["umount", str(root)], check=True)
    assert run.returncode != 0
    assert_explained(run.output, "free")


@pytest.fixture
def broken_image(deployed: PlaybookResult) -> Iterator[str]:
    """An image that starts, says something, and ends."""
    ref = f"{UNUSED}/broken:1"
    base = containers()["demo"]["Config"]["Image"]
    name = docker("create", "--entrypoint", "/bin/sh", base).strip()
    try:
        docker(
            "commit", "--change", 'ENTRYPOINT ["/bin/sh", "-c", "echo broken on purpose; exit 3"]',
            "--change", "CMD []", name, ref,
        )  # fmt: skip
        yield ref
    finally:
        docker("rm", name)
        docker("image", "rm", "-f", ref)


def test_a_broken_image_leaves_what_ran_running(broken_image: str) -> None:
    wait_until_healthy()
    run = deploy("-e", f"demo_image={broken_image}")
    assert run.returncode != 0
    assert "broken on purpose" in run.output, run.output
    assert "demo" in run.output
    wait_until_healthy()
    assert requests.get(url("demo", "/"), timeout=10).status_code == 200
