"""What services wrote, line by line: as it comes, or all that belongs to one request."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.compose import clean_environment
from engine.errors import StepFailedError

# What compose puts before a line: the container without the project's name, and the time.
LINE = re.compile(r"(\S+)\s+\| (\S+) ?(.*)")
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
"""What the edge takes for one (haproxy.cfg)."""


@dataclass(frozen=True)
class Line:
    """One line of a container's log."""

    text: str
    """As compose shows it."""
    container: str
    time: str
    """RFC 3339 in UTC with nanoseconds, so that the order of the texts is that of the times."""
    content: str
    """What the service wrote."""

    def as_json(self) -> dict[str, str]:
        """As `logs --json` prints it."""
        return {"container": self.container, "time": self.time, "line": self.content}


class ServiceLogs:
    """The logs of a release's services."""

    def __init__(self, folder: Path, project: str, services: Sequence[str] = ()) -> None:
        self.folder, self.project, self.services = folder, project, services

    def read(self, options: Sequence[str]) -> Iterator[Line]:
        """The lines that `docker compose logs` shows with these options, as they come.

        Raises StepFailedError with its exit code where it fails.
        """
        command = ["docker", "compose", "--ansi", "never", "--env-file", os.devnull]
        command += ["-p", self.project, "-f", str(self.folder / "compose.yaml")]
        command += ["logs", "--timestamps", *options, *self.services]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, env=clean_environment({}))
        try:
            for raw in child.stdout or []:
                yield _parsed(raw)
        except BaseException:
            # Whoever reads has left, and what is followed would never end by itself.
            child.terminate()
            raise
        if code := child.wait():
            raise StepFailedError("docker compose logs", "exit code 0", str(code), "see above")

    def of_request(self, request_id: str, options: Sequence[str]) -> list[Line]:
        """All lines of that request, in the order of their times."""
        # A look at the whole text first: of very many lines hardly any has to be parsed.
        return sorted(
            (
                line
                for line in self.read(["--tail", "all", *options])
                if request_id in line.content and _request_id(line.content) == request_id
            ),
            key=lambda line: line.time,
        )


def _request_id(content: str) -> str | None:
    try:
        entry = json.loads(content)
    except ValueError:
        # What keeps a service from starting is a sentence; it belongs to no request.
        return None
    return entry.get("request_id") if isinstance(entry, dict) else None


def _parsed(raw: bytes) -> Line:
    # compose clears the line it writes on even where there is no terminal.
    text = CONTROL.sub("", raw.decode("utf-8", "replace")).rstrip("\n")
    found = LINE.fullmatch(text)
    return Line(text, *(found.groups() if found else ("", "", text)))
