"""What the role stack ships, as the release engine reads and resolves it; no host is needed."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from tests.playbook import REPOSITORY, run_playbook
from tests.role_code import load

sys.path.insert(0, str(REPOSITORY / "release"))
reader = import_module("engine.reader")
resolve = import_module("engine.resolve")
layout = import_module("engine.layout")

source_secrets = load("stack", "filter_plugins/source_secrets.py")

SERVICES = (
    "BASE",
    "EDGE",
    "REDIS",
    "MARIADB",
    "LUFFY_API",
    "LUFFYCITY",
    "PROXY_POOL",
    "SHORTLINK",
    "DEMO",
    "BACKUP",
)
LOCAL = {"edge_bind_address": "127.0.0.1", "demo_world": True}
PUBLIC = {
    "edge_bind_address": "0.0.0.0",
    "demo_world": False,
    "public_hosts": ["www.example.com", "[2001:db8::7]"],
}


@dataclass
class Shipped:
    """A release as it was shipped, and the Compose model that follows."""

    folder: Path
    incoming: Any
    model: dict[str, Any] = field(repr=False)

    def environment(self, service: str) -> dict[str, str]:
        """What a service's settings are."""
        found: dict[str, str] = self.model["services"][service]["environment"]
        return found

    def secrets(self, service: str) -> set[str]:
        """The names of the secrets that a service gets."""
        return {one["source"] for one in self.model["services"][service]["secrets"]}

    def yaml(self, path: str) -> Any:
        """What a shipped file holds."""
        return yaml.safe_load((self.folder / path).read_text())


def ship(folder: Path, variables: dict[str, Any]) -> Shipped:
    """Have the role write what it would ship for these settings, and read it as the engine does."""
    inventory = folder / "inventory.ini"
    inventory.write_text(
        "[bundle]\nlocalhost ansible_connection=local\n"
        f"[all:vars]\nansible_python_interpreter={sys.executable}\n"
    )
    digest = "sha256:" + "a" * 64
    images = {
        f"{name}_IMAGE": {"ref": f"x/{name.lower()}:1", "config_digest": digest}
        for name in SERVICES
    }
    roots = {"bundle_root": str(folder / "opt"), "bundle_etc": str(folder / "etc")}
    written = run_playbook(
        REPOSITORY / "tests/playbooks/incoming.yml",
        inventory,
        variables={**roots, "bundle_images": images, **variables},
    )
    assert written.ok, written.output
    incoming = reader.read_incoming(folder / "opt/incoming")
    variables = resolve.interpolation(incoming, layout.Layout(folder / "opt"), None)
    model = resolve.resolved(incoming, variables)
    return Shipped(folder / "opt/incoming", incoming, model)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """A release for this machine, with the demo world."""
    return ship(tmp_path_factory.mktemp("local"), LOCAL)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """A release for a server, with settings of the operator's."""
    return ship(
        tmp_path_factory.mktemp("public"),
        {
            **PUBLIC,
            "proxy_pool_targets": [{"name": "shop", "url": "https://shop.example/"}],
            "proxy_pool_own_sources": [
                {"name": "paid", "file": "/run/secrets/proxy_pool_source_paid"}
            ],
            "proxy_pool_source_secrets": ["paid"],
            "proxy_pool_fetchers": ["paid"],
            "proxy_pool_max_fail_count": 3,
            "proxy_pool_more_judge_urls": ["http://judge.example/check/"],
        },
    )


def test_local_callers_are_trusted_and_the_judge_is_the_demo_worlds(local: Shipped) -> None:
    checker = local.environment("proxy_pool_checker")
    assert checker["JUDGE_URL"] == "http://check.test:8001/check/"
    assert checker["JUDGE_HTTPS_URL"] == "https://check.test:8444/check/"
    assert checker["GEO_FILE"] == "/etc/proxy_pool/settings/networks.csv"
    assert checker["MAX_FAIL_COUNT"] == ""
    assert local.environment("proxy_pool_gateway")["GATEWAY_REQUIRE_CREDENTIALS"] == "no"
    assert "172.16.0.0/12" in local.environment("proxy_pool_scheduler")["ALLOWED_SOURCE_NETWORKS"]
    assert (local.folder / "config/proxy_pool/networks.csv").is_file()
    assert local.yaml("config/proxy_pool/targets.yaml") == []


