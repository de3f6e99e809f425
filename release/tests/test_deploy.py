"""Deploys on the real Docker engine that go well: what changes, and what is left alone."""

import hashlib
import json
import stat
from pathlib import Path

import pytest
from bundle import IMAGE, STEPS, Bundle, free_port, sh

from engine.trees import read_tree, tree_digest


def test_the_first_deploy_brings_everything_up_healthy_and_is_recorded(
    bundle: Bundle, pyz: Path
) -> None:
    bundle.pyz = pyz  # As it is shipped, without bytecode.
    done = bundle.deploy("--why", "first try")
    assert done.code == 0, done
    result = done.result
    assert (result["outcome"], result["changed"], result["failed_step"]) == ("deployed", True, None)
    assert list(bundle.ids()) == ["app", "edge", "store"]
    assert bundle.current() == result["release"]
    entry = bundle.history()[-1]
    assert (entry["by"], entry["why"], entry["run"]) == ("tester", "first try", result["run"])
    assert entry["images"]["APP_IMAGE"] == f"{IMAGE}:v1"
    steps = [event["step"] for event in bundle.events("step_ended")]
    assert steps == STEPS
    assert all(event["duration_s"] >= 0 for event in bundle.events("step_ended"))
    assert bundle.in_container("store", "cat", "/data/migrations") == "v1"


def test_the_release_on_the_disk_is_complete_and_needs_nothing_else(refusing: Bundle) -> None:
    folder = refusing.root / "releases" / refusing.current()
    text = (folder / "compose.yaml").read_text()
    assert str(refusing.incoming) not in text
    model = json.loads(text.partition("\n")[2])
    assert model["name"] == refusing.name
    assert "extra" not in model["services"]
    assert model["services"]["migrate"]["profiles"] == ["steps"]
    assert all("profiles" not in model["services"][name] for name in ("edge", "store", "app"))
    lock = json.loads((folder / "images.lock").read_text())
    assert lock == {f"{IMAGE}:v1": refusing.digests["v1"]}
    config = refusing.config_folder("app")
    assert (config / "app.conf").read_text() == "colour = red\n"
    assert stat.S_IMODE(config.stat().st_mode) == 0o755
    env = (folder / ".env").read_text()
    assert f"CONFIG_APP={config}" in env
    for secret in refusing.secrets.iterdir():
        assert secret.read_text() not in env + text


def test_compose_typed_by_hand_on_the_current_release_changes_nothing(refusing: Bundle) -> None:
    before = refusing.ids()
    file = str(refusing.root / "current" / "compose.yaml")
    sh("docker", "compose", "-f", file, "up", "-d", "--wait")
    assert refusing.ids() == before
    assert sh("docker", "ps", "-aq", "--filter", f"name={refusing.name}-migrate") == ""


def test_an_unchanged_release_does_nothing(refusing: Bundle) -> None:
    before, history = refusing.ids(), len(refusing.history())
    done = refusing.deploy()
    assert done.code == 0, done
    assert (done.result["outcome"], done.result["changed"]) == ("unchanged", False)
    assert refusing.events("step_started") == []
    assert refusing.ids() == before
    assert len(refusing.history()) == history


def test_a_changed_configuration_restarts_its_service_alone(running: Bundle) -> None:
    before = running.ids()
    running.config["app"]["app.conf"] = "colour = blue\n"
    running.ship()
    running.deployed()
    after = running.ids()
    assert {name for name in after if after[name] != before[name]} == {"app"}
    assert running.in_container("app", "cat", "/etc/app/app.conf") == "colour = blue"


def test_a_changed_secret_restarts_its_readers_alone(running: Bundle) -> None:
    before = running.ids()
    (running.secrets / "store_password").unlink()
    running.deployed()
    after = running.ids()
    assert {name for name in after if after[name] != before[name]} == {"app", "store"}
    password = (running.secrets / "store_password").read_text()
    assert (
        running.in_container("app", "cat", "/run/secrets/app_store_url").split(":")[2][:-6]
        == password
    )


