"""A secret is made anew: nobody is locked out, nobody is forgotten, and no value is told."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator

import pytest
from bundle import sh
from rotating_bundle import KnownVisitors, RotatingBundle, assert_hidden


@pytest.fixture
def fresh(make_site: Callable[[type[RotatingBundle]], RotatingBundle]) -> Iterator[RotatingBundle]:
    """That site, of which nothing was made anew yet."""
    found = make_site(RotatingBundle)
    found.deployed()
    yield found
    found.remove()


def test_a_password_is_changed_under_load_and_its_owner_is_not_replaced(
    rotating: RotatingBundle,
) -> None:
    old, store, app = (
        rotating.value("store_password"),
        rotating.containers("store"),
        rotating.containers("app"),
    )
    mounted = (rotating.secrets / "store_password").stat().st_ino
    with KnownVisitors(rotating) as visitors:
        done = rotating.rotate("store_password", "--why", "it was seen")
    assert done.code == 0, done
    assert (done.result["outcome"], done.result["changed"]) == ("rotated", True)
    visitors.assert_unharmed()
    new = rotating.value("store_password")
    assert new not in ("", old)
    assert rotating.accepted() == [new]
    assert rotating.value("app_password") == new
    assert rotating.containers("store") == store
    assert rotating.containers("app") != app
    # What the owner reads when it is asked next is the new one.
    assert (rotating.secrets / "store_password").stat().st_ino == mounted
    assert_hidden(rotating, old, new)
    line = json.loads((rotating.root / "audit.jsonl").read_text().splitlines()[-1])
    assert (line["verb"], line["arguments"]) == ("rotate", {"secret": "store_password"})
    assert (line["outcome"], line["why"]) == ("ok", "it was seen")
    assert rotating.deploy().result["outcome"] == "unchanged"
    # Once more, and the old one put back by hand: the owner is replaced then, as ever.
    assert rotating.rotate("store_password").code == 0
    assert rotating.containers("store") == store
    path = rotating.secrets / "store_password"
    accepted = path.read_text()
    path.write_text(new)
    assert "secrets of uid 10003 changed" in json.loads(rotating.deploy("--check").out)["reasons"]
    path.write_text(old)
    assert "secrets of uid 10003 changed" in json.loads(rotating.deploy("--check").out)["reasons"]
    path.write_text(accepted)


def test_what_was_left_out_of_the_release_stays_left_out(rotating: RotatingBundle) -> None:
    store = rotating.containers("store")
    rotating.change(STORE_VERSION="2")
    assert rotating.deploy("--leave-out", "store").code == 0
    assert rotating.rotate("accounts").code == 0
    assert rotating.containers("store") == store
    assert rotating.engine("status").code == 0


def test_what_was_signed_before_stays_good(fresh: RotatingBundle) -> None:
    old = fresh.value("app_key")
    assert fresh.value("app_old_key") == ""
    with KnownVisitors(fresh) as visitors:
        done = fresh.rotate("app_key")
    assert done.code == 0, done
    visitors.assert_unharmed()
    assert fresh.value("app_key") not in ("", old)
    assert fresh.value("app_old_key") == old
    status = (fresh.secrets / "app_old_key").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (10004, 0o400)
    assert_hidden(fresh, old, fresh.value("app_key"))
    assert fresh.ask("/sign") != visitors.first
    assert fresh.deploy().result["outcome"] == "unchanged"


def test_the_first_account_alone_is_another_one(rotating: RotatingBundle) -> None:
    path = rotating.secrets / "accounts"
    old = path.read_text()
    path.write_text(f"{old}\nmine:my-own-password-of-long-ago\n")
    rotating.deployed()
    assert rotating.rotate("accounts").code == 0
    first, *others = path.read_text().splitlines()
    assert first.startswith("pool:")
    assert first != old
    assert others == ["mine:my-own-password-of-long-ago"]
    assert_hidden(rotating, old, old[5:], first[5:])


def test_killed_at_one_step_after_the_other_it_is_finished_by_the_next_run(
    rotating: RotatingBundle,
) -> None:
    old = rotating.value("store_password")
    with KnownVisitors(rotating) as visitors:
        for step in ("secret_offer", "secret_use", "start", "record", "secret_forget"):
            rotating.rotate_killed_at("store_password", step)
            refused = rotating.rotate("app_key")
            assert refused.code == 1, refused
            assert "run: fab secrets rotate store_password" in refused.text
        done = rotating.rotate("store_password")
    assert done.code == 0, done
    visitors.assert_unharmed()
    new = rotating.value("store_password")
    assert new != old
    assert rotating.accepted() == [new]
    assert_hidden(rotating, old, new)
    assert not (rotating.secrets / ".rotation.json").exists()
    assert rotating.deploy().result["outcome"] == "unchanged"


def test_a_key_killed_in_both_phases_is_good_throughout(rotating: RotatingBundle) -> None:
    old = rotating.value("app_key")
    with KnownVisitors(rotating) as visitors:
        rotating.rotate_killed_at("app_key", "start")
        # Somebody else's deploy in between changes neither.
        assert rotating.deploy().code == 0
        rotating.rotate_killed_at("app_key", "start", 2)
        done = rotating.rotate("app_key")
    assert done.code == 0, done
    visitors.assert_unharmed()
    assert (rotating.value("app_old_key"), rotating.value("app_key") != old) == (old, True)


def test_an_owner_that_refuses_leaves_all_as_it_was(rotating: RotatingBundle) -> None:
    rotating.change(STORE_MODE="refuses")
    rotating.deployed()
    old, before = rotating.value("store_password"), rotating.all_containers()
    done = rotating.rotate("store_password")
    assert done.code == 1, done
    assert "store: python3 /app.py accept: expected exit code 0; found exit code 1" in done.text
    assert rotating.value("store_password") == old
    assert rotating.all_containers() == before
    assert rotating.accepted() == [old]
    assert_hidden(rotating, old)
    failure = rotating.events("failure")[0]
    assert "no such user" in "".join(failure["log"])
    assert "***" in "".join(failure["log"])
    assert rotating.deploy().result["outcome"] == "unchanged"
    # It refused the way back as well. Once it is well, the same command ends what has begun.
    rotating.change(STORE_MODE="well")
    rotating.deployed()
    assert rotating.rotate("store_password").code == 0
    assert rotating.accepted() == [rotating.value("store_password")] != [old]
    assert not (rotating.secrets / ".rotation.json").exists()


def test_readers_that_do_not_start_keep_the_old_one(rotating: RotatingBundle) -> None:
    old, before = rotating.value("store_password"), rotating.containers("app")
    store = rotating.containers("store")[0]
    sh("docker", "exec", before[0], "touch", "/data/full")
    with KnownVisitors(rotating) as visitors:
        done = rotating.rotate("store_password", "--wait-timeout", "20")
    assert done.code == 1, done
    assert "secret store_password is the old one again" in done.text
    visitors.assert_unharmed()
    assert rotating.value("store_password") == old
    assert rotating.accepted() == [old]
    assert (rotating.containers("app"), rotating.containers("store")) == (before, [store])
    assert not (rotating.secrets / ".rotation.json").exists()


def test_what_is_not_made_anew_is_refused_with_what_is(rotating: RotatingBundle) -> None:
    known = "expected one of store_password, app_key, accounts"
    for name, code, text in (
        ("edge_judge_certificate", 64, "it is made anew each year"),
        ("app_password", 64, "it follows from store_password: rotate that"),
        ("app_old_key", 64, "it keeps the value before of app_key: rotate that"),
        ("handmade", 64, "replace it by hand, then: fab deploy"),
        ("nothing", 66, "no such secret"),
    ):
        done = rotating.rotate(name)
        assert done.code == code, done
        assert known in done.text
        assert text in done.text


def test_what_would_happen_is_said_and_nothing_is_done(rotating: RotatingBundle) -> None:
    before = rotating.value("store_password")
    found = json.loads(rotating.engine("rotate", "store_password", "--check").out)
    assert found == {
        "changed": True,
        "reasons": [
            "secret store_password would be made anew",
            "store would be told of it while it runs",
            "app would get it",
        ],
    }
    assert rotating.value("store_password") == before
    rows = {row["secret"]: row for row in json.loads(rotating.engine("secrets", "--json").out)}
    assert (rows["app_key"]["age_days"], rows["app_key"]["rotate"]) == (0, True)
    assert rows["app_key"]["do"] == "fab secrets rotate app_key"
    assert rows["handmade"]["rotate"] is False
    assert before not in rotating.engine("secrets").text
    assert "it is made anew each year" in rotating.engine("secrets").out
