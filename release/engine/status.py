"""What runs now: the current release and each of its containers."""

from __future__ import annotations

import time
from typing import Any

from engine import hold, maintenance
from engine.docker_api import Client, Container, project_containers
from engine.errors import NoInputError
from engine.health import service_problems
from engine.layout import Layout, read_json
from engine.lock import read_holder
from engine.memory import used_by
from engine.processes import alive
from engine.record import read_history
from engine.resolve import lasting_services, read_model
from engine.switch import standby

MIB = 1024 * 1024
COLUMNS = ("service", "condition", "image", "restarts", "uptime", "memory")


def require_current(layout: Layout) -> str:
    """The ID of the current release. Raises NoInputError before the first one."""
    current = layout.current_id()
    if current is None:
        raise NoInputError(
            f"{layout.current}", "a release that is current", "none", "run the deploy playbook"
        )
    return current


def project_name(layout: Layout, release_id: str) -> str:
    """The compose project of a release."""
    return str(read_model(layout.release(release_id))["name"])


def status(layout: Layout, client: Client) -> dict[str, Any]:
    """The current release, who deployed it when, its containers, and what is wrong with them."""
    current = require_current(layout)
    model = read_model(layout.release(current))
    containers = [c for c in project_containers(client, str(model["name"])) if not c.one_off]
    problems = service_problems(model, standby.without(containers, layout), {})
    deployed = [
        e
        for e in read_history(layout)
        if e.get("release") == current and e.get("outcome") == "deployed"
    ]
    latest = deployed[-1] if deployed else {}
    holder = read_holder(layout.lock)
    return {
        "release": current,
        "project": model["name"],
        "deployed": latest.get("time", ""),
        "by": latest.get("by", ""),
        "healthy": not problems,
        "problems": problems,
        "running_deploy": holder if alive(holder.get("process", "")) else None,
        "hold": hold.holder(layout),
        "maintenance": maintenance.state(layout),
        "services": _rows(client, containers, sorted(lasting_services(model)), standby.ids(layout)),
    }


def table(found: dict[str, Any]) -> list[str]:
    """The status as lines for a terminal."""
    lines = [
        f"release {found['release']} of {found['project']}, {found['deployed']} by {found['by']}",
        "",
    ]
    rows = [[column.upper() for column in COLUMNS]]
    rows += [[_cell(column, row[column]) for column in COLUMNS] for row in found["services"]]
    widths = [max(len(row[index]) for row in rows) for index in range(len(COLUMNS))]
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    ]
    lines.append("")
    if found["running_deploy"]:
        lines.append(f"a run is at work: {found['running_deploy']['run']}")
    if found["hold"]:
        lines.append(f"lock: {hold.describe(found['hold'])}")
    if found["maintenance"]:
        lines.append(f"maintenance: {maintenance.describe(found['maintenance'])}")
    lines += ["healthy"] if found["healthy"] else [f"problem: {line}" for line in found["problems"]]
    return lines


def _rows(
    client: Client, containers: list[Container], services: list[str], aside: set[str]
) -> list[dict[str, Any]]:
    used = used_by(client, containers)
    rows = [
        {
            "service": each.service,
            "container": each.name,
            "condition": "on standby" if each.id in aside else each.condition,
            "state": each.state,
            "health": each.health,
            "image": each.image_ref,
            "restarts": each.restarts,
            "uptime": _uptime_s(each),
            "memory": used[each.id],
        }
        for each in containers
    ]
    missing = set(services) - {each.service for each in containers}
    rows += [
        {
            "service": name,
            "container": "",
            "condition": "missing",
            "state": "missing",
            "health": "none",
            "image": "",
            "restarts": 0,
            "uptime": None,
            "memory": None,
        }
        for name in missing
    ]
    return sorted(rows, key=lambda row: (str(row["service"]), str(row["container"])))


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if column == "memory":
        return f"{value / MIB:.1f} MiB"
    if column == "uptime":
        minutes, seconds = divmod(int(value), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}h{minutes:02}m{seconds:02}s" if hours else f"{minutes}m{seconds:02}s"
    return str(value)


def _uptime_s(container: Container) -> float | None:
    if not container.running:
        return None
    return time.time() - container.started_s


def releases(layout: Layout) -> list[dict[str, Any]]:
    """The releases on this host with when and by whom they were deployed last, the latest first."""
    current = layout.current_id()
    last = {
        entry["release"]: entry
        for entry in read_history(layout)
        if isinstance(entry.get("release"), str)
    }
    found = []
    for folder in layout.releases.glob("[0-9a-f]*"):
        entry = last.get(folder.name, {})
        found.append(
            {
                "release": folder.name,
                "current": folder.name == current,
                "time": entry.get("time", ""),
                "by": entry.get("by", ""),
                "outcome": entry.get("outcome", "never finished"),
                "images": sorted(read_json(folder / "images.lock")),
            }
        )
    return sorted(found, key=lambda each: str(each["time"]), reverse=True)
