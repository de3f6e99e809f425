"""The secret key is changed: who is logged in stays so, and nobody else comes in."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.core import signing
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from luffy.environment import Environment
from tests.people import Caller, Person
from tests.test_environment import GOOD, problems

OLD = "the key of before, which is long enough: 0123456789"
FOREIGN = "a key that was never ours, and is long enough: 01234"


def signed_anew(token: str, key: str, algorithm: str = "HS256") -> str:
    """What the token says, signed with another key."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, key, algorithm=algorithm)


def given(kind: Any) -> str:
    token = kind()
    token["user_id"] = "1"
    return str(token)


@pytest.mark.django_db
def test_a_login_of_before_goes_on(caller: Caller, ann: Person, settings: Any) -> None:
    caller.login(ann.mobile)
    caller.token = signed_anew(caller.token, OLD)
    caller.refresh_token = signed_anew(caller.refresh_token, OLD)
    assert caller.get("profile/").status_code == 401
    settings.SECRET_KEY_FALLBACKS = [OLD]
    assert caller.get("profile/").status_code == 200
    answer = caller.post("token/refresh/")
    assert answer.status_code == 200, answer.content
    # And what is given for it is signed with the new key.
    settings.SECRET_KEY_FALLBACKS = []
    assert caller.get("profile/").status_code == 200


@pytest.mark.parametrize("kind", [AccessToken, RefreshToken])
@pytest.mark.django_db
def test_no_other_key_and_no_other_kind_is_believed(kind: Any, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [OLD]
    good = given(kind)
    kind(good)
    kind(signed_anew(good, OLD))
    foreign, other = signed_anew(good, FOREIGN), signed_anew(good, OLD, "HS384")
    unsigned = signed_anew(good, "", "none")
    for token in (foreign, other, unsigned, good[:-4] + "AAAA", "no.token.atall"):
        with pytest.raises(TokenError):
            kind(token)


@pytest.mark.django_db
def test_an_old_keys_token_ends_when_it_ends(settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [OLD]
    kind: Any = AccessToken
    token = kind()
    token.set_exp(lifetime=-timedelta(seconds=1))
    with pytest.raises(TokenError):
        kind(signed_anew(str(token), OLD))


def test_what_django_signs_is_believed_too(settings: Any) -> None:
    text = signing.Signer(key=OLD).sign("a link")
    with pytest.raises(signing.BadSignature):
        signing.Signer().unsign(text)
    settings.SECRET_KEY_FALLBACKS = [OLD]
    assert signing.Signer().unsign(text) == "a link"


def test_an_empty_file_is_no_key_and_a_short_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "old"
    variables = {"DJANGO_OLD_SECRET_KEY_FILE": str(file)}
    for content in ("", "\n"):
        file.write_text(content)
        assert Environment.read(GOOD | variables).old_secret_key == ""
    assert Environment.read(GOOD).old_secret_key == ""
    file.write_text(OLD + "\n")
    assert Environment.read(GOOD | variables).old_secret_key == OLD
    file.write_text("short")
    (problem,) = problems(**variables)
    assert "DJANGO_OLD_SECRET_KEY_FILE: expected 50 or more random characters" in problem
    assert "short" not in problem
