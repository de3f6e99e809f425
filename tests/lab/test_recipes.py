"""What the recipes of lab/requests do where a server is ill, or ill-meaning."""

from __future__ import annotations

import pytest
import requests
from authentication import CREDENTIALS, RenewedToken, host

INVALID = ("WWW-Authenticate", 'Bearer error="invalid_token"')


@pytest.fixture
def lab_url(lab: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the lab is; no proxy of this machine stands before it."""
    monkeypatch.setenv("NO_PROXY", "*")
    return f"http://127.0.0.1:{lab[lab.index('--lab-port') + 1]}"


def get(url: str, auth: RenewedToken) -> int:
    with requests.Session() as session:
        session.auth = auth
        return session.get(url, timeout=5).status_code


def test_a_token_does_not_go_along_in_a_redirect(lab_url: str) -> None:
    with host(401, *INVALID) as (evil, evil_was_sent), host(302, "Location", evil) as (shop, sent):
        auth = RenewedToken(f"{lab_url}/auth/token", CREDENTIALS, shop)
        assert get(shop, auth) == 401
    assert [text.partition(" ")[0] for text in sent] == ["Bearer"]
    assert evil_was_sent == ["nothing"]
    assert auth.renewed == 1


def test_a_token_is_not_for_the_same_port_by_another_name(lab_url: str) -> None:
    with host(401, *INVALID) as (shop, sent):
        by_name = shop.replace("127.0.0.1", "localhost")
        auth = RenewedToken(f"{lab_url}/auth/token", CREDENTIALS, by_name)
        assert get(shop, auth) == 401
        assert (sent, auth.renewed) == (["nothing"], 0)
        assert get(by_name, auth) == 401
    assert [text.partition(" ")[0] for text in sent] == ["nothing", "Bearer", "Bearer"]
    assert auth.renewed == 2  # and not for ever
