"""Every container has every control of the design, without exception."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from conftest import resolved

Service = dict[str, Any]

SERVICES = {
    "edge", "redis", "mariadb", "luffy_api", "luffy_worker", "luffy_beat", "luffy_migrate",
    "luffy_check_migrations", "luffy_sample_data", "luffy_pictures", "luffycity", "proxy_pool_api",
    "proxy_pool_gateway", "proxy_pool_scheduler", "proxy_pool_checker", "demo", "backup",
    "backup_repository", "shortlink", "shortlink_migrate",
}  # fmt: skip
ONE_SHOTS = {
    "luffy_migrate", "luffy_check_migrations", "luffy_sample_data", "luffy_pictures",
    "backup_repository", "shortlink_migrate",
}  # fmt: skip
UIDS = {
    "edge": 10001, "redis": 10002, "mariadb": 10003, "luffycity": 10005, "demo": 10008,
    "luffy_api": 10004, "luffy_worker": 10004, "luffy_beat": 10004, "luffy_migrate": 10004,
    "luffy_check_migrations": 10004, "luffy_sample_data": 10004, "luffy_pictures": 10004,
    "proxy_pool_api": 10006,
    "proxy_pool_gateway": 10006, "proxy_pool_scheduler": 10006, "proxy_pool_checker": 10006,
    "backup": 10009, "backup_repository": 10009,
    "shortlink": 10007, "shortlink_migrate": 10007,
}  # fmt: skip
NETWORKS_WITH_A_WAY_OUT = {
    "edge_public": {"edge"},
    "pool_out": {"proxy_pool_gateway", "proxy_pool_scheduler", "proxy_pool_checker"},
}


def tmpfs_is_owned(service: Service) -> bool:
    uid = service["user"].split(":")[0]
    return all(f"uid={uid}" in mount for mount in service.get("tmpfs", []))


CONTROLS: dict[str, Callable[[Service], bool]] = {
    "read-only root": lambda s: s.get("read_only") is True,
    "tmpfs owned by the service": tmpfs_is_owned,
    "all capabilities dropped": lambda s: s.get("cap_drop") == ["ALL"],
    "no capability added back": lambda s: not s.get("cap_add"),
    "no new privileges": lambda s: "no-new-privileges:true" in s.get("security_opt", []),
    "not privileged": lambda s: not s.get("privileged"),
    "memory limit": lambda s: int(s.get("mem_limit", 0)) > 0,
    "pids limit": lambda s: int(s.get("pids_limit", 0)) > 0,
    "a share of the processor": lambda s: s.get("cpu_shares") in (256, 1024),
    "init": lambda s: s.get("init") is True,
    "log rotation": lambda s: (
        s["logging"]["driver"] == "json-file"
        and {"max-size", "max-file"} <= set(s["logging"]["options"])
    ),
    "no fixed container name": lambda s: "container_name" not in s,
    "no host namespaces": lambda s: not {"network_mode", "pid", "ipc", "userns_mode"} & set(s),
    "no engine socket": lambda s: not any(
        "docker.sock" in volume["source"] for volume in s.get("volumes", [])
    ),
    # Whether something is needed and how long it lasts is no secret, unlike what it is.
    "no secret in the environment": lambda s: not any(
        word in name
        and not name.endswith(("_FILE", "_TOKEN_LIFETIME"))
        and value not in ("yes", "no")
        for name, value in s.get("environment", {}).items()
        for word in ("PASSWORD", "SECRET", "TOKEN", "CREDENTIAL")
    ),
    "an image by tag, never built here": lambda s: "build" not in s and bool(s.get("image")),
}  # fmt: skip


LONGEST_LOOK_S = 5  # of roles/stack/templates/health/lasting


def test_the_services_are_the_ones_that_are_counted(model: dict[str, Any]) -> None:
    assert set(model["services"]) == SERVICES


@pytest.mark.parametrize("service", sorted(SERVICES))
@pytest.mark.parametrize("control", sorted(CONTROLS))
def test_every_container_has_it(model: dict[str, Any], service: str, control: str) -> None:
    assert CONTROLS[control](model["services"][service]), model["services"][service]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_it_runs_as_its_own_user(model: dict[str, Any], service: str) -> None:
    assert model["services"][service]["user"] == f"{UIDS[service]}:{UIDS[service]}"


@pytest.mark.parametrize("service", sorted(SERVICES - ONE_SHOTS))
def test_a_lasting_service_is_checked_and_comes_back(model: dict[str, Any], service: str) -> None:
    check = model["services"][service]["healthcheck"]
    assert check["test"][:3] == ["CMD", "bash", "/usr/local/lib/health/lasting"]
    assert check["test"][4:]
    assert (check["interval"], check["timeout"], check["retries"]) == ("1s", "2m10s", 4)
    # Ended by Docker, it could not say what it had found.
    assert int(check["test"][3]) + LONGEST_LOOK_S < 130
    assert "start_period" not in check
    assert model["services"][service]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", sorted(ONE_SHOTS))
def test_a_step_never_runs_by_a_plain_up(model: dict[str, Any], service: str) -> None:
    assert model["services"][service]["profiles"] == ["steps"]
    assert model["services"][service]["restart"] == "no"


def test_only_the_edge_publishes_ports(model: dict[str, Any]) -> None:
    publishers = {name for name, service in model["services"].items() if service.get("ports")}
    assert publishers == {"edge"}


def test_production_publishes_nothing_of_the_demo_world() -> None:
    production = resolved("compose.yaml")
    assert "demo" not in production["services"]
    assert {port["target"] for port in production["services"]["edge"]["ports"]} == {
        8080, 8000, 8001, 8002, 8444, 5010, 5011,
    }  # fmt: skip


def test_networks_are_internal_but_for_the_ways_out(model: dict[str, Any]) -> None:
    for name, network in model["networks"].items():
        members = {s for s, service in model["services"].items() if name in service["networks"]}
        if name in NETWORKS_WITH_A_WAY_OUT:
            assert members == NETWORKS_WITH_A_WAY_OUT[name], name
        else:
            assert network.get("internal") is True, name


def test_the_site_has_a_way_out_where_it_needs_one_and_none_in_the_demo_world(
    model: dict[str, Any],
) -> None:
    def members(found: dict[str, Any]) -> set[str]:
        services = found["services"].items()
        return {name for name, service in services if "luffy_out" in service["networks"]}

    outside = resolved("compose.yaml", "compose/luffy/sms.yaml", "compose/luffy/payment.yaml")
    assert members(outside) == {"luffy_api", "luffy_worker"}
    assert not outside["networks"]["luffy_out"].get("internal")
    assert members(resolved("compose.yaml", "compose/luffy/sms.yaml")) == {"luffy_api"}
    assert members(resolved("compose.yaml")) == set()
    assert members(model) == {"luffy_api", "luffy_worker", "demo"}
    assert model["networks"]["luffy_out"]["internal"] is True


def test_backups_have_a_way_out_where_they_are_kept_elsewhere(model: dict[str, Any]) -> None:
    for kind in ("sftp", "s3"):
        elsewhere = resolved("compose.yaml", f"compose/backup/{kind}.yaml", profiles=("steps",))
        assert not elsewhere["networks"]["backup_out"].get("internal")
        out = [n for n, s in elsewhere["services"].items() if "backup_out" in s["networks"]]
        assert out == ["backup_repository"]
    assert model["networks"]["backup_out"]["internal"] is True


def test_what_reads_the_repository_sees_no_data_but_copies_of_logs(model: dict[str, Any]) -> None:
    mounts = {v["target"]: v for v in model["services"]["backup_repository"]["volumes"]}
    assert set(mounts) == {"/binlogs", "/repository"}
    assert mounts["/binlogs"]["read_only"] is True
    streams = {v["target"]: v for v in model["services"]["backup"]["volumes"]}
    assert set(streams) == {"/binlogs", "/usr/local/lib/health"}
    assert streams["/usr/local/lib/health"]["read_only"] is True


def test_the_gateway_meets_the_demo_world_in_the_demo_world_alone(model: dict[str, Any]) -> None:
    gateway = resolved("compose.yaml")["services"]["proxy_pool_gateway"]
    assert set(gateway["networks"]) == {"edge_pool", "pool_data", "pool_out"}
    in_the_demo_world = model["services"]["proxy_pool_gateway"]["networks"]
    assert set(in_the_demo_world) - set(gateway["networks"]) == {"pool_judge"}


def test_the_data_stores_meet_only_their_own_services(model: dict[str, Any]) -> None:
    at_mariadb = {
        name
        for name, service in model["services"].items()
        if set(service["networks"]) & set(model["services"]["mariadb"]["networks"])
    }
    assert at_mariadb == {
        "mariadb", "redis", "luffy_api", "luffy_worker", "luffy_beat", "luffy_migrate",
        "luffy_check_migrations", "luffy_sample_data", "luffy_pictures", "backup",
        "shortlink", "shortlink_migrate",
    }  # fmt: skip


def test_uploads_are_written_by_the_api_and_read_by_the_front_end(model: dict[str, Any]) -> None:
    mounts = {
        name: volume.get("read_only", False)
        for name, service in model["services"].items()
        for volume in service.get("volumes", [])
        if volume["source"].endswith("luffy_media")
    }
    writers = {"luffy_api": False, "luffy_sample_data": False, "luffy_pictures": False}
    assert mounts == {**writers, "luffycity": True}


def test_single_files_are_never_mounted(model: dict[str, Any]) -> None:
    for name, service in model["services"].items():
        for volume in service.get("volumes", []):
            if volume["type"] == "bind":
                written = volume["target"] == "/repository"
                assert volume.get("read_only", False) is not written, (name, volume)
                # A folder that the release engine gives, and nothing below it.
                assert re.fullmatch(r"/stands-for/\w+", volume["source"]), (name, volume)


def test_a_secret_is_read_by_one_uid_alone(model: dict[str, Any]) -> None:
    readers: dict[str, set[str]] = {}
    for service in model["services"].values():
        for secret in service.get("secrets", []):
            readers.setdefault(secret["source"], set()).add(service["user"])
    assert readers
    assert {name: users for name, users in readers.items() if len(users) > 1} == {}
