"""How long deploys take: the first, one of nothing, and one of a single changed service."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

from tests.local_deployment import ROOT, run_site

ONE_SERVICE = ("-e", "proxy_pool_gateway_attempts=4")


def measure_deploys() -> list[dict[str, Any]]:
    """Seconds of each: the whole playbook, and the release engine's part of it."""
    kinds = [("first", ()), ("nothing changed", ()), ("one service", ONE_SERVICE), ("back", ())]
    return [timed(name, arguments) for name, arguments in kinds]


def timed(name: str, arguments: tuple[str, ...]) -> dict[str, Any]:
    """Run `site.yml` without the smoke tests."""
    print(f"deploy: {name}", flush=True)
    started = time.monotonic()
    run = run_site("--skip-tags", "verify", *arguments)
    if not run.ok:
        raise SystemExit(run.output)
    whole_s = time.monotonic() - started
    found = {
        "name": name,
        "whole_s": round(whole_s, 1),
        "engine_s": round(engine_s(), 1),
        "changed": run.changed("localhost"),
    }
    print(f"  {found}", flush=True)
    return found


def engine_s() -> float:
    """Seconds of the engine's last deploy, from its journal."""
    for journal in sorted((ROOT / "journal").glob("*.jsonl"), reverse=True):
        events = [json.loads(line) for line in journal.read_text().splitlines()]
        if any(event.get("verb") == "deploy" for event in events):
            times = [datetime.fromisoformat(events[at]["time"]) for at in (0, -1)]
            return (times[1] - times[0]).total_seconds()
    raise SystemExit(f"{ROOT}/journal: expected a deploy; found none")
