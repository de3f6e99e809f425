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
        Destination("check.test", 8001): Destination("check.test", 8101)
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
        ("FARM_PORT_COUNT", "4"),
        ("FARM_PORT_COUNT", "501"),
        ("FARM_SEED", "tomato"),
        ("FARM_ANNOUNCE", "check.test:8001"),
        ("FARM_ANNOUNCE", "check.test=check.test:1"),
        ("FARM_ANNOUNCE", "check.test:8001=:8101"),
        ("FARM_ANNOUNCE", "check.test:0=check.test:1"),
        ("FARM_ALLOWED_DESTINATIONS", "http://x:80"),
        ("FARM_ALLOWED_DESTINATIONS", "x:99999"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_bad_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load({name: value})
    assert len(caught.value.lines) == 1
    assert caught.value.lines[0].startswith(f"{name}: expected ")
    assert repr(value) in caught.value.lines[0]


def test_ports_beyond_the_last_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="FARM_PORT_COUNT"):
        load({"FARM_PORT_FIRST": "65500", "FARM_PORT_COUNT": "64"})


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
