"""`doctor`: what is amiss is found and named; what could not be looked at is never called well."""

import ctypes
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bundle import Bundle, Done, sh
from certificates import made
from some import SOME

from engine.backups.spec import BackupSpec, FolderSpec
from engine.docker_api import (
    ONE_OFF_LABEL,
    PROJECT_LABEL,
    SERVICE_LABEL,
    Container,
    connect,
)
from engine.doctor.clock import STA_UNSYNC, TIME_ERROR, Timex, clock
from engine.doctor.clock import judge as judge_clock
from engine.doctor.disk import disk
from engine.doctor.disk import judge as judge_disk
from engine.doctor.examination import looked
from engine.doctor.finding import Finding, worst
from engine.doctor.health import health
from engine.doctor.look import Look
from engine.doctor.memory import memory
from engine.doctor.secret_age import secret_age
from engine.incoming import MadeBy, SecretSpec
from engine.made_secrets import marked
from engine.rotating.spec import Rotation

DAY_S = 86400
# In the status of adjtimex(2), beside STA_UNSYNC: what else makes an error of the clock's.
STA_CLOCKERR = 0x1000
NOW_S = 1_800_000_000.0
GIB_IN_BLOCKS = 2**30 // 4096


class Planted:
    """What a check is given, where a test needs only part of it."""

    def __init__(self, **facts: Any) -> None:
        self.containers: list[Container] = []
        self.client = None
        self.now_s = NOW_S
        self.__dict__.update(facts)


def levels(findings: "list[Finding]") -> "list[tuple[str, str]]":
    return [(each.check, each.level) for each in findings]


# --- the host ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free_gib", "size_gib", "level"),
    [(100, 200, "ok"), (20, 200, "attention"), (3, 8, "attention"), (0.4, 200, "broken")],
)
def test_free_space_is_judged_by_share_and_by_size(
    free_gib: float, size_gib: int, level: str
) -> None:
    blocks, free = size_gib * GIB_IN_BLOCKS, int(free_gib * GIB_IN_BLOCKS)
    found = judge_disk(
        Path("/opt"), os.statvfs_result((4096, 4096, blocks, free, free, 0, 0, 0, 0, 255))
    )
    assert found.level == level
    assert bool(found.do) == (level != "ok")
    assert f"{int(free_gib * 1024)} MiB free" in found.says


def test_a_disk_that_cannot_be_written_or_has_no_file_left_is_told() -> None:
    blocks, free = 200 * GIB_IN_BLOCKS, 100 * GIB_IN_BLOCKS
    read_only = (4096, 4096, blocks, free, free, 0, 0, 0, os.ST_RDONLY, 255)
    assert judge_disk(Path("/opt"), os.statvfs_result(read_only)).level == "broken"
    no_files = (4096, 4096, blocks, free, free, 1000, 10, 10, 0, 255)
    found = judge_disk(Path("/opt"), os.statvfs_result(no_files))
    assert (found.level, found.says) == ("attention", "/opt: 10 of 1000 files are left to make")