def test_the_demo_world_texts_codes_and_takes_payments(local: Shipped) -> None:
    api, demo = local.environment("luffy_api"), local.environment("demo")
    assert api["SMS_URL"] == "http://demo:8009/sms/"
    assert demo["SMS_ACCESS_KEY_ID"] == api["SMS_ACCESS_KEY_ID"]
    assert demo["SMS_SIGN_NAME"] == api["SMS_SIGN_NAME"]
    templates = json.loads(demo["SMS_TEMPLATES"].replace("$$", "$"))
    assert "${code}" in templates[api["SMS_TEMPLATE_CODE"]]
    assert (demo["PAYMENT_APP_ID"], demo["PAYMENT_SELLER_ID"]) == (
        api["ALIPAY_APP_ID"],
        api["ALIPAY_SELLER_ID"],
    )
    assert api["ALIPAY_PAGE_URL"] == "http://127.0.0.1:8009/alipay/gateway.do"
    assert api["ALIPAY_NOTIFY_URL"] == "http://site.test:8000/api/v1/order/success/"
    assert api["ALIPAY_RETURN_URL"] == "http://127.0.0.1/pay/success"
    assert "site.test" in api["ALLOWED_HOSTS"].split(",")
    assert "site.test" in (local.folder / "config/edge/haproxy.cfg").read_text()
    secrets = {spec.file: spec for spec in local.incoming.secrets}
    assert secrets["demo_sms_key_secret"].same_as == "luffy_api_sms_key_secret"
    assert local.environment("luffy_worker")["ALIPAY_APP_ID"] == api["ALIPAY_APP_ID"]


def test_a_server_without_providers_has_no_way_to_them(public: Shipped) -> None:
    assert "SMS_URL" not in public.environment("luffy_api")
    assert "luffy_out" not in public.model["services"]["luffy_api"]["networks"]
    assert not any("sms" in spec.file or "alipay" in spec.file for spec in public.incoming.secrets)
    assert "site.test" not in public.environment("luffy_api")["ALLOWED_HOSTS"]
    assert "site.test" not in (public.folder / "config/edge/haproxy.cfg").read_text()


def test_a_servers_providers_are_asked_with_the_operators_keys(
    tmp_path: Path,
) -> None:
    shipped = ship(
        tmp_path,
        {
            **PUBLIC,
            "luffy_sms_url": "https://sms.example/",
            "luffy_sms_access_key_id": "key",
            "luffy_sms_sign_name": "School",
            "luffy_sms_template_code": "SMS_1",
            "luffy_alipay_gateway_url": "https://pay.example/gateway.do",
            "luffy_alipay_app_id": "2021",
            "luffy_alipay_seller_id": "2088000000000099",
        },
    )
    api = shipped.environment("luffy_api")
    assert (api["SMS_URL"], api["SMS_SIGN_NAME"]) == ("https://sms.example/", "School")
    assert api["ALIPAY_PAGE_URL"] == api["ALIPAY_GATEWAY_URL"] == "https://pay.example/gateway.do"
    assert api["ALIPAY_NOTIFY_URL"] == "http://www.example.com/api/v1/order/success/"
    given = {spec.file for spec in shipped.incoming.secrets if spec.given}
    assert given == {
        "luffy_api_sms_key_secret", "luffy_api_alipay_private_key", "luffy_api_alipay_public_key",
    }  # fmt: skip
    assert not shipped.model["networks"]["luffy_out"].get("internal")


