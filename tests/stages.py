"""All test stages in their order, with the time that each may take; `scripts/test` runs this.

A stage is one command. What it prints is shown as it comes; its test runner's closing line is
counted, and a stage without one counts as one test. The last line is the sum.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TOOLS = Path(sys.executable).parent
INVENTORY = "tests/inventories/local.ini"


def pytest_on(*paths: str) -> list[str]:
    """The command that runs pytest on ``paths``."""
    return [sys.executable, "-m", "pytest", "-q", "--durations=5", *paths]


def playbook(*arguments: str) -> list[str]:
    """The command that runs a playbook against this machine's test inventory."""
    return [str(TOOLS / "ansible-playbook"), "-i", INVENTORY, *arguments]


@dataclass(frozen=True)
class Stage:
    """A command, and how many seconds it may take on two cores of a fresh machine."""

    name: str
    budget_s: int
    command: list[str]
    with_images: bool = False


# The budgets add up to less than 40 minutes. A stage that outgrows its budget is made faster, or
# moves its long part to bench/; the budget stays.
STAGES = [
    Stage("engine", 150, playbook("playbooks/provision.yml")),
    Stage("images", 420, ["tests/build_images"]),
    Stage("static", 150, pytest_on("tests/static")),
    Stage("redis", 60, ["services/redis/test"], with_images=True),
    Stage("mariadb", 90, ["services/mariadb/test"], with_images=True),
    Stage("edge", 90, ["services/edge/test"], with_images=True),
    Stage("luffy_api", 180, ["services/luffy_api/test"], with_images=True),
    Stage("luffycity", 120, ["services/luffycity/test"], with_images=True),
    Stage("demo", 60, ["services/demo/test"], with_images=True),
    Stage("proxy_pool", 120, ["services/proxy_pool/test"], with_images=True),
    Stage("release", 180, ["release/test"], with_images=True),
    Stage("stack", 360, pytest_on("tests/stack", "tests/faults"), with_images=True),
    Stage("roles", 420, pytest_on("tests/roles"), with_images=True),
]


@dataclass
class Outcome:
    """What a stage came to."""

    stage: Stage
    status: int
    took_s: float
    passed: int = 0
    failed: int = 0


@dataclass
class Count:
    """Reads a test runner's closing lines out of what a stage prints."""

    passed: int = 0
    failed: int = 0

    def read(self, line: str) -> None:
        """Add what ``line`` says if it is a closing line of pytest or vitest."""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
        is_pytest = re.search(r"\bin \d+(\.\d+)?s\b", plain) and re.search(
            r"\d+ (passed|failed|errors?)\b", plain
        )
        is_vitest = re.match(r"\s*Tests\s+\d+ (passed|failed)", plain)
        if not (is_pytest or is_vitest):
            return
        self.passed += sum(int(n) for n in re.findall(r"(\d+) passed", plain))
        self.failed += sum(int(n) for n in re.findall(r"(\d+) (?:failed|errors?)\b", plain))


def image_environment() -> dict[str, str]:
    """The built images, by the variables that the services' own tests take."""
    environment = {}
    for line in (REPOSITORY / ".cache/images.env").read_text().splitlines():
        name, _, ref = line.partition("=")
        environment[name] = ref
    return environment


def run(stage: Stage) -> Outcome:
    """Run one stage, show what it prints as it comes, and count its tests."""
    environment = dict(os.environ) | {"PATH": f"{TOOLS}:{os.environ['PATH']}"}
    environment["PYTHONUNBUFFERED"] = "1"
    if authorities := environment.get("SSL_CERT_FILE"):
        environment.setdefault("CA_BUNDLE", authorities)
    if stage.with_images:
        environment |= image_environment()
    count = Count()
    started = time.monotonic()
    with subprocess.Popen(
        stage.command,
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            count.read(line)
    outcome = Outcome(stage, process.returncode, time.monotonic() - started)
    outcome.passed, outcome.failed = count.passed, count.failed
    if process.returncode and not outcome.failed:
        outcome.failed = 1
    if not process.returncode and not outcome.passed:
        outcome.passed = 1
    return outcome


def chosen(names: list[str]) -> list[Stage]:
    """The stages named, or all; exits with 64 and the list of stages on a name that is none."""
    known = {stage.name: stage for stage in STAGES}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"stages: expected some of {', '.join(known)}; found {', '.join(unknown)}")
        raise SystemExit(64)
    return [stage for stage in STAGES if not names or stage.name in names]


def main(names: list[str]) -> int:
    """Run the stages, print the table of their times, and close with the sum of their tests."""
    outcomes = []
    for stage in chosen(names):
        print(f"\n==> {stage.name} (at most {stage.budget_s} s)", flush=True)
        outcome = run(stage)
        outcomes.append(outcome)
        print(f"<== {stage.name}: {outcome.took_s:.0f} s, exit {outcome.status}", flush=True)
        if outcome.status and stage.name in ("engine", "images"):
            print("The stages after this one need what it makes: they are not run.")
            break

    print("\nstage        seconds  budget  passed  failed")
    for outcome in outcomes:
        late = "  over its budget" if outcome.took_s > outcome.stage.budget_s else ""
        print(
            f"{outcome.stage.name:<12} {outcome.took_s:7.0f} {outcome.stage.budget_s:7d} "
            f"{outcome.passed:7d} {outcome.failed:7d}{late}"
        )
    print(
        f"all          {sum(o.took_s for o in outcomes):7.0f} {sum(s.budget_s for s in STAGES):7d}"
    )
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
