"""Copies of logs, kept in the repository between backups."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from engine.backups import records
from engine.backups.deployed import Deployed, deployed
from engine.backups.spec import LogsSpec
from engine.backups.streams import CommandError, output_of
from engine.errors import RefusedError, StepFailedError
from engine.tools import Tools, Work


class KeepLogs(Work):
    """Keeps all that was logged so far."""

    outcome = "logs_kept"
    steps = ("repository", "logs")
    deployed: Deployed
    """What `plan` has found."""

    def plan(self, tools: Tools) -> list[str]:
        """Name what is kept."""
        self.deployed = deployed(tools)
        logs_spec(self.deployed)
        return [f"logs are to be kept in {self.deployed.repository.address}"]

    def run(self, tools: Tools) -> str:
        """Keep them."""
        found = self.deployed

        def open_it() -> str:
            found.repository.make()
            return found.repository.address

        tools.run_step("repository", open_it)
        return tools.run_step("logs", lambda: keep_logs(found))


def keep_logs(found: Deployed) -> str:
    """Have the logs completed, and keep them; returns a remark."""
    logs = logs_spec(found)
    until = datetime.now(timezone.utc)
    words = found.project.inside(logs.service, logs.flush)
    answer = output_of(found.tools, words, f"{logs.service}: {' '.join(logs.flush)}")
    try:
        told = json.loads(answer)
        server, still_open = str(told["server_id"]), str(told["open"])
    except (ValueError, KeyError, TypeError) as error:
        raise StepFailedError(
            f"{logs.service}: {' '.join(logs.flush)}",
            'JSON with "server_id" and "open"',
            answer.decode("utf-8", "replace").strip()[:200],
        ) from error
    # What is still written to would be cut somewhere.
    found.repository.save_logs(
        logs.folder, servers(found), f"{logs.folder}/{server}/{still_open}", until
    )
    records.note(found.tools.layout, records.LOGS, server=server, open=still_open)
    return f"all before {still_open} of server {server}"


def rescue_logs(found: Deployed) -> str:
    """Keep what the copies hold, whether their server still runs or not; returns a remark."""
    try:
        return keep_logs(found)
    except (CommandError, RefusedError) as error:
        names = servers(found)
        if not names:
            return f"no copies of logs are left on this host ({error})"
        logs = logs_spec(found)
        found.repository.save_logs(logs.folder, names, "", datetime.now(timezone.utc))
        return f"what was copied before: {error}"


def servers(found: Deployed) -> list[str]:
    """Whose logs lie there: the names of the folders."""
    logs = logs_spec(found)
    command = ["find", logs.folder, "-mindepth", "1", "-maxdepth", "1", "-type", "d"]
    _, words = found.project.beside(found.spec.repository, command)
    paths = output_of(found.tools, words, f"the copies of logs in {logs.folder}").decode()
    return sorted(path.rpartition("/")[2] for path in paths.split())


def logs_spec(found: Deployed) -> LogsSpec:
    """The logs of the release. Raises RefusedError if it keeps none."""
    if found.spec.logs is None:
        raise RefusedError(
            f"release {found.release}", "one that keeps logs", "none", "restore without a time"
        )
    return found.spec.logs