@pytest.mark.parametrize("made", [True, False], ids=["made", "not made yet"])
def test_the_file_system_of_the_backups_is_looked_at(tmp_path: Path, made: bool) -> None:
    here, there = tmp_path / "opt", tmp_path / "backups"
    repository = there / "of/this/host"
    (repository if made else there).mkdir(parents=True)
    here.mkdir()
    client = SimpleNamespace(info=lambda: {"DockerRootDir": str(here)})
    folder = FolderSpec(str(repository), 10009)
    look = Planted(
        layout=SimpleNamespace(root=here),
        client=client,
        incoming=SimpleNamespace(backup=BackupSpec("backup", "passphrase", (), folder=folder)),
    )
    # On the file system of the deployment there is nothing to add.
    assert len(list(disk(look))) == 1  # type: ignore[arg-type]
    sh("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(there))
    try:
        if made:
            repository.mkdir(parents=True)
        _, found = disk(look)  # type: ignore[arg-type]
    finally:
        sh("umount", str(there))
    assert (found.level, found.says.split(":")[0]) == ("broken", str(repository if made else there))
    assert "backup_keep_daily" in found.do


@pytest.mark.parametrize(
    ("available", "swap_free", "expected"),
    [
        (500, 1000, ["ok"]),
        (50, 1000, ["attention"]),
        (500, 100, ["ok", "attention"]),
    ],
)
def test_memory_of_the_host_is_judged(
    tmp_path: Path, available: int, swap_free: int, expected: "list[str]"
) -> None:
    (tmp_path / "meminfo").write_text(
        f"MemTotal: 1000 kB\nMemAvailable: {available} kB\n"
        f"SwapTotal: 1000 kB\nSwapFree: {swap_free} kB\n"
    )
    found = list(memory(Planted(proc=tmp_path)))  # type: ignore[arg-type]
    assert [each.level for each in found] == expected


LONE = replace(
    SOME,
    started_at=time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime(NOW_S - 7300)),
)
FIRST_GROUPS = "32 31 0:29 / PLACE rw,relatime - cgroup cgroup rw,memory"
SECOND_GROUPS = "24 30 0:26 / PLACE rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"


@pytest.mark.parametrize(
    ("group", "mount", "file", "told"),
    [
        ("4:memory:/docker/c0ffee\n0::/\n", FIRST_GROUPS, "docker/c0ffee/memory.oom_control", True),
        ("0::/docker/c0ffee\n", SECOND_GROUPS, "docker/c0ffee/memory.events", True),
        (
            "0::/system.slice/docker-c0ffee.scope\n",
            SECOND_GROUPS,
            "system.slice/docker-c0ffee.scope/memory.events",
            True,
        ),
        ("0::/docker/another\n", SECOND_GROUPS, "docker/another/memory.events", False),
        ("0::/docker/c0ffee\n", SECOND_GROUPS, "gone/memory.events", False),
    ],
    ids=["version 1", "version 2", "of systemd", "another container by now", "ended meanwhile"],
)
def test_what_the_kernel_ended_in_a_container_is_its_own_count(
    tmp_path: Path, group: str, mount: str, file: str, told: bool
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9\nMemAvailable: 9\nSwapTotal: 0\nSwapFree: 0\n")
    for folder in ("self", "7", Path(file).parent):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "7/cgroup").write_text(group)
    (tmp_path / "self/mountinfo").write_text(mount.replace("PLACE", str(tmp_path)) + "\n")
    (tmp_path / file).write_text("low 0\noom 5\noom_kill 3\n")
    api = SimpleNamespace(stats=lambda *_, **__: {}, inspect_container=lambda _: {"HostConfig": {}})
    client = SimpleNamespace(api=api)
    look = Planted(proc=tmp_path, containers=[LONE], client=client)
    _, *found = memory(look)  # type: ignore[arg-type]
    says = "site-app-1: processes ended for want of memory since it was started 2 hours ago: 3"
    assert [each.says for each in found] == ([says] if told else [])


@pytest.mark.parametrize(
    ("restarts", "hours", "told"), [(3, 0.9, True), (2, 0.1, False), (40, 1.1, False)]
)
def test_many_restarts_are_told_for_an_hour_after_the_last(
    restarts: int, hours: float, told: bool
) -> None:
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW_S - hours * 3600))
    flapping = replace(LONE, restarts=restarts, started_at=started)
    found = list(health(Planted(containers=[flapping], model={"services": {}})))  # type: ignore[arg-type]
    says = (
        f"site-app-1 was started again {restarts} times, the last time {hours * 60:.0f} minutes ago"
    )
    assert [each.says for each in found if each.level == "attention"] == ([says] if told else [])


