"""The Docker engine, by its SDK: connection, and the containers of one project as plain data."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from http import HTTPStatus
from typing import Any

import certifi

from engine.compose import DEFAULT_SOCKET
from engine.errors import DockerUnavailableError

# Imported, requests asks certifi for its bundle, which would be unpacked from the zipapp to /tmp at
# each start and fail on a full disk. Nothing here speaks TLS: the engine is a socket on this host.
certifi.where = lambda: os.devnull
# Nor SSH: where the host's Python has paramiko, the SDK imports it and all that it needs, which
# takes longer than the SDK itself. A module that is None counts as one that is not there.
sys.modules["docker.transport.sshconn"] = None  # type: ignore[assignment]

import docker  # noqa: E402 (must follow the lines above)
import docker.errors  # noqa: E402 (the same)
import requests.exceptions  # noqa: E402 (the same)

MIN_ENGINE = (20, 10)
TIMEOUT_S = 60
EXIT_KILLED = 137
"""Of a container whose first process was ended by SIGKILL."""

PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
ONE_OFF_LABEL = "com.docker.compose.oneoff"
HASH_LABEL = "com.docker.compose.config-hash"

DOCKER_ERRORS = (docker.errors.DockerException, requests.exceptions.RequestException)
NotFoundError = docker.errors.NotFound
ImageNotFoundError = docker.errors.ImageNotFound

# The SDK carries no type hints.
Client = Any


@dataclass(frozen=True)
class Attachment:
    """A container's place in one network."""

    address: str
    """IPv4; empty unless the container runs."""
    aliases: tuple[str, ...]
    """The names that others of that network find it by."""


@dataclass(frozen=True)
class Container:
    """What is known about one container of the project."""

    id: str
    name: str
    service: str
    one_off: bool
    state: str
    health: str
    exit_code: int
    oom_killed: bool
    error: str
    restarts: int
    started_at: str
    image_id: str
    image_ref: str
    config_hash: str
    health_output: str
    pid: int
    """Of its first process on this host; 0 if it does not run."""
    networks: Mapping[str, Attachment]
    """By the network's name."""
    cpu_shares: int = 0
    """Its share of the processor beside others'; 0 where none was asked for."""

    @property
    def running(self) -> bool:
        """Whether its process runs now, and is not about to be started again."""
        return self.state == "running"

    @property
    def started_s(self) -> float:
        """When its process was started last, in Unix seconds; long ago if it never was."""
        # Nanoseconds and a Z, which Python 3.9 does not read.
        moment = datetime.fromisoformat(self.started_at[:19])
        return moment.replace(tzinfo=timezone.utc).timestamp()

    @property
    def unstarted(self) -> bool:
        """Whether it was made, and never started."""
        return self.state == "created"

    @property
    def well(self) -> bool:
        """Whether it runs and is healthy, as far as it says."""
        return self.running and self.health in {"healthy", "none"}

    @property
    def condition(self) -> str:
        """State and health in a word or two."""
        if self.running:
            return self.health if self.health != "none" else "running"
        oom = ", out of memory" if self.oom_killed else ""
        return f"{self.state} (exit code {self.exit_code}{oom})"


def connect() -> Client:
    """A client of this host's engine.

    Raises DockerUnavailableError if it does not answer or is older than 20.10.
    """
    address = os.environ.get("DOCKER_HOST", DEFAULT_SOCKET)
    do = "start it (systemctl start docker) or run the provision playbook"
    expected = f"an engine {'.'.join(map(str, MIN_ENGINE))} or newer"
    try:
        client = docker.DockerClient(base_url=address, version="auto", timeout=TIMEOUT_S)
        version = client.version()["Version"]
    except (*DOCKER_ERRORS, OSError) as error:
        raise DockerUnavailableError(
            f"Docker at {address}", expected, _first_line(error), do
        ) from error
    if _numbers(version) < MIN_ENGINE:
        raise DockerUnavailableError(f"Docker at {address}", expected, version, do)
    return client


def project_containers(client: Client, project: str, service: str | None = None) -> list[Container]:
    """Every container of a compose project, or of one of its services, running or not.

    They come by service and name. The engine is asked about each: who needs one service names it.
    """
    labels = [f"{PROJECT_LABEL}={project}"]
    labels += [f"{SERVICE_LABEL}={service}"] if service is not None else []
    return _listed(client, {"label": labels})


def containers_that_mount(client: Client, volumes: Iterable[str]) -> list[Container]:
    """Every container of this host that has one of the volumes of those names, running or not."""
    names = sorted(volumes)
    # A filter without a name is none: everybody's containers would pass it.
    return _listed(client, {"volume": names}) if names else []


def look_again(client: Client, containers: Iterable[Container]) -> list[Container]:
    """The same containers as they are now, without those that are gone."""
    found = []
    for each in containers:
        try:
            found.append(_container(client.containers.get(each.id).attrs))
        except NotFoundError:
            continue
    return found


def rename_in_network(
    client: Client, network: str, container: Container, aliases: Iterable[str]
) -> None:
    """Connect a container to a network anew, to be found there by those names.

    Its connections there end: it must be one that nobody asks yet.
    """
    place = client.networks.get(network)
    if network in container.networks:
        place.disconnect(container.id)
    place.connect(container.id, aliases=list(aliases))


def last_log_lines(
    client: Client, container_id: str, count: int, since: float | None = None
) -> list[str]:
    """The last lines that a container wrote, both streams (since a Unix time, in seconds)."""
    options: dict[str, Any] = {"tail": count, "stdout": True, "stderr": True}
    if since is not None:
        options["since"] = since
    raw = client.containers.get(container_id).logs(**options)
    lines = raw.decode("utf-8", "replace").splitlines()
    return [line.rstrip() for line in lines if line.strip()]


