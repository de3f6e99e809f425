"""A small bundle on the real Docker engine, deployed by the built zipapp."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

# Of this run alone: another one may be at work on the same engine.
NAME = os.environ.get("RELEASE_TEST_NAME", "relt")
IMAGE = f"{NAME}-image"
STEPS = ["preflight", "secrets", "config", "resolve", "hook", "edge_config", "stores"]
STEPS += ["migrate", "start", "verify", "smoke", "watch", "record", "settle", "prune"]
COMPOSE_FILE = Path(__file__).with_name("compose.yaml")


def sh(*command: str, check: bool = True) -> str:
    """Run a command; its stdout."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert not check or not done.returncode, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Done:
    """How a command of the engine ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def result(self) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.out.splitlines()[-1])
        return result

    def __repr__(self) -> str:
        return f"exit code {self.code}\n{self.out}\n{self.err}"


class Bundle:
    """One deployment with a root, secrets, a project and ports of its own."""

    compose_file = COMPOSE_FILE

    def __init__(
        self, name: str, folder: Path, python: str, pyz: Path, digests: dict[str, str]
    ) -> None:
        self.name, self.folder = name, folder
        self.python, self.pyz, self.digests = python, pyz, digests
        self.root, self.secrets = folder / "opt", folder / "secrets"
        self.incoming = self.root / "incoming"
        self.config = {"app": {"app.conf": "colour = red\n"}, "edge": {"edge.cfg": "one\n"}}
        self.release: dict[str, Any] = {
            "name": name,
            "images": {f"{which}_IMAGE": self.image("v1") for which in ("EDGE", "STORE", "APP")},
            "environment": {"EDGE_PORT": str(free_port())},
            "profiles": [],
            "compose_files": ["compose.yaml"],
            "config": ["app"],
            "edge_config": "edge",
            "watch_s": 0,
            "secrets_dir": str(self.secrets),
            "secrets": [
                {"file": "store_password", "uid": 10002, "random": 32},
                {
                    "file": "app_store_url",
                    "uid": 10004,
                    "format": "store://app:{store_password}@store",
                },
            ],
            "steps": [{"name": "migrate", "service": "migrate", "needs": ["store"]}],
        }
        self.ship()

    def image(self, tag: str) -> dict[str, str]:
        return {"ref": f"{IMAGE}:{tag}", "config_digest": self.digests[tag]}

    def use(self, tag: str, *which: str) -> None:
        """Give services another image, and ship."""
        for variable in which or ("APP",):
            self.release["images"][f"{variable}_IMAGE"] = self.image(tag)
        self.ship()

    def ship(self) -> None:
        """Write the incoming directory, as the stack role does."""
        self.incoming.mkdir(parents=True, exist_ok=True)
        (self.incoming / "compose.yaml").write_text(self.compose_file.read_text())
        for service, files in self.config.items():
            folder = self.incoming / "config" / service
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (folder / name).write_text(content)
        (self.incoming / "release.json").write_text(json.dumps(self.release, ensure_ascii=False))

    def command(self, *arguments: str) -> list[str]:
        verb, *rest = arguments
        return [self.python, str(self.pyz), verb, "--root", str(self.root), *rest]

    def engine(self, *arguments: str, timeout: float = 180) -> Done:
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, timeout=timeout
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def deploy(self, *arguments: str) -> Done:
        return self.engine("deploy", "--by", "tester", "--json", "--wait-timeout", "25", *arguments)

    def deployed(self) -> str:
        """Deploy and insist on success; the release's ID."""
        done = self.deploy()
        assert done.code == 0, done
        assert done.result["outcome"] in {"deployed", "unchanged"}, done
        return str(done.result["release"])

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """A command of the engine in the background."""
        return subprocess.Popen(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def start_deploy(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """A deploy in the background."""
        asked = ["deploy", "--by", "tester", "--json", "--wait-timeout", "25"]
        return self.start(*asked, *arguments, **options)

    def start_waiting(self, *arguments: str) -> subprocess.Popen[str]:
        """A command in the background that waits for the lock which somebody holds."""
        before = set(self.journals())
        process = self.start(*arguments, "--wait", "2m", "--lock-timeout", "120", "--json")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if any("waiting up to" in each.read_text() for each in set(self.journals()) - before):
                return process
            time.sleep(0.05)
        process.kill()
        raise AssertionError(f"it did not wait: {process.communicate(timeout=60)}")

    def kill_at(self, step: str, number: int = signal.SIGKILL) -> Done:
        """Deploy, and send a signal to the engine as soon as the step's start is in the journal."""
        before = set(self.journals())
        process = self.start_deploy()
        self.wait_for_step(step, before, process)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
        return Done(process.returncode, out, err)

    def wait_for_step(
        self,
        step: str,
        before: set[Path],
        process: subprocess.Popen[str],
        timeout_s: float = 60,
        number: int = 1,
    ) -> None:
        """Until a new journal says that the step has started, for the given time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and process.poll() is None:
            for journal in set(self.journals()) - before:
                text = f'"event": "step_started", "step": "{step}"'
                if journal.read_text().count(text) >= number:
                    return
            time.sleep(0.005)
        process.kill()
        said = "".join(map(str, process.communicate(timeout=60)))
        raise AssertionError(f"{step} did not start in {timeout_s:g} s; the engine said:\n{said}")

    def journals(self) -> list[Path]:
        return sorted((self.root / "journal").glob("*.jsonl"))

    def events(self, kind: str = "") -> list[dict[str, Any]]:
        """The events of the latest run."""
        events = [json.loads(line) for line in self.journals()[-1].read_text().splitlines()]
        return [event for event in events if not kind or event["event"] == kind]

    def history(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.root / "history.jsonl").read_text().splitlines()]

    def current(self) -> str:
        return (self.root / "current").readlink().name

    def config_folder(self, service: str) -> Path:
        """The folder that the current release mounts as a service's configuration."""
        lines = (self.root / "current" / ".env").read_text().splitlines()
        prefix = f"CONFIG_{service.upper()}="
        return Path(next(line for line in lines if line.startswith(prefix))[len(prefix) :])

    def ids(self) -> dict[str, str]:
        """The container ID of each service that runs."""
        lines = sh(
            "docker",
            "ps",
            "--no-trunc",
            "--filter",
            f"label=com.docker.compose.project={self.name}",
            "--format",
            '{{.Label "com.docker.compose.service"}} {{.ID}}',
        ).splitlines()
        return dict(sorted(line.split() for line in lines))

    def env(self, service: str, name: str) -> str:
        return sh("docker", "exec", self.ids()[service], "printenv", name)

    def in_container(self, service: str, *command: str) -> str:
        return sh("docker", "exec", self.ids()[service], *command)

    def end_commands(self) -> None:
        """End what a killed engine left at work: its compose command starts containers still."""
        subprocess.run(["pkill", "-KILL", "-f", self.name], check=False)

    def remove(self) -> None:
        """Remove everything that the tests left on the engine."""
        self.end_commands()
        # It may only be appended to: with the flag, the test's folder could not be removed.
        sh("chattr", "-f", "-a", str(self.root / "audit.jsonl"), check=False)
        label = f"label=com.docker.compose.project={self.name}"
        for kind, listing, removal in (
            ("container", ["ps", "-aq"], ["rm", "-f", "-v"]),
            ("network", ["network", "ls", "-q"], ["network", "rm"]),
            ("volume", ["volume", "ls", "-q"], ["volume", "rm", "-f"]),
        ):
            found = sh("docker", *listing, "--filter", label).split()
            if found:
                sh("docker", *removal, *found, check=kind != "network")


def fill(folder: Path) -> None:
    """Fill a file system to its last byte."""
    done = subprocess.run(
        ["dd", "if=/dev/zero", f"of={folder}/filler", "bs=512"], capture_output=True, check=False
    )
    assert b"No space left" in done.stderr, done
