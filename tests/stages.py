"""All test stages in their order, with the time that each may take; `scripts/test` runs this.

A stage is one command. Its test runner's closing line is counted, and a stage without one counts
as one test. The last line is the sum.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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


def without(files: list[str]) -> list[str]:
    """pytest's arguments for every test but those of ``files``."""
    return [f"--ignore={file}" for file in files]


# What looks at the one deployment on this machine.
LOCAL = [f"tests/stack/test_local_{name}.py" for name in ("deployment", "lab", "operation")]
# The course site as a browser sees it.
SITE = "tests/browser/luffycity"
# What every other stage needs; they run in this order.
FOUNDATIONS = [
    Stage("engine", 150, playbook("playbooks/provision.yml")),
    Stage("images", 300, ["tests/build_images"]),
]
# These run while the images are built, which in good part is waiting for packages.
WITHOUT_IMAGES = [Stage("static", 150, pytest_on("tests/static"))]
# These have names, ports and data of their own, and run LANES at a time, in this order: the long
# ones first, so that no lane is left with one at the end. A stage that outgrows its budget is made
# faster, or moves its long part to bench/; the budget stays.
INDEPENDENT = [
    Stage("roles", 900, pytest_on("tests/roles"), with_images=True),
    Stage(
        "local",
        900,
        pytest_on(*LOCAL, "tests/faults"),
        with_images=True,
    ),
    Stage(
        "centos",
        480,
        pytest_on("tests/stack", *without(LOCAL)),
        with_images=True,
    ),
    Stage("release", 420, ["release/test"], with_images=True),
    Stage("proxy_pool", 420, ["services/proxy_pool/test"], with_images=True),
    Stage("luffy_api", 420, ["services/luffy_api/test"], with_images=True),
    Stage("browser", 240, pytest_on("tests/browser/proxy_pool"), with_images=True),
    Stage("backup", 300, ["release/test-backups"], with_images=True),
    Stage("mariadb", 120, ["services/mariadb/test"], with_images=True),
    Stage("edge", 120, ["services/edge/test"], with_images=True),
    Stage("luffycity", 120, ["services/luffycity/test"], with_images=True),
    Stage("backup_image", 90, ["services/backup/test"], with_images=True),
    Stage("lab_concurrency", 90, ["lab/test"], with_images=True),
    Stage("redis", 60, ["services/redis/test"], with_images=True),
    Stage("lab", 60, pytest_on("tests/lab"), with_images=True),
    Stage("shortlink", 60, ["services/shortlink/test"], with_images=True),
    Stage("demo", 120, ["services/demo/test"], with_images=True),
]
# A browser and a whole deployment take both cores: what stands beside them would fail by its times.
# And what else stands beside traffic would slow it down.
ALONE = [
    Stage("site", 360, pytest_on(SITE), with_images=True),
    Stage("switch", 480, pytest_on("tests/switch"), with_images=True),
]
STAGES = [*FOUNDATIONS, *WITHOUT_IMAGES, *INDEPENDENT, *ALONE]
LANES = 2
# Names of failed tests, and lines of reasons, that are said again at the end, of each stage.
COMPLAINTS_SHOWN = 25
COMPLAINT_LENGTH = 1000
# Of the whole, on two cores of a fresh machine.
BUDGET_S = 40 * 60


@dataclass
class Outcome:
    """What a stage came to."""

    stage: Stage
    status: int
    took_s: float
    passed: int = 0
    failed: int = 0
    complaints: list[str] = field(default_factory=list)


@dataclass
class Count:
    """Reads a test runner's closing lines, and what it says failed, out of what a stage prints."""

    passed: int = 0
    failed: int = 0
    names: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        """Add what ``line`` says if it is a closing line, a failed test's name, or its reason."""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
        said = plain.rstrip()[:COMPLAINT_LENGTH]
        for kept, start in ((self.names, r"(FAILED|ERROR) |\s*FAIL "), (self.reasons, r"E  +\S")):
            if re.match(start, said) and said not in kept:
                kept.append(said)
        if plain.startswith("E "):  # a run within a test
            return
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