@pytest.mark.parametrize(
    ("state", "status", "level"),
    [(0, 0, "ok"), (TIME_ERROR, 0, "attention"), (0, STA_UNSYNC, "attention")],
)
def test_a_clock_that_nothing_keeps_right_is_told(state: int, status: int, level: str) -> None:
    assert judge_clock(state, status).level == level


class Told(ctypes.Structure):
    """The beginning of what ntp_gettime(3) fills: the kernel's same answer in another shape."""

    _fields_ = (
        ("time", ctypes.c_long * 2),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("rest", ctypes.c_byte * 128),
    )


def asked_twice() -> "tuple[Timex, Told, int]":
    library, found, told = ctypes.CDLL(None), Timex(), Told()
    state = library.adjtimex(ctypes.byref(found))
    assert library.ntp_gettime(ctypes.byref(told)) == state
    return found, told, state


def test_the_kernels_answer_about_its_clock_is_read_where_it_is() -> None:
    # Between two questions the kernel lets the error grow, or what keeps the clock sets both anew.
    answers = (asked_twice() for _ in range(10))
    found, state = next(
        (found, state)
        for found, told, state in answers
        if found.esterror == told.esterror and 0 <= told.maxerror - found.maxerror <= 1000
    )
    if state == TIME_ERROR:
        assert found.status & (STA_UNSYNC | STA_CLOCKERR)
    [finding] = clock(Planted())  # type: ignore[arg-type]
    assert finding == judge_clock(state, found.status)


# --- secrets -------------------------------------------------------------------------------------


def secrets_of(folder: Path, *specs: SecretSpec, **contents: bytes) -> "list[Finding]":
    folder.chmod(0o700)
    for spec in specs:
        path = folder / spec.file
        path.write_bytes(contents.get(spec.file, b"long enough to be a secret"))
        path.chmod(0o400)
        os.chown(path, spec.uid, spec.uid)
        os.utime(path, (NOW_S, NOW_S))
    incoming = Planted(secrets_dir=folder, secrets=specs)
    return list(secret_age(Planted(incoming=incoming)))  # type: ignore[arg-type]


def test_secrets_that_are_well_are_said_to_be(tmp_path: Path) -> None:
    spec = SecretSpec("key", 10001, random_bytes=32)
    [found] = secrets_of(tmp_path, spec)
    assert (found.level, found.says) == ("ok", "1 secrets are there, with the right owners")


@pytest.mark.parametrize(("days", "level"), [(200, "ok"), (29, "attention"), (-1, "broken")])
def test_a_certificate_that_ends_is_told_by_its_date(tmp_path: Path, days: int, level: str) -> None:
    spec = SecretSpec("judge.pem", 10001, made_by=MadeBy("EDGE_IMAGE", ("make",), 365))
    content = marked(spec, b"a certificate\n", b"", NOW_S + (days - 365) * DAY_S)
    [found] = secrets_of(tmp_path, spec, **{"judge.pem": content})
    assert found.level == level
    assert "a certificate" not in found.says
    if level != "ok":
        day = time.strftime("%Y-%m-%d", time.gmtime(NOW_S + days * DAY_S))
        assert "judge.pem" in found.says
        assert day in found.says


@pytest.mark.parametrize(("days", "level"), [(200, "ok"), (29, "attention"), (-1, "broken")])
@pytest.mark.parametrize(
    "spec",
    [
        SecretSpec("own.pem", 10001, made_by=MadeBy("EDGE_IMAGE", ("make",), 365)),
        SecretSpec("own.pem", 10001, given=True),
    ],
    ids=["in the place of a made one", "given"],
)
def test_an_operators_own_certificate_is_told_by_its_own_date(
    tmp_path: Path, spec: SecretSpec, days: int, level: str
) -> None:
    end = datetime.fromtimestamp(NOW_S, timezone.utc) + timedelta(days=days)
    key, certificate = made(end)
    _, authority = made(end + timedelta(days=3650))
    [found] = secrets_of(tmp_path, spec, **{"own.pem": key + certificate + authority})
    assert found.level == level
    if level != "ok":
        assert f"own.pem {'is over since' if days < 0 else 'ends on'} {end.date()}" == found.says
        assert found.do == f"give another one: write it to {tmp_path}/own.pem, then fab deploy"


