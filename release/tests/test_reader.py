"""The incoming directory: what is wrong in it is named, all at once."""

import fcntl
import json
import os
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest

from engine.errors import BadReleaseError, NoInputError, ShippedOverError
from engine.incoming import Incoming, ServiceSpec, SmokeCheck, Try, release_id
from engine.reader import read_incoming
from engine.trees import read_tree, tree_digest

DIGEST = "sha256:" + "a" * 64
MADE_BY = {
    "image": "EDGE_IMAGE",
    "command": ["make-key", "check.test"],
    "reads": "password",
    "renew_after_days": 365,
}
OWNER = {"service": "redis", "command": ["accept", "a"], "known_by": ["password", "acl"]}


def good() -> dict[str, Any]:
    return {
        "name": "luffy-bundle",
        "images": {"EDGE_IMAGE": {"ref": "luffy-bundle/edge:abc", "config_digest": DIGEST}},
        "environment": {"SITE_PORT": "80"},
        "profiles": ["demo"],
        "compose_files": ["compose.yaml", "compose/demo/overlay.yaml"],
        "config": ["redis"],
        "edge_config": "edge",
        "secrets_dir": "/etc/luffy-bundle/secrets",
        "secrets": [
            {"file": "password", "uid": 10002, "random": 32, "rotate": {"owner": dict(OWNER)}},
            {"file": "copy", "uid": 10004, "same_as": "password"},
            {"file": "acl", "uid": 10003, "format": "#{password.sha256}"},
            {"file": "account", "uid": 10006, "random": 18, "prefix": "pool:"},
            {"file": "key", "uid": 10001, "made_by": dict(MADE_BY)},
            {"file": "mine", "uid": 10006, "given": True},
            {"file": "signing", "uid": 10004, "random": 64, "rotate": {}},
            {"file": "old", "uid": 10004, "old_of": "signing", "for_days": 15},
        ],
        "steps": [{"name": "migrate", "service": "luffy_migrate", "needs": ["mariadb"]}],
        "services": {
            "site": {
                "switch": "beside",
                "backends": ["site", "site_tls"],
                "port": 8000,
                "try": [{"path": "/readyz"}, {"path": "/?a=1", "status": 404, "has": "none"}],
                "drain_s": 600,
            },
            "worker": {"switch": "overlap"},
            "mariadb": {"switch": "announced", "gap_s": 20},
        },
        "smoke": [{"name": "the front page", "port_of": "SITE_PORT", "path": "/", "has": "app"}],
        "watch_s": 60,
    }


