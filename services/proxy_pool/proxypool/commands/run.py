"""`proxypool run`: the whole pool in one process group, and nothing else needed."""

import asyncio
import os
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from proxypool.commands.processes import on_stop
from proxypool.embedded import EmbeddedServer
from proxypool.settings import Settings
from proxypool.supervisor import Role, Supervisor

HELP = "run everything: scheduler, checker, API with dashboard, gateway"
ONE_SHOT = False

_ROLES = ("schedule", "checker", "server", "gateway")
_LOOPBACK = "127.0.0.1"
_GRACE_S = 10.0  # beyond STOP_GRACE, as a container's


def add_arguments(parser: ArgumentParser) -> None:
    """It has none."""


def run(settings: Settings, _: Namespace) -> int:
    """Run until asked to stop, or until a process cannot be kept running.

    Raises ConfigurationError where the pool has no store: then nothing is started.
    """
    store = None if settings.db_conn else EmbeddedServer(settings.data_dir)
    if store is not None:
        store.join()
    try:
        with tempfile.TemporaryDirectory(prefix="proxypool-") as folder:
            return asyncio.run(_supervise(settings, Path(folder)))
    finally:
        if store is not None:
            store.leave()


async def _supervise(settings: Settings, folder: Path) -> int:
    roles = [Role(name, _environment(settings, folder / name)) for name in _ROLES]
    supervisor = Supervisor(roles, grace_s=settings.stop_grace_s + _GRACE_S)
    on_stop(supervisor.stop)
    return await supervisor.run()


def _environment(settings: Settings, heartbeat: Path) -> dict[str, str]:
    """What a process gets beside our own settings: what is right for one person's machine."""
    chosen = {"HEARTBEAT_FILE": str(heartbeat)}
    for name in ("HOST", "GATEWAY_HOST"):
        # Containers listen on all their addresses; a laptop does not, unless it is told to.
        if not os.environ.get(name):
            chosen[name] = _LOOPBACK
    if not os.environ.get("GATEWAY_URL"):
        chosen["GATEWAY_URL"] = f"http://{_LOOPBACK}:{settings.gateway_port}"
    if settings.sources_dir is not None:
        chosen["SOURCES_DIR"] = str(settings.sources_dir)
    return chosen