def test_a_certificate_is_told_once_and_a_damaged_one_without_its_content(tmp_path: Path) -> None:
    own = SecretSpec("own.pem", 10001, given=True)
    derived = SecretSpec("its.pem", 10006, format="{own.pem.certificate}")
    key, certificate = made(datetime.fromtimestamp(NOW_S, timezone.utc))
    contents = {"own.pem": key + certificate, "its.pem": certificate}
    assert levels(secrets_of(tmp_path, own, derived, **contents)) == [("secrets", "broken")]
    damaged = certificate[:60] + b"\n" + certificate.splitlines(keepends=True)[-1]
    [found] = secrets_of(tmp_path, own, **{"own.pem": damaged})
    assert (found.level, found.says) == (
        "attention",
        "own.pem: the end of its first certificate cannot be read: not a certificate, or damaged",
    )


def test_an_account_with_a_short_secret_is_told_without_it(tmp_path: Path) -> None:
    spec = SecretSpec("accounts", 10001, random_bytes=32, prefix="user:")
    [found] = secrets_of(tmp_path, spec, accounts=b"user:long-enough-to-be-one\nana:hunter2\n")
    assert (found.level, "accounts" in found.says) == ("attention", True)
    assert "hunter2" not in found.says


@pytest.mark.parametrize(
    "written",
    [
        b"hunter2",
        b"fifteen-letters\n",
        b"changeme-changeme",
        b"Password-Password1!",
        b"12345678" * 3,
    ],
)
def test_a_secret_that_can_be_guessed_is_told_by_its_name_alone(
    tmp_path: Path, written: bytes
) -> None:
    spec = SecretSpec("key", 10001, random_bytes=32, rotation=Rotation())
    [found] = secrets_of(tmp_path, spec, key=written)
    assert (found.level, found.do) == ("attention", "fab secrets rotate key")
    short = len(written.strip()) < 16
    why = "has fewer than 16 characters" if short else "is one that everybody tries"
    assert found.says == f"key: it {why}"


def test_what_to_do_about_one_that_can_be_guessed_is_what_helps(tmp_path: Path) -> None:
    specs = [
        SecretSpec("once", 10001, random_bytes=32, rotation=Rotation(refused="ask for it")),
        SecretSpec("token", 10001, given=True),
        SecretSpec("accounts", 10001, random_bytes=32, prefix="user:", rotation=Rotation()),
    ]
    contents = {"once": b"short", "token": b"Changeme\n", "accounts": b"ana:secret-secret-secret\n"}
    found = secrets_of(tmp_path, *specs, **contents)
    assert [(each.says.partition(":")[0], each.do) for each in found] == [
        ("once", "ask for it"),
        ("token", f"write another one to {tmp_path}/token, then fab deploy"),
        ("accounts", "give that account a longer one"),
    ]


def test_what_others_issue_or_follows_from_others_is_not_judged_by_its_length(
    tmp_path: Path,
) -> None:
    specs = [
        SecretSpec("id", 10001, given=True),
        SecretSpec("url", 10001, format="http://a/{id}"),
        SecretSpec("copy", 10001, same_as="id"),
        SecretSpec("made", 10001, made_by=MadeBy("EDGE_IMAGE", ("make",), 365)),
        SecretSpec("old", 10001, old_of="key", for_days=10**6),
        SecretSpec("key", 10001, random_bytes=16),
        SecretSpec("s3", 10001, given=True),
    ]
    contents = {
        "id": b"a1\n",
        "url": b"http://a/a1",
        "copy": b"a1",
        "made": b"b2",
        "old": b"c3",
        "key": b"sixteen-letters-",
        "s3": b"[default]\naws_access_key_id = keeper\naws_secret_access_key = kept\n",
    }
    [found] = secrets_of(tmp_path, *specs, **contents)
    assert (found.level, found.says) == ("ok", "7 secrets are there, with the right owners")