def log_text(client: Client, container_id: str, since: float) -> str:
    """All that a container wrote since a Unix time, in seconds; both streams."""
    raw = client.containers.get(container_id).logs(stdout=True, stderr=True, since=since)
    return bytes(raw).decode("utf-8", "replace")


def update_container(client: Client, container: Container, **settings: Any) -> None:
    """Give a container other settings, such as its share of the processor.

    One that is gone, or whose process ends at this very moment, has no more use for them: the
    engine's error about that is none.
    """
    try:
        client.containers.get(container.id).update(**settings)
    except NotFoundError:
        return
    except docker.errors.APIError:
        found = look_again(client, [container])
        if any(each.running and each.started_at == container.started_at for each in found):
            raise


def remove_container(client: Client, container: Container, grace_s: int | None = None) -> None:
    """Stop a container within `grace_s` seconds (its own grace period if None) and remove it.

    One that is gone is no error. One that is just ending, or that somebody else is removing, is
    asked again.
    """
    if container.restarts:
        # Else it might be started once more at the moment it is stopped.
        update_container(client, container, restart_policy={"Name": "no"})
    deadline = time.monotonic() + (grace_s or 0) + TIMEOUT_S
    while True:
        try:
            found = client.containers.get(container.id)
            found.stop(timeout=grace_s)
            found.remove(force=True)
        except NotFoundError:
            # It was to be removed when it ended, and was.
            return
        except docker.errors.APIError as error:
            # 409: somebody else, such as `compose run --rm`, is removing it at this moment. 500: it
            # ended while it was to be killed.
            again = {HTTPStatus.CONFLICT, HTTPStatus.INTERNAL_SERVER_ERROR}
            if error.status_code not in again or time.monotonic() >= deadline:
                raise
            time.sleep(0.2)


def remove_until_free(remove: Callable[[], None]) -> None:
    """Call what removes containers and then what they used, again while something is still in use.

    A client that was killed may have asked for a container that the engine goes on to make.
    """
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            remove()
        except docker.errors.APIError as error:
            # Volumes in use are a conflict, networks in use are forbidden.
            in_use = error.status_code in {HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN}
            if not in_use or time.monotonic() >= deadline:
                raise
            time.sleep(0.2)
        else:
            return


def last_exit_codes(client: Client, container_id: str, since_s: float) -> list[int]:
    """The exit codes of a container's last ends in the last `since_s` seconds, oldest first.

    One that is restarted again and again says 0 while it runs; the engine's events say the truth.
    """
    events = _events(client, container_id, ["die"], time.time(), since_s)
    return [int(event["Actor"]["Attributes"]["exitCode"]) for event in events]


def last_kill(client: Client, container_id: str, now_s: float) -> tuple[float, bool] | None:
    """When a container was last ended by SIGKILL that nobody asked Docker for (Unix seconds), and
    whether Docker heard of a want of memory before; None where it remembers no such end.

    It keeps its last 256 events of all containers: with many health checks, those of minutes.
    """
    found, asked, oom = None, False, False
    for event in _events(client, container_id, ["start", "oom", "kill", "die"], now_s, now_s):
        action, said = event["Action"], event["Actor"]["Attributes"]
        if action == "start":
            asked = oom = False
        elif action == "oom":
            oom = True
        elif action == "kill":
            asked = asked or said.get("signal") == "9"
        elif said.get("exitCode") == str(EXIT_KILLED) and not asked:
            found = event["timeNano"] / 1e9, oom
    return found


def _listed(client: Client, filters: Mapping[str, list[str]]) -> list[Container]:
    # One that goes while they are asked about is not there any more, and no error.
    found = client.containers.list(all=True, filters=filters, ignore_removed=True)
    return sorted((_container(each.attrs) for each in found), key=lambda c: (c.service, c.name))


def _events(
    client: Client, container_id: str, kinds: list[str], now_s: float, since_s: float
) -> list[dict[str, Any]]:
    found = client.api.events(
        since=int(now_s - since_s),
        until=int(now_s) + 1,
        decode=True,
        filters={"container": [container_id], "event": kinds},
    )
    return list(found)


def _container(attrs: dict[str, Any]) -> Container:
    state = attrs["State"]
    labels = attrs["Config"].get("Labels") or {}
    health = state.get("Health") or {}
    log = health.get("Log") or []
    return Container(
        id=attrs["Id"],
        name=attrs["Name"].lstrip("/"),
        service=labels.get(SERVICE_LABEL, ""),
        one_off=labels.get(ONE_OFF_LABEL, "False").lower() == "true",
        state=state.get("Status", "unknown"),
        health=health.get("Status", "none"),
        exit_code=state.get("ExitCode", 0),
        oom_killed=bool(state.get("OOMKilled")),
        error=state.get("Error", ""),
        restarts=attrs.get("RestartCount", 0),
        started_at=state.get("StartedAt", ""),
        image_id=attrs.get("Image", ""),
        image_ref=attrs["Config"].get("Image", ""),
        config_hash=labels.get(HASH_LABEL, ""),
        health_output=(log[-1].get("Output", "").strip() if log else ""),
        pid=state.get("Pid", 0),
        networks={
            name: Attachment(place.get("IPAddress") or "", tuple(place.get("Aliases") or ()))
            for name, place in (attrs["NetworkSettings"].get("Networks") or {}).items()
        },
        cpu_shares=(attrs.get("HostConfig") or {}).get("CpuShares") or 0,
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(
        int(part) for part in version.split("-")[0].split("+")[0].split(".")[:2] if part.isdigit()
    )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
