"""`proxypool run`: the whole pool in one process group, and nothing else needed."""

import asyncio
import logging
import os
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path

from proxypool.commands.processes import on_stop
from proxypool.embedded import EmbeddedServer
from proxypool.listening import Listener, refuse_same_places
from proxypool.own_machine import environment
from proxypool.settings import Settings
from proxypool.supervisor import Role, Supervisor

log = logging.getLogger(__name__)

HELP = "run everything: scheduler, checker, API with dashboard, gateway"
ONE_SHOT = False

_ROLES = ("schedule", "checker", "server", "gateway")
_ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  told apart, not listened on
_GRACE_S = 10.0  # beyond STOP_GRACE, as a container's


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(settings: Settings, _: Namespace) -> int:
    """Run until asked to stop, or until a process cannot be kept running.

    Raises ConfigurationError where it has no store or no sources, or where two processes would
    listen on the same port: then nothing is started.
    """
    chosen = environment(os.environ)
    gateway_host = chosen.get("GATEWAY_HOST", settings.gateway_host)
    refuse_same_places(
        (
            Listener("PORT", chosen.get("HOST", settings.host), settings.port),
            Listener("GATEWAY_PORT", gateway_host, settings.gateway_port),
            Listener("GATEWAY_HEALTH_PORT", gateway_host, settings.gateway_health_port),
        )
    )
    store = None if settings.db_conn else EmbeddedServer(settings.data_dir)
    if store is not None:
        store.join()
    try:
        with tempfile.TemporaryDirectory(prefix="proxypool-") as folder:
            return asyncio.run(_supervise(settings, Path(folder), chosen))
    finally:
        if store is not None:
            store.leave()


async def _supervise(settings: Settings, folder: Path, chosen: Mapping[str, str]) -> int:
    roles = [Role(name, {**chosen, "HEARTBEAT_FILE": str(folder / name)}) for name in _ROLES]
    supervisor = Supervisor(roles, grace_s=settings.stop_grace_s + _GRACE_S)
    on_stop(supervisor.stop)
    log.info("dashboard and API: http://%s:%d/", _shown(settings, chosen), settings.port)
    return await supervisor.run()


def _shown(settings: Settings, chosen: Mapping[str, str]) -> str:
    host = chosen.get("HOST", settings.host)
    return "127.0.0.1" if host in _ANY_ADDRESS else host
