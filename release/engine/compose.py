"""The `docker compose` command line: run with a clean environment, its output in the journal."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.errors import DockerUnavailableError, StepFailedError
from engine.interrupts import Interrupts, kill_group
from engine.journal import Journal
from engine.lock import Lock
from engine.processes import identity

MIN_COMPOSE = (2, 20)
LAST_LINES = 30
# How much longer than its own timeout `up` may take, for what it does before it waits.
TIMEOUT_MARGIN_S = 30.0
CONFIG_TIMEOUT_S = 60.0
DEFAULT_SOCKET = "unix:///var/run/docker.sock"
KEPT_VARIABLES = (
    "PATH",
    "HOME",
    "DOCKER_HOST",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CONFIG",
)
NOT_SET = re.compile(r'The \\?"(\w+)\\?" variable is not set')
# What compose tells about each container while it works; kept out of the screen's last lines.
PROGRESS = re.compile(r"^ ?(Container|Network|Volume|Image) \S+ +[A-Z]\w+\s*$")


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a compose command: ours, and nothing of the caller's shell."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    # Named so that compose and the Docker SDK talk to the same engine whatever context is selected.
    kept.setdefault("DOCKER_HOST", DEFAULT_SOCKET)
    kept.setdefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    kept.setdefault("HOME", "/root")
    return {**kept, **variables}


def compose_version() -> str:
    """The version of the compose plugin.

    Raises DockerUnavailableError if it is missing or older than 2.20, the first with `include`.
    """
    expected = f"version {'.'.join(map(str, MIN_COMPOSE))} or newer"
    do = "run the provision playbook, which installs docker-compose-plugin"
    try:
        done = subprocess.run(
            ["docker", "compose", "version", "--short"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=clean_environment({}),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DockerUnavailableError("docker compose", expected, str(error), do) from error
    numbers = re.match(r"v?(\d+)\.(\d+)", done.stdout.strip())
    if done.returncode or not numbers:
        found = (done.stderr or done.stdout).strip().splitlines()[:1] or ["no answer"]
        raise DockerUnavailableError("docker compose", expected, found[0], do)
    if tuple(map(int, numbers.groups())) < MIN_COMPOSE:
        raise DockerUnavailableError("docker compose", expected, done.stdout.strip(), do)
    return done.stdout.strip()


def resolve_model(
    project: str,
    folder: Path,
    files: tuple[str, ...],
    profiles: tuple[str, ...],
    variables: Mapping[str, str],
) -> dict[str, Any]:
    """What `docker compose config` makes of the files in `folder`, as plain data.

    Raises StepFailedError with compose's own words, and for a variable that nothing sets.
    """
    command = ["docker", "compose", "--ansi", "never", "--env-file", os.devnull, "-p", project]
    command += [word for name in files for word in ("-f", str(folder / name))]
    command += [word for name in profiles for word in ("--profile", name)]
    done = _config([*command, "config", "--format", "json"], folder, variables)
    missing = sorted(set(NOT_SET.findall(done.stderr)))
    do = "correct the compose files, or the environment in release.json"
    if missing and not done.returncode:
        raise StepFailedError(
            "compose files", "a value for every variable", f"none for {', '.join(missing)}", do
        )
    if done.returncode:
        words = done.stderr.replace(f"{folder}/", "").strip().splitlines()
        raise StepFailedError(
            "compose files",
            "files that docker compose accepts",
            words[-1] if words else f"exit code {done.returncode}",
            do,
            words,
        )
    model = json.loads(done.stdout)
    return model if isinstance(model, dict) else {}


def service_hashes(project: str, folder: Path) -> dict[str, str]:
    """The hash of each service's definition in a resolved release, as its containers carry it.

    Raises StepFailedError with compose's own words.
    """
    command = ["docker", "compose", "--ansi", "never", "--env-file", os.devnull, "-p", project]
    command += ["--project-directory", str(folder), "-f", str(folder / "compose.yaml")]
    done = _config([*command, "config", "--hash", "*"], folder, {})
    if done.returncode:
        words = done.stderr.strip().splitlines()
        found = words[-1] if words else f"exit code {done.returncode}"
        raise StepFailedError(str(folder), "a hash for each service", found, "", words)
    lines = [line.split() for line in done.stdout.splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 2}


def _config(
    command: list[str], folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """What compose says of a folder's files. Raises StepFailedError where it takes too long."""
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=CONFIG_TIMEOUT_S,
            check=False,
            cwd=folder,
            env=clean_environment(variables),
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailedError(
            "docker compose config",
            f"an answer within {CONFIG_TIMEOUT_S:g} s",
            "none",
            "see what takes the processor or the memory: fab doctor, top",
        ) from error


