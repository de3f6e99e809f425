"""The same application in gunicorn three ways, under the same load of 16 callers.

/wait waits 50 ms, as for a database; /compute computes in Python. Two processes wait twice at once;
threads wait as often as there are threads, greenlets as often as there are callers. Where something
is computed, two processes may use two cores, and all threads or greenlets of one process use one
between them. On a machine whose cores are busy with other work that may not show: the kernel shares
them out by threads, and a process with many gets more.
"""

from __future__ import annotations

import contextlib
import statistics

from lab.concurrency.experiment import Experiment, Figures, Measured, Prediction, Run, Setting
from lab.concurrency.gunicorn_server import Server, serving
from lab.concurrency.load import Load, put_under_load

CALLERS = 16
MODELS = {
    "2 processes": ("--worker-class=sync", "--workers=2"),
    "1 process, 8 threads": ("--worker-class=gthread", "--workers=1", "--threads=8"),
    "1 process, greenlets": ("--worker-class=gevent", "--workers=1"),
}


def slowest_ms(load: Load) -> float:
    """The 95th percentile of the answers' times."""
    return statistics.quantiles(load.durations_s, n=20)[-1] * 1000


def under_load(server: Server, path: str, window_s: float) -> dict[str, float]:
    """How a server answers, and what it takes and would take of the machine for that."""
    ran, queued = server.times()
    load = put_under_load(server.port, path, CALLERS, window_s)
    ran_then, queued_then = server.times()
    used = (ran_then - ran) / load.took_s
    return {
        f"answers/s of {path}": load.per_s,
        f"ms, p95 of {path}": slowest_ms(load),
        f"cores used for {path}": used,
        f"cores wanted for {path}": used + (queued_then - queued) / load.took_s,
        "not answered": load.failed,
    }


def measure(run: Run) -> Measured:
    """Each server under the same load, in turns."""
    rounds, window_s = (2, 0.3) if run.quick else (run.rounds, 1.0)
    found: Figures = {}
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(serving(how)) for name, how in MODELS.items()}
        for server in servers.values():
            stack.callback(server.process.terminate)  # all at once, before each is waited for
            server.wait_until_it_answers()
        for path in ("/wait", "/compute"):
            for _ in range(rounds):
                for name, server in servers.items():
                    for unit, value in under_load(server, path, window_s).items():
                        found.setdefault(unit, {}).setdefault(name, []).append(value)
    del found["cores used for /wait"], found["cores wanted for /wait"]
    found["not answered"] = found.pop("not answered")  # last
    return Measured(found)


EXPERIMENT = Experiment(
    title="A server as processes, threads and greenlets",
    predictions=(
        Prediction(
            "8 threads answer /wait at least twice as often as 2 processes.",
            *("answers/s of /wait", "1 process, 8 threads", "2 processes"),
            at_least=2,
        ),
        Prediction(
            "Greenlets do as well.",
            *("answers/s of /wait", "1 process, greenlets", "2 processes"),
            at_least=2,
        ),
        Prediction(
            "Greenlets answer /wait at least 1.3 times as often as 8 threads.",
            *("answers/s of /wait", "1 process, greenlets", "1 process, 8 threads"),
            at_least=1.3,
            needs_idle_cores=True,
        ),
        Prediction(
            "2 processes answer /compute at least 1.2 times as often as 8 threads of one.",
            *("answers/s of /compute", "2 processes", "1 process, 8 threads"),
            at_least=1.2,
            needs_idle_cores=True,
        ),
        Prediction(
            "Greenlets answer /compute no more than 1.25 times as often as threads.",
            *("answers/s of /compute", "1 process, greenlets", "1 process, 8 threads"),
            at_most=1.25,
            needs_idle_cores=True,
        ),
        Prediction(
            "8 threads of one process never use more than one core for /compute (1.15 at most).",
            *("cores used for /compute", "1 process, 8 threads"),
            at_most=1.15,
        ),
        Prediction(
            "Greenlets neither.",
            *("cores used for /compute", "1 process, greenlets"),
            at_most=1.15,
        ),
        Prediction(
            "2 processes want at least 1.5.",
            *("cores wanted for /compute", "2 processes"),
            at_least=1.5,
            by_median=True,
        ),
        *(
            Prediction(f"{name}: every request is answered.", "not answered", name, at_most=0)
            for name in MODELS
        ),
    ),
    measure=measure,
    limit_s=180,
    settings=(
        Setting(
            "The API has both: processes for what is computed ({line}) …",
            "group_vars/all.yml",
            "luffy_api_workers:",
        ),
        Setting(
            "… and threads in each for what is waited for ({line}).",
            "group_vars/all.yml",
            "luffy_api_threads:",
        ),
        Setting(
            "Greenlets would wait best, but mysqlclient waits in C, where no greenlet gets its "
            "turn; [measured](luffy_api.md) with the real site, and left to a variable ({line}).",
            "services/luffy_api/luffy/gunicorn_conf.py",
            "worker_class = _environment.gunicorn_worker_class",
        ),
        Setting(
            "The edge waits for all of them in a few threads of one process ({line}).",
            "roles/stack/templates/edge/haproxy.cfg.j2",
            "nbthread {{ edge_threads | int }}",
        ),
    ),
)