def with_files(folder: Path) -> Path:
    """The folder, with every file that `good` names."""
    for name in (
        "compose.yaml",
        "compose/demo/overlay.yaml",
        "compose/README.md",
        "config/redis/redis.conf",
        "config/edge/haproxy.cfg",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_files(tmp_path)


def read(folder: Path, document: Any) -> Incoming:
    (folder / "release.json").write_text(json.dumps(document))
    return read_incoming(folder)


def refusal(folder: Path, document: Any) -> str:
    with pytest.raises(BadReleaseError) as refused:
        read(folder, document)
    assert refused.value.exit_code == 65
    return str(refused.value)


def test_a_good_one_is_read_whole(folder: Path) -> None:
    incoming = read(folder, good())
    assert incoming.images["EDGE_IMAGE"].ref == "luffy-bundle/edge:abc"
    assert incoming.config == {"redis": {"redis.conf": b"# config/redis/redis.conf\n"}}
    assert incoming.edge_tree == {"haproxy.cfg": b"# config/edge/haproxy.cfg\n"}
    assert set(incoming.compose_tree) == {"compose.yaml", "compose/demo/overlay.yaml"}
    assert (incoming.steps[0].needs, incoming.steps[0].when) == (("mariadb",), "always")
    tries = (Try("/readyz"), Try("/?a=1", 404, "none"))
    assert incoming.services == {
        "site": ServiceSpec("beside", ("site", "site_tls"), 8000, tries, 600),
        "worker": ServiceSpec("overlap"),
        "mariadb": ServiceSpec("announced", gap_s=20),
    }
    assert incoming.smoke == (SmokeCheck("the front page", "SITE_PORT", Try("/", has="app")),)
    assert incoming.watch_s == 60


def test_what_says_nothing_of_switches_is_as_good(folder: Path) -> None:
    document = good()
    for field in ("services", "smoke", "watch_s"):
        del document[field]
    incoming = read(folder, document)
    assert (incoming.services, incoming.smoke, incoming.watch_s) == ({}, (), 10)


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def apply(document: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        target: Any = document
        for key in parents:
            target = target[int(key)] if key.isdigit() else target[key]
        if value is ...:
            del target[last]
        else:
            target[int(last) if last.isdigit() else last] = value

    return apply


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("name", ..., ["name", "expected a compose project name", "found nothing"]),
        ("name", "Luffy Bundle", ["name", 'found "Luffy Bundle"']),
        ("images", {}, ["images", "expected at least one image"]),
        ("images", [], ["images", "expected an object"]),
        ("images/EDGE_IMAGE/ref", "luffy-bundle/edge", ["images.EDGE_IMAGE.ref", "name:tag"]),
        ("images/EDGE_IMAGE/ref", "e@sha256:" + "a" * 64, ["images.EDGE_IMAGE.ref", "name:tag"]),
        ("images/EDGE_IMAGE/config_digest", "sha256:12", ["EDGE_IMAGE.config_digest", "64 hex"]),
        ("images/EDGE_IMAGE", "edge:1", ["images.EDGE_IMAGE", "expected an object"]),
        ("environment/SITE_PORT", 80, ["environment.SITE_PORT", "a string", "found 80", "quotes"]),
        ("environment/site-port", "80", ["environment.site-port", "in capitals"]),
        ("environment/EDGE_IMAGE", "x:1", ["environment.EDGE_IMAGE", "does not set itself"]),
        ("environment/CONFIG_REDIS", "/x", ["environment.CONFIG_REDIS", "does not set itself"]),
        ("environment/COMPOSE_PROFILES", "x", ["environment.COMPOSE_PROFILES", "remove it"]),
        ("profiles", "demo", ["profiles", "a list of names"]),
        ("compose_files", [], ["compose_files", "at least one"]),
        ("compose_files/0", "missing.yaml", ["compose_files[0]", "missing.yaml", "ship that file"]),
        ("compose_files/0", "../etc/passwd", ["compose_files[0]", "below the incoming directory"]),
        ("config/0", "mariadb", ["config/mariadb", "no file there", "render it"]),
        ("config/0", "../edge", ["config[0]", "expected the name of a service"]),
        ("edge_config", "haproxy", ["config/haproxy", "no file there"]),
        ("secrets_dir", "secrets", ["secrets_dir", "an absolute path", 'found "secrets"']),
        ("secrets_dir", ..., ["secrets_dir", "an absolute path", "found nothing"]),
        ("secrets/0/random", 8, ["secret password.random", "from 16 to 128", "found 8"]),
        ("secrets/0/uid", "10002", ["secret password.uid", "a numeric uid"]),
        ("secrets/0/uid", True, ["secret password.uid", "a numeric uid"]),
        ("secrets/0/file", "../shadow", ["secrets[0].file", "a file name"]),
        ("secrets/1/same_as", "nope", ["secret copy", "sources out of", 'found "nope"']),
        ("secrets/1/same_as", "acl", None),
        ("secrets/1/random", 32, ["secret copy", "exactly one of", "same_as"]),
        ("secrets/2/format", "open { brace", ["secret acl.format", "plain braces"]),
        ("secrets/0", {"file": "password", "uid": 1, "same_as": "copy"}, ["in a circle"]),
        ("secrets/1/file", "password", ["secret password", "one description of each"]),
        ("secrets/3/prefix", "pool ", ["secret account.prefix", "a : or = last"]),
        ("secrets/1/prefix", "pool:", ["secret copy.prefix", "something random alone"]),
        ("secrets/1/rotate", {}, ["secret copy.rotate", "for a random or made_by secret"]),
        ("secrets/0/rotate", "yes", ["secret password.rotate", "an object"]),
        ("secrets/0/rotate/when", 1, ["secret password.rotate.when", "one of owner, refused"]),
        ("secrets/0/rotate/refused", "no", ["password.rotate", "either owner or refused"]),
        ("secrets/3/rotate", {"refused": " "}, ["account.rotate.refused", "what to do instead"]),
        ("secrets/0/rotate/owner/command", "accept", ["owner.command", "a list of words"]),
        ("secrets/0/rotate/owner/service", ..., ["owner.service", "a service's name"]),
        ("secrets/0/rotate/owner/known_by", [], ["owner.known_by", "a list of the owner's"]),
        ("secrets/0/rotate/owner/known_by", ["key", "mine"], ["derived from it", 'found "mine"']),
        ("secrets/7/old_of", "nothing", ["secret old.old_of", 'found "nothing"']),
        ("secrets/7/old_of", "password", ["secret old.old_of", "without an owner"]),
        ("secrets/6/rotate", ..., ["secret old.old_of", "with rotate"]),
        ("secrets/7/for_days", ..., ["secret old.for_days", "from 1 to 3650"]),
        ("secrets/6/for_days", 3, ["secret signing.for_days", "beside old_of"]),
        ("secrets/4/made_by", "openssl", ["secret key.made_by", "an object"]),
        ("secrets/4/made_by/image", "APP_IMAGE", ["key.made_by.image", "one of EDGE_IMAGE"]),
        ("secrets/4/made_by/command", "make-key", ["key.made_by.command", "a list of words"]),
        ("secrets/4/made_by/command", [], ["key.made_by.command", "a list of words"]),
        ("secrets/4/made_by/renew_after_days", 0, ["key.made_by.renew_after_days", "from 1"]),
        ("secrets/4/made_by/reads", "nope", ["secret key", "sources out of", 'found "nope"']),
        ("secrets/4/made_by/reads", "key", ["in a circle"]),
        ("secrets/4/made_by/shell", "sh", ["key.made_by.shell", "remove or rename it"]),
        ("secrets/4/random", 32, ["secret key", "exactly one of", "made_by"]),
        ("secrets/5/given", "yes", ["secret mine.given", "expected true"]),
        ("steps/0/service", ..., ["steps[0].service", "a service", "found nothing"]),
        ("steps/0/needs", "mariadb", ["steps[0].needs", "a list of services"]),
        ("steps/0/timeout_s", -1, ["steps[0].timeout_s", "seconds"]),
        ("steps/0/when", "never", ["steps[0].when", "always or deploy", 'found "never"']),
        ("services", ["site"], ["services", "an object: service to switch"]),
        ("services/site", "beside", ["services.site", "an object"]),
        ("services/my site", {"switch": "after"}, ["services.my site", "the name of a service"]),
        ("services/site/switch", "swap", ["services.site.switch", "one of beside, overlap, after"]),
        ("services/site/switch", ..., ["services.site.switch", "found nothing"]),
        ("services/site/switch", "overlap", ["services.site.backends", "remove or rename it"]),
        ("services/site/backends", [], ["services.site.backends", "at least one"]),
        ("services/site/backends", "site", ["services.site.backends", "a list of backends"]),
        ("services/site/backends/0", "a b", ["services.site.backends", "the edge's backends"]),
        ("services/site/port", ..., ["services.site.port", "a port", "found nothing"]),
        ("services/site/port", "8000", ["services.site.port", 'found "8000"']),
        ("services/site/port", 65536, ["services.site.port", "from 1 to 65535"]),
        ("services/site/try/0", "/readyz", ["services.site.try[0]", "an object"]),
        ("services/site/try/0/path", "readyz", ["try[0].path", "a path from /"]),
        ("services/site/try/0/path", "/ HTTP/1.1\r\nX: y", ["try[0].path", "a path from /"]),
        ("services/site/try/0/status", 99, ["try[0].status", "an HTTP status"]),
        ("services/site/try/1/has", "", ["try[1].has", "a text that the answer has"]),
        ("services/site/try/0/body", "x", ["try[0].body", "remove or rename it"]),
        ("services/site/drain_s", -1, ["services.site.drain_s", "from 0 to 86400"]),
        ("services/mariadb/gap_s", 1.5, ["services.mariadb.gap_s", "whole seconds"]),
        ("services/worker/gap_s", 3, ["services.worker.gap_s", "remove or rename it"]),
        ("smoke", {}, ["smoke", "a list of requests"]),
        ("smoke/0", "/", ["smoke[0]", "an object"]),
        ("smoke/0/name", " ", ["smoke[0].name", "in words"]),
        ("smoke/0/port_of", "API_PORT", ["smoke[0].port_of", "that holds a port", '"API_PORT"']),
        ("smoke/0/port_of", ["SITE_PORT"], ["smoke[0].port_of", "that holds a port"]),
        ("smoke/0/path", ..., ["smoke[0].path", "found nothing"]),
        ("smoke/0/method", "PUT", ["smoke[0].method", "remove or rename it"]),
        ("watch_s", True, ["watch_s", "whole seconds from 0 to 3600", "found true"]),
        ("image", {}, ["image", "one of", "images", "remove or rename it"]),
    ],
)  # fmt: skip
def test_a_bad_field_is_named_with_what_was_expected_and_found(
    folder: Path, path: str, value: Any, words: "list[str] | None"
) -> None:
    document = good()
    change(path, value)(document)
    if words is None:
        read(folder, document)
        return
    text = refusal(folder, document)
    assert all(word in text for word in words), text


