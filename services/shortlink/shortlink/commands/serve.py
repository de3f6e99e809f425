"""`shortlink serve`: the service, in as many processes as WORKERS says."""

import os
import socket
import tempfile

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from shortlink.accounts import Accounts
from shortlink.listening import listening
from shortlink.settings import Settings

HELP = "serve redirects and the API"
ONE_SHOT = False

_APP = "shortlink.commands.worker:build"
_STOP_GRACE_S = 5


def run(settings: Settings) -> int:
    """Serve until asked to stop. Raises ConfigurationError, before any process is started."""
    Accounts.load(settings.accounts_file)
    with listening(settings.host, settings.port) as listener:
        return _serve(settings.workers, listener)


def _serve(workers: int, listener: socket.socket) -> int:
    config = uvicorn.Config(
        _APP,
        factory=True,
        workers=workers,
        http="httptools",
        loop="uvloop",
        ws="none",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=_STOP_GRACE_S,
        # Longer than the edge keeps an idle connection: the edge is the one to close it.
        timeout_keep_alive=75,
    )
    with tempfile.TemporaryDirectory(prefix="shortlink-metrics-") as folder:
        # Read by those that are started now; this process itself counts nothing.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        supervisor = Multiprocess(config, sockets=[listener])
        supervisor.run()
    # A process that cannot start would not the next time either, and ends all.
    failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
    return STARTUP_FAILURE if failed else 0
