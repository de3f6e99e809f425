import subprocess
import sys
from pathlib import Path

import pytest
from demo import settings as settings_module
from demo.settings import ConfigurationError, Destination, load

README = Path(__file__).parent.parent / "README.md"


def test_defaults_are_enough() -> None:
    settings = load({})
    assert settings.farm_announce == {
        Destination("check.test", 8001): Destination("check.test", 8101),
        Destination("check.test", 8444): Destination("check.test", 8144),
    }
    assert settings.farm_allowed_destinations == frozenset()


def test_several_destinations_are_read() -> None:
    settings = load({"FARM_ANNOUNCE": "A:1=b:2, c.:3=d:4", "FARM_ALLOWED_DESTINATIONS": "x:5,y:6"})
    assert settings.farm_announce[Destination("a", 1)] == Destination("b", 2)
    assert settings.farm_announce[Destination("c", 3)] == Destination("d", 4)
    assert settings.farm_allowed_destinations == {Destination("x", 5), Destination("y", 6)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "x"),
        ("FARM_ADDRESS", "demo"),
        ("FARM_ADDRESS", "::1"),
        ("FARM_PORT_FIRST", "80"),
        ("FARM_PORT_COUNT", "35"),
        ("FARM_PORT_COUNT", "501"),
        ("FARM_SEED", "tomato"),
        ("FARM_ANNOUNCE", "check.test:8001"),
        ("FARM_ANNOUNCE", "check.test=check.test:1"),
        ("FARM_ANNOUNCE", "check.test:8001=:8101"),
        ("FARM_ANNOUNCE", "check.test:0=check.test:1"),
        ("FARM_ALLOWED_DESTINATIONS", "http://x:80"),
        ("FARM_ALLOWED_DESTINATIONS", "x:99999"),
        ("FARM_ANSWERS_ITSELF", "maybe"),
        ("FARM_WIDE_PORT", "80"),
        ("FARM_WIDE_PORT", "65535"),
        ("FARM_WIDE_COUNT", "0"),
        ("FARM_WIDE_COUNT", "100001"),
        ("FARM_WIDE_MIX", "good:1,best:1"),
        ("FARM_FLAP_PERIOD", "0"),
        ("FARM_FLAP_PERIOD", "nan"),
        ("FARM_DIES_AFTER", "0"),
        ("FARM_MAX_CONNECTIONS", "1"),
        ("PAYMENT_APP_ID", "app"),
        ("PAYMENT_APP_ID", "١"),
        ("PAYMENT_SELLER_ID", "2089000000000011"),
        ("PAYMENT_SELLER_NAME", "a\nb"),
        ("PAYMENT_NOTIFY_HOSTS", "http://shop/"),
        ("PAYMENT_NOTIFY_HOSTS", "shop:0"),
        ("PAYMENT_NOTIFY_INTERVALS", "4,3"),
        ("PAYMENT_NOTIFY_INTERVALS", "0"),
        ("PAYMENT_NOTIFY_INTERVALS", "nan"),
        ("PAYMENT_NOTIFY_TIMEOUT", "0"),
        ("PAYMENT_TRADE_EXPIRES", "1d"),
        ("PAYMENT_MAX_TRADES", "0"),
        ("SMS_ACCESS_KEY_ID", "a b"),
        ("SMS_SIGN_NAME", "x" * 65),
        ("SMS_TEMPLATES", "{}"),
        ("SMS_TEMPLATES", "SMS_1=x"),
        ("SMS_TEMPLATES", '{"SMS_1": 1}'),
        ("SMS_TEMPLATES", "[" * 9000),
        ("SMS_LIMITS", "1,5"),
        ("SMS_LIMITS", "0,5,10"),
        ("SMS_INBOX_SIZE", "0"),
        ("LAB_PORT", "0"),
        ("LAB_TLS_PORT", "lab"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load({name: value})
    assert len(caught.value.lines) == 1
    assert caught.value.lines[0].startswith(f"{name}: expected ")
    assert repr(value) in caught.value.lines[0]


def test_hosts_are_read_with_and_without_a_port() -> None:
    settings = load({"PAYMENT_NOTIFY_HOSTS": "Shop, edge.:8000,"})
    assert settings.payment_notify_hosts == {"shop", "edge:8000"}


def test_ports_beyond_the_last_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="FARM_PORT_COUNT"):
        load({"FARM_PORT_FIRST": "65500", "FARM_PORT_COUNT": "64"})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"LAB_PORT": "8009"}, "LAB_PORT"),
        ({"LAB_TLS_PORT": "8010"}, "LAB_TLS_PORT"),
        ({"LAB_TLS_PORT": "20000"}, "LAB_TLS_PORT"),
    ],
)
def test_a_port_of_the_lab_that_is_anothers_is_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{named}: expected ") as caught:
        load(changes)
    assert len(caught.value.lines) == 1
    assert "What to do: " in caught.value.lines[0]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"FARM_WIDE_PORT": "20063"}, "FARM_WIDE_PORT"),
        ({"FARM_WIDE_PORT": "19999"}, "FARM_WIDE_PORT"),
        ({"FARM_WIDE_PORT": "8008"}, "FARM_WIDE_PORT"),
        ({"FARM_WIDE_PORT": "8011"}, "FARM_WIDE_PORT"),
        ({"FARM_WIDE_PORT": "30000", "FARM_WIDE_COUNT": "31"}, "FARM_WIDE_COUNT"),
        ({"FARM_WIDE_PORT": "30000", "FARM_WIDE_COUNT": "1"}, "FARM_WIDE_COUNT"),
        (
            {"FARM_WIDE_PORT": "30000", "FARM_WIDE_COUNT": "70000", "FARM_WIDE_MIX": "dead"},
            "FARM_WIDE_MIX",
        ),
    ],
)
def test_a_wide_farm_that_does_not_fit_is_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{named}: expected ") as caught:
        load(changes)
    assert len(caught.value.lines) == 1
    assert "What to do: " in caught.value.lines[0]


def test_the_wide_farm_is_off_unless_it_has_a_port() -> None:
    assert load({"FARM_WIDE_COUNT": "1"}).farm_wide_port == 0


def test_an_authority_that_cannot_be_written_is_refused_at_the_start() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "demo", "serve"],
        env={"FARM_ANSWERS_ITSELF": "yes", "FARM_CA_FILE": "/nowhere/ca.pem"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 78
    assert "demo does not start: FARM_CA_FILE: expected a file" in ended.stderr


def test_the_process_exits_with_78() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "demo", "serve"],
        env={"FARM_PORT_COUNT": "many"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 78
    assert "demo does not start: FARM_PORT_COUNT: expected a whole number" in ended.stderr


def test_the_readme_holds_the_table_of_settings() -> None:
    assert settings_module.table() in README.read_text(encoding="utf-8")