def test_a_changed_image_restarts_its_service_alone_after_the_migration(running: Bundle) -> None:
    before = running.ids()
    running.use("v2")
    running.deployed()
    after = running.ids()
    assert {name for name in after if after[name] != before[name]} == {"app"}
    assert running.env("app", "VERSION") == "v2"
    assert running.in_container("store", "cat", "/data/migrations") == "v1\nv2"


def test_a_profile_adds_its_services_and_taking_it_away_removes_them(running: Bundle) -> None:
    running.release["profiles"] = ["demo"]
    running.ship()
    running.deployed()
    assert "extra" in running.ids()
    running.release["profiles"] = []
    running.ship()
    running.deployed()
    assert "extra" not in running.ids()


def test_check_says_what_would_change_and_changes_nothing(bundle: Bundle) -> None:
    fresh = bundle.engine("deploy", "--check")
    assert fresh.code == 0, fresh
    assert fresh.result["changed"]
    assert fresh.result["release"] is None
    assert "secret store_password would be generated" in fresh.result["reasons"]
    assert not bundle.secrets.exists()
    assert not (bundle.root / "journal").exists()
    release = bundle.deployed()
    assert bundle.engine("deploy", "--check").result == {
        "changed": False, "release": release, "reasons": []
    }  # fmt: skip
    bundle.config["app"]["app.conf"] = "colour = blue\n"
    bundle.release["environment"]["GREETING"] = "good day"
    bundle.use("v2")
    found = bundle.engine("deploy", "--check").result
    assert found["changed"]
    assert found["release"] != release
    assert found["reasons"] == [
        "config app changed", f"image APP_IMAGE changed: {IMAGE}:v2",
        "environment GREETING added", "app will be away: it is replaced in place",
    ]  # fmt: skip
    assert bundle.current() == release


def drift_stopped(bundle: Bundle) -> str:
    sh("docker", "stop", "-t", "1", bundle.ids()["app"])
    return "app: "


def drift_removed(bundle: Bundle) -> str:
    sh("docker", "rm", "-f", bundle.ids()["app"])
    return "app: expected 1 running, found 0"


def drift_config(bundle: Bundle) -> str:
    (bundle.config_folder("app") / "app.conf").write_text("colour = by hand\n")
    return "config app: "


def drift_edge(bundle: Bundle) -> str:
    (bundle.root / "edge/edge.cfg").write_text("by hand\n")
    return "config edge: "


def drift_release(bundle: Bundle) -> str:
    (bundle.root / "releases" / bundle.current() / ".env").write_text("APP_IM")
    return "were changed or are incomplete"


def drift_replaced(bundle: Bundle) -> str:
    file = bundle.root / "releases" / bundle.current() / "compose.yaml"
    other = bundle.folder / "other.yaml"
    other.write_text(file.read_text().replace('"GREETING": "hello"', '"GREETING": "rival"'))
    sh("docker", "compose", "-p", bundle.name, "-f", str(other), "up", "-d", "--wait")
    return "were not started by the recorded release"


DRIFTS = [
    drift_stopped,
    drift_removed,
    drift_config,
    drift_edge,
    drift_release,
    drift_replaced,
]


def test_what_was_changed_by_hand_is_noticed_and_mended(running: Bundle) -> None:
    for drift in DRIFTS:
        reason = drift(running)
        found = running.engine("deploy", "--check").result
        assert any(reason in each for each in found["reasons"]), (drift, found)
        assert running.deployed() == running.current()
        assert running.engine("deploy", "--check").result["reasons"] == [], drift
        assert list(running.ids()) == ["app", "edge", "store"]
        assert running.env("app", "GREETING") == "hello"
        assert (running.root / "edge/edge.cfg").read_text() == "one\n"
        assert (running.config_folder("app") / "app.conf").read_text() == "colour = red\n"