def test_every_problem_is_named_at_once(folder: Path) -> None:
    document = good()
    document.update(name=7, compose_files=["nope.yaml"], profiles={})
    text = refusal(folder, document)
    assert len(text.splitlines()) == 3


def test_a_missing_or_unreadable_description_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(NoInputError, match="run the deploy playbook") as missing:
        read_incoming(tmp_path / "nowhere")
    assert missing.value.exit_code == 66
    (folder / "release.json").write_text('{"name": "half')
    with pytest.raises(BadReleaseError, match="not JSON"):
        read_incoming(folder)
    assert "a JSON object" in refusal(folder, [])


def test_a_link_in_the_configuration_is_refused(folder: Path) -> None:
    (folder / "config/redis/link").symlink_to("/etc/passwd")
    assert "a plain file or folder" in refusal(folder, good())


def identity(folder: Path, document: dict[str, Any], revisions: dict[str, str]) -> str:
    return release_id(read(folder, document).inputs(revisions))


def test_the_id_of_a_release_follows_from_all_that_makes_it(folder: Path) -> None:
    revisions = {"10002": "0" * 12}
    seen = {identity(folder, good(), revisions)}
    assert all(len(each) == 12 and int(each, 16) >= 0 for each in seen)
    for path, value in (
        ("images/EDGE_IMAGE/config_digest", "sha256:" + "b" * 64),
        ("environment/SITE_PORT", "81"),
        ("profiles", []),
        ("steps/0/needs", []),
    ):
        document = good()
        change(path, value)(document)
        seen.add(identity(folder, document, revisions))
    for name in ("compose.yaml", "config/redis/redis.conf", "config/edge/haproxy.cfg"):
        before = (folder / name).read_text()
        (folder / name).write_text("# other\n")
        seen.add(identity(folder, good(), revisions))
        (folder / name).write_text(before)
    seen.add(identity(folder, good(), {"10002": "1" * 12}))
    assert len(seen) == 9


