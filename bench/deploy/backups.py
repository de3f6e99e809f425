"""How long a backup, its restore and a drill take, by the data that there is."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.local_deployment import containers, docker, engine

MIB = 1024 * 1024
ROW_BYTES = 64 * 1024
ROWS = """
import os
from django.db import connection
with connection.cursor() as cursor:
    columns = "id INT AUTO_INCREMENT PRIMARY KEY, body MEDIUMBLOB"
    cursor.execute(f"CREATE TABLE IF NOT EXISTS bench_rows ({{columns}})")
    for _ in range({rows}):
        cursor.execute("INSERT INTO bench_rows (body) VALUES (%s)", [os.urandom({row_bytes})])
"""


def measure_backups(mib: int) -> dict[str, Any]:
    """Seconds of each, with so many MiB of rows and as many of uploads; none of it compresses."""
    print(f"backups of {2 * mib} MiB", flush=True)
    fill(mib)
    found: dict[str, Any] = {"mib": 2 * mib}
    found["backup_s"] = timed("backup")
    found["backup_again_s"] = timed("backup")
    names = json.loads(engine("backups", "--json"))["backups"]
    latest = max(each["name"] for each in names)
    found["drill_s"] = timed("drill")
    found["restore_s"] = timed("restore", latest)
    return found


def fill(mib: int) -> None:
    """Rows and a file of random bytes."""
    api = containers()["luffy_api"]["Id"]
    code = ROWS.format(rows=mib * MIB // ROW_BYTES, row_bytes=ROW_BYTES)
    docker("exec", api, "luffy", "manage", "shell", "--command", code)
    file = f"head -c {mib * MIB} /dev/urandom > /srv/media/bench"
    docker("exec", api, "sh", "-c", file)


def timed(*arguments: str) -> float:
    """Seconds of a verb of the engine."""
    started = time.monotonic()
    engine(*arguments)
    return round(time.monotonic() - started, 1)