def test_old_releases_go_and_what_a_kept_one_uses_stays(running: Bundle) -> None:
    for colour in ("green", "blue", "white"):
        running.config["app"]["app.conf"] = f"colour = {colour}\n"
        running.ship()
        done = running.deploy("--keep", "2")
        assert done.code == 0, done
    (running.root / "releases" / ".abc.1.new").mkdir()
    assert "nothing to remove" in running.engine("prune", "--keep", "2").out
    kept = [entry["release"] for entry in running.history()][-2:]
    assert sorted(path.name for path in (running.root / "releases").iterdir()) == sorted(kept)
    assert len(list((running.root / "config/app").iterdir())) == 2
    assert f"{IMAGE}:v1" in sh("docker", "images", "--format", "{{.Repository}}:{{.Tag}}")


def test_status_tells_each_service_and_its_exit_code_the_health(running: Bundle) -> None:
    table = running.engine("status")
    assert table.code == 0, table
    assert running.current() in table.out
    found = json.loads(running.engine("status", "--json").out)
    assert found["healthy"] is True
    assert found["by"] == "tester"
    assert [row["service"] for row in found["services"]] == ["app", "edge", "store"]
    assert all(row["memory"] > 0 and row["uptime"] >= 0 for row in found["services"])
    sh("docker", "stop", "-t", "1", running.ids()["app"])
    broken = running.engine("status")
    assert broken.code == 3
    assert "problem: app: " in broken.out


def test_logs_and_releases_are_shown(refusing: Bundle) -> None:
    logs = refusing.engine("logs", "app", "--tail", "5")
    assert logs.code == 0
    assert "serving version v1" in logs.out
    assert "edge" not in logs.out
    assert "\x1b" not in logs.out
    unknown = refusing.engine("logs", "apple")
    assert unknown.code == 66
    assert "one of app, edge, store" in unknown.err
    assert refusing.engine("releases").out.startswith(f"* {refusing.current()}")
    assert json.loads(refusing.engine("releases", "--json").out)[0]["current"] is True


def test_the_environment_of_the_caller_does_not_get_in(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GREETING", "from the shell")
    monkeypatch.setenv("COMPOSE_PROFILES", "demo")
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "other")
    bundle.deployed()
    assert bundle.env("app", "GREETING") == "hello"
    assert list(bundle.ids()) == ["app", "edge", "store"]


def test_a_changed_port_moves_the_edge(running: Bundle) -> None:
    port = free_port()
    running.release["environment"]["EDGE_PORT"] = str(port)
    running.ship()
    running.deployed()
    assert f"127.0.0.1:{port}" in sh("docker", "port", running.ids()["edge"])


def test_a_dollar_sign_and_a_quote_in_a_value_arrive_as_they_are(bundle: Bundle) -> None:
    greeting = 'it\'s $5 ${HOME} "x" \\n #1'
    bundle.release["environment"]["GREETING"] = greeting
    bundle.ship()
    bundle.deployed()
    assert bundle.env("app", "GREETING") == greeting
    assert (bundle.root / "current" / ".env").is_file()


def test_only_what_was_shipped_is_deployed_and_by_the_engine_that_was(running: Bundle) -> None:
    digest = tree_digest(read_tree(running.incoming))
    engine = hashlib.sha1(running.pyz.read_bytes()).hexdigest()  # noqa: S324 (a name)
    arguments = ["--expect", digest, "--expect-engine", engine]
    assert running.deploy(*arguments).result["outcome"] == "unchanged"
    running.config["app"]["app.conf"] = "colour = somebody else's\n"
    running.ship()
    before = running.current()
    other_files = running.deploy(*arguments)
    assert other_files.code == 75, other_files
    assert "somebody else shipped meanwhile; run it again" in other_files.result["message"]
    other_engine = running.deploy("--expect-engine", "0" * 40)
    assert other_engine.code == 75, other_engine
    assert f"an engine with the SHA-1 {engine[:12]}" in other_engine.result["message"]
    assert running.current() == before


def test_a_release_keeps_what_was_shipped(running: Bundle) -> None:
    kept = running.root / "releases" / running.current() / "incoming"
    assert read_tree(kept) == read_tree(running.incoming)
    (kept / "compose.yaml").write_text("services: {}\n")
    assert "were changed" in running.engine("deploy", "--check").out
