"""Every page of the course site, once: what is audited and photographed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Who = Literal["guest", "newcomer", "learner"]


@dataclass(frozen=True)
class Route:
    """A page as somebody sees it. `{course}` and the like stand for what the learner has."""

    name: str
    path: str
    who: Who = "guest"
    refused: tuple[str, ...] = ()
    """What the browser's console says of an answer of the API that belongs to the page."""


ROUTES = (
    Route("home", "/"),
    Route("courses", "/courses"),
    Route("courses-free", "/courses?free=true"),
    Route("courses-none", "/courses?category=999999", refused=("400 (Bad Request)",)),
    Route("search", "/search"),
    Route("search-found", "/search?search=Python"),
    Route("search-none", "/search?search=zzzzzz"),
    Route("course", "/courses/{course}"),
    Route("course-gone", "/courses/999999", refused=("404 (Not Found)",)),
    Route("lesson-to-try", "/learn/{course}/{section}"),
    Route("login", "/login"),
    Route("register", "/register"),
    Route("password-reset", "/password-reset"),
    Route("certificate-check", "/certificate"),
    Route("certificate", "/certificate/{certificate}"),
    Route("status", "/status"),
    Route("not-found", "/nothing/here"),
    Route("cart-empty", "/cart", "newcomer"),
    Route("my-courses-none", "/my/courses", "newcomer"),
    Route("my-orders-none", "/my/orders", "newcomer"),
    Route("course-of-mine", "/courses/{course}", "learner"),
    Route("course-questions", "/courses/{course}?tab=questions", "learner"),
    Route("lesson", "/learn/{course}/{section}", "learner"),
    Route("cart", "/cart", "learner"),
    Route("checkout", "/checkout?courses={wanted}", "learner"),
    Route("payment-result", "/pay/success?out_trade_no={order}", "learner"),
    Route("my-courses", "/my/courses", "learner"),
    Route("my-orders", "/my/orders", "learner"),
    Route("order", "/my/orders/{order}", "learner"),
    Route("order-unpaid", "/my/orders/{unpaid}", "learner"),
    Route("profile", "/my/profile", "learner"),
)