def run(stage: Stage, show: Callable[[str], None]) -> Outcome:
    """Run one stage, give what it prints to ``show`` line by line, and count its tests."""
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
            show(line)
            count.read(line)
    outcome = Outcome(stage, process.returncode, time.monotonic() - started)
    outcome.passed, outcome.failed = count.passed, count.failed
    outcome.complaints = count.names[:COMPLAINTS_SHOWN] + count.reasons[:COMPLAINTS_SHOWN]
    if process.returncode and not outcome.failed:
        outcome.failed = 1
    if not process.returncode and not outcome.passed:
        outcome.passed = 1
    return outcome


def run_shown(stage: Stage) -> Outcome:
    """Run a stage that has the screen for itself."""
    print(f"\n==> {stage.name} (at most {stage.budget_s} s)", flush=True)
    outcome = run(stage, lambda line: print(line, end="", flush=True))
    print(f"<== {stage.name}: {outcome.took_s:.0f} s, exit {outcome.status}", flush=True)
    return outcome


def run_beside_others(stage: Stage) -> Outcome:
    """Run a stage while others run; what it printed is shown as a whole when it has ended."""
    print(f"... {stage.name} has begun (at most {stage.budget_s} s)", flush=True)
    lines: list[str] = []
    outcome = run(stage, lines.append)
    print(
        f"\n==> {stage.name}\n{''.join(lines)}"
        f"<== {stage.name}: {outcome.took_s:.0f} s, exit {outcome.status}\n",
        end="",
        flush=True,
    )
    return outcome


def run_all(stages: list[Stage]) -> list[Outcome]:
    """Run the foundations one after the other, the rest side by side, and last what runs alone."""
    engine, images = FOUNDATIONS
    outcomes: list[Outcome] = []
    for group in ([engine], [images, *WITHOUT_IMAGES]):
        outcomes += run_in_lanes([stage for stage in group if stage in stages])
        if any(outcome.status for outcome in outcomes if outcome.stage in FOUNDATIONS):
            print("The stages after this one need what it makes: they are not run.")
            return outcomes
    outcomes += run_in_lanes([stage for stage in stages if stage in INDEPENDENT])
    return outcomes + [run_shown(stage) for stage in stages if stage in ALONE]


def run_in_lanes(stages: list[Stage]) -> list[Outcome]:
    """Run stages side by side, and a single one with the screen for itself."""
    if len(stages) == 1:
        return [run_shown(stages[0])]
    with ThreadPoolExecutor(LANES) as lanes:
        return list(lanes.map(run_beside_others, stages))


def chosen(names: list[str]) -> list[Stage]:
    """The stages named, or all tests; exits with 64 and the list of stages on an unknown name."""
    known = {stage.name: stage for stage in STAGES}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"stages: expected some of {', '.join(known)}; found {', '.join(unknown)}")
        raise SystemExit(64)
    return [stage for stage in STAGES if stage.name in names] if names else STAGES


def main(names: list[str]) -> int:
    """Run the stages, print the table of their times, and close with the sum of their tests."""
    started = time.monotonic()
    outcomes = run_all(chosen(names))
    # Said once more: what a stage printed may lie far above.
    for outcome in outcomes:
        if outcome.failed:
            print(f"\n{outcome.stage.name} failed:")
            print("\n".join(outcome.complaints))
    print("\nstage        seconds  budget  passed  failed")
    for outcome in outcomes:
        late = "  over its budget" if outcome.took_s > outcome.stage.budget_s else ""
        print(
            f"{outcome.stage.name:<12} {outcome.took_s:7.0f} {outcome.stage.budget_s:7d} "
            f"{outcome.passed:7d} {outcome.failed:7d}{late}"
        )
    print(f"all          {time.monotonic() - started:7.0f} {BUDGET_S:7d}")
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{sum(outcome.passed for outcome in outcomes)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