def test_backups_are_kept_in_a_folder_of_the_host(public: Shipped) -> None:
    backup = public.incoming.backup
    assert (backup.folder.path, backup.folder.uid) == ("/var/backups/luffy-bundle", 10009)
    assert [part.name for part in backup.parts] == ["mariadb", "redis", "uploads"]
    mounts = public.model["services"][backup.repository]["volumes"]
    assert {"/var/backups/luffy-bundle": "/repository"}.items() <= {
        mount["source"]: mount["target"] for mount in mounts
    }.items()
    assert public.environment("backup_repository")["RESTIC_REPOSITORY"] == "/repository"
    # What gives a backup away is not in it, and no other service reads it.
    assert public.secrets("backup_repository") == {"backup_passphrase"}


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("sftp:me@vault.example:/srv", {"backup_sftp_key", "backup_sftp_known_hosts"}),
        ("s3:https://s3.example.com/bucket", {"backup_s3_credentials"}),
    ],
)
def test_backups_are_kept_elsewhere_with_the_operators_keys(
    tmp_path: Path, address: str, given: set[str]
) -> None:
    shipped = ship(tmp_path, {**PUBLIC, "backup_repository": address, "backup_keep_daily": 3})
    assert shipped.incoming.backup.folder is None
    assert shipped.incoming.backup.keep.daily == 3
    assert {spec.file for spec in shipped.incoming.secrets if spec.given} == given
    assert shipped.secrets("backup_repository") == {"backup_passphrase", *given}
    assert shipped.environment("backup_repository")["RESTIC_REPOSITORY"] == address
    assert not shipped.model["networks"]["backup_out"].get("internal")


def test_a_servers_pool_asks_for_accounts_and_trusts_no_private_network(public: Shipped) -> None:
    checker = public.environment("proxy_pool_checker")
    assert checker["JUDGE_URL"] == (
        "http://www.example.com:8001/check/,http://judge.example/check/"
    )
    assert checker["JUDGE_HTTPS_URL"] == "https://www.example.com:8444/check/"
    assert checker["JUDGE_DIRECT_URL"] == (
        "http://check.test:8001/check/,http://judge.example/check/"
    )
    assert checker["JUDGE_HTTPS_DIRECT_URL"] == "https://check.test:8444/check/"
    assert checker["GEO_FILE"] == checker["ALLOWED_UPSTREAM_NETWORKS"] == ""
    assert checker["MAX_FAIL_COUNT"] == "3"
    assert public.environment("proxy_pool_api")["AUTH_REQUIRED_FOR"] == "all"
    assert public.environment("proxy_pool_gateway")["GATEWAY_REQUIRE_CREDENTIALS"] == "yes"
    assert public.environment("proxy_pool_scheduler")["ALLOWED_SOURCE_NETWORKS"] == ""
    assert not (public.folder / "config/proxy_pool/networks.csv").exists()


def test_every_published_port_is_one_that_preflight_looks_at(local: Shipped) -> None:
    ports = local.model["services"]["edge"]["ports"]
    published = {int(port["published"]) for port in ports} - set(range(20000, 20064))
    assert published == {80, 8000, 8001, 8002, 8009, 8010, 8011, 8444, 5010, 5011}
    looked_at = (REPOSITORY / "roles/preflight/vars/main.yml").read_text()
    assert all(f"default({port})" in looked_at for port in published)


def test_the_judges_certificate_is_for_every_name_of_it(public: Shipped) -> None:
    made = {spec.file: spec.made_by for spec in public.incoming.secrets if spec.made_by}
    certificate = made["edge_judge_certificate"]
    assert certificate is not None
    assert certificate.command == (
        "edge-certificate", "server", "check.test", "edge", "www.example.com", "2001:db8::7",
    )  # fmt: skip
    assert certificate.reads == "judge_authority"
    assert public.secrets("edge") == {"edge_judge_certificate"}
    assert public.secrets("proxy_pool_checker") == {"proxy_pool_db_conn", "proxy_pool_judge_ca"}


def test_api_and_front_end_share_the_secret_of_protected_links_and_nothing_else(
    public: Shipped,
) -> None:
    specs = {spec.file: spec for spec in public.incoming.secrets}
    assert specs["luffycity_media_secret"].uid == 10005
    assert specs["luffy_api_media_secret"].uid == 10004
    assert specs["luffy_api_media_secret"].same_as == "luffycity_media_secret"
    both = {"luffycity_media_secret", "luffycity_old_media_secret"}
    assert public.secrets("luffycity") == both
    assert "luffy_api_media_secret" in public.secrets("luffy_api")


