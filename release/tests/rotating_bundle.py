"""The site with secrets, and visitors who are recognised by what it signed."""

from __future__ import annotations

import signal
from typing import Any

from bundle import Done, sh
from web_bundle import HERE, Load, WebBundle

OWNER = {
    "service": "store",
    "command": ["python3", "/app.py", "accept"],
    "known_by": ["store_password"],
}


class RotatingBundle(WebBundle):
    """That site, with secrets of each kind."""

    def ship(self) -> None:
        self.release["compose_files"] = ["compose.yaml", "compose/secrets.yaml"]
        self.release["secrets"] = [
            {
                "file": "edge_judge_certificate",
                "uid": 10001,
                "random": 32,
                "rotate": {"refused": "it is made anew each year"},
            },
            {"file": "store_password", "uid": 10003, "random": 32, "rotate": {"owner": OWNER}},
            {"file": "app_password", "uid": 10004, "same_as": "store_password"},
            {"file": "app_key", "uid": 10004, "random": 64, "rotate": {}},
            {"file": "app_old_key", "uid": 10004, "old_of": "app_key", "for_days": 14},
            {"file": "accounts", "uid": 10004, "random": 18, "prefix": "pool:", "rotate": {}},
            {"file": "handmade", "uid": 0, "random": 32},
        ]
        self.release["services"]["app"]["drain_s"] = 5
        folder = self.incoming / "compose"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "secrets.yaml").write_text((HERE / "secrets.yaml").read_text())
        super().ship()

    def rotate(self, name: str, *arguments: str) -> Done:
        return self.engine("rotate", name, "--by", "tester", "--json", *arguments)

    def rotate_killed_at(self, name: str, step: str, number: int = 1) -> None:
        """Rotate, and kill the engine when that step starts for the given time."""
        before = set(self.journals())
        process = self.start("rotate", name, "--by", "tester", "--json")
        self.wait_for_step(step, before, process, number=number)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)

    def value(self, name: str) -> str:
        return (self.secrets / name).read_text()

    def accepted(self) -> list[str]:
        """What the store lets in."""
        return sh("docker", "exec", self.containers("store")[0], "cat", "/data/accepted").split()

    def told_everywhere(self) -> str:
        """All that the engine has written down for people to read."""
        paths = [*self.journals(), self.root / "history.jsonl", self.root / "audit.jsonl"]
        return "".join(path.read_text() for path in paths)


class KnownVisitors(Load):
    """Visitors who come back with what was signed for them, and others that get a new signature."""

    def __init__(self, bundle: WebBundle) -> None:
        super().__init__(bundle, readers=3, buyers=1)
        self.first = self._ask("GET", "/sign")[1]
        self.latest = self.first
        self.kinds += [self._come_back, self._get_another]

    def __enter__(self) -> KnownVisitors:
        super().__enter__()
        return self

    def _come_back(self, _: str) -> None:
        for signature in (self.first, self.latest):
            status, text = self._ask("GET", f"/signed/{signature}")
            assert status == 200, (status, text[:100])

    def _get_another(self, _: str) -> None:
        status, self.latest = self._ask("GET", "/sign")
        assert status == 200


def assert_hidden(bundle: RotatingBundle, *values: str) -> None:
    """None of these was written down, nor is any in a container's settings."""
    everything: Any = bundle.told_everywhere()
    everything += sh("docker", "inspect", *bundle.all_containers())
    for value in values:
        assert value not in everything
