"""A gunicorn on loopback that serves `served.py`, and what it takes of the machine."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.concurrency.load import ask
from lab.errors import LabError

REPOSITORY = Path(__file__).resolve().parents[2]
STARTS_WITHIN_S = 30


@dataclass(frozen=True)
class Server:
    """A gunicorn, and the port that it listens on."""

    process: subprocess.Popen[bytes]
    port: int

    def wait_until_it_answers(self) -> None:
        """Raises LabError where it ends instead, or takes too long."""
        end = time.monotonic() + STARTS_WITHIN_S
        while not ask(self.port, "/"):
            code = self.process.poll()
            if code is not None or time.monotonic() > end:
                raise LabError(
                    "gunicorn",
                    expected=f"an answer within {STARTS_WITHIN_S} s",
                    found="none" if code is None else f"exit code {code}",
                    do="read what it says above",
                )
            time.sleep(0.05)

    def times(self) -> tuple[float, float]:
        """Seconds that all threads of its workers have run, and stood in the queue for a core."""
        pid = self.process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        found = [
            [int(nanoseconds) / 1e9 for nanoseconds in path.read_text().split()[:2]]
            for worker in workers
            for path in Path(f"/proc/{worker}/task").glob("*/schedstat")
        ]
        return sum(ran for ran, _ in found), sum(queued for _, queued in found)


@contextlib.contextmanager
def serving(options: tuple[str, ...]) -> Iterator[Server]:
    """A gunicorn on loopback, which is being started."""
    # gunicorn takes over the socket, so that nobody else can have the port in between.
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", *options, "--log-level=error"),
                *(f"--bind=fd://{listener.fileno()}", "lab.concurrency.served:application"),
                "--no-control-socket",
            ],
            cwd=REPOSITORY,
            pass_fds=[listener.fileno()],
        )
        port = listener.getsockname()[1]
    try:
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(10)
