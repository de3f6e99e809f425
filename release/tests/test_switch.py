"""A release takes over without a request that fails, and gives way again when it falters."""

import copy
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from bundle import IMAGE, Done, sh
from web_bundle import Load, WebBundle

from engine.docker_api import connect, project_containers
from engine.errors import StepFailedError
from engine.interrupts import Interrupts
from engine.switch.rotation import Rotation


def test_new_versions_take_over_one_after_the_other_under_load(web: WebBundle) -> None:
    store, edge = web.containers("store"), web.containers("edge")
    with Load(web) as load:
        time.sleep(1)
        for version in ("2", "3", "2"):
            web.change(VERSION=version)
            done = web.deploy()
            assert done.code == 0, done
            assert web.ask() == f"version {version}\n"
        time.sleep(1)
    assert web.versions() == {"app": ["2"], "worker": ["2"], "clock": ["2"], "store": ["1"]}
    load.assert_unharmed()
    assert load.answered > 500
    # What did not change was not touched.
    assert (web.containers("store"), web.containers("edge")) == (store, edge)
    assert len(web.all_containers()) == 5
    assert web.standby() == {}
    assert web.status().code == 0
    assert web.deploy().result["outcome"] == "unchanged"
    # Nor is anything by compose itself: what was switched is what the release says.
    before = web.all_containers()
    release = ["-p", web.name, "-f", str(web.root / "current/compose.yaml")]
    sh("docker", "compose", *release, "up", "-d")
    assert web.all_containers() == before


def falters(web: WebBundle, done: Done, at: str, *words: str) -> None:
    """The deploy failed there and said why; the first version serves, and nothing is left over."""
    assert done.code == 1, done
    assert done.result["failed_step"] == at, done
    for word in words:
        assert word in done.err, (word, done.err)
    assert f"release {web.current()} serves again" in done.err
    assert web.ask() == "version 1\n"
    assert web.versions() == {"app": ["1"], "worker": ["1"], "clock": ["1"], "store": ["1"]}
    assert len(web.all_containers()) == 5
    assert web.standby() == {}
    assert web.status().code == 0, web.status()


@pytest.mark.parametrize(
    ("mode", "at", "words"),
    [
        (
            "crash",
            "start",
            ["cannot open /etc/app/missing.conf", "new containers that are healthy"],
        ),
        ("sick", "start", ["health: sick: no answer from 127.0.0.1"]),
        (
            "wrong",
            "start",
            [
                "asked for / before anybody else",
                "expected status 200",
                "status 500 (no such table)",
            ],
        ),
        # What smoke tests ask is right, and still it fails those who are there.
        ("unkind", "watch", ["app: ", "answers have a status of 500 or more"]),
    ],
)
def test_a_version_that_is_broken_gives_way_and_nobody_notices(
    web: WebBundle, mode: str, at: str, words: "list[str]"
) -> None:
    web.release["watch_s"] = 12
    first = web.containers("app")
    web.change(VERSION="2", MODE=mode)
    with Load(web) as load:
        done = web.deploy()
    falters(web, done, at, *words)
    assert web.containers("app") == first
    if at == "start":
        # What is broken from the start is never asked by a visitor.
        load.assert_unharmed()


def test_a_version_that_ends_while_it_is_watched_gives_way(web: WebBundle) -> None:
    web.release["watch_s"] = 12
    first = web.containers("app")
    web.change(VERSION="2", MODE="mortal")
    with Load(web):
        before = set(web.journals())
        process = web.start_deploy()
        web.wait_for_step("watch", before, process)
        [second] = set(web.containers("app")) - set(first)
        words = [
            "python3",
            "-c",
            "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/die')",
        ]
        sh("docker", "exec", second, *words, check=False)
        out, err = process.communicate(timeout=120)
    done = Done(process.returncode, out, err)
    falters(web, done, "watch", "a release that goes on serving for 12 s", "serving version 2")
    assert web.containers("app") == first


def test_what_a_visitor_gets_decides(web: WebBundle) -> None:
    web.release["smoke"][0]["has"] = "version 3"
    web.change(VERSION="2")
    with Load(web) as load:
        done = web.deploy()
    falters(web, done, "smoke", "the page", "expected status 200 and the text version 3")
    load.assert_unharmed()


