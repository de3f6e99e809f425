"""A soak: the whole pool at work for as long as asked, its memory and open files watched.

Scheduler, checker, API and gateway run as processes of their own on the pool's settings from the
environment, with the farm as their source; one client asks the API and the gateway all the while, a
few times a second. Every ten seconds each process's memory and open files are read. No growth
means that the last quarter's median memory, and the fewest files that were open in it, are within
five per cent (and 4 MB or files) of the second quarter's: the first quarter is the filling of
pool and caches. Prints one JSON object.

    soak.py --minutes 60 --url URL [--proxy URL]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import requests

_SAMPLE_S = 10.0
_PAUSE_S = 0.2
_TOLERANCE = 1.05
_TOLERANCE_MB = 4.0
_COMMANDS = ("schedule", "checker", "server", "gateway")


def family(pid: int) -> list[int]:
    """`pid` and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def resident_mb(pid: int) -> float:
    """Resident memory of `pid` in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0) / 1024


def sample(processes: dict[str, "subprocess.Popen[bytes]"]) -> dict[str, tuple[float, int]]:
    """Of each command: memory of all its processes together in MB, and their open files."""
    found = {}
    for name, process in processes.items():
        if process.poll() is not None:
            raise RuntimeError(f"proxypool {name} ended with {process.returncode} during the soak")
        pids = family(process.pid)
        files = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
        found[name] = (sum(map(resident_mb, pids)), files)
    return found


def ask(session: requests.Session, api: str, url: str, proxy: str) -> bool:
    """One request to the API and one through the gateway; whether both were answered."""
    try:
        listed = session.get(f"{api}/get/", timeout=10)
        carried = session.get(url, proxies={"http": proxy}, timeout=30)
    except requests.RequestException:
        return False
    return listed.ok and carried.ok


def judged(samples: list[float], of: Callable[[Sequence[float]], float]) -> dict[str, float | bool]:
    """The second quarter beside the last, each by its median or its minimum."""
    quarter = max(1, len(samples) // 4)
    early = of(samples[quarter : 2 * quarter])
    late = of(samples[-quarter:])
    grown = late > early * _TOLERANCE and late - early > _TOLERANCE_MB
    return {
        "second_quarter": round(early, 1),
        "last_quarter": round(late, 1),
        "largest": round(max(samples), 1),
        "grown": grown,
    }


def main() -> None:
    """Soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--api", default="http://127.0.0.1:5010")
    parser.add_argument("--proxy", default="http://127.0.0.1:5011")
    parser.add_argument("--url", required=True, help="what is asked through the gateway")
    options = parser.parse_args()
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    processes = {
        name: subprocess.Popen([sys.executable, "-m", "proxypool", name]) for name in _COMMANDS
    }
    samples: dict[str, list[tuple[float, int]]] = {name: [] for name in _COMMANDS}
    answered = asked = 0
    try:
        time.sleep(5)
        ends = time.monotonic() + options.minutes * 60
        next_sample = time.monotonic()
        with requests.Session() as session:
            while time.monotonic() < ends:
                asked += 1
                answered += ask(session, options.api, options.url, options.proxy)
                if time.monotonic() >= next_sample:
                    next_sample += _SAMPLE_S
                    for name, found in sample(processes).items():
                        samples[name].append(found)
                time.sleep(_PAUSE_S)
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(timeout=60)
    result = {
        name: {
            "mb": judged([mb for mb, _ in found], statistics.median),
            # A check's connections are files too, now few, now hundreds: what stays shows between.
            "files": judged([float(files) for _, files in found], min),
        }
        for name, found in samples.items()
    }
    print(
        json.dumps(
            {
                "minutes": options.minutes,
                "asked": asked,
                "answered": answered,
                "processes": result,
            }
        )
    )


if __name__ == "__main__":
    main()