def test_every_generated_secret_is_made_anew_or_says_what_to_do_instead(public: Shipped) -> None:
    generated = [each for each in public.incoming.secrets if each.random_bytes or each.made_by]
    assert [each.file for each in generated if each.rotation is None] == []
    refused = {each.file for each in generated if each.rotation.refused}
    assert refused == {"backup_passphrase", "luffy_api_admin_password", "judge_authority"}


def test_who_lets_in_by_a_password_is_told_of_another_one(public: Shipped) -> None:
    owners = {
        each.file: each.rotation.owner
        for each in public.incoming.secrets
        if each.rotation and each.rotation.owner
    }
    acl = next(each.format for each in public.incoming.secrets if each.file == "redis_acl")
    for file, owner in owners.items():
        command, account = owner.command
        program = REPOSITORY / "services" / owner.service / command
        assert program.stat().st_mode & 0o111, program
        # The account that the file's name says is the one whose password it is.
        assert account in file or (file, account) == ("mariadb_password", "luffy")
        assert owner.service != "redis" or f"user {account} on #{{{file}.sha256}} " in acl
    services = {owner.service for owner in owners.values()}
    assert services == {"redis", "mariadb"}
    assert len(owners) == 9


@pytest.mark.parametrize(("refresh_s", "days"), [(3600, 15), (1209600, 15), (1296001, 17)])
def test_what_was_signed_is_good_for_as_long_as_it_lives(
    tmp_path: Path, refresh_s: int, days: int
) -> None:
    settings = {**PUBLIC, "luffy_refresh_token_lifetime_s": refresh_s}
    specs = {each.file: each for each in ship(tmp_path, settings).incoming.secrets}
    assert specs["luffy_api_old_secret_key"].for_days == days
    # No link to a film lives for longer than a day.
    assert specs["luffycity_old_media_secret"].for_days == 2


def test_a_file_that_the_api_takes_passes_the_edge(public: Shipped) -> None:
    environment = public.model["services"]["luffy_api"]["environment"]
    assert int(environment["UPLOAD_MAX_BYTES"]) == 10485760 - 65536


def test_the_operators_sources_and_their_secrets_reach_the_scheduler_alone(
    public: Shipped,
) -> None:
    assert public.yaml("config/proxy_pool_sources/own.yaml")[0]["name"] == "paid"
    assert public.environment("proxy_pool_scheduler")["PROXY_FETCHER"] == "paid"
    readers = {
        name
        for name in public.model["services"]
        if any(
            one["source"] == "proxy_pool_source_paid"
            for one in public.model["services"][name].get("secrets", [])
        )
    }
    assert readers == {"proxy_pool_scheduler"}
    spec = next(one for one in public.incoming.secrets if one.file == "proxy_pool_source_paid")
    assert (spec.uid, spec.given) == (10006, True)
    assert public.secrets("proxy_pool_scheduler") >= {"proxy_pool_db_conn"}


def test_the_operators_targets_reach_the_pool(public: Shipped) -> None:
    assert public.yaml("config/proxy_pool/targets.yaml") == [
        {"name": "shop", "url": "https://shop.example/"}
    ]


def test_no_setting_of_the_pool_is_lost_on_its_way(local: Shipped) -> None:
    """What the role sets, the Compose files use."""
    document = json.loads((local.folder / "release.json").read_text())
    files = "".join(path.read_text() for path in sorted((local.folder / "compose").rglob("*.yaml")))
    assert [name for name in document["environment"] if "${" + name not in files] == []


@pytest.mark.parametrize("name", ["../shadow", "Paid", "", 7])
def test_a_bad_name_of_a_secret_is_refused(name: object) -> None:
    with pytest.raises(AnsibleFilterError, match="expected names of small letters"):
        source_secrets.source_secret_specs([name])


@pytest.mark.parametrize("kind", ["local", "public"])
def test_every_service_that_lasts_says_how_a_new_one_takes_over(
    kind: str, request: pytest.FixtureRequest
) -> None:
    shipped: Shipped = request.getfixturevalue(kind)
    assert set(shipped.incoming.services) == set(resolve.lasting_services(shipped.model))


