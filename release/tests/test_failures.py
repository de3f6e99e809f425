"""Releases that are broken: what ran before goes on, and the reason is on the screen."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
from bundle import IMAGE, Bundle, Done, fill, sh

from engine.resolve import is_intact


def assert_the_old_one_serves(
    bundle: Bundle, done: Done, before: "dict[str, str]", step: str
) -> None:
    assert done.code == 1, done
    assert (done.result["outcome"], done.result["failed_step"]) == ("failed", step), done
    assert bundle.current() != done.result["release"]
    assert list(bundle.ids()) == list(before)
    assert bundle.env("app", "VERSION") == "v1"
    assert bundle.history()[-1]["outcome"] == "failed"
    assert bundle.engine("status").code == 0
    # The lock was given back.
    assert (bundle.root / "lock").read_text() == ""


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        (
            "sick",
            [
                "unhealthy",
                "health: sick: no answer from 127.0.0.1",
                "log: ",
                "serving version sick",
            ],
        ),
        ("crash", ["log: ", "cannot open /etc/app/missing.conf", "last exit code 3", "restarts"]),
    ],
)
def test_a_broken_image_leaves_the_old_one_serving_and_shows_why(
    running: Bundle, tag: str, words: "list[str]"
) -> None:
    before = running.ids()
    running.use(tag)
    done = running.deploy()
    assert_the_old_one_serves(running, done, before, "start")
    screen = done.err[done.err.index("FAILED at start") :]
    assert all(word in screen for word in words), screen
    assert f"release {running.current()} serves again" in screen
    assert "Next: " in screen
    assert len(screen.splitlines()) < 60
    unchanged = {name: running.ids()[name] for name in ("edge", "store")}
    assert unchanged == {name: before[name] for name in ("edge", "store")}


def test_a_broken_first_release_says_that_there_is_nothing_to_go_back_to(bundle: Bundle) -> None:
    bundle.use("crash")
    done = bundle.deploy()
    assert done.code == 1, done
    assert "no earlier release to go back to" in done.err
    assert "cannot open /etc/app/missing.conf" in done.err
    bundle.use("v1")
    assert bundle.deploy().code == 0


def test_a_broken_store_is_put_back_before_anything_else_starts(running: Bundle) -> None:
    before = running.ids()
    running.use("sick", "STORE")
    done = running.deploy()
    assert_the_old_one_serves(running, done, before, "stores")
    assert running.ids()["app"] == before["app"]
    assert running.env("store", "VERSION") == "v1"


def test_a_failing_migration_stops_the_deploy_before_any_service_is_replaced(
    running: Bundle,
) -> None:
    before = running.ids()
    running.release["environment"]["MIGRATE"] = "fail"
    running.use("v2")
    done = running.deploy()
    assert_the_old_one_serves(running, done, before, "migrate")
    assert running.ids() == before
    assert "column price does not exist" in done.err
    assert "exit code 9" in done.result["message"]
    assert sh("docker", "ps", "-aq", "--filter", f"name={running.name}-step") == ""


def test_a_migration_that_never_ends_is_ended(running: Bundle) -> None:
    running.release["environment"]["MIGRATE"] = "slow600"
    running.release["steps"][0]["timeout_s"] = 1
    running.use("v2")
    before = running.ids()
    done = running.deploy()
    assert_the_old_one_serves(running, done, before, "migrate")
    assert "an end within 1 s" in done.result["message"]
    assert sh("docker", "ps", "-aq", "--filter", f"name={running.name}-step") == ""


def test_a_secret_that_a_service_prints_is_not_in_any_log_of_ours(running: Bundle) -> None:
    running.use("talk")
    done = running.deploy()
    assert done.code == 1
    assert "my password is ***" in done.err
    password = (running.secrets / "store_password").read_text()
    assert password not in done.text
    for path in running.root.rglob("*"):
        assert not path.is_file() or password.encode() not in path.read_bytes(), path


def refused(bundle: Bundle, *words: str) -> None:
    """A deploy that preflight refuses, with nothing changed."""
    before = bundle.ids()
    files = sorted(bundle.root.rglob("*"))
    done = bundle.deploy()
    assert done.code == 1, done
    assert done.result["failed_step"] == "preflight"
    assert done.result["changed"] is False
    for word in words:
        assert word in done.result["message"], done.result["message"]
    assert bundle.ids() == before
    new = {path.name for path in set(bundle.root.rglob("*")) - set(files)}
    assert {name for name in new if not name.endswith(".jsonl")} <= {
        "history.jsonl",
        "lock",
        "journal",
        # That it was asked for is in the audit log, and the log's last hash in state/.
        "state",
        "audit.json",
    }


def test_a_missing_image_is_refused(refusing: Bundle) -> None:
    refusing.release["images"]["APP_IMAGE"]["ref"] = f"{IMAGE}:never-built"
    refusing.ship()
    refused(refusing, f"image {IMAGE}:never-built", "no such image", "ship the images again")


def test_another_image_under_the_same_tag_is_refused(refusing: Bundle) -> None:
    refusing.release["images"]["APP_IMAGE"]["config_digest"] = "sha256:" + "0" * 64
    refusing.ship()
    refused(refusing, "expected config digest sha256:000", f"found {refusing.digests['v1']}")


def test_an_image_with_a_record_of_its_config_digest_is_accepted(bundle: Bundle) -> None:
    digest = "sha256:" + "5" * 64
    for image in bundle.release["images"].values():
        image["config_digest"] = digest
    bundle.ship()
    records = bundle.root / "images"
    records.mkdir()
    record = {
        "ref": f"{IMAGE}:v1",
        "config_digest": digest,
        "image_id": "sha256:" + "6" * 64,
    }
    (records / "v1.json").write_text(json.dumps(record))
    refused(bundle, "config digest", f"found {bundle.digests['v1']}")
    record["image_id"] = bundle.digests["v1"]
    (records / "v1.json").write_text(json.dumps(record))
    bundle.deployed()


def test_a_port_that_a_program_holds_is_refused_with_its_name(bundle: Bundle) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bundle.release["environment"]["EDGE_PORT"] = str(taken.getsockname()[1])
        bundle.ship()
        refused(
            bundle,
            f"port 127.0.0.1:{taken.getsockname()[1]}/tcp of edge",
            "expected a free port",
            f"held by process {os.getpid()}",
            "choose another port",
        )
    assert not bundle.secrets.exists()


def test_a_port_that_another_project_holds_is_refused_with_its_name(bundle: Bundle) -> None:
    port = bundle.release["environment"]["EDGE_PORT"]
    other = sh(
        "docker",
        "run",
        "-d",
        "--rm",
        "-p",
        f"127.0.0.1:{port}:1",
        f"{IMAGE}:v1",
        "serve",
    )
    try:
        name = sh("docker", "inspect", "--format", "{{.Name}}", other).lstrip("/")
        refused(bundle, f"held by container {name}", f"docker stop {name}")
    finally:
        sh("docker", "rm", "-f", other)


def test_an_address_that_the_host_does_not_have_is_refused(bundle: Bundle) -> None:
    file = bundle.incoming / "compose.yaml"
    file.write_text(file.read_text().replace("127.0.0.1:", "192.0.2.7:"))
    refused(bundle, "port 192.0.2.7:", "an address of this host", "edge_bind_address")


def test_secrets_with_wrong_rights_are_refused(refusing: Bundle) -> None:
    path = refusing.secrets / "store_password"
    path.chmod(0o644)
    refused(refusing, "mode 0400 and owner 10002", "found mode 0644", f"chmod 0400 {path}")


def test_too_little_disk_is_refused(refusing: Bundle) -> None:
    refusing.use("v2")
    before = refusing.ids()
    done = refusing.deploy("--min-free-mib", "999999999")
    assert done.code == 1
    assert "free space at " in done.result["message"]
    assert "at least 999999999 MiB" in done.result["message"]
    assert refusing.ids() == before


def test_a_disk_that_fills_up_leaves_the_old_one_serving(running: Bundle) -> None:
    before, current = running.ids(), running.current()
    data = running.in_container("store", "cat", "/data/migrations")
    history, secret = running.history(), (running.secrets / "store_password").read_bytes()
    running.use("v2")
    small = running.root / "releases"
    kept = running.folder / "kept"
    small.rename(kept)
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=True)
    try:
        sh("cp", "-a", f"{kept}/.", str(small))
        fill(small)
        done = running.deploy()
    finally:
        subprocess.run(["umount", str(small)], check=True)
        small.rmdir()
        kept.rename(small)
    assert done.code == 1, done
    assert done.result["failed_step"] == "resolve"
    assert "No space left on device" in done.result["message"]
    assert running.ids() == before
    # Nothing is lost of what was there.
    assert running.current() == current
    assert is_intact(running.root / "releases" / current)
    assert running.in_container("store", "cat", "/data/migrations") == data
    assert running.history()[: len(history)] == history
    assert (running.secrets / "store_password").read_bytes() == secret
    running.deployed()
    assert running.in_container("store", "cat", "/data/migrations") == f"{data}\nv2"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "${GREETING:-hello}",
            "${GREETINGS}",
            ["a value for every variable", "none for GREETINGS"],
        ),
        ("services:", "servces:", ["docker compose accepts", "servces"]),
        ("[data:/data]", "[./data:/data]", ["an absolute path", "the incoming directory/data"]),
        (
            "image: ${STORE_IMAGE:?}",
            "image: redis:7",
            ["service store", "release.json lists", "redis:7"],
        ),
        (
            "profiles: [demo]",
            "profiles: [demos]",
            ["profiles", "out of demos, steps", "found demo"],
        ),
    ],
)
def test_compose_files_that_cannot_run_are_refused(
    bundle: Bundle, old: str, new: str, words: "list[str]"
) -> None:
    if "demo" in old:
        bundle.release["profiles"] = ["demo"]
        bundle.ship()
    file = bundle.incoming / "compose.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))
    refused(bundle, *words)
    assert not bundle.secrets.exists()


def test_a_step_of_an_unknown_service_is_refused(bundle: Bundle) -> None:
    bundle.release["steps"][0]["needs"] = ["stoer"]
    bundle.ship()
    refused(bundle, "step migrate", "one of app, edge", "found stoer")


def test_a_bad_description_ends_with_65_before_anything_is_touched(bundle: Bundle) -> None:
    bundle.release["images"]["APP_IMAGE"]["config_digest"] = "latest"
    del bundle.release["name"]
    bundle.ship()
    for how in ([], ["--detach"], ["--check"]):
        done = bundle.engine("deploy", *how)
        assert done.code == 65, done
        assert "images.APP_IMAGE.config_digest" in done.err
        assert "name" in done.err
    assert not (bundle.root / "journal").exists()


def test_an_engine_that_does_not_answer_is_said_so(
    refusing: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{refusing.folder}/none.sock")
    refusing.use("v2")
    done = refusing.deploy()
    assert done.code == 1
    assert "Docker at unix:///" in done.result["message"]
    assert "systemctl start docker" in done.result["message"]
    assert refusing.engine("status").code == 69


def test_a_half_written_release_folder_never_counts(running: Bundle) -> None:
    running.use("v2")
    release = running.engine("deploy", "--check").result["release"]
    folder = running.root / "releases" / release
    folder.mkdir()
    (folder / "compose.yaml").write_text('# Resolved\n{"name": "luf')
    (folder / ".env").write_text("APP_IMAGE=rel")
    assert running.deployed() == release
    assert running.env("app", "VERSION") == "v2"
    assert (
        json.loads((folder / "compose.yaml").read_text().partition("\n")[2])["name"] == running.name
    )
    assert Path(folder / "manifest.json").is_file()


def test_a_failure_after_the_switch_leaves_the_new_one_current_and_serving(running: Bundle) -> None:
    history = running.root / "history.jsonl"
    history.rename(running.root / "history.kept")
    history.mkdir()
    running.use("v2")
    done = running.deploy()
    assert (done.code, done.result["failed_step"]) == (1, "record"), done
    assert "is the current one and runs on" in done.result["message"]
    assert "the history could not be written" in done.err
    assert running.events()[-1]["event"] == "run_ended"
    assert running.current() == done.result["release"]
    assert running.env("app", "VERSION") == "v2"
    history.rmdir()
    (running.root / "history.kept").rename(history)
    assert running.deploy().result["outcome"] == "unchanged"


def test_an_old_release_that_cannot_be_removed_fails_no_deploy(running: Bundle) -> None:
    old = running.root / "releases" / running.current()
    running.use("v2")
    running.deployed()
    sh("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(old))
    try:
        running.config["app"]["app.conf"] = "colour = blue\n"
        running.ship()
        done = running.deploy("--keep", "1")
    finally:
        sh("umount", str(old))
    assert done.result["outcome"] == "deployed", done
    assert "old releases could not be removed" in done.err
    assert running.deploy("--keep", "1").result["outcome"] == "unchanged"