def test_the_id_does_not_depend_on_order_documentation_or_time(folder: Path) -> None:
    first = identity(folder, good(), {})
    document = dict(reversed(list(good().items())))
    (folder / "compose/README.md").write_text("another text\n")
    (folder / "compose.yaml").touch()
    assert identity(folder, document, {}) == first


def test_what_was_shipped_is_kept_whole_and_known_again(folder: Path) -> None:
    read(folder, good())
    shipped = read_tree(folder)
    incoming = read_incoming(folder, tree_digest(shipped))
    assert incoming.shipped == shipped
    assert "compose/README.md" in incoming.shipped


def test_two_who_ship_at_once_never_deploy_a_mixture(folder: Path) -> None:
    """Each writes file by file, as text_tree does; whatever is there in between is refused."""
    (folder / "release.json").write_text(json.dumps(good()))
    ann = read_tree(folder)
    bob = {**ann, "config/redis/redis.conf": b"# bob's\n", "compose.yaml": b"# bob's\n"}
    digests = {"ann": tree_digest(ann), "bob": tree_digest(bob)}
    (folder / "compose.yaml").write_bytes(bob["compose.yaml"])
    for digest in digests.values():
        with pytest.raises(ShippedOverError, match="else shipped meanwhile; run it again") as no:
            read_incoming(folder, digest)
        assert no.value.exit_code == 75
    (folder / "config/redis/redis.conf").write_bytes(bob["config/redis/redis.conf"])
    assert read_incoming(folder, digests["bob"]).shipped == bob
    with pytest.raises(ShippedOverError):
        read_incoming(folder, digests["ann"])


def test_nothing_is_read_while_somebody_writes(folder: Path) -> None:
    read(folder, good())
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with futures.ThreadPoolExecutor() as pool:
        reading = pool.submit(read_incoming, folder)
        with pytest.raises(futures.TimeoutError):
            reading.result(0.3)
        os.close(descriptor)
        assert reading.result(5).name == "luffy-bundle"