@pytest.mark.parametrize("kind", ["local", "public"])
def test_the_backends_of_a_switch_are_the_edges_and_hold_that_service(
    kind: str, request: pytest.FixtureRequest
) -> None:
    shipped: Shipped = request.getfixturevalue(kind)
    text = (shipped.folder / "config/edge/haproxy.cfg").read_text()
    pattern = r"^backend (\S+).*\n(?:    .*\n)*?    server-template (\S+) "
    found = dict(re.findall(pattern, text, re.MULTILINE))
    named = {
        backend: name
        for name, spec in shipped.incoming.services.items()
        for backend in spec.backends
    }
    assert named == found
    for spec in shipped.incoming.services.values():
        assert (spec.switch == "beside") is bool(spec.backends)


def test_the_front_page_and_the_api_are_asked_for_before_a_release_counts(local: Shipped) -> None:
    asked = {(check.port_of, check.asked.path) for check in local.incoming.smoke}
    assert {("SITE_PORT", "/"), ("SITE_PORT", "/api/v1/course/actual/")} <= asked


def test_sample_data_is_loaded_by_a_deploy_alone(local: Shipped) -> None:
    when = {step.name: step.when for step in local.incoming.steps}
    assert when == {
        "check_migrations": "deploy",
        "migrate": "always",
        "shortlink_migrate": "always",
        "sample_data": "deploy",
        "pictures": "deploy",
    }


def test_short_links_may_lead_to_the_site_wherever_it_is(local: Shipped, public: Shipped) -> None:
    here, there = local.environment("shortlink"), public.environment("shortlink")
    assert here["PUBLIC_URL"] == "http://127.0.0.1:8002"
    assert here["PRIVATE_LINK_HOSTS"] == "localhost:80,127.0.0.1:80,[::1]:80"
    assert there["PUBLIC_URL"] == "http://www.example.com:8002"
    assert there["PRIVATE_LINK_HOSTS"] == "www.example.com:80,[2001:db8::7]:80"
    assert here["OWN_HOSTS"] == "localhost:8002,127.0.0.1:8002,[::1]:8002"
    assert there["OWN_HOSTS"] == "www.example.com:8002,[2001:db8::7]:8002"
    assert here["ALLOWED_LINK_HOSTS"] == there["ALLOWED_LINK_HOSTS"] == ""
    worker = public.environment("luffy_worker")
    assert worker["SHORTLINK_URL"] == "http://shortlink:8002"
    assert worker["SITE_URL"] == "http://www.example.com"
    assert public.environment("luffycity")["SHORT_LINKS_URL"] == there["PUBLIC_URL"]


def test_a_name_of_short_links_own_is_known_to_the_edge_beside_theirs_alone(tmp_path: Path) -> None:
    shipped = ship(tmp_path, {**PUBLIC, "shortlink_public_url": "https://s.example.com"})
    assert shipped.environment("shortlink")["PUBLIC_URL"] == "https://s.example.com"
    assert "s.example.com" not in shipped.environment("luffy_api")["ALLOWED_HOSTS"]
    edge = (shipped.folder / "config/edge/haproxy.cfg").read_text()
    assert [line.split("unless")[1] for line in edge.splitlines() if "s.example.com" in line] == [
        " { var(txn.host) -m str www.example.com [2001:db8::7] }"
        " || { fe_name -m str links } { var(txn.host) -m str s.example.com }"
    ]


def test_the_site_s_account_of_short_links_is_the_first(public: Shipped) -> None:
    specs = {spec.file: spec for spec in public.incoming.secrets}
    assert (specs["shortlink_accounts"].uid, specs["luffy_api_shortlink_account"].uid) == (
        10007,
        10004,
    )
    assert public.secrets("shortlink") == {
        *("shortlink_accounts", "shortlink_db_password", "shortlink_redis_url"),
    }
    assert public.secrets("shortlink_migrate") == {"shortlink_db_password"}
    assert "luffy_api_shortlink_account" in public.secrets("luffy_worker")