class Compose:
    """Runs compose commands on resolved releases, one at a time, their output in the journal."""

    def __init__(self, project: str, journal: Journal, lock: Lock, interrupts: Interrupts) -> None:
        self.project = project
        self.journal, self.lock, self.interrupts = journal, lock, interrupts

    def up(self, release: Path, services: list[str], wait_timeout_s: int) -> None:
        """Start services (all, and no others, if none is named) and wait until they are healthy.

        Raises StepFailedError with the command's last words.
        """
        arguments = self.up_arguments(services, wait_timeout_s)
        self.run(release, arguments, wait_timeout_s + TIMEOUT_MARGIN_S, "up")

    @staticmethod
    def up_arguments(services: list[str], wait_timeout_s: int) -> list[str]:
        """The arguments of `up`: never builds, never pulls, waits."""
        arguments = ["up", "-d", "--no-build", "--pull", "never"]
        arguments += ["--wait", "--wait-timeout", str(wait_timeout_s)]
        return arguments + (services or ["--remove-orphans"])

    def run(
        self,
        release: Path,
        arguments: list[str],
        timeout_s: float,
        what: str,
        overlay: str | None = None,
    ) -> list[str]:
        """Run one compose command on the release in that folder; returns its lines.

        `overlay` names a second file of the release, laid over its first.
        Raises StepFailedError if it fails or is not done after `timeout_s` seconds, and
        InterruptedRunError if a signal ended it.
        """
        command = ["docker", "compose", "--ansi", "never", "--progress", "plain"]
        command += [
            "--env-file",
            os.devnull,
            "-p",
            self.project,
            "--project-directory",
            str(release),
        ]
        command += ["-f", str(release / "compose.yaml")]
        command += ["-f", str(release / overlay)] if overlay else []
        command += arguments
        self.interrupts.stop_if_asked()
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=release,
            env=clean_environment(self._quiet(arguments)),
            # Its own group, so that a Ctrl-C in the terminal reaches the engine alone, which then
            # decides; the lock's descriptor, so that the lock outlives the engine if this does.
            start_new_session=True,
            pass_fds=(self.lock.descriptor,),
        )
        timed_out = threading.Event()

        def end_it() -> None:
            timed_out.set()
            kill_group(child.pid, signal.SIGKILL)

        timer = threading.Timer(timeout_s, end_it)
        timer.start()
        try:
            self.lock.note_child(identity(child.pid))
            self.interrupts.child_started(child.pid)
            lines = self._read(child, what)
            code = child.wait()
        finally:
            # Where the journal cannot be written it would go on beside the way back.
            if child.poll() is None:
                kill_group(child.pid, signal.SIGKILL)
                child.wait()
            timer.cancel()
            self.interrupts.child_ended()
            self.lock.note_child("")
        self.interrupts.stop_if_asked()
        if timed_out.is_set():
            raise StepFailedError(
                what, f"an end within {timeout_s:g} s", "still at work", "", lines[-LAST_LINES:]
            )
        if code:
            found = f"exit code {code}" + (f": {lines[-1].strip()}" if lines else "")
            raise StepFailedError(what, "exit code 0", found, "", lines[-LAST_LINES:], code)
        return lines

    @staticmethod
    def _quiet(arguments: list[str]) -> dict[str, str]:
        # No advice about orphans where they are not the matter; compose refuses both at once.
        return {} if "--remove-orphans" in arguments else {"COMPOSE_IGNORE_ORPHANS": "1"}

    def _read(self, child: subprocess.Popen[bytes], what: str) -> list[str]:
        lines: list[str] = []
        if child.stdout is not None:
            for raw in child.stdout:
                line = raw.decode("utf-8", "replace").rstrip()
                if line:
                    self.journal.write("output", source=what, line=line)
                    if not PROGRESS.match(line):
                        lines.append(line)
        return lines
