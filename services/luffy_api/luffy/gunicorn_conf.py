"""gunicorn's settings. A bad environment ends it here, before anything is started."""

from typing import Any

from prometheus_client import multiprocess

from luffy import environment
from luffy.logs import logging_config

_environment = environment.load()

bind = "0.0.0.0:8000"
wsgi_app = "luffy.wsgi:application"
workers = _environment.gunicorn_workers
threads = _environment.gunicorn_threads
worker_class = _environment.gunicorn_worker_class
worker_tmp_dir = "/dev/shm"  # noqa: S108 - memory: on a disk the heartbeat may block a worker
# Loaded once and shared: a worker costs only what it changes.
preload_app = True
timeout = 30
graceful_timeout = 20
# Longer than the edge keeps an idle connection, so that the edge is the one that closes it.
keepalive = 75
# Nothing of a request's start may be larger; the edge refuses it earlier.
limit_request_line = 4094
limit_request_fields = 64
control_socket_disable = True
accesslog = None  # luffy.access_log tells more
logconfig_dict = logging_config(_environment.log_level)


def child_exit(server: Any, worker: Any) -> None:
    """What a worker that has ended had counted stays in the sum; its gauges do not."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
