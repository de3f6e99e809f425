"""All checks, one after the other: one that cannot look keeps no other from looking."""

from __future__ import annotations

import time

from engine.docker_api import DOCKER_ERRORS, connect, project_containers
from engine.doctor.backup_age import backup_age
from engine.doctor.clock import clock
from engine.doctor.disk import disk
from engine.doctor.drift import drift
from engine.doctor.finding import ATTENTION, BROKEN, Finding
from engine.doctor.health import health
from engine.doctor.look import Check, Look
from engine.doctor.memory import memory
from engine.doctor.secret_age import secret_age
from engine.doctor.services import services
from engine.errors import DockerUnavailableError, EngineError
from engine.incoming import on_host
from engine.layout import Layout
from engine.left_out import as_deployed
from engine.reader import read_incoming
from engine.resolve import read_model
from engine.switch import standby

CHECKS: dict[str, Check] = {
    "disk": disk,
    "memory": memory,
    "clock": clock,
    "health": health,
    "secrets": secret_age,
    "drift": drift,
    "backup": backup_age,
    "services": services,
}


def examine(layout: Layout, release: str) -> list[Finding]:
    """Look at everything; the findings, those that matter most first."""
    folder = layout.release(release)
    try:
        client = connect()
        incoming = as_deployed(on_host(read_incoming(folder / "incoming"), layout), layout, release)
        look = Look(
            layout,
            client,
            release,
            incoming,
            read_model(folder),
            standby.without(project_containers(client, incoming.name), layout),
            time.time(),
        )
    except DockerUnavailableError as error:
        return [Finding("docker", BROKEN, str(error), error.do)]
    except EngineError as error:
        # Written by an engine that knew less, or damaged: the next deploy writes them again.
        return [Finding("drift", BROKEN, str(error), "fab deploy")]
    found = [finding for name, check in CHECKS.items() for finding in looked(name, check, look)]
    order = [BROKEN, ATTENTION]
    return sorted(found, key=lambda each: order.index(each.level) if each.level in order else 2)


def looked(name: str, check: Check, look: Look) -> list[Finding]:
    """What a check found; that it could not look is a finding, and never that all is well."""
    found: list[Finding] = []
    try:
        # One by one: what was found before a failure stays.
        for finding in check(look):
            found.append(finding)
    except (*DOCKER_ERRORS, EngineError, OSError, KeyError, ValueError) as error:
        says = f"it could not be looked at: {type(error).__name__}: {error}"
        found.append(Finding(name, ATTENTION, says, "run it again; see: journalctl -u docker"))
    return found