def test_secrets_of_more_than_a_year_are_named(tmp_path: Path) -> None:
    spec = SecretSpec("key", 10001, random_bytes=32)
    secrets_of(tmp_path, spec)
    os.utime(tmp_path / "key", (NOW_S - 400 * DAY_S, NOW_S - 400 * DAY_S))
    incoming = Planted(secrets_dir=tmp_path, secrets=[spec])
    [found] = list(secret_age(Planted(incoming=incoming)))  # type: ignore[arg-type]
    assert (found.level, found.says) == ("attention", "older than a year: key")


def test_a_secret_that_others_can_read_is_broken(tmp_path: Path) -> None:
    spec = SecretSpec("key", 10001, random_bytes=32)
    secrets_of(tmp_path, spec)
    (tmp_path / "key").chmod(0o644)
    incoming = Planted(secrets_dir=tmp_path, secrets=[spec])
    found = list(secret_age(Planted(incoming=incoming)))  # type: ignore[arg-type]
    assert levels(found) == [("secrets", "broken")]
    assert "chmod" in found[0].do


# --- the whole -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], "attention"),
        (["ok", "ok"], "ok"),
        (["ok", "attention"], "attention"),
        (["broken", "attention"], "broken"),
    ],
)
def test_the_worst_finding_counts(found: "list[str]", expected: str) -> None:
    assert worst([Finding("each", level, "") for level in found]) == expected


def test_a_check_that_cannot_look_says_so_and_keeps_what_it_found() -> None:
    def failing(_: Look) -> Any:
        yield Finding("first", "ok", "fine")
        raise OSError("no such device")

    found = looked("disk", failing, Planted())  # type: ignore[arg-type]
    assert levels(found) == [("first", "ok"), ("disk", "attention")]
    assert "no such device" in found[1].says


def doctor(bundle: Bundle) -> "tuple[Done, dict[str, list[dict[str, str]]]]":
    """Its answer, and the findings by what was looked at. The machine's own state is its own."""
    done = bundle.engine("doctor", "--json")
    told = json.loads(done.out)
    assert abs(told["time_s"] - time.time()) < 60
    found: dict[str, list[dict[str, str]]] = {}
    for each in told["findings"]:
        found.setdefault(each["check"], []).append(each)
    return done, found


def only(found: "dict[str, list[dict[str, str]]]", check: str) -> "dict[str, str]":
    [one] = found[check]
    return one


def with_doctor(bundle: Bundle, *command: str, service: str = "app") -> None:
    bundle.release["doctor"] = [{"service": service, "command": list(command)}]
    bundle.ship()
    bundle.deployed()


def test_a_bundle_that_is_well_has_nothing_broken(running: Bundle) -> None:
    line = json.dumps({"check": "pool", "level": "ok", "says": "40 good ones", "do": ""})
    with_doctor(running, "printf", "%s\n", line)
    done, found = doctor(running)
    assert only(found, "pool")["says"] == "40 good ones"
    assert only(found, "health")["level"] == "ok"
    assert only(found, "drift")["level"] == "ok"
    assert only(found, "secrets")["level"] == "ok"
    assert {"disk", "memory", "clock"} <= set(found)
    every = {each["level"] for some in found.values() for each in some}
    assert done.code == (1 if "broken" in every else 3 if "attention" in every else 0)
    shown = running.engine("doctor")
    assert "ok         pool       40 good ones" in shown.out.splitlines()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("printf", "rubbish"), "does not answer as agreed: rubbish"),
        (("true",), "does not answer as agreed"),
        (("sh", "-c", "echo no redis >&2; exit 69"), "ended with 69: no redis"),
        (("no-such-command",), "ended with 12"),
    ],
)
def test_a_service_that_cannot_tell_needs_attention(
    running: Bundle, command: "tuple[str, ...]", says: str
) -> None:
    with_doctor(running, *command)
    done, found = doctor(running)
    assert done.code in {1, 3}
    app = only(found, "app")
    assert app["level"] == "attention"
    assert says in app["says"]


