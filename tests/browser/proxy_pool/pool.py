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
    """Addresses, and the truth about what is planted."""

    open_url: str = ""
    """Where everyone is trusted."""
    guarded_url: str = ""
    """Where the account is needed."""
    truth: dict[str, Any] | None = None

    def start(self) -> None:
        """Start the containers and plant the pool's content."""
        self.compose("up", "--detach", "--wait", "open", "guarded", "gateway", "upstream")
        self.open_url, self.guarded_url = (
            f"http://{self.compose('port', name, '5010').strip()}/" for name in ("open", "guarded")
        )
        self.plant()

    def plant(self) -> None:
        """Fill the empty store."""
        self.truth = json.loads(self.compose("run", "--rm", "--no-TTY", "planted"))

    def empty(self) -> None:
        """Take everything out."""
        self.redis("flushall")

    def redis(self, *command: str) -> str:
        """One command, with every right."""
        login = ("--user", "admin", "--pass", "admin", "--no-auth-warning")
        return self.compose("exec", "--no-TTY", "redis", "redis-cli", *login, *command)

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
