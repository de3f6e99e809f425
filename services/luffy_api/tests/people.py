"""People of the tests, and the browsers that they use."""

import json
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.test import Client

from accounts.models import User

PASSWORD = "correct-horse-7"


class Caller:
    """A browser: keeps its cookies, and the access token that it was given."""

    def __init__(self, address: str = "203.0.113.5") -> None:
        self.client = Client(headers={"Accept-Language": "en", "X-Forwarded-For": address})
        self.token = ""

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        headers = dict(options.pop("headers", {}))
        if self.token:
            headers.setdefault("Authorization", f"jwt {self.token}")
        if body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        # Below `user/`, unless the path says otherwise.
        address = path if path.startswith("/") else f"/api/v1/user/{path}"
        answer = self.client.generic(method, address, headers=headers, **options)
        if answer.status_code == 200 and answer.headers["Content-Type"] == "application/json":
            self.token = answer.json().get("token", self.token)
        return answer

    def get(self, path: str, **parameters: str) -> Any:
        return self.ask("GET", path, query_params=parameters)

    def post(self, path: str, **body: Any) -> Any:
        return self.ask("POST", path, body)

    def learn(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """Ask below `learning/`."""
        return self.ask(method, f"/api/v1/learning/{path}", body, **options)

    def login(self, username: str, password: str = PASSWORD) -> Any:
        return self.post("login/mul_login/", username=username, password=password)

    @property
    def refresh_token(self) -> str:
        cookie = self.client.cookies.get(settings.REFRESH_COOKIE)
        return cookie.value if cookie else ""

    @refresh_token.setter
    def refresh_token(self, value: str) -> None:
        self.client.cookies[settings.REFRESH_COOKIE] = value


@dataclass(frozen=True)
class Person:
    """A user with the password of the tests."""

    user: User
    mobile: str

    @classmethod
    def make(cls, mobile: str, **fields: Any) -> Self:
        fields = {"username": f"user_{mobile[-4:]}", "email": f"u{mobile}@example.com"} | fields
        return cls(User.objects.create_user(password=PASSWORD, mobile=mobile, **fields), mobile)

    def caller(self, address: str = "203.0.113.5") -> Caller:
        """A browser in which this person is logged in."""
        caller = Caller(address)
        answer = caller.login(self.mobile)
        assert answer.status_code == 200, answer.content
        return caller