# What a container of the bundle's project does to be told of, with what it may use.
ILL = {
    "flaps": ("8m", "echo x >> /n; [ $(wc -l < /n) -gt 3 ] && exec sleep 600; exit 3"),
    "loses_a_child": ("16m", "tail /dev/zero; exec sleep 600"),
    "is_ended_once": ("16m", "test -e /n && exec sleep 600; touch /n; exec tail /dev/zero"),
    "is_full": ("64m", "head -c 60M /dev/zero > /dev/shm/n; exec sleep 600"),
    "is_over": ("16m", "exec tail /dev/zero"),
    "is_stopped": ("16m", "exec sleep 600"),
}


# Docker hears of the want of memory, or of the end alone where that is quicker.
WANTED, KILLED = "ran out of memory", "was killed, as the kernel does for want of memory"


@pytest.fixture
def ill(running: Bundle) -> Iterator[Bundle]:
    """The bundle with a container of each kind that is ill; they have become so."""
    names = {which: f"{running.name}-{which}" for which in ILL}
    labels = {PROJECT_LABEL: running.name, ONE_OFF_LABEL: "False"}
    try:
        for which, (memory_limit, command) in ILL.items():
            own = {**labels, SERVICE_LABEL: which}
            again = "no" if which == "is_over" else "unless-stopped"
            sh(
                *("docker", "run", "--detach", "--name", names[which], "--network", "none"),
                *("--restart", again, "--memory", memory_limit, "--memory-swap", memory_limit),
                *("--shm-size", "64m", "--entrypoint", "bash"),
                *(word for pair in own.items() for word in ("--label", "=".join(pair))),
                *(running.image("v1")["ref"], "-c", command),
            )
        client = connect()
        look_until(client, names["flaps"], lambda each: each["RestartCount"] == 3)
        look_until(client, names["is_ended_once"], lambda each: each["RestartCount"] == 1)
        look_until(client, names["is_over"], lambda each: each["State"]["ExitCode"] == 137)
        for which in ("loses_a_child", "is_full", "is_stopped"):
            look_until(client, names[which], sleeps)
        sh("docker", "stop", "--time", "0", names["is_stopped"])
        yield running
    finally:
        sh("docker", "rm", "--force", *names.values())


def sleeps(looked_at: Any) -> bool:
    """Whether all that it does before is done."""
    comm = Path(f"/proc/{looked_at['State']['Pid']}/comm")
    return comm.read_text() == "sleep\n"


def look_until(client: Any, name: str, well: Callable[[Any], bool]) -> None:
    deadline = time.monotonic() + 30
    while not well(client.api.inspect_container(name)):
        assert time.monotonic() < deadline, client.api.inspect_container(name)["State"]
        time.sleep(0.1)


