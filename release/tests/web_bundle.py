"""A bundle whose services are switched by the real edge: a site that sells, under load."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from bundle import Bundle, Done, free_port, sh

HERE = Path(__file__).with_name("web")
LASTING = HERE.parents[2] / "roles/stack/templates/health/lasting"


def needed(name: str) -> str:
    """The image that a variable names."""
    ref = os.environ.get(name)
    assert ref, f"{name}: expected an image on this host; found nothing; run scripts/test images"
    return ref


def web_images(tag: str) -> dict[str, dict[str, str]]:
    """Build the site's image under that tag; both images as a release names them."""
    arguments = ["--build-arg", f"PYTHON_IMAGE={needed('PROXY_POOL_IMAGE')}"]
    build = ["docker", "build", "--quiet", "-t", tag, *arguments, str(HERE)]
    sh("env", "DOCKER_BUILDKIT=1", *build)
    refs = {"APP_IMAGE": tag, "EDGE_IMAGE": needed("EDGE_IMAGE")}
    return {
        name: {
            "ref": ref,
            "config_digest": sh("docker", "image", "inspect", "--format", "{{.Id}}", ref),
        }
        for name, ref in refs.items()
    }


class WebBundle(Bundle):
    """That site, with a root, secrets, a project and a port of its own."""

    compose_file = HERE / "compose.yaml"

    def __init__(
        self,
        name: str,
        folder: Path,
        python: str,
        pyz: Path,
        images: dict[str, dict[str, str]],
    ) -> None:
        self.name, self.folder, self.python, self.pyz = name, folder, python, pyz
        self.root, self.secrets = folder / "opt", folder / "secrets"
        self.incoming = self.root / "incoming"
        self.config = {
            "edge": {"haproxy.cfg": (HERE / "haproxy.cfg").read_text()},
            "health": {"lasting": LASTING.read_text()},
        }
        self.port = free_port()
        self.release: dict[str, Any] = {
            "name": name,
            "images": images,
            "environment": {"EDGE_PORT": str(self.port)},
            "compose_files": ["compose.yaml"],
            "config": ["health"],
            "edge_config": "edge",
            "secrets_dir": str(self.secrets),
            "secrets": [{"file": "edge_judge_certificate", "uid": 10001, "random": 32}],
            "services": {
                "app": {
                    "switch": "beside",
                    "backends": ["app"],
                    "port": 8000,
                    "try": [{"path": "/", "has": "version"}],
                    "drain_s": 60,
                },
                "worker": {"switch": "overlap"},
                "clock": {"switch": "after"},
                "store": {"switch": "announced", "gap_s": 3},
                "edge": {"switch": "announced", "gap_s": 2},
            },
            "smoke": [{"name": "the page", "port_of": "EDGE_PORT", "path": "/", "has": "version"}],
            "watch_s": 1,
        }
        self.ship()

    def change(self, **variables: str) -> None:
        """Give the release other settings, and ship."""
        self.release["environment"].update(variables)
        self.ship()

    def ask(self, path: str = "/") -> str:
        """What the site answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers={"Host": "localhost"})
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def containers(self, service: str) -> list[str]:
        """The IDs of a service's containers that run, by when they were made."""
        labels = [f"label=com.docker.compose.project={self.name}"]
        labels += [f"label=com.docker.compose.service={service}"]
        filters = [word for label in labels for word in ("--filter", label)]
        return sh("docker", "ps", "-q", "--no-trunc", *filters).split()[::-1]

    def all_containers(self) -> set[str]:
        """The IDs of every container that there is, running or not."""
        label = f"label=com.docker.compose.project={self.name}"
        return set(sh("docker", "ps", "-aq", "--no-trunc", "--filter", label).split())

    def versions(self) -> dict[str, list[str]]:
        """The version of each container that runs, by service."""
        found = {}
        for service in ("app", "worker", "clock", "store"):
            found[service] = [
                sh("docker", "exec", each, "printenv", "VERSION")
                for each in self.containers(service)
            ]
        return found

    def orders(self) -> list[str]:
        """The numbers of the orders that the site has taken."""
        container = self.containers("app")[0]
        return sh("docker", "exec", container, "cat", "/data/orders").split()

    def status(self) -> Done:
        return self.engine("status", "--json")

    def standby(self) -> dict[str, float]:
        path = self.root / "state" / "standby.json"
        return dict(json.loads(path.read_text())["containers"]) if path.exists() else {}


class Load:
    """Visitors of a site: pages, orders and downloads, each on a connection of its own."""

    def __init__(self, bundle: WebBundle, readers: int = 4, buyers: int = 2) -> None:
        self.bundle = bundle
        self.kinds = [self._read] * readers + [self._order] * buyers
        self.failures: list[str] = []
        self.answered = 0
        self.ordered: list[str] = []
        self.longest_gap_s = 0.0
        self._end = threading.Event()
        self._lock = threading.Lock()

    def __enter__(self) -> Load:
        self._threads = [
            threading.Thread(target=self._visit, args=[number, kind], daemon=True)
            for number, kind in enumerate(self.kinds)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(60)

    def assert_unharmed(self) -> None:
        """Nobody was refused, and each order that was confirmed was taken once."""
        assert not self.failures, self.failures[:10]
        taken = self.bundle.orders()
        assert sorted(taken) == sorted(set(taken)), "an order was taken twice"
        assert not set(self.ordered) - set(taken), "an order was lost"

    def _visit(self, number: int, kind: Any) -> None:
        last, turn = time.monotonic(), 0
        while not self._end.is_set():
            turn += 1
            try:
                kind(f"{number}-{turn}")
            except (OSError, http.client.HTTPException, AssertionError) as error:
                with self._lock:
                    self.failures.append(f"{time.strftime('%T')} {type(error).__name__}: {error}")
            else:
                now = time.monotonic()
                with self._lock:
                    self.answered += 1
                    self.longest_gap_s = max(self.longest_gap_s, now - last)
                last = now
            # Slow enough to leave the host's cores to what is tested.
            time.sleep(0.1)

    def _read(self, _: str) -> None:
        status, text = self._ask("GET", "/")
        assert (status, "version" in text) == (200, True), (status, text[:100])

    def _order(self, number: str) -> None:
        status, text = self._ask("POST", "/order", number)
        assert status == 201, (status, text[:100])
        with self._lock:
            self.ordered.append(number)

    def _ask(self, method: str, path: str, body: str = "") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.bundle.port, timeout=20)
        try:
            connection.request(method, path, body or None, {"Host": "localhost"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