def test_a_service_that_the_next_release_has_not_comes_back(web: WebBundle) -> None:
    store, text = web.containers("store"), web.compose_file.read_text()
    dropped = text[text.index("  store:\n") : text.index("networks:\n  edge_app")]
    web.compose_file = web.folder / "without.yaml"
    web.compose_file.write_text(text.replace(dropped, ""))
    del web.release["services"]["store"]
    web.release["smoke"][0]["has"] = "version 3"
    web.change(VERSION="2")
    falters(web, web.deploy(), "smoke", "the page")
    assert web.containers("store") == store


class Download:
    """Somebody's download from what serves now; it goes on until it is let go."""

    def __init__(self, web: WebBundle) -> None:
        self.web, self.found = web, list[str]()
        self.thread = threading.Thread(target=lambda: self.found.append(web.ask("/download")))
        self.thread.start()
        time.sleep(1)

    def let_go(self) -> None:
        """Have it end, and see that all of it came."""
        assert self.thread.is_alive()
        sh("docker", "exec", self.web.containers("app")[0], "touch", "/data/let_go")
        self.thread.join(60)
        assert self.found == ["1" * 400_000]
        deadline = time.monotonic() + 30
        while self.web.standby() and time.monotonic() < deadline:
            time.sleep(0.5)
        assert self.web.standby() == {}


def test_a_long_download_ends_after_the_release_is_recorded(web: WebBundle) -> None:
    download = Download(web)
    old = web.containers("app")[0]
    web.release["watch_s"] = 0
    web.config["edge"]["haproxy.cfg"] += "\n# An edge that has to be reloaded.\n"
    web.change(VERSION="2")
    done = web.deploy()
    assert done.code == 0, done
    # The release is recorded, and the old container still serves the download alone.
    assert old in web.containers("app")
    assert web.ask() == "version 2\n"
    assert web.status().code == 0, web.status()
    rows = json.loads(web.status().out)["services"]
    assert [row["condition"] for row in rows if row["service"] == "app"].count("on standby") == 1
    # Another release does not prolong its time, and waits for it no more than this one.
    [deadline] = web.standby().values()
    web.change(VERSION="3")
    done = web.deploy()
    assert done.code == 0, done
    assert web.standby()[old] == deadline
    download.let_go()
    assert web.versions()["app"] == ["3"]
    assert web.engine("status").code == 0


def test_what_serves_a_download_still_can_be_taken_back_for_good(web: WebBundle) -> None:
    download = Download(web)
    old = web.containers("app")[0]
    web.release["watch_s"] = 0
    web.change(VERSION="2")
    assert web.deploy().code == 0
    done = web.engine("rollback", "--by", "tester", "--json")
    assert done.code == 0, done
    download.let_go()
    # Nobody has removed it since, and after a reboot Docker starts it again.
    assert web.containers("app") == [old]
    assert web.ask() == "version 1\n"
    policy = ["docker", "inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}"]
    assert sh(*policy, *web.all_containers()).split() == ["unless-stopped"] * 5


@pytest.mark.parametrize("moment", [1.0, 3.5])
def test_whoever_is_killed_while_switching_is_finished_by_the_next_run(
    web: WebBundle, moment: float
) -> None:
    web.change(VERSION="2")
    with Load(web) as load:
        before = set(web.journals())
        process = web.start_deploy()
        web.wait_for_step("start", before, process)
        time.sleep(moment)
        process.kill()
        process.communicate(timeout=60)
        done = web.deploy()
    assert done.code == 0, done
    assert web.versions() == {"app": ["2"], "worker": ["2"], "clock": ["2"], "store": ["1"]}
    assert len(web.all_containers()) == 5
    load.assert_unharmed()
    assert web.status().code == 0


def killed_while_making(web: WebBundle) -> set[str]:
    """A deploy is killed before it starts what it has made; returns what that is."""
    # Told by Docker: who looks again and again comes after the engine has started the first.
    now = time.time()
    words = ["--since", f"{now:.6f}", "--until", f"{now + 60:.6f}", "--format", "{{.ID}}"]
    words += ["--filter", "type=container", "--filter", "event=create"]
    words += ["--filter", f"label=com.docker.compose.project={web.name}"]
    with subprocess.Popen(["docker", "events", *words], stdout=subprocess.PIPE, text=True) as told:
        assert told.stdout is not None
        process = web.start_deploy()
        made = {told.stdout.readline().strip() for _ in range(3)}
        process.kill()
        told.kill()
    process.communicate(timeout=60)
    assert "" not in made, made
    return made