def test_containers_that_flap_or_want_memory_are_told(ill: Bundle) -> None:
    _, found = doctor(ill)
    said = {
        which: [
            (each["check"], each["level"], each["says"].replace(f"{ill.name}-{which}", "it", 1))
            for check in ("health", "memory")
            for each in found[check]
            if f"{ill.name}-{which}" in each["says"]
        ]
        for which in ILL
    }
    last = "less than a minute ago"
    assert said["flaps"] == [
        ("health", "attention", f"it was started again 3 times, the last time {last}")
    ]
    assert said["loses_a_child"] == [
        (
            "memory",
            "attention",
            f"it: processes ended for want of memory since it was started {last}: 1",
        )
    ]
    [(check, level, says)] = said["is_ended_once"]
    assert (check, level) == ("memory", "broken")
    ends = (WANTED, f"{KILLED},")
    assert says in [f"it: it {end} before it was started again {last}" for end in ends]
    [(check, level, says)] = said["is_full"]
    assert (check, level) == ("memory", "attention")
    used = int(says.removeprefix("it uses ").removesuffix(" of 64 MiB"))
    assert 60 <= used <= 63
    [(_, _, condition), (check, level, says)] = said["is_over"]
    assert condition.startswith("it is exited (exit code 137")
    assert (check, level) == ("memory", "broken")
    assert says in [f"it: it {WANTED} before it ended", f"it: it {KILLED}"]
    # Ended by SIGKILL as well, which somebody asked Docker for.
    assert said["is_stopped"] == [("health", "broken", "it is exited (exit code 137)")]
    [over] = [each for each in found["memory"] if "is_over" in each["says"]]
    assert over["do"] == "give is_over more memory: its limit is 16 MiB"


def test_a_service_that_ended_and_files_that_were_changed_are_broken(running: Bundle) -> None:
    sh("docker", "stop", "--time", "1", running.ids()["app"])
    done, found = doctor(running)
    assert done.code == 1
    assert [each["level"] for each in found["health"]] == ["broken", "broken"]
    assert any("expected 1 that run and are healthy; found 0" in e["says"] for e in found["health"])
    assert any("app" in each["says"] for each in found["drift"])
    # Those that matter most come first.
    assert json.loads(done.out)["findings"][0]["level"] == "broken"

    compose = running.root / "releases" / running.current() / "compose.yaml"
    compose.write_text(compose.read_text() + "\n")
    done, found = doctor(running)
    assert only(found, "drift")["level"] == "broken"
    assert "files of release" in only(found, "drift")["says"]


def test_a_lock_that_is_held_and_a_gap_in_the_audit_log_are_told(running: Bundle) -> None:
    assert running.engine("lock", "--by", "ana", "--why", "moving").code == 0
    log = running.root / "audit.jsonl"
    kept = log.read_text()
    sh("chattr", "-f", "-a", str(log), check=False)
    log.write_text("\n".join(kept.splitlines()[1:]) + "\n")
    _, found = doctor(running)
    assert "held by ana" in only(found, "lock")["says"]
    assert "line 1 was changed, or lines before it are missing" in only(found, "audit")["says"]
    log.write_text(kept)
    assert running.engine("unlock", "--by", "ana").code == 0


def test_without_docker_or_a_release_it_says_which(
    running: Bundle, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = bundle.engine("doctor", "--json")
    assert none.code == 66
    assert "a release that is current" in none.err
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    done, found = doctor(running)
    assert done.code == 1
    assert only(found, "docker")["level"] == "broken"


def test_a_release_of_an_engine_that_knew_less_is_told(running: Bundle) -> None:
    shipped = running.root / "releases" / running.current() / "incoming"
    away = shipped.with_name("away")
    shipped.rename(away)
    try:
        done, found = doctor(running)
        assert (done.code, only(found, "drift")["do"]) == (1, "fab deploy")
    finally:
        away.rename(shipped)


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ("all of it", "doctor: expected a list"),
        ([{"service": "app"}], "doctor[0].command: expected a list of words"),
        ([{"service": "app", "command": []}], "doctor[0].command: expected a list of words"),
        ([{"service": "a b", "command": ["x"]}], "doctor[0].service: expected the name"),
        ([{"service": "app", "command": ["x"], "when": 1}], "doctor[0].when"),
        (["app"], "doctor[0]: expected an object"),
    ],
)
def test_a_malformed_field_is_refused(running: Bundle, field: Any, word: str) -> None:
    running.release["doctor"] = field
    running.ship()
    done = running.deploy()
    assert done.code == 65
    assert word in done.err
