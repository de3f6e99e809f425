"""The staff of the tests, their phones, and the browsers that they use."""

import time
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from tests.people import PASSWORD

SECRET = "3132333435363738393031323334353637383930"


def make_staff(name: str, role: str | None = None, **fields: Any) -> User:
    """Somebody of the staff, with a role or none."""
    email = fields.pop("email", f"{name}@example.com")
    fields.setdefault("is_staff", True)
    user = User.objects.create_user(name, email, PASSWORD, **fields)
    if role is not None:
        user.groups.add(Group.objects.get(name=role))
    return user


def make_boss(name: str = "boss") -> User:
    """A superuser."""
    return make_staff(name, is_superuser=True)


def give_phone(user: User, secret: str = SECRET) -> TOTPDevice:
    """A phone that is set up."""
    device: TOTPDevice = TOTPDevice.objects.create(user=user, name="phone", key=secret)
    return device


def shown_by_phone(secret: str = SECRET, seconds_from_now: float = 0) -> str:
    """What a phone shows whose clock differs from ours."""
    totp = TOTP(bytes.fromhex(secret))
    totp.time = time.time() + seconds_from_now
    return f"{totp.token():06d}"


def browser(address: str = "203.0.113.5", language: str = "en") -> Client:
    """A browser in which nobody is logged in."""
    return Client(headers={"Accept-Language": language, "X-Forwarded-For": address})


def logged_in(user: User, *, verified: bool = True, **options: Any) -> Client:
    """A browser in which `user` gave the password and, if `verified`, a code too."""
    client = browser(**options)
    client.force_login(user)
    if verified:
        device = TOTPDevice.objects.filter(user=user).first() or give_phone(user)
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = device.persistent_id
        session.save()
    return client