def test_all_that_is_new_is_made_in_one_go_and_taken_up_by_the_next_run(web: WebBundle) -> None:
    web.change(VERSION="2")
    with Load(web) as load:
        made = killed_while_making(web)
        done = web.deploy("--lock-timeout", "60")
    assert done.code == 0, done
    assert web.versions() == {"app": ["2"], "worker": ["2"], "clock": ["2"], "store": ["1"]}
    running = {each for name in ("app", "worker", "clock") for each in web.containers(name)}
    assert running == made
    assert len(web.all_containers()) == 5
    load.assert_unharmed()


def test_what_was_made_and_never_started_is_removed_with_its_release(web: WebBundle) -> None:
    before = web.all_containers()
    web.change(VERSION="2")
    with Load(web) as load:
        made = killed_while_making(web)
        del web.release["environment"]["VERSION"]
        web.ship()
        done = web.deploy("--lock-timeout", "60")
    assert done.code == 0, done
    assert web.all_containers() == before
    assert not made & before
    assert web.standby() == {}
    load.assert_unharmed()


def test_an_edge_is_asked_by_its_new_process_after_a_restart(web: WebBundle) -> None:
    client = connect()
    edge = project_containers(client, web.name, "edge")[0]
    restarted = Rotation(client, replace(edge, pid=2**22 + 1), Interrupts())
    assert [slot.up for slot in restarted.slots(["app"]) if slot.address] == [True]


def test_an_edge_that_does_not_answer_is_said(web: WebBundle) -> None:
    client = connect()
    store = project_containers(client, web.name, "store")[0]
    with pytest.raises(StepFailedError) as refused:
        Rotation(client, store, Interrupts()).slots(["app"])
    said = str(refused.value)
    assert f"the socket of {store.name}" in said
    assert "an answer to `show servers state app` within 5 s" in said
    assert f"docker logs {store.name}" in said


def test_whoever_is_killed_while_switching_can_be_taken_back(web: WebBundle) -> None:
    web.change(VERSION="2")
    with Load(web) as load:
        before = set(web.journals())
        process = web.start_deploy()
        web.wait_for_step("smoke", before, process)
        process.kill()
        process.communicate(timeout=60)
        del web.release["environment"]["VERSION"]
        web.ship()
        done = web.deploy()
    assert done.code == 0, done
    assert web.versions() == {"app": ["1"], "worker": ["1"], "clock": ["1"], "store": ["1"]}
    assert len(web.all_containers()) == 5
    load.assert_unharmed()


def test_what_is_replaced_in_place_is_announced_and_measured(web: WebBundle) -> None:
    app = web.containers("app")
    web.change(STORE_VERSION="2", EDGE_ROUND="2")
    foreseen = web.engine("deploy", "--check").result
    assert [text for text in foreseen["reasons"] if "away" in text] == [
        "store will be away for about 3 s: it is replaced in place",
        "edge will be away for about 2 s: it is replaced in place",
    ]
    done = web.deploy()
    assert done.code == 0, done
    assert "store will be away for about 3 s" in done.err
    assert "edge will be away for about 2 s" in done.err
    assert "store replaced, away for" in done.err
    assert web.containers("app") == app
    # Who sees the end alone is told the same.
    remarks = web.engine("follow", "--latest", "--json").result["remarks"]
    assert remarks[0] == "store will be away for about 3 s: it is replaced in place"
    assert [text for text in remarks if text.startswith("store replaced, away for ")]


@pytest.fixture
def next_edge(web: WebBundle) -> Iterator[dict[str, str]]:
    """Another image of the edge, as a release names it."""
    ref = f"{IMAGE}:next-edge"
    container = sh("docker", "create", web.release["images"]["EDGE_IMAGE"]["ref"])
    sh("docker", "commit", "--change", "LABEL next=yes", container, ref)
    sh("docker", "rm", container)
    digest = sh("docker", "image", "inspect", "--format", "{{.Id}}", ref)
    yield {"ref": ref, "config_digest": digest}
    web.deployed()
    sh("docker", "image", "rm", ref)


