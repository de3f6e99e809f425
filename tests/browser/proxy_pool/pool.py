"""The pool that the browser looks at, in containers, under a name and on ports of its own."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_PROJECT = f"pool-browser-{os.getpid()}"

ACCOUNT, SECRET = (_FOLDER / "accounts/accounts").read_text().strip().split(":")


@dataclass
class Pool:
    """Addresses, as the browser reaches them, and the truth about what is planted."""

    open_url: str = "http://127.0.0.1:5010/"
    """Where everyone is trusted."""
    guarded_url: str = ""
    """Where the account is needed."""
    process: int = 0
    """One in whose network the browser runs."""
    truth: dict[str, Any] | None = None

    def start(self) -> None:
        """Start the containers and plant the pool's content."""
        self.compose("up", "--detach", "--wait", "open", "guarded", "gateway", "upstream")
        self.process = self.inspect("open")["State"]["Pid"]
        [network] = self.inspect("guarded")["NetworkSettings"]["Networks"].values()
        self.guarded_url = f"http://{network['IPAddress']}:5010/"
        self.truth = json.loads(self.compose("run", "--rm", "--no-TTY", "planted"))

    def inspect(self, service: str) -> Any:
        """What the engine knows of a service's container."""
        container = self.compose("ps", "--quiet", service).strip()
        ended = subprocess.run(
            ["docker", "inspect", container], capture_output=True, text=True, check=True
        )
        return json.loads(ended.stdout)[0]

    def stop(self) -> None:
        """Remove everything of it."""
        self.compose("down", "--volumes", "--timeout", "2")

    def compose(self, *arguments: str) -> str:
        """What docker compose prints; its errors are shown where it fails."""
        command = ["docker", "compose", "--project-name", _PROJECT]
        command += ["--file", str(_FOLDER / "compose.yaml"), *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"{' '.join(command)}: {ended.stdout}{ended.stderr}")
        return ended.stdout
