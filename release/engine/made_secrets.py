"""Secrets that a command of one of the release's images makes, such as a key and its certificate.

The host needs no program for them: the image brings it. The first line of such a file says what it
was made from and when it is made anew; a file without that line is the operator's own and is kept.
"""

from __future__ import annotations

import re
import subprocess
import time
from datetime import datetime, timedelta, timezone

from engine.compose import clean_environment
from engine.errors import StepFailedError
from engine.incoming import SecretSpec
from engine.trees import canonical, sha256

TIMEOUT_S = 60
DATE = "%Y-%m-%dT%H:%M:%SZ"
MARK = re.compile(
    rb"# Made by the release engine from ([0-9a-f]{12}); "
    rb"made anew after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n"
)


def is_due(spec: SecretSpec, content: bytes, given: bytes, now_s: float | None = None) -> bool:
    """Whether a secret has to be made anew: its time is over, or what it is made from changed.

    `given` is the content of the secret that its command reads, and `now_s` Unix seconds.
    """
    mark, ends_s = MARK.match(content), renewal(content)
    if mark is None or ends_s is None:
        return False
    now = time.time() if now_s is None else now_s
    return mark[1].decode() != _inputs(spec, given) or now >= ends_s


def renewal(content: bytes) -> float | None:
    """When such a file is made anew, in Unix seconds; None for one that is the operator's own."""
    mark = MARK.match(content)
    if mark is None:
        return None
    return datetime.strptime(mark[2].decode(), DATE).replace(tzinfo=timezone.utc).timestamp()


def marked(spec: SecretSpec, printed: bytes, given: bytes, now_s: float | None = None) -> bytes:
    """The content of the file: the line that `is_due` reads, then what the command printed."""
    now = datetime.fromtimestamp(time.time() if now_s is None else now_s, timezone.utc)
    days = spec.made_by.renew_after_days if spec.made_by else 0
    moment = (now + timedelta(days=days)).strftime(DATE)
    line = f"# Made by the release engine from {_inputs(spec, given)}; made anew after {moment}\n"
    return line.encode() + printed


def make(spec: SecretSpec, image: str, given: bytes) -> bytes:
    """Run the command of a secret in a container of `image`; what it prints.

    The container has no network, no rights and no disk, and what it prints is kept nowhere else:
    `given` goes in through its standard input, and no log driver sees the output. Raises
    StepFailedError with the command's own words, never with its output.
    """
    command = list(spec.made_by.command) if spec.made_by else []
    what = f"secret {spec.file}: {' '.join(command[:2])}"
    try:
        done = subprocess.run(
            [*_container(), image, *command],
            input=given,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=clean_environment({}),
            # Its own group: a Ctrl-C in the terminal is the engine's to decide on.
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailedError(what, f"an end within {TIMEOUT_S} s", "still at work") from error
    if done.returncode or not done.stdout.strip():
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        found = f"exit code {done.returncode}" + ("" if done.stdout.strip() else ", no output")
        raise StepFailedError(
            what, "a secret on its standard output", found, "see its words in the journal", words
        )
    return done.stdout


def _container() -> list[str]:
    command = ["docker", "run", "--rm", "--interactive", "--pull", "never", "--network", "none"]
    command += ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    return [*command, "--memory", "128m", "--pids-limit", "50", "--log-driver", "none"]


def _inputs(spec: SecretSpec, given: bytes) -> str:
    command = list(spec.made_by.command) if spec.made_by else []
    return sha256(canonical([command, sha256(given)]))[:12]