def test_a_backend_may_come_with_the_next_edge(web: WebBundle, next_edge: dict[str, str]) -> None:
    before = copy.deepcopy((web.release, web.config))
    web.release["images"]["EDGE_IMAGE"] = next_edge
    web.release["services"]["app"]["backends"] = ["app", "app_again"]
    served = web.config["edge"]["haproxy.cfg"]
    again = served[served.index("\nbackend app") :].replace("backend app", "backend app_again")
    web.config["edge"]["haproxy.cfg"] = f"{served}\n{again}"
    # One that falters gives way while the edge is still the one before.
    web.change(VERSION="2", MODE="crash")
    falters(web, web.deploy(), "start", "cannot open /etc/app/missing.conf")
    web.change(MODE="well")
    done = web.deploy()
    assert done.code == 0, done.text
    assert web.ask() == "version 2\n"
    command = ("edge-command", "show servers state app_again")
    table = sh("docker", "exec", web.containers("edge")[0], *command)
    assert "app_again" in table
    web.release, web.config = before
    web.ship()


def shares_of_app(web: WebBundle) -> set[str]:
    """What its containers have of the processor, each with its health."""
    what = "{{.State.Health.Status}} {{.HostConfig.CpuShares}}"
    found = web.containers("app")
    # One that is removed meanwhile says nothing.
    return set(sh("docker", "inspect", "--format", what, *found, check=False).splitlines())


def test_who_is_served_goes_before_what_starts(web: WebBundle) -> None:
    web.change(VERSION="2")
    seen: set[str] = set()
    with web.start_deploy() as process:
        while process.poll() is None:
            seen |= shares_of_app(web)
    assert process.returncode == 0
    assert "starting 256" in seen
    assert shares_of_app(web) == {"healthy 1024"}


def test_a_share_that_a_cut_off_run_left_is_made_whole(web: WebBundle) -> None:
    sh("docker", "update", "--cpu-shares", "256", *web.containers("app"))
    web.change(STORE_VERSION="2")
    web.deployed()
    assert shares_of_app(web) == {"healthy 1024"}


def test_what_would_be_away_can_be_left_out(web: WebBundle) -> None:
    store = web.containers("store")
    web.change(STORE_VERSION="2", VERSION="2")
    done = web.deploy("--leave-out", "store")
    assert done.code == 0, done
    assert "store will be away" not in done.err
    assert web.containers("store") == store
    assert web.versions()["app"] == ["2"]
    # Another scale does not bring it in either, and the doctor finds nothing amiss.
    assert web.engine("scale", "worker=2", "--by", "tester").code == 0
    assert web.containers("store") == store
    assert "runs as it was recorded" in web.engine("doctor").out
    # A deploy of everything does.
    assert web.deploy().code == 0
    assert web.versions()["store"] == ["2"]


def test_what_is_switched_cannot_be_left_out(web: WebBundle) -> None:
    done = web.deploy("--leave-out", "app")
    assert done.code == 64, done
    assert "a service that runs and is replaced in place (edge, store)" in done.err


def test_an_edge_without_a_free_slot_is_said_and_nothing_is_lost(web: WebBundle) -> None:
    text = web.config["edge"]["haproxy.cfg"].replace("1-4 app", "1-1 app")
    web.config["edge"]["haproxy.cfg"] = text
    web.ship()
    assert web.deploy().code == 0
    web.change(VERSION="2")
    with Load(web) as load:
        done = web.deploy()
    falters(web, done, "start", "the edge's rotation", "raise edge_server_slots")
    load.assert_unharmed()


def test_services_that_a_release_no_longer_has_are_removed(web: WebBundle) -> None:
    web.compose_file = web.folder / "compose.yaml"
    text = WebBundle.compose_file.read_text()
    start, end = text.index("  worker:"), text.index("  clock:")
    without = text[:start] + text[end:]
    web.compose_file.write_text(without.replace("depends_on: [worker]", "depends_on: []"))
    del web.release["services"]["worker"]
    web.change(VERSION="2")
    with Load(web) as load:
        done = web.deploy()
    assert done.code == 0, done
    assert web.containers("worker") == []
    assert len(web.all_containers()) == 4
    load.assert_unharmed()


def test_a_container_that_somebody_has_killed_is_started_again(web: WebBundle) -> None:
    sh("docker", "rm", "-f", *web.containers("worker"))
    done = web.deploy()
    assert done.code == 0, done
    assert len(web.containers("worker")) == 1
